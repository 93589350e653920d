"""The authority in a whole Sluis: what its store holds, what ends sessions, what a damaged store does (P2, P6, P7, P11)."""
import base64
import hashlib
import json
import os
import re
import shutil

import pytest

from harness import gateway as gateways
from harness import origin as origins
from harness.wait import until

STAFF = {"access": {"allow": {"group": "staff"}}}


def told(request, _stream):
    """What an application gets to know."""
    names = ("X-Sluis-Identity", "X-Sluis-Assertion", "Cookie")
    return origins.answer("\n".join(f"{name}: {request.header(name) or ''}" for name in names).encode())


@pytest.fixture(name="gate")
def start_gate(sluis, ca, origin):
    """A gateway with one application that everybody of group staff may open."""
    return gateways.Gateway(sluis, ca, {"cases": (origin(told).address, STAFF)}).start()


def store_of(sluis):
    folder = os.path.join(sluis.state, "authority")
    found = b""
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            found += file.read()
    return found


def cookies_of(person):
    """Every value of a cookie, as bytes."""
    texts = re.findall(r"[A-Za-z0-9_-]{43}", str(person.copy_of_cookies()))
    return [base64.urlsafe_b64decode(text + "=") for text in texts]


def test_store_opens_nothing(gate, sluis):
    """A copy of the store has no token, no password and no key of an authenticator app; hashes of tokens it has."""
    with gate.person("jan", "staff") as jan:
        answer = jan.go(gate.url("/", "cases"))
        assert answer.status == 200 and "X-Sluis-Identity: jan" in answer.text
        store, tokens = store_of(sluis), cookies_of(jan)
        assert sum(hashlib.sha256(token).digest() in store for token in tokens) >= 2
        key = base64.b32decode(jan.secret + "=" * (-len(jan.secret) % 8))
        for secret in [*tokens, key, jan.secret.encode(), jan.password.encode()]:
            assert secret not in store


def test_ends(gate):
    """Disabled, out of the group, revoked: the next request hears of it."""
    with gate.person("jan", "staff") as jan, gate.person("piet", "staff") as piet:
        assert jan.go(gate.url("/", "cases")).status == 200
        assert piet.go(gate.url("/", "cases")).status == 200
        gate.command("group", "leave", "staff", "jan")
        assert jan.go(gate.url("/", "cases")).status == 403
        assert piet.go(gate.url("/", "cases")).status == 200
        gate.command("group", "join", "staff", "jan")
        assert jan.go(gate.url("/", "cases")).status == 200
        gate.command("user", "disable", "piet", "--yes")
        assert "X-Sluis-Identity" not in piet.go(gate.url("/", "cases")).text
        gate.command("session", "revoke", "--all", "--yes")
        assert "X-Sluis-Identity" not in jan.go(gate.url("/", "cases")).text


@pytest.mark.parametrize("how", ["empty", "gone"])
def test_vanished_store(gate, sluis, how):
    """P8: what was closed does not open because nobody remembers; only a directory that is taken away as a whole begins anew."""
    assert sluis.run("isolate", "--app", "cases", "closed", "--reason", "a test").returncode == 0
    sluis.stop()
    folder = os.path.join(sluis.state, "authority")
    path = os.path.join(folder, "sluis.db")
    os.rename(path, path + ".kept")
    if how == "empty":
        with open(path, "wb"):
            pass
    sluis.launch()
    assert sluis.process.wait(20) != 0 and "the store is gone" in sluis.stderr()
    os.rename(path + ".kept", path)
    sluis.start()
    assert json.loads(sluis.run("isolate", "--json").stdout)[0]["levels"] == ["closed"]
    sluis.stop()
    shutil.rmtree(folder)
    sluis.start()
    assert json.loads(sluis.run("isolate", "--json").stdout) == []


def test_damaged_store(gate, sluis):
    """It is not opened: the role says what to do, nobody logs in, and the log tells why."""
    with gate.person("jan", "staff"):
        pass
    sluis.stop()
    path = os.path.join(sluis.state, "authority", "sluis.db")
    with open(path, "r+b") as file:
        file.seek(4096)
        page = file.read(4096)
        file.seek(4096)
        file.write(bytes(byte ^ 0x5a for byte in page))
    sluis.launch()
    until(lambda: "the store is damaged" in sluis.stderr(), 20)
    sluis.stop()
