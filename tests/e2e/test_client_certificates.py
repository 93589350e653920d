"""Certificates of clients (RFC 8446 §4.3.2, RFC 9440; THREATS A6, A16), with curl and openssl as clients."""
import base64
import re
import subprocess
import time

import pytest

from harness import certs
from harness.certs import openssl

NAME = "www.example.nl"


@pytest.fixture(name="partners", scope="module")
def partners_ca(scratch):
    return certs.Authority(f"{scratch}/partners", "Partners")


@pytest.fixture(name="strangers", scope="module")
def strangers_ca(scratch):
    return certs.Authority(f"{scratch}/strangers", "Strangers")


@pytest.fixture(name="start")
def starter(sluis, site, ca, partners):
    """start(server address, mode) - an https listener that asks for certificates of `partners`."""
    made = ca.issue(NAME)

    def start(address, mode, **listener):
        return sluis.start(site(address, listener={
            "protocol": "https", "certificates": ["www"], **listener,
            "client_certificate": {"ca": partners.certificate, "mode": mode}},
            certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))

    return start


def curl(sluis, ca, *flags, path="/"):
    """(exit status, status of the answer, body)"""
    resolve = f"{NAME}:{sluis.port()}:127.0.0.1"
    ran = subprocess.run(["curl", "-sS", "--cacert", ca.certificate, "--resolve", resolve, "-w", "\n%{http_code}", "-m", "10", *flags,
                          f"https://{NAME}:{sluis.port()}{path}"], capture_output=True, text=True, check=False)
    body, _, code = ran.stdout.rpartition("\n")
    return ran.returncode, code, body


def shown(made):
    return ["--cert", made.chain, "--key", made.key]


def der_of(made):
    return base64.b64encode(subprocess.run(["openssl", "x509", "-in", made.chain, "-outform", "DER"], capture_output=True,
                                           check=True).stdout).decode()


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_required(start, ca, partners, strangers, origin, version, tls):
    """RFC 9440 §2.2. Without one, with a stranger's or an old one: no connection. With a partner's: the server is told which."""
    server = origin()
    sluis = start(server.address, "required")
    flags = [version, "--tlsv" + tls, "--tls-max", tls]
    partner = partners.issue("partner.example.nl")
    assert curl(sluis, ca, *flags)[0] != 0
    assert curl(sluis, ca, *flags, *shown(strangers.issue("partner.example.nl")))[0] != 0
    assert curl(sluis, ca, *flags, *shown(partners.issue("late.example.nl", days=-1)))[0] != 0
    assert not server.requests, "nothing of them reached the server"
    assert curl(sluis, ca, *flags, *shown(partner))[:2] == (0, "200")
    assert server.requests[0].all("Client-Cert") == [f":{der_of(partner)}:"]


def test_optional(start, ca, partners, strangers, origin):
    """Without one: served, and nobody is told of a certificate, whatever the client says of one (RFC 9440 §2.4)."""
    server = origin()
    sluis = start(server.address, "optional")
    lies = ["-H", "Client-Cert: :AAAA:", "-H", "client_cert: :AAAA:", "-H", "Client-Cert-Chain: :AAAA:"]
    partner = partners.issue("partner.example.nl")
    assert curl(sluis, ca, *lies)[:2] == (0, "200")
    assert curl(sluis, ca, *lies, *shown(partner))[:2] == (0, "200")
    assert curl(sluis, ca, *shown(strangers.issue("partner.example.nl")))[0] != 0
    first, second = server.requests
    assert b"AAAA" not in first.raw + second.raw
    assert first.header("Client-Cert") is None
    assert second.all("Client-Cert") == [f":{der_of(partner)}:"]


def test_no_listener_believes_a_claim(sluis, site, origin):
    """A6: also where nobody is asked, what a client says of a certificate does not reach servers."""
    server = origin()
    sluis.start(site(server.address))
    sluis.ask("/", fields=[("Client-Cert", ":AAAA:"), ("Client-Cert-Chain", ":AAAA:")])
    assert b"AAAA" not in server.requests[0].raw


@pytest.mark.parametrize("tls", ["-tls1_2", "-tls1_3"])
def test_sessions_are_not_resumed(start, ca, partners, origin, folder, tls):
    """A16: what was verified once is verified each time."""
    sluis = start(origin().address, "required")
    partner = partners.issue("partner.example.nl")
    base = ["openssl", "s_client", "-connect", f"127.0.0.1:{sluis.port()}", "-servername", NAME, "-CAfile", ca.certificate, tls,
            "-cert", partner.chain, "-key", partner.key]
    request = f"GET / HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode()
    one = subprocess.run([*base, "-sess_out", f"{folder}/session", "-ign_eof"], input=request, capture_output=True, timeout=20, check=False)
    assert b"200 OK" in one.stdout, one.stderr
    two = subprocess.run([*base, "-sess_in", f"{folder}/session", "-ign_eof"], input=request, capture_output=True, timeout=20, check=False)
    assert b"Reused, " not in two.stdout
    assert b"New session ticket" not in one.stdout and b"Post-Handshake New Session Ticket" not in one.stdout


def test_the_log_says_which(start, ca, partners, origin):
    sluis = start(origin().address, "required")
    partner = partners.issue("partner.example.nl")
    assert curl(sluis, ca, *shown(partner))[0] == 0
    want = openssl("x509", "-in", partner.chain, "-noout", "-fingerprint", "-sha256").split("=")[1].strip().replace(":", "").lower()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        ran = sluis.run("audit", "tail", "-n", "20")
        if f"client_certificate={want}" in ran.stdout:
            return
        time.sleep(0.2)
    raise AssertionError(ran.stdout[-1500:] + ran.stderr)


def test_configuration(sluis, site, origin, partners):
    """Each mistake is told with its place and what to write instead."""
    cases = {
        "is for protocol: https": {"protocol": "http", "client_certificate": {"ca": partners.certificate, "mode": "required"}},
        "Write ca: the file with their issuers": {"protocol": "https", "client_certificate": {"mode": "required"}},
        "nobody is asked for a certificate": {"protocol": "https", "client_certificate": {"ca": partners.certificate}},
        "nothing.pem": {"protocol": "https", "client_certificate": {"ca": "nothing.pem", "mode": "optional"}},
    }
    for text, listener in cases.items():
        path = sluis.write(site(origin().address, listener=listener))
        ran = sluis.run("check", path)
        assert re.search(rf"sluis\.yaml:\d+:\d+: (error|warning): [^\n]*{re.escape(text)}", ran.stderr), (text, ran.stderr)
