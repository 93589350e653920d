"""Change without loss: reload and upgrade under load; a bad file changes nothing."""
import os
import signal
import time

import pytest

from harness import wire
from harness.load import Load
from harness.origin import answer


RELOADS = int(os.environ.get("SLUIS_RELOADS", "100"))


def fd_count(pid):
    """Open descriptors; a role's are hidden from an ordinary user, who sees the keeper's at least."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        return 0


def tree_fds(sluis):
    return sum(fd_count(pid) for pids in sluis.pids().values() for pid in pids)


@pytest.mark.smoke
def test_reload_changes_routes_and_servers(sluis, site, origin):
    one, two = origin(name="one"), origin(name="two")
    sluis.start(site(one.address))
    with sluis.client() as kept:
        assert kept.ask().body == b"one"
        assert sluis.reload(site(two.address)).returncode == 0
        assert kept.ask().body == b"two"
    assert sluis.ask().body == b"two"


def test_sighup_reloads(sluis, site, origin):
    one, two = origin(name="one"), origin(name="two")
    sluis.start(site(one.address))
    sluis.write(site(two.address))
    sluis.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + 10
    while sluis.ask().body != b"two":
        assert time.monotonic() < end
        time.sleep(0.05)


def test_bad_file_changes_nothing(sluis, site, origin):
    sluis.start(site(origin(name="one").address))
    before = sluis.pids()
    wrong = site("127.0.0.1:1")
    wrong["routes"][0]["backend"] = "wbe"
    ran = sluis.reload(wrong)
    assert ran.returncode == 1
    assert "sluis.yaml:" in ran.stderr and "web" in ran.stderr
    assert sluis.ask().body == b"one"
    assert sluis.pids()["edge"] == before["edge"]


def test_listeners_come_and_go(sluis, site, origin):
    web = origin(name="one")
    sluis.start(site(web.address))
    more = site(web.address)
    more["listeners"].append({"name": "second", "address": f"127.0.0.1:{sluis.port('second')}", "protocol": "http"})
    assert sluis.reload(more).returncode == 0
    assert sluis.ask(listener="second").body == b"one"
    with sluis.client("second") as kept:
        assert kept.ask().body == b"one"
        assert sluis.reload(site(web.address)).returncode == 0
    with pytest.raises(ConnectionRefusedError):
        sluis.client("second")
    assert sluis.ask().body == b"one"


def test_port_in_use_refuses_the_reload(sluis, site, origin):
    web = origin(name="one")
    sluis.start(site(web.address))
    more = site(web.address)
    more["listeners"].append({"name": "second", "address": web.address, "protocol": "http"})
    ran = sluis.reload(more)
    assert ran.returncode == 1 and "second" in ran.stderr and "in use" in ran.stderr
    assert sluis.ask().body == b"one"


def test_certificates_change(sluis, site, ca, origin):
    def with_certificate(made):
        return site(web.address, listener={"protocol": "https", "certificates": ["www"]},
                    certificates=[{"name": "www", "chain": made.chain, "key": made.key}])

    web, tls = origin(), wire.client_tls(ca.certificate)
    old, new = ca.issue("www.example.nl"), ca.issue("www.example.nl", key="rsa3072")
    sluis.start(with_certificate(old))
    with sluis.client(tls=tls) as kept:
        first = kept.sock.getpeercert(binary_form=True)
        assert sluis.reload(with_certificate(new)).returncode == 0
        assert kept.ask().status == 200
    with sluis.client(tls=tls) as fresh:
        assert fresh.sock.getpeercert(binary_form=True) != first
        assert fresh.ask().status == 200


def test_removed_server_finishes_its_requests(sluis, site, origin):
    slow = origin(lambda *_: time.sleep(1.5) or answer("slow"))
    sluis.start(site(slow.address))
    with sluis.client() as client:
        client.send(wire.request())
        slow.wait_for(1)
        assert sluis.reload(site(origin(name="new").address)).returncode == 0
        assert client.response().body == b"slow"
        assert client.ask().body == b"new"


def reload_under_load(sluis, configurations, times):
    """Busy and thinking keep-alive clients, and a new connection per request, through so many reloads."""
    with Load(sluis, 4) as busy, Load(sluis, 8, pause=0.02) as thinking, Load(sluis, 2, keep_alive=False) as fresh:
        for n in range(times):
            assert sluis.reload(configurations[n % len(configurations)]).returncode == 0
    assert busy.failures + thinking.failures + fresh.failures == []
    assert min(busy.done, thinking.done, fresh.done) >= times


@pytest.mark.limit(RELOADS + 120)
def test_reloads_under_load_lose_nothing(sluis, site, origin):
    """No failed request, and no growth of descriptors or memory. SLUIS_RELOADS=1000 for the long form."""
    servers = [origin(name="ok") for _ in range(3)]
    configurations = [site(*[server.address for server in servers[:n]]) for n in (1, 2, 3)]
    sluis.start(configurations[0])
    reload_under_load(sluis, configurations, 10)
    descriptors, memory = settled_fds(sluis), resident_kb(sluis)
    reload_under_load(sluis, configurations, RELOADS)
    assert settled_fds(sluis) <= descriptors + 12
    assert resident_kb(sluis) < memory * 1.2 + 2000


def resident_kb(sluis):
    """Resident memory of all roles."""
    total = 0
    for pids in sluis.pids().values():
        for pid in pids:
            with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                total += int(file.read().split()[1]) * 4
    return total


def settled_fds(sluis):
    """Descriptors of all roles once those of the generation before are gone."""
    end = time.monotonic() + 15
    while len(sluis.pids("dialer")) > 1 or len(sluis.pids("signer")) > 1:
        assert time.monotonic() < end, sluis.pids()
        time.sleep(0.1)
    return tree_fds(sluis)


def test_long_tunnel_survives_a_reload(sluis, site, origin):
    def echo(_request, stream):
        stream.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        while data := stream.sock.recv(65536):
            stream.send(data)

    web = origin(echo)
    sluis.start(site(web.address))
    with sluis.client() as client:
        client.send(wire.request(fields=[("Connection", "Upgrade"), ("Upgrade", "websocket")]))
        assert client.head().status == 101
        for _ in range(3):
            assert sluis.reload(site(web.address)).returncode == 0
            client.send(b"still there?")
            assert client.exactly(12) == b"still there?"


@pytest.mark.limit(120)
@pytest.mark.parametrize("how", ["command", "signal"])
def test_upgrade_under_load_loses_nothing(sluis, site, origin, how):
    sluis.start(site(origin().address))
    before = sluis.pids()
    with Load(sluis, 4) as busy, Load(sluis, 2, keep_alive=False) as fresh:
        if how == "command":
            ran = sluis.run("upgrade")
            assert ran.returncode == 0, ran.stderr
        else:
            sluis.process.send_signal(signal.SIGUSR2)
        end = time.monotonic() + 20
        while set(sluis.pids("edge")) & set(before["edge"]) or not sluis.pids("edge"):
            assert time.monotonic() < end, (before, sluis.pids())
            time.sleep(0.1)
        busy.wait(200)
        fresh.wait(50)
    assert busy.failures + fresh.failures == []
    assert sluis.status()
