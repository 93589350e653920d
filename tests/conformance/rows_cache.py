"""RFC 9111: what binds a shared cache. The proxy keeps answers for a while; which request it is that an answer was made for is told by
its number."""
import itertools
import time
from email.utils import formatdate

from conformance.table import NotApplicable, row, seen

FRESH, TAG = b"Cache-Control: max-age=60", b'ETag: "v1"'
MODIFIED = b"Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT"
SECRET = b"Authorization: Basic eA=="
STALE_S = 1
PATHS = itertools.count(1)


def cached(clause, level, *pairs):
    for text, test in pairs:
        row(clause, level, text, test, is_cached=True)


def http_date(offset):
    return formatdate(time.time() + offset, usegmt=True).encode()


def made(number, *fields, status=200, body=None):
    body = b"%d" % number if body is None else body
    lines = [b"HTTP/1.1 %d Made" % status, *fields]
    if status not in (204, 304):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if status in (204, 304) else body)


class Web:
    """A server whose nth answer is the nth of these (the last one from then on): fields, or a function of the request."""

    def __init__(self, x, *answers, status=200):
        self.x, self.path, self.requests, self.answers, self.status = x, f"/c{next(PATHS)}".encode(), [], answers, status
        x.server.reply = self.reply

    def reply(self, message, _sock):
        self.requests.append(message)
        number = len(self.requests)
        found = self.answers[min(number, len(self.answers)) - 1]
        if callable(found):
            return found(message, number)
        data = made(number, *found, status=self.status)
        return data[:-len(b"%d" % number)] if message.method == "HEAD" and self.status == 200 else data

    def get(self, *fields, method=b"GET", path=None, host=b"a.nl", body=b""):
        data = b"\r\n".join([method + b" " + (path or self.path) + b" HTTP/1.1", b"Host: " + host, *fields])
        if body:
            data += b"\r\nContent-Length: %d" % len(body)
        got = self.x.talk(data + b"\r\n\r\n" + body, (method.decode(),), quiet=0)
        _ = seen(self.x)
        return got

    def ages(self):
        """Until what lived for STALE_S is stale, by whole seconds too."""
        time.sleep(STALE_S + (0.15 if self.x.proxy == "Sluis" else 1.2))


def again(*answer, first=(), second=(), status=200, path=None):
    """(what the first client got, what the second got)"""
    def ask(x):
        web = Web(x, answer, status=status)
        return web.get(*first), web.get(*second, path=path)
    return ask


def not_reused(*answer, **how):
    def test(x):
        one, two = again(*answer, **how)(x)
        assert one.first.body != two.first.body, f"the second client gets {two.raw[:200]!r}"
    return test


def reused(*answer, check=None, **how):
    """What a cache is for; where it keeps nothing, the row says nothing."""
    def test(x):
        one, two = again(*answer, **how)(x)
        if one.first.body != two.first.body:
            raise NotApplicable("it is not kept")
        assert not check or check(two.first), f"the second client gets {two.raw[:300]!r}"
    return test


def keeps(*answer, **how):
    def test(x):
        one, two = again(*answer, **how)(x)
        assert one.first.body == two.first.body, "the server is asked again"
    return test


# ---- §3: what is stored ------------------------------------------------------------------------------
cached("RFC 9111 §4.2", "SHOULD", ("an answer is used again while it is fresh (it is a cache)", keeps(FRESH)))
cached("RFC 9111 §3", "MUST NOT",
       ("no-store is not stored", not_reused(b"Cache-Control: max-age=60, no-store")),
       ("no-store in a line of its own is not stored", not_reused(FRESH, b"Cache-Control: no-store")),
       ("private is not stored", not_reused(b"Cache-Control: max-age=60, private")),
       ("private beside public is not stored", not_reused(b"Cache-Control: public, private, max-age=60")),
       ("a 302 without a lifetime is not stored", not_reused(status=302)),
       ("a 500 without a lifetime is not stored", not_reused(status=500)),
       ("an answer to POST without a lifetime is not stored", lambda x: other_method(x, b"POST", ())),
       ("an answer to an unknown method is not stored", lambda x: other_method(x, b"FOO", (FRESH,))),
       ("an answer to OPTIONS is not stored", lambda x: other_method(x, b"OPTIONS", (FRESH,))),
       ("no-store of the request: its answer is not stored", not_reused(FRESH, first=(b"Cache-Control: no-store",))))


def other_method(x, method, fields):
    web = Web(x, fields)
    one, two, three = web.get(method=method, body=b"abc"), web.get(method=method, body=b"abc"), web.get()
    assert one.first.body != two.first.body, f"{method} is answered from memory"
    assert three.first.body not in (one.first.body, two.first.body), "GET gets the answer to it"


cached("RFC 9111 §3.1", "MUST",
       ("fields that are not known are stored too", reused(FRESH, b"X-Own: 1", check=lambda m: m.one("X-Own") == "1")),
       ("several lines of one name are stored", reused(FRESH, b"X-Own: 1", b"X-Own: 2", check=lambda m: m.members("X-Own") == ["1", "2"])),
       ("what Connection names is not stored", reused(FRESH, b"Connection: X-Hop", b"X-Hop: 1", check=lambda m: not m.all("X-Hop"))),
       ("Keep-Alive is not stored", reused(FRESH, b"Keep-Alive: timeout=99", check=lambda m: m.all("Keep-Alive") != ["timeout=99"])))


def updates(*later, check):
    """A stored answer is confirmed with these fields; check(first, second, third answer)."""
    def test(x):
        web = Web(x, (b"Cache-Control: max-age=%d" % STALE_S, TAG, b"X-Own: 1", b"Content-Type: text/plain"),
                  lambda m, n: made(n, TAG, FRESH, *later, status=304) if m.all("If-None-Match") else made(n, TAG, FRESH))
        first = web.get()
        web.ages()
        second = web.get()
        third = web.get()
        if second.first.body != first.first.body:
            raise NotApplicable("it is not asked about")
        assert third.first.body == first.first.body, "what was confirmed is not used"
        assert check(second.first) and check(third.first), f"the client gets {second.raw[:300]!r}, then {third.raw[:300]!r}"
    return test


cached("RFC 9111 §3.2", "MUST",
       ("a 304's fields replace those that are stored", updates(b"X-Own: 2", check=lambda m: m.all("X-Own") == ["2"])),
       ("a 304's new fields are added", updates(b"X-New: 2", check=lambda m: m.all("X-New") == ["2"] and m.all("X-Own") == ["1"])),
       ("a 304's Content-Length updates nothing", updates(b"Content-Length: 99", check=lambda m: m.one("Content-Length") in ("1", None))),
       ("a 304's hop-by-hop fields update nothing",
        updates(b"Connection: X-Hop", b"X-Hop: 1", check=lambda m: not m.all("X-Hop"))))


def cut(x):
    """The first answer ends early."""
    def broken(_message, _number):
        return b"HTTP/1.1 200 OK\r\n" + FRESH + b"\r\nContent-Length: 50\r\n\r\nabc"

    def serve(message, sock):
        web.requests.append(message)
        if len(web.requests) == 1:
            sock.sendall(broken(message, 1))
            return None
        return made(2, FRESH)
    web = Web(x, ())
    x.server.reply = serve
    web.get()
    two = web.get()
    assert two.status == 200 and two.first.is_whole and two.first.body == b"2", f"the second client gets {two.raw[:200]!r}"


def chunks_cut(x):
    def serve(message, sock):
        web.requests.append(message)
        if len(web.requests) == 1:
            sock.sendall(b"HTTP/1.1 200 OK\r\n" + FRESH + b"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            return None
        return made(2, FRESH)
    web = Web(x, ())
    x.server.reply = serve
    web.get()
    two = web.get()
    assert two.status == 200 and two.first.body == b"2", f"the second client gets {two.raw[:200]!r}"


def part(x):
    web = Web(x, lambda m, n: made(n, FRESH, b"Content-Range: bytes 0-0/9", status=206) if m.all("Range") else made(n, FRESH))
    web.get(b"Range: bytes=0-0")
    two = web.get()
    wholes = [b"%d" % (n + 1) for n, m in enumerate(web.requests) if not m.all("Range")]
    assert two.status == 200 and two.first.body in wholes, f"the second client gets {two.raw[:200]!r}"


def whole_for_part(x):
    """A 206 has what was asked for, or the whole comes with 200."""
    web = Web(x, lambda m, n: made(n, FRESH, TAG, body=b"0123456789"))
    web.get()
    two = web.get(b"Range: bytes=2-3")
    good = two.status == 200 and two.first.body == b"0123456789"
    assert good or (two.status == 206 and two.first.body == b"23" and two.first.one("Content-Range") == "bytes 2-3/10"), two.raw[:200]


cached("RFC 9111 §3.3", "MUST NOT",
       ("an answer that is cut is not used as a whole one", cut),
       ("nor one whose chunks are", chunks_cut),
       ("a part is not used as a whole", part),
       ("a whole is not sent as a part with another length", whole_for_part))
cached("RFC 9111 §3.5", "MUST NOT",
       ("what was got with Authorization is not used", not_reused(FRESH, first=(SECRET,))),
       ("nor for the next with Authorization", not_reused(FRESH, first=(SECRET,), second=(SECRET,))),
       ("also with Expires", lambda x: not_reused(b"Expires: " + http_date(600), first=(SECRET,))(x)))

# ---- §4: what is used --------------------------------------------------------------------------------
cached("RFC 9111 §4", "MUST",
       ("an answer from memory has an Age", reused(FRESH, check=lambda m: (m.one("Age") or "").isdigit())),
       ("Age replaces the server's", reused(FRESH, b"Age: 7", check=lambda m: len(m.all("Age")) == 1 and 7 <= int(m.one("Age")) <= 9)),
       ("another query is another resource", lambda x: other_target(x, b"?b")),
       ("an empty query is another resource", lambda x: other_target(x, b"?")),
       ("the case of a path makes another resource", lambda x: other_target(x, b"/A", b"/a")),
       ("another host is another resource", lambda x: other_host(x)))


def other_target(x, second, first=b""):
    web = Web(x, (FRESH,))
    assert web.get(path=web.path + first).first.body != web.get(path=web.path + second).first.body


def other_host(x):
    web = Web(x, (FRESH,))
    assert web.get().first.body != web.get(host=b"b.nl").first.body


def write_through(method):
    def test(x):
        web = Web(x, (FRESH,))
        web.get()
        got = web.get(method=method, body=b"abc")
        assert len(web.requests) == 2 and web.requests[1].method == method.decode() and got.status == 200
    return test


cached("RFC 9111 §4", "MUST", *[(f"{m} goes to the server", write_through(m.encode())) for m in ("POST", "PUT", "DELETE", "PATCH", "FOO")])


def head_alone(x):
    web = Web(x, (FRESH,))
    web.get(method=b"HEAD")
    two = web.get()
    of_get = [b"%d" % (n + 1) for n, m in enumerate(web.requests) if m.method == "GET"]
    assert two.first.is_whole and two.first.body in of_get, f"GET gets {two.raw[:200]!r}"


cached("RFC 9111 §4", "MUST NOT", ("an answer to HEAD is not used for GET", head_alone))


def vary(is_kept, *answer, first=(), second=()):
    return (reused if is_kept else not_reused)(*answer, first=first, second=second)


LANGUAGE = (FRESH, b"Vary: Accept-Language")
cached("RFC 9111 §4.1", "MUST NOT",
       ("Vary: another value", vary(False, *LANGUAGE, first=(b"Accept-Language: nl",), second=(b"Accept-Language: en",))),
       ("Vary: there, then absent", vary(False, *LANGUAGE, first=(b"Accept-Language: nl",))),
       ("Vary: absent, then there", vary(False, *LANGUAGE, second=(b"Accept-Language: nl",))),
       ("Vary: one of two differs", vary(False, FRESH, b"Vary: Accept-Language, X-A", first=(b"X-A: 1", b"Accept-Language: nl"),
                                         second=(b"X-A: 2", b"Accept-Language: nl"))),
       ("Vary in two lines is one list",
        vary(False, FRESH, b"Vary: Accept-Language", b"Vary: X-A", first=(b"X-A: 1",), second=(b"X-A: 2",))),
       ("Vary's names are case-insensitive", vary(False, FRESH, b"Vary: x-a", first=(b"X-A: 1",), second=(b"X-A: 2",))),
       ("Vary: * matches nothing", not_reused(FRESH, b"Vary: *")),
       ("Vary: * among others matches nothing", not_reused(FRESH, b"Vary: X-A, *")),
       ("Vary and several lines of the field", vary(False, *LANGUAGE, first=(b"Accept-Language: nl", b"Accept-Language: en"),
                                                    second=(b"Accept-Language: nl",))))


def lives(is_fresh, *fields):
    """fields may be functions: times are those of the test."""
    def test(x):
        ready = [f() if callable(f) else f for f in fields]
        (keeps if is_fresh else not_reused)(*ready)(x)
    return test


def dated(name, offset):
    return lambda: name + b": " + http_date(offset)


cached("RFC 9111 §4.2.1", "MUST",
       ("s-maxage goes before max-age (shorter)", lives(False, b"Cache-Control: max-age=60, s-maxage=0")),
       ("s-maxage goes before Expires", lives(False, b"Cache-Control: s-maxage=0", dated(b"Expires", 600))),
       ("max-age goes before Expires (§5.3)", lives(False, b"Cache-Control: max-age=0", dated(b"Expires", 600))),
       ("max-age=0 is stale", lives(False, b"Cache-Control: max-age=0")))
cached("RFC 9111 §4.2.1", "SHOULD",
       ("s-maxage goes before max-age (longer)", lives(True, b"Cache-Control: max-age=0, s-maxage=60")),
       ("max-age goes before Expires (longer)", lives(True, FRESH, b"Expires: 0")),
       ("Expires makes fresh", lives(True, dated(b"Expires", 600))),
       ("max-age in quotes is max-age (§5.2)", lives(True, b'Cache-Control: max-age="60"')),
       ("max-age's letters have no case (§5.2)", lives(True, b"Cache-Control: MAX-AGE=60")),
       ("a max-age above 2^31 is a long time", lives(True, b"Cache-Control: max-age=99999999999")))
cached("RFC 9111 §4.2", "SHOULD",
       ("a lifetime that is no number makes stale", lives(False, b"Cache-Control: max-age=soon")),
       ("a negative lifetime makes stale", lives(False, b"Cache-Control: max-age=-60")),
       ("a lifetime with a fraction makes stale", lives(False, b"Cache-Control: max-age=60.5")))
cached("RFC 9111 §4.2.3", "MUST",
       ("the Age that came counts", lives(False, FRESH, b"Age: 61")),
       ("a Date that is long ago counts", lives(False, FRESH, dated(b"Date", -120))))
cached("RFC 9111 §5.3", "MUST",
       ("Expires in the past is stale", lives(False, dated(b"Expires", -60))),
       ("Expires: 0 is in the past", lives(False, b"Expires: 0")),
       ("an Expires that is no date is in the past", lives(False, b"Expires: soon")))


def stale(*fields, second=(), server=None, check=None):
    """What a client gets once the first answer is stale; the server gives another one, or server(message, number)."""
    def test(x):
        web = Web(x, (b"Cache-Control: " + b", ".join([b"max-age=%d" % STALE_S, *fields]),), server or (FRESH,))
        one = web.get()
        web.ages()
        two = web.get(*second)
        assert check(one, two) if check else two.first.body != one.first.body, f"the client gets {two.raw[:200]!r}"
    return test


def failing(_message, number):
    return made(number, status=503)


def is_error(_one, two):
    return two.status >= 500


cached("RFC 9111 §4.2.4", "MUST NOT",
       ("what is stale is not used", stale()),
       ("what is stale is not used against must-revalidate", stale(b"must-revalidate", second=(b"Cache-Control: max-stale",))),
       ("nor against proxy-revalidate (§5.2.2.8)", stale(b"proxy-revalidate", second=(b"Cache-Control: max-stale",))),
       ("nor against no-cache", stale(b"no-cache", second=(b"Cache-Control: max-stale",))))
cached("RFC 9111 §5.2.2.2", "MUST",
       ("must-revalidate: an error is passed on, nothing stale", stale(b"must-revalidate", server=failing, check=is_error)))

# ---- §4.3: asking the server --------------------------------------------------------------------------
def validates(check, *fields):
    """The stale answer's validators are sent; check(request)."""
    def test(x):
        web = Web(x, (b"Cache-Control: max-age=%d" % STALE_S, *fields), (FRESH,))
        web.get()
        web.ages()
        two = web.get()
        assert two.status == 200 and two.first.body == b"2", f"the client gets {two.raw[:200]!r}"
        if not any(web.requests[1].all(name) for name in ("If-None-Match", "If-Modified-Since")):
            raise NotApplicable("it is not asked about")
        assert check(web.requests[1]), f"the server gets {web.requests[1].fields}"
    return test


cached("RFC 9111 §4.3.1", "MUST",
       ("an entity tag that is stored is sent", validates(lambda m: m.all("If-None-Match") == ['"v1"'], TAG)),
       ("a weak entity tag too", validates(lambda m: m.all("If-None-Match") == ['W/"v1"'], b'ETag: W/"v1"')))
cached("RFC 9111 §4.3.1", "SHOULD",
       ("the time of the last change is sent", validates(lambda m: m.all("If-Modified-Since") == [MODIFIED[15:].decode()], MODIFIED)))


def condition(*fields, status, answer=(FRESH, TAG, MODIFIED)):
    """A client that has an answer asks again; what is stored is fresh."""
    def test(x):
        web = Web(x, answer)
        web.get()
        two = web.get(*fields)
        if len(web.requests) > 1:
            assert all(web.requests[1].all(f.split(b":")[0].decode()) for f in fields), "the server is asked without the conditions"
            raise NotApplicable("the server is asked")
        assert two.status == status, f"status {two.status}"
        if status == 304:
            assert two.first.all("ETag") and two.first.all("Cache-Control") and not two.first.body, two.raw[:300]
    return test


cached("RFC 9111 §4.3.2", "MUST",
       ("If-None-Match that matches is 304, with its fields", condition(b'If-None-Match: "v1"', status=304)),
       ("If-None-Match that doesn't match is 200", condition(b'If-None-Match: "v2"', status=200)),
       ("If-None-Match is a list", condition(b'If-None-Match: "v0", "v1"', status=304)),
       ("If-None-Match compares weakly", condition(b'If-None-Match: W/"v1"', status=304)),
       ("If-None-Match: * matches", condition(b"If-None-Match: *", status=304)),
       ("If-Modified-Since of the same time is 304", condition(b"If-Modified-Since: " + MODIFIED[15:], status=304)),
       ("If-Modified-Since of an earlier time is 200", condition(b"If-Modified-Since: Sun, 09 Sep 2001 01:46:39 GMT", status=200)),
       ("If-Modified-Since is not looked at beside If-None-Match",
        condition(b'If-None-Match: "v2"', b"If-Modified-Since: " + MODIFIED[15:], status=200)),
       ("an If-Modified-Since that is no date is not looked at", condition(b"If-Modified-Since: soon", status=200)))


def for_server(name, value):
    """A condition that only the server can judge goes to it."""
    def test(x):
        web = Web(x, (FRESH, TAG, MODIFIED), lambda m, n: made(n, status=412))
        web.get()
        two = web.get(name + b": " + value)
        assert two.status == 412 or (two.status == 200 and two.first.body == b"1"), f"status {two.status}"
        assert len(web.requests) == 1 or web.requests[1].all(name.decode()) == [value.decode()], "the condition is lost"
    return test


cached("RFC 9111 §4.3.2", "MUST NOT",
       ("If-Match is not judged by a cache", for_server(b"If-Match", b'"v2"')),
       ("If-Unmodified-Since is not judged by a cache", for_server(b"If-Unmodified-Since", b"Sun, 09 Sep 2000 01:46:40 GMT")))


def replaced(x):
    web = Web(x, (b"Cache-Control: max-age=%d" % STALE_S, TAG), (FRESH, b'ETag: "v2"'))
    web.get()
    web.ages()
    two, three = web.get(), web.get()
    assert two.first.body == b"2" and three.first.body in (b"2", b"3"), f"the client gets {two.raw[:200]!r}"


def wrong_304(x):
    """A 304 that is about another answer refreshes nothing."""
    def reply(m, n):
        return made(n, FRESH, b'ETag: "v9"', status=304) if m.all("If-None-Match") else made(n, FRESH)
    web = Web(x, (b"Cache-Control: max-age=%d" % STALE_S, TAG), reply)
    web.get()
    web.ages()
    web.get()
    three = web.get()
    assert three.first.body != b"1", "what the server did not speak of is used as fresh"


def client_304(x):
    """The client asks about its own older answer: the server's 304 is the client's, not for what is stored."""
    def reply(m, n):
        known = ",".join(m.all("If-None-Match"))
        return made(n, FRESH, b'ETag: "v0"', status=304) if '"v0"' in known else made(n, FRESH)
    web = Web(x, (b"Cache-Control: max-age=%d" % STALE_S, TAG), reply)
    web.get()
    web.ages()
    two = web.get(b'If-None-Match: "v0"')
    assert two.status in (200, 304), f"status {two.status}"
    assert two.status == 304 or two.first.body != b"1", "what is stale is used"
    three = web.get()
    assert three.status == 200 and three.first.body != b"1", f"the next client gets {three.raw[:200]!r}"


cached("RFC 9111 §4.3.3", "MUST", ("a whole answer replaces what is stored", replaced))
cached("RFC 9111 §4.3.4", "MUST NOT",
       ("a 304 about another entity tag makes nothing fresh", wrong_304),
       ("a 304 to the client's own entity tag makes nothing fresh", client_304))

# ---- §4.4: invalidation ---------------------------------------------------------------------------------
def after_unsafe(is_gone, method, status=200, path=b"", field=None):
    def test(x):
        def reply(m, n):
            if m.method in ("GET", "HEAD"):
                return made(n, FRESH)
            return made(n, *([field(web)] if field else []), status=status)
        web = Web(x, reply)
        one = web.get()
        web.get(method=method, path=web.path + path, body=b"abc")
        two = web.get()
        if not is_gone:
            if web.get().first.body != two.first.body:
                raise NotApplicable("nothing is kept")
            assert one.first.body == two.first.body, "what is stored is gone"
        else:
            assert one.first.body != two.first.body, "what is stored is used"
    return test


cached("RFC 9111 §4.4", "MUST",
       *[(f"a {s} to {m} invalidates", after_unsafe(True, m.encode(), s))
         for m, s in (("POST", 200), ("PUT", 204), ("DELETE", 200), ("PATCH", 201), ("POST", 303), ("FOO", 200))])
cached("RFC 9111 §4.4", "MUST NOT",
       ("Location on another host invalidates nothing there",
        lambda x: after_unsafe(False, b"POST", 201, b"/other", lambda web: b"Location: http://a.nl:81" + web.path)(x)))
cached("RFC 9111 §4.4", "SHOULD",
       ("an error invalidates nothing", after_unsafe(False, b"POST", 500)),
       ("GET, HEAD and OPTIONS invalidate nothing", after_unsafe(False, b"OPTIONS")))

# ---- §5.2: directives ------------------------------------------------------------------------------------
def confirmed(control, second=()):
    """Used only when the server has been asked: its 304 is enough."""
    def test(x):
        web = Web(x, (b"Cache-Control: " + control, TAG))
        web.get()
        two = web.get(*second)
        assert two.first.body == b"2" and len(web.requests) == 2, "it is used without asking"
    return test


cached("RFC 9111 §5.2.2.4", "MUST NOT",
       ("no-cache: not without asking", confirmed(b"no-cache")),
       ("no-cache beside max-age: not without asking", confirmed(b"max-age=60, no-cache")),
       ("NO-CACHE: not without asking", confirmed(b"max-age=60, NO-CACHE")))


def without(*fields, name):
    """Used only without that field, or not at all."""
    def test(x):
        one, two = again(*fields)(x)
        assert one.first.body != two.first.body or not two.first.all(name), f"the second client gets {two.raw[:200]!r}"
    return test


cached("RFC 9111 §5.2.2.4", "MUST NOT", ("no-cache=\"X-A\": not with X-A", without(b'Cache-Control: max-age=60, no-cache="X-A"', b"X-A: 1",
                                                                                    name="X-A")))
cached("RFC 9111 §5.2.2.7", "MUST NOT", ("private=\"X-A\": not with X-A", without(b'Cache-Control: max-age=60, private="X-A"', b"X-A: 1",
                                                                                   name="X-A")))
cached("RFC 9111 §5.2.2.5", "MUST NOT",
       ("no-store in quotes of another directive is none", reused(b'Cache-Control: ext="a, no-store", max-age=60')),
       ("NO-STORE has no case", not_reused(b"Cache-Control: max-age=60, No-Store")),
       ("no-store without a space is no-store", not_reused(b"Cache-Control: max-age=60,no-store")))
cached("RFC 9111 §5.2.3", "MUST",
       ("directives that are not known are ignored", keeps(b"Cache-Control: future, max-age=60, other=\"x, y\"")),
       ("and passed on (§5.2)", reused(b"Cache-Control: future=1, max-age=60", check=lambda m: "future=1" in m.members("Cache-Control"))))


def passed_on(x):
    web = Web(x, (FRESH,))
    web.get(b"Cache-Control: future=1")
    assert "future=1" in web.requests[0].members("Cache-Control")


cached("RFC 9111 §5.2", "MUST", ("a request's directives are passed on", passed_on))


def only_if_cached(x):
    web = Web(x, (FRESH,))
    got = web.get(b"Cache-Control: only-if-cached")
    assert got.status == 504 and not web.requests, f"status {got.status}"


def asks(*fields, answer=(FRESH,)):
    def test(x):
        web = Web(x, answer)
        web.get()
        two = web.get(*fields)
        assert two.first.body == b"2", "what is stored is used"
    return test


cached("RFC 9111 §5.2.1", "SHOULD",
       ("only-if-cached without an answer is 504 (§5.2.1.7)", only_if_cached),
       ("no-cache asks the server (§5.2.1.4)", asks(b"Cache-Control: no-cache")),
       ("max-age=0 asks the server a second later (§5.2.1.1)", asks(b"Cache-Control: max-age=0", answer=(FRESH, b"Age: 1"))),
       ("max-age below the age asks the server", asks(b"Cache-Control: max-age=5", answer=(FRESH, b"Age: 10"))),
       ("min-fresh beyond what is left asks the server (§5.2.1.3)", asks(b"Cache-Control: min-fresh=3600")),
       ("Pragma: no-cache asks the server (§5.4)", asks(b"Pragma: no-cache")))
