"""Bits, and numbers as text in other bases: https://trino.io/docs/current/functions/bitwise.html"""

import pyarrow as pa

from queries.engine.trino.helpers import macro, python
from queries.engine.trino.registry import Family
from queries.engine.trino.types import INTEGERS

functions = Family()
operators = Family()


# Numbers as text in other bases.
_FIGURES = "0123456789abcdefghijklmnopqrstuvwxyz"


_PREFIXES = {2: "0b", 8: "0o", 16: "0x"}


def _radix(radix: int) -> int:
    if not 2 <= radix <= 36:
        raise ValueError("Radix must be between 2 and 36")
    return radix


@python("t_to_base(BIGINT, BIGINT)", "VARCHAR", pa.string())
def _to_base(value: int, radix: int) -> str:
    _radix(radix)
    made, rest = "", abs(value)
    while rest or not made:
        rest, figure = divmod(rest, radix)
        made = _FIGURES[figure] + made
    return f"-{made}" if value < 0 else made


@python("t_from_base(VARCHAR, BIGINT)", "BIGINT", pa.int64())
def _from_base(value: str, radix: int) -> int:
    _radix(radix)
    # Python takes 0x and the like, and strokes between figures.
    prefix = value.lstrip("+-")[:2].lower()
    if value.isascii() and value.lstrip("+-").isalnum() and prefix != _PREFIXES.get(radix):
        try:
            found = int(value, radix)
        except ValueError:
            found = 2**63
        if -(2**63) <= found < 2**63:
            return found
    raise ValueError(f"Not a valid base-{radix} number: {value}")


functions("to_base(bigint, bigint) -> varchar(64)", "t_to_base({0}, {1})")
functions("from_base(varchar, bigint) -> bigint", "t_from_base({0}, {1})")


# Bits.
functions("bitwise_and(bigint, bigint) -> bigint", "({0} & {1})")
functions("bitwise_or(bigint, bigint) -> bigint", "({0} | {1})")
functions("bitwise_xor(bigint, bigint) -> bigint", "xor({0}, {1})")
functions("bitwise_not(bigint) -> bigint", "(~{0})")
macro(
    "t_bit_count(x, n)",
    "CASE WHEN n NOT BETWEEN 2 AND 64 THEN CAST(t_fail('Bits specified in bit_count must be "
    "between 2 and 64, got ' || n) AS BIGINT) WHEN x::HUGEINT NOT BETWEEN -t_two(n - 1) AND "
    "t_two(n - 1) - 1 THEN CAST(t_fail('Number must be representable with the bits specified. ' "
    "|| x || ' cannot be represented with ' || n || ' bits') AS BIGINT) "
    "WHEN x < 0 THEN bit_count(x::HUGEINT + t_two(n)) ELSE bit_count(x) END",
)
macro("t_two(n)", "(1::HUGEINT << CAST(n AS HUGEINT))")
functions("bit_count(bigint, bigint) -> bigint", "t_bit_count({0}, {1})")
macro(
    "t_shift(n)",
    "CASE WHEN n < 0 THEN CAST(t_refuse('A shift by a negative number is not known here') "
    "AS BIGINT) ELSE n END",
)
# A number of w bits, of one that has no sign.
macro("t_signed(u, w)", "CASE WHEN u >= t_two(w - 1) THEN u - t_two(w) ELSE u END")
macro("t_unsigned(x, w)", "CASE WHEN x < 0 THEN x::HUGEINT + t_two(w) ELSE x::HUGEINT END")
macro(
    "t_left_shift(x, n, w)",
    "CASE WHEN t_shift(n) >= w THEN 0 "
    "ELSE t_signed(t_unsigned(x, w) % t_two(greatest(w - n, 0)) * t_two(greatest(n, 0)), w) END",
)
macro(
    "t_right_shift(x, n, w)",
    "CASE WHEN t_shift(n) >= w THEN 0 "
    "ELSE t_signed(t_unsigned(x, w) // t_two(greatest(n, 0)), w) END",
)
macro(
    "t_right_shift_arithmetic(x, n, w)",
    "CASE WHEN t_shift(n) >= w THEN CASE WHEN x < 0 THEN -1 ELSE 0 END "
    "ELSE x::BIGINT >> greatest(n, 0) END",
)
for _kind, _width in zip(INTEGERS, (8, 16, 32, 64), strict=True):
    for _name in ("left_shift", "right_shift", "right_shift_arithmetic"):
        functions(
            f"bitwise_{_name}({_kind}, bigint) -> {_kind}",
            f"CAST(t_{_name}({{0}}, {{1}}, {_width}) AS {{type}})",
        )
