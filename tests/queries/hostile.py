"""Likes and trends as bad as they come."""

import random
from datetime import date, datetime, timedelta
from typing import Any

START = datetime(2026, 2, 26)
MOVIES = ["tt0111161", "a:b", "x-1.y_z", "TT0111161", "m", "0"]
USERS = [None, "O'Brien", 'say "hi"', "дед", "影武者", "😀", "a\nb", "--", "", " ", "NULL"]
ACTIONS = ["like", "like", "like", "unlike"]
WINDOWS = [
    (date(2026, 2, 26), date(2026, 3, 3)),
    (date(2026, 2, 28), date(2026, 3, 1)),
    (date(2026, 3, 1), date(2026, 3, 1)),
    (date(2026, 3, 2), date(2026, 3, 1)),
    (date(2030, 1, 1), date(2030, 1, 2)),
]


def likes(
    seed: int, start: datetime = START, days: int = 6, number_of: int = 250
) -> list[dict[str, Any]]:
    """Likes over some days: late, early by a wrong clock, at midnight, delivered or sent again."""
    rng = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(number_of):
        liked_at = start + timedelta(milliseconds=rng.randrange(days * 86_400_000))
        if rng.random() < 0.05:
            liked_at = liked_at.replace(hour=0, minute=0, second=0, microsecond=0)
        lag = rng.choice(
            [rng.randrange(-600_000, 0), 0, rng.randrange(500), rng.randrange(3 * 10**8)]
        )
        row = {
            "event_id": f"e{number}'",
            "movie_id": rng.choice(MOVIES),
            "user_id": rng.choice(USERS),
            "action": rng.choice(ACTIONS),
            "liked_at": liked_at,
            "received_at": liked_at + timedelta(milliseconds=lag),
            "source": rng.choice([None, "web", "ios"]),
            "extra": rng.choice([None, '{"a": "it\'s"}']),
        }
        rows.append(row)
        if rng.random() < 0.2:  # delivered twice
            rows.append(dict(row))
        if rng.random() < 0.2:  # sent again within half a day, perhaps as something else
            again = timedelta(milliseconds=rng.choice([0, 1, 43_200_000]))
            rows.append(
                row
                | {
                    "liked_at": liked_at + again,
                    "received_at": row["received_at"] + again,
                    "movie_id": rng.choice(MOVIES),
                    "action": rng.choice(ACTIONS),
                }
            )
    rng.shuffle(rows)
    for row in rows:  # a folder is named for the oldest like of a buffer of up to 15 minutes
        row["delivered_at"] = row["received_at"] - timedelta(seconds=rng.randrange(900))
    return rows


def trends(seed: int) -> list[dict[str, Any]]:
    """Ranked hours over the same days: hours missing, ties, scores below zero, unlikes alone."""
    rng = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for hour in rng.sample(range(6 * 24), 100):
        films = [
            {
                "hour": START + timedelta(hours=hour),
                "movie_id": movie,
                "likes": 0 if movie == "0" else rng.choice([1, 2, rng.randrange(1, 1000)]),
                "unlikes": rng.choice([1, 2]) if movie == "0" else rng.choice([0, 1, 50]),
                "score": rng.choice([-2.5, 0.0, 3.125, round(rng.uniform(-3, 9), 3)]),
            }
            for movie in rng.sample(MOVIES, rng.randrange(1, 1 + len(MOVIES)))
        ]
        films.sort(key=lambda row: (-row["score"], row["unlikes"] - row["likes"], row["movie_id"]))
        rows += [row | {"rank": rank} for rank, row in enumerate(films, 1)]
    rng.shuffle(rows)
    return rows
