"""A soak: mixed traffic through one Sluis while servers die, roles are killed, and the configuration changes.

Each client checks every byte that it gets. A failure is explained when it began or ended while a fault was in force that
may cost such a request something (ALLOWED); every other failure is one too many. Memory and descriptors are sampled, and
their slopes told.
"""
import hashlib
import os
import random
import signal
import statistics
import subprocess
import threading
import time

from harness import certs, http2, origin, sluis, wire

NAME = "www.example.nl"
BLOB = random.Random(1).randbytes(300_000)
# What a fault may cost: kinds of traffic. Reloads, drains, and the death of what no request waits for cost nothing.
ALLOWED = {
    "server dies": {"get", "upload", "download", "tls", "h2", "websocket"},
    "edge killed": {"get", "upload", "download", "tls", "h2", "websocket"},
    "signer killed": {"tls", "h2"},
    "dialer killed": {"get", "upload", "download", "tls", "h2", "websocket"},
    "audit killed": set(), "console killed": set(), "reload": set(), "drain": set(), "change": set(), "purge": set(),
    "stood still": {"get", "upload", "download", "tls", "h2", "websocket"},
}
STILL = 5  # seconds without a sample, of which there is one a second: somebody stopped the soak itself
NOISE_KB, NOISE_DESCRIPTORS = 3000, 12  # what a role may grow by within half a run without growing
GRACE = 1.5  # seconds after a fault until its last request has failed


def serve(request, stream):
    """Echoes: bodies by digest, /blob, and WebSockets byte by byte."""
    if request.header("Upgrade"):
        stream.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        while data := stream.buffer or stream.sock.recv(65536):
            stream.buffer = b""
            stream.send(data)
        return None
    if request.method == "POST":
        return origin.answer(hashlib.sha256(request.body).hexdigest())
    return origin.answer(BLOB if request.target == "/blob" else request.target)


def held(pid):
    """(KB, descriptors) of a process; its share of what it shares."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            kilobytes = next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        return kilobytes, len(os.listdir(f"/proc/{pid}/fd"))
    except (OSError, StopIteration):
        return 0, 0


class Soak:
    """with Soak(folder) as soak: soak.run(seconds); soak.unexplained() is empty, soak.slopes() are flat."""

    def __init__(self, folder, say=print):
        self.folder, self.say = folder, say
        self.done, self.failures, self.faults, self.samples, self.eldest = {}, [], [], [], None
        self.lock, self.is_over = threading.Lock(), threading.Event()

    def __enter__(self):
        self.servers = [origin.Origin(serve, name=f"s{n}") for n in range(3)]
        authority = certs.Authority(os.path.join(self.folder, "ca"))
        self.authority, made = authority, authority.issue(NAME)
        self.sluis = sluis.Sluis(os.path.join(self.folder, "sluis"))
        self.sluis.may_break = True  # roles are killed
        self.plain = sluis.site(self.sluis, *[{"name": one.name, "address": one.address} for one in self.servers],
                                edges=2, listener={"http2": True, "limits": {"connections_per_address": 0}},
                                certificates=[{"name": "www", "chain": made.chain, "key": made.key}])
        self.plain["listeners"].append({"name": "safe", "address": f"127.0.0.1:{self.sluis.port('safe')}", "certificates": ["www"],
                                        "limits": {"connections_per_address": 0}})
        self.sluis.start(self.plain)
        self.eldest = min(self.sluis.pids("edge"))
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.sluis.end()
        for server in self.servers:
            server.stop()

    # ---- clients ----
    def get(self, client, n):
        assert client.ask(target=f"/{n}").body == b"/%d" % n

    def upload(self, client, n):
        body = BLOB[:1 + n * 7919 % len(BLOB)]
        assert client.ask("POST", "/", body=body).body.decode() == hashlib.sha256(body).hexdigest()

    def download(self, client, _n):
        assert client.ask(target="/blob").body == BLOB

    def h2(self, client, n):
        streams = [client.begin(f"/{n}/{k}", authority=NAME) for k in range(5)]
        for k, got in enumerate(client.wait(*streams)):
            assert got.is_done and got.body == b"/%d/%d" % (n, k), f"{got.status} {got.reset} closed {client.is_closed}"

    def websocket(self, client, n):
        if n == 0:
            client.send(wire.request(fields=[("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                                             ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]))
            assert client.head().status == 101
        client.send(BLOB[:5000])
        assert client.exactly(5000) == BLOB[:5000]

    def connect(self, kind):
        if kind == "h2":
            return http2.Client(self.sluis.port("safe"), tls=wire.client_tls(self.authority.certificate), name=NAME)
        if kind == "tls":
            return self.sluis.client("safe", tls=wire.client_tls(self.authority.certificate), name=NAME)
        return self.sluis.client()

    def client(self, kind):
        """Connections of some requests each, one after the other."""
        ask = self.get if kind == "tls" else getattr(self, kind)
        while not self.is_over.is_set():
            began = time.monotonic()
            try:
                with self.connect(kind) as client:
                    for n in range(20):
                        began = time.monotonic()
                        ask(client, n)
                        with self.lock:
                            self.done[kind] = self.done.get(kind, 0) + 1
                        if self.is_over.wait(0.02):
                            return
            except (OSError, AssertionError, wire.Broken, ValueError, http2.h2.exceptions.ProtocolError) as error:
                with self.lock:
                    self.failures.append((began, time.monotonic(), kind, f"{type(error).__name__}: {error}"[:200]))
                self.is_over.wait(0.1)

    # ---- faults ----
    def fault(self, name, act):
        began = time.monotonic()
        try:
            act()
        except (OSError, AssertionError, subprocess.SubprocessError) as error:
            with self.lock:
                self.failures.append((began, time.monotonic(), f"injecting: {name}", f"{type(error).__name__}: {error}"[:300]))
        with self.lock:
            self.faults.append((began, time.monotonic() + GRACE, name))

    def kill(self, role):
        """One process of it; the eldest edge lives on, so that its memory can be looked at."""
        pids = [pid for pid in self.sluis.pids(role) if pid != self.eldest]
        if pids:
            os.kill(random.choice(pids), signal.SIGKILL)
            time.sleep(1)

    def die(self):
        server = random.choice(self.servers)
        server.stop()
        time.sleep(1)
        server.start()

    def reload(self):
        ran = self.sluis.reload(self.plain)
        assert ran.returncode == 0, ran.stderr

    def drain(self):
        name = f"web/{random.choice(self.servers).name}"
        for word in ("drain", "enable"):
            ran = self.sluis.run("server", word, name)
            assert ran.returncode == 0, ran.stderr
            time.sleep(0.5)

    def change(self):
        for words in (("server", "set", f"web/{random.choice(self.servers).name}", "weight=5"), ("changes", "drop", "--all")):
            ran = self.sluis.run(*words)
            assert ran.returncode == 0, ran.stderr

    def purge(self):
        ran = self.sluis.run("cache", "purge", "--all")
        assert ran.returncode == 0, ran.stderr

    def inject(self):
        turns = [("reload", self.reload), ("drain", self.drain), ("change", self.change), ("purge", self.purge),
                 ("server dies", self.die)]
        turns += [(f"{role} killed", lambda role=role: self.kill(role)) for role in ("edge", "signer", "dialer", "audit")]
        while not self.is_over.is_set():
            for name, act in turns:
                if self.is_over.wait(1):
                    return
                self.fault(name, act)

    # ---- what it costs ----
    def sample(self):
        """One row: (time, {series: (KB, descriptors)}); a series is a role, or the edge that is never killed."""
        row = {}
        for role, pids in self.sluis.pids().items():
            found = [held(pid) for pid in pids]
            row[role] = tuple(map(sum, zip(*found)))
            if role == "edge":
                row["eldest edge"] = found[pids.index(self.eldest)] if self.eldest in pids else (0, 0)
        row["all"] = tuple(sum(row[role][k] for role in row if role != "eldest edge") for k in (0, 1))
        self.samples.append((time.monotonic(), row))

    def run(self, seconds):
        kinds = ["get", "get", "upload", "download", "tls", "h2", "websocket"]
        threads = [threading.Thread(target=self.client, args=(kind,), daemon=True) for kind in kinds]
        threads.append(threading.Thread(target=self.inject, daemon=True))
        for thread in threads:
            thread.start()
        end, last = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            began = time.monotonic()
            time.sleep(min(1, max(0, end - began)))
            self.sample()
            if time.monotonic() - began > STILL:
                self.faults.append((began, time.monotonic() + GRACE, "stood still"))
            if time.monotonic() - last > 10:
                last = time.monotonic()
                self.say(f"{end - last:5.0f} s to go, {sum(self.done.values())} done, {len(self.failures)} failed, "
                         f"{len(self.unexplained())} unexplained, {self.samples[-1][1]}")
        self.is_over.set()
        for thread in threads:
            thread.join(20)

    def unexplained(self):
        """Failures that no fault explains."""
        with self.lock:
            return [(kind, text) for began, ended, kind, text in self.failures
                    if not any(kind in ALLOWED[name] and began <= until and ended >= since for since, until, name in self.faults)]

    def slopes(self):
        """{series: (KB a minute, descriptors a minute, grew)} over the second half: the median slope between samples of its
        first third and of its last (Theil and Sen's estimate, which a restart in between does not move). It grew when the
        slope over the whole half is more than NOISE_KB or NOISE_DESCRIPTORS and more than a tenth of what there is. All roles
        together have twice that noise: some are there only now and then, and a restarted one begins small."""
        half = self.samples[len(self.samples) // 2:]
        third, told = max(1, len(half) // 3), {}
        for series in half[-1][1]:
            slopes, grew, times = [], False, 1 + (series == "all")
            for k, noise in ((0, NOISE_KB), (1, NOISE_DESCRIPTORS)):
                points = [(at, row[series][k]) for at, row in half if series in row]
                early, late = points[:third], points[-third:]
                slope = statistics.median((b - a) / (y - x) for x, a in early for y, b in late if y > x) if len(points) > 1 else 0
                rose = slope * (points[-1][0] - points[0][0])
                grew |= rose > max(noise * times, statistics.median(value for _, value in points) / 10)
                slopes.append(60 * slope)
            told[series] = (*slopes, grew)
        return told
