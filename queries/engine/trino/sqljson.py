"""JSON functions with a grammar of their own: json_exists, json_value, json_query and others."""

from typing import Any, ClassVar

from sqlglot import exp

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import casts, jsonpath, jsontext, literals, pathlang, types
from queries.engine.trino.protocols import Expression
from queries.engine.trino.typed import Typed, text
from queries.engine.trino.types import INTEGERS, Type

_ON = ("NULL", "ERROR", "TRUE", "FALSE", "UNKNOWN", "EMPTY ARRAY", "EMPTY OBJECT", "DEFAULT")


class SqlJson(exp.Expression):
    """A call: its name, its arguments, and its clauses by their names."""

    arg_types: ClassVar[dict[str, bool]] = {
        **dict.fromkeys(("this", "expressions", "formats", "returning", "refused"), False),
        **dict.fromkeys(("empty", "error", "empty_default", "error_default"), False),
        **dict.fromkeys(("wrapper", "quotes", "nulls", "unique", "passing", "names"), False),
    }


def parser(name: str) -> Any:
    """What reads a call from behind its opening bracket to before its closing one."""
    return lambda reader: _members(reader, name) if name == "json_object" else _call(reader, name)


def _format(reader: Any) -> str:
    """How a text is told to be JSON: "", "json" or "utf8"."""
    if not reader._match_text_seq("FORMAT", "JSON"):
        return ""
    if not reader._match_text_seq("ENCODING"):
        return "json"
    if not reader._match_text_seq("UTF8"):
        reader.raise_error("Only the ENCODING UTF8 is known here")
    return "utf8"


def _ends(reader: Any) -> bool:
    words = ("NULL ON", "ABSENT ON", "RETURNING", "WITH", "WITHOUT", "PASSING")
    current = reader._curr
    if current is None or current.text == ")":
        return True
    following = reader._next.text.upper() if reader._next else ""
    told = current.text.upper()
    return told in words or f"{told} {following}" in words


def _call(reader: Any, name: str) -> SqlJson:
    arguments, formats = [], []
    while not _ends(reader):
        arguments.append(reader._parse_disjunction())
        formats.append(_format(reader))
        if not reader._match_text_seq(","):
            break
    return SqlJson(this=name, expressions=arguments, formats=formats, **_clauses(reader))


def _members(reader: Any, name: str) -> SqlJson:
    arguments, formats = [], []
    while not _ends(reader):
        reader._match_text_seq("KEY")
        arguments.append(reader._parse_bitwise())
        if not reader._match_text_seq(":") and not reader._match_text_seq("VALUE"):
            reader.raise_error("Expecting :")
        arguments.append(reader._parse_disjunction())
        formats += ["", _format(reader)]
        if not reader._match_text_seq(","):
            break
    return SqlJson(this=name, expressions=arguments, formats=formats, **_clauses(reader))


def _clauses(reader: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while reader._curr is not None and reader._curr.text != ")":
        if reader._match_text_seq("PASSING"):
            _passing(reader, found)
        elif reader._match_text_seq("RETURNING"):
            found["returning"] = reader._parse_types()
            if _format(reader) == "utf8":
                reader.raise_error("RETURNING takes no ENCODING here")
        elif reader._match_text_seq("WITHOUT"):
            if not reader._match_text_seq("UNIQUE"):
                reader._match_text_seq("ARRAY")
                reader._match_text_seq("WRAPPER")
            reader._match_text_seq("KEYS")
        elif reader._match_text_seq("WITH"):
            if reader._match_text_seq("UNIQUE"):
                reader._match_text_seq("KEYS")
                found["unique"] = True
            else:
                conditional = bool(reader._match_text_seq("CONDITIONAL"))
                reader._match_text_seq("UNCONDITIONAL")
                reader._match_text_seq("ARRAY")
                if not reader._match_text_seq("WRAPPER"):
                    reader.raise_error("Expecting WRAPPER")
                found["wrapper"] = "conditional" if conditional else "unconditional"
        elif reader._match_text_seq("KEEP", "QUOTES") or reader._match_text_seq("OMIT", "QUOTES"):
            found["quotes"] = reader._tokens[reader._index - 2].text.lower()
            reader._match_text_seq("ON", "SCALAR", "STRING")
        else:
            _on(reader, found)
    return found


def _passing(reader: Any, found: dict[str, Any]) -> None:
    """The values that are passed, and the names that the path has for them."""
    found["passing"], found["names"] = [], []
    while True:
        found["passing"].append(reader._parse_disjunction())
        if _format(reader):
            reader.raise_error("PASSING takes no JSON here")
        if not reader._match_text_seq("AS"):
            reader.raise_error("Expecting AS")
        name = reader._parse_id_var()
        if name is None:
            reader.raise_error("Expecting a name")
        found["names"].append(name.name if name.args.get("quoted") else name.name.upper())
        if not reader._match_text_seq(","):
            return


def _on(reader: Any, found: dict[str, Any]) -> None:
    if reader._match_text_seq("ABSENT", "ON", "NULL"):
        found["nulls"] = "absent"
        return
    for word in _ON:
        if reader._match_text_seq(*word.split(" ")):
            default = reader._parse_disjunction() if word == "DEFAULT" else None
            if word == "NULL" and reader._match_text_seq("ON", "NULL"):
                found["nulls"] = "null"
                return
            for when in ("empty", "error"):
                if reader._match_text_seq("ON", when.upper()):
                    found[when] = word.lower()
                    if default is not None:
                        found[f"{when}_default"] = default
                    return
            break
    reader.raise_error("Expecting ON")


def translate(within: Expression, node: SqlJson) -> Typed:
    """A call in DuckDB's SQL."""
    name = node.this
    if name in ("json_object", "json_array"):
        made = _object(within, node) if name == "json_object" else _array(within, node)
        return _returned(made, node)
    if len(node.expressions) != 2:
        raise BadSQL(f"{name} takes JSON and a path.")
    value, path = (within.of(each) for each in node.expressions)
    value = _read(value, node.args["formats"][0])
    if value.type.name not in ("varchar", "json", "unknown"):
        raise Refused(f"{name} takes {value.type} not here.")
    if not isinstance(path.value, str):
        raise BadSQL("A path of SQL's is a constant.")
    variables, is_plain = _variables(within, node, path.value)
    how = {"json_exists": "exists", "json_value": "value"}.get(
        name, f"query {node.args.get('wrapper') or ''} {node.args.get('quotes') or ''}"
    )
    if "omit" in how and "conditional" in how:
        raise BadSQL("OMIT QUOTES does not go with a WRAPPER.")
    told = f"CAST({value.sql} AS VARCHAR)"
    found = f"t_json_path({told}, {path.sql}, {text(how)})"
    if variables:
        found = f"t_json_path_with({told}, {path.sql}, {text(how)}, {variables})"
    elif name == "json_value" and is_plain:
        found = f"({jsonpath.value_at(told, path.value)})"
    if name == "json_exists":
        return _exists(node, found)
    return _chosen(within, node, found)


_KINDS = {
    **dict.fromkeys((*INTEGERS, "double"), "number"),
    "varchar": "text",
    "boolean": "boolean",
}


def _variables(within: Expression, node: SqlJson, path: str) -> tuple[str, bool]:
    """The variables of a path as JSON, "" for none, and whether it is of names and places alone."""
    values = [within.of(each) for each in node.args.get("passing") or ()]
    names = node.args.get("names") or ()
    for value in values:
        if value.type.name not in _KINDS:
            raise Refused(f"{value.type} is not passed to a JSON path here.")
    kinds = [(name, _KINDS[value.type.name]) for name, value in zip(names, values, strict=True)]
    try:
        if not values:
            try:
                jsonpath.compiled(path)
                return "", True
            except pathlang.NoPath:
                pass
        pathlang.compiled(path, tuple(kinds))
    except pathlang.NoPath as error:
        begun = path.lstrip().startswith(("lax ", "strict "))
        kind = Refused if begun and not error.certain else BadSQL
        raise kind(f"{error}.") from None
    members = []
    for name, value in zip(names, values, strict=True):
        told = f"coalesce({casts.cast(value, types.JSON).sql}, 'null')"
        if value.type.name == "bigint":
            told = f"CASE WHEN {value.sql} IS NULL THEN 'null' ELSE '[' || {told} || ']' END"
        members.append(f"{text(jsontext.quoted(name) + ':')} || {told}")
    if not members:
        return "", False
    joined = " || ',' || ".join(members)
    return f"('{{' || {joined} || '}}')", False


def _read(value: Typed, format_: str) -> Typed:
    """The text of a value in bytes; what is no text is no JSON, as on Athena."""
    if value.type.name == "varbinary":
        sql = (
            f"(CASE WHEN {value.sql} IS NOT NULL THEN coalesce(TRY(decode({value.sql})), '?') END)"
        )
        return Typed(sql, types.VARCHAR)
    if format_ == "utf8" and value.type.name != "unknown":
        raise BadSQL(f"{value.type} has no ENCODING.")
    return value


def _exists(node: SqlJson, found: str) -> Typed:
    error = node.args.get("error") or "false"
    other = "t_fail('The JSON, or its path, is not met')" if error == "error" else error
    other = "NULL" if error == "unknown" else other
    return Typed(
        f"(CASE left({found}, 1) WHEN '=' THEN true WHEN 'e' THEN false WHEN 'x' THEN {other} END)",
        types.BOOLEAN,
    )


# What json_value's letters stand for.
_HELD = (
    ("t", types.VARCHAR),
    ("i", types.BIGINT),
    ("d", types.DOUBLE),
    ("b", types.BOOLEAN),
)
_RETURNED = ("varchar", "char", *INTEGERS, "boolean", "double", "real", "decimal", "date")


def _chosen(within: Expression, node: SqlJson, found: str) -> Typed:
    kind = literals.type_of(node.args["returning"]) if node.args.get("returning") else types.VARCHAR
    if kind.name not in _RETURNED:
        raise Refused(f"{node.this} gives {kind} not here.")
    if node.this == "json_query" and kind.name not in ("varchar", "char"):
        raise BadSQL(f"json_query does not give {kind}.")
    others = {}
    for when in ("empty", "error"):
        word = node.args.get(when) or "null"
        if default := node.args.get(f"{when}_default"):
            others[when] = casts.coerced(within.of(default), kind).sql
        elif word == "error":
            failed = "t_fail_text('The JSON, or its path, is not met')"
            others[when] = f"CAST({failed} AS {kind.duckdb})"
        else:
            told = {"null": "NULL", "empty array": "'[]'", "empty object": "'{}'"}[word]
            others[when] = f"CAST({told} AS {kind.duckdb})"
    if node.this == "json_query":
        value = Typed(f"substr({found}, 2)", types.VARCHAR)
        made = value if kind == types.VARCHAR else casts.cast(value, kind)
        cases = f"WHEN '=' THEN {made.sql}"
    else:
        cases = " ".join(
            f"WHEN '{letter}' THEN {_held(found, held, kind, others['error'])}"
            for letter, held in _HELD
        )
    return Typed(
        f"(CASE left({found}, 1) {cases} WHEN 'e' THEN {others['empty']} "
        f"WHEN 'x' THEN {others['error']} END)",
        kind,
    )


def _held(found: str, held: Type, kind: Type, error: str) -> str:
    """A value that json_value found, cast as Trino's CAST does; what has no cast, or does not fit,
    is an error of the path."""
    value = Typed(f"substr({found}, 2)", types.VARCHAR)
    if kind == types.VARCHAR and held != types.DOUBLE:
        return value.sql
    if held != types.VARCHAR:
        value = Typed(f"TRY_CAST({value.sql} AS {held.duckdb})", held)
    try:
        told = casts.cast(value, kind).sql
    except Refused:
        raise
    except BadSQL:
        return error
    if held == types.DOUBLE and kind == types.VARCHAR:
        return told
    return f"coalesce(TRY({told}), {error})"


def _item(within: Expression, node: exp.Expr, formatted: str) -> str:
    """A value as JSON; null for a null."""
    value = within.of(node)
    if formatted:
        value = _read(value, formatted)
    if formatted or isinstance(node, SqlJson):
        return f"t_json_text(CAST({value.sql} AS VARCHAR))"
    if value.type.name in ("uuid", "date", "timestamp"):
        value = casts.cast(value, types.VARCHAR)
    if value.type.name not in (
        *("varchar", "boolean", "tinyint", "smallint", "integer", "bigint", "unknown", "json"),
        *("double", "real"),
    ):
        raise Refused(f"{value.type} is not put into JSON by a function of SQL's here.")
    return casts.cast(value, types.JSON).sql


def _array(within: Expression, node: SqlJson) -> str:
    pairs = zip(node.expressions, node.args["formats"], strict=True)
    parts = [_item(within, each, formatted) for each, formatted in pairs]
    if node.args.get("nulls") == "null":
        parts = [f"coalesce({part}, 'null')" for part in parts]
    return f"('[' || coalesce(array_to_string([{', '.join(parts)}]::VARCHAR[], ','), '') || ']')"


def _object(within: Expression, node: SqlJson) -> str:
    if not node.expressions:
        return "'{}'"
    keys, values = node.expressions[::2], node.expressions[1::2]
    parts, names = [], []
    for key, value, formatted in zip(keys, values, node.args["formats"][1::2], strict=True):
        name = within.of(key)
        if not isinstance(name.value, str):
            raise Refused("A key of json_object is a constant here.")
        if name.value in names:
            raise BadSQL(f"There are two keys '{name.value}' in an object.")
        if formatted and node.args.get("unique"):
            raise BadSQL("WITH UNIQUE KEYS does not go with FORMAT.")
        names.append(name.value)
        item = _item(within, value, formatted)
        if node.args.get("nulls") != "absent":
            item = f"coalesce({item}, 'null')"
        parts.append(f"{text(jsontext.quoted(name.value) + ':')} || {item}")
    if len(parts) > 1:
        raise Refused("json_object with several members has them in no known order.")
    return f"('{{' || coalesce(array_to_string([{', '.join(parts)}], ','), '') || '}}')"


def _returned(made: str, node: SqlJson) -> Typed:
    value = Typed(made, types.VARCHAR)
    if node.args.get("returning") is None:
        return value
    kind = literals.type_of(node.args["returning"])
    if kind.name != "varchar":
        raise Refused(f"{node.this} gives {kind} not here.")
    return casts.cast(value, kind)
