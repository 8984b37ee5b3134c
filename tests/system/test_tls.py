#!/usr/bin/env python3
"""TLS and AUTH as a server, with real clients: openssl s_client, swaks, curl
and Python; and what must not happen, by the names of the threats."""
import base64
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile

from host import Case, DEADLINE, Postern, Raw, main, until
from memory import search
from peers import Sink

BODY = b"From: alice@here.test\r\nSubject: test\r\n\r\nHello\r\n"
PASSWORD = "correct horse"
CERTIFICATES = """
certificate first { chain %(dir)s/first.pem; key %(dir)s/first.key; }
certificate rsa { chain %(dir)s/rsa.pem; key %(dir)s/rsa.key; }
certificate other { chain %(dir)s/other.pem; key %(dir)s/other.key; }
table users file %(dir)s/users;
listen submission { address 127.0.0.1; port 587; tls first rsa; auth users; }
listen submissions { address 127.0.0.1; port 465; tls first other;
	auth users; }
"""
CONF = Postern.CONF.replace("%(listen)s", "tls first rsa other; %(listen)s") \
    .replace("%(extra)s", CERTIFICATES + "%(extra)s")


def run(*args, **kw):
    return subprocess.run(args, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=DEADLINE,
                          check=True, text=True, **kw).stdout


def openssl(*args, **kw):
    return run("openssl", *args, **kw)


class Authority:
    """Issues certificates into a directory of its own."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="postern-ca-")
        self.path = self.dir + "/ca.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=ca", "-keyout", self.dir + "/ca.key", "-out", self.path)

    def issue(self, where, name, hosts, kind="ec"):
        base = "%s/%s" % (where, name)
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] \
            if kind == "ec" else ["-newkey", "rsa:2048"]
        openssl("req", "-new", *key, "-nodes", "-subj", "/CN=" + name,
                "-keyout", base + ".key", "-out", base + ".csr")
        with open(base + ".ext", "w") as f:
            f.write("subjectAltName=" + hosts)
        openssl("x509", "-req", "-in", base + ".csr", "-CA", self.path,
                "-CAkey", self.dir + "/ca.key", "-days", "2", "-extfile",
                base + ".ext", "-out", base + ".pem")
        os.chmod(base + ".key", 0o600)

    def close(self):
        shutil.rmtree(self.dir)


class Secure(Raw):
    """The same under TLS, from the first octet or by STARTTLS."""

    def __init__(self, port, context, name="mx.test", session=None):
        self.context = context
        super().__init__(port, banner=port != 465)
        if port == 465:
            self.secure(name, session)
            self.reply()
        else:
            self.cmd("EHLO client.test", 250)
            self.cmd("STARTTLS", 220)
            self.secure(name, session)
        self.ehlo = self.cmd("EHLO client.test", 250)[1]

    def secure(self, name="mx.test", session=None):
        self.f.close()
        self.s = self.context.wrap_socket(self.s, server_hostname=name,
                                          session=session)
        self.f = self.s.makefile("rb")

    def names(self):
        return [v for _, v in self.s.getpeercert()["subjectAltName"]]


class TlsCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.ca = Authority()
        cls.made = tempfile.mkdtemp(prefix="postern-tls-")
        cls.ca.issue(cls.made, "first", "DNS:mx.test,IP:127.0.0.1")
        cls.ca.issue(cls.made, "rsa", "DNS:mx.test,IP:127.0.0.1", "rsa")
        cls.ca.issue(cls.made, "other", "DNS:other.test")
        cls.hash = openssl("passwd", "-6", "-salt", "saltsalt",
                           PASSWORD).strip()

    @classmethod
    def tearDownClass(cls):
        cls.ca.close()
        shutil.rmtree(cls.made)

    def tls(self, **kw):
        p = Postern(conf=CONF, **kw)
        self.addCleanup(p.close)
        for name in os.listdir(self.made):
            shutil.copy2(self.made + "/" + name, p.dir)
        p.write("users", "alice@here.test: %s\n" % self.hash)
        os.chmod(p.dir + "/users", 0o600)
        return p.start()

    def context(self, **kw):
        c = ssl.create_default_context(cafile=self.ca.path)
        for k, v in kw.items():
            setattr(c, k, v)
        return c

    def s_client(self, *args, says="EHLO client.test\nquit\n"):
        """What it and the server have said up to the end of their talk; its
        input stays open so long."""
        p = subprocess.Popen(["openssl", "s_client", "-CAfile", self.ca.path,
                              "-crlf", *args], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
        p.stdin.write(says)
        p.stdin.flush()
        said = p.stdout.read()
        p.stdin.close()
        p.stdout.close()
        p.wait(DEADLINE)
        return said

    def sink(self):
        s = Sink()
        self.addCleanup(s.close)
        return s


# ---- real clients ---------------------------------------------------------

class Clients(TlsCase):
    def test_smtplib_starttls(self):
        p = self.tls()
        with smtplib.SMTP("127.0.0.1", 25, "client.test",
                          timeout=DEADLINE) as s:
            s.starttls(context=self.context())
            s.sendmail("a@remote.test", ["alice@here.test"], BODY)
            version = s.sock.version()
            cipher = s.sock.cipher()[0]
        self.assertEqual(version, "TLSv1.3")
        got = p.wait_maildir("alice", 1)[0]
        self.assertRegex(got, rb"\(postern\) with ESMTPS id [0-9a-z]{26}\n"
                         rb"\tfor <alice@here\.test>\n\ttls " +
                         cipher.encode() + rb";\n")
        p.wait_log("accept id=.* proto=ESMTPS tls=TLSv1.3 cipher=%s$" %
                   cipher)

    def test_smtplib_submissions(self):
        p, sink = self.tls(), self.sink()
        with smtplib.SMTP_SSL("127.0.0.1", 465, "client.test",
                              timeout=DEADLINE,
                              context=self.context()) as s:
            s.login("alice@here.test", PASSWORD)
            s.sendmail("alice@here.test", ["x@far.test"], BODY)
        until(lambda: sink.mails, "the mail is relayed")
        self.assertIn(b" with ESMTPSA id ", sink.mails[0].data)
        self.assertNotIn(PASSWORD, p.log())
        p.wait_log(r'auth client=127\.0\.0\.1 listener=submissions '
                   r'account="alice@here\.test" method=(PLAIN|LOGIN) '
                   r'status=ok tls=TLSv1\.3 cipher=')
        p.wait_log(r'accept id=.* proto=ESMTPSA .* '
                   r'account="alice@here\.test"$')

    def swaks(self, *args):
        return run("swaks", "--server", "127.0.0.1", "--helo", "client.test",
                   "--from", "alice@here.test", "--to", "x@far.test",
                   "--auth-user", "alice@here.test", "--auth-password",
                   PASSWORD, "--tls-ca-path", self.ca.path, *args)

    def test_swaks(self):
        self.tls()
        sink = self.sink()
        n = 0
        for method in "PLAIN", "LOGIN":
            for where in (["--port", "587", "--tls"],
                          ["--port", "465", "--tls-on-connect"]):
                self.swaks("--auth", method, *where)
                n += 1
                until(lambda: len(sink.mails) == n, "the mail is relayed")

    def test_curl(self):
        p, sink = self.tls(), self.sink()
        p.write("letter", BODY.decode())
        run("curl", "-sS", "--cacert", self.ca.path, "--user",
            "alice@here.test:" + PASSWORD, "--mail-from", "alice@here.test",
            "--mail-rcpt", "x@far.test", "--upload-file", p.dir + "/letter",
            "smtps://127.0.0.1:465")
        run("curl", "-sS", "--ssl-reqd", "--cacert", self.ca.path, "--user",
            "alice@here.test:" + PASSWORD, "--mail-from", "alice@here.test",
            "--mail-rcpt", "x@far.test", "--upload-file", p.dir + "/letter",
            "smtp://127.0.0.1:587")
        until(lambda: len(sink.mails) == 2, "both are relayed")

    def test_s_client(self):
        self.tls()
        for port in (["-starttls", "smtp", "-connect", "127.0.0.1:25"],
                     ["-connect", "127.0.0.1:465"]):
            for version in "1_2", "1_3":
                out = self.s_client(*port, "-tls" + version)
                self.assertIn("221 2.0.0 Bye", out)
            for old in "1", "1_1":
                out = self.s_client(*port, "-cipher", "ALL:@SECLEVEL=0",
                                    "-tls" + old)
                self.assertNotIn("221 2.0.0", out)
                self.assertRegex(out, "alert|no protocols")

    def test_self_signed(self):
        """Without any certificate set there is TLS all the same."""
        p = self.postern()
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
        with Secure(25, c) as s:
            s.cmd("NOOP", 250)
        self.assertEqual(p.stop(), 0)

    def test_trusted_client(self):
        """mx hands it over, and msa has the same certificates."""
        self.tls()
        sink = self.sink()
        with smtplib.SMTP("127.0.0.1", 25, "client.test", timeout=DEADLINE,
                          source_address=("127.0.0.2", 0)) as s:
            s.starttls(context=self.context())
            s.sendmail("a@here.test", ["x@far.test"], BODY)
        until(lambda: sink.mails, "the mail is relayed")
        self.assertIn(b" with ESMTPS id ", sink.mails[0].data)


# ---- AUTH -----------------------------------------------------------------

class Auth(TlsCase):
    def test_auth_clear(self):
        self.tls()
        with Raw(587) as s:
            self.assertNotIn("AUTH", s.cmd("EHLO client.test", 250)[1])
            s.cmd("AUTH PLAIN AGEAYg==", 538)
            s.cmd("AUTH LOGIN", 538)
            s.cmd("MAIL FROM:<alice@here.test>", 530)
        with Raw(25) as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("AUTH PLAIN AGEAYg==", 502)

    def test_only_with_an_account(self):
        p = self.tls()
        with Secure(587, self.context()) as s:
            self.assertIn("AUTH PLAIN LOGIN", s.ehlo)
            s.cmd("MAIL FROM:<alice@here.test>", 530)
            s.cmd("AUTH PLAIN AGFsaWNlQGhlcmUudGVzdAB3cm9uZw==", 535)
            s.cmd("AUTH PLAIN AG5vYm9keQB3cm9uZw==", 535)
            s.cmd("AUTH PLAIN !", 501)
            s.cmd("MAIL FROM:<alice@here.test>", 530)
            s.cmd("AUTH PLAIN AG5vYm9keQB3cm9uZw==", 535)
            self.assertEqual(s.reply()[0], 421)
        p.wait_log(r'auth client=127\.0\.0\.1 listener=submission '
                   r'account="nobody" method=PLAIN status=refused ')
        with Secure(25, self.context()) as s:
            s.cmd("MAIL FROM:<alice@here.test>", 250)
            s.cmd("RCPT TO:<x@far.test>", 554)

    def test_keyd_away(self):
        """454, and an answer again as soon as there is a new keyd."""
        p = self.tls()
        wrong = "AUTH PLAIN AGFsaWNlQGhlcmUudGVzdAB3cm9uZw=="

        def is_checked():
            with Secure(587, self.context()) as other:
                return other.cmd(wrong)[0] == 535
        with Secure(587, self.context()) as s:
            pid = p.pids()["auth"]
            os.kill(pid, signal.SIGSTOP)
            # no other one comes before the question
            os.kill(p.proc.pid, signal.SIGSTOP)
            try:
                s.write(wrong.encode() + b"\r\n")
                os.kill(pid, signal.SIGKILL)
                self.assertEqual(s.reply()[0], 454)
            finally:
                os.kill(p.proc.pid, signal.SIGCONT)
            until(is_checked, "there is a new keyd")
            s.cmd(wrong, 535)

    def test_password_is_forgotten(self):
        """By msa, once it was checked; in any form that it came in."""
        p = self.tls()
        plain = base64.b64encode(b"\0alice@here.test\0" + PASSWORD.encode())
        login = base64.b64encode(PASSWORD.encode())
        for lines in ([b"AUTH PLAIN " + plain], [b"AUTH PLAIN", plain],
                      [b"AUTH LOGIN", base64.b64encode(b"alice@here.test"),
                       login]):
            with Secure(587, self.context()) as s:
                for line in lines[:-1]:
                    s.cmd(line.decode(), 334)
                s.cmd(lines[-1].decode(), 235)
                # the name, so that we know that we would have seen it
                self.assertEqual(search(p.pids()["msa"], {
                    "name": [b"alice@here.test"],
                    "password": [PASSWORD.encode(), plain, login]}),
                    {"name"}, lines[0])


# ---- what must not happen --------------------------------------------------

class Threats(TlsCase):
    def alone(self, port=25):
        """A connection up to STARTTLS, which is not said yet."""
        s = Raw(port)
        self.addCleanup(s.__exit__)
        s.cmd("EHLO client.test", 250)
        return s

    def test_starttls_inject(self):
        p = self.tls()
        c = self.context()
        # in the same segment
        s = self.alone()
        s.write(b"STARTTLS\r\nRSET\r\nMAIL FROM:<evil@x.test>\r\n")
        self.assertEqual(s.reply()[0], 501)
        self.assertEqual(s.reply(), (0, ""))
        p.wait_log("refuse client=127.0.0.1 code=501 "
                   "reason=starttls-pipelined")
        # in the next one, where the handshake should be
        s = self.alone()
        s.cmd("STARTTLS", 220)
        s.write(b"MAIL FROM:<evil@x.test>\r\n")
        self.assertNotIn(b"250", s.f.read())
        p.wait_log("tls client=127.0.0.1 listener=mx status=failed reason=")
        # inside the record of the ClientHello, and behind it
        hello = self.hello(c)
        evil = b"MAIL FROM:<evil@x.test>\r\n"
        for octets in hello + evil, longer(hello, evil):
            s = self.alone()
            s.cmd("STARTTLS", 220)
            s.write(octets)
            s.s.shutdown(socket.SHUT_WR)
            self.assertNotIn(b"250 2", s.f.read())
        # and nothing of before is known after it
        s = self.alone()
        s.cmd("MAIL FROM:<evil@x.test>", 250)
        s.cmd("RSET", 250)
        s.cmd("STARTTLS", 220)
        s.context = c
        Secure.secure(s)
        s.cmd("MAIL FROM:<evil@x.test>", 503)
        s.cmd("EHLO client.test", 250)
        s.cmd("RCPT TO:<alice@here.test>", 503)

    @staticmethod
    def hello(context):
        out = ssl.MemoryBIO()
        o = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="mx.test")
        try:
            o.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return out.read()

    def test_response_inject(self):
        """Nothing stands in clear between the 220 and the handshake."""
        self.tls()
        s = Raw(25)
        self.addCleanup(s.__exit__)
        s.write(b"EHLO client.test\r\nMAIL FROM:<a@x.test>\r\nRSET\r\n"
                b"NOOP\r\nSTARTTLS\r\n")
        codes = [s.reply()[0] for _ in range(5)]
        self.assertEqual(codes, [250, 250, 250, 250, 220])
        s.write(self.hello(self.context()))
        self.assertEqual(s.f.read(2), b"\x16\x03")

    def test_certs(self):
        """By name, and by kind of key; the first for who names none."""
        self.tls()
        c = self.context(check_hostname=False)
        for name, want in (("mx.test", "mx.test"), (None, "mx.test"),
                           ("other.test", "other.test"),
                           ("nobody.test", "mx.test"),
                           ("a" * 63 + ".test", "mx.test")):
            with Secure(25, c, name=name) as s:
                self.assertEqual(s.names()[0], want, name)
        for kind, sigalgs in (("RSA", "RSA-PSS+SHA256"),
                              ("ECDSA", "ECDSA+SHA256")):
            for version in "-tls1_2", "-tls1_3":
                out = run("openssl", "s_client", "-starttls", "smtp",
                          "-connect", "127.0.0.1:587", "-sigalgs", sigalgs,
                          version, "-CAfile", self.ca.path,
                          input="QUIT\r\n")
                self.assertRegex(out, "Peer signature type: " + kind)
                self.assertIn("Verify return code: 0 (ok)", out)

    def test_keyd_kill(self):
        p = self.tls()
        c = self.context()
        with Secure(25, c) as s:
            os.kill(p.pids()["sign"], signal.SIGKILL)
            s.cmd("NOOP", 250)

            def again():
                try:
                    with Secure(25, c):
                        return True
                except (OSError, ssl.SSLError, AssertionError):
                    return False
            until(again, "new handshakes")
            s.cmd("NOOP", 250)
            # a silent one: the handshake fails, the listener lives
            pid = p.pids()["sign"]
            os.kill(pid, signal.SIGSTOP)
            try:
                with self.assertRaises((OSError, ssl.SSLError)):
                    Secure(25, c)
                p.wait_log("tls client=.* listener=mx status=failed reason=")
                with Raw(25) as plain:
                    plain.cmd("EHLO client.test", 250)
                s.cmd("NOOP", 250)
            finally:
                os.kill(pid, signal.SIGCONT)
            until(again, "new handshakes")

    def test_ticket_cross(self):
        """A ticket of one role is none at the other (and of use at its own).
        """
        self.tls()
        c = self.context(maximum_version=ssl.TLSVersion.TLSv1_2)
        for c in (c, self.context()):
            def issued():
                """None before its worker has a key for them."""
                with Secure(25, c) as s:
                    return s.s.session.has_ticket and s.s.session
            ticket = until(issued, "a ticket")
            with Secure(25, c, session=ticket) as s:
                self.assertTrue(s.s.session_reused)
            for port in 587, 465:
                with Secure(port, c, session=ticket) as s:
                    self.assertFalse(s.s.session_reused)

    def test_tls_flood(self):
        self.tls()
        # 1-octet segments of the handshake, 1-octet records after it
        s = self.alone()
        s.cmd("STARTTLS", 220)
        s.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        o = self.context().wrap_bio(into, out, server_hostname="mx.test")
        while True:
            try:
                o.do_handshake()
                break
            except ssl.SSLWantReadError:
                trickle(s.s, out.read())
                into.write(s.s.recv(65536))
        trickle(s.s, out.read())
        for octet in b"NOOP\r\n" * 20:
            o.write(bytes([octet]))
            s.s.sendall(out.read())
        got = b""
        while got.count(b"\r\n") < 20:
            try:
                got += o.read(65536)
            except ssl.SSLWantReadError:
                into.write(s.s.recv(65536))
        self.assertEqual(got, b"250 2.0.0 Ok\r\n" * 20)
        # renegotiation is refused, and costs its client the connection
        out = self.s_client("-tls1_2", "-connect", "127.0.0.1:465",
                            says="R\n")
        self.assertRegex(out, "no renegotiation")

    def test_reload(self):
        """A new certificate, and no session is dropped for it."""
        p = self.tls()
        c = self.context(check_hostname=False)
        plain = self.alone()
        with Secure(25, c) as old:
            self.assertEqual(old.names()[0], "mx.test")
            self.ca.issue(p.dir, "first", "DNS:new.test")
            p.write("postern.conf", p.conf.replace("tls first rsa other",
                                                   "tls first other"))
            p.ctl("reload")
            with Secure(25, c, name="new.test") as s:
                self.assertEqual(s.names(), ["new.test"])
            old.cmd("MAIL FROM:<a@x.test>", 250)
            old.cmd("RCPT TO:<alice@here.test>", 250)
            old.cmd("DATA", 354)
            old.write(BODY + b".\r\n")
            self.assertEqual(old.reply()[0], 250)
        plain.cmd("STARTTLS", 220)
        plain.context = c
        Secure.secure(plain, "new.test")
        self.assertEqual(Secure.names(plain), ["new.test"])
        plain.cmd("EHLO client.test", 250)


def longer(record, octets):
    """The record with octets at its end, and its length to fit."""
    n = len(record) - 5 + len(octets)
    return record[:3] + n.to_bytes(2, "big") + record[5:] + octets


def trickle(s, octets):
    for octet in octets:
        s.sendall(bytes([octet]))


if __name__ == "__main__":
    main()
