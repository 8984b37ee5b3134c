#!/usr/bin/env python3
"""TLS against clients that mean it badly: names, chains, floods, and a keyd
that dies while many shake hands.  The rest is in test_tls.py."""
import os
import signal
import smtplib
import socket
import ssl
import struct
import threading

from host import DEADLINE, Raw, main, until
from test_secrets import SecretsCase
from test_tls import Secure, TlsCase

FAR = "127.0.0.3"       # another client
SHARE = 4               # sessions that one client may have
SUITES = b"\xc0\x2b\xc0\x2f\xc0\x2c\xc0\x30"  # ECDHE, both kinds, AES-GCM
NAME, GROUPS, POINTS, SIGALGS = 0, 10, 11, 13
HANDSHAKE, ALERT = 0x16, 0x15
DONE = b"\x0e\0\0\0"   # ServerHelloDone


# ---- a ClientHello of our own ---------------------------------------------

def sized(octets, n=2):
    return len(octets).to_bytes(n, "big") + octets


def extension(kind, octets):
    return struct.pack(">H", kind) + sized(octets)


def host_name(name):
    """RFC 6066 3: a list of one."""
    return extension(NAME, sized(b"\0" + sized(name)))


def hello(names=b""):
    """One message of TLS 1.2, in as many records as it needs."""
    body = b"\3\3" + os.urandom(32) + b"\0" + sized(SUITES) + b"\1\0" + \
        sized(names + extension(GROUPS, sized(b"\0\x17\0\x1d")) +
              extension(POINTS, b"\1\0") +
              extension(SIGALGS, sized(b"\4\3\4\1\x08\4")))
    message = b"\1" + sized(body, 3)
    return b"".join(record(message[i:i + 16384])
                    for i in range(0, len(message), 16384))


def record(octets, kind=HANDSHAKE):
    return bytes([kind, 3, 3]) + sized(octets)


def starttls():
    s = Raw(25)
    s.cmd("EHLO client.test", 250)
    s.cmd("STARTTLS", 220)
    return s


def answer(octets):
    """What the server says to that after STARTTLS, until it is the client's
    turn or it has ended."""
    with starttls() as s:
        s.write(octets)
        said = more = s.f.read1()
        while more and not said.endswith(DONE):
            more = s.f.read1()
            said += more
        return said


def certificate(path):
    with open(path) as f:
        pem = f.read()
    return ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN"):])


class Certs(TlsCase):
    def test_names(self):
        """Whatever stands where a name should: the first certificate, or a
        clean refusal; never another one."""
        p = self.tls()
        first, other = (certificate("%s/%s.pem" % (p.dir, x))
                        for x in ("first", "other"))
        before = p.pids()
        for name in b"other.test", b"OTHER.TEST":
            self.assertIn(other, answer(hello(host_name(name))))
        for name in (b"nobody.test", b"other.testx", b"xother.test",
                     b"*.test", b"\xff" * 7, b".", b" ", b"other.test ",
                     b"\r\n250 ok", b"", b"a" * 255, b".".join([b"a"] * 128)):
            said = answer(hello(host_name(name)))
            self.assertIn(first, said, name)
            self.assertNotIn(other, said, name)
        self.assertIn(first, answer(hello()))
        broken = (host_name(b"other.test\0.evil.test"), host_name(b"\0"),
                  host_name(b"a" * 256), host_name(b"a" * 65000),
                  host_name(b"a" * 9)[:-1], extension(NAME, b""),
                  extension(NAME, sized(b"\0\0\5x")),
                  extension(NAME, sized(b"\7" + sized(b"other.test"))),
                  host_name(b"other.test") * 2)
        for names in broken:
            said = answer(hello(names))
            self.assertEqual(said[:1], bytes([ALERT]), (names[:40], said))
        self.assertEqual(p.pids(), before)
        with Secure(25, self.context()) as s:
            s.cmd("NOOP", 250)


class Chains(SecretsCase):
    """What is no chain that we would show is said with its line."""

    def chain_of(self, octets):
        p = self.keeper()
        with open(p.chain) as f:
            one = f.read()
        with open(p.chain, "w") as f:
            f.write(one * (octets // len(one) + 1))
        return p

    def test_chain_of_100_kb(self):
        p = self.chain_of(100000)
        self.refused_at_start(p, p.place("certificate a") + "certificate a: "
                              "chain %s: longer than 64k" % p.chain)

    def test_chain_of_many(self):
        """Short enough, but deeper than any client would follow."""
        p = self.chain_of(60000)
        self.refused_at_start(p, p.place("certificate a") + "certificate a: "
                              "chain %s: has more than 10 certificates" %
                              p.chain)


# ---- records --------------------------------------------------------------

class Records(TlsCase):
    def ended(self, octets):
        """The server ends it by itself; what it said before."""
        with starttls() as s:
            try:
                s.write(octets)
                return s.f.read()
            except ConnectionError:
                return b""      # it has gone before it had read all

    def test_tls_flood_records(self):
        """Handshakes in pieces are read; what would never end is ended."""
        p = self.tls()
        before = p.pids()
        message = hello()[5:]
        pieces = b"".join(record(message[i:i + 1])
                          for i in range(len(message)))
        first = certificate(p.dir + "/first.pem")
        self.assertIn(first, answer(pieces))
        for flood in (record(b"") * 2000,
                      record(b"\1\0", ALERT) * 2000,     # close_notify
                      record(b"\1\x5a", ALERT) * 2000,   # user_canceled
                      bytes([HANDSHAKE, 3, 3, 0xff, 0xff]) + b"x" * 65535,
                      record(b"\1\xff\xff\xff" + b"x" * 16000) * 64,
                      record(b"\x16\0\0\0") * 2000,
                      hello() + record(b"\1", 0x14) * 2000,
                      hello() + hello()):
            self.assertNotIn(b"250", self.ended(flood), flood[:16])
        self.assertEqual(p.pids(), before)


# ---- many clients ---------------------------------------------------------

def shake(context, source="127.0.0.1"):
    """A session under TLS, as another client may have it."""
    s = smtplib.SMTP("127.0.0.1", 25, "client.test", DEADLINE, (source, 0))
    try:
        s.starttls(context=context)
        return s
    except OSError:
        s.close()
        raise


class Load:
    """Threads that shake hands until it is over."""

    def __init__(self, n, context):
        self.context, self.over = context, threading.Event()
        self.done, self.failed, self.hung = [], [], []
        self.threads = [threading.Thread(target=self.run) for _ in range(n)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for t in self.threads:
            t.join()

    def run(self):
        while not self.over.is_set():
            try:
                shake(self.context).close()
                self.done.append(True)
            except TimeoutError as e:
                self.hung.append(e)
            except OSError as e:
                self.failed.append(e)

    def go_on(self, n=10):
        """Wait for that many handshakes more."""
        seen = len(self.done)
        until(lambda: len(self.done) >= seen + n, "handshakes")


class Many(TlsCase):
    def test_keyd_kill_under_load(self):
        """keyd dies again and again: who is in the midst of a handshake is
        told so, and nobody else is hurt."""
        p, c = self.tls(listen="handshakes 0;"), self.context()
        others = {k: v for k, v in p.pids().items() if k != "sign"}
        with Secure(465, c) as s, Load(4, c) as load:
            for _ in range(4):
                load.go_on()
                pid = p.pids()["sign"]
                os.kill(pid, signal.SIGKILL)
                until(lambda: p.pids().get("sign") not in (None, 0, pid),
                      "another keyd")
                s.cmd("NOOP", 250)
            p.wait_ready()
            load.go_on()
        self.assertEqual(load.hung, [])
        now = p.pids()
        self.assertEqual({k: v for k, v in now.items() if k != "sign"},
                         others)
        for _ in range(20):
            shake(c).close()

    def test_tls_flood_of_handshakes(self):
        """One client has its share of handshakes, however it goes about it;
        another one is served."""
        p, c = self.tls(listen="sessions-per-client %d;" % SHARE), \
            self.context()
        # all of its share is in the midst of one
        half = hello()[:40]
        for _ in range(SHARE):
            s = starttls()
            self.addCleanup(s.__exit__)
            s.write(half)
        with Raw(25) as s:
            self.assertEqual(s.banner[0], 421)
        for _ in range(10):
            shake(c, FAR).close()
        p.wait_log("refuse client=127.0.0.1 listener=mx code=421 "
                   'reason="Too many sessions from your address"')

    def test_tls_flood_of_clients(self):
        """More at a time than it may, one handshake after the other."""
        self.tls(listen="handshakes 0; sessions-per-client %d;" % SHARE)
        c = self.context()
        with Load(3 * SHARE, c) as load:
            load.go_on()
            for _ in range(10):
                shake(c, FAR).close()
            until(lambda: load.failed, "refusals")
        self.assertEqual(load.hung, [])
        for e in load.failed:
            self.assertIsInstance(e, smtplib.SMTPConnectError)
            self.assertEqual(e.smtp_code, 421)

    def test_tls_flood_in_a_minute(self):
        """However few at a time: so many, and then mail in clear or none."""
        p, c = self.tls(listen="handshakes %d;" % SHARE), self.context()
        for _ in range(SHARE):
            shake(c).close()
        with self.assertRaises(smtplib.SMTPResponseException) as e:
            shake(c)
        self.assertEqual(e.exception.smtp_code, 454)
        shake(c, FAR).close()
        p.wait_log("client=127.0.0.1 .*handshakes")
        self.assertEqual(p.send("alice@here.test", b"\r\n")[0], 250)


if __name__ == "__main__":
    main()
