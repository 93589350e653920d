"""sluis verify: who signed the manifest, what is on disk, what runs, and the libraries beneath it (A21: a changed program or library)."""
import contextlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys

import pytest

from harness.sluis import BUILD, ROOT

NEEDS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
TOOLS = os.path.join(ROOT, "tools")
DPKG = "/var/lib/dpkg/info"


def tool(name, *arguments):
    return subprocess.run([sys.executable, os.path.join(TOOLS, name), *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture(name="place")
def programs_place(folder):
    """A copy of the programs and their manifest."""
    place = os.path.join(folder, "programs")
    os.mkdir(place, mode=0o755)
    for name in os.listdir(BUILD):
        path = os.path.join(BUILD, name)
        if os.path.isfile(path) and (name == "sluis" or name.startswith("sluis-") or name == "manifest.json"):
            shutil.copy2(path, place)
    return place


@pytest.fixture(name="small")
def small_place(folder):
    """Two programs and a manifest of them: for what does not depend on how many there are."""
    place = os.path.join(folder, "small")
    os.mkdir(place, mode=0o755)
    for name in ("sluis", "sluis-relay"):
        shutil.copy2(os.path.join(BUILD, name), place)
    tool("make-manifest", os.path.join(place, "manifest.json"), "0.1.0", os.path.join(place, "sluis"), os.path.join(place, "sluis-relay"))
    return place


def look(place, *arguments, state=None):
    """(what was said, {finding})"""
    more = ["--state", state] if state else ["--disk"]
    ran = subprocess.run([os.path.join(place, "sluis"), "verify", "--json", *more, *arguments], capture_output=True, text=True, timeout=60,
                         check=False)
    assert ran.returncode in (0, 1), ran.stderr
    said = json.loads(ran.stdout)
    assert (ran.returncode == 0) == said["ok"]
    return said, {row["what"] for row in said["findings"]}


def keys(folder, name, signer="example.nl/sluis"):
    """(private, public) key files of a signer."""
    place = os.path.join(folder, name)
    os.mkdir(place)
    tool("make-release-key", place, signer)
    return os.path.join(place, "release.key"), os.path.join(place, "release.pub")


def state_of(place, *arguments):
    said, what = look(place, *arguments)
    return said["signature"]["state"], what


def test_signature(small, folder):
    """Good, missing, unchecked, of a stranger, forged, about another manifest: each is told apart, and a demanded one is demanded."""
    private, public = keys(folder, "ours")
    other_private, other_public = keys(folder, "theirs")
    manifest, note = os.path.join(small, "manifest.json"), os.path.join(small, "manifest.note")
    assert stat.S_IMODE(os.stat(private).st_mode) == 0o600
    assert state_of(small, "--key", public) == ("unsigned", {"signature"})
    tool("sign-manifest", manifest, private, "example.nl/sluis")
    said, what = look(small, "--key", public)
    assert said["signature"]["state"] == "good" and said["signature"]["is_required"] and not what
    assert said["signature"]["key"].startswith("example.nl/sluis+")
    with open(public, encoding="ascii") as file:
        text = file.read().splitlines()[-1]
    assert state_of(small, "--key", text) == ("good", set())
    assert state_of(small, "--key", other_public) == ("stranger", {"signature"})
    # While keys change both are trusted
    assert state_of(small, "--key", other_public, "--key", public) == ("good", set())
    with open(note, "rb") as file:
        good = file.read()
    # The same key's name and ID over another signature; a byte of the text; another note altogether
    at = good.rindex(b"=") - 10
    for forged in (good[:at] + (b"A" if good[at:at + 1] != b"A" else b"B") + good[at + 1:], good[:-2], b"hello\n", b"", b"x" * 100_000,
                   good.replace(b"version 0", b"version 1")):
        with open(note, "wb") as file:
            file.write(forged)
        assert state_of(small, "--key", public) == ("false", {"signature"}), forged[:80]
    # A note that is not about this manifest is false whoever is trusted
    with open(note, "wb") as file:
        file.write(good)
    with open(manifest, "a", encoding="ascii") as file:
        file.write("\n")
    for trusted in (["--key", public], []):
        assert state_of(small, *trusted) == ("false", {"signature"})
    tool("sign-manifest", manifest, other_private, "example.nl/sluis")
    assert state_of(small, "--key", public) == ("stranger", {"signature"})


def test_signature_by_openssl_alone(small, folder):
    """What docs/supply.md says to type."""
    private, public = keys(folder, "ours")
    tool("sign-manifest", os.path.join(small, "manifest.json"), private, "example.nl/sluis")
    with open(os.path.join(ROOT, "docs/supply.md"), encoding="utf-8") as file:
        part = file.read().split("With OpenSSL alone:\n\n")[1].split("\n\n")[0]
    shutil.copy(public, os.path.join(small, "release.pub"))
    ran = subprocess.run(["bash", "-euc", part], cwd=small, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in ran.stdout, ran


def test_keys_that_are_none(small, folder):
    """Nothing is half trusted: a file with one bad line, a witness's key, no key at all are refused, and said."""
    _, public = keys(folder, "ours")
    with open(public, encoding="ascii") as file:
        key = file.read().splitlines()[-1]
    bad = os.path.join(folder, "bad.pub")
    for text in (f"{key}\nnonsense\n", "# nobody\n", "", key[:-4] + "AAA=\n", f"{key}\n" * 17, "x" * 20_000):
        with open(bad, "w", encoding="ascii") as file:
            file.write(text)
        ran = subprocess.run([os.path.join(small, "sluis"), "verify", "--disk", "--key", bad], capture_output=True, text=True, check=False)
        assert ran.returncode == 1 and "neither a verifier key nor a file" in ran.stderr, (text[:80], ran)
    with open(bad, "w", encoding="ascii") as file:
        file.write(f"# one\n\n{key}\n")
    assert state_of(small, "--key", bad) == ("unsigned", {"signature"})


def test_manifests_that_are_none(small):
    """Paths that lead elsewhere, wrong forms, duplicates: no manifest."""
    path = os.path.join(small, "manifest.json")
    with open(path, encoding="ascii") as file:
        good = json.load(file)
    row = good["files"][0]
    wrong = [{**good, "format": 1}, {**good, "base": "../../.."}, {**good, "files": []}, {**good, "files": [row, row]},
             {**good, "files": [good["files"][1], row]}, {**good, "files": [row] * 600}]
    wrong += [{**good, "files": [{**row, **change}]} for change in (
        {"path": "../sluis"}, {"path": "/bin/sh"}, {"path": "a//b"}, {"path": "a/"}, {"path": "a/./b"}, {"path": "a\nb"}, {"path": ""},
        {"path": "x" * 300}, {"bytes": -1}, {"sha256": "00"}, {"mode": "4755"}, {"mode": "755"}, {"mode": "0789"}, {"mode": 755})]
    for doc in wrong:
        with open(path, "w", encoding="ascii") as file:
            json.dump(doc, file)
        ran = subprocess.run([os.path.join(small, "sluis"), "verify", "--disk"], capture_output=True, text=True, check=False)
        assert ran.returncode == 1 and "no manifest of programs" in ran.stderr, (doc["files"][:1], ran.stdout)


def poke(pid, library):
    """Changes one byte of a process's own copy of a page of code, as a debugger does; the mapping's line."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as file:
        line = [text for text in file if library in text and " r-xp " in text][0]
    start = int(line.split("-")[0], 16)
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        # Behind the beginning: padding between functions, which nothing runs
        memory.seek(start)
        page = memory.read(65536)
        at = start + max(page.find(b"\x00" * 8), 0)
        memory.seek(at)
        memory.write(b"\xcc")
    return line


@NEEDS_ROOT
def test_libraries(sluis, site, origin, place, folder):
    """As their packages have them; then a page of one in memory, and the packages' sums, are others."""
    sluis.program = os.path.join(place, "sluis")
    sluis.start(site(origin().address))
    said, what = look(place, state=sluis.state)
    assert said["ok"] and not what, said
    if not said["libraries"]["is_compared_with_packages"]:
        pytest.skip("no package manager of Debian's here")
    mapped = said["libraries"]["mapped"]
    assert mapped > 5
    # A package database that was kept elsewhere: here one that knows nothing, and one that knows another libcrypto
    sums = os.path.join(folder, "info")
    os.mkdir(sums)
    said, what = look(place, "--packages", sums, state=sluis.state)
    assert what == {"library_unknown"} and len(said["findings"]) == mapped
    for name in os.listdir(DPKG):
        if name.endswith(".md5sums"):
            with open(os.path.join(DPKG, name), encoding="utf-8", errors="surrogateescape") as file:
                text = re.sub(r"^[0-9a-f]{32}(  usr/lib/.*/libcrypto\.so\.3)$", "0" * 32 + r"\1", file.read(), flags=re.M)
            with open(os.path.join(sums, name), "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
    said, what = look(place, "--packages", sums, state=sluis.state)
    assert what == {"library_differs"} and [row["object"][-14:] for row in said["findings"]] == ["libcrypto.so.3"], said["findings"]
    ran = subprocess.run([sluis.program, "verify", "--state", sluis.state, "--packages", os.path.join(folder, "nowhere")],
                         capture_output=True, text=True, check=False)
    assert ran.returncode == 1 and "nowhere" in ran.stderr
    # One byte of code in one process, which its file does not have
    poke(sluis.pids("audit")[0], "libcrypto.so")
    said, what = look(place, state=sluis.state)
    assert what == {"code_differs"} and {row["name"] for row in said["findings"]} == {"sluis-audit"}, said["findings"]


@contextlib.contextmanager
def changed(path):
    """The file is as it was, afterwards."""
    info, kept = os.lstat(path), os.path.join(os.path.dirname(path), "kept")
    shutil.copy2(path, kept)
    try:
        yield
    finally:
        os.replace(kept, path)
        os.chmod(path, stat.S_IMODE(info.st_mode))


@NEEDS_ROOT
def test_rights(place):
    """setuid, setgid and file capabilities are told of a build directory, too; nothing of it has them."""
    edge = os.path.join(place, "sluis-edge")
    for mode in (0o4755, 0o2755):
        with changed(edge):
            os.chmod(edge, mode)
            assert look(place)[1] == {"file_rights"}
    with changed(edge):
        # version 2, one capability (CAP_SYS_ADMIN), permitted and effective
        os.setxattr(edge, "security.capability", bytes.fromhex("01000002" + "00002000" + "00000000" * 3))
        assert look(place)[1] == {"file_rights"}
    assert look(place)[0]["ok"]
