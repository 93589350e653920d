"""sluis blast: what a taken-over process holds and can reach, said by the kernel and not by Sluis' own tables (P2, P4, P5)."""
import glob
import json
import os
import signal
import subprocess
import sys
import xml.dom.minidom

import pytest

from harness import sluis as instance, wire

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")

# Somebody's process, in a folder of its own: it does what its words say, and tells when it has.
HELPER = r"""
import ctypes, fcntl, mmap, os, signal, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
folder, words, kept = sys.argv[1], sys.argv[2].split(","), []
if "key" in words:
    kept.append(bytearray.fromhex(sys.stdin.readline()))
os.chroot(folder)
os.chdir("/")
if "code" in words:
    kept.append(mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC))
if "open" in words:
    kept.append(open("/an extra\nfile", "w"))
if "memory" in words:
    for name, seals in (("open", 0), ("closed", 8)):
        fd = os.memfd_create(name, 3)
        os.ftruncate(fd, 4096)
        fcntl.fcntl(fd, 1033, seals)
if "user" in words:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
if "filter" in words:  # seccomp: execve is refused, and mprotect to executable memory
    rows = [(0x20, 0, 0, 0), (0x15, 3, 0, 59), (0x15, 0, 3, 10), (0x20, 0, 0, 32), (0x45, 0, 1, 4), (6, 0, 0, 0x50001),
            (6, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *row) for row in rows))
    program = ctypes.create_string_buffer(struct.pack("<H6xQ", len(rows), ctypes.addressof(code)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
print("done", flush=True)
signal.pause()
"""


@pytest.fixture(name="helper")
def helper_process(folder):
    started = []

    def start(*words, key=""):
        root = os.path.join(folder, f"root{len(started)}")
        os.makedirs(root, mode=0o755)
        for name, mode in (("readable", 0o644), ("secret", 0o600), ("program", 0o755)):
            with open(os.path.join(root, name), "w", encoding="ascii") as file:
                file.write("x")
            os.chmod(os.path.join(root, name), mode)
        # pylint: disable-next=consider-using-with
        one = subprocess.Popen([sys.executable, "-c", HELPER, root, ",".join(words)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
        started.append(one)
        one.stdin.write(key + "\n")
        one.stdin.flush()
        assert one.stdout.readline() == "done\n"
        return one

    yield start
    for one in started:
        one.kill()
        one.wait()
        one.stdin.close()
        one.stdout.close()


def blast(sluis, *arguments, within=110):
    """(exit status, document) of one look."""
    ran = sluis.run("blast", "--json", *arguments, within=within)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def row_of(doc, role, **wanted):
    rows = [row for row in doc["summary"] if role in (row["role"], row["subject"])
            and all(row[key] == value for key, value in wanted.items())]
    assert len(rows) == 1, (role, rows)
    return rows[0]


def one_of(doc, pid):
    return next(process for process in doc["processes"] if process["pid"] == pid)


def allowed(process, power):
    return process["seccomp"]["powers"][power]


@pytest.fixture(name="secure")
def running(sluis, site, ca, origin):
    """An instance with a key, in front of one server; gives both."""
    made, server = ca.issue("www.example.nl"), origin()
    sluis.start(site(server.address, listener={"protocol": "https", "certificates": ["www"]},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    return made, server


@pytest.mark.limit(120)
def test_the_map(sluis, secure, ca):
    """P2, P4, P5 in one look at everything, beside a proxy that is one process; what runs goes on meanwhile."""
    made, server = secure
    with sluis.client(tls=wire.client_tls(ca.certificate), name="www.example.nl") as client:
        assert client.ask("GET", "/").status == 200
        _, doc = blast(sluis, "--beside", "haproxy", "--within", "2")
        assert client.ask("GET", "/").status == 200, "a connection outlives the look"
    assert any(path == made.key for path in doc["keys_searched"])
    edge, signer, dialer = (row_of(doc, role) for role in ("edge", "signer", "dialer"))
    for row in (edge, dialer, row_of(doc, "audit")):
        assert row["keys"]["level"] == "none", row
    one = one_of(doc, signer["pids"][0])
    if one["mappings"]["hidden"]:  # where the kernel has memfd_secret: nobody else can look, so nothing is claimed
        assert signer["keys"]["level"] == "unknown" and "memfd_secret" in signer["keys"]["text"]
    else:
        assert {made.key, *glob.glob(f"{sluis.state}/keys/*.key")} == set(one["memory"]["private_keys"])
    for row in (edge, signer, dialer):
        assert {row[topic]["level"] for topic in ("read", "exec", "code", "others")} == {"none"}, row
    assert edge["connect"]["level"] == signer["connect"]["level"] == "none"
    reach = one_of(doc, dialer["pids"][0])["network"]
    if reach["programs"]:  # a control group is not to be had everywhere; status says so then
        host, port = server.address.split(":")
        assert dialer["connect"]["level"] == "some" and reach["allowed"] == [f"tcp {host}/32 port {port}"]
    first = one_of(doc, edge["pids"][0])
    peers = {fd.get("peer", "").split("[")[0] for fd in first["descriptors"]["list"] if fd.get("peer")}
    assert {"signer", "dialer", "keeper"} <= peers
    assert first["descriptors"]["writable_memory"] == 0 and set(first["namespaces"].values()) == {"own"}
    assert first["user"]["no_new_privs"] and not first["user"]["bounding"]
    # A call whose arguments are looked at, as its filter has it
    assert {"sendto", "recvfrom"} <= set(first["seccomp"]["left"]) and "socket" not in first["seccomp"]["left"]
    assert not first["seccomp"]["foreign"] and not first["seccomp"]["unclear"]
    # One process that has it all
    worker = row_of(doc, "haproxy", user="haproxy")
    for topic in ("keys", "exec", "code", "connect", "calls"):
        assert worker[topic]["level"] == "all", (topic, worker)
    assert [total for total in doc["totals"] if total["subject"] == "haproxy"][0]["keys"] == 1
    if any(path.startswith("/tmp/sluis-blast-") for path in doc["keys_searched"]):  # it was started for the look
        left = [pid for row in doc["summary"] if row["subject"] == "haproxy" for pid in row["pids"] if os.path.exists(f"/proc/{pid}")]
        assert not left


def test_it_is_live(sluis, secure, helper):
    """What is planted in a process is found in it: it is looked at, and not at a table of ours."""
    made, _ = secure
    plain, other = helper("user"), helper("user", "code", "open", "memory", "filter", "key", key=scalar(made.key))
    os.kill(other.pid, signal.SIGSTOP)
    _, doc = blast(sluis, "--role", "dialer", "--beside", str(plain.pid), "--beside", str(other.pid))
    assert {row["role"] for row in doc["summary"] if row["subject"] == "sluis"} == {"dialer"}
    first, second = one_of(doc, plain.pid), one_of(doc, other.pid)
    # Without a filter everything is there; with one, all but what it refuses
    assert first["seccomp"]["filters"] == 0 and first["seccomp"]["allowed"] == first["seccomp"]["total"]
    assert allowed(first, "exec") == "always" and first["verdict"]["calls"]["level"] == "all"
    assert second["seccomp"]["filters"] == 1 and second["seccomp"]["allowed"] == second["seccomp"]["total"] - 1
    acts = {act["act"]: act for act in second["seccomp"]["acts"]}
    assert acts["execve"]["allowed"] == "never" and acts["execveat"]["allowed"] == "always"
    assert acts["mprotect to executable memory"]["allowed"] == "never"
    assert second["seccomp"]["by_argument"] == 1 and acts["mmap of executable memory"]["allowed"] == "always"
    # A mapping that is writable and executable
    assert first["mappings"]["writable_code"] == 0 and second["mappings"]["writable_code"] == 1
    # Descriptors, by what they are: a file whose name tries to be another line, and memory by its seals
    names = {fd["to"]: fd for fd in second["descriptors"]["list"]}
    extra = next(name for name in names if "an extra" in name)
    assert "\n" not in extra and names[extra]["access"] == "-w" and names[extra]["kind"] == "file"
    assert not [fd for fd in first["descriptors"]["list"] if "an extra" in fd["to"]]
    memory = {fd["to"].split(":")[1].split(" ")[0]: fd for fd in second["descriptors"]["list"] if fd["kind"] == "memory"}
    assert memory["open"]["writable"] and not memory["closed"]["writable"] and memory["closed"]["seals"] == "write"
    # The key's number, last byte first, in somebody's memory
    assert first["memory"]["private_keys"] == [] and second["memory"]["private_keys"] == [made.key]
    # Files below its root as its user: two of three can be read, one is a program
    assert first["files"]["own_root"] and (first["files"]["readable"], first["files"]["executable"]) == (2, 1)
    assert first["files"]["writable"] == 0 and second["verdict"]["write"]["level"] != "none"
    assert first["others"]["signal"] >= 1, "the other has the same user"
    # Who was stopped stays stopped, and nobody else is
    assert state_of(other.pid) == "T" and state_of(plain.pid) == "S"
    assert {state_of(pid) for pids in sluis.pids().values() for pid in pids} <= set("SRD")


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0]


def scalar(path):
    """The private number of an EC key, as OpenSSL has it in memory."""
    text = subprocess.run(["openssl", "pkey", "-in", path, "-noout", "-text"], capture_output=True, text=True, check=True).stdout
    digits = text.split("priv:")[1].split("pub:")[0]
    return bytes.fromhex("".join(c for c in digits if c in "0123456789abcdef"))[-32:][::-1].hex()


def test_forms(sluis, secure, folder):
    """The same for people: a table, Markdown, a picture; who asks for nobody is told."""
    assert secure
    text = sluis.run("blast", "--role", "edge")
    assert text.returncode == 0 and "can start no program" in text.stdout and "36 of" not in text.stderr
    place = os.path.join(folder, "map")
    assert sluis.run("blast", "--role", "edge", "--svg", "--out", place).returncode == 0
    picture = xml.dom.minidom.parse(place)
    assert picture.documentElement.tagName == "svg" and len(picture.getElementsByTagName("g")) == 8
    assert sluis.run("blast", "--role", "edge", "--markdown", "--out", place).returncode == 0
    with open(place, encoding="utf-8") as file:
        assert "| edge | 0 | 0 |" in file.read()
    nobody = sluis.run("blast", "--role", "nonsense")
    assert nobody.returncode == 1 and "no process of role nonsense" in nobody.stderr
    gone = sluis.run("blast", "--beside", "99999999")
    assert gone.returncode == 1 and "there is no such process" in gone.stderr
    for wrong in (["--beside", "apache"], ["--beside", "-1"], ["more"], ["--json", "x"], ["--within", "0"], ["--within", "3601"]):
        assert sluis.run("blast", *wrong).returncode == 2
    assert instance.command("blast", "--state", folder).returncode == 1


def test_an_ordinary_user_sees_nothing(sluis, secure):
    """Nothing that was not seen is called harmless: root's instance can't be listed by others, and that is said."""
    assert secure
    ran = instance.command("blast", "--state", sluis.state, user=65534, group=65534, extra_groups=[])
    assert ran.returncode == 1 and not ran.stdout and "permission denied" in ran.stderr
