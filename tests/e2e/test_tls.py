"""TLS as DEFAULTS has it: versions, suites, groups, names, redirect, HSTS; keys in the signer; TLS to servers."""
import re
import ssl
import subprocess
import threading

import pytest

from harness import certs, ports, wire
from harness import origin as origins

NAME = "www.example.nl"
SUITES_13 = {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"}
SUITES_12 = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256"]
BAD_12 = ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-CCM8", "ECDHE-ECDSA-CAMELLIA128-SHA256",
          "AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-NULL-SHA", "AECDH-AES128-SHA"]


def https(sluis, site, ca, *servers, key="p256", names=(NAME,), listener=None, **keywords):
    """A configuration with one https listener for these names."""
    made = ca.issue(*names, key=key)
    return site(*[server.address for server in servers],
                listener={"protocol": "https", "certificates": ["www"], **(listener or {})},
                certificates=[{"name": "www", "chain": made.chain, "key": made.key}], **keywords)


@pytest.fixture(name="secure")
def start_https(sluis, site, ca):
    """secure(server, ...) starts Sluis with an https listener and gives (sluis, client context)."""

    def start(*servers, **keywords):
        sluis.start(https(sluis, site, ca, *servers, **keywords))
        return sluis, wire.client_tls(ca.certificate)

    return start


def s_client(port, *arguments, name=NAME, send=b""):
    """(exit code, everything openssl s_client said)"""
    ran = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name, *arguments],
                         input=send, capture_output=True, timeout=20, check=False)
    return ran.returncode, (ran.stdout + ran.stderr).decode("latin-1")


# ---- keys of every kind --------------------------------------------------------------------------
@pytest.mark.smoke
@pytest.mark.parametrize("key", ["p256", "p384", "rsa2048", "rsa3072", "ed25519"])
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_every_kind_of_key(secure, origin, key, version):
    sluis, tls = secure(origin(), key=key)
    wanted = ssl.TLSVersion.TLSv1_2 if version == "TLSv1.2" else ssl.TLSVersion.TLSv1_3
    tls.minimum_version = tls.maximum_version = wanted
    with sluis.client(tls=tls) as client:
        assert client.sock.version() == version
        for _ in range(3):
            assert client.ask().body == b"origin"


@pytest.mark.limit(120)
def test_large_bodies_over_tls(secure, origin):
    body = bytes(range(256)) * 40000
    sluis, tls = secure(origin(lambda request, _: origins.answer(request.body)))
    with sluis.client(tls=tls) as client:
        assert client.ask("POST", body=body).body == body


@pytest.mark.parametrize("key", ["rsa1024", "p521"])
def test_keys_that_are_refused(sluis, site, ca, origin, key):
    sluis.launch(https(sluis, site, ca, origin(), key=key))
    assert sluis.process.wait(20) == 1
    assert re.search(r"sluis\.yaml:\d+:\d+: error: .*key", sluis.stderr())


# ---- versions, suites, groups (DEFAULTS 5a) -------------------------------------------------------
def test_versions(secure, origin):
    sluis, _ = secure(origin())
    for version, works in (("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
        code, said = s_client(sluis.port(), version, "-cipher", "DEFAULT@SECLEVEL=0")
        assert (code == 0 and "Cipher is (NONE)" not in said) == works, f"{version}: {said}"


def test_suites_of_tls_1_2(secure, origin):
    sluis, _ = secure(origin())
    for suite in SUITES_12:
        assert f"Cipher is {suite}" in s_client(sluis.port(), "-tls1_2", "-cipher", suite)[1]
    for suite in BAD_12:
        _, said = s_client(sluis.port(), "-tls1_2", "-cipher", f"{suite}@SECLEVEL=0")
        assert f"Cipher is {suite}" not in said, suite


def test_suites_of_tls_1_3(secure, origin):
    sluis, _ = secure(origin())
    for suite in SUITES_13:
        assert f"Cipher is {suite}" in s_client(sluis.port(), "-tls1_3", "-ciphersuites", suite)[1]
    for suite in ("TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"):
        assert f"Cipher is {suite}" not in s_client(sluis.port(), "-tls1_3", "-ciphersuites", suite)[1]


@pytest.mark.parametrize("group,works", [("X25519", True), ("P-256", True), ("P-384", True), ("ffdhe2048", False),
                                         ("secp224r1", False), ("secp256k1", False)])
def test_groups(secure, origin, group, works):
    sluis, _ = secure(origin())
    version = "-tls1_2" if group.startswith("secp") else "-tls1_3"
    code, said = s_client(sluis.port(), version, "-groups", group)
    assert (code == 0 and "Cipher is (NONE)" not in said) == works, said


def test_what_is_off(secure, origin):
    """No compression, no renegotiation by the client, no early data; extended master secret is there."""
    sluis, _ = secure(origin(), listener={"timeouts": {"request_header": "1s"}})
    _, said = s_client(sluis.port(), "-tls1_2")
    assert "Compression: NONE" in said and "Extended master secret: yes" in said
    assert "Secure Renegotiation IS supported" in said
    _, said = s_client(sluis.port(), "-tls1_2", send=b"R\n")
    assert re.search(r"no renegotiation|handshake failure|unexpected message|:error:", said), said
    _, said = s_client(sluis.port(), "-tls1_3")
    assert "Max Early Data: 0" in said or "Max Early Data" not in said


def test_signature_hashes(secure, origin):
    sluis, _ = secure(origin())
    for algorithm, works in (("ECDSA+SHA256", True), ("ECDSA+SHA1", False), ("ECDSA+SHA224", False)):
        code, said = s_client(sluis.port(), "-tls1_2", "-sigalgs", algorithm, "-cipher", "DEFAULT@SECLEVEL=0")
        assert (code == 0 and "Cipher is (NONE)" not in said) == works, f"{algorithm}: {said}"


def test_alpn(secure, origin):
    """RFC 7301 §3.1, §3.2: http/1.1 is chosen; a client that speaks none of our protocols is told so."""
    sluis, _ = secure(origin())
    assert "ALPN protocol: http/1.1" in s_client(sluis.port(), "-alpn", "http/1.1")[1]
    assert "no application protocol" in s_client(sluis.port(), "-alpn", "imap")[1]


# ---- names -------------------------------------------------------------------------------------------
def several(sluis, site, ca, server, default=False):
    one, two, wild = ca.issue("one.nl"), ca.issue("two.nl", key="rsa3072"), ca.issue("*.wild.nl", key="ed25519")
    return site(server.address,
                listener={"protocol": "https", "certificates": ["one", "two", "wild"], "default_certificate": default},
                certificates=[{"name": name, "chain": made.chain, "key": made.key}
                              for name, made in (("one", one), ("two", two), ("wild", wild))])


@pytest.mark.smoke
def test_sni_selects(sluis, site, ca, origin):
    sluis.start(several(sluis, site, ca, origin()))
    tls = wire.client_tls(ca.certificate)
    for name in ("one.nl", "two.nl", "a.wild.nl", "ONE.nl"):
        with sluis.client(tls=tls, name=name) as client:
            assert client.ask(host=name.lower()).status == 200


@pytest.mark.parametrize("name", ["three.nl", "a.b.wild.nl", "wild.nl"])
def test_unknown_name_is_refused(sluis, site, ca, origin, name):
    """RFC 6066 §3: unrecognized_name, fatal."""
    sluis.start(several(sluis, site, ca, origin()))
    with pytest.raises(ssl.SSLError, match="(?i)unrecognized|alert"):
        sluis.client(tls=wire.client_tls(), name=name)


def test_missing_name(sluis, site, ca, origin):
    sluis.start(several(sluis, site, ca, origin()))
    with pytest.raises(ssl.SSLError):
        sluis.client(tls=wire.client_tls(), name=None)


def test_default_certificate(sluis, site, ca, origin):
    sluis.start(several(sluis, site, ca, origin(), default=True))
    tls = wire.client_tls()
    for name in (None, "three.nl"):
        with sluis.client(tls=tls, name=name) as client:
            assert b"one.nl" in client.sock.getpeercert(binary_form=True)
            assert client.ask().status == 200


def test_resumption_works_but_not_across_names(sluis, site, ca, origin):
    """A16: a ticket of one certificate opens no session under another."""
    sluis.start(several(sluis, site, ca, origin()))
    tls = wire.client_tls()

    def connect(name, session=None):
        sock = tls.wrap_socket(wire.socket.create_connection(("127.0.0.1", sluis.port()), 10),
                               server_hostname=name, session=session)
        sock.sendall(wire.request(host=name))
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        reused, got = sock.session_reused, sock.session
        sock.close()
        return reused, got

    _, ticket = connect("one.nl")
    assert connect("one.nl", ticket)[0]
    assert not connect("two.nl", ticket)[0]


# ---- HTTP over it ----------------------------------------------------------------------------------------
def test_hsts_is_on_for_https(secure, origin):
    """RFC 6797 §7.1: on the first answer, a year or more; also on our own pages; not over http."""
    sluis, tls = secure(origin())
    value = sluis.ask(tls=tls).header("Strict-Transport-Security")
    assert int(re.search(r"max-age=(\d+)", value).group(1)) >= 31536000


def test_hsts_of_the_server_is_not_doubled(secure, origin):
    sluis, tls = secure(origin(lambda *_: origins.answer("x", fields=[("Strict-Transport-Security", "max-age=63072000")])))
    assert len(sluis.ask(tls=tls).all("Strict-Transport-Security")) == 1


def test_no_hsts_over_http(front, origin):
    assert front(origin()).ask().header("Strict-Transport-Security") is None


def test_redirect_to_https(sluis, site, ca, origin):
    """Same host first, path and query kept."""
    configuration = https(sluis, site, ca, origin())
    configuration["listeners"].append({"name": "plain", "address": f"127.0.0.1:{sluis.port('plain')}", "protocol": "http",
                                       "redirect_to_https": True})
    sluis.start(configuration)
    got = sluis.ask("/a?b=c", listener="plain", host=NAME)
    assert got.status in (301, 308)
    assert re.fullmatch(rf"https://{NAME}(:\d+)?/a\?b=c", got.header("Location"))
    with sluis.client("plain") as client:
        client.send(wire.request(target="/a", host="www.example.nl%0d%0aX: y"))
        assert client.response().status == 400


def test_forwarded_proto_is_https(secure, origin):
    web = origin()
    sluis, tls = secure(web)
    sluis.ask(tls=tls, fields=[("X-Forwarded-Proto", "http")])
    assert web.requests[0].all("X-Forwarded-Proto") == ["https"]
    assert "proto=https" in web.requests[0].header("Forwarded")


def test_host_may_not_differ_from_the_name_of_the_session(sluis, site, ca, origin):
    """A16: a request for one site inside the TLS session of another is answered 421 (RFC 9110 §15.5.20)
    or routed by its own host; never under the wrong certificate's identity."""
    sluis.start(several(sluis, site, ca, origin()))
    with sluis.client(tls=wire.client_tls(), name="one.nl") as client:
        assert client.ask(host="two.nl").status in (200, 421)


# ---- bad clients -------------------------------------------------------------------------------------------
def test_plain_http_to_a_tls_listener(secure, origin):
    web = origin()
    sluis, tls = secure(web)
    with sluis.client() as client:
        client.send(wire.request())
        try:
            assert b" 200 " not in client.to_end()
        except ConnectionResetError:
            pass
    assert web.requests == []
    assert sluis.ask(tls=tls).status == 200


def test_handshake_deadline(secure, origin):
    sluis, tls = secure(origin(), listener={"protocol": "https", "certificates": ["www"], "timeouts": {"handshake": "1s"}})
    held = [sluis.client() for _ in range(20)]
    for client in held:
        client.send(b"\x16\x03\x01")
    for client in held:
        assert client.is_closed(within=5) or client.received
        client.close()
    assert sluis.ask(tls=tls).status == 200


def test_truncated_records(secure, origin):
    sluis, tls = secure(origin())
    for data in (b"\x16\x03\x01\xff\xff" + b"\x01" * 100, b"\x16\x03\x01\x00\x00", b"\x15\x03\x01\x00\x02\x02\x28", b"\x80\x2e\x01\x00\x02",
                 bytes(range(256))):
        with sluis.client() as client:
            client.send(data)
            client.sock.shutdown(wire.socket.SHUT_WR)
            try:
                client.to_end()
            except ConnectionResetError:
                pass
    assert sluis.ask(tls=tls).status == 200


# ---- to the servers ------------------------------------------------------------------------------------------
def behind_tls(site, server, **tls):
    return site(server.address, backend={"protocol": "https", "tls": tls})


@pytest.mark.smoke
def test_tls_to_servers(sluis, site, ca, origin):
    web = origin(tls=origins.server_tls(ca.issue("app.internal")))
    sluis.start(behind_tls(site, web, ca=ca.certificate, name="app.internal"))
    with sluis.client() as client:
        for _ in range(5):
            assert client.ask().body == b"origin"
    assert web.connections == 1


def test_verification_is_on(sluis, site, ca, origin):
    web = origin(tls=origins.server_tls(ca.issue("other.internal")))
    sluis.start(behind_tls(site, web, ca=ca.certificate, name="app.internal"))
    assert sluis.ask().status in (502, 503)
    assert web.requests == []


def test_unknown_authority_is_refused(sluis, site, ca, origin, folder):
    foreign = certs.Authority(f"{folder}/foreign", "Somebody else")
    web = origin(tls=origins.server_tls(foreign.issue("app.internal")))
    sluis.start(behind_tls(site, web, ca=ca.certificate, name="app.internal"))
    assert sluis.ask().status in (502, 503)
    assert web.requests == []


def test_verification_can_be_switched_off(sluis, site, ca, origin):
    web = origin(tls=origins.server_tls(ca.issue("other.internal")))
    sluis.start(behind_tls(site, web, ca=ca.certificate, name="app.internal", verify=False))
    assert sluis.ask().status == 200


def test_old_server_is_refused(sluis, site, ca, origin):
    old = origins.server_tls(ca.issue("app.internal"), maximum_version=ssl.TLSVersion.TLSv1_2)
    old.set_ciphers("ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0")
    web = origin(tls=old)
    sluis.start(behind_tls(site, web, ca=ca.certificate, name="app.internal"))
    assert sluis.ask().status in (502, 503)


@pytest.mark.parametrize("is_cut", [True, False])
def test_end_without_close_notify_is_a_cut(sluis, site, ca, origin, is_cut):
    """RFC 8446 §6.1: a body that lasts until the end is whole only when TLS says that it has ended."""
    def until_the_end(_request, stream):
        stream.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 50000)
        if not is_cut:
            stream.sock.unwrap()

    web = origin(until_the_end, tls=origins.server_tls(ca.issue("app.internal")))
    sluis.start(behind_tls(site, web, ca=ca.certificate, name="app.internal"))
    if is_cut:
        with pytest.raises((wire.Broken, ConnectionError)):
            sluis.ask()
    else:
        assert sluis.ask().body == b"x" * 50000


def test_plaintext_before_tls_is_not_an_answer(sluis, site, ca):
    """A18: what a server says before its TLS session is not part of it."""
    listener = wire.socket.create_server(("127.0.0.1", ports.free_port()))

    def accept():
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.sendall(origins.answer("stolen"))

    threading.Thread(target=accept, daemon=True).start()
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    sluis.start(site(address, backend={"protocol": "https", "tls": {"ca": ca.certificate, "name": "app.internal"}}))
    got = sluis.ask()
    assert got.status in (502, 503) and b"stolen" not in got.body
    listener.close()
