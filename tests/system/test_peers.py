#!/usr/bin/env python3
"""Postfix, Exim and Dovecot at the other end, as Debian has them: mail comes
and goes byte for byte, and what one side refuses the other side reports."""
import email
import os
import re
import smtplib

from host import Case, DEADLINE, Raw, main, stuff
from peers import Sink
from real_dovecot import Dovecot
from real_exim import Exim
from real_postfix import Postfix
from real_program import private_host

# each begins with the line by which its content is found behind the trace
# fields that servers put in front
HEAD = b"X-Test: %s\r\nFrom: sender@far.test\r\nSubject: test\r\n"
KINDS = {
    "plain": b"\r\nHello\r\n",
    "no body": b"",
    "empty lines": b"\r\n\r\n\r\nHello\r\n\r\n\r\n",
    "header": b"To: undisclosed-recipients:;\r\nX-Folded: one\r\n two\r\n"
              b"\tthree\r\nX-Empty:\r\nX-Blanks:   a  b  \r\nx-CASE: Kept\r\n"
              b"Received: from older by old; Thu, 1 Jan 2026 00:00:00 +0000"
              b"\r\n\r\nbody\r\n",
    "dots": b"\r\n.\r\n..\r\n...\r\n.leading\r\ntrailing.\r\n. \r\n",
    "8bit": b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: 8bit\r\n\r\n" +
            "Gr\u00fc\u00dfe aus K\u00f6ln\r\n".encode() +
            bytes(range(128, 256)) + b"\r\n",
    "long lines": b"\r\n" + b"".join(
        b"%d" % n + b"x" * (n - len(b"%d" % n)) + b"\r\n"
        for n in (996, 997, 998)),
    "from": b"\r\nFrom here on\r\n>From there\r\n",
    "large": b"\r\n" + b"".join(b"line %06d of many, as large mails have\r\n"
                                % n for n in range(8000)),
}


def setUpModule():
    private_host()


def message(kind):
    return HEAD % kind.encode() + KINDS[kind]


def content(mail):
    """What was sent, out of what arrived."""
    at = mail.index(b"X-Test: ")
    assert at == 0 or mail[at - 1:at] == b"\n", mail[:2000]
    return mail[at:]


def kind_of(mail):
    return re.match(rb"X-Test: (.*?)\r?\n", content(mail)).group(1).decode()


class PeerCase(Case):
    def run_peer(self, kind, **kw):
        peer = kind(**kw)
        self.addCleanup(peer.close)
        return peer.start()

    def sink(self, **kw):
        s = Sink(**kw)
        self.addCleanup(s.close)
        return s

    def check_all_kinds(self, mails, newline=b"\n", exim=False):
        """Each kind once, and nothing else; each as it was sent.  Exim puts
        an empty line below a header without a body."""
        self.assertEqual(sorted(kind_of(m) for m in mails), sorted(KINDS))
        for m in mails:
            want = message(kind_of(m)).replace(b"\r\n", newline)
            if exim and kind_of(m) == "no body":
                want += newline
            # no header may be lost, changed or moved; no line either
            self.assertTrue(content(m) == want, "%s: %r" % (
                kind_of(m), content(m)[:2000]))

    def check_report(self, raw, failed, words, status="5.1.1"):
        """A failure report that programs and people can read."""
        self.assertRegex(raw, rb"(?mi)^Return-path: <>\r?$")
        m = email.message_from_bytes(raw)
        self.assertEqual(m.get_content_type(), "multipart/report")
        self.assertEqual(m.get_param("report-type"), "delivery-status")
        text, report, back = m.get_payload()
        self.assertIn(failed, text.get_payload())
        self.assertIn(words, " ".join(text.get_payload().split()))
        fields = report.get_payload()[1]
        self.assertEqual(fields["Final-Recipient"].split(";")[1].strip(),
                         failed)
        self.assertEqual(fields["Action"].lower(), "failed")
        self.assertEqual(fields["Status"], status)
        self.assertIn("X-Test: plain", back.as_string())


# --- next hop: postern's client, their server ---

class NextHop:
    """peer: which; refused: its words for an unknown recipient."""

    def test_every_kind_of_message(self):
        peer, p = self.run_peer(self.peer), self.postern()
        for kind in KINDS:
            code, text = p.send(["alice@far.test", "bob@far.test"],
                                message(kind), trusted=True,
                                options=["BODY=8BITMIME"])
            self.assertEqual(code, 250, text)
        for user in "alice", "bob":
            got = peer.wait_maildir(user, len(KINDS))
            self.check_all_kinds(got, exim=self.peer is Exim)
            for m in got:
                self.assertRegex(m, rb"(?i)\AReturn-path: "
                                 rb"<sender@remote.test>\n")
        p.wait_empty()

    def test_null_sender(self):
        peer, p = self.run_peer(self.peer), self.postern()
        p.send("alice@far.test", message("plain"), sender="", trusted=True)
        self.assertRegex(peer.wait_maildir("alice", 1)[0],
                         rb"(?i)\AReturn-path: <>\n")

    def test_a_refused_recipient_is_reported(self):
        peer, p = self.run_peer(self.peer), self.postern()
        p.send(["alice@far.test", "nobody@far.test"], message("plain"),
               sender="sender@far.test", trusted=True)
        self.assertEqual(content(peer.wait_maildir("alice", 1)[0]),
                         message("plain").replace(b"\r\n", b"\n"))
        self.check_report(peer.wait_maildir("sender", 1)[0],
                          "nobody@far.test", self.refused)
        p.wait_empty()

    def test_many_messages(self):
        peer, p = self.run_peer(self.peer), self.postern()
        n = 100
        with Raw(trusted=True) as s:
            s.cmd("EHLO client.test", 250)
            for i in range(n):
                s.write(b"MAIL FROM:<s@remote.test>\r\n"
                        b"RCPT TO:<alice@far.test>\r\nDATA\r\n")
                for code in 250, 250, 354:
                    self.assertEqual(s.reply()[0], code)
                s.write(stuff(b"X-Test: %d\r\n\r\nbody\r\n" % i))
                self.assertEqual(s.reply()[0], 250)
        got = peer.wait_maildir("alice", n)
        p.wait_empty()
        self.assertEqual(sorted(int(kind_of(m)) for m in got),
                         list(range(n)))
        self.check_connections(peer, n)


class PostfixNextHop(NextHop, PeerCase):
    peer = Postfix
    refused = "User unknown in virtual mailbox table"

    def check_connections(self, peer, n):
        self.assertLess(len(re.findall("smtpd.*: connect from", peer.log())),
                        n)


class EximNextHop(NextHop, PeerCase):
    peer = Exim
    refused = "nobody here has that name"

    def check_connections(self, peer, n):
        """Exim says of each mail whether the client pipelined."""
        lines = re.findall(r"<= s@remote.test .*", peer.log())
        self.assertEqual(len(lines), n)
        for line in lines:
            self.assertRegex(line, r" L[. ]")


# --- sender: their client, postern's server ---

class Sender:
    def hand_in(self, peer, rcpts, body, sender="sender@far.test"):
        """Give a mail to the peer, as one of its users would."""
        with smtplib.SMTP("127.0.0.1", peer.port, "user.test",
                          timeout=DEADLINE) as s:
            self.assertEqual(s.sendmail(sender, rcpts, body,
                                        ["BODY=8BITMIME"]), {})

    def test_every_kind_of_message(self):
        p = self.postern()
        peer = self.run_peer(self.peer)
        for kind in KINDS:
            self.hand_in(peer, ["alice@here.test", "bob@here.test"],
                         message(kind))
        for user in "alice", "bob":
            got = p.wait_maildir(user, len(KINDS))
            self.check_all_kinds(got, exim=self.peer is Exim)
            for m in got:
                self.assertTrue(m.startswith(
                    b"Return-Path: <sender@far.test>\n"))
        peer.wait_empty()

    def test_null_sender(self):
        p = self.postern()
        peer = self.run_peer(self.peer)
        self.hand_in(peer, ["alice@here.test"], message("plain"), "<>")
        self.assertTrue(p.wait_maildir("alice", 1)[0].startswith(
            b"Return-Path: <>\n"))

    def test_a_refused_recipient_is_reported(self):
        p = self.postern()
        peer = self.run_peer(self.peer)
        self.hand_in(peer, ["alice@here.test", "nobody@here.test"],
                     message("plain"))
        p.wait_maildir("alice", 1)
        self.check_report(peer.wait_maildir("sender", 1)[0],
                          "nobody@here.test", "550 5.1.1", self.status)
        peer.wait_empty()

    def test_relayed_for_those_who_may(self):
        p, sink = self.postern(), self.sink()
        peer = self.run_peer(self.peer, port=2525, source="127.0.0.2")
        for kind in KINDS:
            self.hand_in(peer, ["x@else.test", "y@else.test"], message(kind))
        peer.wait_empty()
        p.wait_empty()
        self.check_all_kinds([m.data for m in sink.mails], b"\r\n",
                             exim=self.peer is Exim)
        for m in sink.mails:
            self.assertEqual(sorted(m.rcpts), ["x@else.test", "y@else.test"])

    def test_not_relayed_for_others(self):
        self.postern()
        peer = self.run_peer(self.peer)
        self.hand_in(peer, ["x@else.test"], message("plain"))
        report = peer.wait_maildir("sender", 1)[0]
        self.assertRegex(report, rb"554[- ]5\.7\.1")


class PostfixSender(Sender, PeerCase):
    peer, status = Postfix, "5.1.1"


class EximSender(Sender, PeerCase):
    peer, status = Exim, "5.0.0"    # all there is in its reports

    def test_pipelines(self):
        p = self.postern()
        peer = self.run_peer(self.peer)
        self.hand_in(peer, ["alice@here.test", "bob@here.test"],
                     message("plain"))
        p.wait_maildir("bob", 1)
        peer.wait_empty()
        for user in "alice", "bob":
            self.assertRegex(peer.log(), r"[=-]> %s@here.test .* L .*"
                             r'C="250 2.0.0 Ok: queued as ' % user)


class Between(Sender, PeerCase):
    """Postfix sends, postern relays, Exim delivers."""

    peer = Postfix

    # what the classes above test already
    test_null_sender = test_a_refused_recipient_is_reported = None
    test_relayed_for_those_who_may = test_not_relayed_for_others = None

    def test_every_kind_of_message(self):
        p = self.postern()
        exim = self.run_peer(Exim, domain="exim.test")
        postfix = self.run_peer(Postfix, port=2525, source="127.0.0.2")
        for kind in KINDS:
            self.hand_in(postfix, ["alice@exim.test"], message(kind))
        self.check_all_kinds(exim.wait_maildir("alice", len(KINDS)),
                             exim=True)
        postfix.wait_empty()
        p.wait_empty()

    def test_a_report_goes_all_the_way_back(self):
        self.postern(extra="route far.test { via 127.0.0.1:2525; }")
        self.run_peer(Exim, domain="exim.test")
        postfix = self.run_peer(Postfix, port=2525, source="127.0.0.2")
        self.hand_in(postfix, ["nobody@exim.test"], message("plain"))
        self.check_report(postfix.wait_maildir("sender", 1)[0],
                          "nobody@exim.test", "nobody here has that name")


# --- Dovecot: LMTP in, IMAP out ---

class DovecotItself(PeerCase):
    """The peer alone: what the tests below rely on."""

    def lmtp(self, place):
        return smtplib.LMTP(place if isinstance(place, str) else "127.0.0.1",
                            0 if isinstance(place, str) else place,
                            "client.test")

    def test_every_kind_of_message(self):
        d = self.run_peer(Dovecot)
        for place, user in (d.port, "alice"), (d.socket, "bob"):
            with self.lmtp(place) as s:
                for kind in KINDS:
                    s.sendmail("s@remote.test", [user + "@here.test"],
                               message(kind), ["BODY=8BITMIME"])
            self.check_all_kinds(d.fetch(user), b"\r\n")

    def test_results_per_recipient(self):
        d = self.run_peer(Dovecot, full=["carol"])
        with self.lmtp(d.port) as s:
            s.ehlo_or_helo_if_needed()
            s.mail("s@remote.test")
            self.assertEqual([s.rcpt(u + "@here.test")[0] for u in
                              ("alice", "carol", "nobody")], [250, 250, 550])
            # one reply for each recipient that was taken
            replies = [s.data(message("plain")), s.getreply()]
        self.assertEqual([r[0] for r in replies], [250, 552])
        self.assertEqual(len(d.fetch("alice")), 1)
        self.assertEqual(d.fetch("carol"), [])


class DovecotNextHop:
    """postern's LMTP client; place(d) is where Dovecot listens."""

    def start(self, recipients="any", **kw):
        d = self.run_peer(Dovecot, **kw)
        p = self.postern(extra="domain dovecot.test { recipients %s; "
                         "deliver lmtp %s; }" % (recipients, self.place(d)))
        return d, p

    def test_every_kind_of_message(self):
        d, p = self.start()
        for kind in KINDS:
            p.send(["alice@dovecot.test", "bob@dovecot.test"], message(kind),
                   options=["BODY=8BITMIME"])
        for user in "alice", "bob":
            got = d.wait_mails(user, len(KINDS))
            self.check_all_kinds(got, b"\r\n")
            for m in got:
                self.assertIn(b"Return-Path: <sender@remote.test>\r\n", m)
        p.wait_empty()

    def test_results_per_recipient(self):
        d, p = self.start(full=["carol"])
        users = "alice", "carol", "nobody", "bob"
        p.send([u + "@dovecot.test" for u in users], message("plain"),
               sender="admin@here.test")
        for user in "alice", "bob":
            self.assertEqual(content(d.wait_mails(user, 1)[0]),
                             message("plain"))
        p.wait_log("rcpt=<nobody@dovecot.test> status=failed code=5.1.1 .*"
                   "User doesn't exist")
        p.wait_log("rcpt=<carol@dovecot.test> status=failed code=5.2.2 .*"
                   "Quota exceeded")
        p.wait_empty()
        self.assertEqual(sorted(re.findall(
            r"rcpt=<(\w+)@dovecot.test> status=delivered", p.log())),
            ["alice", "bob"])
        reports = b"".join(p.maildir("admin"))
        for user in "carol", "nobody":
            self.assertIn(b"rfc822; %s@dovecot.test" % user.encode(),
                          reports)
        self.assertEqual(d.fetch("carol"), [])

    def test_recipients_are_verified(self):
        d, p = self.start(recipients="verify")
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            self.assertEqual(s.cmd("RCPT TO:<nobody@dovecot.test>")[1][:9],
                             "550 5.1.1")
            s.cmd("RCPT TO:<alice@dovecot.test>", 250)
            s.cmd("DATA", 354)
            s.write(stuff(message("plain")))
            self.assertEqual(s.reply()[0], 250)
        self.assertEqual(content(d.wait_mails("alice", 1)[0]),
                         message("plain"))

    def test_waits_for_it(self):
        d, p = self.start()
        d.halt()
        p.send("alice@dovecot.test", message("plain"))
        p.wait_log("dovecot.test.*status=deferred|route-down|down")
        d.start()
        self.assertEqual(content(d.wait_mails("alice", 1)[0]),
                         message("plain"))
        p.wait_empty()


class DovecotBySocket(DovecotNextHop, PeerCase):
    @staticmethod
    def place(d):
        return "unix:" + d.socket


class DovecotByTcp(DovecotNextHop, PeerCase):
    @staticmethod
    def place(d):
        return "127.0.0.1:%d" % d.port


if __name__ == "__main__":
    main()
