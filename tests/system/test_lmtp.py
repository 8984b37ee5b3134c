#!/usr/bin/env python3
"""Mail by LMTP to a service, and recipients that the next hop is asked
about."""
import os
import signal
import subprocess
import threading

from host import Case, DEADLINE, Raw, build, main, until
from peers import Dns, LmtpSink, Sink

BODY = b"From: a@remote.test\r\nSubject: test\r\n\r\nHello\r\n"

BOXES = """
domain boxes.test { recipients any; deliver lmtp unix:%(dir)s/lmtp; }
domain tcp.test { recipients any; deliver lmtp 127.0.0.1:2424; }
domain host.test { recipients any; deliver lmtp boxes.here:2424; }
"""
ASKED = """
domain boxes.test { recipients verify; deliver lmtp unix:%(dir)s/lmtp; }
domain relay.test { recipients verify; relay; }
"""


def rcpt_of(arg):
    return arg[arg.index("<") + 1:arg.index(">")]


def kill(p, role):
    """kill -9, of one that lives: the one before may just have been."""
    def killed():
        pid = p.pids().get(role)
        try:
            return pid and os.kill(pid, signal.SIGKILL) is None
        except ProcessLookupError:
            return False
    until(killed, role + " is killed")


class Service(Case):
    def lmtp(self, p, **kw):
        kw.setdefault("path", p.dir + "/lmtp")
        if kw["path"] and os.path.exists(kw["path"]):
            os.unlink(kw["path"])
        sink = LmtpSink(**kw)
        self.addCleanup(sink.close)
        return sink

    def boxes(self, extra=BOXES, **kw):
        """A postern, not started, so that what it connects to can be."""
        p = self.postern(start=False, **kw)
        p.conf = p.conf.replace("route * {", extra % dict(dir=p.dir) +
                                "route * {")
        p.write("postern.conf", p.conf)
        return p


class Lmtp(Service):
    def test_unix_socket(self):
        p = self.boxes()
        sink = self.lmtp(p)
        p.start()
        for _ in range(5):
            p.send(["a@boxes.test", "b@boxes.test"], BODY)
            p.wait_empty()
        self.assertEqual(sorted(m.rcpts[0] for m in sink.mails),
                         ["a@boxes.test"] * 5 + ["b@boxes.test"] * 5)
        # connections are used again
        self.assertLess(sink.sessions, 5)
        self.assertIn("LHLO mx.test", sink.commands)
        # RFC 5321 4.4: Return-Path is for whoever makes the final delivery
        self.assertNotIn(b"Return-Path:", sink.mails[0].data)
        p.wait_log(r"deliver id=\w+ rcpt=<a@boxes.test> "
                   r"status=delivered .*host=unix:\S*/lmtp")

    def test_tcp(self):
        p = self.boxes()
        sink = self.lmtp(p, path=None, port=2424)
        dns = Dns({("boxes.here", "A"): ["127.0.0.1"]})
        self.addCleanup(dns.close)
        p.write("postern.conf", p.conf + "dns { server 127.0.0.53; }\n")
        p.start()
        p.send(["a@tcp.test", "b@host.test"], BODY)
        p.wait_empty()
        self.assertEqual(sorted(m.rcpts[0] for m in sink.mails),
                         ["a@tcp.test", "b@host.test"])
        self.assertIn(("boxes.here", "A"), dns.asked)

    def test_each_recipient_has_its_result(self):
        """One is delivered, one is full for a while, one is refused."""
        p = self.boxes()
        full = ["b@boxes.test"]

        def reply(verb, arg, session):
            if verb == "." and arg in full:
                full.remove(arg)
                return b"452 4.2.2 mailbox full"
            if verb == "." and arg == "c@boxes.test":
                return b"550 5.2.1 mailbox disabled"
            return None
        sink = self.lmtp(p, reply=reply)
        p.start()
        p.send(["a@boxes.test", "b@boxes.test", "c@boxes.test"], BODY,
               sender="alice@here.test")
        p.wait_empty()
        got = sorted(m.rcpts[0] for m in sink.mails)
        self.assertEqual(got, ["a@boxes.test", "b@boxes.test"])
        report = p.wait_maildir("alice", 1)[0]
        self.assertIn(b"c@boxes.test", report)
        self.assertIn(b"mailbox disabled", report)
        self.assertNotIn(b"a@boxes.test", report.split(b"\n\n", 1)[1]
                         .split(b"Content-Type: text/rfc822")[0])
        self.assertEqual(len(p.maildir("alice")), 1)

    def test_lost_between_replies(self):
        """Who has had a reply is not delivered to again."""
        p = self.boxes()
        lose = [1]

        def reply(verb, arg, session):
            if verb == "." and arg == "b@boxes.test" and lose:
                lose.pop()
                return False
            return None
        sink = self.lmtp(p, reply=reply)
        p.start()
        p.send(["a@boxes.test", "b@boxes.test"], BODY)
        p.wait_empty()
        self.assertEqual(sorted(m.rcpts[0] for m in sink.mails),
                         ["a@boxes.test", "b@boxes.test"])

    def test_service_comes_later(self):
        p = self.boxes()
        p.start()
        p.send("a@boxes.test", BODY)
        p.wait_log(r"route=unix:\S*/lmtp status=down .*"
                   r"reply=\"unix:\S*/lmtp: No such file or directory\"")
        sink = self.lmtp(p)
        p.wait_empty()
        self.assertEqual(len(sink.mails), 1)

    def test_connect_killed(self):
        """kill -9 of the one that connects, while there is mail to bring."""
        p = self.boxes()
        sink = self.lmtp(p)
        p.start()
        for i in range(5):
            kill(p, "connect")
            self.assertEqual(p.send("a@boxes.test", BODY)[0], 250)
            until(lambda: len(sink.mails) > i, "mail %d" % i)
        p.wait_empty()
        self.assertEqual(len(sink.mails), 5)

    def test_reload(self):
        """Mail that waits for a service finds it, wherever it stands now."""
        p = self.boxes()
        p.start()
        p.send("a@boxes.test", BODY)
        p.wait_log(r"route=unix:\S*/lmtp status=down")
        p.write("postern.conf", p.conf.replace(
            "domain boxes.test", "domain first.test { recipients any; "
            "deliver lmtp 127.0.0.1:2525; }\ndomain boxes.test"))
        p.ctl("reload")
        sink = self.lmtp(p)
        p.wait_empty()
        self.assertEqual(len(sink.mails), 1)


class Verify(Service):
    """recipients verify"""

    def reply(self, verb, arg, session):
        if verb != "RCPT":
            return None
        name = rcpt_of(arg)
        if name in self.unknown:
            return b"550 5.1.1 there is no such user here"
        if name in self.later:
            return b"450 4.2.0 come back later"
        return None

    def setUp(self):
        super().setUp()
        self.unknown, self.later = {"no@boxes.test"}, set()

    def asked(self, sink, rcpt):
        return sum(c.startswith("RCPT TO:<%s>" % rcpt)
                   for c in sink.commands)

    def rcpt(self, address, trusted=False):
        with Raw(trusted=trusted) as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            return s.cmd("RCPT TO:<%s>" % address)

    def test_yes_and_no(self):
        p = self.boxes(ASKED)
        sink = self.lmtp(p, reply=self.reply)
        p.start()
        for _ in range(3):
            code, text = self.rcpt("no@boxes.test")
            self.assertEqual(code, 550)
            self.assertIn("5.1.1", text)
            self.assertIn("there is no such user here", text)
        self.assertEqual(self.asked(sink, "no@boxes.test"), 1)
        for _ in range(3):
            self.assertEqual(self.rcpt("yes@boxes.test")[0], 250)
        self.assertEqual(self.asked(sink, "yes@boxes.test"), 1)
        # submitted without another question; the second is the mail's own
        self.assertEqual(p.send("yes@boxes.test", BODY)[0], 250)
        p.wait_empty()
        self.assertEqual(self.asked(sink, "yes@boxes.test"), 2)
        self.assertEqual([m.rcpts for m in sink.mails], [["yes@boxes.test"]])
        self.assertIn("MAIL FROM:<>", sink.commands)

    def test_many_at_a_time(self):
        """Clients that ask at once have one question and one answer."""
        p = self.boxes(ASKED)
        hold = threading.Event()

        def reply(verb, arg, session):
            if verb == "RCPT":
                hold.wait(DEADLINE)
            return self.reply(verb, arg, session)
        sink = self.lmtp(p, reply=reply)
        p.start()
        got = []
        clients = [threading.Thread(
            target=lambda: got.append(self.rcpt("yes@boxes.test")[0]))
            for _ in range(10)]
        for c in clients:
            c.start()
        until(lambda: self.asked(sink, "yes@boxes.test"), "a question")
        hold.set()
        for c in clients:
            c.join()
        self.assertEqual(got, [250] * 10)
        self.assertEqual(self.asked(sink, "yes@boxes.test"), 1)

    def test_pipelined_recipients(self):
        p = self.boxes(ASKED)
        sink = self.lmtp(p, reply=self.reply)
        p.start()
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            s.write(b"MAIL FROM:<a@remote.test>\r\n" +
                    b"RCPT TO:<a@boxes.test>\r\n"
                    b"RCPT TO:<no@boxes.test>\r\n"
                    b"RCPT TO:<alice@here.test>\r\n"
                    b"RCPT TO:<b@boxes.test>\r\n")
            self.assertEqual([s.reply()[0] for _ in range(5)],
                             [250, 250, 550, 250, 250])
            s.cmd("DATA", 354)
            s.write(BODY + b".\r\n")
            self.assertEqual(s.reply()[0], 250)
        p.wait_empty()
        p.wait_maildir("alice", 1)
        self.assertEqual(sorted(m.rcpts[0] for m in sink.mails),
                         ["a@boxes.test", "b@boxes.test"])

    def test_not_now(self):
        """What cannot be told is asked again soon."""
        p = self.boxes(ASKED)
        self.later.add("a@boxes.test")
        sink = self.lmtp(p, reply=self.reply)
        p.start()
        code, text = self.rcpt("a@boxes.test")
        self.assertEqual(code, 450)
        self.assertIn("come back later", text)
        self.later.clear()
        until(lambda: self.rcpt("a@boxes.test")[0] == 250, "a yes")
        self.assertLess(self.asked(sink, "a@boxes.test"), 4)

    def test_next_hop_is_down(self):
        p = self.boxes(ASKED)
        p.start()
        code, text = self.rcpt("a@boxes.test")
        self.assertEqual(code, 451)
        # where it is on this host is nobody's business
        self.assertNotIn("lmtp", text)
        p.wait_log(r"verify rcpt=<a@boxes.test> status=deferred "
                   r".*No such file")
        # our own clients' mail waits in the queue
        self.assertEqual(p.send("a@boxes.test", BODY, trusted=True)[0], 250)
        self.assertEqual(len(p.queue()), 1)
        sink = self.lmtp(p, reply=self.reply)
        p.wait_empty()
        self.assertEqual(len(sink.mails), 1)

    def test_relay(self):
        """The next hop is a via by SMTP."""
        p = self.boxes(ASKED)
        self.unknown.add("no@relay.test")
        sink = Sink(reply=self.reply)
        self.addCleanup(sink.close)
        p.start()
        self.assertEqual(self.rcpt("no@relay.test")[0], 550)
        self.assertEqual(p.send("yes@relay.test", BODY)[0], 250)
        p.wait_empty()
        self.assertEqual([m.rcpts for m in sink.mails], [["yes@relay.test"]])

    def test_sender_refused_is_no_verdict(self):
        p = self.boxes(ASKED)

        def reply(verb, arg, session):
            if verb == "MAIL" and arg.startswith("FROM:<>"):
                return b"550 5.7.1 no bounces, please"
            return None
        self.lmtp(p, reply=reply)
        p.start()
        self.assertEqual(self.rcpt("a@boxes.test")[0], 451)

    def test_out_killed(self):
        """kill -9 of the one that asks: the client is told to come again."""
        p = self.boxes(ASKED)
        hold = threading.Event()

        def reply(verb, arg, session):
            if verb == "RCPT":
                hold.wait(DEADLINE)
            return None
        sink = self.lmtp(p, reply=reply)
        p.start()
        got = []
        client = threading.Thread(
            target=lambda: got.append(self.rcpt("a@boxes.test")[0]))
        client.start()
        until(lambda: self.asked(sink, "a@boxes.test"), "a question")
        kill(p, "out")
        client.join()
        hold.set()
        self.assertEqual(got, [451])
        until(lambda: self.rcpt("a@boxes.test")[0] == 250, "a yes")

    def test_sendmail(self):
        """From the local socket, and its recipients asked about as well."""
        p = self.boxes(ASKED + "listen local { socket %(dir)s/submit; }\n")
        sink = self.lmtp(p, reply=self.reply)
        p.start()

        def sendmail(rcpt):
            return subprocess.run(
                [build() + "/sendmail", "-f", "alice@here.test", rcpt],
                input=BODY, timeout=DEADLINE, stderr=subprocess.PIPE,
                env=dict(os.environ, POSTERN_SUBMIT=p.dir + "/submit"))
        self.assertEqual(sendmail("yes@boxes.test").returncode, 0)
        p.wait_empty()
        self.assertEqual(len(sink.mails), 1)
        no = sendmail("no@boxes.test")
        self.assertEqual(no.returncode, 67)     # EX_NOUSER
        self.assertIn(b"no such user here", no.stderr)


if __name__ == "__main__":
    main()
