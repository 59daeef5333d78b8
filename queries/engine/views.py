"""Views as Athena keeps them in Glue, and the tree of a question with each view written out."""

import base64
import binascii
import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.scope import Scope, traverse_scope

from glue.tables import Table
from queries.engine.errors import BadSQL
from queries.engine.parameters import Bound
from queries.engine.trino import syntax

# Trino's `ViewReaderUtil` of plugin/trino-hive: the view in JSON, in base64, in a comment.
_TEXT = re.compile(r"/\* Presto View: (?P<data>[A-Za-z0-9+/=\s]*) \*/")
EXPANDED = "/* Presto View */"
_NAMELESS = (exp.Values, exp.Unnest, exp.Subquery, exp.Lateral)
_DEEPEST = 50  # views within views


class _Column(msgspec.Struct, frozen=True):
    name: str
    type: str


class _Definition(msgspec.Struct, frozen=True, rename="camel"):
    original_sql: str
    schema: str | None = None
    catalog: str | None = None
    columns: tuple[_Column, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A view: its query, the database of its tables, and its columns with Trino's types."""

    name: str
    sql: str
    database: str
    columns: tuple[tuple[str, str], ...] = ()


class Tables(Mapping[str, Table]):
    """Tables of a database, with the views beside them."""

    @property
    @abstractmethod
    def views(self) -> Mapping[str, View]:
        """The database's views, by name."""


class Known(Tables):
    """Tables and views that are known already."""

    def __init__(self, tables: Mapping[str, Table], views: Mapping[str, View]) -> None:
        self._tables, self._views = tables, views

    @property
    def views(self) -> Mapping[str, View]:
        return self._views

    def __getitem__(self, name: str) -> Table:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def parse(described: Mapping[str, Any]) -> View | None:
    """A view from Glue's description of it; None for what is no view that Athena made."""
    if described.get("TableType") != "VIRTUAL_VIEW":
        return None
    found = _TEXT.fullmatch((described.get("ViewOriginalText") or "").strip())
    if found is None:
        return None
    try:
        told = msgspec.json.decode(base64.b64decode(found["data"]), type=_Definition)
    except (msgspec.MsgspecError, binascii.Error):
        return None
    columns = tuple((column.name, column.type) for column in told.columns)
    database = told.schema or described.get("DatabaseName", "")
    return View(described["Name"], told.original_sql, database, columns)


def text(view: View, catalog: str = "awsdatacatalog") -> str:
    """What Glue keeps of a view as its `ViewOriginalText`."""
    told = _Definition(
        original_sql=view.sql,
        catalog=catalog,
        schema=view.database,
        columns=tuple(_Column(name, kind) for name, kind in view.columns),
    )
    data = base64.b64encode(msgspec.json.encode(told)).decode()
    return f"/* Presto View: {data} */"


def expanded(tree: exp.Query, tables: Mapping[str, Table], database: str) -> exp.Query:
    """The tree with the query of each view in its place.

    `BadSQL` where a view's query cannot be read, or is of another database.
    """
    if isinstance(tables, Tables):
        _expand(tree, tables.views, database, ())
    return tree


def _expand(
    tree: exp.Query, views: Mapping[str, View], database: str, within: Sequence[str]
) -> None:
    for source in _tables(tree):
        name = source.name
        view = views.get(name) if source.db in ("", database) else None
        if view is None:
            # A name that a WITH of the question around has means the table here all the same.
            if within and not source.db:
                source.set("db", exp.to_identifier(database))
                if not source.alias:
                    source.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
            continue
        if name in within or len(within) == _DEEPEST:
            raise BadSQL(f'The view "{name}" names itself.')
        query = _query(view, database)
        _expand(query, views, database, (*within, name))
        alias = source.args.get("alias") or exp.TableAlias(
            this=exp.to_identifier(name, quoted=True)
        )
        source.replace(exp.Subquery(this=query, alias=alias))


def _query(view: View, database: str) -> exp.Query:
    if view.database != database:
        raise BadSQL(f'The view "{view.name}" is of the database "{view.database}".')
    try:
        query = normalize_identifiers(syntax.parse(Bound(view.name, view.sql, view.sql)), "trino")
    except BadSQL as error:
        raise BadSQL(f'The view "{view.name}" cannot be read: {error.sentence}') from None
    for node in query.walk():  # its places are of another text
        for place in ("start", "end", "line", "col"):
            node.meta.pop(place, None)
    return query


def _tables(tree: exp.Query) -> list[exp.Table]:
    found = []
    for scope in scopes(tree):
        for _, source in scope.selected_sources.values():
            if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
                found.append(source)
    return found


def scopes(tree: exp.Query) -> list[Scope]:
    """The scopes of the SQL; of sources without a name sqlglot takes but one: they get names."""
    named = [each for each in tree.find_all(*_NAMELESS) if not each.args.get("alias")]
    for number, source in enumerate(named):
        source.set("alias", exp.TableAlias(this=exp.to_identifier(f"${number}", quoted=True)))
    found = traverse_scope(tree)
    for source in named:
        source.set("alias", None)
    return found
