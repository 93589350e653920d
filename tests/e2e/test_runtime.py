"""Changes without files: the same as an edited file would make, written down, and taken back (P10, P11)."""
import json
import os
import re
import signal
import threading
import time

import pytest

from harness import wire, yaml


def start(sluis, site, origin, **top):
    """Two servers "a" and "b" that answer with their names."""
    servers = {name: origin(name=name) for name in "ab"}
    sluis.start(site(*({"name": name, "address": server.address} for name, server in servers.items()), **top))
    return servers


def done(ran):
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def refused(ran, *words):
    assert ran.returncode == 1, (ran.stdout, ran.stderr)
    for word in words:
        assert word in ran.stderr, ran.stderr
    return ran.stderr


def history(sluis):
    return json.loads(done(sluis.run("history", "--json")))


def answers(sluis, n=12):
    return {sluis.ask().body.decode() for _ in range(n)}


def running(sluis):
    """{server: weight} as status says."""
    return {server["name"]: server["weight"] for pool in sluis.status()["pools"] for server in pool["servers"]}


# ---- servers ----------------------------------------------------------------------------------------
@pytest.mark.smoke
def test_server_comes_changes_and_goes(sluis, site, origin):
    start(sluis, site, origin)
    third = origin(name="c")
    said = done(sluis.run("server", "add", "web/c", third.address, "weight=200", "--reason", "more room"))
    assert said.startswith(f'+ backends/web/servers/c: {{name: c, address: "{third.address}", weight: 200}}\n')
    assert "c" in answers(sluis, 30)
    assert done(sluis.run("server", "set", "web/c", "weight=5", "state=drain")).splitlines()[:2] == [
        "backends/web/servers/c/weight: 200 -> 5", "backends/web/servers/c/state: enabled (default) -> drain"]
    assert answers(sluis) <= {"a", "b"}
    done(sluis.run("server", "remove", "web/c"))
    done(sluis.run("server", "remove", "web/b"))
    assert answers(sluis) == {"a"}
    assert done(sluis.run("changes")) == "- {at: [backends, web, servers, b], do: remove}\n"  # c came and went
    kinds = [(e["kind"], e["reason"]) for e in history(sluis)]
    assert kinds == [("start", ""), ("change", "more room"), ("change", ""), ("change", ""), ("change", "")]


def test_server_called_after_its_address(sluis, site, origin):
    start(sluis, site, origin)
    third = origin(name="c")
    done(sluis.run("server", "add", f"web/{third.address}"))
    assert "c" in answers(sluis, 40)
    done(sluis.run("server", "set", f"web/{third.address}", "weight=7"))
    assert running(sluis)[third.address] == 7
    done(sluis.run("server", "remove", f"web/{third.address}"))
    assert done(sluis.run("changes")) == ""


def test_what_does_not_check_changes_nothing(sluis, site, origin):
    """The same errors as of a file, with the option's path in the place of a line."""
    start(sluis, site, origin)
    before = sluis.status()["generation"]
    refused(sluis.run("server", "set", "web/b", "weight=700"), "run-time change: backends/web/servers/b/weight: error: ", "1 to 256")
    refused(sluis.run("server", "set", "web/b", "weights=7"), "backends/web/servers/b/weights: error: ", 'did you mean "weight"')
    refused(sluis.run("server", "set", "web/nope", "weight=7"), "backends/web/servers/nope: error: there is none of that name")
    refused(sluis.run("server", "set", "nope/b", "weight=7"), "there is none of that name")
    refused(sluis.run("server", "add", "web/b", "127.0.0.1:1"), "there is one already, at ", "sluis.yaml:")
    refused(sluis.run("server", "add", "web/c", "nonsense"), "backends/web/servers/c/address: error: ")
    refused(sluis.run("backend", "remove", "web"), 'no backend "web"')
    refused(sluis.run("route", "add", "x", "hosts=[x.nl]", "backend=nope"), "routes/x/backend: error: ")
    refused(sluis.run("route", "add", "x", "hosts=[x.nl", "backend=web"), "run-time change:")
    refused(sluis.run("route", "set", "all/nope", "backend=web"), "none of that name")
    refused(sluis.run("changes", "drop", "backends/web"), "no run-time change to drop")
    for wrong in (["server", "add", "web"], ["server", "set", "web/b"], ["backend", "frob", "x"], ["server", "set", "web/b", "7"],
                  ["rollback", "x"], ["history", "show"], ["changes", "drop"], ["server", "add", "/b", "127.0.0.1:1"]):
        assert sluis.run(*wrong).returncode in (1, 2), wrong
    assert sluis.status()["generation"] == before
    assert [e["kind"] for e in history(sluis)] == ["start"]
    assert answers(sluis) == {"a", "b"}


def test_dry_run_changes_nothing(sluis, site, origin):
    start(sluis, site, origin)
    said = done(sluis.run("server", "set", "web/b", "weight=7", "--dry-run"))
    assert said == "backends/web/servers/b/weight: 1 (default) -> 7\n"
    assert sluis.run("server", "set", "web/b", "weight=700", "--dry-run").returncode == 1
    assert running(sluis)["b"] == 1 and len(history(sluis)) == 1 and done(sluis.run("changes")) == ""


def test_what_keeps_its_reach_is_kept(sluis, site, ca, origin):
    """A weight costs no process; a new address costs a dialer, a new key a signer (P2, P4)."""
    one, two = ca.issue("www.example.nl"), ca.issue("www.example.nl", file="kept")
    server = origin(name="a")
    sluis.start(site({"name": "a", "address": server.address}, {"name": "b", "address": server.address},
                     listener={"protocol": "https", "certificates": ["www"]},
                     certificates=[{"name": "www", "chain": one.chain, "key": one.key}]))

    def pids():
        return tuple(sluis.pids(role)[-1] for role in ("signer", "dialer", "edge"))

    trust = wire.client_tls(ca.certificate)
    signer, dialer, edge = pids()
    for change in ("weight=7", "state=drain", "state=enabled", "backup=true"):
        done(sluis.run("server", "set", "web/b", change))
        assert sluis.ask(tls=trust).status == 200
        assert pids() == (signer, dialer, edge), change
    done(sluis.run("backend", "set", "web", "limits.queue=7"))  # the dialer's own limits could be meant
    assert pids()[0] == signer and pids()[1] != dialer
    done(sluis.run("server", "add", "web/c", server.address))
    assert pids()[0] == signer and sluis.ask(tls=trust).status == 200
    dialer = pids()[1]
    done(sluis.run("certificate", "replace", "www", f"chain={two.chain}", f"key={two.key}"))
    assert pids()[0] != signer and pids()[2] == edge and sluis.ask(tls=trust).status == 200
    signer = pids()[0]
    os.kill(signer, signal.SIGKILL)  # and one that was kept comes back with what is in force
    done(sluis.run("server", "set", "web/b", "weight=9"))
    end = time.monotonic() + 10
    while time.monotonic() < end and signer in sluis.pids("signer"):
        time.sleep(0.02)
    assert sluis.ask(tls=trust).status == 200
    assert {role["generation"] for role in sluis.status()["roles"] if role["state"] == "running"} == {sluis.status()["generation"]}


# ---- backends, routes, certificates --------------------------------------------------------------------
def test_backend_and_route(sluis, site, origin):
    start(sluis, site, origin)
    api = origin(name="api")
    done(sluis.run("backend", "add", "api", f'servers=["{api.address}"]', "health={path: /healthz}"))
    done(sluis.run("backend", "set", "api", "health.interval=3s", "balance=round_robin"))
    done(sluis.run("route", "add", "api", "hosts=[api.nl]", 'rules=[{name: x, match: {path_exact: /x}, respond: {status: 403}}]',
                   "backend=api"))
    assert sluis.ask(host="api.nl").body == b"api"
    assert sluis.ask("/x", host="api.nl").status == 403
    done(sluis.run("route", "add", "api/y", "match={path_exact: /y}", "respond={status: 404}", "--before", "x"))
    assert sluis.ask("/y", host="api.nl").status == 404
    done(sluis.run("route", "set", "api/x", "respond.status=410"))
    assert sluis.ask("/x", host="api.nl").status == 410
    done(sluis.run("route", "remove", "api/y"))
    assert sluis.ask("/y", host="api.nl").body == b"api"
    saved = done(sluis.run("changes", "save"))
    done(sluis.run("route", "remove", "api"))
    assert sluis.ask(host="api.nl").body in (b"a", b"b")
    done(sluis.run("backend", "remove", "api"))
    assert done(sluis.run("changes")) == ""
    sluis.write(saved)  # what was saved is a configuration by itself
    done(sluis.run("reload"))
    assert sluis.ask("/x", host="api.nl").status == 410
    assert sluis.ask(host="api.nl").body == b"api"


def test_certificate(sluis, site, ca, origin):
    server = origin(name="a")
    one, two = ca.issue("www.example.nl"), ca.issue("www.example.nl", file="second")
    other = ca.issue("other.nl")
    sluis.start(site(server.address, listener={"protocol": "https", "certificates": ["www"]},
                     certificates=[{"name": "www", "chain": one.chain, "key": one.key}]))
    before = sluis.status()["certificates"][0]["sha256"]
    done(sluis.run("certificate", "replace", "www", f"chain={two.chain}", f"key={two.key}"))
    assert sluis.status()["certificates"][0]["sha256"] != before
    done(sluis.run("certificate", "add", "other", f"chain={other.chain}", f"key={other.key}"))
    done(sluis.run("listener", "set", "public", "certificates=[www, other]"))
    assert sluis.ask(tls=wire.client_tls(ca.certificate), name="other.nl", host="other.nl").status == 200
    refused(sluis.run("certificate", "remove", "other"), "other")
    refused(sluis.run("certificate", "replace", "www", f"chain={other.key}"), "certificates/www/chain: error: ")


# ---- files and changes meet -------------------------------------------------------------------------------
def test_changes_stay_until_the_files_say_the_same(sluis, site, origin):
    servers = start(sluis, site, origin)
    third = origin(name="c")
    done(sluis.run("server", "set", "web/b", "weight=5"))
    done(sluis.run("server", "add", "web/c", third.address))
    done(sluis.run("reload"))
    assert running(sluis) == {"a": 1, "b": 5, "c": 1}
    listed = [{"name": "a", "address": servers["a"].address}, {"name": "b", "address": servers["b"].address, "weight": 5}]
    sluis.write(site(*listed))
    done(sluis.run("reload"))  # the files say b's weight: that change is over
    assert done(sluis.run("changes")).count("\n") == 1 and "servers, c]" in done(sluis.run("changes"))
    sluis.write(site(*listed, {"name": "c", "address": third.address}))
    done(sluis.run("reload"))
    assert done(sluis.run("changes")) == ""
    sluis.write(site(*listed))
    done(sluis.run("reload"))
    assert running(sluis) == {"a": 1, "b": 5}


def test_files_that_contradict_a_change_are_refused(sluis, site, origin):
    servers = start(sluis, site, origin)
    done(sluis.run("server", "set", "web/b", "weight=5"))
    only_a = site({"name": "a", "address": servers["a"].address})
    said = refused(sluis.reload(only_a), "run-time change: backends/web/servers/b: error: the files have none of that name any more")
    assert "sluis changes drop" in said
    assert running(sluis) == {"a": 1, "b": 5}
    done(sluis.run("changes", "drop", "backends/web/servers/b"))
    done(sluis.run("reload"))
    assert running(sluis) == {"a": 1}
    third = origin(name="c")
    done(sluis.run("server", "add", "web/c", third.address))
    refused(sluis.reload(site({"name": "a", "address": servers["a"].address}, {"name": "c", "address": servers["b"].address})),
            "backends/web/servers/c: error: there is one already, at ", "sluis changes drop")


def test_half_edited_file_is_not_applied_by_a_change(sluis, site, origin):
    start(sluis, site, origin)
    sluis.write("listeners: [")
    done(sluis.run("server", "set", "web/b", "weight=5"))
    assert running(sluis) == {"a": 1, "b": 5}
    assert sluis.run("reload").returncode == 1
    assert running(sluis) == {"a": 1, "b": 5}


def test_diff_of_a_file(sluis, site, origin):
    servers = start(sluis, site, origin)
    assert sluis.run("diff", sluis.config).stdout == "no difference\n"
    other = os.path.join(sluis.folder, "other.yaml")
    changed = site({"name": "b", "address": servers["b"].address, "weight": 3}, {"name": "a", "address": servers["a"].address},
                   route={"hosts": ["x.nl"]}, backend={"health": {"tcp": True}})
    with open(other, "w", encoding="utf-8") as file:
        file.write(yaml.dump(changed))
    ran = sluis.run("diff", other)
    assert ran.returncode == 3, ran.stderr
    assert ran.stdout.splitlines() == [
        "backends/web/servers: another order", "backends/web/servers/b/weight: 1 (default) -> 3",
        "backends/web/health: not set -> {tcp: true}", "- routes/all/hosts/*", "+ routes/all/hosts/x.nl"]
    with open(other, "a", encoding="utf-8") as file:
        file.write("nonsense: 1\n")
    assert sluis.run("diff", other).returncode == 1
    assert len(history(sluis)) == 1


# ---- taking options out -----------------------------------------------------------------------------------
def test_unset(sluis, site, origin):
    """An option of the file given up, and one for another in a single step; kept over a restart, dropped, and rolled back."""
    start(sluis, site, origin, backend={"balance": "round_robin", "slow_start": "5s", "health": {"tcp": True, "interval": "1s"}},
          route={"rules": [{"name": "r", "match": {"path_prefix": "/x"}, "backend": "web"}]})
    said = done(sluis.run("backend", "set", "web", "--unset", "slow_start", "--unset=health.interval"))
    assert said.splitlines()[:2] == ["backends/web/slow_start: 5s -> 0 (default)", "backends/web/health/interval: 1s -> 2s (default)"], said
    assert done(sluis.run("changes")) == "- {at: [backends, web], do: set, without: [slow_start, health.interval]}\n"
    assert "slow_start" not in done(sluis.run("changes", "save"))
    split = ["route", "set", "all/r", "backends=[{name: web, weight: 3}]"]
    refused(sluis.run(*split), "a rule does exactly one thing")
    done(sluis.run(*split, "--unset", "backend"))
    sluis.stop()
    sluis.start()
    assert done(sluis.run("changes")).count("without: [") == 2
    refused(sluis.run("backend", "set", "web", "--unset", "slow_start"), "backends/web/slow_start: error: it is not set here")
    refused(sluis.run("backend", "set", "web", "--unset", "slowstart"), "it is not set here")
    refused(sluis.run("backend", "set", "web", "--unset", "servers"), "error:")
    refused(sluis.run("backend", "set", "web", "--unset", "name"), "a name can't be unset")
    assert sluis.run("backend", "add", "x", "servers=[127.0.0.1:1]", "--unset", "balance").returncode == 2
    done(sluis.run("backend", "set", "web", "slow_start=7s"))
    assert done(sluis.run("changes")).splitlines()[0] == (
        "- {at: [backends, web], do: set, with: {slow_start: 7s}, without: [health.interval]}")
    done(sluis.run("rollback", "1"))
    assert done(sluis.run("changes")) == "" and "slow_start: 5s" in done(sluis.run("changes", "save"))
    done(sluis.run("rollback", "2"))
    assert "slow_start" not in done(sluis.run("changes", "save"))
    done(sluis.run("changes", "drop", "--all"))
    assert "slow_start: 5s" in done(sluis.run("changes", "save"))


def test_a_whole_site_in_one_step(sluis, site, origin, ca):
    """Certificate, backend and route come together or not at all (a list as `sluis changes` prints it), and go the same way."""
    made, more = ca.issue("www.example.nl", file="one"), ca.issue("shop.example.nl", file="two")
    shop, trust = origin(name="shop"), wire.client_tls(ca.certificate)
    sluis.start(site(origin(name="a").address, listener={"protocol": "https", "certificates": ["www"]},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    before = done(sluis.run("history", "--json"))
    changes = [f"{{at: [certificates, shop], do: add, with: {{chain: {more.chain}, key: {more.key}}}}}",
               "{at: [listeners, public], do: set, with: {certificates: [www, shop]}}",
               f"{{at: [backends, shop], do: add, with: {{servers: ['{shop.address}']}}}}",
               "{at: [routes, shop], do: add, before: all, with: {hosts: [shop.example.nl], backend: shop}}"]
    path = os.path.join(sluis.folder, "changes.yaml")

    def write(lines):
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(f"- {line}\n" for line in lines))

    write([*changes, "{at: [routes, x], do: add, with: {hosts: [x.nl], backend: nowhere}}"])
    refused(sluis.run("changes", "apply", path), 'there is no backend "nowhere"')
    assert done(sluis.run("history", "--json")) == before and done(sluis.run("changes")) == ""
    write(changes)
    assert done(sluis.run("changes", "apply", path, "--dry-run")).count("\n") >= 4 and done(sluis.run("changes")) == ""
    done(sluis.run("changes", "apply", path, "--reason", "a site"))
    assert sluis.ask(tls=trust, name="shop.example.nl", host="shop.example.nl").body == b"shop"
    assert [(e["kind"], e["reason"]) for e in history(sluis)] == [("start", ""), ("change", "a site")]
    write(done(sluis.run("changes")).replace("- ", "").splitlines())
    done(sluis.run("changes", "drop", "--all"))
    done(sluis.run("changes", "apply", path))  # what is printed can be applied again
    assert sluis.ask(tls=trust, name="shop.example.nl", host="shop.example.nl").body == b"shop"
    for wrong in ([], ["/nowhere"], [sluis.config]):
        assert sluis.run("changes", "apply", *wrong).returncode in (1, 2)


def test_json(sluis, site, origin):
    """What changes and what is wrong, for programs: of edits, trials, drops, rollbacks, diff and the list."""
    start(sluis, site, origin)

    def told(*arguments, status=0):
        ran = sluis.run(*arguments, "--json")
        assert ran.returncode == status, (ran.stdout, ran.stderr)
        return json.loads(ran.stdout)

    line = "backends/web/servers/b/weight: 1 (default) -> 5"
    edit = ["server", "set", "web/b", "weight=5"]
    assert told(*edit, "--dry-run") == {"result": "checked", "generation": None, "entry": None, "differences": [line], "warnings": [],
                                        "errors": []}
    before = sluis.status()["generation"]
    assert told(*edit) == {"result": "applied", "generation": before + 1, "entry": 2, "differences": [line], "warnings": [], "errors": []}
    wrong = told("server", "set", "web/b", "weight=700", status=1)
    assert wrong["result"] == "refused" and wrong["entry"] is None and not wrong["differences"]
    assert wrong["errors"] == ['run-time change: backends/web/servers/b/weight: error: weight: expected a number from 1 to 256, not "700"',
                               "error: config[0]: 1 error in the configuration"], wrong
    assert told("server", "set", "web/b", "weight=700", "--dry-run", status=1)["result"] == "refused"
    assert told("changes") == {"entry": 2, "pinned": False, "changes": [
        {"at": ["backends", "web", "servers", "b"], "do": "set", "with": {"weight": "5"}}]}
    with open(sluis.config, encoding="utf-8") as file:
        assert told("diff", sluis.config) | {"x": 0} == {"result": "checked", "generation": None, "entry": None, "differences": [],
                                                         "warnings": [], "errors": [], "x": 0}, file.read()
    assert told("rollback", "1", "--dry-run")["differences"] == ["backends/web/servers/b/weight: 5 -> 1 (default)"]
    assert told("rollback", "1")["entry"] == 3
    assert told("changes") == {"entry": 3, "pinned": True, "changes": []}
    done(sluis.run("rollback", "2"))
    assert told("changes", "drop", "--all")["result"] == "applied"
    reloaded = told("reload")
    assert reloaded["result"] == "applied" and reloaded["differences"] == [] and reloaded["generation"] == sluis.status()["generation"]
    sluis.write("nonsense: 1\n")
    assert told("reload", status=1)["errors"][0].endswith('error: configuration has no option "nonsense"')


# ---- history and rollback ---------------------------------------------------------------------------------
def test_rollback_stays_until_reload(sluis, site, origin):
    """Also over a restart: what was rolled back to may be all that works."""
    servers = start(sluis, site, origin)
    done(sluis.reload(site({"name": "a", "address": servers["a"].address})))
    done(sluis.run("server", "set", "web/a", "weight=9"))
    differences = ["backends/web/servers/a/weight: 9 -> 1 (default)",
                   f'+ backends/web/servers/b: {{name: b, address: "{servers["b"].address}"}}']
    assert done(sluis.run("rollback", "1", "--dry-run")).splitlines() == differences
    done(sluis.run("rollback", "1", "--reason", "b is needed"))
    assert running(sluis) == {"a": 1, "b": 1}
    assert history(sluis)[-1] | {"time": 0} == {
        "number": 4, "time": 0, "uid": os.geteuid(), "kind": "rollback", "from": 1, "pinned": True, "reason": "b is needed",
        "differences": differences}
    sluis.stop()
    sluis.start()
    assert "this is entry 4 of the history, not what the files say" in sluis.stderr()
    assert running(sluis) == {"a": 1, "b": 1}
    done(sluis.run("server", "set", "web/b", "weight=2"))
    assert running(sluis) == {"a": 1, "b": 2}
    done(sluis.run("rollback", "3"))
    assert running(sluis) == {"a": 9}
    done(sluis.run("reload"))  # the files again, with the changes of entry 3
    assert running(sluis) == {"a": 9}
    assert [e["pinned"] for e in history(sluis)][-2:] == [True, False]
    assert re.search(r"^3 .* change, 1 difference\n.*weight: 1 \(default\) -> 9\n", done(sluis.run("history", "show", "3")), re.M)
    assert "weight: 9" in done(sluis.run("history", "show", "3", "--config"))


def test_changes_survive_restart_and_upgrade(sluis, site, origin):
    start(sluis, site, origin)
    done(sluis.run("server", "set", "web/b", "weight=5"))
    sluis.stop()
    sluis.start()
    assert running(sluis) == {"a": 1, "b": 5}
    assert done(sluis.run("upgrade")).startswith("") and running(sluis) == {"a": 1, "b": 5}
    done(sluis.run("server", "set", "web/b", "weight=6"))
    assert running(sluis) == {"a": 1, "b": 6}
    assert [e["kind"] for e in history(sluis)] == ["start", "change", "change"]  # a restart changes nothing


def test_rollback_to_what_does_not_check_any_more(sluis, site, ca, origin):
    server = origin(name="a")
    made = ca.issue("www.example.nl", file="goes")
    sluis.start(site(server.address, listener={"protocol": "https", "certificates": ["www"]},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    done(sluis.reload(site(server.address)))
    os.rename(made.chain, made.chain + ".gone")
    try:
        refused(sluis.run("rollback", "1"), "goes.pem")
        assert sluis.ask().status == 200
    finally:
        os.rename(made.chain + ".gone", made.chain)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "swap"])
def test_damaged_entry_is_refused(sluis, site, origin, damage):
    """THREATS A22: what lay on a disk is looked at before it is believed."""
    start(sluis, site, origin)
    done(sluis.run("server", "set", "web/b", "weight=5"))
    done(sluis.run("server", "set", "web/b", "weight=6"))
    folder = os.path.join(sluis.state, "config")
    path = os.path.join(folder, "00000002")
    with open(path, "rb") as file:
        data = bytearray(file.read())
    if damage == "cut":
        data = data[:-1]
    elif damage == "flip":
        data[len(data) // 2] ^= 1
    elif damage == "empty":
        data = b""
    else:
        with open(os.path.join(folder, "00000001"), "rb") as file:
            data = file.read()
    os.unlink(path)
    with open(path, "wb") as file:
        file.write(data)
    refused(sluis.run("rollback", "2"), "entry 2 of the history: it is damaged")
    ran = sluis.run("history")
    assert ran.returncode == 1 and len(ran.stdout.splitlines()) == 2 and "entry 2 of the history" in ran.stderr
    assert running(sluis) == {"a": 1, "b": 6}


def test_damaged_current_stops_the_start(sluis, site, origin):
    start(sluis, site, origin)
    done(sluis.run("server", "set", "web/b", "weight=5"))
    sluis.stop()
    current = os.path.join(sluis.state, "config", "current")
    with open(current, "rb") as file:
        data = bytearray(file.read())
    data[-3] ^= 0x40
    os.unlink(current)
    with open(current, "wb") as file:
        file.write(data)
    sluis.launch()
    assert sluis.process.wait(10) == 1
    assert "config/current: it is damaged: its contents are not what was written" in sluis.stderr()
    os.unlink(current)
    sluis.start()
    assert running(sluis) == {"a": 1, "b": 1}  # the files alone


def test_state_is_for_its_owner_alone(sluis, site, origin):
    start(sluis, site, origin)
    done(sluis.run("server", "set", "web/b", "weight=5"))
    folder = os.path.join(sluis.state, "config")
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert {os.stat(os.path.join(folder, name)).st_mode & 0o777 for name in os.listdir(folder)} == {0o600}
    assert sorted(os.listdir(folder)) == ["00000001", "00000002", "current"]


# ---- at once, and killed ------------------------------------------------------------------------------------
def test_two_operators_at_once(sluis, site, origin):
    """Each change is made on what the one before it left; none is lost, requests go on."""
    start(sluis, site, origin)
    ran, failures = [], []

    def operate(name):
        for weight in range(2, 8):
            ran.append(sluis.run("server", "set", f"web/{name}", f"weight={weight}"))

    def use():
        while len(ran) < 12:
            if sluis.ask().status != 200:
                failures.append(1)

    threads = [threading.Thread(target=operate, args=(name,)) for name in "ab"] + [threading.Thread(target=use)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.returncode for one in ran] == [0] * 12 and not failures
    assert running(sluis) == {"a": 7, "b": 7}
    numbers = [e["number"] for e in history(sluis)]
    assert numbers == list(range(1, 14))


@pytest.mark.limit(90)
def test_keeper_killed_while_changing(sluis, site, origin):
    """Whenever it is killed, the next start has the old configuration or the new one, whole (P11)."""
    start(sluis, site, origin)
    sluis.may_break = True
    known = {"a": 1, "b": 1}
    for turn in range(6):
        weight = 10 + turn
        changing = threading.Thread(target=sluis.run, args=("server", "set", "web/b", f"weight={weight}"))
        changing.start()
        time.sleep(0.015 * turn)
        sluis.process.send_signal(signal.SIGKILL)
        sluis.process.wait()
        changing.join()
        end = time.monotonic() + 10
        while sluis.pids("edge") and time.monotonic() < end:
            time.sleep(0.02)
        sluis.start()
        now = running(sluis)
        assert now in (known, {"a": 1, "b": weight}), (turn, now)
        assert history(sluis)[-1]["number"] >= 1
        known = now


def test_audit_says_who_and_what(sluis, site, origin):
    start(sluis, site, origin)
    done(sluis.run("server", "set", "web/b", "weight=5", "--reason", "for the sale"))
    sluis.run("server", "set", "web/b", "weight=700")
    done(sluis.run("rollback", "1"))
    sluis.stop()
    text = "".join(open(os.path.join(sluis.state, "audit", name), encoding="utf-8").read()
                   for name in sorted(os.listdir(os.path.join(sluis.state, "audit"))) if name.endswith(".jsonl") or "." not in name)
    lines = [json.loads(line) for line in text.splitlines() if '"config.' in line]
    applied = [line for line in lines if line["action"] == "config.applied" and line["actor"] != "-"]
    assert [line["actor"] for line in applied] == [f"uid:{os.geteuid()}"] * 2
    assert "history 2, reason: for the sale; backends/web/servers/b/weight: 1 (default) -> 5" in applied[0]["detail"]
    assert "weight: 5 -> 1 (default)" in applied[1]["detail"]
    assert [line["actor"] for line in lines if line["action"] == "config.refused"] == [f"uid:{os.geteuid()}"]


def fnv1a(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return value


def test_history_is_bounded(sluis, site, origin):
    """The last hundred: as if 150 changes had been made before."""
    start(sluis, site, origin)
    sluis.stop()
    folder = os.path.join(sluis.state, "config")
    with open(os.path.join(folder, "current"), "rb") as file:
        data = bytearray(file.read())
    data[12:16] = (150).to_bytes(4, "big")
    reason = int.from_bytes(data[34:36], "big")
    head = 36 + reason + 24
    data[head:head + 8] = fnv1a(data[:head]).to_bytes(8, "big")
    for name in ("00000001", "current"):
        os.unlink(os.path.join(folder, name))
    for name in ("00000050", "00000051", "00000052", "current"):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    sluis.start()
    done(sluis.run("server", "set", "web/b", "weight=5"))
    assert sorted(os.listdir(folder)) == ["00000050", "00000052", "00000151", "current"]


def test_nothing_runs(sluis):
    assert sluis.run("server", "set", "web/b", "weight=5").returncode == 1
    assert sluis.run("changes").returncode == 1
    assert sluis.run("history").returncode == 1
