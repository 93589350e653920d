"""RFC 9110: what an intermediary passes on, what it keeps, what it adds."""
import socket

from conformance.table import GET, NEXT, OK, POST, answer, one, refuse, row, rows, safe, seen
from conformance.rows_framing import field, get


def reply(text, body=b"ok"):
    return b"HTTP/1.1 200 OK\r\n" + text + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def sends(text, check):
    return one(field(text), lambda sent, _: check(sent))


def gives(text, check, **keywords):
    return answer(reply(text), lambda got: check(got.first), **keywords)


# ---- fields ----------------------------------------------------------------------------------------
rows("RFC 9110 §5.1", "MUST",
     ("an unknown request field is passed on", sends(b"X-Unknown: a", lambda s: s.one("X-Unknown") == "a")),
     ("an unknown response field is passed on", gives(b"X-Unknown: a", lambda a: a.one("X-Unknown") == "a")),
     ("a request field whose name is any token is passed on", sends(b"!#$%&'*+-.^`|~x: a", lambda s: s.one("!#$%&'*+-.^`|~x") == "a")))
rows("RFC 9110 §5.3", "MUST NOT",
     ("the order of request fields of one name is not changed",
      sends(b"X-A: 1\r\nX-B: 0\r\nX-A: 2\r\nX-A: 3", lambda s: s.members("X-A") == ["1", "2", "3"])),
     ("the order of response fields of one name is not changed",
      gives(b"X-A: 1\r\nX-B: 0\r\nX-A: 2", lambda a: a.members("X-A") == ["1", "2"])),
     ("Set-Cookie lines are not joined",
      gives(b"Set-Cookie: a=1, x\r\nSet-Cookie: b=2", lambda a: a.all("Set-Cookie") == ["a=1, x", "b=2"])),
     ("Cookie arrives as it was", sends(b'Cookie: a=1; b="x,y"', lambda s: s.all("Cookie") == ['a=1; b="x,y"'])))
rows("RFC 9110 §5.5", "MUST",
     ("response bytes above 127 are passed on as they are", gives(b"X-Y: \xe9\xff", lambda a: a.one("X-Y") == "\xe9\xff")),
     ("commas and quotes in values are nobody's business", sends(b'X-Y: "a,b" , c', lambda s: s.one("X-Y") == '"a,b" , c')))
rows("RFC 9110 §6.6.1", "MUST",
     ("an answer without Date gets one", gives(b"X-Y: 1", lambda a: a.one("Date") is not None)),
     ("an answer's Date is passed on",
      gives(b"Date: Sun, 06 Nov 1994 08:49:37 GMT", lambda a: a.all("Date") == ["Sun, 06 Nov 1994 08:49:37 GMT"])))

# ---- Connection --------------------------------------------------------------------------------------
rows("RFC 9110 §7.6.1", "MUST",
     ("what Connection names is not passed on", sends(b"Connection: X-Mine\r\nX-Mine: 1", lambda s: not s.all("X-Mine"))),
     ("names in Connection are case-insensitive", sends(b"Connection: x-mINE\r\nX-Mine: 1", lambda s: not s.all("X-Mine"))),
     ("every element of Connection counts",
      sends(b"Connection: , X-A ,,X-B\r\nX-A: 1\r\nX-B: 2", lambda s: not s.all("X-A") and not s.all("X-B"))),
     ("every line of Connection counts",
      sends(b"Connection: X-A\r\nX-A: 1\r\nConnection: X-B\r\nX-B: 2", lambda s: not s.all("X-A") and not s.all("X-B"))),
     ("Connection after the field it names counts too", sends(b"X-Mine: 1\r\nConnection: X-Mine", lambda s: not s.all("X-Mine"))),
     ("all fields of the name go", sends(b"X-Mine: 1\r\nConnection: X-Mine\r\nX-Mine: 2", lambda s: not s.all("X-Mine"))),
     ("the client's Connection is not passed on", sends(b"Connection: X-Mine", lambda s: "x-mine" not in s.members("Connection"))),
     ("the same for answers: what Connection names", gives(b"Connection: X-Mine\r\nX-Mine: 1", lambda a: not a.all("X-Mine"))),
     ("the same for answers: its case", gives(b"CONNECTION: x-mine\r\nX-Mine: 1", lambda a: not a.all("X-Mine"))),
     ("the same for answers: Connection itself",
      gives(b"Connection: X-Mine\r\nX-Mine: 1", lambda a: "x-mine" not in a.members("Connection"))))
rows("RFC 9110 §7.6.1", "SHOULD",
     ("Keep-Alive is not passed on", sends(b"Keep-Alive: timeout=5", lambda s: not s.all("Keep-Alive"))),
     ("Proxy-Connection is not passed on", sends(b"Proxy-Connection: keep-alive", lambda s: not s.all("Proxy-Connection"))),
     ("an answer's Keep-Alive is not passed on", gives(b"Keep-Alive: timeout=5", lambda a: not a.all("Keep-Alive"))),
     ("an answer's Proxy-Connection is not passed on", gives(b"Proxy-Connection: close", lambda a: not a.all("Proxy-Connection"))))
for _name in ("Host", "Content-Length", "Transfer-Encoding", "Authorization", "X-Forwarded-For", "Cookie"):
    _tail = {"Content-Length": b"Content-Length: 3\r\n\r\nabc",
             "Transfer-Encoding": b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}
    row("RFC 9110 §7.6.1", "MUST", f"Connection: {_name} makes no other message of it",
        safe((POST if _name in _tail else GET) + b"Connection: " + _name.encode() + b"\r\n" + _tail.get(_name, b"\r\n"),
             lambda s, _, name=_name: s.one("Host") == "a.nl" and (name not in ("Content-Length", "Transfer-Encoding")
                                                            or s.body == b"abc")))
rows("RFC 9110 §7.6.2", "MUST NOT",
     ("OPTIONS with Max-Forwards: 0 is not passed on", lambda x: max_forwards(x, b"OPTIONS")),
     ("TRACE with Max-Forwards: 0 is not passed on", lambda x: max_forwards(x, b"TRACE")))


def max_forwards(x, method):
    got = x.talk(method + b" / HTTP/1.1\r\nHost: a.nl\r\nMax-Forwards: 0\r\n\r\n")
    assert seen(x) == [], "the server gets it"
    assert got.status, "no answer"


row("RFC 9110 §7.6.2", "MUST", "OPTIONS with Max-Forwards above 0 is passed on with one less",
    one(b"OPTIONS / HTTP/1.1\r\nHost: a.nl\r\nMax-Forwards: 3\r\n\r\n", lambda s, _: s.one("Max-Forwards") == "2"))
row("RFC 9110 §7.6.2", "MUST", "TRACE with Max-Forwards above 0 is passed on with one less, or not at all",
    safe(b"TRACE / HTTP/1.1\r\nHost: a.nl\r\nMax-Forwards: 1\r\n\r\n", lambda s, _: s.one("Max-Forwards") == "0"))
row("RFC 9110 §7.6.2", "MUST", "a Max-Forwards that is no number isn't passed on as one",
    safe(b"OPTIONS / HTTP/1.1\r\nHost: a.nl\r\nMax-Forwards: 3x\r\n\r\n", lambda s, _: s.one("Max-Forwards") == "3x"))
row("RFC 9110 §7.6.2", "MAY", "Max-Forwards of other methods is passed on as it is",
    sends(b"Max-Forwards: 3", lambda s: s.one("Max-Forwards") == "3"))
rows("RFC 9110 §7.6.3", "MUST",
     ("a gateway says Via to its server", one(GET + b"\r\n", lambda s, _: any(v.startswith("1.1 ") for v in s.members("Via")))),
     ("Via names the version that was received",
      one(b"GET / HTTP/1.0\r\nHost: a.nl\r\n\r\n", lambda s, _: any(v.startswith("1.0 ") for v in s.members("Via")))),
     ("Via goes behind the client's",
      sends(b"Via: 1.0 fred", lambda s: s.members("Via")[:1] == ["1.0 fred"] and len(s.members("Via")) == 2)))
rows("RFC 9110 §7.7", "MUST NOT",
     ("the query is not touched", one(get(b"/?a=%41&&b=..//./%2f%zz;c"), lambda s, _: s.target == "/?a=%41&&b=..//./%2f%zz;c")),
     ("an empty query stays", one(get(b"/a?"), lambda s, _: s.target == "/a?")),
     ("reserved characters of a path are not decoded", one(get(b"/a%3Fb%23c%3B"), lambda s, _: s.target == "/a%3Fb%23c%3B")),
     ("a path's parameters stay", one(get(b"/a;b=1/c"), lambda s, _: s.target == "/a;b=1/c")),
     ("a trailing slash stays", one(get(b"/a/"), lambda s, _: s.target == "/a/")),
     ("the case of a path stays", one(get(b"/AbC"), lambda s, _: s.target == "/AbC")),
     ("content is not changed", answer(reply(b"Cache-Control: no-transform\r\nContent-Type: text/plain", b"x" * 5000),
                                       lambda g: g.first.body == b"x" * 5000 and not g.first.all("Content-Encoding"),
                                       data=GET + b"Accept-Encoding: gzip, br\r\n\r\n")),
     ("Content-Encoding and Content-Type are not changed",
      gives(b"Content-Encoding: gzip\r\nContent-Type: text/HTML;charset=x",
            lambda a: a.one("Content-Encoding") == "gzip" and a.one("Content-Type") == "text/HTML;charset=x")))

# ---- Upgrade -----------------------------------------------------------------------------------------
WEBSOCKET = (b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


def upgraded(x):
    def echo(message, sock):
        assert message.one("Upgrade").lower() == "websocket" and "upgrade" in message.members("Connection")
        sock.sendall(SWITCH + b"early")
        while data := sock.recv(1000):
            sock.sendall(data)
    x.server.reply = echo
    with x.connect() as sock:
        sock.sendall(GET + WEBSOCKET)
        data = b""
        while not data.endswith(b"early"):
            more = sock.recv(1000)
            assert more, data
            data += more
        assert data.startswith(b"HTTP/1.1 101 "), data[:100]
        sock.sendall(b"\x81\x00hello")
        assert sock.recv(100) == b"\x81\x00hello"
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b""


rows("RFC 9110 §7.8", "MUST",
     ("WebSocket: a switch that both want is a tunnel", upgraded),
     ("an Upgrade that Connection does not name is not passed on", sends(b"Upgrade: websocket", lambda s: not s.all("Upgrade"))),
     ("an Upgrade in a 1.0 request is ignored",
      one(b"GET / HTTP/1.0\r\nHost: a.nl\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", lambda s, _: not s.all("Upgrade"))),
     ("an Upgrade that the server does not take is an ordinary answer", one(GET + WEBSOCKET, lambda s, a: a.body == b"ok")),
     ("a switch that nobody asked for is an error", lambda x: odd_switch(x, GET + b"\r\n", SWITCH)),
     ("a switch to another protocol than the one asked for is an error",
      lambda x: odd_switch(x, GET + WEBSOCKET, SWITCH.replace(b"Upgrade: websocket", b"Upgrade: h2c"))),
     ("a switch without Upgrade is an error", lambda x: odd_switch(x, GET + WEBSOCKET, b"HTTP/1.1 101 Switching Protocols\r\n\r\n")))
row("RFC 9113 §3.1", "MUST NOT", "h2c by Upgrade is not asked of a server (RFC 9113 made it obsolete)",
    sends(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
          lambda s: "h2c" not in s.members("Upgrade") and not s.all("HTTP2-Settings")))


def odd_switch(x, data, switch):
    got = x.talk(data, reply=switch + b"\x81\x00")
    assert got.status == 502 and not got.interim, f"the client gets {got.raw[:100]!r}"
    x.is_well()


# ---- methods -------------------------------------------------------------------------------------------
rows("RFC 9110 §9.1", "MUST",
     ("a method's case is its own", safe(get(b"/", method=b"get"), lambda s, _: s.method == "get")),
     ("an unknown method is passed on or refused", safe(get(b"/", method=b"X-NEW!"), lambda s, _: s.method == "X-NEW!")),
     ("a method that is no token is invalid", refuse(get(b"/", method=b"GE(T"))),
     ("a method with a byte above 127 is invalid", refuse(get(b"/", method=b"G\xe9T"))))
for _method in (b"PUT", b"DELETE", b"PATCH", b"OPTIONS"):
    row("RFC 9110 §9.3", "MUST", f"{_method.decode()} arrives as such",
        one(get(b"/x", method=_method), lambda s, _, m=_method: s.method == m.decode()))
HEAD = b"HEAD / HTTP/1.1\r\nHost: a.nl\r\n\r\n"
rows("RFC 9110 §9.3.2", "MUST",
     ("an answer to HEAD has no content, whatever Content-Length says",
      answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
             lambda g: g.first.one("Content-Length") == "1000" and g.raw.endswith(b"\r\n\r\n"), HEAD, ("HEAD",))),
     ("an answer to HEAD has no content, whatever Transfer-Encoding says",
      answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", lambda g: g.first.status == 200 and g.raw.endswith(b"\r\n\r\n"),
             HEAD, ("HEAD",))),
     ("content behind an answer to HEAD reaches nobody",
      answer(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON", lambda g: b"POISON" not in g.raw, HEAD, ("HEAD",))),
     ("HEAD and GET on one connection keep apart",
      answer(lambda m, _: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"ok" if m.method == "GET" else b""),
             lambda g: [m.body for m in g.finals] == [b"", b"ok"], HEAD + NEXT, ("HEAD", "GET"))))


def connect(x):
    got = x.talk(b"CONNECT b.nl:443 HTTP/1.1\r\nHost: b.nl:443\r\n\r\n" + NEXT, is_refused=True)
    assert got.status and got.status >= 400, f"status {got.status}"
    assert "/next" not in [m.target for m in seen(x)] or got.is_ended is False


row("RFC 9110 §9.3.6", "MUST", "CONNECT to a gateway opens no tunnel", connect)
row("RFC 9110 §9.3.8", "MUST", "TRACE is passed on, or refused", safe(get(b"/", method=b"TRACE"), lambda s, _: s.method == "TRACE"))
row("RFC 9110 §9.2.2", "MUST NOT", "a request that is not idempotent goes to one server once, also when it ends unanswered",
    lambda x: once(x, b"PATCH / HTTP/1.1\r\nHost: a.nl\r\nContent-Length: 1\r\n\r\nx"))


def once(x, data):
    got = x.talk(data, reply=lambda *_: None)
    assert got.status in (502, 503, 504) and len(seen(x)) == 1, f"status {got.status}, sent {len(seen(x))} times"


# ---- Expect --------------------------------------------------------------------------------------------
EXPECT = POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"


def continues(x):
    def handler(message, sock):
        if message.all("Expect"):
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(message.body) < 5:
            message.body += sock.recv(10)
        return OK if message.body == b"hello" else b""
    x.server.reply = handler
    with x.connect() as sock:
        sock.sendall(EXPECT)
        data = sock.recv(1000)
        assert data.startswith(b"HTTP/1.1 100 ") and data.endswith(b"\r\n\r\n"), data
        sock.sendall(b"hello")
        data = sock.recv(1000)
        assert data.startswith(b"HTTP/1.1 200 "), data


def no_body(x):
    """The server answers at once; what the client sends later is no request."""
    got = x.talk(EXPECT, reply=b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", is_refused=True)
    assert got.status == 403, f"status {got.status}"
    assert got.is_ended or got.interim or "close" in got.first.members("Connection"), "the connection stays open without the body"


rows("RFC 9110 §10.1.1", "MUST",
     ("100-continue is answered by 100 before the content", continues),
     ("a final answer instead of 100 is passed on, and the content is no request", no_body),
     ("100-continue in a 1.0 request is ignored", answer(
         OK, lambda g: g.status == 200 and not g.interim,
         b"POST / HTTP/1.0\r\nHost: a.nl\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")),
     ("the value is case-insensitive", answer(OK, lambda g: g.status == 200, EXPECT.replace(b"100-continue", b"100-Continue") + b"hello")))
row("RFC 9110 §10.1.1", "MAY", "another expectation gets 417, or is passed on", safe(field(b"Expect: a=b")))

# ---- what is the ends' own business -----------------------------------------------------------------------
PASSED = ["Authorization: Basic dTpw", "If-Match: \"a\", \"b\"", "If-None-Match: W/\"x\"",
          "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
          "If-Range: \"a\"", "Range: bytes=0-1,5-", "Accept: */*;q=0.1", "Accept-Language: nl, en;q=0.5", "User-Agent: x (y)",
          "Referer: http://b.nl/",
          "Cache-Control: no-cache", "Content-Type: a/b; c=\"d\"", "Origin: null", "From: a@b.nl", "Priority: u=1, i"]
for _line in PASSED:
    _name, _, _value = _line.partition(": ")
    row("RFC 9110 §7.6", "MUST", f"{_name} of a request is passed on as it is",
        sends(_line.encode(), lambda s, name=_name, value=_value: s.all(name) == [value]))
ANSWERED = ["WWW-Authenticate: Basic realm=\"a, b\", Digest x=y", "ETag: W/\"a\"", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
            "Vary: Accept, X-Y",
            "Cache-Control: max-age=1, private=\"x\"", "Location: ../x?y#z", "Retry-After: 120", "Allow: GET, HEAD", "Accept-Ranges: bytes",
            "Content-Language: nl", "Link: </a>; rel=\"b\"", "Age: 7", "Server: x/1", "Alt-Svc: clear", "Content-Disposition: attachment"]
for _line in ANSWERED:
    _name, _, _value = _line.partition(": ")
    row("RFC 9110 §7.6", "MUST", f"{_name} of an answer is passed on as it is",
        gives(_line.encode(), lambda a, name=_name, value=_value: a.all(name) == [value]))
row("RFC 9110 §11.6.1", "MUST NOT", "two WWW-Authenticate stay two challenges",
    answer(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: A\r\nWWW-Authenticate: B\r\nContent-Length: 0\r\n\r\n",
           lambda g: g.first.members("WWW-Authenticate") == ["a", "b"]))

# ---- status codes ------------------------------------------------------------------------------------------
for _status in (200, 201, 202, 203, 206, 207, 226, 299, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 409, 410,
                412, 415, 416,
                418, 421, 422, 425, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 511, 599):
    row("RFC 9110 §15", "MUST", f"{_status} is passed on with its content",
        answer(b"HTTP/1.1 %d Word\r\nContent-Length: 2\r\n\r\nxy" % _status, lambda g, s=_status: g.status == s and g.first.body == b"xy"))
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
rows("RFC 9110 §15.2", "MUST",
     ("a 1xx is passed on before the final answer",
      answer(INTERIM + OK, lambda g: [m.status for m in g.messages] == [103, 200] and g.interim[0].one("Link") == "</a>")),
     ("several 1xx are passed on in order",
      answer(INTERIM + b"HTTP/1.1 102 Processing\r\n\r\n" + OK, lambda g: [m.status for m in g.messages] == [103, 102, 200])),
     ("an unknown 1xx is passed on", answer(b"HTTP/1.1 199 What\r\n\r\n" + OK, lambda g: [m.status for m in g.messages] == [199, 200])),
     ("no 1xx goes to a 1.0 client",
      answer(INTERIM + OK, lambda g: [m.status for m in g.messages] == [200], b"GET / HTTP/1.0\r\nHost: a.nl\r\n\r\n")),
     ("a 100 that nobody asked for doesn't hurt", answer(b"HTTP/1.1 100 Continue\r\n\r\n" + OK, lambda g: g.status == 200)))
rows("RFC 9110 §15.3.5", "MUST",
     ("204 ends with its head", answer(b"HTTP/1.1 204 No Content\r\n\r\n", lambda g: g.status == 204 and not g.is_ended)),
     ("204 carries no Content-Length of a body",
      answer(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", lambda g: g.status in (204, 502))),
     ("content behind a 204 is no answer for anybody",
      answer(b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON", lambda g: b"POISON" not in g.raw)))
row("RFC 9110 §15.3.6", "MUST", "205 with a Content-Length is framed by it, not by guess",
    answer(b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", lambda g: g.status == 205 and not g.is_ended))
rows("RFC 9110 §15.4.5", "MUST",
     ("304 ends with its head, though Content-Length says what a 200 would have",
      answer(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: \"x\"\r\n\r\n",
             lambda g: g.status == 304 and not g.is_ended and g.first.one("ETag") == '"x"')),
     ("304 with Transfer-Encoding ends with its head",
      answer(b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
             lambda g: g.status in (304, 502) and g.raw.endswith(b"\r\n\r\n") or g.status == 502)))
row("RFC 9110 §15.3.7", "MUST", "206 keeps its Content-Range",
    answer(b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok",
           lambda g: g.status == 206 and g.first.one("Content-Range") == "bytes 0-1/9", data=field(b"Range: bytes=0-1")))
row("RFC 9110 §15.6.3", "SHOULD", "a server that ends without an answer is a 502", lambda x: once(x, POST + b"Content-Length: 0\r\n\r\n"))


def silent(x):
    def handler(_message, sock):
        sock.settimeout(6)
        sock.recv(1)
    got = x.talk(GET + b"\r\n", reply=handler)
    assert got.status == 504, f"status {got.status}"
    x.is_well()


row("RFC 9110 §15.6.5", "SHOULD", "a server that does not answer in time is a 504", silent)
rows("RFC 9110 §17.11", "SHOULD",
     ("a fragment in Location is left alone", gives(b"Location: /a#b", lambda a: a.one("Location") == "/a#b")))
rows("RFC 7239 §8.1", "SHOULD",
     ("a client's X-Forwarded-For is not all that the server gets",
      sends(b"X-Forwarded-For: 6.6.6.6", lambda s: s.members("X-Forwarded-For")[-1:] == ["127.0.0.1"])),
     ("a client's X-Forwarded-For from nowhere trusted is removed",
      sends(b"X-Forwarded-For: 6.6.6.6", lambda s: "6.6.6.6" not in s.members("X-Forwarded-For"))),
     ("a client's Forwarded from nowhere trusted is removed",
      sends(b"Forwarded: for=6.6.6.6", lambda s: "6.6.6" not in str(s.all("Forwarded")))),
     ("Connection: X-Forwarded-For does not take the proxy's away",
      safe(field(b"Connection: X-Forwarded-For"), lambda s, _: s.members("X-Forwarded-For") == ["127.0.0.1"])))
