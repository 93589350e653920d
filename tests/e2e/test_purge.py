"""`sluis cache purge`: every edge forgets, and what is on its way at that moment is not kept either (RFC 9111 §4.4; THREATS A26)."""
import json
import threading
import time

import pytest

from harness.origin import answer
from harness.wait import until

FRESH = ("Cache-Control", "max-age=60")
HOST, OTHER = "www.example.nl", "other.example.nl"


@pytest.fixture
def web(origin):
    """A server whose answers are numbered."""
    server = origin(lambda request, _: answer(str(len(server.requests)), fields=[FRESH]))
    return server


def get(sluis, target="/", host=HOST, fields=(), method="GET"):
    with sluis.client() as client:
        return client.ask(method, target, host=host, fields=fields)


def purge(sluis, *arguments):
    ran = sluis.run("cache", "purge", *arguments, "--json")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.smoke
@pytest.mark.parametrize("arguments, gone", [
    (["http://www.example.nl/a?x=1"], {"/a?x=1"}), (["http://WWW.example.nl:80/b/../%61?x=1"], {"/a?x=1"}),
    (["http://www.example.nl/a", "--prefix"], {"/a?x=1", "/a/b"}), (["https://www.example.nl/a?x=1"], set()),
    (["http://www.example.nl:1/a?x=1"], set()), (["--host", HOST], {"/a?x=1", "/a/b", "/c"}),
    (["--host", "example.nl"], set()), (["--all"], {"/a?x=1", "/a/b", "/c", "other"})])
def test_what_is_meant(front, web, arguments, gone):
    """A URL, what begins like one, a host, everything; in any spelling; another host, scheme or port is not meant."""
    sluis = front(web, route={"cache": True})
    urls = {"/a?x=1": (HOST, "/a?x=1"), "/a/b": (HOST, "/a/b"), "/c": (HOST, "/c"), "other": (OTHER, "/c")}
    first = {name: get(sluis, target, host).body for name, (host, target) in urls.items()}
    report = purge(sluis, *arguments)
    assert report["entries"] == len(gone) and report["bytes"] == 2048 * len(gone) and report["complete"]
    assert {name for name, (host, target) in urls.items() if get(sluis, target, host).body != first[name]} == gone


def test_every_edge(front, web):
    """Each edge has a cache of its own: each is asked, answers, and is named; a person reads the same. Who did it is on record (P9)."""
    sluis = front(web, route={"cache": True}, edges=3)
    for _ in range(30):
        get(sluis)
    assert len(web.requests) <= 3
    report = purge(sluis, f"http://{HOST}/")
    assert sorted(row["edge"] for row in report["edges"]) == [0, 1, 2]
    assert {row["pid"] for row in report["edges"]} == set(sluis.pids("edge"))
    assert report["entries"] == sum(row["entries"] for row in report["edges"]) == len(web.requests)
    ran = sluis.run("cache", "purge", "--all")
    assert ran.stdout.splitlines()[-1] == "together: 0 entries, 0 bytes", ran.stdout
    until(lambda: sluis.run("audit", "tail").stdout.count("cache.purged") == 2)
    text = sluis.run("audit", "tail").stdout
    asked = [line for line in text.splitlines() if "cache.purge" in line]
    assert len(asked) == 4 and all("uid:" in line for line in asked) and f"http://{HOST}/" in asked[0]
    assert "everything" in asked[2]


def test_the_clients_url(front, web):
    """What servers are asked for may be another path: the URL is the one of the client."""
    sluis = front(web, route={"cache": True, "rules": [{"match": {"path_prefix": "/v1/"}, "backend": "web",
                                                       "filters": [{"rewrite_path_prefix": "/v2/"}]}]})
    get(sluis, "/v1/x")
    assert web.requests[-1].target == "/v2/x"
    assert purge(sluis, f"http://{HOST}/v2/x")["entries"] == 0
    assert purge(sluis, f"http://{HOST}/v1/x")["entries"] == 1


class Gate:
    """A server that holds the answer to a GET back until it is told."""

    def __init__(self, *fields, validates=False):
        self.open, self.fields, self.validates, self.n = threading.Event(), [FRESH, *fields], validates, 0
        self.waiting = threading.Event()

    def __call__(self, request, _):
        if request.method != "GET":
            return answer("done")
        self.n += 1
        mine = self.n
        condition = self.validates and request.header("If-None-Match")
        if mine == 1 + self.validates:
            self.waiting.set()
            self.open.wait(10)
        return answer("", status=304, fields=self.fields) if condition and mine == 2 else answer(str(mine), fields=self.fields)


@pytest.mark.parametrize("how", ["purge", "purge_other", "post"])
def test_a_fill_under_way(front, origin, how):
    """RFC 9111 §4.4: what was asked for before a purge, or before an unsafe request to its URL was answered, is not stored."""
    gate = Gate()
    sluis = front(origin(gate), route={"cache": True})
    got = []
    thread = threading.Thread(target=lambda: got.append(get(sluis, "/x").body))
    thread.start()
    assert gate.waiting.wait(10)
    if how == "post":
        assert get(sluis, "/x", method="POST").status == 200
    else:
        purge(sluis, f"http://{HOST}/" + ("x" if how == "purge" else "y"))
    gate.open.set()
    thread.join()
    assert got == [b"1"] and get(sluis, "/x").body == b"2", "its own client is answered, and nobody else"
    assert get(sluis, "/x").body == b"2", "what is asked for afterwards is kept"


@pytest.mark.parametrize("how", ["purge", "post"])
def test_a_validation_under_way(front, origin, how):
    """The same for a 304 that comes too late: it does not make fresh again what was removed."""
    gate = Gate(("ETag", '"v"'), ("Cache-Control", "no-cache"), validates=True)
    gate.fields = [("ETag", '"v"'), ("Cache-Control", "max-age=1")]
    sluis = front(origin(gate), route={"cache": True})
    assert get(sluis, "/x").body == b"1"
    time.sleep(2.1)
    got = []
    thread = threading.Thread(target=lambda: got.append(get(sluis, "/x").body))
    thread.start()
    assert gate.waiting.wait(10)
    if how == "post":
        assert get(sluis, "/x", method="POST").status == 200
    else:
        assert purge(sluis, "--all")["entries"] == 1
    gate.fields = [("ETag", '"v"'), FRESH]
    gate.open.set()
    thread.join()
    assert got == [b"1"] and get(sluis, "/x").body == b"3"


def test_not_used_when_the_server_fails(front, origin):
    """RFC 5861 §4 with a purge: what is gone is not served because its server fails."""
    state = {"fails": False}

    def serve(_request, _stream):
        if state["fails"]:
            until(lambda: state.get("purged"))
            return answer("no", status=503)
        return answer("old", fields=[("Cache-Control", "max-age=0, stale-if-error=60"), ("ETag", '"v"')])

    sluis = front(origin(serve), route={"cache": True})
    get(sluis)
    state["fails"] = True
    got = []
    thread = threading.Thread(target=lambda: got.append(get(sluis).status))
    thread.start()
    time.sleep(0.3)
    purge(sluis, "--all")
    state["purged"] = True
    thread.join()
    assert got == [503]


def test_refused(front, web):
    sluis = front(web, route={"cache": True})
    for arguments in [[], ["http://a/", "--all"], ["--host", "a/b"], ["--host", "a", "--prefix"], ["a.nl/x"], ["http://a/%2f"],
                      ["ftp://a/"], ["http://a/" + "x" * 3000], ["http://a/", "http://b/"]]:
        ran = sluis.run("cache", "purge", *arguments)
        assert ran.returncode == 2 and ran.stderr and not ran.stdout, arguments
    assert sluis.run("cache").returncode == 2
