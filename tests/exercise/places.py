"""Where the people of the exercise are: network namespaces behind a gateway, or addresses of the loopback."""
import contextlib
import ctypes
import os
import subprocess

KINDS = ("home", "office", "partner", "public")
CLONE_NEWNET = 0x40000000


class Loopback:
    """Everybody on one machine, told apart by address: home 127.0.0.2, office 127.0.0.3, ..."""
    address = "127.0.0.1"

    def __init__(self):
        self.sources = {kind: f"127.0.0.{n + 2}" for n, kind in enumerate(KINDS)}

    def network(self, kind):
        return f"{self.sources[kind]}/32"

    def source(self, kind):
        return self.sources[kind]

    @contextlib.contextmanager
    def at(self, kind):
        yield

    def close(self):
        pass


class Namespaces:
    """A namespace each for home, office, partner and public, with a link to the gateway's, which routes between none of them."""
    address = "10.77.0.1"

    def __init__(self):
        self.mark = f"sluis-{os.getpid()}"
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.files = {"before": os.open("/proc/thread-self/ns/net", os.O_RDONLY)}
        try:
            self._make()
        except BaseException:
            self.close()
            raise
        self._enter("gateway")

    def _name(self, kind):
        return f"{self.mark}-{kind}"

    def _make(self):
        self._ip("netns", "add", self._name("gateway"))
        self._in("gateway", "link", "set", "lo", "up")
        self._in("gateway", "addr", "add", f"{self.address}/32", "dev", "lo")
        for n, kind in enumerate(KINDS):
            self._ip("netns", "add", self._name(kind))
            ours, theirs = f"x{n}", f"y{n}"
            self._in("gateway", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", self._name(kind))
            self._in("gateway", "addr", "add", f"10.77.{n + 1}.1/24", "dev", ours)
            self._in("gateway", "link", "set", ours, "up")
            self._in(kind, "link", "set", "lo", "up")
            self._in(kind, "addr", "add", f"10.77.{n + 1}.2/24", "dev", theirs)
            self._in(kind, "link", "set", theirs, "up")
            self._in(kind, "route", "add", "default", "via", f"10.77.{n + 1}.1")
        for kind in (*KINDS, "gateway"):
            self.files[kind] = os.open(f"/run/netns/{self._name(kind)}", os.O_RDONLY)

    def _ip(self, *words):
        subprocess.run(["ip", *words], check=True, capture_output=True)

    def _in(self, kind, *words):
        self._ip("-n", self._name(kind), *words)

    def _enter(self, kind):
        if self.libc.setns(self.files[kind], CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {kind}")

    def network(self, kind):
        return f"10.77.{KINDS.index(kind) + 1}.0/24"

    def source(self, _kind):
        return None

    @contextlib.contextmanager
    def at(self, kind):
        """What this thread connects from here on comes from there."""
        self._enter(kind)
        try:
            yield
        finally:
            self._enter("gateway")

    def close(self):
        if "gateway" in self.files:
            self._enter("before")
        for file in self.files.values():
            os.close(file)
        self.files = {}
        for kind in ("gateway", *KINDS):
            subprocess.run(["ip", "netns", "delete", self._name(kind)], check=False, capture_output=True)
