"""The gateway from outside: strangers, other sites, thieves of cookies, hostile applications.

THREATS A1, A2, A4, A5, A12, A14, A15, A17, A18, A19, A21, A27.
"""
import base64
import concurrent.futures
import json
import os
import re
import socket
import subprocess
import tempfile
import time

import pytest

from harness import gateway as gates, http2, origin as origins, sluis as instance
from harness.gateway import PASSWORD, Person
from harness.origin import answer

EVERYONE = {"access": {"allow": {"everyone": True}}}
OURS = "__Host-sluis"
HOSTILE = [("Set-Cookie", f"{OURS}-app={'Q' * 43}; Path=/; Secure"), ("Set-Cookie", f" {OURS}={'Q' * 43}; Path=/; Secure"),
           ("set-cookie", "__host-SLUIS-enter=x; Path=/; Secure"), ("Set-Cookie", "mine=1")]


def serve(request, stream):
    if request.target == "/hostile":
        stream.sock.sendall(b"HTTP/1.1 103 Early Hints\r\nSet-Cookie: " + OURS.encode() + b"-app=x\r\nLink: </x>\r\n\r\n")
        return answer("x", fields=HOSTILE)
    if request.target == "/slow":
        time.sleep(0.5)
    return answer(request.header("X-Sluis-Identity") or "nobody")


class Place:
    """A gateway with two applications, two people, and the state folder where its log lies."""

    def __init__(self, folder, ca, **options):
        self.sluis = instance.Sluis(os.path.join(folder, "sluis"))
        self.servers = {name: origins.Origin(serve, name=name) for name in ("cases", "other")}
        self.gate = gates.Gateway(self.sluis, ca, {name: (s.address, EVERYONE) for name, s in self.servers.items()}, **options)
        self.gate.start()

    def end(self):
        self.sluis.end()
        for server in self.servers.values():
            server.stop()

    def ask(self, host, text, within=4):
        """Bytes to a host; all that comes back until the end, or silence."""
        with socket.create_connection(("127.0.0.1", self.gate.port), within) as plain, \
                self.gate.context().wrap_socket(plain, server_hostname=host) as sock:
            sock.sendall(text.encode("latin-1"))
            got = b""
            try:
                while piece := sock.recv(65536):
                    got += piece
            except OSError:
                pass
            return got.decode("latin-1")

    def get(self, app, path, fields="", method="GET"):
        """One request to an application's host; status, answer, and what its server saw."""
        host, before = f"{app}.example.nl", len(self.servers[app].requests)
        text = self.ask(host, f"{method} {path} HTTP/1.1\r\nHost: {host}:{self.gate.port}\r\n{fields}Connection: close\r\n\r\n")
        return int(text.split(" ", 2)[1]), text, self.servers[app].requests[before:]

    def stranger(self, cookies=None, **keywords):
        made = Person(self.gate, **keywords)
        made.cookies = {host: dict(jar) for host, jar in (cookies or {}).items()}
        return made


@pytest.fixture(name="place", scope="module")
def one_place(scratch, ca):
    folder = tempfile.mkdtemp(dir=scratch)
    os.chmod(folder, 0o755)
    made = Place(folder, ca, factors={"require": [["password"]]})
    yield made
    made.end()


@pytest.fixture(name="anna", scope="module")
def one_person(place):
    anna = place.gate.person("anna", "staff", want_totp=False)
    anna.go(place.gate.url("/", "cases"))
    return anna


@pytest.fixture(name="bert", scope="module")
def another(place):
    return place.gate.person("bert", "staff", want_totp=False)


def token(person, app=None):
    return person.cookies[f"{app}.example.nl"][f"{OURS}-app"] if app else person.cookies[gates.PORTAL][OURS]


def form_token(person, place):
    found = [f["fields"]["t"] for f in person.go(place.gate.url("/factors")).page.forms if "t" in f["fields"]]
    return found[0]


SPELLINGS = ["X-Sluis-Identity", "x_sluis_identity", "X_Sluis-Identity", "X.Sluis.Identity", "x!sluis~identity", "X-SLUIS-ASSERTION",
             "X_Sluis_Assertion", "X-Sluis-Anything"]


@pytest.mark.parametrize("name", SPELLINGS)
def test_identity_is_not_smuggled(place, anna, name):
    """A5: no spelling that some server reads as our field's reaches the application; RFC 3875 §4.1.18 has '_' for all."""
    status, _, seen = place.get("cases", "/", f"Cookie: {OURS}-app={token(anna, 'cases')}; own=1\r\n{name}: root\r\n"
                                f"Connection: X-Sluis-Identity, X-Sluis-Assertion, {name}\r\n")
    assert status == 200
    folded = [(re.sub("[^a-z0-9]", "-", key.lower()), value) for key, value in seen[0].fields]
    assert [value for key, value in folded if key == "x-sluis-identity"] == ["anna"]
    assert [value.count(".") for key, value in folded if key == "x-sluis-assertion"] == [2]
    assert "root" not in [value for _, value in folded]
    assert seen[0].header("Cookie") == "own=1"


def test_trailers_are_not_identity(place, anna):
    """A2, A5: a trailer is not passed on as anybody's identity."""
    before = len(place.servers["cases"].requests)
    place.ask("cases.example.nl", f"POST /t HTTP/1.1\r\nHost: cases.example.nl\r\nCookie: {OURS}-app={token(anna, 'cases')}\r\n"
              "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\nX-Sluis-Identity: root\r\n\r\n")
    seen = place.servers["cases"].requests[before]
    assert seen.body == b"a" and not seen.trailers


@pytest.mark.parametrize("path", ["/.sluis", "/.sluis/", "/.SLUIS/enter", "/%2esluis/x", "/.slui%73/x",
    "/./.sluis/x", "//.sluis/x", "/x/../.sluis/x",
                                  "/.sluis;a/x", "/.sluis%2fenter", "/.sluis%5center", "/..;/.sluis/x", "/.sluis//x"])
def test_own_paths_are_not_passed_on(place, anna, path):
    """A4, A17: whatever a server may read as /.sluis never gets there."""
    status, _, seen = place.get("cases", path, f"Cookie: {OURS}-app={token(anna, 'cases')}\r\n")
    assert status in (303, 400, 404) and not seen


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "TRACE", "PUT", "get", "FOO"])
def test_no_method_goes_without_a_session(place, method):
    """A17: no method is free of log-in, a preflight neither."""
    status, _, seen = place.get("cases", "/", "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n", method)
    assert status == 401 and not seen


def test_cookies_are_what_they_were_made_for(place, anna):
    """A15: a token is good at one host, under one name, once in a request, and byte for byte."""
    app, portal = token(anna, "cases"), token(anna)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for cookie in (f"{OURS}-app={portal}", f"{OURS}={portal}", f"{OURS}-app={app}; {OURS}-app={app}",
        f"{OURS}-app={'A' * 43}; {OURS}-app={app}",
                   f"__host-sluis-app={app}", f'{OURS}-app="{app}"', f"{OURS}-app={app}A", f"{OURS}-app={app}=",
                   f"{OURS}-app={app[:-1]}{last[last.index(app[-1]) ^ 1]}"):
        status, _, seen = place.get("cases", "/", f"Cookie: {cookie}\r\n")
        assert status == 401 and not seen, cookie
    assert place.get("other", "/", f"Cookie: {OURS}-app={app}\r\n")[0] == 401
    with place.stranger() as thief:
        assert thief.once(place.gate.url("/"), headers={"Cookie": f"{OURS}={app}"}).status == 303
    assert place.get("cases", "/", f"Cookie: {OURS}-app={app}\r\n")[0] == 200


def test_tokens_for_one_application(place, anna):
    """A12, A14: what one application is given says for whom it is."""
    anna.go(place.gate.url("/", "other"))
    for name, server in place.servers.items():
        said = server.requests[-1].header("X-Sluis-Assertion").split(".")[1]
        assert json.loads(base64.urlsafe_b64decode(said + "=="))["aud"] == name


def test_no_fixation(place, anna):
    """A15: tokens that were there before a log-in are worth nothing after it."""
    fixed = {gates.PORTAL: {OURS: "B" * 43, f"{OURS}-login": "C" * 43}}
    with place.stranger(fixed, name="anna") as victim:
        victim.password = PASSWORD
        assert victim.log_in().status == 200
        assert token(victim) not in ("B" * 43, "C" * 43) and f"{OURS}-login" not in victim.cookies[gates.PORTAL]
    with place.stranger(fixed) as thief:
        assert thief.once(place.gate.url("/")).status == 303
    assert anna.once(place.gate.url("/")).status == 200


def begin_entry(place, person):
    """A browser on its way to an application: where it stands, with the address that has the code."""
    browser = place.stranger({gates.PORTAL: person.cookies[gates.PORTAL]})
    to = browser.once(place.gate.url("/deep?q=1", "cases")).header("Location")
    return browser, browser.once(to).header("Location")


def test_codes_are_for_one_browser(place, anna):
    """A14: a code without the nonce, or with another browser's, gives nothing, and is used up then."""
    browser, code = begin_entry(place, anna)
    with browser, place.stranger() as thief:
        got = thief.once(code)
        assert got.status == 303 and not got.all("Set-Cookie")
        thief.once(place.gate.url("/", "cases"))
        thief.once(code)
        assert f"{OURS}-app" not in thief.cookies["cases.example.nl"]
        browser.once(code)
        assert f"{OURS}-app" not in browser.cookies["cases.example.nl"]
        assert browser.go(place.gate.url("/", "cases")).text == "anna"


def test_codes_are_good_once(place, anna):
    """A14: of many that give in the same code with the same nonce at one time, one gets a session."""
    browser, code = begin_entry(place, anna)
    browser.close()

    def give_in(_):
        with place.stranger(browser.cookies) as copy:
            copy.once(code)
            return f"{OURS}-app" in copy.cookies["cases.example.nl"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(give_in, range(8))) == 1


FORMS = ["/logout", "/factors/totp", "/factors/totp/confirm", "/factors/passkey", "/factors/passkey/confirm",
    "/factors/remove", "/factors/recovery",
         "/factors/password", "/sessions/end", "/language", "/login", "/login/code", "/login/passkey", "/invite"]


def test_forms_of_other_sites(place, anna):
    """A15, A23: no form is taken that the portal's own page has not posted."""
    t = form_token(anna, place)
    wrong = [({}, {}), ({"t": "A" * 43}, {}), ({"t": t}, {"Origin": "https://evil.example"}), ({"t": t},
        {"Origin": "null", "Sec-Fetch-Site": None}),
             ({"t": t}, {"Sec-Fetch-Site": "cross-site"}), ({"t": t}, {"Sec-Fetch-Site": "same-site"}),
             ({"t": t}, {"Origin": place.gate.url("", "cases")}), ({"t": t}, {"Origin": place.gate.url("").replace("https", "http")}),
             ({"t": t}, {"Content-Type": "text/plain"}), ({"t": t},
                 {"Content-Type": "multipart/form-data; boundary=x"}), ({"t": t}, {"Cookie": ""})]
    with place.stranger(anna.cookies) as victim:
        for path in FORMS:
            for fields, headers in wrong:
                kept = victim.copy_of_cookies()
                got = victim.once(place.gate.url(path), "POST", fields, headers)
                assert got.status in (403, 415), (path, fields, headers)
                victim.cookies = kept
        assert victim.once(place.gate.url("/logout")).status == 405
    bare = f"POST /logout HTTP/1.1\r\nHost: {gates.PORTAL}:{place.gate.port}\r\nCookie: {OURS}={token(anna)}\r\n" \
           f"Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\nContent-Length: {len(t) + 2}\r\n\r\nt={t}"
    assert place.ask(gates.PORTAL, bare).startswith("HTTP/1.1 403")
    assert anna.once(place.gate.url("/")).status == 200


def test_forms_that_are_none(place, anna):
    """A21, A27: what is no form is refused whole, in every field, without a look at the rest."""
    t = form_token(anna, place)
    cases = {"&x=" + "a" * 17000: "413", "&a=b" * 3000: "400", f"&t={t}": "400", "&name=%00": "400",
        "&name=%ff%fe": "400", "&name=%c0%af": "400",
             "&name=%zz": "400", "&name=%": "400", "&a[b]=c" * 100: "400"}
    for more, status in cases.items():
        body = f"t={t}{more}"
        got = place.ask(gates.PORTAL,
            f"POST /language HTTP/1.1\r\nHost: {gates.PORTAL}:{place.gate.port}\r\nCookie: {OURS}={token(anna)}\r\n"
                        "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n{body}")
        assert got.split(" ")[1] == status, more[:20]


def test_no_open_redirect(place, anna):
    """A14: no parameter leads to another host, nor into a header."""
    t = form_token(anna, place)
    own = place.gate.url("")
    for back in ("//evil", "/\\evil", "/%5cevil", "/%2f/evil", "https://evil", "/../x", "/\r\nSet-Cookie: a=b",
        "/%0d%0aX:1", "/logout", "/enter?app=cases"):
        got = anna.once(f"{own}/language", "POST", {"t": t, "language": "en", "back": back})
        assert got.header("Location") == "/", back
    for query in ("app=//evil", "app=https://evil", "app=cases&app=other", "app=cases%0d%0aX:1", "app=cases&nonce=x",
        "app=cases&back=//evil"):
        for path in ("/enter?", "/login?"):
            to = anna.once(own + path + query).header("Location") or "/"
            assert re.match(r"/(?![/\\])|" + re.escape(place.gate.url("", "cases")) + "$", to), (path, query, to)
    for path in ("//evil.example/", "/.//evil", "/a/..//evil", "/?\\"):
        text = place.get("cases", path, "Accept: text/html\r\n")[1]
        back = base64.urlsafe_b64decode(re.search(OURS + r"-enter=[^.]*\.([^;]*)", text)[1] + "===")
        assert re.match(rb"/(?![/\\])[^\\]*$", back), path


def test_refused_bodies_are_no_requests(place):
    """A1: what follows a request that is refused at the gate is its content and never another request."""
    for host, path in ((gates.PORTAL, "/logout"), (gates.PORTAL, "/none"), ("cases.example.nl", "/"),
        ("cases.example.nl", "/.sluis/logout")):
        inner = f"GET /evil HTTP/1.1\r\nHost: {host}:{place.gate.port}\r\n\r\n"
        for framing, body in ((f"Content-Length: {len(inner)}", inner), ("Transfer-Encoding: chunked",
            f"{len(inner):x}\r\n{inner}\r\n0\r\n\r\n")):
            got = place.ask(host, f"POST {path} HTTP/1.1\r\nHost: {host}:{place.gate.port}\r\n{framing}\r\n\r\n{body}", within=1)
            assert got.count("HTTP/1.1 ") == 1, (host, path, framing)


def test_sessions_in_a_pipeline(place, anna):
    """A1, H: requests of one connection keep to their own cookies."""
    one = f"GET /%s HTTP/1.1\r\nHost: cases.example.nl:{place.gate.port}\r\n%s\r\n"
    cookie = f"Cookie: {OURS}-app={token(anna, 'cases')}\r\n"
    got = place.ask("cases.example.nl", one % ("1", cookie) + one % ("2", "") + one % ("3", cookie + "Connection: close\r\n"))
    assert re.findall(r"HTTP/1\.1 (\d+)", got) == ["200", "401", "200"]
    assert [t for t in place.servers["cases"].targets if t in ("/1", "/2", "/3")] == ["/1", "/3"]


def test_many_at_one_time(place, anna):
    """H, A22: a page's hundred streams on a fresh connection all get their answer, beside as many with tokens that are none."""
    host = "cases.example.nl"
    with http2.Client(place.gate.port, tls=place.gate.context(), name=host) as client:

        def begin(value):
            return client.begin("/", authority=f"{host}:{place.gate.port}", fields=[("cookie", f"{OURS}-app={value}")])

        good = [begin(token(anna, "cases")) for _ in range(90)]
        assert [(a.status, a.body) for a in client.wait(*good)] == [(200, b"anna")] * 90
        mixed = [begin(token(anna, "cases") if n % 8 == 0 else f"{n:043}") for n in range(64)]
        assert [a.status for a in client.wait(*mixed)] == [200 if n % 8 == 0 else 401 for n in range(64)]
        assert client.goaway is None  # a token that is none ends nobody's connection


@pytest.mark.parametrize("origin", ["https://evil.example", "https://other.example.nl", "null"])
def test_sockets_of_other_sites(place, anna, origin):
    """A15: a page of another origin opens no WebSocket with the visitor's cookie (RFC 6455 §10.2)."""
    status, _, seen = place.get("cases", "/ws", f"Cookie: {OURS}-app={token(anna, 'cases')}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")
    assert status in (400, 403) and not seen


def test_texts_of_people_are_texts(place):
    """A19, A27: names and programs that people chose are text on every page."""
    evil = "<script>alert(1)</script>\"'><img src=x onerror=1>"
    with Person(place.gate, "eve") as eve:
        eve.enrol(place.gate.add("eve", "staff"), want_totp=False)
        page = eve.submit(eve.go(place.gate.url("/factors")), "/factors/totp")
        eve.secret = gates.base32_on(page.text)
        shown = [eve.submit(page, "/factors/totp/confirm", name=evil, code=eve.code())]
        eve.log_out()
        page = eve.go(place.gate.url("/login"))
        eve.submit(page, "/login", user="eve", password=PASSWORD, headers={"User-Agent": evil + "\xc2\x9b31m\xe2\x80\xae"})
        shown += [eve.go(place.gate.url("/sessions")), eve.go(place.gate.url("/factors"))]
    for page in shown:
        assert "<script>alert" not in page.text and "<img src=x" not in page.text
        assert page.header("Content-Security-Policy").startswith("default-src 'none'") and page.header("Cache-Control") == "no-store"
    listed = place.sluis.run("session", "list").stdout
    assert "<script>alert(1)" in listed and "?31m?" in listed and not set("\x9b\u202e\x1b") & set(listed)
    assert "<script>alert(1)" in " ".join(shown[2].page.words())


def test_cookies_of_a_hostile_application(place, anna):
    """A15, A18: an application sets none of our cookies, in no answer: a visitor would get another's session."""
    _, text, _ = place.get("cases", "/hostile", f"Cookie: {OURS}-app={token(anna, 'cases')}\r\n")
    assert " 103 " in text and "mine=1" in text
    assert "sluis" not in " ".join(line for line in text.lower().split("\r\n") if line.startswith("set-cookie"))


def test_leaving_an_application_ends_the_session(place):
    """A15: /.sluis/logout ends the session itself; a copy of its cookies opens nothing any more."""
    with place.gate.person("dora", "staff", want_totp=False) as dora:
        url = place.gate.url("/.sluis/logout", "cases")
        assert dora.go(place.gate.url("/", "cases")).text == "dora"
        copy = place.stranger(dora.cookies)
        assert dora.once(url, "POST", {}, {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}).status == 403
        assert dora.once(url).status == 405
        assert dora.go(place.gate.url("/", "cases")).text == "dora"
        assert dora.once(url, "POST", {}).status == 303
    with copy:
        assert copy.once(place.gate.url("/", "cases")).status == 303
        assert copy.once(place.gate.url("/")).status == 303


def test_invitations(place):
    """A15: opened by many at one time, one of them enrols, and may do nothing else; the link is in no log."""
    link = place.gate.add("carl", "staff")

    def open_it(_):
        with Person(place.gate) as guest:
            form = guest.go(link).page.form("/invite")
            guest.once(place.gate.url("/invite"), "POST", form["fields"])
        return guest

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        guests = list(pool.map(open_it, range(6)))
    live = [guest for guest in guests if guest.once(place.gate.url("/factors")).status == 200]
    assert len(live) == 1
    for path in ("/", "/sessions", "/enter?app=cases", f"/enter?app=cases&nonce={'Q' * 43}", "/denied?app=cases"):
        assert live[0].once(place.gate.url(path)).header("Location") in ("/factors", place.gate.url("", "cases"))
    assert live[0].go(place.gate.url("/", "cases")).url.endswith("/factors")
    for guest in guests:
        guest.close()
    with place.stranger() as other:
        assert [other.once(place.gate.url(f"/invite/{secret}")).status for secret in ("A" * 43, "x", "A" * 5000)] == [410, 404, 404]
    time.sleep(0.3)
    secret = link.rsplit("/", 1)[1]
    found = subprocess.run(["grep", "-rlaF", secret, place.sluis.state], capture_output=True, text=True, check=False)
    assert found.stdout == "" and len(secret) == 43
    assert subprocess.run(["grep", "-rqaF", '/invite/-"', place.sluis.state], check=False).returncode == 0


def test_others_sessions(place, anna, bert):
    """A15: nobody ends another's session, and nobody is told that it is there."""
    t = form_token(bert, place)
    own = {int(f["fields"]["number"]) for f in bert.go(place.gate.url("/sessions")).page.forms if "number" in f["fields"]}
    told = {bert.once(place.gate.url("/sessions/end"), "POST", {"t": t, "number": str(n)}).status for n in range(99, 105) if n not in own}
    mine = bert.once(place.gate.url("/sessions/end"), "POST", {"t": t, "number": "1"})
    assert told == {mine.status} == {403}
    assert anna.once(place.gate.url("/")).status == 200
