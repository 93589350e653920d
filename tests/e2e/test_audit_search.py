"""P9: questions about the whole audit log, asked while it is written: what they find is what the test did."""
import collections
import json
import os
import random
import time

import pytest

from harness import gateway as gates
from harness.origin import answer

HOSTS = ("www.example.nl", "files.example.nl")
SOURCES = ("127.0.0.1", "127.0.0.2", "127.0.1.7")
METHODS = ("GET", "POST", "DELETE")
STATUSES = {"/fine": 200, "/refused": 403, "/gone": 404, "/broken": 502}


def reply(request, _):
    path = request.target.split("?")[0]
    return answer("x" * 100, status=STATUSES[path])


def search(sluis, *words):
    """Records that match, and what stood on standard error."""
    ran = sluis.run("audit", "search", "--json", *words)
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()], ran.stderr


def reached(sluis, *words):
    ran = sluis.run("audit", "reached", "--json", *words)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def wait_until(check, within=10):
    end = time.monotonic() + within
    while not check():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture(name="asked")
def asked_instance(sluis, site, origin):
    """A running instance and the requests that were sent to it: (source, host, method, path, bytes of content)."""
    rng, sent = random.Random(5), []
    sluis.start(site(origin(reply).address))
    for source in SOURCES:
        with sluis.client(bind=source) as client:
            for _ in range(25):
                host, method, path = rng.choice(HOSTS), rng.choice(METHODS), rng.choice(list(STATUSES))
                body = b"b" * rng.randrange(1, 50) if method == "POST" else b""
                assert client.ask(method, path + "?secret=1", body=body, host=host).status == STATUSES[path]
                sent.append((source, host, method, path, len(body)))
    wait_until(lambda: len(search(sluis, "--kind", "access")[0]) == len(sent))
    return sent


def count(sent, check):
    return sum(1 for one in sent if check(*one))


def test_search(sluis, asked):
    questions = [
        (("--source", "127.0.0.2"), lambda source, *_: source == "127.0.0.2"),
        (("--source", "127.0.0.0/24"), lambda source, *_: source != "127.0.1.7"),
        (("--host", "Files.Example.nl"), lambda _, host, *__: host == "files.example.nl"),
        (("--method", "POST"), lambda _, __, method, *___: method == "POST"),
        (("--status", "4xx"), lambda _, __, ___, path, ____: STATUSES[path] in (403, 404)),
        (("--status", "502", "--method", "GET"), lambda _, __, method, path, ___: (method, path) == ("GET", "/broken")),
        (("--text", "/gone"), lambda _, __, ___, path, ____: path == "/gone"),
        (("--since", "1h"), lambda *_: True),
        (("--until", "1h"), lambda *_: False),
        (("--user", "nobody"), lambda *_: False),
    ]
    for words, check in questions:
        rows, said = search(sluis, "--kind", "access", *words)
        assert len(rows) == count(asked, check), words
        assert f"{len(rows)} of " in said and "records matched" in said
    rows, _ = search(sluis, "--action", "config.applied")
    assert [row["kind"] for row in rows] == ["event"]


def test_search_for_people(sluis, asked):
    ran = sluis.run("audit", "search", "--kind", "access", "-n", "3")
    lines = ran.stdout.splitlines()
    assert ran.returncode == 0 and len(lines) == 5
    assert all(" access " in line and " writer=edge[0] " in line for line in lines[:3])
    assert lines[3] == f"... and {len(asked) - 3} more" and lines[4].startswith(f"{len(asked)} of ")
    assert sluis.run("audit", "search", "--status").returncode == 2


def test_reached(sluis, asked):
    """Who reached what, from where: every row, against what was sent."""
    truth = collections.defaultdict(collections.Counter)
    for source, host, method, path, size in asked:
        if source == "127.0.1.7":
            continue
        row = truth[host, source]
        row[method] += 1
        row["in"] += size
        row["ok" if path == "/fine" else "refused" if path == "/refused" else "failed"] += 1
    found = reached(sluis, "--source", "127.0.0.0/24", "--since", "1d")
    assert {(row["host"], row["source"]) for row in found["rows"]} == set(truth)
    for row in found["rows"]:
        true = truth[row["host"], row["source"]]
        assert row["methods"] == {method: true[method] for method in METHODS if true[method]}
        assert row["writes"] == true["POST"] + true["DELETE"]
        assert (row["ok"], row["refused"], row["failed"]) == (true["ok"], true["refused"], true["failed"])
        assert row["bytes_in"] == true["in"] and row["bytes_out"] > 100 * row["requests"]
        assert row["user"] == "-" and row["first"] <= row["last"]
    assert found["sum"]["requests"] == count(asked, lambda source, *_: source != "127.0.1.7")
    assert found["is_complete"] and found["strange"] == 0
    shown = sluis.run("audit", "reached", "--host", "files.example.nl").stdout
    assert "127.0.1.7" in shown and "(sum)" in shown and "www.example.nl" not in shown


def test_reached_by_a_user(sluis, ca, origin):
    """The blast radius of somebody's log-in: applications, requests, and what else happened with that name."""
    server = origin(lambda *_: answer("fine"))
    everyone = {"access": {"allow": {"everyone": True}}}
    gate = gates.Gateway(sluis, ca, {"cases": (server.address, everyone), "mail": (server.address, everyone)}).start()
    anna = gate.person("anna", "staff")
    anna.log_out()
    assert anna.log_in(gate.url("/a", "cases")).status == 200
    for _ in range(4):
        assert anna.go(gate.url("/a", "cases")).status == 200
    others = len(server.requests)
    bert = gate.person("bert", "staff")
    assert bert.go(gate.url("/b", "mail")).status == 200
    wait_until(lambda: search(sluis, "--user", "bert", "--app", "mail", "--text", "/b\"")[0])
    found = reached(sluis, "--user", "anna")
    assert {row["user"] for row in found["rows"]} == {"anna"}
    rows = [row for row in found["rows"] if row["route"] == "app/cases"]
    assert sum(row["requests"] for row in rows) >= others and rows[0]["host"] == "cases.example.nl"
    assert not [row for row in found["rows"] if row["route"] == "app/mail"]
    assert {"login.ok", "access.granted", "factor.added"} <= {row["action"] for row in found["events"]}
    # "-": who was sent to the portal first
    assert {row["user"] for row in reached(sluis, "--app", "mail")["rows"]} == {"bert", "-"}
    login = search(sluis, "--action", "login.ok", "--user", "anna")[0][0]
    session = login["object"].split()[1]
    about = reached(sluis, "--session", session)
    assert login["id"] in {row["id"] for row in about["events"]}
    here = [row for row in about["rows"] if row["route"] == "app/cases"]
    assert sum(row["requests"] for row in here) == 5, "and none of the session before it"
    assert {row["user"] for row in about["rows"]} == {"anna"}


def test_hostile_folder(sluis, asked, folder):
    """A copy in which somebody wrote: nothing of it reaches the terminal, and what is whole is still found."""
    copy = os.path.join(folder, "copy")
    os.makedirs(copy)
    with open(os.path.join(copy, "audit-0000000000000000001.jsonl"), "wb") as file:
        file.write(b"not a segment\n")
    lines = []
    audit = os.path.join(sluis.state, "audit")
    for name in sorted(os.listdir(audit)):
        if name.endswith(".jsonl"):
            with open(os.path.join(audit, name), "rb") as file:
                lines += file.read().splitlines()
    with open(os.path.join(copy, "audit-00000000000000000001.jsonl"), "wb") as file:
        for line in lines:
            file.write(line + b"\n\x1b[2J\x1b]0;owned\x07\n\0\0" + b"a" * 70000 + b"\n")
    ran = sluis.run("audit", "search", "--directory", copy, "--kind", "access")
    assert ran.returncode == 0 and "\x1b" not in ran.stdout and "owned" not in ran.stdout
    assert f"{len(asked)} of {len(lines)} records matched" in ran.stdout
    assert f"note: {2 * len(lines)} lines are no records" in ran.stdout
