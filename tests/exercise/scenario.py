"""17 July, as it should have gone: an intrusion is noticed, everything is closed, looked at, renewed, and comes back step by step.

Staff at home and at the office, a partner's system and visitors work all the time, against real connections; what reached
the servers is what judges. Every figure of the table is measured, none is assumed.
"""
import collections
import dataclasses
import json
import os
import re
import threading
import time

from harness import certs, gateway as gates, wire
from harness.origin import answer
from harness.sluis import command
from harness.wait import until

EVERYBODY = {"access": {"allow": {"everyone": True}}}
GRACE = 1.0  # seconds: what promise P8 gives a level until it holds everywhere
PARTNER, WEB = "partner.example.nl", "www.example.nl"


@dataclasses.dataclass
class Row:
    """A line of the table; want: what it has to be, by a function of the value."""
    what: str
    value: object
    want: str
    is_good: bool


class Seen:
    """What a server was asked: the ground truth."""

    def __init__(self):
        self.rows, self.lock = [], threading.Lock()

    def handler(self, app):
        def handle(request, _stream):
            who = request.header("X-Sluis-Identity") or request.header("X-Forwarded-For") or "-"
            _ = request.body
            with self.lock:
                self.rows.append((time.time(), app, who, request.method))
            return answer(f"{app} {who}")
        return handle

    def since(self, began, ended=None):
        with self.lock:
            return [row for row in self.rows if row[0] >= began and (ended is None or row[0] < ended)]


class Worker:
    """Somebody who asks for something all the time, and notes what came of it."""

    def __init__(self, places, kind, ask, pause=0.05):
        self.places, self.kind, self.ask, self.pause = places, kind, ask, pause
        self.answers, self.over, self.resting = collections.Counter(), threading.Event(), threading.Event()
        self.busy = threading.Lock()  # a browser does one thing at a time
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        with self.places.at(self.kind):
            while not self.over.wait(self.pause):
                if self.resting.is_set():
                    continue
                try:
                    with self.busy:
                        self.answers[self.ask()] += 1
                except (OSError, wire.Broken, gates.http.client.HTTPException, AssertionError):
                    self.answers["cut"] += 1

    def stop(self):
        self.over.set()
        self.thread.join(20)


class Exercise:
    """One run. quiet_s: seconds of normal traffic before anything happens."""

    def __init__(self, sluis, ca, origin, places, programs, quiet_s=10, say=print):  # pylint: disable=too-many-arguments
        self.sluis, self.ca, self.places, self.quiet_s, self.say = sluis, ca, places, quiet_s, say
        self.seen, self.rows, self.workers, self.marks = Seen(), [], [], {}
        self.programs = programs
        self.servers = {app: origin(self.seen.handler(app)) for app in ("registry", "cases", "web", "exchange")}
        gates.Connection.address = places.address
        self.office = gates.Gateway(sluis, ca, {
            "registry": (self.servers["registry"].address, {**EVERYBODY, "owner": "registrars"}),
            "cases": (self.servers["cases"].address, {**EVERYBODY, "needs": ["registry"], "read_only": {
                "also": [{"method": "POST", "path_prefix": "/search"}]}})},
            address=places.address, factors={"require": [["password"]]},
            zones=[{"name": "office", "networks": [places.network("office")]},
                   {"name": "partners", "networks": [places.network("partner")]}],
            listener={"limits": {"connections_per_address": 0}}, gateway={"cells": {"per_address": 500}},
            top={"isolation": {"approvers": {"group": "incident-team", "to_open": 2}, "fallback_on": ["canary", "session_move"],
                               "news": "https://status.example.nl/"}})

    # ---- the installation ----
    def configuration(self):
        made = self.office.configuration()
        public = {"name": "public", "address": f"{self.places.address}:{self.sluis.port('public')}", "protocol": "http"}
        made["listeners"].append(public)
        made["backends"] += [{"name": name, "servers": [self.servers[name].address]} for name in ("web", "exchange")]
        made["routes"] = [{"name": "web", "hosts": [WEB], "backend": "web", "listeners": ["public"]},
                          {"name": "exchange", "hosts": [PARTNER], "backend": "exchange", "listeners": ["public"]}]
        return made

    def command(self, *words, status=0, given=None, within=60):
        ran = command(*words, "--state", self.sluis.state, within=within, **({"input": given} if given else {}))
        assert ran.returncode == status, (words, ran.returncode, ran.stdout, ran.stderr)
        return ran.stdout + ran.stderr

    def mark(self, name):
        self.marks[name] = time.time()
        self.say(f"{time.strftime('%H:%M:%S')}  {name}")

    def note(self, what, value, want, is_good):
        self.rows.append(Row(what, value, want, is_good))

    # ---- people ----
    def people(self):
        self.staff = {}
        for name, kind, groups in (("anna", "home", []), ("bert", "home", ["pilot"]), ("carla", "office", []), ("dirk", "office", [])):
            with self.places.at(kind):
                self.staff[name] = self.office.person(name, *groups, source=self.places.source(kind), want_totp=False)
            self.staff[name].kind = kind
        self.team = []
        for n in range(12):
            groups = ["incident-team"] + (["registrars"] if n % 2 == 0 else [])
            with self.places.at("office"):
                made = self.office.person(f"member{n}", *groups, source=self.places.source("office"))
                made.close()
            self.team.append(made)

    def approve(self, said):
        """Two members, one of whom owns the registry: password, and a code that was not used yet."""
        number = re.search(r"request (\d+)", said).group(1)
        first, second = self.team[0], self.team[1]
        self.team = self.team[2:] + [first, second]
        for person in (first, second):
            said = self.command("recover", "approve", number, "--stdin", given=f"{person.name}\n{person.password}\n{person.code()}\n")
        return said

    def _staff_asks(self, name):
        person, state = self.staff[name], {"n": 0}

        def ask():
            state["n"] += 1
            app, method = ("registry", "cases")[state["n"] % 2], ("GET", "POST")[state["n"] // 2 % 2]
            got = person.once(self.office.url("/x", app), method, {"a": "b"} if method == "POST" else None,
                              headers={"Sec-Fetch-Mode": "cors", "Accept": "*/*"})
            if got.status == 401:  # as a browser does when somebody opens the page again
                got = person.go(self.office.url("/x", app))
                if got.path.startswith("/login"):
                    got = person.log_in(self.office.url("/x", app))
            return app, method, got.status
        return ask

    def _public_asks(self, kind, host, method, body=b""):
        def ask():
            with wire.Client(self.sluis.port("public"), host=self.places.address, bind=self.places.source(kind), timeout=5) as client:
                return host, method, client.ask(method, "/y", host=host, body=body).status
        return ask

    def begin_work(self):
        for name, person in self.staff.items():
            with self.places.at(person.kind):
                for app in ("registry", "cases"):
                    assert person.go(self.office.url("/x", app)).status == 200, name
            person.worker = Worker(self.places, person.kind, self._staff_asks(name))
            self.workers.append(person.worker)
        self.workers += [Worker(self.places, "partner", self._public_asks("partner", PARTNER, "POST", b"message")),
                         Worker(self.places, "public", self._public_asks("public", WEB, "GET")),
                         Worker(self.places, "public", self._public_asks("public", WEB, "GET"))]

    def alarms(self, *words):
        return json.loads(self.command("alarms", "--json", *words))

    def close_alarms(self, reason):
        for alarm in self.alarms():
            self.command("alarms", "close", str(alarm["number"]), "--reason", reason)

    # ---- what happens ----
    def quiet(self):
        self.mark("normal traffic")
        time.sleep(self.quiet_s)
        found = self.alarms("--all")
        self.note(f"false alarms in {self.quiet_s} s of normal traffic", len(found), "0", not found)
        asked = len(self.seen.rows)
        self.note("requests that were served meanwhile", asked, "> 0", asked > 0)

    def leak(self):
        """The intruder reads a worker's memory by a hole that it has (tests/planted)."""
        self.mark("the intruder reads a worker's memory")
        with self.places.at("public"):
            with wire.Client(self.sluis.port("public"), host=self.places.address, bind=self.places.source("public"), timeout=5) as client:
                client.send(wire.request("GET", "/", [("X-Planted-Echo", "100000")], host=WEB))
                try:
                    leaked = len(client.to_end())
                except OSError:
                    leaked = len(client.buffer)
        self.note("bytes of the leak that left", leaked, "< 1000", leaked < 1000)
        until(lambda: any(alarm["action"] == "canary.leaked" for alarm in self.alarms()), 10)
        took = time.time() - self.marks["the intruder reads a worker's memory"]
        self.note("seconds until the alarm", round(took, 2), "< 5", took < 5)

    def isolate(self):
        self.command("incident", "open", "A worker leaked memory")
        self.mark("everything is closed")
        self.command("isolate", "--all", "closed", "--reason", "canary.leaked: an intruder has read memory")
        held = time.time() + GRACE
        time.sleep(4)
        through = self.seen.since(held)
        last = max((row[0] for row in self.seen.rows), default=0) - self.marks["everything is closed"]
        self.note("seconds until the last request that reached a server", round(max(last, 0), 2), "< 1", last < GRACE)
        self.note("requests that got through while closed", len(through), "0", not through)
        self.closed_from = held

    def evidence(self):
        self.mark("evidence is taken")
        bundle = os.path.join(self.sluis.folder, "bundle.cms")
        recipient = certs.Certificate(os.path.join(self.sluis.folder, "csirt.pem"), os.path.join(self.sluis.folder, "csirt.key"))
        certs.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", recipient.key, "-out", recipient.chain,
                      "-subj", "/CN=csirt.example.nl", "-days", "2")
        self.command("evidence", "collect", "--recipient", recipient.chain, "--memory", "edge", "--output", bundle, "--reason", "the leak",
                     "--quiet", within=120)
        ran = command("evidence", "verify", bundle, "--key", recipient.key, "--public-key",
                      os.path.join(self.sluis.state, "keys", "audit.pub"), within=120)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        took = time.time() - self.marks["evidence is taken"]
        self.note("seconds until evidence was taken and verified", round(took, 1), "< 60", took < 60)

    def renew(self):
        """Programs without the hole, other keys, no session of before."""
        self.mark("programs, keys and sessions are renewed")
        for role in ("edge", "spawner"):
            os.unlink(os.path.join(self.programs, f"sluis-{role}"))
            os.symlink(os.path.join(os.path.dirname(self.sluis.program), f"sluis-{role}"), os.path.join(self.programs, f"sluis-{role}"))
        self.command("upgrade")
        self.command("session", "revoke", "--all", "--yes")
        fresh = self.ca.issue(gates.PORTAL, *(self.office.host(app) for app in self.office.apps), file="renewed")
        configuration = self.configuration()
        configuration["certificates"] = [{"name": "gw", "chain": fresh.chain, "key": fresh.key}]
        os.unlink(os.path.join(self.sluis.state, "keys", "token.key"))
        ran = self.sluis.reload(configuration)
        assert ran.returncode == 0, ran.stderr
        for pid in [role["pid"] for role in self.sluis.status()["roles"] if role["state"] == "frozen"]:
            self.command("alarms", "release", str(pid))
        self.close_alarms("looked at; the hole is closed")
        for name, person in self.staff.items():
            person.worker.resting.set()

    def log_in(self, *names):
        for name in names:
            person = self.staff[name]
            with person.worker.busy, self.places.at(person.kind):
                person.close()
                person.cookies.clear()
                assert person.log_in().status == 200, name
                for app in self.office.apps:
                    person.go(self.office.url("/x", app))
            person.worker.resting.clear()

    def begin_return(self):
        self.mark("the return begins")
        self.command("recover", "start", "--reason", "the hole is closed, keys are new")
        self.approve(self.command("isolate", "--all", "open", "--reason", "applications return one by one", status=1))
        self.mark("the public site and the partner are back")
        self.note("requests that got through while everything was closed", len(self.seen.since(self.closed_from, self.marks[
            "the public site and the partner are back"] - 0.5)), "0", not self.seen.since(self.closed_from, self.marks[
                "the public site and the partner are back"] - 0.5))
        self.log_in(*self.staff)

    def step(self, app, step):
        end = time.monotonic() + 30
        while True:
            plan = json.loads(self.command("recover", "plan", "--json"))["apps"]
            shut = [(gate["gate"], gate["why"]) for row in plan if row["name"] == app for gate in row["gates"] if gate["state"] == "closed"]
            if not shut:
                break
            assert time.monotonic() < end, shut
            self.close_alarms("looked at")  # what the fall back itself has raised
            time.sleep(0.2)
        self.mark(f"{app}: {step}")
        said = self.approve(self.command("recover", "advance", app))
        assert f"{app} is {step} now" in said, said
        return time.time() + GRACE

    def watch(self, app, began, allowed, seconds=1.0):
        """Nothing reaches the application's server that the step does not allow."""
        time.sleep(max(0, began - time.time()) + seconds)
        rows = [row for row in self.seen.since(began) if row[1] == app]
        wrong = [row for row in rows if not allowed(row)]
        return rows, wrong

    def _is_office(self, row):
        return row[2] not in self.staff or self.staff[row[2]].kind == "office"

    def _is_pilot(self, row):
        return self._is_office(row) or row[2] == "bert"

    def come_back(self):
        wrong, passed = [], []

        def look(app, began, allowed):
            rows, bad = self.watch(app, began, allowed)
            passed.extend(rows)
            wrong.extend(bad)
            return rows

        reading = look("registry", self.step("registry", "read_only"), lambda row: row[3] == "GET" and self._is_office(row))
        look("registry", self.step("registry", "office_only"), self._is_office)
        self.fall_back()
        for name in ("read_only", "office_only"):
            self.step("registry", name)
        look("cases", self.step("cases", "read_only"), lambda row: row[3] == "GET" and self._is_office(row))
        wrong += [row for row in self.seen.since(self.marks["everything is closed"] + GRACE, self.marks["cases: read_only"])
                  if row[1] == "cases"]
        look("cases", self.step("cases", "office_only"), self._is_office)
        for app in self.office.apps:
            look(app, self.step(app, "pilot"), self._is_pilot)
        home = time.time()
        for app in self.office.apps:
            look(app, self.step(app, "open"), lambda row: True)
        until(lambda: {row[2] for row in self.seen.since(home)} >= set(self.staff), 20)
        early = [row for row in self.seen.since(self.closed_from, home) if row[2] == "anna"]
        self.note("requests from home, but for the pilot group, before the last step", len(early), "0", not early)
        self.note("requests served while applications came back", len(passed), "> 0", len(passed) > 0 and len(reading) > 0)
        self.note("requests that got through against a step", len(wrong), "0", not wrong)

    def fall_back(self):
        """A stolen cookie is used from elsewhere: the alarm closes what had come back."""
        dirk = self.staff["dirk"]
        thief = gates.Person(self.office, "dirk", self.places.source("public"), self.office.context("ECDHE+AESGCM"))
        thief.cookies = dirk.copy_of_cookies()
        self.mark("a stolen cookie is used")
        with self.places.at("public"):
            for app in self.office.apps:
                thief.once(self.office.url("/x", app), headers={"Sec-Fetch-Mode": "cors"})
            thief.once(self.office.url("/"))
        until(lambda: any(row["levels"] == ["closed"] and row["name"] == "registry" for row in json.loads(
            self.command("isolate", "--json"))), 15)
        took = time.time() - self.marks["a stolen cookie is used"]
        self.note("seconds until the alarm put the registry back", round(took, 2), "< 5", took < 5)
        self.command("session", "revoke", "--user", "dirk")
        self.close_alarms("the cookie's owner was told; the session has ended")
        self.log_in("dirk")

    # ---- afterwards ----
    def account(self):
        for worker in self.workers:
            worker.stop()
        self.mark("everybody has stopped")
        time.sleep(1)
        equal = []
        for name in self.staff:
            said = json.loads(self.command("audit", "reached", "--user", name, "--since", "1h", "--json", within=120))
            found = collections.Counter()
            for row in said["rows"]:
                found[row["host"].split(".")[0].split("//")[-1]] += row["ok"]
            truth = collections.Counter(row[1] for row in self.seen.rows if row[2] == name)
            equal.append({app: found[app] for app in self.office.apps} == {app: truth[app] for app in self.office.apps})
            if not equal[-1]:
                self.say(f"{name}: the log says {dict(found)}, the servers {dict(truth)}: {said['rows']}")
        self.note("people for whom who-reached-what equals the servers' own count", f"{sum(equal)} of {len(equal)}", "all", all(equal))
        said = [self.command("audit", "search", *words, "--json") for words in (("--kind", "gap"), ("--action", "audit.gap"))]
        lost = [line for line in "".join(said).splitlines() if line.startswith("{")]
        self.note("gaps in the log", len(lost), "0", not lost)
        self.command("audit", "verify", within=120)
        self.note("the log is whole (audit verify)", "yes", "yes", True)
        self.command("incident", "close", "--summary", "The hole is closed, keys are new, everybody was told")
        report = self.command("incident", "report", "--form", "timeline", "--language", "nl", within=60).replace("\\", "")
        kinds = ("canary.leaked", "isolation.set", "evidence.collected", "session.revoked", "recover.done", "recover.fell_back")
        missing = [word for word in kinds if word not in report]
        if missing:
            self.say(f"not in the report: {missing}\n{report}")
        self.note("kinds of events that the incident's report leaves out", len(missing), "0", not missing)

    def run(self):
        """The whole of it; the rows."""
        self.sluis.start(self.configuration(), flags=["--programs", self.programs])
        self.people()
        self.begin_work()
        try:
            self.quiet()
            self.leak()
            self.isolate()
            self.evidence()
            self.renew()
            self.begin_return()
            self.come_back()
            self.account()
        finally:
            for worker in self.workers:
                worker.over.set()
        return self.rows


def table(rows):
    width = max(len(row.what) for row in rows)
    return "\n".join(f"{'ok  ' if row.is_good else 'FAIL'}  {row.what:<{width}}  {row.value!s:>8}   (wanted: {row.want})" for row in rows)


def leaky_programs(build, folder):
    """A directory of programs in which edges and cells leak (tests/planted)."""
    place = os.path.join(folder, "programs")
    os.mkdir(place, 0o755)
    for name in os.listdir(build):
        path = os.path.join(build, name)
        if name.startswith("sluis-") and os.path.isfile(path) and os.access(path, os.X_OK):
            os.symlink(path, os.path.join(place, name))
    for role in ("edge", "spawner"):
        os.unlink(os.path.join(place, f"sluis-{role}"))
        os.symlink(os.path.join(build, "tests", "planted", f"sluis-{role}-leaky"), os.path.join(place, f"sluis-{role}"))
    return place
