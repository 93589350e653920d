"""Compression of answers (RFC 9110 §8.4, §8.8.3, §12.5.3; BREACH: THREATS A10): what is compressed, what never is,
and that nothing is held back, grows without bound or is cut."""
import gzip
import os
import random
import socket
import subprocess
import threading
import time

import pytest

from harness import wire
from harness.origin import answer
from harness.wait import until

brotli = pytest.importorskip("brotli")
zstandard = pytest.importorskip("zstandard")

HTML = ("Content-Type", "text/html; charset=utf-8")
TEXT = b"".join(b"<p>%d a line like the others</p>\n" % i for i in range(2000))


def decode(response):
    coding = response.header("Content-Encoding")
    if coding == "gzip":
        return gzip.decompress(response.body)
    if coding == "br":
        return brotli.decompress(response.body)
    if coding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(response.body)
    assert coding is None
    return response.body


def page(*fields, body=TEXT, status=200):
    return lambda request, _: answer(body, status=status, fields=[HTML, *fields])


def compressing(front, server, **options):
    return front(server, route={"compress": options or True})


def ask(sluis, target="/", method="GET", accept="gzip", fields=()):
    fields = list(fields) + ([("Accept-Encoding", accept)] if accept is not None else [])
    with sluis.client() as client:
        return client.ask(method, target, fields=fields)


@pytest.mark.smoke
@pytest.mark.parametrize("accept, coding", [
    ("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("gzip, deflate, br, zstd", "zstd"), ("gzip;q=1, br;q=0.9", "gzip"),
    ("*", "zstd"), ("identity", None), ("gzip;q=0", None), ("", None), (None, None), ("deflate", None)])
def test_what_the_client_takes(front, origin, accept, coding):
    """RFC 9110 §12.5.3, and Vary either way (§12.5.5)."""
    got = ask(compressing(front, origin(page(("ETag", '"v1"')))), accept=accept)
    assert got.header("Content-Encoding") == coding and decode(got) == TEXT
    assert got.header("Vary") == "Accept-Encoding"
    assert got.header("ETag") == ('W/"v1"' if coding else '"v1"')
    assert got.header("Content-Length") == (None if coding else str(len(TEXT)))
    assert len(got.body) < len(TEXT) / 4 or not coding


def test_off_unless_asked_for(front, origin):
    got = ask(front(origin(page())))
    assert got.header("Content-Encoding") is None and got.header("Vary") is None and got.body == TEXT


@pytest.mark.parametrize("fields, status", [
    ([("Content-Encoding", "br")], 200), ([("Cache-Control", "max-age=5, no-transform")], 200), ([("Content-Range", "bytes 0-9/10")], 206),
    ([("Set-Cookie", "a=b")], 200), ([("Content-Digest", "sha-256=:AA==:")], 200), ([("Content-MD5", "AA==")], 200)])
def test_answers_that_are_left_alone(front, origin, fields, status):
    """RFC 9110 §8.4.1 (coded already), §15.3.7 (parts); RFC 9111 §5.2.2.6; RFC 9530; secrets."""
    got = ask(compressing(front, origin(page(*fields, status=status))))
    assert got.body == TEXT and got.header("Content-Length") == str(len(TEXT))


def test_types_and_sizes(front, origin):
    def serve(request, _):
        kind, _, size = request.target[1:].partition("-")
        return answer(b"x" * int(size), fields=[("Content-Type", kind.replace(".", "/"))] if kind else [])

    sluis = compressing(front, origin(serve), types=["text/*", "application/json"], min_size="2k")
    expected = {"text.plain-2048": True, "text.plain-2047": False, "TEXT.CSS-9000": True, "application.json-3000": True,
                "application.jsonx-3000": False, "image.png-9000": False, "-9000": False, "textual.x-9000": False}
    with sluis.client() as client:
        for target, is_coded in expected.items():
            got = client.ask(target="/" + target, fields=[("Accept-Encoding", "gzip")])
            assert (got.header("Content-Encoding") == "gzip") == is_coded, target


def test_credentials(front, origin):
    """BREACH: no compression where a secret may stand beside reflected input, unless it is asked for."""
    web = origin(page())
    sluis = compressing(front, web)
    for field in [("Cookie", "s=1"), ("Authorization", "Basic eA==")]:
        assert ask(sluis, fields=[field]).header("Content-Encoding") is None


def test_even_with_credentials(front, origin):
    sluis = compressing(front, origin(page(("Set-Cookie", "a=b"))), even_with_credentials=True)
    got = ask(sluis, fields=[("Cookie", "s=1"), ("Authorization", "Basic eA==")])
    assert got.header("Content-Encoding") == "gzip" and decode(got) == TEXT and got.header("Set-Cookie") == "a=b"


def test_no_transform_of_the_request(front, origin):
    """RFC 9111 §5.2.1.6."""
    got = ask(compressing(front, origin(page())), fields=[("Cache-Control", "no-transform")])
    assert got.header("Content-Encoding") is None


def test_algorithms_and_rules(front, origin):
    """A rule's own word goes before the route's; an algorithm that is not listed is not used."""
    web = origin(page())
    rules = [{"match": {"path_prefix": "/plain"}, "backend": "web", "compress": False},
             {"match": {"path_prefix": "/br"}, "backend": "web", "compress": {"algorithms": ["br"], "level": "small"}}]
    sluis = front(web, route={"rules": rules, "compress": {"algorithms": ["gzip"], "level": "fast"}})
    every = "gzip, br, zstd"
    assert ask(sluis, "/plain", accept=every).header("Content-Encoding") is None
    assert ask(sluis, "/br", accept=every).header("Content-Encoding") == "br"
    assert ask(sluis, "/br", accept="gzip").header("Content-Encoding") is None
    assert ask(sluis, "/", accept=every).header("Content-Encoding") == "gzip"


@pytest.mark.smoke
def test_head_and_304_agree_with_get(front, origin):
    """RFC 9110 §9.3.2: the fields of GET; §15.4.5: a 304 has the tag that 200 would have had."""
    def serve(request, _):
        if request.header("If-None-Match"):
            return b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n'
        return answer(TEXT, fields=[HTML, ("ETag", '"v1"'), ("Accept-Ranges", "bytes")])

    web = origin(serve)
    sluis = compressing(front, web)
    with sluis.client() as client:
        fields = [("Accept-Encoding", "gzip")]
        got, head = client.ask(fields=fields), client.ask("HEAD", fields=fields)
        for name in ["Content-Encoding", "ETag", "Vary", "Content-Type", "Content-Length", "Accept-Ranges"]:
            assert got.header(name) == head.header(name), name
        assert got.header("Accept-Ranges") is None
        same = client.ask(fields=fields + [("If-None-Match", got.header("ETag"))])
        assert same.status == 304 and same.header("ETag") == 'W/"v1"' and same.header("Content-Encoding") is None


def test_old_clients_get_it_plain(front, origin):
    sluis = compressing(front, origin(page()))
    got = sluis.raw(b"GET / HTTP/1.0\r\nHost: www.example.nl\r\nAccept-Encoding: gzip\r\n\r\n")
    head, _, body = got.partition(b"\r\n\r\n")
    assert body == TEXT and b"Content-Encoding" not in head and b"chunked" not in head


@pytest.mark.parametrize("accept", ["gzip", "br", "zstd"])
@pytest.mark.parametrize("kind", ["length", "chunked", "close"])
def test_large_bodies_however_they_come(front, origin, accept, kind):
    """Several megabytes, half of them incompressible, in odd pieces; then the connection goes on."""
    dice = random.Random(7)
    whole = b"".join(dice.randbytes(40000) + TEXT[:30000] for _ in range(40))

    def serve(request, stream):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        framing = {"length": b"Content-Length: %d\r\n" % len(whole), "chunked": b"Transfer-Encoding: chunked\r\n", "close": b""}[kind]
        stream.send(head + framing + b"\r\n")
        at = 0
        while at < len(whole):
            piece = whole[at:at + dice.randrange(1, 200000)]
            at += len(piece)
            stream.send(b"%x\r\n%s\r\n" % (len(piece), piece) if kind == "chunked" else piece)
        if kind == "close":
            return None
        return b"0\r\n\r\n" if kind == "chunked" else b""

    sluis = compressing(front, origin(serve))
    with sluis.client() as client:
        for _ in range(2 if kind != "close" else 1):
            got = client.ask(fields=[("Accept-Encoding", accept)])
            assert got.header("Content-Encoding") == accept and decode(got) == whole


@pytest.mark.parametrize("accept", ["gzip", "br", "zstd"])
def test_events_are_not_held_back(front, origin, accept):
    """A server that pauses: what it has said so far can be decoded at once."""
    go = threading.Event()

    def serve(request, stream):
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for i in range(3):
            stream.send(wire.chunks(b"data: %d\n\n" % i)[:-5])
            assert go.wait(10)
            go.clear()
        return b"0\r\n\r\n"

    sluis = compressing(front, origin(serve), types=["text/event-stream"])
    decoder = {"gzip": lambda: __import__("zlib").decompressobj(31).decompress, "br": lambda: brotli.Decompressor().process,
               "zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress}[accept]()
    with sluis.client() as client:
        client.send(wire.request(fields=[("Accept-Encoding", accept)]))
        client.head()
        for i in range(3):
            seen = b""
            while not seen.endswith(b"data: %d\n\n" % i):
                size = int(client.until(b"\r\n"), 16)
                assert size
                seen += decoder(client.exactly(size))
                client.exactly(2)
            go.set()
        while int(client.until(b"\r\n"), 16):
            client.until(b"\r\n")


def test_a_cut_answer_is_cut(front, origin):
    """A body that ends early never looks complete: no last chunk."""
    def serve(request, stream):
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50000)

    with compressing(front, origin(serve)).client() as client:
        client.send(wire.request(fields=[("Accept-Encoding", "gzip")]))
        with pytest.raises((wire.Broken, OSError)):
            client.response()


@pytest.mark.limit(90)
def test_slow_readers_hold_their_server_up_and_the_rest_goes_plain(front, origin):
    """Memory: 64 streams at most, output waits in bounded buffers; who comes after is served without compression."""
    dice = random.Random(3)
    block = dice.randbytes(1 << 20)
    sent = []

    def serve(request, stream):
        if request.target == "/small":
            return answer(TEXT, fields=[HTML])
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % (50 << 20))
        stream.sock.settimeout(30)
        for _ in range(50):
            stream.send(block)
            sent.append(1)
        return b""

    sluis = front(origin(serve), route={"compress": True}, edges=1)
    clients = []
    for _ in range(64):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        sock.connect(("127.0.0.1", sluis.port()))
        sock.sendall(wire.request(fields=[("Accept-Encoding", "gzip")]))
        clients.append(sock)

    def is_full():
        return ask(sluis, "/small").header("Content-Encoding") is None

    until(is_full, within=30)
    got = ask(sluis, "/small")
    assert got.body == TEXT and got.header("Vary") == "Accept-Encoding"

    def stands_still():
        moved = len(sent)
        time.sleep(0.7)
        return len(sent) == moved

    until(stands_still, within=40)
    assert len(sent) < 64 * 40
    rss = sum(int(line.split()[1]) for pid in sluis.pids("edge") for line in open(f"/proc/{pid}/status", encoding="ascii")
              if line.startswith("RssAnon"))
    assert rss < 200_000, f"{rss} KB"
    for sock in clients:
        sock.close()
    until(lambda: ask(sluis, "/small").header("Content-Encoding") == "gzip", within=20)


def test_curl_and_nginx(front, nginx):
    """Real software on both sides; nginx's own gzip is passed on untouched."""
    server = nginx({"index.html": TEXT, "own.html": TEXT}, "location /own.html { gzip on; gzip_http_version 1.0; gzip_proxied any; }")
    sluis = compressing(front, server)
    for target in ["/index.html", "/own.html"]:
        done = subprocess.run(["curl", "-s", "--compressed", f"http://127.0.0.1:{sluis.port()}{target}", "-H", "Host: www.example.nl"],
                              check=True, capture_output=True, timeout=20)
        assert done.stdout == TEXT
    got = ask(sluis, "/own.html", accept="gzip")
    assert got.header("Content-Encoding") == "gzip" and got.all("Vary").count("Accept-Encoding") <= 1 and decode(got) == TEXT
    weak = ask(sluis, "/index.html", accept="gzip").header("ETag")
    assert weak.startswith('W/"')
    assert ask(sluis, "/index.html", accept="gzip", fields=[("If-None-Match", weak)]).status == 304
