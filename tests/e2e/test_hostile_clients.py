"""Every budget and limit of THREATS A7 and A22, attacked as hard as this machine can while others ask: tests/hostile has the
attacks, what is measured and what may be lost. The long form is `make hostile`."""
import os
import sys

import pytest

from harness import sluis as instance

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))

from hostile import hostile  # noqa: E402

SECONDS = 0.5
# One of a kind; the rest in the long form.
SHORT = ["rapid reset", "made you reset: increment 0", "made you reset: malformed requests", "CONTINUATION, empty", "header bomb",
         "SETTINGS, windows of 100 streams", "PING", "empty DATA", "streams beyond the limit", "zero windows", "slow head", "slow body",
         "1: slow head", "1: slow body", "1: no HTTP", "idle", "TLS: idle in the handshake"]


@pytest.fixture(name="field", scope="module")
def start_field(scratch):
    folder = os.path.join(scratch, "hostile")
    os.makedirs(folder, mode=0o755)
    with hostile.Field(folder, instance.BUILD) as field:
        yield field


@pytest.mark.parametrize("name", SHORT)
def test_an_attack_costs_others_little(field, name):
    """Others lose a tenth of their answers at most, memory stays under its ceiling, the attacker ends with the right code, is
    counted, and is one event."""
    result, wrong = field.judge(next(one for one in hostile.ATTACKS if one.name == name), SECONDS, tries=3)
    assert not wrong, f"{wrong}\n{hostile.HEADING}\n{result.row()}"


def test_nothing_is_left_of_them(field):
    """Memory and descriptors come back."""
    kilobytes, descriptors = field.settle()
    assert kilobytes < hostile.AFTER_MOST_KB and descriptors < 50, (kilobytes, descriptors)
    assert field.polite(0.5)[1] == 0
