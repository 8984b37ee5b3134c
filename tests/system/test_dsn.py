#!/usr/bin/env python3
"""Reports (RFC 3461 to 3464, 6533), read as a mail program reads them."""
import email
import email.policy
import os
import re

from host import Case, DEADLINE, Postern, Raw, main, stuff, until
from peers import Sink

BODY = (b"From: alice@here.test\r\nSubject: the subject\r\n"
        b"Message-ID: <one@client.test>\r\n\r\nthe text of it\r\n")


def refuse(verb, arg, _session):
    """The recipient's name says what becomes of it."""
    if verb != "RCPT":
        return None
    if "bad" in arg:
        return b"550 5.1.1 no <bad> here; \x1b[2J try elsewhere"
    if "slow" in arg:
        return b"450 4.2.1 later"
    return None


class Report:
    """A report that was delivered: its three parts."""

    def __init__(self, data):
        self.data = data
        self.m = email.message_from_bytes(data, policy=email.policy.default)
        parts = list(self.m.iter_parts())
        self.text, self.fields, self.returned = parts
        blocks = list(self.fields.iter_parts()) \
            if self.fields.is_multipart() else []
        if not blocks:      # Python does not know the global one
            raw = self.fields.get_payload(decode=True) or b""
            blocks = [email.message_from_bytes(
                b, policy=email.policy.default)
                for b in re.split(rb"\r?\n\r?\n", raw.strip())]
        self.message = blocks[0]
        self.rcpts = [b for b in blocks[1:] if b.keys()]

    def by_rcpt(self):
        return {str(r["Final-Recipient"]).split(";")[1].strip(): r
                for r in self.rcpts}


class Dsn(Case):
    EXTRA = """
route sink.test { via 127.0.0.1:2526; }
route dsn.test { via 127.0.0.1:2527; }
"""

    def setUp(self):
        super().setUp()
        self.sink = Sink(reply=refuse)
        self.dsn = Sink(port=2527, reply=refuse, extensions=(
            "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES",
            "DSN"))
        self.addCleanup(self.sink.close)
        self.addCleanup(self.dsn.close)

    def host(self, extra="", files=(), unverified=Postern.UNVERIFIED):
        self.p = self.postern(start=False, conf=Postern.CONF.replace(
            "%(extra)s", self.EXTRA + extra), unverified=unverified)
        for name, text in dict(files).items():
            self.p.write(name, text)
        self.p.start()

    def submit(self, rcpts, mail="", sender="alice@here.test", body=BODY):
        """rcpts: {address: parameters}"""
        with Raw(trusted=True) as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<%s> %s" % (sender, mail), 250)
            for address, parameters in rcpts.items():
                s.cmd("RCPT TO:<%s> %s" % (address, parameters), 250)
            s.cmd("DATA", 354)
            s.write(stuff(body))
            code, text = s.reply()
            self.assertEqual(code, 250, text)

    def reports(self, n, user="alice"):
        return [Report(d) for d in self.p.wait_maildir(user, n)]

    def test_a_failure(self):
        self.host()
        self.submit({"bad@sink.test": "ORCPT=rfc822;b+2Bad@old.test"},
                    "RET=HDRS ENVID=QQ+2B42")
        r = self.reports(1)[0]
        self.assertEqual(r.m.get_content_type(), "multipart/report")
        self.assertEqual(r.m.get_param("report-type"), "delivery-status")
        self.assertEqual(r.m["Auto-Submitted"], "auto-replied")
        self.assertEqual(r.m["Return-Path"], "<>")
        self.assertIn("alice@here.test", r.m["To"])
        self.assertEqual(r.fields.get_content_type(),
                         "message/delivery-status")
        self.assertEqual(r.message["Reporting-MTA"], "dns; mx.test")
        self.assertEqual(r.message["Original-Envelope-Id"], "QQ+42")
        self.assertTrue(r.message["Arrival-Date"])
        f = r.rcpts[0]
        self.assertEqual(f["Original-Recipient"], "rfc822; b+ad@old.test")
        self.assertEqual(f["Final-Recipient"], "rfc822; bad@sink.test")
        self.assertEqual(f["Action"], "failed")
        self.assertEqual(f["Status"], "5.1.1")
        self.assertIn("smtp; 550", f["Diagnostic-Code"])
        self.assertTrue(f["Remote-MTA"].startswith("dns; "))
        self.assertTrue(f["Last-Attempt-Date"])
        self.assertIn("no <bad> here", r.text.get_content())
        self.assertNotIn(b"\x1b", r.data)
        self.assertEqual(r.returned.get_content_type(),
                         "text/rfc822-headers")
        self.assertIn("Subject: the subject", r.returned.get_content())
        self.assertNotIn(b"the text of it", r.data)
        self.p.wait_empty()
        self.assertEqual(len(self.p.maildir("alice")), 1)

    def test_what_is_returned(self):
        self.host("bounce-body 4k;")
        long = BODY + b"x" * 70 + b"\r\n"
        for ret, body, whole in (("RET=FULL", BODY, True), ("", BODY, True),
                                 ("RET=HDRS", BODY, False),
                                 ("RET=FULL", BODY + 80 * (b"y" * 70 +
                                  b"\r\n"), False), ("", long, True)):
            n = len(self.p.maildir("alice"))
            self.submit({"bad@sink.test": ""}, ret, body=body)
            self.p.wait_maildir("alice", n + 1)
            self.p.wait_empty()
        got = sorted(r.returned.get_content_type()
                     for r in self.reports(5))
        self.assertEqual(got, ["message/rfc822"] * 3 +
                         ["text/rfc822-headers"] * 2)
        for r in self.reports(5):
            self.assertEqual(b"the text of it" in r.data,
                             r.returned.get_content_type() ==
                             "message/rfc822")

    def test_notify(self):
        """One report of a message, on those who want one."""
        self.host()
        self.submit({"bad1@sink.test": "NOTIFY=NEVER",
                     "bad2@sink.test": "NOTIFY=SUCCESS,DELAY",
                     "bad3@sink.test": "NOTIFY=FAILURE",
                     "bad4@dsn.test": "",
                     "good1@sink.test": "NOTIFY=SUCCESS",
                     "good2@sink.test": "",
                     "good3@dsn.test": "NOTIFY=SUCCESS ORCPT=rfc822;a+3Db@c",
                     "bob@here.test": "NOTIFY=SUCCESS,FAILURE",
                     "admin@here.test": "NOTIFY=FAILURE"}, "ENVID=e+3D1")
        self.p.wait_empty()
        reports = self.reports(1)
        got = {}
        for r in reports:
            for a, f in r.by_rcpt().items():
                self.assertNotIn(a, got)
                got[a] = (f["Action"], f["Status"])
        self.assertEqual(got, {
            "bad3@sink.test": ("failed", "5.1.1"),
            "bad4@dsn.test": ("failed", "5.1.1"),
            "good1@sink.test": ("relayed", "2.0.0"),
            "bob@here.test": ("delivered", "2.0.0")})
        self.assertEqual(len(reports), 1)
        # who reports is asked in the same words
        self.assertTrue([c for c in self.dsn.commands if c.startswith(
            "MAIL FROM:<alice@here.test>") and c.endswith(" ENVID=e+3D1")])
        self.assertIn("RCPT TO:<good3@dsn.test> NOTIFY=SUCCESS "
                      "ORCPT=rfc822;a+3Db@c", self.dsn.commands)
        self.assertIn("RCPT TO:<bad4@dsn.test>", self.dsn.commands)

    def test_delay(self):
        self.host("delay-warning 1s;")
        self.submit({"slow@sink.test": "NOTIFY=DELAY",
                     "slow2@sink.test": "NOTIFY=FAILURE"})
        r = self.reports(1)[0]
        self.assertEqual(list(r.by_rcpt()), ["slow@sink.test"])
        f = r.rcpts[0]
        self.assertEqual(f["Action"], "delayed")
        self.assertEqual(f["Status"], "4.2.1")
        self.assertTrue(f["Will-Retry-Until"])
        self.assertIn("delayed", r.m["Subject"])
        self.assertTrue(self.p.queue())
        # once: it goes out, and nothing more has been said
        self.sink.reply = None
        self.p.wait_empty()
        self.assertEqual(len(self.p.maildir("alice")), 1)

    def test_an_alias_for_several(self):
        self.host("""
table names file %(dir)s/names;
domain list.test { recipients none; aliases names; }
""", files={"names": "all: bob@here.test, admin@here.test\n"
            "one: bob@here.test\n"})
        self.submit({"all@list.test": "NOTIFY=SUCCESS ORCPT=rfc822;A@b"})
        r = self.reports(1)[0]
        self.assertEqual(list(r.by_rcpt()), ["all@list.test"])
        self.assertEqual(r.rcpts[0]["Action"], "expanded")
        self.assertEqual(r.rcpts[0]["Original-Recipient"], "rfc822; A@b")
        self.submit({"one@list.test": "NOTIFY=SUCCESS"})
        r = self.reports(2)[-1]
        actions = sorted(x.rcpts[0]["Action"] for x in self.reports(2))
        self.assertEqual(actions, ["delivered", "expanded"])
        self.p.wait_empty()
        self.assertEqual(len(self.p.maildir("bob")), 2)
        self.assertEqual(len(self.p.maildir("admin")), 1)
        self.assertEqual(len(self.p.maildir("alice")), 2)

    def test_nobody_is_told(self):
        """Never of a report; nor a sender who is nobody here."""
        self.host()
        self.submit({"bad@sink.test": ""}, sender="")
        self.submit({"bad@sink.test": ""}, sender="nobody@here.test")
        self.p.wait_log(r"from <>, so there is nobody to tell")
        self.p.wait_log(r"its sender <nobody@here.test> leads nowhere")
        self.p.wait_empty()
        self.assertEqual(self.p.maildir("alice"), [])
        self.assertEqual(self.p.maildir("nobody"), [])

    RELAYED = ("domain relay.test { recipients any; relay; }"
               "route relay.test { via 127.0.0.1:2526; }")

    def hostile(self, n):
        """n mails that will fail, pipelined, in alice's name."""
        data = BODY + b".\r\n"
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            for i in range(n):
                s.write(b"MAIL FROM:<alice@here.test>\r\n"
                        b"RCPT TO:<bad%d@relay.test>\r\nDATA\r\n" % i)
                self.assertEqual([s.reply()[0] for _ in range(3)],
                                 [250, 250, 354])
                s.write(data)
                self.assertEqual(s.reply()[0], 250)

    def test_backscatter(self):
        """By default: nobody is told, and nothing is lost."""
        n = int(os.environ.get("BACKSCATTER", "500"))
        self.host(self.RELAYED, unverified="")
        self.hostile(n)
        until(lambda: self.p.log().count("is not verified; held") == n,
              "all are held", DEADLINE + n // 10)
        self.assertEqual(len(self.p.queue("state=held")), n)
        # and one who was asked who he is hears of it
        self.submit({"bad@sink.test": ""})
        self.assertEqual([r.by_rcpt().keys() for r in self.reports(1)],
                         [{"bad@sink.test"}])
        self.p.ctl("remove", "--yes", "state=held")
        self.p.wait_empty()
        self.assertEqual(len(self.p.maildir("alice")), 1)

    def test_unverified_and_others_wait(self):
        """Who can still be served is, before the message is held."""
        self.host(self.RELAYED, unverified="")
        self.assertEqual(self.p.send(
            ["bad@relay.test", "slow@relay.test", "alice@here.test"], BODY,
            sender="bob@here.test")[0], 250)
        self.p.wait_maildir("alice", 1)
        self.p.wait_log(r"rcpt=<bad@relay.test>: its sender is not verified; "
                        "kept until the others are served")
        self.assertEqual(self.p.queue("state=held"), [])
        self.sink.reply = lambda verb, arg, session: \
            b"550 5.1.1 no" if verb == "RCPT" and "bad" in arg else None
        self.p.wait_log(r"rcpt=<bad@relay.test>: its sender is not verified; "
                        "held")
        row, = until(lambda: self.p.queue("state=held"), "it is held")
        self.assertEqual(row["waiting"], 1)
        self.assertEqual([m.rcpts for m in self.sink.mails],
                         [["slow@relay.test"]])

    def test_unverified_senders(self):
        self.host(self.RELAYED, unverified="bounce-unverified discard;")
        self.hostile(20)
        until(lambda: self.p.log().count("is not verified; discarded") == 20,
              "all are discarded")
        self.p.wait_empty()
        self.assertEqual(self.p.maildir("alice"), [])

    def test_who_wants_all_told(self):
        self.host(self.RELAYED, unverified="bounce-unverified report;")
        self.hostile(1)
        self.assertEqual(len(self.reports(1)), 1)

    def test_utf8(self):
        self.host()
        self.submit({"b\u00e4d-bad@dsn.test": ""}, "SMTPUTF8 BODY=8BITMIME",
                    body="Subject: gr\u00fc\u00dfe\r\n\r\nhi\r\n".encode())
        r = self.reports(1)[0]
        self.assertEqual(r.fields.get_content_type(),
                         "message/global-delivery-status")
        self.assertIn("Final-Recipient: utf-8; b\u00e4d-bad@dsn.test"
                      .encode(), r.data)
        self.assertEqual(r.returned.get_content_type(), "message/global")
        self.assertIn("gr\u00fc\u00dfe".encode(), r.data)


if __name__ == "__main__":
    main()
