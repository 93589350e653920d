"""A session or a name of one site is worth nothing at another (THREATS A16)."""
import socket
import ssl

import pytest

from harness import wire


def connect(sluis, context, name, session=None):
    plain = socket.create_connection(("127.0.0.1", sluis.port()), 10)
    return wire.Stream(context.wrap_socket(plain, server_hostname=name, session=session))


def ask(stream, host):
    """The status line of one answer."""
    stream.send(wire.request(host=host))
    return stream.until(b"\r\n").split(b" ")[1]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed_at_its_own_site_alone(sluis, site, ca, origin, version):
    configuration = site(origin().address)
    configuration["certificates"] = []
    for name in ("a.nl", "b.nl"):
        made = ca.issue(name)
        configuration["certificates"].append({"name": name, "chain": made.chain, "key": made.key})
    configuration["listeners"][0].update(protocol="https", certificates=["a.nl", "b.nl"])
    sluis.start(configuration)
    context = wire.client_tls(maximum_version=version)
    first = connect(sluis, context, "a.nl")
    assert ask(first, "a.nl") == b"200"
    other = connect(sluis, context, "b.nl", first.sock.session)
    assert not other.sock.session_reused
    assert ask(other, "a.nl") == b"421"
    again = connect(sluis, context, "a.nl", first.sock.session)
    assert again.sock.session_reused
    assert ask(again, "b.nl") == b"421"
