"""Prepared statements: PREPARE, EXECUTE, DEALLOCATE PREPARE, and the API over them."""

import asyncio

import pytest

from infra.local.athena.prepared import PreparedStatements
from infra.local.athena.protocol import ResourceNotFound
from infra.local.athena.statements import BadStatement, parse


def run(prepared, sql, parameters=()):
    return prepared.run(parse(sql), "group", parameters).sql


def prepared():
    made = PreparedStatements({})
    run(made, "PREPARE likes FROM SELECT ? + ?")
    return made


def test_execute_runs_what_was_prepared_with_its_own_values_or_the_request_s():
    assert run(prepared(), "EXECUTE likes USING 1, 2", ["3", "4"]) == "SELECT 1 + 2"
    assert run(prepared(), "EXECUTE Likes", ["3", "4"]) == "SELECT 3 + 4"
    with pytest.raises(BadStatement, match="2 parameters, and 1 values"):
        run(prepared(), "EXECUTE likes USING 1")


@pytest.mark.parametrize("sql", ["EXECUTE other", "DEALLOCATE PREPARE other"])
def test_a_statement_that_nobody_prepared_is_not_found(sql):
    with pytest.raises(ResourceNotFound, match="other was not found in workGroup group"):
        run(prepared(), sql)


def test_a_statement_is_gone_once_it_is_deallocated():
    made = prepared()
    run(made, "DEALLOCATE PREPARE likes")
    with pytest.raises(ResourceNotFound):
        run(made, "EXECUTE likes")


def test_the_api_changes_and_lists_what_was_prepared():
    made = prepared()
    named = {"WorkGroup": "group", "StatementName": "likes"}
    asyncio.run(made.update({}, named | {"QueryStatement": "SELECT 5", "Description": "five"}))
    asked = {"WorkGroup": "group", "PreparedStatementNames": ["likes", "other"]}
    told = asyncio.run(made.get_many({}, asked))
    [found], [missing] = told.values()
    assert (found["QueryStatement"], found["Description"]) == ("SELECT 5", "five")
    assert (missing["StatementName"], missing["ErrorCode"]) == ("other", "STATEMENT_NOT_FOUND")
