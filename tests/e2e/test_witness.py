"""`sluis witness` (P9), spoken to as C2SP tlog-witness has it: grows with the log, refuses forks, going back and strangers, keeps
what it has countersigned over a kill, and raises alarms. Its cosignatures are checked by openssl."""
import base64
import http.client
import os
import random
import signal
import socket
import subprocess
import time

import pytest

from harness import ports
from harness.certs import openssl
from harness.sluis import COMMAND
from test_audit_tree import checkpoint, grow, prove, read_note, root_of, sha, vkey_of
from test_audit import lines, wait_for


class Witness:
    def __init__(self, folder, vkey, *options):
        self.folder = os.path.join(folder, "witness")
        self.port = ports.free_port()
        self.arguments = [COMMAND, "witness", "--listen", f"127.0.0.1:{self.port}", "--directory", self.folder, "--log", vkey,
                          "--name", "example.org/w", *options]
        self.path = os.path.join(folder, "witness.out")
        self.process = None

    def start(self):
        with open(self.path, "ab") as out:
            self.process = subprocess.Popen(self.arguments, stdout=out, stderr=out)
        end = time.monotonic() + 10
        while not self.said().rstrip().endswith("ready"):
            assert self.process.poll() is None and time.monotonic() < end, self.said()
            time.sleep(0.02)
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def said(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def wait_for(self, word, within=10):
        end = time.monotonic() + within
        while word not in self.said():
            assert time.monotonic() < end, self.said()
            time.sleep(0.05)

    def post(self, body, path="/add-checkpoint", method="POST"):
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        asked.request(method, path, body.encode())
        answer = asked.getresponse()
        return answer.status, answer.read().decode(), answer.headers["Content-Type"]


def check_cosignature(line, note, vkey, folder):
    """C2SP tlog-cosignature: the time, and Ed25519 over the time and the whole text."""
    name, key_id, key = vkey.split("+", 2)
    key = base64.b64decode(key, validate=True)
    dash, who, blob = line.rstrip("\n").split(" ")
    blob = base64.b64decode(blob, validate=True)
    assert dash == "\u2014" and who == name and key[0] == 4
    assert blob[:4] == sha(name.encode() + b"\n" + key)[:4] and blob[:4].hex() == key_id and len(blob) == 4 + 8 + 64
    stamp = int.from_bytes(blob[4:12], "big")
    assert abs(stamp - time.time()) < 60
    text = f"cosignature/v1\ntime {stamp}\n".encode() + note.partition("\n\n")[0].encode() + b"\n"
    for path, content in (("text", text), ("signature", blob[12:]), ("key.der", bytes.fromhex("302a300506032b6570032100") + key[1:])):
        with open(os.path.join(folder, path), "wb") as file:
            file.write(content)
    assert "Signature Verified Successfully" in openssl(
        "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", f"{folder}/key.der", "-rawin", "-in", f"{folder}/text",
        "-sigfile", f"{folder}/signature")


@pytest.fixture(name="witness")
def witnesses(folder):
    made = []

    def make(vkey, *options):
        made.append(Witness(folder, vkey, *options))
        return made[-1].start()

    yield make
    for one in made:
        one.stop()


def shown(state, since):
    """What a log sends: the body of add-checkpoint is what audit prove --from prints."""
    return prove(state, "--from", str(since)).stdout


@pytest.mark.smoke
def test_a_log_grows_and_forks(sluis, site, origin, witness, folder):
    sluis.start(site(origin().address))
    grow(sluis, 10)
    assert sluis.stop() == 0
    subprocess.run(["cp", "-a", f"{sluis.state}/audit", f"{folder}/older"], check=True)
    vkey, first = vkey_of(sluis.state), checkpoint(sluis.state)
    size = int(first.splitlines()[1])
    one = witness(vkey)
    own = next(line.split(" ", 1)[1] for line in one.said().splitlines() if line.startswith("witness "))
    status, line, _ = one.post(shown(sluis.state, 0))
    assert status == 200
    check_cosignature(line, first, own, folder)
    with open(os.path.join(folder, "cosigned"), "w", encoding="utf-8") as file:
        file.write(shown(sluis.state, 3) + line)
    # a checkpoint with both signatures is one for check-proof, too
    with open(os.path.join(folder, "inclusion"), "w", encoding="utf-8") as file:
        file.write(prove(sluis.state, "--record", "3").stdout + line)
    told = subprocess.run([COMMAND, "audit", "check-proof", f"{folder}/inclusion", "--key", vkey, "--key", own], check=False,
                          capture_output=True, text=True)
    assert told.returncode == 0, told.stderr

    sluis.start(site(origin().address))
    grow(sluis, 10)
    assert sluis.stop() == 0
    later = checkpoint(sluis.state)
    assert one.post(shown(sluis.state, 0)) == (409, f"{size}\n", "text/x.tlog.size")
    one.stop()  # what it has countersigned stays over a kill
    one.start()
    assert one.post(shown(sluis.state, 0))[:2] == (409, f"{size}\n")
    status, line, _ = one.post(shown(sluis.state, size))
    assert status == 200
    check_cosignature(line, later, own, folder)
    assert one.post(shown(sluis.state, int(later.splitlines()[1])))[0] == 200  # the same again
    assert "alarm" not in one.said()

    # the directory is put back, and the log goes on from there as if nothing had been
    subprocess.run(["rm", "-rf", f"{sluis.state}/audit"], check=True)
    subprocess.run(["cp", "-a", f"{folder}/older", f"{sluis.state}/audit"], check=True)
    assert one.post(shown(sluis.state, size))[0] == 409
    one.wait_for("alarm behind sluis/audit/")
    sluis.start(site(origin().address))
    grow(sluis, 60)
    assert sluis.stop() == 0
    assert one.post(shown(sluis.state, int(later.splitlines()[1])))[0] == 422
    one.wait_for("alarm fork sluis/audit/")
    assert [name for name in os.listdir(one.folder) if ".fork-" in name]
    assert read_note(checkpoint(sluis.state), vkey, folder)[1] == root_of(lines(sluis.state)[:-1])  # whole in itself


def test_silence(sluis, site, origin, witness):
    sluis.start(site(origin().address))
    wait_for(sluis.state, lambda row: row["kind"] == "checkpoint" and os.path.exists(f"{sluis.state}/audit/checkpoint"))
    one = witness(vkey_of(sluis.state), "--silence", "1s")
    assert one.post(shown(sluis.state, 0))[0] == 200
    one.wait_for("alarm silent sluis/audit/")


def test_strangers_and_rubbish(sluis, site, origin, witness, folder):
    """404 for another log, 403 for another key, 400 for what is none; nothing of it stops the witness."""
    sluis.start(site(origin().address))
    grow(sluis, 5)
    assert sluis.stop() == 0
    vkey, body = vkey_of(sluis.state), shown(sluis.state, 0)
    name = body.split("\n")[2]
    one = witness(vkey)
    assert one.post(body.replace(name, "sluis/audit/0000000000000000"))[0] == 404
    flipped = body.rstrip("\n")[:-10] + ("A" * 9) + "\n"
    assert one.post(flipped)[0] in (400, 403)
    assert one.post(body.replace("old 0", "old 01"))[0] == 400
    assert one.post(body.replace("old 0", "old 99999"))[0] == 400
    assert one.post(body.replace("old 0\n", "old 0\n" + base64.b64encode(bytes(32)).decode() + "\n"))[0] == 422
    assert one.post(body.replace("old 0\n", "old 0\n" + 64 * (base64.b64encode(bytes(32)).decode() + "\n")))[0] == 400
    assert one.post("x" * 100000)[0] == 413
    assert one.post(body, "/elsewhere")[0] == 404 and one.post("", method="GET")[0] == 405
    draw = random.Random(6962)
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", one.port)) as raw:
            raw.sendall(draw.randbytes(draw.randrange(1, 3000)))
    waiting = [socket.create_connection(("127.0.0.1", one.port)) for _ in range(40)]
    assert one.post(body)[0] == 200
    for raw in waiting:
        raw.close()
    # what it keeps is not believed when somebody has changed it
    one.stop()
    kept = next(os.path.join(one.folder, name) for name in os.listdir(one.folder) if name.endswith(".checkpoint"))
    with open(kept, encoding="utf-8") as file:
        note = file.read()
    with open(kept, "w", encoding="utf-8") as file:
        file.write(note.replace(note.splitlines()[1], "1"))
    ran = subprocess.run(one.arguments, capture_output=True, text=True, timeout=10, check=False)
    assert ran.returncode == 1 and "it was changed" in ran.stderr
