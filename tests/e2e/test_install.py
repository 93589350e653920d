"""make install: what lands where, and that it runs from there."""
import json
import os
import re
import subprocess

import pytest

from harness import sluis as instance


@pytest.fixture(name="installed")
def install_tree(folder):
    """The root of an installation of the build under test."""
    if not os.path.exists(os.path.join(instance.BUILD, "build.ninja")):
        pytest.skip("SLUIS_BUILD is a folder of programs, not a build directory")
    if not os.access(os.path.join(instance.BUILD, "meson-logs"), os.W_OK):
        pytest.skip("somebody else's build directory")
    root = os.path.join(folder, "root")
    subprocess.run(["meson", "install", "--no-rebuild", "--quiet", "-C", instance.BUILD], check=True,
                   env={**os.environ, "DESTDIR": root}, stdout=subprocess.DEVNULL)
    os.chmod(root, 0o755)
    return root


def found(root):
    return {os.path.join(base, name).removeprefix(root) for base, _, names in os.walk(root) for name in names}


def test_files(installed):
    files = found(installed)
    for role in ("keeper", "config", "signer", "edge", "dialer", "audit", "console", "exporter", "relay", "verifier", "herald"):
        assert [path for path in files if path.endswith(f"/libexec/sluis/sluis-{role}")], role
        assert [path for path in files if path.endswith(f"/man/man8/sluis-{role}.8")], role
    for end in ("/bin/sluis", "/systemd/system/sluis.service", "/sysusers.d/sluis.conf", "/tmpfiles.d/sluis.conf"):
        assert [path for path in files if path.endswith(end)], end


def test_unit_names_the_installed_program(installed):
    unit = [path for path in found(installed) if path.endswith("sluis.service")][0]
    program = [path for path in found(installed) if path.endswith("/bin/sluis")][0]
    with open(installed + unit, encoding="utf-8") as file:
        assert f"ExecStart={program} run " in file.read()


def test_runs_from_there(installed, sluis, site, origin):
    """It finds its roles in ../libexec/sluis; the build directory is not asked."""
    sluis.program = installed + [path for path in found(installed) if path.endswith("/bin/sluis")][0]
    sluis.start(site(origin().address))
    assert sluis.ask().body == b"origin"
    for pid in sluis.pids("edge"):
        assert os.readlink(f"/proc/{pid}/exe").startswith(installed)


def test_manifest_is_of_what_is_installed(installed):
    """Every program, as it lies there, and the command beside them in ../../bin."""
    program = installed + [path for path in found(installed) if path.endswith("/bin/sluis")][0]
    said = json.loads(subprocess.run([program, "verify", "--disk", "--json"], capture_output=True, check=False).stdout)
    programs = [path for path in found(installed) if re.search("/libexec/sluis/sluis-[a-z-]+$", path)]
    assert said["ok"] and said["files"] == len(programs) + 1 > 12 and said["manifest"]["path"].startswith(installed), said
    with open(program, "ab") as file:
        file.write(b"\0")
    said = json.loads(subprocess.run([program, "verify", "--disk", "--json"], capture_output=True, check=False).stdout)
    assert [(row["what"], row["name"]) for row in said["findings"]] == [("file_differs", "sluis")]
