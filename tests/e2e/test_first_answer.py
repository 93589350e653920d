"""A small answer does not wait until the one before it was acknowledged (RFC 9293 §3.7.4: Nagle's algorithm)."""
import socket
import statistics
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: www.example.nl\r\n\r\n"


def both_answers_ms(port):
    """Two requests in one segment, from a client that puts its acknowledgements off: until both answers are there."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
        began, got = time.monotonic(), b""
        client.sendall(2 * REQUEST)
        while got.count(b"HTTP/1.1 200") < 2:
            got += client.recv(65536)
        return 1000 * (time.monotonic() - began)


def test_second_answer_does_not_wait(front, origin):
    sluis = front(origin())
    took = [both_answers_ms(sluis.port()) for _ in range(9)]
    assert statistics.median(took) < 25, f"milliseconds: {took}"
