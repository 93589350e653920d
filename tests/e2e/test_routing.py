"""Which backend a request gets: host, then the first rule in file order; redirects, fixed answers, splits."""
import pytest

from harness import wire


@pytest.fixture(name="routed")
def start_routed(sluis, site, origin):
    """routed(names, routes) starts Sluis with one server per name, each answering its name."""

    def start(names, routes, **top):
        servers = {name: origin(name=name) for name in names}
        configuration = site("127.0.0.1:1", **top)
        configuration["backends"] = [{"name": name, "servers": [server.address]} for name, server in servers.items()]
        configuration["routes"] = routes
        sluis.start(configuration)
        return servers

    return start


def told(sluis, host="a.nl", target="/", method="GET", fields=()):
    got = sluis.ask(target, method, host=host, fields=fields)
    return got.body.decode() if got.status == 200 else got.status


# ---- hosts ----------------------------------------------------------------------------------------
@pytest.mark.smoke
def test_hosts(sluis, routed):
    routed(["exact", "wild", "deep", "any"], [
        {"hosts": ["*"], "backend": "any"},
        {"hosts": ["*.example.nl"], "backend": "wild"},
        {"hosts": ["*.deep.example.nl"], "backend": "deep"},
        {"hosts": ["www.example.nl"], "backend": "exact"},
    ])
    assert told(sluis, "www.example.nl") == "exact"
    assert told(sluis, "WWW.Example.NL") == "exact"
    assert told(sluis, "www.example.nl:8080") == "exact"
    assert told(sluis, "www.example.nl.") in ("exact", 400)
    assert told(sluis, "shop.example.nl") == "wild"
    assert told(sluis, "a.deep.example.nl") == "deep"
    assert told(sluis, "example.nl") == "any"
    assert told(sluis, "wwwXexample.nl") == "any"
    assert told(sluis, "other.org") == "any"


def test_unknown_host_is_404(sluis, routed):
    routed(["a"], [{"hosts": ["a.nl"], "backend": "a"}])
    assert told(sluis, "a.nl") == "a"
    assert told(sluis, "b.nl") == 404


def test_absolute_form_decides_like_host(sluis, routed):
    routed(["a", "b"], [{"hosts": ["a.nl"], "backend": "a"}, {"hosts": ["b.nl"], "backend": "b"}])
    got = sluis.raw(b"GET http://b.nl/x HTTP/1.1\r\nHost: b.nl\r\nConnection: close\r\n\r\n")
    assert got.endswith(b"b")


def test_listeners_of_a_route(sluis, site, origin):
    inner, outer = origin(name="inner"), origin(name="outer")
    configuration = site("127.0.0.1:1")
    configuration["listeners"].append({"name": "office", "address": f"127.0.0.1:{sluis.port('office')}", "protocol": "http"})
    configuration["backends"] = [{"name": "inner", "servers": [inner.address]}, {"name": "outer", "servers": [outer.address]}]
    configuration["routes"] = [{"listeners": ["office"], "hosts": ["a.nl"], "backend": "inner"},
                               {"hosts": ["a.nl"], "backend": "outer"}]
    sluis.start(configuration)
    assert sluis.ask(host="a.nl").body == b"outer"
    assert sluis.ask(host="a.nl", listener="office").body == b"inner"


# ---- paths and the rest of a match -------------------------------------------------------------------
def test_paths(sluis, routed):
    routed(["exact", "api", "image", "rest"], [{"hosts": ["a.nl"], "backend": "rest", "rules": [
        {"match": {"path_exact": "/api"}, "backend": "exact"},
        {"match": {"path_prefix": "/api"}, "backend": "api"},
        {"match": {"path_regex": "^/img/[0-9]+$"}, "backend": "image"},
    ]}])
    for target, want in (("/api", "exact"), ("/api?x=1", "exact"), ("/api/", "api"), ("/api/v1", "api"), ("/apis", "rest"),
                         ("/API", "rest"), ("/img/12", "image"), ("/img/x", "rest"), ("/img/12/", "rest"), ("/", "rest"),
                         ("/x/../api/v1", "api"), ("/%61pi/v1", "api")):
        assert told(sluis, target=target) == want, target


def test_first_rule_in_file_order_wins(sluis, routed):
    routed(["one", "two"], [{"hosts": ["a.nl"], "rules": [
        {"match": {"path_prefix": "/"}, "backend": "one"},
        {"match": {"path_prefix": "/api/"}, "backend": "two"},
    ]}])
    assert told(sluis, target="/api/x") == "one"


def test_methods_headers_query_source(sluis, routed):
    routed(["method", "header", "query", "source", "rest"], [{"hosts": ["a.nl"], "backend": "rest", "rules": [
        {"match": {"path_prefix": "/m", "methods": ["POST", "PURGE"]}, "backend": "method"},
        {"match": {"path_prefix": "/h", "headers": {"X-Version": "2"}}, "backend": "header"},
        {"match": {"path_prefix": "/q", "query": {"beta": "1"}}, "backend": "query"},
        {"match": {"path_prefix": "/s", "source": ["127.0.0.0/8"]}, "backend": "source"},
        {"match": {"path_prefix": "/t", "source": ["192.0.2.0/24"]}, "backend": "source"},
    ]}])
    assert told(sluis, target="/m", method="POST") == "method"
    assert told(sluis, target="/m", method="PURGE") == "method"
    assert told(sluis, target="/m") == "rest"
    assert told(sluis, target="/h", fields=[("x-version", "2")]) == "header"
    assert told(sluis, target="/h", fields=[("X-Version", "3")]) == "rest"
    assert told(sluis, target="/h") == "rest"
    assert told(sluis, target="/q?a=b&beta=1") == "query"
    assert told(sluis, target="/q?beta=11") == "rest"
    assert told(sluis, target="/q?xbeta=1") == "rest"
    assert told(sluis, target="/s") == "source"
    assert told(sluis, target="/t") == "rest"


def test_source_is_not_what_the_client_says(sluis, routed):
    """A6: an address in a header decides nothing."""
    routed(["in", "out"], [{"hosts": ["a.nl"], "backend": "out", "rules": [{"match": {"source": ["192.0.2.0/24"]}, "backend": "in"}]}])
    assert told(sluis, fields=[("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1")]) == "out"


# ---- what a rule can do -------------------------------------------------------------------------------
def test_redirect_and_fixed_answer(sluis, routed):
    routed(["rest"], [{"hosts": ["a.nl"], "backend": "rest", "rules": [
        {"match": {"path_exact": "/old"}, "redirect": {"status": 308, "location": "/new"}},
        {"match": {"path_prefix": "/no"}, "respond": {"status": 403, "body": "no\n", "content_type": "text/plain"}},
    ]}])
    got = sluis.ask("/old", host="a.nl")
    assert got.status == 308 and got.header("Location") == "/new"
    with sluis.client() as client:
        for method in ("GET", "HEAD", "GET"):
            got = client.ask(method, "/no/way", host="a.nl")
            assert got.status == 403 and got.header("Content-Type") == "text/plain"
            assert got.body == (b"" if method == "HEAD" else b"no\n")
        assert client.ask(host="a.nl").body == b"rest"


def test_fixed_answer_to_a_body(sluis, routed):
    """The body that nobody reads is either skipped, or the connection ends and says so."""
    routed(["rest"], [{"hosts": ["a.nl"], "backend": "rest", "rules": [
        {"match": {"path_prefix": "/no"}, "respond": {"status": 403, "body": "no\n", "content_type": "text/plain"}}]}])
    with sluis.client() as client:
        client.send(wire.request("POST", "/no", body=b"GET /smuggled HTTP/1.1\r\nHost: a.nl\r\n\r\n", host="a.nl"))
        got = client.response()
        assert got.status == 403
        if (got.header("Connection") or "").lower() == "close":
            assert client.is_closed()
        else:
            assert client.ask(host="a.nl").body == b"rest"


def test_weighted_split(sluis, routed):
    routed(["a", "b"], [{"hosts": ["a.nl"], "rules": [
        {"match": {"path_prefix": "/"}, "backends": [{"name": "a", "weight": 90}, {"name": "b", "weight": 10}]}]}])
    with sluis.client() as client:
        got = [client.ask(host="a.nl").body for _ in range(1000)]
    # 1000 draws with p = 0.1: five standard deviations are 47.
    assert 50 < got.count(b"b") < 150


def test_weight_zero_gets_nothing(sluis, routed):
    routed(["a", "b"], [{"hosts": ["a.nl"], "rules": [
        {"match": {"path_prefix": "/"}, "backends": [{"name": "a", "weight": 1}, {"name": "b", "weight": 0}]}]}])
    with sluis.client() as client:
        assert {client.ask(host="a.nl").body for _ in range(100)} == {b"a"}


def test_many_routes(sluis, routed):
    """The right one of a thousand."""
    routed(["a", "b"], [{"hosts": [f"h{n}.nl"], "backend": "b" if n == 777 else "a"} for n in range(1000)])
    assert told(sluis, "h777.nl") == "b" and told(sluis, "h778.nl") == "a" and told(sluis, "h1000.nl") == 404


def test_regex_does_not_explode(sluis, routed):
    """A11: a pattern that backtracks without end costs one request, not the process."""
    routed(["a", "rest"], [{"hosts": ["a.nl"], "backend": "rest", "rules": [{"match": {"path_regex": "^/(a+)+$"}, "backend": "a"}]}])
    with sluis.client(timeout=20) as client:
        client.send(wire.request(target="/" + "a" * 4000 + "!", host="a.nl"))
        assert client.response().status in (200, 400, 500, 503)
    assert told(sluis, target="/aaa") == "a"
