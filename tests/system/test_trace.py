#!/usr/bin/env python3
"""The trace: what happened to a message, also when it has gone."""
import glob
import json
import os
import shutil

from host import Case, Postern, main, until
from peers import Sink

BODY = b"Subject: a subject\r\n\r\nHello\r\n"
ALIASES = """
table aliases file %(dir)s/aliases;
domain lists.test { recipients mailboxes; aliases aliases;
	deliver maildir %(dir)s/mail/%%{user} as %(mail)d:%(mail)d; }
"""


def refuse(reply):
    """For a Sink: this reply to RCPT."""
    return lambda verb, *_: reply if verb == "RCPT" else None


class Trace(Case):
    def trace(self, p, mid):
        return [json.loads(x) for x in
                p.ctl("--json", "trace", mid).splitlines()]

    def kinds(self, events):
        return [e["event"] for e in events]

    def life(self, p, mid):
        """The events, once it has ended."""
        until(lambda: "ended" in self.kinds(self.trace(p, mid)), "its end")
        return self.trace(p, mid)

    def sent(self, p, *args, **kw):
        """Sends; the id from the reply to the data."""
        code, text = p.send(*args, **kw)
        self.assertEqual(code, 250, text)
        return text.split()[-1]

    def test_a_life(self):
        sink = Sink()
        self.addCleanup(sink.close)
        p = self.postern()
        mid = self.sent(p, "r1@far.test", BODY, trusted=True)
        events = self.life(p, mid)
        self.assertEqual(self.kinds(events), ["arrived", "attempt", "ended"])
        for e in events:
            self.assertEqual(e["id"], mid)
        a, t, _ = events
        self.assertEqual((a["from"], a["client"], a["helo"], a["role"]),
                         ("sender@remote.test", "127.0.0.2", "client.test",
                          "msa"))
        rule = self.line(p, "listen mx")
        self.assertEqual(a["rule"], rule)
        self.assertEqual((t["to"], t["status"], t["code"][:2], t["try"]),
                         ("r1@far.test", "delivered", "2.", 1))
        self.assertEqual(t["address"], "127.0.0.1")
        self.assertGreaterEqual(t["took_ms"], 0)
        self.assertIn("ok", t["reply"].lower())
        self.assertEqual(t["rule"], self.line(p, "route *"))
        text = p.ctl("trace", mid[:12])
        self.assertIn("status=delivered", text)
        self.assertIn("rule=" + rule, text)

    def line(self, p, begin):
        """file:line of the directive that begins so."""
        for n, text in enumerate(p.conf.splitlines(), 1):
            if text.startswith(begin):
                return "%s/postern.conf:%d" % (p.dir, n)
        raise AssertionError(begin)

    def test_tries_and_changes(self):
        sink = Sink(reply=refuse(b"451 4.2.1 not now"))
        self.addCleanup(sink.close)
        p = self.postern(retry="1s")
        mid = self.sent(p, "r1@far.test", BODY, trusted=True)
        until(lambda: "attempt" in self.kinds(self.trace(p, mid)), "a try")
        e = [x for x in self.trace(p, mid) if x["event"] == "attempt"][0]
        self.assertEqual(e["status"], "deferred")
        self.assertGreater(e["next_try"], 0)
        self.assertIn("-> <r1@far.test>", p.ctl("trace", mid))
        p.ctl("hold", mid)
        p.ctl("release", mid)
        p.ctl("remove", mid)
        kinds = [k for k in self.kinds(self.life(p, mid))
                 if k != "attempt"]
        self.assertEqual(kinds, ["arrived", "held", "released", "removed",
                                 "ended"])

    def test_aliases(self):
        conf = Postern.CONF.replace("%(extra)s", ALIASES)
        p = self.postern(conf=conf, start=False)
        p.write("aliases", "all: alice, bob\n")
        p.start()
        mid = self.sent(p, "all@lists.test", BODY)
        e = [x for x in self.life(p, mid) if x["event"] == "expanded"][0]
        self.assertEqual(e["to"], "all@lists.test")
        self.assertEqual(sorted(e["results"]),
                         ["alice@lists.test", "bob@lists.test"])
        self.assertEqual(e["rule"], self.line(p, "domain lists.test"))

    def test_reports(self):
        sink = Sink(reply=refuse(b"550 5.1.1 no such user"))
        self.addCleanup(sink.close)
        p = self.postern()
        mid = self.sent(p, "r1@far.test", BODY, trusted=True,
                        sender="alice@here.test")
        p.wait_maildir("alice", 1)
        events = self.life(p, mid)
        self.assertEqual(self.kinds(events),
                         ["arrived", "attempt", "reported", "ended"])
        self.assertEqual(events[1]["status"], "failed")
        report = self.life(p, events[2]["report"])
        self.assertEqual(report[0]["report"], mid)
        self.assertEqual(self.kinds(report), ["arrived", "attempt", "ended"])

    def test_after_a_restart_and_a_kill(self):
        p = self.postern()
        mid = self.sent(p, "alice@here.test", BODY)
        self.life(p, mid)
        self.assertEqual(p.stop(), 0)
        p.start()
        self.assertEqual(self.kinds(self.trace(p, mid)),
                         ["arrived", "attempt", "ended"])
        p.kill_all()
        p.start()
        self.assertEqual(len(self.trace(p, mid)), 3)
        none = p.ctl("trace", "zzzzzz", check=False)
        self.assertEqual(none.returncode, 65)

    def test_several_begin_so(self):
        p = self.postern()
        ids = {self.sent(p, "alice@here.test", BODY)[0]
               for _ in range(40)}
        p.wait_empty()
        self.assertLess(len(ids), 40)
        many = [c for c in ids if p.ctl("trace", c, check=False).returncode
                == 65]
        self.assertTrue(many)

    def test_off(self):
        p = self.postern("trace { keep 0; }")
        mid = self.sent(p, "alice@here.test", BODY)
        p.wait_empty()
        none = p.ctl("trace", mid, check=False)
        self.assertEqual(none.returncode, 65)
        self.assertIn("nothing is being traced", none.stderr)
        self.assertFalse(os.path.exists(p.dir + "/spool/trace"))

    def test_reload(self):
        p = self.postern("trace { keep 0; }")
        off = self.sent(p, "alice@here.test", BODY)
        p.wait_log("done id=" + off)
        p.write("postern.conf", p.conf.replace("keep 0", "keep 1h"))
        p.ctl("reload")
        on = self.sent(p, "alice@here.test", BODY)
        self.assertEqual(len(self.life(p, on)), 3)
        self.assertEqual(p.ctl("trace", off, check=False).returncode, 65)
        p.write("postern.conf", p.conf)
        p.ctl("reload")
        none = self.sent(p, "alice@here.test", BODY)
        p.wait_empty()
        self.assertEqual(p.ctl("trace", none, check=False).returncode, 65)
        self.assertEqual(len(self.trace(p, on)), 3)

    def test_size_is_bounded(self):
        """Each file is an eighth of the size; the oldest go."""
        sink = Sink(reply=refuse(b"451 4.2.1 " + b"long " * 180))
        self.addCleanup(sink.close)
        p = self.postern("trace { size 1m; }")
        d = p.dir + "/spool/trace"
        first = self.sent(p, "alice@here.test", BODY)
        self.life(p, first)
        old = set(os.listdir(d))
        self.assertTrue(old)
        rcpts = ["u%d@far.test" % n for n in range(100)]
        for _ in range(15):         # each some 100 KiB
            mid = self.sent(p, rcpts, BODY, trusted=True)
            until(lambda: self.kinds(self.trace(p, mid)).count("attempt") >=
                  len(rcpts), "a try for each")
            p.ctl("remove", mid)
        self.assertFalse(old & set(os.listdir(d)))
        self.assertEqual(p.ctl("trace", first, check=False).returncode, 65)
        self.assertEqual(self.kinds(self.trace(p, mid))[0], "arrived")
        self.assertLessEqual(sum(os.path.getsize(f) for f in
                                 glob.glob(d + "/*")), (1 << 20) + (1 << 18))

    def test_a_disk_that_fails_loses_trace_alone(self):
        p = self.postern()
        self.assertEqual(p.stop(), 0)
        shutil.rmtree(p.dir + "/spool/trace")
        with open(p.dir + "/spool/trace", "w") as f:
            f.write("in the way")
        p.start()
        mid = self.sent(p, "alice@here.test", BODY)
        p.wait_maildir("alice", 1)
        p.wait_empty()
        none = p.ctl("trace", mid, check=False)
        self.assertEqual(none.returncode, 65)
        self.assertIn("could not be written", none.stderr)
        p.wait_log("trace: there will be none")

    def test_garbage_in_the_files(self):
        """What is cut or torn is stepped over."""
        p = self.postern()
        ids = [self.sent(p, "alice@here.test", BODY) for _ in range(3)]
        for mid in ids:
            self.life(p, mid)
        self.assertEqual(p.stop(), 0)
        for f in glob.glob(p.dir + "/spool/trace/*.events"):
            with open(f, "r+b") as g:
                g.truncate(os.path.getsize(f) * 2 // 3)
                g.seek(0)
                g.write(b"\xff" * 40)
        for f in glob.glob(p.dir + "/spool/trace/*.index"):
            with open(f, "ab") as g:
                g.write(b"\0" * 7)
        p.start()
        self.assertLess(len(self.trace(p, ids[0])), 3)
        self.assertLess(len(self.trace(p, ids[2])), 3)
        mid = self.sent(p, "alice@here.test", BODY)
        self.assertEqual(len(self.life(p, mid)), 3)


if __name__ == "__main__":
    main()
