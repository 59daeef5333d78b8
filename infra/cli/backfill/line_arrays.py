"""Lines as Arrow's arrays, and back, without an object of Python for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa


def numbers(given: Sequence[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Give whole numbers as an array: of a range without counting it up."""
    if isinstance(given, range):
        return np.arange(given.start, given.stop, dtype=np.int64)
    return np.array(given, np.int64)


def divided(data: bytes) -> pa.Array[Any]:
    """Give whole lines, each with its break; the last perhaps has none."""
    breaks = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
    open_line = [] if data.endswith(b"\n") or not data else [len(data)]
    bounds = np.concatenate(([0], breaks, open_line)).astype(np.int32)
    buffers = [None, pa.py_buffer(bounds.data), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary(), len(bounds) - 1, buffers)


def joined(texts: pa.Array[Any]) -> memoryview:
    """Give texts or bytes one after the other, none of which is null."""
    _, bounds, data = texts.buffers()
    wide = pa.types.is_large_string(texts.type)
    ends = np.frombuffer(memoryview(bounds or b""), np.int64 if wide else np.int32)
    return memoryview(data or b"")[ends[texts.offset] : ends[texts.offset + len(texts)]]
