"""IP addresses, held as their 16 bytes: https://trino.io/docs/current/functions/ipaddress.html

By Trino's `IpAddressOperators` and `IpAddressFunctions`, which read text as Guava's
`InetAddresses` does; an address of IPv4 is one of IPv6 behind ::ffff.
"""

import ipaddress
from ipaddress import IPv4Address, IPv6Address

import pyarrow as pa

from queries.engine.trino import casts
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.registry import Family
from queries.engine.trino.typed import Typed
from queries.engine.trino.types import Type

functions = Family()
operators = Family()

_MAPPED = b"\x00" * 10 + b"\xff\xff"


def _read(value: str) -> IPv4Address | IPv6Address:
    if "%" in value:  # Python takes a zone behind it
        raise ValueError(f"Cannot cast value to IPADDRESS: {value}")
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        raise ValueError(f"Cannot cast value to IPADDRESS: {value}") from None


def _bytes(address: IPv4Address | IPv6Address) -> bytes:
    return _MAPPED + address.packed if address.version == 4 else address.packed


def _address(value: bytes) -> IPv4Address | IPv6Address:
    """The address of 16 bytes; of IPv4 where it is behind ::ffff."""
    return ipaddress.ip_address(value[12:] if value.startswith(_MAPPED) else value)


@python("t_ip(VARCHAR)", "BLOB", pa.binary())
def _of_text(value: str) -> bytes:
    return _bytes(_read(value))


@python("t_ip_text(BLOB)", "VARCHAR", pa.string())
def _text(value: bytes) -> str:
    return str(_address(value))


@python("t_ip_within(VARCHAR, BLOB)", "BOOLEAN", pa.bool_())
def _within(network: str, value: bytes) -> bool:
    base, slash, length = network.rpartition("/")
    if not slash:
        raise ValueError("Invalid CIDR")
    try:
        start = _address(_bytes(_read(base)))
    except ValueError:
        raise ValueError("Invalid network IP address") from None
    bits = start.max_prefixlen
    if not length.lstrip("+").isdecimal() or int(length) > bits:
        raise ValueError("Invalid prefix length")
    address = _address(value)
    rest = bits - int(length)
    return address.version == start.version and int(address) >> rest == int(start) >> rest


macro(
    "t_ip_bytes(x)",
    "CASE WHEN octet_length(x) = 16 OR x IS NULL THEN x WHEN octet_length(x) = 4 THEN "
    "unhex('00000000000000000000FFFF') || x "
    "ELSE encode(t_fail_text('Invalid IP address binary length: ' || octet_length(x))) END",
)


@casts.define("varchar", "ipaddress")
def _text_to_address(value: Typed, _: Type) -> str:
    return f"t_ip({value.sql})"


@casts.define("varbinary", "ipaddress")
def _bytes_to_address(value: Typed, _: Type) -> str:
    return f"t_ip_bytes({value.sql})"


@casts.define("ipaddress", "varchar")
def _address_to_text(value: Typed, target: Type) -> str:
    return casts.bounded(f"t_ip_text({value.sql})", target)


@casts.define("ipaddress", "varbinary")
def _address_to_bytes(value: Typed, _: Type) -> str:
    return value.sql


functions("contains(varchar, ipaddress) -> boolean", "t_ip_within({0}, {1})")
