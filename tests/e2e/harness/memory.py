"""All memory of a process, from outside, and what is in it."""
import re
import struct

PAGE = 4096
STEP = 1 << 21


def _present(pagemap, start, end):
    """The ranges of pages that have memory (or are swapped out): reserved and untouched ones hold nothing."""
    pagemap.seek(start // PAGE * 8)
    entries = pagemap.read((end - start) // PAGE * 8)
    begin, found = None, []
    for n, (word,) in enumerate(struct.iter_unpack("<Q", entries)):
        there = bool(word >> 62)
        if there and begin is None:
            begin = n
        elif not there and begin is not None:
            found.append((start + begin * PAGE, start + n * PAGE))
            begin = None
    if begin is not None:
        found.append((start + begin * PAGE, end))
    return found


def read_range(mem, low, high):
    """All of it that can be read: pages that nobody can touch (guards, hidden memory) lie among the others."""
    try:
        mem.seek(low)
        data = mem.read(high - low)
        if len(data) == high - low:
            return data
    except (OSError, ValueError):
        data = b""
    if high - low <= PAGE:
        return data
    half = low + (high - low) // PAGE // 2 * PAGE
    return read_range(mem, low, half) + read_range(mem, half, high)


def read_all(pid):
    """Everything that is mapped and there, one piece after the other; needs root."""
    parts = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem, \
            open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for line in maps:
            start, end = (int(x, 16) for x in re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line).groups()) \
                if re.match(r"[0-9a-f]+-[0-9a-f]+ r", line) else (0, 0)
            if start >= 1 << 47:
                continue
            for at in range(start, end, STEP * PAGE):
                for low, high in _present(pagemap, at, min(end, at + STEP * PAGE)):
                    parts.append(read_range(mem, low, high))
    return b"\0".join(parts)


def found_in(pid, needles):
    """Which of these {what: bytes} are somewhere in the memory of a process."""
    memory = read_all(pid)
    return [what for what, needle in needles.items() if needle and needle in memory]
