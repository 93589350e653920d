"""The audit log at a receiver elsewhere (P9): syslog over TLS (RFC 5424, RFC 5425) to Debian's rsyslog, every line at least once,
over outages, kills and reloads; and receivers that are somebody else, or want to do harm."""
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request

import pytest

from harness import certs, ports
from test_audit import lines, records, verify, wait_for

NAME = "log.example.nl"
TEMPLATE = """
global(workDirectory="{folder}" maxMessageSize="72k" defaultNetstreamDriver="gtls"
  defaultNetstreamDriverCAFile="{ca}" defaultNetstreamDriverCertFile="{chain}" defaultNetstreamDriverKeyFile="{key}"
  parser.escapeControlCharactersOnReceive="off" net.enableDNS="off")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="plain" type="string" string="%pri% %protocol-version% %timestamp:::date-rfc3339% %hostname% %app-name% %msgid% %msg%\\n")
action(type="omfile" file="{folder}/received" template="plain" asyncWriting="off" flushOnTXEnd="on" ioBufferSize="256k")
"""


class Rsyslog:
    """Debian's rsyslogd as a receiver of syslog over TLS."""

    def __init__(self, folder, ca, name=NAME):
        self.folder = os.path.join(folder, "rsyslog")
        os.makedirs(self.folder, exist_ok=True)
        made = ca.issue(name)
        self.port = ports.free_port()
        self.process = None
        with open(f"{self.folder}/conf", "w", encoding="ascii") as file:
            file.write(TEMPLATE.format(folder=self.folder, ca=ca.certificate, chain=made.chain, key=made.key, port=self.port))

    def start(self):
        self.process = subprocess.Popen(["rsyslogd", "-n", "-f", f"{self.folder}/conf", "-i", f"{self.folder}/pid"],
                                        stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.02)

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(10)

    def messages(self):
        if not os.path.exists(f"{self.folder}/received"):
            return []
        with open(f"{self.folder}/received", "rb") as file:
            return [line.split(b" ", 6) for line in file.read().splitlines()]

    def log(self):
        """The records that arrived, as the lines of the log."""
        return [message[6] for message in self.messages()]

    def wait_for(self, wanted, within=20):
        end = time.monotonic() + within
        while not set(wanted) <= set(self.log()):
            assert time.monotonic() < end, f"{len(set(wanted) - set(self.log()))} of {len(wanted)} lines have not arrived"
            time.sleep(0.05)


@pytest.fixture(name="receiver")
def rsyslog_receiver(folder, ca):
    made = Rsyslog(folder, ca)
    yield made
    made.stop(signal.SIGKILL)


def shipping(site, origin, ca, port, **more):
    entry = {"syslog_tls": f"127.0.0.1:{port}", "ca": ca.certificate, "name": NAME, **more}
    return site(origin().address, log={"ship": [entry]})


def ask(sluis, tag, n):
    with sluis.client() as client:
        for i in range(n):
            client.ask(target=f"/{tag}/{i}")
    wait_for(sluis.state, lambda row: row.get("kind") == "access" and f"/{tag}/{n - 1}" in row["object"])


@pytest.mark.smoke
def test_every_line_arrives(sluis, site, origin, ca, receiver):
    """RFC 5425 §4.3.1, RFC 5424 §6: whole lines, with their severity (RFC 5424 §6.2.1), time (RFC 5424 §6.2.3), host (RFC 5424 §6.2.4)
    and kind; a goodbye at the end (RFC 5425 §4.4), after which nothing is sent twice; and over an outage, a kill of the receiver, a kill of
    the shipper, a reload and a restart, all of them."""
    receiver.start()
    configuration = shipping(site, origin, ca, receiver.port)
    sluis.start(configuration)
    ask(sluis, "first", 20)
    receiver.wait_for(lines(sluis.state))
    for pri, version, stamp, host, app, kind, text in receiver.messages():
        row = json.loads(text)
        severity = {"access": 6, "alarm": 1, "gap": 4}.get(row["kind"], 5)
        assert int(pri) == 13 * 8 + severity and version == b"1" and app == b"sluis" and kind.decode() == row["kind"]
        assert stamp.decode() in (row["time"], row["time"].replace("Z", "+00:00"))
        assert host and b" " not in host

    receiver.stop(signal.SIGKILL)
    ask(sluis, "away", 30)
    wait_for(sluis.state, lambda row: row["action"] == "audit.ship_failed" and row["kind"] == "alarm")
    os.kill(sluis.pids("shipper")[0], signal.SIGKILL)
    sluis.may_break = True
    receiver.start()
    receiver.wait_for(lines(sluis.state))
    assert sluis.reload(configuration).returncode == 0
    ask(sluis, "later", 10)
    receiver.wait_for(lines(sluis.state))
    assert sluis.stop() == 0
    receiver.wait_for(lines(sluis.state))  # the stop's own checkpoint too: the shipper is the last to go
    assert json.loads(lines(sluis.state)[-1])["is_stop"]
    before = len(receiver.log())
    sluis.start(configuration)
    receiver.wait_for(lines(sluis.state))
    assert len(receiver.log()) - before < 60  # goes on where it was, and does not begin again
    assert verify(sluis.state).returncode == 0


def collect(listener, taken, context=None, greedy=True):
    """Accepts, and takes what comes, until the socket is closed."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        try:
            with context.wrap_socket(connection, server_side=True) if context else connection as stream:
                while greedy:
                    got = stream.recv(65536)
                    if not got:
                        break
                    taken.append(got)
        except OSError:
            pass


@pytest.fixture(name="false")
def false_receiver():
    made = []

    def make(certificate=None, greedy=True):
        listener = socket.create_server(("127.0.0.1", 0))
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.chain, certificate.key)
        taken = []
        threading.Thread(target=collect, args=(listener, taken, context, greedy), daemon=True).start()
        made.append(listener)
        return listener.getsockname()[1], taken

    yield make
    for listener in made:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize("what", ["name", "issuer"])
def test_somebody_else_gets_nothing(sluis, site, origin, ca, false, folder, what):
    """RFC 5425 §5.2: neither another name's certificate nor another issuer's."""
    other = certs.Authority(os.path.join(folder, "other"))
    port, taken = false(ca.issue("other.example.nl") if what == "name" else other.issue(NAME))
    sluis.start(shipping(site, origin, ca, port))
    told = wait_for(sluis.state, lambda row: row["action"] == "audit.ship_failed")
    assert told[0]["kind"] == "alarm" and re.search("hostname mismatch|certificate", told[0]["detail"]), told
    ask(sluis, "nobody", 3)
    assert not taken


def test_hostile_receivers(sluis, site, origin, ca, false):
    """One that speaks no TLS, one that says rubbish inside of it and one that never reads: they cost themselves."""
    chain = ca.issue(NAME)
    silent, _ = false(chain, greedy=False)
    listener = socket.create_server(("127.0.0.1", 0))
    rubbish = listener.getsockname()[1]

    def speak():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain.chain, chain.key)
        for turn in range(1000):
            try:
                connection, _ = listener.accept()
                if turn % 2:
                    connection.sendall(os.urandom(5000))
                else:
                    connection = context.wrap_socket(connection, server_side=True)
                    connection.sendall(os.urandom(100000))
                connection.close()
            except OSError:
                if listener.fileno() < 0:
                    return

    threading.Thread(target=speak, daemon=True).start()
    entries = [{"syslog_tls": f"127.0.0.1:{port}", "ca": ca.certificate, "name": NAME} for port in (silent, rubbish)]
    sluis.start(site(origin().address, log={"ship": entries}))
    wait_for(sluis.state, lambda row: row["action"] == "audit.ship_failed" and str(rubbish) in row["object"])
    ask(sluis, "on", 50)
    shipper = sluis.pids("shipper")
    time.sleep(1)
    assert sluis.pids("shipper") == shipper
    assert len([row for row in records(sluis.state) if row["action"].startswith("audit.ship_")]) < 8  # no line per try
    listener.close()


def test_the_dialer_keeps_it_apart(sluis, site, origin, ca, receiver):
    """P4, P12: the shipper is there only when it is asked for, has no network of its own, and can't write the log."""
    sluis.start(site(origin().address))
    assert not sluis.pids("shipper")
    receiver.start()
    port = ports.free_port()
    wanted = shipping(site, origin, ca, receiver.port)
    wanted["metrics"] = {"address": f"127.0.0.1:{port}"}
    assert sluis.reload(wanted).returncode == 0
    receiver.wait_for(lines(sluis.state))
    end = time.monotonic() + 10
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            said = dict(re.findall(r"^(sluis_ship_\w+) (\S+)$", answer.read().decode(), re.M))
        if int(said["sluis_ship_messages_total"]) >= len(receiver.log()) and float(said["sluis_ship_behind_seconds"]) < 5:
            break
        assert time.monotonic() < end, said
        time.sleep(0.05)
    assert said["sluis_ship_failing"] == "0"
    pid = sluis.pids("shipper")[0]
    with open(f"/proc/{pid}/net/dev", encoding="ascii") as file:
        assert set(re.findall(r"(\w+):", file.read())) <= {"lo"}
    assert sluis.reload(site(origin().address)).returncode == 0
    end = time.monotonic() + 10
    while sluis.pids("shipper"):
        assert time.monotonic() < end
        time.sleep(0.05)
