"""sluis top: rates of known traffic for programs and people; a terminal that is left as it was."""
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time

import pytest

from harness.load import Load
from harness.origin import answer
from harness.sluis import COMMAND, command
from harness.wait import until


class Steady(threading.Thread):
    """About so many requests a second until it is stopped."""

    def __init__(self, sluis, per_second):
        super().__init__(daemon=True)
        self.sluis, self.pause, self.is_over = sluis, 1 / per_second, False

    def run(self):
        with self.sluis.client() as kept:
            while not self.is_over:
                kept.ask()
                time.sleep(self.pause)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.join()


def slow(_request, _stream):
    time.sleep(0.01)
    return answer(b"x" * 1000)


def test_once_for_programs(sluis, site, origin):
    sluis.start(site({"name": "one", "address": origin(slow).address}, route={"name": "shop"}))
    with Steady(sluis, 20):
        ran = sluis.run("top", "--json", "--interval", "2")
    assert ran.returncode == 0, ran.stderr
    page = json.loads(ran.stdout)
    assert page["format"] == 1 and page["generation"] == 1 and 1900 < page["interval_ms"] < 4000
    assert set(page) == {"format", "generation", "interval_ms", "listeners", "routes", "pools", "servers", "roles"}
    for view, name in {"listeners": "public", "routes": "shop/default", "pools": "web", "servers": "web/one"}.items():
        row, = page[view]
        assert row["name"] == name
        assert 3 <= row["requests_per_s"] <= 30, view
        assert row["failed_per_s"] == 0
        assert 8 < row["p50_ms"] <= row["p90_ms"] <= row["p99_ms"] < 1000, view
        assert row["sent_bytes_per_s"] >= 1000 * row["requests_per_s"], view
    assert page["listeners"][0]["state"] == "open" and page["listeners"][0]["active"] == 1
    assert page["servers"][0]["state"] in ("up", "unknown") and page["pools"][0]["state"] == "1/1 up"
    roles = {r["name"]: r for r in page["roles"]}
    assert {"keeper[0]", "signer[0]", "edge[0]", "dialer[0]", "audit[0]", "authority[0]"} == set(roles)
    assert roles["edge[0]"]["resident_bytes"] > 1 << 20 and roles["edge[0]"]["connections"] >= 2
    assert all(0 <= r["cpu_percent"] < 110 for r in roles.values())


def test_idle_is_nothing(sluis, site, origin):
    sluis.start(site(origin().address))
    sluis.ask()
    time.sleep(0.5)  # it is counted a moment after it is over
    page = json.loads(sluis.run("top", "--json").stdout)
    assert page["listeners"][0]["requests_per_s"] == 0 and page["listeners"][0]["p99_ms"] == 0


def test_once_for_people(sluis, site, origin):
    sluis.start(site({"name": "one", "address": origin().address}, {"name": "off", "address": "127.0.0.1:1", "state": "drain"}))
    with Load(sluis, clients=1, pause=0.02):
        text = sluis.run("top", "--once").stdout
    assert "\x1b" not in text
    for name in ("public", "all/default", "web ", "web/one", "edge[0]", "keeper[0]"):
        assert name in text
    assert re.search(r"^web/off +drain ", text, re.M) and re.search(r"^web +1/2 up ", text, re.M)
    assert all(len(line) <= 80 for line in text.splitlines()), text


def test_what_it_does_not_understand(sluis, site, origin):
    sluis.start(site(origin().address))
    for arguments in (["--interval", "0"], ["--interval", "61"], ["--interval", "x"], ["extra"], ["--no"]):
        assert sluis.run("top", *arguments).returncode == 2
    assert "usage: sluis top" in sluis.run("top", "--help").stdout
    ran = sluis.run("top")
    assert ran.returncode == 1 and "--once" in ran.stderr
    assert command("top", "--once", "--state", "/nowhere").returncode == 1


class Terminal:
    """`sluis top` in a terminal of its own."""

    def __init__(self, sluis, lines=24, columns=80):
        self.fd, inside = pty.openpty()
        self.size(lines, columns)
        self.process = subprocess.Popen([COMMAND, "top", "--state", sluis.state], stdin=inside, stdout=inside, stderr=inside,
                                        start_new_session=True)
        self.inside, self.text = inside, ""

    def size(self, lines, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def until(self, pattern, within=10):
        end = time.monotonic() + within
        while not re.search(pattern, self.text, re.S):
            assert time.monotonic() < end, self.text[-3000:]
            if select.select([self.fd], [], [], 0.1)[0]:
                self.text += os.read(self.fd, 65536).decode()

    def key(self, keys):
        self.text = ""
        os.write(self.fd, keys.encode())

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.fd)
        os.close(self.inside)


@pytest.fixture(name="terminal")
def open_terminal():
    made = []

    def make(sluis, **keywords):
        made.append(Terminal(sluis, **keywords))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_live(sluis, site, origin, terminal):
    servers = [{"name": f"s{i:02}", "address": f"127.0.0.1:{i + 1}", "weight": 1} for i in range(40)]
    sluis.start(site({"name": "real", "address": origin().address}, *servers[:40]))
    screen = terminal(sluis)
    screen.until(r"\x1b\[\?1049h.*servers.*web/real.*q quit")
    assert screen.process.poll() is None
    page = screen.text[screen.text.rindex("\x1b[H"):]
    assert page.count("\r\n") <= 23 and "web/s39" not in page
    for keys, wanted in (("n", r"web/real.*web/s00"), ("\x1b[B\x1b", r"\x1b\[H"), ("l", r"listeners.*public"), ("o", r"keeper\[0\]"),
                         ("p", r"web .*1?/?41 up"), ("\t", r"servers"), ("r", r"all/default")):
        screen.key(keys)
        screen.until(wanted)
    screen.size(6, 30)
    screen.key("s")
    screen.until(r"\x1b\[Hsluis top.*web\/s01.*tab")
    page = screen.text[screen.text.rindex("\x1b[H"):]
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in page.replace("\r", "").split("\n")]
    assert len(lines) <= 6 and max(map(len, lines)) <= 30
    screen.key("q")
    screen.until(r"\x1b\[\?25h\x1b\[\?1049l")
    assert screen.process.wait(5) == 0
    assert termios.tcgetattr(screen.inside)[3] & termios.ICANON and termios.tcgetattr(screen.inside)[3] & termios.ECHO


@pytest.mark.parametrize("how", ["\x03", "term", "stop"])
def test_the_terminal_is_left_as_it_was(sluis, site, origin, terminal, how):
    """By ^C, by a signal, and when the instance ends."""
    sluis.start(site(origin().address))
    screen = terminal(sluis)
    screen.until(r"q quit")
    if how == "term":
        screen.process.terminate()
    elif how == "stop":
        sluis.stop()
    else:
        screen.key(how)
    screen.until(r"\x1b\[\?25h\x1b\[\?1049l")
    until(lambda: screen.process.poll() is not None)
