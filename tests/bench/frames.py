"""Likes out of JSON lines with pandas, checked by the main rules, as one who knows it would."""

import json
import time
from pathlib import Path

import pandas as pd

CHUNK_BYTES = 16_000_000
FIELDS = ["event_id", "movie_id", "user_id", "action", "liked_at", "source"]
EARLIEST = pd.Timestamp("2010-01-01", tz="UTC")
AHEAD = pd.Timedelta(minutes=10)


def likes(export: Path, out: Path) -> tuple[pd.DataFrame, int]:
    """Give the likes, each once and sorted, and how many lines were no likes; those are kept."""
    out.mkdir(parents=True)
    now = pd.Timestamp(time.time_ns() // 1_000_000, unit="ms", tz="UTC")
    parts, rejected = [], 0
    with export.open("rb") as lines, (out / "_rejected.txt").open("wb") as refused:
        while some := lines.readlines(CHUNK_BYTES):
            objects, texts = [], []
            for line in some:
                try:
                    value = json.loads(line)
                except ValueError:
                    value = None
                if isinstance(value, dict):
                    objects.append(value)
                    texts.append(line)
                else:
                    refused.write(line)
                    rejected += 1
            frame = pd.DataFrame.from_records(objects, columns=[*FIELDS, "app"])
            good = _checked(frame, now)
            parts.append(good)
            bad = frame.index.difference(good.index)
            refused.writelines(texts[row] for row in bad)
            rejected += len(bad)
    whole = pd.concat(parts, ignore_index=True).drop_duplicates("event_id")
    whole["day"] = whole["liked_at"].dt.strftime("%Y-%m-%d")
    return whole.sort_values(["day", "movie_id", "liked_at", "event_id"]), rejected


def _checked(frame: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Give the rows that are likes."""
    given = frame["liked_at"]
    text = given.where(given.str.contains(r"(?:Z|[+-]\d\d:\d\d)$", na=False))
    number = pd.to_numeric(given.where(text.isna()), errors="coerce")
    told = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    counted = pd.to_datetime(number, unit="ms", utc=True, errors="coerce")
    liked_at = told.fillna(counted)
    action = frame["action"].fillna("like")
    good = (
        frame["movie_id"].str.fullmatch(r"[A-Za-z0-9._:-]{1,64}", na=False)
        & frame["event_id"].str.len().between(1, 64)
        & (frame["user_id"].isna() | frame["user_id"].str.fullmatch(r".{1,128}", na=False))
        & (frame["source"].isna() | frame["source"].str.len().between(1, 32))
        & action.isin(["like", "unlike"])
        & liked_at.between(EARLIEST, now + AHEAD)
    )
    extra = frame["app"].map(lambda app: json.dumps({"app": app}), na_action="ignore")
    whole = frame[FIELDS].assign(
        action=action,
        liked_at=liked_at.dt.tz_localize(None).astype("datetime64[ms]"),
        received_at=now.tz_localize(None).as_unit("ms"),
        extra=extra,
    )
    return whole[good]
