#!/usr/bin/env python3
"""posternctl: the queue, one message, the processes, changes."""
import os
import re
import subprocess
import sys

from host import Case, UID_BASE, Raw, build, main, until
from peers import Sink

BODY = b"Subject: a subject\r\n\r\nHello\r\n"


class Ctl(Case):
    def loaded(self):
        """A postern whose next hop is away, with three messages."""
        p = self.postern(retry="1s")
        for n in (1, 2, 3):
            p.send("r%d@far.test" % n, BODY, trusted=True,
                   sender="s%d@remote.test" % n)
        until(lambda: len(p.queue()) == 3, "three messages")
        return p

    def test_queue_as_a_table_and_as_json(self):
        p = self.loaded()
        rows = p.queue()
        self.assertEqual(sorted(r["from"] for r in rows),
                         ["s%d@remote.test" % n for n in (1, 2, 3)])
        for r in rows:
            self.assertRegex(r["id"], r"^[0-9a-z]{26}$")
            self.assertEqual(r["waiting"], 1)
            self.assertGreaterEqual(r["size"], len(BODY))
            self.assertIn(r["recipients"][0]["state"],
                          ("active", "waiting", "deferred"))
        text = p.ctl("queue")
        self.assertIn("<s1@remote.test>", text)
        self.assertIn("<r2@far.test>", text)

    def test_filters(self):
        p = self.loaded()
        self.assertEqual([r["from"] for r in p.queue("from=s2@remote.test")],
                         ["s2@remote.test"])
        self.assertEqual([r["from"] for r in p.queue("to=r3@far.test")],
                         ["s3@remote.test"])
        self.assertEqual(len(p.queue("domain=far.test")), 3)
        self.assertEqual(len(p.queue("domain=other.test")), 0)
        self.assertEqual(len(p.queue("age>1h")), 0)
        self.assertEqual(len(p.queue("size>1m")), 0)
        self.assertEqual(len(p.queue("size<1m", "age<1h")), 3)
        mid = p.queue()[0]["id"]
        self.assertEqual([r["id"] for r in p.queue(mid[:9])], [mid])
        bad = p.ctl("queue", "color=blue", check=False)
        self.assertEqual(bad.returncode, 64)
        self.assertIn("color=blue", bad.stderr)

    def test_show(self):
        p = self.loaded()
        row = p.queue("from=s1@remote.test")[0]
        text = p.ctl("show", row["id"][:10])
        self.assertIn("Subject: a subject", text)
        self.assertIn("<r1@far.test>", text)
        self.assertIn("Received: from client.test", text)
        none = p.ctl("show", "zzzzzz", check=False)
        self.assertEqual(none.returncode, 65)
        self.assertIn("no such message", none.stderr)

    def test_remove_and_dry_run(self):
        p = self.loaded()
        out = p.ctl("--dry-run", "remove", "from=s1@remote.test")
        self.assertIn("1 message", out)
        self.assertEqual(len(p.queue()), 3)
        p.ctl("remove", "from=s1@remote.test")
        until(lambda: len(p.queue()) == 2, "one removed")
        p.ctl("remove", "all")
        p.wait_empty()
        p.kill_all()
        p.start()
        self.assertEqual(p.queue(), [])
        usage = p.ctl("remove", check=False)
        self.assertEqual(usage.returncode, 64)

    def test_hold_release_retry(self):
        p = self.loaded()
        p.ctl("hold", "from=s1@remote.test")
        until(lambda: len(p.queue("state=held")) == 1, "one held")
        sink = Sink()
        self.addCleanup(sink.close)
        p.ctl("retry", "all")
        until(lambda: len(sink.mails) == 2, "the others are out")
        until(lambda: [r["from"] for r in p.queue()] ==
              ["s1@remote.test"], "one left")
        self.assertEqual(p.stop(), 0)
        p.start()
        self.assertEqual(len(p.queue("state=held")), 1)
        p.ctl("release", "all")
        p.wait_empty()
        self.assertEqual(len(sink.mails), 3)

    def test_status(self):
        p = self.postern()
        s = p.status()
        rows = {r["role"]: r for r in s["processes"]}
        for role in "log", "mx", "msa", "queued", "resolverd", "out", "local":
            r = rows[role]
            self.assertEqual(r["state"], "ready", role)
            self.assertGreater(r["uid"], UID_BASE - 1)
            self.assertTrue(r["filter"], role)
            self.assertTrue(os.path.exists("/proc/%d" % r["pid"]))
        uids = [r["uid"] for r in s["processes"]]
        self.assertEqual(len(uids), len(set(uids)), "one uid a role")
        text = p.ctl("status")
        self.assertIn("queued[0]", text)

    def test_only_root_may_change(self):
        p = self.loaded()
        os.chmod(p.dir + "/run/control", 0o666)
        os.chmod(p.dir + "/run", 0o755)
        cmd = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
               build() + "/posternctl", "-s", p.dir + "/run/control"]
        r = subprocess.run(cmd + ["remove", "all"], stderr=subprocess.PIPE,
                           stdout=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual(r.returncode, 77, r.stderr)
        self.assertEqual(len(p.queue()), 3)

    def test_garbage_on_the_control_socket(self):
        import socket
        p = self.loaded()
        pid = p.pids()["queued"]
        for junk in (b"GET / HTTP/1.0\r\n\r\n", b"\0" * 1000,
                     b"\xff" * 100000, b"\x0c\0\0\0\x01\0\0\0\0\0\0\0"):
            s = socket.socket(socket.AF_UNIX)
            s.connect(p.dir + "/run/control")
            s.settimeout(30)
            try:
                s.sendall(junk)
                while s.recv(4096):
                    pass
            except ConnectionError:
                pass
            s.close()
        self.assertEqual(p.pids()["queued"], pid)
        self.assertEqual(len(p.queue()), 3)

    def test_exit_codes(self):
        r = subprocess.run([build() + "/posternctl", "-s", "/nowhere",
                            "queue"], stderr=subprocess.PIPE, text=True)
        self.assertEqual(r.returncode, 69)
        self.assertIn("/nowhere", r.stderr)
        r = subprocess.run([build() + "/posternctl", "dance"],
                           stderr=subprocess.PIPE, text=True)
        self.assertEqual(r.returncode, 64)
        r = subprocess.run([build() + "/posternctl", "--help"],
                           stdout=subprocess.PIPE, text=True)
        self.assertEqual(r.returncode, 0)
        self.assertIn("queue", r.stdout)


if __name__ == "__main__":
    main()
