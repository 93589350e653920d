"""What a hostile HTTP/2 client tries against the accounts that are kept of it."""
import time

import pytest

from harness import http2, wire
from harness import origin as origins

frames = http2.frames
NAME = "www.example.nl"
CALM = 11


@pytest.fixture(name="h2")
def start_h2(sluis, site, ca, origin):
    made = ca.issue(NAME)
    server = origin(lambda request, _: origins.answer(b"fine"))
    sluis.start(site(server.address,
                     listener={"protocol": "https", "certificates": ["www"], "timeouts": {"response_idle": "1s"}},
                     certificates=[{"name": "www", "chain": made.chain, "key": made.key}]))
    return {"port": sluis.port(), "tls": wire.client_tls(ca.certificate)}


def lingering(keywords):
    """A client whose stream 1 has its answer, which no window lets through, while its request goes on."""
    raw = http2.Raw(settings={4: 0}, **keywords)
    raw.headers(1, http2.request_fields("/%zz", "POST"), ["END_HEADERS"])
    assert raw.wait(frames.HeadersFrame, 1)
    return raw


def test_content_buys_no_time_for_an_answer(h2):
    """THREATS A22: who takes nothing of an answer loses it in response_idle, whatever else it sends."""
    with lingering(h2) as raw:
        began = time.monotonic()
        while not raw.wait(frames.RstStreamFrame, 1, timeout=0.3):
            assert time.monotonic() - began < 4 and not raw.is_closed
            raw.data(1, b"x")


def test_content_buys_no_pardon(h2):
    """THREATS A7: an answer is a reason to forgive, once; a byte that comes behind it is none."""
    with lingering(h2) as raw:
        end = time.monotonic() + 8
        while time.monotonic() < end and not raw.is_closed:
            raw.frame(frames.PingFrame, opaque_data=b"12345678")
            for _ in range(3):
                raw.data(1, b"x")
                raw.step(0.0005)
        assert raw.is_closed
