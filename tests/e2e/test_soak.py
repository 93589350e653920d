"""The short form of the soak (tests/soak): mixed traffic, deaths, kills, reloads, drains; nothing fails that needn't (P11)."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))

from soak import soak as soaks  # noqa: E402


@pytest.mark.limit(120)
def test_nothing_fails_without_a_cause(folder):
    with soaks.Soak(folder) as soak:
        soak.run(30)
    assert not soak.unexplained(), soak.unexplained()[:10]
    assert {"get", "upload", "download", "tls", "h2", "websocket"} <= set(soak.done), soak.done
    assert {name for _, _, name in soak.faults} >= {"reload", "drain", "server dies", "edge killed"}
    slopes = soak.slopes()
    assert not slopes["eldest edge"][2] and not slopes["all"][2], slopes
