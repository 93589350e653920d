#!/usr/bin/env python3
"""A small application behind the gateway: it believes nothing but an assertion that Sluis has signed.

    /              who you are, and what came with the request
    /whoami        the claims, as JSON
    /stream        a line every 200 ms, for as long as you may be here
    /ws            a WebSocket that says everything back (RFC 6455)
    /healthz       for the balancer; the only answer without an assertion

Python's standard library only. Used by `make run` and by the end-to-end tests.
"""
import argparse
import base64
import hashlib
import html
import http.server
import json
import os
import signal
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from assertion import KeySet, Refused, Verifier

STYLE = ("body{font:1.1em/1.5 system-ui,sans-serif;margin:2rem auto;max-width:46rem;padding:0 1rem}"
         "h1{border-left:.5em solid %s;padding-left:.5em}table{border-collapse:collapse}"
         "td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top;overflow-wrap:anywhere}")
SCRIPT = """
const log = document.getElementById("log"), lines = [];
const say = text => { lines.push(text); log.textContent = lines.slice(-4).join("\\n"); };
const socket = new WebSocket("wss://" + location.host + "/ws");
socket.onopen = () => { say("open"); let n = 0; setInterval(() => socket.readyState === 1 && socket.send("tick " + ++n), 1000); };
socket.onmessage = event => say("it says " + event.data);
socket.onclose = event => say("closed (" + event.code + "): this is what a revoked session looks like");
"""
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<link rel="stylesheet" href="/style.css"></head><body><main><h1>{title}</h1>
<p>You are <strong>{name}</strong> ({sub}){groups}.</p>
<table><caption>What Sluis says, signed</caption>{claims}</table>
<h2>A WebSocket</h2><pre id="log" aria-live="polite"></pre>
<p><a href="/stream">A stream</a> · <a href="/whoami">as JSON</a> · <a href="{portal}">the portal</a></p>
<table><caption>What came with the request</caption>{fields}</table></main>
<script src="/socket.js"></script></body></html>
"""


def rows(pairs):
    return "".join(f"<tr><th scope=row>{html.escape(str(k))}<td>{html.escape(', '.join(v) if isinstance(v, list) else str(v))}"
                   for k, v in pairs)


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection of the balancer's."""
    protocol_version = "HTTP/1.1"
    server_version = "demo"

    def who(self):
        """The claims of this request's assertion; None after a refusal was sent."""
        try:
            said = self.headers.get_all("X-Sluis-Assertion") or []
            if len(said) != 1:
                raise Refused("there is no assertion, or more than one")
            claims = self.server.verifier.claims(said[0])
            named = self.headers.get_all(self.server.header) or []
            if named != [claims["sub"]]:
                raise Refused(f"{self.server.header} says something else")
            return claims
        except (Refused, OSError, KeyError, TypeError, ValueError) as error:
            self.server.refusals.append(str(error))
            self.answer(401, "text/plain; charset=utf-8", f"The assertion is not believed: {error}.\n".encode())
            return None

    def answer(self, status, kind, body, fields=()):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"), *fields):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def page(self, claims):
        groups = f", of {html.escape(', '.join(claims['groups']))}" if claims["groups"] else ""
        body = PAGE.format(title=html.escape(self.server.title), name=html.escape(claims.get("name", claims["sub"])),
                           sub=html.escape(claims["sub"]), groups=groups, claims=rows(claims.items()),
                           fields=rows(self.headers.items()), portal=html.escape(self.server.verifier.issuer))
        self.answer(200, "text/html; charset=utf-8", body.encode())

    def stream(self, claims):
        self.send_response(200)
        for name, value in (("Content-Type", "text/plain; charset=utf-8"), ("Transfer-Encoding", "chunked"), ("Cache-Control", "no-store")):
            self.send_header(name, value)
        self.end_headers()
        until = time.monotonic() + self.server.stream_s
        try:
            while time.monotonic() < until:
                line = f"{time.time():.3f} for {claims['sub']}\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
                time.sleep(0.2)
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    # ---- RFC 6455 ----
    def frame(self):
        """(opcode, payload) of one frame; None at the end."""
        head = self.rfile.read(2)
        if len(head) < 2 or not head[1] & 0x80:
            return None
        size = head[1] & 0x7f
        if size == 126:
            size = struct.unpack(">H", self.rfile.read(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.rfile.read(8))[0]
        if size > 1 << 20:
            return None
        mask, payload = self.rfile.read(4), self.rfile.read(size)
        return head[0] & 0xf, bytes(b ^ mask[i % 4] for i, b in enumerate(payload))

    def say(self, opcode, payload):
        size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack(">H", len(payload))
        self.wfile.write(bytes([0x80 | opcode]) + size + payload)
        self.wfile.flush()

    def socket(self):
        key = self.headers.get("Sec-WebSocket-Key", "")
        if self.headers.get("Upgrade", "").lower() != "websocket" or not key:
            self.answer(426, "text/plain", b"a WebSocket is spoken here\n", [("Upgrade", "websocket")])
            return
        accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        try:
            while (got := self.frame()) is not None:
                opcode, payload = got
                if opcode == 8:
                    self.say(8, payload[:2])
                    return
                if opcode in (1, 2, 9):
                    self.say(10 if opcode == 9 else opcode, payload[:65535])
        except OSError:
            pass

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/healthz":
            self.answer(200, "text/plain", b"ok\n")
            return
        self.server.seen.append(path)
        claims = self.who()
        if claims is None:
            return
        if path == "/style.css":
            self.answer(200, "text/css", (STYLE % self.server.colour).encode())
        elif path == "/socket.js":
            self.answer(200, "text/javascript", SCRIPT.encode())
        elif path == "/whoami":
            self.answer(200, "application/json", json.dumps(claims).encode() + b"\n")
        elif path == "/stream":
            self.stream(claims)
        elif path == "/ws":
            self.socket()
        else:
            self.page(claims)

    do_HEAD = do_GET

    def do_POST(self):
        self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 1 << 20))
        self.do_GET()

    def log_message(self, *_):
        pass


class Application(http.server.ThreadingHTTPServer):
    """One application on loopback; seen: paths that were asked for, refusals: why assertions were not believed."""
    daemon_threads = True

    def __init__(self, verifier, title="An application", port=0, header="X-Sluis-Identity", colour="#1b7f5c", stream_s=3600):
        super().__init__(("127.0.0.1", port), Handler)
        self.verifier, self.title, self.header, self.colour, self.stream_s = verifier, title, header, colour, stream_s
        self.seen, self.refusals = [], []

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self.server_port


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--title", default="An application")
    parser.add_argument("--header", default="X-Sluis-Identity", help="field that has the user's name")
    parser.add_argument("--issuer", required=True, help="the portal: https://login.example.nl")
    parser.add_argument("--audience", required=True)
    parser.add_argument("--keys", required=True, help="https://APPLICATION/.sluis/jwks.json")
    parser.add_argument("--connect", help="ADDRESS:PORT where the keys are fetched, when their host has no address here")
    parser.add_argument("--ca", help="who issued the certificate of that host")
    options = parser.parse_args()
    address = options.connect.rpartition(":") if options.connect else None
    keys = KeySet(options.keys, (address[0], int(address[2])) if address else None, options.ca)
    server = Application(Verifier(keys, options.issuer, options.audience), options.title, options.port, options.header)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
