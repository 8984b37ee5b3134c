"""What processes have in their memory, for tests of what must not be there.

Read by root, who may although the processes are not dumpable.
"""
import os
import re

PIECE = 8 << 20     # octets looked at together
OVERLAP = 4096      # of two of them; no needle is longer
RESERVED = 1 << 20  # beyond, what nobody may touch is an arena's, and empty
HUGE = 1 << 28      # beyond: a sanitizer's shadow
MAP = re.compile(r"^(\w+)-(\w+) (....) \S+ \S+ (\d+) *(.*)$", re.M)


def areas(pid):
    """(start, end) of all that can hold what the process has made: not its
    program's and libraries' text, which is the files' own."""
    with open("/proc/%d/maps" % pid) as f:
        maps = f.read()
    for start, end, rights, inode, name in MAP.findall(maps):
        start, end = int(start, 16), int(end, 16)
        if name.startswith("[v"):               # the kernel's
            continue
        if rights[1] != "w" and inode != "0" and "(deleted)" not in name:
            continue
        if end - start > (RESERVED if rights[:3] == "---" else HUGE):
            continue
        yield start, end


def pieces(pid):
    with open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for start, end in areas(pid):
            for at in range(start, end, PIECE):
                try:
                    mem.seek(at)
                    yield mem.read(min(PIECE + OVERLAP, end - at))
                except OSError:     # gone since, or behind a guard
                    pass


def search(pid, needles):
    """Which of {name: [octets ...]} are there."""
    found = set()
    for piece in pieces(pid):
        if not piece.strip(b"\0"):
            continue
        for name, forms in needles.items():
            if name not in found and any(x in piece for x in forms):
                found.add(name)
    return found


def search_files(pid, needles):
    """The same in the files without a name that it has open."""
    found = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        path = "/proc/%d/fd/%s" % (pid, fd)
        if not os.readlink(path).startswith("/memfd:"):
            continue
        with open(path, "rb") as f:
            text = f.read()
        found |= {name for name, forms in needles.items()
                  if any(x in text for x in forms)}
    return found
