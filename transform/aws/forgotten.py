"""Who is forgotten, as the lake's bucket tells it: all merges read it, `lake forget` writes it."""

import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress

from transform.aws.buckets import Bucket, Conflict
from transform.lake import tombstones
from transform.lake.tombstones import Forgotten, Tombstones

CONFLICTS = 8


class KeyLost(Exception):
    """There are tombstones, and nobody can tell whose."""

    def __init__(self) -> None:
        super().__init__(
            f"{tombstones.PEOPLE} tells who is forgotten, but its key {tombstones.KEY} is gone: "
            "bring back its last version. Nothing is merged before that."
        )


class Contended(Exception):
    """Others changed the tombstones each time; nothing is lost, and a next try may do it."""


def read(bucket: Bucket) -> tuple[Forgotten, str | None]:
    """Give who is forgotten, and the ETag of that. Where nobody is, it takes one request.

    Raises `KeyLost`.
    """
    found = bucket.read(tombstones.PEOPLE)
    if found is None:
        return Forgotten(), None
    people = tombstones.decode(found[0]).people
    if not people:
        return Forgotten(), found[1]
    key = bucket.read(tombstones.KEY)
    if key is None:
        raise KeyLost
    return Forgotten(key[0], people), found[1]


def key(bucket: Bucket) -> bytes:
    """Give the key; the first to ask makes it."""
    with suppress(Conflict):
        if bucket.read(tombstones.KEY) is None:
            if bucket.read(tombstones.PEOPLE) is not None:
                raise KeyLost
            bucket.put(tombstones.KEY, secrets.token_bytes(tombstones.KEY_BYTES), None)
    return bucket.get(tombstones.KEY)[0]


def add(bucket: Bucket, users: Iterable[str], now: int) -> Forgotten:
    """Add tombstones of people who are forgotten at a time (epoch milliseconds); gives all."""
    with_key = key(bucket)
    hashes = [tombstones.hashed(with_key, user) for user in users]
    changed = _change(bucket, lambda stands: stands.adding(hashes, now))
    return Forgotten(with_key, changed.people)


def lift(bucket: Bucket, users: Iterable[str]) -> int:
    """Remove the tombstones of people, if they have one; tells of how many."""
    forgotten, _ = read(bucket)
    if not forgotten.people:
        return 0
    had = [tombstones.hashed(forgotten.key, user) for user in users]
    _change(bucket, lambda stands: stands.without(had))
    return len(set(had) & forgotten.people.keys())


def _change(bucket: Bucket, how: Callable[[Tombstones], Tombstones]) -> Tombstones:
    for _ in range(CONFLICTS):
        found = bucket.read(tombstones.PEOPLE)
        stands = tombstones.decode(found[0]) if found else Tombstones()
        changed = how(stands)
        if changed == stands:
            return stands
        with suppress(Conflict):
            body = tombstones.encode(changed)
            bucket.put(tombstones.PEOPLE, body, found[1] if found else None)
            return changed
    raise Contended(f"{tombstones.PEOPLE} was changed by others {CONFLICTS} times.")
