"""Long bodies pass inside the kernel (splice), and still belong to one message and one client alone (THREATS A1, A18, A22)."""
import concurrent.futures
import hashlib
import os
import random
import socket
import threading
import time

import pytest

from harness import wire
from harness.origin import answer
from harness.wait import until

LENGTHS = (65535, 65536, 200_000, 1 << 20, (5 << 20) + 17)
PIECE = random.Random(7).randbytes(1 << 20)


def content(n):
    """Bytes none of which is where it could be mistaken for another."""
    return (PIECE * (n // len(PIECE) + 1))[:n]


def sha(data):
    return hashlib.sha256(data).hexdigest()


def serve(request, stream):
    """GET /N gives N bytes; anything else says what came."""
    if request.method == "GET":
        return answer(content(int(request.target.strip("/") or 2)))
    return answer(sha(request.body).encode())


def pipes(sluis):
    """Ends of pipes that the edges have open."""
    found = 0
    for pid in sluis.pids("edge"):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                found += os.readlink(f"/proc/{pid}/fd/{fd}").startswith("pipe:")
            except OSError:
                pass
    return found


def read_all(sock):
    """What comes until the end, as its hash."""
    found = hashlib.sha256()
    while data := sock.recv(1 << 16):
        found.update(data)
    return found.hexdigest()


def slow_client(sluis, target):
    """Has asked, and reads nothing."""
    client = sluis.client()
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    client.send(wire.request("GET", target))
    return client


@pytest.mark.smoke
def test_downloads_are_what_was_sent(front, origin, sluis):
    front(origin(serve))
    before = pipes(sluis)
    with sluis.client() as client:
        for n in LENGTHS * 2:
            assert client.ask(target=f"/{n}").body == content(n), n
            assert client.ask(target="/3").body == content(3)
    assert pipes(sluis) > before, "nothing was spliced"


@pytest.mark.smoke
def test_uploads_are_what_was_sent(front, origin, sluis):
    front(origin(serve))
    before = pipes(sluis)
    with sluis.client() as client:
        for n in LENGTHS:
            assert client.ask("POST", "/", body=content(n)).body.decode() == sha(content(n)), n
    assert pipes(sluis) > before, "nothing was spliced"


def test_a_body_until_the_end_of_the_connection(front, origin, sluis):
    def handler(_, stream):
        stream.send(b"HTTP/1.1 200 OK\r\n\r\n" + content(3 << 20))

    front(origin(handler))
    assert sluis.ask().body == content(3 << 20)


def test_more_slow_readers_than_pipes(front, origin, sluis):
    """A22: each gets its own bytes, however few pipes there are; others are served meanwhile."""
    front(origin(serve))
    before = pipes(sluis)
    slow = [slow_client(sluis, f"/{(700 << 10) + n}") for n in range(72)]
    time.sleep(0.5)
    assert sluis.ask("/2000000").body == content(2_000_000)
    assert pipes(sluis) - before <= 2 * 64 * len(sluis.pids("edge"))
    with concurrent.futures.ThreadPoolExecutor(len(slow)) as pool:
        got = list(pool.map(lambda client: client.response().body, slow))
    assert [sha(body) for body in got] == [sha(content((700 << 10) + n)) for n in range(len(slow))]
    for client in slow:
        client.close()


def test_bytes_of_one_that_left_reach_nobody(front, origin, sluis):
    """A18: what waited in a pipe for a client that goes is not given to the next one."""
    front(origin(serve))
    for _ in range(4):
        gone = [slow_client(sluis, "/900000") for _ in range(10)]
        time.sleep(0.1)
        for client in gone:
            client.close()
        with sluis.client() as client:
            for n in (1, 300_000, 2):
                assert client.ask(target=f"/{n}").body == content(n)
    until(lambda: sluis.status()["pools"][0]["servers"][0]["in_flight"] == 0)


def test_a_second_answer_behind_a_long_one(front, origin, sluis):
    """A1, A18: exactly the announced length is taken; what is behind it ends the server's connection and is nobody's answer."""
    n = 1 << 20
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {n}\r\n\r\n".encode()

    def handler(request, stream):
        if request.target == "/odd":
            stream.send(head + content(n) + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON")
            time.sleep(0.3)
            return None
        return answer("good")

    front(origin(handler))
    with sluis.client() as client:
        for _ in range(5):
            client.send(wire.request("GET", "/odd") + wire.request("GET", "/next"))
            assert client.response().body == content(n)
            assert client.response().body == b"good"
            assert sluis.ask().body == b"good"


def test_a_cut_is_a_cut(front, origin, sluis):
    """RFC 9112 §8: an answer that ends early is not taken for a whole one."""
    def handler(_, stream):
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + content(1_500_000))

    front(origin(handler))
    with sluis.client() as client:
        client.send(wire.request())
        with pytest.raises((wire.Broken, OSError)):
            client.response()


def test_an_upload_that_is_answered_early(front, origin, sluis):
    """RFC 9110 §10.1.1: a server refuses without reading; its word arrives, and others are served."""
    def handler(request, stream):
        if request.method == "GET":
            return answer("good")
        stream.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        time.sleep(0.2)
        return None

    front(origin(handler))
    for _ in range(5):
        with sluis.client() as client:
            client.send(wire.request("POST", "/", [("Content-Length", str(32 << 20))]))
            with pytest.raises(OSError):
                for _ in range(32):
                    client.send(content(1 << 20))
                raise ConnectionError("all of it was taken, which is fine too")
            assert client.response().status == 413
        assert sluis.ask().body == b"good"


@pytest.mark.smoke
def test_a_stream_both_ways(sluis, site):
    """Protocol tcp: long runs in both directions at once, and the end of each."""
    listener = socket.create_server(("127.0.0.1", 0))
    sluis.start({
        "listeners": [{"name": "public", "address": f"127.0.0.1:{sluis.port()}", "protocol": "tcp", "backend": "web"}],
        "backends": [{"name": "web", "servers": [f"127.0.0.1:{listener.getsockname()[1]}"]}]})
    assert site
    before = pipes(sluis)
    client = socket.create_connection(("127.0.0.1", sluis.port()), 10)
    server, _ = listener.accept()
    server.settimeout(10)
    got = {}
    n = 6 << 20

    def both(sock, name):
        reader = threading.Thread(target=lambda: got.update({name: read_all(sock)}))
        reader.start()
        sock.sendall(content(n))
        sock.shutdown(socket.SHUT_WR)
        return reader

    for reader in [both(client, "client"), both(server, "server")]:
        reader.join(20)
    assert got == {"client": sha(content(n)), "server": sha(content(n))}
    assert pipes(sluis) > before, "nothing was spliced"
