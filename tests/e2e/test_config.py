"""sluis check and start-up: every mistake is named with file:line:column and what to write instead."""
import os
import re
import socket

import pytest

from harness import sluis as instance
from harness import wire

GOOD = """\
listeners:
  - name: public
    address: 127.0.0.1:{port}
    protocol: http
backends:
  - {{name: web, servers: ["127.0.0.1:9001", "127.0.0.1:9002"]}}
routes:
  - {{hosts: [www.example.nl], backend: web}}
"""


@pytest.fixture(name="check")
def check_text(folder):
    """check(text, files) runs sluis check on a file of that text."""

    def run(text, **files):
        for name, content in {"sluis.yaml": text.replace("{{", "{").replace("}}", "}").replace("{port}", "8080"), **files}.items():
            path = os.path.join(folder, name.replace("__", "/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
        return instance.command("check", os.path.join(folder, "sluis.yaml"))

    return run


def problems(ran):
    """[(line, column, kind, text)] of what was said, all of it in the one format."""
    found = []
    for line in ran.stderr.splitlines():
        match = re.fullmatch(r".*?sluis\.yaml:(\d+):(\d+): (error|warning): (.+)", line)
        if match:
            found.append((int(match.group(1)), int(match.group(2)), match.group(3), match.group(4)))
    return found


def errors(ran):
    return [row for row in problems(ran) if row[2] == "error"]


@pytest.mark.smoke
def test_good_file(check):
    ran = check(GOOD)
    assert ran.returncode == 0, ran.stderr
    assert errors(ran) == []


# (what is wrong, (old, new) in the good file, line, words that the message must have)
WRONG = [
    ("unknown key", ("protocol: http", "protocoll: http"), 4, ["protocoll", "protocol"]),
    ("unknown backend", ("backend: web", "backend: wbe"), 8, ["wbe", "web"]),
    ("unknown value", ("protocol: http", "protocol: htp"), 4, ["htp", "http"]),
    ("wrong unit", ("protocol: http", "protocol: http\n    timeouts: {keep_alive: 5q}"), 5, ["5q"]),
    ("no unit", ("protocol: http", "protocol: http\n    timeouts: {keep_alive: 5}"), 5, ["5"]),
    ("out of range", ("protocol: http", "protocol: http\n    limits: {header_size: 1}"), 5, ["header_size"]),
    ("not a number", ("protocol: http", "protocol: http\n    limits: {headers: many}"), 5, ["many"]),
    ("not an address", ("127.0.0.1:{port}", "somewhere"), 3, ["somewhere"]),
    ("port too large", ("127.0.0.1:9001", "127.0.0.1:99999"), 6, ["99999"]),
    ("https without certificates", ("    protocol: http\n", ""), 2, ["certificate"]),
    ("the same name twice", ("backends:", "backends:\n  - {{name: web, servers: [\"127.0.0.1:9003\"]}}"), 7, ["web"]),
    ("the same key twice", ("protocol: http", "protocol: http\n    protocol: http"), 5, ["protocol"]),
    ("anchor", ("hosts: [www.example.nl]", "hosts: &a [www.example.nl]"), 8, ["anchor"]),
    ("tag", ("name: public", "name: !!str public"), 2, ["tag"]),
    ("a list where a word belongs", ("name: public", "name: [public]"), 2, ["name"]),
    ("no servers", ('servers: ["127.0.0.1:9001", "127.0.0.1:9002"]', "servers: []"), 6, ["servers"]),
    ("two documents", ("routes:", "---\nroutes:"), 7, ["document"]),
    ("not yet available", ("protocol: http", "protocol: http\n    http3: true"), 5, ["http3", "not available"]),
    ("encoded path", ("backend: web}}", 'rules: [{{match: {{path_prefix: "/a/../b"}}, backend: web}}]}}'), 8, ["/a/../b"]),
    ("broken pattern", ("backend: web}}", 'rules: [{{match: {{path_regex: "("}}, backend: web}}]}}'), 8, ["path_regex"]),
    ("redirect with status 200", ("backend: web}}", 'rules: [{{redirect: {{status: 200, location: /x}}}}]}}'), 8, ["200"]),
]


@pytest.mark.parametrize("change,line,words", [pytest.param(*case[1:], id=case[0]) for case in WRONG])
def test_mistake_is_named(check, change, line, words):
    assert change[0] in GOOD
    ran = check(GOOD.replace(*change, 1))
    assert ran.returncode == 1, ran.stderr
    assert errors(ran), ran.stderr
    assert any(row[0] == line and all(word in row[3] for word in words) for row in errors(ran)), ran.stderr


def test_did_you_mean(check):
    assert "did you mean" in check(GOOD.replace("backend: web", "backend: wbe")).stderr
    assert "did you mean" in check(GOOD.replace("protocol: http", "protocoll: http")).stderr


def test_all_problems_in_one_run(check):
    text = GOOD.replace("name: public", "name: public\n    nonsense: 1").replace("backend: web", "backend: wbe")
    text = text.replace("127.0.0.1:9001", "nowhere:x")
    assert len(errors(check(text))) >= 3


def test_columns_point_at_the_word(check):
    text = GOOD.replace("backend: web", "backend: wbe")
    line = text.replace("{{", "{").splitlines()[7]
    row = [row for row in errors(check(text)) if "wbe" in row[3]][0]
    assert row[1] == line.index("wbe") + 1


def test_shadowed_rule_is_warned_about(check):
    text = GOOD.replace("backend: web}}", "rules: [{{match: {{path_prefix: /}}, backend: web}}, "
                        "{{match: {{path_prefix: /x}}, backend: web}}]}}")
    ran = check(text)
    assert ran.returncode == 0
    assert [row for row in problems(ran) if row[2] == "warning" and row[0] == 8], ran.stderr


def test_include_merges_and_names_both_places(check):
    base = "include: [conf.d/*.yaml]\n" + GOOD
    more = "backends:\n  - {name: other, servers: [\"127.0.0.1:9005\"]}\nroutes:\n  - {hosts: [other.nl], backend: other}\n"
    assert check(base, conf__d__a="x").returncode in (0, 1)
    ran = check(base, **{"conf.d__more.yaml": more})
    assert ran.returncode == 0, ran.stderr
    ran = check(base, **{"conf.d__more.yaml": more.replace("name: other", "name: web")})
    assert ran.returncode == 1 and "more.yaml:2" in ran.stderr and "sluis.yaml:7" in ran.stderr


@pytest.mark.parametrize("text", ["", "[]", "just words", "\0", "\xff\xfe", "a: [", "{" * 200, "- - - -\n" * 50, "a: b: c",
                                  "listeners: 5\n", "? complex\n: key\n", "x: " + "y" * 100000])
def test_nonsense_is_refused_not_crashed_on(check, text):
    ran = check(text)
    assert ran.returncode == 1
    assert "error" in ran.stderr
    assert not instance.BROKEN.search(ran.stderr)


def test_missing_file():
    ran = instance.command("check", "/nonexistent/sluis.yaml")
    assert ran.returncode == 1 and "/nonexistent/sluis.yaml" in ran.stderr


def test_usage_errors():
    assert instance.command("frobnicate").returncode == 2
    assert instance.command("run", "--nonsense").returncode == 2
    assert instance.command("--help").returncode == 0
    assert re.search(r"\d+\.\d+\.\d+", instance.command("version").stdout)


# ---- start-up ---------------------------------------------------------------------------------------
def test_broken_file_does_not_start(sluis):
    sluis.launch("listeners: [{nam: x}]\n")
    assert sluis.process.wait(20) == 1
    assert re.search(r"sluis\.yaml:1:\d+: error: .*nam", sluis.stderr())
    assert "ready" not in sluis.out


def test_port_in_use_says_which_listener(sluis, site):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", sluis.port("public")))
        taken.listen(1)
        sluis.launch(site("127.0.0.1:9"))
        assert sluis.process.wait(20) == 1
    said = sluis.stderr()
    assert "public" in said and str(sluis.port("public")) in said and "in use" in said


def test_missing_key_is_named(sluis, site, ca):
    made = ca.issue("www.example.nl")
    sluis.launch(site("127.0.0.1:9", listener={"protocol": "https", "certificates": ["www"]},
                      certificates=[{"name": "www", "chain": made.chain, "key": "/nonexistent.key"}]))
    assert sluis.process.wait(20) == 1
    assert "/nonexistent.key" in sluis.stderr()


def test_key_of_another_certificate_is_named(sluis, site, ca):
    made, other = ca.issue("www.example.nl"), ca.issue("other.nl")
    sluis.launch(site("127.0.0.1:9", listener={"protocol": "https", "certificates": ["www"]},
                      certificates=[{"name": "www", "chain": made.chain, "key": other.key}]))
    assert sluis.process.wait(20) == 1
    assert "www" in sluis.stderr() and other.key in sluis.stderr()


def test_second_instance_on_the_same_state_is_refused(sluis, site, origin):
    configuration = site(origin().address)
    sluis.start(configuration)
    ran = instance.command("run", "--config", sluis.config, "--state", sluis.state)
    assert ran.returncode == 1 and sluis.state in ran.stderr
    assert sluis.ask().status == 200


def test_commands_without_an_instance(folder):
    for words in (["status"], ["reload"], ["upgrade"], ["server", "drain", "web/a"]):
        ran = instance.command(*words, "--state", folder)
        assert ran.returncode == 1 and folder in ran.stderr, ran.stderr


def test_ten_line_site(sluis, ca, origin):
    """The configuration that the README promises works as it stands, but for ports and names of files."""
    made = ca.issue("www.example.nl")
    a, b = origin(name="a"), origin(name="b")
    sluis.start(f"""listeners:
  - name: public
    address: 127.0.0.1:{sluis.port()}
    certificates: [www]
certificates:
  - {{name: www, chain: {made.chain}, key: {made.key}}}
backends:
  - {{name: web, servers: ["{a.address}", "{b.address}"]}}
routes:
  - {{hosts: [www.example.nl], backend: web}}
""")
    got = {sluis.ask(tls=wire.client_tls(ca.certificate)).body for _ in range(30)}
    assert got == {b"a", b"b"}


@pytest.mark.parametrize("words", ["status", "user add", "audit tail", "session revoke", "explain"])
def test_option_that_is_none(words, sluis):
    """The message begins with the whole command, so that it says where to look."""
    ran = sluis.run(*words.split(), "--nonsense")
    assert ran.returncode == 2 and ran.stdout == ""
    assert ran.stderr.startswith(f"sluis {words}: unrecognized option '--nonsense'\nusage: sluis {words.split()[0]}"), ran.stderr
