"""Tombstones: who is forgotten, as keyed hashes, and their likes made anonymous.

A plain hash of an id tells whoever tries ids whether it is theirs. So HMAC-SHA256 (RFC 2104) with a
random key of the stage makes it, and without that key a tombstone tells nothing.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute

from transform.lake.erasure import Texts

KEY = "keys/forget"
PEOPLE = "forgotten/tombstones.json"
"""Where the key, and the tombstones, rest in the lake's bucket."""
KEY_BYTES = 32
MOST = 1_000
"""People of whom the texts of other people's likes are searched at a time."""

pc: Any = pyarrow.compute  # its types do not know of Python values where arrays may stand


class BadKey(ValueError):
    """A key that no tombstones were made with."""


class Tombstones(msgspec.Struct, frozen=True):
    """Since when (epoch milliseconds) who is forgotten, by the keyed hash of their id."""

    people: dict[str, int] = {}

    def adding(self, hashes: Iterable[str], now: int) -> "Tombstones":
        """Give them with more; whoever is forgotten already is so since the first time."""
        return Tombstones(dict.fromkeys(hashes, now) | self.people)

    def without(self, hashes: Iterable[str]) -> "Tombstones":
        """Give them without some."""
        gone = set(hashes)
        return Tombstones({one: since for one, since in self.people.items() if one not in gone})


def encode(tombstones: Tombstones) -> bytes:
    """Give them as JSON: the same bytes for the same tombstones."""
    return msgspec.json.encode(tombstones, order="deterministic")


def decode(data: bytes) -> Tombstones:
    """Give those that JSON holds."""
    return msgspec.json.decode(data, type=Tombstones)


def hashed(key: bytes, user: str) -> str:
    """Give the keyed hash of an id, in hexadecimal."""
    if len(key) != KEY_BYTES:
        raise BadKey(f"The key {KEY} has {len(key)} bytes, not {KEY_BYTES}.")
    return hmac.digest(key, user.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Who is forgotten, and, where somebody is being forgotten right now, their ids in plain."""

    key: bytes = b""
    people: Mapping[str, int] | None = None
    texts: Texts | None = None

    def __bool__(self) -> bool:
        """Tell that anybody is."""
        return bool(self.people or self.texts)

    def among(self, users: Iterable[str | None]) -> list[str]:
        """Give those of some ids that are forgotten."""
        people, key = self.people or {}, self.key
        now = frozenset(self.texts.users) if self.texts else frozenset()
        return [
            user
            for user in users
            if user is not None and (user in now or (people and hashed(key, user) in people))
        ]

    def anonymous(self, rows: pa.Table) -> pa.Table:
        """Give likes without who made them, where they are forgotten, in their order.

        What else is told of a like, in `extra`, loses the id as well; of other people's likes it
        does where ids are known in plain, for in a text no hash finds them.
        """
        if not self or not len(rows):
            return rows
        known = rows["user_id"]
        users = self.among(pc.unique(known).to_pylist())
        ours = pc.fill_null(pc.is_in(known, pa.array(users, pa.string())), False)
        rows = _extras(rows, ours, {user: Texts([user]) for user in users}.__getitem__)
        if texts := self.texts:
            others = pc.fill_null(texts.may_hold(rows["extra"]), False)
            rows = _extras(rows, others, lambda _: texts)
        if not users:
            return rows
        return _with(rows, "user_id", pc.if_else(ours, pa.scalar(None, known.type), known))


NOBODY = Forgotten()


def _extras(rows: pa.Table, which: Any, of: Callable[[Any], Texts]) -> pa.Table:
    """Take the ids out of `extra` in some rows, those that are to be found by the row's user."""
    extra = rows["extra"].combine_chunks()
    which = pc.and_(which, extra.is_valid()).combine_chunks()
    if not pc.any(which).as_py():
        return rows
    users, texts = (rows[name].filter(which).to_pylist() for name in ("user_id", "extra"))
    told = [
        of(user).cleaned(str(text).encode()).decode()
        for user, text in zip(users, texts, strict=True)
    ]
    return _with(rows, "extra", pc.replace_with_mask(extra, which, pa.array(told, extra.type)))


def _with(rows: pa.Table, name: str, values: Any) -> pa.Table:
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, rows.schema.field(place), values)
