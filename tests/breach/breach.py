"""Breaking in for real: planted bugs of memory, what stops each, who notices it and when, and what others lose (docs/breach.md).

A play is one bug and what an attacker does with it. "blind" knows nothing; the others know the stack protector's word
and where the C library is: edges and cells tell it themselves by an over-read of their stack, on the same connection; of
other roles it is read from outside, as if they had leaked it too.
"""
import dataclasses
import errno
import os
import re
import secrets
import signal
import time

from breach import doses, elf, place as places

LIBC = "/lib/x86_64-linux-gnu/libc.so.6"
STACK_LEAK = range(1024, 4097, 256)  # bytes: more each time, until it is enough; the stack ends somewhere
QUIET_S = 2.0  # without an alarm for so long, by who is at work as before: nobody has noticed
HEARD_S = 30.0  # until one has to be there
FAR = 300_000  # bytes: over the end of a span
WORDS = (("*** stack smashing", "stack protector"), ("*** buffer overflow", "fortified call"), ("double free", "the C library's heap"),
         ("free(): ", "the C library's heap"), ("malloc(): ", "the C library's heap"), ("corrupted", "the C library's heap"),
         ("invariant", "an invariant"))


@dataclasses.dataclass
class Play:
    """dose(known, mark, is_malloc): what is sent; fault: what a fault in memory means, where the kernel's log can't be read."""
    name: str
    bug: str
    dose: object
    wants: str = "blind"  # or "known"; "reads": of roles that answer
    fault: str = "a fault in memory"
    leaks: int = 0


def _plain(kind, n):
    """n bytes that mean nothing."""
    return lambda known, mark, is_malloc: doses.dose(kind, b"A" * min(n, 64), n)


def _inject(known, _mark, _is_malloc):
    """Returns to the stack, where its own bytes are."""
    return doses.dose("stack", doses.over_the_return(known.canary, *(known.stack,) * (doses.SLOTS + 1)))


def _chain(known, _mark, _is_malloc):
    """Existing code, piece by piece: says "/bin/sh" on standard error, then wants to become it."""
    steps = (*known.returning(), *known.call("write", 2, known.shell, 7), *known.call("execve", known.shell, 0, 0))
    return doses.dose("stack", doses.over_the_return(known.canary, *steps))


def _object(kind, function, many=1):
    """An object whose function is one of the C library's; many: over that many neighbours."""

    def make(known, mark, is_malloc):
        number = 2 if function == "write" else known.shell
        run = known.stack if function == "data" else known.at(function)
        one = doses.item(run, number, mark)
        if many > 1:
            one = doses.side_by_side(one, is_malloc)
        return doses.dose(kind, one, len(one) * many - (16 if is_malloc and many > 1 else 0))
    return make


PLAYS = (
    Play("index into an array on the stack", "index", lambda *_: doses.dose("index", b"A", 100_000)),
    Play("copy into an array of known size", "copy", lambda *_: doses.dose("copy", b"A" * 200)),
    Play("stack overflow, blind", "stack", _plain("stack", 200)),
    Play("stack overflow, returns into own bytes", "stack", _inject, "known", "data is not executable"),
    Play("stack overflow, returns into libc (ROP)", "stack", _chain, "known"),
    Play("heap overflow over neighbours, blind", "heap", _plain("heap", 2048), fault="an address that is none"),
    Play("heap overflow, calls write()", "heap", _object("heap", "write", 8), "known"),
    Play("heap overflow, calls execve()", "heap", _object("heap", "execve", 8), "known"),
    Play("heap overflow over the span's end", "heap", _plain("heap", FAR), fault="a guard page: written"),
    Play("length cut to 16 bits, blind", "truncate", _plain("truncate", 65536 + 64), fault="a guard page: written"),
    Play("use after free, blind", "use-after-free", _plain("use-after-free", 64), fault="an address that is none"),
    Play("use after free, calls write()", "use-after-free", _object("use-after-free", "write"), "known", fault="wiped memory: no function"),
    Play("use after free, calls execve()", "use-after-free", _object("use-after-free", "execve"), "known",
         fault="wiped memory: no function"),
    Play("double free, calls execve()", "double-free", _object("double-free", "execve"), "known"),
    Play("type confusion, blind", "confuse", _plain("confuse", 64), fault="an address that is none"),
    Play("type confusion, calls own bytes", "confuse", _object("confuse", "data"), "known", "data is not executable"),
    Play("type confusion, calls write()", "confuse", _object("confuse", "write"), "known"),
    Play("type confusion, calls execve()", "confuse", _object("confuse", "execve"), "known"),
    Play("over-read of the stack, 1 KB", "stack-read", _plain("stack-read", 1024), "reads", leaks=1024),
    Play("over-read of neighbours, 256 bytes", "heap-read", _plain("heap-read", 256), "reads", leaks=256, fault="a guard page: read"),
    Play("over-read of the heap, 100 KB", "heap-read", _plain("heap-read", 100_000), "reads", leaks=100_000, fault="a guard page: read"),
    Play("over-read of the request's buffer, 100 KB", "buffer-read", _plain("buffer-read", 100_000), "reads", leaks=100_000),
)


@dataclasses.dataclass
class Row:
    """What came of a play. own, others: (connections or requests lost, of how many)."""
    role: str
    play: str
    reached: str = ""
    stopped_by: str = ""
    event: str = ""
    detail: str = ""
    origin: str = ""
    noticed_s: float = None
    replaced_s: float = None
    has_died: bool = False
    own_lost: int = 0
    own_of: int = 0
    others_lost: int = 0
    others_of: int = 0
    failed: int = 0
    faults: list = dataclasses.field(default_factory=list)  # promises that were broken


def can_play(role, play):
    """Whether it can be tried there."""
    door = places.DOORS[role]
    if play.wants == "reads":
        return door.says_back
    return play.wants == "blind" or role != "config"


def kernel_said(detail):
    """What the kernel's log has of the fault of that process, in words; None: nothing, or it can't be read."""
    pid = re.search(r"pid (\d+)", detail)
    try:
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    last = ""
    while pid:
        try:
            line = os.read(log, 8192).decode("utf-8", "replace")
        except OSError as error:
            if error.errno == errno.EPIPE:
                continue  # overwritten meanwhile
            break
        if f"[{pid[1]}]" in line and ("segfault at" in line or "general protection" in line):
            last = line
    os.close(log)
    fault = re.search(r"segfault at ([0-9a-f]+) .* error ([0-9a-f]+)", last)
    if not fault:
        return "an address that is none" if last else None
    at, code = int(fault[1], 16), int(fault[2], 16)
    if code & 16:  # it was to be executed
        return "wiped memory: no function" if at == 0 else "data is not executable" if code & 1 else "an address that is not there"
    return "a guard page: written" if code & 2 else "a guard page: read"


class Breach:
    """Plays in one installation."""

    def __init__(self, place, say=lambda text: None):
        self.place, self.say, self.libc = place, say, elf.Elf(LIBC)

    # ---- what is known ----
    def learn(self, door):
        """By an over-read of the process itself where it answers."""
        if not door.says_back:
            return doses.given(self.libc, door.pid)
        known = None
        for n in STACK_LEAK:
            known = doses.learnt_from(self.libc, door.send(doses.dose("stack-read", b"A", n), n))
            if known.base and known.canary and known.stack:
                return known
        raise AssertionError(f"the stack of {door.role} told too little: {vars(known)}")

    # ---- one play ----
    def run(self, role, play):
        """Plays it; the row of the table."""
        place, row = self.place, Row(role, play.name)
        place.settle()
        door, mark = places.DOORS[role](place), b"breach-" + secrets.token_hex(16).encode()
        before, said = set(place.sluis.pids(role)), len(place.sluis.stderr())
        known = self.learn(door) if play.wants == "known" else None
        place.alarms()
        told, failed = len(place.records), len(place.failures)
        owned = [worker.owner for worker in place.workers if worker.kind != "fresh"]
        began = time.monotonic()
        got = door.send(play.dose(known, mark, door.is_malloc), play.leaks)
        self._watch(row, door, before, told, getattr(door, "sent_at", None) or began)
        self._judge_end(row, play, place.sluis.stderr()[said:], mark, got)
        self._count(row, door, owned, place.failures[failed:])
        door.close()
        self._judge(row)
        return row

    def _watch(self, row, door, before, told, began):
        """Until somebody has noticed and the place is filled again; or nothing happens."""
        place, end, last = self.place, began + HEARD_S, None
        while time.monotonic() < end:
            for at, record in place.alarms()[told:]:
                told += 1
                if not row.event and record["action"] != "worker.frozen":
                    row.event, row.noticed_s, row.detail, row.origin = record["action"], at - began, record["detail"], record["origin"]
                    end = time.monotonic() + 0.3
            if not row.event and last is None and door.is_over() and (door.pid is None or is_same(door.pid)):
                last = end = time.monotonic() + QUIET_S  # it lives, and has done what was asked
            elif not row.event and last and not (door.pid is None or is_same(door.pid)):
                last, end = None, time.monotonic() + HEARD_S
            time.sleep(0.005)
        row.has_died = not is_same(door.pid) if door.pid else bool(row.event)
        if row.event and door.role not in ("cell", "config"):
            if place.wait(lambda: place.running(door.role) - before, 20):
                row.replaced_s = time.monotonic() - began
        if row.event:
            place.settle()

    def _judge_end(self, row, play, said, mark, got):
        """How far it came, and by what it was stopped, from what is left of it."""
        found = re.search(r"signal (\d+)|SIG([A-Z]+)", row.detail)
        number = (int(found[1]) if found[1] else signal.Signals["SIG" + found[2]].value) if found else None
        has_run = mark.decode() in said or "/bin/sh" in said
        row.reached = "called write()" if has_run else f"read {len(got)} bytes" if got and play.leaks else "nothing"
        if row.event == "sandbox.violation":
            row.reached, row.stopped_by = ("called write(), then execve()" if has_run else "called execve()"), "seccomp"
        elif row.event == "canary.leaked":
            row.stopped_by = "tripwire"
        elif row.event:
            row.stopped_by = next((by for text, by in WORDS if text in said), None) or kernel_said(row.detail) or {
                signal.SIGILL: "CFI" if play.wants == "known" and play.bug not in ("stack", "index") else "trapping check",
                signal.SIGTRAP: "trapping check", signal.SIGSEGV: play.fault, signal.SIGBUS: play.fault,
                signal.SIGABRT: "abort()"}.get(number, row.detail)
        else:
            row.stopped_by = "nothing"

    def _count(self, row, door, owned, failures):
        """Connections that went with the process, and those of others that had nothing to do with it."""
        row.own_of = sum(owner == door.pid for owner in owned)
        row.others_of = len(owned) - row.own_of
        own = [f for f in failures if f.owner == door.pid]
        if door.role == "edge":  # accepted, and gone with it before anybody could see who had it
            own += [f for f in failures if f.kind == "fresh" and f.owner is None]
        others = [f for f in failures if f not in own]
        row.own_lost = sum(f.kind != "fresh" for f in own)
        row.others_lost = sum(f.kind != "fresh" for f in others)
        row.failed = len(others)
        row.faults = [f"{f.kind}: {f.why}" for f in others]

    def _judge(self, row):
        """What may never be: a program started, a death that nobody was told of, a place that stays empty."""
        if self.place.strangers():
            row.faults.append(f"a program was started: {self.place.strangers()}")
        if row.has_died and not row.event:
            row.faults.append("it died, and nobody was told")
        if row.event and row.role not in ("cell", "config") and row.replaced_s is None:
            row.faults.append("it was not replaced")


def is_same(pid):
    """Whether that process is still there (stopped is there)."""
    return places.is_alive(pid) and os.path.exists(f"/proc/{pid}")


def table(rows):
    """Markdown."""
    heads = ("role", "bug", "how far it came", "stopped by", "alarm", "noticed after", "replaced after", "connections lost: its own",
             "of others", "requests of others failed")
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for r in rows:
        noticed = f"{r.noticed_s:.2f} s" if r.noticed_s is not None else "**not noticed**"
        replaced = f"{r.replaced_s:.2f} s" if r.replaced_s is not None else "–"
        own = f"{r.own_lost} of {r.own_of}" if r.own_of else "–"
        cells = (r.role, r.play, r.reached, r.stopped_by, f"`{r.event}`" if r.event else "–", noticed, replaced, own,
                 f"{r.others_lost} of {r.others_of}", str(r.failed))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
