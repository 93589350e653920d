"""sluis drill: whoever takes a role over gets nowhere (P1 to P11), and a drill that could not fail would be worth nothing."""
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as tree

import pytest

from harness import gateway as gateways
from harness import sluis as instance

ROLES = {"audit", "authority", "cell", "config", "console", "dialer", "edge", "exporter", "herald", "relay", "shipper", "signer",
         "spawner", "verifier"}


@pytest.fixture(name="whole")
def start_whole(sluis, origin, ca):
    """An instance in which every role runs: gateway, datagrams, shipping, traces, status page, metrics."""
    made = gateways.Gateway(sluis, ca, {"cases": (origin().address, {"access": {"allow": {"group": "staff"}}})})
    configuration = made.configuration()
    configuration["edges"] = 2
    configuration["listeners"] += [
        {"name": "public", "address": f"127.0.0.1:{sluis.port('public')}", "protocol": "http"},
        {"name": "names", "address": f"127.0.0.1:{sluis.port('udp')}", "protocol": "udp", "backend": "names"}]
    configuration["backends"] += [{"name": "web", "servers": [origin().address]},
                                  {"name": "names", "servers": [f"127.0.0.1:{sluis.port('names')}"]}]
    configuration["routes"] = [{"name": "all", "hosts": ["*"], "listeners": ["public"], "backend": "web"}]
    configuration["tracing"] = {"otlp": f"http://127.0.0.1:{sluis.port('collector')}"}
    configuration["metrics"] = {"address": f"127.0.0.1:{sluis.port('metrics')}"}
    configuration["status_page"] = {"address": f"127.0.0.1:{sluis.port('status')}"}
    configuration["log"] = {"ship": [{"syslog_tls": f"127.0.0.1:{sluis.port('siem')}", "name": "siem", "ca": ca.certificate}]}
    sluis.start(configuration)
    return sluis


def drilled(sluis, *arguments, within=170):
    ran = sluis.run("drill", "--json", *arguments, within=within)
    return ran.returncode, json.loads(ran.stdout), ran.stderr


def worked(document, verdict):
    return [(role["role"], act["name"], act["detail"]) for role in document["roles"] for act in role["acts"] if act["verdict"] == verdict]


@pytest.mark.limit(180)
def test_no_role_gets_anywhere(whole, folder):
    picture = os.path.join(folder, "drill.svg")
    status, said, errors = drilled(whole, "--svg", picture)
    assert {role["role"] for role in said["roles"]} == ROLES
    assert worked(said, "breach") == [] and worked(said, "unfinished") == [], errors
    assert status == 0 and not [role for role in said["roles"] if "broken" in role], said
    print(said["totals"], said["ms"])
