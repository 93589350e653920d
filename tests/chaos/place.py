"""The installation that chaos is made in: a gateway with applications, a public site, datagrams, every optional process."""
import base64
import json
import os
import socket
import ssl
import threading

from harness import certs, gateway as gates, origin, ports, sluis, wire
from harness.collector import Collector

PUBLIC, APPS = "www.example.nl", ("cases", "gated")
EVERYBODY = {"access": {"allow": {"everyone": True}}}
BURST = "/burst"  # answered by the edge itself
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 §1.3, its example


def claimed(token):
    """Who a JSON Web Token says that this is; whether it is signed right is looked at elsewhere."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["sub"]


def told(app):
    """A server that says what it was asked, and by whom."""
    def handle(request, stream):
        if request.header("Upgrade"):
            stream.send(f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        f"Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n".encode())
            while data := stream.buffer or stream.sock.recv(65536):
                stream.buffer = b""
                stream.send(data)
            return None
        who, token = request.all("X-Sluis-Identity"), request.header("X-Sluis-Assertion")
        who = who[0] if len(who) == 1 else who or None
        if token and claimed(token) != who:
            who = [who, claimed(token)]
        return origin.answer(json.dumps({"app": app, "target": request.target, "method": request.method, "who": who,
                                         "request": request.header("X-Request-Id"), "body": len(request.body)}))
    return handle


class Echo:
    """A server of datagrams, which sends back what came."""

    def __init__(self, host):
        self.host, self.port = host, ports.free_port()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, self.port))
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def _run(self):
        while True:
            try:
                data, sender = self.socket.recvfrom(65536)
                self.socket.sendto(b"echo " + data, sender)
            except OSError:
                if self.socket.fileno() < 0:
                    return

    def stop(self):
        self.socket.close()


class Receiver:
    """What takes the log elsewhere: syslog over TLS (RFC 5425 §4.3, octet counting), by line."""

    def __init__(self, host, certificate):
        self.host, self.port, self.lines, self.lock = host, ports.free_port(), set(), threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.chain, certificate.key)
        self.listener = socket.create_server((host, self.port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._take, args=(sock,), daemon=True).start()

    def _take(self, sock):
        try:
            sock.settimeout(60)
            stream = wire.Stream(self.context.wrap_socket(sock, server_side=True))
            while True:
                message = stream.exactly(int(stream.until(b" ")))
                stream.all_received.clear()
                with self.lock:
                    self.lines.add(hash(message.split(b" ", 7)[7] if message.count(b" ") >= 7 else message))
        except (OSError, wire.Broken, ValueError):
            sock.close()

    def has(self, line):
        with self.lock:
            return hash(line) in self.lines

    def stop(self):
        self.listener.close()


class Place:
    """One instance of Sluis and everything around it. servers, logs: networks (world.Network) for what stands there, or None."""

    def __init__(self, folder, servers=None, logs=None, limit_s=4):
        self.folder, self.networks = folder, {"servers": servers, "logs": logs}
        self.authority = certs.Authority(os.path.join(folder, "ca"))
        self.sluis = sluis.Sluis(os.path.join(folder, "sluis"))
        self.sluis.may_break = True  # its roles are killed; what may not be on standard error is looked for by the oracle
        gates.Connection.within = limit_s
        self.limit_s, self.made = limit_s, []
        self.web = [self._make(servers, lambda host, n=n: origin.Origin(told("web"), name=f"s{n}", host=host)) for n in range(3)]
        self.apps = {app: self._make(servers, lambda host, app=app: origin.Origin(told(app), name=app, host=host)) for app in APPS}
        self.echo = self._make(servers, Echo)
        issued = self.authority.issue("log.example.nl")
        self.receiver = self._make(logs, lambda host: Receiver(host, issued))
        self.collector_port = ports.free_port()
        self.collector = self._make(logs, lambda host: Collector(self.collector_port, host=host))
        self.collector.server.handle_error = lambda *_: None  # the exporter is killed in the middle of a request
        self.gateway = gates.Gateway(
            self.sluis, self.authority, {app: (server.address, {**EVERYBODY, "identity": {"header": "X-Sluis-Identity", "jwt": True}})
                                         for app, server in self.apps.items()},
            factors={"require": [["password"]]}, listener={"limits": {"connections_per_address": 0}},
            gateway={"cells": {"per_address": 2000, "before_login": 2000}})
        self.tls = wire.client_tls(self.authority.certificate)

    def _make(self, network, make):
        """make(host) where it belongs."""
        self.made.append(network.at(lambda: make(network.there)) if network else make("127.0.0.1"))
        return self.made[-1]

    def configuration(self, **change):
        """change: weight=, to have something that a reload changes."""
        made, port = self.gateway.configuration(), self.sluis.port
        issued = self.authority.issue(PUBLIC)
        limits = {"limits": {"connections_per_address": 0}}
        health = {"health": {"tcp": True, "interval": "500ms", "timeout": "1s", "fall": 2, "rise": 1}}
        made["edges"] = 2
        made["certificates"].append({"name": "www", "chain": issued.chain, "key": issued.key})
        made["listeners"] += [
            {"name": "public", "address": f"127.0.0.1:{port('public')}", "protocol": "http", **limits},
            {"name": "safe", "address": f"127.0.0.1:{port('safe')}", "certificates": ["www"], **limits},
            {"name": "datagrams", "address": f"127.0.0.1:{port('datagrams')}", "protocol": "udp", "backend": "echo", **limits}]
        made["backends"] += [
            {"name": "web", "servers": [{"name": server.name, "address": server.address, "weight": change.get("weight", 1)}
                                        for server in self.web], **health},
            {"name": "echo", "servers": [self.echo.address]}]
        made["routes"] = [{"name": "web", "hosts": [PUBLIC], "listeners": ["public", "safe"], "backend": "web", "rules": [
            {"name": "burst", "match": {"path_exact": BURST}, "respond": {"status": 200, "body": "x"}}]}]
        made["metrics"] = {"address": f"127.0.0.1:{port('metrics')}"}
        made["status_page"] = {"address": f"127.0.0.1:{port('status')}", "title": {"nl": "Diensten", "en": "Services"}}
        made["tracing"] = {"otlp": f"http://{self.collector.server.server_address[0]}:{self.collector_port}", "sample_percent": 20}
        made["log"] = {"ship": [{"syslog_tls": self.receiver.address, "ca": self.authority.certificate, "name": "log.example.nl"}]}
        return made

    def forget(self):
        """What test servers remember of what is judged already."""
        for server in (*self.web, *self.apps.values()):
            with server.lock:
                server.requests.clear()
                server.streams = [stream for stream in server.streams if stream.sock.fileno() >= 0]
                for stream in server.streams:
                    stream.all_received.clear()
        with self.collector.lock:
            self.collector.found.clear()

    def stop(self):
        for one in self.made:
            one.stop()
