"""17 July (make exercise), in its short form: an intrusion from the canary to the return (promises P7, P8, P9)."""
import os
import sys

import pytest

from harness.sluis import BUILD, IS_SANITIZED

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
from exercise import places, scenario  # noqa: E402  # pylint: disable=wrong-import-position


@pytest.mark.limit(240)
@pytest.mark.skipif(IS_SANITIZED, reason="a planted over-read is what a sanitizer ends")
def test_seventeenth_of_july(sluis, ca, origin, folder, capsys):
    exercise = scenario.Exercise(sluis, ca, origin, places.Loopback(), scenario.leaky_programs(BUILD, folder), quiet_s=5)
    rows = exercise.run()
    with capsys.disabled():
        print("\n" + scenario.table(rows))
    assert all(row.is_good for row in rows)
