"""Server connections are used again: what many edges and many clients cost in new ones (P4: each edge has its own)."""
import re
import shutil
import subprocess

import pytest

EDGES, CLIENTS, REQUESTS = 8, 64, 12000


def figure(sluis, name):
    text = sluis.ask("/metrics", listener="metrics").body.decode()
    return sum(float(value) for value in re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.M))


def load(sluis, *flags):
    assert shutil.which("ab"), "package apache2-utils"
    ran = subprocess.run(["ab", "-q", "-c", str(CLIENTS), "-n", str(REQUESTS), *flags, f"http://127.0.0.1:{sluis.port()}/"],
                         capture_output=True, text=True, timeout=50, check=False)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"Failed requests:\s+0$", ran.stdout, re.M), ran.stdout
    return ran.stdout


@pytest.mark.parametrize("flags", [["-k"], []], ids=["kept", "a connection each"])
def test_reuse_over_eight_edges(sluis, site, nginx, flags, capsys):
    server = nginx({"index.html": b"x" * 1000}, "keepalive_requests 1000000;")
    sluis.start(site(server.address, edges=EDGES, listener={"limits": {"connections_per_address": 0}},
                     log={"access": False}, metrics={"address": f"127.0.0.1:{sluis.port('metrics')}"}))
    said = []
    for turn in ("cold", "warm"):
        before = figure(sluis, "sluis_server_connects_total"), figure(sluis, "sluis_server_reuses_total")
        load(sluis, *flags)
        connects = figure(sluis, "sluis_server_connects_total") - before[0]
        reuses = figure(sluis, "sluis_server_reuses_total") - before[1]
        assert connects + reuses >= REQUESTS
        share = 100 * reuses / (connects + reuses)
        said.append((turn, connects, share))
    with capsys.disabled():
        for turn, connects, share in said:
            print(f"\n  {' '.join(flags) or 'new':4} {turn}: {connects:.0f} connections for {REQUESTS} requests,"
                  f" reuse {share:.2f} %", end="")
    assert said[0][1] <= EDGES * CLIENTS, "at first each edge makes as many as it has requests at a time"
    assert said[1][2] >= 99, "then nearly none"
