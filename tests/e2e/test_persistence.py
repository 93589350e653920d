"""Persistence: a client stays at its server, by sealed cookie or by address, and nobody can make such a cookie."""
import base64
import collections
import os
import re
import stat
import threading

import pytest

from harness import wire
from harness.load import Load
from harness.origin import answer
from harness.wait import until

COOKIE = {"persistence": {"cookie": True}}


def named(server, **more):
    return {"name": server.name, "address": server.address, **more}


def cookie_of(got):
    """(name, value, attributes) of the one Set-Cookie of an answer, or None."""
    lines = got.all("Set-Cookie")
    if not lines:
        return None
    assert len(lines) == 1, lines
    pair, *attributes = lines[0].split("; ")
    name, _, value = pair.partition("=")
    return name, value, attributes


def carry(cookie, *others):
    return [("Cookie", "; ".join([*others, f"{cookie[0]}={cookie[1]}"]))]


def server_of(sluis, cookie, n=6, **keywords):
    """The names of the servers that n requests with this cookie reach."""
    return {sluis.ask(fields=carry(cookie), **keywords).body.decode() for _ in range(n)}


def figure(sluis, name):
    """The sum of a counter over all edges, from the metrics page."""
    text = sluis.ask("/metrics", listener="metrics", name=None).body.decode()
    return sum(float(value) for value in re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.M))


# ---- cookies -------------------------------------------------------------------------------------
@pytest.mark.smoke
def test_a_client_stays_at_its_server(sluis, site, origin):
    servers = [origin(name=name) for name in "abcd"]
    sluis.start(site(*map(named, servers), backend=COOKIE, edges=2))
    for _ in range(6):
        first = sluis.ask()
        cookie = cookie_of(first)
        assert re.fullmatch(r"sluis-[0-9a-f]{8}", cookie[0])
        assert re.fullmatch(r"[A-Za-z0-9_-]+", cookie[1])
        assert cookie[2] == ["Path=/", "Max-Age=28800", "HttpOnly", "SameSite=Lax"]
        assert server_of(sluis, cookie) == {first.body.decode()}
    got = sluis.ask(fields=carry(cookie))
    assert cookie_of(got) is None, "a client that has its cookie is given no other"


def test_servers_never_see_it(sluis, site, origin):
    a = origin(name="a")
    sluis.start(site(named(a), backend=COOKIE))
    cookie = cookie_of(sluis.ask())
    mine = f"{cookie[0]}={cookie[1]}"
    for sent, seen in [([f"x=1; {mine}; y=2"], ["x=1; y=2"]), ([mine], []), ([f"{mine}; {mine}"], []),
                       ([f" {mine} ;; z=3;"], ["z=3"]), ([f"x=1;{mine};y=2", "w=4", mine], ["x=1; y=2", "w=4"]),
                       ([f"x{cookie[0]}=1"], [f"x{cookie[0]}=1"]), ([f"{cookie[0]}=forged; q=5"], ["q=5"]), (["p=1;q=2"], ["p=1;q=2"])]:
        agent = [("User-Agent", "tester/1"), ("X-Last", "1")]
        assert sluis.ask(fields=[*(("Cookie", line) for line in sent), *agent]).status == 200
        last = a.requests[-1]
        assert last.all("Cookie") == seen
        assert last.header("User-Agent") == "tester/1" and last.header("X-Last") == "1"
    assert cookie[1].encode() not in a.bytes
    sluis.stop()
    log = "".join(open(os.path.join(root, name), encoding="utf-8").read()
                  for root, _, names in os.walk(os.path.join(sluis.state, "audit")) for name in names)
    assert cookie[1] not in log


def test_the_agent_in_the_log_survives_the_removal(sluis, site, origin):
    sluis.start(site(named(origin(name="a")), backend=COOKIE))
    cookie = cookie_of(sluis.ask())
    sluis.ask(fields=[*carry(cookie, "x=1"), ("User-Agent", "tester/2")])
    until(lambda: "tester/2" in audit_text(sluis))


def audit_text(sluis):
    folder = os.path.join(sluis.state, "audit")
    return "".join(open(os.path.join(folder, name), encoding="utf-8").read() for name in os.listdir(folder))


def test_no_address_leaks(sluis, site, origin):
    a = origin(name="secret-name")
    sluis.start(site(named(a), backend=COOKIE))
    _, value, _ = cookie_of(sluis.ask())
    raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    for text in (b"secret-name", b"127.0.0.1", bytes([127, 0, 0, 1]), a.port.to_bytes(2, "big"), b"web"):
        assert text not in raw
    others = {cookie_of(sluis.ask())[1] for _ in range(5)}
    assert len(others | {value}) == 6, "two clients of one server can't be told to be so"


def test_forged_damaged_and_foreign_ones_count_as_none(sluis, site, origin):
    a, b = origin(name="a"), origin(name="b")
    other = {"name": "other", "servers": [named(a), named(b)], "persistence": {"cookie": True, "name": "other"}}
    configuration = site(named(a), named(b), backend={"persistence": {"cookie": True, "name": "mine"}},
                         metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"})
    configuration["backends"].append(other)
    configuration["routes"].insert(0, {"name": "other", "hosts": ["other.example.nl"], "backend": "other"})
    sluis.start(configuration)
    foreign = cookie_of(sluis.ask(host="other.example.nl"))
    good = cookie_of(sluis.ask())[1]
    flipped = [good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1:] for at in range(0, len(good), 5)]
    bad = ["", "x", good[:-1], good + "A", good + "==", "A" * len(good), "%00" * 20, foreign[1], "é" * 33, "a" * 4000, *flipped]
    before = figure(sluis, "sluis_pool_persistence_cookies_refused_total")
    for value in bad:
        got = sluis.ask(fields=[("Cookie", f"mine={value}")])
        assert got.status == 200 and cookie_of(got)[0] == "mine", value
    assert figure(sluis, "sluis_pool_persistence_cookies_refused_total") - before == len(bad)
    many = "; ".join(f"mine={value}" for value in bad * 3)[:12000]
    assert sluis.ask(fields=[("Cookie", many)]).status == 200
    assert figure(sluis, "sluis_pool_persistence_cookies_refused_total") - before == len(bad) + 4, "bounded work"


def test_secure_with_tls(sluis, site, origin, ca):
    certificate = ca.issue("www.example.nl")
    configuration = site(named(origin(name="a")), backend=COOKIE, listener={"protocol": "https", "certificates": ["w"]},
                         certificates=[{"name": "w", "chain": certificate.chain, "key": certificate.key}])
    sluis.start(configuration)
    attributes = cookie_of(sluis.ask(tls=wire.client_tls(ca.certificate)))[2]
    assert attributes == ["Path=/", "Max-Age=28800", "HttpOnly", "SameSite=Lax", "Secure"]


def test_no_cookie_with_an_error_of_the_server(sluis, site, origin):
    sluis.start(site(named(origin(lambda *_: answer("no", status=500), name="a")), backend=COOKIE))
    assert cookie_of(sluis.ask()) is None


def test_it_survives_a_restart(sluis, site, origin):
    servers = [origin(name=name) for name in "abcd"]
    configuration = site(*map(named, servers), backend=COOKIE)
    sluis.start(configuration)
    pairs = [(cookie_of(got), got.body.decode()) for got in (sluis.ask() for _ in range(6))]
    key = os.path.join(sluis.state, "persistence.key")
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600
    sluis.stop()
    sluis.start(configuration)
    assert all(server_of(sluis, cookie, 2) == {name} for cookie, name in pairs)
    # An old key is followed by a new one, and still opens what it made.
    sluis.stop()
    was = open(key, "rb").read()
    os.utime(key, (1, 1))
    sluis.start(configuration)
    now = open(key, "rb").read()
    assert now[33:] == was[:33] and now[:33] != was[:33] and now[0] == was[0] + 1
    assert all(server_of(sluis, cookie, 2) == {name} for cookie, name in pairs)
    # One that others could read is not used.
    sluis.stop()
    os.chmod(key, 0o644)
    sluis.start(configuration)
    assert open(key, "rb").read()[:33] not in (was[:33], now[:33])
    assert "persistence.key" in sluis.stderr()
    assert cookie_of(sluis.ask(fields=carry(pairs[0][0]))) is not None


def test_it_survives_a_reload_that_moves_servers(sluis, site, origin):
    a, b, c = (origin(name=name) for name in "abc")
    sluis.start(site(named(a), named(b), backend=COOKIE))
    got = sluis.ask()
    cookie, name = cookie_of(got), got.body.decode()
    assert sluis.reload(site(named(c), named(b), named(a), backend=COOKIE)).returncode == 0
    assert server_of(sluis, cookie) == {name}


def test_another_server_when_it_is_gone_and_no_way_back(sluis, site, origin):
    a, b = origin(name="a"), origin(name="b")
    sluis.start(site(named(a), named(b), backend={**COOKIE, "outlier": {"consecutive_errors": 0}}))
    got = sluis.ask()
    cookie, mine = cookie_of(got), {"a": a, "b": b}[got.body.decode()]
    other = b if mine is a else a
    mine.stop()
    moved = sluis.ask(fields=carry(cookie))
    assert moved.status == 200 and moved.body.decode() == other.name
    new = cookie_of(moved)
    assert new and new[1] != cookie[1]
    mine.start()
    assert server_of(sluis, new) == {other.name}, "who has moved stays"
    assert server_of(sluis, cookie) == {mine.name}, "who has not asked meanwhile comes back"
    # gone from the configuration
    assert sluis.reload(site(named(other), backend=COOKIE)).returncode == 0
    lost = sluis.ask(fields=carry(cookie))
    assert lost.body.decode() == other.name and cookie_of(lost)


@pytest.mark.parametrize("how", ["configuration", "command"])
def test_a_server_that_drains_keeps_its_clients(sluis, site, origin, how):
    a, b = origin(name="a"), origin(name="b")
    sluis.start(site(named(a), named(b), backend=COOKIE))
    cookie = None
    while cookie is None:
        got = sluis.ask()
        cookie = cookie_of(got) if got.body == b"a" else None
    if how == "command":
        assert sluis.run("server", "drain", "web/a").returncode == 0
        until(lambda: all(sluis.ask().body == b"b" for _ in range(4)))
    else:
        assert sluis.reload(site(named(a, state="drain"), named(b), backend=COOKIE)).returncode == 0
    assert {sluis.ask().body for _ in range(20)} == {b"b"}, "nobody new"
    assert server_of(sluis, cookie, 12) == {"a"}, "those who are there stay"
    assert sluis.run("server", "disable", "web/a").returncode == 0
    until(lambda: sluis.ask(fields=carry(cookie)).body == b"b")
    assert sluis.run("server", "reset", "web/a").returncode == 0


def test_max_age_is_told(sluis, site, origin):
    a, b = origin(name="a"), origin(name="b")
    sluis.start(site(named(a), named(b), backend={"persistence": {"cookie": True, "max_age": "1m"}}))
    cookie = cookie_of(sluis.ask())
    assert "Max-Age=60" in cookie[2]


def test_no_room_means_elsewhere_for_once(sluis, site, origin):
    gate = threading.Event()

    def slow(request, _stream):
        if request.target == "/slow":
            gate.wait(10)
        return answer("a")

    a, b = origin(slow, name="a"), origin(name="b")
    sluis.start(site(named(a), named(b), backend={**COOKIE, "limits": {"requests_per_server": 1}}))
    cookie = None
    while cookie is None:
        got = sluis.ask()
        cookie = cookie_of(got) if got.body == b"a" else None
    with sluis.client() as busy:
        busy.send(wire.request(target="/slow", fields=carry(cookie)))
        until(lambda: "/slow" in a.targets)
        got = sluis.ask(fields=carry(cookie))
        assert got.body == b"b" and cookie_of(got) is None, "a guest, not a client of b"
        gate.set()
        assert busy.response().body == b"a"
    assert server_of(sluis, cookie) == {"a"}


# ---- addresses -----------------------------------------------------------------------------------
SOURCE = {"persistence": {"source_address": True, "idle": "5m"}}


def test_an_address_stays_at_its_server(sluis, site, origin):
    servers = [origin(name=name) for name in "abcd"]
    sluis.start(site(*map(named, servers), backend=SOURCE, edges=3))
    got = {sluis.ask().body for _ in range(40)}
    assert len(got) == 1, "one address, one server, whichever edge"
    assert sluis.ask().all("Set-Cookie") == []
    # Servers that come move nobody who is there.
    more = [origin(name=name) for name in "efgh"]
    assert sluis.reload(site(*map(named, servers + more), backend=SOURCE, edges=3)).returncode == 0
    assert {sluis.ask().body for _ in range(40)} == got


def test_addresses_spread_and_move_when_their_server_ends(sluis, site, origin):
    servers = {name: origin(name=name) for name in "abc"}
    sluis.start(site(*map(named, servers.values()), backend={**SOURCE, "outlier": {"consecutive_errors": 0}},
                     trust_forwarded_from=["127.0.0.0/8"]))

    def home(n):
        with wire.Client(sluis.port(), bind=f"127.0.1.{n}") as client:
            return client.ask().body.decode()

    homes = {n: home(n) for n in range(1, 61)}
    count = collections.Counter(homes.values())
    assert set(count) == set("abc") and min(count.values()) > 6, count
    servers["a"].stop()
    moved = {n: home(n) for n in homes}
    assert all(moved[n] == homes[n] for n in homes if homes[n] != "a"), "only those of a move"
    assert "a" not in moved.values()
    servers["a"].start()
    assert {n: home(n) for n in homes} == moved, "who has moved stays"


# ---- draining ------------------------------------------------------------------------------------
@pytest.mark.parametrize("backend", [{}, COOKIE, SOURCE], ids=["none", "cookie", "source"])
def test_no_request_fails_while_servers_drain_in_turn(sluis, site, origin, backend):
    servers = [origin(name=name) for name in "abc"]
    sluis.start(site(*map(named, servers), backend=backend, edges=2))
    with Load(sluis, clients=6) as load:
        for _ in range(2):
            for server in servers:
                assert sluis.run("server", "drain", f"web/{server.name}").returncode == 0
                load.wait(80)
                assert sluis.run("server", "enable", f"web/{server.name}").returncode == 0
                load.wait(20)
    assert load.failures == []


def test_drain_waits_for_requests_and_for_persistent_clients(sluis, site, origin):
    gate = threading.Event()

    def slow(request, _stream):
        if request.target == "/slow":
            gate.wait(20)
        return answer("a")

    a, b = origin(slow, name="a"), origin(name="b")
    sluis.start(site(named(a), named(b), backend=COOKIE))
    cookie = None
    while cookie is None:
        got = sluis.ask()
        cookie = cookie_of(got) if got.body == b"a" else None
    said = []
    with sluis.client() as busy:
        busy.send(wire.request(target="/slow", fields=carry(cookie)))
        until(lambda: "/slow" in a.targets)
        waiting = threading.Thread(target=lambda: said.append(sluis.run("server", "drain", "web/a", "--wait=2s")))
        waiting.start()
        waiting.join(3)
        assert waiting.is_alive(), "a request is under way"
        gate.set()
        assert busy.response().body == b"a"
    for _ in range(6):
        assert sluis.ask(fields=carry(cookie)).body == b"a"
        waiting.join(0.6)
    assert waiting.is_alive(), "its client still asks"
    waiting.join(15)
    assert not waiting.is_alive() and said[0].returncode == 0
    assert "1 request under way" in said[0].stdout and said[0].stdout.splitlines()[-1] == "web/a: 0 requests under way"
    for wrong in (["enable", "web/a", "--wait"], ["drain", "web/a", "--wait=soon"]):
        assert sluis.run("server", *wrong).returncode == 2
