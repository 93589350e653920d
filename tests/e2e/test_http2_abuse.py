"""THREATS A7, A8, A22: what a client may cost. Each flood ends its connection with ENHANCE_YOUR_CALM, is counted and
recorded, and others notice nothing."""
import threading
import time

import pytest

from harness import http2, wire
from harness import origin as origins

frames = http2.frames
NAME = "www.example.nl"
CALM = 11


@pytest.fixture(name="h2")
def start_h2(sluis, site, ca, origin):
    """h2(...) starts Sluis with an https listener and metrics in front of a server; keywords for clients."""

    def start(handler=None, listener=None):
        made = ca.issue(NAME)
        server = origin(handler or (lambda request, _: origins.answer(b"fine")))
        sluis.start(site(server.address, listener={"protocol": "https", "certificates": ["www"], **(listener or {})},
                         certificates=[{"name": "www", "chain": made.chain, "key": made.key}],
                         metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"}))
        return {"port": sluis.port(), "tls": wire.client_tls(ca.certificate)}

    return start


def metric(sluis, name):
    """The sum of a metric over its labels."""
    page = sluis.ask("/metrics", listener="metrics").body.decode()
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(name + "{"))


def rapid_reset(raw, i):
    raw.headers(2 * i + 1)
    return raw.reset(2 * i + 1)


def made_you_reset(raw, i):
    """CVE-2025-8671: a window of more than 2^31 - 1 resets the stream from our side."""
    raw.headers(2 * i + 1)
    return raw.frame(frames.WindowUpdateFrame, 2 * i + 1, window_increment=2**31 - 1)


def continuation(raw, i):
    if i == 0:
        return raw.headers(1, flags=["END_STREAM"])
    return raw.frame(frames.ContinuationFrame, 1, data=raw.encoder.encode([(f"x-{i}", "y")]))


def header_bomb(raw, i):
    """THREATS A8: a large value once, then by its index, one byte each."""
    if i == 0:
        block = raw.encoder.encode(http2.request_fields(fields=[("x-a", "a" * 3000)]), huffman=False)
        return raw.frame(frames.HeadersFrame, 1, ["END_HEADERS", "END_STREAM"], data=block)
    block = raw.encoder.encode(http2.request_fields(), huffman=False) + b"\xbe" * 10000
    return raw.frame(frames.HeadersFrame, 2 * i + 1, ["END_HEADERS", "END_STREAM"], data=block)


def empty_data(raw, i):
    if i == 0:
        return raw.headers(1, http2.request_fields(method="POST"), ["END_HEADERS"])
    return raw.data(1)


def too_many_streams(raw, i):
    return raw.headers(2 * i + 1, http2.request_fields(method="POST"), ["END_HEADERS"])


FLOODS = {
    "rapid reset": rapid_reset,
    "made you reset": made_you_reset,
    "continuation": continuation,
    "header bomb": header_bomb,
    "settings": lambda raw, i: raw.frame(frames.SettingsFrame, settings={4: 65535 + i}),
    "ping": lambda raw, i: raw.frame(frames.PingFrame, opaque_data=b"12345678"),
    "priority": lambda raw, i: raw.frame(frames.PriorityFrame, 2 * i + 1, depends_on=0, stream_weight=1),
    "window": lambda raw, i: raw.frame(frames.WindowUpdateFrame, window_increment=1),
    "empty data": empty_data,
    "padding": lambda raw, i: empty_data(raw, i) if i == 0 else raw.bytes(
        frames.DataFrame(1, flags=["PADDED"], pad_length=9).serialize()),
    "unknown frames": lambda raw, i: raw.bytes(b"\x00\x00\x00\x5f\x00\x00\x00\x00\x00"),
    "malformed": lambda raw, i: raw.headers(2 * i + 1, http2.request_fields(fields=[("connection", "close")])),
    "too many streams": too_many_streams,
}


@pytest.mark.parametrize("flood", list(FLOODS.values()), ids=list(FLOODS))
def test_floods_end(h2, sluis, flood):
    """Frames of unknown types too, which RFC 9113 §5.5 has us ignore."""
    keywords = h2(lambda request, stream: time.sleep(5) if request.method == "POST" else origins.answer(b"fine"))
    with http2.Raw(**keywords) as raw, http2.Client(**keywords) as other:
        for i in range(30_000):
            if not flood(raw, i):
                break
            if i % 50 == 49:
                raw.step(0.001)
                if raw.is_closed:
                    break
                assert other.ask("/").body == b"fine" if i % 500 == 499 else True
        assert raw.is_closed or raw.error() in (CALM, 2, 1)
        assert other.ask("/").body == b"fine"
        rss = sum(_resident(pid) for pid in sluis.pids("edge"))
        assert rss < 150 << 20, rss


def _resident(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) << 10 for line in file if line.startswith("Private"))


def test_it_is_counted_and_recorded(h2, sluis):
    """One event per source, however often it happens."""
    keywords = h2()
    for _ in range(3):
        with http2.Raw(**keywords) as raw:
            for _ in range(2000):
                if not FLOODS["ping"](raw, 0):
                    break
            assert raw.is_closed or raw.error() == CALM
    assert metric(sluis, "sluis_listener_abuse_total") == 3
    assert metric(sluis, "sluis_listener_http2_goaways_total") >= 1
    end = time.monotonic() + 5
    while "client.abuse" not in (said := sluis.run("audit", "tail", "-n", "100").stdout):
        assert time.monotonic() < end, said
        time.sleep(0.1)
    assert said.count("client.abuse") == 1 and "ping" in said


def test_ordinary_clients_are_not_ended(h2, sluis):
    """A person who leaves a page full of pictures, over and over, pings and window updates as they come."""
    with http2.Client(**h2(lambda request, _: origins.answer(b"x" * 200_000))) as client:
        for _ in range(5):
            streams = [client.begin("/") for _ in range(60)]
            client.wait(streams[0])
            for stream in streams[1:]:
                if not client.answers[stream].is_done:
                    client.h2.reset_stream(stream, 8)
            client.h2.ping(b"12345678")
            client.push()
        assert client.ask("/").status == 200 and client.goaway is None
    assert metric(sluis, "sluis_listener_abuse_total") == 0
    assert metric(sluis, "sluis_listener_http2_streams") == 0


def test_streams_taken_back_make_room(h2):
    """RFC 9113 §5.1.2: closed streams do not count, also when they end in the bytes in which others begin."""
    with http2.Raw(**h2()) as raw:
        for stream in range(1, 181, 2):
            raw.headers(stream, http2.request_fields(method="POST"), ["END_HEADERS"])
        raw.step(0.5)
        bodies = b"".join(frames.RstStreamFrame(stream, error_code=8).serialize() for stream in range(1, 181, 2))
        for stream in range(181, 361, 2):
            block = raw.encoder.encode(http2.request_fields(), huffman=False)
            bodies += frames.HeadersFrame(stream, flags=["END_HEADERS", "END_STREAM"], data=block).serialize()
        raw.bytes(bodies)
        for stream in range(181, 361, 2):
            assert raw.wait(frames.HeadersFrame, stream), stream
        assert not [frame for frame in raw.frames if isinstance(frame, frames.RstStreamFrame) and frame.error_code == 7]


def test_source_is_refused_after_many(h2, sluis):
    """The score of a source outlives its connections, and leaks away."""
    keywords = h2()
    refused = 0
    for _ in range(14):
        try:
            with http2.Raw(**keywords) as raw:
                for _ in range(2000):
                    if not FLOODS["ping"](raw, 0):
                        break
        except OSError:
            refused += 1
    assert refused
    assert metric(sluis, "sluis_listener_refused_total") >= refused


def test_an_address_has_its_share(h2, sluis):
    """THREATS A22: more connections get an address no more of the servers; what has to wait is answered all the same."""
    go, lock, now, most = threading.Event(), threading.Lock(), [0], [0]

    def handle(request, _):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        go.wait(20)
        with lock:
            now[0] -= 1
        return origins.answer(b"fine")

    keywords = h2(handle, listener={"limits": {"requests_per_address": 50}})
    clients = [http2.Client(**keywords) for _ in range(9)]
    streams = [[client.begin(f"/{n}") for n in range(10)] for client in clients]
    time.sleep(1)
    assert 36 <= most[0] <= 50
    go.set()
    for client, mine in zip(clients, streams):
        assert [answer.status for answer in client.wait(*mine)] == [200] * 10
        client.sock.close()
    assert most[0] <= 50 and metric(sluis, "sluis_listener_abuse_total") == 0


def test_who_waits_too_long_is_refused(h2):
    """RFC 9113 §8.7: REFUSED_STREAM, so it may be asked again; the others go on."""
    go = threading.Event()
    listener = {"limits": {"requests_per_address": 1}, "timeouts": {"request_header": "500ms"}}
    with http2.Client(**h2(lambda *_: (go.wait(20), origins.answer(b"fine"))[1], listener=listener)) as client:
        streams = [client.begin("/") for _ in range(10)]
        refused = client.wait(*streams[4:])
        assert [answer.reset for answer in refused] == [7] * 6
        go.set()
        assert [answer.status for answer in client.wait(*streams[:4])] == [200] * 4
        assert client.ask("/").status == 200


def test_slow_head(h2):
    """RFC 9113 §10.5: the rest of a field block is waited for as long as that of a head."""
    with http2.Raw(**h2(listener={"timeouts": {"request_header": "300ms"}})) as raw:
        raw.headers(1, flags=["END_STREAM"])
        began = time.monotonic()
        assert raw.error() == CALM
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("window", [0, 1000])
def test_slow_readers_hold_little(h2, sluis, window):
    """Streams whose windows stay closed: bounded memory, and an end."""
    keywords = h2(lambda request, _: origins.answer(b"x" * 1_000_000), listener={"timeouts": {"response_idle": "2s"}})
    before = _resident(sluis.pids("edge")[0])
    clients = [http2.Raw(settings={4: window}, **keywords) for _ in range(10)]
    for raw in clients:
        for i in range(100):
            raw.headers(2 * i + 1)
    time.sleep(1)
    held = _resident(sluis.pids("edge")[0]) - before
    assert held < 1000 * 40_000, held  # 40 KB a stream, everything included
    for raw in clients:
        assert raw.error(timeout=12) == CALM
        raw.sock.close()


def test_nobody_reads_at_all(h2, sluis):
    """A connection that takes no bytes: servers are not read for it, and it ends."""
    keywords = h2(lambda request, _: origins.answer(b"x" * 5_000_000), listener={"timeouts": {"response_idle": "2s"}})
    before = _resident(sluis.pids("edge")[0])
    with http2.Raw(settings={4: 2**31 - 1}, **keywords) as raw:
        raw.frame(frames.WindowUpdateFrame, window_increment=2**30)
        for i in range(50):
            raw.headers(2 * i + 1)
        time.sleep(1)
        assert _resident(sluis.pids("edge")[0]) - before < 10_000_000
        end = time.monotonic() + 10
        while metric(sluis, "sluis_listener_http2_streams"):
            assert time.monotonic() < end
            time.sleep(0.2)


def test_requests_that_are_none_end_the_connection(h2, sluis):
    """RFC 9113 §10.5: each has its answer, 400, until there are too many."""
    keywords = h2()
    with http2.Client(**keywords) as client:
        answers = []
        while client.goaway is None and not client.is_closed and len(answers) < 200:
            answers.append(client.ask("/%00"))
        assert {answer.status for answer in answers[:-1]} == {400}
        assert 40 <= len(answers) <= 60 and client.goaway.error_code == CALM
    with http2.Client(**keywords) as client:
        assert client.ask("/").body == b"fine"
    assert metric(sluis, "sluis_listener_abuse_total") == 1


def test_broken_chunks_are_bad_requests(sluis, site, origin):
    """RFC 9112 §7.1: content that is none counts as a request that is none does."""
    sluis.start(site(origin().address, metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"}))
    with sluis.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a.nl\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n")
        assert client.to_end().startswith(b"HTTP/1.1 400")
    assert metric(sluis, "sluis_listener_bad_requests_total") == 1
