"""A copy of each request goes elsewhere, and nothing that happens there is noticed by the client."""
import re
import socket
import threading
import time

import pytest

from harness import wire
from harness.load import Load
from harness.origin import answer
from harness.wait import until


def named(server, **more):
    return {"name": server.name, "address": server.address, **more}


def mirrored(sluis, site, server, *shadows, rule=None, shadow=None, **keywords):
    """All of server's requests are copied to a backend of these shadows."""
    configuration = site(named(server), metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"}, **keywords)
    configuration["backends"].append({"name": "shadow", "servers": [named(one) if hasattr(one, "name") else one for one in shadows],
                                      "outlier": {"consecutive_errors": 0}, **(shadow or {})})
    configuration["routes"] = [{"name": "all", "hosts": ["*"], "rules": [{"backend": "web", "mirror": "shadow", **(rule or {})}]}]
    return configuration


def figure(sluis, name):
    text = sluis.ask("/metrics", listener="metrics").body.decode()
    return sum(float(value) for value in re.findall(rf'^{re.escape(name)}{{pool="shadow"}} (\S+)$', text, re.M))


@pytest.mark.smoke
def test_a_copy_goes_to_the_shadow(sluis, site, origin):
    real, shadow = origin(name="real"), origin(lambda *_: answer("x" * 1000, status=500), name="shadow")
    sluis.start(mirrored(sluis, site, real, shadow))
    with sluis.client() as client:
        for n in range(20):
            got = client.ask(target=f"/a/{n}?q={n}", fields=[("X-One", "1"), ("User-Agent", "u")])
            assert got.status == 200 and got.body == b"real"
    shadow.wait_for(20)
    assert sorted(shadow.targets) == sorted(real.targets)
    for request in shadow.requests:
        assert request.all("X-Sluis-Mirror") == ["1"] and request.all("X-One") == ["1"]
        assert request.header("Host") == "www.example.nl" and request.header("X-Forwarded-For") == "127.0.0.1"
    assert not any(request.all("X-Sluis-Mirror") for request in real.requests)
    assert shadow.connections < 20, "its connections are kept"


def test_nobody_outside_can_say_that_it_is_a_copy(sluis, site, origin):
    real, shadow = origin(name="real"), origin(name="shadow")
    sluis.start(mirrored(sluis, site, real, shadow))
    sluis.ask(fields=[("X-Sluis-Mirror", "1"), ("x-sluis-mirror", "2")])
    shadow.wait_for(1)
    assert real.requests[0].all("X-Sluis-Mirror") == []
    assert shadow.requests[0].all("X-Sluis-Mirror") == ["1"]


@pytest.mark.parametrize("size", [1, 1000, 60000, 65536])
def test_content_is_copied(sluis, site, origin, size):
    real, shadow = origin(name="real"), origin(name="shadow")
    sluis.start(mirrored(sluis, site, real, shadow))
    body = bytes(n % 251 for n in range(size))
    assert sluis.ask(method="POST", body=body).status == 200
    shadow.wait_for(1)
    until(lambda: shadow.requests[0]._body is not None)  # pylint: disable=protected-access
    assert shadow.requests[0].body == body == real.requests[0].body


def test_chunked_content_is_copied(sluis, site, origin):
    real, shadow = origin(name="real"), origin(name="shadow")
    sluis.start(mirrored(sluis, site, real, shadow))
    with sluis.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: h.nl\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        time.sleep(0.2)
        assert shadow.requests == [], "only when all of it is here"
        client.send(b"7\r\n, world\r\n0\r\nX-Trailer: t\r\n\r\n")
        assert client.response().status == 200
    shadow.wait_for(1)
    until(lambda: shadow.requests[0]._body is not None)  # pylint: disable=protected-access
    assert shadow.requests[0].body == b"hello, world" and shadow.requests[0].trailers == [("X-Trailer", "t")]


@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_too_long_is_not_copied(sluis, site, origin, chunked):
    real, shadow = origin(name="real"), origin(name="shadow")
    sluis.start(mirrored(sluis, site, real, shadow))
    with sluis.client() as client:
        if chunked:
            client.send(b"POST / HTTP/1.1\r\nHost: h.nl\r\nTransfer-Encoding: chunked\r\n\r\n" + wire.chunks(*[b"x" * 10000] * 7))
            assert client.response().status == 200
        else:
            assert client.ask(method="POST", body=b"x" * 65537).status == 200
        assert client.ask(target="/after").status == 200
    shadow.wait_for(1)
    assert shadow.targets == ["/after"]
    assert figure(sluis, "sluis_pool_mirrors_skipped_total") == 1


def test_a_part_of_them(sluis, site, origin):
    real, shadow = origin(name="real"), origin(name="shadow")
    sluis.start(mirrored(sluis, site, real, shadow, rule={"mirror_percent": 25}))
    with sluis.client() as client:
        for _ in range(300):
            assert client.ask().status == 200
    until(lambda: figure(sluis, "sluis_pool_mirrors_total") == len(shadow.requests))
    assert 40 < len(shadow.requests) < 115


# ---- shadows that do harm ------------------------------------------------------------------------
def hostile(talk):
    listener = socket.create_server(("127.0.0.1", 0))
    kept = []

    def one(sock):
        try:
            sock.recv(65536)
            talk(sock)
        except OSError:
            pass

    def serve():
        while True:
            try:
                kept.append(listener.accept()[0])
            except OSError:
                return
            threading.Thread(target=one, args=(kept[-1],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listener


def flood(sock):
    sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        sock.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def drip(sock):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        sock.sendall(b"x")
        time.sleep(0.02)


@pytest.mark.parametrize("talk", [
    lambda sock: time.sleep(30),
    lambda sock: sock.sendall(b"garbage\r\n\r\n"),
    lambda sock: sock.close(),
    lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    lambda sock: sock.sendall(b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
    flood, drip,
], ids=["silent", "garbage", "closes", "one more answer", "switch", "flood", "drip"])
def test_a_hostile_shadow_is_not_noticed(sluis, site, origin, talk):
    real = origin(name="real")
    with hostile(talk) as bad:
        address = f"127.0.0.1:{bad.getsockname()[1]}"
        sluis.start(mirrored(sluis, site, real, {"name": "bad", "address": address},
                             shadow={"timeouts": {"connect": "500ms", "first_byte": "1s"}}))
        with Load(sluis, clients=4) as load:
            load.wait(300)
        assert load.failures == []
        until(lambda: figure(sluis, "sluis_server_in_flight") == 0)
        until(lambda: figure(sluis, "sluis_pool_mirrors_total") >= 200)


def test_a_silent_shadow_holds_a_bounded_number(sluis, site, origin):
    real = origin(name="real")
    with hostile(lambda sock: time.sleep(60)) as bad:
        address = f"127.0.0.1:{bad.getsockname()[1]}"
        sluis.start(mirrored(sluis, site, real, {"name": "bad", "address": address}))
        with sluis.client() as client:
            for _ in range(400):
                assert client.ask().body == b"real"
        assert figure(sluis, "sluis_pool_mirrors_total") == 256
        assert figure(sluis, "sluis_pool_mirrors_skipped_total") == 400 - 256


def test_no_shadow_there(sluis, site, origin):
    real, gone = origin(name="real"), origin(name="gone")
    gone.stop()
    sluis.start(mirrored(sluis, site, real, gone))
    with sluis.client() as client:
        for n in range(50):
            assert client.ask(method="POST" if n % 2 else "GET", body=b"x" * n if n % 2 else b"").body == b"real"
    until(lambda: figure(sluis, "sluis_pool_mirrors_failed_total") == 50)


def test_a_client_that_leaves_in_the_middle_of_its_content(sluis, site, origin):
    real, shadow = origin(name="real"), origin(name="shadow")
    sluis.start(mirrored(sluis, site, real, shadow))
    for _ in range(5):
        with sluis.client() as client:
            client.send(b"POST / HTTP/1.1\r\nHost: h.nl\r\nContent-Length: 100\r\n\r\nshort")
            time.sleep(0.05)
    until(lambda: figure(sluis, "sluis_pool_mirrors_skipped_total") == 5)
    assert sluis.ask(target="/after").body == b"real"
    shadow.wait_for(1)
    assert shadow.targets == ["/after"]


def test_a_reload_in_the_middle(sluis, site, origin):
    real, shadow = origin(name="real"), origin(lambda *_: time.sleep(0.05) or answer("s"), name="shadow")
    configuration = mirrored(sluis, site, real, shadow)
    sluis.start(configuration)
    with Load(sluis, clients=4) as load:
        for n in range(4):
            configuration["routes"][0]["rules"][0]["mirror_percent"] = 99 - n
            assert sluis.reload(configuration).returncode == 0
            load.wait(50)
    assert load.failures == []
