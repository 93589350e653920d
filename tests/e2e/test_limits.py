"""Limits and deadlines of listeners and backends (CONFIG.md), and ends of connections that lose nothing."""
import socket
import threading
import time

from harness import wire
from harness.origin import answer


def parallel(sluis, n):
    """n requests at the same time, each on a connection of its own: the statuses."""
    got, lock = [], threading.Lock()

    def ask():
        status = sluis.ask().status
        with lock:
            got.append(status)

    threads = [threading.Thread(target=ask) for _ in range(n)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    return got


def test_connections_of_a_listener(front, origin):
    sluis = front(origin(), listener={"limits": {"connections": 4}})
    held = [sluis.client() for _ in range(4)]
    for client in held:
        assert client.ask().status == 200
    with sluis.client() as extra:
        try:
            extra.send(wire.request())
            assert b" 200 " not in extra.to_end()
        except ConnectionError:
            pass
    for client in held:
        assert client.ask().status == 200
        client.close()


def test_connections_per_server(front, origin):
    """No more than the limit are ever open; the other requests wait for one of them."""
    web = origin(lambda *_: time.sleep(0.1) or answer("ok"))
    sluis = front(web, backend={"limits": {"connections_per_server": 2, "queue": 50, "queue_timeout": "10s"}})
    assert parallel(sluis, 10) == [200] * 10
    assert web.connections <= 2


def test_queued_requests_of_one_edge_use_what_another_frees(sluis, site, origin):
    """requests_per_server holds for all edges together, and nobody waits for ever."""
    web = origin(lambda *_: time.sleep(0.1) or answer("ok"))
    sluis.start(site(web.address, backend={"limits": {"requests_per_server": 1, "queue": 50, "queue_timeout": "15s"}}))
    assert parallel(sluis, 12) == [200] * 12


def test_stalled_answer_is_cut(front, origin):
    """timeouts.response_idle: an answer that stops coming ends the connection, visibly unfinished."""
    def handle(request, stream):
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        time.sleep(6)

    sluis = front(origin(handle), listener={"timeouts": {"response_idle": "1s"}})
    with sluis.client() as client:
        started = time.monotonic()
        client.send(wire.request())
        try:
            got = client.to_end()
        except ConnectionError:
            got = b""
        assert time.monotonic() - started < 4
        assert len(got.partition(b"\r\n\r\n")[2]) < 100


def test_idle_server_connection_is_closed(front, origin):
    web = origin()
    sluis = front(web, backend={"timeouts": {"idle_connection": "1s"}})
    assert sluis.ask().status == 200
    time.sleep(2)
    assert sluis.ask().status == 200
    assert web.connections == 2


def test_http_1_0_without_host(front, origin):
    """RFC 9112 §3.3: an HTTP/1.0 client need not name a host; servers are told the listener's own address."""
    web = origin()
    sluis = front(web)
    with sluis.client() as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert client.response().status == 200
    assert web.requests[0].header("Host").startswith("127.0.0.1:")


def test_refusal_is_not_lost_to_a_reset(front, origin):
    """RFC 9112 §9.6: a client that is still sending when it is refused can read why."""
    sluis = front(origin())
    with sluis.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        for _ in range(20):
            client.send(b"x" * 65536)
            time.sleep(0.01)
        assert client.response().status == 400


def test_early_answer_to_an_upload_is_not_lost(front, origin):
    """A server that refuses an upload before it has read it (RFC 9112 §9.3): the client gets its answer."""
    def handle(request, stream):
        stream.send(answer("too large", status=413))
        time.sleep(1)

    sluis = front(origin(handle))
    with sluis.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nContent-Length: 100000000\r\n\r\n")
        try:
            for _ in range(50):
                client.send(b"x" * 65536)
        except ConnectionError:
            pass
        assert client.response().status == 413


def test_client_that_is_cut_disturbs_nobody(front, origin):
    """A request that ends in the middle of its body never reaches the application whole."""
    web = origin(lambda request, stream: answer(request.body))
    sluis = front(web)
    for _ in range(5):
        raw = socket.create_connection(("127.0.0.1", sluis.port()))
        raw.sendall(b"POST / HTTP/1.1\r\nHost: a.nl\r\nContent-Length: 10\r\n\r\nabc")
        raw.close()
    assert sluis.ask(method="POST", body=b"whole").body == b"whole"
