"""What an attacker knows beforehand: the C library that everybody with this release of Debian has."""
import functools
import struct

PAGE = 4096
CALLS = (b"\xff\xd0", b"\xff\xd1", b"\xff\xd2", b"\xff\xd3", b"\xff\xd5", b"\xff\xd6", b"\xff\xd7")  # call of a register


class Elf:
    """Symbols, code and texts of a shared object (x86-64), by their addresses in the file."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        at, _, _, _, size, count = struct.unpack_from("<QQIHHH", self.data, 32)
        rows = [struct.unpack_from("<IIQQQQQQ", self.data, at + n * size) for n in range(count)]
        self.loads = [(flags, place, address, held) for kind, flags, place, address, _, held, _, _ in rows if kind == 1]

    @functools.cached_property
    def symbols(self):
        """{name: address} of what it exports."""
        at, = struct.unpack_from("<Q", self.data, 40)
        size, count = struct.unpack_from("<HH", self.data, 58)
        rows = [struct.unpack_from("<IIQQQQIIQQ", self.data, at + n * size) for n in range(count)]
        found = {}
        for _, kind, _, _, place, held, link, *_ in rows:
            if kind != 11:  # SHT_DYNSYM
                continue
            texts = rows[link][4]
            for n in range(held // 24):
                name, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", self.data, place + n * 24)
                if section:
                    end = self.data.index(b"\0", texts + name)
                    found[self.data[texts + name:end].decode()] = value
        return found

    def find(self, needle, want_code=False):
        """Where these bytes lie; None: nowhere."""
        for flags, place, address, held in self.loads:
            if want_code and not flags & 1:
                continue
            at = self.data.find(needle, place, place + held)
            if at >= 0:
                return address + at - place
        return None

    def bytes_at(self, address, n):
        for _, place, start, held in self.loads:
            if start <= address < start + held:
                return self.data[place + address - start:place + address - start + n]
        return b""

    def pop(self, code):
        """A gadget that takes a register from the stack and returns; (address, further words that it takes)."""
        for tail, more in ((b"\xc3", 0), (b"\x5b\xc3", 1), (b"\x41\x5c\xc3", 1), (b"\x5d\xc3", 1)):
            at = self.find(code + tail, True)
            if at is not None:
                return at, more
        return None

    def base_in(self, words):
        """The address it is loaded at, from the words of a stack: main() returns into what lies before __libc_start_main."""
        end = self.symbols["__libc_start_main"]
        for word in words:
            if not 0x7f0000000000 <= word < 0x800000000000:
                continue
            at = end - 0x400 + (word - (end - 0x400)) % PAGE
            if at < end and self.bytes_at(at - 2, 2) in CALLS and word > at:
                return word - at
        return None
