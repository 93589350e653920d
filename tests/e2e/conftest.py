"""Fixtures of the end-to-end tests. Each test has its own folder, ports and processes.

SLUIS_BUILD chooses the build directory; SLUIS_RUN_FLAGS is added to every "sluis run".
"""
import os
import shutil
import signal
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from harness import certs, origin as origins, servers, sluis as instance  # noqa: E402

LIMIT_SECONDS = 60


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: also run under the sanitizers")
    config.addinivalue_line("markers", "limit(seconds): may take longer than a minute")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """Every test has a bounded time."""
    mark = item.get_closest_marker("limit")
    seconds = mark.args[0] if mark else LIMIT_SECONDS

    def expired(*_):
        raise TimeoutError(f"took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds * (3 if instance.IS_SANITIZED else 1))
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows what Sluis said on standard error."""
    report = (yield).get_result()
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, instance.Sluis):
                report.sections.append(("Sluis, standard error", value.stderr()[-3000:]))


@pytest.fixture(scope="session", name="scratch")
def scratch_folder():
    """A folder that every role's user may enter."""
    folder = tempfile.mkdtemp(prefix="sluis-e2e-")
    os.chmod(folder, 0o755)
    yield folder
    if not os.environ.get("SLUIS_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(name="folder")
def test_folder(scratch):
    folder = tempfile.mkdtemp(dir=scratch)
    os.chmod(folder, 0o755)
    return folder


@pytest.fixture(scope="session")
def ca(scratch):
    """A certificate authority; ca.issue(names...) gives chain and key."""
    return certs.Authority(os.path.join(scratch, "ca"))


@pytest.fixture
def origin():
    """A factory of scripted servers: origin(handler, name=...)."""
    made = []

    def make(handler=None, **keywords):
        made.append(origins.Origin(handler, **keywords))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def _real_server(start, folder):
    made = []

    def make(files, config=""):
        place = os.path.join(folder, f"{start.__name__}{len(made)}")
        os.makedirs(place, mode=0o755)
        made.append(start(place, files, config))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def nginx(folder):
    """A factory of nginx: nginx({"index.html": b"..."}, "location ...")."""
    yield from _real_server(servers.nginx, folder)


@pytest.fixture
def apache(folder):
    """A factory of Apache httpd, with the same arguments."""
    yield from _real_server(servers.apache, folder)


@pytest.fixture
def sluis(folder):
    """An instance that is not started yet; stopped and looked at afterwards."""
    made = instance.Sluis(os.path.join(folder, "sluis"))
    yield made
    made.end()


@pytest.fixture
def site(sluis):
    """site(server, ..., backend=, listener=, route=): a configuration for sluis."""
    return lambda *given, **keywords: instance.site(sluis, *given, **keywords)


@pytest.fixture
def front(sluis, site):
    """front(origin, ...) starts Sluis in front of these servers and gives it back."""

    def start(*given, **keywords):
        return sluis.start(site(*[one.address for one in given], **keywords))

    return start
