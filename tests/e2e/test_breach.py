"""Real bugs of memory, planted in programs of their own: what they give, what stops them, who is told, what others lose (P1, P5, P11).

tests/breach plays all of them in every role; these are the ones that tell the most.
"""
import json
import os
import subprocess
import sys

import pytest

from harness.sluis import IS_SANITIZED, ROOT, Sluis

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))

from breach import breach as breaches, place as places  # noqa: E402

pytestmark = [pytest.mark.skipif(IS_SANITIZED, reason="a planted bug is what a sanitizer ends"),
              pytest.mark.skipif(os.geteuid() != 0, reason="needs root: who holds which connection"),
              pytest.mark.skipif(os.uname().machine != "x86_64", reason="the chains are for x86-64")]


@pytest.fixture(scope="module", name="there")
def installation(scratch, ca):
    folder = os.path.join(scratch, "breach")
    os.mkdir(folder, 0o755)
    with places.Place(Sluis(os.path.join(folder, "sluis")), ca, folder) as place:
        yield breaches.Breach(place)


def play(there, role, name):
    """One play; what may never be has not been."""
    [found] = [one for one in breaches.PLAYS if one.name == name]
    row = there.run(role, found)
    assert not row.faults, row
    assert row.others_lost == 0 and row.failed == 0, row
    return row


@pytest.mark.limit(240)
@pytest.mark.parametrize("role, name, by", [
    ("edge", "index into an array on the stack", "trapping check"),
    ("edge", "copy into an array of known size", "fortified call"),
    ("cell", "stack overflow, blind", "stack protector"),
    ("cell", "stack overflow, returns into own bytes", "data is not executable"),
    ("dialer", "stack overflow, blind", "stack protector"),
    ("authority", "stack overflow, blind", "stack protector"),
    ("config", "stack overflow, blind", "stack protector"),
])
def test_a_bug_is_stopped_and_told(there, role, name, by):
    row = play(there, role, name)
    assert row.stopped_by == by, row
    assert row.event == ("cell.crashed" if role == "cell" else "role.crashed") and "SIG" in row.detail and "pid " in row.detail, row
    if role == "cell":
        assert row.origin.startswith("127.0.0.1:"), row  # who did it


@pytest.mark.limit(240)
def test_code_that_is_there_already_starts_no_program(there):
    """A real one in two steps: the stack tells the protector's word and where things are, and is then overwritten with a chain.
    It runs, as no compiler of Debian's stops returns; the kernel ends it at its first step outside (P5)."""
    for role in ("edge", "cell"):
        row = play(there, role, "stack overflow, returns into libc (ROP)")
        assert row.event == "sandbox.violation" and row.stopped_by == "seccomp" and row.has_died, row
        assert row.reached == "called write(), then execve()", row  # it can succeed: the test is not stopped by chance
        assert "type=1326" in row.detail, row


@pytest.mark.limit(240)
def test_what_nothing_stops_stays_inside(there):
    """A function pointer of another type, and an over-read of the stack: no crash, no alarm; nobody else notices either (P1)."""
    row = play(there, "cell", "type confusion, calls write()")
    assert (row.reached, row.stopped_by) in (("called write()", "nothing"), ("nothing", "CFI")), row
    row = play(there, "cell", "over-read of the stack, 1 KB")
    assert row.reached in ("read 1024 bytes", "nothing"), row


@pytest.mark.limit(300)
def test_a_planted_build_is_not_installed(folder):
    """Bugs in the programs themselves are for trying by hand: such a build says what it is, and nothing of it can be installed."""
    build, root = os.path.join(folder, "planted"), os.path.join(folder, "root")
    subprocess.run(["meson", "setup", build, ROOT, "-Dplanted=true"], check=True, stdout=subprocess.DEVNULL)
    ran = subprocess.run(["meson", "install", "--no-rebuild", "-C", build], capture_output=True, text=True, check=False,
                         env={**os.environ, "DESTDIR": root})
    assert ran.returncode != 0 and "planted bugs" in ran.stdout + ran.stderr, ran
    assert not os.path.exists(root), os.listdir(root)
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        assert [row for row in json.load(file) if row["file"].endswith("tool/version.c") and "+planted" in row["command"]]
