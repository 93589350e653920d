"""Verifies the assertions that Sluis gives to applications: JSON Web Tokens, ES256, with the key set that Sluis publishes.

Written from RFC 7515, 7517, 7518 and 7519 with the standard library alone, as an example of what an application has to look
at, and as another implementation than the one that signs. Verifying needs no secret, so nothing here has to hide its time.
"""
import base64
import hashlib
import http.client
import json
import socket
import ssl
import threading
import time
import urllib.parse

# P-256: FIPS 186-4 D.1.2.3
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)
LEEWAY_S = 5
KEEP_S = 600
AGAIN_S = 5


class Refused(Exception):
    """The assertion is not to be believed; why, in words."""


def add(a, b):
    """The sum of two points; None is the neutral one."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(k, point):
    total = None
    while k:
        if k & 1:
            total = add(total, point)
        point = add(point, point)
        k >>= 1
    return total


def is_signed(message, signature, point):
    """ECDSA over SHA-256; the signature is r and s, 32 bytes each (RFC 7518 §3.4)."""
    x, y = point
    if len(signature) != 64 or not (0 <= x < P and 0 <= y < P) or (y * y - x * x * x + 3 * x - B) % P:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s < N):
        return False
    inverse = pow(s, -1, N)
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    sum_of = add(times(digest * inverse % N, G), times(r * inverse % N, point))
    return sum_of is not None and sum_of[0] % N == r


def decode(text):
    """Base64url without padding, in its one spelling."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise ValueError("not base64url")
    return raw


class KeySet:
    """The keys that Sluis publishes on the application's own host (/.sluis/jwks.json), fetched when they are needed."""

    def __init__(self, url, address=None, ca=None):
        self.url, self.address = urllib.parse.urlsplit(url), address
        self.context = ssl.create_default_context(cafile=ca)
        self.keys, self.fetched_at = {}, 0
        self.lock = threading.Lock()

    def _fetch(self):
        host, port = self.url.hostname, self.url.port or 443
        connection = http.client.HTTPSConnection(host, port, timeout=5, context=self.context)
        raw = socket.create_connection(self.address or (host, port), 5)
        connection.sock = self.context.wrap_socket(raw, server_hostname=host)
        try:
            connection.request("GET", self.url.path, headers={"Accept": "application/json"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise Refused(f"the key set is not there: status {answer.status}")
            return json.loads(answer.read(65536))
        finally:
            connection.close()

    def _load(self):
        self.fetched_at = time.monotonic()
        found = {}
        for key in self._fetch()["keys"]:
            if key.get("kty") == "EC" and key.get("crv") == "P-256" and key.get("alg", "ES256") == "ES256":
                found[key["kid"]] = tuple(int.from_bytes(decode(key[name]), "big") for name in "xy")
        self.keys = found

    def point(self, kid):
        """The key of that name; a name that is new has the set fetched again, at most every few seconds."""
        with self.lock:
            age = time.monotonic() - self.fetched_at if self.fetched_at else KEEP_S
            if age >= KEEP_S or (kid not in self.keys and age >= AGAIN_S):
                self._load()
            if kid not in self.keys:
                raise Refused("it is signed by an unknown key")
            return self.keys[kid]


class Verifier:
    """Who an assertion is about, or Refused."""

    def __init__(self, keys, issuer, audience):
        self.keys, self.issuer, self.audience = keys, issuer, audience

    def _parts(self, token):
        try:
            head, claims, signature = token.split(".")
            return json.loads(decode(head)), json.loads(decode(claims)), decode(signature), f"{head}.{claims}".encode("ascii")
        except ValueError as error:
            raise Refused("it is no token") from error

    def _look(self, claims, now):
        if claims.get("iss") != self.issuer:
            raise Refused("another issuer made it")
        if claims.get("aud") != self.audience:
            raise Refused("it is for another application")
        if not all(isinstance(claims.get(name), int) for name in ("iat", "nbf", "exp", "auth_time")):
            raise Refused("it has no time")
        if not claims["nbf"] - LEEWAY_S <= now < claims["exp"] + LEEWAY_S:
            raise Refused("its time is over, or has not come")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise Refused("it is about nobody")

    def claims(self, token, now=None):
        head, claims, signature, message = self._parts(token or "")
        if not isinstance(head, dict) or not isinstance(claims, dict) or head.get("alg") != "ES256" or head.get("typ") != "JWT":
            raise Refused("it is not signed with ES256")
        if not is_signed(message, signature, self.keys.point(head.get("kid"))):
            raise Refused("the signature is wrong")
        self._look(claims, time.time() if now is None else now)
        return claims
