"""The gateway's configuration as people meet it: sluis check says what is wrong and what to write instead, sluis explain
where a request goes, sluis diff what changes. Nothing here logs in: test_gateway.py does."""
import json
import os
import re

import pytest

from harness import gateway as people
from harness import sluis as instance
from harness import yaml

HOSTS = ["login.example.nl", "cases.example.nl", "files.example.nl", "www.example.nl"]
ALLOW = {"all": [{"group": "prosecutors"}, {"any": [{"zone": "office"}, {"factor": "passkey"}]}]}


def gateway(ca):
    """A configuration that check has nothing to say about."""
    certificate = ca.issue(*HOSTS, file="gateway-config")
    return {
        "listeners": [{"name": "public", "address": "127.0.0.1:8443", "certificates": ["c"]},
                      {"name": "staff", "address": "127.0.0.1:9443", "certificates": ["c"], "isolation": "cell"}],
        "certificates": [{"name": "c", "chain": certificate.chain, "key": certificate.key}],
        "backends": [{"name": "web", "servers": ["127.0.0.1:9001"]}, {"name": "cases", "servers": ["127.0.0.1:9002"]},
                     {"name": "files", "servers": ["127.0.0.1:9003"]}],
        "routes": [{"name": "www", "hosts": ["www.example.nl"], "backend": "web"}],
        "gateway": {"host": "login.example.nl"},
        "zones": [{"name": "office", "networks": ["10.0.0.0/8"]}],
        "apps": [{"name": "cases", "title": {"nl": "Zaken", "en": "Cases"}, "host": "cases.example.nl", "backend": "cases",
                  "access": {"allow": ALLOW, "deny": {"group": "suspended"}},
                  "identity": {"header": "X-Sluis-Identity", "jwt": True, "audience": "cases"}},
                 {"name": "files", "host": "files.example.nl", "backend": "files", "access": {"allow": {"everyone": True}}}],
    }


def write(folder, configuration, name="gateway.yaml"):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(yaml.dump(configuration))
    return path


@pytest.mark.smoke
def test_a_good_one_is_good(folder, ca):
    ran = instance.command("check", write(folder, gateway(ca)))
    assert ran.returncode == 0 and "warning" not in ran.stderr, ran.stderr


def at(configuration, path):
    """Everything but the last word of a path, to set it."""
    for word in path[:-1]:
        configuration = configuration[word]
    return configuration


# what is set where, "error" or "warning", words of the message
WRONG = [
    (("listeners", 1, "protocol"), "http", "error", "isolation: cell is for protocol: https"),
    (("listeners", 1, "isolation"), "shared", "error", "write isolation: cell on a listener"),
    (("gateway", "host"), "https://login.example.nl", "error", "without scheme, port or path"),
    (("gateway", "host"), "other.example.org", "warning", "no certificate of listener \"staff\" covers \"other.example.org\""),
    (("gateway", "session"), {"rotate": "5s"}, "error", "from 10s to"),
    (("gateway", "session"), {"rotate": "40m"}, "error", "write a rotate that is less than idle"),
    (("gateway", "cells"), {"before_login": 6000}, "error", "strangers could take every connection"),
    (("factors",), {"require": []}, "error", "lets nobody in"),
    (("factors",), {"require": [[]]}, "error", "lets everybody in"),
    (("factors",), {"require": [["recovery"]]}, "error", "passkey, password, totp, not \"recovery\""),
    (("factors",), {"require": [["totp"]]}, "error", "write [password, totp]"),
    (("factors",), {"require": [["password"]]}, "warning", "whoever learns a password is in"),
    (("identity",), [{"name": "ad", "type": "ldap"}], "error", "ldap is not available in this version"),
    (("apps", 0, "host"), "login.example.nl", "error", "is taken at"),
    (("apps", 0, "backend"), "cses", "error", "did you mean \"cases\"?"),
    (("apps", 0, "backend"), "web", "warning", "also reached without a log-in"),
    (("apps", 0, "access"), {}, "warning", "nobody may open application"),
    (("apps", 0, "access"), {"allow": {"zone": "ofice"}}, "error", "did you mean \"office\"?"),
    (("apps", 0, "access"), {"allow": {"group": "Staff"}}, "error", "write \"staff\""),
    (("apps", 0, "access"), {"allow": {"any": []}}, "error", "any of nothing"),
    (("apps", 0, "access"), {"allow": {"group": "a", "user": "b"}}, "error", "write all: [...] or any: [...]"),
    (("apps", 0, "access"), {"allow": {"time": {"from": "25:00"}}}, "error", "from 00:00 to 23:59"),
    (("apps", 0, "identity"), {"header": "Cookie"}, "error", "has a meaning of its own"),
    (("apps", 0, "owner"), "Owners", "error", "write \"owners\""),
    (("apps", 0, "needs"), ["cases"], "error", "application \"cases\" needs itself"),
    (("apps", 0, "read_only"), {"methods": ["GET", "POST"]}, "warning", "would let every POST pass"),
    (("isolation",), {"news": "status.example.nl"}, "error", "write the whole URL"),
    (("backends", 1, "persistence"), {"cookie": True}, "error", "write persistence: {source_address: true}"),
    (("routes", 0, "listeners"), ["staff"], "warning", "no route serves listener \"public\""),
]


@pytest.mark.parametrize("path,value,kind,words", WRONG, ids=[".".join(map(str, row[0])) + f"={row[1]}"[:40] for row in WRONG])
def test_mistakes_are_told_with_their_place(folder, ca, path, value, kind, words):
    wrong = gateway(ca)
    at(wrong, path)[path[-1]] = value
    ran = instance.command("check", write(folder, wrong))
    assert ran.returncode == (1 if kind == "error" else 0), ran.stderr
    told = [line for line in ran.stderr.splitlines() if f" {kind}: " in line and words in line]
    assert told and all(re.search(r"gateway\.yaml:\d+:\d+: ", line) for line in told), ran.stderr


def test_without_a_portal_there_are_no_applications(folder, ca):
    wrong = gateway(ca)
    del wrong["gateway"]
    ran = instance.command("check", write(folder, wrong))
    assert ran.returncode == 1 and "write gateway: {host: login.example.nl}" in ran.stderr
    assert "listener \"staff\" leads nowhere" in ran.stderr


def explain(path, url):
    ran = instance.command("explain", url, "--config", path, "--json")
    return ran.returncode, json.loads(ran.stdout)


def test_explain_knows_portal_and_applications(folder, ca):
    """P6: only listeners of cells lead there."""
    path = write(folder, gateway(ca))
    status, told = explain(path, "https://login.example.nl:9443/")
    assert status == 0 and told["result"]["action"] == "portal" and told["result"]["rule"] == "portal"
    assert told["backends"] == []
    status, told = explain(path, "https://cases.example.nl:9443/x")
    assert status == 0 and told["result"]["action"] == "app" and told["result"]["app"] == "cases"
    assert [row["name"] for row in told["backends"]] == ["cases"]
    for url in ("https://login.example.nl:8443/", "https://cases.example.nl:8443/", "https://www.example.nl:9443/"):
        status, told = explain(path, url)
        assert status == 3 and told["result"]["status"] == 404, url
    ran = instance.command("explain", "https://cases.example.nl:9443/", "--config", path)
    assert "application cases, for those who have logged in" in ran.stdout


def test_diff_names_what_changes(sluis, site, folder, ca):
    """Zones, applications and their rules by name; what is only written otherwise is no change."""
    base = gateway(ca)
    running = site("127.0.0.1:1")
    sluis.start(running)
    ran = sluis.run("diff", write(folder, base))
    assert ran.returncode in (0, 1, 3), ran.stderr
    assert re.search(r"^\+ apps/cases: ", ran.stdout, re.M) or "apps: not set -> " in ran.stdout, ran.stdout
    assert "gateway: not set -> {host: login.example.nl}" in ran.stdout


def test_explain_user_asks_a_gateway(sluis, site):
    """Who may open what is asked of the instance that runs: without one, or without a gateway, nobody knows."""
    for words in (["--user", "jan"], ["--user", "jan", "--host", "a", "--factor", "hope"],
                  ["--user", "jan", "--host", "a", "--source", "x"], ["--user", "jan", "https://a/"], ["--host", "a"],
                  ["--factor", "totp", "https://a/"]):
        ran = instance.command("explain", *words)
        assert ran.returncode == 2 and ran.stderr, words
    ran = instance.command("explain", "--user", "jan", "--host", "a", "--state", "/nonexistent")
    assert ran.returncode == 1 and "no Sluis runs" in ran.stderr
    sluis.start(site("127.0.0.1:1"))
    ran = sluis.run("explain", "--user", "jan", "--host", "cases.example.nl")
    assert ran.returncode == 1 and "the configuration has no `gateway`" in ran.stderr, ran.stderr


RULES = {
    "allow": {"all": [{"group": "staff"}, {"any": [{"zone": "office"}, {"factor": "passkey"}]}]},
    "deny": {"group": "suspended"},
}

# options; verdict, exit status, the condition that decides
EXPLAINED = [
    (["--user", "an", "--source", "10.1.2.3", "--factor", "password"], "allowed", 0, "all of"),
    (["--user", "an", "--source", "192.0.2.1", "--factor", "password"], "step_up", 3, "any of"),
    (["--user", "an", "--source", "192.0.2.1", "--factor", "passkey"], "allowed", 0, "all of"),
    (["--user", "an", "--factor", "password"], "step_up", 3, "the address is not known"),
    (["--user", "bo", "--source", "10.1.2.3", "--factor", "passkey"], "denied", 3, "group staff"),
    (["--user", "ed", "--source", "10.1.2.3", "--factor", "passkey"], "denied", 3, "group suspended"),
]


def test_explain_user_says_what_decides(sluis, ca, folder):
    """The authority's own decision, with each condition of it (P6: one function for people and for this)."""
    door = people.Gateway(sluis, ca, {"cases": ("127.0.0.1:9", {"access": RULES}), "shut": ("127.0.0.1:9", {})},
                          zones=[{"name": "office", "networks": ["10.0.0.0/8"]}])
    door.start()
    for group in ("staff", "suspended"):
        door.command("group", "add", group)
    for name, groups in (("an", ["staff"]), ("bo", []), ("ed", ["staff", "suspended"])):
        door.command("user", "add", name, *(word for group in groups for word in ("--group", group)))
    for options, verdict, status, decides in EXPLAINED:
        ran = sluis.run("explain", "--host", door.host("cases"), "--json", *options)
        assert ran.returncode == status, (options, ran.stdout, ran.stderr)
        told = json.loads(ran.stdout)
        assert told["result"]["verdict"] == verdict, (options, told)
        deciding = [row["condition"] for row in told["conditions"] if row["decides"]]
        assert len(deciding) == 1 and decides in deciding[0], (options, deciding)
    ran = sluis.run("explain", "--user", "an", "--host", door.host("cases"), "--source", "192.0.2.1", "--factor", "password")
    assert ran.returncode == 3 and "asked for more: passkey" in ran.stdout
    assert re.search(r"^  does not .*zone office \(10\.0\.0\.0/8\): the address is 192\.0\.2\.1$", ran.stdout, re.M), ran.stdout
    assert re.search(r"^  holds .*group staff: the user is in staff$", ran.stdout, re.M), ran.stdout
    for host, user, status, words in ((people.PORTAL, "an", 0, "portal"), ("x.example.nl", "an", 1, "no application has this host"),
                                      (door.host("cases"), "nobody", 1, "no user of this name"), (door.host("shut"), "an", 3, "denied")):
        ran = sluis.run("explain", "--user", user, "--host", host)
        assert ran.returncode == status and words in ran.stdout + ran.stderr, (host, user, ran.stdout, ran.stderr)
    change_rules(sluis, door, folder)


def change_rules(sluis, door, folder):
    """Rules change like everything else: as a run-time change, told by name, in force at once, and taken back."""
    who = ["explain", "--user", "an", "--host", door.host("cases"), "--source", "10.1.2.3", "--factor", "password"]
    path = os.path.join(folder, "change.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("- {at: [apps, cases], do: set, with: {access.deny.group: staff}}\n"
                   "- {at: [zones, home], do: add, with: {networks: [192.0.2.0/24]}}\n")
    ran = sluis.run("changes", "apply", path, "--dry-run")
    assert ran.returncode == 0 and "apps/cases/access/deny/group: suspended -> staff" in ran.stdout, ran.stdout + ran.stderr
    assert "+ zones/home: {name: home, networks: [192.0.2.0/24]}" in ran.stdout
    assert sluis.run(*who).returncode == 0
    ran = sluis.run("changes", "apply", path)
    assert ran.returncode == 0, ran.stderr
    ran = sluis.run(*who)
    assert ran.returncode == 3 and re.search(r"deny: group staff.*decides$", ran.stdout, re.M), ran.stdout + ran.stderr
    ran = sluis.run("changes", "drop", "--all")
    assert ran.returncode == 0, ran.stderr
    assert sluis.run(*who).returncode == 0
    ran = sluis.run("diff", sluis.config)
    assert ran.returncode == 0 and "apps" not in ran.stdout, ran.stdout
