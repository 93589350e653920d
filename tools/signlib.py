"""Ed25519 keys as C2SP signed notes have them, by the openssl program: what `sluis verify --key` reads."""
import base64
import hashlib
import json
import os
import subprocess
import tempfile

NAME = "sluis/release"
ED25519 = b"\x01"
# SubjectPublicKeyInfo of Ed25519 (RFC 8410 §4) in front of the 32 bytes
PREFIX = bytes.fromhex("302a300506032b6570032100")


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.PIPE).stdout


def public(key):
    """The 32 bytes that belong to a private key's file."""
    der = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")
    if not der.startswith(PREFIX) or len(der) != len(PREFIX) + 32:
        raise SystemExit(f"{key}: no Ed25519 key")
    return der[len(PREFIX):]


def key_id(name, raw):
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + raw).digest()[:4]


def verifier(name, raw):
    """NAME+ID+KEY: what is given to those who shall trust it."""
    return f"{name}+{key_id(name, raw).hex()}+{base64.b64encode(ED25519 + raw).decode()}"


def check_name(name):
    if not name or len(name) > 128 or any(c in " +" or not c.isprintable() for c in name):
        raise SystemExit(f"{name!r}: the name of a key is 1 to 128 characters without spaces and +")
    return name


def note(text, key, name):
    """The signed note over a text that ends with a newline."""
    raw = public(key)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "text")
        with open(path, "wb") as file:
            file.write(text.encode())
        signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", path)
    return f"{text}\n\u2014 {name} {base64.b64encode(key_id(name, raw) + signature).decode()}\n"


def sign(path, key, name):
    """Writes manifest.note beside a manifest."""
    with open(path, "rb") as file:
        data = file.read()
    version, digest = json.loads(data)["version"], hashlib.sha256(data).hexdigest()
    text = f"sluis release manifest v1\nversion {version}\nsha256 {digest}\n"
    out = os.path.join(os.path.dirname(path), "manifest.note")
    with open(f"{out}.new", "w", encoding="utf-8") as file:
        file.write(note(text, key, check_name(name)))
    os.chmod(f"{out}.new", 0o644)
    os.replace(f"{out}.new", out)
