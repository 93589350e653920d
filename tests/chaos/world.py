"""What a run of chaos has to itself: mounts, networks, a disk that fails in real ways, and a wall clock that jumps.

All of it belongs to namespaces of the calling process and ends with it; nothing of the machine is moved.
"""
import contextlib
import ctypes
import fcntl
import mmap
import os
import shutil
import struct
import subprocess
import sys
import threading
import time

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
FIFREEZE, FITHAW = 0xC0045877, 0xC0045878  # linux/fs.h: every write waits, every write goes on
EXT4_IOC_SHUTDOWN = 0x8004587D  # linux/ext4.h: nothing more reaches the disk, as when the power fails
NO_LOG_FLUSH = 2
LIBC = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def tool(*words):
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    if ran.returncode != 0:
        raise OSError(f"{' '.join(words)}: {ran.stderr.strip()}")
    return ran.stdout


def separate():
    """Mounts and a network of our own. To be called before the first thread is made; needs root."""
    check(LIBC.unshare(CLONE_NEWNS | CLONE_NEWNET), "namespaces of its own")
    check(LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mounts of its own")
    tool("ip", "link", "set", "lo", "up")


class Network:
    """A machine elsewhere: a network namespace behind a link that can be cut. here, there: the addresses of its two ends."""

    def __init__(self, number):
        self.here, self.there = f"10.79.{number}.1", f"10.79.{number}.2"
        self.ours, self.theirs, self.file = f"near{number}", f"far{number}", -1
        self._in_thread(self._make)
        path = f"/proc/{os.getpid()}/fd/{self.file}"
        tool("ip", "link", "add", self.ours, "type", "veth", "peer", "name", self.theirs, "netns", path)
        tool("ip", "addr", "add", f"{self.here}/24", "dev", self.ours)
        tool("ip", "link", "set", self.ours, "up")
        for words in (("link", "set", "lo", "up"), ("addr", "add", f"{self.there}/24", "dev", self.theirs),
                      ("link", "set", self.theirs, "up")):
            self.run("ip", *words)

    @staticmethod
    def _in_thread(act):
        """A thread that has changed its namespace is not used for anything else."""
        failed = []

        def run():
            try:
                act()
            except OSError as error:
                failed.append(error)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]

    def _make(self):
        check(LIBC.unshare(CLONE_NEWNET), "a network namespace")
        self.file = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def at(self, act):
        """Runs act() there: sockets that it makes belong there, wherever they are used from."""
        found = []

        def run():
            check(LIBC.setns(self.file, CLONE_NEWNET), "entering a network")
            found.append(act())
        self._in_thread(run)
        return found[0]

    def run(self, *words):
        self.at(lambda: tool(*words))

    def cut(self, is_silent):
        """silent: packets vanish; else this machine knows that there is no way."""
        if is_silent:
            self.run("ip", "link", "set", self.theirs, "down")
        else:
            tool("ip", "link", "set", self.ours, "down")

    def mend(self):
        tool("ip", "link", "set", self.ours, "up")
        self.run("ip", "link", "set", self.theirs, "up")

    def close(self):
        with contextlib.suppress(OSError):
            tool("ip", "link", "delete", self.ours)
        os.close(self.file)


# Thaws when whoever froze is gone: a file system that stays frozen can't even be unmounted.
GUARD = """
import fcntl, os, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
print("watching", flush=True)
sys.stdin.read()
try:
    fcntl.ioctl(folder, 0xC0045878, 0)
except OSError:
    pass
"""


class Disk:
    """A disk for the state directory: an ext4 of its own in a file, behind a loop device."""

    def __init__(self, folder, megabytes=192):
        self.image, self.place = os.path.join(folder, "disk.ext4"), os.path.join(folder, "sluis", "state")
        self.ballast, self.guard, self.slowing, self.slowness = os.path.join(self.place, "ballast"), None, None, None
        with open(self.image, "wb") as file:
            file.truncate(megabytes << 20)
        tool("mkfs.ext4", "-q", "-m", "0", "-F", self.image)
        os.makedirs(self.place, mode=0o755)
        self.mount()

    def mount(self):
        tool("mount", "-o", "loop,nosuid,nodev", self.image, self.place)
        os.chmod(self.place, 0o755)
        self.guard = subprocess.Popen([sys.executable, "-c", GUARD, self.place], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.guard.stdout.readline()

    def unmount(self, within=15):
        """Waits until nobody holds it any more."""
        if self.guard:
            self.guard.communicate()
            self.guard = None
        end = time.monotonic() + within
        while True:
            try:
                tool("umount", self.place)
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def _ask(self, request, argument=0):
        folder = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, request, argument)
        finally:
            os.close(folder)

    def fill(self):
        """Not a block is left."""
        with open(self.ballast, "wb", buffering=0) as file:
            size = 0
            for step in (1 << 24, 1 << 20, 1 << 16, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), size, step)
                        size += step

    def free(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.ballast)

    def freeze(self):
        self._ask(FIFREEZE)

    def thaw(self):
        with contextlib.suppress(OSError):
            self._ask(FITHAW)

    def slow(self, wait_s=0.2, work_s=0.03):
        """A disk that works for a moment and then makes everybody wait."""
        self.slowing = threading.Event()

        def run():
            while not self.slowing.wait(work_s):
                self.freeze()
                self.slowing.wait(wait_s)
                self.thaw()
        self.slowness = threading.Thread(target=run, daemon=True)
        self.slowness.start()

    def fast(self):
        if self.slowing:
            self.slowing.set()
            self.slowness.join()
            self.slowing = None

    def lose_power(self):
        """What was not synced is gone, and from now on everything fails."""
        self._ask(EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))

    def close(self):
        self.fast()
        self.thaw()
        with contextlib.suppress(OSError):
            self.unmount()


class Clock:
    """The wall clock as every program sees it that is started in these namespaces from here on (clock_shift.c).

    The library is named in an /etc/ld.so.preload that is there for these namespaces alone; it adds what the file says."""

    def __init__(self, folder, library):
        place = os.path.join(folder, "clock")
        os.mkdir(place, 0o755)
        shutil.copy(library, os.path.join(place, "clock_shift.so"))
        os.chmod(os.path.join(place, "clock_shift.so"), 0o755)
        with open(os.path.join(place, "shift"), "wb") as file:
            file.write(bytes(mmap.PAGESIZE))
        os.chmod(os.path.join(place, "shift"), 0o644)
        with open(os.path.join(place, "shift"), "r+b") as file:
            self.page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.layers = layers = os.path.join(folder, "etc")
        os.mkdir(layers, 0o755)
        tool("mount", "-t", "tmpfs", "-o", "mode=0755", "none", layers)
        for name in ("upper", "work"):
            os.mkdir(os.path.join(layers, name), 0o755)
        tool("mount", "-t", "overlay", "-o", f"lowerdir=/etc,upperdir={layers}/upper,workdir={layers}/work", "none", "/etc")
        with open("/etc/ld.so.preload", "w", encoding="ascii") as file:
            file.write(os.path.join(place, "clock_shift.so") + "\n")

    def jump(self, seconds):
        """It shows so much more (or less) than the machine's from now on; 0: the same."""
        self.page[:8] = struct.pack("q", int(seconds * 1_000_000))

    def close(self):
        for place in ("/etc", self.layers):
            with contextlib.suppress(OSError):
                tool("umount", "--lazy", place)
