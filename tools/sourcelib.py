"""What belongs to the source tree, and when it was last changed: for packages and for builds that are compared."""
import os
import re
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
LEFT_OUT = re.compile(r"(^|/)(build(-[^/]*)?|\.git|__pycache__|node_modules|\.cache)(/|$)")


def said(*command):
    return subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def names():
    """Of every file, relative to the tree; sorted."""
    listed = said("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    if not any(listed):
        listed = [os.path.relpath(os.path.join(base, name), ROOT) for base, _, found in os.walk(ROOT) for name in found]
    return sorted({name for name in listed if name and not LEFT_OUT.search(name) and os.path.isfile(os.path.join(ROOT, name))})


def when():
    """Seconds: of the environment, of the last commit, or of the change log."""
    found = os.environ.get("SOURCE_DATE_EPOCH") or said("git", "log", "-1", "--format=%ct").strip()
    return int(found or os.stat(os.path.join(ROOT, "CHANGELOG.md")).st_mtime)


def version():
    with open(os.path.join(ROOT, "meson.build"), encoding="utf-8") as file:
        return re.search(r" version: '([^']+)'", file.read()).group(1)


def copy(to, place=lambda name: name, order=sorted):
    """The tree into a folder that is made anew; place(name): where a file goes."""
    shutil.rmtree(to, ignore_errors=True)
    for name in order(names()):
        path = os.path.join(to, place(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy2(os.path.join(ROOT, name), path)
