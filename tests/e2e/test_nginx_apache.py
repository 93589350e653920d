"""Real servers behind Sluis, a real client in front: Debian's nginx and Apache, and curl."""
import hashlib
import os
import subprocess

import pytest

MB = 1 << 20


def curl(*arguments):
    ran = subprocess.run(["curl", "-sS", "--max-time", "30", *arguments], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout


@pytest.fixture(name="files", scope="module")
def site_files():
    return {"index.html": b"<p>hello</p>\n", "big.bin": os.urandom(8 * MB), "sub/page.txt": b"page\n", "empty": b""}


@pytest.fixture(name="behind", params=["nginx", "apache"])
def server_behind(request, front, files):
    """(base address, files) of a site served by each real server."""
    server = request.getfixturevalue(request.param)(files)
    sluis = front(server)
    return f"http://127.0.0.1:{sluis.port()}"


@pytest.mark.smoke
def test_files(behind, files):
    assert curl(f"{behind}/index.html") == files["index.html"]
    assert hashlib.sha256(curl(f"{behind}/big.bin")).digest() == hashlib.sha256(files["big.bin"]).digest()
    assert curl(f"{behind}/empty") == b""


def test_many_on_one_connection(behind, files):
    got = curl(*[f"{behind}/sub/page.txt"] * 50)
    assert got == files["sub/page.txt"] * 50


def test_head_and_conditional(behind):
    head = curl("-I", f"{behind}/index.html").decode()
    assert head.startswith("HTTP/1.1 200") and "content-length: 13" in head.lower()
    etag = [line.split(": ", 1)[1].strip() for line in head.splitlines() if line.lower().startswith("etag")][0]
    assert "304" in curl("-i", "-H", f"If-None-Match: {etag}", f"{behind}/index.html").decode().splitlines()[0]


def test_ranges(behind, files):
    assert curl("-r", "100-199", f"{behind}/big.bin") == files["big.bin"][100:200]
    many = curl("-i", "-r", "0-9,20-29", f"{behind}/big.bin")
    assert b" 206 " in many.splitlines()[0] and b"multipart/byteranges" in many


def test_not_found_is_the_servers_own(behind):
    got = curl("-i", f"{behind}/missing")
    assert b" 404 " in got.splitlines()[0] and (b"nginx" in got or b"Apache" in got or b"Not Found" in got)


def test_http_1_0_client(behind, files):
    assert curl("--http1.0", f"{behind}/index.html") == files["index.html"]


def test_expect_from_curl(behind):
    """curl waits for 100 before it sends a large body; these servers answer 405 to POST of a file."""
    got = curl("-i", "-H", "Expect: 100-continue", "--data-binary", "x" * 100000, f"{behind}/index.html")
    assert b" 405 " in got or b" 200 " in got


def test_gzip_passes(nginx, front, files):
    server = nginx({"page.html": b"word " * 5000}, "gzip on; gzip_types text/html; gzip_min_length 1; gzip_proxied any;")
    port = front(server).port()
    packed = curl("-H", "Accept-Encoding: gzip", f"http://127.0.0.1:{port}/page.html")
    assert packed[:2] == b"\x1f\x8b" and len(packed) < 1000
    assert curl("--compressed", f"http://127.0.0.1:{port}/page.html") == b"word " * 5000
    assert files


def test_nginx_sees_the_client(nginx, front):
    server = nginx({}, 'location / { return 200 "$http_x_forwarded_for $http_x_forwarded_proto $host\\n"; }')
    assert curl("-H", "X-Forwarded-For: 6.6.6.6", "-H", "Host: shop.nl", f"http://127.0.0.1:{front(server).port()}/") == \
        b"127.0.0.1 http shop.nl\n"


def test_apache_and_nginx_share_the_work(nginx, apache, front):
    one, two = nginx({"who": b"nginx"}), apache({"who": b"apache"})
    sluis = front(one, two, backend={"balance": "round_robin"})
    assert sorted(curl(*[f"http://127.0.0.1:{sluis.port()}/who"] * 2).replace(b"nginx", b"n ").replace(b"apache", b"a ").split()) \
        == [b"a", b"n"]


def test_server_that_restarts(nginx, apache, front, files):
    """One of two real servers goes away under a client that keeps asking."""
    one, two = nginx(files), apache(files)
    sluis = front(one, two)
    url = f"http://127.0.0.1:{sluis.port()}/index.html"
    assert curl(*[url] * 10) == files["index.html"] * 10
    one.process.terminate()
    one.process.wait(10)
    assert curl(*[url] * 40) == files["index.html"] * 40


def test_https_with_curl(nginx, sluis, site, ca, files):
    server, made = nginx(files), ca.issue("www.example.nl")
    sluis.start(site(server.address, listener={"protocol": "https", "certificates": ["www"]},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    url = f"https://www.example.nl:{sluis.port()}"
    common = ["--cacert", ca.certificate, "--resolve", f"www.example.nl:{sluis.port()}:127.0.0.1"]
    assert curl(*common, f"{url}/index.html") == files["index.html"]
    assert b"strict-transport-security" in curl(*common, "-i", f"{url}/index.html").lower()
    got = hashlib.sha256(curl(*common, f"{url}/big.bin")).digest()
    assert got == hashlib.sha256(files["big.bin"]).digest()
