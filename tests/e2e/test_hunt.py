"""P9: what was here is found, and nothing else: indicators from lists, STIX 2.1 and CSAF 2.0 against a log whose hits were
planted, and against what a running instance wrote."""
import collections
import json
import os
import random
import time

import pytest

from harness import sluis as instance

RECORDS = 100_000
START_S = 1_784_246_400  # 17 July 2026
AGENTS = [f"Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0) Gecko/20100101 Firefox/{n}.0" for n in range(100, 140)]
EVIL_AGENT = "sqlmap/1.7 (https://sqlmap.org) \\u00e9"
CERTIFICATE = "00112233445566778899aabbccddeeff" * 2
HEADER = "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"


def hunt(*words, text=None):
    """The exit status and the JSON document, or what was said."""
    ran = instance.command("hunt", "--json", *words, **({"input": text} if text else {}))
    return ran.returncode, json.loads(ran.stdout) if ran.stdout.strip().startswith("{") else ran.stderr


def moment(i):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START_S + i // 100)) + f".{i % 100 * 10000:06}Z"


class Log:
    """A log of RECORDS records in three segments; truth counts what is in it by name of what was planted."""

    def __init__(self, folder):
        self.folder = folder
        self.truth = collections.Counter()
        self.who = collections.defaultdict(set)
        self.when = collections.defaultdict(list)
        rng, file = random.Random(11), None
        for i in range(RECORDS):
            if i % 40_000 == 0:
                if file:
                    file.close()
                file = open(os.path.join(folder, f"audit-{i + 1:020}.jsonl"), "w", encoding="utf-8")
            file.write(self.line(rng, i))
        file.close()

    def line(self, rng, i):
        source = f"10.{rng.randrange(4)}.{rng.randrange(256)}.{rng.randrange(256)}"
        host, path, agent, actor, more = "www.example.nl", f"/case/{i % 997}", rng.choice(AGENTS), "-", ""
        planted = []
        if source.startswith("10.3.7."):
            planted.append("network")
        for name, odds in (("address", 900), ("host", 1100), ("path", 700), ("agent", 500), ("user", 800), ("certificate", 2000)):
            if rng.randrange(odds):
                continue
            planted.append(name)
            if name == "address":
                source = rng.choice(("203.0.113.7", "2001:db8::7"))
                planted = [other for other in planted if other != "network"]
            elif name == "host":
                host = rng.choice(("evil.example", "EVIL.example:8443", "deep.evil.example"))
                planted.append("below") if host.startswith("deep") else planted.append("exactly")
            elif name == "path":
                path = "/admin/" + str(i)
            elif name == "agent":
                agent = EVIL_AGENT
            elif name == "user":
                actor = "anna"
            else:
                more = f',"client_certificate":"{CERTIFICATE}"'
        if "address" in planted and "agent" in planted:
            planted.append("both")
        for name in planted:
            self.truth[name] += 1
            self.who[name].add(source)
            self.when[name].append(moment(i))
        origin = f"[{source}]:4711" if ":" in source else f"{source}:4711"
        return (f'{{"time":"{moment(i)}","id":"1-1-{i + 1}","seq":{i + 1},"kind":"access","action":"GET",'
                f'"object":"https://{host}{path}","result":"200","origin":"{origin}","actor":"{actor}","writer":"edge[0]",'
                f'"listener":"public","route":"r","bytes_in":1,"bytes_out":2,"user_agent":"{agent}"{more},'
                f'"prev":"{"0123456789abcdef" * 4}"}}\n')


@pytest.fixture(scope="module", name="log")
def generated_log(tmp_path_factory):
    return Log(str(tmp_path_factory.mktemp("audit")))


@pytest.fixture(name="write")
def writes_files(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)
    return write


def found(report):
    return {row["indicator"]: row for row in report["found"]}


def indicator(number, pattern, **more):
    return {"type": "indicator", "spec_version": "2.1", "id": f"indicator--{number}", "name": f"name {number}",
            "pattern_type": "stix", "pattern": pattern, "valid_from": "2020-01-01T00:00:00Z", **more}


def test_list(log, write):
    path = write("list.txt", f"""# planted
203.0.113.7   # one of two
2001:db8::7
10.3.7.0/24
198.51.100.1
evil[.]example
*.evil.example
/admin/*
agent~sqlmap
sqlmap/1.7 (https://sqlmap.org) é
user:anna
tls:{CERTIFICATE}
""")
    status, report = hunt(path, "--directory", log.folder, "-n", "2")
    assert status == 3 and report["records_read"] == RECORDS and report["indicators"] == 11
    rows = found(report)
    assert rows["203.0.113.7"]["hits"] + rows["2001:db8::7"]["hits"] == log.truth["address"]
    assert rows["203.0.113.7"]["name"] == "one of two" and rows["203.0.113.7"]["where"] == "line 2"
    assert rows["203.0.113.7"]["sources"] == 1 and "198.51.100.1" not in rows
    for text, name in (("10.3.7.0/24", "network"), ("evil[.]example", "exactly"), ("*.evil.example", "below"),
                       ("/admin/*", "path"), ("agent~sqlmap", "agent"), ("sqlmap/1.7 (https://sqlmap.org) é", "agent"),
                       ("user:anna", "user"), (f"tls:{CERTIFICATE}", "certificate")):
        row = rows[text]
        assert (row["hits"], row["sources"]) == (log.truth[name], len(log.who[name])), text
        assert (row["first"], row["last"]) == (min(log.when[name]), max(log.when[name])), text
        assert [record["time"] for record in row["records"]] == sorted(log.when[name])[:2], text
    assert rows["user:anna"]["users"] == 1 and report["not_understood"] == 0


def test_stix(log, write):
    path = write("bundle.json", {"type": "bundle", "id": "bundle--1", "objects": [
        {"type": "identity", "id": "identity--1", "name": "CSIRT"},
        indicator(1, "[ipv4-addr:value = '203.0.113.7' OR ipv6-addr:value = '2001:db8::7']", name="\x1b[31m\x9b\u202e"),
        indicator(2, "[network-traffic:src_ref.value ISSUBSET '10.3.7.0/24']"),
        indicator(3, f"[(network-traffic:src_ref.value IN ('203.0.113.7', '2001:db8::7')) AND {HEADER} LIKE 'sqlmap/%']"),
        indicator(4, "[domain-name:value LIKE '%.evil.example'] OR [domain-name:value = 'evil.example']"),
        indicator(5, "[ipv4-addr:value = '203.0.113.7']", revoked=True),
        indicator(6, "[file:hashes.'SHA-256' = 'ab' OR user-account:user_id = 'anna']"),
        indicator(7, "[ipv4-addr:value = '203.0.113.7'] FOLLOWEDBY [domain-name:value = 'evil.example']"),
        indicator(8, f"[{HEADER} LIKE '%sqlmap%']", valid_from=moment(RECORDS // 2)),
    ]})
    status, report = hunt(path, "--directory", log.folder)
    assert status == 3 and (report["indicators"], report["revoked"], report["not_understood"]) == (6, 1, 2)
    rows = {row["id"]: row for row in report["found"]}
    truth = {1: "address", 2: "network", 4: "host", 6: "user", 8: "agent"}
    truth.update({3: "both"} if log.truth["both"] else {})
    assert {name: rows[f"indicator--{n}"]["hits"] for n, name in truth.items()} == {
        name: log.truth[name] for name in truth.values()}
    assert rows["indicator--6"]["partly_understood"] and not rows["indicator--1"]["partly_understood"]
    assert rows["indicator--8"]["hits_outside_validity"] == sum(when < moment(RECORDS // 2) for when in log.when["agent"])
    assert {(row["kind"], row["id"]) for row in report["remarks"]} == {
        ("revoked", "indicator--5"), ("not_understood", "indicator--6"), ("not_understood", "indicator--7")}
    # A27: what a stranger's file says does not move a terminal.
    text = instance.command("hunt", path, "--directory", log.folder).stdout
    assert "indicator--1" in text and not set("\x1b\x9b\u202e") & set(text)


def test_csaf(log, write):
    path = write("advisory.json", {
        "document": {"csaf_version": "2.0", "title": "x", "tracking": {"id": "EX-2026-1"}, "notes": [
            {"category": "summary", "text": "Fixed in 10.3.7.1; requests went to evil[.]example, see https://vendor.example/."}]},
        "vulnerabilities": [{"notes": [{"category": "details", "title": "Indicators of Compromise",
                                        "text": "* 203.0.113.7\n* 10.3.7.0/24 (scans)\n"}]}]})
    status, report = hunt(path, "--directory", log.folder)
    rows = found(report)
    assert status == 3 and set(rows) == {"evil[.]example", "203.0.113.7", "10.3.7.0/24"} and report["indicators"] == 3
    assert rows["evil[.]example"]["hits"] == log.truth["exactly"]
    assert rows["evil[.]example"]["where"] == "document.notes[0] (summary)"
    assert rows["10.3.7.0/24"]["hits"] == log.truth["network"]
    assert rows["10.3.7.0/24"]["where"] == "vulnerabilities[0].notes[0] (Indicators of Compromise)"
    assert rows["10.3.7.0/24"]["id"] == "EX-2026-1"


def test_time_and_outcome(log, write):
    path = write("list.txt", "agent~sqlmap\n192.0.2.200\n")
    since, until = moment(RECORDS // 4), moment(RECORDS // 2)
    since, until = since[:19] + "Z", until[:19] + "Z"
    status, report = hunt(path, "--directory", log.folder, "--since", since, "--until", until)
    assert status == 3
    assert found(report)["agent~sqlmap"]["hits"] == sum(since[:19] <= when[:19] < until[:19] for when in log.when["agent"])
    assert hunt(write("none.txt", "192.0.2.200\n"), "--directory", log.folder)[0] == 0
    text = instance.command("hunt", path, "--directory", log.folder, "-n", "1").stdout
    assert f"part of user agent  {log.truth['agent']} " in text and "\x1b" not in text
    assert text.splitlines()[-1].startswith(f"{RECORDS} records read, 2 indicators, 1 of them found in {log.truth['agent']} records; ")


def test_mistakes(log, write):
    """A question that isn't understood is no question to which nothing is the answer."""
    place = ("--directory", log.folder)
    status, said = hunt(write("list.txt", "203.0.113.7\nsqlmap\n"), *place)
    assert status == 1 and "list.txt:2:1: " in said and "agent~" in said
    status, said = hunt(write("bundle.json", '{"type": "bundle",\n "objects": [}'), *place)
    assert status == 1 and "bundle.json:2:" in said
    assert hunt(write("other.json", {"a": 1}), *place)[0] == 1
    status, report = hunt(write("yara.json", {"type": "bundle", "objects": [indicator(1, "x", pattern_type="yara")]}), *place)
    assert status == 1 and report["not_understood"] == 1
    assert hunt("/nonexistent", *place)[0] == 1 and hunt()[0] == 2
    good = write("good.txt", "203.0.113.7\n")
    assert hunt(good, "--directory", "/nonexistent")[0] == 1
    for words in (("--format", "pdf"), ("--since", "yesterday"), ("-n", "many"), ("--nonsense",)):
        assert hunt(good, *place, *words)[0] == 2, words
    assert hunt(good, "--format", "stix", *place)[0] == 1


def test_running_instance(sluis, site, origin, write):
    """What clients did a moment ago, while it runs; a hostile user agent is found by what it was."""
    sluis.start(site(origin().address))
    with sluis.client(bind="127.0.0.5") as client:
        for n in range(5):
            assert client.ask(target=f"/secret/{n}?q=1", fields=[("User-Agent", 'evil"\\bot/1 <x>')], host="www.example.nl").status == 200
    for n in range(3):
        assert sluis.ask(f"/public/{n}").status == 200
    path = write("list.txt", '127.0.0.5\n/secret/*\nagent:evil"\\bot/1 <x>\nwww.example.nl\n127.0.0.6\n')
    end = time.monotonic() + 10
    while True:
        status, report = hunt(path, "--state", sluis.state)
        rows = found(report) if status == 3 else {}
        if rows.get("www.example.nl", {}).get("hits") == 8:
            break
        assert time.monotonic() < end, report
        time.sleep(0.1)
    assert status == 3 and "127.0.0.6" not in rows
    assert rows["127.0.0.5"]["hits"] == rows['agent:evil"\\bot/1 <x>']["hits"] == rows["/secret/*"]["hits"] == 5
    assert rows["/secret/*"]["records"][0]["object"].endswith("/secret/0")
