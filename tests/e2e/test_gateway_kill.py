"""Roles of the gateway are killed while people log in (P11, THREATS H): nobody becomes somebody else, nothing acknowledged is lost."""
import http.client
import os
import signal
import threading
import time

import pytest

from harness.gateway import Gateway, Person
from harness.origin import answer

EVERYONE = {"access": {"allow": {"all": [{"everyone": True}]}}}
ROLES = ["authority", "spawner", "verifier", "signer", "dialer", "audit"]


def echo(request, _):
    return answer(request.header("X-Sluis-Identity") or "-", fields=[("Content-Type", "text/plain")])


class Crowd:
    """People who log in, ask the application who they are, and log out, again and again."""

    def __init__(self, gateway, names, password):
        self.gateway, self.names, self.password = gateway, names, password
        self.over, self.right, self.failed, self.wrong, self.last_right = threading.Event(), 0, 0, [], 0.0
        self.threads = [threading.Thread(target=self._run, args=(name,), daemon=True) for name in names]
        for thread in self.threads:
            thread.start()

    def _run(self, name):
        while not self.over.is_set():
            with Person(self.gateway, name) as person:
                person.password = self.password
                try:
                    got = person.log_in(self.gateway.url("/who", "cases"))
                    self._judge(name, got)
                    self._judge(name, person.go(self.gateway.url("/who", "cases")))
                except (http.client.HTTPException, OSError, AssertionError):
                    self.failed += 1
                    time.sleep(0.1)

    def _judge(self, name, got):
        if got.status == 200 and got.url.startswith(self.gateway.url("/who", "cases")):
            if got.text != name:
                self.wrong.append((name, got.text[:100]))
            self.right += 1
            self.last_right = time.monotonic()
        else:
            self.failed += 1

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(30)


@pytest.mark.limit(120)
def test_kill_under_log_ins(sluis, ca, origin, capsys):
    gateway = Gateway(sluis, ca, {"cases": (origin(echo).address, EVERYONE)}, factors={"require": [["password"]]},
                      gateway={"cells": {"per_address": 5000, "before_login": 5000}}).start()
    names, password = [f"person-{n}" for n in range(4)], "correct horse battery staple"
    for name in names:
        with Person(gateway, name) as person:
            person.enrol(gateway.add(name), password=password, want_totp=False)
    crowd, added, waits = Crowd(gateway, names, password), [], {}
    time.sleep(2)
    for n, role in enumerate(ROLES):
        for pid in sluis.pids(role):
            os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        # An administrator's change while it comes back: refused, or done for good
        ran = sluis.run("user", "add", f"late-{n}")
        if ran.returncode == 0:
            added.append(f"late-{n}")
        while crowd.last_right < killed + 0.05 and time.monotonic() < killed + 10:
            time.sleep(0.02)
        waits[role] = crowd.last_right - killed
        assert waits[role] > 0, f"nobody logs in any more after the end of {role}\n{sluis.stderr()[-2000:]}"
        time.sleep(0.5)
    crowd.end()
    assert not crowd.wrong, crowd.wrong
    known = {row["name"] for row in gateway.command("user", "list", "--json")}
    assert set(added) <= known and set(names) <= known
    with capsys.disabled():
        print(f"\n  {crowd.right} right answers, {crowd.failed} that failed, none wrong; first right one after a kill: "
              + ", ".join(f"{role} {wait:.2f} s" for role, wait in waits.items()), end="")
