"""HTTP/2 on the client side (RFC 9113), through to servers that speak HTTP/1.1."""
import random
import socket
import struct
import subprocess
import threading
import time

import hpack
import pytest

from harness import http2, wire
from harness import origin as origins
from harness.wait import until

frames = http2.frames
NAME = "www.example.nl"
PROTOCOL_ERROR, REFUSED_STREAM = 1, 7


def echo(request, _):
    return origins.answer(b"hello " + request.body)


@pytest.fixture(name="h2")
def start_h2(sluis, site, ca):
    """h2(server, ...) starts Sluis with an https listener and gives keywords for clients: port and tls."""

    def start(*servers, listener=None, **keywords):
        made = ca.issue(NAME, "other.example.nl", file="both")
        sluis.start(site(*[server.address for server in servers],
                         listener={"protocol": "https", "certificates": ["www"], **(listener or {})},
                         certificates=[{"name": "www", "chain": made.chain, "key": made.key}], **keywords))
        return {"port": sluis.port(), "tls": wire.client_tls(ca.certificate)}

    return start


def curl(ca, port, *arguments, version="--http2"):
    ran = subprocess.run(["curl", "-sS", "-i", version, "--cacert", ca.certificate, "--resolve",
                          f"{NAME}:{port}:127.0.0.1", *arguments], capture_output=True, timeout=20, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


# ---- requests and answers ------------------------------------------------------------------------
@pytest.mark.smoke
def test_curl_through_to_http1(h2, origin, ca):
    """RFC 9113 §3.2: chosen by ALPN; the server sees one HTTP/1.1 request."""
    server = origin(echo)
    port = h2(server)["port"]
    got = curl(ca, port, "-d", "body=1", "-b", "a=1; b=2", f"https://{NAME}:{port}/path?q=1")
    assert got.startswith(b"HTTP/2 200") and got.endswith(b"hello body=1"), got
    request = server.requests[0]
    assert (request.method, request.target, request.version) == ("POST", "/path?q=1", "HTTP/1.1")
    assert request.header("Host") == f"{NAME}:{port}"
    assert request.all("Content-Length") == ["6"] and request.all("Cookie") == ["a=1; b=2"]
    assert request.header("X-Forwarded-Proto") == "https"
    assert curl(ca, port, f"https://{NAME}:{port}/", version="--http1.1").startswith(b"HTTP/1.1 200")


def test_prior_knowledge_is_asked_for(sluis, site, origin):
    """RFC 9113 §3.3: without TLS only where the listener says so, and never by Upgrade (RFC 9113 §3.1)."""
    server = origin(echo)
    both = site(server.address)
    both["listeners"].append({"name": "clear", "address": f"127.0.0.1:{sluis.port('clear')}", "protocol": "http",
                              "http2": True})
    sluis.start(both)
    with http2.Client(sluis.port("clear")) as client:
        assert client.ask(scheme="http").body == b"hello "
    assert sluis.ask("/", listener="clear").status == 200
    with http2.Raw(sluis.port()) as raw:
        assert raw.error(2) is None and raw.is_closed
    got = sluis.ask("/", listener="clear", fields=[("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
                                                   ("HTTP2-Settings", "AAMAAABkAAQAAP__")])
    assert got.status == 200


def test_preface_in_pieces(sluis, site, origin):
    server = origin(echo)
    sluis.start(site(server.address, listener={"http2": True}))
    with http2.Raw(sluis.port(), preface=False) as raw:
        for byte in http2.PREFACE:
            raw.bytes(bytes([byte]))
            time.sleep(0.005)
        raw.frame(frames.SettingsFrame)
        raw.headers(1, http2.request_fields(scheme="http"))
        assert raw.wait(frames.HeadersFrame, 1) and raw.wait(frames.DataFrame, 1).data == b"hello "


def test_what_is_announced(h2, origin):
    """RFC 9113 §6.5.2; RFC 8441 §3: extended CONNECT; RFC 9218 §2.1: the old priorities are not used."""
    with http2.Client(**h2(origin(echo), listener={"limits": {"header_size": "8k", "streams_per_connection": 50}})) as client:
        client.ask()
        assert client.settings == {3: 50, 4: 65536, 6: 8192, 8: 1, 9: 1}


def test_many_streams_at_once(h2, origin):
    """Answers come as they are ready, not in the order of the requests."""
    gate = threading.Event()

    def handler(request, _):
        if request.target == "/0":
            gate.wait(10)
        return origins.answer(request.target * 1000)

    with http2.Client(**h2(origin(handler))) as client:
        streams = [client.begin(f"/{i}") for i in range(60)]
        client.wait(*streams[1:])
        assert not client.answers[streams[0]].is_done
        gate.set()
        answers = client.wait(*streams)
        assert [answer.body for answer in answers] == [f"/{i}".encode() * 1000 for i in range(60)]


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 70000, 1_000_000])
def test_bodies_of_every_size(h2, origin, size):
    """Both ways, with and without a length; content is bounded by windows, not by size."""
    body = bytes(range(256)) * (size // 256 + 1)
    body = body[:size]
    server = origin(lambda request, stream: origins.answer(request.body))
    with http2.Client(**h2(server)) as client:
        answer = client.ask(method="POST", body=body, fields=[("content-length", str(size))])
        assert answer.status == 200 and answer.body == body
        answer = client.ask(method="POST", body=body)
        assert answer.status == 200 and answer.body == body
    assert server.requests[0].all("Content-Length") == [str(size)]
    assert server.requests[1].all("Transfer-Encoding") == ["chunked"]


def test_slow_reader_is_waited_for(h2, origin):
    """A stream without a window holds up itself alone."""
    with http2.Client(window=1000, **h2(origin(lambda r, s: origins.answer(b"x" * 300_000)))) as client:
        client.want_ack = False
        slow = client.begin("/slow")
        client.wait(until=lambda: len(client.answers[slow].body) == 1000)
        client.want_ack = True
        client.h2.increment_flow_control_window(400_000, slow)
        client.h2.increment_flow_control_window(400_000)
        client.push()
        assert len(client.wait(slow).body) == 300_000


def test_interim_answers_trailers_and_head(h2, origin):
    """RFC 9113 §8.1: any number of interim answers, trailers last."""
    def handler(request, stream):
        if request.target == "/early":
            stream.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        if request.target == "/trailers":
            _ = request.body
            return (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\n"
                    b"3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n")
        return origins.answer(b"12345")

    server = origin(handler)
    with http2.Client(**h2(server)) as client:
        answer = client.ask("/early")
        assert dict(answer.interim[0])[":status"] == "103" and answer.body == b"12345"
        answer = client.ask("/trailers", "POST", body=b"", trailers=[("x-up", "2")], fields=[("te", "trailers")])
        assert answer.body == b"abc" and answer.trailers == [("x-t", "1")]
        assert server.requests[1].trailers == [("x-up", "2")]
        answer = client.ask("/", "HEAD")
        assert answer.header("content-length") == "5" and answer.body == b""


def test_events_are_not_held_back(h2, origin):
    """Server-sent events, each as it comes."""
    go = threading.Event()

    def handler(_, stream):
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for i in range(3):
            stream.send(b"9\r\ndata: %d\n\n\r\n" % i)
            assert go.wait(10)
            go.clear()
        stream.send(b"0\r\n\r\n")

    with http2.Client(**h2(origin(handler))) as client:
        stream = client.begin("/events")
        for i in range(3):
            client.wait(until=lambda i=i: client.answers[stream].body.endswith(b"data: %d\n\n" % i))
            go.set()
        assert client.wait(stream).is_done


# ---- what is refused -----------------------------------------------------------------------------
BAD = [
    ("RFC 9113 §8.2.1: upper case", http2.request_fields(fields=[("X-A", "1")])),
    ("RFC 9113 §8.2.1: line end", http2.request_fields(fields=[("x-a", "1\r\nx-b: 2")])),
    ("RFC 9113 §8.2.1: NUL", http2.request_fields(fields=[("x-a", "1\x002")])),
    ("RFC 9113 §8.2.2: connection", http2.request_fields(fields=[("connection", "close")])),
    ("RFC 9113 §8.2.2: transfer-encoding", http2.request_fields(fields=[("transfer-encoding", "chunked")])),
    ("RFC 9113 §8.3: unknown", http2.request_fields(fields=[(":x", "1")])),
    ("RFC 9113 §8.3.1: no path", [(":method", "GET"), (":scheme", "https"), (":authority", NAME)]),
    ("RFC 9113 §8.3.1: Host", http2.request_fields(fields=[("host", "other.example.nl")])),
    ("RFC 9113 §8.1.1: length", http2.request_fields(fields=[("content-length", "3")])),
    ("THREATS A4: path", http2.request_fields(path="http://other.example.nl/")),
    ("THREATS A2: path", http2.request_fields(path="/ HTTP/1.1\r\nx: y")),
    ("THREATS A2: method", http2.request_fields(method="GET / HTTP/1.1\r\nx: y\r\n")),
]


@pytest.mark.parametrize("fields", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_malformed(h2, origin, fields):
    """RFC 9113 §8.1.1: a stream error; the server sees nothing, the connection lives."""
    server = origin(echo)
    with http2.Raw(**h2(server)) as raw:
        raw.headers(1, fields)
        assert raw.wait(frames.RstStreamFrame, 1).error_code == PROTOCOL_ERROR
        raw.headers(3)
        assert raw.wait(frames.HeadersFrame, 3)
    assert len(server.requests) == 1


@pytest.mark.parametrize("pieces", [(b"abc", b""), (b"abcdef",), (b"abcd", b"ef"), (b"abcde", b"f"), (b"", b"abc")])
@pytest.mark.parametrize("ending", ["data", "trailers", "none"])
def test_length_against_content(h2, origin, pieces, ending):
    """THREATS A2: content of another length than stated, at every END_STREAM: no server gets a whole request."""
    server = origin(echo)
    with http2.Raw(**h2(server)) as raw:
        raw.headers(1, http2.request_fields(method="POST", fields=[("content-length", "5")]), ["END_HEADERS"])
        for piece in pieces[:-1]:
            raw.data(1, piece)
        raw.data(1, pieces[-1], ["END_STREAM"] if ending == "data" else [])
        if ending == "trailers":
            raw.headers(1, [("x-t", "1")])
        total = sum(map(len, pieces))
        if ending != "none" or total > 5:
            assert raw.wait(frames.RstStreamFrame, 1).error_code == PROTOCOL_ERROR
        raw.headers(3)
        assert raw.wait(frames.HeadersFrame, 3)
    for stream in server.streams:
        head, _, rest = stream.received.partition(b"\r\n\r\n")
        assert b"ength: 5" not in head or len(rest) < 5, stream.received


def test_heads_that_are_too_large(h2, origin):
    server = origin(echo)
    with http2.Raw(**h2(server, listener={"limits": {"header_size": "4k", "headers": 20}})) as raw:
        raw.headers(1, http2.request_fields(fields=[("x-a", "a" * 5000)]))
        raw.headers(3, http2.request_fields(fields=[(f"x-{i}", "a") for i in range(30)]))
        for stream in (1, 3):
            frame = raw.wait(frames.HeadersFrame, stream)
            assert ("content-type", "text/html; charset=utf-8") in (found := raw.decoder.decode(frame.data))
            assert (":status", "431") in found
        raw.headers(5)
        assert raw.wait(frames.HeadersFrame, 5)
    assert len(server.requests) == 1


def test_another_host_on_the_connection(h2, origin):
    """RFC 9110 §15.5.20: names of the same certificate share a connection, others are misdirected."""
    with http2.Client(**h2(origin(echo))) as client:
        assert client.ask(authority="other.example.nl").status == 200
        assert client.ask(authority="www.example.com").status == 421


def test_streams_over_the_limit(h2, origin):
    """RFC 9113 §5.1.2: refused, and may be sent again."""
    gate = threading.Event()
    server = origin(lambda r, s: gate.wait(10) and echo(r, s))
    with http2.Raw(**h2(server, listener={"limits": {"streams_per_connection": 3}})) as raw:
        for stream in (1, 3, 5, 7):
            raw.headers(stream)
        assert raw.wait(frames.RstStreamFrame, 7).error_code == REFUSED_STREAM
        gate.set()
        for stream in (1, 3, 5):
            assert raw.wait(frames.HeadersFrame, stream)


# ---- life of a connection ------------------------------------------------------------------------
def test_idle_connection_ends(h2, origin):
    """RFC 9113 §6.8: with GOAWAY."""
    with http2.Raw(**h2(origin(echo), listener={"timeouts": {"keep_alive": "300ms"}})) as raw:
        raw.headers(1)
        assert raw.wait(frames.HeadersFrame, 1)
        assert raw.error() == 0
        while raw.step():
            pass
        assert raw.is_closed


def test_stop_lets_streams_finish(h2, origin, sluis):
    """RFC 9113 §6.8: first a GOAWAY that refuses nothing, then one that does; what is under way is answered."""
    gate = threading.Event()
    keywords = h2(origin(lambda r, s: gate.wait(20) and echo(r, s)))
    with http2.Raw(**keywords) as raw:
        raw.headers(1)
        time.sleep(0.3)
        stopper = threading.Thread(target=sluis.stop)
        stopper.start()
        first = raw.wait(frames.GoAwayFrame)
        assert (first.error_code, first.last_stream_id) == (0, 2**31 - 1)
        last = raw.wait(frames.GoAwayFrame)
        assert (last.error_code, last.last_stream_id) == (0, 1)
        gate.set()
        assert raw.wait(frames.HeadersFrame, 1) and raw.wait(frames.DataFrame, 1).data == b"hello "
        stopper.join(20)


def test_reload_ends_nothing(h2, origin, sluis):
    gate = threading.Event()
    keywords = h2(origin(lambda r, s: gate.wait(20) and echo(r, s)))
    with http2.Client(**keywords) as client:
        stream = client.begin("/")
        time.sleep(0.2)
        assert sluis.reload().returncode == 0
        gate.set()
        assert client.wait(stream).body == b"hello "
        assert client.ask("/").status == 200 and client.goaway is None


# ---- every split point, field by field -----------------------------------------------------------
OURS = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-request-id", "traceparent", "via", "connection", "te"}


def one_request(fields, body, padding):
    """The bytes of a connection with one request: its block in two frames, its content in two more, the last one padded."""
    block = hpack.Encoder().encode(fields)
    half, cut = len(block) // 2, len(body) // 2

    def frame(kind, flags, data):
        return struct.pack(">I", len(data))[1:] + bytes([kind, flags]) + struct.pack(">I", 1) + data
    return (http2.PREFACE + b"\0\0\0\4\0\0\0\0\0" + frame(1, 0, block[:half]) + frame(9, 4, block[half:]) + frame(0, 0, body[:cut])
            + frame(0, 9, bytes([padding]) + body[cut:] + bytes(padding)))


def arrived(web, number, body):
    until(lambda: len(web.requests) == number and web.requests[-1].body == body)
    return web.requests[-1]


def judge_fields(request, fields, body):
    """What the server got is what was sent: no field lost, none put together but cookies, none of somebody else's."""
    sent = [(name, value) for name, value in fields if not name.startswith(":") and name not in ("cookie", "content-length", "host")]
    got = [(name.lower(), value) for name, value in request.fields]
    assert [field for field in got if field[0] not in OURS | {"host", "cookie", "content-length", "transfer-encoding"}] == sent
    cookies = [value for name, value in fields if name == "cookie"]
    assert request.all("Cookie") == (["; ".join(cookies).strip()] if cookies else [])  # a last crumb may be empty
    assert request.all("Host") == [dict(fields)[":authority"]] and request.body == body
    assert f"{request.method} {request.target}" == f"{dict(fields)[':method']} {dict(fields)[':path']}"


def test_every_split_point(front, origin):
    """However the bytes of a connection are cut in two, the server gets the same request, once."""
    web = origin()
    sluis = front(web, edges=1, listener={"http2": True, "limits": {"connections_per_address": 10000}})
    fields = [(":method", "POST"), (":scheme", "http"), (":path", "/a?b"), (":authority", "www.example.nl"), ("cookie", "a=1"),
              ("x-a", "1"), ("cookie", "b=2"), ("x-a", "two, three"), ("content-length", "6")]
    wire_bytes = one_request(fields, b"abcdef", 3)
    for cut in range(1, len(wire_bytes)):
        with socket.create_connection(("127.0.0.1", sluis.port()), 5) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.sendall(wire_bytes[:cut])
            time.sleep(0.002)
            sock.sendall(wire_bytes[cut:])
            judge_fields(arrived(web, cut, b"abcdef"), fields, b"abcdef")


def test_fields_of_many_kinds(front, origin):
    """Lists that nobody chose, over the dynamic table of one connection too."""
    web, choice = origin(), random.Random(1)
    sluis = front(web, edges=1, listener={"http2": True})
    names = ["x-a", "x_b", "x-c.d", "accept", "referer", "authorization", "max-forwards", "range", "x~!#$%&'*+^`|"]
    values = ["", "1", "a, b", "a\tb", "x" * 300, "\"q;\\\"", "; =,", "k=v; k2=v2"]
    with http2.Client(sluis.port()) as client:
        for number in range(1, 151):
            fields = [(choice.choice(names + ["cookie"] * 2), choice.choice(values)) for _ in range(choice.randrange(12))]
            body = b"z" * choice.randrange(0, 2000, 500)
            path = f"/{number}?{'q' * choice.randrange(3)}"
            answer = client.ask(path, "POST", body=body, fields=fields)
            assert answer.status == 200
            start = [(":method", "POST"), (":path", path), (":authority", "www.example.nl")]
            judge_fields(arrived(web, number, body), start + fields, body)
