"""The administrator of chaos, whose acts are remembered when they were acknowledged, and the probes that end a fault."""
import glob
import itertools
import json
import os
import subprocess
import threading
import time

from chaos.traffic import BROKEN

ROLES = ("keeper", "signer", "dialer", "edge", "audit", "console", "authority", "verifier", "spawner", "relay", "shipper", "herald",
         "exporter")
COMMAND_S = 12  # a command gets this long; one that takes longer has failed
ACTS = ("add", "add", "revoke", "level", "reload", "drain", "disable")


class Refused(AssertionError):
    """The command said no; said: what it said."""

    def __init__(self, words, ran):
        lines = [line for line in (ran.stderr + ran.stdout).splitlines() if "warning" not in line]
        super().__init__(f"sluis {' '.join(words)}: {ran.returncode}: {' '.join(lines).strip()[:300]}")
        self.said = ran.stderr + ran.stdout


class Administrator:
    """Acts in turn, by themselves, in a thread. hold(): none of them while something is compared."""

    def __init__(self, place, oracle, traffic):
        self.place, self.oracle, self.traffic = place, oracle, traffic
        self.random, self.busy, self.over = traffic.random, threading.RLock(), threading.Event()
        self.is_closed, self.count, self.numbers = False, 0, itertools.count(1)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def command(self, *words):
        ran = self.place.sluis.run(*words, within=COMMAND_S)
        if ran.returncode != 0:
            raise Refused(words, ran)
        return ran.stdout

    def listed(self, *words):
        return json.loads(self.command(*words, "--json"))

    # ---- acts ----
    def add(self):
        """A user; once it was acknowledged it is there for good."""
        name = f"user{next(self.numbers)}-{self.random.getrandbits(20):x}"
        self.command("user", "add", name)
        self.oracle.users.add(name)
        self.oracle.acknowledge("user.added", name)

    def revoke(self):
        """Somebody logs in, and that session is ended: its cookies are worth nothing, whatever happens later."""
        victim = self.traffic.browser("victim")
        with victim:
            at = victim.log_in(self.place.gateway.url("/", "cases"))
            assert at.status == 200 and at.url.startswith(self.place.gateway.url("/", "cases")), f"status {at.status}"
            cookies, rows = victim.copy_of_cookies(), self.listed("session", "list", "--user", "victim")
            assert rows, "the session is not listed"
            number = max(row["number"] for row in rows)
            self.command("session", "revoke", "--user", "victim")
            self.oracle.bury(cookies, number)

    def level(self):
        """An application is closed, and opened again."""
        level = "open" if self.is_closed else "closed"
        act = self.oracle.level.begin(level)
        said = self.command("isolate", "--app", "gated", level, "--reason", "chaos")
        act[2], act[3], self.is_closed = time.monotonic(), "not stored" not in said, level == "closed"
        if self.is_closed:
            self.over.wait(1.5)  # so long nothing may get through
            self.level()

    def reload(self):
        self.count += 1
        self.place.sluis.write(self.place.configuration(weight=1 + self.count % 5))
        self.command("reload")

    def drain(self):
        name = f"web/s{self.random.randrange(3)}"
        self.command("server", "drain", name)
        self.command("server", "enable", name)

    def disable(self):
        """Nobody who is disabled logs in, from when it was acknowledged."""
        self.command("user", "disable", "victim", "--yes")
        with self.traffic.browser("victim") as person:
            at = person.log_in(self.place.gateway.url("/", "cases"))
            if at.status == 200 and at.url.startswith(self.place.gateway.url("/", "cases")):
                self.oracle.violation(f"victim is disabled, and has logged in: {at.text[:200]}")
        self.command("user", "enable", "victim")

    def act(self, name):
        """One of them; a failure is told to the oracle."""
        began = time.monotonic()
        try:
            with self.busy:
                getattr(self, name)()
                self.oracle.did("admin")
        except BROKEN as error:
            kind = "login" if name in ("revoke", "disable") and not isinstance(error, (Refused, subprocess.SubprocessError)) else "admin"
            self.oracle.failed(kind, began, f"{name}: {type(error).__name__}: {error}")

    def _run(self):
        while not self.over.wait(0.1 + self.random.random() * 0.4):
            self.act("level" if self.is_closed else self.random.choice(ACTS))

    def start(self):
        self.thread.start()

    def stop(self):
        self.over.set()
        self.thread.join(30)

    # ---- after a fault ----
    def compare(self):
        """What was acknowledged beside what there is; without other acts meanwhile."""
        with self.busy:
            rows = self.listed("isolate")
            levels = next((row["levels"] for row in rows if row["name"] == "gated"), ["open"])
            wanted = set(self.oracle.users)  # others may be added meanwhile
            self.oracle.compare(wanted, self.listed("user", "list"), levels)


class Probes:
    """One operation of each kind, tried until it works; the seconds that it took from the fault's end."""

    def __init__(self, place, oracle, traffic, admin):
        self.place, self.oracle, self.traffic, self.admin = place, oracle, traffic, admin
        self.kinds = {kind: lambda kind=kind: self._fresh(kind) for kind in ("http", "tls", "h2", "websocket", "udp", "metrics", "status")}
        self.kinds |= {"login": lambda: traffic.login("prober"), "admin": self._admin, "log": self._log, "ship": self._ship,
                       "roles": self._roles}
        self.mark = None

    def _fresh(self, kind):
        with self.traffic.connection(kind, 2) as client:
            getattr(self.traffic, kind)(client)

    def _admin(self):
        self.admin.add()

    def _newest(self):
        """The last whole lines of the log."""
        path = max(glob.glob(f"{self.place.sluis.state}/audit/*.jsonl"))
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - 65536))
            return file.read().split(b"\n")[:-1]

    def _since(self):
        """Those from after the fault's end, by their place: the clock may have jumped."""
        lines = self._newest()
        return lines[lines.index(self.mark) + 1:] if self.mark in lines else lines[1:]

    def _log(self):
        assert self._since(), "nothing new in the log"

    def _ship(self):
        assert any(self.place.receiver.has(line) for line in self._since()), "nothing new has arrived"

    def _roles(self):
        """Everybody is there, and says so."""
        found = json.loads(self.admin.command("status", "--json"))
        missing = {row["role"] for row in found["roles"]} - {row["role"] for row in found["roles"] if row["state"] == "running"}
        assert set(ROLES) <= {row["role"] for row in found["roles"]} and not missing, (found["roles"], missing)

    def run(self, ended, limit_s):
        """{kind: seconds, or None when it did not work within four times the limit}."""
        found = {}
        try:
            self.mark = self._newest()[-1]
        except (OSError, IndexError, ValueError):
            self.mark = None
        threads = [threading.Thread(target=self._try, args=(kind, act, ended, limit_s * 4, found), daemon=True)
                   for kind, act in self.kinds.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(limit_s * 4 + 30)
        return {kind: found.get(kind) for kind in self.kinds}

    def _try(self, kind, act, ended, patience, found):
        last = None
        while time.monotonic() < ended + patience:
            try:
                act()
                found[kind] = time.monotonic() - ended
                return
            except (*BROKEN, KeyError, StopIteration) as error:
                last = error
            time.sleep(0.03)
        self.oracle.say(f"{kind} does not come back: {type(last).__name__}: {last}")
