"""A column more in the lake: which files have to change, and that nothing else does."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import readme

ROOT = Path(__file__).parents[1]
COLUMN = {"name": "country", "type": "string", "comment": "Where the like was made, ISO 3166."}
TEXTS = '"source": 32}'
FIELD = '    source: Annotated[str, _text_of("source")] | None = None\n'
FIELDS = ["tests/test_readme.py", "-k", "field or question"]
TOLD = "| anything else |"

THROUGH = """
import json, sys
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
import queries
from glue import schema, tables
from infra.cli.backfill import arguments, json_rows, mapping
from tests.queries.lake import Lake
from transform.event import bulk, likes, stream_records
from transform.event.stream_records import FirehoseRecord, Record
from transform.lake import archive, compaction, duck, raw_files
from transform.lake.division import Division
from transform.lake.staging import Staging

assert Path(likes.__file__).is_relative_to(Path.cwd()), likes.__file__
HOUR = 491_628
AT = HOUR * 3_600_000
root = Path(sys.argv[1])
payload = json.dumps({"event_id": "new", "movie_id": "tt1", "liked_at": AT, "country": " FI ",
                      "shop": 7}).encode()

# As an event, on the stream and back.
[like], bad = stream_records.read(Record(payload, AT, "shard", "1"))
assert (like.country, like.extra, bad) == ("FI", '{"shop":7}', [])
[again], _ = stream_records.read(Record(stream_records.encode([like]), AT, "shard", "2"))
assert again == like
[], [long] = stream_records.read(Record(payload.replace(b"FI", b"FIN"), AT, "shard", "3"))
assert long.reason == "bad_country"

# Through Firehose into raw files, beside one from before.
archived = archive.transform([FirehoseRecord("r", payload, AT)])
row = json.loads(archived.outcomes[0].data)
assert row["country"] == "FI"
columns = schema.arrow(tables.read("likes_raw"))
row |= {name: pa.scalar(AT, pa.timestamp("ms")).as_py() for name in ("liked_at", "received_at")}
new = pa.Table.from_pylist([row], columns)
old = pa.Table.from_pylist([row | {"event_id": "old"}], columns).drop_columns("country")
for name, rows in (("new", new), ("old", old)):
    pq.write_table(rows, root / f"{name}.parquet")
stood = pa.Table.from_pylist([row | {"event_id": "stood"}], schema.arrow(tables.read("likes")))
pq.write_table(stood.drop_columns("country"), root / "stood.parquet")

# Into the lake, where a day from before stands.
(root / "merged").mkdir()
with duck.engine(root, 256, 1) as engine:
    staged = Staging(engine)
    loaded = raw_files.load(staged, [{n: root / f"{n}.parquet" for n in ("new", "old")}])
    assert (loaded.rows, loaded.failed) == (2, {})
    stands = {HOUR // 24: {"whole.parquet": root / "stood.parquet"}}
    [(_, merged)] = compaction.merge(staged, stands, Division(), root / "merged")
day = merged.files["whole.parquet"]
found = pq.read_table(day).to_pylist()
wanted = {"new": "FI", "old": None, "stood": None}
assert {one["event_id"]: one["country"] for one in found} == wanted, found

# From files of history, many lines at a time and by other names.
lines = b"".join(payload.replace(b'"new"', b'"n%d"' % n).replace(b', "shop": 7', b"") + b"\\n"
                 for n in range(500))
parsed = bulk.parse(lines, range(1, 501), AT)
assert parsed.rows["country"].to_pylist() == ["FI"] * 500 and not parsed.bad
request = arguments.read(["file"], ["country=land"], None, "ms")
line = json.loads(mapping.remap(b'{"movie_id":"tt1","land":49}', request.fields, "ms"))
assert line == {"movie_id": "tt1", "country": "49"}
assert "VARCHAR" in json_rows.row({"country": ("c", "BIGINT")}, "ms")

# And asked for in SQL, over files with it and without.
lake = Lake(root)
folder = root / "likes/day=2026-01-31"
folder.mkdir(parents=True)
(folder / "hour-12.parquet").write_bytes(day.read_bytes())
(folder / "hour-13.parquet").write_bytes((root / "stood.parquet").read_bytes())
asked = "SELECT country, count(*) AS n FROM likes GROUP BY country ORDER BY country NULLS LAST"
told = queries.run(asked, connection=lake.connection).astype(object)
assert told.values.tolist()[0] == ["FI", 1] and told["n"].tolist() == [1, 3]
"""


@pytest.fixture
def changed(tmp_path):
    """A copy of the repository that was changed by hand, as README says."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for path in filter(None, listed):
        if (ROOT / path).exists():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, tmp_path / path)
    for name in ("likes", "likes_raw"):
        path = tmp_path / f"glue/tables/{name}.json"
        table = json.loads(path.read_bytes())
        table["columns"].append(COLUMN)
        path.write_text(json.dumps(table))
    code = tmp_path / "transform/event/likes.py"
    text = code.read_text()
    assert text.count(TEXTS) == text.count(FIELD) == 1
    text = text.replace(TEXTS, '"source": 32, "country": 2}')
    code.write_text(text.replace(FIELD, FIELD + FIELD.replace("source", "country")))
    text = readme.PAGES[readme.EVENT]
    assert text.count(TOLD) == 1
    page = tmp_path / readme.EVENT.relative_to(ROOT)
    page.write_text(text.replace(TOLD, f"| `country` | two letters |\n{TOLD}"))
    return tmp_path


def test_it_is_in_four_files_and_goes_from_the_event_to_sql(changed, tmp_path_factory):
    different = {
        path.relative_to(changed).as_posix()
        for path in changed.rglob("*")
        if path.is_file() and path.read_bytes() != (ROOT / path.relative_to(changed)).read_bytes()
    }
    assert different == {
        "glue/tables/likes.json",
        "glue/tables/likes_raw.json",
        "transform/README.md",
        "transform/event/likes.py",
    }
    for command in (
        ["-c", THROUGH, str(tmp_path_factory.mktemp("lake"))],
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/glue", *FIELDS],
    ):
        done = subprocess.run(
            [sys.executable, *command], cwd=changed, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
