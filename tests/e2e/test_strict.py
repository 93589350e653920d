"""What is ambiguous is refused with 400 and the connection closed; nothing of it reaches a server (A1, A3, A4, A5)."""
import pytest

from harness import origin as origins
from harness import sluis as instance
from harness.origin import answer

GET = b"GET / HTTP/1.1\r\nHost: a.nl\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a.nl\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a.nl\r\n\r\n"

# (case with its clause, bytes, status)
REFUSED = [
    # ---- framing: RFC 9112 §6
    ("RFC 9112 §6.1 both lengths", POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("RFC 9112 §6.1 both lengths, other order", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    ("RFC 9112 §6.3 two lengths", POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    ("RFC 9112 §6.3 the same length twice", POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    ("RFC 9112 §6.3 a list of lengths", POST + b"Content-Length: 5, 5\r\n\r\nhello", 400),
    ("RFC 9110 §8.6 length with plus", POST + b"Content-Length: +5\r\n\r\nhello", 400),
    ("RFC 9110 §8.6 length with minus", POST + b"Content-Length: -5\r\n\r\nhello", 400),
    ("RFC 9110 §8.6 length in hex", POST + b"Content-Length: 0x5\r\n\r\nhello", 400),
    ("RFC 9110 §8.6 empty length", POST + b"Content-Length: \r\n\r\nhello", 400),
    ("RFC 9110 §8.6 length with a space inside", POST + b"Content-Length: 5 5\r\n\r\nhello", 400),
    ("RFC 9110 §8.6 length over 2^64", POST + b"Content-Length: 18446744073709551621\r\n\r\nhello", 400),
    ("RFC 9112 §6.1 chunked twice", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("RFC 9112 §6.1 chunked, chunked", POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    ("RFC 9112 §6.1 chunked is not last", POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    ("RFC 9112 §6.1 identity", POST + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400),
    ("RFC 9112 §6.1 misspelled", POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    ("RFC 9112 §6.1 vertical tab before chunked", POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    ("RFC 9112 §6.1 quoted", POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 400),
    ("RFC 9112 §6.1 in HTTP/1.0", b"POST / HTTP/1.0\r\nHost: a.nl\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("A5 Transfer_Encoding", POST + b"Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("A5 Content_Length", POST + b"Content_Length: 5\r\n\r\nhello", 400),
    ("RFC 9112 §6.1 another coding is not implemented", POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    # ---- lines: RFC 9112 §2.2, §5
    ("RFC 9112 §2.2 bare LF", b"GET / HTTP/1.1\nHost: a.nl\n\n", 400),
    ("RFC 9112 §2.2 bare LF after a field", b"GET / HTTP/1.1\r\nHost: a.nl\nX: 1\r\n\r\n", 400),
    ("RFC 9112 §2.2 bare CR in a value", GET + b"X: a\rb\r\n\r\n", 400),
    ("RFC 9110 §5.5 NUL in a value", GET + b"X: a\0b\r\n\r\n", 400),
    ("RFC 9110 §5.5 control byte in a value", GET + b"X: a\x01b\r\n\r\n", 400),
    ("RFC 9110 §5.5 DEL in a value", GET + b"X: a\x7fb\r\n\r\n", 400),
    ("RFC 9112 §5.2 line folding", GET + b"X: a\r\n b\r\n\r\n", 400),
    ("RFC 9112 §5.2 folded Transfer-Encoding", POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    ("RFC 9112 §2.2 space before the first field", b"GET / HTTP/1.1\r\n X: 1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9112 §5.1 space before the colon", GET + b"Content-Length : 5\r\n\r\nhello", 400),
    ("RFC 9112 §5.1 tab before the colon", GET + b"X\t: 5\r\n\r\n", 400),
    ("RFC 9110 §5.1 empty name", GET + b": 5\r\n\r\n", 400),
    ("RFC 9110 §5.1 no colon", GET + b"garbage\r\n\r\n", 400),
    ("RFC 9110 §5.6.2 name with a separator", GET + b"X(y): 5\r\n\r\n", 400),
    ("RFC 9110 §5.6.2 name with an 8-bit byte", GET + b"X\xe9: 5\r\n\r\n", 400),
    # ---- Host: RFC 9112 §3.2
    ("RFC 9112 §3.2 no Host", b"GET / HTTP/1.1\r\nX: 1\r\n\r\n", 400),
    ("RFC 9112 §3.2 two Hosts", GET + b"Host: b.nl\r\n\r\n", 400),
    ("RFC 9112 §3.2 the same Host twice", GET + b"Host: a.nl\r\n\r\n", 400),
    ("RFC 9112 §3.2 two Hosts in HTTP/1.0", b"GET / HTTP/1.0\r\nHost: a.nl\r\nHost: b.nl\r\n\r\n", 400),
    ("RFC 9110 §7.2 empty Host", b"GET / HTTP/1.1\r\nHost: \r\n\r\n", 400),
    ("RFC 9110 §7.2 a list of Hosts", b"GET / HTTP/1.1\r\nHost: a.nl, b.nl\r\n\r\n", 400),
    ("RFC 9110 §7.2 Host with a path", b"GET / HTTP/1.1\r\nHost: a.nl/b\r\n\r\n", 400),
    ("RFC 9110 §7.2 Host with user information", b"GET / HTTP/1.1\r\nHost: u@a.nl\r\n\r\n", 400),
    ("RFC 3986 §3.2.2 Host with a bad port", b"GET / HTTP/1.1\r\nHost: a.nl:99999\r\n\r\n", 400),
    ("RFC 3986 §3.2.2 Host with a space", b"GET / HTTP/1.1\r\nHost: a.nl b\r\n\r\n", 400),
    ("RFC 6874 zone in the address", b"GET / HTTP/1.1\r\nHost: [fe80::1%25lo]\r\n\r\n", 400),
    ("RFC 9112 §3.2.2 authority differs from Host", b"GET http://b.nl/ HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    # ---- request line: RFC 9112 §3
    ("RFC 9112 §3 two spaces", b"GET  / HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9112 §3 tab", b"GET\t/ HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9112 §3 space in the target", b"GET /a b HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9112 §3 trailing space", b"GET / HTTP/1.1 \r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9112 §3 no version", b"GET /\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9112 §2.3 lower-case version", b"GET / http/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9112 §2.3 long version", b"GET / HTTP/1.10\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9110 §15.6.6 major version 3", b"GET / HTTP/3.0\r\nHost: a.nl\r\n\r\n", 505),
    ("RFC 9112 §3.2.1 target without a slash", b"GET a HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9112 §3.2.1 fragment", b"GET /a#b HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9112 §3.2.3 authority form without CONNECT", b"GET a.nl:80 HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9112 §3.2.4 asterisk without OPTIONS", b"GET * HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9110 §9.1 method with a separator", b"GE(T / HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 9112 §3 8-bit byte in the target", b"GET /\xe9 HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    # ---- one canonical path: RFC 3986, A4
    ("A4 encoded slash", b"GET /a%2fb HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("A4 encoded backslash", b"GET /a%5cb HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("A4 encoded NUL", b"GET /a%00b HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 3986 §2.1 half an escape", b"GET /a%2 HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("RFC 3986 §2.1 no hex", b"GET /a%zz HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    ("A4 out of the root", b"GET /../etc HTTP/1.1\r\nHost: a.nl\r\n\r\n", 400),
    # ---- connections and expectations
    ("RFC 9110 §7.6.1 Connection names Host", GET + b"Connection: Host\r\n\r\n", 400),
    ("RFC 9110 §7.6.1 Connection names Content-Length", POST + b"Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello", 400),
    ("RFC 9110 §10.1.1 unknown expectation", GET + b"Expect: 200-maybe\r\n\r\n", 417),
    # ---- chunks: RFC 9112 §7.1
    ("RFC 9112 §7.1 size is not hex", POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n", 400),
    ("RFC 9112 §7.1 empty size", POST + b"Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n", 400),
    ("RFC 9112 §7.1 size with 0x", POST + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", 400),
    ("RFC 9112 §7.1 size over 2^63", POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff5\r\nhello\r\n0\r\n\r\n", 400),
    ("RFC 9112 §7.1 negative size", POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", 400),
    ("RFC 9112 §7.1 bare LF after the size", POST + b"Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", 400),
    ("RFC 9112 §7.1 no CRLF after the data", POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n", 400),
    ("RFC 9112 §7.1.1 control byte in an extension", POST + b"Transfer-Encoding: chunked\r\n\r\n5;a=\x01\r\nhello\r\n0\r\n\r\n", 400),
    ("RFC 9110 §6.5.1 Content-Length in a trailer", POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n", 400),
    ("RFC 9110 §6.5.1 Transfer-Encoding in a trailer",
     POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("RFC 9112 §7.1.2 malformed trailer", POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX : 1\r\n\r\n", 400),
    # ---- not HTTP at all
    ("TLS to a plain listener", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 40, 400),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", None),
    ("empty lines and nonsense", b"\r\n\r\n\x00\x01\x02\r\n\r\n", 400),
]
ACCEPTED = [
    ("RFC 9112 §2.2 one empty line first", b"\r\n" + GET + b"\r\n"),
    ("RFC 9112 §3.2.2 absolute form", b"GET http://a.nl/ HTTP/1.1\r\nHost: a.nl\r\n\r\n"),
    ("RFC 9112 §3.2.4 OPTIONS *", b"OPTIONS * HTTP/1.1\r\nHost: a.nl\r\n\r\n"),
    ("RFC 9112 §5 no space after the colon", b"GET / HTTP/1.1\r\nHost:a.nl\r\n\r\n"),
    ("RFC 9110 §5.6.3 space and tab around a value", b"GET / HTTP/1.1\r\nHost: \t a.nl \t\r\n\r\n"),
    ("RFC 9110 §5.5 8-bit value", GET + b"X: \xe9\r\n\r\n"),
    ("RFC 9110 §5.5 empty value", GET + b"X:\r\n\r\n"),
    ("RFC 9112 §6.1 coding in any case", POST + b"Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n"),
    ("RFC 9112 §7.1 leading zeros in a size", POST + b"Transfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n0\r\n\r\n"),
    ("RFC 9110 §8.6 zero length", GET + b"Content-Length: 0\r\n\r\n"),
    ("RFC 3986 §3.2.2 address and port", b"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),
    ("RFC 9112 §9.3 HTTP/1.0 without Host", b"GET / HTTP/1.0\r\n\r\n"),
]


@pytest.fixture(scope="module", name="both")
def instance_and_server(scratch):
    """One instance for the whole table."""
    web = origins.Origin(lambda request, _: answer(request.body or "ok"))
    sluis = instance.Sluis(f"{scratch}/strict")
    sluis.start(instance.site(sluis, web.address, listener={"timeouts": {"request_header": "3s", "request_body_idle": "3s"}}))
    yield sluis, web
    sluis.end()
    web.stop()


@pytest.mark.parametrize("data,status", [pytest.param(*case[1:], id=case[0]) for case in REFUSED])
def test_refused(both, data, status):
    sluis, web = both
    web.requests.clear()
    for stream in web.streams:
        stream.all_received.clear()
    with sluis.client(timeout=10) as client:
        client.send(data + SMUGGLED)
        try:
            got = client.to_end()
        except ConnectionResetError:
            got = client.received
    if status:
        assert got.startswith(b"HTTP/1.1 %d " % status), got[:200]
        assert got.count(b"HTTP/1.1 ") == 1, got
        assert b"connection: close" in got.lower().partition(b"\r\n\r\n")[0]
    assert "/smuggled" not in web.targets
    assert b"smuggled" not in web.bytes
    # A head that is refused never reaches a server; a body that turns out bad was already under way.
    if b"\r\n\r\n0\r\n" not in data and b"chunked\r\n\r\n" not in data:
        assert web.requests == [], data


@pytest.mark.parametrize("data", [pytest.param(case[1], id=case[0]) for case in ACCEPTED])
def test_accepted(both, data):
    sluis, _ = both
    with sluis.client(timeout=10) as client:
        client.send(data)
        assert client.response().status == 200


def test_answer_to_rubbish_is_not_lost(both):
    """RFC 9112 §9.6: who closes at once resets the connection, and the client never reads why."""
    sluis, _ = both
    for _ in range(5):
        with sluis.client() as client:
            try:
                client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nContent-Length: 5x\r\n\r\n" + b"y" * 300000)
            except ConnectionError:
                pass
            assert client.response().status == 400


def test_http_1_0_without_host_means_this_listener(both):
    """RFC 9112 §3.3: the server still gets a Host, and it is the address that was asked."""
    sluis, web = both
    web.requests.clear()
    assert b" 200 " in sluis.raw(b"GET / HTTP/1.0\r\n\r\n").splitlines()[0]
    assert web.requests[0].all("Host") == [f"127.0.0.1:{sluis.port()}"]


def test_connect_is_refused(both):
    sluis, web = both
    web.requests.clear()
    got = sluis.raw(b"CONNECT a.nl:443 HTTP/1.1\r\nHost: a.nl:443\r\n\r\n")
    assert got[9:12] in (b"400", b"405", b"501") and web.requests == []


@pytest.mark.parametrize("target,seen", [
    ("/a/./b", "/a/b"), ("/a/x/../b", "/a/b"), ("/%61/b", "/a/b"), ("/a/b?x=%2f..", "/a/b?x=%2f.."), ("/~u", "/~u"),
])
def test_paths_are_normalised_once(both, target, seen):
    """RFC 3986 §6.2.2: the server sees the path that decided the route."""
    sluis, web = both
    web.requests.clear()
    answered = sluis.ask(target)
    assert answered.status in (200, 400)
    if answered.status == 200:
        assert web.targets == [seen]


def test_body_of_a_get_is_not_the_next_request(both):
    """A1 (CL.0): what was announced as a body is a body."""
    sluis, web = both
    web.requests.clear()
    with sluis.client() as client:
        client.send(b"GET /first HTTP/1.1\r\nHost: a.nl\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
        client.response()
        client.send(GET + b"\r\n")
        client.response()
    assert web.targets == ["/first", "/"]


RESPONSES = [
    ("RFC 9112 §6.3 both lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    ("RFC 9112 §6.3 two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
    ("RFC 9110 §8.6 bad length", b"HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nok"),
    ("RFC 9112 §4 not a status", b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("RFC 9112 §2.2 bare LF", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    ("RFC 9112 §5.1 space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok"),
    ("RFC 9112 §5.2 line folding", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a\r\n b\r\n\r\nok"),
    ("RFC 9110 §5.5 NUL", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: \0\r\n\r\nok"),
    ("RFC 9112 §2.3 version", b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("RFC 9112 §2.3 ICY", b"ICY 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("A18 a head without end", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100000),
    ("A18 nothing at all", b""),
    ("A18 noise", bytes(range(256)) * 20),
]


@pytest.mark.parametrize("data", [pytest.param(case[1], id=case[0]) for case in RESPONSES])
def test_bad_answer_becomes_502(front, origin, data):
    """A18: a hostile server hurts its own clients at most; the connection to it ends."""
    def bad(_request, stream):
        stream.send(data)

    sluis = front(origin(bad))
    for _ in range(2):
        got = sluis.ask()
        assert got.status == 502 and got.header("X-Request-Id")


def test_bytes_after_an_answer_are_not_the_next_one(front, origin):
    """A1: response splitting by a server that says too much; the rest must reach nobody."""
    def more(request, stream):
        stream.send(answer(request.target) + answer("stolen"))
        return b""

    sluis = front(origin(more))
    for n in range(10):
        assert sluis.ask(f"/{n}").body == b"/%d" % n


def test_error_pages_echo_nothing(both):
    """A10: an error page never contains what the client sent."""
    sluis, _ = both
    for data in (b"GET /<script>canary HTTP/1.1\r\nHost: a.nl\r\nX y: canary\r\n\r\n", b"canary\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: canary canary\r\n\r\n"):
        assert b"canary" not in sluis.raw(data)
