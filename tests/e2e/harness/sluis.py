"""Sluis itself, started as a person would start it, in a folder of its own."""
import json
import os
import re
import signal
import subprocess
import threading
import time

from harness import ports, wire, yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))
BUILD = os.path.join(ROOT, os.environ.get("SLUIS_BUILD", "build"))
COMMAND = os.path.join(BUILD, "sluis")
IS_SANITIZED = "asan" in os.path.basename(BUILD)
# What may never be on standard error, whatever a test does.
BROKEN = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehavior|invariant|\*\*\* stack smashing")


def command(*arguments, within=30, **keywords):
    """Runs the sluis command to its end."""
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=within,
                          check=False, **keywords)


def descendants(pid):
    """{pid: name} of the processes below pid, as the kernel sees them."""
    parents, names = {}, {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:
            continue
        fields = text[text.rindex(")") + 2:].split()
        if fields[0] != "Z":
            parents.setdefault(int(fields[1]), []).append(int(entry))
            names[int(entry)] = text[text.index("(") + 1:text.rindex(")")]
    found, todo = {}, [pid]
    while todo:
        for child in parents.get(todo.pop(), []):
            found[child] = names[child]
            todo.append(child)
    return found


class Sluis:
    """One instance. port(name) gives names to ports; start(configuration) waits for "ready"."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, mode=0o755, exist_ok=True)
        self.config = os.path.join(folder, "sluis.yaml")
        self.state = os.path.join(folder, "state")
        self.ports, self.process, self.out = {}, None, []
        self.errors = os.path.join(folder, "stderr")
        self.may_break, self.program = False, COMMAND

    # ---- starting and stopping ----
    def port(self, name="public"):
        if name not in self.ports:
            self.ports[name] = ports.free_port()
        return self.ports[name]

    def write(self, configuration):
        """A dictionary or the text itself, written as the configuration file."""
        text = configuration if isinstance(configuration, str) else yaml.dump(configuration)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.config, 0o644)
        return self.config

    def launch(self, configuration=None, flags=()):
        """Starts without waiting."""
        if configuration is not None:
            self.write(configuration)
        flags = [*os.environ.get("SLUIS_RUN_FLAGS", "").split(), *flags]
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen([self.program, "run", "--config", self.config, "--state", self.state, *flags],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                            text=True, cwd=self.folder, start_new_session=True)
        self.out = []
        threading.Thread(target=self._collect, args=(self.process, self.out), daemon=True).start()
        return self

    def start(self, configuration=None, flags=(), within=20):
        self.launch(configuration, flags)
        end = time.monotonic() + within
        while "ready" not in self.out:
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.stderr()}"
            assert time.monotonic() < end, f"not ready after {within} s:\n{self.stderr()}"
            time.sleep(0.02)
        return self

    @staticmethod
    def _collect(process, lines):
        for line in process.stdout:
            lines.append(line.rstrip("\n"))

    def stderr(self):
        if not os.path.exists(self.errors):
            return ""
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, within=40):
        """SIGTERM; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    def end(self):
        """What the fixture does last: stop, and look whether anything broke on the way."""
        if self.process is None:
            return
        below = descendants(self.process.pid)
        try:
            code = self.stop()
        except subprocess.TimeoutExpired:
            code = None
            self.process.kill()
            self.process.wait()
        left = [pid for pid in below if os.path.exists(f"/proc/{pid}") and self._is_ours(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        said = self.stderr()
        assert not BROKEN.search(said) or self.may_break, f"standard error:\n{said[-6000:]}"
        assert code is not None, f"does not stop on SIGTERM:\n{said[-3000:]}"
        assert not left, f"processes outlive the keeper: {left}"

    @staticmethod
    def _is_ours(pid):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                return file.read().startswith("sluis-")
        except OSError:
            return False

    # ---- asking it ----
    def run(self, *arguments, within=30):
        """A sub-command on this instance, e.g. run("server", "drain", "web/a")."""
        return command(*arguments, "--state", self.state, within=within)

    def status(self):
        ran = self.run("status", "--json")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def reload(self, configuration=None):
        """Writes and applies; the finished command."""
        if configuration is not None:
            self.write(configuration)
        return self.run("reload")

    def pids(self, role=None):
        """{role: [pid]} of the running roles, or the list of one."""
        found = {"keeper": [self.process.pid]}
        for pid, name in sorted(descendants(self.process.pid).items()):
            if name.startswith("sluis-"):
                found.setdefault(name.removeprefix("sluis-"), []).append(pid)
        return found.get(role, []) if role else found

    # ---- talking to its listeners ----
    def client(self, listener="public", **keywords):
        return wire.Client(self.port(listener), **keywords)

    def ask(self, target="/", method="GET", listener="public", **keywords):
        """One request on a connection of its own."""
        tls, name = keywords.pop("tls", None), keywords.pop("name", "www.example.nl")
        with self.client(listener, tls=tls, name=name) as client:
            return client.ask(method, target, **keywords)

    def raw(self, data, listener="public", within=10):
        """Sends bytes as they are and gives everything that comes back until the end."""
        with self.client(listener, timeout=within) as client:
            client.send(data)
            return client.to_end()


def site(sluis, *servers, backend=None, listener=None, route=None, **top):
    """A configuration: one http listener "public", one backend "web" of these servers, one route."""
    return {
        "edges": top.pop("edges", 1),
        "listeners": [{"name": "public", "address": f"127.0.0.1:{sluis.port('public')}", "protocol": "http",
                       **(listener or {})}],
        "backends": [{"name": "web", "servers": list(servers), **(backend or {})}],
        "routes": [{"name": "all", "hosts": ["*"], "backend": "web", **(route or {})}],
        **top,
    }
