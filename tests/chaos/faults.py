"""The faults of chaos: a table of what is done, to whom, and which traffic it may cost something.

A fault is a generator: up to its yield it is made, behind it it is taken back. Whatever it holds is given back, whatever happens.
"""
import contextlib
import dataclasses
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import time

from harness import wire

from chaos.place import BURST, PUBLIC

WEB = frozenset({"http", "tls", "h2", "websocket"})
GATEWAY = frozenset({"app", "gate", "login", "ghost"})
ADMIN = frozenset({"admin"})
ALL = WEB | GATEWAY | ADMIN | {"udp", "metrics", "status"}
# What of each role's traffic may be lost when it is killed or stands still.
LOSES = {
    "keeper": ALL, "edge": WEB, "signer": GATEWAY | {"tls", "h2"}, "dialer": WEB | GATEWAY | {"udp"}, "audit": frozenset(),
    "authority": GATEWAY | ADMIN, "verifier": frozenset({"login"}), "spawner": GATEWAY, "cell": GATEWAY, "relay": frozenset({"udp"}),
    "console": frozenset({"metrics"}), "herald": frozenset({"status"}), "exporter": frozenset(), "shipper": frozenset(),
}
WRITERS = {"keeper", "edge", "cell", "spawner"}  # of the log, and answers that clients wait for
# Audit alone takes the log from the rings: while it stands still they fill, and then nobody acts without a record.
STOPPED = {**LOSES, "audit": GATEWAY | ADMIN, "keeper": ADMIN | GATEWAY}


@dataclasses.dataclass(frozen=True)
class Kind:
    """A row of the table. act(chaos, card): the generator; needs: parts of the world without which there is none."""
    name: str
    act: object
    targets: tuple = ("",)
    may_fail: object = ALL  # a set, or {target: set}
    needs: tuple = ()
    hold_s: tuple = (0.3, 2.0)
    takes_memory: object = False
    takes_disk: bool = False
    cards: int = 1          # in a deck


@dataclasses.dataclass(frozen=True)
class Card:
    """One fault to come: draw and hold_s are its dice; twist is what is done in the middle of it."""
    kind: Kind
    target: str
    draw: float
    hold_s: float
    twist: tuple

    def __str__(self):
        twist = f", and meanwhile {' '.join(self.twist)}" if self.twist else ""
        return f"{self.kind.name}{f' ({self.target})' if self.target else ''}, {self.hold_s:.2f} s, {self.draw:.3f}{twist}"


# ---- processes ----
LIMITS = {resource.RLIMIT_NOFILE: ("Max open files", "nofile"), resource.RLIMIT_AS: ("Max address space", "as")}


def signalled(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def killed(chaos, card):
    signalled(chaos.pick(card.target, card.draw), signal.SIGKILL)
    yield


def stopped(chaos, card):
    pid = chaos.pick(card.target, card.draw)
    signalled(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        signalled(pid, signal.SIGCONT)


def limits(pid, what):
    """(soft, hard) of a process."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        line = next(line for line in file if line.startswith(LIMITS[what][0]))
    return tuple(resource.RLIM_INFINITY if word == "unlimited" else int(word) for word in line[len("Max core file size     "):].split()[:2])


def limit(pid, what, soft):
    """Sets the soft one, as the user whom the process belongs to: a user namespace may be nobody else's business."""
    owner = os.stat(f"/proc/{pid}/status")
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        said = dict(line.split(":", 1) for line in file.read().splitlines() if ":" in line)
    uid, gid = int(said["Uid"].split()[0]), int(said["Gid"].split()[0])
    words = ["prlimit", "--pid", str(pid), f"--{LIMITS[what][1]}={'unlimited' if soft == resource.RLIM_INFINITY else soft}:"]
    switch = {} if os.geteuid() != 0 or uid == owner.st_uid == 0 else {"user": uid, "group": gid, "extra_groups": []}
    subprocess.run(words, check=True, capture_output=True, timeout=10, **switch)


def limited(what, present):
    """A limit at what the process has already, and its old one again (for those too that were born under it)."""
    def act(chaos, card):
        pid = chaos.pick(card.target, card.draw)
        try:
            limit(pid, what, present(pid))
        except (OSError, subprocess.SubprocessError):
            chaos.gone(pid)  # a cell ends when its client leaves
            raise
        try:
            yield
        finally:
            for one in {pid, *(one for pids in chaos.place.sluis.pids().values() for one in pids)}:
                with contextlib.suppress(OSError, subprocess.SubprocessError, StopIteration, KeyError, ValueError):
                    soft, hard = limits(one, what)
                    if soft != hard:
                        limit(one, what, hard)
    return act


def descriptors(pid):
    """The least limit that lets no new one be opened."""
    numbers = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    return next(n for n in range(len(numbers) + 1) if n not in numbers)


def memory(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def restarted(chaos, _card):
    """An orderly stop and start, as an administrator does it."""
    with chaos.supervisor.resting():
        chaos.place.sluis.stop(60)
        yield


# ---- the disk ----
def filled(chaos, _card):
    chaos.disk.fill()
    try:
        yield
    finally:
        chaos.disk.free()


def frozen(chaos, _card):
    """Every write and sync waits."""
    chaos.disk.freeze()
    try:
        yield
    finally:
        chaos.disk.thaw()


def slow(chaos, _card):
    chaos.disk.slow()
    try:
        yield
    finally:
        chaos.disk.fast()


def powered_off(chaos, card):
    """Nothing more reaches the disk; then everything is gone, and the machine starts again. After a kill: somebody new has begun to write,
    behind what the one before had not synced."""
    role = card.target.rpartition(" ")[2]
    if role in LOSES:
        pid = chaos.pick(role, card.draw)
        signalled(pid, signal.SIGKILL)
        chaos.await_role(role, pid)
        time.sleep(card.draw / 2)
    with chaos.supervisor.resting():
        chaos.disk.lose_power()
        yield
        chaos.kill_all()
        chaos.disk.unmount()
        chaos.disk.mount()


# ---- files ----
def flip(path, at):
    """One bit, and back again by the same."""
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << at % 8]))


def log_damaged(chaos, card):
    """While it runs: `sluis audit verify` says where."""
    path = chaos.segments()[int(card.draw * len(chaos.segments()))]
    at = random.Random(card.draw).randrange(os.path.getsize(path))
    flip(path, at)
    try:
        verify_finds(chaos, path, at)
        yield
    finally:
        flip(path, at)


@contextlib.contextmanager
def set_aside(chaos, *folders):
    """Copies of these folders of the state directory, put back at the end whatever has happened to them."""
    state, aside = chaos.place.sluis.state, os.path.join(chaos.place.folder, "aside")
    for name in folders:
        shutil.copytree(os.path.join(state, name), os.path.join(aside, name))
    owners = {path: os.stat(os.path.join(state, path)) for name in folders
              for path in (name, *(os.path.join(name, file) for file in os.listdir(os.path.join(state, name))))}
    try:
        yield
    finally:
        chaos.place.sluis.stop(60)
        for name in folders:
            folder = os.path.join(state, name)
            for file in os.listdir(folder):
                os.unlink(os.path.join(folder, file))
            shutil.copytree(os.path.join(aside, name), folder, dirs_exist_ok=True)
        for path, was in owners.items():
            os.chown(os.path.join(state, path), was.st_uid, was.st_gid)
        os.sync()  # the power may fail next
        shutil.rmtree(aside)


def log_damaged_stopped(chaos, card):
    """The newest segment, while nothing runs: verify names it, and the next start goes on behind it and raises an alarm."""
    with chaos.admin.busy, chaos.supervisor.resting():
        chaos.place.sluis.stop(60)
        with set_aside(chaos, "audit", "ship"):
            path = chaos.segments()[-1]
            at = random.Random(card.draw).randrange(os.path.getsize(path))
            flip(path, at)
            verify_finds(chaos, path, at)
            chaos.start()
            if not is_told(chaos, path):
                chaos.oracle.violation(f"byte {at} of {path} was changed while it was stopped; the next start does not tell")
            yield


def is_told(chaos, path, within=10):
    """Whether the log has a word about damage, behind the segment of that path."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        for later in chaos.segments()[chaos.segments().index(path) + 1:]:
            with open(later, "rb") as file:
                text = file.read()
            if any(word in text for word in (b'"action":"audit.broken"', b'"action":"audit.cut"', b'"result":"recovered"')):
                return True
        time.sleep(0.05)
    return False


def verify_finds(chaos, path, at):
    ran = chaos.place.sluis.run("audit", "verify", within=60)
    if ran.returncode == 0 or os.path.basename(path) not in ran.stdout + ran.stderr:
        chaos.oracle.violation(f"byte {at} of {path} was changed, audit verify said {ran.returncode}: {(ran.stdout + ran.stderr)[-300:]}")


def hurt(path, card):
    dice = random.Random(card.draw)
    if card.target == "removed":
        os.unlink(path)
    elif card.target == "emptied":
        os.truncate(path, 0)
    else:
        for at in [dice.randrange(os.path.getsize(path)) for _ in range(20 if card.target == "twenty bits" else 1)]:
            flip(path, at)


def store_damaged(chaos, card):
    """The store, while nothing runs. The next start refuses and says why, or nothing that was acknowledged has changed."""
    with chaos.admin.busy, chaos.supervisor.resting():
        chaos.place.sluis.stop(60)
        with set_aside(chaos, "authority"):
            path = os.path.join(chaos.place.sluis.state, "authority", "sluis.db")
            hurt(path, card)
            chaos.start_damaged("store is damaged", "store is gone", must_refuse=card.target in ("emptied", "removed"))
            yield


def store_away(chaos, card):
    """The store's directory can't be entered, and the authority, killed, begins anew."""
    path = os.path.join(chaos.place.sluis.state, "authority")
    mode = os.stat(path).st_mode & 0o7777
    os.chmod(path, 0)
    os.rename(os.path.join(path, "sluis.db"), os.path.join(path, "sluis.db.away"))
    try:
        signalled(chaos.pick("authority", card.draw), signal.SIGKILL)
        yield
    finally:
        os.rename(os.path.join(path, "sluis.db.away"), os.path.join(path, "sluis.db"))
        os.chmod(path, mode)


# ---- rings ----
def flooded(chaos, card):
    """Nobody takes records from the rings while a client asks as fast as it can."""
    pid = chaos.pick("audit", card.draw)
    signalled(pid, signal.SIGSTOP)
    try:
        for _ in range(4):
            with contextlib.suppress(OSError, wire.Broken):
                burst(chaos.place.sluis.port("public"), 6000)
        yield
    finally:
        signalled(pid, signal.SIGCONT)


def burst(port, count):
    """Requests in one go, answered by the edge itself."""
    one = wire.request("GET", BURST, [("User-Agent", "burst " * 30)], host=PUBLIC)
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        got, sent, end = 0, 0, time.monotonic() + 5
        sock.settimeout(0.05)
        while got < count and time.monotonic() < end:
            if sent < count:
                with contextlib.suppress(TimeoutError):
                    sent += sock.send(one * 50) // len(one)
            with contextlib.suppress(TimeoutError):
                got += sock.recv(1 << 20).count(b"HTTP/1.1")


# ---- time and networks ----
def jumped(chaos, card):
    """The wall clock, of all processes at once, and back."""
    chaos.clock.jump({"a minute ahead": 60, "ten minutes ahead": 600, "a minute back": -60, "a day back": -86400}[card.target])
    try:
        yield
    finally:
        chaos.clock.jump(0)


def cut(chaos, card):
    where, how = card.target.split(" ", 1)
    network = chaos.networks[where]
    network.cut(how == "silently")
    try:
        yield
    finally:
        network.mend()


KINDS = (
    Kind("kill", killed, tuple(LOSES), LOSES, hold_s=(0, 0), takes_memory=WRITERS),
    Kind("stop (SIGSTOP)", stopped, tuple(LOSES), STOPPED, hold_s=(0.3, 2.5)),
    Kind("no descriptors", limited(resource.RLIMIT_NOFILE, descriptors), tuple(LOSES), {**STOPPED, "keeper": ALL},
         takes_memory={"audit"}),
    Kind("no memory", limited(resource.RLIMIT_AS, memory), tuple(LOSES), {**STOPPED, "keeper": ALL}, takes_memory=WRITERS),
    Kind("restart", restarted, takes_memory=False, hold_s=(0, 0.2)),
    Kind("full disk", filled, may_fail=GATEWAY | ADMIN, needs=("disk",), cards=3),
    Kind("disk stands still", frozen, may_fail=GATEWAY | ADMIN, needs=("disk",), cards=2),
    Kind("slow disk", slow, may_fail=GATEWAY | ADMIN, needs=("disk",), cards=2, hold_s=(1, 3)),
    Kind("power failure", powered_off, ("", "after a kill of audit", "after a kill of authority", "after a kill of keeper"),
         needs=("disk",), takes_memory=True, takes_disk=True, hold_s=(0, 0.5)),
    Kind("damaged log, running", log_damaged, may_fail=frozenset(), hold_s=(0, 0.3)),
    Kind("damaged log, stopped", log_damaged_stopped, takes_memory=True, hold_s=(0, 0.1)),
    Kind("damaged store", store_damaged, ("one bit", "twenty bits", "emptied", "removed"), may_fail=ALL | {"session"}, hold_s=(0, 0.3)),
    Kind("no store", store_away, may_fail=GATEWAY | ADMIN, hold_s=(0.5, 1.5)),
    Kind("full rings", flooded, may_fail=GATEWAY | ADMIN, hold_s=(0, 1)),
    Kind("clock", jumped, ("a minute ahead", "ten minutes ahead", "a minute back", "a day back"),
         GATEWAY | {"session"}, needs=("clock",), hold_s=(0.5, 2)),
    Kind("network", cut, ("servers silently", "servers at once", "logs silently", "logs at once"),
         {"servers silently": ALL, "servers at once": ALL, "logs silently": frozenset(), "logs at once": frozenset()}, needs=("network",)),
)


def deck(kinds):
    return [(kind, target) for kind in kinds for target in kind.targets for _ in range(kind.cards)]


TWISTS = (("reload",), ("kill", "edge"), ("kill", "authority"), ("kill", "audit"), ("kill", "dialer"), ("kill", "signer"),
          ("kill", "spawner"), ("kill", "keeper"))


def schedule(seed, kinds=KINDS):
    """Cards without end, the same for the same seed: all that there are, shuffled, again and again."""
    dice = random.Random(f"sluis chaos {seed}")
    while True:
        cards = deck(kinds)
        dice.shuffle(cards)
        for kind, target in cards:
            draw, hold, twist = dice.random(), dice.uniform(*kind.hold_s), dice.choice(TWISTS)
            yield Card(kind, target, draw, hold, twist if dice.random() < 0.3 else ())


def may_fail(card):
    """Kinds of traffic that this card may cost something, its twist included."""
    found = card.kind.may_fail
    found = found[card.target] if isinstance(found, dict) else found
    if card.twist[:1] == ("kill",):
        found = found | LOSES[card.twist[1]]
    return frozenset(found)


def takes_memory(card):
    took = card.kind.takes_memory
    return (took if isinstance(took, bool) else card.target in took) or bool(card.twist[1:] and card.twist[1] in WRITERS)
