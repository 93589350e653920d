"""The short form of chaos (tests/chaos): faults by a fixed seed, under public and gateway traffic (P6, P7, P8, P9, P11).

Longer limits than `make chaos` has: this machine may be busy with other tests.
"""
import os
import subprocess
import sys

import pytest

from harness.sluis import BUILD, IS_SANITIZED

CHAOS = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "chaos", "run")
SEED = 5592


def run(*words, within=20):
    return subprocess.run([sys.executable, CHAOS, "--build", BUILD, "--seed", str(SEED), *words], capture_output=True, text=True,
                          timeout=within, check=False)


def test_a_seed_is_an_order():
    first, second = run("--plan", "200"), run("--plan", "200")
    assert first.returncode == 0 and first.stdout == second.stdout and len(first.stdout.splitlines()) == 201
    other = subprocess.run([sys.executable, CHAOS, "--build", BUILD, "--seed", "1", "--plan", "200"], capture_output=True, text=True,
                           timeout=20, check=False)
    assert other.stdout != first.stdout


@pytest.mark.limit(150)
@pytest.mark.skipif(IS_SANITIZED, reason="what is limited to what it has needs more under a sanitizer")
def test_nothing_is_wrong_and_nothing_is_lost(capsys):
    ran = run("--count", "8", "--limit", "15", within=140)
    with capsys.disabled():
        print("\n" + "\n".join("  " + line for line in ran.stdout.splitlines()[-8:] if line))
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-3000:]
