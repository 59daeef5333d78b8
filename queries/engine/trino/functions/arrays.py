"""Arrays and lambdas: https://trino.io/docs/current/functions/array.html"""

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import casts, nested, types
from queries.engine.trino.helpers import macro
from queries.engine.trino.registry import Binding, Call, Family
from queries.engine.trino.types import Type, field_names, quoted

functions = Family()
operators = Family()

_E = '"e$"'

# One element

macro(
    "t_index(i, n)",
    "CASE WHEN i BETWEEN 1 AND n THEN i WHEN i = 0 THEN CAST(t_fail('SQL array indices start at "
    "1') AS BIGINT) WHEN i < 0 THEN CAST(t_fail('Array subscript is negative: ' || i) AS BIGINT) "
    "ELSE CAST(t_fail('Array subscript must be less than or equal to array length: ' || i || "
    "' > ' || n) AS BIGINT) END",
)
macro(
    "t_element(i)",
    "CASE WHEN i <> 0 THEN i ELSE CAST(t_fail('SQL array indices start at 1') AS BIGINT) END",
)
operators("subscript(array(T), bigint) -> T", "({0})[t_index({1}, len({0}))]")
functions("element_at(array(T), bigint) -> T", "({0})[t_element({1})]")
functions("array_first(array(T)) -> T", "({0})[1]")
functions("array_last(array(T)) -> T", "({0})[-1]")
functions("cardinality(array(T)) -> bigint", "len({0})")

# Made of others

macro("t_concat(a, b)", "CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN list_concat(a, b) END")


def _concat(call: Call) -> str:
    if len(call.args) < 2:
        raise BadSQL("concat takes at least two values.")
    nulls = " AND ".join(f"{arg.sql} IS NOT NULL" for arg in call.args)
    return f"CASE WHEN {nulls} THEN list_concat({', '.join(arg.sql for arg in call.args)}) END"


operators("concat(array(T), array(T)) -> array(T)", "t_concat({0}, {1})")
operators("concat(array(T), T) -> array(T)", "t_concat({0}, [{1}])")
operators("concat(T, array(T)) -> array(T)", "t_concat([{0}], {1})")
functions("concat(array(T)...) -> array(T)", _concat)
functions("flatten(array(array(T))) -> array(T)", "flatten({0})")
functions("reverse(array(T)) -> array(T)", "list_reverse({0})")

macro(
    "t_slice(a, s, n)",
    "CASE WHEN s = 0 THEN t_none(t_fail('SQL array indices start at 1'), a) "
    "WHEN n < 0 THEN t_none(t_fail('length must be greater than or equal to 0'), a) "
    "WHEN s > 0 THEN a[s:s + n - 1] WHEN len(a) + s < 0 THEN a[1:0] "
    "ELSE a[len(a) + s + 1:len(a) + s + n] END",
)
macro("t_none(failed, a)", "[a][CAST(failed AS BIGINT)]")
functions(
    "slice(array(T), bigint, bigint) -> array(T)",
    "CASE WHEN {1} IS NOT NULL AND {2} IS NOT NULL THEN t_slice({0}, {1}, {2}) END",
)
functions(
    "trim_array(array(T), bigint) -> array(T)",
    "CASE WHEN {1} < 0 THEN t_none(t_fail('size must not be negative: ' || {1}), {0}) "
    "WHEN {1} > len({0}) THEN t_none(t_fail('size must not exceed array cardinality '"
    " || len({0}) || ': ' || {1}), {0}) WHEN {1} IS NOT NULL THEN ({0})[1:len({0}) - {1}] END",
)


def _repeat(call: Call) -> str:
    value, count = call[0], call[1]
    kind = call.args[0].type
    width = {"varchar": f"strlen({value})", "char": f"strlen({value})", "array": f"len({value})"}
    size = width.get(kind.name, "0")
    limit = 20 if kind.name == "array" else 1
    return (
        f"CASE WHEN {count} < 0 THEN t_none(t_fail('count argument of repeat function must be "
        f"greater than or equal to 0'), [{value}]) WHEN {count} > 10000 THEN t_none(t_fail('count "
        f"argument of repeat function must be less than or equal to 10000'), [{value}]) WHEN "
        f"coalesce({size}, 0) * {count} * {limit} > 1000000 THEN t_none(t_fail('result of repeat "
        f"function must not take more than 1000000 bytes'), [{value}]) WHEN {count} IS NOT NULL "
        f"THEN list_transform(range({count}), lambda {_E}: {value}) END"
    )


functions("repeat(T, bigint) -> array(T)", _repeat)
functions(
    "ngrams(array(T), bigint) -> array(array(T))",
    "CASE WHEN {1} <= 0 THEN t_none(t_fail('N must be positive'), [{0}]) "
    "WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN t_ngrams({0}, least({1}, len({0}))) END",
)
macro(
    "t_ngrams(a, n)",
    'list_transform(range(1, len(a) - n + 2), lambda "i$": a["i$":"i$" + n - 1])',
)


def _combinations(call: Call) -> str:
    array, size = call[0], call[1]
    empty = f"({array})[1:0]"
    made, counts, count = [], [], "1"
    inner = f"[{empty}]"
    for n in range(6):
        if n:
            count = f"{count} * (len({array}) - {n - 1}) // {n}"
            # A constant is worked out before the size of the answer is looked at.
            inner = _chosen(array, n, f"(CASE WHEN {count} <= 100000 THEN len({array}) ELSE 0 END)")
        made.append(f"WHEN {size} = {n} THEN {inner}")
        counts.append(f"WHEN {n} THEN {count}")
    limit = f"(CASE {size} {' '.join(counts)} ELSE 0 END) > 100000"
    return (
        f"CASE WHEN {size} < 0 THEN t_none(t_fail('combination size must not be negative: ' || "
        f"{size}), [{empty}]) WHEN {size} > 5 THEN t_none(t_fail('combination size must not exceed "
        f"5: ' || {size}), [{empty}]) WHEN {limit} THEN t_none(t_fail('combinations exceed max "
        f"size'), [{empty}]) WHEN {array} IS NULL THEN NULL {' '.join(made)} END"
    )


def _chosen(array: str, n: int, among: str) -> str:
    """All choices of n of the first elements, the last chosen going slowest."""
    if n == 0:
        return f"[({array})[1:0]]"
    i, c = f'"i{n}$"', f'"c{n}$"'
    fewer = _chosen(array, n - 1, f"({i} - 1)")
    return (
        f"flatten(list_transform(range({n}, {among} + 1), lambda {i}: "
        f"list_transform({fewer}, lambda {c}: list_append({c}, ({array})[{i}]))))"
    )


functions("combinations(array(T), bigint) -> array(array(T))", _combinations)


def _zip(call: Call) -> str:
    names = field_names(call.result.element)
    longest = ", ".join(f"len({arg.sql})" for arg in call.args)
    nulls = " AND ".join(f"{arg.sql} IS NOT NULL" for arg in call.args)
    packed = ", ".join(
        f"{quoted(n)} := ({arg.sql})[{_E}]" for n, arg in zip(names, call.args, strict=True)
    )
    return (
        f"CASE WHEN {nulls} THEN list_transform(range(1, greatest({longest}) + 1), "
        f"lambda {_E}: struct_pack({packed})) END"
    )


def _zipped(*letters: str) -> None:
    def result(bound: Binding) -> Type:
        kinds = [bound[letter] for letter in letters]
        return types.array(types.row((None, kind) for kind in kinds if isinstance(kind, Type)))

    taken = ", ".join(f"array({letter})" for letter in letters)
    functions(f"zip({taken}) -> array(A)", _zip, result=result)


for _count in range(2, 6):
    _zipped(*"ABCDE"[:_count])

# Sequences

functions(
    "sequence(bigint, bigint) -> array(bigint)",
    "t_numbers({0}, {1}, CASE WHEN {0} <= {1} THEN 1 ELSE -1 END)",
)
functions("sequence(bigint, bigint, bigint) -> array(bigint)", "t_numbers({0}, {1}, {2})")
macro(
    "t_numbers(a, b, step)",
    'list_transform(range(0, t_count(b - a, step), 1), lambda "i$": a + "i$" * step)',
)
functions(
    "sequence(timestamp(p), timestamp(p), interval day to second) -> array(timestamp(p))",
    "list_transform(t_numbers(epoch_us({0}), epoch_us({1}), {2} * 1000), "
    'lambda "d$": make_timestamp("d$"))',
)
macro(
    "t_months(a, b, step)",
    "CASE WHEN day(a) > 28 THEN t_none(t_refuse('A sequence of months from a day after the 28th is "
    "not known here'), [a]) ELSE list_transform(range(0, t_count(datesub('month', a, b), step), 1),"
    ' lambda "i$": a + to_months(CAST("i$" * step AS INTEGER))) END',
)
functions(
    "sequence(timestamp(p), timestamp(p), interval year to month) -> array(timestamp(p))",
    "t_months({0}, {1}, {2})",
)
functions(
    "sequence(date, date, interval year to month) -> array(date)",
    "CAST(t_months(CAST({0} AS TIMESTAMP), CAST({1} AS TIMESTAMP), {2}) AS DATE[])",
)

# Lambdas

functions("transform(array(T), function(T, U)) -> array(U)", "list_transform({0}, {1})")
functions("filter(array(T), function(T, boolean)) -> array(T)", "list_filter({0}, {1})")
for _name, _how in (("any_match", "t_any"), ("all_match", "t_all"), ("none_match", "NOT t_any")):
    functions(
        f"{_name}(array(T), function(T, boolean)) -> boolean",
        f"({_how}(list_transform({{0}}, {{1}})))",
    )


def _zip_with(call: Call) -> str:
    a, b, i = call[0], call[1], call.name("i")
    body = call.function(2).apply(f"({a})[{i}]", f"({b})[{i}]")
    return (
        f"CASE WHEN {a} IS NOT NULL AND {b} IS NOT NULL THEN list_transform(range(1, "
        f"greatest(len({a}), len({b})) + 1), lambda {i}: {body}) END"
    )


functions("zip_with(array(T), array(U), function(T, U, R)) -> array(R)", _zip_with)


def _reduce(call: Call) -> str:
    """A fold; beside its state each step takes a value, in a struct of both."""
    array, start, step, finish = call.args[0], call.args[1], call.function(2), call.function(3)
    state, value = start.type.duckdb, array.type.element.duckdb
    pack = "struct_pack(s := CAST({} AS {}), x := CAST({} AS {}))"
    name, before, now, last = (call.name(what) for what in "xabs")
    values = pack.format("NULL", state, name, value)
    made = pack.format(step.apply(f"({before}).s", f"({now}).x"), state, "NULL", value)
    first = pack.format(start.sql, state, "NULL", value)
    folded = (
        f"list_reduce(list_transform({array.sql}, lambda {name}: {values}), "
        f"lambda {before}, {now}: {made}, {first}).s"
    )
    return (
        f"CASE WHEN {array.sql} IS NOT NULL THEN "
        f"list_transform([{folded}], lambda {last}: {finish.apply(last)})[1] END"
    )


functions("reduce(array(T), S, function(S, T, S), function(S, R)) -> R", _reduce)

# Order

macro(
    "t_compared(c)",
    "CASE WHEN c IN (-1, 0, 1) THEN c ELSE CAST(t_fail('Lambda comparator must return either -1, "
    "0, or 1') AS INTEGER) END",
)


def _sort(call: Call) -> str:
    kind = call.args[0].type.element
    _ordered(kind)
    if kind.name not in nested.NESTED and not kind.name.endswith("zone"):
        return f"list_sort({call[0]}, 'ASC', 'NULLS LAST')"
    pairs = f"struct_pack(k := {nested.key(_E, kind)}, v := {_E})"
    made = (
        f"list_transform(list_sort(list_transform(list_filter({call[0]}, lambda {_E}: {_E} IS NOT "
        f"NULL), lambda {_E}: {pairs})), lambda {_E}: ({_E}).v)"
    )
    rest = f"list_filter({call[0]}, lambda {_E}: {_E} IS NULL)"
    return _closed(call[0], kind, f"list_concat({made}, {rest})")


def _closed(array: str, kind: Type, made: str) -> str:
    """A value that is only where no element has a null within."""
    if kind.name not in nested.NESTED:
        return made
    hole = f"{_E} IS NOT NULL AND {nested.open_(_E, kind)}"
    return (
        f"CASE WHEN len(list_filter({array}, lambda {_E}: {hole})) > 0 THEN "
        f"t_none(t_fail('Values with nulls in them have no order'), {made}) ELSE {made} END"
    )


def _ordered(kind: Type) -> None:
    if kind.name in ("map", "json"):
        raise BadSQL(f"{kind} has no order.")
    for part in kind.types:
        _ordered(part)


def _sort_by(call: Call) -> str:
    """Each element's place is how many come before it, by the comparator or as they stand."""
    array, how = call[0], call.function(1)
    x, y, i, j, s = (call.name(what) for what in "xyijs")
    compared = f"t_compared({how.apply(y, x)})"
    before = (
        f"CASE WHEN {i} = {j} THEN false WHEN {compared} < 0 THEN true "
        f"WHEN {compared} > 0 THEN false ELSE {j} < {i} END"
    )
    rank = f"len(list_filter({array}, lambda {y}, {j}: {before}))"
    ranks = (
        f"list_sort(list_transform({array}, lambda {x}, {i}: "
        f"struct_pack(r := {rank}, i := {i}, v := {x})))"
    )
    value = nested.key(f"({s}).v", call.args[0].type.element)
    places = f"len(list_distinct(list_transform({ranks}, lambda {s}: ({s}).r)))"
    pairs = (
        f"len(list_distinct(list_transform({ranks}, lambda {s}: "
        f"struct_pack(r := ({s}).r, v := {value}))))"
    )
    return (
        f"CASE WHEN {places} <> {pairs} THEN t_none(t_fail('The comparator contradicts itself'), "
        f"{array}) ELSE list_transform({ranks}, lambda {s}: ({s}).v) END"
    )


functions("array_sort(array(T)) -> array(T)", _sort)
functions("array_sort(array(T), function(T, T, integer)) -> array(T)", _sort_by)


def _extreme(name: str, rank: str) -> None:
    def write(call: Call) -> str:
        array, kind = call[0], call.args[0].type.element
        _ordered(kind)
        key = nested.ranked if rank == "max" else nested.key
        made = key(_E, kind)
        if made == _E:
            found = f"list_{rank}({array})"
        else:
            pairs = f"struct_pack(k := {made}, v := {_E})"
            found = f"list_{rank}(list_transform({array}, lambda {_E}: {pairs})).v"
        return _closed(array, kind, f"CASE WHEN NOT t_null({array}) THEN {found} END")

    functions(f"{name}(array(T)) -> T", write)


_extreme("array_min", "min")
_extreme("array_max", "max")

# As text


def _join(call: Call) -> str:
    texts = casts.cast(call.args[0], types.array(types.VARCHAR)).sql
    other = f"coalesce({_E}, {call[2]})" if len(call.args) == 3 else _E
    kept = (
        f"list_filter(list_transform({texts}, lambda {_E}: {other}), lambda {_E}: {_E} IS NOT NULL)"
    )
    nulls = " AND ".join(f"{arg.sql} IS NOT NULL" for arg in call.args)
    return f"CASE WHEN {nulls} THEN coalesce(array_to_string({kept}, {call[1]}), '') END"


functions("array_join(array(T), varchar) -> varchar", _join)
functions("array_join(array(T), varchar, varchar) -> varchar", _join)


def _shuffle(_: Call) -> str:
    raise Refused('"shuffle" gives another order each time it is asked: it is not known here.')


functions("shuffle(array(T)) -> array(T)", _shuffle)
