"""The application of the demonstration: it believes an assertion that the gateway signed for it, now, and nothing else.

The tokens are made here with the command of OpenSSL, so that three implementations agree: this one, the signer's
(tests/unit/role/signer/token_test.c) and the application's own.
"""
import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import time

import pytest

from harness.sluis import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools/demo"))
from application import Application
from assertion import KeySet, Refused, Verifier

ISSUER, AUDIENCE = "https://login.example.nl", "cases"


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Key:
    """A P-256 key in a file, by openssl(1)."""

    def __init__(self, folder, kid):
        self.path, self.kid = os.path.join(folder, kid + ".pem"), kid
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.path], check=True)
        der = subprocess.run(["openssl", "ec", "-in", self.path, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        self.point = (int.from_bytes(der[-64:-32], "big"), int.from_bytes(der[-32:], "big"))

    def sign(self, message):
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.path], check=True, capture_output=True, input=message).stdout
        numbers, at = [], 2
        for _ in range(2):
            size = der[at + 1]
            numbers.append(int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(32, "big"))
            at += 2 + size
        return b"".join(numbers)

    def token(self, head=None, signature=None, **changed):
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": "jan", "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 60, "auth_time": now - 5,
                  "amr": ["pop"], "jti": "x", "sid": "y", "name": "Jan", "groups": ["staff"], **changed}
        head = {"alg": "ES256", "typ": "JWT", "kid": self.kid, **(head or {})}
        message = b64(json.dumps(head).encode()) + "." + b64(json.dumps(claims).encode())
        return message + "." + b64(self.sign(message.encode()) if signature is None else signature)


class Keys(KeySet):
    """The published set, without a server to fetch it from."""

    def __init__(self, *keys):
        self.mine = {key.kid: key.point for key in keys}

    def point(self, kid):
        if kid not in self.mine:
            raise Refused("it is signed by an unknown key")
        return self.mine[kid]


@pytest.fixture(scope="module", name="key")
def one_key(tmp_path_factory):
    return Key(str(tmp_path_factory.mktemp("keys")), "one")


@pytest.fixture(scope="module", name="app")
def one_application(key):
    app = Application(Verifier(Keys(key), ISSUER, AUDIENCE), "Cases", stream_s=1)
    app.start()
    yield app
    app.shutdown()


def ask(app, path="/whoami", token=None, user="jan", **fields):
    connection = http.client.HTTPConnection("127.0.0.1", app.server_port, timeout=10)
    said = {"X-Sluis-Assertion": token, "X-Sluis-Identity": user, **fields}
    connection.request("GET", path, headers={name: value for name, value in said.items() if value is not None})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body.decode()


def test_believes(app, key):
    """RFC 7515 §5.2, RFC 7519 §7.2"""
    status, body = ask(app, token=key.token())
    assert status == 200 and json.loads(body)["sub"] == "jan"
    status, body = ask(app, "/", token=key.token(name="<b>Jan</b>"))
    assert status == 200 and "&lt;b&gt;Jan&lt;/b&gt;" in body and "<b>" not in body
    assert ask(app, "/healthz")[0] == 200
    assert ask(app, "/stream", token=key.token())[1].count("for jan") >= 3


def test_refuses(app, key, tmp_path):
    other, now = Key(str(tmp_path), "one"), int(time.time())
    good = key.token()
    head, claims, signature = good.split(".")
    wrong = [None, "", "x", "a.b", "a.b.c", good + ".", f"{head}.{claims}.", f"{head}.{claims}.{signature[:-4]}AAAA",
             f"{head}.{b64(b'{}')}.{signature}", other.token(), key.token({"alg": "none"}, b""), key.token({"alg": "none"}),
             key.token({"alg": "HS256"}), key.token({"kid": "two"}), key.token({"typ": "x"}), key.token(iss="https://evil.example"),
             key.token(aud="other"), key.token(aud=["cases"]), key.token(exp=now - 10), key.token(nbf=now + 30), key.token(exp="never"),
             key.token(sub=""), key.token(sub="piet"), key.token(signature=bytes(64)), key.token(signature=bytes([255]) * 64)]
    for token in wrong:
        assert ask(app, token=token)[0] == 401, token
    assert ask(app, token=good)[0] == 200
    assert ask(app, token=good, user=None)[0] == 401 and ask(app, token=good, user="piet")[0] == 401


def test_two_assertions(app, key):
    """A field twice is nobody's: RFC 9110 §5.3."""
    token = key.token()
    with socket.create_connection(("127.0.0.1", app.server_port), 10) as wire:
        wire.sendall(f"GET /whoami HTTP/1.1\r\nHost: a\r\nX-Sluis-Identity: jan\r\nX-Sluis-Assertion: {token}\r\n"
                     f"X-Sluis-Assertion: {token}\r\nConnection: close\r\n\r\n".encode())
        assert b" 401 " in wire.recv(4096).split(b"\r\n")[0]


def test_websocket(app, key):
    """RFC 6455 §5: what is said comes back; without an assertion nothing is said."""
    upgrade = ("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
    with socket.create_connection(("127.0.0.1", app.server_port), 10) as wire:
        wire.sendall(f"{upgrade}X-Sluis-Identity: jan\r\nX-Sluis-Assertion: {key.token()}\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += wire.recv(4096)
        assert b" 101 " in answer and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer
        wire.sendall(bytes([0x81, 0x85, 1, 2, 3, 4]) + bytes(b ^ (i % 4 + 1) for i, b in enumerate(b"hello")))
        assert wire.recv(100) == b"\x81\x05hello"
    with socket.create_connection(("127.0.0.1", app.server_port), 10) as wire:
        wire.sendall(f"{upgrade}\r\n".encode())
        assert b" 401 " in wire.recv(4096)
