"""Both ends of the mail in a run of chaos: clients that send all kinds of
messages, a mail host that answers in all kinds of ways, and the mailboxes."""
import email
import glob
import hashlib
import os
import random
import re
import threading
import time

from host import Raw, stuff
from peers import Sink

from chaos_ledger import Message

RETURNS = "returns@here.test"       # the sender of what may be reported
IDENT = re.compile(rb"^X-Chaos-Id: ([0-9a-f]{32})\r?$", re.M)


def digest_of(content):
    """Of the body, whatever ends its lines."""
    body = content.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def ident_of(content):
    found = IDENT.search(content)
    return found.group(1).decode() if found else "none"


class Clients:
    """So many at a time, each one message after another."""

    def __init__(self, ledger, seed, clients, rest_s):
        self.ledger, self.over, self.rest_s = ledger, False, rest_s
        self.threads = [threading.Thread(
            target=self.client, args=(random.Random(seed * 1000 + i),),
            daemon=True) for i in range(clients)]
        for t in self.threads:
            t.start()

    def stop(self):
        self.over = True
        for t in self.threads:
            t.join(60)

    def client(self, rng):
        while not self.over:
            try:
                self.session(rng)
            except (OSError, AssertionError, ValueError):
                time.sleep(0.02)        # it is being restarted

    def session(self, rng):
        with Raw(trusted=True) as s:
            s.cmd("EHLO client.test", 250)
            while not self.over and rng.random() > 0.05:
                self.mail(rng, s)
                time.sleep(self.rest_s * rng.random())

    def mail(self, rng, s):
        m, content = self.make(rng)
        s.cmd("MAIL FROM:<%s>" % m.sender, 250)
        for r in sorted(m.rcpts):
            s.cmd("RCPT TO:<%s>" % r, 250)
        s.cmd("DATA", 354)
        data = stuff(content)
        if rng.random() < 0.05:         # dies before the end of it
            s.write(data[:len(data) // 2])
            raise ValueError
        self.ledger.attempt(m)
        s.write(data)
        if s.reply()[0] == 250:
            self.ledger.acked(m)

    @staticmethod
    def rcpts(rng):
        """Local, elsewhere, and refused there: "no..." is unknown."""
        out = set()
        for _ in range(rng.choice((1, 1, 1, 2, 3, 20))):
            kind = rng.random()
            if kind < 0.3:
                out.add(rng.choice(("alice", "bob")) + "@here.test")
            elif kind < 0.4:
                out.add("no%d@far.test" % rng.randrange(1000))
            else:
                out.add("r%d@far%d.test" % (rng.randrange(1000),
                                            rng.randrange(5)))
        return out

    def make(self, rng):
        ident = "%032x" % rng.getrandbits(128)
        size = rng.randrange(1000000, 5000000) if rng.random() < 0.02 else \
            rng.choice((0, 100, 3000, 100000))
        body = b"".join(b"%x\r\n" % rng.getrandbits(300)
                        for _ in range(size // 76))
        content = b"X-Chaos-Id: %s\r\nSubject: chaos\r\n\r\n.first\r\n" % \
            ident.encode() + body
        sender = "" if rng.random() < 0.2 else RETURNS
        return Message(ident, sender, self.rcpts(rng),
                       digest_of(content)), content


class Host:
    """The mail host of everybody else.  It knows nobody called "no...", and
    takes everything else, unless mood() says otherwise."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.sink = Sink(reply=self.reply)
        self.sink.mails = self      # its list of what it has taken

    def close(self):
        self.sink.close()

    def append(self, mail):
        """What is accepted, before it is said."""
        ident, digest = ident_of(mail.data), digest_of(mail.data)
        for r in mail.rcpts:
            self.ledger.arrived(ident, r, digest)

    def reply(self, verb, arg, session):
        if verb == "RCPT" and arg.startswith("TO:<no"):
            return b"550 5.1.1 no such user here"
        return self.mood(verb, arg)

    def mood(self, verb, arg):
        """Another reply than the usual, as of a Sink."""
        return None


class MoodyHost(Host):
    """250, 4yz, or silence, as it comes."""

    def __init__(self, ledger, seed):
        self.rng, self.kind = random.Random(seed), True
        self.lock = threading.Lock()
        super().__init__(ledger)

    def chance(self, p):
        with self.lock:
            return self.kind and self.rng.random() < p

    def mood(self, verb, arg):
        if verb == "RCPT" and self.chance(0.02):
            return b"451 4.2.1 not now"
        if verb == "DATA" and self.chance(0.02):
            return False
        if verb == "." and self.chance(0.03):
            return b"452 4.3.1 no room"
        if verb == "." and self.chance(0.02):
            return False                # it has not taken it
        if verb == "." and self.chance(0.02):
            self.ledger.fault("silence", "host")
            return b"250 2.0.0 taken\r\n421 4.3.2 and gone"
        return None

    def be_kind(self):
        """No more trouble from here."""
        self.kind = False


def refusals(ledger):
    """Who was refused, by the rule of the host: known by the address."""
    for m in list(ledger.messages.values()):
        for r in m.rcpts:
            if r.startswith("no"):
                ledger.refuses(m.ident, r)


def mailbox(directory, user):
    """(when it came, what it is) of each message."""
    for path in glob.glob("%s/mail/%s/new/*" % (directory, user)):
        with open(path, "rb") as f:
            yield os.fstat(f.fileno()).st_mtime, f.read()


def read_mailboxes(ledger, directory):
    for user in ("alice", "bob"):
        for when, content in mailbox(directory, user):
            ledger.arrived(ident_of(content), user + "@here.test",
                           digest_of(content), when)


def read_reports(ledger, directory):
    """A report that a death has made arrive twice has one Message-ID."""
    for _, content in mailbox(directory, "returns"):
        report = email.message_from_bytes(content)
        rcpts, ident = [], ident_of(content)
        for part in report.walk():
            if part.get("Final-Recipient") and \
                    part.get("Action", "").strip() == "failed":
                rcpts.append(part["Final-Recipient"].partition(";")[2]
                             .strip())
        for r in rcpts:
            ledger.report(ident, r, report["Message-ID"])
