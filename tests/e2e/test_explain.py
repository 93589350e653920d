"""sluis explain says what the edge does: every row is asked of both, of the running instance and of the file."""
import json

import pytest

from harness import sluis as instance

ROUTES = [
    {"name": "shop", "hosts": ["www.example.nl"], "backend": "rest", "rules": [
        {"name": "old", "match": {"path_exact": "/old"}, "redirect": {"status": 308, "location": "/new"}},
        {"name": "api", "match": {"path_prefix": "/api", "methods": ["GET", "PROPFIND"]}, "backend": "api"},
        {"name": "beta", "match": {"path_prefix": "/b", "query": {"beta": "1"}}, "backend": "api"},
        {"name": "two", "match": {"path_prefix": "/v", "headers": {"X-Version": "2"}}, "backend": "api"},
        {"name": "far", "match": {"path_prefix": "/far", "source": ["192.0.2.0/24"]}, "backend": "api"},
        {"name": "img", "match": {"path_regex": "^/img/[0-9]+$"}, "respond": {"status": 403, "body": "no\n"}},
    ]},
    {"name": "wild", "hosts": ["*.example.nl"], "rules": [{"name": "only", "match": {"path_exact": "/only"}, "backend": "api"}]},
]

# host, target, method, fields, the rule that takes it or the status that Sluis answers, condition of the last rule before it
ROWS = [
    ("www.example.nl", "/", "GET", [], "shop/default", "path does not match ^/img/[0-9]+$"),
    ("www.example.nl", "/old", "GET", [], "shop/old", None),
    ("www.example.nl", "/api/x?y=1", "GET", [], "shop/api", "path is not /old"),
    ("www.example.nl", "/x/../api/v", "GET", [], "shop/api", None),
    ("www.example.nl", "/api", "POST", [], "shop/default", None),
    ("www.example.nl", "/b?beta=1", "GET", [], "shop/beta", "path is not below /api"),
    ("www.example.nl", "/b?beta=2", "GET", [], "shop/default", None),
    ("www.example.nl", "/v", "GET", [("x-version", "2")], "shop/two", "path is not below /b"),
    ("www.example.nl", "/v", "GET", [("x-version", "3")], "shop/default", None),
    ("www.example.nl", "/far", "GET", [], "shop/default", None),
    ("www.example.nl", "/img/12", "GET", [], "shop/img", "path is not below /far"),
    ("x.example.nl", "/only", "GET", [], "wild/only", None),
    ("x.example.nl", "/", "GET", [], 404, None),
    ("other.org", "/", "GET", [], 404, None),
    ("www.example.nl", "/%2f", "GET", [], 400, None),
]


def explain(sluis, url, *options, source=None):
    where = ["--config", sluis.config] if source == "file" else ["--state", sluis.state]
    ran = instance.command("explain", url, "--json", *where, *options)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def start(sluis, site, origin):
    api, rest = origin(name="api"), origin(name="rest")
    configuration = site("127.0.0.1:1")
    configuration["backends"] = [{"name": "api", "servers": [api.address, {"name": "b", "address": api.address, "weight": 3}]},
                                 {"name": "rest", "servers": [rest.address]}]
    configuration["routes"] = ROUTES
    sluis.start(configuration)


@pytest.mark.smoke
def test_says_what_the_edge_does(sluis, site, origin):
    """route_judge is the edge's own; this holds the rest of the way to it (promise: one implementation)."""
    start(sluis, site, origin)
    action = {"shop/old": 308, "shop/img": 403, "shop/api": b"api", "shop/beta": b"api", "shop/two": b"api",
              "wild/only": b"api", "shop/default": b"rest"}
    for host, target, method, fields, want, reason in ROWS:
        url = f"http://{host}:{sluis.port()}{target}"
        options = ["--method", method, *(word for name, value in fields for word in ("--header", f"{name}: {value}"))]
        status, told = explain(sluis, url, *options)
        from_file = explain(sluis, url, *options, source="file")  # servers have no health there
        assert (status, {**told, "backends": 0}) == (from_file[0], {**from_file[1], "backends": 0}), (host, target)
        got = sluis.ask(target, method, host=host, fields=fields)
        if isinstance(want, int):
            assert (status, told["result"]["status"], got.status) == (3, want, want), (host, target, told)
            continue
        assert (status, told["result"]["rule"]) == (0, want), (host, target, told)
        assert told["rules"][-1] == {"rule": want, "takes": True, "why": "every condition holds"}
        assert not any(rule["takes"] for rule in told["rules"][:-1])
        assert reason is None or told["rules"][-2]["why"] == reason, told["rules"]
        assert action[want] in (got.status, got.body), (host, target, got.status, got.body)


def test_source_and_reasons(sluis, site, origin):
    start(sluis, site, origin)
    url = f"http://www.example.nl:{sluis.port()}"
    assert explain(sluis, f"{url}/far", "--source", "192.0.2.9")[1]["result"]["rule"] == "shop/far"
    reasons = {rule["rule"]: rule["why"] for rule in explain(sluis, f"{url}/far/b")[1]["rules"]}
    assert reasons["shop/far"] == "source 127.0.0.1 is not in its network"
    reasons = {rule["rule"]: rule["why"] for rule in explain(sluis, f"{url}/api", "--method", "PUT")[1]["rules"]}
    assert reasons["shop/api"] == "method is none of GET, PROPFIND"
    reasons = {rule["rule"]: rule["why"] for rule in explain(sluis, f"{url}/b?beta=")[1]["rules"]}
    assert reasons["shop/beta"] == "no query parameter beta=1"
    reasons = {rule["rule"]: rule["why"] for rule in explain(sluis, f"{url}/v")[1]["rules"]}
    assert reasons["shop/two"] == "no header x-version: 2"


def test_servers_have_their_state(sluis, site, origin):
    start(sluis, site, origin)
    assert sluis.run("server", "drain", "api/b").returncode == 0
    _, told = explain(sluis, f"http://www.example.nl:{sluis.port()}/api")
    assert [(s["name"], s["state"], s["weight"]) for s in told["backends"][0]["servers"]][1] == ("b", "drain", 3)
    text = sluis.run("explain", f"http://www.example.nl:{sluis.port()}/api").stdout
    assert "rule          shop/api: every condition holds\n" in text
    assert "drain, unknown, weight 3" in text or "drain, up, weight 3" in text


def test_what_is_done_on_the_way(sluis, site):
    backends = [{"name": "a", "servers": ["127.0.0.1:1"], "balance": "round_robin", "persistence": {"cookie": True}},
                {"name": "b", "servers": ["127.0.0.1:2"]}]
    rules = [{"name": "x", "match": {"path_prefix": "/x"}, "backend": "a", "mirror": "b",
              "filters": [{"set_request_headers": {"X-Env": "prod"}}, {"rewrite_path_prefix": "/y"}]}]
    sluis.write({**site("127.0.0.1:1"), "backends": backends, "routes": [{"name": "r", "hosts": ["*"], "rules": rules, "backend": "b"}]})
    url = f"http://a.nl:{sluis.port()}"
    _, told = explain(sluis, f"{url}/x", source="file")
    assert len(told["filters"]) == 3 and told["mirror"] == {"name": "b", "percent": 100}
    assert (told["backends"][0]["balance"], told["backends"][0]["persistence"]) == ("round_robin", "cookie")
    _, told = explain(sluis, f"{url}/", source="file")
    assert (told["filters"], told["mirror"], told["backends"][0]["persistence"]) == ([], None, "none")
    text = instance.command("explain", f"{url}/x", "--config", sluis.config).stdout
    assert "\nmirror        100 % of requests to b\n" in text
    assert "backend       a, by round_robin, kept at a server by cookie\n" in text


def test_delivery(sluis, site):
    """A rule's own compress and cache, those of its route, and none."""
    rules = [{"name": "own", "match": {"path_prefix": "/own"}, "backend": "web", "compress": {"algorithms": ["br"],
        "types": ["text/html"], "level": "small"},
              "cache": {"max_object": "10k", "even_with_cookies": True}},
             {"name": "none", "match": {"path_prefix": "/none"}, "backend": "web", "compress": False, "cache": False}]
    sluis.write(site("127.0.0.1:1", route={"rules": rules, "compress": True, "cache": True}))
    told = {path: explain(sluis, f"http://a.nl:{sluis.port()}{path}", source="file")[1] for path in ("/own", "/none", "/")}
    assert told["/own"]["compress"] == {"algorithms": ["br"], "level": "small", "min_size": 1024, "types": ["text/html"],
        "even_with_credentials": False}
    assert told["/own"]["cache"]["max_object"] == 10240 and told["/own"]["cache"]["even_with_cookies"]
    assert told["/none"]["compress"] is None and told["/none"]["cache"] is None
    assert set(told["/"]["compress"]["algorithms"]) == {"gzip", "br", "zstd"} and not told["/"]["cache"]["even_with_cookies"]
    text = instance.command("explain", f"http://a.nl:{sluis.port()}/own", "--config", sluis.config).stdout
    assert "\ncompress      br (small), answers from 1k on of 1 type\n" in text and "\ncache         answers up to 10k, " in text
    text = instance.command("explain", f"http://a.nl:{sluis.port()}/none", "--config", sluis.config).stdout
    assert "compress" not in text and "\ncache" not in text


def test_certificates(sluis, site, ca, origin):
    """SNI chooses; a name without a certificate, or an address, is refused before any request."""
    server = origin(name="a")
    made = ca.issue("www.example.nl", "*.shop.nl", file="explain")
    configuration = site(server.address, listener={"protocol": "https", "certificates": ["www"]},
                         certificates=[{"name": "www", "chain": made.chain, "key": made.key}])
    sluis.start(configuration)
    port = sluis.port()
    status, told = explain(sluis, f"https://www.example.nl:{port}/")
    assert status == 0 and told["certificate"] == {"name": "www", "is_default": False}
    assert explain(sluis, f"a.shop.nl:{port}/")[0] == 0  # without a scheme: https
    for host in ("other.org", "127.0.0.1"):
        status, told = explain(sluis, f"https://{host}:{port}/")
        assert status == 3 and "handshake is refused" in told["result"]["why"], told
    status, told = explain(sluis, f"https://www.example.nl:{port}/", "--header", "Host: other.org")
    assert (status, told["result"]["status"]) == (3, 421)  # RFC 9110 §15.5.20
    assert explain(sluis, "https://www.example.nl/")[1]["result"]["why"].startswith("no listener accepts")
    assert explain(sluis, "http://www.example.nl/", "--listener", "public")[0] == 0


def test_connections_without_requests(sluis, site):
    """tcp and tls_passthrough: by source, by server name; https says so too where names are passed on."""
    configuration = site("127.0.0.1:1")
    tcp, tls = sluis.port("tcp"), sluis.port("tls")
    configuration["listeners"] += [{"name": "tcp", "address": f"127.0.0.1:{tcp}", "protocol": "tcp"},
                                   {"name": "tls", "address": f"127.0.0.1:{tls}", "protocol": "tls_passthrough"},
                                   {"name": "udp", "address": f"127.0.0.1:{tcp}", "protocol": "udp", "backend": "db"}]
    configuration["backends"] += [{"name": "db", "servers": ["127.0.0.1:2"]}, {"name": "near", "servers": ["127.0.0.1:3"]}]
    configuration["routes"][0]["listeners"] = ["public"]
    configuration["routes"] += [
        {"name": "t", "listeners": ["tcp"], "rules": [{"name": "near", "match": {"source": ["192.0.2.0/24"]}, "backend": "near"},
                                                      {"name": "rest", "backend": "db"}]},
        {"name": "n", "listeners": ["tls"], "hosts": ["*.example.nl"], "rules": [
            {"name": "near", "match": {"source": ["192.0.2.0/24"]}, "backend": "near"}]},
        {"name": "x", "listeners": ["tls"], "hosts": ["db.example.nl"], "backend": "db"}]
    sluis.write(configuration)

    def told(url, *options):
        status, said = explain(sluis, url, *options, source="file")
        return status, said["listener"] and said["listener"]["protocol"], said["result"].get("rule", said["result"].get("why"))

    assert told(f"tcp://10.0.0.1:{tcp}") == (3, None, "no listener accepts that scheme, port and address")
    assert told(f"tcp://127.0.0.1:{tcp}") == (0, "tcp", "t/rest")
    assert told(f"tcp://127.0.0.1:{tcp}/", "--source", "192.0.2.1") == (0, "tcp", "t/near")
    assert told(f"http://a.nl:{tcp}/x") == told(f"https://a.nl:{tcp}/x") == (0, "tcp", "t/rest")
    assert told(f"tls://DB.example.nl:{tls}") == told(f"https://db.example.nl:{tls}/y") == (0, "tls_passthrough", "x/default")
    assert told(f"tls://a.example.nl:{tls}", "--source", "192.0.2.1") == (0, "tls_passthrough", "n/near")
    assert told(f"tls://a.example.nl:{tls}")[2] == "no rule takes connections from there: the connection is refused"
    assert told(f"udp://127.0.0.1:{tcp}") == (0, "udp", "udp/default")
    assert "has that server name" in told(f"tls://other.org:{tls}")[2] and "without a server name" in told(f"tls://127.0.0.1:{tls}")[2]
    assert told(f"tcp://127.0.0.1:{sluis.port()}")[2].startswith("no listener accepts")
    assert told("tcp://127.0.0.1:1", "--listener", "public")[2] == "this listener takes requests: ask with http:// or https://"
    status, said = explain(sluis, f"tcp://127.0.0.1:{tcp}", source="file")
    assert status == 0 and said["request"]["method"] is None and said["backends"][0]["name"] == "db"
    assert [rule["why"] for rule in said["rules"]] == ["source 127.0.0.1 is not in its network", "every condition holds"]
    text = instance.command("explain", f"tls://db.example.nl:{tls}", "--config", sluis.config).stdout
    assert f"listener      tls, tls_passthrough 127.0.0.1:{tls}\nhost          db.example.nl (exact), 1 rule\n" in text
    assert "result        passes the connection to a backend\n" in text


def test_networks_that_may_not(sluis, site):
    """`allow_networks` and `deny_networks` are judged with --source."""
    sluis.write(site("127.0.0.1:1", route={"filters": [{"allow_networks": ["192.0.2.0/24"]}, {"deny_networks": ["192.0.2.9/32"]}]}))
    for source, status in [("192.0.2.1", 0), ("192.0.2.9", 3), ("198.51.100.1", 3)]:
        got, told = explain(sluis, f"http://a.nl:{sluis.port()}/", "--source", source, source="file")
        assert got == status and told["result"]["status"] == (403 if status else None), source


@pytest.mark.parametrize("arguments", [["tcp://127.0.0.1"], ["tcp:127.0.0.1:1"], [], ["a.nl", "b.nl"],
                                       ["http://user@a.nl/"], ["http://a.nl", "--source", "x"],
                                       ["http://a.nl", "--nonsense"]])
def test_questions_that_make_no_sense(folder, arguments):
    path = f"{folder}/s.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write('listeners:\n  - {name: p, address: "127.0.0.1:80", protocol: http}\n'
                   'backends:\n  - {name: a, servers: ["127.0.0.1:1"]}\nroutes:\n  - {hosts: ["*"], backend: a}\n')
    assert instance.command("explain", *arguments, "--config", path).returncode == 2
    assert instance.command("explain", "http://a.nl", "--config", path).returncode == 0
    assert instance.command("explain", "http://a.nl", "--config", f"{path}.no").returncode == 1
