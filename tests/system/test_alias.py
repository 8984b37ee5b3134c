#!/usr/bin/env python3
"""Aliases with real mail: lists, catch-all, extensions, refusals, loops, and
what reports say of them."""
import os
import re

from host import Case, DEADLINE, Raw, main
from peers import Sink

BODY = b"From: a@remote.test\r\nSubject: test\r\n\r\nHello\r\n"

ALIASES = """# as in aliases(5)
postmaster: root
root:   alice
info:   alice, bob, out@far.test
team:   :include:%(dir)s/team
me:     alice
alice:  alice, bob
self:   "alice"
round:  around
around: round
gone:   error:5.1.6 moved to gone@far.test, for good
busy:   error:450 4.2.1 come back tomorrow
d0: d1
d1: d2
d2: d3
d3: d4
d4: d5
d5: d6
d6: d7
d7: d8
d8: d9
d9: d10
d10: bob
"""

VIRTUAL = """# as Postfix has them
away@virtual.test   nobody@far.test
*@virtual.test      bob@here.test
"""

CONF = """
hostname mx.test;
uid-base %(uid)d;
run-directory %(dir)s/run;
spool { directory %(dir)s/spool; segment-size 1m; reserve 1m; }
log { level debug; }
postmaster alice@here.test;
delivery-users %(mail)d;
%(unverified)s
table mailboxes file %(dir)s/mailboxes;
table aliases file %(dir)s/aliases;
table large file %(dir)s/large;
table virtual file %(dir)s/virtual;
listen mx { address 127.0.0.1; port 25; trust 127.0.0.2/32; %(listen)s }
domain here.test {
	recipients mailboxes;
	aliases aliases;
	aliases large;
	deliver maildir %(dir)s/mail/%%{user} as %(mail)d:%(mail)d;
}
domain virtual.test { recipients none; aliases virtual; }
retry { min %(retry)s; max 2s; expire %(expire)s; }
%(extra)s
route * { via 127.0.0.1:2526; }
"""


class Alias(Case):
    def host(self, large="unused: bob\n", **kw):
        p = self.postern(conf=CONF, start=False, **kw)
        p.write("mailboxes", "alice\nbob\n")
        p.write("aliases", ALIASES % {"dir": p.dir})
        p.write("large", large)
        p.write("virtual", VIRTUAL)
        p.write("team", "# a list\nbob@here.test\n<alice@here.test>\n")
        return p

    def rcpt(self, s, address):
        return s.cmd("RCPT TO:<%s>" % address)[1]

    def test_a_list(self):
        sink = Sink()
        self.addCleanup(sink.close)
        p = self.host().start()
        code, text = p.send(["info@here.test", "bob@here.test"], BODY)
        self.assertEqual(code, 250, text)
        p.wait_empty()
        for user in "alice", "bob":
            got = p.maildir(user)
            self.assertEqual(len(got), 1, user)
            self.assertIn(b"\nDelivered-To: %s@here.test\n" % user.encode(),
                          got[0])
        self.assertEqual([m.rcpts for m in sink.mails], [["out@far.test"]])
        p.wait_log(r"alias id=\S+ rcpt=<info@here\.test> results=3")
        self.assertEqual(p.stop(), 0)

    def test_an_included_list_and_itself(self):
        p = self.host().start()
        p.send("team@here.test", BODY)
        p.wait_maildir("bob", 1)
        # alice: alice, bob; her own mailbox is meant by the first
        p.send("ALICE@here.test", BODY)
        p.wait_empty()
        self.assertEqual(len(p.maildir("alice")), 2)
        self.assertEqual(len(p.maildir("bob")), 2)

    def test_extensions(self):
        p = self.host().start()
        p.send("bob+lists@here.test", BODY)
        got = p.wait_maildir("bob", 1)[0]
        self.assertIn(b"\nDelivered-To: bob@here.test\n", got)
        self.assertIn(b"for <bob+lists@here.test>", got)
        p.send("me+x@here.test", BODY)
        p.wait_maildir("alice", 1)
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            self.assertEqual(self.rcpt(s, "eve+lists@here.test")[:9],
                             "550 5.1.1")
        self.assertEqual(sorted(os.listdir(p.dir + "/mail")),
                         ["alice", "bob"])

    def test_catch_all_and_postmaster(self):
        sink = Sink()
        self.addCleanup(sink.close)
        p = self.host().start()
        p.send(["who.ever@virtual.test", "away@virtual.test"], BODY)
        p.wait_maildir("bob", 1)
        p.send("postmaster@virtual.test", BODY)
        p.wait_maildir("alice", 1)
        p.send("Postmaster", BODY)
        p.wait_maildir("alice", 2)
        p.wait_empty()
        self.assertEqual([m.rcpts for m in sink.mails],
                         [["nobody@far.test"]])

    def test_refusals(self):
        p = self.host().start()
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            for address, want in [
                    ("gone", "550 5.1.6 <gone@here.test>: moved to "
                     "gone@far.test, for good"),
                    ("busy", "450 4.2.1 <busy@here.test>: come back "
                     "tomorrow"),
                    ("round", "550 5.4.6 "), ("around", "550 5.4.6 "),
                    ("d0", "550 5.4.6 "), ("d1", "250 "),
                    ("eve", "550 5.1.1 ")]:
                self.assertEqual(self.rcpt(s, address + "@here.test")
                                 [:len(want)], want)
        p.wait_log(r"alias rcpt=<round@here\.test>: a loop, "
                   r"<around@here\.test> leads to <round@here\.test> again")
        p.wait_log(r"refuse id=\S+ .*rcpt=<gone@here\.test>.* code=550 "
                   r"reason=refused text=\"moved to")

    def test_too_many_for_one_message(self):
        names = ["a%d@far.test" % i for i in range(600)]
        more = ["b%d@far.test" % i for i in range(600)]
        p = self.host("one: %s\ntwo: %s\nall: one, two\n" % (
            ", ".join(names), ",\n\t".join(more))).start()
        sink = Sink()
        self.addCleanup(sink.close)
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            s.cmd("RCPT TO:<one@here.test>", 250)
            self.assertEqual(self.rcpt(s, "two@here.test")[:9],
                             "452 4.5.3")
            self.assertEqual(self.rcpt(s, "all@here.test")[:9],
                             "550 5.2.4")
            # both asked about at once
            s.cmd("RSET", 250)
            s.write(b"MAIL FROM:<a@remote.test>\r\n"
                    b"RCPT TO:<one@here.test>\r\n"
                    b"RCPT TO:<two@here.test>\r\nDATA\r\n")
            self.assertEqual([s.reply()[0] for _ in range(4)],
                             [250, 250, 452, 354])
            s.write(BODY + b".\r\n")
            self.assertEqual(s.reply()[0], 250)
        p.wait_empty()
        got = sorted(r for m in sink.mails for r in m.rcpts)
        self.assertEqual(got, sorted(names))

    def test_reports(self):
        """They name the alias; and one to an alias finds its way."""
        sink = Sink(reply=lambda verb, arg, _: b"550 5.7.1 not from you"
                    if verb == "RCPT" and "out@far.test" in arg else None)
        self.addCleanup(sink.close)
        p = self.host().start()
        p.send("info@here.test", BODY, sender="me+x@here.test")
        p.wait_empty()
        reports = [m for m in p.maildir("alice")
                   if b"multipart/report" in m]
        self.assertEqual(len(reports), 1)
        self.assertIn(b"\nOriginal-Recipient: rfc822; info@here.test\n",
                      reports[0])
        self.assertIn(b"\nFinal-Recipient: rfc822; out@far.test\n",
                      reports[0])

    def test_what_load_refuses(self):
        p = self.host()
        os.chmod(p.dir + "/team", 0o664)
        p.start(wait=False)
        self.assertNotEqual(p.proc.wait(DEADLINE), 0)
        self.assertRegex(p.log(), re.escape(p.dir) + r"/aliases:5: "
                         r":include:\S+/team: not root's, or others may "
                         r"write to it")
        os.chmod(p.dir + "/team", 0o644)
        os.chown(p.dir + "/team", 5400, 5400)
        p.start(wait=False)
        self.assertNotEqual(p.proc.wait(DEADLINE), 0)
        self.assertEqual(len(re.findall("/aliases:5: ", p.log())), 2)


if __name__ == "__main__":
    main()
