"""Alarms at a webhook (P9): each with its explanation, in order, at least once, over outages and refusals; and hostile receivers."""
import http.server
import json
import os
import ssl
import threading
import time

import pytest

from harness import ports
from test_audit import records, wait_for
from test_ship import NAME

TOKEN = "/hook/T0KEN-secret?a=b"


class Hook:
    """An HTTPS server that keeps what is posted and answers what it is told to."""

    def __init__(self, ca):
        self.port, self.made, self.server = ports.free_port(), ca.issue(NAME), None
        self.got, self.answer = [], lambda got: 200

    def start(self):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got = {"path": self.path, "headers": dict(self.headers), "body": json.loads(body), "at": time.monotonic()}
                got["status"] = hook.answer(got)
                hook.got.append(got)
                if callable(got["status"]):
                    got["status"](self.wfile)
                    self.close_connection = True
                    return
                self.send_response(got["status"])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.made.chain, self.made.key)
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def taken(self):
        return [got["body"]["alarm"]["object"] for got in self.got if got["status"] == 200]

    def wait(self, what, within=15):
        end = time.monotonic() + within
        while not what():
            assert time.monotonic() < end, [(got["status"], got["body"]["alarm"]) for got in self.got]
            time.sleep(0.02)


@pytest.fixture(name="hook")
def webhook(ca):
    made = Hook(ca)
    yield made
    made.stop()


def hooked(site, origin, ca, hook, dead=()):
    """The webhook, and receivers where nobody is: each of them is an alarm with its address as the object."""
    entries = [{"webhook": f"https://127.0.0.1:{hook.port}{TOKEN}"}] if hook else []
    entries += [{"syslog_tls": f"127.0.0.1:{port}"} for port in dead]
    return site(origin().address, log={"ship": [{**entry, "ca": ca.certificate, "name": NAME} for entry in entries]})


def failed(sluis, dead):
    """Their alarms, in the log's order."""
    objects = [f"127.0.0.1:{port}" for port in dead]
    for wanted in objects:
        wait_for(sluis.state, lambda row, wanted=wanted: row["action"] == "audit.ship_failed" and row["object"] == wanted)
    return [row for row in records(sluis.state) if row["action"] == "audit.ship_failed" and row["object"] in objects]


@pytest.mark.smoke
def test_alarms_arrive(sluis, site, origin, ca, hook):
    """In order and explained; what came while it was away, and while it answered 500, comes later; a new one gets nothing of the past;
    and its path, which may be a secret, is told nobody."""
    past, one, two, three = (ports.free_port() for _ in range(4))
    sluis.start(hooked(site, origin, ca, None, [past]))
    before = failed(sluis, [past])[0]
    hook.start()
    while time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) <= before["time"][:19]:
        time.sleep(0.02)
    assert sluis.reload(hooked(site, origin, ca, hook, [one])).returncode == 0
    first = failed(sluis, [one])[0]
    hook.wait(lambda: hook.got)
    got = hook.got[0]
    assert got["path"] == TOKEN and got["headers"]["User-Agent"] == "Sluis"
    assert got["headers"]["Content-Type"] == "application/json"
    assert got["headers"]["Idempotency-Key"] == f'"{first["id"]}"'
    body = got["body"]
    assert body["alarm"] == first and body["class"] == "other" and body["count"] == 1
    assert "waits on the disk" in body["means"] and "`sluis status`" in body["do_first"] and body["instance"]
    time.sleep(1.2)  # its place is written once a second

    hook.stop()
    assert sluis.reload(hooked(site, origin, ca, hook, [two, three])).returncode == 0
    rows = [first, *failed(sluis, [two, three])]
    wait_for(sluis.state, lambda row: row["action"] == "audit.ship_failed" and row["object"] == f"127.0.0.1:{hook.port}")
    left = [1]

    def first_no(_):
        left[0] -= 1
        return 500 if left[0] >= 0 else 200

    hook.answer = first_no
    hook.start()
    hook.wait(lambda: len(hook.taken()) >= 3)
    assert hook.taken() == [row["object"] for row in rows]
    assert 500 in [got["status"] for got in hook.got]
    wait_for(sluis.state, lambda row: row["action"] == "audit.ship_resumed")
    status = sluis.run("status", "--json")
    assert status.returncode == 0 and str(hook.port) in status.stdout and "T0KEN" not in status.stdout
    assert not any("T0KEN" in json.dumps(row) for row in records(sluis.state))
    assert "T0KEN" not in sluis.stderr()


def endless(out):
    try:
        out.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            out.write(b"X-A: " + b"a" * 1000 + b"\r\n")
    except OSError:
        pass


def rubbish(out):
    out.write(os.urandom(300))


def test_a_refused_record_and_hostile_answers(sluis, site, origin, ca, hook):
    """400 to one record, for ever: it is given up, told, and the next goes on. A head without an end and rubbish cost a try each."""
    hostile = [rubbish, endless]
    refused = []

    def answer(got):
        refused.append(got["body"]["alarm"]["id"])
        if got["body"]["alarm"]["id"] == refused[0]:
            return 400
        return hostile.pop() if hostile else 200

    hook.answer = answer
    hook.start()
    dead = [ports.free_port(), ports.free_port()]
    sluis.start(hooked(site, origin, ca, hook, dead))
    rows = failed(sluis, dead)
    pids = sluis.pids("shipper")
    hook.wait(hook.taken)
    assert [got["status"] for got in hook.got].count(400) == 5
    assert hook.taken() == [rows[1]["object"]]
    assert len({got["headers"]["Idempotency-Key"] for got in hook.got}) == 2
    told = wait_for(sluis.state, lambda row: row["action"] == "webhook.refused")
    assert told[0]["kind"] == "event" and f"record {rows[0]['seq']} " in told[0]["detail"]
    assert sluis.pids("shipper") == pids
