"""Write the files of `pandas/`, `polars/`, `duckdb/` and `python/` anew, by those libraries.

The files are what is kept: `python tests/cases/files/make.py FOLDER` writes those of the
libraries that are installed today to another folder, to compare.
"""

import gzip
import io
import json
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

FIRST = datetime(2024, 1, 5, 10, 0, 0, 123_000, UTC)
TIMES = [FIRST + timedelta(minutes=at) for at in range(4)]
FILMS = [318, 296, 356, 318]
USERS = [1, 2, 3, 4]


def pandas(folder: Path) -> None:
    """Write what a data frame with a gap in its ids becomes."""
    gap = pd.DataFrame(
        {
            "movie_id": [318, 296, None, 318],
            "user_id": USERS,
            "liked_at": [time.timestamp() * 1000 for time in TIMES],
            "score": [4.5, np.inf, np.nan, 3.0],
        }
    )
    gap.to_csv(folder / "gap.csv", index=False)
    gap.to_parquet(folder / "gap.parquet")
    frame = pd.DataFrame(
        {"movie_id": list(map(str, FILMS)), "user_id": list(map(str, USERS)), "liked_at": TIMES}
    )
    frame.to_csv(folder / "index.csv")
    frame.to_json(folder / "records.json", orient="records", date_format="iso")
    frame.to_json(folder / "lines.jsonl", orient="records", lines=True, date_unit="ns")
    frame.to_json(folder / "pretty.json", orient="records", date_format="iso", indent=2)
    frame.to_parquet(folder / "times.parquet")


def polars(folder: Path) -> None:
    """Write what Polars makes of times with and without a zone, and of a list."""
    frame = pl.DataFrame(
        {
            "movie_id": list(map(str, FILMS)),
            "user_id": list(map(str, USERS)),
            "liked_at": TIMES,
            "tags": [["a"], [], ["b", "c"], None],
        }
    )
    frame.drop("tags").write_csv(folder / "zoned.csv")
    naive = frame.with_columns(pl.col("liked_at").dt.replace_time_zone(None))
    naive.drop("tags").write_csv(folder / "naive.csv")
    naive.write_ndjson(folder / "naive.jsonl")
    frame.write_parquet(folder / "tags.parquet", compression="zstd")


def of_duckdb(folder: Path) -> None:
    """Write what DuckDB's COPY makes: CSV, a JSON array, Hive folders, and odd types."""
    table = (
        "SELECT * FROM (VALUES ('318', 'u1', TIMESTAMPTZ '2024-01-05 10:00:00.123+00'), "
        "('296', 'u2', TIMESTAMPTZ '2024-01-05 10:01:00.123+00'), "
        "('356', NULL, TIMESTAMPTZ '2024-01-06 10:02:00.123+00')) AS t(movie_id, user_id, liked_at)"
    )
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for to, how in (
            ("zoned.csv", "FORMAT csv"),
            ("bars.csv", "FORMAT csv, DELIMITER '|', HEADER false"),
            ("array.json", "FORMAT json, ARRAY true"),
            ("lines.json.gz", "FORMAT json, COMPRESSION gzip"),
        ):
            connection.execute(f"COPY ({table}) TO '{folder / to}' ({how})").fetchall()
        hive = f"SELECT *, strftime(liked_at, '%Y-%m-%d') AS day FROM ({table})"
        to = folder / "hive"
        connection.execute(
            f"COPY ({hive}) TO '{to}' (FORMAT parquet, PARTITION_BY (day))"
        ).fetchall()
        odd = (
            f"SELECT *, INTERVAL 3 DAYS AS took, 170141183460469231731687303715884105727 AS big, "
            f"{{'x': 'inf'::DOUBLE, 'l': [1.5, 'nan'::DOUBLE]}} AS inner_ FROM ({table})"
        )
        connection.execute(
            f"COPY ({odd}) TO '{folder / 'odd.parquet'}' (FORMAT parquet)"
        ).fetchall()


def python(folder: Path) -> None:
    """Write what Python's own modules make, and pyarrow of exotic types."""
    rows = [
        {"movie_id": str(film), "user_id": f"u{user}", "liked_at": time.isoformat()}
        for film, user, time in zip(FILMS, USERS, TIMES, strict=True)
    ]
    with_nan = [row | {"score": float("nan"), "most": float("inf")} for row in rows]
    (folder / "nan.jsonl").write_text("".join(json.dumps(row) + "\n" for row in with_nan))
    (folder / "indented.json").write_text(json.dumps(with_nan, indent=4))
    text = "movie_id;user_id;liked_at\r\n" + "".join(
        f"{row['movie_id']};{row['user_id']};{time:%Y-%m-%d %H:%M:%S}\r\n"
        for row, time in zip(rows, TIMES, strict=True)
    )
    (folder / "excel.csv").write_bytes(text.encode("utf-8-sig"))
    (folder / "unicode.tsv").write_bytes(text.replace(";", "\t").encode("utf-16"))
    held = io.StringIO("".join(json.dumps(row) + "\n" for row in rows))
    with zipfile.ZipFile(folder / "two.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("export/a.jsonl", (2024, 1, 6, 0, 0, 0)), held.getvalue())
        csv = "movie_id,user_id,liked_at\n" + "".join(",".join(row.values()) + "\n" for row in rows)
        packed = zipfile.ZipInfo("export/b.csv.gz", (2024, 1, 6, 0, 0, 0))
        archive.writestr(packed, gzip.compress(csv.encode(), mtime=0))
        archive.writestr(zipfile.ZipInfo("README", (2024, 1, 6, 0, 0, 0)), "Not this.")
    table = pa.table(
        {
            "movie_id": pa.array(["318", "296"]),
            "liked_at": pa.array([date(2024, 1, 5), date(2024, 1, 6)]),
            "half": pa.array(np.array([1.5, 2.5], np.float16)),
            "wide": pa.array([None, None], pa.decimal256(60, 2)),
        }
    )
    pq.write_table(table, folder / "exotic.parquet")


def main() -> None:
    """Write them all."""
    to = Path(sys.argv[1])
    for name, write in (
        ("pandas", pandas),
        ("polars", polars),
        ("duckdb", of_duckdb),
        ("python", python),
    ):
        (to / name).mkdir(parents=True, exist_ok=True)
        write(to / name)


if __name__ == "__main__":
    main()
