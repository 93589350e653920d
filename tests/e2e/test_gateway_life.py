"""Sessions over changes of Sluis itself (promises P10, P11): a reload and a killed authority end none, an upgrade ends all."""
import json
import os
import re
import signal
import time

import pytest

from harness.gateway import Gateway, Person
from harness.origin import answer

# Each may meet another order of ends and beginnings: SLUIS_UPGRADES=125 for a hundred and twenty-five
UPGRADES = int(os.environ.get("SLUIS_UPGRADES", "6"))
EVERYONE = {"access": {"allow": {"all": [{"everyone": True}]}}}


def echo(request, _):
    return answer(request.header("X-Sluis-Identity") or "-", fields=[("Content-Type", "text/plain")])


def test_reload_kill_upgrade(sluis, ca, origin):
    gateway = Gateway(sluis, ca, {"cases": (origin(echo).address, EVERYONE)}, factors={"require": [["password"]]}).start()
    url = gateway.url("/who", "cases")
    with Person(gateway, "anna") as person:
        person.enrol(gateway.add("anna"), want_totp=False)
        assert person.go(url).text == "anna"
        assert sluis.run("reload").returncode == 0
        assert person.once(url).text == "anna", "a reload ends no session"
        for pid in sluis.pids("authority"):
            os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + 5
        while person.once(url).status != 200:
            assert time.monotonic() < end, sluis.stderr()
            time.sleep(0.05)
        assert person.once(url).text == "anna", "the authority's store has kept it"
        began = time.monotonic()
        ran = sluis.run("upgrade")
        assert ran.returncode == 0, ran.stderr
        took = time.monotonic() - began
        assert took < 8, f"an upgrade waits for nobody's session: {took:.1f} s"
        got = person.once(url)
        assert got.status == 303 and "/enter?app=cases" in got.header("Location"), "an upgrade ends them all"
        assert person.log_in(url).text == "anna"
        (session,) = json.loads(sluis.run("session", "list", "--json").stdout)
    lines = [json.loads(line) for line in sluis.run("audit", "tail", "-n", "200", "--json").stdout.splitlines()]
    whose = [line for line in lines if line["kind"] == "access" and line["object"].endswith("/who") and line["result"] == "200"]
    assert whose[-1]["session"] == session["number"] and whose[-1]["actor"] == "anna"
    classes = {line["tls_class"] for line in lines if "tls_class" in line}
    assert len(classes) == 1 and re.fullmatch("[0-9a-f]{64}", classes.pop()), "all connections are this one program's"
    assert {line.get("session") for line in lines if line["kind"] == "access" and line["actor"] == "-"} == {None}
    log = sluis.run("audit", "tail", "-n", "200").stdout
    assert "Sluis was upgraded" in log and "event login.ok session " in log
    whose = [line for line in log.splitlines() if " access GET " in line and "/who 200 " in line and " anna " in line]
    assert whose, "the log says whose request it was"


@pytest.mark.limit(60 + 3 * UPGRADES)
def test_upgrades_wait_for_nobody(sluis, ca, origin, capsys):
    """P11: roles end and begin in any order, the authority is killed before every other upgrade, and none waits for a deadline."""
    gateway = Gateway(sluis, ca, {"cases": (origin(echo).address, EVERYONE)}, factors={"require": [["password"]]}).start()
    url, worst = gateway.url("/who", "cases"), 0
    with Person(gateway, "anna") as person:
        person.enrol(gateway.add("anna"), want_totp=False)
        for n in range(UPGRADES):
            if n % 2 == 0:
                for pid in sluis.pids("authority"):
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.1 * (n % 5))
            began = time.monotonic()
            ran = sluis.run("upgrade", "--without-evidence", "nobody can be asked") if n % 2 == 0 else sluis.run("upgrade")
            assert ran.returncode == 0, ran.stderr
            worst = max(worst, time.monotonic() - began)
            assert person.log_in(url).text == "anna"
    with capsys.disabled():
        print(f"\n{UPGRADES} upgrades: the longest took {worst:.2f} s", end="")
    assert worst < 8
