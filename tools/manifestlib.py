"""manifest.json: path, size, SHA-256 and mode of what was built, for `sluis verify` and `sluis evidence`."""
import hashlib
import json
import os
import stat

MANIFEST, NOTE, SBOM = "libexec/sluis/manifest.json", "libexec/sluis/manifest.note", "share/sluis/sbom.cdx.json"


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def entry(path, name, has_mode):
    info = os.lstat(path)
    if not stat.S_ISREG(info.st_mode):
        raise SystemExit(f"{path} is no regular file")
    row = {"path": name, "bytes": info.st_size, "sha256": sha256(path)}
    if has_mode:
        row["mode"] = f"{stat.S_IMODE(info.st_mode):04o}"
        if name.startswith("share/") and not name.startswith("share/sluis/"):
            row["optional"] = True  # documentation: some machines leave it out
    return row


def write(out, version, base, rows):
    """Base: where the paths begin, from the manifest's directory."""
    head = json.dumps({"format": 2, "version": version, "base": base}, indent=2)
    lines = ",\n".join("    " + json.dumps(row) for row in sorted(rows, key=lambda row: row["path"]))
    with open(f"{out}.new", "w", encoding="ascii") as file:
        file.write(f'{head[:-2]},\n  "files": [\n{lines}\n  ]\n}}\n')
    os.chmod(f"{out}.new", 0o644)
    os.replace(f"{out}.new", out)


def of_prefix(prefix, version, names):
    """Of an installation; the manifest's path."""
    out = os.path.join(prefix, MANIFEST)
    write(out, version, "../..", [entry(os.path.join(prefix, name), name, True) for name in names if name not in (MANIFEST, NOTE)])
    return out


def of_build(out, version, programs):
    write(out, version, ".", [entry(path, os.path.basename(path), False) for path in programs])
