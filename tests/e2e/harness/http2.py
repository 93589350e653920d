"""HTTP/2 by the frame: an ordinary client on python3-h2, and one that sends what it likes (hyperframe)."""
import socket
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
import hpack
from hyperframe import frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def connect(port, tls=None, name="www.example.nl", timeout=10):
    """A socket that speaks, or will speak, HTTP/2; with tls chosen by ALPN."""
    sock = socket.create_connection(("127.0.0.1", port), timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls:
        tls.set_alpn_protocols(["h2"])
        sock = tls.wrap_socket(sock, server_hostname=name)
        assert sock.selected_alpn_protocol() == "h2"
    return sock


def request_fields(path="/", method="GET", authority="www.example.nl", scheme="https", fields=()):
    return [(":method", method), (":scheme", scheme), (":path", path), (":authority", authority), *fields]


class Answer:
    def __init__(self):
        self.fields, self.interim, self.body, self.trailers = [], [], b"", None
        self.is_done, self.reset, self.parts = False, None, 0

    @property
    def status(self):
        return int(dict(self.fields)[":status"]) if self.fields else None

    def header(self, name):
        return dict(self.fields).get(name)


class Client:
    """A well-behaved client. ask() does one request; begin(), send(), wait() are its parts."""

    def __init__(self, port, window=None, **keywords):
        self.sock = connect(port, **keywords)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding="latin-1", validate_outbound_headers=False,
            normalize_outbound_headers=False))
        self.answers, self.settings, self.goaway, self.is_closed = {}, None, None, False
        self.want_ack = True
        if window is not None:
            self.h2.local_settings = h2.settings.Settings(
                client=True, initial_values={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window,
                                             h2.settings.SettingCodes.ENABLE_PUSH: 0})
        self.h2.initiate_connection()
        self.push()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def push(self):
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def begin(self, path="/", method="GET", end=True, **keywords):
        stream = self.h2.get_next_available_stream_id()
        self.answers[stream] = Answer()
        self.h2.send_headers(stream, request_fields(path, method, **keywords), end_stream=end)
        self.push()
        return stream

    def send(self, stream, data, end=False):
        """Content, as far as windows allow; waits for more."""
        while data:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room == 0:
                self.step()
                continue
            self.h2.send_data(stream, data[:room])
            data = data[room:]
            self.push()
        if end:
            self.h2.end_stream(stream)
            self.push()

    def step(self):
        """Reads once. False when the connection has ended."""
        try:
            data = self.sock.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            self.is_closed = True
            return False
        for event in self.h2.receive_data(data):
            self.take(event)
        self.push()
        return True

    def take(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ResponseReceived):
            answer.fields = event.headers
        elif isinstance(event, h2.events.InformationalResponseReceived):
            answer.interim.append(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            answer.trailers = event.headers
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
            answer.parts += 1
            if self.want_ack and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            answer.is_done = True
        elif isinstance(event, h2.events.StreamReset):
            answer.reset = event.error_code
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.settings = {int(code): change.new_value for code, change in event.changed_settings.items()}
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event

    def wait(self, *streams, until=None):
        """Reads until these streams have ended (or until() is true); their answers."""
        done = until or (lambda: all(self.answers[s].is_done or self.answers[s].reset is not None for s in streams))
        while not done():
            if not self.step():
                break
        found = [self.answers[s] for s in streams]
        return found[0] if len(found) == 1 else found

    def ask(self, path="/", method="GET", body=None, trailers=None, **keywords):
        stream = self.begin(path, method, end=body is None and trailers is None, **keywords)
        if body is not None:
            self.send(stream, body, end=trailers is None)
        if trailers is not None:
            self.h2.send_headers(stream, trailers, end_stream=True)
            self.push()
        return self.wait(stream)


class Raw:
    """Frames as they are; what comes back is kept as frames."""

    def __init__(self, port, preface=True, settings=None, **keywords):
        self.sock = connect(port, **keywords)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.buffer, self.frames, self.is_closed = b"", [], False
        if preface:
            self.bytes(PREFACE + frames.SettingsFrame(0, settings=settings or {}).serialize())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def bytes(self, data):
        """False when the other side takes no more."""
        try:
            self.sock.sendall(data)
            return True
        except OSError:
            self.is_closed = True
            return False

    def frame(self, kind, stream=0, flags=(), **keywords):
        return self.bytes(kind(stream, flags=list(flags), **keywords).serialize())

    def headers(self, stream, fields=None, flags=("END_HEADERS", "END_STREAM")):
        data = self.encoder.encode(request_fields() if fields is None else fields, huffman=False)
        return self.frame(frames.HeadersFrame, stream, flags, data=data)

    def data(self, stream, data=b"", flags=()):
        return self.frame(frames.DataFrame, stream, flags, data=data)

    def reset(self, stream, code=8):
        return self.frame(frames.RstStreamFrame, stream, error_code=code)

    def step(self, timeout=5):
        """Reads once; False at the end or when nothing comes."""
        self.sock.settimeout(timeout)
        try:
            data = self.sock.recv(1 << 16)
        except socket.timeout:
            return False
        except OSError:
            data = b""
        self.is_closed |= not data
        self.buffer += data
        while len(self.buffer) >= 9:
            frame, length = frames.Frame.parse_frame_header(memoryview(self.buffer[:9]))
            if len(self.buffer) < 9 + length:
                break
            frame.parse_body(memoryview(self.buffer[9:9 + length]))
            self.buffer = self.buffer[9 + length:]
            self.frames.append(frame)
        return bool(data)

    def wait(self, kind, stream=None, timeout=5):
        """The first frame of this kind (on this stream), from what came and what comes."""
        while True:
            for frame in self.frames:
                if isinstance(frame, kind) and stream in (None, frame.stream_id):
                    self.frames.remove(frame)
                    return frame
            if not self.step(timeout):
                return None

    def error(self, timeout=5):
        """The code of the GOAWAY that ends the connection; None when it ends without one."""
        frame = self.wait(frames.GoAwayFrame, timeout=timeout)
        return frame.error_code if frame else None


class Received:
    """A request as it reached a Server."""

    def __init__(self, link, stream, fields):
        self.link, self.stream, self.fields, self.connection = link, stream, fields, link.number
        self.body, self.trailers, self.is_done, self.reset = b"", None, False, None

    def header(self, name):
        return dict(self.fields).get(name)

    @property
    def path(self):
        return self.header(":path")


class Link:
    """One connection to a Server; what handlers send with."""

    def __init__(self, server, sock, number):
        self.server, self.sock, self.number = server, sock, number
        self.lock, self.requests = threading.RLock(), {}
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding="latin-1", validate_inbound_headers=False,
            validate_outbound_headers=False, normalize_outbound_headers=False))
        if server.settings:
            self.h2.local_settings = h2.settings.Settings(client=False, initial_values=server.settings)
        self.h2.initiate_connection()
        self.push()

    def push(self):
        with self.lock:
            data = self.h2.data_to_send()
            if data:
                self.sock.sendall(data)

    def bytes(self, data):
        with self.lock:
            self.sock.sendall(data)

    def headers(self, stream, fields, end=False):
        with self.lock:
            self.h2.send_headers(stream, fields, end_stream=end)
            self.push()

    def data(self, stream, data=b"", end=False):
        """As windows allow; the reading thread lets more come."""
        while data:
            with self.lock:
                room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
                if room:
                    self.h2.send_data(stream, data[:room])
                    data = data[room:]
                    self.push()
            if not room:
                time.sleep(0.005)
        if end:
            with self.lock:
                self.h2.end_stream(stream)
                self.push()

    def answer(self, request, body=b"", status=200, fields=(), trailers=None):
        head = [(":status", str(status)), *fields]
        self.headers(request.stream, head, end=not body and trailers is None)
        if body:
            self.data(request.stream, body, end=trailers is None)
        if trailers is not None:
            self.headers(request.stream, trailers, end=True)

    def reset(self, stream, code):
        with self.lock:
            self.h2.reset_stream(stream, code)
            self.push()

    def goaway(self, last, code=0):
        self.bytes(frames.GoAwayFrame(0, last_stream_id=last, error_code=code).serialize())

    def run(self):
        while True:
            data = self.sock.recv(1 << 16)
            if not data:
                return
            with self.lock:
                events = self.h2.receive_data(data)
                self.push()
            for event in events:
                self.take(event)

    def take(self, event):
        request = self.requests.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.RequestReceived):
            request = Received(self, event.stream_id, event.headers)
            self.requests[event.stream_id] = request
            self.server.requests.append(request)
            if self.server.is_early:
                self.start(request)
        elif isinstance(event, h2.events.DataReceived):
            request.body += event.data
            with self.lock:
                if event.flow_controlled_length and not self.server.is_stopped:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                self.push()
        elif isinstance(event, h2.events.TrailersReceived):
            request.trailers = event.headers
        elif isinstance(event, h2.events.StreamReset) and request:
            request.reset = event.error_code
        elif isinstance(event, h2.events.StreamEnded):
            request.is_done = True
            if not self.server.is_early:
                self.start(request)

    def start(self, request):
        threading.Thread(target=self.handle, args=(request,), daemon=True).start()

    def handle(self, request):
        try:
            self.server.handler(request, self)
        except (OSError, h2.exceptions.ProtocolError):
            pass


class Server:
    """A server that speaks HTTP/2 (h2 with a TLS context, else h2c): handler(request, link) in a thread of its own,
    when the request is complete or, with early, when its head is."""

    def __init__(self, handler=None, tls=None, early=False, settings=None):
        self.handler = handler or (lambda request, link: link.answer(request, b"hello " + request.body))
        self.tls, self.is_early, self.settings, self.is_stopped = tls, early, settings, False
        self.requests, self.links = [], []
        if tls:
            tls.set_alpn_protocols(["h2"])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._connection, args=(sock,), daemon=True).start()

    def _connection(self, sock):
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            self.links.append(Link(self, sock, len(self.links) + 1))
            self.links[-1].run()
        except (OSError, h2.exceptions.ProtocolError):
            pass
        finally:
            sock.close()

    def stop(self):
        self.listener.close()
        for link in self.links:
            try:
                link.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
