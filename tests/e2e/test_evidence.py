"""`sluis evidence` and `sluis verify`: taken while traffic goes on, opened elsewhere, and no byte of it can change (P3, P9, R9, R15)."""
import base64
import glob
import hashlib
import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tarfile
import threading
import time

import pytest

from harness.gateway import Gateway
from harness.ports import free_port
from harness.sluis import BUILD, COMMAND, command
from harness.wait import until

NEEDS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
EVERYONE = {"access": {"allow": {"everyone": True}}}
SLOWEST_S = 3  # of a request meanwhile: far above what one takes, and kept by a loaded machine


def openssl(*arguments, **keywords):
    return subprocess.run(["openssl", *arguments], capture_output=True, check=False, **keywords)


@pytest.fixture(scope="module", name="recipient")
def recipients(scratch):
    """recipient(kind) gives (certificate, key) of somebody who may read bundles."""
    made = {}

    def make(kind):
        if kind not in made:
            base = os.path.join(scratch, f"csirt-{kind}")
            how = {"rsa": ["rsa:2048"], "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
                   "ed": ["ed25519"]}[kind.split("-")[0]]
            ran = openssl("req", "-x509", "-newkey", *how, "-nodes", "-keyout", base + ".key", "-out", base + ".pem",
                          "-subj", f"/CN={kind}.example.nl", "-days", "2")
            assert ran.returncode == 0, ran.stderr
            os.chmod(base + ".pem", 0o644)
            made[kind] = (base + ".pem", base + ".key")
        return made[kind]

    return make


def collect(sluis, *arguments, fails=False, **keywords):
    ran = sluis.run("evidence", "collect", "--json", *arguments, **keywords)
    assert (ran.returncode != 0) == fails, ran.stderr
    return ran if fails else json.loads(ran.stdout)


def verify(file, *arguments):
    ran = command("evidence", "verify", file, "--json", *arguments)
    return ran.returncode, json.loads(ran.stdout) if ran.stdout else ran.stderr


def opened(file, certificate, key):
    """By somebody who has OpenSSL and tar, and no Sluis."""
    ran = openssl("cms", "-decrypt", "-binary", "-inform", "DER", "-in", file, "-recip", certificate, "-inkey", key)
    assert ran.returncode == 0, ran.stderr
    with tarfile.open(fileobj=io.BytesIO(ran.stdout)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}


def core_segments(core):
    """{address: bytes} of an ELF core file."""
    assert core[:4] == b"\x7fELF" and int.from_bytes(core[16:18], "little") == 4
    at, count = int.from_bytes(core[32:40], "little"), int.from_bytes(core[56:58], "little")
    found = {}
    for i in range(count):
        head = core[at + 56 * i:at + 56 * (i + 1)]
        offset, address, size = (int.from_bytes(head[n:n + 8], "little") for n in (8, 16, 32))
        if int.from_bytes(head[:4], "little") == 1:
            found[address] = core[offset:offset + size]
            assert len(found[address]) == size
    return found


class Traffic:
    """One connection that asks and asks; slowest and failures are its evidence."""

    def __init__(self, sluis):
        self.sluis, self.done, self.slowest, self.failures = sluis, 0, 0.0, []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(3)]

    def _run(self):
        try:
            with self.sluis.client() as client:
                while not self.stopping.is_set():
                    begin = time.monotonic()
                    assert client.ask("GET", "/").status == 200
                    self.slowest = max(self.slowest, time.monotonic() - begin)
                    self.done += 1
        except (OSError, AssertionError, ValueError) as error:
            self.failures.append(repr(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        while self.done < 20 and not self.failures:
            time.sleep(0.005)
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(20)


@NEEDS_ROOT
def test_collected_during_traffic_and_opened_elsewhere(front, origin, recipient, folder):
    """All of it, with an edge's memory, while clients notice nothing; two recipients, each on his own."""
    sluis = front(origin(), metrics={"address": f"127.0.0.1:{free_port()}"})
    marker = os.urandom(12).hex().encode()
    with sluis.client() as held, Traffic(sluis) as traffic:
        held.send(b"GET /?planted=" + marker)  # half a request: it lies in the edge's memory
        got = collect(sluis, "--recipient", recipient("rsa")[0], "--recipient", recipient("ec")[0],
                      "--memory", "edge,dialer", "--reason", "exercise")
        done = traffic.done
        while traffic.done < done + 20 and not traffic.failures:
            time.sleep(0.005)
    assert not traffic.failures and traffic.slowest < SLOWEST_S, (traffic.failures, traffic.slowest)

    assert os.stat(got["file"]).st_mode & 0o777 == 0o600 and got["encrypted"] and got["memory_processes"] == 2
    with open(got["file"], "rb") as file:
        whole = file.read()
    assert hashlib.sha256(whole).hexdigest() == got["sha256"] and marker not in whole
    described = openssl("cms", "-cmsout", "-print", "-inform", "DER", "-in", got["file"]).stdout
    assert b"rsaesOaep" in described and b"aes-256-gcm" in described, "RFC 8017 §7.1, RFC 5084"
    files = opened(got["file"], *recipient("rsa"))
    assert opened(got["file"], *recipient("ec")) == files

    # The manifest names every file, and the signature is over the manifest: with OpenSSL alone
    manifest = json.loads(files["MANIFEST.json"])
    listed = {row["name"]: row for row in manifest["files"]}
    assert set(files) - {"MANIFEST.json", "MANIFEST.sig"} == set(listed)
    for name, row in listed.items():
        assert (len(files[name]), hashlib.sha256(files[name]).hexdigest()) == (row["bytes"], row["sha256"]), name
    text, rest = files["MANIFEST.sig"].split(b"\n\n", 1)
    assert text.splitlines()[:2] == [b"sluis evidence manifest v1", hashlib.sha256(files["MANIFEST.json"]).hexdigest().encode()]
    for name, data in (("text", text + b"\n"), ("sig", base64.b64decode(rest.split(b"\n", 1)[0]))):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    assert openssl("pkeyutl", "-verify", "-pubin", "-inkey", os.path.join(sluis.state, "keys/audit.pub"), "-rawin",
                   "-in", os.path.join(folder, "text"), "-sigfile", os.path.join(folder, "sig")).returncode == 0

    # What an investigator looks for
    edge = sluis.pids("edge")[0]
    assert f"{edge}" in files[f"processes/edge-{edge}/status"].decode()
    assert marker in b"".join(core_segments(files[f"processes/edge-{edge}/core"]).values()), "the memory of the edge"
    processes = {row["process"]: row for row in json.loads(files["processes.json"])}
    assert {name.split("-")[0] for name in processes} >= {"keeper", "edge", "dialer", "signer", "audit"}
    assert all(row["executable_is"]["sha256"] for row in processes.values())
    inodes = {row["inode"] for row in json.loads(files["network/sockets.json"])}
    ports = [line.split() for name, data in files.items() if re.fullmatch(r"network/\d+/tcp", name)
             for line in data.decode().splitlines()[1:]]
    assert any(row[1].endswith(f":{sluis.port():04X}") and int(row[9]) in inodes for row in ports), "the listener, and whose it is"
    assert b"sluis_" in files["metrics.txt"] and json.loads(files["status.json"])["roles"] and json.loads(files["programs.json"])["ok"]
    assert json.loads(files["machine/clock.json"])["wall_us"] and any(name.startswith("config/") for name in files)
    assert b"evidence.begun" in b"".join(data for name, data in files.items() if name.endswith(".jsonl"))
    assert not any(b"PRIVATE KEY" in data for name, data in files.items() if not name.endswith("/core"))

    # And the log names it
    code, said = verify(got["file"], "--key", recipient("ec")[1], "--public-key", os.path.join(sluis.state, "keys/audit.pub"),
                        "--log", os.path.join(sluis.state, "audit"))
    assert code == 0 and said["is_whole"] and said["is_key_known"] and said["log"]["seq"], said
    assert said["manifest_sha256"] == got["manifest_sha256"] and said["audit"]["signed_seq"] > 0
    listing = json.loads(sluis.run("evidence", "list", "--json").stdout)
    assert [row["id"] for row in listing] == [got["id"]] and got["id"] in sluis.run("evidence", "list").stdout


def start_as_user(sluis, site, origin):
    """As a person without rights would, who owns nothing but the folder; gives the run of his commands."""
    if os.getuid() != 0:
        sluis.start(site(origin().address))
        return command
    wrapper = os.path.join(sluis.folder, "as-user")
    as_user = ["setpriv", "--reuid", "61999", "--regid", "61999", "--clear-groups"]
    with open(wrapper, "w", encoding="ascii") as file:
        file.write(f'#!/bin/sh\nexec {" ".join(as_user)} {COMMAND} "$@"\n')
    os.chmod(wrapper, 0o755)
    os.chown(sluis.folder, 61999, 61999)
    sluis.program = wrapper
    sluis.start(site(origin().address))

    def run(*arguments):
        return subprocess.run([wrapper, *arguments], capture_output=True, text=True, timeout=40, check=False)

    return run


def test_as_ordinary_user(sluis, site, origin, recipient):
    """Who owns Sluis' user namespaces may look into its roles; what only root may is named as missing."""
    run = start_as_user(sluis, site, origin)
    ran = run("evidence", "collect", "--json", "--recipient", recipient("ec")[0], "--memory", "dialer", "--state", sluis.state)
    assert ran.returncode == 0, ran.stderr
    got = json.loads(ran.stdout)
    files = opened(got["file"], *recipient("ec"))
    dialer = sluis.pids("dialer")[0]
    assert core_segments(files[f"processes/dialer-{dialer}/core"]) and files[f"processes/dialer-{dialer}/maps"]
    assert not [row for row in got["missing"] if not row["what"].startswith(("processes/", "machine/", "network/"))]
    code, said = verify(got["file"], "--key", recipient("ec")[1])
    assert code == 0 and not said["is_key_known"], said
    # The others' memory is not less the role's own: programs are checked as far as it goes
    said = json.loads(run("verify", "--json", "--state", sluis.state).stdout)
    assert said["findings_total"] == 0 and said["processes"] >= 5, said


def flipped(path, to, at):
    shutil.copyfile(path, to)
    with open(to, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x40]))
    return to


@NEEDS_ROOT
def test_no_byte_can_change(front, origin, recipient, folder):
    """In the clear the files, the manifest and the frame tell; encrypted the tag, and of the envelope the log."""
    sluis = front(origin())
    log, other = os.path.join(sluis.state, "audit"), os.path.join(folder, "changed")
    clear = collect(sluis, "--unencrypted", "--output", os.path.join(folder, "clear.tar"))
    sealed = collect(sluis, "--recipient", recipient("ec")[0], "--output", os.path.join(folder, "sealed.cms"), "--max-bytes", "300K")
    assert verify(clear["file"], "--log", log)[0] == 0
    with tarfile.open(clear["file"]) as tar:
        members = tar.getmembers()
    places = {0, os.path.getsize(clear["file"]) - 1, os.path.getsize(clear["file"]) - 1024}
    for member in members[::50] + members[-2:]:
        places |= {member.offset, member.offset + 130, member.offset_data - 1, member.offset_data,
                   member.offset_data + member.size - 1, member.offset_data + (member.size | 511)}
    for at in sorted(place for place in places if place < os.path.getsize(clear["file"])):
        assert verify(flipped(clear["file"], other, at))[0] in (1, 3), f"byte {at} of the bundle in the clear"

    size = os.path.getsize(sealed["file"])
    key = ["--key", recipient("ec")[1]]
    assert verify(sealed["file"], *key, "--log", log)[0] == 0
    for at in [*range(0, 560, 37), *range(600, size - 64, size // 5), *range(size - 36, size, 7)]:
        assert verify(flipped(sealed["file"], other, at), *key, "--log", log)[0] in (1, 3), f"byte {at} of {size}, encrypted"
    for length in (0, 1, 100, size // 2, size - 1):
        shutil.copyfile(sealed["file"], other)
        os.truncate(other, length)
        assert verify(other, *key)[0] == 3, length
    shutil.copyfile(sealed["file"], other)
    with open(other, "ab") as file:
        file.write(b"\0")
    assert verify(other, *key)[0] == 3
    # Somebody else's key, no key, another machine's signature
    assert verify(sealed["file"], "--key", recipient("rsa")[1])[0] == 3
    assert verify(sealed["file"], "--key", recipient("ec-2")[1])[0] == 3
    assert "--key" in verify(sealed["file"])[1]
    stranger = os.path.join(folder, "stranger")
    assert openssl("genpkey", "-algorithm", "ed25519", "-out", stranger).returncode == 0
    assert openssl("pkey", "-in", stranger, "-pubout", "-out", stranger + ".pub").returncode == 0
    code, said = verify(sealed["file"], *key, "--public-key", stranger + ".pub")
    assert code == 1 and "another key" in said["findings"][0]["what"], said
    # P9: the log gives it its place in time, under a checkpoint; a log that was changed gives it none
    assert sluis.stop() == 0
    code, said = verify(sealed["file"], *key, "--log", log)
    assert code == 0 and said["log"]["is_signed"] and said["log"]["is_whole"], said
    forged = shutil.copytree(log, os.path.join(folder, "forged"))
    segment = sorted(glob.glob(os.path.join(forged, "*.jsonl")))[0]
    with open(segment, "r+b") as file:
        text = file.read()
        file.seek(text.index(b"evidence.begun"))
        file.write(b"evidence.besun")
    code, said = verify(sealed["file"], *key, "--log", forged)
    assert code == 1 and "not whole" in said["findings"][0]["what"], said


@NEEDS_ROOT
def test_in_the_clear_there_is_no_secret(sluis, ca, origin, folder):
    """Keys, tokens and hashes of passwords: planted, and looked for in the bundle."""
    gateway = Gateway(sluis, ca, {"cases": (origin().address, EVERYONE)}).start()
    anna = gateway.person("anna", want_totp=False)
    cookies = [part for part in re.findall(r"[A-Za-z0-9_-]{32,}", json.dumps(anna.copy_of_cookies()))]
    got = collect(sluis, "--unencrypted")
    with open(got["file"], "rb") as file:
        bundle = file.read()
    secrets = [("cookie", cookie.encode()) for cookie in cookies]
    for path in glob.glob(os.path.join(sluis.state, "*.key")) + glob.glob(os.path.join(sluis.state, "keys/*.key")):
        with open(path, "rb") as file:
            data = file.read()
        lines = [line for line in data.splitlines() if len(line) > 30 and b"----" not in line]
        secrets += [(path, line) for line in (lines if b"PRIVATE" in data else [data[:16]])]
    for path in glob.glob(os.path.join(sluis.folder, "**/*.key"), recursive=True):
        with open(path, "rb") as file:
            secrets += [(path, line) for line in file.read().splitlines()[1:-1]]
    assert cookies and len(secrets) > 4
    for name, secret in secrets + [("argon2", b"$argon2"), ("PEM", b"PRIVATE KEY")]:
        assert secret not in bundle, name
    with tarfile.open(got["file"]) as tar:
        assert not [name for name in tar.getnames() if re.match("config/|pages/|.*/core$", name)]
        sessions = json.load(tar.extractfile("sessions.json"))
    assert [row["user"] for row in sessions] == ["anna"] and os.path.exists(folder)


@NEEDS_ROOT
def test_refused(front, origin, recipient, folder):
    """What would give secrets away, or could never be opened, is refused before anything is written."""
    sluis = front(origin())
    to = ["--recipient", recipient("ec")[0]]
    refusals = [
        ([], "--recipient"),
        (["--unencrypted", "--memory", "edge"], "asks for --recipient"),
        (["--unencrypted", *to], "contradict"),
        ([*to, "--memory", "signer"], "--include-secrets"),
        ([*to, "--memory", str(sluis.pids("keeper")[0])], "--include-secrets"),
        ([*to, "--memory", "nonsense"], "expected roles"),
        ([*to, "--memory", "cell"], "nobody here"),
        ([*to, "--memory", "1"], "nobody here"),
        (["--recipient", recipient("ed")[0]], "neither RSA nor EC"),
        (["--recipient", recipient("ec")[1]], "certificate"),
        ([*to, "--max-bytes", "many"], "--max-bytes"),
        ([*to, "--since", "yesterday"], "--since"),
        ([*to, "--output", "/nowhere/at/all"], "No such file"),
        ([*to, "--output", recipient("ec")[0]], "File exists"),
    ]
    for arguments, reason in refusals:
        assert reason in collect(sluis, *arguments, fails=True).stderr, arguments
    assert not glob.glob(os.path.join(sluis.state, "evidence", "*")) and not glob.glob(os.path.join(folder, "*.part"))
    # Secrets, said twice, do come; `all` leaves them out and says so
    got = collect(sluis, *to, "--memory", "signer", "--include-secrets")
    assert any(name.endswith("/core") for name in opened(got["file"], *recipient("ec")))
    # A bundle that may not grow says what it left out
    got = collect(sluis, *to, "--memory", "all", "--max-bytes", "3M")
    assert any("larger" in row["why"] for row in got["missing"]) and any("--include-secrets" in row["why"] for row in got["missing"])
    assert verify(got["file"], "--key", recipient("ec")[1])[0] == 0


@NEEDS_ROOT
def test_full_disk(front, origin, recipient, folder):
    """Nothing half is left behind, the log says that it failed, and no record claims a bundle."""
    sluis = front(origin())
    small = os.path.join(folder, "small")
    os.mkdir(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=False).returncode != 0:
        pytest.skip("no mount")
    try:
        ran = collect(sluis, "--recipient", recipient("ec")[0], "--memory", "edge", "--output", f"{small}/b", fails=True)
        assert "are free" in ran.stderr and not os.listdir(small)
    finally:
        subprocess.run(["umount", small], check=True)

    # It fills up only when the room was there: a limit on the size of files does the same
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    ran = command("evidence", "collect", "--recipient", recipient("ec")[0], "--memory", "edge", "--output", f"{small}/b",
                  "--state", sluis.state, preexec_fn=limit)
    assert ran.returncode == 1 and "File too large" in ran.stderr and not os.listdir(small), ran.stderr
    assert json.loads(sluis.run("evidence", "list", "--json").stdout) == []
    until(lambda: "evidence.failed" in sluis.run("audit", "search", "--action", "evidence.failed", "--json").stdout)
    assert sluis.ask().status == 200


@NEEDS_ROOT
def test_process_that_ends_meanwhile(front, origin, recipient):
    """Edges are killed while their memory is read: the bundle is whole, and says what it could not have."""
    sluis = front(origin(), edges=2)
    stop = threading.Event()

    def kill():
        while not stop.is_set():
            for pid in sluis.pids("edge")[:1]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            stop.wait(0.15)

    killer = threading.Thread(target=kill, daemon=True)
    sluis.may_break = True
    killer.start()
    try:
        got = collect(sluis, "--recipient", recipient("ec")[0], "--memory", "all")
    finally:
        stop.set()
        killer.join()
    assert verify(got["file"], "--key", recipient("ec")[1])[0] == 0


@NEEDS_ROOT
def test_cells_may_be_frozen(sluis, ca, origin, recipient):
    """A cell stops while its memory is read, and goes on; nothing that carries more than one client is stopped."""
    gateway = Gateway(sluis, ca, {"cases": (origin().address, EVERYONE)}).start()
    with gateway.person("anna", want_totp=False) as anna:
        before = sluis.pids("cell")
        got = collect(sluis, "--recipient", recipient("ec")[0], "--memory", "cell", "--freeze")
        assert got["memory_processes"] >= 1 and before
        for pid in sluis.pids("cell"):
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                assert "\nState:\tT" not in file.read()
        assert anna.go(gateway.url("/", "cases")).status == 200
        # One that was stopped before, as evidence of a leak, stays as it is
        stopped = sluis.pids("cell")[0]
        os.kill(stopped, signal.SIGSTOP)
        collect(sluis, "--recipient", recipient("ec")[0], "--memory", "cell", "--freeze")
        with open(f"/proc/{stopped}/status", encoding="utf-8") as file:
            assert "\nState:\tT" in file.read()
        os.kill(stopped, signal.SIGCONT)


@NEEDS_ROOT
def test_programs_against_their_manifest(sluis, site, origin, folder):
    """A changed file, a replaced one that still runs, a stranger beside them, another manifest: each is found."""
    place = os.path.join(folder, "programs")
    os.mkdir(place, mode=0o755)
    for name in os.listdir(BUILD):
        path = os.path.join(BUILD, name)
        if os.path.isfile(path) and (name == "sluis" or name.startswith("sluis-") or name == "manifest.json"):
            shutil.copy2(path, place)
    sluis.program = os.path.join(place, "sluis")
    sluis.start(site(origin().address))

    def look(*arguments):
        ran = subprocess.run([sluis.program, "verify", "--json", "--state", sluis.state, *arguments], capture_output=True,
                             text=True, timeout=30, check=False)
        said = json.loads(ran.stdout)
        assert (ran.returncode == 0) == said["ok"]
        return said, {row["what"] for row in said["findings"]}

    said, what = look()
    assert said["ok"] and not what and said["processes"] >= 5 and said["files"] >= 12, said
    with open(os.path.join(place, "manifest.json"), "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == said["manifest"]["sha256"]
    with open(os.path.join(place, "sluis-relay"), "ab") as file:
        file.write(b"\0")
    shutil.copy2("/bin/true", os.path.join(place, "sluis-helper"))
    edge = os.path.join(place, "sluis-edge")
    shutil.copy2(os.path.join(place, "sluis-audit"), edge + "~")
    os.replace(edge + "~", edge)
    said, what = look()
    assert what == {"file_differs", "file_extra", "process_deleted", "code_deleted"}, said
    by = {(row["what"], row["name"]) for row in said["findings"]}
    assert {("file_differs", "sluis-relay"), ("file_extra", "sluis-helper"), ("file_differs", "sluis-edge"),
            ("process_deleted", "sluis-edge")} <= by
    assert look("--disk")[1] == {"file_differs", "file_extra"}
    assert look("--disk", "--manifest", os.path.join(BUILD, "manifest.json"))[1] == {"file_differs", "file_extra"}
    shutil.copy2(os.path.join(BUILD, "sluis-edge"), edge)
    os.unlink(os.path.join(place, "manifest.json"))
    ran = subprocess.run([sluis.program, "verify", "--programs", place], capture_output=True, text=True, check=False)
    assert ran.returncode == 1 and "there is no manifest" in ran.stderr


@NEEDS_ROOT
def test_waived(front, origin):
    """Somebody goes on without: with a reason, in the log and in the list."""
    sluis = front(origin())
    assert sluis.run("evidence", "waive").returncode == 2
    assert sluis.run("evidence", "waive", "--reason", "the disk is gone").returncode == 0
    assert "waived: the disk is gone" in sluis.run("evidence", "list").stdout
    until(lambda: "the disk is gone" in sluis.run("audit", "search", "--action", "evidence.waived").stdout)
