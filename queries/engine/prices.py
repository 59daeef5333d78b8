"""What Athena bills for the bytes it scans."""

from queries.engine import sizes

# 5 USD a TB scanned in most regions, bytes rounded up to whole megabytes, 10 MB at least a query
# (https://aws.amazon.com/athena/pricing/). AWS does not say there whether these are powers of 1000
# or of 1024; powers of 1000 never tell too few dollars.
_MEGABYTE = 10**6
_LEAST_MEGABYTES = 10
_DOLLARS_A_MEGABYTE = 5 / 10**6


def billed(scanned: int) -> int:
    """The bytes Athena bills for those it scanned."""
    return max(_LEAST_MEGABYTES, -(-scanned // _MEGABYTE)) * _MEGABYTE


def dollars(scanned: int) -> float:
    """The US dollars Athena bills for the bytes it scanned."""
    return billed(scanned) // _MEGABYTE * _DOLLARS_A_MEGABYTE


def priced(scanned: int | None) -> str:
    """What an answer cost, in words; None: its bytes were not told."""
    if scanned is None:
        return "what Athena would scan cannot be told"
    return f"{sizes.shown(scanned)} scanned, {dollars(scanned):.6f} USD on Athena"
