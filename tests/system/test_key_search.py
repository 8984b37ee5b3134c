#!/usr/bin/env python3
"""Secrets are in the process that keeps them and in no other: private keys
in keyd's role sign, the hashes of passwords in auth, relay passwords in cred;
and a password that a client has said is nowhere.

KEY_SEARCH is the number of handshakes before the keys are looked for.
"""
import base64
import os
import re
import ssl
import subprocess

from host import DEADLINE, build, main
from memory import search, search_files
from test_tls import Secure, TlsCase, openssl

HANDSHAKES = int(os.environ.get("KEY_SEARCH", 300))
ACCOUNT, PASSWORD = "alice@here.test", "quite Another passphrase"
WRONG = "tried but Never right"
RELAY = "password 0f the smart host"
COMPONENT = re.compile(r"^(\w+):\n((?:    [0-9a-f:]+\n)+)", re.M)


# ---- what is looked for ---------------------------------------------------

def numbers(path):
    """{name: octets} of what is secret in a key, by openssl."""
    text = openssl("pkey", "-in", path, "-noout", "-text")
    secret = ("priv", "privateExponent", "prime1", "prime2", "exponent1",
              "exponent2", "coefficient")
    return {name: bytes.fromhex(re.sub(r"[\s:]", "", digits)).lstrip(b"\0")
            for name, digits in COMPONENT.findall(text) if name in secret}


def parts(octets):
    """Pieces of 16, as freed memory has others written into it; none from
    the very beginning, which is the first to go."""
    n = len(octets)
    return {octets[at:at + 16] for at in (n // 4, n // 2, n * 3 // 4)
            if at + 16 <= n}


def needles_of(label, path):
    """By name: numbers as DER has them, and as OpenSSL's limbs are; and the
    lines of the file."""
    needles = {"%s %s" % (label, name): parts(n) | parts(n[::-1])
               for name, n in numbers(path).items()}
    with open(path) as f:
        lines = f.read().splitlines()[1:-1]
    # without those that have the public key alone
    lines = lines[:2] if len(lines) < 4 else lines[1:-1]
    needles[label + " file"] = {x.encode() for x in lines}
    return needles


def said(password):
    """A password in the forms in which a client says it."""
    plain = b"\0%s\0%s" % (ACCOUNT.encode(), password.encode())
    return {password.encode(), base64.b64encode(password.encode()),
            base64.b64encode(plain)}


def entry_needles(entry):
    """The hash of an entry, as it stands there and as octets."""
    text = entry.strip().rsplit("$", 1)[1]
    return {text.encode(),
            base64.b64decode(text + "=" * (-len(text) % 4))}


# ---- the tests ------------------------------------------------------------

class Search(TlsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ca.issue(cls.made, "rsa", "DNS:mx.test,DNS:rsa.test", "rsa")

    def roles(self, p):
        """{role: pid} of all that runs, master among them."""
        names = {pid: role for role, pid in p.pids().items()}
        return {names.get(pid, "master"): pid for pid in p.tree()}

    def holders(self, p, needles, look=search):
        """{role: what it has}, of those that have any."""
        found = {role: look(pid, needles)
                 for role, pid in self.roles(p).items()}
        return {role: what for role, what in found.items() if what}

    def shake(self, n):
        """That many full handshakes: with each key, by each version, in mx
        and in msa."""
        contexts = [self.context(maximum_version=v) for v in (
            ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)]
        for c in contexts:
            c.check_hostname = False
        for i in range(n):
            name = ("mx.test", "rsa.test")[i // 2 % 2]
            with Secure((25, 587)[i // 4 % 2], contexts[i % 2],
                        name=name) as s:
                self.assertFalse(s.s.session_reused)
                self.assertEqual("rsa.test" in s.names(),
                                 name == "rsa.test")

    def unlimited(self):
        """A postern whose clients may begin any number of handshakes."""
        p = self.tls(listen="handshakes 0;")
        p.write("postern.conf", p.conf.replace("auth users;", "auth users; "
                                               "handshakes 0;"))
        p.ctl("reload")
        return p

    def test_key_search(self):
        p = self.unlimited()
        self.shake(HANDSHAKES)
        needles = {**needles_of("ec", p.dir + "/first.key"),
                   **needles_of("rsa", p.dir + "/rsa.key")}
        self.assertEqual(len(needles), 1 + 6 + 2, needles.keys())
        holders = self.holders(p, needles)
        self.assertEqual(set(holders), {"sign"}, holders)
        # and the search finds what is there
        self.assertLessEqual({"ec priv", "rsa privateExponent",
                              "rsa prime1", "rsa prime2"}, holders["sign"])
        self.assertFalse({"ec file", "rsa file"} & holders["sign"])
        everywhere = self.holders(p, {"name": [b"mx.test", b"127.0.0.1"]})
        self.assertEqual(set(everywhere), set(self.roles(p)))

    def entry(self):
        return subprocess.run(
            [build() + "/posternctl", "password", ACCOUNT],
            input=PASSWORD + "\n", stdout=subprocess.PIPE, text=True,
            check=True, timeout=DEADLINE).stdout

    def log_in(self, port):
        """Sessions, still open, in which the password was said."""
        account = base64.b64encode(ACCOUNT.encode()).decode()
        for password, code in ((WRONG, 535), (PASSWORD, 235)):
            plain = base64.b64encode(b"\0%s\0%s" % (
                ACCOUNT.encode(), password.encode())).decode()
            s = Secure(port, self.context())
            self.addCleanup(s.__exit__)
            s.cmd("AUTH PLAIN " + plain, code)
            s = Secure(port, self.context())
            self.addCleanup(s.__exit__)
            s.cmd("AUTH LOGIN " + account, 334)
            s.cmd(base64.b64encode(password.encode()).decode(), code)

    def test_passwords(self):
        with open(self.made + "/smart", "w") as f:
            f.write("user postern\npassword %s\n" % RELAY)
        os.chmod(self.made + "/smart", 0o600)
        entry = self.entry()
        self.hash = entry.split(":", 1)[1].strip()
        p = self.tls(extra="""
ca-file %s;
credentials smart { file %s/smart; }
route far.test { via smtps://far.test; tls verify; credentials smart; }
""" % (self.ca.path, self.made))
        self.log_in(465)
        self.log_in(587)
        needles = {"right": said(PASSWORD), "wrong": said(WRONG),
                   "relay": said(RELAY), "hash": entry_needles(entry)}
        self.assertEqual(self.holders(p, needles),
                         {"auth": {"hash"}, "cred": {"relay"}})
        # master keeps the table for the next keyd, and never looks into it
        self.assertEqual(self.holders(p, needles, search_files),
                         {"auth": {"hash"}, "master": {"hash"}})
        # and a password would have been seen next to the account
        self.assertIn("msa", self.holders(p, {"name": [ACCOUNT.encode()]}))


if __name__ == "__main__":
    main()
