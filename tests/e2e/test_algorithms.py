"""The algorithms at work: who gets a request, over edges, reloads and restarts."""
import collections
import threading
import time

from harness.load import Load
from harness.origin import answer
from harness.wait import until


def named(server, **more):
    return {"name": server.name, "address": server.address, **more}


def where(sluis, keys, **keywords):
    """Which server each key leads to; every request comes on a connection of its own."""
    return {key: sluis.ask(fields=[("X-Tenant", key)], **keywords).body.decode() for key in keys}


KEYS = [f"tenant-{i}" for i in range(40)]


def hashing(algorithm, **more):
    return {"balance": algorithm, "hash": {"header": "X-Tenant"}, **more}


def test_keys_lead_to_the_same_server_through_every_edge(sluis, site, origin):
    """Both hashes: over edges, a reload that changes something else, and a restart; P11 of an edge."""
    servers = [origin(name=name) for name in "abcd"]
    for algorithm in ("maglev", "ring_hash"):
        wanted = site(*[named(server) for server in servers], backend=hashing(algorithm), edges=3)
        sluis.start(wanted)
        before = where(sluis, KEYS)
        assert len(set(before.values())) == 4
        assert where(sluis, KEYS) == before
        assert sluis.reload({**wanted, "log": {"access": False}}).returncode == 0
        assert where(sluis, KEYS) == before
        sluis.stop()
        sluis.start(wanted)
        assert where(sluis, KEYS) == before
        sluis.stop()


def test_only_the_keys_of_a_server_that_leaves_move(sluis, site, origin):
    servers = [origin(name=name) for name in "abcd"]
    sluis.start(site(*[named(server) for server in servers], backend=hashing("maglev")))
    before = where(sluis, KEYS)
    assert sluis.run("server", "disable", "web/b").returncode == 0
    until(lambda: "b" not in where(sluis, KEYS[:20]).values())
    after = where(sluis, KEYS)
    assert all(after[key] == before[key] for key in KEYS if before[key] != "b")
    assert sluis.run("server", "enable", "web/b").returncode == 0
    until(lambda: where(sluis, KEYS) == before)


def test_another_installation_has_another_mapping(sluis, site, origin):
    """The key of the hash is the installation's own: DIR/hash.key."""
    servers = [origin(name=name) for name in "abcdefgh"]
    wanted = site(*[named(server) for server in servers], backend=hashing("maglev"))
    sluis.start(wanted)
    before = where(sluis, KEYS)
    sluis.stop()
    with open(f"{sluis.state}/hash.key", "r+b") as file:
        assert len(file.read()) == 16
        file.seek(0)
        file.write(bytes(range(16)))
    sluis.start(wanted)
    assert where(sluis, KEYS) != before


def test_what_is_hashed(sluis, site, origin):
    """The path in canonical form (THREATS A4), a cookie, a parameter, the address."""
    servers = [named(origin(name=name)) for name in "abcdefgh"]
    sluis.start(site(*servers, backend={"balance": "ring_hash", "hash": {"path": True}}))
    for i in range(12):
        same = {sluis.ask(target).body for target in (f"/p{i}/x", f"/./p{i}//x", f"/p{i}/%78", f"/p{i}/x?q={i}")}
        assert len(same) == 1
    assert len({sluis.ask(f"/other/{i}").body for i in range(40)}) > 4
    sluis.reload(site(*servers, backend={"balance": "maglev", "hash": {"cookie": "sid"}}))
    for i in range(12):
        same = {sluis.ask(f"/{k}", fields=[("Cookie", f"a={k}; sid=s{i}; b=2")]).body for k in range(3)}
        assert len(same) == 1
    sluis.reload(site(*servers, backend={"balance": "maglev", "hash": {"query": "user"}}))
    for i in range(12):
        assert len({sluis.ask(f"/{k}?x={k}&user=u{i}").body for k in range(3)}) == 1
    assert len({sluis.ask("/").body for _ in range(60)}) > 4, "without the parameter requests are spread"
    sluis.reload(site(*servers, backend={"balance": "source_address"}))
    assert len({sluis.ask(f"/{i}").body for i in range(20)}) == 1


def test_a_busy_key_overflows_by_the_bound(sluis, site, origin):
    """One key, many requests at once: bounded load sends some elsewhere, without a bound none."""
    servers = [origin(lambda *_, name=name: time.sleep(0.02) or answer(name), name=name) for name in "abcd"]
    bounded = site(*[named(server) for server in servers], backend=hashing("ring_hash", hash_load_factor=1.25))
    sluis.start(bounded)
    with Load(sluis, clients=12, fields=[("X-Tenant", "one")]) as load:
        load.wait(300)
    assert load.failures == []
    got = {server.name: len(server.requests) for server in servers}
    assert sum(n > 0 for n in got.values()) >= 3 and max(got.values()) < 0.5 * sum(got.values()), got
    sluis.reload(site(*[named(server) for server in servers], backend=hashing("ring_hash", hash_load_factor=0)))
    before = {server.name: len(server.requests) for server in servers}
    with Load(sluis, clients=12, fields=[("X-Tenant", "one")]) as load:
        load.wait(200)
    moved = [server.name for server in servers if len(server.requests) > before[server.name]]
    assert len(moved) == 1, moved


def test_first_fills_one_after_the_other(sluis, site, origin):
    servers = [origin(lambda *_, name=name: time.sleep(0.05) or answer(name), name=name) for name in "abc"]
    sluis.start(site(*[named(server) for server in servers],
                     backend={"balance": "first", "limits": {"requests_per_server": 4}}))
    assert {sluis.ask().body for _ in range(8)} == {b"a"}
    with Load(sluis, clients=6) as load:
        load.wait(120)
    got = [len(server.requests) for server in servers]
    assert got[0] > got[1] > 0 and got[2] == 0, got


def test_random_follows_weights(sluis, site, origin):
    a, b = origin(name="a"), origin(name="b")
    sluis.start(site(named(a, weight=3), named(b), backend={"balance": "random"}))
    assert sluis.status()["pools"][0]["balance"] == "random"
    with sluis.client() as client:
        got = collections.Counter(client.ask().body for _ in range(800))
    assert 500 < got[b"a"] < 700, got


def test_peak_ewma_avoids_the_slow_and_the_failing(sluis, site, origin):
    """No concurrency at all, so that requests under way tell nothing: the latency alone does."""
    slow = origin(lambda *_: time.sleep(0.08) or answer("slow"), name="slow")
    broken = origin(lambda *_: answer("broken", status=500), name="broken")
    quick, other = origin(name="quick"), origin(name="other")
    sluis.start(site(*[named(server) for server in (slow, broken, quick, other)], edges=2,
                     backend={"balance": "peak_ewma", "outlier": {"consecutive_errors": 0}}))
    for _ in range(2):
        with sluis.client() as client:
            for _ in range(150):
                client.ask()
    assert len(broken.requests) < 15, "failing fast is not being fast"
    assert len(slow.requests) < 60
    assert len(quick.requests) + len(other.requests) > 225


def test_slow_start(sluis, site, origin):
    """A server that comes back begins with a tenth, and never falls back; at the start of all nobody is late."""
    a, b = origin(name="a"), origin(name="b")
    sluis.start(site(named(a), named(b), backend={"balance": "random", "slow_start": "4s"}))

    def share():
        with sluis.client() as client:
            got = collections.Counter(client.ask().body for _ in range(400))
        return got[b"b"] / 400

    assert share() > 0.4
    assert sluis.run("server", "disable", "web/b").returncode == 0
    until(lambda: share() == 0)
    assert sluis.run("server", "enable", "web/b").returncode == 0
    until(lambda: share() > 0)
    first = share()
    assert first < 0.35
    time.sleep(4)
    assert share() > 0.4


def test_slow_start_after_a_reload(sluis, site, origin):
    """The same when the file, or a run-time change, is what takes it into use again; a reload that changes nothing starts nobody anew."""
    a, b = origin(name="a"), origin(name="b")

    def configuration(**more):
        return site(named(a), {**named(b), **more}, backend={"balance": "random", "slow_start": "3s"})

    def share():
        with sluis.client() as client:
            got = collections.Counter(client.ask().body for _ in range(300))
        return got[b"b"] / 300

    sluis.start(configuration(state="disabled"))
    assert share() == 0
    for change in [lambda: sluis.reload(configuration()), lambda: sluis.run("server", "set", "web/b", "state=enabled")]:
        assert change().returncode == 0
        until(lambda: share() > 0)
        assert share() < 0.35
        time.sleep(3.2)
        assert share() > 0.4
        assert sluis.reload().returncode == 0
        assert share() > 0.4
        assert sluis.run("server", "set", "web/b", "state=drain").returncode == 0
        until(lambda: share() == 0)


def test_the_queue_serves_by_priority(sluis, site, origin):
    """High before normal before low, first come first served within one; full, the lowest gives way."""
    gate = threading.Event()
    one = origin(lambda *_: gate.wait(10) and answer("x"), name="one")
    rules = [{"match": {"path_prefix": f"/{word}"}, "priority": word, "backend": "web"} for word in ("high", "low")]
    sluis.start(site(named(one), route={"rules": rules},
                     backend={"limits": {"requests_per_server": 1, "queue": 5, "queue_timeout": "20s"}},
                     metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"}))
    got = {}

    def ask(target):
        got[target] = sluis.ask(target).status

    threads = []
    for i, target in enumerate(["/first", "/low/1", "/low/2", "/low/3", "/normal/1", "/normal/2", "/high/1"]):
        threads.append(threading.Thread(target=ask, args=(target,)))
        threads[-1].start()
        if i == 0:
            one.wait_for(1)
        elif i < 6:
            until(lambda i=i: queued(sluis) == i)
    until(lambda: got.get("/low/3") == 503)
    gate.set()
    for thread in threads:
        thread.join()
    order = [request.target for request in one.requests]
    assert order == ["/first", "/high/1", "/normal/1", "/normal/2", "/low/1", "/low/2"], order
    assert all(status == 200 for target, status in got.items() if target != "/low/3")


def queued(sluis):
    """Requests that wait, as the metrics have it."""
    text = sluis.ask("/metrics", listener="metrics").body.decode()
    return sum(int(float(line.split()[-1])) for line in text.splitlines() if line.startswith("sluis_pool_queue{"))


def test_a_pool_has_a_limit_as_a_whole(sluis, site, origin):
    """limits.requests: never more at all servers together, over all edges; the others wait."""
    lock, now, most = threading.Lock(), [0], [0]

    def handle(*_):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.03)
        with lock:
            now[0] -= 1
        return answer("x")

    servers = [origin(handle, name=name) for name in "abc"]
    sluis.start(site(*[named(server) for server in servers], edges=2, backend={"limits": {"requests": 4}}))
    with Load(sluis, clients=10) as load:
        load.wait(150)
    assert load.failures == []
    assert 3 <= most[0] <= 6, most  # two edges may decide in the same moment


def test_which_answers_are_failures(sluis, site, origin):
    """outlier.error_status: by default 5xx ejects; only what is named does."""
    bad, good = origin(lambda *_: answer("bad", status=503), name="bad"), origin(name="good")
    outlier = {"consecutive_errors": 3, "eject_for": "30s"}
    sluis.start(site(named(bad), named(good), backend={"balance": "round_robin",
                                                       "outlier": {**outlier, "error_status": [500, 429]}}))
    with sluis.client() as client:
        assert sum(client.ask().status == 503 for _ in range(40)) == 20
    sluis.reload(site(named(bad), named(good), backend={"balance": "round_robin", "outlier": outlier}))
    with sluis.client() as client:
        for _ in range(20):
            client.ask()
        until(lambda: all(client.ask().status == 200 for _ in range(10)))


def test_against_nginx(sluis, site, nginx):
    """Every algorithm in front of real servers: all of them serve, none of them fails."""
    servers = [nginx({"index.html": name.encode()}) for name in ("one", "two", "three")]
    started = False
    for algorithm in ("least_requests", "round_robin", "random", "peak_ewma", "maglev", "ring_hash", "first",
                      "source_address"):
        wanted = site(*[server.address for server in servers], backend={"balance": algorithm})
        if started:
            assert sluis.reload(wanted).returncode == 0
        else:
            sluis.start(wanted)
            started = True
        with sluis.client() as client:
            got = collections.Counter(client.ask().body for _ in range(60))
        spreads = algorithm in ("least_requests", "round_robin", "random", "peak_ewma")
        assert len(got) == (3 if spreads else 1), (algorithm, got)
