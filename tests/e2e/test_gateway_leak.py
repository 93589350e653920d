"""The leak test (P1, P2, P6; THREATS A, A10): what a stranger's process has in its memory of those who are at work."""
import base64
import hashlib
import os
import threading
import time

import pytest

from harness import memory
from harness.gateway import Gateway, Person
from harness.origin import answer

USERS = int(os.environ.get("SLUIS_LEAK_USERS", "100"))
LOG_INS = int(os.environ.get("SLUIS_LOG_INS", "120"))
EVERYONE = {"access": {"allow": {"all": [{"everyone": True}]}}}


def needles_of(person):
    """Everything that only this person, his browser and the application may know; in the forms it has on its way."""
    found = {"name": person.name.encode(), "password": person.password.encode(),
             "password in a form": person.password.replace(" ", "+").encode()}
    for host, jar in person.cookies.items():
        for name, value in jar.items():
            if name == "__Host-sluis-language":
                continue
            raw = base64.urlsafe_b64decode(value.split(".")[0] + "==")
            found[f"{host} {name}"] = value.encode()
            found[f"{host} {name}, raw"] = raw
            found[f"{host} {name}, hashed"] = hashlib.sha256(raw).digest()
    return {f"{person.name}: {what}": needle for what, needle in found.items()}


def cells(sluis):
    return set(sluis.pids("cell"))


@pytest.mark.limit(240)
def test_strangers_cell_holds_nothing_of_others(sluis, ca, origin, capsys):
    """With everybody logged in and busy; then the same search finds what is put there, so that it can find something."""
    if os.getuid() != 0:
        pytest.skip("needs root")
    gateway = Gateway(sluis, ca, {"cases": (origin().address, EVERYONE)}, factors={"require": [["password"]]},
                      gateway={"cells": {"per_address": 4 * USERS, "before_login": 4 * USERS}},
                      listener={"limits": {"connections_per_address": 0}}).start()
    people = []
    for n in range(USERS):
        person = Person(gateway, f"user-{n:03}-{os.urandom(4).hex()}")
        person.enrol(gateway.add(person.name), password=f"a secret of {person.name}", want_totp=False)
        assert person.go(gateway.url("/", "cases")).status == 200
        people.append(person)
    over = threading.Event()

    def work(mine):
        while not over.is_set():
            for person in mine:
                assert person.go(gateway.url("/work", "cases")).status == 200

    workers = [threading.Thread(target=work, args=(people[n::2],), daemon=True) for n in range(2)]
    for worker in workers:
        worker.start()
    time.sleep(1)
    others = {}
    for person in people:
        others.update(needles_of(person))
    before = cells(sluis)
    with Person(gateway, "stranger") as stranger:
        assert stranger.once(gateway.url("/login")).status == 200
        mine = cells(sluis) - before
        assert len(mine) == 1, f"one connection is one process: {mine}"
        searched = [*mine, *sluis.pids("spawner")]
        leaks = {pid: memory.found_in(pid, others) for pid in searched}
        assert not any(leaks.values()), leaks
        # Proof that the search can fail: the stranger gets hold of one secret of each kind and sends it
        victim = needles_of(people[0])
        for what, needle in victim.items():
            if "raw" not in what and "hashed" not in what:
                stranger.once(gateway.url("/login"), headers={"X-Planted": needle.decode()})
                assert memory.found_in(next(iter(mine)), {what: needle}), f"planted, and not found: {what}"
    over.set()
    for worker in workers:
        worker.join()
    with capsys.disabled():
        print(f"\n  {USERS} users at work, {len(others)} secrets looked for in {len(searched)} processes: none found;"
              f" planted ones are", end="")
    for person in people:
        person.close()


@pytest.mark.limit(120 + LOG_INS // 5)
def test_parallel_log_ins_keep_their_identity(sluis, ca, origin, capsys):
    """THREATS H: whatever runs beside it, the application is told who asks, and nobody is told another's name."""
    count = LOG_INS

    def echo(request, _):
        return answer(request.header("X-Sluis-Identity") or "-", fields=[("Content-Type", "text/plain")])

    gateway = Gateway(sluis, ca, {"cases": (origin(echo).address, EVERYONE)}, factors={"require": [["password"]]},
                      gateway={"cells": {"per_address": 5000, "before_login": 5000}}).start()
    people = [Person(gateway, f"user-{n:02}") for n in range(12)]
    for person in people:
        person.enrol(gateway.add(person.name), want_totp=False)
        person.close()
    wrong, done = [], []

    def log_in(mine):
        for n in range(count // 6):
            with Person(gateway, mine[n % len(mine)].name) as person:
                person.password = mine[0].password
                got = person.log_in(gateway.url("/who", "cases"))
                for _ in range(3):
                    done.append(got.text)
                    if got.status != 200 or got.text != person.name:
                        wrong.append((person.name, got.status, got.text[:200]))
                    got = person.go(gateway.url("/who", "cases"))

    workers = [threading.Thread(target=log_in, args=(people[n::6],), daemon=True) for n in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong, wrong[:5]
    with capsys.disabled():
        print(f"\n  {count} log-ins, {len(done)} requests: each application heard the right name", end="")
