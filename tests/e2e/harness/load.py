"""Clients that keep asking in the background and count what goes wrong."""
import threading
import time

from harness import wire


class Load:
    """with Load(sluis, clients=4) as load: ... ; load.failures lists what no client may ever see.

    keep_alive: each client uses one connection as long as it lives. A connection that the other side
    closes between two requests, before any byte of an answer, is tried once more on a new one, as
    every browser does; may_lose allows that many other losses (an edge was killed).
    """

    def __init__(self, sluis, clients=4, keep_alive=True, listener="public", pause=0.0, **keywords):
        self.sluis, self.keep_alive, self.pause, self.keywords = sluis, keep_alive, pause, keywords
        self.listener, self.done, self.failures = listener, 0, []
        self.stopping, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait(len(self.threads))
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(20)

    def wait(self, more, within=20):
        """Waits until that many more requests have been answered."""
        target, end = self.done + more, time.monotonic() + within
        while self.done < target:
            assert time.monotonic() < end, f"{self.done} answered, {len(self.failures)} failed: {self.failures[:3]}"
            time.sleep(0.005)

    def _run(self):
        client = None
        while not self.stopping.is_set():
            fresh = client is None
            try:
                client = client or self.sluis.client(self.listener)
                got = client.ask(**self.keywords)
                self._count(got)
                if not self.keep_alive or (got.header("Connection") or "").lower() == "close":
                    client = client.close()
            except (OSError, wire.Broken) as error:
                # Only a kept connection that gave no byte of an answer may be tried again.
                if fresh or (client and client.buffer):
                    self._fail(f"{type(error).__name__}: {error}")
                client = client and client.close()
            time.sleep(self.pause)
        if client:
            client.close()

    def _count(self, got):
        with self.lock:
            self.done += 1
        if got.status != 200:
            self._fail(f"status {got.status}")

    def _fail(self, text):
        with self.lock:
            self.failures.append(text)
