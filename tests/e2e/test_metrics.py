"""Metrics against known traffic: every number is one that the test made."""
import socket
import ssl
import subprocess
import threading

from harness import wire
from harness.origin import answer
from harness.prometheus import scrape
from harness.wait import until

NAME = "www.example.nl"


def metrics(sluis):
    return {"address": f"127.0.0.1:{sluis.port('metrics')}"}


def settled(sluis, name, value, **labels):
    """The page once a number is there: an edge counts a request a moment after its client has the answer."""
    until(lambda: scrape(sluis).get(name, **labels) == value)
    return scrape(sluis)


def by_path(request, _stream):
    status = {"/missing": 404, "/broken": 500}.get(request.target, 200)
    return answer(b"x" * 100, status=status)


def test_exact_counts(sluis, site, origin):
    server = origin(by_path)
    rules = [{"name": "api", "match": {"path_prefix": "/api"}, "respond": {"status": 403, "body": "no\n"}}]
    sluis.start(site(server.address, route={"name": "shop", "rules": rules}, metrics=metrics(sluis), edges=2))
    with sluis.client() as kept:
        for target in ["/"] * 5 + ["/missing"] * 3 + ["/broken"] * 2:
            kept.ask(target=target)
    for _ in range(4):
        assert sluis.ask("/api/x").status == 403
    with sluis.client() as bad:
        bad.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        assert bad.response().status == 400
    page = settled(sluis, "sluis_listener_requests_total", 15)
    for code, n in {"2xx": 5, "4xx": 8, "5xx": 2, "none": 0}.items():
        assert page.get("sluis_listener_requests_total", code=code) == n
    assert page.get("sluis_listener_bad_requests_total") == 1
    assert page.get("sluis_listener_request_duration_seconds_count") == 15
    assert page.get("sluis_listener_accepted_total") == 6
    for code, n in {"2xx": 5, "4xx": 3, "5xx": 2}.items():
        assert page.get("sluis_route_requests_total", route="shop", rule="default", code=code) == n
        assert page.get("sluis_server_responses_total", code=code) == n
    assert page.get("sluis_route_requests_total", route="shop", rule="api", code="4xx") == 4
    assert page.get("sluis_route_request_duration_seconds_count", rule="default") == 10
    assert page.get("sluis_server_first_byte_seconds_count") == 10
    assert page.get("sluis_server_received_bytes_total") == 1000
    assert page.get("sluis_route_sent_bytes_total", rule="default") > 1000
    assert page.get("sluis_server_connects_total") + page.get("sluis_server_reuses_total") == 10
    assert page.get("sluis_server_connects_total") == 1
    assert page.get("sluis_build_info") == 1 and page.get("sluis_image_generation") == 1


def test_openmetrics_is_for_those_who_ask(sluis, site, origin):
    """RFC 9110 §12.5.1: the format is one that the client names."""
    sluis.start(site(origin().address, metrics=metrics(sluis)))
    page = scrape(sluis, "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
    assert page.get("sluis_listener_accepted_total") == 0
    assert scrape(sluis, "text/html, text/plain;q=0.9").types["sluis_listener_accepted_total"] == "counter"


def test_counters_live_over_reloads_and_go_with_their_rule(sluis, site, origin):
    address = origin().address
    rules = [{"name": "one", "match": {"path_exact": "/one"}, "respond": {"status": 200, "body": "1"}},
             {"name": "two", "match": {"path_exact": "/two"}, "respond": {"status": 200, "body": "2"}}]

    def with_rules(rules):
        return site(address, route={"name": "shop", "rules": rules}, metrics=metrics(sluis), edges=1)

    sluis.start(with_rules(rules))
    for target in ["/one", "/two", "/two"]:
        sluis.ask(target)
    settled(sluis, "sluis_route_requests_total", 3)
    assert sluis.reload(with_rules(list(reversed(rules)))).returncode == 0
    page = scrape(sluis)
    assert page.get("sluis_route_requests_total", rule="one") == 1
    assert page.get("sluis_route_requests_total", rule="two") == 2
    assert sluis.reload(with_rules(rules[1:])).returncode == 0
    sluis.ask("/two")
    page = settled(sluis, "sluis_route_requests_total", 3, rule="two")
    assert page.get("sluis_route_requests_total", rule="one") is None
    # One that comes back is a new one.
    assert sluis.reload(with_rules(rules)).returncode == 0
    sluis.ask("/one")
    settled(sluis, "sluis_route_requests_total", 1, rule="one")
    bad = with_rules(rules)
    bad["routes"][0]["backend"] = "nowhere"
    assert sluis.reload(bad).returncode == 1
    page = settled(sluis, "sluis_config_reloads_failed_total", 1)
    assert page.get("sluis_config_reloads_total") == 3
    assert page.get("sluis_config_last_reload_successful") == 0
    assert page.get("sluis_image_generation") == 4


def test_queue(sluis, site, origin):
    """One request holds the server's only place, one waits and is served, one waits in vain, one finds the queue full."""
    go = threading.Event()

    def slow(request, _stream):
        if request.target == "/hold":
            go.wait(10)
        return answer(b"ok")

    sluis.start(site(origin(slow).address, metrics=metrics(sluis), edges=1,
                     backend={"limits": {"requests_per_server": 1, "queue": 1, "queue_timeout": "3s"}}))
    hold = threading.Thread(target=sluis.ask, args=("/hold",))
    hold.start()
    settled(sluis, "sluis_server_in_flight", 1)
    waits = threading.Thread(target=sluis.ask, args=("/waits",))
    waits.start()
    settled(sluis, "sluis_pool_queue", 1)
    assert sluis.ask("/full").status == 503
    go.set()
    hold.join()
    waits.join()
    page = settled(sluis, "sluis_listener_requests_total", 3)
    assert page.get("sluis_pool_queued_total") == 1
    assert page.get("sluis_pool_queue_refused_total") == 1
    assert page.get("sluis_pool_queue_expired_total") == 0
    assert 0 < page.get("sluis_pool_queue_seconds_total") < 3
    settled(sluis, "sluis_pool_queue", 0)


def test_no_server(sluis, site, origin):
    sluis.start(site({"address": origin().address, "state": "disabled"}, metrics=metrics(sluis)))
    assert sluis.ask().status == 503
    settled(sluis, "sluis_pool_unavailable_total", 1)


def test_tls(sluis, site, origin, ca):
    """Versions, resumption, and why handshakes fail: one of each kind."""
    made = ca.issue(NAME)
    sluis.start(site(origin().address, metrics=metrics(sluis), edges=1,
                     listener={"protocol": "https", "certificates": ["www"], "timeouts": {"handshake": "1s"}},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    context = wire.client_tls(ca.certificate)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert sluis.ask(tls=context).status == 200
    assert sluis.ask(tls=wire.client_tls(ca.certificate)).status == 200
    port = sluis.port()
    s_client = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}"]
    for more in (["-servername", "other.example.nl"], ["-servername", NAME, "-tls1_2", "-cipher", "AES128-GCM-SHA256"]):
        subprocess.run([*s_client, *more], input=b"", capture_output=True, timeout=10, check=False)
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        plain.recv(100)
    with socket.create_connection(("127.0.0.1", port)):
        pass
    try:
        sluis.ask(tls=ssl.create_default_context())  # it does not know our authority
    except ssl.SSLError:
        pass
    with socket.create_connection(("127.0.0.1", port)) as silent:
        page = settled(sluis, "sluis_tls_handshake_failures_total", 1, reason="timeout")
        assert silent.recv(10) == b""
    assert page.get("sluis_tls_connections_total", version="1.2") == 1
    # In TLS 1.3 a client that refuses has been answered already: the server's side is complete (RFC 8446 §4.4).
    assert page.get("sluis_tls_connections_total", version="1.3") >= 1
    for reason in ("name", "parameters", "protocol"):
        assert page.get("sluis_tls_handshake_failures_total", reason=reason) == 1, reason
    # The one that refused may have reset the connection before its alert was read.
    assert page.get("sluis_tls_handshake_failures_total", reason="client_gone") in (1, 2)
    assert page.get("sluis_tls_handshakes_failed_total") == page.get("sluis_tls_handshake_failures_total")
    assert page.get("sluis_tls_handshake_seconds_total") > 0
    assert page.get("sluis_certificate_expiry_seconds", certificate="www") > 1.7e9


def test_roles_and_audit(sluis, site, origin):
    sluis.start(site(origin().address, metrics=metrics(sluis), log={"access": True}))
    for _ in range(20):
        sluis.ask()
    page = settled(sluis, "sluis_listener_requests_total", 20)
    for role in ("keeper", "signer", "edge", "dialer", "audit", "console"):
        until(lambda role=role: scrape(sluis).get("sluis_role_up", role=role, index="0") == 1)
        assert page.get("sluis_role_restarts_total", role=role, index="0") == 0
    page = scrape(sluis)
    for role in ("keeper", "edge", "signer"):
        assert page.get("sluis_role_resident_bytes", role=role, index="0") > 1 << 20
        assert page.get("sluis_role_start_time_seconds", role=role, index="0") > 1.7e9
    until(lambda: scrape(sluis).get("sluis_audit_lines_total") >= 20)
    page = scrape(sluis)
    assert page.get("sluis_audit_bytes_total") > 20 * 100
    assert page.get("sluis_audit_lost_total") == 0 and page.get("sluis_audit_disk_trouble_seconds") == 0
    assert page.get("sluis_audit_last_line_time_seconds") > 1.7e9
    until(lambda: scrape(sluis).get("sluis_audit_last_signature_time_seconds") > 1.7e9, within=15)
