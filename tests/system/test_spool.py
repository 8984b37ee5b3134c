#!/usr/bin/env python3
"""The spool of a whole host: it does not grow with the mail that passes, and
mail that waits is still there however often the log went round."""
import os
import re
import sys

from host import Case, Raw, main, until
from peers import Sink

LINE = b"x" * 70 + b"\r\n"


class Spool(Case):
    def send_many(self, n, body):
        with Raw(trusted=True) as s:
            s.cmd("EHLO client.test", 250)
            for _ in range(n):
                s.write(b"MAIL FROM:<a@remote.test>\r\n"
                        b"RCPT TO:<r@far.test>\r\nDATA\r\n")
                for expect in (250, 250, 354):
                    self.assertEqual(s.reply()[0], expect)
                s.write(body + b".\r\n")
                self.assertEqual(s.reply()[0], 250)

    def segments(self, p):
        return sorted(x for x in os.listdir(p.dir + "/spool/log")
                      if x.endswith(".seg"))

    def test_what_waits_survives_many_rounds(self):
        p = self.postern(extra="route dead.test { via 127.0.0.1:9; }")
        sink = Sink()
        self.addCleanup(sink.close)
        body = b"Subject: waits\r\n\r\n" + LINE * 200
        for i in range(5):
            p.send("r%d@dead.test" % i, body, trusted=True)
        self.send_many(600, b"\r\n" + LINE * 200)
        until(lambda: len(p.queue()) == 5, "the others are gone")
        until(lambda: int(self.segments(p)[0][:16]) > 3 and
              len(self.segments(p)) < 6, "segments were recycled")
        ids = {r["id"] for r in p.queue()}
        p.kill_all()
        p.start()
        # what had just been delivered may go out once more
        until(lambda: {r["id"] for r in p.queue()} == ids,
              "the same mail waits")
        self.assertIn("Subject: waits", p.ctl("show", sorted(ids)[0]))
        self.assertGreaterEqual(len(sink.mails), 600)

    def test_the_spool_is_only_queueds(self):
        p = self.postern()
        st = os.stat(p.dir + "/spool")
        self.assertEqual(st.st_mode & 0o7777, 0o700)
        queued = [r for r in p.status()["processes"]
                  if r["role"] == "queued"][0]
        self.assertEqual(st.st_uid, queued["uid"])

    def test_no_litter(self):
        p = self.postern()
        sink = Sink()
        self.addCleanup(sink.close)
        big = b"\r\n" + LINE * 20000
        p.send("r@far.test", big, trusted=True)
        p.wait_empty()
        until(lambda: not os.listdir(p.dir + "/spool/large"),
              "the large body is gone")
        with Raw(trusted=True) as s:        # dies in the middle of a body
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            s.cmd("RCPT TO:<r@far.test>", 250)
            s.cmd("DATA", 354)
            s.write(LINE * 3000)
        until(lambda: not os.listdir(p.dir + "/spool/tmp"),
              "nothing is left in tmp")
        self.assertEqual(os.listdir(p.dir + "/spool/damaged"), [])


if __name__ == "__main__":
    main()
