"""HTTP/1.1 front and back: bodies, connections, interim responses, tunnels (RFC 9110, RFC 9112)."""
import asyncio
import hashlib
import os
import select
import socket
import struct
import threading
import time
import types

import pytest

from harness import wire
from harness.origin import answer
from harness.ports import free_port

MB = 1 << 20


def digest(request, _stream):
    return answer(hashlib.sha256(request.body).hexdigest(), fields=[("X-Method", request.method)])


# ---- methods and bodies --------------------------------------------------------------------------
@pytest.mark.smoke
def test_get_post_head(front, origin):
    web = origin(digest)
    sluis = front(web)
    with sluis.client() as client:
        assert client.ask().status == 200
        posted = client.ask("POST", "/form", body=b"a=1&b=2")
        assert posted.body.decode() == hashlib.sha256(b"a=1&b=2").hexdigest()
        head = client.ask("HEAD", "/x")
        assert head.status == 200 and head.header("Content-Length") == "64" and head.body == b""
        assert client.ask("DELETE", "/x").header("X-Method") == "DELETE"
        assert client.ask("PURGE", "/x").header("X-Method") == "PURGE"
    assert web.targets == ["/", "/form", "/x", "/x", "/x"]


@pytest.mark.parametrize("size", [0, 1, 4095, 65536, 3 * MB + 17])
def test_bodies_both_ways_with_length(front, origin, size):
    sent = os.urandom(size)
    sluis = front(origin(lambda request, _: answer(request.body)))
    with sluis.client() as client:
        client.send(b"PUT / HTTP/1.1\r\nHost: a.nl\r\nContent-Length: %d\r\n\r\n" % size)
        client.send(sent)
        assert client.response().body == sent
        assert client.ask("POST", body=b"again").body == b"again"


@pytest.mark.smoke
def test_chunked_both_ways_with_trailers(front, origin):
    def echo(request, stream):
        body = request.body
        assert ("X-Sum", "7") in request.trailers
        stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Back\r\n\r\n"
                    + wire.chunks(body[:5], body[5:], trailers=[("X-Back", "yes")]))
        return b""

    web = origin(echo)
    with front(web).client() as client:
        for _ in range(3):
            client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nTE: trailers\r\nConnection: TE\r\nTrailer: X-Sum\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\n" + wire.chunks(b"hello", b" ", b"world", trailers=[("X-Sum", "7")]))
            got = client.response()
            assert got.body == b"hello world" and got.trailers == [("X-Back", "yes")]
    assert web.requests[0].all("Transfer-Encoding") == ["chunked"]
    assert web.requests[0].all("Content-Length") == []


def test_chunk_extensions_are_dropped(front, origin):
    """RFC 9112 §7.1.1: a recipient ignores what it does not know; nobody behind us has to."""
    web = origin(lambda request, _: answer(request.body))
    with front(web).client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"3;name=value\r\nabc\r\n0;last\r\n\r\n")
        assert client.response().body == b"abc"
    assert b"name=value" not in web.bytes


def test_response_until_close(front, origin):
    def old(_request, stream):
        stream.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 100000)

    sluis = front(origin(old))
    for _ in range(3):
        assert sluis.ask().body == b"x" * 100000


def test_truncated_response_is_not_whole(front, origin):
    """A body that ends early must not look complete to the client (RFC 9112 §8)."""
    def cut(request, stream):
        if request.target == "/length":
            stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)
        else:
            stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")

    sluis = front(origin(cut))
    for target in ("/length", "/chunked"):
        with sluis.client() as client, pytest.raises((wire.Broken, ConnectionError)):
            client.ask(target=target)


@pytest.mark.limit(120)
def test_large_bodies_up_and_down(front, origin):
    """256 MB each way by digest, in memory that does not grow with the body."""
    total, block = 256 * MB, os.urandom(MB)

    def handle(request, stream):
        if request.method == "GET":
            stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
            for _ in range(total // MB):
                stream.send(block)
            return b""
        seen = hashlib.sha256()
        left = int(request.header("Content-Length"))
        while left:
            data = stream.buffer or stream.sock.recv(min(left, MB))
            stream.buffer = b""
            assert data
            seen.update(data)
            left -= len(data)
        request._body = b""
        return answer(seen.hexdigest())

    sluis = front(origin(handle))
    want = hashlib.sha256()
    with sluis.client(timeout=60) as client:
        client.send(b"PUT / HTTP/1.1\r\nHost: a.nl\r\nContent-Length: %d\r\n\r\n" % total)
        for _ in range(total // MB):
            client.send(block)
            want.update(block)
        assert client.response().body.decode() == want.hexdigest()
        client.send(wire.request())
        head = client.head()
        assert head.header("Content-Length") == str(total)
        seen, got = hashlib.sha256(client.buffer), len(client.buffer)
        while got < total:
            data = client.sock.recv(MB)
            assert data
            seen.update(data)
            got += len(data)
        assert seen.hexdigest() == want.hexdigest()
    assert resident_kb(sluis.pids("edge")[0]) < 200 * 1024


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return int([line for line in file if line.startswith("VmRSS")][0].split()[1])


# ---- expectations and interim responses -----------------------------------------------------------
def test_expect_continue(front, origin):
    """RFC 9110 §10.1.1: 100 comes before the body is sent, the answer after it."""
    def handle(request, stream):
        if request.header("Expect"):
            stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return answer(request.body)

    with front(origin(handle)).client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert client.response().status == 100
        client.send(b"hello")
        assert client.response().body == b"hello"
        assert client.ask().status == 200


def test_expect_refused_without_body(front, origin):
    """A final answer instead of 100: the body never comes, so the connection can't be used again."""
    def handle(_request, stream):
        stream.send(answer("no", status=403, reason="Forbidden", fields=[("Connection", "close")]))

    with front(origin(handle)).client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        got = client.response()
        while got.status == 100:
            got = client.response()
        assert got.status == 403
        assert client.is_closed()


def test_early_hints_pass(front, origin):
    """RFC 9110 §15.2: any number of 1xx responses may come before the final one."""
    def hints(_request, stream):
        stream.send(b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n")
        stream.send(b"HTTP/1.1 103 Early Hints\r\nLink: </t.css>; rel=preload\r\n\r\n")
        return answer("done")

    with front(origin(hints)).client() as client:
        client.send(wire.request())
        assert client.response().header("Link") == "</s.css>; rel=preload"
        assert client.response().header("Link") == "</t.css>; rel=preload"
        assert client.response().body == b"done"


def test_no_interim_response_for_http_1_0(front, origin):
    def hints(_request, stream):
        stream.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        return answer("done")

    got = front(origin(hints)).raw(b"GET / HTTP/1.0\r\nHost: a.nl\r\n\r\n")
    assert b" 103 " not in got and got.endswith(b"done")


# ---- connections -----------------------------------------------------------------------------------
def test_keep_alive_on_both_sides(front, origin):
    web = origin()
    with front(web).client() as client:
        for _ in range(50):
            assert client.ask().body == b"origin"
    assert web.connections == 1


def test_close_when_asked(front, origin):
    with front(origin()).client() as client:
        assert client.ask(fields=[("Connection", "close")]).status == 200
        assert client.is_closed()


def test_server_connections_are_shared(front, origin):
    web = origin()
    sluis = front(web)
    for _ in range(20):
        assert sluis.ask().status == 200
    assert web.connections < 5


@pytest.mark.smoke
def test_pipelining_is_answered_in_order(front, origin):
    def slow_first(request, _):
        time.sleep(0.3 if request.target == "/0" else 0)
        return answer(request.target)

    with front(origin(slow_first)).client() as client:
        client.send(b"".join(wire.request(target=f"/{n}") for n in range(20)))
        assert [client.response().body for _ in range(20)] == [b"/%d" % n for n in range(20)]


def test_pipelined_bodies(front, origin):
    with front(origin(lambda request, _: answer(request.body))).client() as client:
        client.send(b"".join(wire.request("POST", body=b"%d" % n * 3000) for n in range(8)))
        assert [client.response().body for _ in range(8)] == [b"%d" % n * 3000 for n in range(8)]


def test_http_1_0(front, origin):
    sluis = front(origin())
    got = sluis.raw(b"GET / HTTP/1.0\r\nHost: a.nl\r\n\r\n")
    assert got.startswith(b"HTTP/1.") and b" 200 " in got[:16] and got.endswith(b"origin")
    with sluis.client() as client:
        for _ in range(2):
            client.send(b"GET / HTTP/1.0\r\nHost: a.nl\r\nConnection: keep-alive\r\n\r\n")
            answered = client.response()
            assert answered.status == 200 and (answered.header("Connection") or "").lower() == "keep-alive"


def test_chunked_response_to_http_1_0(front, origin):
    """RFC 9112 §6.1: no transfer coding towards a 1.0 client."""
    def chunked(_request, stream):
        stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + wire.chunks(b"one", b"two"))
        return b""

    got = front(origin(chunked)).raw(b"GET / HTTP/1.0\r\nHost: a.nl\r\n\r\n")
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower() and body == b"onetwo"


def test_stale_server_connection_is_replaced(front, origin):
    """A server that closes idle connections costs no client a failure."""
    web = origin()
    sluis = front(web)
    for _ in range(5):
        assert sluis.ask().status == 200
        with web.lock:
            for stream in web.streams:
                try:
                    stream.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


def test_client_that_leaves_does_not_disturb_others(front, origin):
    sluis = front(origin(lambda request, _: time.sleep(0.2) or answer("x" * 100000)))
    for _ in range(20):
        client = sluis.client()
        client.send(wire.request())
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    assert len(sluis.ask().body) == 100000


# ---- what is added and what is taken away --------------------------------------------------------------
@pytest.mark.smoke
def test_forwarded_headers_are_ours(front, origin):
    """A6: what the client says about itself is taken out, in every spelling."""
    web = origin()
    front(web).ask(fields=[("X-Forwarded-For", "6.6.6.6"), ("x-forwarded-proto", "https"), ("X_Forwarded_Host", "evil"),
                           ("Forwarded", "for=6.6.6.6"), ("X-Request-Id", "evil"), ("X_Forwarded_For", "6.6.6.7")])
    got = web.requests[0]
    assert got.all("X-Forwarded-For") == ["127.0.0.1"]
    assert got.all("X-Forwarded-Proto") == ["http"]
    assert got.all("X-Forwarded-Host") == ["www.example.nl"]
    assert len(got.all("Forwarded")) == 1 and "127.0.0.1" in got.header("Forwarded")
    assert len(got.all("X-Request-Id")) == 1 and got.header("X-Request-Id") != "evil"
    assert b"6.6.6" not in got.raw and b"evil" not in got.raw


def test_traceparent_is_valid(front, origin):
    """W3C trace context: version, 16-byte trace, 8-byte parent, flags."""
    web = origin()
    front(web).ask()
    version, trace, parent, flags = web.requests[0].header("traceparent").split("-")
    assert version == "00" and len(bytes.fromhex(trace)) == 16 and len(bytes.fromhex(parent)) == 8
    assert any(bytes.fromhex(trace)) and any(bytes.fromhex(parent)) and len(flags) == 2


def test_request_ids_are_unique(front, origin):
    web = origin()
    with front(web).client() as client:
        for _ in range(30):
            client.ask()
    assert len({request.header("X-Request-Id") for request in web.requests}) == 30


def test_trusted_proxy_is_believed(front, origin):
    web = origin()
    front(web, trust_forwarded_from=["127.0.0.0/8"]).ask(fields=[("X-Forwarded-For", "192.0.2.7")])
    assert "192.0.2.7" in web.requests[0].header("X-Forwarded-For")


def test_hop_by_hop_fields_stay_here(front, origin):
    """RFC 9110 §7.6.1: what Connection names, and the classic ones, don't travel on."""
    def handle(_request, stream):
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Mine\r\nX-Mine: 1\r\n"
                    b"Keep-Alive: timeout=5\r\nX-Kept: 1\r\n\r\nok")
        return b""

    web = origin(handle)
    got = front(web).ask(fields=[("Connection", "X-Secret, keep-alive"), ("X-Secret", "1"), ("Keep-Alive", "300"),
                                 ("Proxy-Connection", "keep-alive"), ("X-Kept", "1")])
    sent = web.requests[0]
    for name in ("X-Secret", "Keep-Alive", "Proxy-Connection"):
        assert sent.all(name) == [], name
    assert sent.all("X-Kept") == ["1"]
    assert got.all("X-Mine") == [] and got.all("Keep-Alive") == [] and got.all("X-Kept") == ["1"]


def test_header_fields_arrive_in_order_and_unchanged(front, origin):
    fields = [("X-A", "1"), ("Cookie", "a=1; b=2"), ("X-A", "2"), ("x-lower", "Caf\xe9"), ("X-Empty", "")]
    web = origin()
    front(web).ask(fields=fields)
    got = [field for field in web.requests[0].fields if field[0].lower() in ("x-a", "cookie", "x-lower", "x-empty")]
    assert got == fields


# ---- upgrade -----------------------------------------------------------------------------------------
WEBSOCKET = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
             ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]


def upgrade(request, stream):
    """A server that switches to an echo of raw bytes."""
    stream.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    while data := stream.buffer or stream.sock.recv(65536):
        stream.buffer = b""
        stream.send(data)
    assert request


@pytest.mark.smoke
def test_upgrade_is_a_tunnel(front, origin):
    """RFC 9110 §7.8"""
    with front(origin(upgrade)).client() as client:
        client.send(wire.request(fields=WEBSOCKET))
        got = client.head()
        assert got.status == 101 and got.header("Upgrade").lower() == "websocket"
        assert got.header("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        for size in (1, 100, 70000):
            data = os.urandom(size)
            client.send(data)
            assert client.exactly(size) == data
        client.sock.shutdown(socket.SHUT_WR)
        assert client.is_closed()


def test_refused_upgrade_is_an_ordinary_answer(front, origin):
    with front(origin()).client() as client:
        for _ in range(2):
            got = client.ask(fields=WEBSOCKET)
            assert got.status == 200 and got.body == b"origin"


def test_other_upgrades_are_not_asked_for(front, origin):
    """RFC 9110 §7.8: who doesn't speak a protocol leaves the field out; h2c in particular."""
    web = origin()
    got = front(web).ask(fields=[("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk")])
    assert got.status == 200
    assert web.requests[0].all("Upgrade") == [] and web.requests[0].all("HTTP2-Settings") == []


def test_unasked_switch_is_refused(front, origin):
    """A18: a server that switches protocols without being asked speaks nonsense."""
    with front(origin(upgrade)).client() as client:
        assert client.ask().status == 502


def test_websocket(front):
    """RFC 6455 through real client and server libraries."""
    websockets = pytest.importorskip("websockets")
    port, ready = free_port(), threading.Event()

    async def echo(peer, *_):
        async for message in peer:
            await peer.send(message)

    async def serve():
        async with websockets.serve(echo, "127.0.0.1", port):
            ready.set()
            await asyncio.sleep(30)

    async def talk(url):
        async with websockets.connect(url) as peer:
            for message in ("hallo", "x" * 100000, b"\x00\x01"):
                await peer.send(message)
                assert await peer.recv() == message

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    assert ready.wait(5)
    sluis = front(types.SimpleNamespace(address=f"127.0.0.1:{port}"))
    asyncio.run(talk(f"ws://127.0.0.1:{sluis.port()}/chat"))


# ---- slow ones -----------------------------------------------------------------------------------------
def test_slow_reader_gets_everything(front, origin):
    body = os.urandom(4 * MB)
    with front(origin(lambda *_: answer(body))).client() as client:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.send(wire.request())
        time.sleep(1)
        assert client.response().body == body


def test_slow_writer_is_understood(front, origin):
    with front(origin(digest)).client() as client:
        for byte in wire.request("POST", "/slow", body=b"abc"):
            client.send(bytes([byte]))
            time.sleep(0.002)
        assert client.response().body.decode() == hashlib.sha256(b"abc").hexdigest()


def test_slow_header_is_cut_off(front, origin):
    """A22: a head that does not end in time costs 408 and the connection."""
    sluis = front(origin(), listener={"timeouts": {"request_header": "1s"}})
    with sluis.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a")
        started = time.monotonic()
        got = client.to_end()
        assert time.monotonic() - started < 4
        assert got == b"" or got.startswith(b"HTTP/1.1 408")


def test_idle_connection_is_closed(front, origin):
    sluis = front(origin(), listener={"timeouts": {"keep_alive": "1s"}})
    with sluis.client() as client:
        assert client.ask().status == 200
        started = time.monotonic()
        assert client.is_closed(within=5)
        assert time.monotonic() - started > 0.5


def test_stalled_body_is_cut_off(front, origin):
    sluis = front(origin(digest), listener={"timeouts": {"request_body_idle": "1s"}})
    with sluis.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nContent-Length: 100\r\n\r\nabc")
        started = time.monotonic()
        got = client.to_end()
        assert time.monotonic() - started < 5
        assert got == b"" or got.split(b" ")[1] in (b"408", b"400")


def drip(client, seconds, piece=b"x"):
    """Until the other side has had enough; after how long."""
    began = time.monotonic()
    while time.monotonic() - began < seconds and not select.select([client.sock], [], [], 0.2)[0]:
        client.send(piece)
    return time.monotonic() - began


@pytest.mark.parametrize("length", [1000, 10_000_000])
def test_dripping_body_is_cut_off(front, origin, length):
    """THREATS A22: a byte now and then is no progress, whichever way the body takes."""
    sluis = front(origin(digest), listener={"timeouts": {"request_body_idle": "1s"}})
    with sluis.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nContent-Length: %d\r\n\r\nabc" % length)
        assert 0.5 < drip(client, 5) < 3
        assert client.to_end().startswith(b"HTTP/1.1 408")
    assert sluis.ask(method="POST", body=b"x" * 100).status == 200


@pytest.mark.parametrize("timeouts, piece", [({"request_body_rate": 0}, b"x"), ({}, b"x" * 100)], ids=["off", "enough"])
def test_slow_body_may_come(front, origin, timeouts, piece):
    sluis = front(origin(digest), listener={"timeouts": {"request_body_idle": "1s", **timeouts}})
    with sluis.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nContent-Length: 1000000\r\n\r\n")
        assert drip(client, 2.5, piece) >= 2.5


def test_server_that_takes_no_body(front):
    """Not the client's fault: 504, not 408."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stuck = types.SimpleNamespace(address=f"127.0.0.1:{listener.getsockname()[1]}", name="stuck")
        sluis = front(stuck, listener={"timeouts": {"request_body_idle": "500ms"}},
                      backend={"timeouts": {"first_byte": "1500ms"}})
        with sluis.client() as client:
            client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nContent-Length: 100000000\r\n\r\n")
            client.sock.setblocking(False)
            end = time.monotonic() + 6
            while time.monotonic() < end and not select.select([client.sock], [], [], 0.05)[0]:
                try:
                    client.sock.send(b"x" * 65536)
                except BlockingIOError:
                    pass
            client.sock.settimeout(5)
            assert client.sock.recv(4096).startswith(b"HTTP/1.1 504")


# ---- limits ---------------------------------------------------------------------------------------------
def test_header_limits(front, origin):
    sluis = front(origin(), listener={"limits": {"header_size": "2k", "headers": 20}})
    assert sluis.ask(fields=[("X-Big", "x" * 1500)]).status == 200
    assert sluis.ask(fields=[("X-Big", "x" * 4000)]).status == 431
    assert sluis.ask(fields=[(f"X-{n}", "1") for n in range(30)]).status == 431
    assert sluis.ask(target="/" + "x" * 4000).status in (414, 431)


def test_body_limit(front, origin):
    web = origin(digest)
    sluis = front(web, listener={"limits": {"body_size": "1k"}})
    assert sluis.ask(method="POST", body=b"x" * 1024).status == 200
    assert sluis.ask(method="POST", body=b"x" * 1025).status == 413
    with sluis.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nTransfer-Encoding: chunked\r\n\r\n" + wire.chunks(b"x" * 600, b"x" * 600))
        assert client.response().status == 413
        assert client.is_closed()


def test_requests_per_connection(front, origin):
    with front(origin(), listener={"limits": {"requests_per_connection": 3}}).client() as client:
        for _ in range(3):
            assert client.ask().status == 200
        assert client.is_closed()


def test_connections_per_address(front, origin):
    sluis = front(origin(), listener={"limits": {"connections_per_address": 3}})
    held = [sluis.client() for _ in range(3)]
    for client in held:
        assert client.ask().status == 200
    with sluis.client() as extra:
        try:
            extra.send(wire.request())
            refused = extra.to_end()
        except ConnectionError:
            refused = b""
        assert b" 200 " not in refused
    for client in held:
        assert client.ask().status == 200
        client.close()
