"""What is within reach of a process of the gateway that is taken over, seen from outside (P1, P5, P7, P9; THREATS A20)."""
import base64
import hashlib
import json
import os
import signal
import time

import pytest

from harness import memory
from harness.gateway import PASSWORD, Gateway, Person
from harness.wait import until

EVERYONE = {"access": {"allow": {"all": [{"everyone": True}]}}}
SIX = ("time", "actor", "action", "object", "result", "origin")


def log_of(sluis):
    folder = os.path.join(sluis.state, "audit")
    return b"".join(open(os.path.join(folder, name), "rb").read() for name in sorted(os.listdir(folder)) if name.endswith(".jsonl"))


def forms_of(secret):
    raw = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    return [secret.encode(), raw.hex().encode(), hashlib.sha256(raw).hexdigest().encode(),
            base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=")]


def test_the_log_tells_everything_but_secrets(sluis, ca, origin):
    """P9: log-ins, failures, factors, grants, revocations, each with the six fields; no token, password, code or key."""
    gateway = Gateway(sluis, ca, {"cases": (origin().address, EVERYONE)}).start()
    link = gateway.add("jan")
    secrets = {"invitation": forms_of(link.rsplit("/", 1)[1])}
    with Person(gateway, "jan") as jan:
        jan.enrol(link)
        secrets["authenticator app"] = [jan.secret.encode(), jan.secret.lower().encode()]
        wrong = "a wrong password of 2 words"
        jan.go(gateway.url("/logout"))
        with Person(gateway, "jan") as other:
            other.password, other.secret, other.used_step = wrong, jan.secret, jan.used_step
            other.log_in()
        assert jan.go(gateway.url("/", "cases")).status == 200
        for host, jar in jan.cookies.items():
            for name, value in jar.items():
                if name != "__Host-sluis-language":
                    secrets[f"{host} {name}"] = forms_of(value.split(".")[0])
        codes = [jan.code()]
        secrets["codes"] = [f'"{code}"'.encode() for code in codes]
        secrets["passwords"] = [PASSWORD.encode(), PASSWORD.replace(" ", "+").encode(), wrong.encode(), wrong.replace(" ", "+").encode()]
        gateway.command("session", "revoke", "--user", "jan", "--yes")
    until(lambda: b"session.revoked" in log_of(sluis))
    text = log_of(sluis)
    found = [what for what, forms in secrets.items() for form in forms if form in text]
    assert not found, f"in the log: {found}"
    lines = [json.loads(line) for line in text.splitlines()]
    told = {line["action"] for line in lines}
    assert {"login.failed", "invite.used", "factor.added", "access.granted", "session.revoked"} <= told, told
    for line in lines:
        assert all(line.get(field) not in (None, "") for field in SIX), line


@pytest.mark.parametrize("is_orphan", [False, True], ids=["with its spawner", "an orphan"])
def test_a_cell_that_does_not_listen_ends_with_its_session(sluis, ca, origin, is_orphan):
    """P7: stopped is as good as hostile. The spawner ends it, or the keeper, when that spawner is gone."""
    gateway = Gateway(sluis, ca, {"cases": (origin().address, EVERYONE)}, factors={"require": [["password"]]}).start()
    with gateway.person("jan", want_totp=False) as jan:
        assert jan.go(gateway.url("/", "cases")).status == 200
        held = sluis.pids("cell")
        assert held
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        if is_orphan:
            before = sluis.pids("spawner")
            os.kill(before[0], signal.SIGKILL)
            until(lambda: [pid for pid in sluis.pids("spawner") if pid not in before])
        gateway.command("session", "revoke", "--user", "jan", "--yes")
        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in held), within=8)


def test_what_a_cell_holds(sluis, ca, origin):
    """P1, P5: its client, five channels, its event loop; no file, no memory file, nobody else's connection; two lists on it."""
    gateway = Gateway(sluis, ca, {"cases": (origin().address, EVERYONE)}).start()
    with Person(gateway, "one") as one, Person(gateway, "two") as two:
        assert one.once(gateway.url("/login")).status == 200
        assert two.once(gateway.url("/login")).status == 200
        spawner = sluis.pids("spawner")[0]
        cells = sluis.pids("cell")
        assert len(cells) == 2
        inherited = {os.readlink(f"/proc/{spawner}/fd/{fd}") for fd in os.listdir(f"/proc/{spawner}/fd") if int(fd) > 2}
        sockets = []
        for pid in cells:
            held = {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
            above = {fd: to for fd, to in held.items() if fd > 2}
            assert sorted(to.split(":")[0] for to in above.values()) == ["anon_inode"] + ["socket"] * 6, held
            assert not [to for to in above.values() if "memfd" in to]
            mine = {to for to in above.values() if to.startswith("socket")}
            # what it has of the spawner's is its end of what the spawner keeps for audit's next, at most
            assert len(mine & inherited) <= 1, (mine & inherited)
            sockets.append(mine)
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
                said = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            assert said["CapEff"] == said["CapPrm"] == said["CapBnd"] == "0" * 16, said
            assert said["NoNewPrivs"] == "1" and said["Seccomp"] == "2" and int(said["Seccomp_filters"]) >= 2
        assert not sockets[0] & sockets[1]


def test_a_password_is_nowhere_when_it_was_used(sluis, ca, origin):
    """P2: half a second later no process has it, the cell that read it and the verifier that hashed it included."""
    if os.getuid() != 0:
        pytest.skip("needs root")
    gateway = Gateway(sluis, ca, {"cases": (origin().address, EVERYONE)}).start()
    with gateway.person("jan") as jan:
        again = Person(gateway, "jan")
        again.password, again.secret, again.used_step = jan.password, jan.secret, jan.used_step
        with again:
            assert again.log_in().status == 200
            time.sleep(1.5)
            needles = {"password": PASSWORD.encode(), "in a form": PASSWORD.replace(" ", "+").encode()}
            roles = ("authority", "verifier", "signer", "dialer", "audit", "spawner", "cell")
            kept = {f"{role} {pid}": memory.found_in(pid, needles) for role in roles for pid in sluis.pids(role)}
            # the page that showed the authenticator app's secret was made in that user's own cell
            shown = {"authenticator app": jan.secret.encode()}
            kept |= {f"{role} {pid}, app": memory.found_in(pid, shown) for role in roles[:-1] for pid in sluis.pids(role)}
            assert not any(kept.values()), kept
