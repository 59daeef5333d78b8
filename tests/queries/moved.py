"""Which films rose and fell, in plain pandas."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from tests.queries.lake import Rows, within

DAY = timedelta(days=1)


def before(first: date, last: date) -> tuple[date, date]:
    return first - (last - first) - DAY, first - DAY


def moved(likes: pd.DataFrame, trends: pd.DataFrame, first: date, last: date, n: int) -> Rows:
    now, then = (ranks(within(likes, *span)) for span in ((first, last), before(first, last)))
    hours = within(trends, first, last, "hour")
    all_now, all_then = (sum(max(net, 0) for net, _ in side.values()) for side in (now, then))
    found: dict[str, list[tuple[Any, ...]]] = {"rose": [], "fell": []}
    for film in now.keys() | then.keys():
        net, rank = now.get(film, (0, None))
        net_before, rank_before = then.get(film, (0, None))
        to, came_from = (
            rank or 1 + sum(r is not None for _, r in now.values()),
            rank_before or 1 + sum(r is not None for _, r in then.values()),
        )
        if not all_then:
            continue
        expected = float(max(net_before, 0)) * all_now / all_then
        if to < came_from and net > expected:
            way = "rose"
        elif to > came_from and net < expected:
            way = "fell"
        else:
            continue
        if not max(net, 0) + expected:
            continue
        far = (net - expected) / (max(net, 0) + expected) ** 0.5
        best = hours[hours["movie_id"] == film].sort_values(
            ["score", "rank", "hour"], ascending=[False, True, True]
        )
        peak = (None, None, None)
        if len(best):
            top = best.iloc[0]
            peak = (top["score"], top["hour"], top["likes"] - top["unlikes"])
        row = (film, rank, rank_before, net, net_before, pytest.approx(far), *peak)
        found[way].append(((-abs(round(far, 9)), film), row))
    return [
        (way, place, *row)
        for way in ("rose", "fell")
        for place, (_, row) in enumerate(sorted(found[way], key=lambda one: one[0])[:n], 1)
    ]


def ranks(likes: pd.DataFrame) -> dict[str, tuple[int, int | None]]:
    """Net likes of each film, and its rank among those that anybody liked."""
    sign = likes["action"].map({"like": 1, "unlike": -1})
    net = sign.groupby(likes["movie_id"]).sum()
    liked = net[likes.loc[likes["action"] == "like", "movie_id"].unique()]
    return {
        film: (int(of), 1 + int((liked > of).sum()) if film in liked else None)
        for film, of in net.items()
    }
