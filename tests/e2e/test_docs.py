"""What the documents show is a configuration: every YAML block of the README and of docs/ passes `sluis check`."""
import glob
import os
import re

import pytest

from harness.sluis import ROOT, command



def blocks():
    found = []
    for path in ["README.md", *sorted(glob.glob("docs/*.md", root_dir=ROOT))]:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            found += [(path, i, text) for i, text in enumerate(re.findall(r"^```yaml\n(.*?)^```", file.read(), re.M | re.S))]
    return found


def whole(text):
    """A block may be a part: what it does not show is put behind it, names that it uses included."""
    named = set(re.findall(r"\bbackend: ([a-z-]+)", text))
    made = {"listeners": ['{name: public, address: "0.0.0.0:8000", protocol: http}'],
            "certificates": ["{name: www, chain: www.pem, key: www.key}"] if "[www]" in text else [],
            "backends": [f'{{name: {name}, servers: ["127.0.0.1:{9000 + i}"]}}' for i, name in enumerate(sorted(named | {"filler"}))],
            "routes": [] if "backends:" in text else ['{hosts: ["*"], backend: filler}']}
    for section, items in made.items():
        if items and f"{section}:" not in re.findall(r"^[a-z]+:", text, re.M):
            text += f"{section}:\n" + "".join(f"  - {item}\n" for item in items)
    return text


@pytest.mark.parametrize("path, number, text", [pytest.param(*block, id=f"{block[0]}-{block[1]}") for block in blocks()])
def test_examples(folder, ca, path, number, text):
    made = ca.issue("www.example.nl", "*.example.nl", file="docs")
    for name, source in (("www.pem", made.chain), ("www.key", made.key)):
        os.symlink(source, os.path.join(folder, name))
    with open(os.path.join(folder, "site.yaml"), "w", encoding="utf-8") as file:
        file.write(whole(text))
    ran = command("check", os.path.join(folder, "site.yaml"))
    assert ran.returncode == 0, (path, number, ran.stderr)


def test_alarms():
    """docs/alarms.md explains every alarm that the command explains, with the class that isolation.fallback_on knows."""
    with open(os.path.join(ROOT, "src/ipc/alarm_words.c"), encoding="utf-8") as file:
        words = re.findall(r'WORDS\("([a-z_.]+)", ([A-Z_]+),', file.read())
    with open(os.path.join(ROOT, "docs/alarms.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| `([a-z_.]+)` \| ([a-z_]+) \| [A-Z]", file.read(), re.M)
    assert [name for name, _ in words] == [name for name, _ in rows] and len(rows) > 20
    assert all(given.startswith(of.lower()) for (_, of), (_, given) in zip(words, rows))


def test_ten_lines():
    """A site in ten lines."""
    path, _, text = blocks()[0]
    assert path == "README.md" and len(text.splitlines()) == 10
