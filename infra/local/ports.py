"""Ports of this machine's loopback address, where the local stage answers."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"


def free(port: int) -> bool:
    """Tell whether a server could listen on a port, one that was just given up included."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True


def any_free() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
