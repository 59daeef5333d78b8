"""Views: as Glue keeps them, and written out in the question that names them."""

import base64
import json

import pytest

from glue import tables
from queries.engine import catalog, dialect, views
from queries.engine.errors import BadSQL
from queries.engine.parameters import Bound
from queries.engine.views import View

LIKES = tables.read("likes")


def described(name, sql, schema="lake"):
    """A view as Glue tells it, by AWS's own form of it."""
    told = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": schema,
        "columns": [{"name": "n", "type": "bigint"}],
        "owner": "somebody",
    }
    data = base64.b64encode(json.dumps(told).encode()).decode()
    return {
        "Name": name,
        "DatabaseName": schema,
        "TableType": "VIRTUAL_VIEW",
        "ViewOriginalText": f"/* Presto View: {data} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"Columns": [{"Name": "n", "Type": "bigint"}], "Location": ""},
    }


def planned(sql, **found):
    beside = {name: View(name, text, "lake") for name, text in found.items()}
    return dialect.plan(Bound("", sql, sql), views.Known({"likes": LIKES}, beside), "lake")


def test_a_view_is_read_as_it_was_written():
    view = views.parse(described("busy", "SELECT 1 AS n"))
    assert view == View("busy", "SELECT 1 AS n", "lake", (("n", "bigint"),))
    assert views.parse({**described("busy", ""), "ViewOriginalText": views.text(view)}) == view


@pytest.mark.parametrize(
    "text", ["SELECT 1", "/* Presto View: %% */", "/* Presto View: eyJ9 */", None]
)
def test_what_no_athena_wrote_is_no_view(text):
    assert views.parse({**described("busy", ""), "ViewOriginalText": text}) is None


def test_the_catalog_tells_views_beside_tables():
    class Glue:
        def get_paginator(self, _):
            return self

        def paginate(self, DatabaseName):
            return [{"TableList": [described("busy", "SELECT 1 AS n")]}]

    found = catalog.tables(Glue(), "lake")
    assert not found and list(found.views) == ["busy"]


def test_its_columns_can_be_asked_for_by_its_name_or_an_alias():
    view = "SELECT movie_id, count(*) AS n FROM likes l GROUP BY l.movie_id"
    for sql in (
        "SELECT busy.n FROM busy",
        "SELECT b.n FROM lake.busy b",
        "SELECT x FROM busy b(m, x)",
    ):
        plan = planned(sql, busy=view)
        assert [scan.table.name for scan in plan.scans] == ["likes"]
        assert [str(kind) for _, kind in plan.columns] == ["bigint"]


def test_a_view_of_views_reads_tables_and_not_what_a_with_around_names():
    plan = planned(
        "WITH likes AS (SELECT 1 AS one) SELECT o.n, l.one FROM outer_ o CROSS JOIN likes l",
        outer_="SELECT n FROM \"inner_\" WHERE n > DECIMAL '1.50'",
        inner_="SELECT count(*) AS n FROM likes",
    )
    assert [scan.table.name for scan in plan.scans] == ["likes"]
    assert "DECIMAL(3, 2)" in plan.sql  # a literal, and no cast to decimal(38, 0)


@pytest.mark.parametrize(
    "found, sentence",
    [
        ({"busy": "SELECT n FROM busy"}, 'The view "busy" names itself'),
        ({"busy": "SELEC 1"}, 'The view "busy" cannot be read'),
        ({"busy": "SELECT nothing FROM likes"}, 'There is no column "nothing"'),
        ({"busy": "SELECT 1 AS n FROM gone"}, 'There is no table "lake.gone"'),
    ],
)
def test_what_is_wrong_in_a_view_is_told(found, sentence):
    with pytest.raises(BadSQL, match=sentence):
        planned("SELECT * FROM busy", **found)


def test_a_view_of_another_database_is_refused():
    beside = {"busy": View("busy", "SELECT 1 AS n", "elsewhere")}
    with pytest.raises(BadSQL, match='is of the database "elsewhere"'):
        sql = "SELECT n FROM busy"
        dialect.plan(Bound("", sql, sql), views.Known({}, beside), "lake")
