"""The keeper where things go wrong: programs that can't start, a state directory that is taken, a kernel without namespaces."""
import glob
import os
import shutil
import signal
import stat
import subprocess
import sys
import time

import pytest

from harness.load import Load
from harness.sluis import BUILD, COMMAND, command
from harness.wait import until

ROLES = ["keeper", "config", "signer", "edge", "dialer", "audit", "console", "exporter", "relay",
         "authority", "verifier", "spawner", "shipper", "herald"]


@pytest.fixture
def programs(tmp_path):
    """A copy of the role programs that a test may break."""
    folder = tmp_path / "programs"
    folder.mkdir(mode=0o755)
    for role in ROLES:
        if os.path.exists(f"{BUILD}/sluis-{role}"):
            shutil.copy2(f"{BUILD}/sluis-{role}", folder)
    return str(folder)


def replace(path, text):
    """A new file in place of a program, as an installation does it: never written into."""
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path + ".new", 0o755)
    os.rename(path + ".new", path)


def restore(programs, role):
    shutil.copy2(f"{BUILD}/sluis-{role}", f"{programs}/sluis-{role}.new")
    os.rename(f"{programs}/sluis-{role}.new", f"{programs}/sluis-{role}")


@pytest.mark.parametrize("role", ["edge", "signer", "dialer", "config"])
def test_upgrade_to_a_role_that_can_not_start(sluis, site, origin, programs, role):
    """The old ones go on, nobody notices; when it is repaired the next upgrade works."""
    sluis.start(site(origin().address), flags=["--programs", programs])
    before = sluis.pids()
    replace(f"{programs}/sluis-{role}", "#!/bin/false\n")
    with Load(sluis, 2) as load:
        ran = sluis.run("upgrade")
        assert ran.returncode == 1
        assert "error: " in ran.stderr
        load.wait(50)
    assert load.failures == []
    after = sluis.pids()
    assert {r: p for r, p in after.items() if r != "config"} == {r: p for r, p in before.items() if r != "config"}
    restore(programs, role)
    ran = sluis.run("upgrade")
    assert ran.returncode == 0, ran.stderr
    assert sluis.ask().status == 200
    until(lambda: not set(sluis.pids("signer")) & set(before["signer"]))


def test_upgrade_to_a_keeper_that_can_not_start(sluis, site, origin, programs):
    sluis.start(site(origin().address), flags=["--programs", programs])
    before = sluis.pids()
    replace(f"{programs}/sluis-keeper", "#!/bin/false\n")
    ran = sluis.run("upgrade")
    assert ran.returncode == 1 and "no upgrade" in ran.stderr
    assert sluis.ask().status == 200
    assert sluis.pids() == before
    os.unlink(f"{programs}/sluis-keeper")
    assert sluis.run("upgrade").returncode == 1
    assert sluis.pids() == before


def test_upgrade_with_a_role_missing(sluis, site, origin, programs):
    sluis.start(site(origin().address), flags=["--programs", programs])
    os.unlink(f"{programs}/sluis-audit")
    ran = sluis.run("upgrade")
    assert ran.returncode == 1 and "do not fit" in ran.stderr
    assert "sluis-audit is missing" in sluis.stderr()
    assert sluis.ask().status == 200


@pytest.mark.limit(120)
def test_upgrades_in_a_row_lose_and_leak_nothing(sluis, site, origin):
    sluis.start(site(origin().address))
    is_weaker = "held to ports alone" in sluis.stderr()
    assert sluis.run("upgrade").returncode == 0
    first = len(os.listdir(f"/proc/{sluis.process.pid}/fd"))
    with Load(sluis, 3) as load:
        for _ in range(10):
            ran = sluis.run("upgrade")
            assert ran.returncode == 0, ran.stderr
        load.wait(20)
    assert load.failures == []
    end = time.monotonic() + 20
    while len(os.listdir(f"/proc/{sluis.process.pid}/fd")) > first:
        assert time.monotonic() < end, sluis.status()["roles"]
        time.sleep(0.1)
    assert len(sluis.pids("audit")) == 1
    assert ("held to ports alone" in sluis.stderr()) == is_weaker  # P4: no upgrade weakens the dialer's reach
    assert sluis.stop() == 0
    verified = command("audit", "verify", "--state", sluis.state)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_reload_is_refused_while_a_role_can_not_start(sluis, site, origin, programs):
    sluis.start(site(origin().address), flags=["--programs", programs])
    replace(f"{programs}/sluis-signer", "#!/bin/false\n")
    ran = sluis.reload()
    assert ran.returncode == 1 and "signer" in ran.stderr
    assert sluis.ask().status == 200
    restore(programs, "signer")
    assert sluis.reload().returncode == 0


def test_first_start_with_a_role_that_can_not_start(sluis, site, origin, programs):
    replace(f"{programs}/sluis-edge", "#!/bin/false\n")
    sluis.launch(site(origin().address), flags=["--programs", programs])
    assert sluis.process.wait(20) == 1
    assert "error: " in sluis.stderr()


def test_two_instances_do_not_share_a_state_directory(sluis, site, origin):
    sluis.start(site(origin().address))
    second = command("run", "--config", sluis.config, "--state", sluis.state)
    assert second.returncode == 1
    assert f"another Sluis runs with state directory {sluis.state}" in second.stderr
    assert sluis.ask().status == 200
    assert sluis.status()


def test_state_directory_is_reused_after_a_killed_keeper(sluis, site, origin):
    sluis.start(site(origin().address))
    sluis.process.kill()
    sluis.process.wait()
    sluis.start(site(origin().address))
    assert sluis.ask().status == 200
    mode = os.stat(f"{sluis.state}/control.sock").st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(os.stat(f"{sluis.state}/keys").st_mode) == 0o700


def test_strangers_may_not_ask(sluis, site, origin):
    if os.getuid() != 0:
        pytest.skip("needs root")
    sluis.start(site(origin().address))
    os.chmod(f"{sluis.state}/control.sock", 0o666)
    ran = subprocess.run([COMMAND, "status", "--state", sluis.state], user=65534, group=65534, extra_groups=[],
                         capture_output=True, text=True, check=False, timeout=20)
    assert ran.returncode == 1 and "the keeper closed the connection" in ran.stderr
    assert sluis.status()


def test_reloads_that_come_together_are_one(sluis, site, origin):
    sluis.start(site(origin().address))
    asked = [subprocess.Popen([COMMAND, "reload", "--state", sluis.state], stdout=subprocess.DEVNULL) for _ in range(6)]
    assert [process.wait(30) for process in asked] == [0] * 6
    assert sluis.status()["generation"] <= 4
    assert sluis.ask().status == 200


def test_second_signal_ends_at_once(sluis, site, origin):
    def stuck(_request, _stream):
        time.sleep(60)

    sluis.start(site(origin(stuck).address))
    with sluis.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: www.example.nl\r\n\r\n")
        time.sleep(0.3)
        sluis.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert sluis.process.poll() is None
        began = time.monotonic()
        sluis.process.send_signal(signal.SIGTERM)
        assert sluis.process.wait(10) == 0
        assert time.monotonic() - began < 5
    assert command("audit", "verify", "--state", sluis.state).returncode == 0


WITHOUT = """
import ctypes, os, sys
r, w = os.pipe(); r2, w2 = os.pipe()
pid = os.fork()
if pid == 0:
    assert ctypes.CDLL(None, use_errno=True).unshare(0x10000000) == 0
    os.write(w, b"x"); os.read(r2, 1)
    os.setgid(0); os.setuid(0)
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
    os.execv(sys.argv[1], sys.argv[1:])
os.read(r, 1)
for name in ("uid_map", "gid_map"):
    with open(f"/proc/{pid}/{name}", "w") as file:
        file.write("0 0 65536\\n")
os.write(w2, b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_kernel_without_namespaces(sluis, site, origin):
    """Refused with the promise's number; --allow-weaker starts it, and status says what is weaker."""
    if os.getuid() != 0:
        pytest.skip("needs root to make such a kernel")
    sluis.write(site(origin().address))
    os.mkdir(sluis.state)
    os.chown(sluis.state, 65534, 65534)
    start = [sys.executable, "-c", WITHOUT, COMMAND, "run", "--config", sluis.config, "--state", sluis.state]
    refused = subprocess.run(start, capture_output=True, text=True, check=False, timeout=20)
    assert refused.returncode == 1
    assert "P5" in refused.stderr and "--allow-weaker" in refused.stderr
    with open(sluis.errors, "ab") as errors:
        weak = subprocess.Popen([*start, "--allow-weaker", "P4", "--allow-weaker", "P5"], stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert weak.stdout.readline() == "ready\n", sluis.stderr()
        assert sluis.ask().status == 200
        rows = {row["role"]: row for row in sluis.status()["roles"]}
        assert "P4" in rows["edge"]["weaker"] and "P5" in rows["edge"]["weaker"]
    finally:
        os.kill(rows["keeper"]["pid"], signal.SIGTERM)
        weak.wait(20)


def test_dialer_cgroups_do_not_pile_up(sluis, site, origin):
    if os.getuid() != 0:
        pytest.skip("needs root")
    sluis.start(site(origin().address))
    mine = f"/sys/fs/cgroup/**/sluis-dialer-{sluis.process.pid}-*"
    if not glob.glob(mine, recursive=True):
        pytest.skip("no cgroup rules on this machine")
    assert sluis.status()["dialer_reach"] == "addresses"
    for _ in range(5):
        assert sluis.reload().returncode == 0
    end = time.monotonic() + 10
    while len(glob.glob(mine, recursive=True)) > 1:
        assert time.monotonic() < end
        time.sleep(0.1)
