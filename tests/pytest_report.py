"""A pytest plug-in: one machine-readable line per test, for tests/run."""
import json
import os

# Taken before pytest starts to capture what tests print.
_OUT = os.dup(1)


def _emit(state, report, details):
    # pytest escapes the section sign of "RFC 9112 §6.3" in names of cases.
    name = report.nodeid.split("/")[-1].replace("\\xa7", "§") or "collection"
    row = {"state": state, "name": name,
           "seconds": getattr(report, "duration", 0.0), "details": details}
    # A line of its own, whatever the terminal reporter printed before.
    os.write(_OUT, ("\n@result " + json.dumps(row) + "\n").encode())


def pytest_collectreport(report):
    """A file that can't even be read is a failed test."""
    if report.failed:
        _emit("failed", report, str(report.longrepr))


def pytest_runtest_logreport(report):
    """A test passes when its call passed; a failing set-up or tear-down fails it as well."""
    if report.failed:
        captured = "\n".join(f"-- {title}\n{text[-3000:]}" for title, text in report.sections)
        _emit("failed", report, f"({report.when}) {report.longreprtext}\n{captured}")
    elif report.skipped and report.when in ("setup", "call"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _emit("skipped", report, reason)
    elif report.when == "call":
        _emit("passed", report, "")
