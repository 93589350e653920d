"""An installation to break into: edges, cells, a dialer, an authority and config with planted bugs, and clients that work all the time."""
import collections
import json
import os
import socket
import threading
import time

from harness import gateway as gates, origin, wire
from harness.sluis import BUILD, descendants

ROLES = ("edge", "cell", "dialer", "authority", "config")
EVERYBODY = {"access": {"allow": {"everyone": True}}}
PAUSE = 0.02
Failure = collections.namedtuple("Failure", "at kind owner why")


def planted_programs(folder):
    """A directory of programs in which those that read what strangers send have planted bugs (tests/planted/bugs)."""
    place = os.path.join(folder, "programs")
    os.mkdir(place, 0o755)
    for name in os.listdir(BUILD):
        path = os.path.join(BUILD, name)
        if name.startswith("sluis-") and os.path.isfile(path) and os.access(path, os.X_OK):
            planted = os.path.join(BUILD, "tests", "planted", f"{name}-bugs")
            os.symlink(planted if os.path.exists(planted) else path, os.path.join(place, name))
    return place


def is_alive(pid):
    """Whether it is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


def inode_of(near, far):
    """Of the socket at the other side of a connection on this machine, by our port and its; None: it is gone."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in file:
            row = line.split()
            if row[1].endswith(f":{far:04X}") and row[2].endswith(f":{near:04X}") and row[3] in ("01", "08"):
                return row[9]  # 0: it waits to be taken
    return None


def ends_of(sock):
    """Our port and its; (0, 0): it is not connected."""
    try:
        return sock.getsockname()[1], sock.getpeername()[1]
    except OSError:
        return 0, 0


def holder_of(sock, pids):
    """Which of these processes has the other side of a connection; None: none of them, or not yet."""
    inode = inode_of(*ends_of(sock))
    for pid in pids:
        try:
            if any(os.readlink(f"/proc/{pid}/fd/{fd}") == f"socket:[{inode}]" for fd in os.listdir(f"/proc/{pid}/fd")):
                return pid
        except OSError:
            pass
    return None


class Worker:
    """A client that asks all the time, on one connection while it lasts ("fresh": a new one each time)."""

    def __init__(self, place, kind):
        self.place, self.kind, self.done, self.owner, self.client = place, kind, 0, None, None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _connect(self):
        place = self.place
        if self.kind == "cell":
            self.client = wire.Client(place.gateway.port, tls=place.gateway.context(), name=gates.PORTAL)
        else:
            self.client = place.sluis.client()
        self.owner = None

    def _once(self):
        if self.client is None:
            self._connect()
        if self.owner is None:
            self.owner = self.place.holder(self.client.sock, self.kind)
        if self.kind == "cell":
            got = self.client.ask(target="/login", host=gates.PORTAL)
        else:
            got = self.client.ask()
        self.done += got.status == 200
        if got.status != 200:
            raise wire.Broken(f"status {got.status}")

    def _run(self):
        while not self.place.is_over.is_set():
            try:
                self._once()
                if self.kind == "fresh":
                    self._drop()
            except (OSError, wire.Broken, ValueError) as error:
                if not self.place.is_over.is_set():
                    self.place.failures.append(Failure(time.monotonic(), self.kind, self.owner, f"{type(error).__name__}: {error}"[:160]))
                self._drop()
                self.place.is_over.wait(0.1)
            self.place.is_over.wait(PAUSE)
        self._drop()

    def _drop(self):
        if self.client:
            self.client.close()
        self.client = None


class Place:
    """with Place(sluis, ca, folder) as place: the installation runs, and so do its clients."""

    def __init__(self, sluis, ca, folder):
        self.sluis, self.folder, self.failures, self.workers = sluis, folder, [], []
        self.is_over, self.offset, self.records, self.checks = threading.Event(), 0, [], 0
        self.armed, self.served_at, self.served, self.edges = None, 0, threading.Event(), []
        self.web, self.sick = origin.Origin(), origin.Origin(self._sick, name="sick")
        self.gateway = gates.Gateway(sluis, ca, {"cases": (self.web.address, EVERYBODY)}, factors={"require": [["password"]]},
                                     gateway={"cells": {"per_address": 500, "before_login": 500}},
                                     listener={"limits": {"connections_per_address": 0}})
        sluis.may_break = True
        self.conf = self._configuration()

    def _configuration(self):
        conf = self.gateway.configuration()
        conf["edges"] = 2
        conf["listeners"].append({"name": "public", "address": f"127.0.0.1:{self.sluis.port('public')}", "protocol": "http",
                                  "limits": {"connections_per_address": 0}})
        conf["backends"] += [{"name": "web", "servers": [self.web.address]},
                             {"name": "sick", "servers": [self.sick.address],
                              "health": {"path": "/health", "interval": "500ms", "timeout": "400ms"}}]
        conf["routes"] = [{"name": "sick", "hosts": ["sick.example.nl"], "listeners": ["public"], "backend": "sick"},
                          {"name": "site", "hosts": ["*"], "listeners": ["public"], "backend": "web"}]
        return conf

    def _sick(self, request, _stream):
        """A server that was taken over: its next answer to a health check has what was armed."""
        fields = []
        self.checks += request.target == "/health"
        if request.target == "/health" and self.armed:
            fields, self.armed, self.served_at = [("X", self.armed)], None, time.monotonic()
            self.served.set()
        return origin.answer("sick", fields=fields)

    def __enter__(self):
        self.sluis.start(self.conf, flags=["--programs", planted_programs(self.folder)])
        for kind in ("edge", "edge", "edge", "edge", "fresh", "cell", "cell"):
            self.workers.append(Worker(self, kind))
        self.settle()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for worker in self.workers:
            worker.thread.join(20)
        self.sluis.end()
        self.web.stop()
        self.sick.stop()

    def wait(self, check, within=15):
        """Whether it became true in time."""
        end = time.monotonic() + within
        while not check():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def settle(self):
        """Until every client works, and both edges have some."""
        done = [worker.done for worker in self.workers]
        assert self.wait(lambda: all(worker.done > before + 1 for worker, before in zip(self.workers, done)), 30), \
            f"clients stand still: {self.failures[-3:]}"

    def workers_of(self, kind):
        return self.sluis.pids("cell" if kind == "cell" else "edge")

    def holder(self, sock, kind):
        """Which process has taken this connection, once one has. None: it is gone, and with it who had it."""
        found, end = holder_of(sock, self.edges), time.monotonic() + 10
        while found is None and time.monotonic() < end and inode_of(*ends_of(sock)):
            time.sleep(0.005)
            self.edges = self.workers_of("edge") if kind != "cell" else self.edges
            found = holder_of(sock, self.edges if kind != "cell" else self.workers_of(kind))
        return found

    def running(self, role):
        """Processes of a role that are at work, as the keeper says."""
        ran = self.sluis.run("status", "--json")
        try:
            return {row["pid"] for row in json.loads(ran.stdout)["roles"] if row["role"] == role and row["state"] == "running"}
        except ValueError:
            return set()

    def alarms(self):
        """Reads on in the audit log; [(when it was seen, record)] of its alarms so far."""
        folder = os.path.join(self.sluis.state, "audit")
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".jsonl"):
                continue
            with open(os.path.join(folder, name), "rb") as file:
                file.seek(self.offset)
                lines = file.read()
            lines = lines[:lines.rfind(b"\n") + 1]
            self.offset += len(lines)
            for line in lines.splitlines():
                record = json.loads(line)
                if record.get("kind") == "alarm":
                    self.records.append((time.monotonic(), record))
        return self.records

    def strangers(self):
        """Processes below the keeper that are none of ours: somebody has started a program."""
        return [name for name in descendants(self.sluis.process.pid).values() if not name.startswith("sluis-")]


class EdgeDoor:
    """Into an edge: a field of a request."""
    role, says_back, is_malloc, host = "edge", True, False, "www.example.nl"

    def __init__(self, place):
        self.place = place
        self.client = self.connect()
        assert self.client.ask(target="/login", host=self.host).status == 200
        self.pid = holder_of(self.client.sock, place.workers_of(self.role))

    def connect(self):
        return self.place.sluis.client(timeout=10)

    def send(self, text, leaks=0):
        """What it said before its answer, of which leaks bytes are memory."""
        self.client.send(wire.request(target="/login", host=self.host, fields=[("X", text)]))
        got = b""
        try:
            got = self.client.exactly(leaks) if leaks else b""
            self.client.response()
        except (OSError, wire.Broken, socket.timeout, ValueError):
            got = got or self.client.buffer
        return got

    def is_over(self):
        """Whether what was sent has been dealt with: then it is known what came of it."""
        return True

    def close(self):
        self.client.close()


class CellDoor(EdgeDoor):
    """Into a cell: the same, over TLS."""
    role, host = "cell", gates.PORTAL

    def connect(self):
        return wire.Client(self.place.gateway.port, tls=self.place.gateway.context(), name=self.host, timeout=10)


class DialerDoor:
    """Into the dialer: a server's answer to a health check."""
    role, says_back, is_malloc = "dialer", False, True

    def __init__(self, place):
        self.place, self.pid, self.sent_at, self.checks = place, place.sluis.pids("dialer")[-1], None, 0

    def send(self, text, leaks=0):
        self.place.served.clear()
        self.place.armed = text
        assert self.place.served.wait(15), "no health check came"
        self.sent_at, self.checks = self.place.served_at, self.place.checks
        return b""[:leaks]

    def is_over(self):
        """The next check has come."""
        return self.place.checks > self.checks + 1

    def close(self):
        self.place.armed = None


class AuthorityDoor:
    """Into the authority: a password, as a cell hands it on."""
    role, says_back, is_malloc = "authority", False, False

    def __init__(self, place):
        self.place, self.pid = place, place.sluis.pids("authority")[0]
        self.person = gates.Person(place.gateway, "nobody")
        self.form, self.thread = self.person.go(place.gateway.url("/login")), None

    def send(self, text, leaks=0):
        self.thread = threading.Thread(target=self._submit, args=(text,), daemon=True)
        self.thread.start()
        return b""[:leaks]

    def is_over(self):
        """The form was answered."""
        return not self.thread.is_alive()

    def _submit(self, text):
        try:
            self.person.submit(self.form, "/login", user="nobody", password=text)
        except Exception as error:  # pylint: disable=broad-except
            self.place.said = f"{type(error).__name__}: {error}"  # whatever a browser says when nobody answers

    def close(self):
        self.thread.join(30)
        self.person.close()


class ConfigDoor:
    """Into config: a comment of a configuration. It is born for one text, so that nothing can be known of it before."""
    role, says_back, is_malloc = "config", False, True

    def __init__(self, place):
        self.place, self.pid, self.ran = place, None, None

    def send(self, text, leaks=0):
        with open(self.place.sluis.config, encoding="utf-8") as file:
            good = file.read()
        self.ran = self.place.sluis.reload(f"# {text}\n{good}")
        self.place.sluis.write(good)
        return b""[:leaks]

    def is_over(self):
        return True

    def close(self):
        """The next change works; cells end with it, when they are at rest."""
        kept = [(worker, worker.owner) for worker in self.place.workers if worker.kind == "cell"]
        assert self.place.sluis.reload().returncode == 0, "no change is possible after it"
        assert self.place.wait(lambda: all(worker.owner not in (None, owner) for worker, owner in kept), 30), "cells of an old image"


DOORS = {door.role: door for door in (EdgeDoor, CellDoor, DialerDoor, AuthorityDoor, ConfigDoor)}
