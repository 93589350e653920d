"""A second server is asked when the first is slow; the client gets one answer, and no server is asked too often."""
import re
import socket
import threading
import time

import pytest

from harness import http2, wire
from harness.origin import answer
from harness.wait import until


def named(server, **more):
    return {"name": server.name, "address": server.address, **more}


def hedging(after="100ms", percent=100, **more):
    return {"hedge": {"after": after, "percent": percent}, "balance": "round_robin", "outlier": {"consecutive_errors": 0}, **more}


def figure(sluis, name):
    text = sluis.ask("/metrics", listener="metrics").body.decode()
    return sum(float(value) for value in re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.M))


def metrics(sluis):
    return {"metrics": {"address": f"127.0.0.1:{sluis.port('metrics')}"}}


def fill(client, n=30):
    """Requests earn what hedges cost."""
    for _ in range(n):
        assert client.ask(target="/quick").status == 200


class Slow:
    """Answers /quick at once and everything else when the gate opens."""

    def __init__(self, origin, name, **keywords):
        self.gate = threading.Event()
        self.server = origin(self.handle, name=name, **keywords)

    def handle(self, request, _stream):
        if request.target != "/quick":
            self.gate.wait(20)
        return answer(self.server.name)


@pytest.mark.smoke
def test_the_quick_one_wins(sluis, site, origin):
    slow, quick = Slow(origin, "slow"), origin(name="quick")
    sluis.start(site(named(slow.server), named(quick), backend=hedging(), **metrics(sluis)))
    with sluis.client() as client:
        fill(client)
        began = time.monotonic()
        assert {client.ask(target=f"/{n}").body for n in range(6)} == {b"quick"}
        assert time.monotonic() - began < 4
        assert 3 <= figure(sluis, "sluis_pool_hedges_won_total") <= 6
        slow.gate.set()
        fill(client, 10)
    until(lambda: sluis.status() and figure(sluis, "sluis_server_in_flight") == 0)


def test_the_first_one_wins_when_it_is_quick_enough(sluis, site, origin):
    a, b = origin(name="a"), origin(name="b")
    sluis.start(site(named(a), named(b), backend=hedging()))
    with sluis.client() as client:
        fill(client, 40)
    assert len(a.requests) + len(b.requests) == 40, "nobody was asked twice"


@pytest.mark.parametrize("method, body", [("POST", b""), ("PUT", b"x"), ("PATCH", b"y"), ("GET", b"z")])
def test_never_what_may_have_an_effect_or_has_content(sluis, site, origin, method, body):
    slow = [Slow(origin, name) for name in "ab"]
    sluis.start(site(*[named(one.server) for one in slow], backend=hedging()))
    with sluis.client() as client:
        fill(client)
        client.send(wire.request(method, "/x", body=body))
        time.sleep(0.5)
        for one in slow:
            one.gate.set()
        assert client.response().status == 200
    assert sum(one.server.targets.count("/x") for one in slow) == 1


def test_the_budget_is_kept(sluis, site, origin):
    servers = [origin(lambda *_: time.sleep(0.03) or answer("ok"), name=name) for name in "ab"]
    sluis.start(site(*map(named, servers), backend=hedging(after="1ms", percent=10), **metrics(sluis)))
    with sluis.client() as client:
        for _ in range(60):
            assert client.ask().status == 200
    assert 1 <= figure(sluis, "sluis_pool_hedges_total") <= 6
    assert figure(sluis, "sluis_pool_hedges_refused_total") > 5


def test_a_quantile_is_learnt(sluis, site, origin):
    slow, quick = Slow(origin, "slow"), origin(name="quick")
    sluis.start(site(named(slow.server), named(quick), backend=hedging(after="p95", percent=50)))
    with sluis.client() as client:
        fill(client, 60)
        began = time.monotonic()
        assert {client.ask(target=f"/{n}").body for n in range(4)} == {b"quick"}
        assert time.monotonic() - began < 3
    slow.gate.set()


def test_the_second_one_takes_over_when_the_first_dies(sluis, site, origin):
    gate = threading.Event()

    def dies(request, _stream):
        if request.target == "/quick":
            return answer("dies")
        gate.wait(10)
        return None

    def late(request, _stream):
        if request.target != "/quick":
            gate.wait(10)
            time.sleep(0.3)
        return answer("late")

    a, b = origin(dies, name="dies"), origin(late, name="late")
    sluis.start(site(named(a), named(b), backend=hedging()))
    with sluis.client() as client:
        fill(client)
        for n in range(2):
            gate.clear()
            client.send(wire.request(target=f"/{n}"))
            until(lambda target=f"/{n}": target in a.targets and target in b.targets)
            gate.set()
            assert client.response().body == b"late"


def test_an_error_of_the_second_one_is_no_answer(sluis, site, origin):
    slow = Slow(origin, "slow")
    bad = origin(lambda request, _: answer("bad", status=200 if request.target == "/quick" else 500), name="bad")
    sluis.start(site(named(slow.server), named(bad), backend=hedging(retries={"on": ["connect_failure"]})))
    with sluis.client() as client:
        fill(client)
        client.send(wire.request(target="/a"))
        until(lambda: "/a" in slow.server.targets or "/a" in bad.targets)
        if "/a" in slow.server.targets:
            until(lambda: "/a" in bad.targets)
            slow.gate.set()
            assert client.response().body == b"slow"
        else:
            assert client.response().status == 500, "the first one's own answer"


def hostile(talk):
    """A server that answers /quick and does talk(sock) for everything else."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(sock):
        with sock:
            while data := sock.recv(65536):
                if b"GET /quick" in data:
                    sock.sendall(answer("hostile"))
                    continue
                talk(sock)
                return

    def serve():
        while True:
            try:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return listener


def drip(sock):
    try:
        for byte in b"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\nX: " + b"y" * 400:
            sock.sendall(bytes([byte]))
            time.sleep(0.01)
    except OSError:
        pass


@pytest.mark.parametrize("talk", [
    lambda sock: sock.sendall(b"garbage\r\n\r\n" * 100),
    lambda sock: sock.sendall(b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
    lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70000),
    lambda sock: sock.sendall(b"HTTP/1.1 103 x\r\n\r\n" * 3000),
    drip,
], ids=["garbage", "switch", "endless head", "endless interim", "drip"])
def test_a_hostile_second_server(sluis, site, origin, talk):
    gate = threading.Event()

    def slow(request, _stream):
        if request.target != "/quick":
            gate.wait(0.4)
        return answer("good")

    good = origin(slow, name="good")
    with hostile(talk) as bad:
        address = f"127.0.0.1:{bad.getsockname()[1]}"
        sluis.start(site(named(good), {"name": "bad", "address": address},
                         backend=hedging(timeouts={"first_byte": "4s"})))
        with sluis.client() as client:
            fill(client)
            for n in range(4):
                got = client.ask(target=f"/{n}")
                assert got.body == b"good" or got.status in (502, 504), got
            assert any(client.ask(target="/more").body == b"good" for _ in range(2))


def test_both_answer(sluis, site, origin):
    """The loser's answer is cut off with its connection: it never becomes the answer to another request."""
    a, b = (origin(lambda request, _: (request.target == "/quick" or time.sleep(0.12)) and None or answer(request.target), name=name)
            for name in "ab")
    sluis.start(site(named(a), named(b), backend=hedging()))
    with sluis.client() as client:
        fill(client)
        for n in range(15):
            assert client.ask(target=f"/{n}").body.decode() == f"/{n}"
            if n % 5 == 0:
                fill(client, 3)


def test_a_client_that_leaves(sluis, site, origin):
    slow = [Slow(origin, name) for name in "ab"]
    sluis.start(site(*[named(one.server) for one in slow], backend=hedging(), **metrics(sluis)))
    with sluis.client() as client:
        fill(client)
        client.send(wire.request(target="/x"))
        until(lambda: all("/x" in one.server.targets for one in slow))
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    until(lambda: figure(sluis, "sluis_server_in_flight") == 0)
    for one in slow:
        one.gate.set()


@pytest.mark.parametrize("how", ["refused", "goaway", "cut"])
def test_streams_that_nobody_answers_for(sluis, site, how):
    """RFC 9113 §8.7: a second server that has not looked at its request, or whose connection was ending, has not failed."""
    gate, lock, asked = threading.Event(), threading.Lock(), []

    def handler(request, link):
        if request.path == "/quick":
            link.answer(request, b"quick")
            return
        with lock:
            asked.append(link)
        if len(asked) == 1:
            gate.wait(10)
            link.answer(request, b"slow")
        elif how == "refused":
            link.reset(request.stream, 7)
        elif how == "goaway":
            link.goaway(request.stream - 2)
        else:
            link.sock.shutdown(socket.SHUT_RDWR)

    servers = [http2.Server(handler) for _ in "ab"]
    sluis.start(site(*[{"name": name, "address": server.address} for name, server in zip("ab", servers)],
                     backend=hedging(protocol="h2c"), **metrics(sluis)))
    with sluis.client() as client:
        fill(client)
        client.send(wire.request(target="/x"))
        until(lambda: len(asked) == 2)
        until(lambda: figure(sluis, "sluis_server_in_flight") == 1)
        gate.set()
        assert client.response().body == b"slow"
    assert figure(sluis, "sluis_server_failures_total") == 0
    assert figure(sluis, "sluis_server_http2_refused_total") == (how != "cut")
    for server in servers:
        server.stop()
