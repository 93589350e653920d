"""The oracle of chaos: what was promised, and what came of it. It knows nothing of how Sluis works.

Three kinds of finding. A violation must never happen, fault or not: a wrong answer, somebody else's identity, something
acknowledged that is gone, a session that comes back from the dead, a log that does not verify. A failure is a request
that was not answered; a fault has to explain it. A loss is an answered request that the log lacks; only what takes the memory of
the log's writers may do that.
"""
import collections
import dataclasses
import datetime
import glob
import json
import os
import threading
import time

GRACE = 1.0  # seconds: promise P8 for levels, P7 for sessions
HELD = 8.0  # seconds in front of a power failure whose log lines may not have reached the disk: a checkpoint comes every five
NOTED = 2.0  # seconds: what was answered so shortly before its process was killed may not have been noted yet
# Alarms that nobody but a broken Sluis can raise: no fault of ours breaks a process's protocol or its sandbox. But for one: a process
# that has no descriptor left can't take one that it is sent, which is no message of the protocol.
NEVER = ("role.crashed", "sandbox.violation", "ipc.violation", "ring.violation", "isolation.damaged", "session.reuse", "session.moved",
         "canary.leaked")


@dataclasses.dataclass
class Failure:
    """A request that was not answered as it should: from when to when, of which kind of traffic."""
    began: float
    ended: float
    kind: str
    text: str


@dataclasses.dataclass
class Fault:
    """One fault as it was made. may_fail: kinds of traffic that it may cost something; recovered: {probe: seconds after its end}."""
    name: str
    target: str
    began: float
    may_fail: frozenset
    takes_memory: bool = False  # of writers of the log: what they had not handed on is gone
    takes_disk: bool = False    # what was not synced is gone
    wall: float = 0.0           # time.time() of its beginning
    ended: float = float("inf")
    over: float = float("inf")  # all probes were answered, or given up
    recovered: dict = dataclasses.field(default_factory=dict)

    def slowest(self):
        """(seconds, probe) of the one that worked last; infinite when one never did."""
        return max((float("inf") if took is None else took, kind) for kind, took in self.recovered.items())


class Level:
    """What isolation an administrator has asked of one place, and what must hold at a moment."""

    def __init__(self):
        self.acts = []  # [level, begun, acknowledged or None, is on the disk]

    def begin(self, level):
        self.acts.append([level, time.monotonic(), None, False])
        return self.acts[-1]

    def start_anew(self):
        """Sluis as a whole is started: what it said that it could not store need not hold any more."""
        for act in self.acts:
            if not act[3]:
                act[2] = None

    def must_be_closed(self, began, ended):
        """Whether a request of that time had to be refused."""
        seen = [act for act in self.acts if act[1] <= ended]
        if not seen or seen[-1][0] != "closed" or seen[-1][2] is None:
            return False
        return seen[-1][2] + GRACE <= began

    def may_be_closed(self):
        """Whether a refusal is what was asked for."""
        return bool(self.acts) and (self.acts[-1][0] == "closed" or self.acts[-1][2] is None or time.monotonic() < self.acts[-1][2] + GRACE)


class Oracle:
    """Everything that clients, servers and the administrator have seen."""

    def __init__(self, limit_s, say=print):
        self.limit_s, self.say, self.lock = limit_s, say, threading.Lock()
        self.right, self.failures, self.faults, self.violations = collections.Counter(), [], [], []
        self.answered = {}      # request id: (when, whose, kind)
        self.acknowledged = {}  # what an administrator was told is done: (action, object): when
        self.users, self.level, self.dead = set(), Level(), []
        self.counters = collections.Counter()

    # ---- what happens ----
    def did(self, kind, request=None, who=None):
        with self.lock:
            self.right[kind] += 1
            if request:
                self.answered[request] = (time.monotonic(), who, kind)

    def failed(self, kind, began, text):
        with self.lock:
            self.failures.append(Failure(began, time.monotonic(), kind, str(text)[:400]))

    def violation(self, text):
        with self.lock:
            self.violations.append(f"{time.strftime('%H:%M:%S')} {text}")
        self.say(f"VIOLATION: {text}")

    def acknowledge(self, action, what):
        with self.lock:
            self.acknowledged[(action, what)] = time.monotonic()

    def bury(self, cookies, number):
        """These cookies belong to a session whose end was acknowledged."""
        with self.lock:
            self.dead.append((time.monotonic(), number, cookies))

    # ---- answers ----
    def judge(self, kind, body, asked, who, began):
        """What an application's server says that it was asked, beside what was asked. False: wrong, and told."""
        try:
            said = json.loads(body)
        except ValueError:
            return self._wrong(kind, f"the answer to {asked} is no server's: {body[:120]!r}")
        for name, wanted in asked.items():
            if said.get(name) != wanted:
                return self._wrong(kind, f"{name} is {said.get(name)!r}, not {wanted!r}: {said}")
        if said.get("who") != who:
            return self._wrong(kind, f"asked by {who!r}, the server was told {said.get('who')!r}")
        if kind == "gate" and self.level.must_be_closed(began, time.monotonic()):
            return self._wrong(kind, f"reached {asked['target']} while it was closed")
        self.did(kind, said.get("request"), who)
        return True

    def _wrong(self, kind, text):
        self.violation(f"{kind}: {text}")
        return False

    # ---- after every fault ----
    def compare(self, wanted, users, levels):
        """What was acknowledged beside what the lists of the command say now."""
        lost = sorted(wanted - {row["name"] for row in users})
        if lost:
            self.violation(f"{len(lost)} users whose creation was acknowledged are gone: {lost[:5]}")
            self.users -= set(lost)
        with self.lock:
            last = self.level.acts[-1] if self.level.acts else None
        if last and last[2] is not None and (last[0] == "closed") != ("closed" in levels):
            self.violation(f"the level {last[0]!r} was acknowledged, {levels} is what holds")
            self.level.acts.clear()
        self.counters["comparisons with what was acknowledged"] += 1

    # ---- failures ----
    def unexplained(self):
        """Failures outside of every fault that may cost such traffic something."""
        with self.lock:
            return [f for f in self.failures if not any(
                f.kind in fault.may_fail and f.began <= fault.ended + self.limit_s and f.ended >= fault.began
                for fault in self.faults)]

    def during(self, fault):
        return sum(fault.began <= f.ended and f.began <= fault.over for f in self.failures)

    # ---- the log ----
    def read_log(self, *folders):
        """(records of these folders, in order); a line that is none is left to audit verify."""
        rows = []
        for folder in folders:
            for path in sorted(glob.glob(os.path.join(folder, "*.jsonl"))):
                with open(path, "rb") as file:
                    for line in file:
                        try:
                            rows.append(json.loads(line))
                        except ValueError:
                            self.counters["torn lines"] += 1
        return rows

    def _may_be_lost(self, at):
        return any((fault.takes_memory and fault.began - NOTED <= at <= fault.ended + NOTED)
                   or (fault.takes_disk and fault.began - HELD <= at <= fault.ended + NOTED) for fault in self.faults)

    def _is_crowded(self, row):
        """An alarm about a protocol that a lack of descriptors explains."""
        at = datetime.datetime.fromisoformat(row["time"]).timestamp()
        return row["action"] == "ipc.violation" and any(
            fault.name == "no descriptors" and fault.wall - 1 <= at <= fault.wall + fault.over - fault.began + 1 for fault in self.faults)

    def judge_log(self, rows):
        """Everything that was answered or acknowledged is in the log, with the right name on it."""
        actors = {row["request_id"]: row["actor"] for row in rows if row.get("kind") == "access" and "request_id" in row}
        events = {(row["action"], row["object"]) for row in rows if row.get("kind") != "access"}
        gaps = sum(row.get("count", 0) for row in rows if row.get("kind") == "gap")
        self.counters["records in the log"], self.counters["lost, and counted by the log as a gap"] = len(rows), gaps
        lost, excused = [], 0
        for request, (at, who, kind) in self.answered.items():
            if request not in actors:
                if self._may_be_lost(at):
                    excused += 1
                else:
                    lost.append((request, kind))
            elif who and actors[request] != who:
                self.violation(f"the log says that request {request} of {who} was {actors[request]}'s")
        self.counters["answered requests looked up in the log"] = len(self.answered)
        self.counters["not there: their writer or the disk was taken away"] = excused
        if len(lost) > gaps:
            self.violation(f"{len(lost)} answered requests are not in the log, which counts {gaps} as lost: {lost[:5]}")
        for act, at in self.acknowledged.items():
            if act not in events and not self._may_be_lost(at):
                self.violation(f"acknowledged, and not in the log: {act}")
        self.counters["acknowledged acts looked up in the log"] = len(self.acknowledged)
        for row in rows:
            if row.get("action") in NEVER and not self._is_crowded(row):
                self.violation(f"the log has {row['action']}: {json.dumps(row)[:400]}")
