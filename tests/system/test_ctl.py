#!/usr/bin/env python3
"""posternctl: the queue, one message, the processes, changes."""
import json
import os
import re
import socket
import subprocess

from host import Case, DEADLINE, UID_BASE, build, main, until
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

    def as_nobody(self, p, *args):
        cmd = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
               build() + "/posternctl", "-s", p.dir + "/run/control"]
        return subprocess.run(cmd + list(args), stderr=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True,
                              timeout=DEADLINE)

    def test_local_access(self):
        """Others do not get in; who is let in may look, and change nothing."""
        p = self.loaded()
        os.chmod(p.dir + "/run", 0o755)
        self.assertEqual(os.stat(p.dir + "/run/control").st_mode & 0o777,
                         0o660)
        self.assertEqual(os.stat(p.dir + "/spool").st_mode & 0o777, 0o700)
        r = self.as_nobody(p, "queue")
        self.assertEqual((r.returncode, r.stdout), (77, ""), r.stderr)
        os.chmod(p.dir + "/run/control", 0o666)
        self.assertIn("r1@far.test", self.as_nobody(p, "queue").stdout)
        mid = p.queue()[0]["id"]
        for args in (["remove", "all"], ["hold", "all"], ["retry", "all"],
                     ["release", "all"], ["pause", "all"], ["resume", "all"],
                     ["cat", mid], ["reload"], ["check"]):
            r = self.as_nobody(p, *args)
            self.assertEqual(r.returncode, 77, (args, r.stderr))
            self.assertIn("only root", r.stderr)
        self.assertEqual(len(p.queue("state=held")), 0)
        self.assertEqual(len(p.queue()), 3)
        self.assertEqual(p.status()["pauses"], [])

    def test_local_access_connections(self):
        """One user cannot take all connections."""
        p = self.loaded()
        os.chmod(p.dir + "/run", 0o755)
        os.chmod(p.dir + "/run/control", 0o666)
        path = p.dir + "/run/control"
        held = []
        pid = os.fork()
        if pid == 0:
            try:
                os.setgid(65534)
                os.setuid(65534)
                open_ones = 0
                for _ in range(200):
                    s = socket.socket(socket.AF_UNIX)
                    s.connect(path)
                    held.append(s)
                    s.settimeout(DEADLINE)
                    open_ones += s.recv(1) != b""      # its HELLO, or the end
                os._exit(open_ones)
            except BaseException:
                os._exit(255)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.assertEqual(status, 20)
        self.assertEqual(len(p.queue()), 3)

    def test_local_garbage(self):
        p = self.loaded()
        pid = p.pids()["queued"]
        for junk in (b"GET / HTTP/1.0\r\n\r\n", b"\0" * 1000,
                     b"\xff" * 100000, b"\x0c\0\0\0\x01\0\0\0\0\0\0\0"):
            s = socket.socket(socket.AF_UNIX)
            s.connect(p.dir + "/run/control")
            s.settimeout(DEADLINE)
            try:
                s.sendall(junk)
                while s.recv(4096):
                    pass
            except ConnectionError:
                pass
            s.close()
        self.assertEqual(p.pids()["queued"], pid)
        self.assertEqual(len(p.queue()), 3)

    # --- order and counts ---

    def test_sort_and_limit(self):
        p = self.postern(retry="1s")
        p.ctl("pause", "all")
        for sender, domain, n in (("b@x.test", "n.test", 3000),
                                  ("A@x.test", "m.test", 10),
                                  ("c@x.test", "M.test", 9000),
                                  ("a@x.test", "l.test", 500)):
            p.send("r@" + domain, BODY + b"123456\r\n" * (n // 8),
                   trusted=True, sender=sender)

        def order(*args):
            return "".join(r["from"][0] for r in map(json.loads, p.ctl(
                "--json", "queue", *args).splitlines()))

        self.assertEqual(order(), "bAca")
        self.assertEqual(order("--sort=size"), "cbaA")
        self.assertEqual(order("--sort=sender"), "Aabc")
        self.assertEqual(order("--sort=domain"), "aAcb")
        self.assertEqual(order("--sort", "size", "--limit", "2"), "cb")
        self.assertEqual(order("--limit=3"), "bAc")
        for key in "age", "next", "tries":
            self.assertEqual(order("--sort=" + key), "bAca")
        text = p.ctl("queue", "--sort=size")
        self.assertLess(text.index("<c@x.test>"), text.index("<b@x.test>"))
        for args in (["--sort=colour"], ["--limit=many"],
                     ["--by=sender", "--sort=age"], ["--by=colour"],
                     ["--until=2h"]):
            self.assertEqual(p.ctl("queue", *args, check=False).returncode,
                             64, args)

    def test_counts(self):
        p = self.postern(retry="1s")
        p.ctl("pause", "all")
        for n in range(5):
            p.send(["u%d@a.test" % n, "v%d@a.test" % n], BODY, trusted=True)
        p.send(["u@b.test", "alice@here.test"], BODY, trusted=True,
               sender="")
        p.ctl("hold", "to=u0@a.test")

        def count(*args):
            return {r["value"]: (r["messages"], r["recipients"])
                    for r in map(json.loads, p.ctl(
                        "--json", "queue", *args).splitlines())}

        self.assertEqual(count("--by=domain"), {
            "a.test": (5, 10), "b.test": (1, 1), "here.test": (1, 1)})
        self.assertEqual(count("--by", "sender"), {
            "sender@remote.test": (5, 10), "": (1, 2)})
        self.assertEqual(count("--by=state"), {
            "waiting": (5, 10), "held": (1, 2)})
        self.assertEqual(sum(m for m, _ in count("--by=route").values()), 7)
        self.assertEqual(count("--by=domain", "state=held"),
                         {"a.test": (1, 2)})
        self.assertEqual(count("--by=reply"), {"": (6, 12)})
        text = p.ctl("queue", "--by=domain")
        self.assertLess(text.index("a.test"), text.index("b.test"))
        self.assertIn("12 in all", text)

    def test_cat(self):
        sink = Sink()
        self.addCleanup(sink.close)
        p = self.postern()
        p.ctl("pause", "all")
        large = b"Subject: large\r\n\r\n" + b"0123456789abcd\r\n" * 90000
        middle = b"Subject: middle\r\n\r\n" + b"0123456789abcd\r\n" * 9000
        eight = b"Subject: eight\r\n\r\n\xff\xfe caf\xc3\xa9\r\n"
        for n, body in enumerate((BODY, middle, large, eight)):
            p.send("r%d@far.test" % n, body, trusted=True,
                   options=["BODY=8BITMIME"])
        cats = {}
        for row in p.queue():
            r = subprocess.run(
                [build() + "/posternctl", "-s", p.dir + "/run/control",
                 "cat", row["id"]], stdout=subprocess.PIPE, timeout=DEADLINE,
                check=True)
            self.assertEqual(len(r.stdout), row["size"])
            j = json.loads(p.ctl("--json", "cat", row["id"]))
            self.assertEqual(j["size"], row["size"])
            cats[row["recipients"][0]["to"]] = (r.stdout, j["content"])
        p.ctl("resume", "all")
        p.wait_empty()
        for m in sink.mails:
            got, text = cats[m.rcpts[0]]
            self.assertEqual(got, m.data)
            if m.rcpts[0] == "r3@far.test":
                self.assertIn("\\xff\\xfe caf\u00e9", text)
            else:
                self.assertEqual(text.encode(), got)
        self.assertEqual(p.ctl("cat", "zzzz", check=False).returncode, 65)

    def test_a_change_of_many_asks_on_a_terminal(self):
        p = self.postern()
        p.ctl("pause", "all")
        for n in range(11):
            p.send("r%d@far.test" % n, BODY, trusted=True)

        def answer(text, *args):
            master, slave = os.openpty()
            os.write(master, text)
            r = subprocess.run(
                [build() + "/posternctl", "-s", p.dir + "/run/control",
                 *args], stdin=slave, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, timeout=DEADLINE)
            os.close(slave)
            os.close(master)
            self.assertEqual(r.returncode, 0, r.stderr)
            return r.stderr

        asked = answer(b"n\n", "hold", "all")
        self.assertIn("hold 11 messages? [y/N]", asked)
        self.assertEqual(len(p.queue("state=held")), 0)
        self.assertEqual(answer(b"", "hold", "to=r1@far.test"), "")
        self.assertEqual(len(p.queue("state=held")), 1)
        answer(b"y\n", "hold", "all")
        self.assertEqual(len(p.queue("state=held")), 11)
        self.assertEqual(answer(b"", "remove", "all", "--yes"), "")
        p.wait_empty()

    def test_help_has_every_command(self):
        r = subprocess.run([build() + "/posternctl", "--help"],
                           stdout=subprocess.PIPE, text=True)
        names = re.findall(r"(?m)^  (\w+) ", r.stdout)
        self.assertGreater(len(names), 10)
        told = " ".join(self.documented())
        for n in names:
            self.assertRegex(told, r"\b%s\b" % n, "its JSON")
        long_options = re.findall(r"--([-\w]+)", r.stdout)
        page = open(os.path.join(os.path.dirname(__file__),
                                 "../../man/posternctl.8")).read()
        for o in long_options:
            self.assertRegex(page, r"Fl -%s\b|, -%s\b" % (o, o))

    # --- the members of JSON ---

    def documented(self):
        """{command: {member}} of posternctl(8); of lists: "list.member"."""
        page = os.path.join(os.path.dirname(__file__),
                            "../../man/posternctl.8")
        text = open(page).read()
        text = text[text.index(".Ss JSON"):text.index(".Sh ENVIRONMENT")]
        out = {}
        for block in re.split(r"^\.Pp$", text, flags=re.M)[1:]:
            head, table, _ = block.partition(".Bl -column")
            if not table:
                continue
            members, last = set(), ""
            for inner, name in re.findall(
                    r'^\.It ("  " Ns )?Li (\w+) Ta', block, re.M):
                members.add(last + "." + name if inner else name)
                last = last if inner else name
            names = re.findall(r"^\.(?:Ic|Fl) (.*)", head, re.M)
            out[" ".join(re.findall(r"[-\w]+", " ".join(names)))] = members
        return out

    def printed(self, text):
        members = set()
        for row in map(json.loads, text.splitlines()):
            for k, v in row.items():
                members.add(k)
                if isinstance(v, list):
                    members |= {k + "." + x for e in v
                                if isinstance(e, dict) for x in e}
        return members

    def test_json_members_are_those_of_the_manual(self):
        p = self.loaded()
        p.ctl("pause", "all", "--reason=a test")
        mid = p.queue()[0]["id"]
        doc = self.documented()
        commands = {
            "queue": ["queue"], "queue -by": ["queue", "--by=domain"],
            "status": ["status"], "routes": ["routes"],
            "cat": ["cat", mid], "check reload": ["check"],
            "retry remove hold release route route n queue":
                ["hold", "all"],
            "pause resume": ["pause", "all"],
        }
        for name, args in commands.items():
            self.assertEqual(self.printed(p.ctl("--json", *args)), doc[name],
                             name)
        shown = self.printed(p.ctl("--json", "show", mid))
        shown = {m for m in shown if not m.startswith("events.")}
        self.assertEqual(shown, doc["queue"] | doc["show queue"])
        traced = self.printed(p.ctl("--json", "trace", mid))
        self.assertLessEqual(doc["trace"], traced)
        page = open(os.path.join(os.path.dirname(__file__),
                                 "../../man/posternctl.8")).read()
        page = page[page.index(".Ss Trace"):page.index(".Ss JSON")]
        for m in traced - doc["trace"]:
            self.assertRegex(page, r"(?m)^\.(It )?Cm .*\b%s\b" % m)

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
