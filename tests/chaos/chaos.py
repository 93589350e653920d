"""Chaos: faults in an order that a seed gives, one after the other, under mixed traffic, with an oracle beside it (oracle.py).

Each fault is made, held, taken back; then every probe is tried until it works, which is the recovery. Sluis is started again when it ends,
as a service manager does.
"""
import contextlib
import glob
import itertools
import os
import re
import signal
import statistics
import threading
import time

from harness.sluis import descendants

from chaos import faults, place as places
from chaos.admin import Administrator, Probes
from chaos.oracle import Fault, Oracle
from chaos.traffic import BROKEN, Traffic

BROKE = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehavior|invariant|\*\*\* stack smashing|broke the protocol"
                   r"|ended by its sandbox|killed by signal (?:4|5|6|7|8|11)\b")
REST_S = 0.3  # between a recovery and the next fault
FLAGS = ("--drain-ms", "1500")  # clients of chaos never leave by themselves


class Absent(Exception):
    """Nobody of that role is there to do something to."""


class Supervisor:
    """Starts Sluis again when it has ended, a tenth of a second later: what Restart=always is to a service manager."""

    def __init__(self, launch, process):
        self.launch, self.process, self.over = launch, process, threading.Event()
        self.rests, self.lock, self.starts = 0, threading.RLock(), 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.over.wait(0.1):
            with self.lock:
                if not self.rests and self.process().poll() is not None:
                    self.starts += 1
                    self.launch()

    @contextlib.contextmanager
    def resting(self):
        """It does not start anything; behind this it does."""
        with self.lock:
            self.rests += 1
        try:
            yield
        finally:
            with self.lock:
                self.rests -= 1

    def start(self):
        self.thread.start()

    def stop(self):
        self.over.set()
        self.thread.join(30)


class Chaos:
    """with Chaos(folder, world, seed, limit_s) as chaos: chaos.run(seconds=); chaos.report(); chaos.is_good()."""

    def __init__(self, folder, world, seed, limit_s=5, say=print):  # pylint: disable=too-many-arguments
        self.folder, self.world, self.seed, self.limit_s, self.say = folder, world, seed, limit_s, say
        self.disk, self.clock, self.networks = world.get("disk"), world.get("clock"), world.get("network") or {}
        self.oracle = Oracle(limit_s, say)
        self.place = places.Place(folder, self.networks.get("servers"), self.networks.get("logs"))
        self.traffic = Traffic(self.place, self.oracle, seed)
        self.admin = Administrator(self.place, self.oracle, self.traffic)
        self.probes = Probes(self.place, self.oracle, self.traffic, self.admin)
        self.supervisor, self.skipped = Supervisor(self.launch, lambda: self.place.sluis.process), {}

    def __enter__(self):
        self.place.sluis.write(self.place.configuration())
        self.start()
        self.traffic.start()
        self.supervisor.start()
        self.admin.start()
        return self

    def __exit__(self, *_):
        self.supervisor.stop()
        self.traffic.over.set()
        self.admin.over.set()
        self.place.sluis.end()
        self.place.stop()

    # ---- what faults need ----
    def launch(self):
        self.oracle.level.start_anew()
        self.place.sluis.launch(flags=FLAGS)

    def start(self):
        """Launches, and waits until it is ready."""
        self.launch()
        end = time.monotonic() + 30
        while "ready" not in self.place.sluis.out:
            assert self.place.sluis.process.poll() is None and time.monotonic() < end, self.place.sluis.stderr()[-2000:]
            time.sleep(0.02)

    def pick(self, role, draw):
        pids = self.place.sluis.pids(role) if role != "keeper" else [self.place.sluis.process.pid]
        if not pids or self.place.sluis.process.poll() is not None:
            raise Absent(role)
        return pids[int(draw * len(pids))]

    def gone(self, pid):
        """Raises Absent when this process has ended."""
        if not self._lives(pid):
            raise Absent(pid)

    def await_role(self, role, gone, within=10):
        """Waits until another one does its work and everything has settled; gives up in silence: the probes will tell."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            with contextlib.suppress(*BROKEN, KeyError):
                rows = self.place.sluis.status()["roles"]
                if any(row["role"] == role and row["state"] == "running" and row["pid"] != gone for row in rows):
                    return
            time.sleep(0.05)

    def segments(self):
        return sorted(glob.glob(os.path.join(self.place.sluis.state, "audit", "*.jsonl")))

    def kill_all(self):
        """As when the power goes: nobody says goodbye."""
        process = self.place.sluis.process
        below = descendants(process.pid)
        process.kill()
        process.wait()
        for pid in below:
            faults.signalled(pid, signal.SIGKILL)
        end = time.monotonic() + 15
        while any(os.path.exists(f"/proc/{pid}/exe") and os.path.islink(f"/proc/{pid}/cwd") and self._lives(pid) for pid in below):
            assert time.monotonic() < end, "processes of Sluis do not end"
            time.sleep(0.02)

    @staticmethod
    def _lives(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                return file.read().rpartition(")")[2].split()[0] not in "ZX"
        except (OSError, IndexError):
            return False

    def start_damaged(self, *words, must_refuse=False):
        """It refuses, saying so, or whatever was acknowledged is as it was."""
        sluis, before = self.place.sluis, len(self.place.sluis.stderr())
        self.launch()
        end = time.monotonic() + 20
        while "ready" not in sluis.out and sluis.process.poll() is None and not any(word in sluis.stderr()[before:] for word in words):
            assert time.monotonic() < end, "neither starts nor says why not"
            time.sleep(0.02)
        if "ready" in sluis.out and must_refuse:
            self.oracle.violation("a store that had vanished is begun anew")
        elif "ready" in sluis.out:
            self.oracle.counters["damaged stores that were opened: nothing acknowledged had changed"] += 1
            self.admin.compare()
        else:
            self._refused(sluis.stderr()[before:], words)

    def _refused(self, said, words):
        self.oracle.counters["damaged stores that were refused"] += 1
        if not any(word in said for word in words):
            self.oracle.violation(f"the damaged store is refused without a word: {said[-400:]}")

    # ---- one fault ----
    def _twist(self, card):
        """What happens in the middle of it. That it fails is the fault's doing."""
        with contextlib.suppress(*BROKEN, Absent):
            if card.twist[0] == "reload":
                self.place.sluis.run("reload", within=10)
            else:
                faults.signalled(self.pick(card.twist[1], card.draw), signal.SIGKILL)

    def _make(self, fault, card):
        act = card.kind.act(self, card)
        try:
            next(act)
            if card.twist:
                time.sleep(card.hold_s / 2)
                self._twist(card)
                time.sleep(card.hold_s / 2)
            else:
                time.sleep(card.hold_s)
            with contextlib.suppress(StopIteration):
                next(act)
        finally:
            act.close()
            fault.ended = time.monotonic()

    def one(self, card):
        """Made, taken back, recovered, compared."""
        fault = Fault(card.kind.name, card.target, time.monotonic(), faults.may_fail(card), faults.takes_memory(card),
                      card.kind.takes_disk, time.time())
        self.oracle.faults.append(fault)
        before = len(self.oracle.failures)
        try:
            self._make(fault, card)
        except Absent:
            self.oracle.faults.remove(fault)
            self.skipped[str(card)] = "nobody is there"
            return
        except BROKEN as error:
            self.oracle.violation(f"{card} can't be made or taken back: {type(error).__name__}: {error}")
        fault.recovered = self.probes.run(fault.ended, self.limit_s)
        fault.over = time.monotonic()
        late = {kind: took for kind, took in fault.recovered.items() if took is None or took > self.limit_s}
        if late:
            self.oracle.violation(f"after {card}: not within {self.limit_s} s: "
                                  + ", ".join(f"{kind} {'never' if took is None else f'{took:.1f} s'}" for kind, took in late.items()))
        self._compare(card)
        took, kind = fault.slowest()
        self.say(f"{card}: back after {took:.2f} s ({kind}), "
                 f"{len(self.oracle.failures) - before} failures")

    def _compare(self, card):
        for _ in range(3):
            try:
                self.admin.compare()
                return
            except BROKEN as error:
                last = error
        self.oracle.violation(f"after {card}: lists can't be had: {last}")

    def run(self, seconds=None, count=None, kinds=faults.KINDS):
        """Faults for so long, or so many."""
        end = time.monotonic() + (seconds or 1e9)
        self.admin.act("add")
        for card in itertools.islice(faults.schedule(self.seed, kinds), count):
            missing = [need for need in card.kind.needs if not self.world.get(need)]
            if missing:
                self.skipped[card.kind.name] = f"no {missing[0]} of its own: {self.world['why']}"
                continue
            self.one(card)
            self.place.forget()
            time.sleep(REST_S)
            if time.monotonic() > end:
                break
        self._finish()

    # ---- the end of it ----
    def _finish(self):
        """Traffic ends, Sluis is stopped in order, and its log is read."""
        self.admin.stop()
        self.traffic.stop()
        self._await_receiver()
        self.supervisor.stop()
        assert self.place.sluis.stop(60) == 0, "does not stop in order"
        ran = self.place.sluis.run("audit", "verify", within=120)
        if ran.returncode != 0:
            self.oracle.violation(f"audit verify: {(ran.stdout + ran.stderr)[-600:]}")
        self.oracle.judge_log(self.oracle.read_log(os.path.join(self.place.sluis.state, "audit")))
        for line in self.place.sluis.stderr().splitlines():
            if BROKE.search(line):
                self.oracle.violation(f"on standard error: {line[:300]}")

    def _await_receiver(self):
        """Everything of the log is at its receiver, or will be soon: it catches up with a long run."""
        lines = []
        for path in self.segments():
            with open(path, "rb") as file:
                lines += file.read().split(b"\n")[:-1]
        end = time.monotonic() + 30
        while missing := [line for line in lines if not self.place.receiver.has(line)]:
            if time.monotonic() > end:
                self.oracle.violation(f"{len(missing)} of {len(lines)} lines of the log have not arrived at its receiver: "
                                      f"{missing[0][:200]}")
                break
            time.sleep(0.2)
        self.oracle.counters["lines of the log looked for at its receiver"] = len(lines)

    def is_good(self):
        return not self.oracle.violations and not self.oracle.unexplained()

    def report(self, is_long=False):
        """Lines: a table by kind of fault, the oracle's counters, what was wrong."""
        rows = {}
        for fault in self.oracle.faults:
            rows.setdefault(f"{fault.name} {fault.target}".strip() if is_long else fault.name, []).append(fault)
        yield f"{'fault':38} {'times':>5} {'median s':>9} {'max s':>7}  {'slowest':10} {'failures':>8}"
        for name, group in sorted(rows.items()):
            took = [fault.slowest() for fault in group if fault.recovered]
            if not took:
                continue
            worst, kind = max(took)
            yield (f"{name:38} {len(group):5} {statistics.median(seconds for seconds, _ in took):9.2f} {worst:7.2f}  {kind:10} "
                   f"{sum(map(self.oracle.during, group)):8}")
        for name, why in sorted(self.skipped.items()):
            yield f"{name}: not made: {why}"
        yield "right answers: " + ", ".join(f"{kind} {n}" for kind, n in sorted(self.oracle.right.items()))
        for name, n in sorted(self.oracle.counters.items()):
            yield f"{name}: {n}"
        unexplained = self.oracle.unexplained()
        yield (f"{len(self.oracle.faults)} faults, {sum(self.oracle.right.values())} right answers, {len(self.oracle.failures)} failures, "
               f"{len(unexplained)} of them unexplained, {self.supervisor.starts} starts anew, {len(self.oracle.violations)} violations")
        for failure in unexplained[:40]:
            yield f"unexplained: {failure.kind}: {failure.text}"
        for text in self.oracle.violations[:40]:
            yield f"violation: {text}"
