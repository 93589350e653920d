"""Compression and cache behind TLS and HTTP/2, with curl: bodies, HEAD, 304 and events, over either version."""
import gzip
import subprocess
import threading

import pytest

from harness import wire
from harness.origin import answer

NAME = "www.example.nl"
TEXT = b"".join(b"<p>%d a line like the others</p>\n" % i for i in range(5000))
FIELDS = [("Content-Type", "text/html"), ("Cache-Control", "max-age=60"), ("ETag", '"v1"')]
KEEP = {"max_object": "1m"}  # larger than the windows of HTTP/2
VERSIONS = pytest.mark.parametrize("version", ["--http2", "--http1.1"])


@pytest.fixture(name="fetch")
def start(sluis, site, ca):
    """fetch(server, route) starts Sluis and gives a curl: (target, options...) to (status, fields, body)."""

    def make(server, route, version):
        made = ca.issue(NAME, file="delivery")
        sluis.start(site(server.address, route=route, edges=1, listener={"protocol": "https", "certificates": ["www"]},
                         certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
        base = ["curl", "-sS", "-i", version, "--cacert", ca.certificate, "--resolve", f"{NAME}:{sluis.port()}:127.0.0.1"]

        def curl(target="/", *options):
            ran = subprocess.run([*base, *options, f"https://{NAME}:{sluis.port()}{target}"], capture_output=True, timeout=30, check=False)
            assert ran.returncode == 0, ran.stderr
            head, _, body = ran.stdout.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            assert first.startswith("HTTP/2 " if version == "--http2" else "HTTP/1.1 ")
            return int(first.split()[1]), {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}, body

        curl.base, curl.port = base, sluis.port()
        return curl

    return make


@pytest.mark.smoke
@VERSIONS
def test_kept_and_compressed(fetch, origin, version):
    """RFC 9113 §8.1: coded, stored and served; RFC 9111 §4.3.2: 304 to the client; RFC 9110 §9.3.2: HEAD has the fields of GET."""
    server = origin(lambda *_: answer(TEXT, fields=FIELDS))
    curl = fetch(server, {"cache": KEEP, "compress": True}, version)
    gzipped = ("-H", "Accept-Encoding: gzip")
    first, second, plain = curl("/", *gzipped), curl("/", *gzipped), curl("/")
    assert gzip.decompress(first[2]) == gzip.decompress(second[2]) == plain[2] == TEXT
    assert first[1]["cache-status"] == "sluis; fwd=uri-miss; stored"
    assert second[1]["cache-status"] == plain[1]["cache-status"] == "sluis; hit"
    assert second[1]["content-encoding"] == "gzip" and "content-length" not in second[1] and second[1]["vary"] == "Accept-Encoding"
    assert plain[1]["content-length"] == str(len(TEXT)) and "content-encoding" not in plain[1]
    head = curl("/", "-I", *gzipped)
    assert head[0] == 200 and head[2] == b"" and head[1]["content-encoding"] == "gzip" and head[1]["etag"] == 'W/"v1"'
    same = curl("/", "-H", 'If-None-Match: W/"v1"', *gzipped)
    assert same[0] == 304 and same[2] == b"" and same[1]["etag"] == 'W/"v1"'
    assert len(server.requests) == 1


@pytest.mark.smoke
@VERSIONS
def test_the_server_is_asked_again(fetch, origin, version):
    """RFC 9111 §4.3.1, §4.3.3: no-cache of the client makes a conditional request, whose 304 stays inside."""
    def serve(request, _):
        if request.header("If-None-Match") == '"v1"':
            return b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n'
        return answer(TEXT, fields=FIELDS)

    server = origin(serve)
    curl = fetch(server, {"cache": KEEP}, version)
    curl()
    status, fields, body = curl("/", "-H", "Cache-Control: no-cache")
    assert (status, body, len(server.requests)) == (200, TEXT, 2) and fields["cache-status"] == "sluis; fwd=request; fwd-status=304"


@VERSIONS
def test_many_at_once(fetch, origin, version):
    """One request for many, on one connection; RFC 9113 §5.1.2: streams that wait hold up nobody else."""
    server = origin(lambda *_: answer(TEXT, fields=FIELDS))
    curl = fetch(server, {"cache": KEEP, "compress": True}, version)
    urls = [f"https://{NAME}:{curl.port}/same"] * 12
    ran = subprocess.run([*curl.base, "--parallel", "--parallel-max", "12", "--compressed", *urls], capture_output=True, timeout=30,
            check=True)
    assert ran.stdout.count(TEXT[-40:]) == 12 and len(server.requests) == 1


@pytest.mark.smoke
@VERSIONS
def test_events(fetch, origin, version):
    """What a server has said so far is there at once, compressed too."""
    go = threading.Event()

    def serve(_, stream):
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        stream.send(wire.chunks(b"data: first\n\n")[:-5])
        assert go.wait(20)
        return wire.chunks(b"data: last\n\n")

    curl = fetch(origin(serve), {"compress": {"types": ["text/event-stream"]}}, version)
    with subprocess.Popen([*curl.base, "-N", "--compressed", f"https://{NAME}:{curl.port}/"], stdout=subprocess.PIPE) as ran:
        seen = b""
        while b"data: first\n\n" not in seen:
            piece = ran.stdout.read1(4096)
            assert piece, seen
            seen += piece
        assert b"data: last" not in seen
        go.set()
        assert ran.stdout.read().endswith(b"data: last\n\n")
    assert b"content-encoding: gzip" in seen.lower() or b"content-encoding: br" in seen.lower() or b"content-encoding: zstd" in seen.lower()
