"""Connections passed on as they are (protocol tcp, tls_passthrough) and PROXY headers both ways (THREATS A6, A22)."""
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from harness import ports, wire
from harness.origin import answer
from harness.wait import until

V2 = b"\r\n\r\n\0\r\nQUIT\n"


class Plain:
    """A TCP server on a port of its own: handler(socket) in a thread per connection."""

    def __init__(self, handler):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.handler, self.seen = handler, []
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.socket.getsockname()[1]}"

    def _run(self):
        while True:
            try:
                made, _ = self.socket.accept()
            except OSError:
                return
            self.seen.append(made)
            threading.Thread(target=self._serve, args=(made,), daemon=True).start()

    def _serve(self, made):
        try:
            self.handler(made)
        except OSError:
            pass
        finally:
            made.close()

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def plain():
    made = []

    def make(handler):
        made.append(Plain(handler))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def echo(made):
    while True:
        data = made.recv(65536)
        if not data:
            return
        made.sendall(data)


def read_all(made):
    out = b""
    while True:
        data = made.recv(65536)
        if not data:
            return out
        out += data


def connect(sluis, listener="public", source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", sluis.port(listener)), 5, source_address=(source, 0))


def stream(sluis, *servers, listener=None, backend=None, **top):
    return {"edges": top.pop("edges", 1),
            "listeners": [{"name": "public", "address": f"127.0.0.1:{sluis.port('public')}", "protocol": "tcp",
                           "backend": "web", **(listener or {})}],
            "backends": [{"name": "web", "servers": list(servers), **(backend or {})}], **top}


def is_over(client):
    try:
        return client.recv(10) == b""
    except ConnectionResetError:
        return True


def records(sluis, action="connect"):
    found = []
    folder = os.path.join(sluis.state, "audit")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            for line in file:
                if line.startswith(b"{") and f'"action":"{action}"'.encode() in line:
                    found.append(json.loads(line))
    return found


# ---- tcp -----------------------------------------------------------------------------------------
@pytest.mark.smoke
def test_tcp_both_ways_and_half_close(sluis, plain):
    server = plain(lambda made: made.sendall(b"hello " + read_all(made)))
    sluis.start(stream(sluis, server.address))
    with connect(sluis) as client:
        client.sendall(b"a" * 300000)
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"hello " + b"a" * 300000
    until(lambda: records(sluis))
    record = records(sluis)[0]
    assert (record["bytes_in"], record["bytes_out"], record["result"]) == (300000, 300006, "ok")
    assert record["pool"] == "web" and record["server"] == server.address and record["listener"] == "public"


@pytest.mark.smoke
def test_tcp_server_speaks_first_and_ends_first(sluis, plain):
    def handler(made):
        made.sendall(b"220 ready\r\n")
        made.shutdown(socket.SHUT_WR)
        assert made.recv(10) == b"QUIT"

    sluis.start(stream(sluis, plain(handler).address))
    with connect(sluis) as client:
        assert client.recv(100) == b"220 ready\r\n"
        assert client.recv(100) == b""
        client.sendall(b"QUIT")


def test_tcp_slow_reader_is_bounded_and_whole(sluis, plain):
    total = 16 << 20
    server = plain(lambda made: made.sendall(b"x" * total))
    sluis.start(stream(sluis, server.address))
    with connect(sluis) as client:
        time.sleep(0.5)
        assert len(read_all(client)) == total


def test_tcp_resets_go_through(sluis, plain):
    def handler(made):
        made.recv(10)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    sluis.start(stream(sluis, plain(handler).address))
    with connect(sluis) as client:
        client.sendall(b"go")
        with pytest.raises(ConnectionResetError):
            client.recv(10)
    until(lambda: records(sluis))
    assert records(sluis)[0]["result"] == "reset"


def test_tcp_tries_the_next_server(sluis, plain):
    dead = f"127.0.0.1:{ports.free_port()}"
    sluis.start(stream(sluis, dead, plain(echo).address, backend={"balance": "round_robin"}))
    for _ in range(4):
        with connect(sluis) as client:
            client.sendall(b"ping")
            assert client.recv(10) == b"ping"


def test_tcp_without_a_server_is_reset(sluis):
    sluis.start(stream(sluis, f"127.0.0.1:{ports.free_port()}"))
    with connect(sluis) as client, pytest.raises(ConnectionResetError):
        client.recv(10)
    until(lambda: records(sluis))
    assert records(sluis)[0]["result"] == "failed"


def test_tcp_source_rules(sluis, plain):
    one, two = plain(lambda made: made.sendall(b"one")), plain(lambda made: made.sendall(b"two"))
    sluis.start({"edges": 1, "listeners": [{"name": "public", "address": f"127.0.0.1:{sluis.port()}", "protocol": "tcp"}],
                 "backends": [{"name": "a", "servers": [one.address]}, {"name": "b", "servers": [two.address]}],
                 "routes": [{"listeners": ["public"], "backend": "a",
                             "rules": [{"match": {"source": ["127.0.0.2/32"]}, "backend": "b"}]}]})
    with connect(sluis) as client:
        assert client.recv(10) == b"one"
    with connect(sluis, source="127.0.0.2") as client:
        assert client.recv(10) == b"two"


def test_tcp_idle_and_lifetime_end_it_and_reload_does_not(sluis, plain):
    config = stream(sluis, plain(echo).address, listener={"timeouts": {"tunnel_idle": "2s", "tunnel_lifetime": "5s"}})
    sluis.start(config)
    idle, busy = connect(sluis), connect(sluis)
    began = time.monotonic()
    with idle, busy:
        busy.settimeout(0.3)
        assert sluis.reload().returncode == 0
        while time.monotonic() - began < 4:
            busy.sendall(b"x")
            assert busy.recv(1) == b"x"
            time.sleep(0.2)
        idle.settimeout(1)
        with pytest.raises(ConnectionResetError):
            idle.recv(1)
        busy.settimeout(3)
        with pytest.raises(ConnectionResetError):
            while True:
                busy.sendall(b"x")
                busy.recv(1)
                time.sleep(0.1)
        assert 4 < time.monotonic() - began < 7
    until(lambda: len(records(sluis)) == 2)
    assert {record["result"] for record in records(sluis)} == {"timeout"}


def test_tcp_limits_of_connections(sluis, plain):
    sluis.start(stream(sluis, plain(echo).address, listener={"limits": {"connections_per_address": 3}}))
    made = [connect(sluis) for _ in range(3)]
    for client in made:
        client.sendall(b"x")
        assert client.recv(1) == b"x"
    with connect(sluis) as fourth:
        assert fourth.recv(1) == b""
    for client in made:
        client.close()


def test_tcp_server_limit_makes_the_next_wait(sluis, plain):
    sluis.start(stream(sluis, plain(echo).address, backend={"limits": {"requests_per_server": 1}}))
    first = connect(sluis)
    first.sendall(b"x")
    assert first.recv(1) == b"x"
    second = connect(sluis)
    second.sendall(b"y")
    second.settimeout(0.5)
    with pytest.raises(TimeoutError):
        second.recv(1)
    first.close()
    second.settimeout(5)
    assert second.recv(1) == b"y"
    second.close()


# ---- tls_passthrough -----------------------------------------------------------------------------
def passing(sluis, **hosts):
    return {"edges": 1,
            "listeners": [{"name": "public", "address": f"127.0.0.1:{sluis.port()}", "protocol": "tls_passthrough",
                           "timeouts": {"handshake": "1s"}}],
            "backends": [{"name": name, "servers": [address]} for name, (address, _) in hosts.items()],
            "routes": [{"name": name, "listeners": ["public"], "hosts": [host], "backend": name}
                       for name, (_, host) in hosts.items()]}


def common_name(sluis, name):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connect(sluis) as raw, context.wrap_socket(raw, server_hostname=name) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        shown = client.getpeercert(True)
        return shown, read_all(client)


def nginx_tls(nginx, ca, name, body):
    made, port = ca.issue(name), ports.free_port()
    nginx({"index.html": body}, f"listen 127.0.0.1:{port} ssl; ssl_certificate {made.chain}; ssl_certificate_key {made.key};")
    with open(made.chain, encoding="ascii") as file:
        return f"127.0.0.1:{port}", ssl.PEM_cert_to_DER_cert(file.read().split("-----END")[0] + "-----END CERTIFICATE-----\n")


@pytest.mark.smoke
def test_passthrough_by_name_shows_the_servers_own_certificate(sluis, nginx, ca):
    one, one_shown = nginx_tls(nginx, ca, "a.example.nl", b"one")
    two, two_shown = nginx_tls(nginx, ca, "*.other.nl", b"two")
    sluis.start(passing(sluis, one=(one, "a.example.nl"), two=(two, "*.other.nl")))
    shown, body = common_name(sluis, "a.example.nl")
    assert shown == one_shown and body.endswith(b"one")
    shown, body = common_name(sluis, "X.other.nl")
    assert shown == two_shown and body.endswith(b"two")
    until(lambda: len(records(sluis)) == 2)
    assert [record["object"] for record in records(sluis)] == ["tls://a.example.nl", "tls://x.other.nl"]


@pytest.mark.smoke
def test_passthrough_unknown_name_gets_an_alert(sluis, nginx, ca):
    """RFC 6066 §3: unrecognized_name(112)."""
    one, _ = nginx_tls(nginx, ca, "a.example.nl", b"one")
    sluis.start(passing(sluis, one=(one, "a.example.nl")))
    for name in ("b.example.nl", None):
        with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME|unrecognized name"):
            common_name(sluis, name)


def test_passthrough_hostile_clients(sluis, nginx, ca):
    one, _ = nginx_tls(nginx, ca, "a.example.nl", b"one")
    sluis.start(passing(sluis, one=(one, "a.example.nl")))
    for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\3\1\0\4\1\xff\xff\xff", b"\x16\3\1\0\0", b"\x16\3\1\x40\1" + bytes(64)):
        assert sluis.raw(sent) == b"\x15\3\3\0\2\2\x32"
    began = time.monotonic()
    with connect(sluis) as half:  # A22: half a ClientHello
        half.sendall(b"\x16\3\1\1\0\1")
        assert is_over(half) and time.monotonic() - began < 4
    with connect(sluis) as tiny:  # records of one byte, for ever
        with pytest.raises(OSError):
            tiny.settimeout(5)
            tiny.sendall(b"\x16\3\1\0\1\1\x16\3\1\0\1\0\x16\3\1\0\1\x3f\x16\3\1\0\1\0")
            for _ in range(100):
                tiny.sendall(b"\x16\3\1\0\1\0" * 200)
                time.sleep(0.002)
            while tiny.recv(100):
                pass
            raise OSError
    assert common_name(sluis, "a.example.nl")[1].endswith(b"one")


# ---- PROXY in ------------------------------------------------------------------------------------
def whoami(request, _stream):
    return answer(json.dumps({name.lower(): value for name, value in request.fields}))


def proxied(front, origin, **keywords):
    return front(origin(whoami), listener={"accept_proxy_protocol": ["127.0.0.1/32"],
                                           "timeouts": {"request_header": "1s"}, **keywords.pop("listener", {})}, **keywords)


GET = b"GET / HTTP/1.1\r\nHost: a.nl\r\nConnection: close\r\n\r\n"


def told(sluis, header, data=GET):
    return json.loads(sluis.raw(header + data).split(b"\r\n\r\n", 1)[1])


@pytest.mark.smoke
def test_proxy_headers_say_who_the_client_is(front, origin):
    sluis = proxied(front, origin)
    v4 = V2 + b"\x21\x11" + struct.pack(">H4s4sHH", 12, bytes([192, 0, 2, 9]), bytes([198, 51, 100, 1]), 4000, 443)
    v6 = V2 + b"\x21\x21" + struct.pack(">H16s16sHH", 36, bytes.fromhex("20010db8" + 22 * "0" + "01"), bytes(16), 4000, 443)
    for header, address, forwarded in (
            (b"PROXY TCP4 192.0.2.9 198.51.100.1 4000 443\r\n", "192.0.2.9", "for=192.0.2.9;"),
            (b"PROXY TCP6 2001:db8::1 :: 4000 443\r\n", "2001:db8::1", 'for="[2001:db8::1]";'),
            (v4, "192.0.2.9", "for=192.0.2.9;"), (v6, "2001:db8::1", 'for="[2001:db8::1]";'),
            (b"PROXY UNKNOWN\r\n", "127.0.0.1", "for=127.0.0.1;"), (V2 + b"\x20\0\0\0", "127.0.0.1", "for=127.0.0.1;")):
        said = told(sluis, header)
        assert said["x-forwarded-for"] == address and said["forwarded"].startswith(forwarded)
    until(lambda: len(records(sluis, "GET")) == 6)
    first, *_, last = records(sluis, "GET")
    assert first["origin"] == "192.0.2.9:4000" and first["peer"].startswith("127.0.0.1:") and "peer" not in last


def test_proxy_header_byte_by_byte_and_in_one(front, origin):
    sluis = proxied(front, origin)
    with sluis.client() as client:
        for byte in b"PROXY TCP4 192.0.2.9 198.51.100.1 4000 443\r\n":
            client.send(bytes([byte]))
            time.sleep(0.002)
        assert json.loads(client.ask().body)["x-forwarded-for"] == "192.0.2.9"


def test_proxy_header_missing_late_cut_or_broken(front, origin):
    """A6: nothing is believed, and nothing served, without a whole header."""
    web = origin(whoami)
    sluis = front(web, listener={"accept_proxy_protocol": ["127.0.0.1/32"], "timeouts": {"request_header": "1s"}},
                  metrics={"address": f"127.0.0.1:{ports.free_port()}"})
    for sent in (GET, b"PROXY TCP4 192.0.2.9 198.51.100.1 4000 443\n" + GET, V2 + b"\x21\x11\0\3abc" + GET,
                 V2 + b"\x31\x11\0\0" + GET, b"PROXY " + b"x" * 200, V2 + b"\x21\x12" + struct.pack(">H", 12) + bytes(12)):
        try:
            assert sluis.raw(sent) == b""
        except ConnectionResetError:
            pass
    began = time.monotonic()
    with connect(sluis) as slow:
        slow.sendall(b"PROXY TCP4 ")
        assert is_over(slow) and 0.5 < time.monotonic() - began < 4
    with connect(sluis) as cut:
        cut.sendall(b"PROXY TCP4 ")
        cut.shutdown(socket.SHUT_WR)
        assert is_over(cut)
    assert not web.targets
    until(lambda: records(sluis, "proxy_header.refused"))


def test_proxy_header_from_others_is_just_bad_bytes(front, origin):
    sluis = front(origin(whoami), listener={"accept_proxy_protocol": ["192.0.2.0/24"]})
    assert sluis.raw(b"PROXY TCP4 192.0.2.9 198.51.100.1 4000 443\r\n" + GET).startswith(b"HTTP/1.1 400")
    assert told(sluis, b"")["x-forwarded-for"] == "127.0.0.1"


def test_proxy_address_counts_for_limits_sources_and_trust(sluis, site, origin):
    web = origin(whoami)
    sluis.start(site(web.address, listener={"accept_proxy_protocol": ["127.0.0.1/32"], "limits": {"connections_per_address": 1}},
                     route={"rules": [{"match": {"source": ["192.0.2.66/32"]}, "respond": {"status": 403}}]},
                     trust_forwarded_from=["192.0.2.9/32"]))
    header = b"PROXY TCP4 192.0.2.%d 198.51.100.1 4000 443\r\n"
    assert sluis.raw(header % 66 + GET).startswith(b"HTTP/1.1 403")
    forged = b"GET / HTTP/1.1\r\nHost: a.nl\r\nX-Forwarded-For: 203.0.113.7\r\nConnection: close\r\n\r\n"
    assert "203.0.113.7" not in told(sluis, header % 8, forged)["x-forwarded-for"]
    with sluis.client() as one, sluis.client() as two, sluis.client() as again:
        one.send(header % 9)
        assert one.ask(fields=[("X-Forwarded-For", "203.0.113.7")]).status == 200
        two.send(header % 10)
        assert two.ask().status == 200
        again.send(header % 9)
        assert again.to_end() == b""


@pytest.mark.smoke
def test_proxy_header_before_tls(sluis, site, origin, ca):
    made = ca.issue("www.example.nl")
    config = site(origin(whoami).address, listener={"protocol": "https", "certificates": ["www"],
                                                    "accept_proxy_protocol": ["127.0.0.1/32"]},
                  certificates=[{"name": "www", "chain": made.chain, "key": made.key}])
    sluis.start(config)
    ran = subprocess.run(["curl", "-ksS", "--http1.1", "--haproxy-protocol", "--resolve",
                          f"www.example.nl:{sluis.port()}:127.0.0.1", f"https://www.example.nl:{sluis.port()}/"],
                         capture_output=True, check=False, timeout=20)
    assert ran.returncode == 0 and json.loads(ran.stdout)["x-forwarded-for"] == "127.0.0.1"


# ---- PROXY out -----------------------------------------------------------------------------------
def headers_of(plain, heads):
    """A server that takes a PROXY v1 line and answers requests until the end."""
    def handler(made):
        file = made.makefile("rb")
        heads.append(file.readline())
        while file.readline():
            while file.readline().strip():
                pass
            made.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    return plain(handler)


@pytest.mark.smoke
def test_send_v1_is_for_one_client_alone(sluis, site, plain):
    heads = []
    server = headers_of(plain, heads)
    sluis.start(site(server.address, backend={"send_proxy_protocol": "v1"}))
    with sluis.client() as one, sluis.client() as two:
        for _ in range(3):
            assert one.ask().status == 200 and two.ask().status == 200
        ends = {f"{s.getsockname()[1]}" for s in (one.sock, two.sock)}
    assert len(heads) == 2 and len(server.seen) == 2
    assert {head.split()[4].decode() for head in heads} == ends
    assert all(head.split()[5] == b"%d" % sluis.port() and head.endswith(b"\r\n") for head in heads)
    with sluis.client() as three:
        assert three.ask().status == 200
    assert len(heads) == 3


def test_send_v2_to_nginx_and_through_tcp(sluis, nginx, plain):
    port = ports.free_port()
    nginx({"index.html": b"hello"}, f"listen 127.0.0.1:{port} proxy_protocol; add_header X-Client $proxy_protocol_addr;")
    check = {"path": "/", "interval": "100ms", "timeout": "100ms"}
    sluis.start(stream(sluis, f"127.0.0.1:{port}", backend={"send_proxy_protocol": "v2", "health": check},
                       listener={"accept_proxy_protocol": ["127.0.0.1/32"]}))
    until(lambda: sluis.status()["pools"][0]["servers"][0]["health"] == "up")
    said = sluis.raw(b"PROXY TCP4 192.0.2.9 198.51.100.1 4000 443\r\n" + GET)
    assert b"X-Client: 192.0.2.9\r\n" in said and said.endswith(b"hello")
