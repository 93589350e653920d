"""Debian's Chromium, driven by playwright-core: fetched by npm ci at the versions of package-lock.json, into this folder.

Where node, npm's registry or Chromium is missing, each file of tests is skipped once, and says so.
"""
import fcntl
import functools
import json
import os
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("SLUIS_BUILD", "build"))
PREVIEW = os.path.join(BUILD, "tests/unit/portal/portal-preview")


def fetch():
    """What is wrong with the packages; empty when they are there. Two files of tests may ask at once."""
    with open(os.path.join(HERE, ".npm.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if all(os.path.exists(os.path.join(HERE, "node_modules", name, "package.json")) for name in ("axe-core", "playwright-core")):
            return ""
        ran = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, capture_output=True, text=True,
                             timeout=180, check=False)
        return "" if ran.returncode == 0 else "npm ci: " + (ran.stderr.strip().splitlines() or ["failed"])[-1]


@functools.cache
def missing():
    """Why no browser can be driven here; empty when one can."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            return f"{program} is not installed"
    if not os.path.exists(os.environ.get("CHROMIUM", "/usr/bin/chromium")):
        return "chromium is not installed"
    try:
        return fetch()
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"npm ci: {error}"


def run_script(name, *arguments, within=150, env=None):
    """{name: problems} of a script's lines."""
    ran = subprocess.run(["node", os.path.join(HERE, name), *arguments], capture_output=True, text=True, timeout=within,
                         env={**os.environ, **(env or {})}, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:] + ran.stdout[-1000:]
    return {row["name"]: row["problems"] for row in map(json.loads, ran.stdout.splitlines())}


def make_previews(folder):
    """Every sample page in folder; their names."""
    subprocess.run([PREVIEW, folder], check=True)
    with open(os.path.join(folder, "pages"), encoding="utf-8") as file:
        return file.read().split()


@pytest.fixture(name="browser", scope="session")
def fixture_browser():
    """A browser can be driven, or the test is skipped."""
    if missing():
        pytest.skip(missing())
