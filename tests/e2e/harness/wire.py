"""HTTP/1.1 by the byte: what a test sends is what it wrote, what comes back is taken apart strictly."""
import dataclasses
import socket
import ssl

CHUNK = 65536


class Broken(Exception):
    """The other side ended or said something that isn't HTTP."""


def split_head(head):
    """(start line, [(name, value)]) of a head without its final empty line."""
    lines = head.decode("latin-1").split("\r\n")
    fields = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise Broken(f"not a field: {line!r}")
        fields.append((name, value.strip(" \t")))
    return lines[0], fields


def values(fields, name):
    return [value for key, value in fields if key.lower() == name.lower()]


class Stream:
    """A socket with a buffer that reads lines, lengths and chunked bodies."""

    def __init__(self, sock):
        self.sock, self.buffer, self.all_received = sock, b"", bytearray()

    @property
    def received(self):
        """Every byte that fill() has read."""
        return bytes(self.all_received)

    def send(self, data):
        self.sock.sendall(data)

    def fill(self):
        """Reads once; False at the end."""
        data = self.sock.recv(CHUNK)
        self.buffer += data
        self.all_received += data
        return bool(data)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise Broken(f"ended after {self.buffer[:300]!r}")
        found, _, self.buffer = self.buffer.partition(mark)
        return found

    def exactly(self, n):
        parts, have = [self.buffer], len(self.buffer)
        while have < n:
            data = self.sock.recv(min(CHUNK * 4, n - have + CHUNK))
            if not data:
                raise Broken(f"ended after {have} of {n} bytes")
            parts.append(data)
            have += len(data)
        whole = b"".join(parts)
        self.buffer = whole[n:]
        return whole[:n]

    def to_end(self):
        while self.fill():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def chunked(self):
        """(body, trailer fields, sizes of the chunks)"""
        body, sizes = [], []
        while True:
            line = self.until(b"\r\n").split(b";")[0]
            size = int(line, 16)
            sizes.append(size)
            if size == 0:
                break
            body.append(self.exactly(size))
            if self.exactly(2) != b"\r\n":
                raise Broken("chunk without its CRLF")
        trailers = []
        while line := self.until(b"\r\n"):
            trailers += split_head(b"x\r\n" + line)[1]
        return b"".join(body), trailers, sizes

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass


@dataclasses.dataclass
class Response:
    """One response, final or 1xx."""
    version: str
    status: int
    reason: str
    fields: list
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)

    def header(self, name):
        found = values(self.fields, name)
        return found[0] if found else None

    def all(self, name):
        return values(self.fields, name)


class Client(Stream):
    """A connection to a listener."""

    def __init__(self, port, tls=None, name="www.example.nl", host="127.0.0.1", timeout=15, bind=None):
        sock = socket.create_connection((host, port), timeout, (bind, 0) if bind else None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            sock = tls.wrap_socket(sock, server_hostname=name)
        super().__init__(sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def head(self):
        """The head of the next response as a Response without body."""
        start, fields = split_head(self.until(b"\r\n\r\n"))
        version, status, reason = (start.split(" ", 2) + [""])[:3]
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise Broken(f"not a status line: {start!r}")
        return Response(version, int(status), reason, fields)

    def response(self, method="GET"):
        """The next response, with its body (RFC 9112 §6.3)."""
        answer = self.head()
        length, coding = answer.all("Content-Length"), answer.all("Transfer-Encoding")
        if len(length) > 1 or (length and coding):
            raise Broken(f"ambiguous length: {answer.fields}")
        if method == "HEAD" or answer.status < 200 or answer.status in (204, 304):
            return answer
        if coding:
            if coding != ["chunked"]:
                raise Broken(f"coding {coding}")
            answer.body, answer.trailers, _ = self.chunked()
        elif length:
            answer.body = self.exactly(int(length[0]))
        else:
            answer.body = self.to_end()
        return answer

    def ask(self, method="GET", target="/", fields=(), body=b"", host="www.example.nl"):
        """Sends a request (Content-Length when there is a body) and reads the final response."""
        self.send(request(method, target, fields, body, host))
        while (answer := self.response(method)).status < 200 and answer.status != 101:
            pass
        return answer

    def is_closed(self, within=5):
        """Does the other side end the connection in time, and without another byte?"""
        self.sock.settimeout(within)
        try:
            return self.buffer == b"" and self.sock.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True
        except TimeoutError:
            return False


def request(method="GET", target="/", fields=(), body=b"", host="www.example.nl"):
    """The bytes of a request."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"] + [f"{name}: {value}" for name, value in fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunks(*parts, trailers=()):
    """A chunked body of these parts."""
    coded = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part)
    end = "".join(f"{name}: {value}\r\n" for name, value in trailers).encode("latin-1")
    return coded + b"0\r\n" + end + b"\r\n"


def client_tls(ca=None, **options):
    """A client context that trusts ca; None trusts nobody and checks nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca:
        context.load_verify_locations(ca)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    for name, value in options.items():
        setattr(context, name, value)
    return context
