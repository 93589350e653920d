"""Hostile clients beside well-behaved ones: what an attack costs in memory, what the others lose, how the attacker ends.

Others are bench-load clients that think 50 ms between two requests (a fifth of them with a new connection each), so the rate at
which they get right answers falls with every answer that fails or comes late. They are measured in windows without, with and
without the attack. What they lose is what the middle window lacks against the mean of its neighbours, as far as clients that ask
the server without Sluis in between do not lack it too. What is fair on a small machine: the edge has the first core; the attacker
has what servers and well-behaved clients leave of the second one (SCHED_IDLE), so that it slows nobody down by its own work, and
the edge by what the edge does for it alone.
"""
import dataclasses
import glob
import json
import os
import subprocess
import threading
import time

from harness import certs, http2, origin, ports, sluis, wire

frames = http2.frames
NAME = "www.example.nl"
PREFACE = http2.PREFACE
WAITS = "1s"  # every timeout of the listeners
CONNECTIONS = 200  # of an address
CALM = "11"
LOST_MOST = 0.1  # share of service that others may lose
MEMORY_MOST_KB = 64 << 10  # that one source's attack may take of the whole tree
AFTER_MOST_KB = 24 << 10  # that is still there when all of them are over: 256 buffers are kept


# ---- scripts: all bytes of one connection ----
def h2(*parts, settings=None):
    return PREFACE + frames.SettingsFrame(0, settings=settings or {}).serialize() + b"".join(parts)


class Maker:
    """Frames with one connection's header compression."""

    def __init__(self):
        self.encoder = http2.hpack.Encoder()

    def head(self, stream, method="GET", path="/1k", flags=("END_HEADERS", "END_STREAM"), more=()):
        block = self.encoder.encode(http2.request_fields(path, method, fields=more), huffman=False)
        return frames.HeadersFrame(stream, flags=list(flags), data=block).serialize()

    def post(self, stream=1, more=()):
        return self.head(stream, "POST", "/upload", ("END_HEADERS",), more)


def frame(kind, stream=0, flags=(), **keywords):
    return kind(stream, flags=list(flags), **keywords).serialize()


def per_stream(n, follow):
    """n requests, each followed by what follow(stream) gives."""
    maker = Maker()
    return h2(*(maker.head(2 * i + 1) + follow(2 * i + 1) for i in range(n)))


def rapid_reset():
    return per_stream(4000, lambda stream: frame(frames.RstStreamFrame, stream, error_code=8))


def window_overflow():
    return per_stream(4000, lambda stream: frame(frames.WindowUpdateFrame, stream, window_increment=2**31 - 1))


def window_of_nothing():
    update = bytes.fromhex("00000408 00") + b"%b" + bytes(4)
    return per_stream(4000, lambda stream: update.replace(b"%b", stream.to_bytes(4, "big")))


def data_behind_the_end():
    return per_stream(4000, lambda stream: frame(frames.DataFrame, stream, data=b"x"))


def continuation():
    maker = Maker()
    parts = [maker.head(1, flags=("END_STREAM",))]
    parts += [frame(frames.ContinuationFrame, 1, data=maker.encoder.encode([(f"x-{i}", "y" * 100)])) for i in range(5000)]
    return h2(*parts)


def empty_continuation():
    return h2(Maker().head(1, flags=("END_STREAM",)), frame(frames.ContinuationFrame, 1) * 50_000)


def header_bomb():
    """A large value once, then by its index, a byte each."""
    maker = Maker()
    first = maker.encoder.encode(http2.request_fields(fields=[("x-a", "a" * 3000)]), huffman=False)
    again = maker.encoder.encode(http2.request_fields(), huffman=False) + b"\xbe" * 10_000
    return h2(frame(frames.HeadersFrame, 1, ["END_HEADERS", "END_STREAM"], data=first),
              *(frame(frames.HeadersFrame, 2 * i + 3, ["END_HEADERS", "END_STREAM"], data=again) for i in range(100)))


def zero_window():
    maker = Maker()
    return h2(*(maker.head(2 * i + 1, path="/1k") for i in range(100)), settings={4: 0})


def window_churn():
    """Each SETTINGS moves the windows of all streams."""
    maker = Maker()
    parts = [maker.head(2 * i + 1) for i in range(100)]
    return h2(*parts, *(frame(frames.SettingsFrame, settings={4: i % 2}) for i in range(20_000)), settings={4: 0})


def posts(follow):
    return h2(Maker().post(), follow * 20_000)


def many(kind, **keywords):
    return h2(frame(kind, **keywords) * 50_000)


def streams_beyond_the_limit():
    maker = Maker()
    return h2(*(maker.post(2 * i + 1) for i in range(5000)))


def malformed():
    maker = Maker()
    return h2(*(maker.head(2 * i + 1, more=[("connection", "close")]) for i in range(3000)))


def bad_requests():
    maker = Maker()
    return h2(*(maker.head(2 * i + 1, path="/%00") for i in range(3000)))


def h1(method="GET", target="/1k", fields=()):
    return wire.request(method, target, fields)


POST_HEAD = h1("POST", "/upload", [("Content-Length", "100000")])


@dataclasses.dataclass
class Attack:
    """name: what the table calls it. script: makes the bytes of a connection. flags: of the attacker. listener: safe (TLS, HTTP/2),
    tls (the same, spoken to without TLS) or public. codes: GOAWAY codes or statuses, of which one at least must have been given,
    or "closed"; () for connections that the attacker ends. act: the label of the budget's counter that must have moved; None: a
    limit or a deadline ends it. is_told: there is an event, client.abuse. is_free: others may lose more, it asks for what
    anybody may ask for."""
    name: str
    script: object
    flags: tuple = ()
    listener: str = "safe"
    codes: tuple = (CALM,)
    act: str = None
    connections: int = 4
    is_told: bool = False
    is_slow: bool = False
    is_free: bool = False


def drip(script, first, piece=1, pause=0.1, loop=None):
    """Flags of an attack that sends its first bytes at once, and then a few at a time."""
    return ("--first", str(first), "--piece", str(piece), "--pause", str(pause),
            *(("--loop", str(loop)) if loop is not None else ()))


PING = frame(frames.PingFrame, opaque_data=b"12345678")
PRIORITY = frame(frames.PriorityFrame, 3, depends_on=0, stream_weight=1)
UNKNOWN = b"\x00\x00\x00\x5f\x00\x00\x00\x00\x00"
PADDED = frames.DataFrame(1, flags=["PADDED"], pad_length=9).serialize()
HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(32)
SLOW_POST = h2(Maker().post(), *(frame(frames.DataFrame, 1, data=b"x") for _ in range(100)))

ATTACKS = [
    Attack("rapid reset", rapid_reset, act="reset", is_told=True),
    Attack("made you reset: window", window_overflow, act="protocol", codes=("3",)),
    Attack("made you reset: increment 0", window_of_nothing, act="protocol", codes=("1",)),
    Attack("made you reset: data behind the end", data_behind_the_end, act="protocol", codes=("5",)),
    Attack("made you reset: malformed requests", malformed, act="malformed", is_told=True),
    Attack("CONTINUATION", continuation, act="header", is_told=True),
    Attack("CONTINUATION, empty", empty_continuation, act="header", is_told=True),
    Attack("header bomb", header_bomb, act="header", is_told=True),
    Attack("SETTINGS", lambda: many(frames.SettingsFrame, settings={4: 65535}), act="settings", is_told=True),
    Attack("SETTINGS, windows of 100 streams", window_churn, act="settings", is_told=True),
    Attack("PING", lambda: h2(PING * 50_000), act="ping", is_told=True),
    Attack("PRIORITY", lambda: h2(PRIORITY * 50_000), act="priority", is_told=True),
    Attack("WINDOW_UPDATE", lambda: many(frames.WindowUpdateFrame, window_increment=1), act="window", is_told=True),
    Attack("empty DATA", lambda: posts(frame(frames.DataFrame, 1)), act="empty", is_told=True),
    Attack("padding", lambda: posts(PADDED), act="empty", is_told=True),
    Attack("unknown frames", lambda: h2(UNKNOWN * 50_000), act="unknown", is_told=True),
    Attack("streams beyond the limit", streams_beyond_the_limit, act="refused", is_told=True),
    Attack("requests that are none", bad_requests, act=None, is_told=True),
    Attack("zero windows", zero_window, ("--once",), connections=CONNECTIONS, is_slow=True, codes=(CALM, "0")),
    Attack("slow head", lambda: h2(Maker().head(1, flags=("END_STREAM",))), connections=CONNECTIONS, is_slow=True, act="slow"),
    Attack("slow body", lambda: SLOW_POST, drip(SLOW_POST, len(SLOW_POST) - 1000, 10, 0.3), connections=CONNECTIONS,
           is_slow=True, codes=("0",)),
    Attack("idle", h2, connections=CONNECTIONS // 4, is_slow=True, codes=("0",)),
    Attack("1: slow head", h1, drip(b"", 20, loop=30), "public", ("408",), "slow", CONNECTIONS, is_slow=True),
    Attack("1: slow body", lambda: POST_HEAD + b"x" * 90_000, drip(b"", len(POST_HEAD), 10, 0.3), "public", ("408",), "slow",
           CONNECTIONS, is_slow=True),
    Attack("1: slow reader", lambda: h1(target="/1m"), ("--read", "100", "--pause", "0.3"), "public", ("200",),
           connections=CONNECTIONS, is_slow=True),
    Attack("1: reads nothing", lambda: h1(target="/1m") * 1000, ("--deaf",), "public", ("closed",), "slow", CONNECTIONS,
           is_slow=True, is_free=True),
    Attack("1: head too large", lambda: h1(fields=[(f"X-{i}", "y" * 1000) for i in range(40)]), (), "public", ("431",),
           connections=CONNECTIONS, is_told=True),
    Attack("1: largest heads", lambda: h1(fields=[(f"X-{i}", "y" * 130) for i in range(22)]) * 1000, ("--loop", "0"), "public",
           ("200",), connections=20, is_free=True),
    Attack("1: no HTTP", lambda: b"\0\0\0\0\r\n\r\n", (), "public", ("400",), connections=CONNECTIONS, is_told=True),
    Attack("1: idle", lambda: b"", (), "public", ("closed",), connections=2 * CONNECTIONS, is_slow=True),
    Attack("1: valid requests", lambda: h1() * 5000, ("--loop", "0"), "public", ("200",), connections=50, is_free=True),
    Attack("connections", lambda: b"", ("--churn",), "public", (), connections=50),
    Attack("TLS: idle in the handshake", lambda: HELLO, (), "tls", ("closed",), connections=CONNECTIONS, is_slow=True),
    Attack("TLS: no TLS", lambda: b"GET / HTTP/1.1\r\n\r\n", (), "tls", ("closed",), connections=CONNECTIONS, is_told=True),
    Attack("TLS: handshakes", lambda: b"", ("--churn",), "safe", (), connections=8, is_free=True),
]


# ---- the field ----
@dataclasses.dataclass
class Result:
    attack: Attack
    lost: float  # share of what others got without it
    asked: int
    memory_kb: int  # most of the whole tree
    extra_kb: int  # above what it was before
    cpu: float  # share of its core that the tree used for it
    said: dict  # what the attacker says
    acts: dict
    errors: int = 0
    is_told: bool = False

    def wrong(self):
        """What is not as it has to be, in words; empty: nothing."""
        attack, given = self.attack, {*self.said["goaway"], *self.said["status"]}
        given |= {"closed"} if self.said["ended"] + self.said["refused"] else set()
        wrong = []
        if self.lost > LOST_MOST and not attack.is_free:
            wrong.append(f"others lost {100 * self.lost:.1f} %")
        if self.extra_kb > MEMORY_MOST_KB:
            wrong.append(f"{self.extra_kb} KB more")
        if attack.codes and not given & set(attack.codes):
            wrong.append(f"ended with {self.code()}")
        if attack.act and not self.acts.get(attack.act):
            wrong.append(f"no budget {attack.act}: {self.acts}")
        if attack.is_told and not self.is_told:
            wrong.append("no event")
        return ", ".join(wrong)

    def code(self):
        found = [f"GOAWAY {code}" for code in self.said["goaway"]] + list(self.said["status"])
        found += ["closed"] if self.said["ended"] + self.said["refused"] else []
        return ", ".join(found) or "-"

    def row(self):
        return (f"{self.attack.name:36} {self.memory_kb / 1024:6.1f} MB {self.extra_kb / 1024:+6.1f}  {100 * self.lost:+5.1f} % "
                f"{self.errors:4} of {self.asked:5}  {100 * self.cpu:4.0f} %  {self.said['opened']:6} {self.said['refused']:6}  "
                f"{self.code()}; "
                f"{', '.join(f'{name} {n:.0f}' for name, n in self.acts.items())}{'; event' if self.is_told else ''}")


HEADING = (f"{'attack':36} {'memory':>9} {'more':>6}  {'lost':>7} {'fail':>4} {'a second':>8}  {'CPU':>6}  {'opened':>6} {'refus.':>6}  "
           "ended with; connections ended by budget")


class Field:
    """with Field(folder) as field: field.run(attack, seconds) -> Result."""

    def __init__(self, folder, build):
        self.folder, self.build = folder, build
        self.cores = sorted(os.sched_getaffinity(0))
        self.source, self.quiet, self.processes = 0, None, []

    def pin(self, core):
        """Of a child, before it is a program: the edge's core is 0."""
        def place():
            if len(self.cores) > 1:
                os.sched_setaffinity(0, {self.cores[core]})
        return place

    def __enter__(self):
        made = certs.Authority(os.path.join(self.folder, "ca"))
        self.certificate, issued = made.certificate, made.issue(NAME)
        self.server = port = ports.free_port()
        self.processes.append(subprocess.Popen([os.path.join(self.build, "bench/bench-origin"), str(port)], preexec_fn=self.pin(1)))
        self.reader = origin.Origin(lambda request, _: origin.answer(len(request.body)))
        self.sluis = sluis.Sluis(os.path.join(self.folder, "sluis"))
        limits = {"connections_per_address": CONNECTIONS}
        waits = dict.fromkeys(("handshake", "request_header", "request_body_idle", "keep_alive", "response_idle"), WAITS)
        server = {"name": "a", "address": f"127.0.0.1:{port}"}
        configuration = sluis.site(self.sluis, server, listener={"limits": limits, "timeouts": waits},
                                   backend={"timeouts": {"idle_connection": "2s"}},
                                   certificates=[{"name": "www", "chain": issued.chain, "key": issued.key}],
                                   metrics={"address": f"127.0.0.1:{self.sluis.port('metrics')}"})
        configuration["listeners"].append({"name": "safe", "address": f"127.0.0.1:{self.sluis.port('safe')}", "limits": limits,
                                           "timeouts": waits, "certificates": ["www"], "default_certificate": True})
        configuration["backends"].append({"name": "reads", "servers": [self.reader.address]})
        configuration["routes"][0]["rules"] = [{"match": {"path_prefix": "/upload"}, "backend": "reads"}]
        before = os.sched_getaffinity(0)
        self.pin(0)()
        try:
            self.sluis.start(configuration)
        finally:
            os.sched_setaffinity(0, before)
        self.polite(2)  # warm
        self.base = self.held()
        return self

    def __exit__(self, *_):
        for one in self.processes:
            one.kill()
            one.wait()
        self.reader.stop()
        self.sluis.end()

    # ---- what is looked at ----
    def held(self):
        """(KB, descriptors) of the whole tree."""
        kilobytes = descriptors = 0
        for pids in self.sluis.pids().values():
            for pid in pids:
                with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                    kilobytes += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
                descriptors += len(os.listdir(f"/proc/{pid}/fd"))
        return kilobytes, descriptors

    def cpu_s(self):
        ticks = 0
        for pids in self.sluis.pids().values():
            for pid in pids:
                with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                    ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")


    # ---- who asks ----
    def load(self, port, connections, seconds, *flags):
        words = [os.path.join(self.build, "bench/bench-load"), "--port", str(port), "--path", "/1k", "--think", "50",
                 "--connections", str(connections), "--warm", "0.1", "--seconds", str(seconds), *flags]
        return subprocess.Popen(words, stdout=subprocess.PIPE, preexec_fn=self.pin(1))

    def polite(self, seconds):
        """(answers a second, failures, answers a second without Sluis) of the well-behaved, over TLS and not, on kept connections
        and on new ones."""
        loads = [self.load(self.sluis.port("safe"), 40, seconds, "--tls"), self.load(self.sluis.port(), 40, seconds),
                 self.load(self.sluis.port(), 20, seconds, "--close"), self.load(self.server, 40, seconds)]
        got = [json.loads(one.communicate()[0]) for one in loads]
        rates = [one["requests"] / one["seconds"] for one in got]
        return sum(rates[:3]), sum(one["refused"] + one["broken"] + one["wrong"] for one in got[:3]), rates[3]

    def window(self, seconds):
        """polite(), with the CPU time that the tree takes meanwhile, a second."""
        before, began = self.cpu_s(), time.monotonic()
        answers, failures, direct = self.polite(seconds)
        return answers, failures, (self.cpu_s() - before) / (time.monotonic() - began), direct

    def attack(self, attack, seconds):
        self.source += 1
        script = os.path.join(self.folder, "script")
        with open(script, "wb") as file:
            file.write(attack.script())
        tls = ("--tls", "--alpn", "h2") if attack.listener == "safe" else ()
        listener = "safe" if attack.listener == "tls" else attack.listener
        flags = tuple(str(word) for word in attack.flags)
        program = ["chrt", "-i", "0", os.path.join(self.build, "tests/hostile/attacker")]
        return subprocess.Popen([*program, "--port", str(self.sluis.port(listener)),
                                 "--from", f"127.0.66.{self.source}", "--connections", str(attack.connections), "--seconds", str(seconds),
                                 "--script", script, *tls, *flags], stdout=subprocess.PIPE, preexec_fn=self.pin(1))

    def watch(self, until, most):
        while not until.wait(0.1):
            most.append(self.held()[0])

    def budgets(self):
        """{act: connections that it ended}"""
        page = self.sluis.ask("/metrics", listener="metrics").body.decode()
        found = {}
        for line in page.splitlines():
            if line.startswith("sluis_listener_abuse_total{"):
                act = line.split('reason="')[1].split('"')[0]
                found[act] = found.get(act, 0) + float(line.rpartition(" ")[2])
        return found

    def events(self):
        """Those about the last attacker."""
        source, found = f'"object":"127.0.66.{self.source}"', 0
        for path in glob.glob(os.path.join(self.sluis.state, "audit/*.jsonl")):
            with open(path, encoding="utf-8", errors="replace") as file:
                found += sum("client.abuse" in line and source in line for line in file)
        return found

    def is_told(self):
        """Exactly one event, before long: a flood is no flood of events."""
        end = time.monotonic() + 3
        while not (found := self.events()) and time.monotonic() < end:
            time.sleep(0.1)
        return found == 1

    def settle(self, within=6):
        """(KB, descriptors) above those before all attacks, once they are little, or after that time."""
        end = time.monotonic() + within
        while True:
            now = tuple(a - b for a, b in zip(self.held(), self.base))
            if (now[0] < AFTER_MOST_KB and now[1] < 50) or time.monotonic() > end:
                return now
            time.sleep(0.5)

    def judge(self, attack, seconds, tries=2):
        """The result of run(), again while others lost too much of something else's noise: (Result, what is wrong)."""
        for _ in range(tries):
            result = self.run(attack, seconds + (1 if attack.is_slow else 0))
            wrong = result.wrong()
            if not wrong:
                break
            self.quiet = None
        return result, wrong

    def run(self, attack, seconds=1.5):
        """One attack between two quiet windows."""
        quiet = self.quiet or self.window(seconds)
        before, memory = self.budgets(), self.held()[0]
        until, most = threading.Event(), [memory]
        watcher = threading.Thread(target=self.watch, args=(until, most))
        attacker = self.attack(attack, seconds + 0.4)
        watcher.start()
        time.sleep(0.1)
        answers, failures, cpu, direct = self.window(seconds)
        said = json.loads(attacker.communicate()[0])
        until.set()
        watcher.join()
        after = self.budgets()
        self.quiet = self.window(seconds)
        usual, usual_direct = (quiet[0] + self.quiet[0]) / 2, (quiet[3] + self.quiet[3]) / 2
        return Result(attack, max(0, 1 - answers / usual / min(1, direct / usual_direct)), int(usual), max(most), max(most) - memory,
                      cpu - (quiet[2] + self.quiet[2]) / 2, said,
                      {act: n - before.get(act, 0) for act, n in after.items() if n > before.get(act, 0)},
                      failures, attack.is_told and self.is_told())
