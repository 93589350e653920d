"""A store whose disk is full: what is there goes on, what ends ends (P7), nothing is believed that was not written (P11)."""
import json
import os
import signal
import subprocess

import pytest

from harness import gateway as gateways
from harness.wait import until

STAFF = {"access": {"allow": {"group": "staff"}}}


@pytest.fixture(name="disk")
def small_disk(sluis):
    """The store's folder is a disk of its own, of two megabytes."""
    if os.geteuid() != 0:
        pytest.skip("a disk of its own is root's to mount")
    folder = os.path.join(sluis.state, "authority")
    os.makedirs(folder, mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "sluis-test", folder], check=True)
    yield folder
    sluis.stop()
    subprocess.run(["umount", folder], check=True)


def fill(folder):
    path = os.path.join(folder, "ballast")
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    return path


def is_in(person, gate):
    return person.once(gate.url("/", "cases"), headers={"Sec-Fetch-Mode": "cors"}).status


def events(sluis, action):
    lines = sluis.run("audit", "tail", "-n", "400", "--json").stdout.splitlines()
    return [e for e in map(json.loads, lines) if e.get("action") == action]


def sessions(sluis):
    return json.loads(sluis.run("session", "list", "--json").stdout)


def test_full(disk, sluis, ca, origin):
    """Who is in stays in; who is to leave leaves at once, and stays out when the authority starts again; nobody comes in."""
    gate = gateways.Gateway(sluis, ca, {"cases": (origin().address, STAFF)}).start()
    names = ("jan", "piet", "klaas")
    people = [gate.person(name, "staff") for name in names]
    jan, piet, klaas = people
    assert [person.go(gate.url("/", "cases")).status for person in people] == [200, 200, 200]
    ballast = fill(disk)
    assert [is_in(person, gate) for person in people] == [200, 200, 200]
    for words in (("session", "revoke", "--user", "jan", "--yes"), ("user", "disable", "piet", "--yes")):
        ran = sluis.run(*words)
        assert ran.returncode == 1 and "the sessions are cut" in ran.stderr, (words, ran)
    ran = sluis.run("user", "add", "kees")
    assert ran.returncode == 1 and "can't be written" in ran.stderr
    assert [is_in(person, gate) for person in people] == [401, 401, 200]
    with gateways.Person(gate, "jan") as again:
        again.secret, again.password, again.used_step = jan.secret, jan.password, jan.used_step
        at = again.log_in()
        assert at.status == 503 and "__Host-sluis" not in again.cookies[gateways.PORTAL], (at.status, at.path)

    (pid,) = sluis.pids("authority")
    os.kill(pid, signal.SIGKILL)
    until(lambda: sluis.pids("authority") not in ([pid], []), 10)
    until(lambda: is_in(klaas, gate) == 200, 10)
    assert [is_in(person, gate) for person in people] == [401, 401, 200], "what was cut stays cut"

    os.unlink(ballast)
    until(lambda: [row["user"] for row in sessions(sluis)] == ["klaas"], 20)
    assert {e["object"] for e in events(sluis, "session.cut")} == {"1 session"}
    assert all(e["kind"] == "alarm" for e in events(sluis, "session.cut"))
    assert sluis.run("user", "disable", "piet", "--yes").returncode == 0
    sluis.stop()
    sluis.start()
    until(lambda: is_in(klaas, gate) == 200, 20)
    assert [is_in(person, gate) for person in people] == [401, 401, 200]
    assert jan.log_in(gate.url("/", "cases")).status == 200, "the store takes people again"
    for person in people:
        person.close()
