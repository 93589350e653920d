"""Alarms at a webhook (P9): each with its explanation, in order, at least once, over outages and refusals; and hostile receivers."""
import http.server
import json
import os
import signal
import ssl
import subprocess
import threading
import time

import pytest

from harness import ports
from harness.sluis import COMMAND
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


def hooked(site, origin, ca, hook):
    return site(origin().address, log={"ship": [{"webhook": f"https://127.0.0.1:{hook.port}{TOKEN}", "ca": ca.certificate, "name": NAME}]})


def crash(sluis, role):
    """An alarm with the role as its object."""
    sluis.may_break = True
    seen = len([row for row in records(sluis.state) if row["action"] == "role.crashed"])
    os.kill(sluis.pids(role)[0], signal.SIGSEGV)
    end = time.monotonic() + 10
    while True:
        rows = [row for row in records(sluis.state) if row["action"] == "role.crashed"]
        if len(rows) > seen:
            return rows[-1]
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.smoke
def test_alarms_arrive(sluis, site, origin, ca, hook):
    """In order and explained; what came while it was away, and while it answered 500, comes later; a new one gets nothing of the past;
    and its path, which may be a secret, is told nobody."""
    sluis.start(site(origin().address))
    crash(sluis, "prober")  # before there was a webhook
    hook.start()
    wanted = hooked(site, origin, ca, hook)
    assert sluis.reload(wanted).returncode == 0
    time.sleep(1)  # the past ends with a whole second
    first = crash(sluis, "edge")
    hook.wait(lambda: hook.got)
    got = hook.got[0]
    assert got["path"] == TOKEN and got["headers"]["User-Agent"] == "Sluis"
    assert got["headers"]["Content-Type"] == "application/json"
    assert got["headers"]["Idempotency-Key"] == f'"{first["id"]}"'
    body = got["body"]
    assert body["alarm"] == first and body["class"] == "crash" and body["count"] == 1
    assert "fault" in body["means"] and "isolate" in body["do_first"] and body["instance"]

    hook.stop()
    rows = [first, crash(sluis, "dialer"), crash(sluis, "console")]
    left = [2]

    def twice_no(_):
        left[0] -= 1
        return 500 if left[0] > 0 else 200

    hook.answer = twice_no
    hook.start()
    hook.wait(lambda: len(hook.taken()) >= 3)
    assert hook.taken() == [row["object"] for row in rows]
    assert 500 in [got["status"] for got in hook.got]
    wait_for(sluis.state, lambda row: row["action"] == "audit.ship_resumed")
    status = subprocess.run([COMMAND, "status", "--json", "--directory", sluis.state], check=False, capture_output=True, text=True)
    assert "T0KEN" not in status.stdout + status.stderr
    assert not any("T0KEN" in json.dumps(row) for row in records(sluis.state))
    with open(sluis.log, encoding="utf-8") as file:
        assert "T0KEN" not in file.read()


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
    """400 to one record, for ever: it is given up, told, and the next goes on. A head without an end and rubbish cost
    a try each."""
    hostile = [rubbish, endless]

    def answer(got):
        if "edge" in got["body"]["alarm"]["object"]:
            return 400
        return hostile.pop() if hostile else 200

    hook.answer = answer
    hook.start()
    sluis.start(hooked(site, origin, ca, hook))
    refused = crash(sluis, "edge")
    after = crash(sluis, "console")
    pids = sluis.pids("shipper")
    hook.wait(lambda: hook.taken())
    assert [got["status"] for got in hook.got].count(400) == 5
    assert hook.taken() == [after["object"]]
    assert len({got["headers"]["Idempotency-Key"] for got in hook.got}) == 2
    told = wait_for(sluis.state, lambda row: row["action"] == "webhook.refused")
    assert told[0]["kind"] == "event" and f"record {refused['seq']} " in told[0]["detail"]
    assert sluis.pids("shipper") == pids
