"""Write the files of `spark/` anew, by PySpark 4 on Java 17: `python make_spark.py FOLDER`."""

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, lit, struct, to_date

UUID = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FIRST = datetime(2024, 1, 5, 10, 0, 0, 123_000, UTC)
ROWS = [
    ("318", "1", FIRST, 'a "quoted", text'),
    ("296", "2", FIRST + timedelta(minutes=1), "a\\b"),
    ("356", None, FIRST + timedelta(minutes=2), None),
    ("318", "4", FIRST + timedelta(days=1), "é"),
]


def main(folder: Path) -> None:
    """Write each kind as a folder of one part, as Spark does, without its checksums."""
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    rows = spark.createDataFrame(ROWS, ["movie_id", "user_id", "liked_at", "note"]).coalesce(1)
    nested = rows.select(struct("movie_id", "user_id").alias("like"), "liked_at")
    rows.write.json(f"{folder}/json", compression="gzip")
    rows.write.csv(f"{folder}/csv", header=True)
    rows.write.csv(f"{folder}/csv_rfc", header=True, escape='"', compression="gzip")
    spark.conf.set("spark.sql.parquet.outputTimestampType", "INT96")
    rows.write.parquet(f"{folder}/int96")
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    by_day = rows.withColumn("day", to_date("liked_at")).withColumn("source", lit("web"))
    by_day.write.partitionBy("day", "source").parquet(f"{folder}/partitioned", compression="zstd")
    nested.write.parquet(f"{folder}/nested", compression="gzip")
    naive = rows.withColumn("liked_at", col("liked_at").cast("timestamp_ntz"))
    naive.write.parquet(f"{folder}/naive")
    spark.stop()
    for path in folder.rglob("*.crc"):
        path.unlink()
    for part in sorted(folder.rglob("part-*")):  # its name holds a UUID
        part.rename(
            part.with_name(re.sub(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", part.name))
        )


main(Path(sys.argv[1]))
