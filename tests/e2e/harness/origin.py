"""A server that does exactly what a test tells it, and remembers every byte that reached it."""
import dataclasses
import socket
import ssl
import threading
import time

from harness import ports, wire


def answer(body=b"", status=200, fields=(), reason="OK"):
    """The bytes of a response with a Content-Length."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@dataclasses.dataclass
class Request:
    """A request as it reached the server; body is read when first asked for."""
    stream: object
    raw: bytes
    method: str
    target: str
    version: str
    fields: list
    connection: int
    _body: bytes = None
    trailers: list = dataclasses.field(default_factory=list)
    chunk_sizes: list = None
    _reading: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def header(self, name):
        found = wire.values(self.fields, name)
        return found[0] if found else None

    def all(self, name):
        return wire.values(self.fields, name)

    @property
    def body(self):
        """Empty for whoever looks while another thread still reads it."""
        if self._body is None and self._reading.acquire(blocking=False):  # pylint: disable=consider-using-with
            body = b""
            try:
                if self.all("Transfer-Encoding"):
                    body, self.trailers, self.chunk_sizes = self.stream.chunked()
                elif self.all("Content-Length"):
                    body = self.stream.exactly(int(self.header("Content-Length")))
            finally:
                self._body = body
        return self._body or b""


class Origin:
    """handler(request, stream) gives the bytes to answer with; None: it wrote them itself and the
    connection ends. Without a handler: 200 with the server's name."""

    def __init__(self, handler=None, name="origin", tls=None, port=None, host="127.0.0.1"):  # pylint: disable=too-many-arguments
        self.handler, self.name, self.tls, self.host = handler, name, tls, host
        self.port = port or ports.free_port()
        self.requests, self.streams, self.connections = [], [], 0
        self.lock, self.listener = threading.Lock(), None
        self.start()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def bytes(self):
        """Everything that arrived on every connection."""
        return b"".join(stream.received for stream in self.streams)

    @property
    def targets(self):
        return [request.target for request in self.requests]

    def start(self):
        """Listens (again)."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(256)
        self.listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self):
        """Ends the listening socket and every connection, as a crashed server would."""
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        with self.lock:
            for stream in self.streams:
                try:
                    stream.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                stream.close()

    def wait_for(self, n, within=10):
        """Waits until n requests have arrived."""
        end = time.monotonic() + within
        while len(self.requests) < n:
            assert time.monotonic() < end, f"{self.name} has {len(self.requests)} of {n} requests"
            time.sleep(0.01)

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._connection, args=(sock,), daemon=True).start()

    def _connection(self, sock):
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            stream = wire.Stream(sock)
            with self.lock:
                self.connections += 1
                number = self.connections
                self.streams.append(stream)
            while self._serve(stream, number):
                pass
        except (OSError, wire.Broken, ssl.SSLError, ValueError):
            pass
        finally:
            sock.close()

    def _serve(self, stream, number):
        """One request; False when the connection is over."""
        if not stream.buffer and not stream.fill():
            return False
        raw = stream.until(b"\r\n\r\n")
        start, fields = wire.split_head(raw)
        method, target, version = start.split(" ")
        request = Request(stream, raw, method, target, version, fields, number)
        with self.lock:
            self.requests.append(request)
        reply = self.handler(request, stream) if self.handler else answer(self.name)
        if reply is None:
            return False
        _ = request.body
        if request.method == "HEAD":
            reply = reply[:reply.index(b"\r\n\r\n") + 4]
        stream.send(reply)
        return "close" not in [v.lower() for v in request.all("Connection")]


def server_tls(certificate, **options):
    """A server context for an Origin."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    for name, value in options.items():
        setattr(context, name, value)
    return context
