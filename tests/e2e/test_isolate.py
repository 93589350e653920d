"""Isolation (promise P8): one command, everywhere within a second, what runs included; over restarts, never less than said."""
import json
import os
import signal
import socket
import sqlite3
import threading
import time

import pytest

from harness import gateway as gates, wire
from harness.origin import answer
from harness.wait import until
from test_streams import Plain, echo as echo_bytes

SECOND = 1.5  # what P8 promises, and what a loaded machine takes to look at its watch
OFFICE = [{"name": "office", "networks": ["127.0.0.1/32"]}, {"name": "partners", "networks": ["127.0.0.3/32"]}]
UPGRADE = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
           ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")]


def isolate(sluis, *words, reason="a test", status=0):
    ran = sluis.run("isolate", *words, "--reason", reason)
    assert ran.returncode == status, ran.stderr + ran.stdout
    return ran.stdout + ran.stderr


def levels(sluis):
    return {(row["scope"], row["name"]): row for row in json.loads(sluis.run("isolate", "--json").stdout)}


def records(sluis, **wanted):
    ran = sluis.run("audit", "tail", "--json", "-n", "2000")
    rows = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    return [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]


def ask(sluis, method="GET", source="127.0.0.1", listener="public", **keywords):
    with sluis.client(listener, bind=source) as client:
        return client.ask(method, **keywords)


def public(sluis, server, **top):
    return {"edges": 2,
            "listeners": [{"name": "public", "address": f"127.0.0.1:{sluis.port('public')}", "protocol": "http"},
                          {"name": "lan", "address": f"127.0.0.1:{sluis.port('lan')}", "protocol": "http", "inside": True},
                          {"name": "raw", "address": f"127.0.0.1:{sluis.port('raw')}", "protocol": "tcp", "backend": "raw"}],
            "backends": [{"name": "web", "servers": [server.address]}, {"name": "raw", "servers": [top.pop("raw", "127.0.0.1:9")]}],
            "routes": [{"name": "web", "hosts": ["*"], "backend": "web",
                        "rules": [{"match": {"path_prefix": "/gone"}, "redirect": {"location": "/"}}]}],
            "zones": OFFICE, "isolation": {"news": "https://status.example.nl/?a=1&b"}, **top}


class Held:
    """A connection that something long runs on: when it was cut, and whether by its end."""

    def __init__(self, client):
        self.client, self.cut_at, self.more = client, None, 0
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        try:
            while self.client.sock.recv(65536):
                self.more += 1
        except OSError:
            pass
        self.cut_at = time.monotonic()


def serve(request, stream):
    """A WebSocket that says nothing, an answer without end, and what was asked."""
    if request.header("Upgrade"):
        stream.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n")
        stream.sock.recv(1)
        return None
    if request.target == "/endless":
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhello")
        stream.sock.recv(1)
        return None
    return answer(f"{request.method} {request.target}")


@pytest.mark.smoke
def test_closed_reaches_what_runs(sluis, origin, capsys):
    """Streams, downloads, waiting uploads and tunnels are cut, new requests refused, and no byte more reaches a server."""
    server, plain = origin(serve), Plain(echo_bytes)
    sluis.start(public(sluis, server, raw=plain.address))
    held = []
    for n in range(10):
        for target, fields in (("/ws", UPGRADE), ("/endless", [])):
            client = sluis.client("public", bind=f"127.0.0.{n + 1}").__enter__()
            client.send(wire.request(target=target, fields=fields))
            client.head()
            held.append(Held(client))
    uploads = sluis.client().__enter__()
    uploads.send(b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
    held.append(Held(uploads))
    raw = sluis.client("raw").__enter__()
    raw.send(b"hello")
    assert raw.exactly(5) == b"hello"
    held.append(Held(raw))
    kept = sluis.client().__enter__()
    assert kept.ask().status == 200
    time.sleep(0.3)
    assert all(h.cut_at is None for h in held)
    began = time.monotonic()
    isolate(sluis, "--all", "closed")
    until(lambda: all(h.cut_at for h in held), 10)
    waits = sorted(h.cut_at - began for h in held)
    with capsys.disabled():
        print(f"\n{len(held)} streams: last cut {waits[-1]:.3f} s after the command began")
    assert waits[-1] < SECOND
    count = len(server.requests)
    got = kept.ask(fields=[("Accept", "text/html"), ("Accept-Language", "nl-BE, en;q=0.5")])
    assert got.status == 503 and b'<html lang="nl">' in got.body and b"Gesloten" in got.body and b" Sinds <time>20" in got.body
    assert b'href="https://status.example.nl/?a=1&amp;b"' in got.body
    got = ask(sluis)
    said = json.loads(got.body)  # RFC 9457
    assert got.status == 503 and got.header("Content-Type") == "application/problem+json" and int(got.header("Retry-After")) > 0
    assert said["level"] == "closed" and said["status"] == 503 and said["since"].endswith("Z") and said["news"].startswith("https://status")
    assert ask(sluis, target="/gone/x").status == 503, "redirects are closed too"
    with pytest.raises(OSError):
        assert sluis.client("raw").__enter__().is_closed()
        raise ConnectionResetError  # it may be closed as well
    assert ask(sluis, listener="lan").status == 200, "inside use goes on"
    assert len(server.requests) == count + 1
    assert sluis.status() and sluis.run("audit", "verify").returncode == 0
    isolate(sluis, "--listener", "lan", "closed")
    assert ask(sluis, listener="lan").status == 503
    for scope in ("--all",), ("--listener", "lan"):
        isolate(sluis, *scope, "open")
    assert ask(sluis).status == 200 and ask(sluis, listener="lan").status == 200
    plain.stop()


def test_levels_of_public_listeners(sluis, origin):
    """Who gets through, by address and method, under each level; every record says which level held."""
    server = origin(serve)
    sluis.start(public(sluis, server))
    home, office, partner = "127.0.0.2", "127.0.0.1", "127.0.0.3"
    everything = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "PROPFIND"}
    rows = [("step_up", {home, office, partner}, True), ("no_new_sessions", {home, office, partner}, True),
            ("office_only", {office}, True), ("partners_only", {partner}, True), ("read_only", {home, office, partner}, False),
            ("pilot", set(), False), ("closed", set(), False)]
    for level, who, may_write in rows:
        isolate(sluis, level)
        for source in (home, office, partner):
            want = 200 if source in who else (503 if level == "closed" else 403)
            assert ask(sluis, source=source).status == want, (level, source)
            assert ask(sluis, "HEAD", source=source).status == want, (level, source)
            want = want if may_write or want != 200 else 403
            for method in ("POST", "PUT", "DELETE", "PATCH", "PROPFIND"):
                assert ask(sluis, method, source=source).status == want, (level, source, method)
        passed = [row for row in records(sluis, kind="access", level=level) if row["result"] == "200"]
        assert {row["action"] for row in passed} <= (everything if may_write else {"GET", "HEAD"})
    isolate(sluis, "office_only", "read_only")
    assert (ask(sluis, source=office).status, ask(sluis, source=home).status, ask(sluis, "POST", source=office).status) == (200, 403, 403)
    isolate(sluis, "open")
    isolate(sluis, "--zone", "internet", "closed")
    assert (ask(sluis, source=office).status, ask(sluis, source=home).status, ask(sluis, source=partner).status) == (200, 503, 200)
    isolate(sluis, "--zone", "partners", "read_only")
    assert ask(sluis, "POST", source=partner).status == 403 and ask(sluis, source=partner).status == 200
    assert set(levels(sluis)) == {("zone", "internet"), ("zone", "partners")}
    with sluis.client("public", bind=office) as client:  # a WebSocket may write
        isolate(sluis, "--listener", "public", "read_only")
        client.send(wire.request(target="/ws", fields=UPGRADE))
        assert client.response().status == 403


def test_refusals_of_the_command(sluis, origin):
    sluis.start(public(sluis, origin(serve)))
    rows = [(("clsed",), 2, "there is no level clsed"), (("--app", "nope", "closed"), 1, 'no app named "nope"'),
            (("--zone", "nope", "closed"), 1, 'no zone named "nope"'), (("--listener", "x" * 65, "closed"), 2, "64 bytes"),
            (("open", "closed"), 2, "open goes with no other"), (("closed", "--until", "yesterday"), 2, "--until"),
            (("closed", "--until", "2020-01-01T00:00:00Z"), 2, "--until"),
            (("--all", "--app", "a", "closed"), 2, "one of --all"), ((), 2, "which level")]
    for words, status, text in rows:
        assert text in isolate(sluis, *words, status=status), words
    ran = sluis.run("isolate", "closed")
    assert ran.returncode == 2 and "say why" in ran.stderr
    assert levels(sluis) == {} and ask(sluis).status == 200
    assert "everything is open" in sluis.run("isolate").stdout


def test_methods_in_disguise(sluis, origin):
    """Under read_only a field that a framework takes for the method is as good as that method (THREATS A5, A26)."""
    server = origin(serve)
    sluis.start(public(sluis, server))
    fields = [("X-HTTP-Method-Override", "DELETE"), ("x_http_method", "PUT"), ("X.Method.Override", "PATCH")]
    assert all(ask(sluis, fields=[field]).status == 200 for field in fields)
    isolate(sluis, "read_only")
    seen = len(server.requests)
    assert [ask(sluis, fields=[field]).status for field in fields] == [403] * 3
    assert ask(sluis, fields=[("X-HTTP-Methods", "x")]).status == 200 and len(server.requests) == seen + 1


def test_a_change_of_names(sluis, origin):
    """What runs is looked at when the configuration changes, too; a level whose name has gone is told by an alarm."""
    server = origin(serve)
    configuration = public(sluis, server)
    sluis.start(configuration)
    isolate(sluis, "office_only")
    with sluis.client("public", bind="127.0.0.1") as client:
        client.send(wire.request(target="/ws", fields=UPGRADE))
        assert client.head().status == 101
        held = Held(client)
        time.sleep(0.2)
        assert held.cut_at is None
        moved = dict(configuration, zones=[{"name": "office", "networks": ["127.0.0.9/32"]}])
        assert sluis.reload(moved).returncode == 0
        until(lambda: held.cut_at, 5)
    isolate(sluis, "open")
    isolate(sluis, "--zone", "office", "closed")
    assert ask(sluis, source="127.0.0.9").status == 503
    assert sluis.reload(dict(configuration, zones=[{"name": "bureau", "networks": ["127.0.0.9/32"]}])).returncode == 0
    until(lambda: records(sluis, kind="alarm", action="isolation.orphaned", object="zone office"))
    assert levels(sluis)[("zone", "office")]["configured"] is False


def test_until_and_exercise(sluis, origin):
    """A level that ends by itself; an exercise that changes nothing and is told in log and metrics (R19)."""
    server = origin(serve)
    sluis.start(public(sluis, server, metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"}))
    isolate(sluis, "closed", "--until", "2s")
    assert ask(sluis).status == 503
    until(lambda: ask(sluis).status == 200, 10)
    assert levels(sluis) == {}
    isolate(sluis, "closed", "--exercise")
    assert ask(sluis).status == 200 and levels(sluis)[("all", None)]["exercise"] is True
    until(lambda: records(sluis, kind="access", exercise="closed"))
    with sluis.client("metrics") as client:
        text = client.ask(target="/metrics").body.decode()
    assert 'sluis_listener_exercised_total{listener="public"} 1' in text
    assert records(sluis, action="isolation.exercise")
    assert records(sluis, action="isolation.set")[-1]["detail"].endswith("its time is over")


def test_survives(sluis, origin, folder):
    """kill -9 of the authority and of the edges, reload, upgrade, restart: as closed as before (P8)."""
    server = origin(serve)
    configuration = public(sluis, server)
    sluis.start(configuration)
    isolate(sluis, "--listener", "public", "closed")
    since = levels(sluis)[("listener", "public")]["since"]
    refused = []
    over = threading.Event()

    def load():
        while not over.is_set():
            try:
                refused.append(ask(sluis).status)
            except OSError:
                pass

    thread = threading.Thread(target=load)
    thread.start()
    for role in ("authority", "edge"):
        for pid in sluis.pids(role):
            os.kill(pid, signal.SIGKILL)
        until(lambda role=role: sluis.pids(role) and sluis.run("isolate").returncode == 0, 15)
    assert sluis.reload(configuration).returncode == 0
    assert sluis.run("upgrade").returncode == 0
    until(lambda: levels(sluis), 10)
    over.set()
    thread.join()
    assert set(refused) == {503} and len(refused) > 20
    assert sluis.stop() == 0
    sluis.start()
    assert ask(sluis).status == 503 and levels(sluis)[("listener", "public")]["since"] == since
    assert server.requests == []
    # what of the store can't be understood closes everything, and says so
    assert sluis.stop() == 0
    with sqlite3.connect(os.path.join(sluis.state, "authority", "sluis.db")) as db:
        db.execute("UPDATE level SET mask = 65535")
    db.close()
    sluis.may_break = True
    sluis.start()
    assert ask(sluis, listener="lan").status == 200 and ask(sluis).status == 503
    assert levels(sluis)[("all", None)]["levels"] == ["closed"]
    assert records(sluis, kind="alarm", action="isolation.damaged")
    isolate(sluis, "open")
    assert ask(sluis).status == 200
    # ... and one that is no store at all does not start
    assert sluis.stop() == 0
    with open(os.path.join(sluis.state, "authority", "sluis.db"), "r+b") as file:
        file.write(b"no store at all.")
    sluis.launch()
    assert sluis.process.wait(20) != 0 and "the store is damaged" in sluis.stderr()
    sluis.process = None


PAGE = b"<!doctype html><title>t</title><body><h1>Case 7</h1></body></html>"


def pages(request, stream):
    """HTML in each way that a body can come, and what is none."""
    html = [("Content-Type", "text/html; charset=utf-8"), ("ETag", '"x"'), ("Cache-Control", "max-age=60"),
            ("Last-Modified", "Mon, 02 Nov 2026 00:00:00 GMT")]
    if request.target == "/chunked":
        head = "".join(f"{name}: {value}\r\n" for name, value in html).encode()
        stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + head + b"\r\n" + wire.chunks(PAGE[:20], PAGE[20:]))
        return None
    if request.target == "/close":
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + PAGE)
        return None
    if request.target == "/large":
        return answer(PAGE * 20000, fields=html)
    if request.target == "/coded":
        return answer(PAGE, fields=[*html, ("Content-Encoding", "br")])
    if request.target == "/json":
        return answer(b"{}", fields=[("Content-Type", "application/json")])
    if request.target == "/none":
        return answer(b"", status=204)
    return answer(PAGE, fields=html)


def test_banner(sluis, origin):
    """Under read_only each page says so, at its end, where HTML takes it into the body; nothing else is touched."""
    server = origin(pages)
    sluis.start(public(sluis, server))
    isolate(sluis, "read_only")
    browser = [("Accept", "text/html,*/*;q=0.8"), ("Sec-Fetch-Mode", "navigate"), ("Accept-Encoding", "gzip, br"),
               ("If-None-Match", '"x"'), ("Range", "bytes=0-5")]
    for target in ("/", "/chunked", "/close", "/large"):
        for language, word in (("nl", b"Alleen lezen"), ("de", b"Reading only")):
            got = ask(sluis, target=target, fields=[*browser, ("Accept-Language", language)])
            whole = PAGE * (20000 if target == "/large" else 1)
            assert got.status == 200 and got.body.startswith(whole), target
            behind = got.body[len(whole):]
            assert behind.startswith(b'\n<p role="status"') and word in behind and b"<time>20" in behind
            assert got.all("Cache-Control") == ["no-store"] and got.header("ETag") is got.header("Last-Modified") is None
            assert not any(server.requests[-1].header(name) for name in ("Accept-Encoding", "If-None-Match", "Range"))
    for target, fields, body in (("/coded", browser, PAGE), ("/json", browser, b"{}"), ("/none", browser, b""),
                                 ("/", [("Accept", "*/*")], PAGE), ("/", [*browser[:1], ("Sec-Fetch-Mode", "cors")], PAGE)):
        assert ask(sluis, target=target, fields=fields).body == body, (target, fields)
    assert ask(sluis, "HEAD", fields=browser).header("Content-Length") == str(len(PAGE))
    isolate(sluis, "open")
    got = ask(sluis, fields=browser)
    assert got.body == PAGE and got.header("ETag") == '"x"'


def test_datagrams(sluis):
    """What a session of datagrams carries nobody can see: it ends under any level that would have to look into it."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(0.5)
    sluis.start({"edges": 1, "zones": OFFICE,
                 "listeners": [{"name": "dns", "address": f"127.0.0.1:{sluis.port('dns')}", "protocol": "udp", "backend": "dns"}],
                 "backends": [{"name": "dns", "servers": [f"127.0.0.1:{server.getsockname()[1]}"]}]})

    def passes(client):
        client.sendto(b"hello", ("127.0.0.1", sluis.port("dns")))
        try:
            return server.recv(100) == b"hello"
        except TimeoutError:
            return False

    def client(source):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((source, 0))
        return made

    home, office = client("127.0.0.2"), client("127.0.0.1")
    assert passes(home) and passes(office)
    for level, want in (("office_only", (False, True)), ("closed", (False, False)), ("read_only", (False, False)), ("open", (True, True)),
                        ("no_new_sessions", (True, True))):
        isolate(sluis, level)
        time.sleep(0.3)
        assert (passes(home), passes(office)) == want, level
    assert not passes(client("127.0.0.1")), "a new session"
    # others who come at that moment take the table before the tick does, and what runs ends all the same (P8)
    isolate(sluis, "open")
    home, over = client("127.0.0.2"), threading.Event()
    assert passes(home)

    def crowd():
        while not over.is_set():
            client("127.0.0.1").sendto(b"new", ("127.0.0.1", sluis.port("dns")))

    thread = threading.Thread(target=crowd, daemon=True)
    thread.start()
    isolate(sluis, "no_new_sessions", "closed")
    time.sleep(0.5)
    over.set()
    thread.join()
    ended = [row for row in records(sluis, action="datagrams") if row["origin"] == f"127.0.0.2:{home.getsockname()[1]}"]
    assert ended and ended[-1]["detail"] == "isolation"
    assert "isolation" in {row.get("detail") for row in records(sluis, action="datagrams")}


# ---- applications ----------------------------------------------------------------------------------
def who(request, stream):
    if request.target == "/endless" or request.header("Upgrade"):
        return serve(request, stream)
    return answer(f"{request.header('X-Sluis-Identity')} {request.method} {request.target}")


ANY = {"allow": {"everyone": True}}


@pytest.fixture(name="gate")
def gateway(sluis, ca, origin):
    server = origin(who)
    apps = {"cases": (server.address, {"access": ANY, "read_only": {"also": [{"method": "POST", "path_prefix": "/search"}]}}),
            "mail": (server.address, {"access": ANY})}
    made = gates.Gateway(sluis, ca, apps, factors={"require": [["password"]]}, zones=[{"name": "office", "networks": ["127.0.0.1/32"]}])
    made.server = server
    return made.start()


def status(person, gate, app, method="GET", path="/x", **keywords):
    return person.once(gate.url(path, app), method, headers={"Sec-Fetch-Mode": "cors", "Accept": "*/*"}, **keywords).status


class Endless:
    """An answer that does not end, of somebody who has entered the application."""

    def __init__(self, person, gate, app):
        self.connection = gates.Connection(gate.host(app), gate.port, person.source, person.context)
        cookie = "; ".join(f"{k}={v}" for k, v in person.cookies[gate.host(app)].items())
        self.connection.request("GET", "/endless", headers={"Cookie": cookie, "Sec-Fetch-Mode": "cors"})
        self.answer = self.connection.getresponse()
        assert self.answer.read(5) == b"hello"
        self.over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        try:
            self.answer.read()
        except Exception:  # noqa: BLE001  # however it ends
            pass
        self.over.set()


@pytest.mark.limit(120)
def test_levels_of_applications(gate, sluis):
    """Each level on one application, for people who are logged in; the other one goes on."""
    gate.command("group", "add", "pilot")
    anna = gate.person("anna", "pilot", source="127.0.0.2", want_totp=False)   # at home, of the pilot group
    bert = gate.person("bert", source="127.0.0.1", want_totp=False)            # at the office
    carl = gate.person("carl", source="127.0.0.2", want_totp=False)            # at home
    people = (anna, bert, carl)
    for person in people:
        for app in ("cases", "mail"):
            assert person.go(gate.url("/x", app)).text == f"{person.name} GET /x"

    def of(app="cases", **keywords):
        return [status(person, gate, app, **keywords) for person in people]

    streams = [Endless(person, gate, "cases") for person in people]
    mail = Endless(carl, gate, "mail")
    # read_only: what is declared safe passes, what is not never reaches the server
    began = time.monotonic()
    isolate(sluis, "--app", "cases", "read_only")
    assert of() == [200, 200, 200]
    seen = len(gate.server.requests)
    assert of(method="POST") == of(method="DELETE") == of(method="POST", path="/searching") == [403] * 3
    assert len(gate.server.requests) == seen
    assert of(method="POST", path="/search/1") == [200] * 3 and of("mail", method="POST") == [200] * 3
    assert not any(s.over.is_set() for s in streams), "reading goes on"
    got = carl.once(gate.url("/x", "cases"), "POST", fields={"a": "b"}, headers={"Accept-Language": "nl"})
    assert got.status == 403 and "Alleen lezen" in got.text and 'lang="nl"' in got.text
    # office_only: streams of who is at home are cut
    isolate(sluis, "--app", "cases", "office_only")
    until(lambda: streams[0].over.is_set() and streams[2].over.is_set(), SECOND)
    assert not streams[1].over.is_set() and not mail.over.is_set()
    assert of() == [403, 200, 403] and of("mail") == [200] * 3
    # pilot: a group, wherever; only the authority knows who that is
    isolate(sluis, "--app", "cases", "pilot")
    until(lambda: streams[1].over.is_set(), SECOND)
    assert of() == [200, 403, 403]
    assert carl.once(gate.url("/x", "cases")).status == 403
    # no_new_sessions: who is in goes on; who is not can't enter, nor log in when it is over all
    isolate(sluis, "--app", "cases", "no_new_sessions")
    assert of() == [200] * 3
    dora = gates.Person(gate, "dora", "127.0.0.2")
    dora.enrol(gate.add("dora"), want_totp=False)
    assert dora.go(gate.url("/x", "mail")).text == "dora GET /x"
    assert dora.go(gate.url("/x", "cases")).status == 403
    isolate(sluis, "--app", "cases", "open")
    isolate(sluis, "--all", "no_new_sessions")
    dora.cookies.clear()
    assert dora.log_in().status == 403 and of() == [200] * 3
    isolate(sluis, "--all", "open")
    assert dora.log_in().status == 200
    # step_up: everybody shows a factor again, once
    time.sleep(1.1)
    isolate(sluis, "--app", "cases", "step_up")
    assert of() == [401] * 3 and of("mail") == [200] * 3
    at = anna.go(gate.url("/x", "cases"))
    assert at.path.startswith("/login"), at.url
    at = anna.submit(at, "/login", password=gates.PASSWORD)
    assert anna.go(gate.url("/x", "cases")).text == "anna GET /x" and of() == [200, 401, 401]
    # closed: the portal still works, and says so
    isolate(sluis, "--app", "cases", "closed")
    assert of() == [503] * 3 and of("mail") == [200] * 3 and not mail.over.is_set()
    isolate(sluis, "--all", "closed")
    until(mail.over.is_set, SECOND)
    assert of("mail") == [503] * 3 and anna.once(gate.url("/login")).status == 503
    assert time.monotonic() - began < 100


def test_a_taken_over_cell_ends(gate, sluis):
    """The authority takes a cell's way to a closed application's servers, and ends it, whatever it thinks of levels."""
    carl = gate.person("carl", source="127.0.0.2", want_totp=False)
    assert carl.go(gate.url("/x", "cases")).text == "carl GET /x"
    held = set(sluis.pids("cell"))
    assert held
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    isolate(sluis, "--app", "cases", "closed")
    until(lambda: len(held & set(sluis.pids("cell"))) < len(held), 6)
    assert status(carl, gate, "cases") == 503
    for pid in held & set(sluis.pids("cell")):
        os.kill(pid, signal.SIGKILL)  # the portal's: it may go on
