"""Tries on other servers: when, how often, how soon, and never when a request may have had an effect."""
import re
import socket
import threading
import time

import pytest

from harness import ports, wire
from harness.origin import answer


def named(server, **more):
    return {"name": server.name, "address": server.address, **more}


def retrying(*on, **more):
    return {"retries": {"on": list(on), **more}, "outlier": {"consecutive_errors": 0}, "balance": "round_robin"}


def figure(sluis, name):
    text = sluis.ask("/metrics", listener="metrics", name="www.example.nl").body.decode()
    return sum(float(value) for value in re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.M))


def busy(status):
    return lambda *_: answer(f"{status}", status=status)


# ---- statuses ------------------------------------------------------------------------------------
@pytest.mark.smoke
@pytest.mark.parametrize("status", [500, 502, 503, 504, 425, 429])
def test_a_status_is_tried_elsewhere(sluis, site, origin, status):
    bad, good = origin(busy(status), name="bad"), origin(name="good")
    sluis.start(site(named(bad), named(good), backend=retrying(status)))
    assert {sluis.ask().body for _ in range(8)} == {b"good"}
    assert len(bad.requests) >= 4, "both were asked"
    assert sluis.ask(method="DELETE").status == 200, "RFC 9110 §9.2.2: idempotent"
    assert {sluis.ask(method="PUT").status for _ in range(4)} == {200}
    assert sorted({sluis.ask(method="POST").status for _ in range(6)}) == [200, status]


def test_only_the_statuses_that_are_named(sluis, site, origin):
    bad, good = origin(busy(503), name="bad"), origin(name="good")
    sluis.start(site(named(bad), named(good), backend=retrying(502)))
    assert {sluis.ask().status for _ in range(8)} == {200, 503}


def test_the_last_answer_is_passed_on(sluis, site, origin):
    """When no other server is left the client gets what the server said, not a page of ours."""
    a, b = origin(busy(503), name="a"), origin(busy(503), name="b")
    sluis.start(site(named(a), named(b), backend=retrying(503, attempts=5)))
    got = sluis.ask()
    assert got.status == 503 and got.body == b"503"
    assert len(a.requests) + len(b.requests) == 2, "each server once"


def test_a_body_that_moved_is_not_sent_again(sluis, site, origin):
    bad, good = origin(busy(503), name="bad"), origin(name="good")
    sluis.start(site(named(bad), named(good), backend=retrying(503)))
    assert {sluis.ask(method="PUT", body=b"x" * 100).status for _ in range(8)} == {200, 503}
    assert all(len(request.body) == 100 for request in bad.requests + good.requests)


def test_keep_alive_survives_a_retry(sluis, site, origin):
    bad, good = origin(busy(503), name="bad"), origin(name="good")
    sluis.start(site(named(bad), named(good), backend=retrying(503)))
    with sluis.client() as client:
        for n in range(10):
            assert client.ask(target=f"/{n}").body == b"good"
    assert good.targets == [f"/{n}" for n in range(10)]


# ---- attempts, time, budget ----------------------------------------------------------------------
def test_attempts_are_counted_with_the_first(sluis, site, origin):
    servers = [origin(busy(503), name=name) for name in "abcd"]
    sluis.start(site(*map(named, servers), backend=retrying(503, attempts=3)))
    assert sluis.ask().status == 503
    assert sorted(len(server.requests) for server in servers) == [0, 1, 1, 1]


def test_one_attempt_is_none_more(sluis, site, origin):
    dead = {"name": "dead", "address": f"127.0.0.1:{ports.free_port()}"}
    sluis.start(site(dead, named(origin(name="good")), backend=retrying("connect_failure", attempts=1)))
    assert {sluis.ask().status for _ in range(6)} == {200, 502}


def test_the_budget_is_kept(sluis, site, origin):
    """A hundred in reserve, ten more per second, and twenty of a hundred requests."""
    bad, good = origin(busy(503), name="bad"), origin(name="good")
    configuration = site(named(bad), named(good), backend=retrying(503, budget_percent=1),
                         metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"})
    sluis.start(configuration)
    began = time.monotonic()
    with sluis.client() as client:
        statuses = [client.ask().status for _ in range(600)]
    failed = statuses.count(503)
    allowed = 100 + 10 * (time.monotonic() - began + 1) + 6
    retried = len(bad.requests) - failed
    assert failed > 0, "all of them were tried again"
    assert 100 <= retried <= allowed
    assert figure(sluis, "sluis_pool_retries_refused_total") == failed


def test_no_budget_is_no_retry(sluis, site, origin):
    bad, good = origin(busy(503), name="bad"), origin(name="good")
    sluis.start(site(named(bad), named(good), backend=retrying(503, budget_percent=0)))
    assert {sluis.ask().status for _ in range(6)} == {200, 503}


def test_a_slow_try_is_followed_by_another(sluis, site, origin):
    gate = threading.Event()
    slow = origin(lambda *_: gate.wait(20) and answer("slow"), name="slow")
    quick = origin(name="quick")
    sluis.start(site(named(slow), named(quick), backend=retrying("reset_before_response", try_timeout="300ms")))
    began = time.monotonic()
    assert {sluis.ask().body for _ in range(4)} == {b"quick"}
    assert time.monotonic() - began < 5
    # What may have had an effect is waited for.
    with sluis.client() as client, sluis.client() as other:
        client.send(wire.request("POST"))
        other.send(wire.request("POST"))
        time.sleep(0.6)
        gate.set()
        assert {client.response().body, other.response().body} == {b"slow", b"quick"}


def test_the_last_slow_try_is_given_all_its_time(sluis, site, origin):
    slow = origin(lambda *_: time.sleep(0.8) or answer("slow"), name="slow")
    sluis.start(site(named(slow), backend=retrying("reset_before_response", try_timeout="200ms", attempts=3)))
    assert sluis.ask().body == b"slow"
    assert len(slow.requests) == 1


def test_no_try_begins_after_the_deadline(sluis, site, origin):
    late = [origin(lambda *_: time.sleep(0.7) or answer("no", status=503), name=name) for name in "abc"]
    sluis.start(site(*map(named, late), backend=retrying(503, attempts=3, deadline="500ms")))
    assert sluis.ask().status == 503
    assert sum(len(server.requests) for server in late) == 1


def test_a_pause_between_tries(sluis, site, origin):
    servers = [origin(busy(503), name=name) for name in "abc"]
    sluis.start(site(*map(named, servers), backend=retrying(503, attempts=3, backoff="400ms")))
    began = time.monotonic()
    assert sluis.ask().status == 503
    assert 0.6 <= time.monotonic() - began < 3, "half of 400 ms and half of 800 ms at least"
    assert [len(server.requests) for server in servers] == [1, 1, 1]


# ---- servers that do harm ------------------------------------------------------------------------
def hostile(reply):
    """A server that says reply to whoever connects, and ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock:
                sock.recv(65536)
                sock.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    return listener


@pytest.mark.parametrize("reply", [
    b"HTTP/1.1 503 no\r\nContent-Length: 5\r\n\r\nshort",
    b"HTTP/1.1 503 no\r\nContent-Length: 50\r\n\r\nshort",
    b"HTTP/1.1 503 no\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 503 no\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
    b"HTTP/1.1 103 x\r\nLink: </a>\r\n\r\nHTTP/1.1 503 no\r\n\r\nuntil the end",
], ids=["plain", "cut", "bad coding", "one more answer", "after an interim one"])
def test_nothing_of_a_refused_answer_reaches_anybody(sluis, site, origin, reply):
    good = origin(name="good")
    with hostile(reply) as bad:
        sluis.start(site({"name": "bad", "address": f"127.0.0.1:{bad.getsockname()[1]}"}, named(good), backend=retrying(503)))
        with sluis.client() as client:
            assert {client.ask().body for _ in range(12)} == {b"good"}


def test_a_kept_connection_that_was_closed_costs_no_attempt(sluis, site, origin):
    """RFC 9112 §9.3.1: whoever closes an idle connection may do so just when a request comes."""
    seen = {}

    def once(request, _stream):
        seen[request.connection] = seen.get(request.connection, 0) + 1
        return answer("ok") if seen[request.connection] == 1 else None

    sluis.start(site(named(origin(once, name="a")), backend=retrying("connect_failure", attempts=1)))
    with sluis.client() as client:
        assert [client.ask().status for _ in range(10)] == [200] * 10
        assert client.ask(method="POST").status in (200, 502)
