#!/usr/bin/env python3
"""A mail goes in and comes out: into mailboxes, on to other hosts, by name
and by fixed next hop, byte for byte, with real programs at both ends."""
import email
import os
import re
import smtplib
import subprocess
import sys

from host import Case, MAIL_UID, Raw, build, main, until
from peers import Dns, Sink

BODY = (b"From: a@remote.test\r\nTo: alice@here.test\r\nSubject: test\r\n"
        b"\r\nHello\r\n")
PEERS = os.environ.get("PEERS", build() + "/peers") + "/postfix"


def content(mail):
    """What was sent, out of what a sink got: without our trace header."""
    head, rest = mail.split(b"\r\n", 1)
    assert head.startswith(b"Received: "), head
    while rest[:1] in b" \t":
        rest = rest.split(b"\r\n", 1)[1]
    return rest


class Local(Case):
    def test_into_a_maildir(self):
        p = self.postern()
        code, text = p.send("alice@here.test", BODY)
        self.assertEqual(code, 250, text)
        self.assertRegex(text, r"^250 2\.0\.0 Ok: queued as [0-9a-z]{26}$")
        mid = text.split()[-1]
        got = p.wait_maildir("alice", 1)[0]
        lines = got.split(b"\n")
        self.assertEqual(lines[0], b"Return-Path: <sender@remote.test>")
        self.assertEqual(lines[1], b"Delivered-To: alice@here.test")
        self.assertTrue(lines[2].startswith(b"Received: from client.test "))
        self.assertIn(mid.encode(), got.split(b"\nFrom:")[0])
        self.assertTrue(got.endswith(BODY.replace(b"\r\n", b"\n")))
        p.wait_log("deliver id=%s rcpt=<alice@here.test> status=delivered"
                   % mid)
        p.wait_empty()
        self.assertEqual(p.stop(), 0)

    def test_the_mailbox_is_its_users(self):
        p = self.postern()
        p.send("bob@here.test", BODY)
        p.wait_maildir("bob", 1)
        new = p.dir + "/mail/bob/new"
        for path in [p.dir + "/mail/bob", new,
                     new + "/" + os.listdir(new)[0]]:
            st = os.stat(path)
            self.assertEqual((st.st_uid, st.st_gid), (MAIL_UID, MAIL_UID))
            self.assertEqual(st.st_mode & 0o077, 0, path)
        self.assertEqual(os.listdir(p.dir + "/mail/bob/tmp"), [])

    def test_one_return_path_even_if_there_was_one(self):
        p = self.postern()
        p.send("alice@here.test", b"Return-Path: <forged@x.test>\r\n" + BODY)
        got = p.wait_maildir("alice", 1)[0]
        self.assertEqual(re.findall(rb"^Return-Path:.*$", got, re.M),
                         [b"Return-Path: <sender@remote.test>"])

    def test_several_recipients_and_dots(self):
        p = self.postern()
        body = BODY + b".\r\n..\r\n.leading\r\nend.\r\n"
        p.send(["alice@here.test", "bob@here.test"], body)
        for user in "alice", "bob":
            got = p.wait_maildir(user, 1)[0]
            self.assertTrue(got.endswith(body.replace(b"\r\n", b"\n")))

    def test_unknown_recipients_and_strangers(self):
        p = self.postern()
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            self.assertEqual(s.cmd("RCPT TO:<nobody@here.test>")[1][:9],
                             "550 5.1.1")
            self.assertEqual(s.cmd("RCPT TO:<x@elsewhere.test>")[1][:9],
                             "554 5.7.1")
            s.cmd("DATA", 554)
            s.cmd("RCPT TO:<Postmaster>", 250)
            s.cmd("RCPT TO:<ALICE@HERE.TEST>", 250)
            s.cmd("QUIT", 221)

    def test_eight_bit_and_long_lines(self):
        p = self.postern()
        body = BODY + bytes(range(128, 256)) + b"\r\n" + b"x" * 990 + b"\r\n"
        p.send("alice@here.test", body, options=["BODY=8BITMIME"])
        got = p.wait_maildir("alice", 1)[0]
        self.assertTrue(got.endswith(body.replace(b"\r\n", b"\n")))

    def test_smtplib(self):
        p = self.postern()
        with p.smtp() as s:
            s.sendmail("me@remote.test", ["alice@here.test"],
                       "Subject: smtplib\r\n\r\nbody\r\n")
        got = email.message_from_bytes(p.wait_maildir("alice", 1)[0])
        self.assertEqual(got["Subject"], "smtplib")

    def test_swaks(self):
        p = self.postern()
        out = subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--to", "alice@here.test",
             "--from", "s@remote.test", "--body", "by swaks"],
            stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertIn("queued as", out)
        self.assertIn(b"by swaks", p.wait_maildir("alice", 1)[0])


class Relay(Case):
    def sink(self, **kw):
        s = Sink(**kw)
        self.addCleanup(s.close)
        return s

    def test_trusted_clients_relay_by_the_fixed_next_hop(self):
        sink, p = self.sink(), self.postern()
        body = BODY + b".dot\r\n" + b"y" * 998 + b"\r\n\r\n"
        code, text = p.send(["x@far.test", "y@far.test"], body,
                            trusted=True)
        self.assertEqual(code, 250, text)
        p.wait_empty()
        self.assertEqual(len(sink.mails), 1)
        m = sink.mails[0]
        self.assertEqual(m.sender, "sender@remote.test")
        self.assertEqual(sorted(m.rcpts), ["x@far.test", "y@far.test"])
        self.assertEqual(content(m.data), body)

    def test_bodies_of_every_size_class(self):
        sink, p = self.sink(), self.postern()
        sizes = [0, 1, 1000, 65535, 65536, 65537, 200000, 1048576, 1100000,
                 5000000]
        bodies = {}
        for n in sizes:
            line = b"%07d" % n + b"z" * 70 + b"\r\n"
            text = (line * (n // len(line) + 1))[:n]
            if not text.endswith(b"\r\n"):
                text = text[:-2] + b"\r\n" if n > 2 else b""
            bodies[n] = b"X-Size: %d\r\n\r\n" % n + text
            code, why = p.send("r@far.test", bodies[n], trusted=True)
            self.assertEqual(code, 250, why)
        p.wait_empty(120)
        got = {int(re.search(rb"^X-Size: (\d+)", m.data, re.M).group(1)):
               content(m.data) for m in sink.mails}
        self.assertEqual(len(sink.mails), len(sizes))
        for n in sizes:
            self.assertTrue(got[n] == bodies[n], "size %d" % n)

    def test_results_are_per_recipient(self):
        def reply(verb, arg, _):
            if verb == "RCPT" and "bad" in arg:
                return b"550 5.1.1 no such user here"
            return None
        sink, p = self.sink(reply=reply), self.postern()
        p.send(["good@far.test", "bad@far.test"], BODY, trusted=True,
               sender="alice@here.test")
        bounce = p.wait_maildir("alice", 1)[0]
        p.wait_empty()
        self.assertEqual(sink.mails[0].rcpts, ["good@far.test"])
        m = email.message_from_bytes(bounce)
        self.assertEqual(m.get_content_type(), "multipart/report")
        self.assertEqual(m.get_param("report-type"), "delivery-status")
        status = m.get_payload()[1].as_string()
        self.assertIn("Final-Recipient: rfc822; bad@far.test", status)
        self.assertIn("Action: failed", status)
        self.assertIn("Status: 5.1.1", status)
        self.assertIn("no such user here", status)
        self.assertNotIn("good@far.test", status)
        self.assertTrue(bounce.startswith(b"Return-Path: <>\n"))
        self.assertEqual(m["Auto-Submitted"], "auto-replied")

    def test_no_report_for_the_null_path(self):
        sink = self.sink(reply=lambda v, a, s: b"550 5.1.1 no"
                         if v == "RCPT" else None)
        p = self.postern()
        p.send("bad@far.test", BODY, sender="", trusted=True)
        p.wait_empty()
        self.assertEqual(p.maildir("admin") + p.maildir("postmaster"), [])
        self.assertEqual(sink.mails, [])

    def test_temporary_failures_are_tried_again(self):
        state = {"n": 0}

        def reply(verb, arg, _):
            if verb == "RCPT":
                state["n"] += 1
                if state["n"] < 3:
                    return b"450 4.2.0 later, please"
            return None
        sink, p = self.sink(reply=reply), self.postern()
        p.send("x@far.test", BODY, trusted=True)
        p.wait_log("status=deferred.*later, please")
        p.wait_empty()
        self.assertEqual(len(sink.mails), 1)

    def test_a_dead_next_hop_comes_back(self):
        p = self.postern()
        p.send("x@far.test", BODY, trusted=True)
        p.wait_log("far.test.*status=deferred|route-down|down")
        self.assertEqual(len(p.queue()), 1)
        sink = self.sink()
        p.wait_empty()
        self.assertEqual(len(sink.mails), 1)

    def test_expired_mail_is_reported(self):
        p = self.postern(expire="3s")
        p.send("x@far.test", BODY, trusted=True, sender="alice@here.test")
        got = p.wait_maildir("alice", 1)[0]
        self.assertRegex(got, rb"Status: [45]\.4\.[17]")
        p.wait_empty()

    def test_connection_cut_in_the_middle(self):
        state = {"n": 0}

        def reply(verb, arg, _):
            state["n"] += verb == "DATA"
            return False if verb == "DATA" and state["n"] == 1 else None
        sink, p = self.sink(reply=reply), self.postern()
        p.send("x@far.test", BODY, trusted=True)
        p.wait_empty()
        self.assertEqual(len(sink.mails), 1)

    def test_helo_when_ehlo_is_refused(self):
        sink = self.sink(reply=lambda v, a, s: b"502 5.5.1 what?"
                         if v == "EHLO" else None)
        p = self.postern()
        p.send("x@far.test", BODY, trusted=True)
        p.wait_empty()
        self.assertEqual(content(sink.mails[0].data), BODY)
        self.assertIn("HELO mx.test", sink.commands)

    def test_connections_are_used_again(self):
        sink, p = self.sink(), self.postern()
        with Raw(trusted=True) as s:
            s.cmd("EHLO client.test", 250)
            for i in range(50):
                s.cmd("MAIL FROM:<s@remote.test>", 250)
                s.cmd("RCPT TO:<r%d@far.test>" % i, 250)
                s.cmd("DATA", 354)
                s.write(BODY + b".\r\n")
                self.assertEqual(s.reply()[0], 250)
        p.wait_empty()
        self.assertEqual(len(sink.mails), 50)
        self.assertEqual(len({m.rcpts[0] for m in sink.mails}), 50)
        self.assertLess(sink.sessions, 40)


    def test_a_large_mail_to_many_destinations(self):
        # each job of it passes a descriptor
        n = 200
        sink = self.sink(address="0.0.0.0")
        p = self.postern(extra="".join(
            "route d%d.test { via 127.0.1.%d:2526; }" % (i, i + 1)
            for i in range(n)))
        body = BODY + (b"x" * 70 + b"\r\n") * 1500
        p.send(["r@d%d.test" % i for i in range(n)], body, trusted=True)
        p.send("r@d1.test", BODY, trusted=True)
        p.wait_empty()
        self.assertEqual(len(sink.mails), n + 1)
        self.assertEqual(len({m.rcpts[0] for m in sink.mails}), n)
        self.assertNotIn("out of bounds", p.log())


class ByName(Case):
    """Mail hosts found by DNS."""

    CONF = "allow-loopback yes; smtp-port 2525; dns { server 127.0.0.53; }"

    def start(self, zone, answer=None, **kw):
        dns = Dns(zone, answer=answer)
        self.addCleanup(dns.close)
        p = self.postern(extra=self.CONF + "route far.test { concurrency 5; }"
                         "route .test { concurrency 5; }", **kw)
        return p

    def sink(self, address):
        s = Sink(address=address, port=2525)
        self.addCleanup(s.close)
        return s

    def test_the_best_mail_host_that_answers(self):
        p = self.start({
            ("far.test", "MX"): [(20, "b.far.test"), (10, "a.far.test"),
                                 (30, "c.far.test")],
            ("a.far.test", "A"): ["127.0.0.11"], ("a.far.test", "AAAA"): [],
            ("b.far.test", "A"): ["127.0.0.12"], ("b.far.test", "AAAA"): [],
            ("c.far.test", "A"): ["127.0.0.13"], ("c.far.test", "AAAA"): []})
        b, c = self.sink("127.0.0.12"), self.sink("127.0.0.13")
        p.send("x@far.test", BODY, trusted=True)    # a does not answer
        p.wait_empty()
        self.assertEqual((len(b.mails), len(c.mails)), (1, 0))

    def test_no_mx_means_the_host_itself(self):
        p = self.start({("far.test", "A"): ["127.0.0.11"],
                        ("far.test", "MX"): [], ("far.test", "AAAA"): []})
        a = self.sink("127.0.0.11")
        p.send("x@far.test", BODY, trusted=True)
        p.wait_empty()
        self.assertEqual(len(a.mails), 1)

    def test_null_mx_and_no_such_domain(self):
        p = self.start({("far.test", "MX"): [(0, "")]})
        for domain, code in (("far.test", "5.1.10"), ("gone.test", "5.1.2")):
            p.send("x@" + domain, BODY, trusted=True,
                   sender="alice@here.test")
            p.wait_log("rcpt=<x@%s> status=failed code=%s" % (domain, code))
        p.wait_maildir("alice", 2)
        p.wait_empty()

    def test_name_servers_that_fail(self):
        state = {"fail": True}
        p = self.start({("far.test", "MX"): [(1, "a.far.test")],
                        ("a.far.test", "A"): ["127.0.0.11"],
                        ("a.far.test", "AAAA"): []},
                       answer=lambda n, t: 2 if state["fail"] else None)
        a = self.sink("127.0.0.11")
        p.send("x@far.test", BODY, trusted=True)
        p.wait_log("far.test> status=deferred code=4.4.3|route-down|down")
        state["fail"] = False
        p.wait_empty()
        self.assertEqual(len(a.mails), 1)

    def test_loopback_is_nobodys_mail_host(self):
        dns = Dns({("far.test", "MX"): [(1, "a.far.test")],
                   ("a.far.test", "A"): ["127.0.0.11"],
                   ("a.far.test", "AAAA"): []})
        self.addCleanup(dns.close)
        p = self.postern(extra="smtp-port 2525; dns { server 127.0.0.53; }"
                         "route far.test { concurrency 5; }")
        a = self.sink("127.0.0.11")
        p.send("x@far.test", BODY, trusted=True)
        p.wait_log("x@far.test> status=(deferred|failed)")
        self.assertEqual(len(a.mails), 0)


class RealPrograms(Case):
    def setUp(self):
        super().setUp()
        if not os.path.exists(PEERS + "/usr/sbin/smtp-source"):
            self.skipTest("smtp-source and smtp-sink of Postfix are not "
                          "below " + PEERS)

    def tool(self, name, *args, **kw):
        env = dict(os.environ, LD_LIBRARY_PATH=PEERS + "/usr/lib/postfix")
        return subprocess.Popen([PEERS + "/usr/sbin/" + name, *args],
                                env=env, **kw)

    def source(self, n, rcpt):
        src = self.tool("smtp-source", "-s", "20", "-m", str(n), "-l", "2000",
                        "-d", "-f", "s@remote.test", "-t", rcpt, "-M",
                        "source.test", "inet:127.0.0.1:25",
                        stderr=subprocess.DEVNULL)
        return src.wait()

    def test_smtp_source_to_smtp_sink(self):
        p = self.postern(listen="trust 127.0.0.1/32;")
        sink = self.tool("smtp-sink", "-u", "nobody", "127.0.0.1:2526",
                         "1000")
        self.addCleanup(lambda: (sink.terminate(), sink.wait()))
        self.assertEqual(self.source(500, "r@far.test"), 0)
        p.wait_empty()
        self.assertEqual(len(re.findall(
            r"rcpt=<[^>]*r@far.test> status=delivered", p.log())), 500)

    def test_smtp_source_to_a_maildir(self):
        p = self.postern()
        self.assertNotEqual(self.source(1, "nobody@here.test"), 0)
        self.assertEqual(self.source(500, "alice@here.test"), 0)
        p.wait_maildir("alice", 500)


if __name__ == "__main__":
    main()
