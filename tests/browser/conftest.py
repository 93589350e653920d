"""Debian's Chromium, driven by playwright-core: fetched by npm ci at the versions of package-lock.json, into this folder.

Where node, npm's registry or Chromium is missing, each file of tests is skipped once, and says so.
"""
import fcntl
import functools
import importlib.util
import json
import os
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("SLUIS_BUILD", "build"))
END_TO_END = os.path.join(ROOT, "tests/e2e/conftest.py")
PREVIEW = os.path.join(BUILD, "tests/unit/portal/portal-preview")


def end_to_end():
    """The fixtures and hooks of the end-to-end tests, which a running Sluis needs."""
    spec = importlib.util.spec_from_file_location("end_to_end_conftest", END_TO_END)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_e2e = end_to_end()
pytest_configure, pytest_runtest_call = _e2e.pytest_configure, _e2e.pytest_runtest_call
pytest_runtest_makereport = _e2e.pytest_runtest_makereport
scratch_folder, test_folder, ca, origin, sluis = _e2e.scratch_folder, _e2e.test_folder, _e2e.ca, _e2e.origin, _e2e.sluis


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
