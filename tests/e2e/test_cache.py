"""The cache: RFC 9111 clause by clause, RFC 5861, RFC 9211; poisoning and deception (THREATS A26), hostile servers (A18),
memory (A22)."""
import subprocess
import threading
import time
from email.utils import formatdate

import pytest

from harness import wire
from harness.origin import answer
from harness.wait import until

FRESH = ("Cache-Control", "max-age=60")
TAG = ("ETag", '"v1"')


class Counter:
    """A server whose answers are numbered, so that one from the cache is told from a new one."""

    def __init__(self, *fields, status=200, size=0):
        self.fields, self.status, self.size, self.n = list(fields), status, size, 0

    def __call__(self, request, _):
        self.n += 1
        return answer(b"%d" % self.n + b"x" * self.size, status=self.status, fields=self.fields)


def caching(front, server, **options):
    edges = options.pop("edges", 1)
    return front(server, route={"cache": options or True}, edges=edges)


def get(sluis, target="/", fields=(), method="GET", host="www.example.nl"):
    with sluis.client() as client:
        return client.ask(method, target, fields=fields, host=host)


def is_kept(sluis, target="/", first=(), second=()):
    """Whether the second request is answered with what the first one got."""
    return get(sluis, target, first).body == get(sluis, target, second).body


# ---- what is stored: §3 --------------------------------------------------------------------------
@pytest.mark.smoke
def test_a_hit(front, origin):
    """RFC 9111 §4: a fresh answer is used; §5.1: with its Age; RFC 9211 §2; RFC 9110 §6.6.1: it gets a Date."""
    web = origin(Counter(FRESH, TAG, ("X-Own", "1"), ("Connection", "X-Hop"), ("X-Hop", "1")))
    sluis = caching(front, web)
    with sluis.client() as client:
        first, second = client.ask(), client.ask()
        head = client.ask("HEAD")
    assert first.body == second.body == b"1" and len(web.requests) == 1
    assert first.header("Cache-Status") == "sluis; fwd=uri-miss; stored" and first.header("Age") is None
    assert second.header("Cache-Status") == "sluis; hit" and second.header("Age") == "0"
    assert second.header("X-Own") == "1" and second.header("ETag") == '"v1"' and second.header("Date")
    assert second.header("X-Hop") is None, "RFC 9111 §3.1"
    assert head.header("Content-Length") == "1" and head.body == b"" and head.header("Age") == "0"


def test_off_unless_asked_for(front, origin):
    assert not is_kept(front(origin(Counter(FRESH))))


@pytest.mark.parametrize("fields, kept", [
    ([FRESH], True), ([("Cache-Control", "s-maxage=60, max-age=0")], True), ([("Cache-Control", "max-age=60, s-maxage=0")], False),
    ([("Expires", formatdate(time.time() + 600, usegmt=True))], True), ([("Expires", "0")], False),
    ([("Expires", formatdate(time.time() - 600, usegmt=True))], False), ([FRESH, ("Expires", "0")], True),
    ([], False), ([("Last-Modified", formatdate(0, usegmt=True))], False),  # §4.2.2: no heuristics
    ([("Cache-Control", "max-age=60, no-store")], False), ([("Cache-Control", "max-age=60, private")], False),
    ([("Cache-Control", 'max-age=60, private="X-A"')], False), ([("Cache-Control", "max-age=60, no-cache")], False),
    ([FRESH, ("Set-Cookie", "a=b")], False), ([FRESH, ("Vary", "*")], False), ([FRESH, ("Trailer", "X-T")], False),
    ([FRESH, ("Age", "59")], True), ([FRESH, ("Age", "60")], False), ([FRESH, ("Age", "soon")], True),
    ([("Cache-Control", "max-age=-1")], False), ([("Cache-Control", "max-age=soon")], False), ([("Cache-Control", "public")], False),
    ([FRESH, ("Vary", "X-Request-Id")], False), ([FRESH, ("Vary", ", ".join(f"X-{i}" for i in range(9)))], False),
    ([FRESH, ("Date", formatdate(time.time() - 120, usegmt=True))], False)])
def test_what_is_stored(front, origin, fields, kept):
    """RFC 9111 §3, §4.2.1, §4.2.3, §5.2.2, §5.3; giant and boundless Vary (§4.1)."""
    assert is_kept(caching(front, origin(Counter(*fields)))) == kept


@pytest.mark.parametrize("status, kept", [(200, True), (203, True), (404, True), (410, True), (301, True), (302, True), (201,
    False), (206, False),
                                          (403, False), (500, False), (503, False)])
def test_statuses(front, origin, status, kept):
    """RFC 9111 §3: only those that are understood; §3.3: no parts."""
    assert is_kept(caching(front, origin(Counter(FRESH, status=status)))) == kept


def test_authorization(front, origin):
    """RFC 9111 §3.5, both ways: what was got with Authorization, and what is asked for with it."""
    secret = [("Authorization", "Basic eA==")]
    web = origin(lambda request, _: answer(str(len(web.requests)), fields=[("Cache-Control", request.target[1:-2].replace("_", ","))]))
    sluis = caching(front, web)
    for control, kept in [("max-age=60", False), ("max-age=60,public", True), ("s-maxage=60", True), ("max-age=60,must-revalidate", True)]:
        target = "/" + control.replace(",", "_")
        assert is_kept(sluis, target + "?a", secret, ()) == kept, control
        assert is_kept(sluis, target + "?b", (), secret) == kept, control


def test_cookies(front, origin):
    """Deception (A26): what was got with a cookie is kept only if the server says that it is for all."""
    cookie = [("Cookie", "session=1")]
    web = origin(Counter(FRESH))
    sluis = caching(front, web)
    assert not is_kept(sluis, "/a", cookie, ())
    assert is_kept(sluis, "/b", (), cookie)


def test_even_with_cookies(front, origin):
    sluis = caching(front, origin(Counter(FRESH)), even_with_cookies=True)
    assert is_kept(sluis, "/a", [("Cookie", "session=1")], ())


# ---- keys: §2, §4.1 ------------------------------------------------------------------------------
def test_keys(front, origin):
    """RFC 9111 §2: method and target; canonical: two spellings of one path are one, two queries are two."""
    web = origin(Counter(FRESH))
    sluis = caching(front, web)
    first = get(sluis, "/a?x=1").body
    assert get(sluis, "/b/../a?x=1").body == first and get(sluis, "/%61?x=1").body == first
    for other in ["/a?x=2", "/a", "/a/?x=1", "/A?x=1"]:
        assert get(sluis, other).body != first, other
    assert get(sluis, "/a?x=1", host="other.example.nl").body != first


def test_rules_do_not_share(front, origin):
    """An answer of one rule is none of another's, though the URL is the same: rules may choose by source or field."""
    web = origin(Counter(FRESH))
    rules = [{"name": "inside", "match": {"headers": {"X-In": "1"}}, "backend": "web"}]
    sluis = front(web, route={"rules": rules, "cache": True})
    assert get(sluis, fields=[("X-In", "1")]).body != get(sluis).body
    assert get(sluis).body == b"2"


def test_unkeyed_fields(front, origin):
    """A26: fields that make frameworks answer another question are not let near the cache; forged X-Forwarded-* never arrive."""
    web = origin(lambda request, _: answer(request.header("X-Forwarded-Host") + str(len(web.requests)), fields=[FRESH]))
    sluis = caching(front, web)
    assert get(sluis, "/a", [("X-Forwarded-Host", "evil.example")]).body == b"www.example.nl1"
    assert get(sluis, "/a").body == b"www.example.nl1"
    for field in ["X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Host"]:
        assert not is_kept(sluis, "/" + field, [(field, "evil")], ())


def test_vary(front, origin):
    """RFC 9111 §4.1: every named field must be the same, absent ones too; several lines are one list."""
    web = origin(lambda request, _: answer(f"{request.all('Accept-Language')}{len(web.requests)}", fields=[FRESH, ("Vary",
        "Accept-Language"), ("Vary", "X-Other")]))
    sluis = caching(front, web)
    assert is_kept(sluis, "/", [("Accept-Language", "nl")], [("Accept-Language", "nl")])
    assert is_kept(sluis, "/", [("Accept-Language", "en")], [("Accept-Language", "en")])
    assert not is_kept(sluis, "/", [("Accept-Language", "nl")], [("Accept-Language", "en")])
    assert is_kept(sluis)
    assert not is_kept(sluis, "/", (), [("X-Other", "1")])
    assert get(sluis, fields=[("Accept-Language", "fr")]).header("Cache-Status") == "sluis; fwd=vary-miss; stored"


# ---- requests: §5.2.1 ----------------------------------------------------------------------------
@pytest.mark.parametrize("fields, kept", [
    ([("Cache-Control", "no-cache")], False), ([("Pragma", "no-cache")], False), ([("Cache-Control", "max-age=0"), ("X-Wait", "1")], False),
    ([("Cache-Control", "max-age=30")], True), ([("Cache-Control", "min-fresh=30")], True), ([("Cache-Control", "min-fresh=61")], False),
    ([("Cache-Control", "no-store")], False), ([("Range", "bytes=0-0")], False), ([("If-Match", '"v1"')], False),
    ([("Cache-Control", "max-age=5"), ("Pragma", "no-cache")], True)])
def test_request_directives(front, origin, fields, kept):
    """RFC 9111 §5.2.1, §5.4; §4.3.2: If-Match and ranges are for the server."""
    web = origin(Counter(FRESH))
    sluis = caching(front, web)
    get(sluis)
    if ("X-Wait", "1") in fields:
        time.sleep(1.1)
    assert (get(sluis, fields=fields).body == b"1") == kept


def test_only_if_cached(front, origin):
    """RFC 9111 §5.2.1.7."""
    sluis = caching(front, origin(Counter(FRESH)))
    only = [("Cache-Control", "only-if-cached")]
    assert get(sluis, fields=only).status == 504
    get(sluis)
    assert get(sluis, fields=only).status == 200


def test_max_stale(front, origin):
    """RFC 9111 §5.2.1.2, and §4.2.4: never against must-revalidate."""
    web = origin(lambda request, _: answer(str(len(web.requests)), fields=[("Cache-Control", "max-age=1" + (", must-revalidate"
        if "must" in request.target else ""))]))
    sluis = caching(front, web)
    first = {target: get(sluis, target).body for target in ["/may", "/must"]}
    time.sleep(1.2)
    assert get(sluis, "/may", [("Cache-Control", "max-stale=30")]).body == first["/may"]
    assert get(sluis, "/may", [("Cache-Control", "max-stale")]).body == first["/may"]
    assert get(sluis, "/must", [("Cache-Control", "max-stale=30")]).body != first["/must"]


def test_client_conditions(front, origin):
    """RFC 9111 §4.3.2: answered from memory; RFC 9110 §13.1.2, §13.1.3, §15.4.5."""
    modified = formatdate(1000000000, usegmt=True)
    web = origin(Counter(FRESH, TAG, ("Last-Modified", modified), ("X-Own", "1")))
    sluis = caching(front, web)
    get(sluis)
    for fields, status in [([("If-None-Match", '"v1"')], 304), ([("If-None-Match", 'W/"v1"')], 304), ([("If-None-Match",
        '"v0", "v1"')], 304),
                           ([("If-None-Match", "*")], 304), ([("If-None-Match", '"v0"')], 200), ([("If-Modified-Since", modified)], 304),
                           ([("If-Modified-Since", formatdate(999999999, usegmt=True))], 200), ([("If-Modified-Since", "yesterday")], 200),
                           ([("If-None-Match", '"v0"'), ("If-Modified-Since", modified)], 200)]:
        got = get(sluis, fields=fields)
        assert got.status == status, fields
        if status == 304:
            assert got.header("ETag") == '"v1"' and got.header("Date") and got.header("X-Own") is None and got.body == b""
    assert len(web.requests) == 1


# ---- validation: §4.3 ----------------------------------------------------------------------------
def revalidating(fields=(), control="max-age=1"):
    def serve(request, _):
        if request.header("If-None-Match") == '"v1"':
            return b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\nCache-Control: max-age=60\r\nX-New: yes\r\n\r\n'
        return answer("whole", fields=[("Cache-Control", control), TAG, ("X-Old", "yes"), ("X-New", "no"), *fields])
    return serve


@pytest.mark.smoke
def test_validation(front, origin):
    """RFC 9111 §4.3.1, §4.3.3, §4.3.4: a stale answer is asked about, and lives on with the fields of the 304 (RFC 9111 §3.2)."""
    web = origin(revalidating())
    sluis = caching(front, web)
    assert get(sluis).header("X-New") == "no"
    time.sleep(1.2)
    with sluis.client() as client:
        got = client.ask(fields=[("If-None-Match", '"other"'), ("X-Mine", "1")])
        assert got.status == 200 and got.body == b"whole" and got.header("X-New") == "yes" and got.header("X-Old") == "yes"
        assert got.header("Cache-Status") == "sluis; fwd=stale; fwd-status=304" and got.header("Age") == "0"
        assert client.ask().header("Cache-Status") == "sluis; hit"
    asked = web.requests[1]
    assert asked.all("If-None-Match") == ['"v1"'] and asked.header("X-Mine") == "1" and len(web.requests) == 2


def test_no_cache_asks_every_time(front, origin):
    """RFC 9111 §5.2.2.4: stored, but never used without asking."""
    web = origin(revalidating(control="no-cache"))
    sluis = caching(front, web)
    assert get(sluis).status == 200
    assert get(sluis).body == b"whole"
    assert web.requests[1].header("If-None-Match") == '"v1"'


def test_a_304_for_something_else(front, origin):
    """A18: a server that confirms another answer than it was asked about is not believed."""
    def serve(request, _):
        if request.header("If-None-Match"):
            return b'HTTP/1.1 304 Not Modified\r\nETag: "v9"\r\nCache-Control: max-age=60\r\n\r\n'
        return answer("whole", fields=[("Cache-Control", "max-age=1"), TAG])

    sluis = caching(front, origin(serve))
    get(sluis)
    time.sleep(1.2)
    assert get(sluis).status == 502
    assert get(sluis).body == b"whole"


# ---- invalidation: §4.4 --------------------------------------------------------------------------
@pytest.mark.parametrize("method, status, gone", [("POST", 200, True), ("PUT", 204, True), ("DELETE", 303, True), ("BAN", 200, True),
                                                  ("POST", 500, False), ("POST", 403, False), ("OPTIONS", 200, False)])
def test_invalidation(front, origin, method, status, gone):
    """RFC 9111 §4.4: an unsafe request without an error makes what is stored for its URL unusable, also when another rule takes it."""
    web = origin(lambda request, _: answer(str(len(web.requests)) if status != 204 or request.method == "GET" else "",
                                           status=200 if request.method == "GET" else status, fields=[FRESH]))
    rules = [{"name": "writes", "match": {"methods": ["POST", "PUT", "DELETE", "BAN"]}, "backend": "web", "cache": False}]
    sluis = front(web, route={"rules": rules, "cache": True})
    first = get(sluis, "/x?1").body
    get(sluis, "/x?1", method=method)
    assert (get(sluis, "/x?1").body != first) == gone


# ---- bodies and lies -----------------------------------------------------------------------------
@pytest.mark.parametrize("kind, kept", [("length", True), ("chunked", True), ("close", False), ("short", False), ("cut_chunks", False)])
def test_only_complete_bodies(front, origin, kind, kept):
    """RFC 9111 §3.3: what is not known to be whole is not stored; a cut answer is cut."""
    def serve(request, stream):
        number = b"%05d" % len(web.requests)
        head = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n"
        forms = {"length": b"Content-Length: 5\r\n\r\n" + number,
            "chunked": b"Transfer-Encoding: chunked\r\n\r\n2\r\n" + number[:2] + b"\r\n3\r\n" + number[2:] + b"\r\n0\r\n\r\n",
                 "close": b"\r\n" + number, "short": b"Content-Length: 9\r\n\r\n" + number,
                 "cut_chunks": b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + number + b"\r\n"}
        stream.send(head + forms[kind])
        return b"" if kind in ("length", "chunked") else None

    web = origin(serve)
    sluis = caching(front, web)
    seen = []
    for _ in range(2):
        with sluis.client() as client:
            client.send(wire.request())
            try:
                seen.append(client.response().body)
            except (wire.Broken, OSError):
                seen.append(None)
    assert (len(web.requests) == 1) == kept
    assert seen[0] == (None if kind in ("short", "cut_chunks") else b"00001")


@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 60000, 65536, 200000, 1000000])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_sizes(front, origin, size, is_chunked):
    """Every byte of what came, however many blocks and pieces it takes."""
    body = bytes(i * 7 % 251 for i in range(size))

    def serve(request, stream):
        if not is_chunked:
            return answer(body, fields=[FRESH])
        stream.send(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n")
        return wire.chunks(*[body[i:i + 9999] for i in range(0, size, 9999)])

    web = origin(serve)
    sluis = caching(front, web, max_object="1m")
    with sluis.client() as client:
        for _ in range(3):
            assert client.ask().body == body
    assert len(web.requests) == 1


def test_too_large(front, origin):
    web = origin(Counter(FRESH, size=2000))
    sluis = caching(front, web, max_object="1k")
    assert not is_kept(sluis)


def test_long_urls(front, origin):
    """What has no room in a key is not kept, and works."""
    web = origin(Counter(FRESH))
    sluis = caching(front, web)
    assert not is_kept(sluis, "/" + "a" * 3000)


@pytest.mark.limit(90)
def test_memory_has_a_ceiling(front, origin):
    """A22: thousands of answers in one megabyte; what is asked for again and again stays (S3-FIFO)."""
    web = origin(lambda request, _: answer(b"y" * 10000, fields=[FRESH]))
    sluis = caching(front, web, max_total="1m")
    with sluis.client() as client:
        for _ in range(4):
            client.ask(target="/hot")
        before = sum(int(line.split()[1]) for pid in sluis.pids("edge") for line in open(f"/proc/{pid}/status", encoding="ascii")
            if line.startswith("RssAnon"))
        for i in range(1500):
            client.ask(target=f"/cold/{i}")
        after = sum(int(line.split()[1]) for pid in sluis.pids("edge") for line in open(f"/proc/{pid}/status", encoding="ascii")
            if line.startswith("RssAnon"))
        assert after - before < 3000, f"{after - before} KB"
        assert client.ask(target="/hot").header("Cache-Status") == "sluis; hit"
        assert client.ask(target="/cold/3").header("Cache-Status").startswith("sluis; fwd=")


def test_slow_readers_of_hits(front, origin):
    """A client that takes nothing keeps its entry, and nothing else waits for it."""
    body = b"z" * 900000
    sluis = caching(front, origin(lambda *_: answer(body, fields=[FRESH])), max_object="1m")
    get(sluis)
    with sluis.client() as slow:
        slow.send(wire.request())
        time.sleep(0.3)
        get(sluis, method="POST")
        assert slow.response().body == body


# ---- one for many --------------------------------------------------------------------------------
def together(sluis, n, target="/", fields=()):
    got = []
    threads = [threading.Thread(target=lambda: got.append(get(sluis, target, fields))) for _ in range(n)]
    for thread in threads:
        thread.start()
    return threads, got


def test_collapse(front, origin):
    """Many ask at once: the server is asked once."""
    go = threading.Event()

    def serve(request, _):
        go.wait(10)
        return answer("one", fields=[FRESH])

    web = origin(serve)
    sluis = caching(front, web)
    threads, got = together(sluis, 8)
    time.sleep(0.5)
    go.set()
    for thread in threads:
        thread.join()
    assert len(web.requests) == 1 and {r.body for r in got} == {b"one"}
    assert sum("collapsed" in r.header("Cache-Status") for r in got) == 7


def test_collapse_lets_go(front, origin):
    """What turns out to be for one client alone: all others ask at once, and later ones do not wait."""
    go = threading.Event()

    def serve(request, stream):
        if len(web.requests) == 1:
            go.wait(10)
        else:
            time.sleep(0.3)
        return answer(str(len(web.requests)), fields=[("Cache-Control", "private")])

    web = origin(serve)
    sluis = caching(front, web)
    threads, got = together(sluis, 6)
    time.sleep(0.5)
    began = time.monotonic()
    go.set()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 1.5, "they did not ask together"
    assert len(web.requests) == 6 and len(got) == 6
    assert all(r.status == 200 for r in got)


def test_collapse_has_a_deadline(front, origin):
    """A slow first one holds nobody up for longer than the option says; one whose client leaves hands on."""
    go = threading.Event()

    def serve(request, _):
        if len(web.requests) == 1:
            go.wait(10)
        return answer("ok", fields=[FRESH])

    web = origin(serve)
    sluis = caching(front, web, collapse="1s")
    leader = sluis.client()
    leader.send(wire.request())
    web.wait_for(1)
    began = time.monotonic()
    assert get(sluis).body == b"ok" and 0.8 < time.monotonic() - began < 4
    go.set()
    assert leader.response().body == b"ok"
    leader.close()


def test_collapse_survives_its_leader(front, origin):
    def serve(request, stream):
        if len(web.requests) == 1:
            time.sleep(0.7)
            return None
        return answer("ok", fields=[FRESH])

    web = origin(serve)
    sluis = caching(front, web)
    threads, got = together(sluis, 5)
    for thread in threads:
        thread.join()
    assert sorted({r.status for r in got}) in ([200], [200, 502])


# ---- RFC 5861 ------------------------------------------------------------------------------------
def test_stale_if_error(front, origin):
    """RFC 5861 §4: also when the server is gone."""
    def serve(request, _):
        if len(web.requests) == 2:
            return answer("broken", status=503)
        return answer("good", fields=[("Cache-Control", "max-age=1, stale-if-error=60")])

    web = origin(serve)
    sluis = caching(front, web)
    get(sluis)
    time.sleep(1.2)
    for _ in range(2):
        got = get(sluis)
        assert got.status == 200 and got.body == b"good" and int(got.header("Age")) >= 1
        web.stop()


def test_stale_if_error_when_no_answer_comes(front, origin):
    """RFC 5861 §4: 504 is such an error too; the server's connection goes, and the next one that asks gets the new answer."""
    go = threading.Event()

    def serve(request, _):
        if len(web.requests) == 2:
            go.wait(10)
        return answer(str(len(web.requests)), fields=[("Cache-Control", "max-age=1, stale-if-error=60")])

    web = origin(serve)
    sluis = front(web, route={"cache": True}, edges=1, backend={"timeouts": {"first_byte": "300ms"}, "outlier": {"consecutive_errors": 0}})
    with sluis.client() as client:
        client.ask()
        time.sleep(1.2)
        got = client.ask()
        assert got.status == 200 and got.body == b"1" and got.header("Cache-Status") == "sluis; fwd=stale"
        go.set()
        assert client.ask().body == b"3"


def test_stale_if_error_when_every_server_is_busy(front, origin):
    """RFC 5861 §4: and 503, of the queue's end."""
    go = threading.Event()

    def serve(request, _):
        if request.target == "/slow":
            go.wait(20)
        return answer(str(len(web.requests)), fields=[("Cache-Control", "max-age=1, stale-if-error=60")])

    web = origin(serve)
    sluis = front(web, route={"cache": True}, edges=1, backend={"limits": {"requests_per_server": 1, "queue_timeout": "300ms"}})
    get(sluis, "/")
    time.sleep(1.2)
    with sluis.client() as client:
        client.send(wire.request("GET", "/slow"))
        web.wait_for(2)
        got = get(sluis, "/")
        assert got.status == 200 and got.body == b"1"
        assert get(sluis, "/new").status == 503
        go.set()
        assert client.response().status == 200


def test_a_hedge_asks_the_same(front, origin):
    """RFC 9111 §4.3.1: the second server is sent the conditions that the first one was, and its 304 makes the answer fresh."""
    go = threading.Event()

    def serve(request, _):
        if request.header("If-None-Match"):
            if len(conditional()) == 1:
                go.wait(10)
            return b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\nCache-Control: max-age=60\r\n\r\n'
        return answer("kept", fields=[("Cache-Control", "max-age=1"), TAG])

    def conditional():
        return [r for server in servers for r in server.requests if r.header("If-None-Match")]

    servers = []
    servers += [origin(serve, name="a"), origin(serve, name="b")]
    sluis = front(*servers, route={"cache": True}, edges=1,
                  backend={"hedge": {"after": "100ms", "percent": 100}, "balance": "round_robin", "outlier": {"consecutive_errors": 0}})
    with sluis.client() as client:
        for n in range(10):
            client.ask(target=f"/{n}")
        client.ask(target="/page")
        time.sleep(1.2)
        began = time.monotonic()
        got = client.ask(target="/page")
        assert got.body == b"kept" and got.header("Cache-Status") == "sluis; fwd=stale; fwd-status=304" and time.monotonic() - began < 5
        assert [r.header("If-None-Match") for r in conditional()] == ['"v1"'] * 2
        assert sum(len(server.requests) for server in servers) == 13
        assert client.ask(target="/page").header("Cache-Status") == "sluis; hit"
    go.set()


def test_stale_while_revalidate(front, origin):
    """RFC 5861 §3: one asks the server, the others are served what is there."""
    go = threading.Event()

    def serve(request, _):
        if len(web.requests) > 1:
            go.wait(10)
        return answer(str(len(web.requests)), fields=[("Cache-Control", "max-age=1, stale-while-revalidate=60"), TAG])

    web = origin(serve)
    sluis = caching(front, web)
    get(sluis)
    time.sleep(1.2)
    threads, _ = together(sluis, 1)
    web.wait_for(2)
    for _ in range(3):
        assert get(sluis).body == b"1"
    go.set()
    threads[0].join()
    assert get(sluis).body == b"2" and len(web.requests) == 2


# ---- with the rest -------------------------------------------------------------------------------
def test_reload_keeps_what_is_stored(front, site, origin):
    """And a smaller limit takes effect."""
    web = origin(Counter(FRESH))
    sluis = caching(front, web)
    get(sluis)
    assert sluis.reload(site(web.address, route={"cache": {"max_object": "1k"}})).returncode == 0
    assert get(sluis).body == b"1"
    assert sluis.reload(site(web.address, route={"cache": False})).returncode == 0
    assert get(sluis).body == b"2"


def test_with_filters_and_compression(front, origin):
    """What is stored is what the server sent: filters and compression apply to every use."""
    text = b"<p>text</p>\n" * 500
    web = origin(lambda *_: answer(text, fields=[FRESH, TAG, ("Content-Type", "text/html"), ("X-Gone", "1")]))
    filters = [{"remove_response_headers": ["X-Gone"]}, {"set_response_headers": {"X-Id": "{request_id}"}}]
    sluis = front(web, route={"cache": True, "compress": True, "filters": filters})
    ids = set()
    for accept in ["gzip", "identity", "gzip"]:
        got = get(sluis, fields=[("Accept-Encoding", accept)])
        assert got.header("Content-Encoding") == (None if accept == "identity" else "gzip")
        assert got.header("X-Gone") is None and got.header("Vary") == "Accept-Encoding"
        ids.add(got.header("X-Id"))
    same = get(sluis, fields=[("Accept-Encoding", "gzip"), ("If-None-Match", 'W/"v1"')])
    assert same.status == 304 and same.header("ETag") == 'W/"v1"'
    assert len(ids) == 3 and len(web.requests) == 1


def test_curl_and_nginx(front, nginx):
    """Real software on both sides."""
    server = nginx({"index.html": b"hello" * 1000}, "location / { expires 1h; }")
    sluis = caching(front, server)
    for expected in ["fwd=uri-miss; stored", "hit"]:
        done = subprocess.run(["curl", "-si", f"http://127.0.0.1:{sluis.port()}/index.html", "-H", "Host: www.example.nl"],
                              check=True, capture_output=True, timeout=20)
        assert done.stdout.endswith(b"hello" * 1000) and f"cache-status: sluis; {expected}".encode() in done.stdout.lower()
    done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-z", "Tue, 01 Jan 2030 00:00:00 GMT",
        f"http://127.0.0.1:{sluis.port()}/index.html",
                           "-H", "Host: www.example.nl"], check=True, capture_output=True, timeout=20)
    assert done.stdout == b"304"
