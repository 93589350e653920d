"""RFC 9113, RFC 8441: HTTP/2 from clients, and what becomes of it on the way to an HTTP/1.1 server."""
import base64
import hashlib
import struct
import time

from harness import http2

from conformance.table import OK, NotApplicable, row, rows, seen, then_end

frames = http2.frames
NONE, PROTOCOL, INTERNAL, FLOW, CLOSED, SIZE, REFUSED, COMPRESSION = 0, 1, 2, 3, 5, 6, 7, 9
CALM = 11
WAIT = 1.5


def basic(path="/", method="GET", fields=(), authority="a.nl"):
    return http2.request_fields(path, method, authority, "http", fields)


def raw_frame(kind, flags=0, stream=0, data=b""):
    return struct.pack(">I", len(data))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + data


def settled(raw, want, within=WAIT):
    """Reads until want(frames) or the end."""
    end = time.monotonic() + within
    while not want(raw.frames) and not raw.is_closed and time.monotonic() < end:
        raw.step(max(0.01, end - time.monotonic()))
    return raw.frames


def codes_of(found, stream):
    return [f.error_code for f in found
            if isinstance(f, frames.GoAwayFrame) or (isinstance(f, frames.RstStreamFrame) and stream in (None, f.stream_id))]


def opened(x):
    return http2.Raw(x.http2_port)


def end_connection(act, *codes):
    """The connection ends, and a GOAWAY, if there is one, says why."""
    def test(x):
        with opened(x) as raw:
            act(raw)
            found = settled(raw, lambda got: [f for f in got if isinstance(f, frames.GoAwayFrame) and f.error_code])
            said = [f.error_code for f in found if isinstance(f, frames.GoAwayFrame)]
            assert raw.is_closed or [c for c in said if c], "the connection goes on"
            assert not [c for c in said if c not in (*codes, NONE)], f"GOAWAY {said}, not {codes}"
        _ = seen(x)
    return test


def end_stream(act, *codes, stream=1, status=()):
    """The stream ends with an error (or the connection, which a stream's error may become), or with one of these statuses."""
    def test(x):
        with opened(x) as raw:
            act(raw)
            found = settled(raw, lambda got: codes_of(got, stream) or answers(raw, got, stream))
            said, got = codes_of(found, stream), answers(raw, found, stream)
            assert said or raw.is_closed or got, "nothing happens"
            assert not got or got[0] in status, f"it is answered with {got[0]}"
            assert not [c for c in said if c not in (*codes, NONE)], f"error {said}, not {codes}"
        assert not [m for m in seen(x) if m.is_whole], "the server gets a whole request"
    return test


def answers(raw, found, stream):
    """Final statuses on the stream; decodes each block once, in order."""
    if not hasattr(raw, "statuses"):
        raw.statuses, raw.decoded = [], 0
    blocks = [f for f in found if isinstance(f, frames.HeadersFrame)]
    for block in blocks[raw.decoded:]:
        raw.decoded += 1
        if "END_HEADERS" in block.flags:
            raw.statuses.append((block.stream_id, dict(raw.decoder.decode(block.data)).get(":status")))
    return [int(status) for where, status in raw.statuses if where == stream and status and status >= "200"]


def malformed(*changes, body=None):
    """A request that is malformed: a stream error, or 400."""
    def act(raw):
        raw.headers(1, list(changes), ("END_HEADERS",) if body is not None else ("END_HEADERS", "END_STREAM"))
        if body is not None:
            raw.data(1, body, ("END_STREAM",))
    return end_stream(act, PROTOCOL, status=(400, 501))


def works(act, check=None, stream=1, status=200):
    """The stream is answered; check(request that the server got, raw)."""
    def test(x):
        with opened(x) as raw:
            act(raw)
            found = settled(raw, lambda got: answers(raw, got, stream) or codes_of(got, stream))
            got = answers(raw, found, stream)
            assert got == [status], f"answers {got}, errors {codes_of(found, None)}"
            whole = [m for m in seen(x) if m.is_whole]
            assert len(whole) == 1 or not check, f"the server gets {len(whole)} requests"
            if check:
                verdict = check(whole[0], raw)
                assert verdict is None or verdict, f"the server gets {whole[0].start!r} {whole[0].fields} {whole[0].body[:100]!r}"
    return test


def sends(fields, check):
    return works(lambda raw: raw.headers(1, fields), lambda sent, _: check(sent))


def first(raw):
    """A request that is under way and not answered (a body is still to come)."""
    raw.headers(1, basic("/", "POST"), ("END_HEADERS",))


def done(raw):
    """A request that has been answered."""
    raw.headers(1, basic())
    settled(raw, lambda got: [f for f in got if f.stream_id == 1 and "END_STREAM" in f.flags])


def plain(data):
    return lambda raw: raw.bytes(data)


def after(begin, data):
    def act(raw):
        begin(raw)
        raw.bytes(data)
    return act


# ---- §3 to §5: connections, frames, streams --------------------------------------------------------------
def bad_preface(x):
    with http2.Raw(x.http2_port, preface=False) as raw:
        raw.bytes(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + raw_frame(4))
        settled(raw, lambda got: False)
        assert raw.is_closed or codes_of(raw.frames, None), "the connection goes on"


def no_settings(x):
    with http2.Raw(x.http2_port, preface=False) as raw:
        raw.bytes(http2.PREFACE + raw_frame(6, data=b"01234567"))
        settled(raw, lambda got: codes_of(got, None))
        assert raw.is_closed or codes_of(raw.frames, None) == [PROTOCOL], "the connection goes on"


row("RFC 9113 §3.4", "MUST", "an invalid preface ends the connection", bad_preface)
row("RFC 9113 §3.4", "MUST", "the first frame is SETTINGS", no_settings)
rows("RFC 9113 §4.1", "MUST",
     ("a frame of an unknown type is ignored",
      works(lambda raw: (raw.bytes(raw_frame(0x5a, 0xff, 0, b"x" * 50)), raw.headers(1, basic())))),
     ("unknown flags are ignored", works(lambda raw: (raw.bytes(raw_frame(6, 0x16, 0, b"01234567")), raw.headers(1, basic())))),
     ("the reserved bit of a stream id is ignored",
      works(lambda raw: (raw.bytes(raw_frame(6, 0, 1 << 31, b"01234567")), raw.headers(1, basic())))))
rows("RFC 9113 §4.2", "MUST",
     ("a DATA frame above the maximum is an error",
      end_stream(lambda raw: (first(raw), raw.bytes(raw_frame(0, 1, 1, b"x" * 16385))), SIZE)),
     ("a HEADERS frame above the maximum ends the connection", end_connection(plain(raw_frame(1, 5, 1, b"\x82" * 16385)), SIZE)),
     ("a frame of an unknown type above the maximum ends the connection, or is ignored",
      lambda x: end_connection(plain(raw_frame(0x5a, 0, 0, b"x" * 16385)), SIZE)(x)))
rows("RFC 9113 §4.3", "MUST",
     ("an index of nothing is a compression error", end_connection(plain(raw_frame(1, 5, 1, b"\xff\xff\x7f")), COMPRESSION)),
     ("index 0 is a compression error", end_connection(plain(raw_frame(1, 5, 1, b"\x80")), COMPRESSION)),
     ("a table size above what was offered is a compression error",
      end_connection(plain(raw_frame(1, 5, 1, b"\x3f\xe1\xff\x7f\x82")), COMPRESSION)),
     ("a table size update behind a field is a compression error",
      end_connection(plain(raw_frame(1, 5, 1, b"\x82\x20\x86\x84")), COMPRESSION)),
     ("Huffman padding longer than 7 bits is a compression error",
      end_connection(plain(raw_frame(1, 5, 1, b"\x82\x86\x84\x41\x85\xf2\xb2\x4a\x84\xff\xff")), COMPRESSION, PROTOCOL)),
     ("a block that ends inside a field is a compression error",
      end_connection(plain(raw_frame(1, 5, 1, b"\x82\x86\x84\x41\x20a")), COMPRESSION)),
     ("a frame of another stream inside a block ends the connection",
      end_connection(plain(raw_frame(1, 1, 1, b"\x82\x86") + raw_frame(0, 1, 1, b"x")), PROTOCOL)),
     ("a PING inside a block ends the connection",
      end_connection(plain(raw_frame(1, 1, 1, b"\x82\x86") + raw_frame(6, 0, 0, b"01234567")), PROTOCOL)),
     ("an unknown frame inside a block ends the connection",
      end_connection(plain(raw_frame(1, 1, 1, b"\x82\x86") + raw_frame(0x5a, 0, 0, b"x")), PROTOCOL)))
rows("RFC 9113 §5.1", "MUST",
     ("DATA on an idle stream ends the connection", end_connection(plain(raw_frame(0, 1, 1, b"x")), PROTOCOL, CLOSED)),
     ("RST_STREAM on an idle stream ends the connection", end_connection(plain(raw_frame(3, 0, 1, b"\0\0\0\x08")), PROTOCOL)),
     ("WINDOW_UPDATE on an idle stream ends the connection", end_connection(plain(raw_frame(8, 0, 1, b"\0\0\0\x08")), PROTOCOL)),
     ("CONTINUATION on an idle stream ends the connection", end_connection(plain(raw_frame(9, 4, 1, b"\x82")), PROTOCOL)),
     ("DATA on a closed stream is an error", lambda x: on_ended(x, raw_frame(0, 1, 1, b"x"))),
     ("HEADERS on a closed stream are an error", lambda x: on_ended(x, raw_frame(1, 5, 1, b"\x82\x86\x84"))),
     ("CONTINUATION on a closed stream is an error", lambda x: on_ended(x, raw_frame(9, 4, 1, b"\x82"))),
     ("PRIORITY and WINDOW_UPDATE on a closed stream don't hurt",
      works(lambda raw: (done(raw), raw.bytes(raw_frame(8, 0, 1, b"\0\0\0\x08") + raw_frame(2, 0, 1, b"\0\0\0\0\x08")),
                         raw.headers(3, basic())), stream=3)),
     ("DATA behind the sender's own RST_STREAM is an error", lambda x: after_reset(x)),
     ("DATA that crosses a reset is no error", lambda x: crossed(x)))


def after_reset(x):
    """RFC 9113 §5.1: who has reset a stream sends no more on it."""
    with opened(x) as raw:
        first(raw)
        raw.bytes(raw_frame(3, 0, 1, b"\0\0\0\x08") + raw_frame(0, 1, 1, b"x"))
        settled(raw, lambda got: [c for c in codes_of(got, 1) if c])
        said = [c for c in codes_of(raw.frames, 1) if c]
        assert raw.is_closed or said, "nothing happens"
        assert not [c for c in said if c != CLOSED], f"error {said}"


def crossed(x):
    """... but content that crosses a reset is no error."""
    with opened(x) as raw:
        raw.headers(1, basic("/", "POST", [("te", "gzip")]), ("END_HEADERS",))
        settled(raw, lambda got: codes_of(got, 1))
        raw.bytes(raw_frame(0, 0, 1, b"x" * 100) + raw_frame(0, 1, 1, b"y" * 100))
        raw.headers(3, basic())
        found = settled(raw, lambda got: answers(raw, got, 3))
        assert answers(raw, found, 3) == [200], f"errors {codes_of(found, None)}"


def on_ended(x, data):
    with opened(x) as raw:
        done(raw)
        raw.bytes(data)
        settled(raw, lambda got: [c for c in codes_of(got, 1) if c])
        said = [c for c in codes_of(raw.frames, 1) if c]
        assert raw.is_closed or said, "nothing happens"
        assert not [c for c in said if c not in (CLOSED, PROTOCOL)], f"error {said}"


rows("RFC 9113 §5.1.1", "MUST",
     ("a client's stream has an odd number", end_connection(lambda raw: raw.headers(2, basic()), PROTOCOL)),
     ("numbers of streams grow", end_connection(lambda raw: (raw.headers(5, basic()), raw.headers(3, basic())), PROTOCOL, CLOSED)),
     ("stream 0 has no HEADERS", end_connection(plain(raw_frame(1, 5, 0, b"\x82\x86\x84")), PROTOCOL)))


def too_many(x):
    def slow(_message, _sock):
        time.sleep(0.5)
        return OK
    x.server.reply = slow
    with opened(x) as raw:
        settled(raw, lambda got: [f for f in got if isinstance(f, frames.SettingsFrame)])
        limit = next((f.settings.get(3) for f in raw.frames if isinstance(f, frames.SettingsFrame) and f.settings.get(3)), None)
        if limit is None or limit > 300:
            raise NotApplicable("no limit that is small")
        raw.bytes(b"".join(raw_frame(1, 4, 1 + 2 * n, raw.encoder.encode(basic("/", "POST"))) for n in range(limit + 1)))
        settled(raw, lambda got: codes_of(got, 1 + 2 * limit))
        assert set(codes_of(raw.frames, 1 + 2 * limit)) & {REFUSED, PROTOCOL}, "all are taken"


row("RFC 9113 §5.1.2", "MUST", "more streams than were offered are refused", too_many)

# ---- §6: frames ---------------------------------------------------------------------------------------
rows("RFC 9113 §6.1", "MUST",
     ("DATA on stream 0 ends the connection", end_connection(plain(raw_frame(0, 0, 0, b"x")), PROTOCOL)),
     ("padding longer than DATA ends the connection", end_connection(after(first, raw_frame(0, 9, 1, b"\x05abc")), PROTOCOL)),
     ("padding is no content", works(lambda raw: (first(raw), raw.bytes(raw_frame(0, 9, 1, b"\x03abc\0\0\0"))),
                                     lambda s, _: s.body == b"abc")))
rows("RFC 9113 §6.2", "MUST",
     ("padding longer than HEADERS ends the connection", end_connection(plain(raw_frame(1, 13, 1, b"\x09\x82\x86\x84")), PROTOCOL)),
     ("padding of HEADERS is no field",
      works(lambda raw: raw.bytes(raw_frame(1, 13, 1, b"\x02" + raw.encoder.encode(basic()) + b"\0\0")), lambda s, _: s.method == "GET")))
rows("RFC 9113 §6.3", "MUST",
     ("PRIORITY on stream 0 ends the connection", end_connection(plain(raw_frame(2, 0, 0, b"\0\0\0\x01\x08")), PROTOCOL)),
     ("PRIORITY has 5 bytes", end_connection(plain(raw_frame(2, 0, 1, b"\0\0\0\x01")), SIZE)))
rows("RFC 9113 §6.4", "MUST",
     ("RST_STREAM on stream 0 ends the connection", end_connection(plain(raw_frame(3, 0, 0, b"\0\0\0\x08")), PROTOCOL)),
     ("RST_STREAM has 4 bytes", end_connection(after(first, raw_frame(3, 0, 1, b"\0\0\x08")), SIZE)))


def setting(code, value):
    return raw_frame(4, 0, 0, struct.pack(">HI", code, value))


def acknowledged(x):
    with opened(x) as raw:
        settled(raw, lambda got: [f for f in got if isinstance(f, frames.SettingsFrame) and "ACK" in f.flags])
        assert [f for f in raw.frames if isinstance(f, frames.SettingsFrame) and "ACK" in f.flags], "no acknowledgement"


rows("RFC 9113 §6.5", "MUST",
     ("SETTINGS with ACK is empty", end_connection(plain(raw_frame(4, 1, 0, b"\0\0\0\0\0\0")), SIZE)),
     ("SETTINGS is for stream 0", end_connection(plain(raw_frame(4, 0, 1, b"")), PROTOCOL)),
     ("SETTINGS has a multiple of 6 bytes", end_connection(plain(raw_frame(4, 0, 0, b"\0\0\0")), SIZE)),
     ("SETTINGS is acknowledged", acknowledged))
rows("RFC 9113 §6.5.2", "MUST",
     ("ENABLE_PUSH is 0 or 1", end_connection(plain(setting(2, 2)), PROTOCOL)),
     ("INITIAL_WINDOW_SIZE is below 2^31", end_connection(plain(setting(4, 1 << 31)), FLOW)),
     ("MAX_FRAME_SIZE is not below 16384", end_connection(plain(setting(5, 16383)), PROTOCOL)),
     ("MAX_FRAME_SIZE is below 2^24", end_connection(plain(setting(5, 1 << 24)), PROTOCOL)),
     ("an unknown setting is ignored", works(lambda raw: (raw.bytes(setting(0xff00, 1)), raw.headers(1, basic())))))
row("RFC 9113 §6.6", "MUST", "a client's PUSH_PROMISE ends the connection",
    end_connection(after(first, raw_frame(5, 4, 1, b"\0\0\0\x02\x82\x86\x84")), PROTOCOL))


def ping(x):
    with opened(x) as raw:
        raw.bytes(raw_frame(6, 0, 0, b"01234567"))
        settled(raw, lambda got: [f for f in got if isinstance(f, frames.PingFrame)])
        assert [f.opaque_data for f in raw.frames if isinstance(f, frames.PingFrame) and "ACK" in f.flags] == [b"01234567"]


rows("RFC 9113 §6.7", "MUST",
     ("PING is answered with its bytes", ping),
     ("PING is for stream 0", end_connection(plain(raw_frame(6, 0, 1, b"01234567")), PROTOCOL)),
     ("PING has 8 bytes", end_connection(plain(raw_frame(6, 0, 0, b"012345")), SIZE)))
row("RFC 9113 §6.8", "MUST", "GOAWAY is for stream 0", end_connection(plain(raw_frame(7, 0, 1, b"\0" * 8)), PROTOCOL))
rows("RFC 9113 §6.9", "MUST",
     ("an increment of 0 ends the connection", end_connection(plain(raw_frame(8, 0, 0, b"\0" * 4)), PROTOCOL)),
     ("an increment of 0 ends a stream", end_stream(after(first, raw_frame(8, 0, 1, b"\0" * 4)), PROTOCOL)),
     ("WINDOW_UPDATE has 4 bytes", end_connection(plain(raw_frame(8, 0, 0, b"\0\0\x01")), SIZE)))
rows("RFC 9113 §6.9.1", "MUST",
     ("a connection's window above 2^31-1 ends it", end_connection(plain(raw_frame(8, 0, 0, b"\x7f\xff\xff\xff") * 2), FLOW)),
     ("a stream's window above 2^31-1 ends it", end_stream(after(first, raw_frame(8, 0, 1, b"\x7f\xff\xff\xff") * 2), FLOW)),
     ("no more is sent than the window allows", lambda x: window(x, 1, 1)),
     ("a window of 0 holds content back", lambda x: window(x, 0, 0)))


def window(x, size, want):
    with opened(x) as raw:
        raw.bytes(setting(4, size))
        raw.headers(1, basic())
        settled(raw, lambda got: len([f for f in got if isinstance(f, frames.DataFrame) and f.data]) > want, 0.5)
        assert sum(len(f.data) for f in raw.frames if isinstance(f, frames.DataFrame)) == want
        raw.bytes(raw_frame(8, 0, 1, b"\0\0\0\x09"))
        settled(raw, lambda got: sum(len(f.data) for f in got if isinstance(f, frames.DataFrame)) == 2)
        assert b"".join(f.data for f in raw.frames if isinstance(f, frames.DataFrame)) == b"ok"


rows("RFC 9113 §6.9.2", "MUST",
     ("a new INITIAL_WINDOW_SIZE changes open streams, also below 0", lambda x: window(x, 0, 0)),
     ("one that makes a window too large ends the connection",
      end_connection(lambda raw: (first(raw), raw.bytes(raw_frame(8, 0, 1, b"\x7f\xff\0\0") + setting(4, 0x7fffffff))), FLOW)))
rows("RFC 9113 §6.10", "MUST",
     ("CONTINUATION goes on with a block",
      works(lambda raw: (lambda block: raw.bytes(raw_frame(1, 1, 1, block[:5]) + raw_frame(9, 0, 1, block[5:9]) + raw_frame(9, 4, 1,
                                                            block[9:])))(
          raw.encoder.encode(basic())), lambda s, _: s.method == "GET")),
     ("CONTINUATION of another stream ends the connection",
      end_connection(plain(raw_frame(1, 1, 1, b"\x82\x86") + raw_frame(9, 4, 3, b"\x84")), PROTOCOL)),
     ("CONTINUATION behind a whole block ends the connection",
      end_connection(after(first, raw_frame(9, 4, 1, b"\x84")), PROTOCOL)),
     ("CONTINUATION on stream 0 ends the connection",
      end_connection(plain(raw_frame(1, 1, 1, b"\x82\x86") + raw_frame(9, 4, 0, b"\x84")), PROTOCOL)),
     ("blocks without end are bounded", end_connection(
         lambda raw: raw.bytes(raw_frame(1, 1, 1, b"\x82\x86") + raw_frame(9, 0, 1, b"\x00\x01x\x7f\x81\x7e" + b"y" * 253) * 4000), CALM,
         PROTOCOL, SIZE, COMPRESSION, INTERNAL)))

# ---- §8: messages ---------------------------------------------------------------------------------------
G = basic()
rows("RFC 9113 §8.2", "MUST",
     ("an upper-case name is malformed", malformed(*G, ("X-Up", "1"))),
     ("a space in a name is malformed", malformed(*G, ("x y", "1"))),
     ("a colon in a name is malformed", malformed(*G, ("x:y", "1"))),
     ("a control byte in a name is malformed", malformed(*G, ("x\x01", "1"))),
     ("a byte above 127 in a name is malformed", malformed(*G, (b"x\xe9", b"1"))),
     ("LF in a value is malformed", malformed(*G, ("x-y", "1\nx: 2"))),
     ("CR in a value is malformed", malformed(*G, ("x-y", "1\rx: 2"))),
     ("CR LF in a value is malformed", malformed(*G, ("x-y", "1\r\n\r\nGET /next HTTP/1.1"))),
     ("NUL in a value is malformed", malformed(*G, ("x-y", "1\0"))),
     ("a space in front of a value is malformed", malformed(*G, ("x-y", " 1"))),
     ("a tab behind a value is malformed", malformed(*G, ("x-y", "1\t"))))
for _name, _value in (("connection", "keep-alive"), ("keep-alive", "1"), ("proxy-connection", "x"), ("transfer-encoding", "chunked"),
                      ("upgrade", "websocket"), ("te", "gzip"), ("te", "trailers, gzip")):
    row("RFC 9113 §8.2.2", "MUST", f"{_name}: {_value} is malformed", malformed(*G, (_name, _value)))
rows("RFC 9113 §8.2.2", "MAY", ("te: trailers is none of those", sends([*G, ("te", "trailers")], lambda s: "gzip" not in s.members("TE"))))
rows("RFC 9113 §8.2.3", "MUST",
     ("crumbs of Cookie become one line",
      sends([*G, ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")], lambda s: s.all("Cookie") == ["a=1; b=2"])))
rows("RFC 9113 §8.3", "MUST",
     ("an unknown pseudo-field is malformed", malformed(*G, (":x", "1"))),
     ("a pseudo-field of answers is malformed", malformed(*G, (":status", "200"))),
     ("a pseudo-field behind a field is malformed", malformed(G[0], G[1], ("x", "y"), G[2], G[3])),
     ("a pseudo-field twice is malformed", malformed(*G, (":path", "/b"))),
     ("two methods are malformed", malformed(("method", "GET"), *G, (":method", "POST"))),
     ("two authorities are malformed", malformed(*G, (":authority", "b.nl"))))
rows("RFC 9113 §8.3.1", "MUST",
     ("no :method is malformed", malformed(*G[1:])),
     ("no :scheme is malformed", malformed(G[0], *G[2:])),
     ("no :path is malformed", malformed(*G[:2], G[3])),
     ("an empty :path is malformed", malformed(*basic(""))),
     (":path without a slash is malformed", malformed(*basic("x"))),
     (":path with a space is malformed", malformed(*basic("/x HTTP/1.1"))),
     (":path with CR LF is malformed", malformed(*basic("/x HTTP/1.1\r\nX: y"))),
     (":path with a fragment is malformed", malformed(*basic("/x#y"))),
     (":path * is for OPTIONS", malformed(*basic("*"))),
     (":path as a URI is malformed", malformed(*basic("http://b.nl/"))),
     (":method with a space is malformed", malformed(*basic("/", "GET /next HTTP/1.1\r\nx"))),
     (":method that is empty is malformed", malformed(*basic("/", ""))),
     (":authority with user information is malformed", malformed(*basic(authority="u@a.nl"))),
     (":authority with a space is malformed", malformed(*basic(authority="a.nl x"))),
     (":authority with CR LF is malformed", malformed(*basic(authority="a.nl\r\nX: y"))),
     (":authority with a path is malformed", malformed(*basic(authority="a.nl/x"))),
     (":scheme with CR LF is malformed", malformed(G[0], (":scheme", "http\r\nX: y"), *G[2:])),
     ("Host that says something else than :authority is malformed", malformed(*G, ("host", "b.nl"))),
     ("Host that says the same is one Host", sends([*G, ("host", "a.nl")], lambda s: s.one("Host") == "a.nl")),
     ("Host alone is enough", sends([*G[:3], ("host", "a.nl")], lambda s: s.one("Host") == "a.nl")),
     (":authority is the Host of the server's request", sends(basic("/x?y"), lambda s: s.one("Host") == "a.nl" and s.target == "/x?y")),
     ("OPTIONS * arrives as such, or is answered", works(lambda raw: raw.headers(1, basic("*", "OPTIONS")))))
rows("RFC 9113 §8.1.1", "MUST",
     ("content shorter than content-length is malformed", malformed(*basic("/", "POST", [("content-length", "5")]), body=b"abc")),
     ("content longer than content-length is malformed", malformed(*basic("/", "POST", [("content-length", "2")]), body=b"abc")),
     ("no content and a content-length is malformed", malformed(*basic("/", "POST", [("content-length", "5")]))),
     ("two content-lengths are malformed", malformed(*basic("/", "POST", [("content-length", "3"), ("content-length", "4")]), body=b"abc")),
     ("a content-length that is no number is malformed", malformed(*basic("/", "POST", [("content-length", "3x")]), body=b"abc")),
     ("a content-length with a plus is malformed", malformed(*basic("/", "POST", [("content-length", "+3")]), body=b"abc")))


def with_trailers(*trailers, length=(), flags=("END_HEADERS", "END_STREAM")):
    def act(raw):
        raw.headers(1, basic("/", "POST", length), ("END_HEADERS",))
        raw.data(1, b"abc")
        raw.headers(1, list(trailers), flags)
    return act


rows("RFC 9113 §8.1", "MUST",
     ("content without a length arrives whole",
      works(lambda raw: (first(raw), raw.data(1, b"abc", ("END_STREAM",))), lambda s, _: s.body == b"abc")),
     ("a request without content has none", sends(G, lambda s: s.body == b"")),
     ("trailers end a request, and are no headers", works(with_trailers(("x-t", "1")), lambda s, _: s.body == b"abc" and not s.all("x-t"))),
     ("trailers with a pseudo-field are malformed", end_stream(with_trailers((":path", "/b")), PROTOCOL, status=(400,))),
     ("trailers that do not end the stream are malformed",
      end_stream(with_trailers(("x-t", "1"), flags=("END_HEADERS",)), PROTOCOL, status=(400,))),
     ("trailers with a framing field are refused, or it goes",
      lambda x: framing_trailer(x, ("content-length", "50"))),
     ("content shorter than content-length before trailers is malformed",
      end_stream(with_trailers(("x-t", "1"), length=[("content-length", "9")]), PROTOCOL, status=(400,))))


def framing_trailer(x, trailer):
    with opened(x) as raw:
        with_trailers(trailer)(raw)
        settled(raw, lambda got: answers(raw, got, 1) or codes_of(got, 1), 1)
    assert not [m for m in seen(x) if m.trailers], "it arrives as a trailer"


rows("RFC 9113 §8.5", "MUST",
     ("CONNECT with :path is malformed, or refused", malformed(*basic("/", "CONNECT"))),
     ("CONNECT opens no tunnel",
      end_stream(lambda raw: raw.headers(1, [(":method", "CONNECT"), (":authority", "b.nl:443")], ("END_HEADERS",)),
                                            PROTOCOL, 10, REFUSED, status=(400, 403, 404, 405, 501))))


# ---- answers, on the way to HTTP/2 ------------------------------------------------------------------------
def answered(reply, check, method="GET"):
    def test(x):
        x.server.reply = reply
        with http2.Client(x.http2_port) as client:
            got = client.ask(method=method, scheme="http", authority="a.nl")
            assert check(got), f"{got.interim} {got.fields} {got.body[:100]!r} {got.trailers} reset {got.reset}"
    return test


HOP = b"HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: x\r\nX-Kept: A\r\nContent-Length: 2\r\n\r\nok"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
rows("RFC 9113 §8.2.2", "MUST NOT",
     ("fields of a server's connection do not become HTTP/2",
      answered(HOP, lambda a: a.header("x-kept") == "A" and not
               {"connection", "keep-alive", "x-mine", "transfer-encoding"} & set(dict(a.fields)))),
     ("names of answers are in lower case", answered(HOP, lambda a: all(name == name.lower() for name, _ in a.fields))),
     ("chunks become content", answered(CHUNKS + b"0\r\n\r\n", lambda a: a.body == b"ok" and a.is_done and
                                        not a.header("transfer-encoding"))))
rows("RFC 9113 §8.1", "MUST",
     ("an answer that is cut is reset, not ended",
      answered(then_end(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), lambda a: not a.is_done or a.status >= 500)),
     ("chunks that are cut are reset, not ended", answered(then_end(CHUNKS), lambda a: not a.is_done or a.status >= 500)),
     ("a broken chunk is reset, not ended", answered(then_end(CHUNKS + b"zz\r\n"), lambda a: not a.is_done or a.status >= 500)),
     ("a server's trailers are trailers, or dropped",
      answered(CHUNKS + b"0\r\nX-T: 1\r\n\r\n", lambda a: a.is_done and a.header("x-t") is None)),
     ("1xx comes before the final answer",
      answered(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,
               lambda a: a.status == 200 and [dict(i)[":status"] for i in a.interim] == ["103"])),
     ("HEAD has no content", answered(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", lambda a: a.body == b"" and a.is_done, "HEAD")),
     ("204 has no content", answered(b"HTTP/1.1 204 No Content\r\n\r\n", lambda a: a.status == 204 and a.is_done)),
     ("304 has no content", answered(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", lambda a: a.status == 304 and a.is_done)),
     ("an invalid answer is a 502", answered(b"HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nok", lambda a: a.status == 502)),
     ("an answer until the end of a connection is whole",
      answered(then_end(b"HTTP/1.1 200 OK\r\n\r\nabc"), lambda a: a.body == b"abc" and a.is_done)))
row("RFC 9113 §8.6", "MUST NOT", "101 is not for HTTP/2",
    answered(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
                                                                   lambda a: a.status != 101))

# ---- RFC 8441 ------------------------------------------------------------------------------------------
EXTENDED = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"), (":authority", "a.nl"),
            ("sec-websocket-version", "13")]


def offers(raw):
    """RFC 8441 §3; who does not offer it, does not do it."""
    settled(raw, lambda got: [f for f in got if isinstance(f, frames.SettingsFrame) and "ACK" not in f.flags])
    if not [f for f in raw.frames if isinstance(f, frames.SettingsFrame) and f.settings.get(8)]:
        raise NotApplicable("no extended CONNECT")


def tunnel(x):
    def echo(message, sock):
        assert message.method == "GET" and message.one("Upgrade").lower() == "websocket" and message.one("Sec-WebSocket-Key")
        key = base64.b64encode(hashlib.sha1((message.one("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
                     + key + b"\r\n\r\n")
        while data := sock.recv(1000):
            sock.sendall(data)
    x.server.reply = echo
    with opened(x) as raw:
        offers(raw)
        raw.headers(1, EXTENDED, ("END_HEADERS",))
        settled(raw, lambda got: answers(raw, got, 1))
        assert answers(raw, raw.frames, 1) == [200]
        raw.data(1, b"\x81\x00hello")
        settled(raw, lambda got: [f for f in got if isinstance(f, frames.DataFrame) and f.data])
        assert b"".join(f.data for f in raw.frames if isinstance(f, frames.DataFrame)) == b"\x81\x00hello"


def extended(test):
    def checked(x):
        with opened(x) as raw:
            offers(raw)
        test(x)
    return checked


rows("RFC 8441 §5", "MUST", ("a WebSocket over HTTP/2 is one over HTTP/1.1 behind", tunnel))
rows("RFC 8441 §4", "MUST",
     (":protocol without CONNECT is malformed", extended(malformed((":method", "GET"), *EXTENDED[1:]))),
     ("an extended CONNECT without :path is malformed", extended(malformed(*EXTENDED[:3], *EXTENDED[4:]))),
     ("an extended CONNECT without :scheme is malformed", extended(malformed(*EXTENDED[:2], *EXTENDED[3:]))),
     ("an unknown :protocol is refused", extended(malformed(EXTENDED[0], (":protocol", "other"), *EXTENDED[2:]))))
row("RFC 9110 §7.6.3", "MUST", "Via names HTTP/2 when that was received",
    works(lambda raw: raw.headers(1, basic()), lambda sent, _: any(v.startswith(("2.0 ", "2 ")) for v in sent.members("Via"))))
