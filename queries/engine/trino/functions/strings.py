"""Text: https://trino.io/docs/current/functions/string.html"""

import unicodedata

import pyarrow as pa

from queries.engine.errors import BadSQL, Refused
from queries.engine.trino import types
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.registry import Binding, Call, Family
from queries.engine.trino.types import Type

functions = Family()
operators = Family()


def of_char(call: Call) -> str:
    """What refuses a function of a char, of which versions of Trino make different things."""
    kind = next(arg.type for arg in call.args if arg.type.name == "char")
    raise Refused(f"Versions of Trino differ here for {kind}: CAST it to varchar.")


# What Java calls white space; DuckDB's trim knows the blank alone.
_CODES = (*range(9, 14), *range(0x1C, 0x21), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B))
_BLANK = "'" + "".join(map(chr, (*_CODES, 0x2028, 0x2029, 0x205F, 0x3000))) + "'"

# Java knows no capital of one character for it.
macro(
    "t_upper(s)",
    "CASE WHEN contains(s, 'ß') THEN array_to_string(list_transform(string_split(s, 'ß'), "
    'lambda "s$": upper("s$")), \'ß\') ELSE upper(s) END',
)
for _name, _made in (("lower", "lower({0})"), ("upper", "t_upper({0})")):
    functions(f"{_name}(varchar(x)) -> varchar(x)", _made)
    functions(f"{_name}(char(x)) -> char(x)", _made)
for _name in ("trim", "ltrim", "rtrim"):
    functions(f"{_name}(varchar(x)) -> varchar(x)", f"{_name}({{0}}, {_BLANK})")
    functions(f"{_name}(varchar(x), varchar) -> varchar(x)", f"{_name}({{0}}, {{1}})")

functions("length(varchar) -> bigint", "length({0})")
functions("length(char(x)) -> bigint", "length({0})")

macro("t_characters(s)", "regexp_extract_all(s, '(?s).')")
macro(
    "t_reverse(s)",
    "CASE WHEN strlen(s) = length(s) THEN reverse(s) ELSE "
    "array_to_string(list_reverse(string_split(s, '')), '') END",
)
functions("reverse(varchar(x)) -> varchar(x)", "t_reverse({0})")
functions("reverse(char(x)) -> varchar(x)", of_char)

# Counted from 1, from the end where negative; nothing stands at 0.
macro(
    "t_substr(s, a)", "CASE WHEN a = 0 OR abs(a) > length(s) THEN left(s, 0) ELSE substr(s, a) END"
)
macro(
    "t_substr_of(s, a, n)",
    "CASE WHEN a = 0 OR abs(a) > length(s) OR n <= 0 THEN left(s, 0) ELSE substr(s, a, n) END",
)
for _name in ("substr", "substring"):
    functions(f"{_name}(varchar(x), bigint) -> varchar(x)", "t_substr({0}, {1})")
    functions(f"{_name}(varchar(x), bigint, bigint) -> varchar(x)", "t_substr_of({0}, {1}, {2})")

macro(
    "t_size(n)",
    "CASE WHEN n < 0 THEN CAST(t_fail('Target length must be in the range "
    "[0..2147483647]') AS INTEGER) ELSE CAST(n AS INTEGER) END",
)
macro(
    "t_padding(p)",
    "CASE WHEN p = '' THEN t_fail_text('Padding string must not be empty') ELSE p END",
)
for _name in ("lpad", "rpad"):
    functions(
        f"{_name}(varchar, bigint, varchar) -> varchar",
        f"{_name}({{0}}, t_size({{1}}), t_padding({{2}}))",
    )

# A null makes it null.
operators("concat(varchar, varchar) -> varchar", "({0} || {1})")


def _number(bound: dict[str, Type | int | None], name: str) -> int:
    number = bound[name]
    assert isinstance(number, int)
    return number


def _concat(call: Call) -> str:
    if len(call.args) < 2:
        raise BadSQL("concat takes at least two values.")
    return f"({' || '.join(arg.sql for arg in call.args)})"


def _chars(bound: Binding) -> Type:
    length = _number(bound, "x") + _number(bound, "y")
    if length > 65536:
        raise BadSQL(f"char({length}) is too long: a char has 65536 characters at most.")
    return types.char(length)


functions("concat(varchar...) -> varchar", _concat)
for _family in (functions, operators):
    _family("concat(char(x), char(y)) -> char(x)", "({0} || {1})", result=_chars)
    _family("concat(char(x), varchar) -> varchar", of_char)
    _family("concat(varchar, char(x)) -> varchar", of_char)
functions("concat_ws(varchar, varchar, varchar...) -> varchar", "concat_ws({*})")
functions("concat_ws(varchar, varchar) -> varchar", "concat_ws({*})")
functions(
    "concat_ws(varchar, array(varchar)) -> varchar",
    "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN coalesce(array_to_string("
    'list_filter({1}, lambda "s$": "s$" IS NOT NULL), {0}), \'\') END',
)

macro(
    "t_delimiter(d)",
    "CASE WHEN d = '' THEN t_fail_text('The delimiter may not be the empty string') ELSE d END",
)
macro(
    "t_limit(n)",
    "CASE WHEN n <= 0 THEN CAST(t_fail('Limit must be positive') AS BIGINT) "
    "WHEN n > 2147483647 THEN CAST(t_fail('Limit is too large') AS BIGINT) ELSE n END",
)
macro("t_split(s, d, n)", "t_parts(string_split(s, d), d, n)")
macro(
    "t_parts(parts, d, n)",
    "CASE WHEN len(parts) <= n THEN parts ELSE list_concat(parts[1:n - 1],"
    " [array_to_string(parts[n:], d)]) END",
)
functions("split(varchar(x), varchar) -> array(varchar(x))", "string_split({0}, t_delimiter({1}))")
functions(
    "split(varchar(x), varchar, bigint) -> array(varchar(x))",
    "t_split({0}, t_delimiter({1}), t_limit({2}))",
)
macro(
    "t_part(n)",
    "CASE WHEN n <= 0 THEN CAST(t_fail('Index must be greater than zero') AS BIGINT) ELSE n END",
)
macro(
    "t_split_part(s, d, n)",
    "CASE WHEN d <> '' THEN string_split(s, d)[n] ELSE t_characters(s)[n] END",
)
functions(
    "split_part(varchar(x), varchar, bigint) -> varchar(x)", "t_split_part({0}, {1}, t_part({2}))"
)

functions(
    "strpos(varchar, varchar) -> bigint",
    "CASE WHEN {1} = '' AND {0} IS NOT NULL THEN 1 ELSE instr({0}, {1}) END",
)


@python("t_strpos(VARCHAR, VARCHAR, BIGINT)", "BIGINT", pa.int64())
def _strpos(value: str, part: str, occurrence: int) -> int:
    if occurrence == 0:
        raise ValueError("'instance' must be a positive or negative number.")
    if not part:
        return 1
    place = -1 if occurrence > 0 else len(value)
    for _ in range(abs(occurrence)):
        if occurrence > 0:
            place = value.find(part, place + 1)
        else:
            place = value.rfind(part, 0, place + len(part) - 1)
        if place < 0:
            return 0
    return place + 1


functions("strpos(varchar, varchar, bigint) -> bigint", "t_strpos({0}, {1}, {2})")
functions("starts_with(varchar, varchar) -> boolean", "starts_with({0}, {1})")

macro(
    "t_between(s, r)",
    "r || coalesce(array_to_string(list_transform(t_characters(s), lambda "
    "\"c$\": \"c$\" || r), ''), '')",
)
macro(
    "t_replace(s, q, r)",
    "CASE WHEN s IS NULL THEN NULL WHEN q = '' THEN t_between(s, r) ELSE replace(s, q, r) END",
)
functions("replace(varchar(x), varchar) -> varchar(x)", "replace({0}, {1}, '')")


def _replaced(bound: Binding) -> Type:
    """A varchar of the length that Trino declares: the other text before each letter, and last."""
    x, z = bound["x"], bound["z"]
    if not isinstance(x, int) or not isinstance(z, int):
        return types.VARCHAR
    length = x + z * (x + 1)
    return types.varchar(length) if length < 2**31 - 1 else types.VARCHAR


functions(
    "replace(varchar(x), varchar, varchar(z)) -> varchar(x)",
    "t_replace({0}, {1}, {2})",
    result=_replaced,
)
functions("translate(varchar, varchar, varchar) -> varchar", "translate({0}, {1}, {2})")

functions("chr(bigint) -> varchar(1)", "t_chr({0})")
macro(
    "t_chr(n)",
    "CASE WHEN n BETWEEN 0 AND 1114111 AND n NOT BETWEEN 55296 AND 57343 THEN "
    "chr(CAST(n AS INTEGER)) ELSE t_fail_text('Not a valid Unicode code point: ' || n) END",
)
functions("codepoint(varchar(1)) -> integer", "t_codepoint({0})")
macro(
    "t_codepoint(s)",
    "CASE WHEN length(s) = 1 THEN unicode(s) WHEN s IS NOT NULL THEN "
    "CAST(t_fail('Input string must be a single character string') AS INTEGER) END",
)


@python("t_levenshtein(VARCHAR, VARCHAR)", "BIGINT", pa.int64())
def _levenshtein(left: str, right: str) -> int:
    if len(left) * (len(right) - 1) > 1_000_000:  # as Trino has it
        raise ValueError("The combined inputs for Levenshtein distance are too large")
    row = list(range(len(right) + 1))
    for place, one in enumerate(left, 1):
        before, row[0] = row[0], place
        for other, letter in enumerate(right, 1):
            before, row[other] = (
                row[other],
                min(row[other] + 1, row[other - 1] + 1, before + (one != letter)),
            )
    return row[-1]


@python("t_hamming(VARCHAR, VARCHAR)", "BIGINT", pa.int64())
def _hamming(left: str, right: str) -> int:
    if len(left) != len(right):
        raise ValueError("The input strings to hamming_distance function must have the same length")
    return sum(one != other for one, other in zip(left, right, strict=True))


functions("levenshtein_distance(varchar, varchar) -> bigint", "t_levenshtein({0}, {1})")
functions("hamming_distance(varchar, varchar) -> bigint", "t_hamming({0}, {1})")


@python("t_normalize(VARCHAR, VARCHAR)", "VARCHAR", pa.string())
def _normalize(value: str, form: str) -> str:
    return unicodedata.normalize(form, value)  # type: ignore[arg-type]


functions("normalize(varchar, varchar) -> varchar", "t_normalize({0}, {1})")


@python("t_from_utf8(BLOB, VARCHAR)", "VARCHAR", pa.string())
def _from_utf8(value: bytes, other: str) -> str:
    if len(other) > 1:
        raise ValueError("Replacement character string must empty or a single character")
    return value.decode("utf-8", "replace").replace("\ufffd", other)


functions("from_utf8(varbinary) -> varchar", "t_from_utf8({0}, chr(65533))")
functions("from_utf8(varbinary, varchar) -> varchar", "t_from_utf8({0}, {1})")
functions("from_utf8(varbinary, bigint) -> varchar", "t_from_utf8({0}, t_chr({1}))")


@python("t_luhn(VARCHAR)", "BOOLEAN", pa.bool_())
def _luhn(value: str) -> bool:
    if not value:
        return False
    if not value.isascii() or not value.isdigit():
        raise ValueError("A Luhn number has digits alone")
    digits = [int(each) for each in reversed(value)]
    doubled = [each if n % 2 == 0 else sum(divmod(each * 2, 10)) for n, each in enumerate(digits)]
    return sum(doubled) % 10 == 0


functions("luhn_check(varchar) -> boolean", "t_luhn({0})")


# By Commons Codec's US_ENGLISH.
_SOUNDS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230120022455012623010202", strict=True))


@python("t_soundex(VARCHAR)", "VARCHAR", pa.string())
def _soundex(value: str) -> str:
    letters = [letter for letter in value.upper() if letter.isalpha()]
    if unknown := [letter for letter in letters if letter not in _SOUNDS]:
        raise ValueError(f"The character is not mapped: {unknown[0]}")
    if not letters:
        return ""
    made, last = letters[0], _SOUNDS[letters[0]]
    for letter in letters[1:]:
        if letter in "HW":
            continue
        if _SOUNDS[letter] not in ("0", last):
            made += _SOUNDS[letter]
        last = _SOUNDS[letter]
    return made[:4].ljust(4, "0")


functions("soundex(varchar) -> varchar(4)", "t_soundex({0})")


for _name in ("trim", "ltrim", "rtrim"):
    functions(f"{_name}(char(x)) -> varchar(x)", of_char)
    functions(f"{_name}(char(x), varchar) -> varchar(x)", of_char)
for _name in ("substr", "substring"):
    functions(f"{_name}(char(x), bigint) -> varchar(x)", of_char)
    functions(f"{_name}(char(x), bigint, bigint) -> varchar(x)", of_char)
