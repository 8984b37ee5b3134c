#!/usr/bin/env python3
"""Wrong configurations and wrong surroundings: one clear line each, and an
exit status of sysexits(3)."""
import os
import socket
import subprocess
import sys

from host import Case, DEADLINE, Postern, build, main, until

EX_USAGE, EX_UNAVAILABLE, EX_OSERR, EX_CONFIG = 64, 69, 71, 78


class Errors(Case):
    def fails(self, p, status, *words):
        """Start p, which must end by itself with that status and words."""
        p.start(wait=False)
        got = p.proc.wait(DEADLINE)
        p.proc = None
        log = p.log()
        statuses = status if isinstance(status, tuple) else (status,)
        self.assertIn(got, statuses, log)
        for w in words:
            self.assertIn(w, log)
        lines = [x for x in log.splitlines()
                 if words[0] in x and ": warn: " not in x]
        self.assertEqual(len(lines), 1, log)

    def check(self, text):
        p = self.postern(start=False, conf=text.replace("%", "%%"))
        r = subprocess.run([build() + "/postern", "-x", build(), "-n", "-f",
                            p.dir + "/postern.conf"],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, timeout=DEADLINE)
        return r.returncode, r.stdout

    def test_every_error_of_a_configuration(self):
        status, out = self.check(
            "hostname mx.test;\nfrobnicate yes;\nspool { segment-size 5; }\n"
            "domain here.test { recipients nowhere; }\n")
        self.assertEqual(status, EX_CONFIG, out)
        for line, word in ((2, "frobnicate"), (3, "segment-size"),
                           (4, "nowhere")):
            self.assertRegex(out, r"postern\.conf:%d: .*%s" % (line, word))

    def test_a_good_configuration(self):
        status, out = self.check("""
            hostname mx.test;
            domain here.test { recipients any; relay; }
            """)
        self.assertEqual(status, 0, out)

    def test_missing_table(self):
        p = self.postern(start=False)
        os.unlink(p.dir + "/mailboxes")
        self.fails(p, EX_CONFIG, p.dir + "/mailboxes", "postern.conf:9")

    def test_missing_configuration(self):
        p = self.postern(start=False)
        os.unlink(p.dir + "/postern.conf")
        self.fails(p, (EX_CONFIG, 66), p.dir + "/postern.conf",
                   "No such file")

    def test_port_in_use(self):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", 25))
        s.listen()
        self.addCleanup(s.close)
        p = self.postern(start=False)
        self.fails(p, (EX_UNAVAILABLE, EX_OSERR), "127.0.0.1:25",
                   "in use", "postern.conf:10")

    def test_port_in_use_for_a_moment(self):
        """By what a postern that was killed has left, say."""
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", 25))
            s.listen()
            p = self.postern(start=False).start(wait=False)
            p.wait_log("127.0.0.1:25: Address already in use; .*; waiting")
        p.wait_ready()
        self.assertEqual(p.send("alice@here.test", b"\r\nx\r\n")[0], 250)

    def test_address_that_is_not_ours(self):
        p = self.postern(start=False, extra="listen mx other { address "
                         "192.0.2.77; port 26; }")
        self.fails(p, (EX_UNAVAILABLE, EX_OSERR), "192.0.2.77")

    def test_spool_that_cannot_be_written(self):
        p = self.postern(start=False)
        with open(p.dir + "/spool", "w"):
            pass
        p.start(wait=False)
        self.assertIn(p.proc.wait(DEADLINE), (70, 71, 73, 74, 78), p.log())
        p.proc = None
        self.assertIn("spool", p.log())

    def test_spool_of_another_version(self):
        p = self.postern()
        self.assertEqual(p.stop(), 0)
        p.write("spool/version", "999\n")
        p.start(wait=False)
        p.wait_log("version")
        self.assertNotEqual(p.proc.wait(DEADLINE), 0)
        p.proc = None

    def test_without_root(self):
        r = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534",
                            "--clear-groups", build() + "/postern", "-x",
                            build(), "-f", "/dev/null"], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True,
                           timeout=DEADLINE)
        self.assertNotEqual(r.returncode, 0)
        self.assertIn("root", r.stdout)

    def test_usage(self):
        r = subprocess.run([build() + "/postern", "-Z"],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, timeout=DEADLINE)
        self.assertEqual(r.returncode, EX_USAGE)
        self.assertIn("usage", r.stdout)

    def test_daemons_by_hand(self):
        for name in "smtpd", "queued", "deliverd", "resolverd", "keyd":
            r = subprocess.run([build() + "/" + name], stderr=subprocess.PIPE,
                               text=True, stdin=subprocess.DEVNULL)
            self.assertEqual(r.returncode, EX_USAGE, name)
            self.assertIn("postern(8)", r.stderr)

    def test_full_disk(self):
        p = self.postern(start=False)
        spool = p.dir + "/spool"
        os.mkdir(spool)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs",
                        spool], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", spool])
        p.start()
        sent = refused = 0
        body = b"\r\n" + b"f" * 70 + b"\r\n" * 1
        body += (b"f" * 70 + b"\r\n") * 8000
        for _ in range(40):
            try:
                code, text = p.send("r@far.test", body, trusted=True)
            except AssertionError as e:
                code, text = 452, str(e)
                self.assertIn("452", text)
            if code == 250:
                sent += 1
            else:
                self.assertIn(code, (451, 452), text)
                refused += 1
        self.assertGreater(sent, 0)
        self.assertGreater(refused, 0)
        self.assertEqual(len(p.queue()), sent)
        self.assertEqual(p.stop(), 0)


if __name__ == "__main__":
    main()
