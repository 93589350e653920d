"""Servers that break HTTP/2 by the frame (THREATS A7, A8, A18): what they send costs the request that was sent to them, and
nothing else. Malformed messages in HTTP/1 are rows of tests/conformance/rows_answers.py and test_attack_answers.py, malformed
fields and lengths in HTTP/2 are in test_http2_server.py.
"""
import os
import time

import pytest

from harness import http2, wire

frames = http2.frames
GOOD, ODD = b"good", "/odd"
OK = b"\x88"  # :status 200, from the static table (RFC 7541)


def frame(kind, stream=0, flags=(), **keywords):
    return kind(stream, flags=list(flags), **keywords).serialize()


def head(stream, block=OK, flags=("END_HEADERS",)):
    return frame(frames.HeadersFrame, stream, flags, data=block)


def data(stream, content, flags=()):
    return frame(frames.DataFrame, stream, flags, data=content)


def literal(name, value):
    """A field that no table keeps."""
    def text(word):
        assert len(word) < 127
        return bytes([len(word)]) + word
    return b"\0" + text(name) + text(value)


def raw_frame(length, kind, flags, stream, payload=b""):
    return length.to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def bomb(stream):
    """A value of 4000 bytes in the table, named 60,000 times."""
    value = b"a" * 4000
    block = b"\x40\x01x\x7f" + (4000 - 127 + 128 & 255 | 128).to_bytes(1, "big") + ((4000 - 127) >> 7).to_bytes(1, "big") + value
    return head(stream, OK + block + b"\xbe" * 8000)


def goaway(last, code=0):
    return frame(frames.GoAwayFrame, last_stream_id=last, error_code=code)


SETTINGS = frame(frames.SettingsFrame, settings={4: 65535})
PING = frame(frames.PingFrame, opaque_data=b"12345678")
HINTS = b"\x08\x03103" + literal(b"link", b"</a>")  # :status 103

# name: (what the server sends for stream s, statuses of which the client gets one; None: its answer is cut)
ANSWERS = {
    "RFC 9113 §5.1 HEADERS of a stream that nobody began": (lambda s: head(s + 100), {502, None}),
    "RFC 9113 §5.1 DATA of a stream that nobody began": (lambda s: data(s + 100, b"x"), {502, None}),
    "RFC 9113 §5.1 RST_STREAM of a stream that nobody began":
        (lambda s: frame(frames.RstStreamFrame, s + 100, error_code=8), {502, None}),
    "RFC 9113 §5.1.1 HEADERS of an even stream": (lambda s: head(2), {502, None}),
    "RFC 9113 §6.1 DATA of stream 0": (lambda s: raw_frame(1, 0, 0, 0, b"x"), {502, None}),
    "RFC 9113 §8.1 DATA before HEADERS": (lambda s: data(s, b"x"), {502, None}),
    "RFC 9113 §5.1 DATA behind END_STREAM": (lambda s: head(s, flags=("END_HEADERS", "END_STREAM")) + data(s, b"POISON"), {200}),
    "RFC 9113 §8.1 a third HEADERS":
        (lambda s: head(s) + head(s, literal(b"x-t", b"1"), ("END_HEADERS", "END_STREAM")) + head(s), {200, None}),
    "RFC 9113 §8.1 a second head": (lambda s: head(s) + head(s, OK, ("END_HEADERS", "END_STREAM")), {200, 502, None}),
    "RFC 9113 §8.1.1 1xx that ends the stream": (lambda s: head(s, HINTS, ("END_HEADERS", "END_STREAM")), {502}),
    "RFC 9113 §4.2 a frame that is too large": (lambda s: head(s) + raw_frame(100_000, 0, 1, s, bytes(100_000)), {502, None}),
    "RFC 9113 §4.1 half a frame": (lambda s: head(s) + raw_frame(1000, 0, 1, s, b"x"), {502, None}),
    "RFC 9113 §4.3 a block that can't be decoded": (lambda s: head(s, b"\xff\xff\xff\xff\xff\xff\xff"), {502, None}),
    "RFC 9113 §6.2 padding longer than its frame": (lambda s: raw_frame(2, 1, 4 | 8, s, b"\xffx"), {502, None}),
    "RFC 9113 §6.5 SETTINGS of a stream": (lambda s: raw_frame(0, 4, 0, s), {502, None}),
    "RFC 9113 §6.5 SETTINGS of 5 bytes": (lambda s: raw_frame(5, 4, 0, 0, bytes(5)), {502, None}),
    "RFC 9113 §6.5.2 a window of 2^31": (lambda s: raw_frame(6, 4, 0, 0, b"\0\x04\x80\0\0\0"), {502, None}),
    "RFC 9113 §6.5.2 frames of 100 bytes": (lambda s: raw_frame(6, 4, 0, 0, b"\0\x05\0\0\0\x64"), {502, None}),
    "RFC 9113 §6.6 PUSH_PROMISE": (lambda s: raw_frame(5, 5, 4, s, b"\0\0\0\x02" + OK), {502, None}),
    "RFC 9113 §6.9 WINDOW_UPDATE of nothing": (lambda s: raw_frame(4, 8, 0, 0, bytes(4)), {502, None}),
    "RFC 9113 §6.9.1 a window above 2^31-1": (lambda s: frame(frames.WindowUpdateFrame, window_increment=2**31 - 1) * 2, {502, None}),
    "RFC 9113 §6.9.1 more content than the window": (lambda s: head(s) + data(s, bytes(16384)) * 100, {200, 502, None}),
    "RFC 9113 §6.10 CONTINUATION of nothing": (lambda s: frame(frames.ContinuationFrame, s, data=OK), {502, None}),
    "RFC 9113 §6.8 GOAWAY, and an answer for what it left out":
        (lambda s: goaway(0) + head(s) + data(s, GOOD, ("END_STREAM",)), {200, 502}),
    "RFC 9113 §6.8 GOAWAY with a rising last stream": (lambda s: goaway(s) + goaway(2**31 - 1) + b"", {502, None}),
    "RFC 9113 §6.4 a reset behind the head": (lambda s: head(s) + frame(frames.RstStreamFrame, s, error_code=2), {None}),
    "RFC 9113 §8.1 NO_ERROR in the middle of content":
        (lambda s: head(s) + data(s, b"half") + frame(frames.RstStreamFrame, s, error_code=0), {None}),
    "HTTP/1": (lambda s: b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON", {502, None}),
    "noise": (lambda s: bytes(range(256)) * 100, {502, None}),
    "A8 header bomb": (bomb, {502, None}),
    "A7 CONTINUATION without end":
        (lambda s: head(s, OK, ()) + frame(frames.ContinuationFrame, s, data=literal(b"x", b"y" * 100)) * 20_000, {502, None}),
    "A7 empty CONTINUATION": (lambda s: head(s, OK, ()) + frame(frames.ContinuationFrame, s) * 20_000, {502, None}),
    "A7 SETTINGS": (lambda s: SETTINGS * 30_000, {502, None}),
    "A7 PING": (lambda s: PING * 30_000, {502, None}),
    "A7 empty DATA": (lambda s: head(s) + data(s, b"") * 30_000, {200, None}),
    "A7 unknown frames": (lambda s: raw_frame(0, 0x5f, 0, 0) * 30_000, {502, None}),
    "A7 1xx": (lambda s: head(s, HINTS) * 30_000, {502, None}),
}


@pytest.fixture(name="field", scope="module")
def start_field(scratch):
    """One Sluis for all: (port, sluis, replies); what the server does for /odd is replies[0]."""
    from harness import sluis as instance
    replies = [None]

    def handle(request, link):
        if request.path == ODD:
            link.bytes(replies[0](request.stream))
        else:
            link.bytes(head(request.stream) + data(request.stream, GOOD, ("END_STREAM",)))

    server = http2.Server(handle)
    one = instance.Sluis(os.path.join(scratch, "hostile-servers"))
    one.start(instance.site(one, server.address, listener={"http2": True, "timeouts": {"response_idle": "1s"}},
                            backend={"protocol": "h2c", "timeouts": {"first_byte": "1s"}, "outlier": {"consecutive_errors": 0}}))
    yield one, replies
    server.stop()
    one.end()


def private_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private"))


def odd_status(client):
    """Of the answer to /odd; None when it is cut. What was meant for nobody is in none."""
    client.send(wire.request("GET", ODD))
    try:
        got = client.response()
    except (wire.Broken, OSError):
        return None
    assert b"POISON" not in got.body
    return got.status if got.status != 103 else None


@pytest.mark.parametrize("reply, statuses", list(ANSWERS.values()), ids=list(ANSWERS))
def test_a_broken_server_costs_its_request(field, reply, statuses):
    """The one who asked gets an error or a cut answer in time; others, asked meanwhile and later, are answered."""
    sluis, replies = field
    replies[0] = reply
    edges = sluis.pids("edge")
    before = private_kb(edges[0])
    with sluis.client() as client, sluis.client() as other:
        assert other.ask(target="/").body == GOOD
        began = time.monotonic()
        assert odd_status(client) in statuses
        assert time.monotonic() - began < 8
    for _ in range(3):
        with sluis.client() as other:
            assert other.ask(target="/").body == GOOD
    assert sluis.pids("edge") == edges
    assert private_kb(edges[0]) - before < 8 << 10


def test_the_field_is_as_it_was(field):
    """After all of them: nothing is in flight."""
    sluis, _ = field
    end = time.monotonic() + 5
    while (server := sluis.status()["pools"][0]["servers"][0])["in_flight"]:
        assert time.monotonic() < end, server
        time.sleep(0.1)
