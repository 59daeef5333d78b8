"""Which names SQL can use at a place, and what they stand for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from queries.engine.errors import BadSQL, hint
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import Type


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation. One that is `merged` by USING is found by its name alone."""

    name: str | None
    value: Typed
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """What FROM can name: its alias, its columns, and the scan that it is of, where it is one."""

    alias: str | None
    columns: tuple[Column, ...]
    scan: str | None = None


@dataclass(slots=True)
class Scope:
    """The names of one SELECT, within those of the query around it.

    `used` notes each column that was looked up: the scan and alias it is of, and its name.
    """

    relations: list[Relation] = field(default_factory=list)
    outer: "Scope | None" = None
    parameters: Mapping[str, Typed] = field(default_factory=dict)
    outputs: Mapping[str, Typed] = field(default_factory=dict)
    used: list[tuple[Relation | None, str]] = field(default_factory=list)

    def within(self, parameters: Mapping[str, Typed]) -> "Scope":
        """The scope of a lambda's body."""
        return replace(self, parameters={**self.parameters, **parameters})

    def column(self, parts: list[str]) -> tuple[Typed, list[str]]:
        """What a name with dots stands for, and the fields behind it that are not of the name.

        `BadSQL` where it stands for nothing, or for more than one.
        """
        _, value, fields = self.located(parts)
        return value, fields

    def located(self, parts: list[str]) -> "tuple[Scope | None, Typed, list[str]]":
        """As `column`, with the scope that has it before it; None for a lambda's own."""
        if len(parts) == 1 and parts[0] in self.parameters:
            return None, self.parameters[parts[0]], []
        if len(parts) == 1 and parts[0] in self.outputs:
            return self, self.outputs[parts[0]], []
        scope: Scope | None = self
        while scope is not None:
            if found := scope._here(parts):
                return scope, *found
            scope = scope.outer
        if len(parts) > 1 and not any(parts[0] == each.alias for each in self._all()):
            raise BadSQL(f'There is no table or alias "{parts[0]}" here.')
        name = parts[1] if len(parts) > 1 else parts[0]
        names = {column.name for each in self._all() for column in each.columns if column.name}
        raise BadSQL(f'There is no column "{name}".{hint(name, names)}')

    def _here(self, parts: list[str]) -> tuple[Typed, list[str]] | None:
        if len(parts) > 1:
            for relation in self.relations:
                if relation.alias == parts[0]:
                    found = [
                        each
                        for each in relation.columns
                        if each.name == parts[1] and not each.merged
                    ]
                    if found:
                        return self._one(relation, found, parts[1]), parts[2:]
        for merged in (True, False):
            all_found = [
                (relation, column)
                for relation in self.relations
                for column in relation.columns
                if column.name == parts[0] and (relation.alias is None) == merged
            ]
            if len(all_found) > 1:
                raise BadSQL(f'Column "{parts[0]}" is ambiguous: more than one table has it.')
            for relation, column in all_found:
                return self._one(relation, [column], parts[0]), parts[1:]
        return None

    def _one(self, relation: Relation, found: list[Column], name: str) -> Typed:
        if len(found) > 1:
            raise BadSQL(f'Column "{name}" is ambiguous: there are two of that name.')
        self.used.append((relation, name))
        return found[0].value

    def _all(self) -> Iterator[Relation]:
        scope: Scope | None = self
        while scope is not None:
            yield from scope.relations
            scope = scope.outer

    def star(self, alias: str | None = None) -> list[Column]:
        """The columns that `*`, or `alias.*`, stands for."""
        relations = [each for each in self.relations if alias in (None, each.alias)]
        if not relations:
            raise BadSQL(f'There is no table or alias "{alias}" here.')
        merged = {c.name for each in self.relations if each.alias is None for c in each.columns}
        found = []
        for relation in relations:
            for column in relation.columns:
                if alias is None and relation.alias is not None and column.merged:
                    continue
                if alias is not None and column.name in merged and column.merged:
                    continue
                if column.name:
                    self.used.append((relation, column.name))
                found.append(column)
        return found


@dataclass(frozen=True, slots=True)
class Query:
    """A query in DuckDB's SQL, and the names and types of its columns."""

    sql: str
    columns: tuple[tuple[str | None, Type], ...]
