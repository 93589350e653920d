"""Servers that answer oddly: what they send belongs to the one who asked, and costs nobody else anything."""
import time

import pytest

from harness import wire
from harness.origin import answer

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"

# (case, the server's bytes, status the client gets; None: the answer is cut)
ODD = [
    ("101 unasked", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 502),
    ("304 with a body", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", 304),
    ("204 with a body", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", 502),
    ("a second answer behind the first",
     b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON", 200),
    ("a trailer that is a header", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: a=b\r\n\r\n", None),
    ("bare CR", b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n", 502),
    ("both lengths", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 502),
    ("folding", b"HTTP/1.1 200 OK\r\n Content-Length: 3\r\n\r\nabc", 502),
    ("another version", b"HTTP/0.9 200 OK\r\n\r\n", 502),
    ("no HTTP", b"hello", 502),
]


@pytest.mark.parametrize("reply, status", [row[1:] for row in ODD], ids=[row[0] for row in ODD])
def test_an_odd_answer_reaches_only_who_asked(front, origin, sluis, reply, status):
    """THREATS A1, A18: the next requests, of others, get their own answers, and every gauge comes back."""
    def handler(request, stream):
        if request.target != "/odd":
            return answer("good")
        stream.send(reply)
        time.sleep(0.2)
        return None

    front(origin(handler), backend={"timeouts": {"first_byte": "3s"}})
    with sluis.client() as client:
        client.send(wire.request("GET", "/odd"))
        if status:
            assert client.response().status == status
        for _ in range(5):
            assert sluis.ask().body == b"good"
    end = time.monotonic() + 5
    while (server := sluis.status()["pools"][0]["servers"][0])["in_flight"]:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert server["connections"] <= 3


def test_interim_answers_without_end_end(front, origin, sluis):
    """THREATS A22: a flood of 1xx to a client that reads nothing ends with first_byte; others are served meanwhile."""
    def handler(request, stream):
        while request.target == "/flood":
            stream.send(HINTS * 500)
        return answer("good")

    front(origin(handler), backend={"timeouts": {"first_byte": "2s"}})
    with sluis.client() as client:
        client.send(wire.request("GET", "/flood"))
        for _ in range(20):
            began = time.monotonic()
            assert sluis.ask().body == b"good"
            assert time.monotonic() - began < 1
        time.sleep(3)
        assert sluis.status()["pools"][0]["servers"][0]["in_flight"] == 0
