"""Tripwires: a worker that leaks is stopped before the leak has left it, kept as evidence, and replaced (P6, P11).

The leak is planted (tests/planted/leak.c): programs of their own, which no installation has.
"""
import base64
import json
import os
import random
import re
import signal
import time

import pytest

from harness import http2, memory
from harness.gateway import PORTAL, Gateway, Person
from harness.origin import answer
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


def open_alarms(sluis, *words):
    ran = sluis.run("alarms", "--json", *words)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


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
    # The alarm is kept, with what it means, until somebody closes it
    until(lambda: {"canary.leaked", "worker.frozen"} <= {alarm["action"] for alarm in open_alarms(sluis)})
    listed = {alarm["action"]: alarm for alarm in open_alarms(sluis)}
    leaked = listed["canary.leaked"]
    assert leaked["class"] == "canary" and leaked["count"] == 1 and leaked["writer"] == "edge[0]"
    assert "read out of bounds" in leaked["means"] and leaked["do_first"]
    assert sluis.run("alarms", "--check").returncode == 1
    shown = sluis.run("alarms", "show", str(leaked["number"])).stdout
    assert "canary.leaked" in shown and "means" in shown
    # It outlives an upgrade of the programs
    assert sluis.run("upgrade").returncode == 0
    assert [k["pid"] for k in frozen(sluis)] == [kept[0]["pid"]] and is_stopped(kept[0]["pid"])
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
    assert sluis.run("alarms", "release", "1").returncode == 1
    # Closed with a reason, by somebody; it outlives the authority and a restart
    assert sluis.run("alarms", "close", str(leaked["number"])).returncode == 2
    assert sluis.run("alarms", "close", str(leaked["number"]), "--reason", "it was planted").returncode == 0
    assert sluis.run("alarms", "close", str(leaked["number"]), "--reason", "again").returncode == 1
    until(lambda: [one for one in log(sluis) if one["action"] == "alarm.closed"])
    for role in sluis.pids("authority"):
        os.kill(role, signal.SIGKILL)
    until(lambda: sluis.run("alarms").returncode == 0)
    assert leaked["number"] not in [alarm["number"] for alarm in open_alarms(sluis)]
    [gone] = [alarm for alarm in open_alarms(sluis, "--all") if alarm["number"] == leaked["number"]]
    assert gone["state"] == "closed" and gone["reason"] == "it was planted" and gone["closed_by"].startswith("uid:")


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


def test_a_leak_over_http2(sluis, site, origin, leaky):
    """The text of a stream is searched before it becomes frames: in them a header's bytes are coded."""
    server = origin()
    sluis.start(site(server.address, edges=1, listener={"http2": True}), flags=leaky)
    with http2.Client(sluis.port()) as client:
        assert client.ask("/").status == 200
        try:
            got = client.ask("/", fields=[("x-planted-echo", "100000")])
            assert len(got.body) < 1000
        except (OSError, AssertionError, EOFError):
            pass
    until(lambda: alarms(sluis, "canary.leaked"))
    answers(sluis)


def test_a_leak_into_what_is_compressed(sluis, site, origin, leaky):
    server = origin(lambda request, _: answer(b"a line of text\n" * 1000, fields=[("Content-Type", "text/plain")]))
    sluis.start(site(server.address, edges=1, route={"compress": True}), flags=leaky)
    with sluis.client() as client:
        assert client.ask("GET", "/", fields=[("Accept-Encoding", "gzip")]).header("Content-Encoding") == "gzip"
        client.send(request("GET", "/", [("Accept-Encoding", "gzip"), ("X-Planted-Fill", "100000")]))
        with pytest.raises((OSError, Broken, EOFError)):
            client.response()
    until(lambda: alarms(sluis, "canary.leaked"))
    answers(sluis)


def test_ordinary_traffic_raises_no_alarm(sluis, site, origin):
    """Random bodies both ways, echoed, compressed, in pieces, over both versions; a reload in between."""
    def echo(request, _):
        return answer(request.body + request.raw, fields=[("Content-Type", "text/plain")])

    server = origin(echo)
    conf = site(server.address, listener={"http2": True}, route={"compress": True})
    sluis.start(conf)
    end = time.monotonic() + 3
    with sluis.client() as client, http2.Client(sluis.port()) as streams:
        while time.monotonic() < end:
            for size in (0, 1, 100, 5000, 70000, 200000):
                body = os.urandom(size)
                got = client.ask("POST", "/", body=body, fields=[("Accept-Encoding", random.choice(["gzip", "identity"]))])
                assert got.status == 200
                text = base64.b64encode(body)
                got = client.ask("POST", "/", body=text)
                assert got.status == 200 and got.body.startswith(text)
                assert streams.ask("/", method="POST", body=body).status == 200
            assert sluis.reload().returncode == 0
    assert sluis.run("alarms", "--check").returncode == 0, sluis.run("alarms").stdout
    assert not [one for one in log(sluis) if one.get("kind") == "alarm"]


def canaries_of(pid):
    """The session's token, the bearer token and the password of nobody that lie in that process."""
    found = re.search(rb"([A-Za-z0-9]{43}); Path=/; Secure; HttpOnly\r\nAuthorization: Bearer ([A-Za-z0-9]{43})"
                      rb"\r\n\r\npassword=([A-Za-z0-9]{43})\n", memory.read_all(pid))
    return [part.decode() for part in found.groups()]


def test_a_canary_that_comes_back_tells_where_it_was_read(sluis, ca, origin):
    """The store remembers those of edges over a restart of the edge and of the authority; each cell's are its own."""
    server = origin()
    public = {"name": "public", "address": f"127.0.0.1:{sluis.port('public')}", "protocol": "http"}
    gateway = Gateway(sluis, ca, {"cases": (server.address, {"access": {"allow": {"everyone": True}}})})
    conf = gateway.configuration()
    conf["listeners"].append(public)
    conf["routes"] = [{"name": "site", "hosts": ["www.example.nl"], "listeners": ["public"], "backend": "cases"}]
    sluis.start(conf)
    assert sluis.ask("/").status == 200
    edge = sluis.pids("edge")[0]
    session, bearer, password = canaries_of(edge)
    link = gateway.add("maria")
    with Person(gateway, "maria") as person:
        person.enrol(link, want_totp=False)
        cell_token = canaries_of(sluis.pids("cell")[-1])[0]

    def show(token):
        with Person(gateway) as thief:
            thief.cookies[PORTAL] = {"__Host-sluis": token}
            assert thief.once(gateway.url("/")).status in (302, 303)  # a stranger like any other

    show(cell_token)
    until(lambda: alarms(sluis, "canary.presented"))
    for pid in (edge, sluis.pids("authority")[0]):
        os.kill(pid, signal.SIGKILL)
    until(lambda: sluis.run("alarms").returncode == 0)
    show(session)
    show(bearer)
    with Person(gateway, "maria") as thief:
        thief.submit(thief.go(gateway.url("/login")), "/login", user="maria", password=password)
    gateway.command("user", "add", "h.vdmeulen-3c", "--decoy")
    assert sluis.run("user", "add", "else", "--decoy", "--invite").returncode == 2
    for name, alarm in (("h.vdmeulen-3c", 1), ("nobody-at-all", 1)):
        with Person(gateway) as thief:
            thief.submit(thief.go(gateway.url("/login")), "/login", user=name, password="a guess at it")
        until(lambda: alarms(sluis, "decoy.presented"))
        assert len(alarms(sluis, "decoy.presented")) == alarm
    show("A" * 43)  # what is just wrong raises none
    until(lambda: len(alarms(sluis, "canary.presented")) >= 4)
    until(lambda: [one for one in open_alarms(sluis) if one["action"] == "canary.presented"])
    told = alarms(sluis, "canary.presented")
    assert sorted(one["object"] for one in told) == ["cell", "edge[0]", "edge[0]", "edge[0]"]
    assert all(one["origin"].startswith("127.0.0.1:") for one in told)
    [cell] = [one for one in told if one["object"] == "cell"]
    assert "it lay in the cell of 127.0.0.1:" in cell["detail"]
    assert session not in open(sluis.errors, encoding="utf-8").read() + json.dumps(log(sluis))
