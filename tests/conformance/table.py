"""The table: rows, each a clause with its test, and the words that the tests are written in.

A row's test gets an Exchange: one running proxy with one scripted server behind it. It sends bytes, and looks at what the
server got (taken apart again by reference.py, which forgives nothing) and at what came back.
"""
import dataclasses
import socket
import threading
import time

from conformance import reference

GET = b"GET / HTTP/1.1\r\nHost: a.nl\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a.nl\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: a.nl\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
QUIET = 0.03
PATIENCE = 4
ROWS = []


class NotApplicable(Exception):
    """The proxy does not claim to do what the clause is about."""


@dataclasses.dataclass
class Row:
    id: str
    clause: str
    level: str
    text: str
    test: object
    is_cached: bool = False


def row(clause, level, text, test, is_cached=False):
    """clause: "RFC 9112 §3.2"; level: MUST, SHOULD or MAY (then the test says what may not come of it). is_cached: the proxy keeps
    answers."""
    base = clause.replace("RFC ", "").replace(" §", "-")
    same = sum(1 for one in ROWS if one.clause == clause)
    ROWS.append(Row(f"{base}-{same + 1}", clause, level, text, test, is_cached))


def rows(clause, level, *pairs):
    for text, test in pairs:
        row(clause, level, text, test)


# ---- the server ----------------------------------------------------------------------------------
class Server:
    """Answers each request with what reply says: bytes, or a function of the request and its connection that gives bytes
    (None: it ends the connection). Keeps what each connection carried."""

    def __init__(self, port):
        self.reply, self.carried, self.order, self.connections, self.is_quitting = OK, {}, [], 0, False
        self.under_way, self.left_over = set(), set()
        self.lock, self.address = threading.Lock(), f"127.0.0.1:{port}"
        self.listener = socket.create_server(("127.0.0.1", port), backlog=256)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.is_quitting = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def forget(self):
        """Before a row: nothing was carried, and the answer is OK. The rest of a request of the row before is none of the next."""
        with self.lock:
            self.reply, self.order, self.left_over = OK, [], set(self.under_way)
            self.carried = {number: b"" for number in self.carried}

    def data(self):
        with self.lock:
            return [data for _, data in sorted(self.carried.items()) if data]

    def requests(self):
        """What arrived, taken apart, in the order of its arrival; Invalid when a server could have understood it in another way."""
        with self.lock:
            carried, order = dict(self.carried), list(self.order)
        found = {number: reference.requests(data) for number, data in sorted(carried.items()) if data}
        ordered = [found[number].pop(0) for number in order if found.get(number)]
        return ordered + [message for left in found.values() for message in left]

    def _accept(self):
        while not self.is_quitting:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with self.lock:
            self.connections += 1
            number = self.connections
        try:
            rest = b""
            while (rest := self._one(sock, number, rest)) is not None:
                pass
        except OSError:
            pass
        finally:
            sock.close()
            with self.lock:
                self.carried.setdefault(number, b"")

    def _one(self, sock, number, rest):
        """One request; what of the next one is there already, or None at the end."""
        data = rest
        while True:
            try:
                message = reference.requests(data)[0] if data else None
            except reference.Invalid:
                message = reference.Message(b"INVALID invalid HTTP/1.1", [])
            if message and (message.is_whole or (b"\r\n\r\n" in data and message.all("Expect"))):
                break
            more = sock.recv(65536)
            if not more:
                return None
            data += more
            with self.lock:
                self.under_way.add(number)
                if number not in self.left_over:
                    self.carried[number] = self.carried.get(number, b"") + more
        with self.lock:
            if number not in self.left_over:
                self.order.append(number)
            self.under_way.discard(number)
            self.left_over.discard(number)
        reply = self.reply
        reply = reply(message, sock) if callable(reply) else reply
        if reply is None:
            return None
        sock.sendall(reply)
        return b"" if message.start.startswith(b"INVALID") else self._after(data)

    @staticmethod
    def _after(data):
        """What is behind the first request."""
        found = reference.requests(data)
        if len(found) == 1:
            return b""
        for end in range(1, len(data)):
            if data[end - 1:end] == b"\n" and [m.is_whole for m in reference.requests(data[:end])] == [True]:
                return data[end:]
        return b""


# ---- one proxy, one server -----------------------------------------------------------------------
class Exchange:
    def __init__(self, port, server, proxy="", http2_port=None):
        self.port, self.server, self.proxy, self.http2_port = port, server, proxy, http2_port or port

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def talk(self, data, methods=("GET",), reply=None, is_refused=False, half_close=False, quiet=QUIET):
        """Sends data on a connection of its own and reads until every answer is there and it is quiet, or the end."""
        if reply is not None:
            self.server.reply = reply
        got = Got(methods)
        with self.connect() as sock:
            try:
                sock.sendall(data)
                if half_close:
                    sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            got.read(sock, 0.6 if is_refused else quiet)
        return got

    def requests(self):
        return self.server.requests()

    def is_well(self):
        """Others are served as if nothing had happened."""
        self.server.reply = OK
        for _ in range(2):
            got = self.talk(GET + b"\r\n", quiet=0)
            assert got.status == 200 and got.first.body == b"ok", f"the next client gets {got.raw[:200]!r}"


class Got:
    """What a client received."""

    def __init__(self, methods):
        self.methods, self.raw, self.is_ended, self.messages = methods, b"", False, []

    def read(self, sock, quiet):
        """Until every answer is there and nothing more comes for so many seconds."""
        end = time.monotonic() + PATIENCE
        while not self.is_ended and time.monotonic() < end:
            finals = [m for m in self.messages if m.is_whole and m.status >= 200]
            is_done = len(finals) >= len(self.methods) and all(m.is_whole for m in self.messages)
            if is_done and not quiet:
                break
            sock.settimeout(quiet if is_done else max(0.01, end - time.monotonic()))
            try:
                more = sock.recv(65536)
            except socket.timeout:
                break
            except OSError:
                more = b""
            self.raw += more
            self.is_ended = not more
            try:
                self.messages = reference.responses(self.raw, self.methods, self.is_ended)
            except reference.Invalid as error:
                raise AssertionError(f"the client gets {self.raw[:300]!r}: {error}") from None

    @property
    def finals(self):
        return [m for m in self.messages if m.status >= 200]

    @property
    def interim(self):
        return [m for m in self.messages if 100 <= m.status < 200]

    @property
    def first(self):
        assert self.finals, f"no answer, only {self.raw[:200]!r}"
        return self.finals[0]

    @property
    def status(self):
        return self.finals[0].status if self.finals else None


# ---- the words -----------------------------------------------------------------------------------
def assert_refused(got, statuses):
    assert got.status in statuses, f"status {got.status}, not {' or '.join(map(str, statuses))}"
    assert len(got.finals) == 1, f"{len(got.finals)} answers"
    assert got.is_ended or "close" in got.first.members("Connection"), "the connection stays open"


def seen(x):
    """The requests that reached the server, all of them valid."""
    try:
        return x.requests()
    except reference.Invalid as error:
        raise AssertionError(f"the server gets {x.server.data()[0][:300]!r}: {error}") from None


def refuse(data, *statuses):
    """The answer is an error (400 unless said otherwise), the connection ends, and what follows is not a request."""
    def test(x):
        got = x.talk(data + NEXT, is_refused=True)
        assert_refused(got, statuses or (400,))
        assert "/next" not in [m.target for m in seen(x)], "what follows was taken for a request"
    return test


def one(data, check=None, status=200, methods=("GET",)):
    """Exactly one valid request reaches the server; check(request, answer)."""
    def test(x):
        got = x.talk(data, methods)
        assert got.status == status, f"status {got.status}"
        found = seen(x)
        assert len(found) == 1 and found[0].is_whole, f"{len(found)} requests"
        if check:
            verdict = check(found[0], got.first)
            assert verdict is None or verdict, f"the server gets {found[0].start!r} {found[0].fields}, the client {got.raw[:300]!r}"
    return test


def safe(data, check=None, after=1):
    """Refused, or passed on as one valid request for which check(request, answer) holds; after it comes /next, if anything."""
    def test(x):
        got = x.talk(data + NEXT, ("GET",) * (1 + after), is_refused=True)
        found = seen(x)
        if got.status and got.status >= 400:
            assert "/next" not in [m.target for m in found] or got.status in (404, 405), "refused, and yet what follows was a request"
            return
        assert got.status == 200, f"status {got.status}"
        assert [m.target for m in found][1:] in ([], ["/next"]), f"the server gets {[m.target for m in found]}"
        assert not check or check(found[0], got.first) in (None, True), f"the server gets {found[0].start!r} {found[0].fields}"
    return test


def answer(reply, check, data=GET + b"\r\n", methods=("GET",)):
    """The server answers so; check(got)."""
    def test(x):
        got = x.talk(data, methods, reply)
        verdict = check(got)
        assert verdict is None or verdict, f"the client gets {got.raw[:400]!r}"
        x.is_well()
    return test


def then_end(reply):
    """A server that sends this and ends the connection."""
    def handler(_message, sock):
        sock.sendall(reply)
    return handler


def bad(reply, *statuses, data=GET + b"\r\n", methods=("GET",), ends=False):
    """The answer is worth a 502, its connection is not used again, and the next client is served."""
    def test(x):
        got = x.talk(data, methods, then_end(reply) if ends else reply)
        assert got.status in (statuses or (502,)), f"the client gets {got.raw[:300]!r}"
        assert len(got.finals) == 1, f"{len(got.finals)} answers"
        x.is_well()
    return test


def cut(reply, data=GET + b"\r\n", methods=("GET",), ends=True):
    """The begin may have been passed on, but the client can tell that the rest is missing; or it gets a 502."""
    def test(x):
        got = x.talk(data, methods, then_end(reply) if ends else reply)
        whole = [m for m in got.finals if m.is_whole and m.status < 500]
        is_framed = whole and (whole[0].all("Content-Length") or whole[0].all("Transfer-Encoding"))
        assert not whole, f"the client takes {'framed' if is_framed else 'unframed'} {got.raw[:300]!r} for a whole answer"
        assert got.is_ended or got.status >= 500, "the client's connection stays open"
        x.is_well()
    return test


def run(x, one_row):
    """("pass" | "fail" | "n.a.", why)"""
    x.server.forget()
    try:
        one_row.test(x)
    except NotApplicable as error:
        return "n.a.", str(error)
    except AssertionError as error:
        return "fail", str(error)
    except Exception as error:  # whatever a proxy's bytes make the libraries say
        return "fail", f"{type(error).__name__}: {error}"
    return "pass", ""
