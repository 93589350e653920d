"""The commands for people (docs/administration.md), and what they do to who is logged in; the demonstration's application behind it."""
import http.client
import json
import os
import pty
import select
import sys
import time
import urllib.parse

import pytest

from harness import gateway as gateways
from harness.sluis import COMMAND, ROOT
from harness.wait import until

sys.path.insert(0, os.path.join(ROOT, "tools/demo"))
from application import Application
from assertion import KeySet, Verifier


@pytest.fixture(name="office")
def whole_office(sluis, ca):
    """office(app=access, ...): a gateway with demonstration applications; office.servers by name."""
    made = []

    def start(**apps):
        port, servers = sluis.port("gateway"), {}
        for name in apps:
            keys = KeySet(f"https://{name}.example.nl:{port}/.sluis/jwks.json", ("127.0.0.1", port), ca.certificate)
            servers[name] = Application(Verifier(keys, f"https://{gateways.PORTAL}:{port}", name), name)
            servers[name].start()
            made.append(servers[name])
        office = gateways.Gateway(sluis, ca, {name: (f"127.0.0.1:{servers[name].server_port}", {"access": access})
                                              for name, access in apps.items()})
        office.servers = servers
        return office.start()

    yield start
    for server in made:
        server.shutdown()


def records(state):
    """The lines of the audit log so far; one that is being written is left out."""
    folder = os.path.join(state, "audit")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jsonl"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                yield from (json.loads(line) for line in file if line.endswith("\n"))


def actions(office, *names):
    """Records of the audit log with these actions: (action, object, actor)."""
    return [(line["action"], line["object"], line["actor"]) for line in records(office.sluis.state) if line["action"] in names]


def refused(office, *words, status=1):
    ran = office.sluis.run(*words)
    assert ran.returncode == status and not ran.stdout.strip(), (words, ran)
    return ran.stderr


@pytest.mark.smoke
def test_a_life(office):
    """From invitation to removal: what each command says, does, and leaves in the log; --json for programs."""
    at = office(cases={"allow": {"group": "staff"}})
    assert at.command("user", "list", "--json") == []
    at.command("group", "add", "staff", "--title", "Staff")
    made = at.command("user", "add", "jan", "--title", "Jan de Vries", "--groups", "staff", "--language", "nl", "--invite", "--good-for",
                      "2h", "--json")
    assert made["user"] == "jan" and made["link"].startswith(at.url("/invite/")) and made["until"].endswith("Z")
    assert [(row["user"], row["used"]) for row in at.command("invite", "list", "--json")] == [("jan", False)]
    with gateways.Person(at, "jan") as jan:
        jan.enrol(made["link"])
        assert at.command("invite", "list", "--json")[0]["used"]
        who = jan.go(at.url("/whoami", "cases")).json
        assert who["sub"] == "jan" and who["name"] == "Jan de Vries" and who["groups"] == ["staff"] and "mfa" in who["amr"]
        shown = at.command("user", "show", "jan", "--json")
        assert {row["kind"] for row in shown["factors"]} >= {"password", "totp"} and shown["user"]["language"] == "nl"
        assert [row["user"] for row in at.command("session", "list", "--user", "jan", "--json")] == ["jan"]
        assert "Jan de Vries" in at.command("user", "list") and "127.0.0.1" in at.command("sessions", "list")
        # out of the group: the next request is refused, and it is the portal that says why
        at.command("group", "leave", "staff", "jan")
        assert jan.go(at.url("/whoami", "cases")).status == 403
        at.command("group", "join", "staff", "jan")
        assert jan.go(at.url("/whoami", "cases")).status == 200
        at.command("user", "disable", "jan", "--yes")
        assert jan.once(at.url("/whoami", "cases"), headers={"Sec-Fetch-Mode": "cors"}).status == 401
        assert at.command("session", "list", "--json") == []
        assert not at.command("user", "list", "--json")[0]["enabled"]
        at.command("user", "enable", "jan")
        assert jan.log_in().status == 200
        at.command("user", "reset-factors", "jan", "--yes")
        assert at.command("user", "show", "jan", "--json")["factors"] == []
    at.command("user", "remove", "jan", "--yes")
    assert at.command("user", "list", "--json") == []
    at.command("group", "remove", "staff", "--yes")
    until(lambda: any(line["action"].startswith("group.remove") for line in records(at.sluis.state)))
    log = actions(at, "invite.made", "invite.used", "login.ok", "factor.added")
    assert {line[0] for line in log} >= {"invite.made", "invite.used", "factor.added"}
    assert {actor for action, _, actor in log if action == "invite.made"} == {f"uid:{os.getuid()}"}
    token = urllib.parse.urlsplit(made["link"]).path.rpartition("/")[2]
    assert token not in json.dumps(list(records(at.sluis.state))), "8.15.02: the log has no secret"


def test_refusals(office):
    """What can't be is refused with a line that says why; nothing hurts without a yes."""
    at = office(cases={"allow": {"group": "staff"}})
    for words in (["user", "show", "nobody"], ["user", "add", "Jan"], ["user", "add", ""], ["user", "add", "a b"],
                  ["user", "add", "jan", "--groups", "nogroup"], ["group", "add", "a\"b"], ["group", "join", "nogroup", "jan"],
                  ["session", "revoke", "77"], ["invite", "revoke", "77"], ["invite", "add", "nobody"],
                  ["user", "add", "a" * 65], ["user", "change", "nobody", "--title", "x"]):
        assert refused(at, *words).startswith("sluis: "), words
    assert at.command("user", "list", "--json") == [] and at.command("group", "list", "--json") == []
    at.command("group", "add", "staff")
    at.command("user", "add", "jan", "--groups", "staff")
    assert refused(at, "user", "add", "jan") and refused(at, "group", "add", "staff")
    for words in (["user", "disable", "jan"], ["user", "remove", "jan"], ["user", "reset-factors", "jan"], ["group", "remove", "staff"],
                  ["session", "revoke", "--all"]):
        assert "--yes" in refused(at, *words, status=2)
    for words in (["session", "revoke"], ["session", "revoke", "--all", "--user", "jan"], ["session", "revoke", "x"],
                  ["user", "change", "jan"], ["invite", "add", "jan", "--good-for", "soon"], ["user", "list", "--yes"]):
        refused(at, *words, status=2)
    # one wrong name changes nothing
    at.command("group", "add", "late")
    assert refused(at, "group", "join", "late", "jan", "nobody")
    assert at.command("group", "show", "late", "--json")["users"] == []
    assert refused(at, "invite", "add", "jan", "--good-for", "90d")


def answer(words, typed):
    """What a person at a terminal sees and types; (exit status, text)."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(COMMAND, [COMMAND, *words])
    text = b""
    while select.select([terminal], [], [], 20)[0]:
        try:
            text += os.read(terminal, 4096)
        except OSError:
            break
        if b"[y/N]" in text and typed:
            os.write(terminal, typed)
            typed = b""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text.decode()


def test_asks_at_a_terminal(office):
    at = office(cases={"allow": {"everyone": True}})
    at.command("user", "add", "jan")
    words = ["user", "remove", "jan", "--state", at.sluis.state]
    status, text = answer(words, b"n\n")
    assert status == 2 and "Go on?" in text and len(at.command("user", "list", "--json")) == 1
    status, text = answer(words, b"y\n")
    assert status == 0 and at.command("user", "list", "--json") == []


def stream(person, at):
    """A long answer that has begun; the response to read on."""
    connection = gateways.Connection(at.host("cases"), at.port, None, person.context)
    jar = "; ".join(f"{name}={value}" for name, value in person.cookies[at.host("cases")].items())
    connection.request("GET", "/stream", headers={"Cookie": jar, "Sec-Fetch-Mode": "cors"})
    got = connection.getresponse()
    assert got.status == 200 and b" for " in got.read(32)
    return got


def ended_within(got, seconds):
    """How long until the stream was cut; None: it went on."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            if not got.read(16):
                break
        except (http.client.HTTPException, OSError):
            break
    else:
        return None
    return time.monotonic() - began


def test_revoke_cuts(office):
    """P7: a session that is revoked ends its streams within a second; others go on."""
    at = office(cases={"allow": {"everyone": True}})
    with at.person("jan") as jan, at.person("piet") as piet:
        for person in (jan, piet):
            assert person.go(at.url("/whoami", "cases")).json["sub"] == person.name
        first, other = stream(jan, at), stream(piet, at)
        number = at.command("session", "list", "--user", "jan", "--json")[0]["number"]
        assert at.command("session", "revoke", str(number), "--json")[0]["number"] == number
        took = ended_within(first, 5)
        assert took is not None and took < 1.2, took
        assert ended_within(other, 1) is None
        assert jan.once(at.url("/whoami", "cases"), headers={"Sec-Fetch-Mode": "cors"}).status == 401
        at.command("session", "revoke", "--user", "piet")
        assert ended_within(other, 5) is not None
        jan.log_in()
        assert len(at.command("session", "list", "--json")) == 1
        at.command("session", "revoke", "--all", "--yes")
        assert at.command("session", "list", "--json") == []


def test_a_copied_link(office):
    """An invitation works once, and not after it was revoked."""
    at = office(cases={"allow": {"everyone": True}})
    with gateways.Person(at, "jan") as jan, gateways.Person(at, "thief") as thief:
        link = at.add("jan")
        jan.enrol(link)
        page = thief.go(link)
        if any(form["action"].endswith("/invite") for form in page.page.forms):
            thief.submit(page, "/invite")
        assert thief.go(at.url("/factors")).url != at.url("/factors")
        second = at.add("kees")
        number = [row["number"] for row in at.command("invite", "list", "--json") if row["user"] == "kees"][0]
        at.command("invite", "revoke", str(number))
        page = thief.go(second)
        if any(form["action"].endswith("/invite") for form in page.page.forms):
            thief.submit(page, "/invite")
        assert thief.go(at.url("/factors")).url != at.url("/factors")
