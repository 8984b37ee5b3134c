#!/usr/bin/env python3
"""Keys and credentials: who gets them, which are refused, and by what words;
at the start, by -n, by a reload, and when keyd dies."""
import os
import re
import shutil
import signal
import smtplib
import ssl
import subprocess
import threading

from host import Case, DEADLINE, Postern, build, main, until
from memory import search

EX_CONFIG = 78
NOBODY = 65534

CERTIFICATE = """
certificate a {
	chain %(chain)s;
	key %(key)s;
}
"""
USERS = "alice:$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" \
    "R4tqWJCH0ETeGJk1iCIHPg4rs6kjpPWjXP7h3Y9ZwiE\n"


class Keeper(Postern):
    """A postern with a certificate, whose files a test makes."""

    def __init__(self, extra="", listen="tls a;", certificate=CERTIFICATE,
                 days=30):
        super().__init__(extra="@extra@", listen="@listen@")
        self.chain, self.key = self.make("a", days)
        self.parts = {"@extra@": certificate % vars(self) + extra,
                      "@listen@": listen}
        self.skeleton = self.conf
        self.rewrite()

    def rewrite(self, **parts):
        """Write the configuration, with other parts if they are given."""
        self.parts.update({"@%s@" % k: v for k, v in parts.items()})
        self.conf = self.skeleton
        for mark, text in self.parts.items():
            self.conf = self.conf.replace(mark, text.replace(
                "DIR", self.dir))
        self.write("postern.conf", self.conf)

    def make(self, name, days=30):
        """A new key and its certificate: (chain, key)."""
        chain, key = (self.dir + "/" + name + x for x in (".pem", ".key"))
        request = self.dir + "/request"
        run = dict(check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                        "/CN=mx.test", "-keyout", key, "-out", request],
                       **run)
        # x509 -days takes less than nothing: expired when it is made
        subprocess.run(["openssl", "x509", "-req", "-in", request, "-signkey",
                        key, "-days", str(days), "-out", chain], **run)
        os.chmod(key, 0o600)
        return chain, key

    def starttls(self):
        """A session with TLS; whatever the certificate is."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        s = self.smtp()
        s.starttls(context=context)
        return s

    def shows(self, chain):
        """Whether a new session is shown that certificate."""
        with open(chain) as f:
            wanted = ssl.PEM_cert_to_DER_cert(f.read())
        with self.starttls() as s:
            return s.sock.getpeercert(binary_form=True) == wanted

    def line(self, text):
        """The line of the configuration that has the text, from 1."""
        lines = self.conf.splitlines()
        return 1 + next(i for i, x in enumerate(lines) if text in x)

    def place(self, text):
        return "%s/postern.conf:%d: " % (self.dir, self.line(text))

    def role(self, name):
        """Its row of the status, when it is there and ready."""
        rows = [r for r in self.status()["processes"]
                if r["role"] == name and r["state"] == "ready"]
        return rows[0] if rows else None


class SecretsCase(Case):
    def keeper(self, **kw):
        p = Keeper(**kw)
        self.addCleanup(p.close)
        return p

    def check(self, p, prefix=()):
        """postern -n: its status and what it says."""
        r = subprocess.run(
            [*prefix, build() + "/postern", "-x", build(), "-n", "-f",
             p.dir + "/postern.conf"], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=DEADLINE)
        return r.returncode, r.stdout

    def refused_at_start(self, p, words):
        """Neither -n nor a start takes it; both say so, once."""
        status, said = self.check(p)
        self.assertEqual(status, EX_CONFIG, said)
        self.assertIn(words, said)
        p.start(wait=False)
        self.assertEqual(p.proc.wait(DEADLINE), EX_CONFIG, p.log())
        p.proc = None
        self.assertEqual(p.log().count(words), 1, p.log())

    def refused_by_reload(self, p, words):
        """posternctl check and reload say why, and all goes on as before."""
        before = p.pids()
        for what in ("check", "reload"):
            r = p.ctl(what, check=False)
            self.assertEqual(r.returncode, EX_CONFIG, r)
            self.assertIn(words, r.stderr)
        p.wait_log(re.escape(words))
        self.assertEqual(p.pids(), before)


class Files(SecretsCase):
    def test_key_that_others_may_read(self):
        for mode in (0o644, 0o640, 0o602):
            p = self.keeper()
            os.chmod(p.key, mode)
            self.refused_at_start(p, p.place("certificate a") +
                                  "certificate a: key %s: has mode %04o" %
                                  (p.key, mode))

    def test_key_of_somebody_else(self):
        p = self.keeper()
        os.chown(p.key, NOBODY, 0)
        self.refused_at_start(p, p.place("certificate a") + "certificate a: "
                              "key %s: belongs to uid %d" % (p.key, NOBODY))

    def test_key_that_is_missing(self):
        p = self.keeper()
        os.unlink(p.key)
        self.refused_at_start(p, p.place("certificate a") + "certificate a: "
                              "key %s: No such file" % p.key)

    def test_key_that_is_no_file(self):
        p = self.keeper()
        os.unlink(p.key)
        os.mkfifo(p.key, 0o600)
        self.refused_at_start(p, p.place("certificate a") + "certificate a: "
                              "key %s: not a regular file" % p.key)

    def test_key_by_a_link_is_taken(self):
        p = self.keeper()
        os.rename(p.key, p.dir + "/real")
        os.symlink("real", p.key)
        p.start()
        self.assertIsNotNone(p.role("sign"))

    def test_chain_with_the_key_in_it(self):
        p = self.keeper()
        with open(p.key) as key, open(p.chain, "a") as chain:
            chain.write(key.read())
        self.refused_at_start(p, p.place("certificate a") + "certificate a: "
                              "chain %s: has a private key" % p.chain)

    def test_credentials_that_others_may_read(self):
        p = self.keeper(extra="credentials c { file DIR/secret; }\n")
        p.write("secret", "user alice\npassword secret\n")
        os.chmod(p.dir + "/secret", 0o644)
        self.refused_at_start(p, p.place("credentials c") + "credentials c: "
                              "file %s/secret: has mode 0644" % p.dir)

    def test_who_is_not_root_is_told_so(self):
        p = self.keeper()
        os.chmod(p.dir, 0o755)
        os.chmod(p.dir + "/a.pem", 0o644)
        shutil.copy(build() + "/postern", p.dir)
        r = subprocess.run(
            ["setpriv", "--reuid", str(NOBODY), "--clear-groups",
             p.dir + "/postern", "-n", "-f", p.dir + "/postern.conf"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=DEADLINE)
        self.assertIn("certificate a: key %s: only root can check it "
                      "(warning)" % p.key, r.stdout)
        self.assertEqual(r.returncode, 0, r.stdout)

    def test_issuers_that_are_missing(self):
        p = self.keeper(extra="ca-file DIR/none.pem;\nroute far.test "
                        "{ via smtps://far.test; tls verify; }\n")
        status, said = self.check(p)
        self.assertEqual(status, 0, said)
        self.assertIn(p.place("route far.test") + "route far.test: tls "
                      "verify finds no issuer to trust", said)
        p.start()


class Many(SecretsCase):
    def test_as_many_as_there_may_be(self):
        p = self.keeper(listen="tls c7 c254;", certificate="", extra="".join(
            "certificate c%d { chain DIR/a.pem; key DIR/a.key; }\n"
            "credentials d%d { file DIR/secret; }\n" % (i, i)
            for i in range(255)))
        p.write("secret", "user alice\npassword secret\n")
        os.chmod(p.dir + "/secret", 0o600)
        status, said = self.check(p)
        self.assertEqual(status, 0, said)
        p.start()
        self.assertTrue(p.shows(p.chain))
        p.ctl("reload")
        self.assertTrue(p.shows(p.chain))


class Fits(SecretsCase):
    def swap(self, p):
        """Another key in the place of the one that fits."""
        other = p.make("other")[1]
        os.rename(other, p.key)

    def test_key_of_another_certificate_at_start(self):
        p = self.keeper()
        self.swap(p)
        self.refused_at_start(p, p.place("certificate a") + "certificate a: "
                              "%s: the key does not fit the certificate" %
                              p.key)

    def test_key_of_another_certificate_by_reload(self):
        p = self.keeper().start()
        self.swap(p)
        self.refused_by_reload(p, p.place("certificate a") + "certificate a: "
                               "%s: the key does not fit" % p.key)
        self.assertTrue(p.shows(p.chain))

    def test_mode_by_reload(self):
        p = self.keeper().start()
        os.chmod(p.key, 0o644)
        self.refused_by_reload(p, p.place("certificate a") + "certificate a: "
                               "key %s: has mode 0644" % p.key)

    def test_new_key_and_certificate_by_reload(self):
        p = self.keeper().start()
        before = p.pids()
        shutil.copy(p.chain, p.dir + "/old.pem")
        with p.starttls() as s:
            p.make("a")
            self.assertTrue(p.shows(p.dir + "/old.pem"))
            p.ctl("reload")
            self.assertTrue(p.shows(p.chain))
            self.assertEqual(s.noop()[0], 250)
        self.assertEqual(p.pids(), before)

    def test_no_handshake_fails_while_keys_change(self):
        p = self.keeper().start()
        stop, failed, done = threading.Event(), [], []

        def shake():
            while not stop.is_set():
                try:
                    p.starttls().close()
                    done.append(True)
                except (OSError, smtplib.SMTPException) as e:
                    failed.append(e)
        thread = threading.Thread(target=shake)
        thread.start()
        try:
            for _ in range(8):
                p.make("a")
                p.ctl("reload")
                seen = len(done)
                until(lambda: failed or len(done) > seen + 2, "handshakes")
        finally:
            stop.set()
            thread.join()
        self.assertEqual(failed, [])

    def test_expired_certificate_is_a_warning(self):
        p = self.keeper(days=-1)
        status, said = self.check(p)
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"%s.*expired.*\(warning\)" % p.chain)
        p.start()
        p.wait_log(r"warn: .*%s.*expired" % p.chain)
        self.assertIn("expired", p.ctl("check", check=False).stderr)


class Roles(SecretsCase):
    def restarted(self, p, name):
        """Kill the role; its row when another one serves."""
        pid = p.role(name)["pid"]
        os.kill(pid, signal.SIGKILL)

        def another():
            row = p.role(name)
            return row if row and row["pid"] != pid else None
        return until(another, name + " is there again")

    def test_keyd_started_again_gets_the_same_key(self):
        p = self.keeper().start()
        # what has its name now does not fit the certificate that was read
        os.rename(p.make("other")[1], p.key)
        self.restarted(p, "sign")
        self.assertTrue(p.shows(p.chain))
        os.unlink(p.key)
        self.restarted(p, "sign")
        self.assertTrue(p.shows(p.chain))
        self.assertNotIn("refuses", p.log())

    def test_credentials_again(self):
        p = self.keeper(extra="credentials c { file DIR/secret; }\n")
        p.write("secret", "user alice\npassword secret\n")
        os.chmod(p.dir + "/secret", 0o600)
        p.start()
        os.unlink(p.dir + "/secret")
        self.restarted(p, "cred")
        self.assertNotIn("refuses", p.log())

    def test_only_who_is_needed(self):
        p = self.keeper(listen="tls none;", certificate="").start()
        roles = set(p.pids())
        self.assertFalse(roles & {"sign", "auth", "cred", "connect"}, roles)

    def test_come_and_go_by_reload(self):
        p = self.keeper(listen="tls none;", certificate="").start()
        p.write("users", USERS)
        p.rewrite(extra="table users file DIR/users;\nlisten submission { "
                  "address 127.0.0.1; auth users; }\n")
        p.ctl("reload")
        roles = set(p.pids())
        self.assertTrue({"sign", "auth"} <= roles, roles)
        p.rewrite(extra="")
        p.ctl("reload")
        until(lambda: not {"sign", "auth"} & set(p.pids()),
              "those who are needed no more are gone")

    def tables(self, p, role):
        """How many tables a process has in its memory."""
        with open("/proc/%d/maps" % p.pids()[role]) as f:
            return len(re.findall(r"/memfd:table", f.read()))

    def test_each_table_goes_to_its_reader(self):
        p = self.keeper(extra="table users file DIR/users;\nlisten "
                        "submission { address 127.0.0.1; auth users; }\n")
        p.write("users", USERS)
        p.start()
        self.assertEqual(self.tables(p, "queued"), 1)   # mailboxes
        self.assertEqual(self.tables(p, "auth"), 1)     # users
        p.rewrite(extra=p.parts["@extra@"] + "domain there.test "
                  "{ recipients users; relay; }\n")
        p.ctl("reload")
        self.assertEqual(self.tables(p, "queued"), 2)

    def test_master_never_has_a_key(self):
        p = self.keeper().start()
        p.ctl("reload")
        with open(p.key) as f:
            secret = f.read().splitlines()[1].encode()
        # the name, so that we know that we would have seen it
        self.assertEqual(search(p.proc.pid, {
            "name": [p.dir.encode() + b"/postern.conf"],
            "key": [secret]}), {"name"})


if __name__ == "__main__":
    main()
