"""Persistence, hedging, mirroring and draining with real clients and servers, over TLS and HTTP/2."""
import os
import re
import subprocess
import time

import pytest

from harness import wire
from harness.load import Load
from harness.origin import answer, server_tls
from harness.wait import until


def curl(sluis, ca, *flags, target="/"):
    """curl over TLS and HTTP/2 with a cookie jar of its own; the body."""
    port = sluis.port()
    ran = subprocess.run(["curl", "-sS", "--http2", "--max-time", "20", "--cacert", ca.certificate, "--resolve",
                          f"www.example.nl:{port}:127.0.0.1", *flags, f"https://www.example.nl:{port}{target}"],
                         capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def secure(site, ca, *servers, **keywords):
    certificate = ca.issue("www.example.nl")
    listener = {"protocol": "https", "certificates": ["w"]}
    return site(*servers, listener=listener, certificates=[{"name": "w", "chain": certificate.chain, "key": certificate.key}], **keywords)


@pytest.mark.smoke
def test_curl_stays_at_nginx_or_apache(sluis, site, ca, nginx, apache, folder):
    servers = [nginx({"index.html": b"nginx"}), apache({"index.html": b"apache"}), nginx({"index.html": b"other nginx"})]
    sluis.start(secure(site, ca, *[server.address for server in servers], backend={"persistence": {"cookie": True}}, edges=2))
    for n in range(4):
        jar = os.path.join(folder, f"jar{n}")
        first = curl(sluis, ca, "-c", jar, "-b", jar, "-w", "%{http_version}")
        assert first.endswith("2")
        assert {curl(sluis, ca, "-c", jar, "-b", jar) for _ in range(5)} == {first[:-1]}
        with open(jar, encoding="utf-8") as file:
            line = [line for line in file if "sluis-" in line][0]
        assert line.startswith("#HttpOnly_www.example.nl\tFALSE\t/\tTRUE\t"), "host only, whole site, TLS only"


def test_cookie_crumbs_of_http2(sluis, site, ca, origin):
    """RFC 9113 §8.2.3: a client may send each pair in a field of its own."""
    a, b = origin(name="a"), origin(name="b")
    sluis.start(secure(site, ca, a.address, b.address, backend={"persistence": {"cookie": True, "name": "stay"}}))
    said = curl(sluis, ca, "-i")
    cookie, name = re.search(r"stay=[^;]+", said)[0], said.strip().splitlines()[-1]
    for _ in range(5):
        assert curl(sluis, ca, "-H", "Cookie: one=1", "-H", f"Cookie: {cookie}", "-H", "Cookie: two=2") == name
    mine = a if name == "a" else b
    assert mine.requests[-1].all("Cookie") == ["one=1; two=2"]


def tls_origin(origin, ca, name, handler=None):
    return origin(handler, name=name, tls=server_tls(ca.issue("app.internal")))


BEHIND_TLS = {"protocol": "https", "balance": "round_robin", "outlier": {"consecutive_errors": 0}}


def test_hedging_and_mirroring_over_tls(sluis, site, ca, origin):
    def sometimes(request, _stream):
        if request.target.startswith("/slow"):
            time.sleep(1.5)
        return answer("slow")

    slow, quick, shadow = (tls_origin(origin, ca, "slow", sometimes), tls_origin(origin, ca, "quick"),
                           tls_origin(origin, ca, "shadow"))
    tls = {"tls": {"ca": ca.certificate, "name": "app.internal"}}
    configuration = site(slow.address, quick.address, backend={**BEHIND_TLS, **tls, "hedge": {"after": "100ms", "percent": 100}})
    configuration["backends"].append({"name": "shadow", "servers": [shadow.address], "protocol": "https", **tls})
    configuration["routes"] = [{"name": "r", "hosts": ["*"], "rules": [{"backend": "web", "mirror": "shadow"}]}]
    sluis.start(configuration)
    with sluis.client() as client:
        for _ in range(20):
            assert client.ask(target="/quick").status == 200
        began = time.monotonic()
        assert {client.ask(target=f"/slow{n}").body for n in range(4)} == {b"quick"}
        assert time.monotonic() - began < 3
        assert client.ask(method="POST", target="/quick", body=b"x" * 5000).status == 200
    shadow.wait_for(25)
    until(lambda: "POST" in [request.method for request in shadow.requests])


def test_draining_nginx_while_many_ask(sluis, site, nginx):
    servers = [nginx({"index.html": b"a"}), nginx({"index.html": b"b"})]
    sluis.start(site(*[server.address for server in servers], edges=2))
    with Load(sluis, clients=4) as kept, Load(sluis, clients=2, keep_alive=False) as fresh:
        assert sluis.run("server", "drain", f"web/{servers[0].address}").returncode == 0
        kept.wait(100)
        servers[0].stop()  # nothing may be under way there any more
        fresh.wait(50)
        kept.wait(100)
    assert kept.failures == [] and fresh.failures == []


def test_sticky_clients_are_not_lost_when_edges_are_killed(sluis, site, origin):
    servers = [origin(name=name) for name in "abc"]
    sluis.start(site(*[server.address for server in servers], backend={"persistence": {"cookie": True}}, edges=2))
    got = sluis.ask()
    cookie = [("Cookie", got.header("Set-Cookie").split(";")[0])]
    for pid in sluis.pids("edge"):
        os.kill(pid, 9)
    until(lambda: len(sluis.pids("edge")) == 2)

    def ask():
        try:
            return sluis.ask(fields=cookie).body
        except (OSError, wire.Broken):
            return None

    until(lambda: ask() == got.body)
    assert {ask() for _ in range(6)} == {got.body}
