"""Every key and secret anew: one checklist, done once, whatever comes between (INCIDENT.md R8)."""
import json
import os
import signal
import stat
import subprocess
import time

import pytest

from harness.certs import openssl
from harness.gateway import Gateway, Person
from harness.origin import answer
from harness.sluis import COMMAND
from harness.wait import until

OPEN = 3  # exit status: some items wait for people


def rotate(sluis, *words, status=OPEN, within=60):
    ran = sluis.run("rotate", *words, within=within)
    assert ran.returncode == status, (words, ran.returncode, ran.stdout, ran.stderr)
    return ran.stdout + ran.stderr


def items(sluis):
    return {row["name"]: row for row in json.loads(sluis.run("rotate", "status", "--json").stdout)["items"]}


def records(sluis, action):
    ran = sluis.run("audit", "tail", "--json", "-n", "3000")
    rows = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    return [row for row in rows if row.get("action") == action]


def seen(sluis, action, n=1):
    """The records of this action, once there are so many: the log is written behind what happens."""
    until(lambda: len(records(sluis, action)) >= n, 20)
    return records(sluis, action)


def sign(ca, request, names, out, days=20):
    """What a certificate authority does with a request; RFC 2986 says what is in it."""
    extensions = out + ".ext"
    with open(extensions, "w", encoding="ascii") as file:
        file.write("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + "\nbasicConstraints=critical,CA:FALSE\n"
                   "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", request, "-CA", ca.certificate, "-CAkey", ca.key, "-CAcreateserial", "-sha256",
            "-days", str(days), "-extfile", extensions, "-out", out)


def resumes(sluis, folder):
    """Whether a TLS session of before is taken up again; the first time it is only kept (RFC 5077)."""
    session = os.path.join(str(folder), "session")
    given = ["-sess_in", session] if os.path.exists(session) else ["-sess_out", session]
    ran = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{sluis.port('web')}", "-servername", "www.example.nl", "-tls1_2",
                          *given], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
    assert os.path.exists(session), ran.stdout + ran.stderr
    return "Reused, TLS" in ran.stdout


def contents(sluis):
    """The bytes of each key that the machine has in a file."""
    found = {}
    for name in ("persistence.key", "hash.key", "store.key", "keys/token.key"):
        with open(os.path.join(sluis.state, name), "rb") as file:
            found[name] = file.read()
    return found


@pytest.fixture(name="place")
def whole_place(sluis, ca, origin, folder):
    server = origin(lambda *_: answer("inside"))
    second = ca.issue("www.example.nl", "*.shop.example.nl", key="p384", file=f"www-{os.path.basename(str(folder))}")
    gateway = Gateway(sluis, ca, {"cases": (server.address, {"access": {"allow": {"everyone": True}}})})
    configuration = gateway.configuration()
    own = {}
    for entry, made in (("gw", configuration["certificates"][0]), ("www", {"chain": second.chain, "key": second.key})):
        own[entry] = {"chain": os.path.join(str(folder), f"{entry}.pem"), "key": os.path.join(str(folder), f"{entry}.key")}
        for part in ("chain", "key"):
            with open(made[part], "rb") as src, open(own[entry][part], "wb") as to:
                to.write(src.read())
            os.chmod(own[entry][part], 0o600 if part == "key" else 0o644)
    configuration["certificates"] = [{"name": name, **paths} for name, paths in own.items()]
    configuration["listeners"].append({"name": "web", "address": f"127.0.0.1:{sluis.port('web')}", "certificates": ["www"]})
    configuration["backends"].append({"name": "web", "servers": [server.address]})
    configuration["routes"] = [{"name": "web", "hosts": ["www.example.nl"], "backend": "web"}]
    sluis.start(configuration)
    gateway.certificates = own
    return gateway


def test_everything_once(place, sluis, folder):
    assert not resumes(sluis, folder) and resumes(sluis, folder)
    anna = place.person("anna")
    before, kid = contents(sluis), anna.once(place.url("/.sluis/jwks.json", "cases")).json["keys"][0]["kid"]
    assert "say why" in rotate(sluis, "--all", status=2)
    said = rotate(sluis, "--all", "--reason", "the edge leaked")
    found = items(sluis)
    closed = {name for name, row in found.items() if row["state"] == "done"}
    assert closed == {"sessions", "token.key", "tickets", "persistence.key", "hash.key", "store.key"}, said
    assert set(found) - closed == {"certificate/gw", "certificate/www", "app/cases", "audit.key", "factors"}, said
    after = contents(sluis)
    assert all(before[name] != after[name] for name in before), "every key is another one"
    assert not os.path.exists(os.path.join(sluis.state, "store.key.next")), "of the two store keys one is left"
    assert os.path.exists(os.path.join(sluis.state, "keys/token.key")) and \
        not os.path.exists(os.path.join(sluis.state, "keys/token.old.key"))
    for row in (found["token.key"], found["store.key"]):
        assert len(row["was"]) == len(row["now"]) == 64 and row["was"] != row["now"]
    assert "1 sessions ended" in found["sessions"]["evidence"] and "1 people" in found["factors"]["evidence"]

    # What was good before is not; what people know and have still is.
    assert anna.once(place.url("/")).status != 200, "her session is over"
    with Person(place, "anna") as again:
        again.password, again.secret, again.used_step = anna.password, anna.secret, anna.used_step
        assert again.log_in(place.url("/", "cases")).text == "inside", "the authenticator app of before"
        keys = again.once(place.url("/.sluis/jwks.json", "cases")).json["keys"]
        assert [key["kid"] for key in keys] != [kid] and kid not in {key["kid"] for key in keys}, "RFC 7517: the old one is gone"
    assert seen(sluis, "store.resealed")[0]["detail"] == "1 secrets"

    assert not resumes(sluis, folder), "a ticket of before"

    # Once is once.
    shown = items(sluis)
    rotate(sluis, "--all")
    assert {name: row["at"] for name, row in items(sluis).items()} == {name: row["at"] for name, row in shown.items()}
    assert contents(sluis) == after
    done = seen(sluis, "rotate.done", len(closed))
    assert sorted(row["object"] for row in done) == sorted(closed) and len(records(sluis, "rotate.begun")) == 1
    token = next(row for row in done if row["object"] == "token.key")
    assert found["token.key"]["was"] in token["detail"] and found["token.key"]["now"] in token["detail"]
    assert token["actor"] == f"uid:{os.getuid()}"

    # People's part, and the end of it.
    assert "by people" in rotate(sluis, "app/cases", status=1)
    rotate(sluis, "done", "app/cases", "--evidence", "ticket 12")
    rotate(sluis, "waive", "audit.key", "--reason", "it was not in reach")
    assert "closed already" in rotate(sluis, "waive", "audit.key", "--reason", "x", status=1)
    rotate(sluis, "done", "factors", "--evidence", "all reset")
    for name in ("certificate/gw", "certificate/www"):
        status = 0 if name.endswith("www") else OPEN
        rotate(sluis, "waive", name, "--reason", "a test", status=status)
    assert seen(sluis, "rotate.finished") and len(records(sluis, "rotate.waived")) == 3
    assert "for another one say why" in rotate(sluis, "--all", status=2)


def test_certificates(place, sluis, ca):
    assert sluis.run("incident", "open", "a leak").returncode == 0
    assert "is evidence" in rotate(sluis, "--all", "--reason", "a test", status=1), "evidence first (R9)"
    assert not os.path.exists(os.path.join(sluis.state, "rotation.json")) and not records(sluis, "rotate.begun")
    rotate(sluis, "--all", "--reason", "a test", "--without-evidence", "a drill")
    assert "a drill" in seen(sluis, "evidence.waived")[0]["detail"]
    key, chain = place.certificates["www"]["key"], place.certificates["www"]["chain"]
    old = open(key, "rb").read()
    mode = os.stat(key + ".new")
    assert stat.S_IMODE(mode.st_mode) == 0o600 and mode.st_uid == os.stat(key).st_uid
    text = openssl("req", "-in", key + ".new.csr", "-noout", "-text", "-verify")
    assert "DNS:www.example.nl" in text and "DNS:*.shop.example.nl" in text and "secp384r1" in text
    assert "prime256v1" in openssl("req", "-in", place.certificates["gw"]["key"] + ".new.csr", "-noout", "-text")
    assert openssl("x509", "-in", chain, "-noout", "-subject").split("=", 1)[1] == \
        openssl("req", "-in", key + ".new.csr", "-noout", "-subject").split("=", 1)[1]

    names = ["www.example.nl", "*.shop.example.nl"]
    for why, make in (
            ("not for the new key", lambda out: open(out, "w").write(open(chain).read())),
            ("all names", lambda out: sign(ca, key + ".new.csr", names[:1], out)),
            ("expired", lambda out: sign(ca, key + ".new.csr", names, out, days=0)),
            ("no certificate", lambda out: open(out, "w").write("hello\n"))):
        make(key + ".new.pem")
        assert why in rotate(sluis, "certificate/www", status=1), why
        assert open(key, "rb").read() == old and items(sluis)["certificate/www"]["state"] == "open"
    os.unlink(key + ".new.pem")
    elsewhere = os.path.join(os.path.dirname(key), "from-the-ca.pem")
    sign(ca, key + ".new.csr", names, elsewhere)
    rotate(sluis, "certificate/www", "--chain", elsewhere)
    row = items(sluis)["certificate/www"]
    assert row["state"] == "done" and row["was"] != row["now"]
    assert not os.path.exists(key + ".new") and open(key, "rb").read() == old, "the old one is the owner's to remove"
    with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{sluis.port('web')}", "-servername", "www.example.nl"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
        served = client.communicate(timeout=20)[0].decode()
    shown = os.path.join(os.path.dirname(key), "served.pem")
    with open(shown, "w", encoding="ascii") as file:
        file.write(served[served.index("-----BEGIN"):served.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n")
    assert len({openssl("x509", "-in", text, "-noout", "-pubkey") for text in (shown, elsewhere)}) == 1, "clients get the new one"
    assert "closed already" in rotate(sluis, "certificate/www", status=1)


def test_interrupted_anywhere(place, sluis):
    """kill -9 at any moment: the next try goes on, and in between everything works."""
    anna = place.person("anna")
    before = contents(sluis)
    for wait in (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.8):
        with subprocess.Popen([COMMAND, "rotate", "--all", "--reason", "a test", "--state", sluis.state],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as cut:
            time.sleep(wait)  # the moment is what is tested
            cut.send_signal(signal.SIGKILL)
        if wait == 0.35:
            for pid in sluis.pids("authority"):
                os.kill(pid, signal.SIGKILL)
    until(lambda: sluis.run("status").returncode == 0 and sluis.pids("authority"), 20)
    until(lambda: sluis.run("rotate", "--all", "--reason", "a test", within=60).returncode == OPEN, 40)
    found = items(sluis)
    assert all(found[name]["state"] == "done" for name in ("sessions", "token.key", "tickets", "persistence.key",
                                                           "hash.key", "store.key")), found
    after = contents(sluis)
    assert all(before[name] != after[name] for name in before)
    assert not os.path.exists(os.path.join(sluis.state, "store.key.next"))
    with Person(place, "anna") as again:
        again.password, again.secret, again.used_step = anna.password, anna.secret, anna.used_step
        assert again.log_in(place.url("/", "cases")).text == "inside"


def test_what_is_not_a_checklist(sluis, front, origin):
    front(origin())
    path = os.path.join(sluis.state, "rotation.json")
    assert "nothing is being rotated" in rotate(sluis, "status", status=1)
    for text in ("", "{", "[]", '{"version": 1}', '{"version": 1, "reason": "x", "begun": "2026-01-01T00:00:00Z", "finished": null, '
                 '"uid": 0, "items": [{"name": "../../etc/passwd"}]}', "[" * 100000):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o600)
        assert "damaged" in rotate(sluis, "--all", status=1)
    os.chmod(path, 0o666)
    assert "owner alone" in rotate(sluis, "status", status=1)
    os.unlink(path)
    os.symlink("/etc/passwd", path)
    rotate(sluis, "status", status=1)


def test_what_can_not_be_renewed(place, sluis):
    """New keys come into force together or not at all, and nothing is said to be done before."""
    chain = place.certificates["gw"]["chain"]
    before, text = contents(sluis), open(chain, encoding="ascii").read()
    with open(chain, "w", encoding="ascii") as file:
        file.write("broken\n")
    rotate(sluis, "--all", "--reason", "a test", status=1)
    after = contents(sluis)
    assert all(before[name] == after[name] for name in ("persistence.key", "hash.key", "store.key"))
    assert not any(row["state"] == "done" for name, row in items(sluis).items() if row["kind"] in ("key", "token"))
    with Person(place) as somebody:
        assert somebody.go(place.url("/login")).status == 200, "everything goes on"
    with open(chain, "w", encoding="ascii") as file:
        file.write(text)
    rotate(sluis, "--all")
    assert all(row["state"] == "done" for row in items(sluis).values() if row["kind"] in ("key", "token", "sessions"))
    assert all(before[name] != bytes_now for name, bytes_now in contents(sluis).items())


def test_without_a_gateway(sluis, site, origin, folder):
    """Cookies of before open nothing; and the audit key as docs/rotate.md says it: the log is whole under both keys (promise P9)."""
    servers = [origin(name=name) for name in "ab"]
    sluis.start(site(*({"name": one.name, "address": one.address} for one in servers), backend={"persistence": {"cookie": True}}))
    cookie = sluis.ask().all("Set-Cookie")[0].split(";")[0]
    assert not sluis.ask(fields=[("Cookie", cookie)]).all("Set-Cookie"), "a cookie that opens is not made anew"
    rotate(sluis, "--all", "--reason", "a test")
    assert set(items(sluis)) == {"tickets", "persistence.key", "hash.key", "store.key", "audit.key"}
    until(lambda: sluis.ask(fields=[("Cookie", cookie)]).all("Set-Cookie"), 10)
    kept, own = os.path.join(str(folder), "audit-old.pub"), os.path.join(sluis.state, "keys/audit.pub")
    with open(own, "rb") as src, open(kept, "wb") as to:
        to.write(src.read())
    os.rename(os.path.join(sluis.state, "keys/audit.key"), os.path.join(sluis.state, "keys/audit.key.was"))
    assert sluis.run("reload").returncode == 0
    until(lambda: records(sluis, "audit.key_changed"), 20)
    until(lambda: open(own, "rb").read() != open(kept, "rb").read(), 20)
    ran = sluis.run("audit", "verify", "--quiet", "--public-key", kept, "--public-key", own)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    rotate(sluis, "done", "audit.key", "--evidence", "verified under both keys", status=0)
