"""Those who wait for a server are served, or told, and nobody's end is another's (THREATS A1, A18, A22, A25)."""
import os
import signal
import socket
import threading
import time

from harness import wire
from harness.origin import answer


def test_who_waits_gets_a_connection_of_its_own(front, origin):
    """connections_per_server 1, and a server that ends each connection: the others do not wait for what is gone."""
    def handle(request, stream):
        time.sleep(0.1)
        stream.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")

    sluis = front(origin(handle), backend={"limits": {"connections_per_server": 1}})
    got = []

    def ask():
        started = time.monotonic()
        got.append((sluis.ask().status, time.monotonic() - started < 3))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert got == [(200, True)] * 4


def head_with_a_body(pause):
    """A server that sends a body to HEAD (RFC 9110 §9.3.2 forbids it) a little later: it looks like another answer."""
    def handle(request, stream):
        if request.method != "HEAD":
            return answer("good")
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")
        time.sleep(pause)
        stream.send(answer("POISON"))
        time.sleep(3)
        return None

    return handle


def test_body_of_head_is_nobodys_answer(front, origin):
    sluis = front(origin(head_with_a_body(0.3)))
    with sluis.client() as attacker, sluis.client() as victim:
        assert victim.ask(target="/warm").status == 200
        attacker.send(wire.request("HEAD", "/a"))
        attacker.response("HEAD")
        edge = sluis.pids("edge")[0]
        os.kill(edge, signal.SIGSTOP)  # the victim's request and the poison are there at the same time
        victim.send(wire.request("GET", "/victim"))
        time.sleep(0.6)
        os.kill(edge, signal.SIGCONT)
        assert victim.response().body == b"good"


def test_body_of_head_is_no_pipelined_answer(front, origin):
    sluis = front(origin(head_with_a_body(0)))
    for _ in range(20):
        with sluis.client() as client:
            client.send(wire.request("HEAD", "/a") + wire.request("GET", "/victim"))
            client.response("HEAD")
            assert client.response().body == b"good"


def test_long_queue_ends_at_once(front, origin):
    """The only server goes while many wait: each is told, one after the other, not one inside the other."""
    go = threading.Event()
    web = origin(lambda *_: (go.wait(30), answer("x"))[1])
    sluis = front(web, backend={"limits": {"requests_per_server": 1, "queue": 20000, "queue_timeout": "60s"}},
                  listener={"limits": {"connections": 20000, "connections_per_address": 20000}})
    edges = sluis.pids("edge")
    held = []
    for _ in range(3000):
        one = socket.create_connection(("127.0.0.1", sluis.port()))
        one.sendall(wire.request())
        held.append(one)
    name = sluis.status()["pools"][0]["servers"][0]["name"]
    assert sluis.run("server", "disable", f"web/{name}").returncode == 0
    time.sleep(1)
    go.set()
    held[-1].settimeout(20)
    assert held[-1].recv(100).startswith(b"HTTP/1.1 503")
    assert sluis.pids("edge") == edges
    for one in held:
        one.close()


def test_old_requests_leave_a_slots_new_server_alone(sluis, site, origin):
    """A download from a server that was removed three reloads ago ends: the counters of its slot's new server stay."""
    go = threading.Event()

    def slow(request, stream):
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        go.wait(30)
        stream.send(b"defghij")

    sluis.start(site(origin(slow).address))
    with sluis.client() as client:
        client.send(wire.request())
        client.fill()
        for _ in range(4):
            web = origin(name="new")
            assert sluis.reload(site(web.address)).returncode == 0
            for _ in range(5):
                assert sluis.ask().status == 200
        before = sluis.status()["pools"][0]["servers"][0]["requests"]
        go.set()
        assert client.response().body == b"abcdefghij"
    for _ in range(5):
        assert sluis.ask().status == 200
    assert sluis.status()["pools"][0]["servers"][0]["requests"] == before + 5
    assert web.connections <= 2


def test_invalid_bodies_that_waited_end_themselves_only(front, origin):
    """Requests of one edge wait for what another holds, and turn out to be invalid: 400 each, and the edges live."""
    web = origin(lambda request, stream: (request.target == "/slow" and time.sleep(1), answer("x"))[1])
    sluis = front(web, backend={"limits": {"requests_per_server": 1}})
    edges = sluis.pids("edge")
    clients = [sluis.client() for _ in range(8)]
    clients[0].send(wire.request("GET", "/slow"))
    web.wait_for(1)
    for client in clients[1:]:
        client.send(wire.request("POST", "/x", [("Transfer-Encoding", "chunked")]) + b"ZZ\r\n\r\n")
    for client in clients[1:]:
        assert client.response().status == 400
    assert clients[0].response().status == 200
    assert sluis.pids("edge") == edges
