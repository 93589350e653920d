"""The status page: right and up while everything else is closed or gone (P8, P11), and nobody's way to anything (P4, P12)."""
import html.parser
import json
import os
import re
import signal
import socket
import time
import xml.etree.ElementTree as xml

import pytest

from harness.wait import until
from harness.wire import Broken

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(name="shown")
def shown_instance(sluis, site, origin):
    """A public site that has a title, one that has none, and the page."""
    server = origin()
    sluis.start(site(
        server.address, listener={"title": {"nl": "Publiekssite", "en": "Public <site>"}},
        status_page={"address": f"127.0.0.1:{sluis.port('status')}", "title": {"nl": "Onze diensten", "en": "Our services"},
                     "contact": "helpdesk@example.nl"},
        zones=[{"name": "office", "networks": ["10.0.0.0/8"]}],
        isolation={"news": "https://status.example.nl/"}))
    until(lambda: look(sluis)["state"] == "open")  # before the authority's first word it is not known
    return sluis


def fetch(sluis, target="/", **keywords):
    return sluis.ask(target, listener="status", **keywords)


def look(sluis):
    got = fetch(sluis, "/status.json")
    assert got.status == 200 and got.header("content-type") == "application/json"
    return json.loads(got.body)


def isolate(sluis, *words):
    """Sets a level; a tenth of a second later at the latest the page says so."""
    before = fetch(sluis, "/status.json").header("etag")
    ran = sluis.run("isolate", *words, "--reason", "a secret reason of Jan")
    assert ran.returncode == 0, ran.stderr
    if "--exercise" not in words:
        until(lambda: fetch(sluis, "/status.json").header("etag") != before, within=5)


class Outline(html.parser.HTMLParser):
    """Which elements there are, closed in order, and what they say."""
    VOID = {"meta", "link"}

    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.words = [], [], []
        self.feed(text)
        assert not self.stack

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_open_limited_closed(shown):
    """P8: what is published is what the page says, for all, a listener and a zone; names that are not for people stay inside."""
    assert look(shown)["state"] == "open"
    isolate(shown, "--all", "closed")
    seen = look(shown)
    assert seen["state"] == "closed" and seen["services"][0]["state"] == "closed" and seen["services"][0]["since"]
    assert shown.ask("/").status == 503
    isolate(shown, "--all", "open")
    isolate(shown, "--listener", "public", "read_only", "office_only")
    service = look(shown)["services"][0]
    assert service["state"] == "limited" and service["levels"] == ["office_only", "read_only"] and not service["partly"]
    isolate(shown, "--listener", "public", "open")
    isolate(shown, "--zone", "internet", "closed")
    service = look(shown)["services"][0]
    assert service["state"] == "limited" and service["levels"] == ["closed"] and service["partly"]
    isolate(shown, "--zone", "office", "closed")
    assert look(shown)["state"] == "closed"
    text = b"".join(fetch(shown, path).body for path in ("/", "/status.json", "/feed.atom"))
    for inside in (b"reason", b"Jan", b"public", b"office", b"internet"):
        assert inside not in text.replace(b"Public", b"").replace(b"Publiek", b"")


def test_exercise_is_not_shown(shown):
    isolate(shown, "--all", "closed", "--exercise")
    assert look(shown)["state"] == "open"


def test_pages(shown):
    """Languages by ?lang= and by the browser; HTML and Atom that parse; RFC 9110 §13.1.2, §15.4.5: a tag that is still good."""
    assert shown.run("incident", "message", "--nl", "Wij <b>zoeken</b> & \"meten\"", "--en", "Looking ]]> into it").returncode == 0
    isolate(shown, "--all", "closed")
    dutch, english = fetch(shown), fetch(shown, "/?lang=en")
    assert dutch.header("content-language") == "nl" and english.header("content-language") == "en"
    assert fetch(shown, fields=[("Accept-Language", "en-GB, nl;q=0.5")]).body == english.body
    assert fetch(shown, "/?lang=nl", fields=[("Accept-Language", "en")]).body == dutch.body
    outline = Outline(dutch.body.decode())
    assert "Wij <b>zoeken</b> & \"meten\"" in outline.words and "Alles is gesloten." in outline.words
    assert ("html", {"lang": "nl"}) in outline.tags and "b" not in [tag for tag, _ in outline.tags]
    assert [dict(attrs)["scope"] for tag, attrs in outline.tags if tag == "th"] == ["col"] * 3 + ["row"]
    assert "Public <site>" in Outline(english.body.decode()).words
    assert dutch.header("cache-control") == "max-age=5" and "default-src 'none'" in dutch.header("content-security-policy")
    again = fetch(shown, fields=[("If-None-Match", f'"x", W/{dutch.header("etag")}')])
    assert again.status == 304 and not again.body
    assert fetch(shown, fields=[("If-None-Match", '"x"')]).status == 200
    feed = xml.fromstring(fetch(shown, "/feed.atom?lang=en").body)
    titles = [entry.find(f"{ATOM}title").text for entry in feed.findall(f"{ATOM}entry")]
    assert titles == ["Looking ]]> into it", "Public <site>: closed"]
    # RFC 4287 §4.2.6, §4.2.15: ids that differ, moments; RFC 9562 §5.5: version 5
    ids = [entry.find(f"{ATOM}id").text for entry in feed.findall(f"{ATOM}entry")] + [feed.find(f"{ATOM}id").text]
    assert len(set(ids)) == 3 and all(re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", i)
                                      for i in ids)
    isolate(shown, "--all", "open")
    until(lambda: b"Public &#60;site&#62;: open" in fetch(shown, "/feed.atom?lang=en").body)
    assert shown.run("incident", "message", "--clear").returncode == 0
    until(lambda: look(shown)["notice"] is None)
    assert fetch(shown, "/style.css").header("content-type") == "text/css; charset=utf-8"
    assert fetch(shown, "/elsewhere").status == 404 and fetch(shown, method="POST", body=b"").status == 405


def test_alone(shown):
    """P11: every process but keeper and herald is killed again and again; the page goes on, and says what holds."""
    isolate(shown, "--all", "closed")
    first = shown.pids("herald")
    with shown.client("status") as kept:
        for _ in range(3):
            for role, pids in shown.pids().items():
                for pid in pids if role not in ("keeper", "herald") else []:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass  # it had ended by itself
            assert json.loads(kept.ask("GET", "/status.json").body)["state"] == "closed"
            assert look(shown)["state"] == "closed"
    assert shown.pids("herald") == first
    os.kill(first[0], signal.SIGKILL)
    until(lambda: shown.pids("herald") not in ([], first))
    until(lambda: look(shown)["state"] == "closed")


def connect(sluis):
    return socket.create_connection(("127.0.0.1", sluis.port("status")), timeout=10)


def test_hostile_clients(shown):
    """A22: the silent, the slow, the huge and the many take no place from others for long, and no memory."""
    many = [connect(shown) for _ in range(400)]  # more than there are places, all from one address
    for one in many[::7]:
        try:
            one.sendall(b"GET / HT")
        except OSError:
            pass  # it was refused
    end = time.monotonic() + 8
    while True:
        try:
            assert look(shown)["state"] == "open"
            break
        except (OSError, AssertionError, Broken):
            assert time.monotonic() < end
            time.sleep(0.1)
    for one in many:
        one.close()
    for bad, status in ((b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 9000, b" 400 "), (b"\x16\x03\x01\x00\x05hello\r\n\r\n", b" 400 "),
                        (b"GET / HTTP/1.1\r\n\r\n", b" 400 "), (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", b" 413 "),
                        (b"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", b" 405 ")):
        with connect(shown) as one:
            one.sendall(bad)
            assert status in one.recv(4096), bad[:40]
    with connect(shown) as slow:
        slow.sendall(b"GET /?lang=en HTTP/1.1\r\nHost: x\r\n\r\n" * 30)  # pipelined: all are answered, in order
        slow.shutdown(socket.SHUT_WR)
        got = b""
        while part := slow.recv(65536):
            got += part
        assert got.count(b"HTTP/1.1 200 OK") == 30
    assert len(shown.pids("herald")) == 1


def test_reload_moves_and_removes_it(shown, site, origin):
    """P12: what is not configured is not there."""
    config = site(origin().address, status_page={"address": f"127.0.0.1:{shown.port('other')}"})
    assert shown.reload(config).returncode == 0
    until(lambda: b"Status van onze diensten" in shown.ask("/", listener="other").body)
    with pytest.raises(OSError):
        connect(shown)
    del config["status_page"]
    assert shown.reload(config).returncode == 0
    until(lambda: not shown.pids("herald"))
