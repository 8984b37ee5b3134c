"""What was promised and what became of it, and whether the two agree.

The ledger is written down as it happens, in memory and, a JSON object a line,
in a file.  check() looks at it when all is quiet and returns what is wrong,
each line beginning with the invariant that it breaks:

I1  whoever was told 250 has each recipient delivered, reported, or queued
I2  what arrives is, octet for octet, what was sent
I3  nothing arrives that was not sent, nor for somebody else
I4  twice only where a fault lay between the two, and no oftener than faults
I5  one report for each recipient that failed, none where none may be
"""
import collections
import json
import threading
import time


class Message:
    def __init__(self, ident, sender, rcpts, digest):
        self.ident, self.sender = ident, sender
        self.rcpts, self.digest = set(rcpts), digest
        self.acked = False


class Ledger:
    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "w")
        self.began = time.time()
        self.messages = {}                              # ident: Message
        self.got = collections.defaultdict(list)        # (ident, rcpt): times
        self.wrong = []                                 # of content
        self.refused = set()                            # (ident, rcpt)
        self.reported = collections.defaultdict(set)    # the same: report ids
        self.faults = []                                # (time, what, victim)

    def write(self, kind, **fields):
        fields.update(kind=kind, at=round(time.time() - self.began, 4))
        self.file.write(json.dumps(fields) + "\n")
        self.file.flush()
        return fields["at"]

    # --- while it runs ---

    def attempt(self, m):
        """Its content may be on its way to 250 from here on."""
        with self.lock:
            self.messages[m.ident] = m
            self.write("attempt", id=m.ident, sender=m.sender,
                       rcpts=sorted(m.rcpts), digest=m.digest)

    def acked(self, m):
        with self.lock:
            m.acked = True
            self.write("acked", id=m.ident)

    def arrived(self, ident, rcpt, digest, when=None):
        """Somebody has, or is about to say that he has, taken it; when: by
        the clock, if not now."""
        with self.lock:
            at = self.write("got", id=ident, rcpt=rcpt)
            self.got[ident, rcpt].append(
                at if when is None else when - self.began)
            m = self.messages.get(ident)
            if m is not None and m.digest != digest:
                self.wrong.append((ident, rcpt))

    def refuses(self, ident, rcpt):
        with self.lock:
            self.write("refused", id=ident, rcpt=rcpt)
            self.refused.add((ident, rcpt))

    def fault(self, what, victim):
        with self.lock:
            at = self.write("fault", what=what, victim=victim)
            self.faults.append((at, what, victim))

    def report(self, ident, rcpt, report):
        with self.lock:
            self.reported[ident, rcpt].add(report)

    # --- when all is quiet ---

    def check(self, queued=frozenset()):
        """queued: (ident, rcpt) that still wait."""
        return (self.lost(queued) + self.damaged() + self.phantoms() +
                self.doubled() + self.misreported(queued))

    def lost(self, queued):
        bad = []
        for m in self.messages.values():
            for rcpt in m.rcpts if m.acked else ():
                key = (m.ident, rcpt)
                told = key in self.reported or \
                    key in self.refused and m.sender == ""
                if key not in self.got and not told and key not in queued:
                    bad.append("I1 lost: %s to %s" % key)
        return bad

    def damaged(self):
        return ["I2 changed: %s to %s" % key for key in self.wrong]

    def phantoms(self):
        bad = []
        for ident, rcpt in self.got:
            m = self.messages.get(ident)
            if m is None:
                bad.append("I3 nobody sent: %s" % ident)
            elif rcpt not in m.rcpts:
                bad.append("I3 not for him: %s to %s" % (ident, rcpt))
        return bad

    def faults_between(self, first, last):
        """A fault is heard of a little before or after it is done."""
        return sum(1 for at, _, _ in self.faults
                   if first - 5 <= at <= last + 0.1)

    def doubled(self):
        bad = []
        for key, times in self.got.items():
            allowed = self.faults_between(min(times), max(times))
            if len(times) - 1 > allowed:
                bad.append("I4 %d times with %d faults between: %s to %s" %
                           (len(times), allowed, *key))
        return bad

    def misreported(self, queued):
        bad = []
        for key in self.refused:
            m = self.messages.get(key[0])
            if m is None or not m.acked or m.sender == "" or key in queued:
                continue
            if key not in self.reported:
                bad.append("I5 not reported: %s to %s" % key)
        for (ident, rcpt), reports in self.reported.items():
            m = self.messages.get(ident)
            if m is None or rcpt not in m.rcpts:
                bad.append("I5 a report of what nobody sent: %s to %s" %
                           (ident, rcpt))
            elif m.sender == "":
                bad.append("I5 a report to nobody: %s to %s" % (ident, rcpt))
            elif (ident, rcpt) not in self.refused:
                bad.append("I5 reported, but not refused: %s to %s" %
                           (ident, rcpt))
            elif len(reports) > 1:
                bad.append("I5 %d reports: %s to %s" %
                           (len(reports), ident, rcpt))
        return bad

    def counts(self):
        acked = [m for m in self.messages.values() if m.acked]
        return {"messages": len(self.messages), "acked": len(acked),
                "recipients": sum(len(m.rcpts) for m in acked),
                "arrived": sum(len(t) for t in self.got.values()),
                "twice": sum(len(t) - 1 for t in self.got.values()),
                "refused": len(self.refused), "faults": len(self.faults)}
