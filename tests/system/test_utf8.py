#!/usr/bin/env python3
"""Internationalized mail (RFC 6531 to 6533): addresses and headers in UTF-8
come in, stay what they were, and go out only where they can."""
import subprocess

from host import Case, Postern, Raw, build, main, stuff
from peers import Sink
from test_dsn import Report

BODY = ("From: J\u00fcrgen <j\u00fcrgen@here.test>\r\nSubject: Gr\u00fc\u00dfe"
        "\r\n\r\ntext\r\n").encode()
BOOKS = """
domain xn--bcher-kva.test {
	recipients any;
	deliver maildir %(dir)s/mail/%%{user} as %(mail)d:%(mail)d;
}
listen local { socket %(dir)s/run/submit; }
"""
UTF8 = ("PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN")


class Utf8(Case):
    def host(self):
        self.p = self.postern(conf=Postern.CONF.replace("%(extra)s", BOOKS))

    def submit(self, rcpt, mail="SMTPUTF8", sender="j\u00fcrgen@here.test",
               body=BODY, expect=250):
        with Raw(trusted=True) as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<%s> %s" % (sender, mail), 250)
            s.cmd("RCPT TO:<%s" % rcpt, 250)
            s.cmd("DATA", 354)
            s.write(stuff(body))
            self.assertEqual(s.reply()[0], expect)

    def test_into_a_mailbox(self):
        """The domain as people write it; the local part as it is."""
        self.host()
        self.submit("b\u00fcro@B\u00dcCHER.test>")
        got = self.p.wait_maildir("b\u00fcro", 1)[0]
        self.assertIn("Delivered-To: b\u00fcro@xn--bcher-kva.test\n".encode(),
                      got)
        self.assertIn("Return-Path: <j\u00fcrgen@here.test>\n".encode(), got)
        self.assertRegex(got, rb"\tby mx\.test \(postern\) with UTF8SMTP id ")
        self.assertTrue(got.endswith(BODY.replace(b"\r\n", b"\n")), got)
        # a log stays ASCII
        self.p.wait_log(r"from=<j\\xc3\\xbcrgen@here.test> .*proto=UTF8SMTP ")

    def test_not_asked_for(self):
        self.host()
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            for command in ("MAIL FROM:<\u00fc@remote.test>",
                            "MAIL FROM:<u@b\u00fccher.test>"):
                code, text = s.cmd(command)
                self.assertEqual((code, text[4:9]), (553, "5.6.7"))
            s.cmd("MAIL FROM:<u@remote.test>", 250)
            code, text = s.cmd("RCPT TO:<b\u00fcro@xn--bcher-kva.test>")
            self.assertEqual((code, text[4:9]), (553, "5.6.7"))
            s.cmd("RSET", 250)
            # and these are no text, and no name
            for path in (b"\xff@remote.test", b"u@\xc3.test",
                         "u@a\u202eb.test".encode()):
                s.write(b"MAIL FROM:<" + path + b"> SMTPUTF8\r\n")
                self.assertEqual(s.reply()[0], 501, path)
            s.cmd("MAIL FROM:<u@b\u00fccher.test> SMTPUTF8", 250)

    def test_on_to_who_can(self):
        self.host()
        sink = Sink(extensions=UTF8)
        self.addCleanup(sink.close)
        self.submit("b\u00fcro@far.test> ORCPT=utf-8;B\u00fcro\\x{2B}a@far.test "
                    "NOTIFY=NEVER", "SMTPUTF8 BODY=8BITMIME")
        self.p.wait_empty()
        said = [c.encode("latin-1").decode() for c in sink.commands]
        said = [c for c in said if c.startswith(("MAIL", "RCPT"))]
        self.assertRegex(said[0], "^MAIL FROM:<j\u00fcrgen@here.test> .*SMTPUTF8")
        self.assertRegex(said[1], "^RCPT TO:<b\u00fcro@far.test> ")
        self.assertIn("ORCPT=utf-8;B\u00fcro\\x{2B}a@far.test", said[1])

    def test_ascii_after_all(self):
        """RFC 6531 3.6: who asked for it and does not need it."""
        self.host()
        sink = Sink()
        self.addCleanup(sink.close)
        self.submit("bob@far.test>", sender="alice@here.test",
                    body=b"Subject: plain\r\n\r\nhi\r\n")
        self.p.wait_empty()
        self.assertNotIn("SMTPUTF8", " ".join(sink.commands))

    def test_by_sendmail(self):
        self.host()
        run = subprocess.run(
            [build() + "/sendmail", "-i", "-N", "success",
             "-f", "alice@here.test", "b\u00fcro@b\u00fccher.test"],
            env={"POSTERN_SUBMIT": self.p.dir + "/run/submit"}, input=b"Subject: x\n\ntext\n", stderr=subprocess.PIPE)
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        got = self.p.wait_maildir("b\u00fcro", 1)[0]
        self.assertIn(b" with UTF8SMTP id ", got)
        report = Report(self.p.wait_maildir("alice", 1)[0])
        self.assertIn("Original-Recipient: utf-8; b\u00fcro@b\u00fccher.test"
                      .encode(), report.data)

    def test_back_from_who_cannot(self):
        self.host()
        sink = Sink()
        self.addCleanup(sink.close)
        self.submit("b\u00fcro@far.test>", sender="alice@here.test")
        report = Report(self.p.wait_maildir("alice", 1)[0])
        self.assertEqual(report.fields.get_content_type(),
                         "message/global-delivery-status")
        self.assertIn("Final-Recipient: utf-8; b\u00fcro@far.test".encode(),
                      report.data)
        self.assertIn(b"Status: 5.6.7", report.data)
        self.assertIn("Gr\u00fc\u00dfe".encode(), report.data)
        self.assertEqual(sink.mails, [])


if __name__ == "__main__":
    main()
