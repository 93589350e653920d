"""What the project lints share: walking the tree, C text without comments, exception lists.

Every lint is a program of its own (tools/check-*), takes --root (the tree to look at; its own by
default, a fixture in tests/lint), prints "file:line: what is wrong" and exits 1 when it found
something. Python's standard library only.
"""
import argparse
import json
import os
import re
import subprocess
import sys


def parser(doc):
    """An argument parser that knows --root and --build."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--root", default=os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    made.add_argument("--build", default="build", help="build directory, from the root")
    return made


class Report:
    """Collects findings and turns them into an exit code."""

    def __init__(self, root):
        self.root, self.found = root, []

    def add(self, path, line, text):
        place = os.path.relpath(path, self.root) if os.path.isabs(path) else path
        self.found.append(f"{place}:{line}: {text}" if line else f"{place}: {text}")

    def finish(self, what):
        for text in sorted(set(self.found)):
            print(text)
        print(f"{what}: " + (f"{len(set(self.found))} problems" if self.found else "clean"))
        return 1 if self.found else 0


def files(root, folders, suffixes):
    """Sorted absolute paths of the files below root/folders that end in one of suffixes."""
    found = []
    for folder in folders:
        for base, dirs, names in os.walk(os.path.join(root, folder)):
            dirs[:] = [d for d in dirs if not d.startswith((".", "build", "__pycache__", "node_modules"))]
            found += [os.path.join(base, n) for n in names if n.endswith(tuple(suffixes))]
    return sorted(found)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def strip_c(text, strings=True):
    """C text with comments (and the inside of strings) blanked; every byte keeps its line."""

    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token[0] + " " * (len(token) - 2) + token[-1] if strings else token

    return _TOKEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


class Exceptions:
    """A list of "key  # reason" lines. An entry without a reason, or one that is no longer
    needed, is itself a finding: such a list may only shrink."""

    def __init__(self, report, path):
        self.report, self.path, self.keys, self.used = report, path, {}, set()
        if not os.path.exists(path):
            return
        for number, line in enumerate(read(path).splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            key, mark, reason = line.partition("#")
            if not mark or not reason.strip():
                report.add(path, number, "an exception needs a reason after #")
            self.keys[key.strip()] = number

    def allows(self, key):
        self.used.add(key)
        return key in self.keys

    def finish(self):
        for key, number in self.keys.items():
            if key not in self.used:
                self.report.add(self.path, number, f"exception no longer needed: {key}")


def objects(root, build):
    """[(source path from the root, object path)] of what is compiled from src/, tests left out."""
    with open(os.path.join(root, build, "compile_commands.json"), encoding="utf-8") as file:
        rows = json.load(file)
    found = []
    for row in rows:
        source = os.path.relpath(os.path.join(row["directory"], row["file"]), root)
        made = os.path.join(row["directory"], row["output"])
        if source.startswith("src/") and "tests/" not in row["output"] and os.path.exists(made):
            found.append((source, made))
    return sorted(found)


def programs(root, build):
    """{name: path} of build/sluis and build/sluis-<role>."""
    folder = os.path.join(root, build)
    return {name: os.path.join(folder, name) for name in sorted(os.listdir(folder))
            if re.fullmatch(r"sluis(-[a-z]+)?", name) and os.path.isfile(os.path.join(folder, name))}


def tool(*command):
    """Standard output of a command; its failure is ours."""
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         errors="replace", check=False)
    if ran.returncode != 0:
        sys.exit(f"{' '.join(command)}: {ran.stderr.strip()}")
    return ran.stdout


def symbols(paths):
    """{object path: [(kind, name)]} as nm tells: many objects at a time, since starting it costs more than reading."""
    found = {path: [] for path in paths}
    for at in range(0, len(paths), 100):
        for line in tool("nm", "--print-file-name", *paths[at:at + 100]).splitlines():
            path, _, row = line.rpartition(":")
            found[path].append(tuple(row.split()[-2:]))
    return found


def symbol_tables(paths):
    """{object path: lines} as objdump tells."""
    found = {path: [] for path in paths}
    for at in range(0, len(paths), 100):
        rows = []
        for line in tool("objdump", "-t", *paths[at:at + 100]).splitlines():
            header = re.fullmatch(r"(.+):     file format \S+", line)
            rows = found[header.group(1)] if header else rows
            rows.append(line)
    return found


def main(function):
    """Runs a lint's main and turns a missing tool into a clear failure."""
    try:
        sys.exit(function())
    except FileNotFoundError as error:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {error.filename}: not found")
