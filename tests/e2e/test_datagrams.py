"""Datagrams (protocol udp): sessions, their bounds, their servers, real DNS (THREATS A6, A9, A22, A25)."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from harness import ports
from harness.wait import until


class Echo:
    """A UDP server on a port of its own: answers handler(datagram, address) to each datagram, a list of answers."""

    def __init__(self, handler=None, port=0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.port = port or ports.free_port()  # free for TCP too
        self.socket.bind(("127.0.0.1", self.port))
        self.address = f"127.0.0.1:{self.port}"
        self.handler = handler or (lambda data, _: [data])
        self.seen = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                data, address = self.socket.recvfrom(65536)
            except ConnectionRefusedError:
                continue
            except OSError:
                return
            if data == b"\0stop":
                return
            self.seen.append((data, address))
            for answer in self.handler(data, address):
                self.socket.sendto(answer, address)

    def stop(self):
        """A thread that waits in recvfrom keeps the port: it is told to end first."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"\0stop", ("127.0.0.1", self.port))
        time.sleep(0.05)
        self.socket.close()


@pytest.fixture
def echo():
    made = []

    def make(handler=None, port=0):
        made.append(Echo(handler, port))
        return made[-1]

    yield make
    for server in made:
        if server.socket.fileno() >= 0:
            server.stop()


class Client:
    """A UDP client of a listener."""

    def __init__(self, port, address="127.0.0.1", source="127.0.0.1", within=3):
        self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.settimeout(within)
        self.to = (address, port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendto(data, self.to)

    def get(self):
        """The next datagram; it has to come from where this client writes to. None: nothing comes."""
        try:
            data, address = self.socket.recvfrom(65536)
        except TimeoutError:
            return None
        assert address[:2] == self.to, address
        return data

    def ask(self, data):
        self.send(data)
        return self.get()


def named(*names):
    """Answers with a name in front."""
    return lambda data, _: [b"".join([*names, data])]


def datagrams(sluis, *servers, listener=None, backend=None, **top):
    return {"edges": top.pop("edges", 1),
            "listeners": [{"name": "public", "address": f"127.0.0.1:{sluis.port('public')}", "protocol": "udp",
                           "backend": "web", **(listener or {})}],
            "backends": [{"name": "web", "servers": list(servers), **(backend or {})}],
            "metrics": {"address": f"127.0.0.1:{sluis.port('metrics')}"}, **top}


def metric(sluis, name, **labels):
    """One number of the metrics page."""
    with socket.create_connection(("127.0.0.1", sluis.port("metrics")), 5) as made:
        made.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        text = b""
        while True:
            data = made.recv(65536)
            if not data:
                break
            text += data
    for line in text.decode().splitlines():
        if line.startswith(name + "{") and all(f'{key}="{value}"' in line for key, value in labels.items()):
            return float(line.rsplit(" ", 1)[1])
    return 0.0


def dropped(sluis, reason):
    return metric(sluis, "sluis_listener_datagrams_dropped_total", listener="public", reason=reason)


def sessions(sluis):
    return metric(sluis, "sluis_listener_connections", listener="public")


def records(sluis):
    found = []
    folder = os.path.join(sluis.state, "audit")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            found += [json.loads(line) for line in file if b'"action":"datagrams"' in line]
    return found


# ---- sessions -------------------------------------------------------------------------------------
@pytest.mark.smoke
def test_a_session_keeps_its_server_and_its_answers(sluis, echo):
    servers = [echo(named(b"a:")), echo(named(b"b:"))]
    sluis.start(datagrams(sluis, *(server.address for server in servers), backend={"balance": "round_robin"}))
    clients = [Client(sluis.port()) for _ in range(40)]
    names = []
    for i, client in enumerate(clients):
        names.append(client.ask(b"%d" % i)[:2])
    for turn in range(3):
        for i, client in enumerate(clients):
            client.send(b"%d %d" % (i, turn))
        for i, client in enumerate(clients):
            assert client.get() == names[i] + b"%d %d" % (i, turn)
    assert names.count(b"a:") == names.count(b"b:") == 20
    # Each session has a socket of its own: the servers see 40 addresses.
    assert len({address for server in servers for _, address in server.seen}) == 40
    assert sessions(sluis) == 40


def test_every_length_up_to_the_longest(sluis, echo):
    server = echo()
    sluis.start(datagrams(sluis, server.address))
    with Client(sluis.port()) as client:
        for n in (0, 1, 511, 512, 1472, 1473, 9000, 65507):  # RFC 791 §3.1, RFC 768: 65535 - 20 - 8
            assert client.ask(os.urandom(n)) == server.seen[-1][0]
            assert len(server.seen[-1][0]) == n


def test_longer_ones_are_dropped_both_ways_and_never_cut(sluis, echo):
    server = echo(lambda data, _: [b"x" * int(data)])
    sluis.start(datagrams(sluis, server.address, listener={"datagrams": {"size": 1000}}))
    with Client(sluis.port(), within=0.4) as client:
        assert len(client.ask(b"1000")) == 1000
        assert client.ask(b"1001") is None
        assert client.ask(b"2" * 1001) is None
        assert len(client.ask(b"7")) == 7
    assert dropped(sluis, "size") == 2
    assert all(len(data) <= 1000 for data, _ in server.seen)


def test_answers_come_from_the_address_that_was_written_to(sluis, echo):
    """Also where the listener has all addresses (RFC 1122 §4.1.3.5)."""
    server, port = echo(), sluis.port()
    listeners = [{"name": "four", "address": f"0.0.0.0:{port}", "protocol": "udp", "backend": "web"},
                 {"name": "six", "address": f"[::]:{port}", "protocol": "udp", "backend": "web"}]
    sluis.start({**datagrams(sluis, server.address), "listeners": listeners})
    for address in ("127.0.0.1", "127.0.0.9", "127.3.2.1"):
        with Client(port, address) as client:
            assert client.ask(b"from " + address.encode()) == b"from " + address.encode()
    with Client(port, "::1", "::1") as client:
        assert client.ask(b"six") == b"six"
    # One client's port, two of this machine's addresses: two sessions.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(3)
        for address in ("127.0.0.1", "127.0.0.2"):
            one.sendto(b"?", (address, port))
            assert one.recvfrom(100) == (b"?", (address, port))


def test_idle_sessions_end_and_are_recorded(sluis, echo):
    server = echo()
    sluis.start(datagrams(sluis, server.address, listener={"timeouts": {"datagram_idle": "300ms"}}))
    with Client(sluis.port()) as client:
        assert client.ask(b"one") == b"one"
        assert client.ask(b"three") == b"three"
        until(lambda: sessions(sluis) == 0)
        assert client.ask(b"again") == b"again"
        until(lambda: sessions(sluis) == 0)
        origin = "%s:%d" % client.socket.getsockname()
    until(lambda: len(records(sluis)) == 2)
    line = records(sluis)[0]
    assert line["origin"] == origin and line["object"] == f"udp://127.0.0.1:{sluis.port()}"
    assert (line["bytes_in"], line["bytes_out"], line["datagrams_in"], line["datagrams_out"]) == (8, 8, 2, 2)
    assert (line["listener"], line["route"], line["pool"], line["server"]) == ("public", "public/default", "web", server.address)
    assert line["result"] == "ok"
    assert len({address for _, address in server.seen}) == 2


def test_several_answers_and_ones_that_nobody_asked_for(sluis, echo):
    server = echo(lambda data, _: [b"1", b"2", b"3"])
    sluis.start(datagrams(sluis, server.address))
    with Client(sluis.port()) as client:
        assert sorted([client.ask(b"?"), client.get(), client.get()]) == [b"1", b"2", b"3"]
        # Another program that knows the session's port is not its server, and is not heard.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"forged", server.seen[0][1])
        assert client.ask(b"?") == b"1"


def test_replies_end_a_session_at_once(sluis, echo):
    server = echo()
    sluis.start(datagrams(sluis, server.address, listener={"datagrams": {"replies": 1}}))
    with Client(sluis.port()) as client:
        for i in range(50):
            assert client.ask(b"%d" % i) == b"%d" % i
    until(lambda: sessions(sluis) == 0)
    assert metric(sluis, "sluis_listener_accepted_total", listener="public") == 50


# ---- bounds ---------------------------------------------------------------------------------------
def test_sessions_of_one_address(sluis, echo):
    sluis.start(datagrams(sluis, echo().address, listener={"limits": {"connections_per_address": 3}}))
    clients = [Client(sluis.port(), within=0.5) for _ in range(5)]
    got = [client.ask(b"?") for client in clients]
    assert got == [b"?"] * 3 + [None] * 2
    assert dropped(sluis, "address") == 2
    with Client(sluis.port(), source="127.0.0.7") as other:
        assert other.ask(b"!") == b"!"


def test_a_full_listener_keeps_who_is_there_and_lets_others_in(sluis, echo):
    """A flood of senders that never speak again takes nothing from those who do (THREATS A22)."""
    sluis.start(datagrams(sluis, echo().address, listener={"limits": {"connections": 20, "connections_per_address": 0}}))
    with Client(sluis.port()) as kept:
        assert kept.ask(b"1") == b"1"
        assert kept.ask(b"2") == b"2"
        for _ in range(100):
            with Client(sluis.port()) as flood:
                assert flood.ask(b"?") == b"?"
        assert sessions(sluis) == 20
        assert metric(sluis, "sluis_listener_sessions_evicted_total", listener="public") >= 80
        assert kept.ask(b"3") == b"3"
    until(lambda: any(line["result"] == "aborted" for line in records(sluis)))


def test_who_has_shown_to_be_there_is_not_evicted(sluis, echo):
    sluis.start(datagrams(sluis, echo().address, listener={"limits": {"connections": 5}}))
    clients = [Client(sluis.port(), within=0.5) for _ in range(5)]
    for client in clients:
        assert client.ask(b"1") == b"1" and client.ask(b"2") == b"2"
    with Client(sluis.port(), within=0.5) as late:
        assert late.ask(b"?") is None
    assert dropped(sluis, "sessions") == 1
    assert all(client.ask(b"3") == b"3" for client in clients)


def test_reply_ratio_bounds_what_a_forged_sender_gains(sluis, echo):
    """QUIC's factor, RFC 9000 §8.1, as a bound that holds for any protocol."""
    sluis.start(datagrams(sluis, echo(lambda data, _: [b"x" * 100] * 10).address,
                          listener={"datagrams": {"reply_ratio": 3}}))
    with Client(sluis.port(), within=0.4) as client:
        client.send(b"q" * 100)
        got = []
        while (data := client.get()) is not None:
            got.append(data)
        assert sum(map(len, got)) == 300
    assert dropped(sluis, "reply_ratio") == 7


def test_what_comes_before_the_socket_waits_in_order(sluis, echo):
    server = echo()
    sluis.start(datagrams(sluis, server.address, listener={"datagrams": {"waiting": 4}}))
    with Client(sluis.port(), within=0.5) as client:
        dialer = sluis.pids("dialer")[0]
        os.kill(dialer, signal.SIGSTOP)
        for i in range(10):
            client.send(b"%d" % i)
        until(lambda: dropped(sluis, "waiting") == 6)
        os.kill(dialer, signal.SIGCONT)
        assert [client.get() for _ in range(5)] == [b"0", b"1", b"2", b"3", None]
        assert client.ask(b"later") == b"later"


def test_bogus_senders_are_not_answered(sluis, echo):
    """From port 0, and from the listener's own address, which would be answered for ever."""
    if os.geteuid() != 0:
        pytest.skip("forging a sender needs root")
    server = echo()
    sluis.start(datagrams(sluis, server.address))
    port = sluis.port()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        for sender in (0, port):
            raw.sendto(struct.pack(">HHHH", sender, port, 8 + 4, 0) + b"boo!", ("127.0.0.1", 0))
    until(lambda: dropped(sluis, "bogus") == 2)
    assert not server.seen


def test_no_rule_takes_it(sluis, echo):
    site = datagrams(sluis, echo().address)
    del site["listeners"][0]["backend"]
    site["routes"] = [{"name": "some", "listeners": ["public"],
                       "rules": [{"name": "near", "match": {"source": ["127.0.0.5/32"]}, "backend": "web"}]}]
    sluis.start(site)
    with Client(sluis.port(), within=0.4) as client, Client(sluis.port(), source="127.0.0.5") as near:
        assert client.ask(b"?") is None
        assert near.ask(b"?") == b"?"
    assert dropped(sluis, "route") == 1


# ---- servers --------------------------------------------------------------------------------------
def test_a_server_that_refuses_is_left_alone(sluis, echo):
    """ICMP says that nobody is there (RFC 1122 §4.1.3.3): the session ends, the server is ejected."""
    servers = [echo(named(b"a:")), echo(named(b"b:"))]
    sluis.start(datagrams(sluis, *(server.address for server in servers),
                          backend={"balance": "round_robin", "outlier": {"consecutive_errors": 2, "eject_for": "1m"}}))
    servers[1].stop()
    with_answer = 0
    for _ in range(12):
        with Client(sluis.port(), within=0.2) as client:
            with_answer += client.ask(b"?") == b"a:?"
    assert with_answer >= 9
    assert [server["health"] for server in sluis.status()["pools"][0]["servers"]] == ["unknown", "ejected"]
    assert metric(sluis, "sluis_server_failures_total", server=servers[1].address) == 2


def test_a_client_of_a_dead_server_comes_to_another(sluis, echo):
    servers = [echo(named(b"a:")), echo(named(b"b:"))]
    sluis.start(datagrams(sluis, *(server.address for server in servers),
                          backend={"balance": "first", "outlier": {"consecutive_errors": 1, "eject_for": "1m"}}))
    with Client(sluis.port(), within=0.3) as client:
        assert client.ask(b"1") == b"a:1"
        servers[0].stop()
        client.ask(b"2")
        until(lambda: client.ask(b"3") == b"b:3", 5)


def test_health_by_tcp_moves_sessions(sluis, echo):
    servers = [echo(named(b"a:")), echo(named(b"b:"))]
    beside = [socket.create_server(("127.0.0.1", server.port)) for server in servers]
    sluis.start(datagrams(sluis, *(server.address for server in servers),
                          backend={"balance": "first",
                                   "health": {"tcp": True, "interval": "100ms", "timeout": "200ms", "fall": 1, "rise": 1}}))
    with Client(sluis.port()) as client:
        assert client.ask(b"1") == b"a:1"
        beside[0].close()
        until(lambda: sluis.status()["pools"][0]["servers"][0]["health"] == "down")
        assert client.ask(b"2") == b"b:2"
    until(lambda: any(line.get("detail") == "the server is down or disabled" for line in records(sluis)))
    beside[1].close()


def test_draining_keeps_sessions_and_disabling_does_not(sluis, echo):
    servers = [echo(named(b"a:")), echo(named(b"b:"))]
    sluis.start(datagrams(sluis, *(server.address for server in servers), backend={"balance": "first"}))
    with Client(sluis.port()) as old, Client(sluis.port()) as new:
        assert old.ask(b"1") == b"a:1"
        assert sluis.run("server", "drain", f"web/{servers[0].address}").returncode == 0
        assert old.ask(b"2") == b"a:2"
        assert new.ask(b"1") == b"b:1"
        assert sluis.run("server", "disable", f"web/{servers[0].address}").returncode == 0
        assert old.ask(b"3") == b"b:3"


def test_a_silent_server_counts_where_answers_are_promised(sluis, echo):
    silent = echo(lambda data, _: [])
    sluis.start(datagrams(sluis, silent.address, echo(named(b"b:")).address,
                          listener={"datagrams": {"replies": 1}, "timeouts": {"datagram_idle": "200ms"}},
                          backend={"balance": "first", "outlier": {"consecutive_errors": 2, "eject_for": "1m"}}))
    for _ in range(2):
        with Client(sluis.port(), within=0.4) as client:
            assert client.ask(b"?") is None
    until(lambda: sluis.status()["pools"][0]["servers"][0]["health"] == "ejected")
    with Client(sluis.port()) as client:
        assert client.ask(b"?") == b"b:?"
    assert records(sluis)[0]["result"] == "timeout"


def test_unanswered_questions_can_not_eject_a_server_that_answers_others(sluis, echo):
    """THREATS A22: whoever asks what nobody answers gains nothing by it."""
    server = echo(lambda data, _: [] if data == b"bad" else [data])
    sluis.start(datagrams(sluis, server.address, echo().address,
                          listener={"datagrams": {"replies": 1}, "timeouts": {"datagram_idle": "300ms"}},
                          backend={"balance": "first", "outlier": {"consecutive_errors": 2, "eject_for": "1m"}}))
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        with Client(sluis.port()) as bad, Client(sluis.port()) as good:
            bad.send(b"bad")
            assert good.ask(b"good") == b"good"
        time.sleep(0.02)
    assert sluis.status()["pools"][0]["servers"][0]["health"] == "unknown"


def test_sessions_per_server(sluis, echo):
    servers = [echo(named(b"a:")), echo(named(b"b:"))]
    sluis.start(datagrams(sluis, *(server.address for server in servers),
                          backend={"balance": "first", "limits": {"requests_per_server": 2}}))
    clients = [Client(sluis.port(), within=0.4) for _ in range(5)]
    assert [client.ask(b"?") for client in clients] == [b"a:?", b"a:?", b"b:?", b"b:?", None]
    assert dropped(sluis, "server") == 1


def test_the_same_client_comes_to_the_same_server(sluis, echo):
    """source_address, over the end of a session, of the relay, and of Sluis."""
    servers = [echo(named(b"%d:" % i)) for i in range(4)]
    site = datagrams(sluis, *(server.address for server in servers), listener={"datagrams": {"replies": 1}},
                     backend={"balance": "source_address"})
    sluis.start(site)

    def homes():
        found = []
        for i in range(1, 20):
            with Client(sluis.port(), source=f"127.0.0.{i}") as client:
                found.append(client.ask(b"?"))
        return found

    before = homes()
    assert len(set(before)) > 1
    assert homes() == before
    sluis.stop()
    sluis.start(site)
    assert homes() == before


def test_proxy_header_in_front_of_each_datagram(sluis, echo):
    """Version 2, SOCK_DGRAM (proxy-protocol.txt §2.2)."""
    server = echo(lambda data, _: [data[28:]])
    sluis.start(datagrams(sluis, server.address, backend={"send_proxy_protocol": "v2"}))
    with Client(sluis.port()) as client:
        for data in (b"one", b"two", b""):
            assert client.ask(data) == data
        source, port = client.socket.getsockname()
    want = b"\r\n\r\n\0\r\nQUIT\n\x21\x12\0\x0c" + socket.inet_aton(source) + socket.inet_aton("127.0.0.1")
    want += struct.pack(">HH", port, sluis.port())
    assert [data[:28] for data, _ in server.seen] == [want] * 3


# ---- changes and ends -----------------------------------------------------------------------------
def test_reload_leaves_sessions_alone(sluis, echo):
    servers = [echo(named(b"a:")), echo(named(b"b:"))]
    site = datagrams(sluis, servers[0].address)
    sluis.start(site)
    with Client(sluis.port()) as client, Client(sluis.port("other"), within=0.5) as other:
        assert client.ask(b"1") == b"a:1"
        relay = sluis.pids("relay")
        # Another listener comes, and the session's server leaves: it keeps what it has.
        site["backends"][0]["servers"] = [servers[1].address]
        site["listeners"].append({"name": "other", "address": f"127.0.0.1:{sluis.port('other')}", "protocol": "udp",
                                  "backend": "web"})
        assert sluis.reload(site).returncode == 0
        assert client.ask(b"2") == b"a:2"
        assert other.ask(b"1") == b"b:1"
        assert sluis.pids("relay") == relay
        # A listener that goes takes its sessions along.
        site["listeners"].pop()
        assert sluis.reload(site).returncode == 0
        assert client.ask(b"3") == b"a:3"
        try:
            assert other.ask(b"2") is None
        except ConnectionRefusedError:
            pass
    with Client(sluis.port()) as client:
        assert client.ask(b"4") == b"b:4"
    assert len({address for _, address in servers[0].seen}) == 1


def test_the_relay_is_there_only_when_it_is_asked_for(sluis, echo, site, origin):
    """P12."""
    plain = site(origin().address)
    sluis.start(plain)
    assert "relay" not in sluis.pids()
    port = sluis.port("dns")
    both = {**plain, "listeners": plain["listeners"] + [{"name": "dns", "address": f"127.0.0.1:{port}", "protocol": "udp",
                                                          "backend": "web"}],
            "backends": [{"name": "web", "servers": [echo().address]}]}
    assert sluis.reload(both).returncode == 0
    with Client(port) as client:
        assert client.ask(b"?") == b"?"
    assert len(sluis.pids("relay")) == 1
    assert [row["protocol"] for row in sluis.status()["listeners"]] == ["http", "udp"]
    assert sluis.reload(plain).returncode == 0
    until(lambda: "relay" not in sluis.pids())


@pytest.mark.parametrize("role", ["relay", "dialer", "edge", "audit"])
def test_killed_roles_come_back(sluis, echo, role):
    """P11: what waits in the listener's socket meanwhile is not lost."""
    sluis.start(datagrams(sluis, echo().address))
    with Client(sluis.port(), within=5) as client, Client(sluis.port(), within=5) as fresh:
        assert client.ask(b"1") == b"1"
        pid = sluis.pids(role)[0]
        os.kill(pid, signal.SIGKILL)
        assert client.ask(b"2") == b"2"
        assert fresh.ask(b"3") == b"3"
        until(lambda: [new for new in sluis.pids(role) if new != pid])


def test_upgrade(sluis, echo):
    """New programs, the same sockets: what comes meanwhile waits in them."""
    sluis.start(datagrams(sluis, echo().address))
    before = sluis.pids("relay")
    with Client(sluis.port(), within=8) as client:
        assert client.ask(b"1") == b"1"
        upgrade = threading.Thread(target=sluis.run, args=("upgrade",))
        upgrade.start()
        for i in range(30):
            assert client.ask(b"%d" % i) == b"%d" % i
            time.sleep(0.05)
        upgrade.join()
        until(lambda: sluis.pids("relay") and not set(sluis.pids("relay")) & set(before))
        assert client.ask(b"2") == b"2"
        # The new keeper knows its sockets: a reload leaves them alone.
        assert sluis.reload().returncode == 0
        assert client.ask(b"3") == b"3"


def test_whom_no_rule_takes_evicts_nobody(sluis, echo):
    site = datagrams(sluis, echo().address, listener={"limits": {"connections": 2}})
    del site["listeners"][0]["backend"]
    site["routes"] = [{"name": "some", "listeners": ["public"],
                       "rules": [{"name": "near", "match": {"source": ["127.0.0.5/32"]}, "backend": "web"}]}]
    sluis.start(site)
    with Client(sluis.port(), source="127.0.0.5") as one, Client(sluis.port(), source="127.0.0.5") as two:
        assert one.ask(b"?") == b"?" and two.ask(b"?") == b"?"
        for _ in range(5):
            with Client(sluis.port(), within=0.05) as other:
                other.ask(b"?")
        assert sessions(sluis) == 2
        assert metric(sluis, "sluis_listener_sessions_evicted_total", listener="public") == 0


def test_many_clients_at_once(sluis, echo):
    sluis.start(datagrams(sluis, echo().address, echo().address, listener={"limits": {"connections_per_address": 0}}))
    clients = [Client(sluis.port(), within=5) for _ in range(800)]
    for turn in range(3):
        for i, client in enumerate(clients):
            client.send(b"%d %d" % (i, turn))
        missing = sum(client.get() != b"%d %d" % (i, turn) for i, client in enumerate(clients))
        assert missing == 0
    assert sessions(sluis) == 800
    for client in clients:
        client.socket.close()


def test_relay_can_not_reach_out(sluis, echo):
    """P4, P5: an empty network namespace, no capability, a seccomp list."""
    sluis.start(datagrams(sluis, echo().address))
    pid = sluis.pids("relay")[0]
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        said = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
    assert said["Seccomp"] == "2" and said["NoNewPrivs"] == "1" and int(said["CapEff"], 16) == 0
    assert os.stat(f"/proc/{pid}/ns/net").st_ino != os.stat("/proc/self/ns/net").st_ino


# ---- real software --------------------------------------------------------------------------------
def started(command, port, within=10):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + within
    while dig(port, "ready.example.nl").returncode != 0:
        assert process.poll() is None and time.monotonic() < end, "the name server does not start"
        time.sleep(0.1)
    return process


def dig(port, name, *options):
    return subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+tries=1", "+time=1", "+short", name, *options],
                          capture_output=True, text=True, check=False, timeout=10)


@pytest.fixture
def dnsmasq():
    made = []

    def make(address):
        port = ports.free_port()
        made.append(started([shutil.which("dnsmasq") or "/usr/sbin/dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts",
                             "--conf-file=/dev/null", f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces",
                             "--pid-file=", "--user=root", f"--address=/example.nl/{address}",
                             "--txt-record=long.example.nl," + ",".join(["x" * 200] * 8)], port))
        return port

    yield make
    for process in made:
        process.kill()
        process.wait()


def test_dns_by_udp_and_tcp(sluis, dnsmasq):
    """dnsmasq behind one address, asked by dig: short answers by UDP, long ones by TCP (RFC 7766 §5)."""
    servers = [dnsmasq("192.0.2.1"), dnsmasq("192.0.2.2")]
    site = datagrams(sluis, *(f"127.0.0.1:{port}" for port in servers),
                     listener={"datagrams": {"replies": 1, "size": "4k"}},
                     backend={"balance": "round_robin", "health": {"tcp": True, "interval": "200ms", "fall": 1, "rise": 1}})
    site["listeners"].append({"name": "tcp", "address": f"127.0.0.1:{sluis.port()}", "protocol": "tcp", "backend": "web"})
    sluis.start(site)
    found = [dig(sluis.port(), "www.example.nl").stdout.strip() for _ in range(10)]
    assert sorted(set(found)) == ["192.0.2.1", "192.0.2.2"] and found.count("192.0.2.1") == 5
    long = dig(sluis.port(), "long.example.nl", "TXT", "+bufsize=512")
    assert long.returncode == 0 and long.stdout.count("x") == 1600
    assert metric(sluis, "sluis_listener_accepted_total", listener="tcp") == 1
    assert dig(sluis.port(), "long.example.nl", "TXT", "+bufsize=4096", "+notcp").stdout.count("x") == 1600


def test_unbound_reads_the_proxy_header(sluis, folder):
    """Unbound answers on a port for PROXY headers what comes with one, and nothing else."""
    program = shutil.which("unbound") or "/usr/sbin/unbound"
    if not os.path.exists(program):
        pytest.skip("no unbound, whose package would start a name server on this machine")
    port = ports.free_port()
    config = os.path.join(folder, "unbound.conf")
    with open(config, "w", encoding="ascii") as file:
        file.write(f"""server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  interface: 127.0.0.1@{port}
  proxy-protocol-port: {port}
  access-control: 127.0.0.0/8 allow
  local-zone: "example.nl." static
  local-data: "www.example.nl. A 192.0.2.7"
remote-control:
  control-enable: no
""")
    process = subprocess.Popen([program, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        sluis.start(datagrams(sluis, f"127.0.0.1:{port}", backend={"send_proxy_protocol": "v2"}))
        until(lambda: dig(sluis.port(), "www.example.nl").stdout.strip() == "192.0.2.7")
        assert dig(port, "www.example.nl").stdout.strip() != "192.0.2.7"
    finally:
        process.kill()
        process.wait()
