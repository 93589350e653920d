"""P11: any role may be killed at any moment; the keeper brings it back and only a killed edge loses connections."""
import os
import signal
import time

import pytest

from harness import wire
from harness.load import Load
from harness.origin import answer


def kill(sluis, role):
    pid = sluis.pids(role)[0]
    os.kill(pid, signal.SIGKILL)
    return pid


def wait_back(sluis, role, gone, within=10):
    """Waits until another process does the role's work."""
    end = time.monotonic() + within
    while not [pid for pid in sluis.pids(role) if pid != gone]:
        assert time.monotonic() < end, f"{role} did not come back: {sluis.stderr()[-2000:]}"
        time.sleep(0.02)


def answers(sluis, within=10, **keywords):
    end = time.monotonic() + within
    while True:
        try:
            if sluis.ask(**keywords).status == 200:
                return
        except (OSError, wire.Broken):
            pass
        assert time.monotonic() < end, "no answer"
        time.sleep(0.05)


@pytest.mark.smoke
@pytest.mark.parametrize("role", ["dialer", "signer", "audit"])
def test_kill_under_load_loses_nothing(sluis, site, origin, role):
    sluis.start(site(origin().address))
    with Load(sluis, 4) as busy, Load(sluis, 2, keep_alive=False) as fresh:
        for _ in range(3):
            gone = kill(sluis, role)
            wait_back(sluis, role, gone)
            busy.wait(50)
            fresh.wait(10)
            time.sleep(0.3)
    assert busy.failures + fresh.failures == []


def test_killed_edge_comes_back_and_the_other_goes_on(sluis, site, origin):
    sluis.start(site(origin().address, edges=2))
    assert len(sluis.pids("edge")) == 2
    with Load(sluis, 8) as load:
        gone = kill(sluis, "edge")
        wait_back(sluis, "edge", gone)
        load.wait(200)
    # What was on its way in the killed edge is lost: at most one request per client.
    assert len(load.failures) <= 8
    end = time.monotonic() + 5
    while len(sluis.pids("edge")) < 2:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_single_edge_comes_back(sluis, site, origin):
    sluis.start(site(origin().address))
    wait_back(sluis, "edge", kill(sluis, "edge"))
    answers(sluis)


def test_handshakes_after_the_signer_was_killed(sluis, site, ca, origin):
    made = ca.issue("www.example.nl")
    sluis.start(site(origin().address, listener={"protocol": "https", "certificates": ["www"]},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    tls = wire.client_tls(ca.certificate)
    with sluis.client(tls=tls) as kept:
        wait_back(sluis, "signer", kill(sluis, "signer"))
        assert kept.ask().status == 200
    answers(sluis, tls=tls)


def test_console_is_restarted(sluis, site, origin):
    port = sluis.port("metrics")
    sluis.start(site(origin().address, metrics={"address": f"127.0.0.1:{port}"}))
    wait_back(sluis, "console", kill(sluis, "console"))
    end = time.monotonic() + 10
    while True:
        try:
            assert sluis.ask("/metrics", listener="metrics").status == 200
            break
        except (OSError, wire.Broken):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_restarts_are_counted(sluis, site, origin):
    sluis.start(site(origin().address))
    wait_back(sluis, "dialer", kill(sluis, "dialer"))
    answers(sluis)
    roles = [row for row in sluis.status()["roles"] if row["role"] == "dialer"]
    assert sum(row["restarts"] for row in roles) == 1


@pytest.mark.limit(90)
def test_restart_storm_takes_nobody_down(sluis, site, origin):
    """Killed again and again, a role waits longer each time; the keeper stays calm and the rest goes on."""
    sluis.start(site(origin().address, edges=1))
    with Load(sluis, 2) as load:
        ended, killed = time.monotonic() + 5, 0
        while time.monotonic() < ended:
            for pid in sluis.pids("audit"):
                os.kill(pid, signal.SIGKILL)
                killed += 1
            time.sleep(0.01)
        load.wait(50)
    assert load.failures == []
    assert killed < 60
    used = sum(int(value) for value in stat(sluis.process.pid)[11:13]) / os.sysconf("SC_CLK_TCK")
    assert used < 2.5, f"the keeper used {used} s of CPU"


def stat(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        text = file.read()
    return text[text.rindex(")") + 2:].split()


def test_roles_end_with_the_keeper(sluis, site, origin):
    sluis.start(site(origin().address))
    below = [pid for role, pids in sluis.pids().items() if role != "keeper" for pid in pids]
    sluis.process.kill()
    sluis.process.wait()
    end = time.monotonic() + 10
    while left := [pid for pid in below if os.path.exists(f"/proc/{pid}") and not is_zombie(pid)]:
        assert time.monotonic() < end, f"still there: {left}"
        time.sleep(0.05)


def is_zombie(pid):
    try:
        return stat(pid)[0] == "Z"
    except OSError:
        return True


def test_starts_again_after_a_crash(sluis, site, origin):
    """A keeper that was killed leaves nothing that keeps the next one from starting."""
    configuration = site(origin().address)
    sluis.start(configuration)
    sluis.process.kill()
    sluis.process.wait()
    time.sleep(0.5)
    sluis.start(configuration)
    assert sluis.ask().status == 200


def test_stop_drains(sluis, site, origin):
    """SIGTERM: what is under way is finished, exit 0."""
    slow = origin(lambda *_: time.sleep(1) or answer("done"))
    sluis.start(site(slow.address))
    with sluis.client() as client:
        client.send(wire.request())
        slow.wait_for(1)
        sluis.process.send_signal(signal.SIGTERM)
        assert client.response().body == b"done"
    assert sluis.process.wait(15) == 0
