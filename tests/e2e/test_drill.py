"""sluis drill: whoever takes a role over gets nowhere (P1 to P11), and a drill that could not fail would be worth nothing."""
import json
import os
import re
import shutil
import signal
import subprocess
import xml.etree.ElementTree as tree

import pytest

from harness import gateway as gateways
from harness import sluis as instance
from harness.wait import until

ROLES = {"audit", "authority", "cell", "config", "console", "dialer", "edge", "exporter", "herald", "relay", "shipper", "signer",
         "spawner", "verifier"}


@pytest.fixture(name="whole")
def start_whole(sluis, origin, ca):
    """An instance in which every role runs: gateway, datagrams, shipping, traces, status page, metrics."""
    made = gateways.Gateway(sluis, ca, {"cases": (origin().address, {"access": {"allow": {"group": "staff"}}})})
    configuration = made.configuration()
    configuration["edges"] = 2
    configuration["listeners"] += [
        {"name": "public", "address": f"127.0.0.1:{sluis.port('public')}", "protocol": "http"},
        {"name": "names", "address": f"127.0.0.1:{sluis.port('udp')}", "protocol": "udp", "backend": "names"}]
    configuration["backends"] += [{"name": "web", "servers": [origin().address]},
                                  {"name": "names", "servers": [f"127.0.0.1:{sluis.port('names')}"]}]
    configuration["routes"] = [{"name": "all", "hosts": ["*"], "listeners": ["public"], "backend": "web"}]
    configuration["tracing"] = {"otlp": f"http://127.0.0.1:{sluis.port('collector')}"}
    configuration["metrics"] = {"address": f"127.0.0.1:{sluis.port('metrics')}"}
    configuration["status_page"] = {"address": f"127.0.0.1:{sluis.port('status')}"}
    configuration["log"] = {"ship": [{"syslog_tls": f"127.0.0.1:{sluis.port('siem')}", "name": "siem", "ca": ca.certificate}]}
    sluis.start(configuration)
    return sluis


def drilled(sluis, *arguments, within=280):
    ran = sluis.run("drill", "--json", *arguments, within=within)
    return ran.returncode, json.loads(ran.stdout), ran.stderr


def worked(document, verdict):
    return [(role["role"], act["name"], act["detail"]) for role in document["roles"] for act in role["acts"] if act["verdict"] == verdict]


@pytest.mark.limit(300)
def test_no_role_gets_anywhere(whole, folder):
    picture = os.path.join(folder, "drill.svg")
    status, said, errors = drilled(whole, "--svg", picture)
    assert {role["role"] for role in said["roles"]} == ROLES
    assert worked(said, "breach") == [] and worked(said, "unfinished") == [], errors
    assert status == 0 and not [role for role in said["roles"] if "broken" in role], said
    drawn = "".join(tree.parse(picture).getroot().itertext())
    assert all(role in drawn for role in ROLES) and "BREACH" not in drawn


def test_a_hole_is_found(sluis, site, origin, folder):
    """A drill that can't fail proves nothing: an edge that may make sockets is a breach, named, logged, and exit status 1."""
    programs = os.path.join(folder, "programs")
    shutil.copytree(instance.BUILD, programs, ignore=lambda place, names: [
        name for name in names if not re.fullmatch("sluis-[a-z-]+|manifest.json", name) or os.path.isdir(os.path.join(place, name))])
    os.chmod(programs, 0o755)
    shutil.copy(os.path.join(instance.BUILD, "tests/planted/sluis-intruder-edge-wider"), os.path.join(programs, "sluis-intruder-edge"))
    sluis.start(site(origin().address), flags=["--programs", programs])
    status, said, _ = drilled(sluis, "--role", "edge")
    found = {name for _, name, _ in worked(said, "breach")}
    assert status == 1 and {"socket-tcp", "socket-unix", "socket-netlink"} <= found, found
    assert not found - {act for act in found if act.startswith("socket-")}, found
    people = sluis.run("drill", "--role", "edge", "--act", "socket-unix")
    assert people.returncode == 1 and "BREACH" in people.stdout and "1 breaches" in people.stdout, people.stdout
    until(lambda: len(log(sluis)) == 4)
    last = log(sluis)
    assert [row["action"] for row in last] == ["drill.began", "drill.ended"] * 2
    assert {row["result"] for row in last if row["action"] == "drill.ended"} == {"breached"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_an_ordinary_users_dialer(sluis, site, origin, folder):
    """P4 where no cgroup rules can be made: held to ports, and neither Fast Open nor MPTCP go round that; root drills as that user."""
    started = os.path.join(folder, "as-nobody")
    with open(started, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups {instance.COMMAND} "$@"\n')
    os.chmod(started, 0o755)
    os.chown(sluis.folder, 65534, 65534)
    sluis.program = started
    sluis.start(site(origin().address))
    status, said, errors = drilled(sluis, "--role", "dialer")
    assert status == 0 and said["root"] is False and worked(said, "breach") == [], errors
    stopped = {name for name in ("connect-neighbour", "connect-fastopen", "connect-fastopen-message", "connect-mptcp")
               if (("dialer", name) in {(role, act) for role, act, _ in worked(said, "refused") + worked(said, "died")})}
    assert len(stopped) == 4, stopped


def log(sluis):
    """What the audit log says of drills."""
    ran = sluis.run("audit", "tail", "-n", "100", "--grep", '"drill.', "--json")
    return [row for row in map(json.loads, ran.stdout.splitlines()) if row["action"].startswith("drill.")]


def test_the_instance_is_left_alone(sluis, site, origin):
    """The twin has its own network, log and processes: the same ones run afterwards, and its log has two lines more."""
    server = origin()
    sluis.start(site(server.address, edges=2))
    before, asked = sluis.pids(), len(server.targets)
    assert sluis.ask().status == 200
    status, said, errors = drilled(sluis, "--role", "dialer", "--act", "connect-neighbour")
    assert status == 0 and said["totals"]["acts"] == 1 and said["totals"]["breaches"] == 0, errors
    assert sluis.pids() == before and len(server.targets) == asked + 1 and sluis.ask().status == 200
    assert not [name for name in os.listdir("/tmp") if name.startswith("sluis-drill-") and os.stat(f"/tmp/{name}").st_uid == os.geteuid()
                and os.listdir(f"/tmp/{name}")]


def test_interrupted(sluis, site, origin):
    """Ctrl-C: the twins are gone at once, the rest is told as unfinished, and nobody takes that for a good drill."""
    sluis.start(site(origin().address))
    with subprocess.Popen([instance.COMMAND, "drill", "--json", "--state", sluis.state], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as drill:
        until(lambda: len(log(sluis)) == 1)
        drill.send_signal(signal.SIGTERM)
        said = json.loads(drill.communicate(timeout=30)[0])
    assert drill.returncode == 1 and said["totals"]["unfinished"] > 0
    assert "it was interrupted" in {role.get("broken") for role in said["roles"]}
    assert not instance.descendants(drill.pid)
    until(lambda: len(log(sluis)) == 2)
    assert log(sluis)[1]["result"] == "failed"


def test_command_line(sluis, site, origin):
    assert "open-key" in instance.command("drill", "--list").stdout
    assert len(instance.command("drill", "--list").stdout.splitlines()) >= 120
    assert instance.command("drill", "--act", "nothing").returncode == 2
    assert instance.command("drill", "--nothing").returncode == 2
    sluis.start(site(origin().address))
    ran = sluis.run("drill", "--role", "relay")
    assert ran.returncode == 1 and "no role relay runs here" in ran.stderr
    keeper = subprocess.run([os.path.join(instance.BUILD, "sluis-keeper"), "--config", sluis.config, "--state", sluis.state + "2",
                             "--drill", "edge"], capture_output=True, text=True, timeout=20, check=False)
    assert keeper.returncode == 1 and "--drill is for `sluis drill`" in keeper.stderr


def test_intruder_alone_does_nothing():
    """Without a twin's board the programs end at once."""
    for role in ROLES - {"cell"}:
        ran = subprocess.run([os.path.join(instance.BUILD, f"sluis-intruder-{role}")], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=20, check=False)
        assert ran.returncode != 0, role
