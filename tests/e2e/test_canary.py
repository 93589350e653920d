"""Tripwires: a worker that leaks is stopped before the leak has left it, kept as evidence, and replaced (P6, P11).

The leak is planted (tests/planted/leak.c): programs of their own, which no installation has.
"""
import json
import os
import re
import time

import pytest

from harness import memory
from harness.sluis import BUILD, IS_SANITIZED
from harness.wait import until
from harness.wire import Broken, client_tls, request

pytestmark = pytest.mark.skipif(IS_SANITIZED, reason="a planted over-read is what a sanitizer ends")


@pytest.fixture
def leaky(folder):
    """A directory of programs in which edges and cells leak."""
    place = os.path.join(folder, "programs")
    os.mkdir(place, 0o755)
    for name in os.listdir(BUILD):
        path = os.path.join(BUILD, name)
        if name.startswith("sluis-") and os.path.isfile(path) and os.access(path, os.X_OK):
            os.symlink(path, os.path.join(place, name))
    for role in ("edge", "spawner"):
        os.unlink(os.path.join(place, f"sluis-{role}"))
        os.symlink(os.path.join(BUILD, "tests", "planted", f"sluis-{role}-leaky"), os.path.join(place, f"sluis-{role}"))
    return ["--programs", place]


def log(sluis):
    """Every record so far."""
    folder, found = os.path.join(sluis.state, "audit"), []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jsonl"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                found += [json.loads(line) for line in file if line.endswith("\n")]
    return found


def alarms(sluis, action):
    return [record for record in log(sluis) if record.get("kind") == "alarm" and record["action"] == action]


def frozen(sluis):
    return [role for role in sluis.status()["roles"] if role["state"] == "frozen"]


def leak(sluis, count, **keywords):
    """Asks for count bytes of the worker's memory; what came."""
    with sluis.client(**keywords) as attacker:
        attacker.send(request("GET", "/", [("X-Planted-Echo", str(count))]))
        try:
            return attacker.to_end()
        except OSError:
            return attacker.buffer


def answers(sluis, within=2, **keywords):
    end = time.monotonic() + within
    while True:
        assert time.monotonic() < end, f"no answer after {within} s"
        try:
            if sluis.ask("/", **keywords).status == 200:
                return
        except (OSError, Broken):
            pass


def is_stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().split(") ")[1][0] == "T"


def test_a_leak_is_stopped_and_the_worker_is_replaced(sluis, site, origin, leaky):
    server = origin()
    sluis.start(site(server.address, edges=1), flags=leaky)
    with sluis.client() as other:
        assert other.ask("GET", "/").status == 200
        assert other.ask("GET", "/", fields=[("X-Planted-Echo", "2")]).status == 200  # of its own
        assert other.exactly(2) == b"2\r"
        assert len(leak(sluis, 100000)) < 1000, "what lies behind the head has left"
        answers(sluis)
        until(lambda: frozen(sluis))
        assert other.is_closed()  # not left hanging at a process that does nothing
    kept = frozen(sluis)
    assert [k["role"] for k in kept] == ["edge"] and is_stopped(kept[0]["pid"])
    assert memory.found_in(kept[0]["pid"], {"key": b"-----BEGIN PRIVATE KEY-----"})  # to be read by who may
    until(lambda: alarms(sluis, "worker.frozen"))
    told = alarms(sluis, "canary.leaked")[0]
    assert told["object"] == "edge[0]" and told["listener"] == "public" and told["route"] == "all/default"
    assert told["origin"].startswith("127.0.0.1:") and "session" in told["detail"]
    # Bounded: of three that leak, two are kept; each one is replaced
    for _ in range(2):
        gone = sluis.pids("edge")
        assert len(leak(sluis, 100000)) < 1000
        until(lambda before=gone: set(sluis.pids("edge")) - set(before))
        answers(sluis, within=5)
    assert len(frozen(sluis)) == 2 and not os.path.exists(f"/proc/{gone[-1]}")
    # Released by hand: its memory is gone
    assert sluis.run("alarms", "release", str(kept[0]["pid"])).returncode == 0
    until(lambda: not os.path.exists(f"/proc/{kept[0]['pid']}"))


def test_a_cell_that_leaks_is_kept_and_others_go_on(sluis, site, origin, ca, leaky):
    server, made = origin(), ca.issue("www.example.nl")
    tls = client_tls(ca.certificate)
    conf = site(server.address, listener={"protocol": "https", "isolation": "cell", "certificates": ["www"]},
                route={"listeners": ["public"]}, certificates=[{"name": "www", "chain": made.chain, "key": made.key}])
    sluis.start(conf, flags=leaky)
    with sluis.client(tls=tls) as other:
        assert other.ask("GET", "/").status == 200
        cells = set(sluis.pids("cell"))
        assert len(leak(sluis, 100000, tls=tls)) < 1000
        until(lambda: alarms(sluis, "worker.frozen"))
        assert other.ask("GET", "/").status == 200  # its cell is another process
        kept = [pid for pid in sluis.pids("cell") if pid not in cells]
        assert len(kept) == 1 and is_stopped(kept[0])
        assert alarms(sluis, "canary.leaked")[0]["object"] == alarms(sluis, "worker.frozen")[0]["object"]
        # Each process has canaries of its own: that of one is nowhere in another one
        token = re.search(rb"([A-Za-z0-9]{16}[A-Za-z0-9_-]{27}); Path=/; Secure; HttpOnly\r\nAuthorization: Bearer ",
                          memory.read_all(kept[0])).group(1)
        assert not [pid for pid in cells | set(sluis.pids("spawner")) if memory.found_in(pid, {"token": token})]
    assert sluis.run("alarms", "release", str(kept[0])).returncode == 0
    until(lambda: not os.path.exists(f"/proc/{kept[0]}"))
