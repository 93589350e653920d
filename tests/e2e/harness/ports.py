"""Loopback ports that no two tests are given at the same time, across processes.

Below the ephemeral range, so that no outgoing connection of a test takes one in between.
"""
import fcntl
import os
import socket

FIRST, LAST = 15000, 31000
_COUNTER = f"/tmp/sluis-e2e-ports-{os.getuid()}"


def _is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def free_port():
    """A port that was free a moment ago and that no other caller gets for a long while."""
    with open(_COUNTER, "a+", encoding="ascii") as counter:
        fcntl.flock(counter, fcntl.LOCK_EX)
        counter.seek(0)
        port = int(counter.read() or FIRST)
        for _ in range(LAST - FIRST):
            port = port + 1 if port + 1 < LAST else FIRST
            if _is_free(port):
                break
        counter.seek(0)
        counter.truncate()
        counter.write(str(port))
    return port
