"""The gateway end to end: log-in, applications, and sessions that end (P1, P6, P7; THREATS A5, A15, A17)."""
import base64
import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

from harness import gateway as gates, memory
from harness.origin import answer

EVERYONE = {"access": {"allow": {"everyone": True}}}
NAMES = {"Cookie": None}


def echo(request, _):
    return answer(request.header("X-Sluis-Identity") or "-", fields=[("Content-Type", "text/plain")])


@pytest.fixture(name="gate")
def gateway(sluis, ca, origin):
    """gate(handler, apps=, ...): a gateway with an application "cases" for everybody."""

    def start(handler=echo, **options):
        server = origin(handler)
        made = gates.Gateway(sluis, ca, {"cases": (server.address, EVERYONE), **options.pop("apps", {})}, **options)
        made.server = server
        return made.start()

    return start


def events(sluis, action):
    """Records of the audit log with this action, once there is one."""
    end = time.monotonic() + 5
    while True:
        ran = sluis.run("audit", "tail", "--json", "-n", "500")
        rows = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
        found = [row for row in rows if row.get("action") == action]
        if found or time.monotonic() > end:
            return found
        time.sleep(0.1)


def verify(folder, key, message, signature):
    """ES256 by OpenSSL (RFC 7518 §3.4, §6.2.1): raises when it is not this key's."""
    der = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + b"\4" + decoded(key["x"]) + decoded(key["y"])
    numbers = [signature[at:at + 32].lstrip(b"\0") for at in (0, 32)]
    numbers = [(b"\0" if n[0] & 0x80 else b"") + n for n in numbers]
    numbers = b"".join(b"\2" + bytes([len(n)]) + n for n in numbers)
    for name, content in (("key", der), ("message", message), ("signature", b"\x30" + bytes([len(numbers)]) + numbers)):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    subprocess.run(["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", "key", "-signature", "signature", "message"],
                   cwd=folder, check=True, capture_output=True)


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.smoke
def test_log_in_and_application(gate, sluis, folder):
    """Invitation, password and one-time code by forms; then an application that is told who it is, and can prove it."""
    g = gate()
    anna = g.person("anna", "staff")
    at = anna.go(g.url("/a?b=1", "cases"))
    assert (at.status, at.url, at.text) == (200, g.url("/a?b=1", "cases"), "anna")
    seen = g.server.requests[-1]
    assert seen.target == "/a?b=1" and seen.header("Cookie") is None
    # the assertion, by the keys that the application's own host publishes (RFC 7515 §5.2, RFC 7517 §5, RFC 7518 §3.4)
    head, payload, signature = seen.header("X-Sluis-Assertion").split(".")
    said, claims = json.loads(decoded(head)), json.loads(decoded(payload))
    keys = anna.once(g.url("/.sluis/jwks.json", "cases"), headers=NAMES).json["keys"]
    key = next(k for k in keys if k["kid"] == said["kid"])
    verify(folder, key, f"{head}.{payload}".encode(), decoded(signature))
    with pytest.raises(subprocess.CalledProcessError):
        verify(folder, key, f"{head}.{payload}x".encode(), decoded(signature))
    assert said["alg"] == "ES256" and claims["sub"] == "anna" and claims["aud"] == "cases"
    assert claims["exp"] - claims["iat"] <= 60 and abs(claims["iat"] - time.time()) < 30
    # what a client says about itself is not what the application hears
    anna.once(g.url("/", "cases"), headers={"x_sluis_identity": "root", "X-Sluis-Assertion": "a.b.c"})
    assert [f for f in g.server.requests[-1].fields if "sluis" in f[0].lower().replace("_", "-")] == [
        ("X-Sluis-Identity", "anna"), ("X-Sluis-Assertion", seen.header("X-Sluis-Assertion"))]
    # and again, from another browser, as on every other day
    again = gates.Person(g, "anna")
    again.password, again.secret, again.used_step = anna.password, anna.secret, anna.used_step
    at = again.log_in(g.url("/later", "cases"))
    assert (at.url, at.text) == (g.url("/later", "cases"), "anna")
    assert events(sluis, "login.ok") and events(sluis, "access.granted") and events(sluis, "invite.used")


def test_without_log_in(gate):
    """Whatever is asked for without a session, no byte of it reaches an application, on any route (P1)."""
    other = {"access": {"allow": {"group": "nobody"}}}
    g = gate(apps={"wiki": ("127.0.0.1:9", other)})
    stranger = gates.Person(g)
    cookies = [None, "__Host-sluis-app=" + "a" * 42 + "A", "__Host-sluis-app=" + "a" * 43, "__Host-sluis=" + "a" * 42 + "A; x=y"]
    paths = ["/", "/x", "/.sluis/../x", "//x", "/%2e%2e/x", "/.sluis/enter?code=" + "a" * 42 + "A", "/.SLUIS/x", "/.sluis/logout"]
    for app in g.apps:
        for path in paths:
            for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "TRACE"):
                for cookie in cookies:
                    got = stranger.once(g.url(path, app), method, headers={"Cookie": cookie, "Sec-Fetch-Mode": None, "Accept": "*/*"})
                    assert got.status in (303, 400, 401, 403, 404, 405, 501), (app, path, method, cookie, got.status)
    assert g.server.bytes == b""
    # a browser's navigation is led to the portal, and a script's request is told where to log in (RFC 9110 §11.6.1)
    got = stranger.once(g.url("/deep?x", "cases"))
    assert got.status == 303 and got.header("Location").startswith(g.url("/enter?app=cases&nonce="))
    got = stranger.once(g.url("/deep", "cases"), headers={"Sec-Fetch-Mode": "cors"})
    assert got.status == 401 and got.json["renew"] == g.url("/enter?app=cases")
    assert got.header("WWW-Authenticate") == f'Sluis realm="cases", renew="{g.url("/enter?app=cases")}"'
    # who is logged in and not allowed is told so by the portal: default deny
    anna = g.person("anna")
    at = anna.go(g.url("/", "wiki"))
    assert at.status == 403 and urllib.parse.urlsplit(at.url).hostname == gates.PORTAL
    assert anna.once(g.url("/", "wiki"), headers={"Sec-Fetch-Mode": "cors"}).status == 401


def test_wrong_password_and_log_out(gate, sluis):
    g = gate()
    anna = g.person("anna")
    assert anna.go(g.url("/", "cases")).text == "anna"
    kept = anna.copy_of_cookies()
    assert anna.log_out().status == 200
    assert not anna.cookies[gates.PORTAL]
    # cookies of before are worth nothing (THREATS A15)
    anna.cookies = kept
    assert anna.once(g.url("/", "cases"), headers={"Sec-Fetch-Mode": "cors"}).status == 401
    assert anna.go(g.url("/")).path == "/login"
    n = len(g.server.requests)
    # unknown account, wrong password, wrong code: the same steps and words (nothing tells which)
    pages = []
    for user, password in (("nobody", "x" * 12), ("anna", "x" * 12), ("anna", gates.PASSWORD)):
        who = gates.Person(g, source="127.0.9.1")
        at = who.submit(who.go(g.url("/login")), "/login", user=user, password=password)
        assert any(f["action"].endswith("/login/code") for f in at.page.forms), at.text
        at = who.submit(at, "/login/code", code="000000")
        pages.append((at.status, re.sub(r"[0-9a-f]{32}", "", " ".join(at.page.words()))))
        who.close()
        time.sleep(1.2)
    assert pages[0] == pages[1] == pages[2], pages
    assert len(g.server.requests) == n
    assert events(sluis, "login.failed") and events(sluis, "logout")


def test_copied_cookie(gate, sluis):
    """A cookie that comes from another network, or from another program, opens nothing and raises an alarm."""
    g = gate()
    anna = g.person("anna")
    assert anna.go(g.url("/", "cases")).text == "anna"
    n = len(g.server.requests)
    for source, ciphers in (("127.7.7.7", None), (None, "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384")):
        thief = gates.Person(g, "anna", source, g.context(ciphers))
        thief.cookies = anna.copy_of_cookies()
        assert thief.once(g.url("/", "cases"), headers={"Sec-Fetch-Mode": "cors"}).status == 401
        at = thief.go(g.url("/", "cases"))
        assert at.path == "/login" and at.page.form("/login"), at.url
        at = thief.go(g.url("/factors"))
        assert at.path == "/login", at.url
        thief.close()
    assert len(g.server.requests) == n
    assert len(events(sluis, "session.moved")) >= 2


def test_rotated_token_comes_back(gate, sluis):
    """THREATS A15: a copy of a token that was rotated meanwhile ends the session and what belongs to it, for both."""
    g = gate(gateway={"session": {"rotate": "10s"}})
    anna = g.person("anna")
    assert anna.go(g.url("/", "cases")).text == "anna"
    stolen = anna.copy_of_cookies()
    time.sleep(11)  # times are whole seconds
    assert anna.once(g.url("/factors")).status == 200
    assert anna.cookies[gates.PORTAL]["__Host-sluis"] != stolen[gates.PORTAL]["__Host-sluis"]
    assert anna.once(g.url("/factors")).status == 200
    time.sleep(11.6)  # answers that cross have ten seconds, and the second that they end in
    assert anna.once(g.url("/factors")).status == 200
    thief = gates.Person(g)
    thief.cookies = stolen
    assert thief.go(g.url("/factors")).path == "/login"
    assert anna.go(g.url("/factors")).path == "/login"
    assert anna.once(g.url("/", "cases"), headers={"Sec-Fetch-Mode": "cors"}).status == 401
    assert events(sluis, "session.reuse")


class Stream:
    """An answer that does not end, and when it was cut."""

    def __init__(self, person, url):
        at = urllib.parse.urlsplit(url)
        self.connection = gates.Connection(at.hostname, person.gateway.port, person.source, person.context)
        cookie = "; ".join(f"{k}={v}" for k, v in person.cookies[at.hostname].items())
        self.connection.request("GET", at.path, headers={"Cookie": cookie, "Sec-Fetch-Mode": "cors"})
        self.answer = self.connection.getresponse()
        self.first = self.answer.read(5)
        self.cut_at, self.complete = None, False

    def watch(self):
        try:
            self.complete = bool(self.answer.read() or True)
        except Exception:  # noqa: BLE001  # however it ends
            self.complete = False
        self.cut_at = time.monotonic()


@pytest.mark.limit(180)
def test_revocation_cuts_streams(gate, sluis, capsys):
    """P7: 500 answers are under way, in 50 sessions of two people; all are cut within a second of the command."""
    over = threading.Event()

    def drip(request, stream):
        stream.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhello")
        over.wait(120)

    g = gate(drip, factors={"require": [["password"]]},
             gateway={"cells": {"total": 2000, "per_address": 1500, "before_login": 1500}})
    people, streams = [], []
    for name in ("anna", "bert"):
        with gates.Person(g, name) as first:
            first.enrol(g.add(name), want_totp=False)
    for n in range(50):
        person = gates.Person(g, ("anna", "bert")[n % 2], f"127.0.0.{n + 2}")
        person.password = gates.PASSWORD
        at = person.log_in()
        assert at.status == 200 and "__Host-sluis" in person.cookies[gates.PORTAL], (n, at.status, at.url, at.text)
        people.append(person)
    # the way to the application, without the answer that does not end
    for person in people:
        at = person.once(g.url("/", "cases"))
        at = person.once(at.header("Location"))
        assert at.header("Location", "").startswith("https:"), (at.status, at.headers, person.cookies)
        at = person.once(at.header("Location"))
        assert at.status == 303 and "__Host-sluis-app" in person.cookies[g.host("cases")], at.headers
        streams += [Stream(person, g.url("/stream", "cases")) for _ in range(10)]
    assert len(streams) == 500 and all(s.first == b"hello" for s in streams)
    threads = [threading.Thread(target=s.watch, daemon=True) for s in streams]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    assert all(s.cut_at is None for s in streams)
    began = time.monotonic()
    g.command("session", "revoke", "--all", "--yes")
    done = time.monotonic()
    for thread in threads:
        thread.join(10)
    over.set()
    waits = sorted((s.cut_at or began + 99) - began for s in streams)
    with capsys.disabled():
        print(f"\n500 streams of 50 sessions: command {done - began:.3f} s, first cut {waits[0]:.3f} s, last {waits[-1]:.3f} s")
    assert not any(s.complete for s in streams)
    assert waits[-1] - (done - began) < 1


def test_http2(gate):
    """The same over HTTP/2, with a client of its own kind: forms, cookies in crumbs, and a stream that is reset (RFC 9113 §8.2.3)."""

    def drip(request, stream):
        if request.target != "/drip":
            return echo(request, stream)
        stream.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhello")
        time.sleep(8)
        return None

    g = gate(drip, gateway={"session": {"binding": "network"}})
    anna = g.person("anna")
    assert anna.go(g.url("/", "cases")).text == "anna"

    def curl(url, *more, **keywords):
        at = urllib.parse.urlsplit(url)
        crumbs = [word for k, v in anna.cookies[at.hostname].items() for word in ("-H", f"Cookie: {k}={v}")]
        return subprocess.run(["curl", "-sS", "--http2", "--cacert", g.ca.certificate, "--resolve", f"{at.hostname}:{g.port}:127.0.0.1",
                               "-w", "\n%{http_version} %{http_code}", *crumbs, "-H", "Cookie: own=1", *more, url],
                              capture_output=True, text=True, timeout=30, check=False, **keywords)

    assert curl(g.url("/", "cases")).stdout == "anna\n2 200"
    assert g.server.requests[-1].header("Cookie") == "own=1"
    page = curl(g.url("/sessions")).stdout
    assert page.endswith("2 200")
    token = re.search(r'name="t" value="([^"]+)"', page).group(1)
    posted = curl(g.url("/language"), "-d", f"t={token}&language=nl&back=%2Fsessions", "-H", "Sec-Fetch-Site: same-origin", "-D", "-")
    assert "303" in posted.stdout and "location: /sessions" in posted.stdout
    under_way = []
    thread = threading.Thread(target=lambda: under_way.append((curl(g.url("/drip", "cases")), time.monotonic())))
    thread.start()
    g.server.wait_for(len(g.server.requests) + 1)
    began = time.monotonic()
    g.command("session", "revoke", "--user", "anna")
    thread.join(10)
    ran, ended = under_way[0]
    assert ran.returncode in (16, 18, 92) and ended - began < 1.5, (ran, ended - began)


def test_web_socket(gate):
    """An upgrade goes on with the session, not from a page of another origin, and ends with it (RFC 6455 §10.2)."""

    def upgrade(request, stream):
        if not request.header("Upgrade"):
            return answer("page")
        stream.sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        while stream.sock.recv(100):
            pass
        return None

    g = gate(upgrade)
    anna = g.person("anna")
    assert anna.go(g.url("/", "cases")).text == "page"
    cookie = "; ".join(f"{k}={v}" for k, v in anna.cookies[g.host("cases")].items())

    def ask(site):
        raw = socket.create_connection(("127.0.0.1", g.port), 10)
        sock = anna.context.wrap_socket(raw, server_hostname=g.host("cases"))
        sock.sendall((f"GET /ws HTTP/1.1\r\nHost: {g.host('cases')}:{g.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                      f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: {site}\r\n"
                      f"Cookie: {cookie}\r\n\r\n").encode())
        got = b""
        while b"\r\n\r\n" not in got:
            got += sock.recv(1000)
        return sock, got

    assert b" 403 " in ask("https://evil.example.org")[1]
    sock, got = ask(g.url("", "cases"))
    while not got.endswith(b"hello"):
        got += sock.recv(100)
    assert b" 101 " in got
    g.command("session", "revoke", "--user", "anna")
    began = time.monotonic()
    try:
        assert sock.recv(100) == b""
    except OSError:
        pass
    assert time.monotonic() - began < 1


@pytest.mark.skipif("os.getuid() != 0", reason="reads the memory of other users' processes")
def test_cell_keeps_no_secret_of_its_own_user(gate, sluis):
    """THREATS A: what was shown is wiped where it was read: not even the cell that it came to has a token, password or code."""
    g = gate()
    anna = g.person("anna")
    assert anna.go(g.url("/a", "cases")).text == "anna" and anna.go(g.url("/b", "cases")).text == "anna"
    with gates.Person(g, "anna") as again:
        again.password, again.secret, again.used_step = anna.password, anna.secret, anna.used_step
        needles = {"password": gates.PASSWORD.encode(), "password in a form": gates.PASSWORD.replace(" ", "+").encode()}
        at = again.submit(again.go(g.url("/login")), "/login", user="anna", password=gates.PASSWORD)
        found = {pid: memory.found_in(pid, needles) for pid in sluis.pids("cell")}
        assert not any(found.values()), found
        assert again.submit(at, "/login/code", code=again.code()).status == 200
        assert again.go(g.url("/c", "cases")).text == "anna"
        for n, person in enumerate((anna, again)):
            for jar in person.cookies.values():
                for name, value in jar.items():
                    needles[f"{name} {n}"], needles[f"{name} {n}, raw"] = value.encode(), decoded(value.split(".")[0])
        assert len(needles) >= 10
        pids = sluis.pids("cell")
        assert len(pids) == 4
        for pid in pids:
            assert memory.found_in(pid, needles) == []
            assert memory.found_in(pid, {"what every cell knows": b"login.example.nl"})
