"""P1: on a listener with isolation: cell every connection is a process of its own, alone in its PID namespace (P4, P5, P11)."""
import array
import gzip
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

from harness import http2, wire
from harness import origin as origins
from harness.memory import read_range
from harness.wait import until

NAME = "www.example.nl"
DECODERS = {"gzip": gzip.decompress,
            "br": lambda text: pytest.importorskip("brotli").decompress(text),
            "zstd": lambda text: pytest.importorskip("zstandard").ZstdDecompressor().decompressobj().decompress(text)}
WEBSOCKET = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
             ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]


def echo(request, stream):
    """Switches to an echo of raw bytes, where that is asked for; answers with the target otherwise."""
    if not request.header("Upgrade"):
        return origins.answer(request.target.encode() if isinstance(request.target, str) else request.target)
    stream.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    while data := stream.buffer or stream.sock.recv(65536):
        stream.buffer = b""
        stream.send(data)
    return None


@pytest.fixture(name="cells")
def start_cells(sluis, site, ca):
    """cells(server, listener=..., cells=...) starts Sluis; keywords for clients come back."""

    def start(*servers, listener=None, compress=False, **top):
        made = ca.issue(NAME)
        conf = site(*[server.address for server in servers],
                    listener={"protocol": "https", "isolation": "cell", "certificates": ["www"], **(listener or {})},
                    route={"listeners": ["public"], "compress": compress},
                    certificates=[{"name": "www", "chain": made.chain, "key": made.key}], **top)
        sluis.start(conf)
        return {"port": sluis.port(), "tls": wire.client_tls(ca.certificate)}

    return start


def stat(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def records(sluis, action):
    found = []
    folder = os.path.join(sluis.state, "audit")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jsonl"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                found += [line for line in map(json.loads, file) if line["action"] == action]
    return found


def gone(pids):
    return lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids)


# ---- one process each ----------------------------------------------------------------------------
def test_a_process_per_connection(sluis, cells, origin):
    """P1; P5: alone in a PID namespace, without capabilities, under two lists of system calls."""
    at = cells(origin(echo))
    clients = [wire.Client(**at) for _ in range(5)]
    assert [client.ask(target=f"/{i}").body for i, client in enumerate(clients)] == [f"/{i}".encode() for i in range(5)]
    pids = sluis.pids("cell")
    assert len(pids) == 5
    spaces = {os.readlink(f"/proc/{pid}/ns/pid") for pid in pids}
    assert len(spaces) == 5 and os.readlink(f"/proc/{sluis.pids('spawner')[0]}/ns/pid") not in spaces
    for pid in pids:
        said = stat(pid)
        assert said["NSpid"].split()[-1] == "1" and said["Seccomp_filters"] == "2"
        assert {said[key] for key in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")} == {"0" * 16}
        # its lifeline, client, signer, dialer, audit, its loop, and a connection to the server; no listener
        assert len(os.listdir(f"/proc/{pid}/fd")) <= 3 + 8
    for client in clients:
        client.close()
    until(gone(pids))
    assert sluis.ask(tls=at["tls"]).status == 200
    assert {line["writer"].split("[")[0] for line in records(sluis, "GET")} <= {"cell"}


def test_who_says_nothing_or_no_tls_gets_no_process(sluis, cells, origin):
    """A22: neither silence nor what is not TLS costs a process; the time to begin is that of a handshake."""
    at = cells(origin(echo), listener={"timeouts": {"handshake": "1s"}})
    silent = [socket.create_connection(("127.0.0.1", at["port"])) for _ in range(20)]
    for said in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01", b"\x15\x03\x01\x00\x02\x01\x00", b"\x16\x03\x09\x00\x10\x01",
                 b"\x16\x03\x01\xff\xff\x01", b"\x16\x03\x01\x00\x10\x02"):
        with socket.create_connection(("127.0.0.1", at["port"])) as other:
            other.sendall(said)
            other.settimeout(5)
            try:
                assert other.recv(10) == b""
            except ConnectionError:
                pass
    assert sluis.pids("cell") == []
    for one in silent:
        one.settimeout(5)
        assert one.recv(1) == b""
        one.close()
    assert sluis.pids("cell") == []
    assert sluis.ask(tls=at["tls"]).status == 200


def test_hello_in_pieces(sluis, cells, origin, ca):
    at = cells(origin(echo))
    raw = socket.create_connection(("127.0.0.1", at["port"]))
    inside, outside = (wire.ssl.MemoryBIO() for _ in range(2))
    tls = wire.client_tls(ca.certificate).wrap_bio(inside, outside, server_hostname=NAME)
    with pytest.raises(wire.ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outside.read()
    for byte in hello[:5]:
        raw.sendall(bytes([byte]))
        time.sleep(0.01)
    assert sluis.pids("cell") == []
    raw.sendall(hello[5:])
    assert raw.recv(5)[0] == 22
    assert len(sluis.pids("cell")) == 1
    raw.close()


def test_http2_and_websocket(sluis, cells, origin, ca):
    at = cells(origin(echo))
    with http2.Client(at["port"], tls=wire.client_tls(ca.certificate)) as client:
        streams = [client.begin(f"/{i}") for i in range(30)]
        assert [answer.body for answer in client.wait(*streams)] == [f"/{i}".encode() for i in range(30)]
        assert len(sluis.pids("cell")) == 1
    with wire.Client(**at) as client:
        client.send(wire.request(fields=WEBSOCKET))
        assert client.head().status == 101
        for size in (1, 300, 70000):
            data = os.urandom(size)
            client.send(data)
            assert client.exactly(size) == data


def test_sessions_are_not_resumed(sluis, cells, origin):
    """P1: no cell has a ticket key, so that none can open another client's session."""
    at = cells(origin(echo))
    with wire.Client(**at) as client:
        client.ask()
        first = client.sock.session
        assert first is None or not first.has_ticket


def test_idle_cells_rest(sluis, cells, origin):
    """What an idle cell costs: next to no wake-ups."""
    at = cells(origin(echo))
    with http2.Client(**at) as client:
        client.ask()
        time.sleep(1.5)
        pid = sluis.pids("cell")[0]
        before = int(stat(pid)["voluntary_ctxt_switches"])
        time.sleep(2)
        assert int(stat(pid)["voluntary_ctxt_switches"]) - before <= 4
        assert client.ask().status == 200


# ---- limits --------------------------------------------------------------------------------------
def test_limit_per_address(sluis, cells, origin):
    at = cells(origin(echo), listener={"limits": {"connections_per_address": 3}})
    held = [wire.Client(**at) for _ in range(3)]
    for client in held:
        client.ask()
    time.sleep(0.3)
    with pytest.raises(OSError):
        wire.Client(**at)
    assert len(sluis.pids("cell")) == 3
    with wire.Client(bind="127.0.0.2", **at) as other:
        assert other.ask().status == 200
    held.pop().close()
    until(lambda: len(sluis.pids("cell")) == 2)
    time.sleep(0.3)
    with wire.Client(**at) as again:
        assert again.ask().status == 200


# ---- P11 -----------------------------------------------------------------------------------------
def test_a_cell_that_is_killed_is_nobody_elses_loss(sluis, cells, origin):
    at = cells(origin(echo))
    one, other = wire.Client(**at), wire.Client(**at)
    one.ask()
    other.ask()
    address = f"127.0.0.1:{one.sock.getsockname()[1]}"
    victim = next(pid for pid in sluis.pids("cell"))
    os.kill(victim, signal.SIGKILL)
    until(gone([victim]))
    assert sum(client.is_closed(0.5) for client in (one, other)) == 1
    until(lambda: records(sluis, "cell.crashed"))
    line = records(sluis, "cell.crashed")[0]
    assert line["kind"] == "alarm" and (line["origin"] == address or line["origin"].startswith("127.0.0.1:"))
    assert sluis.ask(tls=at["tls"]).status == 200


@pytest.mark.parametrize("role", ["spawner", "signer", "dialer", "audit"])
def test_roles_are_killed_under_living_cells(sluis, cells, origin, role):
    """Cells outlive their spawner, get new channels to whoever was restarted, and new ones are served."""
    at = cells(origin(echo))
    held = [wire.Client(**at) for _ in range(4)]
    for client in held:
        assert client.ask().status == 200
    tunnel = wire.Client(**at)
    tunnel.send(wire.request(fields=WEBSOCKET))
    assert tunnel.head().status == 101
    before = sluis.pids(role)
    os.kill(before[0], signal.SIGKILL)
    until(lambda: [pid for pid in sluis.pids(role) if pid not in before])
    assert role == "dialer" or sluis.ask(tls=at["tls"]).status == 200  # a connection waits for what is away
    until(lambda: sluis.ask(tls=at["tls"]).status == 200)
    tunnel.send(b"still here")
    assert tunnel.exactly(10) == b"still here"
    for client in held:
        try:
            assert client.ask(target="/again").body == b"/again"
        except (wire.Broken, OSError):
            assert role == "spawner"  # its orphans end when they are quiet
    tunnel.close()
    for client in held:
        client.close()
    until(lambda: not sluis.pids("cell"))
    time.sleep(1.2)
    with open(f"/proc/{sluis.pids('keeper')[0]}/task/{sluis.pids('keeper')[0]}/children", encoding="ascii") as file:
        children = file.read().split()
    assert all(stat(pid)["State"][0] != "Z" for pid in children), "nobody reaped them"


def test_cells_end_with_the_keeper(sluis, cells, origin):
    at = cells(origin(echo))
    with wire.Client(**at) as client:
        client.ask()
        pids = sluis.pids("cell")
        os.kill(sluis.pids("keeper")[0], signal.SIGKILL)
        until(gone(pids))


# ---- changes -------------------------------------------------------------------------------------
def test_reload_keeps_tunnels_and_ends_the_rest_in_order(sluis, cells, origin):
    """P10: the old image's cells finish what they have; the next connection finds the new image."""
    at = cells(origin(echo))
    tunnel = wire.Client(**at)
    tunnel.send(wire.request(fields=WEBSOCKET))
    assert tunnel.head().status == 101
    old = sluis.pids("spawner")
    with open(sluis.config, encoding="utf-8") as file:
        text = file.read()
    ran = sluis.reload(text.replace("name: all", "name: every", 1))
    assert ran.returncode == 0, ran.stderr
    assert [pid for pid in sluis.pids("spawner") if pid not in old]
    for _ in range(20):
        assert sluis.ask(tls=at["tls"]).status == 200
    tunnel.send(b"still here")
    assert tunnel.exactly(10) == b"still here"
    until(lambda: len(records(sluis, "GET")) == 21)
    assert {line["route"] for line in records(sluis, "GET") if line["result"] == "200"} == {"every/default"}
    tunnel.close()
    until(lambda: len(sluis.pids("spawner")) == 1)


def test_isolation_comes_and_goes(sluis, cells, origin):
    """The same address, served by edges, then by cells, then by edges again."""
    at = cells(origin(echo))
    with open(sluis.config, encoding="utf-8") as file:
        text = file.read()
    for _ in range(2):
        assert sluis.reload(text.replace("isolation: cell", "isolation: shared")).returncode == 0
        until(lambda: not sluis.pids("spawner"))
        assert sluis.ask(tls=at["tls"]).status == 200 and not sluis.pids("cell")
        assert sluis.reload(text).returncode == 0
        with wire.Client(**at) as client:
            assert client.ask().status == 200 and len(sluis.pids("cell")) == 1


# ---- seen from outside ---------------------------------------------------------------------------
def test_counted(sluis, cells, origin):
    metrics = sluis.port("metrics")
    at = cells(origin(echo), metrics={"address": f"127.0.0.1:{metrics}"})
    held = [wire.Client(**at) for _ in range(3)]
    for client in held:
        for _ in range(4):
            client.ask()

    def text():
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=10) as got:
            return got.read().decode()

    def value(name):
        return sum(float(line.rsplit(" ", 1)[1]) for line in text().splitlines() if line.startswith(name))

    until(lambda: value('sluis_listener_requests_total{') == 12)
    assert value('sluis_listener_connections{') == 3
    until(lambda: value('sluis_cells_strangers') == 3)
    assert value('sluis_cells_started_total') == 3 and value('sluis_cells_spawn_seconds_total') > 0
    for client in held:
        client.close()
    until(lambda: value('sluis_listener_connections{') == 0)
    assert value('sluis_server_requests_total{') == 12 or value('sluis_listener_requests_total{') == 12


def memory(pid):
    """Everything in a process that has ever been written or read: pages that are there."""
    parts, page = [], os.sysconf("SC_PAGE_SIZE")
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem, \
            open(f"/proc/{pid}/pagemap", "rb", buffering=0) as there:
        for line in maps:
            span, flags = line.split()[:2]
            start, end = (int(part, 16) for part in span.split("-"))
            if "r" not in flags or "[vsyscall]" in line:
                continue
            there.seek(start // page * 8)
            bits = array.array("Q", there.read((end - start) // page * 8))
            for i, word in enumerate(bits):
                if word >> 62:
                    parts.append(read_range(mem, start + i * page, start + (i + 1) * page))
    return b"".join(parts)


@pytest.mark.skipif(os.geteuid() != 0, reason="reads the memory of other processes")
def test_nothing_of_one_client_is_in_anothers_process(sluis, cells, origin):
    """P1, A10: neither in the cells of others, those born later included, nor in the spawner."""
    at = cells(origin(echo))
    marks = [f"mark-{i}-{os.urandom(8).hex()}" for i in range(6)]
    held = []
    for i, mark in enumerate(marks):
        client = wire.Client(bind=f"127.0.0.{10 + i}", **at)
        assert client.ask(target=f"/{mark}", fields=[("Cookie", f"s={mark}"), ("X-Long", mark * 40)]).status == 200
        held.append(client)
    pids = sluis.pids("cell")
    assert len(pids) == 6
    found = {pid: memory(pid) for pid in pids}
    own = {pid: [mark for mark in marks if mark.encode() in found[pid]] for pid in pids}
    assert all(len(marks_here) <= 1 for marks_here in own.values()), own
    spawner = memory(sluis.pids("spawner")[0])
    assert not [mark for mark in marks if mark.encode() in spawner]
    # Addresses of others are the spawner's alone: IPv4 mapped, as they are kept
    for i in range(6):
        address = bytes([0] * 10 + [255, 255, 127, 0, 0, 10 + i])
        assert sum(address in text for text in found.values()) <= 1
    for client in held:
        client.close()


# ---- with a gateway ------------------------------------------------------------------------------
@pytest.fixture(name="gateway")
def start_gateway(sluis, site, ca):
    """gateway(server, **limits of cells) starts Sluis with a portal; keywords for clients come back."""

    def start(server, **limits):
        made = ca.issue(NAME, "login.example.nl", file="cells-gateway")
        sluis.start(site(server.address, listener={"protocol": "https", "isolation": "cell", "certificates": ["www"]},
                         route={"listeners": ["public"]},
                         certificates=[{"name": "www", "chain": made.chain, "key": made.key}],
                         gateway={"host": "login.example.nl", "cells": limits}))
        return {"port": sluis.port(), "tls": wire.client_tls(ca.certificate)}

    return start


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_compressed_answers(cells, origin, coding, http2):
    """RFC 9110 §8.4: each library's memory is made inside the cell, whose list of calls is shorter than an edge's."""
    text = b"".join(b"<p>%d a line like the others</p>\n" % i for i in range(20000))
    at = cells(origin(lambda request, _: origins.answer(text, fields=[("Content-Type", "text/html")])), compress=True)
    for _ in range(2):
        ran = subprocess.run(["curl", "-s", "-k", "--http2" if http2 else "--http1.1", "--resolve", f"{NAME}:{at['port']}:127.0.0.1",
                              "-H", f"Accept-Encoding: {coding}", "-w", "%{stderr}%{http_version} %{http_code}",
                              f"https://{NAME}:{at['port']}/"], capture_output=True, check=True)
        assert ran.stderr.decode() == ("2 200" if http2 else "1.1 200") and len(ran.stdout) < len(text) / 5
        assert DECODERS[coding](ran.stdout) == text


def test_strangers_have_a_limit_of_their_own(sluis, gateway, origin):
    """A22: whoever has not logged in is counted with all others who haven't."""
    at = gateway(origin(echo), total=20, before_login=4, per_address=3)
    held = [wire.Client(bind=f"127.0.0.{2 + i}", **at) for i in range(4)]
    for client in held:
        assert client.ask().status == 200
    time.sleep(0.3)
    with pytest.raises(OSError):
        wire.Client(bind="127.0.0.9", **at)
    assert len(sluis.pids("cell")) == 4
    held.pop().close()
    until(lambda: len(sluis.pids("cell")) == 3)
    time.sleep(0.3)
    with wire.Client(bind="127.0.0.9", **at) as client:
        assert client.ask().status == 200


def test_the_spawner_is_replaced_now_and_then(sluis, gateway, origin):
    """Its cells notice nothing, and no connection is refused meanwhile."""
    at = gateway(origin(echo), spawner_lifetime="10s")
    first = sluis.pids("spawner")
    tunnel, held = wire.Client(**at), wire.Client(**at)
    tunnel.send(wire.request(fields=WEBSOCKET))
    assert tunnel.head().status == 101 and held.ask().status == 200
    end = time.monotonic() + 20
    while not [pid for pid in sluis.pids("spawner") if pid not in first]:
        assert sluis.ask(tls=at["tls"]).status == 200 and time.monotonic() < end
        time.sleep(0.05)
    for _ in range(20):
        assert sluis.ask(tls=at["tls"]).status == 200
    tunnel.send(b"still here")
    assert tunnel.exactly(10) == b"still here" and held.ask().status == 200
    tunnel.close()
    held.close()
    until(lambda: not set(first) & set(sluis.pids("spawner")))


def test_upgrade(sluis, cells, origin):
    """P11: new programs, the spawner's too; tunnels of the old cells go on."""
    at = cells(origin(echo))
    tunnel = wire.Client(**at)
    tunnel.send(wire.request(fields=WEBSOCKET))
    assert tunnel.head().status == 101
    old = sluis.pids("spawner")
    ran = sluis.run("upgrade")
    assert ran.returncode == 0, ran.stderr
    for _ in range(10):
        assert sluis.ask(tls=at["tls"]).status == 200
    assert [pid for pid in sluis.pids("spawner") if pid not in old]
    tunnel.send(b"still here")
    assert tunnel.exactly(10) == b"still here"
    tunnel.close()
    until(lambda: not set(old) & set(sluis.pids("spawner")))
