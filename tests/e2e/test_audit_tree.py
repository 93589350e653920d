"""P9, P3: the log is a Merkle tree (RFC 9162 §2.1) whose checkpoints others can check. Everything that Sluis says of it is checked
here by a second implementation, written from the RFC and from C2SP's signed-note, tlog-checkpoint and tlog-proof."""
import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess

import pytest

from harness import sluis as instance
from harness.certs import openssl
from test_audit import lines, records, segments, verify, wait_for


def sha(data):
    return hashlib.sha256(data).digest()


def root_of(leaves):
    """MTH of RFC 9162 §2.1.1, over leaf data."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\0" + leaves[0])
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\1" + root_of(leaves[:k]) + root_of(leaves[k:]))


def root_by_inclusion(leaf, index, size, path):
    """RFC 9162 §2.1.3.2; None: the path has another length than the tree."""
    fn, sn, r = index, size - 1, sha(b"\0" + leaf)
    for p in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r = sha(b"\1" + p + r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha(b"\1" + r + p)
        fn, sn = fn >> 1, sn >> 1
    return r if sn == 0 else None


def roots_by_consistency(first, size, path, first_root):
    """RFC 9162 §2.1.4.2."""
    if first & (first - 1) == 0:
        path = [first_root, *path]
    fn, sn, fr, sr = first - 1, size - 1, path[0], path[0]
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    for c in path[1:]:
        assert sn
        if fn & 1 or fn == sn:
            fr, sr = sha(b"\1" + c + fr), sha(b"\1" + c + sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha(b"\1" + sr + c)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return fr, sr


def vkey_of(state):
    with open(f"{state}/audit/audit.vkey", encoding="utf-8") as file:
        return file.read().strip()


def read_note(note, vkey, folder):
    """(size, root) of a checkpoint whose signature is good under that verifier key, by openssl."""
    name, key_id, key = vkey.split("+", 2)
    key = base64.b64decode(key, validate=True)
    assert key[0] == 1 and len(key) == 33 and sha(name.encode() + b"\n" + key)[:4].hex() == key_id
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    dash, who, blob = signatures.splitlines()[0].split(" ")
    blob = base64.b64decode(blob, validate=True)
    assert dash == "\u2014" and who == name and blob[:4].hex() == key_id
    for path, content in (("text", text.encode()), ("signature", blob[4:]),
                          ("key.der", bytes.fromhex("302a300506032b6570032100") + key[1:])):
        with open(os.path.join(folder, path), "wb") as file:
            file.write(content)
    assert "Signature Verified Successfully" in openssl(
        "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", f"{folder}/key.der", "-rawin", "-in", f"{folder}/text",
        "-sigfile", f"{folder}/signature")
    origin, size, root = text.splitlines()
    assert origin == name
    return int(size), base64.b64decode(root, validate=True)


def checkpoint(state):
    with open(f"{state}/audit/checkpoint", encoding="utf-8") as file:
        return file.read()


def prove(state, *options):
    return instance.command("audit", "prove", "--state", state, *options)


def check(folder, proof, *options):
    path = os.path.join(folder, "proof")
    with open(path, "w", encoding="utf-8") as file:
        file.write(proof)
    return instance.command("audit", "check-proof", path, *options)


def grow(sluis, requests):
    with sluis.client() as client:
        for n in range(requests):
            client.ask(target=f"/page/{n}")
    wait_for(sluis.state, lambda row: row.get("kind") == "access" and f"/page/{requests - 1}" in row["object"])


@pytest.fixture(name="grown")
def grown_log(sluis, site, origin):
    """Two runs, the first of which was killed; stopped in order. The checkpoint of the first is kept."""
    sluis.start(site(origin().address))
    grow(sluis, 20)
    wait_for(sluis.state, lambda row: row["kind"] == "checkpoint" and os.path.exists(f"{sluis.state}/audit/checkpoint"))
    sluis.first_checkpoint = checkpoint(sluis.state)
    for pid in sum(sluis.pids().values(), []):
        os.kill(pid, signal.SIGKILL)
    sluis.process.wait()
    sluis.start(site(origin().address))
    grow(sluis, 30)
    assert sluis.stop() == 0
    return sluis


@pytest.mark.smoke
def test_the_tree_and_its_proofs(grown, folder):
    the_tree_is_that_of_the_lines(grown, folder)
    inclusion(grown, folder)
    consistency(grown, folder)


def the_tree_is_that_of_the_lines(grown, folder):
    """Over a kill of every process, a restart, two segments: leaf n is line n + 1."""
    every = lines(grown.state)
    rows = records(grown.state)
    size, root = read_note(checkpoint(grown.state), vkey_of(grown.state), folder)
    assert size == len(every) - 1 and root == root_of(every[:size])  # all but the checkpoint's own line
    assert len(segments(grown.state)) == 2
    signed = [row for row in rows if row["kind"] == "checkpoint"]
    assert len(signed) > 1
    for row in signed:
        assert row["tree_size"] == row["covers"] and row["root"] == root_of(every[:row["tree_size"]]).hex()
    for row in rows:
        if row["kind"] == "segment":
            assert row["tree_size"] == row["seq"] - 1 and len(row["tree"]) == 64 * bin(row["tree_size"]).count("1")
    assert verify(grown.state).returncode == 0
    assert json.loads(instance.command("audit", "verify", "--json", "--state", grown.state).stdout)["tree_size"] == len(every)


def inclusion(grown, folder):
    every = lines(grown.state)
    vkey = vkey_of(grown.state)
    for seq in (1, 2, 19, 32, len(every) // 2, len(every) - 1):
        ran = prove(grown.state, "--record", str(seq))
        assert ran.returncode == 0, ran.stderr
        head, _, note = ran.stdout.partition("\n\n")
        first, extra, index, *path = head.splitlines()
        size, root = read_note(note, vkey, folder)
        leaf = base64.b64decode(extra.removeprefix("extra "), validate=True)
        assert first == "c2sp.org/tlog-proof@v1" and index == f"index {seq - 1}" and leaf == every[seq - 1]
        path = [base64.b64decode(line, validate=True) for line in path]
        assert root_by_inclusion(leaf, seq - 1, size, path) == root
        told = check(folder, ran.stdout, "--key", vkey)
        assert told.returncode == 0 and leaf.decode() in told.stdout, told.stderr
        another = "extra " + base64.b64encode(leaf + b" ").decode()
        for false in (ran.stdout.replace(index, f"index {seq}"), ran.stdout.replace(extra, another)):
            assert check(folder, false, "--key", vkey).returncode == 1
    asked = json.loads(prove(grown.state, "--record", "19", "--json").stdout)
    assert asked["index"] == 18 and asked["record"].encode() == every[18] and asked["checkpoint"] == checkpoint(grown.state)
    path = [base64.b64decode(part) for part in asked["path"]]
    assert root_by_inclusion(every[18], 18, asked["tree_size"], path) == base64.b64decode(asked["root"])
    assert prove(grown.state, "--record", str(len(every))).returncode == 1  # not signed yet
    assert prove(grown.state, "--record", "0").returncode == 1


def consistency(grown, folder):
    """The checkpoint that was kept before the kill is a beginning of what the log is now."""
    every = lines(grown.state)
    vkey = vkey_of(grown.state)
    older_size, older_root = read_note(grown.first_checkpoint, vkey, folder)
    kept = os.path.join(folder, "kept")
    with open(kept, "w", encoding="utf-8") as file:
        file.write(grown.first_checkpoint)
    ran = prove(grown.state, "--from", str(older_size))
    head, _, note = ran.stdout.partition("\n\n")
    old, *path = head.splitlines()
    size, root = read_note(note, vkey, folder)
    assert old == f"old {older_size}" and size > older_size and older_root == root_of(every[:older_size])
    path = [base64.b64decode(line, validate=True) for line in path]
    assert roots_by_consistency(older_size, size, path, older_root) == (older_root, root)
    told = check(folder, ran.stdout, "--key", vkey, "--older", kept)
    assert told.returncode == 0, told.stderr
    assert check(folder, ran.stdout, "--key", vkey).returncode == 1  # without what was kept nothing is shown
    assert instance.command("audit", "verify", "--state", grown.state, "--checkpoint", kept).returncode == 0
    for first in range(1, size + 1, 7):
        head = prove(grown.state, "--from", str(first)).stdout.partition("\n\n")[0]
        path = [base64.b64decode(line, validate=True) for line in head.splitlines()[1:]]
        if first < size:
            assert roots_by_consistency(first, size, path, root_of(every[:first])) == (root_of(every[:first]), root)
    assert prove(grown.state, "--from", str(size + 1)).returncode == 1


def test_an_older_copy_is_found_out(grown, folder, origin, site):
    """Whoever puts the whole directory back to an earlier state is found by a checkpoint that was kept."""
    kept = os.path.join(folder, "kept")
    subprocess.run(["cp", "-a", f"{grown.state}/audit", f"{folder}/older"], check=True)
    grown.start(site(origin().address))
    grow(grown, 5)
    assert grown.stop() == 0
    shutil.copy(f"{grown.state}/audit/checkpoint", kept)
    shutil.rmtree(f"{grown.state}/audit")
    subprocess.run(["cp", "-a", f"{folder}/older", f"{grown.state}/audit"], check=True)
    found = instance.command("audit", "verify", "--state", grown.state, "--checkpoint", kept)
    assert found.returncode == 1 and "tail was cut" in found.stdout
    grown.start(site(origin().address))
    grow(grown, 9)
    assert grown.stop() == 0
    assert verify(grown.state).returncode == 0  # it is whole in itself
    found = instance.command("audit", "verify", "--state", grown.state, "--checkpoint", kept)
    assert found.returncode == 1 and "another tree" in found.stdout


def test_false_checkpoints_are_found(grown, folder):
    path = f"{grown.state}/audit/checkpoint"
    note = checkpoint(grown.state)
    size = note.splitlines()[1]
    for false in (note.replace(size, str(int(size) - 1)), note[:-10] + "A" * 9 + "\n", "", note.replace("\u2014", "-")):
        with open(path, "w", encoding="utf-8") as file:
            file.write(false)
        found = verify(grown.state)
        assert found.returncode == 1 and "checkpoint:" in found.stdout, (false, found.stdout)
        assert prove(grown.state, "--record", "3").returncode == 1 or check(
            folder, prove(grown.state, "--record", "3").stdout, "--key", vkey_of(grown.state)).returncode == 1


def test_retention_leaves_proofs(sluis, site, origin, folder):
    """Records whose elders are gone can still be proved: their hashes stay in the first line that is left."""
    sluis.start(site(origin().address))
    grow(sluis, 20)
    assert sluis.stop() == 0
    every = lines(sluis.state)
    sluis.start(site(origin().address))
    grow(sluis, 10)
    assert sluis.stop() == 0
    every += lines(sluis.state)[len(every):]
    gone = segments(sluis.state)[0]
    with open(gone, "rb") as file:
        cut = len(file.read().splitlines())
    os.rename(gone, os.path.join(folder, "gone"))  # as retention does, which the unit tests run through
    vkey = vkey_of(sluis.state)
    for seq in (cut + 1, cut + 2, cut + 9, len(every) - 1):
        ran = prove(sluis.state, "--record", str(seq))
        assert ran.returncode == 0, ran.stderr
        assert check(folder, ran.stdout, "--key", vkey).returncode == 0
        head, _, note = ran.stdout.partition("\n\n")
        size, root = read_note(note, vkey, folder)
        path = [base64.b64decode(line) for line in head.splitlines()[3:]]
        assert root == root_of(every[:size]) == root_by_inclusion(every[seq - 1], seq - 1, size, path)
    assert prove(sluis.state, "--record", str(cut)).returncode == 1
    assert prove(sluis.state, "--from", str(cut)).returncode == 0 and prove(sluis.state, "--from", str(cut - 1)).returncode == 1
