"""sluis status and the metrics address: what runs, as whom, how it goes."""
import os
import re
import time
import urllib.request

import pytest

from harness.certs import openssl
from harness.memory import read_range


@pytest.mark.smoke
def test_status_names_every_role(sluis, site, origin):
    sluis.start(site({"name": "a", "address": origin().address}))
    for _ in range(10):
        sluis.ask()
    status = sluis.status()
    roles = {row["role"]: row for row in status["roles"]}
    assert {"keeper", "signer", "edge", "dialer", "audit"} <= set(roles)
    alive = {pid for pids in sluis.pids().values() for pid in pids}
    assert {row["pid"] for row in status["roles"]} <= alive
    text = sluis.run("status")
    assert text.returncode == 0
    for word in ("public", "web", "edge", "signer", "dialer"):
        assert word in text.stdout


def test_roles_have_users_of_their_own(sluis, site, origin):
    if os.getuid() != 0:
        pytest.skip("needs root")
    sluis.start(site(origin().address))
    users = {}
    for role, pids in sluis.pids().items():
        with open(f"/proc/{pids[0]}/status", encoding="ascii", errors="replace") as file:
            users[role] = int(re.search(r"^Uid:\t(\d+)", file.read(), re.M).group(1))
    behind = {role: user for role, user in users.items() if role != "keeper"}
    assert 0 not in behind.values(), users
    assert len(set(behind.values())) == len(behind), users


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_sandbox_as_the_kernel_sees_it(sluis, site, origin):
    """P5: no new privileges, no capability, a seccomp filter; another network namespace for all but the dialer."""
    sluis.start(site(origin().address))
    own = os.readlink("/proc/self/ns/net")
    for role, pids in sluis.pids().items():
        if role == "keeper":
            continue
        row = status_of(pids[0])
        assert row["NoNewPrivs"] == "1" and row["Seccomp"] == "2", (role, row)
        assert int(row["CapEff"], 16) == 0 and int(row["CapPrm"], 16) == 0, role
        if os.getuid() == 0:
            assert (os.readlink(f"/proc/{pids[0]}/ns/net") == own) == (role == "dialer"), role


def test_no_role_maps_writable_code(sluis, site, origin):
    if os.getuid() != 0:
        pytest.skip("needs root")
    sluis.start(site(origin().address))
    sluis.ask()
    for pids in sluis.pids().values():
        with open(f"/proc/{pids[0]}/maps", encoding="utf-8") as file:
            assert not [line for line in file if "wx" in line.split()[1]]


def test_edge_holds_no_key_file(sluis, site, ca, origin):
    """P2: the key's bytes are in the signer only. Looked for in the memory of every other role."""
    if os.getuid() != 0:
        pytest.skip("needs root")
    made = ca.issue("www.example.nl")
    sluis.start(site(origin().address, listener={"protocol": "https", "certificates": ["www"]},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    with open(made.key, encoding="ascii") as file:
        marker = file.read().splitlines()[2].encode()
    secret = private_number(made.key)
    for role, pids in sluis.pids().items():
        content = memory(pids[0])
        assert marker not in content, role
        if role != "signer":
            assert secret not in content and secret[::-1] not in content, role


def private_number(path):
    text = openssl("pkey", "-in", path, "-noout", "-text")
    digits = re.search(r"priv:\n((?:\s+[0-9a-f:]+\n)+)", text).group(1)
    return bytes.fromhex(re.sub(r"[^0-9a-f]", "", digits))[-32:]


def memory(pid):
    """Everything readable in a process."""
    parts = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            span, flags = line.split()[:2]
            start, end = (int(part, 16) for part in span.split("-"))
            if "r" in flags and end - start < 1 << 28:
                parts.append(read_range(mem, start, end))
    return b"".join(parts)


def test_metrics(sluis, site, origin):
    port = sluis.port("metrics")
    sluis.start(site(origin().address, metrics={"address": f"127.0.0.1:{port}"}))
    for _ in range(7):
        sluis.ask()
    end = time.monotonic() + 5
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as got:
            assert got.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            text = got.read().decode()
        # An edge counts a request when it is over, a moment after its client has the answer.
        if re.search(r'^sluis_listener_requests_total\{[^}]*code="2xx"[^}]*\} 7$', text, re.M):
            break
        assert time.monotonic() < end, text
        time.sleep(0.1)
    assert re.search(r"^sluis_server_up\{[^}]*\} 1$", text, re.M)
    for line in text.splitlines():
        assert line.startswith("# ") or re.fullmatch(r'[a-z_0-9]+(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? [-+0-9.eE]+(NaN|Inf)?', line), line


def test_metrics_are_served_by_no_edge(sluis, site, origin):
    sluis.start(site(origin().address, metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"}))
    assert sluis.ask("/metrics").body == b"origin"
    assert sluis.ask("/", listener="metrics").status == 404
