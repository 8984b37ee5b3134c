#!/usr/bin/env python3
"""TLS and AUTH with Postfix and Exim at the other end: STARTTLS both ways,
certificates verified both ways, and Postfix as a submission client."""
import os
import re
import smtplib
import ssl
import subprocess

from host import Case, DEADLINE, main, until
from real_dovecot import PASSWORD, Dovecot
from real_exim import Exim
from real_postfix import Postfix
from real_program import USERS, private_host
from real_tls import Authority

BODY = (b"X-Test: tls\r\nFrom: sender@far.test\r\nSubject: test\r\n\r\n" +
        "Gr\u00fc\u00dfe\r\n.dot\r\n".encode() + b"x" * 998 + b"\r\n" +
        b"".join(b"line %06d\r\n" % n for n in range(20000)))
authority = None


def setUpModule():
    global authority
    private_host()
    authority = Authority()


def content(mail):
    return mail[mail.index(b"X-Test: "):]


class TlsCase(Case):
    def run_peer(self, kind, **kw):
        peer = kind(**kw)
        self.addCleanup(peer.close)
        return peer.start()

    def certified(self, extra="", listen="", ca=True):
        """A postern with a certificate for its name."""
        chain, key = authority.issue("mx.test")
        return self.postern(
            listen="tls mx;" + listen,
            extra="certificate mx { chain %s; key %s; }\n" % (chain, key) +
            ("ca-file %s;\n" % authority.ca if ca else "") + extra)

    def hand_in(self, peer, rcpt, sender="sender@far.test"):
        with smtplib.SMTP("127.0.0.1", peer.port, "user.test",
                          timeout=DEADLINE) as s:
            s.sendmail(sender, [rcpt], BODY, ["BODY=8BITMIME"])

    def arrived(self, mails):
        self.assertEqual(len(mails), 1)
        self.assertTrue(content(mails[0]) == BODY.replace(b"\r\n", b"\n"),
                        mails[0][:2000])


class Out:
    """postern's client, their server."""

    def to_peer(self, level, name):
        return self.certified(extra="route far.test { via 127.0.0.1:2526; "
                              "tls %s; %s }" % (level, name))

    def send(self, p):
        code, text = p.send("alice@far.test", BODY, trusted=True,
                            options=["BODY=8BITMIME"])
        self.assertEqual(code, 250, text)

    def test_opportunistic(self):
        peer, p = self.server(), self.to_peer("may", "")
        self.send(p)
        self.arrived(peer.wait_maildir("alice", 1))
        self.check_protected(peer)

    def test_verified(self):
        peer = self.server()
        p = self.to_peer("verify", "tls-name %s;" % self.host)
        self.send(p)
        self.arrived(peer.wait_maildir("alice", 1))
        self.check_protected(peer)
        p.wait_log(r"rcpt=<alice@far.test> status=delivered .*tls=\S*verif")

    def test_another_name_is_not_sent_to(self):
        peer = self.server()
        p = self.to_peer("verify", "tls-name other.test;")
        self.send(p)
        p.wait_log("rcpt=<alice@far.test> status=deferred|route-down|down")
        self.assertEqual(peer.maildir("alice"), [])
        self.assertEqual(len(p.queue()), 1)


class PostfixOut(Out, TlsCase):
    host = "postfix.test"

    def server(self, **kw):
        chain, key = authority.issue(self.host, **kw)
        return self.run_peer(Postfix, settings="""
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = %s, %s
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
""" % (key, chain))

    def check_protected(self, peer):
        self.assertRegex(peer.maildir("alice")[0].decode("utf-8", "replace"),
                         r"\(using TLSv1\.3 ")

    def test_verified_by_its_address(self):
        """Of a host that is configured as an address."""
        peer = self.server(address="127.0.0.1")
        self.send(self.to_peer("verify", ""))
        self.arrived(peer.wait_maildir("alice", 1))
        self.check_protected(peer)


class EximOut(Out, TlsCase):
    host = "exim.test"

    def server(self):
        chain, key = authority.issue(self.host, USERS["Debian-exim"])
        return self.run_peer(Exim, settings="""
tls_advertise_hosts = *
tls_certificate = %s
tls_privatekey = %s
""" % (chain, key))

    def check_protected(self, peer):
        self.assertRegex(peer.log(), r"<= .* P=esmtps .*X=TLS1\.3")


class In:
    """Their client, postern's server."""

    def test_verified(self):
        p = self.certified()
        peer = self.client(authority.ca)
        self.hand_in(peer, "alice@here.test")
        self.arrived(p.wait_maildir("alice", 1))
        self.assertRegex(p.maildir("alice")[0].decode("utf-8", "replace"),
                         r"with ESMTPS")
        self.check_verified(peer)

    def test_self_signed_by_default(self):
        p = self.postern()
        peer = self.client(None)
        self.hand_in(peer, "alice@here.test")
        self.arrived(p.wait_maildir("alice", 1))
        self.assertRegex(p.maildir("alice")[0].decode("utf-8", "replace"),
                         r"with ESMTPS")


class PostfixIn(In, TlsCase):
    def client(self, ca):
        return self.run_peer(Postfix, settings="""
smtp_tls_security_level = %s
smtp_tls_CAfile = %s
smtp_tls_secure_cert_match = mx.test
smtp_tls_loglevel = 1
""" % (("secure", ca) if ca else ("encrypt", "")))

    def check_verified(self, peer):
        peer.wait_for(lambda: "Verified TLS connection established to "
                      "127.0.0.1" in peer.log(), "a verified connection")


class EximIn(In, TlsCase):
    def client(self, ca):
        return self.run_peer(Exim, transport="""
  hosts_require_tls = *
  tls_verify_certificates = %s
  tls_verify_hosts = %s
  tls_verify_cert_hostnames =
""" % ((ca, "*") if ca else ("", "")))

    def check_verified(self, peer):
        peer.wait_for(lambda: re.search(r"=> .* X=TLS1\.3\S* CV=yes",
                                        peer.log()), "a verified delivery")


class Submission(TlsCase):
    """Postfix hands in its users' mail, with a password."""

    USERS = "table users file %s/users;\n"
    LISTEN = ("listen submission { address 127.0.0.1; port 587; tls mx; "
              "auth users; }\n"
              "listen submissions { address 127.0.0.1; port 465; tls mx; "
              "auth users; }\n")

    def start(self):
        p = self.certified(
            extra="table users file %s/users;\n" % authority.dir +
            self.LISTEN)
        return p

    def setUp(self):
        super().setUp()
        secret = subprocess.run(
            ["openssl", "passwd", "-6", PASSWORD], stdout=subprocess.PIPE,
            text=True, check=True).stdout.strip()
        with open(authority.dir + "/users", "w") as f:
            f.write("mailer@here.test:{SHA512-CRYPT}%s\n" % secret)
        os.chmod(authority.dir + "/users", 0o600)

    def client(self, port, password=PASSWORD, more=""):
        secret = authority.dir + "/sasl"
        with open(secret, "w") as f:
            f.write("[127.0.0.1]:%d mailer@here.test:%s\n" % (port,
                                                              password))
        return self.run_peer(Postfix, port=2525, relay=port,
                             domain="users.test", settings="""
smtp_tls_security_level = encrypt
smtp_sasl_auth_enable = yes
smtp_sasl_security_options = noanonymous
smtp_sasl_password_maps = texthash:%s
""" % secret + more)

    def relayed(self, port, more=""):
        p = self.start()
        peer = self.run_peer(Postfix)
        self.hand_in(self.client(port, more=more), "alice@far.test",
                     sender="mailer@here.test")
        self.arrived(peer.wait_maildir("alice", 1))
        self.assertRegex(peer.maildir("alice")[0].decode("utf-8", "replace"),
                         r"with ESMTPSA")
        p.wait_empty()

    def test_starttls(self):
        self.relayed(587)

    def test_tls_from_the_start(self):
        self.relayed(465, "smtp_tls_wrappermode = yes\n")

    def test_wrong_password(self):
        self.start()
        client = self.client(587, password="wrong")
        self.hand_in(client, "alice@far.test", sender="mailer@here.test")
        client.wait_for(lambda: re.search(r"SASL authentication failed.*535",
                                          client.log()), "a refusal")

    def test_mechanisms_wait_for_tls(self):
        self.start()
        with smtplib.SMTP("127.0.0.1", 587, "user.test",
                          timeout=DEADLINE) as s:
            s.ehlo()
            self.assertFalse(s.has_extn("auth"))
            context = ssl.create_default_context(cafile=authority.ca)
            context.check_hostname = False
            s.starttls(context=context)
            s.ehlo()
            self.assertTrue(s.has_extn("auth"))
            s.login("mailer@here.test", PASSWORD)


class SmartHost:
    """postern hands mail to a host that wants a password."""

    def through(self, user, password):
        secret = authority.dir + "/smart"
        with open(secret, "w") as f:
            f.write("user %s\npassword %s\n" % (user, password))
        os.chmod(secret, 0o600)
        return self.certified(
            extra="credentials smart { file %s; }\n"
            "route far.test { via smtp://127.0.0.1:2526; tls verify; "
            "tls-name %s; credentials smart; }" % (secret, self.host))

    def test_logs_in(self):
        peer = self.server()
        p = self.through("alice", PASSWORD)
        p.send("bob@far.test", BODY, trusted=True, options=["BODY=8BITMIME"])
        self.arrived(peer.wait_maildir("bob", 1))
        self.check_login(peer)
        p.wait_empty()

    def test_wrong_password_is_not_the_mails_fault(self):
        peer = self.server()
        p = self.through("alice", "wrong")
        p.send("bob@far.test", BODY, trusted=True, options=["BODY=8BITMIME"])
        p.wait_log("status=deferred .*refuses our login: 535")
        self.assertEqual(peer.maildir("bob"), [])
        self.assertEqual(len(p.queue()), 1)


class PostfixSmartHost(SmartHost, TlsCase):
    """Its passwords are Dovecot's."""

    host = "postfix.test"

    def server(self):
        dovecot = self.run_peer(Dovecot)
        chain, key = authority.issue(self.host)
        return self.run_peer(Postfix, settings="""
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = %s, %s
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = %s
smtpd_sasl_authenticated_header = yes
smtpd_client_restrictions = permit_sasl_authenticated, reject
""" % (key, chain, dovecot.sasl))

    def check_login(self, peer):
        self.assertIn(b"(Authenticated sender: alice)",
                      peer.maildir("bob")[0])


class EximSmartHost(SmartHost, TlsCase):
    host = "exim.test"

    def server(self):
        chain, key = authority.issue(self.host, USERS["Debian-exim"])
        return self.run_peer(Exim, settings="""
tls_advertise_hosts = *
tls_certificate = %s
tls_privatekey = %s
acl_smtp_mail = ${if def:sender_host_authenticated {accept}{deny}}
""" % (chain, key), sections="""
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = ${if def:tls_in_cipher}
  server_condition = ${if and{{eq{$auth2}{alice}}{eq{$auth3}{%s}}}}
  server_set_id = $auth2
""" % PASSWORD)

    def check_login(self, peer):
        self.assertRegex(peer.log(), r"<= .* P=esmtpsa .* A=plain:alice")


if __name__ == "__main__":
    main()
