"""The gateway end to end: log-in, applications, sessions that end (issues of trust: P1, P2, P6, P7)."""
import pytest

from harness import gateway as gates
from harness.origin import answer

EVERYONE = {"access": {"allow": {"everyone": True}}}


@pytest.fixture(name="gate")
def gateway(sluis, ca, origin):
    """gate(handler, apps=, ...): a gateway with one application "cases" for everybody."""

    def start(handler=None, **options):
        server = origin(handler)
        made = gates.Gateway(sluis, ca, {"cases": (server.address, EVERYONE), **options.pop("apps", {})}, **options)
        made.server = server
        return made.start()

    return start


def test_log_in_and_application(gate):
    g = gate()
    anna = g.person("anna", "staff")
    at = anna.go(g.url("/a?b=1", "cases"))
    assert at.status == 200, at.text
    assert at.url == g.url("/a?b=1", "cases")
    seen = g.server.requests[-1]
    assert seen.header("X-Sluis-Identity") == "anna"
    assert seen.header("X-Sluis-Assertion").count(".") == 2
    assert seen.header("Cookie") is None
    assert answer
