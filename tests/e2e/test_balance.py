"""Which server of a backend gets a request, what happens when it is dead, and what the client sees then."""
import collections
import re
import threading
import time

import pytest

from harness import ports, wire
from harness.load import Load
from harness.origin import answer
from harness.wait import until


def counts(sluis, n, **keywords):
    """How many of n requests on one connection each server answered."""
    with sluis.client() as client:
        return collections.Counter(client.ask(**keywords).body.decode() for _ in range(n))


def named(server, **more):
    return {"name": server.name, "address": server.address, **more}


HEALTH = {"path": "/healthz", "interval": "200ms", "timeout": "500ms", "fall": 2, "rise": 2}


class Patient:
    """A server whose health answer can be changed."""

    def __init__(self, origin, name):
        self.status, self.body, self.checks = 200, "ok", 0
        self.server = origin(self.handle, name=name)

    def handle(self, request, _stream):
        if request.target == "/healthz":
            self.checks += 1
            return answer(self.body, status=self.status)
        return answer(self.server.name)


# ---- algorithms ----------------------------------------------------------------------------------
@pytest.mark.smoke
def test_round_robin_is_exact(sluis, site, origin):
    a, b, c = (origin(name=name) for name in "abc")
    sluis.start(site(named(a, weight=3), named(b, weight=2), named(c), backend={"balance": "round_robin"}))
    assert counts(sluis, 60) == {"a": 30, "b": 20, "c": 10}


def test_round_robin_is_smooth(sluis, site, origin):
    a, b = origin(name="a"), origin(name="b")
    sluis.start(site(named(a, weight=5), named(b), backend={"balance": "round_robin"}))
    with sluis.client() as client:
        got = "".join(client.ask().body.decode() for _ in range(12))
    assert "bb" not in got and got.count("b") == 2


def test_least_requests_is_fair(sluis, site, origin):
    servers = [origin(name=name) for name in "abcd"]
    sluis.start(site(*[named(server) for server in servers]))
    got = counts(sluis, 800)
    assert all(120 < got[name] < 280 for name in "abcd"), got


def test_least_requests_avoids_the_busy_one(sluis, site, origin):
    busy = origin(lambda *_: time.sleep(0.4) or answer("busy"), name="busy")
    quick = origin(name="quick")
    sluis.start(site(named(busy), named(quick), backend={"balance": "least_requests"}))
    with Load(sluis, clients=8) as load:
        load.wait(400)
    assert len(quick.requests) > 4 * len(busy.requests)
    assert load.failures == []


def test_weight_counts_for_least_requests(sluis, site, origin):
    a, b = origin(lambda *_: time.sleep(0.02) or answer("a"), name="a"), origin(lambda *_: time.sleep(0.02) or answer("b"), name="b")
    sluis.start(site(named(a, weight=4), named(b)))
    with Load(sluis, clients=10) as load:
        load.wait(400)
    assert 2 < len(a.requests) / len(b.requests) < 8


def test_names_are_resolved(sluis, site, origin):
    """RFC 6761 §6.3: localhost means this machine, whatever a name server says."""
    web = origin()
    sluis.start(site(f"localhost:{web.port}"))
    assert sluis.ask().body == b"origin"


# ---- states ----------------------------------------------------------------------------------------
def test_backup_only_when_the_others_are_gone(sluis, site, origin):
    main, spare = origin(name="main"), origin(name="spare")
    sluis.start(site(named(main), named(spare, backup=True)))
    assert counts(sluis, 50) == {"main": 50}
    main.stop()
    assert counts(sluis, 50) == {"spare": 50}


def test_configured_states(sluis, site, origin):
    a, b, c = (origin(name=name) for name in "abc")
    sluis.start(site(named(a), named(b, state="drain"), named(c, state="disabled")))
    assert counts(sluis, 30) == {"a": 30}


def test_drain_finishes_what_runs(sluis, site, origin):
    go = threading.Event()
    slow = origin(lambda request, _: (request.target == "/slow" and go.wait(10), answer("slow"))[1], name="slow")
    other = origin(name="other")
    sluis.start(site(named(slow), named(other, backup=True)))
    with sluis.client() as client:
        client.send(wire.request(target="/slow"))
        slow.wait_for(1)
        assert sluis.run("server", "drain", "web/slow").returncode == 0
        until(lambda: sluis.ask().body == b"other")
        assert counts(sluis, 20) == {"other": 20}
        go.set()
        assert client.response().body == b"slow"
    assert sluis.run("server", "enable", "web/slow").returncode == 0
    until(lambda: sluis.ask().body == b"slow")


def test_disable_and_unknown_server(sluis, site, origin):
    a, b = origin(name="a"), origin(name="b")
    sluis.start(site(named(a), named(b)))
    assert sluis.run("server", "disable", "web/a").returncode == 0
    until(lambda: counts(sluis, 10) == {"b": 10})
    wrong = sluis.run("server", "disable", "web/zzz")
    assert wrong.returncode == 1 and "zzz" in wrong.stderr


# ---- health ------------------------------------------------------------------------------------------
@pytest.mark.smoke
def test_health_down_and_up(sluis, site, origin):
    a, b = Patient(origin, "a"), Patient(origin, "b")
    sluis.start(site(named(a.server), named(b.server), backend={"health": HEALTH}))
    until(lambda: a.checks >= 2 and b.checks >= 2)
    assert set(counts(sluis, 60)) == {"a", "b"}
    a.status = 500
    until(lambda: counts(sluis, 20) == {"b": 20})
    a.status = 200
    until(lambda: set(counts(sluis, 40)) == {"a", "b"})


def test_health_of_a_dead_server(sluis, site, origin):
    a, b = Patient(origin, "a"), Patient(origin, "b")
    sluis.start(site(named(a.server), named(b.server), backend={"health": HEALTH, "outlier": {"eject_for": "1s"}}))
    until(lambda: a.checks >= 1)
    a.server.stop()
    with Load(sluis, clients=4) as load:
        time.sleep(1.5)
    assert load.failures == []
    a.server.start()
    until(lambda: set(counts(sluis, 40)) == {"a", "b"})


def test_health_body_and_host(sluis, site, origin):
    a = Patient(origin, "a")
    sluis.start(site(named(a.server), backend={"health": {**HEALTH, "host": "app.internal", "expect_body": "fine"}}))
    until(lambda: sluis.ask().status == 503)
    a.body = "all is fine here"
    until(lambda: sluis.ask().status == 200)
    check = [r for r in a.server.requests if r.target == "/healthz"][0]
    assert check.header("Host") == "app.internal"


def test_health_status_ranges(sluis, site, origin):
    a = Patient(origin, "a")
    a.status = 404
    sluis.start(site(named(a.server), backend={"health": {**HEALTH, "expect_status": ["200-299", 404]}}))
    time.sleep(1)
    assert a.checks > 1 and sluis.ask().status == 200
    a.status = 301
    until(lambda: sluis.ask().status == 503)


def test_tcp_health(sluis, site, origin):
    a, b = origin(name="a"), origin(name="b")
    sluis.start(site(named(a), named(b), backend={"health": {"tcp": True, "interval": "200ms", "fall": 2, "rise": 1}}))
    a.stop()
    until(lambda: [s for s in servers(sluis) if s["name"] == "a"][0].get("health") == "down")
    assert counts(sluis, 20) == {"b": 20}


def servers(sluis):
    """The servers of status --json, wherever the document keeps them."""
    found = []

    def walk(value):
        if isinstance(value, dict):
            if "health" in value and "name" in value:
                found.append(value)
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(sluis.status())
    return found


def test_slow_health_check_times_out(sluis, site, origin):
    a = origin(lambda request, _: time.sleep(3 if request.target == "/healthz" else 0) or answer("a"), name="a")
    sluis.start(site(named(a), backend={"health": {**HEALTH, "timeout": "200ms"}}))
    until(lambda: sluis.ask().status == 503)


# ---- failures and retries -------------------------------------------------------------------------------
def test_retry_on_another_server(sluis, site, origin):
    """A server that can't be reached costs the client nothing; the dead one is left out after a while."""
    live = origin(name="live")
    dead = f"127.0.0.1:{ports.free_port()}"
    sluis.start(site(named(live), {"name": "dead", "address": dead}, backend={"balance": "round_robin"}))
    assert counts(sluis, 60) == {"live": 60}


def test_reset_before_an_answer_is_retried_when_harmless(sluis, site, origin):
    """Idempotent requests (RFC 9110 §9.2.2) go to another server; others are answered 502."""
    bad, good = origin(lambda *_: None, name="bad"), origin(name="good")
    sluis.start(site(named(bad), named(good), backend={"balance": "round_robin", "outlier": {"consecutive_errors": 1000}}))
    assert counts(sluis, 20) == {"good": 20}
    with_effect = [sluis.ask(method="POST", body=b"x").status for _ in range(10)]
    assert 502 in with_effect
    posted = [r for r in bad.requests + good.requests if r.method == "POST"]
    assert len(posted) == 10, "a request with an effect was sent twice"


def test_bad_server_is_ejected(sluis, site, origin):
    bad, good = origin(lambda *_: None, name="bad"), origin(name="good")
    sluis.start(site(named(bad), named(good), backend={
        "balance": "round_robin", "outlier": {"consecutive_errors": 3, "eject_for": "2s", "max_ejected_percent": 50}}))
    counts(sluis, 40)
    time.sleep(0.3)
    before = len(bad.requests)
    counts(sluis, 100)
    assert len(bad.requests) - before < 5


@pytest.mark.smoke
def test_nobody_there_is_503(sluis, site):
    sluis.start(site(f"127.0.0.1:{ports.free_port()}"))
    got = sluis.ask()
    assert got.status in (502, 503)
    assert_page(got)


def test_bad_gateway_is_502(front, origin):
    got = front(origin(lambda *_: None)).ask()
    assert got.status == 502
    assert_page(got)


def test_slow_answer_is_504(front, origin):
    sluis = front(origin(lambda *_: time.sleep(5) or answer("late")), backend={"timeouts": {"first_byte": "1s"}})
    started = time.monotonic()
    got = sluis.ask()
    assert got.status == 504 and time.monotonic() - started < 4
    assert_page(got)


def assert_page(got):
    """Short, accessible, with the request's id; nothing from outside, nothing that scripts."""
    body = got.body.decode()
    assert got.header("X-Request-Id") and got.header("X-Request-Id") in body
    assert got.header("Content-Type").startswith("text/html")
    assert re.search(r"<html[^>]* lang=", body) and "<title>" in body and "<h1" in body
    assert "<script" not in body and "http:" not in body and len(body) < 4096
    assert (got.header("Cache-Control") or "").startswith("no-store")


def test_error_page_of_head_has_no_body(front, origin):
    with front(origin(lambda *_: None)).client() as client:
        got = client.ask("HEAD")
        assert got.status == 502 and got.body == b""


# ---- limits of a backend ----------------------------------------------------------------------------------
def test_requests_per_server_and_queue(front, origin):
    """One at a time for the server; the others wait, in order, and get their answer."""
    running, most = [0], [0]
    lock = threading.Lock()

    def handle(*_):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        with lock:
            running[0] -= 1
        return answer("ok")

    sluis = front(origin(handle), backend={"limits": {"requests_per_server": 2, "queue": 100, "queue_timeout": "10s"}})
    with Load(sluis, clients=8) as load:
        load.wait(40)
    assert load.failures == [] and most[0] <= 2


def test_full_queue_is_503(front, origin):
    sluis = front(origin(lambda *_: time.sleep(1) or answer("ok")),
                  backend={"limits": {"requests_per_server": 1, "queue": 1, "queue_timeout": "5s"}})
    clients = [sluis.client() for _ in range(4)]
    for client in clients:
        client.send(wire.request())
        time.sleep(0.1)
    got = sorted(client.response().status for client in clients)
    assert got == [200, 200, 503, 503]


def test_queue_timeout_is_503(front, origin):
    sluis = front(origin(lambda *_: time.sleep(3) or answer("ok")),
                  backend={"limits": {"requests_per_server": 1, "queue": 10, "queue_timeout": "500ms"}})
    with sluis.client() as first, sluis.client() as second:
        first.send(wire.request())
        time.sleep(0.2)
        started = time.monotonic()
        assert second.ask().status == 503 and time.monotonic() - started < 2
        assert first.response().status == 200
