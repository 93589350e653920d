"""The staged return (promise P8, requirements R1, R2, R7): gates, two people who prove who they are, steps, the waiting room."""
import json
import os
import re

import pytest

from harness import gateway as gates
from harness.origin import answer
from harness.sluis import command
from harness.wait import until

ZONES = [{"name": "office", "networks": ["127.0.0.1/32"]}]
HOME = "127.0.0.2"
EVERYBODY = {"access": {"allow": {"everyone": True}}}


def act(office, *words, status=0, given=None):
    ran = command(*words, "--state", office.sluis.state, **({"input": given} if given else {}))
    assert ran.returncode == status, (words, ran.stdout, ran.stderr)
    return ran.stdout + ran.stderr


def approve(office, person, number, status=0, code=None):
    """By name, password and the next code that was not used; what the command said."""
    return act(office, "recover", "approve", str(number), "--stdin", status=status,
               given=f"{person.name}\n{person.password}\n{code or person.code()}\n")


def plan(office):
    return json.loads(act(office, "recover", "plan", "--json"))


def closed(office, name):
    """The gates that hold the next step of this application back."""
    app = next(app for app in plan(office)["apps"] if app["name"] == name)
    return {gate["gate"] for gate in app["gates"] if gate["state"] == "closed"}


def number(said):
    return int(re.search(r"request (\d+)", said).group(1))


def renew(office):
    """Another certificate with another key, and another key of assertions."""
    configuration = office.configuration()
    names = [gates.PORTAL, *(office.host(app) for app in office.apps)]
    fresh = office.ca.issue(*names, file="gateway-renewed")
    configuration["certificates"] = [{"name": "gw", "chain": fresh.chain, "key": fresh.key}]
    os.unlink(os.path.join(office.sluis.state, "keys/token.key"))
    ran = office.sluis.reload(configuration)
    assert ran.returncode == 0, ran.stderr


def clean(office, name):
    """Everything that an incident wants replaced; the gates of name are open then."""
    office.command("session", "revoke", "--all", "--yes")
    renew(office)
    until(lambda: not closed(office, name))


def start(sluis, ca, origin, apps, **isolation):
    server = origin(lambda request, stream: stream.send(answer(body=request.method.encode())))
    office = gates.Gateway(sluis, ca, {name: (server.address, {**EVERYBODY, **more}) for name, more in apps.items()},
                           zones=ZONES, listener={"limits": {"connections_per_address": 0}}, top={"isolation": isolation})
    return office.start()


def test_return(sluis, ca, origin):
    """From closed to read_only: nothing old is left, two people have said so, and one of them owns it."""
    office = start(sluis, ca, origin, {"registry": {"owner": "registrars"}, "cases": {"needs": ["registry"]}},
                   approvers={"group": "team", "to_open": 2})
    people = {name: office.person(name, *groups) for name, groups in
              {"anna": ["team"], "bert": ["team"], "carla": ["team"], "dirk": ["registrars"], "eve": [], "frank": []}.items()}
    act(office, "isolate", "--all", "closed", "--reason", "incident")
    assert "there is no return" in act(office, "recover", "advance", "registry", status=1)
    act(office, "recover", "start", "--reason", "cleaned up")

    # the level over all is lifted by two people; the applications stay closed on their own
    said = act(office, "isolate", "--all", "open", "--reason", "the return has begun", status=1)
    assert "0 of 2 approvals by members of team" in said
    asked = number(said)
    code = people["anna"].code()
    assert "request" in approve(office, people["anna"], asked, code=code)
    assert "wrong, or the code was used before" in approve(office, people["anna"], asked, status=1, code=code)
    assert "neither in the group" in approve(office, people["eve"], asked, status=1)
    act(office, "recover", "approve", str(asked), "--stdin", given="anna\n", status=1)
    assert "in force" in approve(office, people["bert"], asked)
    assert json.loads(act(office, "isolate", "--json"))
    assert {(row["scope"], row["name"], *row["levels"]) for row in json.loads(act(office, "isolate", "--json"))} == {
        ("app", "registry", "closed"), ("app", "cases", "closed")}
    assert "on its way back" in act(office, "isolate", "--app", "cases", "open", "--reason", "quick", status=1)

    # what is old holds back, and is named
    assert closed(office, "registry") == {"sessions", "keys"}
    assert closed(office, "cases") == {"sessions", "keys", "needs"}
    assert "the gate" in act(office, "recover", "advance", "registry", status=1)
    clean(office, "registry")
    assert closed(office, "cases") == {"needs"}
    asked = number(act(office, "recover", "advance", "registry"))
    assert "1 of 2" in approve(office, people["carla"], asked)
    assert "registry is read_only now" in approve(office, people["dirk"], asked)

    # from the office it can be read, and nothing else
    with people["frank"] as frank:
        assert frank.log_in(office.url("/", "registry")).body.startswith(b"GET")
        assert frank.once(office.url("/", "registry"), "POST", {"a": "b"}).status == 403
        assert frank.go(office.url("/", "cases")).status == 503
    picture = act(office, "recover", "status")
    assert re.search(r"registry +\(closed\)==\[READ_ONLY\]--\(office_only\)--\(pilot\)--\(open\)", picture), picture
    assert "needs registry" in picture

    # it lasts
    for pid in office.sluis.pids("authority"):
        os.kill(pid, 9)
    until(lambda: command("recover", "plan", "--state", office.sluis.state).returncode == 0)
    assert {app["name"]: app["step"] for app in plan(office)["apps"]} == {"registry": "read_only", "cases": "closed"}
    assert "ended" in act(office, "recover", "stop", "--reason", "enough tested")
    assert json.loads(act(office, "recover", "status", "--json"))["return"] is None
    rows = [json.loads(line) for line in act(office, "audit", "tail", "--json", "-n", "500").splitlines() if line.startswith("{")]
    actions = [row.get("action") for row in rows]
    assert actions.count("recover.approved") == 4 and actions.count("recover.done") == 2
    assert [row["actor"] for row in rows if row.get("action") == "recover.approved"] == ["anna", "bert", "carla", "dirk"]


def test_waiting_room(sluis, ca, origin):
    """Who comes too early gets a page with the place, which goes on by itself; urgent groups first."""
    office = start(sluis, ca, origin, {"cases": {}}, waiting_room={"at_a_time": 1, "urgent": ["doctors"]}, fallback_on=["session_move"])
    people = [office.person(name, *groups) for name, groups in (("jan", []), ("piet", []), ("doctor", ["doctors"]))]
    act(office, "isolate", "--app", "cases", "closed", "--reason", "incident")
    act(office, "recover", "start", "--reason", "cleaned up")
    renew(office)
    act(office, "session", "revoke", "--all", "--yes")
    until(lambda: not closed(office, "cases"))
    for step in ("read_only", "office_only", "pilot", "open"):
        said = act(office, "recover", "advance", "cases")
        assert f"cases is {step} now; nobody else was asked" in said
    jan, piet, doctor = people
    assert jan.log_in(office.url("/", "cases")).body == b"GET"
    waits = piet.log_in(office.url("/", "cases"))
    assert waits.status == 200 and "Your place: 1 of 1." in " ".join(waits.page.words())
    assert '<meta http-equiv="refresh" content="5">' in waits.text
    urgent = doctor.log_in(office.url("/", "cases"))
    assert "Your place: 1 of 2." in " ".join(urgent.page.words())
    again = piet.go(waits.url)
    assert "Your place: 2 of 2." in " ".join(again.page.words())
    dutch = piet.go(waits.url, headers={"Accept-Language": "nl"})
    assert "Uw plaats: 2 van 2." in " ".join(dutch.page.words())
    assert jan.go(office.url("/", "cases")).body == b"GET"
    assert "2 people wait before it" in act(office, "recover", "status")
    office.command("session", "revoke", "--user", "jan", "--yes")
    until(lambda: doctor.go(urgent.url).body == b"GET", within=10)
    assert "Your place: 1 of 1." in " ".join(piet.go(waits.url).page.words())

    # an alarm puts it back by itself, and stays in the way until somebody has looked at it
    with gates.Person(office, source="127.9.0.1") as thief:
        thief.cookies = doctor.copy_of_cookies()
        thief.once(office.url("/", "cases"))
    until(lambda: plan(office)["apps"][0]["step"] == "closed")
    assert plan(office)["apps"][0]["fell_back_by"] == "session.moved"
    assert doctor.go(office.url("/", "cases")).status == 503
    until(lambda: "alarms" in closed(office, "cases"))
    assert re.search("the gate (alarms|sessions) is closed", act(office, "recover", "advance", "cases", status=1))


@pytest.mark.smoke
def test_refused(sluis, ca, origin):
    """Words that are not understood, and acts that make no sense, change nothing."""
    office = start(sluis, ca, origin, {"cases": {}})
    for words in (["recover"], ["recover", "jump"], ["recover", "advance"], ["recover", "start"], ["recover", "approve", "x"],
                  ["recover", "start", "--reason", "x", "--since", "tomorrow"], ["recover", "plan", "cases"], ["recover", "--nothing"]):
        act(office, *words, status=2)
    assert "no level holds an application" in act(office, "recover", "start", "--reason", "x", status=1)
    assert "there is no return" in act(office, "recover", "plan")
    assert "there is no request 7" in act(office, "recover", "approve", "7", "--stdin", given="a\nb\nc\n", status=1)
    assert "there is no request 7" in act(office, "recover", "withdraw", "7", status=1)
    act(office, "recover", "status", "--watch", status=1)
