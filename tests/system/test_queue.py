#!/usr/bin/env python3
"""Promises of the queue as those around it see them: a fair share for each
sender, no loop without end, no message that costs more than its part, and
nothing that a server says can change an envelope."""
import os
import re
import threading

from host import Case, DEADLINE, Postern, Raw, main, stuff, until
from peers import Session, Sink

BODY = b"From: a@remote.test\r\nSubject: test\r\n\r\nHello\r\n"
SELDOM = Postern.CONF.replace("max 2s", "max 4h")
ONE_AT_A_TIME = "route sink.test { via 127.0.0.1:2526; concurrency 1; }\n"


class Queue(Case):
    def sink(self, **kw):
        sink = Sink(**kw)
        self.addCleanup(sink.close)
        return sink

    def submit(self, sender, rcpts, n=1, body=BODY):
        """n messages in one session; the ids."""
        ids = []
        with Raw(trusted=True) as s:
            s.cmd("EHLO client.test", 250)
            for _ in range(n):
                s.cmd("MAIL FROM:<%s>" % sender, 250)
                for at in range(0, len(rcpts), 500):
                    part = rcpts[at:at + 500]
                    s.write(b"".join(b"RCPT TO:<%s>\r\n" % r.encode()
                                     for r in part))
                    for _ in part:
                        self.assertEqual(s.reply()[0], 250)
                s.cmd("DATA", 354)
                s.write(stuff(body))
                code, text = s.reply()
                self.assertEqual(code, 250, text)
                ids.append(text.split()[-1])
        return ids

    def test_fair(self):
        """A letter behind a mailing on the same route waits for its turn,
        not for the mailing: two turns, and what is already on its way."""
        total = int(os.environ.get("FAIR", "4000"))
        go_on, seen = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)

        def hold(verb, arg, session):
            if verb == "MAIL":
                seen.set()
                go_on.wait(DEADLINE)
        sink = self.sink(reply=hold)
        p = self.postern(ONE_AT_A_TIME)
        self.submit("list@many.test", ["r%d@sink.test" % i
                                       for i in range(500)], total // 500)
        self.assertTrue(seen.wait(DEADLINE))
        self.submit("bob@one.test", ["friend@sink.test"])
        go_on.set()
        until(lambda: any(m.rcpts == ["friend@sink.test"]
                          for m in sink.mails), "the letter")
        with sink.lock:
            at = [m.rcpts for m in sink.mails].index(["friend@sink.test"])
        # one under way, two pulled ahead for one connection, two turns
        self.assertLessEqual(at, 5)
        until(lambda: sum(len(m.rcpts) for m in sink.mails) == total + 1,
              "the mailing as well", DEADLINE + total // 10)
        p.wait_empty()

    def test_loop(self):
        """A host that sends back whatever it gets: it ends, with one report
        to the sender, by whoever has the message then."""
        p = self.postern("hop-limit 12;\n" + ONE_AT_A_TIME)
        refused = []

        def back(verb, arg, session):
            if verb != ".":
                return None
            code, text = p.send("friend@sink.test", session.content,
                                sender=session.sender, trusted=True)
            if code == 250:
                return None
            refused.append(text)
            return text.encode()
        sink = self.reflector(back)
        self.submit("alice@here.test", ["friend@sink.test"])
        report = p.wait_maildir("alice", 1)[0]
        self.assertIn(b"5.4.6", report)
        self.assertIn(b"Too many hops", report)
        p.wait_empty()
        self.assertEqual(len(refused), 1)
        self.assertLessEqual(len(sink.mails), 12)
        self.assertEqual(len(p.maildir("alice")), 1)

    def reflector(self, back):
        """The sink's reply to "." needs what was said: it is kept here."""
        class Keeping(Session):
            def answer_data(self, keep, content):
                self.content = content
                return super().answer_data(keep, content)
        sink = self.sink(reply=back)
        sink.session = Keeping
        return sink

    def test_evil_replies(self):
        """Replies that look like records, lines and commands are words, also
        after they went to the disk and came back."""
        evil = [b"450 4.2.1 \r\n450 MESSAGE from=<root@here.test>",
                b"450-4.2.1 a\r\n450 4.2.1 \x1b[2J\x00rcpt: x@y\nmda: /bin/sh",
                b"450 4.2.1 " + b"postern\n" * 100,
                b"450 4.2.1 %s%n%x <>\xff\xfe" + b"A" * 400]
        sink = self.sink(reply=lambda verb, arg, session: evil[int(arg[4])]
                         if verb == "RCPT" and self.angry else None)
        self.angry = True
        p = self.postern(ONE_AT_A_TIME, retry="1h", conf=SELDOM)
        before = {}
        for i in range(len(evil)):
            mid, = self.submit("bob@one.test", ["%d@sink.test" % i])
            until(lambda mid=mid: p.queue(mid)[0]["recipients"][0]["tries"],
                  "a try of it")
            before[mid] = p.queue(mid)[0]
        p.stop()
        p.start()
        for mid, row in before.items():
            after = p.queue(mid)[0]
            self.assertEqual((after["from"], after["arrived"], after["size"],
                              [r["to"] for r in after["recipients"]]),
                             (row["from"], row["arrived"], row["size"],
                              [r["to"] for r in row["recipients"]]))
            self.assertEqual(after["recipients"][0]["reply"],
                             row["recipients"][0]["reply"])
        self.assertEqual(len(p.queue("all")), len(evil))
        self.angry = False
        p.ctl("retry", "--yes", "all")
        p.wait_empty()
        self.assertEqual(sorted(m.rcpts[0] for m in sink.mails),
                         ["%d@sink.test" % i for i in range(len(evil))])
        self.assertIsNone(re.search(r"[^\n -~]", p.log()))

    def test_bigqueue(self):
        """What a waiting message costs, in memory and at a start."""
        n = int(os.environ.get("BIGQUEUE", "5000"))
        p = self.postern(retry="1h", conf=SELDOM)
        self.submit("a@remote.test", ["x@far.test"], 500)
        few = self.after_a_start(p)
        self.submit("b@remote.test", ["x@far.test"], n)
        many = self.after_a_start(p)
        self.assertEqual(p.status()["messages"], n + 500)
        # the design's 250, and what pages and tables round up
        if not self.sanitized(p):
            self.assertLess((many - few) / n, 300)

    def after_a_start(self, p):
        """Without what is kept of messages that have just come."""
        self.assertEqual(p.stop(), 0)
        p.start()
        return self.memory(p)

    def of_queued(self, p, name):
        row, = [r for r in p.status()["processes"] if r["role"] == "queued"]
        with open("/proc/%d/%s" % (row["pid"], name)) as f:
            return f.read()

    def memory(self, p):
        """Octets of queued's own."""
        return 1024 * int(re.search(r"^Private_Dirty: +(\d+)", self.of_queued(
            p, "smaps_rollup"), re.M).group(1))

    def sanitized(self, p):
        """Then it has a guard around each piece, and gives none back."""
        return "asan" in self.of_queued(p, "maps")


if __name__ == "__main__":
    main()
