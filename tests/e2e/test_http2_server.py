"""HTTP/2 to servers (RFC 9113): h2 and h2c, from clients of either version."""
import base64
import hashlib
import json
import threading
import time
from concurrent import futures

import grpc
import pytest

from harness import http2, wire
from harness import origin as origins
from harness.wait import until

NAME = "www.example.nl"


@pytest.fixture(name="server")
def make_server():
    """server(handler, ...) is an HTTP/2 server."""
    made = []

    def make(handler=None, **keywords):
        made.append(http2.Server(handler, **keywords))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture(name="pool")
def start_pool(sluis, site, ca):
    """pool(server, ...) starts Sluis with an https and a cleartext listener in front of these h2c servers; clients'
    keywords for the first."""

    def start(*servers, backend=None, **keywords):
        made = ca.issue(NAME)
        config = site(*[one.address for one in servers],
                      listener={"protocol": "https", "certificates": ["www"]},
                      backend={"protocol": "h2c", **(backend or {})},
                      certificates=[{"name": "www", "chain": made.chain, "key": made.key}], **keywords)
        config["listeners"].append({"name": "clear", "address": f"127.0.0.1:{sluis.port('clear')}", "protocol": "http"})
        sluis.start(config)
        return {"port": sluis.port(), "tls": wire.client_tls(ca.certificate)}

    return start


@pytest.mark.smoke
def test_both_versions_of_clients(pool, server, sluis):
    """One connection for all of them."""
    one = server()
    keywords = pool(one)
    with http2.Client(**keywords) as client:
        assert client.ask("/a?b", "POST", body=b"x" * 100).body == b"hello " + b"x" * 100
        assert client.ask("/c").body == b"hello "
    answer = sluis.ask("/d", "POST", listener="clear", body=b"abc")
    assert answer.status == 200 and answer.body == b"hello abc"
    first = one.requests[0]
    assert first.header(":method") == "POST" and first.path == "/a?b" and first.header(":authority") == NAME
    assert first.header("x-forwarded-proto") == "https" and not first.header("connection")
    assert len(one.links) == 1


def test_over_tls(sluis, site, ca, server):
    """RFC 9113 §3.2: a server that does not choose h2 is not spoken to."""
    tls = origins.server_tls(ca.issue("127.0.0.1"))
    one = server(tls=tls)
    sluis.start(site(one.address, backend={"protocol": "h2", "tls": {"ca": ca.certificate}}))
    assert sluis.ask("/").body == b"hello "
    assert one.requests[0].header(":scheme") == "https"
    one.tls = origins.server_tls(ca.issue("127.0.0.1"))  # without ALPN
    one.stop()


def test_server_without_alpn(sluis, site, ca, origin):
    plain = origin(tls=origins.server_tls(ca.issue("127.0.0.1")))
    sluis.start(site(plain.address, backend={"protocol": "h2", "tls": {"ca": ca.certificate}}))
    assert sluis.ask("/").status == 502 and not plain.requests


def test_requests_share_a_connection(pool, server):
    gate = threading.Event()
    one = server(lambda request, link: gate.wait(10) and link.answer(request, request.path.encode()))
    with http2.Client(**pool(one)) as client:
        streams = [client.begin(f"/{i}") for i in range(50)]
        until(lambda: len(one.requests) == 50)
        gate.set()
        assert [answer.body for answer in client.wait(*streams)] == [f"/{i}".encode() for i in range(50)]
    assert len(one.links) <= 2


def test_servers_limit_is_kept(pool, server):
    """RFC 9113 §5.1.2: more streams than the server allows go over another connection."""
    gate = threading.Event()
    one = server(lambda request, link: gate.wait(10) and link.answer(request, b"x"), settings={3: 5})
    with http2.Client(**pool(one)) as client:
        streams = [client.begin(f"/{i}") for i in range(20)]
        until(lambda: len(one.requests) == 20)
        gate.set()
        assert all(answer.status == 200 for answer in client.wait(*streams))


@pytest.mark.parametrize("size", [0, 1, 65536, 70000, 2_000_000])
def test_bodies_of_every_size(pool, server, sluis, size):
    body = (bytes(range(256)) * (size // 256 + 1))[:size]
    one = server(lambda request, link: link.answer(request, request.body))
    with http2.Client(**pool(one)) as client:
        assert client.ask(method="POST", body=body).body == body
        assert client.ask(method="PUT", body=body, fields=[("content-length", str(size))]).body == body
    assert sluis.ask("/", "POST", listener="clear", body=body).body == body


def test_trailers_in_every_combination(pool, server, sluis):
    """RFC 9113 §8.1; with and without content, with and without a length."""
    one = server(lambda request, link: link.answer(
        request, request.body, trailers=[("x-down", "1")],
        fields=[("content-type", "application/grpc"), ("content-length", str(len(request.body)))]))
    with http2.Client(**pool(one)) as client:
        for body in (b"", b"abc", b"x" * 100_000):
            for up in (None, [("x-up", "2")]):
                answer = client.ask(method="POST", body=body, trailers=up, fields=[("te", "trailers")])
                assert (answer.body, answer.trailers) == (body, [("x-down", "1")])
                assert one.requests[-1].body == body and one.requests[-1].trailers == up
    answer = sluis.ask("/", listener="clear", fields=[("TE", "trailers"), ("Connection", "TE")])
    assert wire.values(answer.trailers, "x-down") == ["1"]


def test_trailers_only(pool, server):
    """gRPC: an answer that is one HEADERS frame stays one."""
    one = server(lambda request, link: link.headers(request.stream, [(":status", "200"), ("content-type", "application/grpc"),
                                                                   ("grpc-status", "5")], end=True))
    keywords = pool(one)
    with http2.Raw(**keywords) as raw:
        raw.headers(1, http2.request_fields(method="POST"))
        frame = raw.wait(http2.frames.HeadersFrame, 1)
        assert "END_STREAM" in frame.flags
        assert ("grpc-status", "5") in raw.decoder.decode(frame.data)


def test_interim_answers(pool, server):
    def handler(request, link):
        link.headers(request.stream, [(":status", "103"), ("link", "</a>")])
        link.answer(request, b"x")

    with http2.Client(**pool(server(handler))) as client:
        answer = client.ask("/")
        assert dict(answer.interim[0])["link"] == "</a>" and answer.body == b"x"


# ---- what goes wrong -----------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["refused", "goaway"])
def test_unprocessed_requests_are_sent_again(pool, server, how):
    """RFC 9113 §8.7: whatever their method."""
    def handler(request, link):
        if request.connection == 1 and len(link.requests) == 2:
            if how == "refused":
                link.reset(request.stream, 7)
            else:
                link.goaway(link.requests and 1)
            return
        link.answer(request, b"connection %d" % link.number)

    one = server(handler)
    with http2.Client(**pool(one)) as client:
        assert client.ask("/").status == 200
        answer = client.ask("/", "POST")
        assert answer.status == 200
    assert len(one.requests) == 3


def test_broken_connection_fails_its_requests_alone(pool, server):
    def handler(request, link):
        if request.path == "/kill":
            link.sock.shutdown(2)
            return
        if request.path == "/slow":
            time.sleep(1)
        link.answer(request, b"x")

    with http2.Client(**pool(server(handler))) as client:
        assert client.ask("/").status == 200
        answers = client.wait(client.begin("/slow", "POST"), client.begin("/kill", "POST"))
        assert [answer.status for answer in answers] == [502, 502]
        assert client.ask("/").status == 200


BAD = {
    "no status": [("x", "1")],
    "a status of letters": [(":status", "abc")],
    "RFC 9113 §8.6: 101": [(":status", "101")],
    "upper case": [(":status", "200"), ("X-A", "1")],
    "line end": [(":status", "200"), ("x", "1\r\ny: 2")],
    "connection": [(":status", "200"), ("connection", "close")],
    "length": [(":status", "200"), ("content-length", "5")],
}


@pytest.mark.parametrize("fields", list(BAD.values()), ids=list(BAD))
def test_malformed_answers(pool, server, fields):
    """THREATS A18: 502, nothing of it reaches the client, and the connection serves others."""
    def handler(request, link):
        if request.path == "/bad":
            encoded = link.h2.encoder.encode(fields, huffman=False)
            link.bytes(http2.frames.HeadersFrame(request.stream, flags=["END_HEADERS", "END_STREAM"], data=encoded).serialize())
        else:
            link.answer(request, b"x")

    with http2.Client(**pool(server(handler))) as client:
        assert client.ask("/").status == 200
        assert client.ask("/bad").status == 502
        assert client.ask("/").status == 200


@pytest.mark.parametrize("pieces", [[b"abc"], [b"abcdef"], [b"abc", b"def"]])
def test_length_against_content(pool, server, pieces):
    """THREATS A2: an answer of another length than stated is cut, and never looks whole."""
    def handler(request, link):
        encoded = link.h2.encoder.encode([(":status", "200"), ("content-length", "5")], huffman=False)
        out = http2.frames.HeadersFrame(request.stream, flags=["END_HEADERS"], data=encoded).serialize()
        for i, piece in enumerate(pieces):
            flags = ["END_STREAM"] if i + 1 == len(pieces) else []
            out += http2.frames.DataFrame(request.stream, flags=flags, data=piece).serialize()
        link.bytes(out)

    with http2.Client(**pool(server(handler))) as client:
        answer = client.ask("/")
        assert not answer.is_done or answer.status == 502


def test_idle_connection_is_closed(pool, server):
    one = server()
    with http2.Client(**pool(one, backend={"timeouts": {"idle_connection": "300ms"}})) as client:
        assert client.ask("/").status == 200
        time.sleep(1)
        assert client.ask("/").status == 200
    assert len(one.links) == 2


def test_silent_server_is_left(pool, server):
    """A connection that leads nowhere fails one request, not all that come."""
    one = server(lambda request, link: link.answer(request, b"x") if link.number > 1 or request.path == "/" else None)
    with http2.Client(**pool(one, backend={"timeouts": {"first_byte": "1500ms"}})) as client:
        assert client.ask("/").status == 200
        time.sleep(0.1)
        assert client.ask("/never").status == 504
        assert client.ask("/again").status == 200
    assert len(one.links) == 2


# ---- WebSockets and gRPC -------------------------------------------------------------------------
def websocket_fields(**keywords):
    return [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/ws"),
            (":authority", NAME), ("sec-websocket-version", "13"), ("origin", "https://" + NAME), *keywords.get("fields", ())]


def open_websocket(client):
    stream = client.h2.get_next_available_stream_id()
    client.answers[stream] = http2.Answer()
    client.h2.send_headers(stream, websocket_fields())
    client.push()
    client.wait(until=lambda: client.answers[stream].fields or client.answers[stream].reset is not None)
    return stream


def check_echo(client, stream):
    """Bytes both ways while it is open, then its half-close, and the other one's."""
    answer = client.answers[stream]
    for n in (5, 70_000):
        before = len(answer.body)
        client.send(stream, b"y" * n)
        client.wait(until=lambda before=before, n=n: len(answer.body) == before + n)
    client.send(stream, b"bye", end=True)
    assert client.wait(stream).body.endswith(b"bye") and answer.is_done and answer.reset is None


def echo_websocket(request, link):
    """Answers extended CONNECT and sends back what comes, until it ends."""
    link.headers(request.stream, [(":status", "200"), ("sec-websocket-protocol", "chat")])
    sent = 0
    while not request.is_done or sent < len(request.body):
        if sent < len(request.body):
            part = request.body[sent:]
            link.data(request.stream, part)
            sent += len(part)
        time.sleep(0.005)
    link.data(request.stream, end=True)


def echo_websocket1(request, stream):
    """The same for HTTP/1.1, RFC 6455 §4.2.2."""
    key = request.header("Sec-WebSocket-Key")
    accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
    stream.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    while stream.buffer or stream.fill():
        data, stream.buffer = stream.buffer, b""
        stream.send(data)


@pytest.mark.parametrize("version", ["http1", "h2c"])
def test_websocket_over_http2(pool, server, origin, sluis, version):
    """RFC 8441 §5: to servers of either version; a reload leaves it alone; half-close passes through."""
    one = server(echo_websocket, early=True, settings={8: 1}) if version == "h2c" else origin(echo_websocket1)
    with http2.Client(**pool(one, backend={} if version == "h2c" else {"protocol": "http"})) as client:
        stream = open_websocket(client)
        answer = client.answers[stream]
        assert answer.status == 200 and answer.header("sec-websocket-protocol") == "chat"
        assert not answer.header("sec-websocket-accept") and not answer.header("upgrade")
        assert sluis.reload().returncode == 0
        check_echo(client, stream)
    if version == "h2c":
        assert one.requests[0].header(":protocol") == "websocket" and not one.requests[0].header("sec-websocket-key")


def test_websocket_from_http1(pool, server, sluis):
    """RFC 6455 §4.1 outside, RFC 8441 §5 inside: the key is answered here."""
    pool(server(echo_websocket, early=True, settings={8: 1}))
    with sluis.client("clear") as client:
        client.send(b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        head = client.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
        client.send(b"hello")
        assert client.exactly(5) == b"hello"


def test_websocket_to_a_server_that_takes_none(pool, server):
    """RFC 8441 §3: only where the setting was sent."""
    with http2.Client(**pool(server(echo_websocket, early=True))) as client:
        assert client.answers[open_websocket(client)].status == 501


def test_grpc(pool, sluis, ca):
    """A real client and a real server: every kind of call, trailers, errors, deadlines."""
    served = grpc.server(futures.ThreadPoolExecutor(4))

    def fail(_, context):
        context.abort(grpc.StatusCode.NOT_FOUND, "nothing here")

    served.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {
        "Unary": grpc.unary_unary_rpc_method_handler(lambda request, _: request * 2),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Down": grpc.unary_stream_rpc_method_handler(lambda request, _: (bytes([i]) * 1000 for i in range(200))),
        "Up": grpc.stream_unary_rpc_method_handler(lambda requests, _: b"%d" % sum(map(len, requests))),
        "Both": grpc.stream_stream_rpc_method_handler(lambda requests, _: requests),
    }),))
    port = served.add_insecure_port("127.0.0.1:0")
    served.start()
    try:
        pool(type("Server", (), {"address": f"127.0.0.1:{port}"}))
        with open(ca.certificate, "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        with grpc.secure_channel(f"127.0.0.1:{sluis.port()}", credentials,
                                 [("grpc.ssl_target_name_override", NAME)]) as channel:
            assert channel.unary_unary("/t.T/Unary")(b"x" * 100_000, timeout=10) == b"x" * 200_000
            with pytest.raises(grpc.RpcError) as failed:
                channel.unary_unary("/t.T/Fail")(b"", timeout=10)
            assert failed.value.code() == grpc.StatusCode.NOT_FOUND and failed.value.details() == "nothing here"
            assert len(list(channel.unary_stream("/t.T/Down")(b"", timeout=10))) == 200
            assert channel.stream_unary("/t.T/Up")((b"x" * 1000 for _ in range(300)), timeout=10) == b"300000"
            assert list(channel.stream_stream("/t.T/Both")(iter([b"a", b"bb"]), timeout=10)) == [b"a", b"bb"]
    finally:
        served.stop(None)


def test_connections_and_streams_are_counted(pool, server, sluis):
    gate = threading.Event()

    def handler(request, link):
        gate.wait(10)
        link.answer(request, b"x")

    def figures():
        text = sluis.ask("/metrics", listener="metrics").body.decode()
        return [sum(int(line.split()[-1]) for line in text.splitlines() if line.startswith(f"sluis_server_http2_{name}{{"))
                for name in ("connections", "streams")]

    with http2.Client(**pool(server(handler), backend={"timeouts": {"idle_connection": "1s"}},
                             metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"})) as client:
        streams = [client.begin("/") for _ in range(3)]
        until(lambda: figures() in ([1, 3], [2, 3], [3, 3]))
        gate.set()
        client.wait(*streams)
        until(lambda: figures()[1] == 0)
        assert figures()[0] >= 1
    until(lambda: figures() == [0, 0])


def test_first_request_tells_of_the_handshake(pool, server, sluis):
    """As with HTTP/1.1: what is the connection's is in the record of its first request alone."""
    with http2.Client(**pool(server()), name="WWW.example.nl") as client:
        assert [client.ask(path).status for path in ("/1", "/2")] == [200, 200]

    def records():
        shown = sluis.run("audit", "tail", "--json", "-n", "50").stdout
        lines = [json.loads(line) for line in shown.splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("protocol") == "HTTP/2"]

    until(lambda: len(records()) == 2)
    first, second = sorted(records(), key=lambda line: line["object"])
    assert int(first["handshake_us"]) > 0 and "handshake_us" not in second
    assert first["tls"].startswith("TLSv1.3")


def test_quiet_streams_that_are_answered_go_on(sluis, site, ca, server):
    """Both sides may think before they say more (gRPC): limits of bodies end with the head of the answer."""
    def handler(request, link):
        link.headers(request.stream, [(":status", "200"), ("content-type", "application/grpc")])
        while not request.is_done:
            time.sleep(0.05)
        link.data(request.stream, request.body, end=True)

    made = ca.issue(NAME)
    sluis.start(site(server(handler, early=True).address, backend={"protocol": "h2c"},
                     listener={"protocol": "https", "certificates": ["www"], "timeouts": {"request_body_idle": "500ms"}},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    with http2.Client(sluis.port(), tls=wire.client_tls(ca.certificate)) as client:
        stream = client.begin("/", "POST", end=False)
        client.wait(until=lambda: client.answers[stream].fields)
        for _ in range(3):
            client.send(stream, b"x")
            time.sleep(0.7)
        client.send(stream, b"y", end=True)
        assert client.wait(stream).body == b"xxxy"


@pytest.mark.parametrize("kind, status", [("application/grpc", 200), ("text/plain", 408)])
def test_slow_messages_before_the_answer(sluis, site, ca, server, kind, status):
    """THREATS A22: a stream of messages that is answered at its end is gRPC's alone."""
    made = ca.issue(NAME)
    sluis.start(site(server().address, backend={"protocol": "h2c"},
                     listener={"protocol": "https", "certificates": ["www"], "timeouts": {"request_body_idle": "1s"}},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    with http2.Client(sluis.port(), tls=wire.client_tls(ca.certificate)) as client:
        stream = client.begin("/", "POST", end=False, fields=[("content-type", kind)])
        for _ in range(8):
            client.send(stream, b"x")
            time.sleep(0.3)
        if status == 200:
            client.send(stream, b"", end=True)
        assert client.wait(stream, until=lambda: client.answers[stream].fields).status == status


def grpc_both():
    """A gRPC server, and how it is asked."""
    served = grpc.server(futures.ThreadPoolExecutor(4))
    served.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", {
        "Up": grpc.stream_unary_rpc_method_handler(lambda requests, _: b"%d" % sum(map(len, requests))),
        "Both": grpc.stream_stream_rpc_method_handler(lambda requests, _: requests),
    }),))
    port = served.add_insecure_port("127.0.0.1:0")
    served.start()
    return served, f"127.0.0.1:{port}"


def slowly(pause, *messages):
    for message in messages:
        time.sleep(pause)
        yield message


def test_quiet_grpc_streams_live_as_long_as_tunnels(sluis, site, ca):
    """Who sends messages as they come is silent now and then, before the answer as well as in it: timeouts.tunnel_idle is the
    limit, and not that of a body."""
    served, address = grpc_both()
    made = ca.issue(NAME)
    limits = {"request_body_idle": "500ms", "response_idle": "500ms", "tunnel_idle": "2s", "tunnel_lifetime": "6s"}
    sluis.start(site(address, backend={"protocol": "h2c"}, listener={"protocol": "https", "certificates": ["www"], "timeouts": limits},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    try:
        with open(ca.certificate, "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        with grpc.secure_channel(f"127.0.0.1:{sluis.port()}", credentials,
                                 [("grpc.ssl_target_name_override", NAME)]) as channel:
            up, both = channel.stream_unary("/t.T/Up"), channel.stream_stream("/t.T/Both")
            with futures.ThreadPoolExecutor(4) as threads:
                first = threads.submit(lambda: up(slowly(1.2, b"x", b"yy", b"z"), timeout=10))
                second = threads.submit(lambda: list(both(slowly(1.2, b"x", b"yy", b"z"), timeout=10)))
                idle = threads.submit(lambda: list(both(slowly(3.5, b"x"), timeout=10)))
                lasting = threads.submit(lambda: list(both(slowly(1, *[b"x"] * 9), timeout=15)))
                assert first.result() == b"4" and second.result() == [b"x", b"yy", b"z"]
                for limited in idle, lasting:
                    with pytest.raises(grpc.RpcError):
                        limited.result()
    finally:
        served.stop(None)


def test_a_stream_that_was_held_up_may_be_silent_again(sluis, site, ca, server):
    """The limit of who takes nothing ends when it has been taken."""
    def handler(request, link):
        link.headers(request.stream, [(":status", "200"), ("content-type", "application/grpc")])
        link.data(request.stream, b"x" * 65536)  # one more than the client's window
        time.sleep(2)
        link.data(request.stream, b"end", end=True)

    made = ca.issue(NAME)
    sluis.start(site(server(handler, early=True).address, backend={"protocol": "h2c"},
                     listener={"protocol": "https", "certificates": ["www"], "timeouts": {"response_idle": "800ms"}},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    with http2.Client(sluis.port(), tls=wire.client_tls(ca.certificate)) as client:
        stream = client.begin("/", "POST", end=False, fields=[("content-type", "application/grpc")])
        time.sleep(0.5)
        client.wait(until=lambda: len(client.answers[stream].body) == 65536)
        assert client.wait(stream).body[65536:] == b"end"


def test_a_server_that_refuses_everything_is_ejected(sluis, site, server):
    """THREATS A18: a refusal now and then is no failure, nothing but refusals is; no request is tried without end."""
    bad, good = server(lambda request, link: link.reset(request.stream, 7)), server()
    sluis.start(site(bad.address, good.address, edges=1, backend={
        "protocol": "h2c", "balance": "round_robin", "retries": {"attempts": 2, "budget_percent": 100},
        "outlier": {"consecutive_errors": 3, "eject_for": "30s", "max_ejected_percent": 50}}))

    def ejections():
        return [one["dials"]["ejections"] for one in sluis.status()["pools"][0]["servers"]]

    with sluis.client() as client:
        statuses = [client.ask().status for _ in range(60)]
    assert ejections() == [0, 0], "a few refusals count"
    end = time.monotonic() + 20
    with sluis.client() as client:
        while ejections() == [0, 0] and time.monotonic() < end:
            statuses += [client.ask().status for _ in range(100)]
    asked = len(bad.requests)
    assert ejections() == [1, 0] and asked <= 2 * len(statuses), "requests are tried without end"
    assert sluis.ask().status == 200 and len(bad.requests) == asked


def test_a_server_that_cuts_connections_gets_no_free_tries(sluis, site, server):
    """THREATS A18: one try of a request may meet a connection that has just ended; the next one counts."""
    def handler(request, link):
        if len(link.requests) > 1:
            link.sock.shutdown(2)

    one = server(handler)
    sluis.start(site(one.address, edges=1, backend={"protocol": "h2c", "retries": {"attempts": 2, "budget_percent": 100},
                                                    "timeouts": {"first_byte": "3s"}}))
    with futures.ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: sluis.ask().status, range(12)))
    assert set(answers) <= {502, 503, 504} and len(one.requests) <= 12 * 3, (answers, len(one.requests))


# ---- health checks -------------------------------------------------------------------------------
CHECK = {"interval": "200ms", "timeout": "200ms", "fall": 2, "rise": 1}


def health(sluis):
    return [(one["health"], (one["last_check"] or {}).get("result")) for one in sluis.status()["pools"][0]["servers"]]


@pytest.mark.parametrize("is_tls", [False, True])
def test_health_over_http2(sluis, site, ca, server, is_tls):
    """A check is a request as others are: its status and its body decide."""
    says = {"status": "200", "body": b"all is fine"}

    def handler(request, link):
        if request.path == "/healthz?a":
            link.headers(request.stream, [(":status", "103")])
            link.headers(request.stream, [(":status", says["status"])])
            link.data(request.stream, says["body"], end=True)
        else:
            link.answer(request, b"x")

    one = server(handler, tls=origins.server_tls(ca.issue("127.0.0.1")) if is_tls else None)
    backend = {"protocol": "h2", "tls": {"ca": ca.certificate}} if is_tls else {"protocol": "h2c"}
    sluis.start(site(one.address, backend={**backend, "health": {**CHECK, "path": "/healthz?a", "expect_body": "fine", "host": "in.nl"}}))
    until(lambda: health(sluis) == [("up", "ok")])
    check = [r for r in one.requests if r.path == "/healthz?a"][0]
    assert check.header(":authority") == "in.nl" and check.header(":method") == "GET"
    assert check.header(":scheme") == ("https" if is_tls else "http") and check.header("user-agent") == "sluis-health"
    says["body"] = b"nothing"
    until(lambda: health(sluis) == [("down", "unexpected body")])
    assert sluis.ask().status == 503
    says["status"] = "500"
    until(lambda: health(sluis) == [("down", "unexpected status")])
    says.update(status="200", body=b"fine")
    until(lambda: health(sluis) == [("up", "ok")])
    assert sluis.ask().status == 200


def test_health_of_servers_without_http2(sluis, site, ca, origin):
    """RFC 9113 §3.2: neither by ALPN nor by what they say."""
    tls, clear = origin(tls=origins.server_tls(ca.issue("127.0.0.1"))), origin()
    config = site(tls.address, backend={"protocol": "h2", "tls": {"ca": ca.certificate}, "health": {**CHECK, "path": "/"}})
    config["backends"].append({"name": "clear", "protocol": "h2c", "servers": [clear.address], "health": {**CHECK, "path": "/"}})
    config["routes"].append({"name": "more", "hosts": ["b.nl"], "backend": "clear"})
    sluis.start(config)
    pools = lambda: [one["servers"][0]["last_check"] or {} for one in sluis.status()["pools"]]  # noqa: E731
    until(lambda: [check.get("result") for check in pools()] == ["TLS failed", "not HTTP"])


HOSTILE = {
    "reset": (lambda request, link: link.reset(request.stream, 2), "connection refused"),
    "GOAWAY": (lambda request, link: link.goaway(0), "connection refused"),
    "the end": (lambda request, link: link.sock.shutdown(2), "not HTTP"),
    "silence": (lambda request, link: None, "timeout"),
    "fields without end": (lambda request, link: [link.headers(request.stream, [(":status", "103"), ("x", "y" * 8000)])
                                                  for _ in range(50)], "not HTTP"),
    "interim answers without end": (lambda request, link: [link.headers(request.stream, [(":status", "103")]) for _ in range(50)],
                                    "not HTTP"),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_health_of_hostile_servers(sluis, site, server, how):
    """THREATS A18: each ends its check, and nothing else."""
    act, result = HOSTILE[how]
    good = server()
    sluis.start(site(server(act).address, good.address, backend={"protocol": "h2c", "health": {**CHECK, "path": "/"}}))
    until(lambda: health(sluis) == [("down", result), ("up", "ok")])
    assert [sluis.ask().status for _ in range(10)] == [200] * 10


def test_grpc_health(sluis, site):
    """grpc.health.v1.Health/Check of a real gRPC server: of one service, which is named, and of the whole."""
    says, asked = {"status": 1}, []

    def check(request, context):
        asked.append(request)
        if says["status"] is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
        return bytes([8, says["status"]])

    served = grpc.server(futures.ThreadPoolExecutor(2))
    served.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
        "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)}),))
    port = served.add_insecure_port("127.0.0.1:0")
    served.start()
    config = site(f"127.0.0.1:{port}", backend={"protocol": "h2c", "health": {**CHECK, "grpc": True, "grpc_service": "shop.Cart"}})
    try:
        sluis.start(config)
        until(lambda: health(sluis) == [("up", "ok")])
        assert asked[0] == b"\x0a\x09shop.Cart"
        says["status"] = 2  # NOT_SERVING
        until(lambda: health(sluis) == [("down", "not serving")])
        says["status"] = 1
        until(lambda: health(sluis) == [("up", "ok")])
        says["status"] = None
        until(lambda: health(sluis) == [("down", "not serving")])
        del asked[:], config["backends"][0]["health"]["grpc_service"]
        says["status"] = 1
        assert sluis.reload(config).returncode == 0
        until(lambda: b"" in asked and health(sluis) == [("up", "ok")])
    finally:
        served.stop(None)
