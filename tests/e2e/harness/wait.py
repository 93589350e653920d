"""Waiting for what will be true in a moment."""
import time


def until(check, within=10):
    """Waits until check() is true."""
    end = time.monotonic() + within
    while not check():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)
