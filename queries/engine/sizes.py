"""Sizes as people write and read them: "100MB", "1.5 GB"."""

import re

from queries.engine.errors import BadParameter

# A prefix is a power of 1000, as AWS counts the least a query may be limited to: the "10 MB" of
# its console are 10,000,000 in its API (BytesScannedCutoffPerQuery, Amazon Athena API Reference).
_UNITS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")


def parse(text: str) -> int:
    """The bytes that "100MB", "1.5 GB", "64 MiB" or "5000" mean, else `BadParameter`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or match[2].lower() not in _UNITS:
        raise BadParameter(f'"{text}" is not a size such as 100MB or 1.5GB.')
    return round(float(match[1]) * _UNITS[match[2].lower()])


def shown(size: int) -> str:
    """The bytes to three digits or so, with their unit."""
    if size < 1000:
        return f"{size} bytes" if size != 1 else "1 byte"
    scaled = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        scaled /= 1000
        if scaled < 999.95 or unit == "TB":
            break
    return f"{scaled:,.0f} {unit}" if scaled >= 99.95 else f"{scaled:.1f} {unit}"
