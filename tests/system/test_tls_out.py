#!/usr/bin/env python3
"""TLS and AUTH as a client, against servers that do them well, badly, or say
that they do; real Postfix and Exim are in test_peers_tls."""
import base64
import os
import re
import ssl
import tempfile

from host import Case, main, until
from peers import Session, Sink
from real_tls import Authority, openssl

BODY = b"From: a@remote.test\r\nSubject: test\r\n\r\nHello\r\n"
USER, PASSWORD = "someone", "Eulenspiegel 1515"
PLAIN = base64.b64encode(("\0%s\0%s" % (USER, PASSWORD)).encode()).decode()
MAP_MAX = 1 << 30       # beyond: a sanitizer's shadow
authority = None


def setUpModule():
    global authority
    authority = Authority()


class TlsSession(Session):
    """Does what its sink says: STARTTLS, TLS at once, and what goes wrong."""

    def secure(self):
        sock = self.w._sock
        self.sock = self.sink.context.wrap_socket(sock, server_side=True)
        self.r, self.w = self.sock.makefile("rb"), self.sock.makefile("wb")
        self.tls = True

    def usual(self, verb):
        if verb == "STARTTLS":
            return b"220 go" + self.sink.injected
        return super().usual(verb)

    def answer(self, verb, arg="", before=None):
        if verb == "" and self.sink.first:
            self.secure()
        self.verb = verb
        got = super().answer(verb, arg, before)
        if verb == "STARTTLS" and got == 2:
            if self.sink.junk:
                self.w.write(b"250 this is no TLS\r\n")
                self.w.flush()
                return 0
            self.secure()
            self.tls = True
        return got


class TlsSink(Sink):
    """sink.test with a certificate of the tests' authority, or its own."""

    session = TlsSession

    def __init__(self, port, name="sink.test", first=False, junk=False,
                 injected=b"", offer=True, trusted=True, **kw):
        self.first, self.junk, self.injected = first, junk, injected
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*(authority.issue(name) if trusted
                                       else self_made(name)))
        super().__init__(port=port, extensions=(
            "PIPELINING", "8BITMIME", *(["STARTTLS"] if offer else []),
            "AUTH PLAIN LOGIN"), **kw)

    def said(self, verb):
        with self.lock:
            return [c for c in self.commands if c.upper().startswith(verb)]


def self_made(name):
    path = tempfile.mkdtemp(prefix="postern-self-", dir=authority.dir)
    openssl("req", "-x509", *Authority.NEW_KEY, "-days", "2", "-subj",
            "/CN=" + name, "-addext", "subjectAltName=DNS:" + name,
            "-keyout", path + "/key", "-out", path + "/chain")
    return path + "/chain", path + "/key"


class OutCase(Case):
    PORT = 2587

    def sink(self, **kw):
        sink = TlsSink(self.PORT, **kw)
        self.addCleanup(sink.close)
        return sink

    def route(self, settings="", via="127.0.0.1:2587", extra=""):
        return self.postern(extra="ca-file %s;\n%s\n"
                            "route far.test { via %s; %s }"
                            % (authority.ca, extra, via, settings))

    def deliver(self, p, sink, tls):
        """A mail gets there, with that verdict in the log."""
        self.assertEqual(p.send("x@far.test", BODY, trusted=True)[0], 250)
        until(lambda: sink.mails, "the mail at the sink")
        self.assertTrue(sink.mails[0].data.endswith(BODY))
        line = p.wait_log("deliver id=.* rcpt=<x@far.test> "
                          "status=delivered.*")
        self.assertRegex(line.group(0), " tls=%s" % (
            tls if tls == "none" else '"' + tls))
        p.wait_empty()

    def defer(self, p, sink, code, words):
        """It waits, and the queue says why; nothing of it was said."""
        self.assertEqual(p.send("x@far.test", BODY, trusted=True)[0], 250)
        p.wait_log("deliver id=.* rcpt=<x@far.test> status=deferred "
                   "code=%s .*%s" % (re.escape(code), words))
        self.assertEqual(sink.said("MAIL"), [])
        self.assertEqual(sink.mails, [])
        rcpt = p.queue()[0]["recipients"][0]
        self.assertRegex(rcpt["reply"], words)


class StartTls(OutCase):
    def test_opportunistic(self):
        sink = self.sink(trusted=False)
        p = self.route()
        self.deliver(p, sink, "opportunistic TLSv1.3 \\S+ untrusted")
        self.assertEqual(len(sink.said("EHLO")), 2)
        self.assertEqual(sink.said("AUTH"), [])

    def test_none(self):
        sink = self.sink()
        self.deliver(self.route("tls none;"), sink, "none")
        self.assertEqual(sink.said("STARTTLS"), [])

    def test_fallback(self):
        sink = self.sink(junk=True)
        p = self.route()
        self.deliver(p, sink, "none")
        p.wait_log("tls-fallback host=.*TLS handshake failed")
        self.assertEqual(len(sink.said("STARTTLS")), 1)

    def test_refused_and_fallback(self):
        def reply(verb, arg, session):
            return b"454 4.7.0 not now" if verb == "STARTTLS" else None
        sink = self.sink(reply=reply)
        p = self.route()
        self.deliver(p, sink, "none")
        p.wait_log("tls-fallback host=.*454 4.7.0 not now")

    def test_strip(self):
        sink = self.sink(offer=False)
        p = self.route("tls encrypt;")
        self.defer(p, sink, "4.7.4", "does not offer STARTTLS")

    def test_strip_verify(self):
        sink = self.sink(junk=True)
        p = self.route("tls verify; tls-name sink.test;")
        self.defer(p, sink, "4.7.5", "TLS handshake failed")

    def test_response_inject(self):
        sink = self.sink(injected=b"\r\n250-evil\r\n250 PIPELINING\r\n"
                         b"250 ok\r\n250 ok\r\n354 go\r\n250 taken")
        p = self.route("tls encrypt;")
        self.deliver(p, sink, "encrypted TLSv1.3")
        self.assertEqual([c.split()[0] for c in sink.commands[:4]],
                         ["EHLO", "STARTTLS", "EHLO", "MAIL"])

    def test_encrypt(self):
        sink = self.sink(trusted=False)
        self.deliver(self.route("tls encrypt;"), sink,
                     "encrypted TLSv1.3 \\S+ untrusted")

    def test_verify(self):
        sink = self.sink()
        self.deliver(self.route("tls verify; tls-name sink.test;"), sink,
                     "verified TLSv1.3")

    def test_another_name(self):
        sink = self.sink(name="other.test")
        p = self.route("tls verify; tls-name sink.test;")
        self.defer(p, sink, "4.7.5", "certificate not verified")

    def test_untrusted(self):
        sink = self.sink(trusted=False)
        p = self.route("tls verify; tls-name sink.test;")
        self.defer(p, sink, "4.7.5", "certificate not verified")

    def test_from_the_first_octet(self):
        sink = self.sink(first=True, offer=False)
        self.deliver(self.route("tls verify; tls-name sink.test;",
                                via="smtps://127.0.0.1:2587"), sink,
                     "verified TLSv1.3")

    def test_clear_where_tls_is_first(self):
        sink = self.sink()
        p = self.route(via="smtps://127.0.0.1:2587")
        self.defer(p, sink, "4.7.5", "TLS handshake failed")

    def test_reuse_policy(self):
        """Two routes to one host: each has connections of its own."""
        sink = self.sink()
        p = self.route("tls encrypt;", extra="route near.test "
                       "{ via 127.0.0.1:2587; tls none; }")
        for rcpt in "x@far.test", "x@near.test", "y@far.test", "y@near.test":
            self.assertEqual(p.send(rcpt, BODY, trusted=True)[0], 250)
            p.wait_log("deliver id=.* rcpt=<%s> status=delivered.* tls=%s" % (
                rcpt, "none" if "near" in rcpt else "\"?encrypted"))
        self.assertEqual(len(sink.mails), 4)


class Auth(OutCase):
    VERIFY = "tls verify; tls-name sink.test; credentials smart;"

    def secret(self, text):
        path = authority.dir + "/smart.secret"
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def smart(self, password=PASSWORD, settings=VERIFY):
        path = self.secret("user %s\npassword %s\n" % (USER, password))
        return self.route(settings,
                          extra="credentials smart { file %s; }" % path)

    @staticmethod
    def judge(verb, arg, session):
        """The sink's: nothing before AUTH under TLS."""
        if verb == "AUTH":
            if not getattr(session, "tls", False):
                return b"538 5.7.11 not in clear"
            session.user = arg.split()[-1] == PLAIN
            return b"235 2.7.0 welcome" if session.user else \
                b"535 5.7.8 who are you"
        if verb == "MAIL" and not getattr(session, "user", False):
            return b"530 5.7.0 log in"

    def test_plain(self):
        sink = self.sink(reply=self.judge)
        p = self.smart()
        self.deliver(p, sink, "verified TLSv1.3")
        self.assertEqual(sink.said("AUTH"), ["AUTH PLAIN " + PLAIN])
        self.assertNotIn(PASSWORD, p.log())
        self.assertNotIn(PLAIN, p.log())

    def test_password_is_forgotten(self):
        """Once it is said it is nowhere in the client's memory."""
        sink = self.sink(reply=self.judge)
        p = self.smart()
        self.deliver(p, sink, "verified TLSv1.3")
        pid = next(r["pid"] for r in p.status()["processes"]
                   if r["role"] == "out")
        memory = memory_of(pid)
        self.assertIn(b"verified TLSv1.3", memory)  # so it is looked at
        self.assertNotIn(PASSWORD.encode(), memory)
        self.assertNotIn(PLAIN.encode()[8:], memory)

    def test_refused(self):
        """A wrong password is for the postmaster to mend: mail waits, and
        goes when it is right."""
        sink = self.sink(reply=self.judge)
        p = self.smart("wrong")
        self.defer(p, sink, "4.7.8", "refuses our login: 535 5.7.8 who")
        p.wait_log("login host=\\S+ refused=\"535 5.7.8 who")
        self.secret("user %s\npassword %s\n" % (USER, PASSWORD))
        p.ctl("reload")
        p.ctl("-y", "retry", "all")
        until(lambda: sink.mails, "the mail at the sink")
        p.wait_empty()

    def test_only_a_verified_server(self):
        sink = self.sink(name="other.test", reply=self.judge)
        self.defer(self.smart(), sink, "4.7.5", "certificate not verified")
        self.assertEqual(sink.said("AUTH"), [])

    def test_server_without_auth(self):
        sink = self.sink(reply=self.judge)
        sink.extensions = ("STARTTLS",)
        self.defer(self.smart(), sink, "4.7.4", "offers no AUTH")


def memory_of(pid):
    """All that it can write to."""
    found = []
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not m:
                continue
            start, end = (int(x, 16) for x in m.groups())
            if end - start > MAP_MAX:
                continue
            try:
                mem.seek(start)
                found.append(mem.read(end - start))
            except (OSError, OverflowError):
                pass        # a guard page
    return b"".join(found)


if __name__ == "__main__":
    main()
