"""The traffic of chaos: clients of every kind, people at the gateway, an administrator, and the probes that say when it works again.

Each client checks what it gets with the oracle. A probe is one operation on connections of its own, with everything that it needs
working: it ends when that has been answered rightly.
"""
import contextlib
import http.client
import itertools
import json
import random
import socket
import subprocess
import threading
import time

from harness import gateway as gates, http2, wire

from chaos.place import PUBLIC

BROKEN = (OSError, AssertionError, wire.Broken, ValueError, http.client.HTTPException, http2.h2.exceptions.ProtocolError,
          subprocess.SubprocessError)
FETCH = {"Sec-Fetch-Mode": "cors", "Accept": "*/*"}
UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
           ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
CONNECTION = 25  # operations on one connection
PAUSE = {"http": 0.02, "tls": 0.05, "h2": 0.04, "websocket": 0.05, "udp": 0.04, "app": 0.05, "gate": 0.06, "login": 0.15,
         "ghost": 0.25, "metrics": 0.5, "status": 0.3}
CLIENTS = (*["http"] * 2, "tls", "h2", "websocket", "udp", *["app"] * 2, "gate", *["login"] * 2, "ghost", "metrics", "status")
PASSWORD = gates.PASSWORD


class Traffic:
    """Threads that ask all the time until over is set."""

    def __init__(self, place, oracle, seed):
        self.place, self.oracle, self.over = place, oracle, threading.Event()
        self.random, self.numbers, self.threads, self.people = random.Random(f"traffic {seed}"), itertools.count(1), [], {}
        self.administering = threading.Lock()  # one administrator at a time: what was acknowledged has an order

    # ---- people ----
    def person(self, name):
        """Somebody with a browser of their own, who is not logged in here yet."""
        made = gates.Person(self.place.gateway, name, source=f"127.0.1.{1 + len(self.people) % 250}")
        made.password = PASSWORD
        self.people[name] = made
        return made

    def enrol(self, *names):
        for name in names:
            with gates.Person(self.place.gateway, name, source="127.0.0.1") as person:
                person.enrol(self.place.gateway.add(name), password=PASSWORD, want_totp=False)
            self.oracle.users.add(name)

    def browser(self, name):
        """A new browser of somebody who is known: no cookies."""
        made = gates.Person(self.place.gateway, name, source=self.people[name].source)
        made.password = PASSWORD
        return made

    def token(self):
        return f"{next(self.numbers)}-{self.random.getrandbits(40):x}"

    # ---- one operation of each kind ----
    def http(self, client, listener="public"):
        del listener
        target, began = f"/{self.token()}", time.monotonic()
        got = client.ask("GET", target, host=PUBLIC)
        assert got.status == 200, f"status {got.status}"
        self.oracle.judge("http", got.body, {"app": "web", "target": target}, None, began)

    tls = http

    def h2(self, client):
        targets, began = [f"/{self.token()}" for _ in range(4)], time.monotonic()
        streams = [client.begin(target, authority=PUBLIC) for target in targets]
        for target, got in zip(targets, client.wait(*streams)):
            assert got.is_done and got.status == 200, f"status {got.status}, reset {got.reset}, closed {client.is_closed}"
            self.oracle.judge("h2", got.body, {"app": "web", "target": target}, None, began)

    def websocket(self, client):
        if not getattr(client, "is_upgraded", False):
            client.send(wire.request("GET", "/ws", UPGRADE, host=PUBLIC))
            assert client.head().status == 101
            client.is_upgraded = True
        said = self.token().encode() * 50
        client.send(said)
        got = client.exactly(len(said))
        if got != said:
            self.oracle.violation(f"websocket: said {said[:60]!r}, heard {got[:60]!r}")
        self.oracle.did("websocket")

    def udp(self, sock):
        said = self.token().encode()
        sock.send(said)
        while (got := sock.recv(65536)) != b"echo " + said:
            if got not in sock.said:  # an answer to an earlier one, late
                self.oracle.violation(f"udp: said {said!r}, heard {got[:60]!r}")
        sock.said.add(b"echo " + said)
        self.oracle.did("udp")

    def metrics(self, client):
        got = client.ask("GET", "/metrics")
        assert got.status == 200 and b"sluis_" in got.body, got.status
        self.oracle.did("metrics")

    def status(self, client):
        got = client.ask("GET", "/status.json")
        assert got.status == 200 and json.loads(got.body)["state"] != "unknown", (got.status, got.body[:200])
        self.oracle.did("status")

    @contextlib.contextmanager
    def connection(self, kind, within):
        sluis = self.place.sluis
        if kind == "h2":
            tls = wire.client_tls(self.place.authority.certificate)
            with http2.Client(sluis.port("safe"), tls=tls, name=PUBLIC, timeout=within) as client:
                yield client
        elif kind == "udp":
            with Datagrams(sluis.port("datagrams"), within) as sock:
                yield sock
        elif kind == "tls":
            with wire.Client(sluis.port("safe"), tls=self.place.tls, name=PUBLIC, timeout=within) as client:
                yield client
        else:
            port = sluis.port({"metrics": "metrics", "status": "status"}.get(kind, "public"))
            with wire.Client(port, timeout=within) as client:
                yield client

    # ---- at the gateway ----
    def ask(self, person, kind, app):
        """An application, as the browser's script asks it; logged in again when that is the answer. Nobody has ended this session."""
        target, began = f"/{self.token()}", time.monotonic()
        got = person.once(self.place.gateway.url(target, app), headers={**FETCH, "X-Sluis-Identity": "root"})
        if got.status == 200:
            self.oracle.judge(kind, got.body, {"app": app, "target": target}, person.name, began)
            return
        if got.status == 401:
            self.enter(person, kind, app)
            return
        if kind == "gate" and got.status == 503 and self.oracle.level.may_be_closed():
            self.oracle.did("refused while closed")
            return
        raise AssertionError(f"status {got.status}")

    def enter(self, person, kind, app):
        """From a page that asks for the application to its answer: through the portal, with the session that there is."""
        target, began = f"/{self.token()}", time.monotonic()
        had = person.cookies.get(gates.PORTAL, {}).copy()
        at = person.go(self.place.gateway.url(target, app))
        is_page = at.header("Content-Type", "").startswith("text/html")
        if is_page and any(form["action"].endswith("/login") for form in at.page.forms):
            if had and getattr(person, "was_in", False):
                self.oracle.failed("session", began, f"{person.name} was asked to log in again")
            at = person.submit(at, "/login", user=person.name, password=person.password)
        assert at.status == 200 and at.url.startswith(self.place.gateway.url("/", app)), f"status {at.status} at {at.url[:80]}"
        person.was_in = True
        self.oracle.judge(kind, at.body, {"app": app, "target": target}, person.name, began)

    def login(self, name, kind="login", app="cases"):
        """A browser without cookies: password, portal, application, and out again."""
        with self.browser(name) as person:
            target, began = f"/{self.token()}", time.monotonic()
            at = person.log_in(self.place.gateway.url(target, app))
            assert at.status == 200 and at.url.startswith(self.place.gateway.url("/", app)), f"status {at.status} at {at.url[:80]}"
            self.oracle.judge(kind, at.body, {"app": app, "target": target}, name, began)
            with contextlib.suppress(*BROKEN):
                person.log_out()

    def ghost(self):
        """A browser whose session was ended: it never gets in again."""
        if not self.oracle.dead:
            return
        at, number, cookies = self.random.choice(self.oracle.dead[-40:])
        began = time.monotonic()
        if began < at + 1.0:  # promise P7 gives what is under way a second
            return
        with gates.Person(self.place.gateway, "ghost", source=self.people["victim"].source) as person:
            person.cookies = {host: dict(jar) for host, jar in cookies.items()}
            got = person.once(self.place.gateway.url(f"/{self.token()}", "cases"), headers=FETCH)
            if got.status == 200:
                self.oracle.violation(f"session {number}, whose end was acknowledged {began - at:.1f} s before, was let in: "
                                      f"{got.body[:200]!r}")
        self.oracle.did("ghost")

    # ---- threads ----
    def _client(self, kind):
        """Connections of some operations each, one after the other."""
        while not self.over.is_set():
            began = time.monotonic()
            try:
                with self.connection(kind, self.place.limit_s) as client:
                    for _ in range(CONNECTION):
                        began = time.monotonic()
                        getattr(self, kind)(client)
                        if self.over.wait(PAUSE[kind]):
                            return
            except BROKEN as error:
                self._failed(kind, began, error)

    def _person(self, kind, name):
        person = self.person(name)
        app = "gated" if kind == "gate" else "cases"
        while not self.over.wait(PAUSE[kind]):
            began = time.monotonic()
            try:
                if kind == "login":
                    self.login(name)
                elif kind == "ghost":
                    self.ghost()
                else:
                    self.ask(person, kind, app)
            except BROKEN as error:
                person.close()
                self._failed(kind, began, error)

    def _failed(self, kind, began, error):
        if not self.over.is_set():
            self.oracle.failed(kind, began, f"{type(error).__name__}: {error}")
            self.over.wait(0.1)

    def start(self):
        people = {f"{kind}{n}": kind for n, kind in enumerate(CLIENTS) if kind in ("app", "gate", "login")}
        self.enrol(*people, "prober", "victim")
        self.person("prober")
        self.person("victim")
        for kind in CLIENTS:
            if kind not in people.values() and kind != "ghost":
                self._thread(self._client, kind)
        for name, kind in (*people.items(), ("ghost", "ghost")):
            self._thread(self._person, kind, name)

    def _thread(self, run, *arguments):
        self.threads.append(threading.Thread(target=run, args=arguments, daemon=True))
        self.threads[-1].start()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(20)


class Datagrams(socket.socket):
    """A client of datagrams, which knows what it was answered."""

    def __init__(self, port, within):
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.said = set()
        self.settimeout(min(within, 1))
        self.connect(("127.0.0.1", port))
