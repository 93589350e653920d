"""Answers of servers: how they are framed (RFC 9112 §6.3), and what becomes of those that are wrong.

Nothing that was cut looks whole, nothing that is wrong is passed on as if it were right, no connection on which something
odd came is used again, and the next client is served (THREATS A1, A18).
"""
from conformance.table import GET, NEXT, OK, answer, bad, cut, row, rows, seen, then_end

HEAD = b"HEAD / HTTP/1.1\r\nHost: a.nl\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\nHost: a.nl\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def fields(text, body=b"ok"):
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + text + b"\r\n\r\n" + body


def line(text):
    return text + b"\r\nContent-Length: 2\r\n\r\nok"


def body_is(body):
    return lambda got: got.first.is_whole and got.first.body == body


# ---- the status line ---------------------------------------------------------------------------------
rows("RFC 9112 §4", "MUST",
     ("a status of two digits is invalid", bad(line(b"HTTP/1.1 20 OK"))),
     ("a status of four digits is invalid", bad(line(b"HTTP/1.1 2000 OK"))),
     ("a status with letters is invalid", bad(line(b"HTTP/1.1 2x0 OK"))),
     ("a negative status is invalid", bad(line(b"HTTP/1.1 -20 OK"))),
     ("a status line without a status is invalid", bad(line(b"HTTP/1.1  OK"))),
     ("a status line without a version is invalid", bad(line(b"200 OK"))),
     ("a reason may be empty", answer(line(b"HTTP/1.1 200 "), body_is(b"ok"))),
     ("a reason may hold bytes above 127", answer(line(b"HTTP/1.1 200 \xe9"), body_is(b"ok"))),
     ("a NUL in the reason is invalid", bad(line(b"HTTP/1.1 200 O\0K"))),
     ("a bare CR in the reason is invalid", bad(line(b"HTTP/1.1 200 O\rK"))))
row("RFC 9112 §4", "MAY", "a status line without the space before the reason is repaired, or a 502",
    answer(line(b"HTTP/1.1 200"), lambda g: g.status == 502 or g.first.body == b"ok"))
rows("RFC 9112 §2.3", "MUST",
     ("a server's version is HTTP/1 in upper case", bad(line(b"http/1.1 200 OK"))),
     ("a server's major version is 1", bad(line(b"HTTP/2.0 200 OK"))),
     ("HTTP/0.9 is not an answer", bad(line(b"HTTP/0.9 200 OK"))),
     ("ICY is not an answer", bad(line(b"ICY 200 OK"))),
     ("content without a head is not an answer", bad(b"<html>hello</html>\r\n\r\n")),
     ("noise is not an answer", bad(bytes(range(256)) * 20)))
rows("RFC 9110 §15", "SHOULD",
     ("a status below 100 is invalid", bad(line(b"HTTP/1.1 099 OK"))),
     ("a status above 599 is invalid, or passed on as it is", answer(line(b"HTTP/1.1 599 OK"), lambda g: g.status in (599, 502))),
     ("status 000 is invalid", bad(line(b"HTTP/1.1 000 OK"))))

# ---- fields ------------------------------------------------------------------------------------------
rows("RFC 9112 §5.1", "MUST",
     ("a space before the colon is taken away, or a 502",
      answer(fields(b"X-Y : 1"), lambda g: g.status == 502 or g.first.one("X-Y") == "1")),
     ("a space before Content-Length's colon is taken away, or a 502",
      answer(b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", lambda g: g.status == 502 or g.first.body == b"ok")),
     ("a line without a colon is invalid", bad(fields(b"garbage"))),
     ("an empty name is invalid", bad(fields(b": x"))),
     ("a separator in a name is invalid", bad(fields(b"X(Y): 1"))))
rows("RFC 9112 §5.2", "MUST",
     ("a folded line is joined by spaces, or a 502",
      answer(fields(b"X-Y: a\r\n b"), lambda g: g.status == 502 or " ".join(g.first.one("X-Y").split()) == "a b")),
     ("a line that begins with a space is no field after the status line",
      answer(b"HTTP/1.1 200 OK\r\n X-Y: 1\r\nContent-Length: 2\r\n\r\nok", lambda g: g.status == 502 or not g.first.all("X-Y"))))
rows("RFC 9110 §5.5", "MUST",
     ("NUL in a value is a 502, or becomes SP", answer(fields(b"X-Y: a\0b"), lambda g: g.status == 502 or g.first.one("X-Y") == "a b")),
     ("a bare CR in a value is a 502, or becomes SP",
      answer(fields(b"X-Y: a\rSet-Cookie: b"), lambda g: g.status == 502 or g.first.one("X-Y") == "a Set-Cookie: b")))
row("RFC 9110 §5.5", "SHOULD", "other control bytes in a value are a 502", bad(fields(b"X-Y: a\x01b")))
rows("RFC 9112 §2.2", "MAY",
     ("LF alone may end lines, but then as CRLF for the client",
      answer(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", lambda g: g.status == 502 or g.first.body == b"ok")))
rows("RFC 9110 §5.4", "MUST",
     ("a head without end is bounded", bad(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60000)),
     ("a field without end is bounded", bad(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400000)))

# ---- how long it is ------------------------------------------------------------------------------------
BOTH = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
rows("RFC 9112 §6.3", "MUST",
     ("Content-Length ends the content", answer(OK, lambda g: g.first.body == b"ok" and not g.is_ended)),
     ("chunks end the content", answer(CHUNKED + b"2\r\nok\r\n0\r\n\r\n", lambda g: body_is(b"ok")(g) and not g.is_ended)),
     ("neither: the end of the connection ends the content",
      answer(then_end(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000), body_is(b"x" * 5000))),
     ("an empty answer until the end is empty", answer(then_end(b"HTTP/1.1 200 OK\r\n\r\n"), body_is(b""))),
     ("Content-Length beside Transfer-Encoding: a 502, or chunks alone",
      answer(BOTH,
             lambda g: g.status == 502 or (g.first.body == b"ok" and not (g.first.all("Content-Length")
                                                            and g.first.all("Transfer-Encoding"))))),
     ("two different Content-Lengths are a 502", bad(fields(b"Content-Length: 3", b"okk"))),
     ("a list of different lengths is a 502", bad(b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nokk")),
     ("the same length twice is a 502, or one",
      answer(fields(b"Content-Length: 2"), lambda g: g.status == 502 or g.first.all("Content-Length") == ["2"])))
for _value in (b"2x", b"+2", b"-2", b"0x2", b"", b"2 2", b"18446744073709551618", b"2.0", b"\x0b2"):
    row("RFC 9112 §6.3", "MUST", f"Content-Length {_value.decode()!r} of an answer is a 502",
        bad(b"HTTP/1.1 200 OK\r\nContent-Length: " + _value + b"\r\n\r\nok"))
for _value in (b"xchunked", b"chunked, chunked", b"gzip", b"identity", b"chunked;x", b"\x0bchunked", b"chunked, gzip"):
    row("RFC 9112 §6.1", "MUST", f"Transfer-Encoding {_value.decode()!r} of an answer isn't guessed",
        answer(then_end(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + _value + b"\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
               lambda g: g.status == 502 or (g.first.body == b"2\r\nok\r\n0\r\n\r\n" and g.is_ended)))
rows("RFC 9112 §6.1", "MUST NOT",
     ("no transfer coding goes to a 1.0 client",
      answer(CHUNKED + b"2\r\nok\r\n0\r\n\r\n", lambda g: not g.first.all("Transfer-Encoding") and g.first.body == b"ok" and g.is_ended,
             OLD)),
     ("Transfer-Encoding of a 204 is not passed on",
      answer(b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
             lambda g: g.status == 502 or not g.first.all("Transfer-Encoding"))),
     ("Transfer-Encoding of a 1xx is not passed on",
      answer(b"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n" + OK,
             lambda g: g.status == 502 or not [m for m in g.interim if m.all("Transfer-Encoding")])),
     ("Transfer-Encoding in a 1.0 answer is faulty: a 502, or read and then the end",
      answer(then_end(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
             lambda g: g.status == 502 or g.first.body in (b"ok", b"2\r\nok\r\n0\r\n\r\n"))))
rows("RFC 9110 §8.6", "MUST NOT",
     ("Content-Length of a 204 is not passed on",
      answer(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", lambda g: g.status == 502 or not g.first.all("Content-Length"))),
     ("Content-Length of a 1xx is not passed on",
      answer(b"HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n" + OK,
             lambda g: g.status == 502 or not [m for m in g.interim if m.all("Content-Length")])))
rows("RFC 9112 §7.1", "MUST",
     ("chunks become a body for a 1.0 client, and the end says that it is whole",
      answer(CHUNKED + b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n", body_is(b"ok"), OLD)),
     ("extensions of a server's chunks are ignored", answer(CHUNKED + b"2;a=b\r\nok\r\n0;c\r\n\r\n", body_is(b"ok"))),
     ("trailers are passed on as trailers, or dropped",
      answer(CHUNKED + b"2\r\nok\r\n0\r\nX-T: 1\r\n\r\n", lambda g: g.first.body == b"ok" and not g.first.all("X-T"))))

# ---- what is cut -----------------------------------------------------------------------------------------
rows("RFC 9112 §8", "MUST",
     ("content shorter than its length is not whole", cut(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")),
     ("no content at all of a length is not whole", cut(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")),
     ("chunks without the last one are not whole", cut(CHUNKED + b"2\r\nok\r\n")),
     ("no chunk at all is not whole", cut(CHUNKED)),
     ("a chunk that ends early is not whole", cut(CHUNKED + b"9\r\nok")),
     ("a size that ends early is not whole", cut(CHUNKED + b"2\r\nok\r\n0")),
     ("a last chunk without its empty line is not whole", cut(CHUNKED + b"2\r\nok\r\n0\r\n")),
     ("trailers that end early are not whole", cut(CHUNKED + b"2\r\nok\r\n0\r\nX-T: 1\r\n")),
     ("a head that ends early is a 502", bad(b"HTTP/1.1 200 OK\r\nContent-Len", ends=True)),
     ("a status line that ends early is a 502", bad(b"HTTP/1.1 20", ends=True)),
     ("a 1xx and then the end is a 502", bad(b"HTTP/1.1 103 Early Hints\r\n\r\n", ends=True)))
BROKEN = [("is not hex", b"xy\r\nok\r\n"), ("is empty", b"\r\nok\r\n"), ("is negative", b"-2\r\nok\r\n"),
          ("begins with 0x", b"0x2\r\nok\r\n"),
          ("is above 2^64", b"10000000000000002\r\nok\r\n"), ("has 40 digits", b"f" * 40 + b"\r\nok\r\n"),
          ("ends in LF alone", b"2\nok\r\n"),
          ("begins with a space", b" 2\r\nok\r\n"), ("is too small", b"1\r\nok\r\n"), ("is too small by the next one", b"2\r\nokk\r\n")]
for _word, _bytes in BROKEN:
    row("RFC 9112 §7.1", "MUST", f"an answer with a chunk whose size {_word} is not whole", cut(CHUNKED + _bytes + b"0\r\n\r\n"))
rows("RFC 9110 §6.5.1", "MUST",
     ("Set-Cookie as a trailer is no header",
      answer(CHUNKED + b"2\r\nok\r\n0\r\nSet-Cookie: a=b\r\n\r\n", lambda g: not g.finals or not g.first.all("Set-Cookie"))),
     ("Content-Length as a trailer frames nothing",
      answer(CHUNKED + b"2\r\nok\r\n0\r\nContent-Length: 50\r\n\r\n",
             lambda g: not g.finals or not (g.first.all("Content-Length") or g.first.trailers))),
     ("a malformed trailer is not passed on", cut(CHUNKED + b"2\r\nok\r\n0\r\nX T: 1\r\n\r\n")))

# ---- what comes early, late or twice ---------------------------------------------------------------------------
POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON"


def unpoisoned(got):
    return b"POISON" not in got.raw


rows("RFC 9112 §9.2", "MUST",
     ("a second answer behind the first is nobody's", answer(OK + POISON, unpoisoned)),
     ("a second answer is nobody's, also with a request behind", answer(OK + POISON, unpoisoned, GET + b"\r\n" + NEXT, ("GET", "GET"))),
     ("bytes behind the length are nobody's", answer(OK + b"xyz", body_is(b"ok"))),
     ("bytes behind the last chunk are nobody's", answer(CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + POISON, unpoisoned)),
     ("an answer behind a 304 is nobody's", answer(b"HTTP/1.1 304 Not Modified\r\n\r\n" + POISON, unpoisoned)),
     ("an answer behind an answer to HEAD is nobody's", answer(OK[:-2] + POISON, unpoisoned, HEAD, ("HEAD",))))


def unasked(x):
    """A server that speaks before it is asked: what it says is not the next request's answer."""
    def handler(message, sock):
        return OK + (POISON if message.target == "/warm" else b"")
    x.server.reply = handler
    with x.connect() as one, x.connect() as two:
        one.sendall(b"GET /warm HTTP/1.1\r\nHost: a.nl\r\n\r\n")
        assert one.recv(1000).endswith(b"ok")
        for _ in range(3):
            two.sendall(NEXT)
            data = two.recv(1000)
            assert data.endswith(b"ok") and b"POISON" not in data, data
    assert len([m for m in seen(x) if m.target == "/next"]) == 3


row("RFC 9112 §9.2", "MUST", "another client never gets what came unasked", unasked)


def many_interim(x):
    def handler(_message, sock):
        try:
            for _ in range(300):
                sock.sendall(b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 10)
        except OSError:
            return None
        return OK
    got = x.talk(GET + b"\r\n", reply=handler)
    assert got.status in (200, 502, 504) or got.is_ended
    x.is_well()


row("RFC 9110 §15.2", "MUST", "3,000 interim answers harm nobody else", many_interim)
