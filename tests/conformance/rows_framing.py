"""RFC 9112: how requests are framed, parsed and kept apart."""
import time

from conformance.table import CHUNKED, GET, NEXT, POST, answer, one, refuse, row, rows, safe, seen, then_end

V11 = b" HTTP/1.1\r\nHost: a.nl\r\n\r\n"


def get(target, host=b"a.nl", method=b"GET"):
    return method + b" " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"


def field(text):
    return GET + text + b"\r\n\r\n"


def chunks(text):
    return CHUNKED + text


def body_is(body):
    return lambda sent, _: sent.body == body


# ---- §2: messages ----------------------------------------------------------------------------------
rows("RFC 9112 §2.2", "MUST",
     ("bytes above 127 in a value are bytes, not characters",
      one(field(b"X-Y: \xe9\xff\xc3\x28"), lambda s, _: s.one("X-Y") == "\xe9\xff\xc3(")),
     ("a bare CR in a value is invalid, or becomes SP", safe(field(b"X-Y: a\rb"), lambda s, _: s.one("X-Y") == "a b")),
     ("a bare CR before the value's end is invalid, or becomes SP", safe(field(b"X-Y: a\r"))),
     ("a bare CR in the request line is invalid", refuse(b"GET /\r HTTP/1.1\r\nHost: a.nl\r\n\r\n")),
     ("a bare CR in front of a field name is invalid", refuse(b"GET / HTTP/1.1\r\n\rX: 1\r\nHost: a.nl\r\n\r\n")),
     ("CR CR LF does not end a line", safe(field(b"X-Y: 1\r"))),
     ("a line that begins with SP after the request line is refused or dropped",
      safe(b"GET / HTTP/1.1\r\n X-Y: 1\r\nHost: a.nl\r\n\r\n", lambda s, _: s.all("X-Y") == [])),
     ("a line that begins with HTAB after the request line is refused or dropped",
      safe(b"POST / HTTP/1.1\r\n\tContent-Length: 50\r\nHost: a.nl\r\n\r\n", lambda s, _: s.all("Content-Length") in ([], ["0"]))))
rows("RFC 9112 §2.2", "SHOULD",
     ("an empty line before the request line is skipped", one(b"\r\n" + GET + b"\r\n")),
     ("two empty lines before the request line don't hurt", safe(b"\r\n\r\n" + GET + b"\r\n")),
     ("bytes that are not HTTP get 400 and the end", refuse(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 40 + b"\r\n\r\n")),
     ("a word that is not a request gets 400", refuse(b"hello\r\n\r\n")))
rows("RFC 9112 §2.2", "MAY",
     ("LF alone may end lines, but then for the server too, as CRLF", safe(b"GET / HTTP/1.1\nHost: a.nl\n\n")),
     ("LF alone after one field: refused, or CRLF for the server", safe(b"GET / HTTP/1.1\r\nHost: a.nl\nX-Y: 1\r\n\r\n")),
     ("LF alone as the last line: refused, or CRLF for the server", safe(b"GET / HTTP/1.1\r\nHost: a.nl\r\n\n")),
     ("LF CR is not a line end", safe(b"GET / HTTP/1.1\r\nHost: a.nl\n\r\r\n\r\n")))
rows("RFC 9112 §2.3", "MUST",
     ("the version's name has upper-case letters", refuse(b"GET / http/1.1\r\nHost: a.nl\r\n\r\n")),
     ("a version has one digit on each side", refuse(b"GET / HTTP/1.10\r\nHost: a.nl\r\n\r\n", 400, 505)),
     ("a leading zero in the version is invalid", refuse(b"GET / HTTP/01.1\r\nHost: a.nl\r\n\r\n", 400, 505)),
     ("a version without a minor number is invalid", refuse(b"GET / HTTP/1\r\nHost: a.nl\r\n\r\n", 400, 505)),
     ("what is passed on carries the proxy's own version", one(b"GET / HTTP/1.0\r\nHost: a.nl\r\n\r\n",
                                                               lambda s,
                                                            a: s.start.endswith((b"1.1", b"1.0")) and a.start.startswith(b"HTTP/1.1"))),
     ("a 1.0 answer is passed on in the proxy's own version",
      answer(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", lambda g: g.first.start.startswith(b"HTTP/1.1"))))
rows("RFC 9110 §2.5", "SHOULD",
     ("a higher minor version is served as 1.1", one(b"GET / HTTP/1.2\r\nHost: a.nl\r\n\r\n")),
     ("another major version gets 505", refuse(b"GET / HTTP/3.0\r\nHost: a.nl\r\n\r\n", 505, 400)),
     ("HTTP/2.0 in a request line is not HTTP/1.1", refuse(b"GET / HTTP/2.0\r\nHost: a.nl\r\n\r\n", 505, 400)))

# ---- §3: the request line ------------------------------------------------------------------------------
rows("RFC 9112 §3", "SHOULD",
     ("two spaces before the target: 400, or repaired", safe(b"GET  /" + V11)),
     ("HTAB between the parts: 400, or repaired", safe(b"GET\t/ HTTP/1.1\r\nHost: a.nl\r\n\r\n")),
     ("a space before the method: 400, or repaired", safe(b" GET /" + V11)),
     ("a space after the version: 400, or repaired", safe(b"GET / HTTP/1.1 \r\nHost: a.nl\r\n\r\n")),
     ("a space inside the target is never repaired", refuse(b"GET /a b" + V11)),
     ("vertical tab and form feed are no spaces", refuse(b"GET\x0b/\x0cHTTP/1.1\r\nHost: a.nl\r\n\r\n")),
     ("HTTP/0.9 (no version) is not spoken", refuse(b"GET /\r\nHost: a.nl\r\n\r\n")),
     ("a request line of 8000 bytes works", one(b"GET /" + b"a" * 7985 + V11)))
rows("RFC 9112 §3", "MUST", ("a target that is too long gets 414", refuse(b"GET /" + b"a" * 70000 + V11, 414)))
rows("RFC 9112 §3.2", "MUST",
     ("no Host in 1.1 is 400", refuse(b"GET / HTTP/1.1\r\nX: 1\r\n\r\n")),
     ("two Hosts are 400", refuse(field(b"Host: b.nl"))),
     ("the same Host twice is 400", refuse(field(b"Host: a.nl"))),
     ("two Hosts are 400 in 1.0 too", refuse(b"GET / HTTP/1.0\r\nHost: a.nl\r\nHost: b.nl\r\n\r\n")),
     ("Host with a space inside is 400", refuse(get(b"/", b"a.nl b"))),
     ("Host with a path is 400", refuse(get(b"/", b"a.nl/x"))),
     ("Host with user information is 400", refuse(get(b"/", b"u@a.nl"))),
     ("Host with a port that is no number is 400", refuse(get(b"/", b"a.nl:x"))),
     ("Host with a port above 65535 is 400", refuse(get(b"/", b"a.nl:99999"))),
     ("Host as a list is 400", refuse(get(b"/", b"a.nl, b.nl"))),
     ("Host with an open bracket is 400", refuse(get(b"/", b"[::1"))),
     ("Host with a control byte is 400", refuse(get(b"/", b"a\x01.nl"))),
     ("a no-break space before Host's colon does not hide it", refuse(b"GET / HTTP/1.1\r\nHost\xa0: a.nl\r\n\r\n")),
     ("the server gets exactly one Host, that of the client",
      one(get(b"/", b"B.example:8080"), lambda s, _: s.one("Host").lower() == "b.example:8080")),
     ("an IPv6 address is a Host", one(get(b"/", b"[2001:db8::1]:80"), lambda s, _: s.one("Host").startswith("[2001:db8::1]"))))
rows("RFC 9112 §3.2.1", "MUST",
     ("path and query arrive as the target", one(get(b"/a/b?c=d&e=%2F"), lambda s, _: s.target == "/a/b?c=d&e=%2F")),
     ("a target without a slash is invalid", refuse(get(b"a"))),
     ("a fragment is no part of a target", refuse(get(b"/a#b"))),
     ("an unescaped byte above 127 is no part of a target", safe(get(b"/\xe9"), lambda s, _: s.target in ("/%E9", "/%e9"))),
     ("an unescaped quote is invalid, escaped or passed on as it is", safe(get(b'/"x"'), lambda s, _: s.target in ('/"x"', "/%22x%22"))))
rows("RFC 9112 §3.2.2", "MUST",
     ("the absolute form is accepted", one(get(b"http://a.nl/x?y"), lambda s, _: s.target in ("/x?y", "http://a.nl/x?y"))),
     ("the absolute form decides against Host (or both are refused)",
      safe(get(b"http://b.nl/", b"a.nl"), lambda s, _: s.one("Host") == "b.nl")),
     ("the scheme is case-insensitive", one(get(b"HTTP://a.nl/x"))),
     ("the host of an absolute form is case-insensitive", one(get(b"http://A.NL/x"))),
     ("an absolute form without a path is /", one(get(b"http://a.nl"), lambda s, _: s.target in ("/", "http://a.nl/"))),
     ("an absolute form with a query and no path", safe(get(b"http://a.nl?x"), lambda s, _: s.target.endswith("/?x"))),
     ("an absolute form without Host is 400, since 1.1 asks for one", refuse(b"GET http://a.nl/ HTTP/1.1\r\n\r\n")))
rows("RFC 9110 §4.2.4", "SHOULD",
     ("user information in a target is an error", refuse(get(b"http://u:p@a.nl/"))))
rows("RFC 9110 §4.2.1", "MUST",
     ("an empty host in a target is invalid", refuse(get(b"http:///x"))))
rows("RFC 9112 §3.2.3", "MUST", ("the authority form is for CONNECT alone", refuse(get(b"a.nl:80"))))
rows("RFC 9112 §3.2.4", "MUST",
     ("the asterisk is for OPTIONS alone", refuse(get(b"*"))),
     ("OPTIONS * is answered, or arrives as *", safe(get(b"*", method=b"OPTIONS"), lambda s, _: s.target == "*")),
     ("OPTIONS with an absolute form without a path means *", safe(get(b"http://a.nl", method=b"OPTIONS"), lambda s, _: s.target == "*")))
rows("RFC 9112 §3.3", "MUST",
     ("1.0 without Host is served, and the server gets a Host if it gets 1.1", one(b"GET / HTTP/1.0\r\n\r\n")))

# ---- §5: fields -----------------------------------------------------------------------------------------
rows("RFC 9112 §5", "MUST",
     ("spaces and tabs around a value are no part of it", one(field(b"X-Y: \t a b \t"), lambda s, _: s.one("X-Y") == "a b")),
     ("no space after the colon is needed", one(field(b"X-Y:1"), lambda s, _: s.one("X-Y") == "1")),
     ("an empty value is a value", one(field(b"X-Y:"), lambda s, _: s.one("X-Y") == "")),
     ("a name is case-insensitive", one(POST + b"cOnTeNt-LeNgTh: 3\r\n\r\nabc", body_is(b"abc"))))
rows("RFC 9112 §5.1", "MUST",
     ("a space before the colon is 400", refuse(field(b"X-Y : 1"))),
     ("a tab before the colon is 400", refuse(field(b"X-Y\t: 1"))),
     ("a space before Content-Length's colon is 400", refuse(POST + b"Content-Length : 3\r\n\r\nabc")),
     ("a space before Transfer-Encoding's colon is 400", refuse(POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n")),
     ("an empty name is invalid", refuse(field(b": 1"))),
     ("a line without a colon is invalid", refuse(field(b"garbage"))),
     ("a separator in a name is invalid", refuse(field(b"X(Y): 1"))),
     ("a byte above 127 in a name is invalid", refuse(field(b"X\xe9: 1"))),
     ("NUL in a name is invalid", refuse(field(b"X\0Y: 1"))),
     ("a quoted name is invalid", refuse(field(b'"X": 1'))),
     ("a space inside a name is invalid", refuse(field(b"X Y: 1"))))
rows("RFC 9112 §5.2", "MUST",
     ("a folded line is 400, or joined by spaces", safe(field(b"X-Y: a\r\n b"), lambda s, _: " ".join(s.one("X-Y").split()) == "a b")),
     ("a folded line by HTAB is 400, or joined by spaces",
      safe(field(b"X-Y: a\r\n\tb"), lambda s, _: " ".join(s.one("X-Y").split()) == "a b")),
     ("a folded Transfer-Encoding is 400, or understood", safe(POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n")),
     ("a folded line of spaces only is no end of the head", safe(field(b"X-Y: a\r\n \r\nZ: 1"))))
rows("RFC 9110 §5.4", "MUST",
     ("a field that is too large gets a 4xx", refuse(field(b"X-Y: " + b"a" * 200000), 400, 413, 431)),
     ("too many fields get a 4xx", refuse(GET + b"X: y\r\n" * 20000 + b"\r\n", 400, 413, 431)))
rows("RFC 9110 §5.5", "MUST",
     ("NUL in a value is invalid, or becomes SP", safe(field(b"X-Y: a\0b"), lambda s, _: s.one("X-Y") == "a b")),
     ("CR LF NUL can't be smuggled into a value by escapes", one(field(b"X-Y: a%0d%0ab"), lambda s, _: s.one("X-Y") == "a%0d%0ab")))
rows("RFC 9110 §5.5", "SHOULD",
     ("other control bytes in a value are refused (the grammar has none)", refuse(field(b"X-Y: a\x01b"))),
     ("DEL in a value is refused (the grammar has none)", refuse(field(b"X-Y: a\x7fb"))))

# ---- §6: bodies -----------------------------------------------------------------------------------------
LENGTH = [("with a plus", b"+3"), ("with a minus", b"-3"), ("in hex", b"0x3"), ("with letters behind", b"3a"),
          ("with a space inside", b"3 3"),
          ("that is empty", b""), ("with a comma alone", b","), ("with a point", b"3.0"), ("as an exponent", b"3e0"),
          ("above 2^64", b"18446744073709551619"),
          ("of 30 digits", b"0" * 10 + b"9" * 20), ("with a vertical tab", b"\x0b3"), ("with a quote", b'"3"'), ("with a semicolon", b"3;"),
          ("of two different numbers", b"3, 4")]
for _word, _value in LENGTH:
    row("RFC 9112 §6.3", "MUST", f"a Content-Length {_word} is 400", refuse(POST + b"Content-Length: " + _value + b"\r\n\r\nabc"))
rows("RFC 9112 §6.3", "MUST",
     ("two different Content-Lengths are 400", refuse(POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc")),
     ("the same length twice is refused, or one", safe(POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", body_is(b"abc"))),
     ("a list of the same length is refused, or one", safe(POST + b"Content-Length: 3, 3\r\n\r\nabc", body_is(b"abc"))),
     ("a length with leading zeros is refused, or means its number", safe(POST + b"Content-Length: 003\r\n\r\nabc", body_is(b"abc"))),
     ("a request without both has no body", one(POST + b"\r\n", body_is(b""))),
     ("a body of the length that was said arrives whole", one(POST + b"Content-Length: 10\r\n\r\n0123456789", body_is(b"0123456789"))),
     ("what follows a body is the next request", one(POST + b"Content-Length: 3\r\n\r\nabc", body_is(b"abc"))),
     ("chunked that is not last is 400", refuse(POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400, 501)),
     ("chunked that is not last, over two lines",
      refuse(POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 400, 501)),
     ("Transfer-Encoding beside Content-Length: refused, or chunked alone and then the end",
      safe(POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", body_is(b""), after=0)),
     ("the same in the other order",
      safe(POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n", body_is(b""), after=0)))
rows("RFC 9112 §6.1", "MUST",
     ("chunked twice is invalid", refuse(POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400, 501)),
     ("chunked twice over two lines is invalid",
      refuse(POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 501)),
     ("Transfer-Encoding in a 1.0 request ends the connection",
      safe(b"POST / HTTP/1.0\r\nHost: a.nl\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", after=0)),
     ("the coding's name is case-insensitive", one(POST + b"Transfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n", body_is(b"abc"))),
     ("the coding is passed on as the proxy's own",
      one(chunks(b"3\r\nabc\r\n0\r\n\r\n"), lambda s, _: s.body == b"abc" and len(s.all("Transfer-Encoding")) <= 1)))
CODINGS = [b"xchunked", b"identity", b"chunked;", b"chunked;q=1", b'"chunked"', b"\x0bchunked", b"chunked\x0b", b"chunk", b",", b"",
           b"chunked\0", b"gzip"]
for _value in CODINGS:
    row("RFC 9112 §6.1", "MUST", f"Transfer-Encoding: {_value.decode('latin-1')!r} is refused, not guessed",
        refuse(POST + b"Transfer-Encoding: " + _value + b"\r\n\r\n0\r\n\r\n", 400, 501))
row("RFC 9112 §6.1", "SHOULD", "an unknown coding before chunked gets 501",
    refuse(POST + b"Transfer-Encoding: zz, chunked\r\n\r\n0\r\n\r\n", 501))
rows("RFC 9112 §11.2", "SHOULD",
     ("Transfer_Encoding is not passed on beside nothing that frames",
      safe(POST + b"Transfer_Encoding: chunked\r\n\r\n", lambda s, _: not s.all("Transfer_Encoding"))),
     ("Content_Length is not passed on", safe(POST + b"Content_Length: 30\r\n\r\n", lambda s, _: not s.all("Content_Length"))),
     ("a body of a GET is a body", one(GET + b"Content-Length: %d\r\n\r\n" % len(NEXT) + NEXT, lambda s, _: s.body == NEXT)),
     ("a body of a DELETE is a body",
      one(b"DELETE / HTTP/1.1\r\nHost: a.nl\r\nContent-Length: %d\r\n\r\n" % len(NEXT) + NEXT, lambda s, _: s.body == NEXT)),
     ("a chunked body of a GET is a body",
      one(GET + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(NEXT), NEXT), lambda s, _: s.body == NEXT)))

# ---- §7: chunks -----------------------------------------------------------------------------------------
rows("RFC 9112 §7.1", "MUST",
     ("sizes are hexadecimal in either case", one(chunks(b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), body_is(b"0123456789" * 2))),
     ("leading zeros in a size don't matter", one(chunks(b"0003\r\nabc\r\n000\r\n\r\n"), body_is(b"abc"))),
     ("many chunks are one body", one(chunks(b"1\r\na\r\n" * 300 + b"0\r\n\r\n"), body_is(b"a" * 300))),
     ("what follows the last chunk is the next request", safe(chunks(b"3\r\nabc\r\n0\r\n\r\n"), body_is(b"abc"))))
CHUNKS = [("is not hex", b"xyz\r\nabc\r\n"), ("is empty", b"\r\nabc\r\n"), ("begins with 0x", b"0x3\r\nabc\r\n"),
          ("is negative", b"-3\r\nabc\r\n"),
          ("has a plus", b"+3\r\nabc\r\n"), ("is above 2^64", b"10000000000000003\r\nabc\r\n"),
          ("has 40 digits", b"f" * 40 + b"\r\nabc\r\n"),
          ("begins with a space", b" 3\r\nabc\r\n"), ("has an underscore", b"0_3\r\nabc\r\n"), ("ends in LF alone", b"3\nabc\r\n"),
          ("ends in CR alone", b"3\rabc\r\n"), ("has a control byte behind it", b"3\x01\r\nabc\r\n"),
          ("is a comma list", b"3,3\r\nabc\r\n")]
for _word, _bytes in CHUNKS:
    row("RFC 9112 §7.1", "MUST", f"a chunk whose size {_word} is no chunk", refuse(chunks(_bytes + b"0\r\n\r\n"), 400, 413))
rows("RFC 9112 §7.1", "MUST",
     ("a chunk that is longer than its size is invalid", refuse(chunks(b"3\r\nabcd\r\n0\r\n\r\n"))),
     ("a chunk without its CRLF is invalid", refuse(chunks(b"3\r\nabc0\r\n\r\n"))),
     ("a chunk that ends in LF alone is invalid", refuse(chunks(b"3\r\nabc\n0\r\n\r\n"))),
     ("a chunk that ends in two other bytes is invalid", refuse(chunks(b"3\r\nabcXX0\r\n\r\n"))),
     ("the last chunk ends with an empty line in CRLF", refuse(chunks(b"0\r\n\n"), 400)))
rows("RFC 9112 §7.1.1", "MUST",
     ("an unknown chunk extension is ignored", one(chunks(b"3;a=b\r\nabc\r\n0;c\r\n\r\n"), body_is(b"abc"))),
     ("a quoted chunk extension is ignored", one(chunks(b'3;a="b"\r\nabc\r\n0\r\n\r\n'), body_is(b"abc"))),
     ("a bare LF in a chunk extension is invalid", refuse(chunks(b"3;a=b\nabc\r\n0\r\n\r\n"))),
     ("a bare CR in a chunk extension is invalid", refuse(chunks(b"3;a=\rb\r\nabc\r\n0\r\n\r\n"))),
     ("chunk extensions without end are bounded", refuse(chunks(b"3;" + b"a" * 300000 + b"\r\nabc\r\n0\r\n\r\n"), 400, 413, 431)))
rows("RFC 9112 §7.1.2", "MUST",
     ("a trailer is passed on as a trailer or dropped, never a header",
      one(chunks(b"3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"), lambda s, _: not s.all("X-T"))),
     ("a malformed trailer is invalid", refuse(chunks(b"0\r\nX-T : 1\r\n\r\n"))),
     ("a bare LF in the trailers is invalid", safe(chunks(b"0\r\nX-T: 1\n\r\n"))),
     ("trailers without end are bounded", refuse(chunks(b"0\r\n" + b"X-T: 1\r\n" * 40000 + b"\r\n"), 400, 413, 431)))
for _name in (b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Host: b.nl", b"Authorization: x", b"X-Forwarded-For: 6.6.6.6"):
    row("RFC 9110 §6.5.1", "MUST", f"{_name.decode()} in a trailer is refused, dropped, or stays a trailer",
        safe(chunks(b"3\r\nabc\r\n0\r\n" + _name + b"\r\n\r\n"), lambda s, _: s.body == b"abc" and s.all("Authorization") == []))
row("RFC 9110 §6.5.1", "MUST NOT", "a framing field never reaches a server as a trailer",
    safe(chunks(b"3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n"), lambda s, _: s.trailers == []))
rows("RFC 9112 §7.4", "MUST",
     ("TE is for this connection: not passed on unless Connection names it",
      one(field(b"TE: trailers, gzip"), lambda s, _: not s.all("TE") or "te" in s.members("Connection"))),
     ("TE that Connection names is not passed on as it is",
      one(GET + b"TE: gzip\r\nConnection: TE\r\n\r\n", lambda s, _: "gzip" not in s.members("TE"))))


# ---- §8, §9: what is cut, kept open and ended ----------------------------------------------------------------
def cut_request(data):
    """The client ends in the middle of a request: no server takes what came for a whole one."""
    def test(x):
        x.talk(data, half_close=True)
        time.sleep(0.05)
        found = seen(x)
        assert not [m for m in found if m.is_whole], "the server gets a whole request"
    return test


rows("RFC 9112 §8", "MUST",
     ("a body that ends early is not whole for the server", cut_request(POST + b"Content-Length: 10\r\n\r\nabc")),
     ("chunks that end early are not whole for the server", cut_request(chunks(b"3\r\nabc\r\n"))),
     ("a chunk that ends early is not whole for the server", cut_request(chunks(b"9\r\nabc"))),
     ("a missing last empty line is not whole for the server", cut_request(chunks(b"3\r\nabc\r\n0\r\n"))),
     ("a head that ends early is no request", cut_request(GET)))


def twice(first, is_open):
    def test(x):
        with x.connect() as sock:
            got = type(x.talk(NEXT))(("GET",))
            x.server.forget()
            sock.sendall(first)
            got.read(sock, 0.03 if is_open else 0.6)
            assert got.status == 200, f"status {got.status}"
            if not is_open:
                assert got.is_ended, "the connection stays open"
                return
            assert not got.is_ended, "the connection ends"
            again = type(got)(("GET",))
            sock.sendall(NEXT)
            again.read(sock, 0)
            assert again.status == 200, "no second answer"
    return test


rows("RFC 9112 §9.3", "MUST",
     ("1.1 stays open", twice(GET + b"\r\n", True)),
     ("Connection: close ends", twice(GET + b"Connection: close\r\n\r\n", False)),
     ("Connection: CLOSE ends: names are case-insensitive", twice(GET + b"Connection: CLOSE\r\n\r\n", False)),
     ("close inside a list ends", twice(GET + b"Connection: X-Y, close\r\n\r\n", False)),
     ("close in a second line ends", twice(GET + b"Connection: X-Y\r\nConnection: close\r\n\r\n", False)),
     ("close wins over keep-alive", twice(GET + b"Connection: keep-alive, close\r\n\r\n", False)),
     ("1.0 ends", twice(b"GET / HTTP/1.0\r\nHost: a.nl\r\n\r\n", False)),
     ("1.0 with close ends", twice(b"GET / HTTP/1.0\r\nHost: a.nl\r\nConnection: close\r\n\r\n", False)),
     ("a body is read to its end before the next request", twice(POST + b"Content-Length: 3\r\n\r\nabc", True)))


def pipeline(x):
    x.server.reply = lambda message, _: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(message.target), message.target.encode())
    data = b"".join(get(b"/%d" % n) if n % 3 else b"POST /%d HTTP/1.1\r\nHost: a.nl\r\nContent-Length: 2\r\n\r\nxy" % n for n in range(12))
    got = x.talk(data, ("GET",) * 12)
    assert [m.body for m in got.finals] == [b"/%d" % n for n in range(12)], [m.body for m in got.finals]


row("RFC 9112 §9.3.2", "MUST", "pipelined requests are answered in their order", pipeline)


def after_close(x):
    got = x.talk(GET + b"Connection: close\r\n\r\n" + NEXT, is_refused=True)
    assert len(got.finals) == 1 and got.is_ended and "/next" not in [m.target for m in seen(x)], "what followed close was served"


row("RFC 9112 §9.6", "MUST", "what follows a request with close is not served", after_close)
row("RFC 9112 §9.6", "SHOULD", "the last answer of a connection says close",
    one(GET + b"Connection: close\r\n\r\n", lambda _, a: "close" in a.members("Connection")))
row("RFC 9112 §9.6", "MUST", "a server's close is not the client's end",
    answer(then_end(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
           lambda g: g.first.body == b"ok" and not g.is_ended))


def slow_head(x):
    with x.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a")
        sock.settimeout(4)
        data = sock.recv(4096)
        assert not data or b" 408 " in data.split(b"\r\n")[0], data[:100]


row("RFC 9112 §9.5", "SHOULD", "a head that does not end gets 408, or the end, in bounded time", slow_head)


def lost_post(x):
    def nothing(*_):
        return None
    got = x.talk(POST + b"Content-Length: 3\r\n\r\nabc", reply=nothing)
    assert got.status in (502, 503, 504), f"status {got.status}"
    assert len(seen(x)) == 1, "the POST was sent twice"


row("RFC 9112 §9.3.1", "MUST NOT", "a POST that a server may have seen is not sent again", lost_post)
