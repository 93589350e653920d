"""The authority in a whole Sluis: log-in to application, crashes, revocation (P2, P7, P11)."""
import pytest

from harness import gateway as gateways
from harness import origin as origins


def told(request, _stream):
    """What an application gets to know."""
    names = ("X-Sluis-Identity", "X-Sluis-Assertion", "Cookie")
    return origins.answer("\n".join(f"{name}: {request.header(name) or ''}" for name in names).encode())


@pytest.fixture(name="gate")
def start_gate(sluis, ca, origin):
    """A gateway with one application that everybody of group staff may open."""
    made = gateways.Gateway(sluis, ca, {"cases": (origin(told).address, {"access": {"allow": {"group": "staff"}}})})
    return made.start()


def test_person_reaches_application(gate):
    with gate.person("jan", "staff") as jan:
        answer = jan.go(gate.url("/", "cases"))
        assert answer.status == 200
        assert "X-Sluis-Identity: jan" in answer.text
