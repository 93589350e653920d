"""P9: what happened can be proved afterwards. JSON lines, six fields, a chain, signed checkpoints."""
import base64
import hashlib
import json
import os
import re
import shutil
import signal
import time

import pytest

from harness import sluis as instance
from harness.certs import openssl

SIX = ("action", "object", "result", "origin", "actor", "time")


def segments(state):
    folder = os.path.join(state, "audit")
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".jsonl"))


def lines(state):
    """Every line of every segment, as bytes without the newline."""
    found = []
    for path in segments(state):
        with open(path, "rb") as file:
            found += file.read().splitlines()
    return found


def records(state):
    return [json.loads(line) for line in lines(state)]


def wait_for(state, check, within=10):
    """Waits until a record of the log satisfies check; gives those that do."""
    end = time.monotonic() + within
    while True:
        try:
            found = [row for row in records(state) if check(row)]
        except ValueError:
            found = []
        if found:
            return found
        assert time.monotonic() < end, records(state)[-5:]
        time.sleep(0.05)


def verify(state):
    return instance.command("audit", "verify", "--state", state)


@pytest.fixture(name="stopped")
def stopped_instance(sluis, site, origin):
    """The state folder of an instance that answered 40 requests and was stopped in order."""
    sluis.start(site(origin().address))
    with sluis.client() as client:
        for n in range(40):
            assert client.ask(target=f"/page/{n}").status == 200
    wait_for(sluis.state, lambda row: row.get("kind") == "access" and "/page/39" in row["object"])
    assert sluis.stop() == 0
    return sluis.state


# ---- what is in it --------------------------------------------------------------------------------
@pytest.mark.smoke
def test_access_record(sluis, site, origin):
    web = origin()
    sluis.start(site(web.address))
    sluis.ask("/shop/cart?id=5&token=geheim", fields=[("User-Agent", "test/1"), ("Authorization", "Bearer geheim"),
                                                      ("Cookie", "s=geheim")])
    row = wait_for(sluis.state, lambda row: row.get("kind") == "access")[0]
    assert all(isinstance(row[name], str) and row[name] for name in SIX)
    assert row["action"] == "GET" and "/shop/cart" in row["object"] and row["result"] == "200"
    assert row["origin"].startswith("127.0.0.1:") and row["actor"] == "-"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z", row["time"])
    assert web.requests[0].header("X-Request-Id") in json.dumps(row)
    # DEFAULTS 8.15.02: no secrets, so no query, no credentials.
    assert not any(b"geheim" in line for line in lines(sluis.state))


def test_every_record_has_the_six_fields_and_an_id(stopped):
    rows = records(stopped)
    for row in rows:
        assert all(isinstance(row.get(name), str) and row[name] for name in SIX), row
        assert row["time"].endswith("Z") and row["id"]
    assert len({row["id"] for row in rows}) == len(rows)


def test_errors_are_recorded(sluis, site, origin):
    sluis.start(site(origin(lambda *_: None).address))
    assert sluis.ask().status == 502
    assert wait_for(sluis.state, lambda row: row.get("kind") == "access")[0]["result"] == "502"
    sluis.raw(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")
    assert wait_for(sluis.state, lambda row: row["result"] == "400")


def test_events_are_recorded(sluis, site, origin):
    a = origin(name="a")
    sluis.start(site({"name": "a", "address": a.address}, backend={
        "health": {"tcp": True, "interval": "100ms", "timeout": "1s", "fall": 1, "rise": 1}}))
    wait_for(sluis.state, lambda row: row["action"] == "config.applied")
    wait_for(sluis.state, lambda row: row["action"] == "role.started")
    a.stop()
    wait_for(sluis.state, lambda row: row["action"] == "server.down" and "a" in row["object"])
    a.start()
    wait_for(sluis.state, lambda row: row["action"] == "server.up" and "a" in row["object"])
    sluis.run("server", "drain", "web/a")
    wait_for(sluis.state, lambda row: "uid:" in row["actor"])


def test_untrusted_bytes_are_escaped(sluis, site, origin):
    """A27: no line of the log can be forged, and no terminal be fooled, by what a client sends; every line is JSON
    (RFC 8259 §7) in UTF-8 (RFC 3629 §4)."""
    sluis.start(site(origin().address))
    nasty = 'x\x1b[31m"}\\,{"kind":"event'.encode("latin-1").replace(b"\x1b", b"\xc2\x9b") + b"\xff\xe2\x80\xae<script>"
    with sluis.client() as client:
        client.send(b"GET /%0d%0a{} HTTP/1.1\r\nHost: a.nl\r\nUser-Agent: " + nasty + b"\r\nConnection: close\r\n\r\n")
        client.to_end()
        sluis.ask("/after")
    wait_for(sluis.state, lambda row: row.get("kind") == "access" and "/after" in row["object"])
    for line in lines(sluis.state):
        assert all(32 <= byte for byte in line) and b"\x7f" not in line
        assert b"<script>" not in line and "\u202e".encode() not in line and b"\xff" not in line and b"\xc2\x9b" not in line
        json.loads(line.decode("utf-8"))


def test_chain(stopped):
    before = None
    for line in lines(stopped):
        row = json.loads(line)
        if before is not None:
            assert row["prev"] == hashlib.sha256(before).hexdigest(), row
        before = line
    sequence = [row["seq"] for row in records(stopped)]
    assert sequence == list(range(sequence[0], sequence[0] + len(sequence)))


def test_checkpoints_can_be_checked_without_us(stopped, folder):
    """The key is a SubjectPublicKeyInfo (RFC 8410 §4), the signature base64 (RFC 4648 §4) of Ed25519 (RFC 8032 §5.1.5,
    §5.1.7) over a text that anybody can put together: the openssl command is enough."""
    rows = [row for row in records(stopped) if row["kind"] == "checkpoint"]
    assert rows and rows[-1]["is_stop"]
    for row in rows:
        micro = row["signed_us"]
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(micro // 10**6)) + f".{micro % 10**6:06}Z"
        text = f"sluis audit checkpoint v1\n{row['covers']}\n{row['hash']}\n{when}\n{'stop' if row['is_stop'] else 'open'}\n"
        for name, content in (("text", text.encode()), ("signature", base64.b64decode(row["signature"], validate=True))):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        assert "Signature Verified Successfully" in openssl(
            "pkeyutl", "-verify", "-pubin", "-inkey", f"{stopped}/audit/audit.pub", "-rawin",
            "-in", f"{folder}/text", "-sigfile", f"{folder}/signature")


# ---- verify ------------------------------------------------------------------------------------------
@pytest.mark.smoke
def test_verify_accepts_what_is_whole(stopped, folder):
    ran = verify(stopped)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    copy = os.path.join(folder, "copy")
    shutil.copytree(stopped, copy, ignore=shutil.ignore_patterns("*.sock"))
    assert verify(copy).returncode == 0


def test_verify_accepts_a_running_instance(sluis, site, origin):
    sluis.start(site(origin().address))
    for _ in range(5):
        sluis.ask()
    wait_for(sluis.state, lambda row: row.get("kind") == "access")
    ran = verify(sluis.state)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def access_lines(content):
    return [n for n, line in enumerate(content) if b'"kind":"access"' in line.replace(b": ", b":")]


def edit(content):
    n = access_lines(content)[5]
    content[n] = content[n].replace(b"/page/", b"/sage/")
    return n


def cut(content):
    n = access_lines(content)[7]
    del content[n]
    return n


def swap(content):
    n = access_lines(content)[9]
    content[n], content[n + 1] = content[n + 1], content[n]
    return n


def double(content):
    n = access_lines(content)[3]
    content.insert(n, content[n])
    return n + 1


def reformat(content):
    n = access_lines(content)[4]
    content[n] = json.dumps(json.loads(content[n]), indent=None, separators=(", ", " : ")).encode()
    return n


def rechain(content):
    """An editor who knows the format: changes a line and puts every following hash right."""
    n = access_lines(content)[5]
    content[n] = content[n].replace(b"/page/", b"/sage/")
    for m in range(n + 1, len(content)):
        right = hashlib.sha256(content[m - 1]).hexdigest().encode()
        content[m] = re.sub(rb'("prev" ?: ?")[0-9a-f]{64}', rb"\g<1>" + right, content[m])
    return None


@pytest.mark.parametrize("tamper", [edit, cut, swap, double, reformat, rechain])
def test_verify_finds_tampering_and_says_where(stopped, tamper):
    path = segments(stopped)[0]
    with open(path, "rb") as file:
        content = file.read().splitlines()
    where = tamper(content)
    with open(path, "wb") as file:
        file.write(b"\n".join(content) + b"\n")
    ran = verify(stopped)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 1, said
    if where is not None:
        named = [int(n) for n in re.findall(re.escape(os.path.basename(path)) + r":(\d+)", said)]
        assert any(abs(n - (where + 1)) <= 1 for n in named), (where + 1, said)


@pytest.mark.parametrize("lost", [1, 3, 20])
def test_verify_finds_a_cut_tail(stopped, lost):
    path = segments(stopped)[-1]
    with open(path, "rb") as file:
        content = file.read().splitlines()
    with open(path, "wb") as file:
        file.write(b"\n".join(content[:-lost]) + b"\n")
    assert verify(stopped).returncode == 1


def test_verify_finds_a_lost_segment(sluis, site, origin):
    configuration = site(origin().address)
    for _ in range(2):
        sluis.start(configuration)
        sluis.ask()
        assert sluis.stop() == 0
    assert verify(sluis.state).returncode == 0
    if len(segments(sluis.state)) > 1:
        os.remove(segments(sluis.state)[0])
        assert verify(sluis.state).returncode == 1


def test_verify_finds_another_key(stopped, folder):
    made = os.path.join(folder, "other")
    openssl("genpkey", "-algorithm", "ED25519", "-out", made + ".key")
    openssl("pkey", "-in", made + ".key", "-pubout", "-out", made + ".pub")
    ran = instance.command("audit", "verify", "--state", stopped, "--public-key", made + ".pub")
    assert ran.returncode == 1


def test_chain_goes_on_after_kill_and_restart(sluis, site, origin):
    configuration = site(origin().address)
    sluis.start(configuration)
    for _ in range(20):
        sluis.ask()
    for pid in sluis.pids("audit"):
        os.kill(pid, signal.SIGKILL)
    for _ in range(20):
        sluis.ask()
    sluis.ask("/last")
    wait_for(sluis.state, lambda row: "/last" in row["object"])
    assert sluis.stop() == 0
    ran = verify(sluis.state)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    rows = [row for row in records(sluis.state) if row.get("kind") == "access"]
    assert len(rows) == 41 and len({row["id"] for row in rows}) == 41


def test_files_are_not_for_everybody(stopped):
    for path in segments(stopped):
        assert os.stat(path).st_mode & 0o007 == 0
    with open(os.path.join(stopped, "audit", "head"), encoding="utf-8") as file:
        json.load(file)


def test_tail(sluis, site, origin):
    sluis.start(site(origin().address))
    sluis.ask("/visible")
    wait_for(sluis.state, lambda row: "/visible" in row["object"])
    shown = sluis.run("audit", "tail", "-n", "50")
    assert shown.returncode == 0 and "/visible" in shown.stdout and "GET" in shown.stdout
    raw = sluis.run("audit", "tail", "--json", "-n", "50")
    assert [row for row in map(json.loads, raw.stdout.splitlines()) if "/visible" in row["object"]]
    assert "\x1b" not in shown.stdout


def test_access_log_can_be_off(sluis, site, origin):
    sluis.start(site(origin().address, log={"access": False}))
    for _ in range(10):
        sluis.ask()
    sluis.stop()
    assert [row for row in records(sluis.state) if row.get("kind") == "access"] == []
    assert records(sluis.state)
