"""Likes at rest: rows, Parquet, merging, the watermark, and where objects lie."""
