"""The record of an incident, and its reports: drawn from the audit log, so that each line can be checked (P9; NIS2 23(4), GDPR 33)."""
import json
import os
import re
import shutil

import pytest

from harness.origin import answer
from harness.wait import until


@pytest.fixture(name="running")
def running_instance(sluis, site, origin):
    server = origin(lambda request, _: answer("x" * 100))
    return sluis.start(site(server.address))


def do(sluis, *words, status=0):
    ran = sluis.run("incident", *words)
    assert ran.returncode == status, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def report(sluis, *words):
    return json.loads(do(sluis, "report", "--format", "json", *words))


def field(doc, key):
    found, = (one for one in doc["fields"] if one["key"] == key)
    return found


def test_one_at_a_time(running):
    assert "no incident is open" in do(running, "note", "nothing to note", status=1)
    assert "the log has no incident" in do(running, "report", status=1)
    do(running, "open", "First", "--detected", "2h")
    assert "open already" in do(running, "open", "Second", status=1)
    do(running, "open", "Second", "--another")
    assert "several" in do(running, "note", "of which?", status=1)
    do(running, "note", "of the first", "--incident", "1")
    do(running, "close", "--incident", "1", "--summary", "over")
    assert "closed already" in do(running, "close", "--incident", "1", status=1)
    assert "there is no incident 7" in do(running, "note", "x", "--incident", "7", status=1)
    shown = json.loads(do(running, "show", "1", "--json"))
    assert shown["state"] == "closed" and shown["summary"] == "over" and [note["text"] for note in shown["log"]] == ["of the first"]
    assert [one["state"] for one in json.loads(do(running, "list", "--json"))] == ["closed", "open"]
    for bad in ("", "x" * 201, "two\nlines", "bell\a", "turned ‮ around"):
        do(running, "open", bad, "--another", status=1)
    do(running, "note", "y" * 700)
    assert "too long" in do(running, "note", "y" * 701, status=1)
    assert "still to come" in do(running, "open", "x", "--another", "--detected", "2099-01-01", status=1)
    # P11: what was said stays, over the death of who keeps it
    pid, = running.pids("authority")
    os.kill(pid, 9)
    until(lambda: running.pids("authority") not in ([], [pid]))
    until(lambda: running.run("incident", "list", "--json").returncode == 0)
    assert json.loads(do(running, "show", "2", "--json"))["notes"] == 1
    assert "incident 2: closed" in do(running, "close")


TITLE = "Lek <script>alert(1)</script> | [klik](http://evil.example) `x` *a* \\"
NOTE = "# geen kop\n- geen lijst | geen cel\n<img src=x onerror=alert(1)>\n1. niets"


def test_report(running):
    """Times, durations and counts are those of what the test did; the numbers lead to records of a log that verifies."""
    for _ in range(5):
        assert running.ask("/").status == 200
    do(running, "open", TITLE, "--detected", "1h")
    do(running, "note", NOTE)
    assert running.run("isolate", "--all", "closed", "--reason", "shut | all").returncode == 0
    assert running.ask("/", method="POST", body=b"z").status == 503
    assert running.run("isolate", "--all", "read_only", "--reason", "half").returncode == 0
    assert running.ask("/").status == 200
    until(lambda: report(running)["concerned"]["requests"] == 7)
    do(running, "close", "--summary", "klaar")
    until(lambda: report(running)["incident"]["state"] == "closed")
    doc = report(running, "--form", "72-hours", "--language", "nl")
    assert field(doc, "title")["value"] == [TITLE] and field(doc, "organisation")["value"] is None
    assert doc["incident"]["state"] == "closed" and doc["concerned"]["writes"] == 1
    levels = doc["levels"]
    assert [(one["object"], one["level"]) for one in levels] == [("all", "closed"), ("all", "read_only")]
    assert levels[0]["until"] and levels[1]["until"] is None
    assert field(doc, "closure")["value"][0].startswith("all: 0:00:0")
    assert any("niveaus gezet of opgeheven: 2" in line for line in field(doc, "measures")["value"])
    actions = [entry["action"] for entry in doc["timeline"]]
    for action in ("incident.opened", "incident.note", "isolation.set", "incident.closed", "config.applied"):
        assert action in actions
    assert "access" not in {entry["kind"] for entry in doc["timeline"]}
    # Each number is that of the record in the log, which verifies
    assert running.run("audit", "verify").returncode == 0
    lines = {}
    for name in os.listdir(os.path.join(running.state, "audit")):
        if name.endswith(".jsonl") or name.endswith(".log"):
            with open(os.path.join(running.state, "audit", name), encoding="utf-8") as file:
                lines.update({one["seq"]: one for one in map(json.loads, file)})
    for entry in doc["timeline"]:
        assert lines[entry["seq"]]["action"] == entry["action"] and lines[entry["seq"]]["time"] == entry["time"]


def test_languages_have_the_same_fields(running, folder):
    """Both languages ask the same; Markdown shows people's text as text; a report is never written over another one."""
    do(running, "open", TITLE)
    do(running, "note", NOTE)
    until(lambda: "event incident.note" in running.run("audit", "tail", "-n", "50").stdout)
    for form in ("timeline", "early-warning", "72-hours", "data-protection"):
        nl, en = (report(running, "--form", form, "--language", language)["fields"] for language in ("nl", "en"))
        assert [(one["key"], one["filled_by"]) for one in nl] == [(one["key"], one["filled_by"]) for one in en]
        assert all(one["label"] for one in nl + en)
        text = do(running, "report", "--form", form, "--language", "nl")
        assert len(re.findall(r"^## ", text, re.M)) == len(nl) + 4
        assert text.count("**[INVULLEN]**") == sum(one["value"] is None for one in nl)
        for live in (r"(?<!\\)<", r"(?<!\\)\](?=\()", "://evil", r"^# geen", r"^- geen", r"(?<!\\)`x"):
            assert not re.search(live, text, re.M), live
        table = [line for line in text.splitlines() if "incident.note" in line]
        assert len(table) == 1 and len(re.findall(r"(?<!\\)\|", table[0])) == 8
    wanted = {"early-warning": {"malicious", "cross_border", "due_24"}, "72-hours": {"impact", "indicators", "due_72"},
              "data-protection": {"nature", "subjects", "records", "consequences", "measures", "data_protection_officer", "delay"}}
    for form, keys in wanted.items():
        assert keys <= {one["key"] for one in report(running, "--form", form)["fields"]}, form
    path = os.path.join(folder, "report.md")
    do(running, "report", "--output", path)
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert "exists" in do(running, "report", "--output", path, status=1)


def test_report_elsewhere(running, folder):
    """From a copy of the log, on a machine where nothing runs."""
    do(running, "open", "Somewhere")
    until(lambda: running.run("incident", "report").returncode == 0)
    copy = os.path.join(folder, "copy")
    shutil.copytree(os.path.join(running.state, "audit"), copy)
    running.stop()
    assert report(running, "1", "--directory", copy)["incident"]["title"] == "Somewhere"
    assert "no incident 9" in do(running, "report", "9", "--directory", copy, status=1)


def test_evidence_before_an_upgrade(sluis, site, origin):
    """R9: while an incident is open of which nothing was kept, an upgrade asks for evidence, or for a reason why not."""
    sluis.start(site(origin().address))
    assert sluis.run("upgrade").returncode == 0
    assert sluis.run("incident", "open", "something").returncode == 0
    ran = sluis.run("upgrade")
    assert ran.returncode == 1 and "evidence collect" in ran.stderr
    assert sluis.run("upgrade", "--without-evidence", "the disk is full").returncode == 0
    assert sluis.run("upgrade").returncode == 0, "the reason is in the log, and holds for this incident"
    assert sluis.run("evidence", "collect", "--unencrypted", "--quiet").returncode == 0
    assert sluis.run("upgrade").returncode == 0
    assert sluis.run("incident", "close").returncode == 0
    assert "evidence.waived" in sluis.run("audit", "tail", "-n", "200").stdout
