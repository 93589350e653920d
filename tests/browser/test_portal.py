"""The portal end to end, in a real browser: invitation, passkey, application, step-up, log-out; the same without JavaScript.

SLUIS_PICTURES=DIR keeps a picture of each page, at a phone's and a desktop's width, in English (docs/images has some).
"""
import base64
import hashlib
import json
import os
import subprocess

import pytest
from conftest import run_script
from harness.gateway import PORTAL, Gateway
from harness.origin import answer

TITLES = {"zaken": {"nl": "Zaken", "en": "Cases"}, "kluis": {"nl": "Kluis", "en": "Vault"}, "dicht": {"nl": "Dicht", "en": "Payroll"}}
PEOPLE = ["Anna: invitation, passkey, application, step-up, log-out", "Bob: password and one-time code without JavaScript"]


def spki(chain):
    """base64(SHA-256) of a certificate's public key: this one Chromium takes."""
    key = subprocess.run(["openssl", "x509", "-in", chain, "-noout", "-pubkey"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, capture_output=True, check=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def page(request, _stream):
    who = request.header("X-Sluis-Identity") or "nobody"
    return answer(f"<!DOCTYPE html><html lang=en><title>{who}</title><link rel=icon href=data:,><h1>Hello, {who}</h1>".encode(),
                  fields=[("Content-Type", "text/html; charset=utf-8")])


@pytest.mark.limit(150)
def test_two_people(browser, sluis, ca, origin, tmp_path):
    assert browser is None
    servers = {name: origin(page, name=name).address for name in ("zaken", "kluis", "dicht")}
    access = {"zaken": {"allow": {"group": "staff"}}, "kluis": {"allow": {"all": [{"group": "staff"}, {"factor": "totp"}]}},
              "dicht": {"allow": {"group": "nobody"}}}
    gateway = Gateway(sluis, ca, {name: (servers[name], {"access": access[name], "title": TITLES[name]})
                                  for name in servers}, gateway={"title": "Waterschap De Sluis"})
    gateway.start()
    pictures = os.environ.get("SLUIS_PICTURES", "")
    given = {"origin": gateway.url(""), "apps": {name: gateway.url("", name) for name in servers},
             "links": {"anna": gateway.add("anna", "staff"), "bob": gateway.add("bob", "staff")},
             "spki": spki(ca.issue(PORTAL, file="gateway-" + "-".join(servers)).chain),
             "folder": os.path.abspath(pictures) if pictures else str(tmp_path), "language": "en" if pictures else "nl"}
    found = run_script("portal.mjs", json.dumps(given), within=140)
    assert sorted(found) == PEOPLE and not any(found.values()), json.dumps(found, indent=2)
