"""HTTP/1.1 straight from the grammar (RFC 9110 §5, RFC 9112 §2 to §7), slow and strict: what a server was sent, and what a client was.

Nothing is forgiven: what this takes for one request, every server takes for one request.
"""
import dataclasses
import re

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
VALUE = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?\Z")
TARGET = re.compile(rb"[\x21-\x7e]+\Z")
REASON = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
NO_BODY = (204, 304)


class Invalid(Exception):
    """Not what the grammar allows."""


class Short(Exception):
    """What is there may be the begin of a message."""


@dataclasses.dataclass
class Message:
    start: bytes
    fields: list
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)
    is_whole: bool = True

    @property
    def method(self):
        return self.start.split(b" ")[0].decode("latin-1")

    @property
    def target(self):
        return self.start.split(b" ")[1].decode("latin-1")

    @property
    def status(self):
        return int(self.start[9:12])

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def one(self, name):
        found = self.all(name)
        assert len(found) <= 1, f"{name} comes {len(found)} times"
        return found[0] if found else None

    def members(self, name):
        """The elements of a list field, in lower case."""
        return [part.strip().lower() for value in self.all(name) for part in value.split(",") if part.strip()]


def need(condition, text):
    if not condition:
        raise Invalid(text)


def line_of(data, at):
    """(line, where the next one begins); a CR or LF anywhere else is invalid."""
    end = data.find(b"\r\n", at)
    if end < 0:
        need(b"\n" not in data[at:] and b"\r" not in data[at:-1], "bare CR or LF")
        raise Short
    line = data[at:end]
    need(b"\n" not in line and b"\r" not in line, f"bare CR or LF in {line[:80]!r}")
    return line, end + 2


def field_lines(data, at):
    fields = []
    while True:
        line, at = line_of(data, at)
        if not line:
            return fields, at
        name, colon, value = line.partition(b":")
        need(colon and TOKEN.match(name), f"field name {name[:80]!r}")
        value = value.strip(b" \t")
        need(VALUE.match(value), f"field value {value[:80]!r}")
        fields.append((name.decode("latin-1"), value.decode("latin-1")))


def chunked(data, at):
    """(body, trailer fields, end)"""
    body = b""
    while True:
        line, at = line_of(data, at)
        size, _, _ = line.partition(b";")
        need(re.match(rb"[0-9A-Fa-f]{1,16}\Z", size), f"chunk size {size[:40]!r}")
        if int(size, 16) == 0:
            trailers, at = field_lines(data, at)
            return body, trailers, at
        end = at + int(size, 16)
        if len(data) < end + 2:
            raise Short
        need(data[end:end + 2] == b"\r\n", "no CRLF after a chunk")
        body, at = body + data[at:end], end + 2


def with_body(message, data, at, is_until_end=False, is_ended=False):
    """Reads the body that the fields announce (RFC 9112 §6.3); gives its end."""
    length, coding = message.all("Content-Length"), message.members("Transfer-Encoding")
    need(not (length and coding), "Content-Length beside Transfer-Encoding")
    need(len(length) <= 1, "more than one Content-Length")
    if coding:
        need(coding == ["chunked"], f"Transfer-Encoding {coding}")
        message.body, message.trailers, at = chunked(data, at)
    elif length:
        need(re.match(r"[0-9]{1,18}\Z", length[0]), f"Content-Length {length[0]!r}")
        message.body = data[at:at + int(length[0])]
        at += len(message.body)
        if len(message.body) < int(length[0]):
            raise Short
    elif is_until_end:
        message.body, at = data[at:], len(data)
        if not is_ended:
            raise Short
    return at


def start_of_request(line):
    parts = line.split(b" ")
    need(len(parts) == 3, f"request line {line[:80]!r}")
    need(TOKEN.match(parts[0]), f"method {parts[0][:40]!r}")
    need(TARGET.match(parts[1]) and b"#" not in parts[1], f"target {parts[1][:80]!r}")
    need(parts[2] in (b"HTTP/1.1", b"HTTP/1.0"), f"version {parts[2][:20]!r}")


def requests(data):
    """Every request in the bytes that one connection carried; the last one may be cut off (is_whole is False)."""
    found, at = [], 0
    while at < len(data):
        message = None
        try:
            start, after = line_of(data, at)
            start_of_request(start)
            message = Message(start, [])
            message.fields, after = field_lines(data, after)
            need(start.endswith(b"1.0") or len(message.all("Host")) == 1, f"Host: {message.all('Host')}")
            at = with_body(message, data, after)
        except Short:
            at = len(data)
            message = message or Message(b"? ? ?", [])
            message.is_whole = False
        found.append(message)
    return found


def responses(data, methods=("GET",), is_ended=False):
    """Every response in what a client got, 1xx included; methods are those of its requests, in order."""
    found, at, methods = [], 0, list(methods)
    while at < len(data):
        message = None
        try:
            start, after = line_of(data, at)
            need(re.match(rb"HTTP/1\.[01] [1-5][0-9][0-9]( |\Z)", start) and REASON.match(start[9:]), f"status line {start[:80]!r}")
            message = Message(start, [])
            message.fields, after = field_lines(data, after)
            method = methods[0] if methods else "GET"
            if message.status == 101:
                message.body, at = data[after:], len(data)
            elif message.status < 200 or message.status in NO_BODY or method == "HEAD":
                need(message.status >= 200 or not message.all("Content-Length"), "Content-Length in 1xx")
                at = after
            else:
                at = with_body(message, data, after, is_until_end=True, is_ended=is_ended)
            if message.status >= 200:
                methods = methods[1:]
        except Short:
            at = len(data)
            message = message or Message(b"HTTP/1.1 000 ", [])
            message.is_whole = False
        found.append(message)
    return found
