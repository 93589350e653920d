"""`sluis witness` (P9), spoken to as C2SP tlog-witness has it: grows with the log, refuses forks, going back and strangers, keeps
what it has countersigned over a kill, and raises alarms. Its cosignatures are checked by openssl."""
import base64
import http.client
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import threading
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
        before = len(self.said()) if os.path.exists(self.path) else 0  # an earlier start was ready, too
        with open(self.path, "ab") as out:
            self.process = subprocess.Popen(self.arguments, stdout=out, stderr=out)
        end = time.monotonic() + 10
        while not self.said()[before:].rstrip().endswith("ready"):
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


class Front:
    """TLS before the witness, as a server would give it."""

    def __init__(self, certificate, port):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.chain, certificate.key)
        self.to = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(connection, server_side=True) as client, \
                        socket.create_connection(("127.0.0.1", self.to)) as server:
                    asked = b""
                    while b"\r\n\r\n" not in asked:
                        asked += client.recv(65536)
                    head, _, body = asked.partition(b"\r\n\r\n")
                    size = int(re.search(rb"Content-Length: (\d+)", head).group(1))
                    while len(body) < size:
                        body += client.recv(65536)
                    server.sendall(head + b"\r\n\r\n" + body)
                    while True:
                        got = server.recv(65536)
                        if not got:
                            break
                        client.sendall(got)
                    client.unwrap()
            except OSError:
                pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def cosigned(state, size, within=15):
    """The countersigned checkpoint that the shipper keeps, once it has at least that many leaves."""
    end = time.monotonic() + within
    while True:
        for name in os.listdir(f"{state}/ship"):
            if name.startswith("cosigned-"):
                with open(f"{state}/ship/{name}", encoding="utf-8") as file:
                    note = file.read()
                if int(note.splitlines()[1]) >= size:
                    return note
        assert time.monotonic() < end, os.listdir(f"{state}/ship")
        time.sleep(0.05)


def test_the_shipper_shows_its_checkpoints(sluis, site, origin, witness, ca, folder):
    """Each checkpoint is shown with a proof, its countersignature kept; a log that was put back is told of on both sides."""
    sluis.start(site(origin().address))
    wait_for(sluis.state, lambda row: row["kind"] == "checkpoint" and os.path.exists(f"{sluis.state}/audit/audit.vkey"))
    one = witness(vkey_of(sluis.state))
    own = next(line.split(" ", 1)[1] for line in one.said().splitlines() if line.startswith("witness "))
    front = Front(ca.issue("witness.example.org"), one.port)
    entry = {"witness": f"127.0.0.1:{front.port}", "ca": ca.certificate, "name": "witness.example.org", "key": own}
    configuration = site(origin().address, log={"ship": [entry]})
    assert sluis.reload(configuration).returncode == 0
    first = cosigned(sluis.state, 1)
    check_cosignature(first.splitlines(True)[-1], first, own, folder)
    read_note(first, vkey_of(sluis.state), folder)
    subprocess.run(["cp", "-a", f"{sluis.state}/audit", f"{folder}/older"], check=True)
    grow(sluis, 30)
    later = cosigned(sluis.state, int(first.splitlines()[1]) + 30)  # proved from the first, in the same run
    check_cosignature(later.splitlines(True)[-1], later, own, folder)
    assert sluis.stop() == 0
    sluis.start(configuration)  # a new shipper knows nothing of it, and is told
    later = cosigned(sluis.state, int(later.splitlines()[1]) + 2)
    assert sluis.stop() == 0 and "alarm" not in one.said()

    subprocess.run(["rm", "-rf", f"{sluis.state}/audit"], check=True)
    subprocess.run(["cp", "-a", f"{folder}/older", f"{sluis.state}/audit"], check=True)
    sluis.start(configuration)
    told = wait_for(sluis.state, lambda row: row["action"] == "audit.witness_disagrees")
    assert told[0]["kind"] == "alarm" and "put back" in told[0]["detail"]
    one.wait_for("alarm behind sluis/audit/")
    front.stop()


def test_a_false_witness(sluis, site, origin, ca, folder):
    """An answer that is no countersignature is an alarm, however it looks; and costs nothing else."""
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes", b"HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\n\r\n 12\n",
               b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", b"\0" * 9000, b"HTTP/1.1 100 Continue\r\n\r\n", b""]
    key = base64.b64encode(b"\4" + bytes(32)).decode()
    vkey = "w+" + sha(b"w\n\4" + bytes(32))[:4].hex() + "+" + key
    certificate = ca.issue("witness.example.org")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    listener = socket.create_server(("127.0.0.1", 0))
    asked = []

    def serve():
        for turn in range(1000):
            try:
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as client:
                    asked.append(client.recv(65536))
                    client.sendall(answers[turn % len(answers)])
            except OSError:
                if listener.fileno() < 0:
                    return

    threading.Thread(target=serve, daemon=True).start()
    entry = {"witness": f"127.0.0.1:{listener.getsockname()[1]}", "ca": ca.certificate, "name": "witness.example.org", "key": vkey}
    sluis.start(site(origin().address, log={"ship": [entry]}))
    told = wait_for(sluis.state, lambda row: row["action"] == "audit.witness_disagrees")
    assert told[0]["detail"] == "its answer has no countersignature under its key"
    assert asked[0].startswith(b"POST /add-checkpoint HTTP/1.1\r\nHost: witness.example.org\r\n") and b"\r\n\r\nold 0\n\n" in asked[0]
    assert not [name for name in os.listdir(f"{sluis.state}/ship") if name.startswith("cosigned-")]
    assert len(sluis.pids("shipper")) == 1
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


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
