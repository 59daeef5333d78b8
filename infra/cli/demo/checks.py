"""What the demonstration compares: totals of the generator with those of the product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from pandas import DataFrame


class Ask(Protocol):
    """Runs a question, or Athena SQL, on the stage."""

    def __call__(self, question: str, /, **parameters: Any) -> DataFrame:
        """Give its rows."""


class Check(NamedTuple):
    """One total: what the generator knows, what the product says, whether all of it agrees."""

    what: str
    truth: int
    measured: int
    agrees: bool
