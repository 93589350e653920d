"""make install: what lands where, that it runs from there, and that nothing of it changes unseen."""
import json
import os
import re
import shutil
import subprocess

import pytest

from harness import sluis as instance


@pytest.fixture(scope="module", name="tree")
def install_tree(scratch):
    """The root of an installation of the build under test."""
    if not os.path.exists(os.path.join(instance.BUILD, "build.ninja")):
        pytest.skip("SLUIS_BUILD is a folder of programs, not a build directory")
    if not os.access(os.path.join(instance.BUILD, "meson-logs"), os.W_OK):
        pytest.skip("somebody else's build directory")
    root = os.path.join(scratch, "installed")
    subprocess.run(["meson", "install", "--no-rebuild", "--quiet", "-C", instance.BUILD], check=True,
                   env={**os.environ, "DESTDIR": root, "SOURCE_DATE_EPOCH": "1700000000"}, stdout=subprocess.DEVNULL)
    os.chmod(root, 0o755)
    return root


@pytest.fixture(name="installed")
def copied_tree(tree, folder):
    """A copy that a test may change."""
    root = os.path.join(folder, "root")
    shutil.copytree(tree, root)
    return root


def found(root):
    return {os.path.join(base, name).removeprefix(root) for base, _, names in os.walk(root) for name in names}


def one(root, end):
    """The path of the only file that ends so."""
    paths = [root + path for path in found(root) if path.endswith(end)]
    assert len(paths) == 1, (end, paths)
    return paths[0]


def look(root, *arguments):
    """(what sluis verify says of the files, [(finding, name)])"""
    ran = subprocess.run([one(root, "/bin/sluis"), "verify", "--disk", "--json", *arguments], capture_output=True, check=False)
    said = json.loads(ran.stdout)
    assert (ran.returncode == 0) == said["ok"]
    return said, [(row["what"], row["name"]) for row in said["findings"]]


def test_files(tree):
    files = found(tree)
    for role in ("keeper", "config", "signer", "edge", "dialer", "audit", "console", "exporter", "relay", "verifier", "herald"):
        assert [path for path in files if path.endswith(f"/libexec/sluis/sluis-{role}")], role
        assert [path for path in files if path.endswith(f"/man/man8/sluis-{role}.8")], role
    for end in ("/bin/sluis", "/systemd/system/sluis.service", "/sysusers.d/sluis.conf", "/tmpfiles.d/sluis.conf"):
        assert [path for path in files if path.endswith(end)], end


def test_unit_names_the_installed_program(tree):
    unit = [path for path in found(tree) if path.endswith("sluis.service")][0]
    program = [path for path in found(tree) if path.endswith("/bin/sluis")][0]
    with open(tree + unit, encoding="utf-8") as file:
        assert f"ExecStart={program} run " in file.read()


def test_runs_from_there(tree, sluis, site, origin):
    """It finds its roles in ../libexec/sluis; the build directory is not asked."""
    sluis.program = one(tree, "/bin/sluis")
    sluis.start(site(origin().address))
    assert sluis.ask().body == b"origin"
    for pid in sluis.pids("edge"):
        assert os.readlink(f"/proc/{pid}/exe").startswith(tree)


def test_manifest_is_of_what_is_installed(installed):
    """Every file below the prefix, as it lies there; programs, units, pages, completion and the bill of materials."""
    said, findings = look(installed)
    own = [path for path in found(installed) if path.endswith(("/manifest.json", "/manifest.note"))]
    assert said["ok"] and not findings and said["files"] == len(found(installed)) - len(own) > 30, said
    assert said["manifest"]["path"].startswith(installed) and said["signature"]["state"] == "unsigned"
    with open(own and installed + own[0], encoding="ascii") as file:
        rows = json.load(file)["files"]
    assert all(re.fullmatch("0(644|755)", row["mode"]) for row in rows)
    needed = {row["path"] for row in rows if not row.get("optional")}
    assert needed >= {"bin/sluis", "libexec/sluis/sluis-keeper", "share/sluis/sbom.cdx.json", "lib/systemd/system/sluis.service"}


def test_changes_are_seen(installed):
    """Bytes, modes, links and strangers; pages of the manual may be left out, but not be others."""
    service, page, keeper = one(installed, "/sluis.service"), one(installed, "/man8/sluis-edge.8"), one(installed, "/sluis/sluis-keeper")
    with open(service, "a", encoding="utf-8") as file:
        file.write("ExecStartPre=/bin/true\n")
    os.unlink(page)
    assert look(installed)[1] == [("file_differs", "lib/systemd/system/sluis.service")]
    with open(page, "w", encoding="utf-8") as file:
        file.write("another\n")
    os.chmod(page, 0o644)
    shutil.copy2(instance.COMMAND, os.path.join(os.path.dirname(keeper), "helper"))
    os.chmod(keeper, 0o775)
    os.rename(one(installed, "/sluis/sluis-relay"), os.path.join(installed, "relay"))
    os.symlink(os.path.join(installed, "relay"), os.path.join(os.path.dirname(keeper), "sluis-relay"))
    os.unlink(one(installed, "/sluis/sluis-herald"))
    os.chmod(os.path.dirname(keeper), 0o777)
    assert sorted(look(installed)[1]) == [
        ("file_differs", "lib/systemd/system/sluis.service"), ("file_differs", "share/man/man8/sluis-edge.8"),
        ("file_differs", "sluis-relay"), ("file_extra", "helper"),
        ("file_missing", "sluis-herald"), ("file_mode", "programs"), ("file_mode", "sluis-keeper")]


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_owners_are_seen(installed):
    """A program, and the directory, of somebody who could change it."""
    place = os.path.dirname(one(installed, "/sluis/sluis-keeper"))
    os.chown(place, 1234, 1234)
    os.chown(os.path.join(place, "sluis-signer"), 1234, 1234)
    assert sorted(look(installed)[1]) == [("file_owner", "programs"), ("file_owner", "sluis-signer")]


def test_no_place_of_the_build_in_programs(tree):
    """A light look at what make reproducible proves: no path of the tree or of its user's home is in what is installed."""
    if instance.IS_SANITIZED:
        pytest.skip("a sanitizer names sources by their place")
    for path in found(tree):
        with open(tree + path, "rb") as file:
            assert instance.ROOT.encode() not in file.read(), path


def test_bill_of_materials(tree):
    """CycloneDX 1.5: every program with what it links, each of those with version, licence and hash; the references lead somewhere."""
    with open(one(tree, "/share/sluis/sbom.cdx.json"), encoding="ascii") as file:
        bill = json.load(file)
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    assert bill["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    own, libraries = bill["metadata"]["component"], bill["components"]
    files = {row["name"]: row for row in own["components"]}
    programs = {row["bom-ref"] for row in files.values() if "bom-ref" in row}
    assert len(programs) == len([path for path in found(tree) if re.search(r"/libexec/sluis/sluis-[a-z-]+$|/bin/sluis$", path)])
    refs = [own["bom-ref"], *programs, *(row["bom-ref"] for row in libraries)]
    assert len(refs) == len(set(refs))
    depends = {row["ref"]: row["dependsOn"] for row in bill["dependencies"]}
    assert set(depends) == set(refs) and {ref for row in depends.values() for ref in row} < set(refs)
    if not shutil.which("dpkg-query"):
        return
    for row in libraries:
        assert row["purl"].startswith("pkg:deb/") and row["version"] and row["licenses"], row
        assert all(re.fullmatch("[0-9a-f]{64}", one_file["hashes"][0]["content"]) for one_file in row["components"])
    edge = {row["name"] for row in libraries if row["bom-ref"] in depends[f"{own['bom-ref']}#libexec/sluis/sluis-edge"]}
    assert {"libc6", "libssl3", "libnghttp2-14"} <= edge and "libsqlite3-0" not in edge
