"""Addresses and identifiers: https://trino.io/docs/current/functions/url.html, …/uuid.html

An address is read as java.net.URI reads it, by RFC 2396.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote_plus, unquote_to_bytes

import pyarrow as pa

from queries.engine.trino import types
from queries.engine.trino.helpers import macro, python
from queries.engine.trino.registry import Binding, Call, Family
from queries.engine.trino.types import Type

functions = Family()
operators = Family()

_ESCAPED = r"%[0-9A-Fa-f]{2}"
# Beyond ASCII, all but white space and controls.
_OTHER = r"\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e"
_OTHER += r"\u2060-\u2fff\u3001-\U0010ffff"
_PLAIN = rf"[A-Za-z0-9\-_.!~*'();:@&=+$,{_OTHER}]"
_PATH = re.compile(rf"(?:{_PLAIN}|/|{_ESCAPED})*")
_QUERY = re.compile(rf"(?:{_PLAIN}|[/?\[\]]|{_ESCAPED})*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*")
_PARTS = re.compile(
    r"(?:(?P<scheme>[^:/?#]*):)?(?P<rest>(?://(?P<authority>[^/?#]*))?"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?)(?:#(?P<fragment>.*))?",
    re.DOTALL,
)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_TOP = r"[A-Za-z](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_FOUR = r"(?:25[0-5]|2[0-4]\d|1\d\d|0?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|0?\d?\d)){3}"
_SERVER = re.compile(
    rf"(?:(?:[A-Za-z0-9\-_.!~*'();:&=+$,{_OTHER}]|{_ESCAPED})*@)?"
    rf"(?P<host>\[[0-9A-Fa-f:.]+\]|{_FOUR}|(?:{_LABEL}\.)*{_TOP}\.?)(?::(?P<port>[0-9]{{0,9}}))?"
)


@dataclass(frozen=True, slots=True)
class _Url:
    scheme: str = ""
    host: str = ""
    port: int | None = None
    path: str = ""
    query: str | None = None
    fragment: str = ""


def _decoded(text: str) -> str:
    return re.sub(
        rf"(?:{_ESCAPED})+", lambda f: unquote_to_bytes(f[0]).decode("utf-8", "replace"), text
    )


@lru_cache(maxsize=4096)
def _read(url: str) -> _Url | None:
    """The parts of an address; None for what is none."""
    found = _PARTS.fullmatch(url)
    if found is None or not url:
        return _Url() if url == "" else None
    scheme, rest, fragment = found["scheme"], found["rest"], found["fragment"]
    if scheme is not None and not _SCHEME.fullmatch(scheme):
        return None
    if fragment is not None and not _QUERY.fullmatch(fragment):
        return None
    told = _decoded(fragment or "")
    if scheme is not None and not rest.startswith("/"):
        # Opaque, such as mailto:somebody@example.com.
        return _Url(scheme, fragment=told) if rest and _QUERY.fullmatch(rest) else None
    path, query, authority = found["path"], found["query"], found["authority"]
    if not _PATH.fullmatch(path) or (query is not None and not _QUERY.fullmatch(query)):
        return None
    host, port = "", None
    if authority is not None:
        if not authority and not path and query is None and fragment is None:
            return None
        server = _SERVER.fullmatch(authority)
        if server is not None:
            host, port = server["host"], int(server["port"]) if server["port"] else None
        elif not re.fullmatch(rf"(?:{_PLAIN}|{_ESCAPED})*", authority):
            return None
    return _Url(scheme or "", host, port, _decoded(path), query, told)


@python("t_url_protocol(VARCHAR)", "VARCHAR", pa.string())
def _protocol(url: str) -> str | None:
    return None if (found := _read(url)) is None else found.scheme


@python("t_url_host(VARCHAR)", "VARCHAR", pa.string())
def _host(url: str) -> str | None:
    return None if (found := _read(url)) is None else found.host


@python("t_url_port(VARCHAR)", "BIGINT", pa.int64())
def _port(url: str) -> int | None:
    return None if (found := _read(url)) is None else found.port


@python("t_url_path(VARCHAR)", "VARCHAR", pa.string())
def _path(url: str) -> str | None:
    return None if (found := _read(url)) is None else found.path


@python("t_url_query(VARCHAR)", "VARCHAR", pa.string())
def _query(url: str) -> str | None:
    return None if (found := _read(url)) is None else _decoded(found.query or "")


@python("t_url_fragment(VARCHAR)", "VARCHAR", pa.string())
def _fragment(url: str) -> str | None:
    return None if (found := _read(url)) is None else found.fragment


@python("t_url_parameter(VARCHAR, VARCHAR)", "VARCHAR", pa.string())
def _parameter(url: str, name: str) -> str | None:
    found = _read(url)
    if found is None or found.query is None:
        return None
    for pair in found.query.split("&"):
        key, _, value = pair.partition("=")
        if key == name:
            return unquoted(value)
    return None


@python("t_url_decode(VARCHAR)", "VARCHAR", pa.string())
def _unquoted(value: str) -> str:
    return unquoted(value)


def unquoted(value: str) -> str:
    """What a form sent, of its escapes; `ValueError` where these are none."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", value):
        raise ValueError(f"URLDecoder: Illegal hex characters in escape (%) pattern: {value}")
    return _decoded(value.replace("+", " "))


@python("t_url_encode(VARCHAR)", "VARCHAR", pa.string())
def _quoted(value: str) -> str:
    return quote_plus(value, safe="-_.*").replace("~", "%7E")


# The commonest addresses, without escapes: DuckDB reads them, as they are.
_WORD = "[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_COMMON = (
    rf"^(https?)://((?:{_WORD}\.)+[A-Za-z](?:[A-Za-z0-9]*))(?::([0-9]{{1,5}}))?"
    r"((?:/[A-Za-z0-9/_.~-]*)?)(?:\?([A-Za-z0-9=&_.~-]*))?(?:#([A-Za-z0-9_.~-]*))?$"
)
_PLACES = {"protocol": 1, "host": 2, "path": 4, "query": 5, "fragment": 6}
macro("t_url_common(url)", f"regexp_matches(url, '{_COMMON}')")
macro("t_url_part(url, place)", f"regexp_extract(url, '{_COMMON}', place)")
macro(
    "t_url_named(query, pattern)",
    "CASE WHEN regexp_matches(query, pattern) THEN regexp_extract(query, pattern, 1) END",
)


def _named(call: Call) -> str:
    name, exact = call.args[1].value, f"t_url_parameter({call[0]}, {call[1]})"
    if not isinstance(name, str) or not re.fullmatch("[A-Za-z0-9_-]+", name):
        return exact
    found = f"t_url_named('&' || t_url_part({call[0]}, 5), '&{name}(?:=([^&]*))?(?:&|$)')"
    return f"CASE WHEN t_url_common({call[0]}) THEN {found} ELSE {exact} END"


for _name, _place in _PLACES.items():
    functions(
        f"url_extract_{_name}(varchar(x)) -> varchar(x)",
        f"CASE WHEN t_url_common({{0}}) THEN t_url_part({{0}}, {_place}) "
        f"ELSE t_url_{_name}({{0}}) END",
    )
functions(
    "url_extract_port(varchar) -> bigint",
    "CASE WHEN t_url_common({0}) THEN TRY_CAST(t_url_part({0}, 3) AS BIGINT) "
    "ELSE t_url_port({0}) END",
)
functions("url_extract_parameter(varchar(x), varchar) -> varchar(x)", _named)
functions("url_decode(varchar(x)) -> varchar(x)", "t_url_decode({0})")


def _twelvefold(bound: Binding) -> Type:
    length = bound["x"]
    return types.varchar(min(2147483647, length * 12) if isinstance(length, int) else None)


functions("url_encode(varchar(x)) -> varchar(x)", "t_url_encode({0})", result=_twelvefold)
functions("uuid() -> uuid", "uuid()")
