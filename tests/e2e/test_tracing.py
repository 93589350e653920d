"""Tracing: W3C Trace Context on the way through, and spans at a collector, parent and child exactly."""
import json
import os
import re
import signal
import socket
import time

import pytest

from harness import http2, ports
from harness.collector import Collector
from harness.origin import answer
from harness.prometheus import scrape
from harness.wait import until

PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])")


@pytest.fixture(name="collector")
def make_collector():
    made = []

    def make(port=None, **keywords):
        made.append(Collector(port or ports.free_port(), **keywords))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def tracing(collector, **more):
    return {"otlp": f"http://127.0.0.1:{collector.server.server_port}", "sample_percent": 100, **more}


def sent(request):
    """What a server was told: (trace, span, is sampled)."""
    match = PARENT.fullmatch(request.header("traceparent"))
    return match.group(1), match.group(2), match.group(3) == "1"


@pytest.mark.smoke
def test_one_request_is_two_spans(sluis, site, origin, collector):
    server, there = origin(), collector()
    rules = [{"name": "api", "match": {"path_prefix": "/api"}, "backend": "web"}]
    sluis.start(site(server.address, route={"name": "shop", "rules": rules},
                     tracing=tracing(there, service_name='front "door"')))
    before = time.time_ns()
    assert sluis.ask("/api/x?secret=1", method="POST", body=b"abc").status == 200
    front, back = sorted(there.spans(2), key=lambda s: s.kind)
    assert there.path == "/v1/traces" and front.service == 'front "door"'
    assert (front.kind, back.kind) == (2, 3)
    assert front.trace == back.trace and front.parent is None and back.parent == front.id
    assert sent(server.requests[0]) == (front.trace, back.id, True)
    assert before - 1e7 < front.start <= back.start and back.end <= front.end < time.time_ns()
    assert front.name == "POST /api" and front.status == 0
    assert front.have == {"url.scheme": "http", "url.path": "/api/x", "server.address": "www.example.nl",
                          "client.address": "127.0.0.1", "http.route": "/api", "sluis.listener": "public",
                          "sluis.route": "shop/api", "http.response.status_code": 200, "http.request.method": "POST",
                          "network.protocol.version": "1.1"}
    host, port = server.address.split(":")
    assert back.name == "POST"
    assert back.have == {"url.full": f"http://{server.address}/api/x", "server.address": host, "server.port": int(port),
                         "sluis.pool": "web", "sluis.server": server.address, "http.response.status_code": 200,
                         "http.request.method": "POST", "network.protocol.version": "1.1"}


def test_versions(sluis, site, collector):
    """network.protocol.version of each side is its own."""
    server, there = http2.Server(), collector()
    sluis.start(site(server.address, backend={"protocol": "h2c"}, tracing=tracing(there), listener={"http2": True}))
    with http2.Client(sluis.port()) as client:
        assert client.ask("/").status == 200
    with sluis.client() as client:
        client.send(b"GET / HTTP/1.0\r\nHost: www.example.nl\r\n\r\n")
        assert client.to_end().startswith(b"HTTP/1.1 200")
    server.stop()
    assert sorted((s.kind, s.have["network.protocol.version"]) for s in there.spans(4)) == [
        (2, "1.0"), (2, "2"), (3, "2"), (3, "2")]


def test_a_trusted_sender_decides(sluis, site, origin, collector):
    """W3C Trace Context §3: continued from trust_forwarded_from, with its own sampled flag and tracestate."""
    server, there = origin(), collector()
    sluis.start(site(server.address, tracing=tracing(there), trust_forwarded_from=["127.0.0.0/8"]))
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    state = ("tracestate", "congo=t61rcWkgMzE")
    sluis.ask("/no", fields=[("traceparent", f"00-{trace}-{parent}-00"), state])
    sluis.ask("/yes", fields=[("traceparent", f"00-{trace}-{parent}-01"), state])
    front, back = sorted(there.spans(2), key=lambda s: s.kind)
    assert front.trace == trace and front.parent == parent and back.parent == front.id
    assert [sent(r)[0] for r in server.requests] == [trace, trace]
    assert [sent(r)[2] for r in server.requests] == [False, True]
    assert sent(server.requests[1])[1] == back.id != parent
    assert [r.header("tracestate") for r in server.requests] == [state[1]] * 2
    # What is malformed is as if it were not there (§3.2.2), and its tracestate goes with it (§3.3.1.3).
    for bad in (f"00-{trace}-{parent}", f"00-{trace.upper()}-{parent}-01", f"00-{'0' * 32}-{parent}-01",
                f"ff-{trace}-{parent}-01", f"00-{trace}-{parent}-01-more"):
        sluis.ask("/bad", fields=[("traceparent", bad), state])
        assert sent(server.requests[-1])[0] != trace and server.requests[-1].header("tracestate") is None
        assert len(server.requests[-1].all("traceparent")) == 1
    sluis.ask("/later", fields=[("traceparent", f"cc-{trace}-{parent}-01-what-the-future-brings")])
    assert sent(server.requests[-1])[0] == trace


def test_others_are_not_believed(sluis, site, origin, collector):
    server, there = origin(), collector()
    sluis.start(site(server.address, tracing=tracing(there)))
    sluis.ask(fields=[("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ("tracestate", "a=b")])
    front, _ = sorted(there.spans(2), key=lambda s: s.kind)
    assert front.parent is None and front.trace != "4bf92f3577b34da6a3ce929d0e0e4736"
    assert server.requests[0].header("tracestate") is None


def test_each_try_is_a_span(sluis, site, origin, collector):
    """A dead server, then a living one: two client spans under one, each server told its own id."""
    server, there = origin(), collector()
    dead = f"127.0.0.1:{ports.free_port()}"
    sluis.start(site({"name": "dead", "address": dead}, {"name": "up", "address": server.address, "backup": True},
                     tracing=tracing(there)))
    assert sluis.ask().status == 200
    spans = there.spans(3)
    front, = [s for s in spans if s.kind == 2]
    first, second = sorted((s for s in spans if s.kind == 3), key=lambda s: s.start)
    assert first.have["sluis.server"] == "dead" and first.status == 2
    assert first.have["error.type"] == "connection_refused" and "http.response.status_code" not in first.have
    assert second.have["sluis.server"] == "up" and second.have["http.request.resend_count"] == 1 and second.status == 0
    assert first.parent == second.parent == front.id and first.id != second.id
    assert sent(server.requests[0])[1] == second.id and front.status == 0


def test_errors(sluis, site, origin, collector):
    there = collector()
    server = origin(lambda request, _: answer(b"", status={"/500": 500, "/404": 404}[request.target]))
    sluis.start(site(server.address, tracing=tracing(there)))
    for path in ("/500", "/404"):
        sluis.ask(path)
    spans = {(s.kind, s.have["http.response.status_code"]): s for s in there.spans(4)}
    assert spans[2, 500].status == spans[3, 500].status == spans[3, 404].status == 2
    assert spans[2, 404].status == 0 and "error.type" not in spans[2, 404].have
    assert spans[2, 500].have["error.type"] == "500"


def test_sampling(sluis, site, origin, collector):
    """Of a hundred in a hundred all, of none none; the flag that servers see says the same."""
    server, there = origin(), collector()
    sluis.start(site(server.address, tracing=tracing(there, sample_percent=30)))
    with sluis.client() as kept:
        for _ in range(300):
            kept.ask()
    traced = sum(sent(r)[2] for r in server.requests)
    assert 50 < traced < 135  # three in ten of 300: five standard deviations
    assert len([s for s in there.spans(2 * traced) if s.kind == 2]) == traced
    assert sluis.reload(site(server.address, tracing=tracing(there, sample_percent=0))).returncode == 0
    for _ in range(20):
        sluis.ask()
    assert not any(sent(r)[2] for r in server.requests[300:])


def test_a_collector_that_is_away_costs_nothing_but_spans(sluis, site, origin, collector):
    port = ports.free_port()
    configuration = site(origin().address, tracing={"otlp": f"http://127.0.0.1:{port}/custom", "sample_percent": 100},
                         metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"})
    sluis.start(configuration)
    assert sluis.ask("/early").status == 200
    until(lambda: scrape(sluis).get("sluis_trace_posts_failed_total") >= 1)
    there = collector(port, statuses=[503])
    assert {s.have["url.path"] for s in there.spans(2) if s.kind == 2} == {"/early"}
    assert there.path == "/custom" and there.posts == 2
    there.statuses = [400]
    sluis.ask("/refused")
    until(lambda: scrape(sluis).get("sluis_trace_dropped_total") == 2)
    page = scrape(sluis)
    assert page.get("sluis_trace_spans_total") == 4 and page.get("sluis_trace_exported_total") == 2
    assert page.get("sluis_edge_spans_dropped_total") == 0


def test_a_silent_collector_does_not_hold_requests(sluis, site, origin):
    """It accepts and says nothing: batches fill, the rest is dropped and counted, requests go on."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sluis.start(site(origin().address, metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"},
                         tracing={"otlp": f"http://127.0.0.1:{silent.getsockname()[1]}", "sample_percent": 100}))
        with sluis.client() as kept:
            for _ in range(700):
                assert kept.ask(target="/" + "x" * 700).status == 200
        page = scrape(sluis)
        assert page.get("sluis_trace_waiting") > 100
        until(lambda: scrape(sluis).get("sluis_trace_dropped_total") > 0)
        page = scrape(sluis)
        assert page.get("sluis_trace_exported_total") == 0
        assert page.get("sluis_role_restarts_total", role="exporter") == 0


def test_another_collector_after_a_reload_and_none(sluis, site, origin, collector):
    """Its reach is fixed at birth: another collector is another process; no tracing, no process (P12)."""
    address, one, two = origin().address, collector(), collector()
    sluis.start(site(address, tracing=tracing(one)))
    sluis.ask("/one")
    one.spans(2)
    first = sluis.pids("exporter")
    assert sluis.reload(site(address, tracing=tracing(one, sample_percent=99), edges=2)).returncode == 0
    assert sluis.pids("exporter") == first
    assert sluis.reload(site(address, tracing=tracing(two))).returncode == 0
    assert len(sluis.pids("exporter")) == 1 and sluis.pids("exporter") != first
    sluis.ask("/two")
    assert {s.have["url.path"] for s in two.spans(2) if s.kind == 2} == {"/two"}
    assert sluis.reload(site(address)).returncode == 0
    until(lambda: not sluis.pids("exporter"))
    assert sluis.ask().status == 200


def test_a_killed_exporter_comes_back(sluis, site, origin, collector):
    """P11: requests notice nothing; spans go on with the next one."""
    there = collector()
    sluis.start(site(origin().address, tracing=tracing(there)))
    pid, = sluis.pids("exporter")
    os.kill(pid, signal.SIGKILL)
    assert sluis.ask("/during").status == 200
    until(lambda: sluis.pids("exporter") and sluis.pids("exporter") != [pid])

    def arrives():
        sluis.ask("/after")
        return any(s.have.get("url.path") == "/after" for s in there.found)

    until(arrives)


def test_last_spans_are_sent_at_stop(sluis, site, origin, collector):
    there = collector()
    sluis.start(site(origin().address, tracing=tracing(there)))
    sluis.ask("/last")
    assert sluis.stop() == 0
    assert {s.have["url.path"] for s in there.spans(2) if s.kind == 2} == {"/last"}


def test_access_records_have_phases(sluis, site, origin):
    """What took how long, only where it says something; log.sample_percent leaves out what went well."""
    server = origin(lambda request, _: answer(b"", status=500 if request.target == "/bad" else 200))
    sluis.start(site(server.address, trust_forwarded_from=["127.0.0.0/8"]))
    with sluis.client() as kept:
        kept.ask(target="/first")
        kept.ask(target="/again")

    def records():
        found = {}
        for name in sorted(os.listdir(os.path.join(sluis.state, "audit"))):
            if name.endswith(".jsonl"):
                with open(os.path.join(sluis.state, "audit", name), encoding="utf-8") as file:
                    rows = [json.loads(line) for line in file if line.endswith("\n")]
                found.update({r["object"].split("example.nl")[-1]: r for r in rows if r["kind"] == "access"})
        return found

    until(lambda: {"/first", "/again"} <= set(records()))
    first, again = records()["/first"], records()["/again"]
    assert 0 < first["connect_us"] <= first["first_byte_us"] <= first["duration_us"] + 1
    assert "connect_us" not in again and "queue_us" not in again and "ended" not in again
    assert sluis.reload(site(server.address, log={"sample_percent": 0})).returncode == 0
    with sluis.client() as kept:
        kept.ask(target="/good")
        kept.ask(target="/bad")
    until(lambda: "/bad" in records())
    assert "/good" not in records()
