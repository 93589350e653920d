"""Filters of rules and routes, both directions: header fields, rewriting, networks. What the server gets is
compared by the byte where it matters; nobody's input may become a line of a head (THREATS A1, A5, A6)."""
import json
import os
import signal
import subprocess
import threading
import time

import pytest

from harness import origin as origins, wire


@pytest.fixture(name="filtered")
def start_filtered(front, origin):
    """filtered(filters, handler, ...) starts Sluis with these filters on one rule; the server."""

    def start(filters, handler=None, rule=None, route=None, **keywords):
        server = origin(handler)
        rule = {"name": "r", "filters": filters, "backend": "web", **(rule or {})}
        front(server, route={"rules": [rule], **(route or {})}, **keywords)
        return server

    return start


def names(fields):
    return [name.lower() for name, _ in fields]


# ---- header fields of requests --------------------------------------------------------------------
@pytest.mark.smoke
def test_request_headers(sluis, filtered):
    server = filtered([
        {"set_request_headers": {"X-Env": "prod", "X-Who": "{source_address} {scheme} {host} {path}?{query} {request_id}"}},
        {"add_request_headers": {"X-Tag": "ours", "X-Json": '{"a": {"b": 1}} {{host}'}},
        {"remove_request_headers": ["X-Debug", "Cookie"]},
    ])
    got = sluis.ask("/a/../b?x=1&y=%20", host="A.nl:8080", fields=[
        ("X-Env", "evil"), ("x_env", "evil2"), ("X-Tag", "theirs"), ("X-Debug", "1"), ("X_debug", "2"), ("Cookie", "a=b"),
        ("X-Other", "stays")])
    seen = server.requests[0]
    assert got.status == 200
    assert seen.all("X-Env") == ["prod"] and not seen.all("X_Env")
    assert seen.all("X-Tag") == ["theirs", "ours"]
    assert not seen.all("X-Debug") and not seen.all("X_Debug") and not seen.all("Cookie")
    assert seen.header("X-Other") == "stays"
    assert seen.header("X-Who") == f"127.0.0.1 http a.nl /b?x=1&y=%20 {seen.header('X-Request-Id')}"
    assert seen.header("X-Json") == '{"a": {"b": 1}} {host}'
    assert seen.all("Via") == ["1.1 sluis"]  # RFC 9110 §7.6.3


def test_later_changes_win(sluis, filtered):
    server = filtered([{"set_request_headers": {"X-A": "rule"}}, {"remove_request_headers": ["X-B"]}],
                      route={"filters": [{"set_request_headers": {"X-A": "route", "X-B": "route", "X-C": "route"}},
                                         {"remove_request_headers": ["X-D"]}, {"add_request_headers": {"X-D": "last"}}]})
    assert sluis.ask(fields=[("X-D", "client")]).status == 200
    seen = server.requests[0]
    assert (seen.all("X-A"), seen.all("X-B"), seen.all("X-C"), seen.all("X-D")) == (["rule"], [], ["route"], ["last"])


def test_route_filters_reach_every_rule(sluis, site, origin):
    server = origin()
    sluis.start(site(server.address, route={
        "filters": [{"set_request_headers": {"X-Route": "yes"}}],
        "rules": [{"match": {"path_prefix": "/a"}, "backend": "web", "filters": [{"set_request_headers": {"X-Rule": "a"}}]}],
        "backend": "web"}))
    sluis.ask("/a")
    sluis.ask("/b")
    assert [(r.header("X-Route"), r.header("X-Rule")) for r in server.requests] == [("yes", "a"), ("yes", None)]


def test_set_fields_survive_connection_listing(sluis, filtered):
    """RFC 9110 §7.6.1: a client may name a field in Connection; that takes out its own, not ours."""
    server = filtered([{"set_request_headers": {"X-Env": "prod"}}])
    got = sluis.ask(fields=[("Connection", "X-Env, keep-alive"), ("X-Env", "evil")])
    assert got.status == 200 and server.requests[0].all("X-Env") == ["prod"]


def test_bodies_and_framing_stay(sluis, filtered):
    """Chunked, Content-Length, pipelined: what filters add stands in the head and nowhere else."""
    server = filtered([{"set_request_headers": {"X-Env": "prod"}}, {"remove_request_headers": ["X-Gone"]}],
                      lambda r, s: origins.answer(r.body))
    with sluis.client() as client:
        client.send(wire.request("POST", "/1", [("Transfer-Encoding", "chunked"), ("X-Gone", "1")]) + wire.chunks(b"ab", b"c")
                    + wire.request("POST", "/2", body=b"xyz") + wire.request("GET", "/3"))
        assert [client.response().body for _ in range(3)] == [b"abc", b"xyz", b""]
    assert [r.all("X-Env") for r in server.requests] == [["prod"]] * 3
    assert not server.requests[0].all("X-Gone")


def test_placeholders_cant_write_lines(sluis, filtered):
    """Every byte that a target may have, in a value: still one line, and one request."""
    server = filtered([{"set_request_headers": {"X-Q": "<{query}>", "X-P": "<{path}>"}}])
    query = "".join(chr(b) for b in range(0x21, 0x7f) if chr(b) != "#")
    assert sluis.ask("/%0d%0aX-Evil:1?" + query).status == 400  # control bytes are never in a path
    assert sluis.ask("/a%20b?%0d%0aX-Evil:%201" + query).status == 200
    seen = server.requests[0]
    assert seen.header("X-Q") == f"<%0d%0aX-Evil:%201{query}>" and seen.header("X-P") == "</a%20b>"
    assert "x-evil" not in names(seen.fields) and len(server.requests) == 1


def test_trailers_are_not_headers(sluis, filtered):
    """A field that is taken out of the head does not come back from a trailer section as a head's."""
    server = filtered([{"set_request_headers": {"X-Env": "prod"}}], lambda r, s: origins.answer(r.body))
    with sluis.client() as client:
        client.send(wire.request("POST", "/", [("Transfer-Encoding", "chunked")]) + wire.chunks(b"a", trailers=[("X-Sum", "1")]))
        assert client.response().body == b"a"
    assert server.requests[0].all("X-Env") == ["prod"]


# ---- header fields of answers ---------------------------------------------------------------------
@pytest.mark.smoke
def test_response_headers(sluis, filtered):
    filtered([
        {"set_response_headers": {"Cache-Control": "no-store", "X-Path": "{path}"}},
        {"add_response_headers": {"Set-Cookie": "b=2"}},
        {"remove_response_headers": ["Server", "X-Powered-By"]},
    ], lambda r, s: origins.answer(b"hi", fields=[("Cache-Control", "max-age=9"), ("Server", "old/1.0"), ("X_Powered_By", "x"),
                                                  ("Set-Cookie", "a=1"), ("ETag", '"1"')]))
    got = sluis.ask("/p")
    assert got.body == b"hi" and got.all("Cache-Control") == ["no-store"] and got.all("X-Path") == ["/p"]
    assert got.all("Set-Cookie") == ["a=1", "b=2"] and got.header("ETag") == '"1"'
    assert not got.all("Server") and not got.all("X_Powered_By")


@pytest.mark.parametrize("how", ["length", "chunked", "close", "empty"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_answers_of_every_framing(sluis, filtered, how, version):
    def handler(_, stream):
        if how == "length":
            return origins.answer(b"body", fields=[("X-Old", "1")])
        if how == "empty":
            return b"HTTP/1.1 204 No Content\r\nX-Old: 1\r\n\r\n"
        if how == "chunked":
            return b"HTTP/1.1 200 OK\r\nX-Old: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + wire.chunks(b"bo", b"dy")
        stream.send(b"HTTP/1.1 200 OK\r\nX-Old: 1\r\n\r\nbody")
        return None

    filtered([{"set_response_headers": {"X-New": "2"}}, {"remove_response_headers": ["X-Old"]}], handler)
    with sluis.client() as client:
        client.send(f"GET / HTTP/{version}\r\nHost: a\r\n\r\n".encode())
        got = client.response()
    assert got.all("X-New") == ["2"] and not got.all("X-Old")
    assert got.body == (b"" if how == "empty" else b"body")


def test_interim_answers_lose_fields_and_gain_none(sluis, filtered):
    """RFC 9110 §15.2: what is taken out is taken out of 1xx too; what is added belongs to the final answer."""
    filtered([{"remove_response_headers": ["X-Secret"]}, {"set_response_headers": {"X-New": "1"}}],
             lambda r, s: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX-Secret: 1\r\n\r\n"
             + origins.answer(b"x", fields=[("X-Secret", "2")]))
    with sluis.client() as client:
        client.send(wire.request())
        hints, final = client.response(), client.response()
    assert hints.status == 103 and names(hints.fields) == ["link"]
    assert final.status == 200 and final.all("X-New") == ["1"] and not final.all("X-Secret")


def test_websocket_handshake(sluis, filtered):
    def handler(_, stream):
        stream.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Old: 1\r\n\r\n")
        stream.send(stream.exactly(4))

    server = filtered([{"set_request_headers": {"X-Env": "prod"}}, {"set_response_headers": {"X-New": "1"}},
                       {"remove_response_headers": ["X-Old"]}], handler)
    with sluis.client() as client:
        client.send(wire.request(fields=[("Connection", "Upgrade"), ("Upgrade", "websocket")]))
        got = client.head()
        client.send(b"ping")
        assert client.exactly(4) == b"ping"
    assert got.status == 101 and got.all("X-New") == ["1"] and not got.all("X-Old")
    assert server.requests[0].all("X-Env") == ["prod"]


def test_local_answers(sluis, site):
    """Redirects and fixed answers obey filters; our error pages get fields beside their own."""
    filters = [{"set_response_headers": {"X-New": "1", "Cache-Control": "max-age=60", "Content-Type": "text/csv"}},
               {"remove_response_headers": ["X-Content-Type-Options"]}]
    sluis.start(site("127.0.0.1:1", route={"filters": filters, "rules": [
        {"match": {"path_exact": "/r"}, "redirect": {"status": 302, "location": "/n"}},
        {"match": {"path_exact": "/empty"}, "respond": {"status": 204}},
        {"match": {"path_exact": "/f"}, "respond": {"status": 200, "body": "fixed"}}]}))
    for target, status in (("/r", 302), ("/f", 200)):
        got = sluis.ask(target)
        assert got.status == status and got.all("X-New") == ["1"] and got.all("Cache-Control") == ["max-age=60"]
        assert not got.all("X-Content-Type-Options") and got.all("Content-Type") == ["text/csv"]
    got = sluis.ask("/empty")
    assert got.status == 204 and not got.all("Content-Length")  # RFC 9110 §8.6
    got = sluis.ask("/gone")
    assert got.status == 502 and got.all("X-New") == ["1"]
    assert got.all("Cache-Control") == ["no-store"] and got.all("X-Content-Type-Options") == ["nosniff"]
    assert got.all("Content-Type") == ["text/html; charset=utf-8"]


def test_hsts_is_the_filters(sluis, site, origin, ca):
    server, www = origin(), ca.issue("www.example.nl")
    for filters, want in (([{"set_response_headers": {"Strict-Transport-Security": "max-age=1"}}], ["max-age=1"]),
                          ([{"remove_response_headers": ["Strict-Transport-Security"]}], []), ([], ["max-age=31536000"])):
        configuration = site(server.address, listener={"protocol": "https", "certificates": ["www"]},
                             route={"filters": filters}, certificates=[{"name": "www", "chain": www.chain, "key": www.key}])
        if not sluis.process:
            sluis.start(configuration)
        else:
            assert sluis.reload(configuration).returncode == 0
        assert sluis.ask(tls=wire.client_tls(ca.certificate)).all("Strict-Transport-Security") == want


# ---- rewriting --------------------------------------------------------------------------------------
@pytest.mark.parametrize("prefix,to,target,want", [
    ("/api/", "/v2/", "/api/x?y=1", "/v2/x?y=1"), ("/api", "/v2", "/api", "/v2"), ("/api", "/v2/", "/api/", "/v2/"),
    ("/api", "/", "/api/x", "/x"), ("/api", "/", "/api", "/"), ("/api", "/", "/api/", "/"), ("/api", "/", "/api?q", "/?q"),
    ("/", "/app", "/x", "/app/x"), (None, "/app", "/", "/app/"), ("/a", "/b/c", "/a/%41/%2e./d%20", "/b/c/d%20")])
def test_rewrite_path_prefix(sluis, filtered, prefix, to, target, want):
    server = filtered([{"rewrite_path_prefix": to}], rule={"match": {"path_prefix": prefix}} if prefix else None)
    assert sluis.ask(target).status == 200
    assert server.targets == [want]


def test_rewrite_path_and_host(sluis, filtered):
    was = {"X-Was": "{host}{path}?{query}"}
    server = filtered([{"rewrite_path": "/one"}, {"rewrite_host": "app.internal:81"}, {"set_response_headers": was},
                       {"set_request_headers": was}])
    got = sluis.ask("/two/three?q=1", host="a.nl:99")
    seen = server.requests[0]
    assert seen.target == "/one?q=1" and seen.all("Host") == ["app.internal:81"]
    assert seen.header("X-Forwarded-Host") == "a.nl:99" and 'host="a.nl:99"' in seen.header("Forwarded")
    assert seen.header("X-Was") == got.header("X-Was") == "a.nl/two/three?q=1"


def test_records_say_what_was_asked_for(sluis, filtered):
    """The log names the client's host, path and program, not what servers were sent in their place."""
    filtered([{"rewrite_path": "/secret-place"}, {"rewrite_host": "internal"}, {"remove_request_headers": ["User-Agent"]}])
    assert sluis.ask("/asked?q=1", host="a.nl", fields=[("User-Agent", "probe/1")]).status == 200
    sluis.stop()
    said = subprocess.run(["grep", "-rh", "probe/1", f"{sluis.state}/audit"], capture_output=True, check=True, text=True).stdout
    assert "http://a.nl/asked" in said and "secret-place" not in said and "internal" not in said


def test_asterisk_is_not_rewritten(sluis, filtered):
    server = filtered([{"rewrite_path_prefix": "/v2"}])
    assert sluis.ask("*", "OPTIONS").status == 200
    assert server.targets == ["*"]


# ---- networks ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("filters,status", [
    ([{"allow_networks": ["10.0.0.0/8"]}], 403), ([{"allow_networks": ["10.0.0.0/8", "127.0.0.0/8"]}], 200),
    ([{"deny_networks": ["127.0.0.1"]}], 403), ([{"deny_networks": ["10.0.0.0/8"]}], 200),
    ([{"allow_networks": ["127.0.0.0/8"]}, {"deny_networks": ["127.0.0.1"]}], 403),
    ([{"allow_networks": ["127.0.0.0/8"]}, {"allow_networks": ["127.0.0.2"]}], 403)])
def test_networks(sluis, filtered, filters, status):
    server = filtered(filters)
    got = sluis.ask()
    assert got.status == status and len(server.requests) == (status == 200)


def test_networks_of_route_and_rule_both_hold(sluis, filtered):
    filtered([{"allow_networks": ["127.0.0.0/8"]}], route={"filters": [{"deny_networks": ["127.0.0.0/24"]}]})
    assert sluis.ask().status == 403


# ---- real servers -----------------------------------------------------------------------------------
@pytest.mark.parametrize("which", ["nginx", "apache"])
def test_real_servers(request, front, which):
    server = request.getfixturevalue(which)({"index.html": b"hello", "v2/a.txt": b"two"})
    sluis = front(server, route={"rules": [{
        "match": {"path_prefix": "/api"}, "backend": "web",
        "filters": [{"rewrite_path_prefix": "/v2"}, {"remove_response_headers": ["Server", "ETag"]},
                    {"set_response_headers": {"X-Front": "sluis"}}, {"set_request_headers": {"X-A": "{path}"}}]}]})
    for _ in range(2):
        got = sluis.ask("/api/a.txt")
        assert got.body == b"two" and got.header("X-Front") == "sluis" and not got.all("Server") and not got.all("ETag")
    assert sluis.ask("/index.html").all("Server")


# ---- how often, how many ----------------------------------------------------------------------------
def test_rate_limit(sluis, filtered):
    server = filtered([{"rate_limit": {"requests": 5, "per": "60s"}}])
    with sluis.client() as client:
        got = [client.ask() for _ in range(8)]
    assert [one.status for one in got] == [200] * 5 + [429] * 3 and len(server.requests) == 5
    refused = got[-1]
    wait = int(refused.header("Retry-After"))
    assert 1 <= wait <= 12  # RFC 9110 §10.2.3: one more each 12 s
    assert refused.header("RateLimit-Policy") == '"rate";q=5;w=60'
    assert refused.header("RateLimit") == f'"rate";r=0;t={wait}'
    assert refused.header("Cache-Control") == "no-store"


@pytest.mark.parametrize("key,one,other", [
    ("header:X-Tenant", {"fields": [("x-tenant", "a")]}, {"fields": [("X-Tenant", "b")]}),
    ("cookie:sid", {"fields": [("Cookie", "x=1; sid=a")]}, {"fields": [("Cookie", "xsid=a; sid=b")]}),
    ("path", {"target": "/a?1"}, {"target": "/b"}), ("host", {"host": "a.nl"}, {"host": "b.nl"})])
def test_rate_limit_keys(sluis, filtered, key, one, other):
    filtered([{"rate_limit": {"requests": 2, "per": "60s", "key": key}}])
    assert [sluis.ask(**one).status for _ in range(3)] == [200, 200, 429]
    assert [sluis.ask(**other).status for _ in range(3)] == [200, 200, 429]
    if ":" in key:  # without the field: by address, all together
        assert [sluis.ask().status for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("key,fields", [
    ("header:X-Tenant", lambda n: [("X-Tenant", f"made-up-{n}"), ("X-Tenant", "mine")]),
    ("cookie:sid", lambda n: [("Cookie", f"sid=made-up-{n}; sid=mine")]),
    ("cookie:sid", lambda n: [("Cookie", f"sid=made-up-{n}"), ("Cookie", "a=b; sid=mine")])])
def test_nobody_makes_up_keys_in_front_of_his_own(sluis, filtered, key, fields):
    """THREATS A5: servers differ in which of two they take, so neither counts, but the address does."""
    filtered([{"rate_limit": {"requests": 2, "per": "60s", "key": key}}])
    assert [sluis.ask(fields=fields(n)).status for n in range(3)] == [200, 200, 429]
    assert sluis.ask().status == 429


def test_route_limit_is_shared_by_its_rules(sluis, site, origin):
    server = origin()
    configuration = site(server.address, route={
        "filters": [{"rate_limit": {"requests": 3, "per": "60s", "key": "route"}}],
        "rules": [{"match": {"path_prefix": "/a"}, "backend": "web"}, {"match": {"path_prefix": "/b"}, "backend": "web"}]})
    sluis.start(configuration)
    assert [sluis.ask(target).status for target in ("/a", "/b", "/a/c", "/b")] == [200, 200, 200, 429]
    # a reload that changes something else gives nobody a fresh start; a changed limit begins anew
    configuration["routes"][0]["filters"].append({"set_response_headers": {"X-New": "1"}})
    assert sluis.reload(configuration).returncode == 0
    assert sluis.ask("/a").status == 429
    configuration["routes"][0]["filters"][0]["rate_limit"]["requests"] = 4
    assert sluis.reload(configuration).returncode == 0
    assert sluis.ask("/a").status == 200


def load(sluis, seconds, threads=8, **keywords):
    """Statuses and the time they took, of threads that ask as fast as they can, each on new connections."""
    statuses, end = [], time.monotonic() + seconds

    def ask():
        while time.monotonic() < end:
            with sluis.client() as client:
                for _ in range(5):
                    statuses.append(client.ask(**keywords).status)

    begin = time.monotonic()
    workers = [threading.Thread(target=ask) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return statuses, time.monotonic() - begin


@pytest.mark.parametrize("mode", ["exact", "approximate"])
def test_rate_limit_over_four_edges(sluis, filtered, mode):
    """In any span of time no more than burst + requests * time / per, however the connections are spread."""
    filtered([{"rate_limit": {"requests": 100, "per": "1s", "burst": 50, "mode": mode}}], edges=4)
    statuses, took = load(sluis, 2)
    let = statuses.count(200)
    assert set(statuses) == {200, 429}
    assert let <= 50 + 100 * took + (0 if mode == "exact" else 20)
    assert let >= 50 + 100 * 1.5  # and nobody starves


def test_an_edge_that_restarts_forgets_nothing(sluis, filtered):
    filtered([{"rate_limit": {"requests": 3, "per": "600s", "mode": "exact"}}])
    assert [sluis.ask().status for _ in range(4)] == [200, 200, 200, 429]
    os.kill(sluis.pids("edge")[0], signal.SIGKILL)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            assert sluis.ask().status == 429
            return
        except (OSError, wire.Broken):
            time.sleep(0.05)
    pytest.fail("no edge came back")


@pytest.mark.parametrize("key,status", [("source_address", 429), ("route", 503)])
def test_concurrency(sluis, filtered, key, status):
    """Counted until the end, whatever the end is: answered, refused, aborted, cut, or a tunnel."""
    go = threading.Event()

    def handler(request, stream):
        if request.target == "/wait":
            go.wait(10)
        if request.target == "/cut":
            return None
        if request.target == "/ws":
            stream.send(b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            stream.to_end()
            return None
        return origins.answer(b"ok")

    server = filtered([{"concurrency": {"requests": 2, "key": key}}], handler, edges=2)
    held = [sluis.client() for _ in range(2)]
    for client in held:
        client.send(wire.request(target="/wait"))
    server.wait_for(2)
    got = sluis.ask()
    assert got.status == status and got.header("Retry-After") == "1"
    held[0].close()  # aborted
    go.set()
    assert held[1].response().status == 200
    until(lambda: sluis.ask().status == 200)
    for _ in range(6):
        assert sluis.ask("/cut").status == 502
    until(lambda: sluis.ask().status == 200)
    tunnels = [sluis.client() for _ in range(2)]
    for client in tunnels:
        client.send(wire.request(target="/ws", fields=[("Connection", "Upgrade"), ("Upgrade", "websocket")]))
        assert client.head().status == 101
    assert sluis.ask().status == status
    tunnels[0].close()
    until(lambda: sluis.ask().status == 200)


def until(is_true, within=5):
    end = time.monotonic() + within
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_refusals_are_counted(sluis, filtered):
    port = sluis.port("metrics")
    filtered([{"deny_networks": ["127.0.0.2/32"]}, {"rate_limit": {"requests": 1, "per": "60s"}}],
             metrics={"address": f"127.0.0.1:{port}"})
    assert [sluis.ask().status for _ in range(3)] == [200, 429, 429]
    said = sluis.ask("/metrics", listener="metrics").body.decode()
    assert 'sluis_route_limited_total{route="all",rule="r"} 2' in said
    sluis.stop()
    log = subprocess.run(["grep", "-rh", "a rate limit is reached", f"{sluis.state}/audit"], capture_output=True, check=True)
    assert len(log.stdout.splitlines()) == 2


# ---- redirects --------------------------------------------------------------------------------------
@pytest.mark.parametrize("redirect,match,want", [
    ({"location": "https://b.nl{path}{search}"}, {}, "https://b.nl/x/y%20?q=1&r"),
    ({"location": "{scheme}://{host}:81/at?p={path}&{query}"}, {}, "http://a.nl:81/at?p=/x/y%20&q=1&r"),
    ({"location": "/fixed", "status": 302}, {}, "/fixed"),
    ({"scheme": "https"}, {}, "https://a.nl/x/y%20?q=1&r"), ({"scheme": "https", "port": 443}, {}, "https://a.nl/x/y%20?q=1&r"),
    ({"host": "B.nl", "port": 8443}, {}, "http://b.nl:8443/x/y%20?q=1&r"), ({"replace_full_path": "/one"}, {}, "/one?q=1&r"),
    ({"replace_prefix": "/z/"}, {"path_prefix": "/x"}, "/z/y%20?q=1&r"), ({"replace_prefix": "/"}, {"path_prefix": "/x"}, "/y%20?q=1&r"),
    ({"replace_prefix": "/"}, {"path_prefix": "/x/y%20"}, "/?q=1&r"), ({"replace_prefix": "/z"}, {}, "/z/x/y%20?q=1&r")])
@pytest.mark.parametrize("as_filter", [False, True])
def test_redirects(sluis, site, redirect, match, want, as_filter):
    """RFC 9110 §15.4: where to, with what the client asked for in canonical form."""
    rule = {"filters": [{"redirect": redirect}]} if as_filter else {"redirect": redirect}
    sluis.start(site("127.0.0.1:1", route={"rules": [{"match": match, **rule}]}))
    got = sluis.ask("//x/./y%20?q=1&r", host="A.nl:8080")
    assert got.status == redirect.get("status", 308) and got.all("Location") == [want] and got.body == b""


def test_redirects_are_not_open(sluis, site):
    """THREATS A4: nothing that a client sends changes the host that it is sent to."""
    sluis.start(site("127.0.0.1:1", route={"hosts": ["a.nl"], "rules": [
        {"match": {"path_prefix": "/p"}, "redirect": {"replace_prefix": "/"}}, {"redirect": {"location": "https://b.nl{path}{search}"}}]}))
    for target in ("/p//evil.nl", "/p/\\evil.nl", "/p/%2Fevil.nl", "/p/%5cevil.nl", "/@evil.nl", "/.evil.nl", "//evil.nl",
                   "/%0d%0aLocation:%20x", "*", "/p?//evil.nl", "/p/..//..//evil.nl"):
        got = sluis.ask(target, "OPTIONS" if target == "*" else "GET", host="a.nl")
        if got.status == 400:
            continue
        to = got.header("Location")
        assert got.status == 308 and len(got.all("Location")) == 1
        assert to.startswith("https://b.nl/") or (to.startswith("/") and to[1:2] not in ("/", "\\")), (target, to)


# ---- other origins ----------------------------------------------------------------------------------
CORS = {"allow_origins": ["https://app.nl", "https://*.app.nl", "http://app.nl:81"], "allow_methods": ["PUT", "DELETE"],
        "allow_headers": ["X-A", "X-B"], "expose_headers": ["X-Out"], "max_age": "10m"}


def said(answer):
    """The fields of the CORS protocol, without their prefix."""
    return {name.lower().removeprefix("access-control-"): value for name, value in answer.fields
            if name.lower().startswith("access-control-")}


def preflight(sluis, origin, method="PUT", headers="x-a", **keywords):
    fields = [("Origin", origin), ("Access-Control-Request-Method", method)]
    return sluis.ask(method="OPTIONS", fields=fields + ([("Access-Control-Request-Headers", headers)] if headers else []), **keywords)


def test_cors(sluis, filtered):
    server = filtered([{"cors": CORS}, {"remove_request_headers": ["Origin"]}], lambda r, s: origins.answer(
        b"x", fields=[("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true"), ("Vary", "Accept")]))
    got = preflight(sluis, "https://app.nl")
    assert got.status == 204 and not got.all("Content-Length") and not server.requests
    assert said(got) == {"allow-origin": "https://app.nl", "allow-methods": "PUT, DELETE", "allow-headers": "X-A, X-B", "max-age": "600"}
    assert "Origin" in got.all("Vary")
    for origin, is_allowed in (("https://app.nl", True), ("https://www.app.nl", True), ("https://a.b.app.nl", True),
                               ("http://app.nl:81", True), ("http://app.nl", False), ("https://app.nl:81", False),
                               ("https://evilapp.nl", False),
                               ("https://app.nl.evil.nl", False), ("https://evil.nl/.app.nl", False), ("https://.app.nl", False),
                               ("https://u@x.app.nl", False), ("null", False), ("https://APP.nl", False), ("https://app.nl ", True)):
        got = sluis.ask(fields=[("Origin", origin)])
        want = {"allow-origin": origin.strip(), "expose-headers": "X-Out"} if is_allowed else {}
        assert got.status == 200 and said(got) == want, origin
        assert sorted(got.all("Vary")) == ["Accept", "Origin"]
        if not is_allowed:
            assert said(preflight(sluis, origin)) == {}
    assert all(not r.all("Origin") for r in server.requests)
    assert said(sluis.ask()) == {} and sluis.ask(fields=[("Origin", "https://app.nl")] * 2).status == 200


def test_cors_of_any_origin(sluis, filtered):
    filtered([{"cors": {"allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"]}}])
    got = sluis.ask(fields=[("Origin", "https://any.nl")])
    assert said(got) == {"allow-origin": "*"} and not got.all("Vary")
    assert said(preflight(sluis, "https://any.nl", "PURGE", "x-q, x-r")) == {
        "allow-origin": "*", "allow-methods": "PURGE", "allow-headers": "x-q, x-r", "max-age": "5"}


def test_cors_with_credentials(sluis, filtered):
    filtered([{"cors": {"allow_origins": ["https://*.any.nl"], "allow_credentials": True}}])
    got = sluis.ask(fields=[("Origin", "https://a.any.nl")])
    assert said(got) == {"allow-origin": "https://a.any.nl", "allow-credentials": "true"} and got.all("Vary") == ["Origin"]


def test_cors_reaches_every_answer(sluis, site):
    """Scripts can read why they were refused; and OPTIONS that is no preflight goes the usual way."""
    filters = [{"cors": CORS}, {"rate_limit": {"requests": 2, "per": "60s"}}]
    sluis.start(site("127.0.0.1:1", route={"filters": filters, "rules": [
        {"match": {"path_exact": "/f"}, "respond": {"body": "fixed"}}, {"backend": "web"}], "backend": "web"}))
    origin = [("Origin", "https://app.nl")]
    for target, status in (("/f", 200), ("/", 502), ("/", 429)):
        got = sluis.ask(target, fields=origin)
        assert got.status == status and said(got)["allow-origin"] == "https://app.nl"


def test_cors_of_a_rule_takes_the_routes_place(sluis, filtered):
    filtered([{"cors": {"allow_origins": ["https://rule.nl"]}}], route={"filters": [{"cors": {"allow_origins": ["https://route.nl"]}}]})
    assert said(sluis.ask(fields=[("Origin", "https://route.nl")])) == {}
    assert said(sluis.ask(fields=[("Origin", "https://rule.nl")])) == {"allow-origin": "https://rule.nl"}
    assert sluis.ask(method="OPTIONS", fields=[("Origin", "https://rule.nl")]).status == 200


# ---- explain ----------------------------------------------------------------------------------------
def test_explain_says_what_filters_do(sluis, filtered):
    filtered([{"rate_limit": {"requests": 9, "per": "1m", "burst": 3, "mode": "exact", "key": "cookie:sid"}},
              {"deny_networks": ["10.0.0.0/8"]}, {"rewrite_path_prefix": "/v2"}, {"rewrite_host": "b.nl"},
              {"remove_request_headers": ["X-D"]}, {"add_response_headers": {"X-A": "{host}!", "X-B": "2"}}, {"cors": CORS}],
             rule={"match": {"path_prefix": "/v1"}},
             route={"filters": [{"concurrency": {"requests": 4, "key": "route"}}, {"allow_networks": ["127.0.0.0/8", "10.0.0.0/8"]}]})
    url = f"http://127.0.0.1:{sluis.port()}/v1/x"
    asked = sluis.run("explain", url, "--source", "127.0.0.1", "--json")
    assert json.loads(asked.stdout)["filters"] == [
        "allows only the networks 127.0.0.0/8, 10.0.0.0/8", "denies the networks 10.0.0.0/8",
        "concurrency limit: 4 under way, by nothing: all together (of the route)",
        "rate limit: 9 per 1m, at once 3, exact, by cookie sid", "cors: lets in https://app.nl, https://*.app.nl, http://app.nl:81",
        "servers are sent the path /v2{path_rest}", "servers are sent the host b.nl", "takes out of requests: x-d",
        "takes out of answers: access-control-allow-origin, access-control-allow-credentials, access-control-allow-methods, "
        "access-control-allow-headers, access-control-expose-headers, access-control-max-age",
        "gives to answers: X-A: {host}!; X-B: 2"]
    assert "filter        servers are sent the host b.nl" in sluis.run("explain", url, "--source", "127.0.0.1").stdout
    refused = sluis.run("explain", url, "--source", "10.0.0.1")
    assert refused.returncode == 3 and "403: the client's address is not allowed" in refused.stdout


# ---- HTTP/2 -----------------------------------------------------------------------------------------
def test_filters_over_http_2(sluis, site, origin, ca):
    """The same filters whatever the client speaks; a limit is one for all its streams."""
    server, www = origin(), ca.issue("www.example.nl")
    filters = [{"set_request_headers": {"X-Env": "{scheme} {host} {path}"}}, {"rewrite_path_prefix": "/v2"}, {"cors": CORS},
               {"remove_response_headers": ["Content-Type"]}, {"set_response_headers": {"X-New": "1"}},
               {"concurrency": {"requests": 1}}, {"rate_limit": {"requests": 2, "per": "60s", "mode": "exact"}}]
    sluis.start(site(server.address, listener={"protocol": "https", "certificates": ["www"], "http2": True},
                     route={"filters": filters}, certificates=[{"name": "www", "chain": www.chain, "key": www.key}]))
    url = f"https://www.example.nl:{sluis.port()}/a/b"
    ran = subprocess.run(["curl", "-sSi", "--http2", "--max-time", "20", "--cacert", ca.certificate, "--resolve",
                          f"www.example.nl:{sluis.port()}:127.0.0.1", "-H", "Origin: https://app.nl", url, url, url],
                         capture_output=True, check=True, text=True).stdout
    assert ran.count("HTTP/2 200") == 2 and ran.count("HTTP/2 429") == 1 and ran.count("retry-after: ") == 1
    assert ran.lower().count("access-control-allow-origin: https://app.nl") == 3 and ran.lower().count("x-new: 1") == 3
    assert server.targets == ["/v2/a/b"] * 2 and server.requests[0].all("X-Env") == ["https www.example.nl /a/b"]


@pytest.mark.parametrize("filters", [[], [{"rewrite_path_prefix": "/v2"}, {"set_response_headers": {"X-P": "{path}{search}"}}]])
def test_a_head_that_grows_too_large(sluis, filtered, filters):
    """A path whose canonical form has three times its bytes fits nowhere: refused, and nothing is told of it."""
    server = filtered(filters, listener={"limits": {"header_size": "63k"}})
    got = sluis.ask("/" + "|" * 60000)
    assert got.status == 431 and not server.requests
    assert sluis.ask("/" + "|" * 6000).status == 200
    sluis.stop()
    said_of_it = subprocess.run(["grep", "-rh", "too large to pass on", f"{sluis.state}/audit"], capture_output=True, check=True).stdout
    assert json.loads(said_of_it)["object"] == "-"
