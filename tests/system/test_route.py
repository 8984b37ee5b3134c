#!/usr/bin/env python3
"""posternctl route: waiting mail goes another way, until that is taken back."""
import json
import os
import re
import signal
import subprocess

from host import Case, DEADLINE, build, main, until
from peers import LmtpSink, Sink

BODY = b"Subject: a subject\r\n\r\nHello\r\n"
OTHER = "smtp://127.0.0.1:587"
LITERAL = "smtp://[127.0.0.1]:587"      # the same, as it is kept


class Route(Case):
    def other(self, port=587, **kw):
        sink = Sink(port=port, **kw)
        self.addCleanup(sink.close)
        return sink

    def loaded(self, n=3, **kw):
        """A postern that sends nothing, with messages from s1 to r1 ..."""
        p = self.postern(**kw)
        p.ctl("pause", "route=[127.0.0.1]:2526")
        for i in range(1, n + 1):
            p.send("r%d@far%d.test" % (i, i), BODY, trusted=True,
                   sender="s%d@remote.test" % i)
        until(lambda: len(p.queue()) == n, "the messages")
        return p

    def vias(self, p, *filters):
        return {r["to"]: r["via"] for row in p.queue(*filters)
                for r in row["recipients"]}

    def senders(self, sink):
        return sorted(m.sender for m in sink.mails)

    # --- what it does ---

    def test_one_goes_another_way_and_the_others_wait(self):
        sink = self.other()
        p = self.loaded()
        mid = p.queue("from=s2@remote.test")[0]["id"]
        out = p.ctl("route", mid[:9], "--via", OTHER)
        self.assertIn("route: 1 messages, 1 recipients", out)
        until(lambda: sink.mails, "it is delivered")
        self.assertEqual(self.senders(sink), ["s2@remote.test"])
        until(lambda: len(p.queue()) == 2, "it is done")
        p.wait_log(r"control action=route uid=0")
        p.wait_log(r"override id=%s rcpts=1 via=%s" % (
            mid, re.escape(LITERAL)))
        events = [json.loads(x) for x in
                  p.ctl("--json", "trace", mid).splitlines()]
        found = [e for e in events if e["event"] == "overridden"]
        self.assertEqual([(e["via"], e["recipients"]) for e in found],
                         [(LITERAL, 1)])
        tried = [e for e in events if e["event"] == "attempt"]
        self.assertEqual(tried[-1]["via"], LITERAL)
        self.assertNotIn("rule", tried[-1])

    def test_only_recipients_that_fit(self):
        sink = self.other()
        p = self.postern()
        p.ctl("pause", "all")
        p.send(["a@far.test", "b@near.test", "alice@here.test"], BODY,
               trusted=True)
        out = json.loads(p.ctl("--json", "route", "domain=near.test",
                               "--via", OTHER))
        self.assertEqual((out["messages"], out["recipients"]), (1, 1))
        self.assertEqual(self.vias(p), {"a@far.test": "",
                                        "b@near.test": LITERAL,
                                        "alice@here.test": ""})
        p.ctl("resume", "all")
        until(lambda: sink.mails, "one recipient")
        self.assertEqual([m.rcpts for m in sink.mails], [["b@near.test"]])
        p.wait_maildir("alice", 1)
        until(lambda: [r["to"] for row in p.queue()
                       for r in row["recipients"]] == ["a@far.test"],
              "one is left")

    def test_a_mailbox_can_be_left_for_a_host(self):
        sink = self.other()
        p = self.postern()
        p.ctl("pause", "all")
        p.send("alice@here.test", BODY)
        p.ctl("route", "to=alice@here.test", "--via", OTHER)
        p.ctl("resume", "all")
        p.wait_empty()
        self.assertEqual(sink.mails[0].rcpts, ["alice@here.test"])
        self.assertEqual(p.maildir("alice"), [])

    def test_lmtp_service(self):
        p = self.postern(start=False, extra="""
domain box.test { recipients any; deliver lmtp 127.0.0.1:2400; }
""")
        p.start()
        lmtp = LmtpSink(port=2400)
        self.addCleanup(lmtp.close)
        p.ctl("pause", "route=[127.0.0.1]:2526")
        p.send("r@far.test", BODY, trusted=True)
        p.ctl("route", "all", "--via", "lmtp:127.0.0.1:2400")
        p.wait_empty()
        self.assertEqual(lmtp.mails[0].rcpts, ["r@far.test"])
        bad = p.ctl("route", "all", "--via", "lmtp:127.0.0.1:2401",
                    check=False)
        self.assertEqual(bad.returncode, 65)
        self.assertIn("that service", bad.stderr)

    def test_back_to_normal(self):
        sink = Sink()
        self.addCleanup(sink.close)
        p = self.loaded()
        p.ctl("pause", "route=[127.0.0.1]:587")
        p.ctl("route", "all", "--via", OTHER)
        self.assertEqual(set(self.vias(p).values()), {LITERAL})
        self.assertEqual({r["route"] for row in p.queue()
                          for r in row["recipients"]}, {"[127.0.0.1]:587"})
        out = p.ctl("route", "to=r1@far1.test", "--normal")
        self.assertIn("1 messages", out)
        self.assertEqual(self.vias(p)["r1@far1.test"], "")
        self.assertEqual(self.vias(p)["r2@far2.test"], LITERAL)
        p.ctl("resume", "route=[127.0.0.1]:2526")
        until(lambda: sink.mails, "one as usual")
        self.assertEqual(self.senders(sink), ["s1@remote.test"])
        until(lambda: len(p.queue()) == 2, "it is done")
        self.assertIn("0 messages", p.ctl("route", "all", "--via", LITERAL))

    # --- filters ---

    def test_each_filter(self):
        """The mail that fits, and no other, arrives at the other sink."""
        p = self.loaded(2)
        p.send("big@far3.test", BODY + b"0123456789abcd\r\n" * 1000,
               trusted=True, sender="s3@remote.test")
        p.send("held@far4.test", BODY, trusted=True, sender="s4@remote.test")
        p.ctl("hold", "from=s4@remote.test")
        ids = {r["from"]: r["id"] for r in p.queue()}
        p.ctl("pause", "route=[127.0.0.1]:587")
        every = sorted(ids)
        for words, fit in (
                (["id=" + ids["s1@remote.test"][:12]], ["s1@remote.test"]),
                ([ids["s3@remote.test"]], ["s3@remote.test"]),
                (["from=S2@Remote.test"], ["s2@remote.test"]),
                (["to=r1@far1.test"], ["s1@remote.test"]),
                (["domain=FAR2.test"], ["s2@remote.test"]),
                (["route=[127.0.0.1]:2526"], every),
                (["state=held"], ["s4@remote.test"]),
                (["state=waiting", "size<2k"],
                 ["s1@remote.test", "s2@remote.test"]),
                (["size>2k"], ["s3@remote.test"]),
                (["age>1h"], []), (["age<1h"], every),
                (["reply~nothing said so"], []),
                (["from=s1@remote.test", "domain=far2.test"], []),
                (["all"], every)):
            p.ctl("route", *words, "--via", OTHER)
            got = sorted(r["from"] for r in p.queue()
                         if r["recipients"][0]["via"])
            self.assertEqual(got, fit, words)
            p.ctl("route", "all", "--normal")
        sink = self.other()
        p.ctl("route", "size>2k", "--via", OTHER)
        p.ctl("route", "from=s1@remote.test", "--via", OTHER)
        p.ctl("resume", "route=[127.0.0.1]:587")
        until(lambda: len(sink.mails) == 2, "both")
        self.assertEqual(self.senders(sink),
                         ["s1@remote.test", "s3@remote.test"])

    def test_by_the_last_reply_and_by_route_and_state(self):
        def reply(verb, arg, session):
            if verb == "RCPT":
                return b"451 4.7.0 come back in a century" \
                    if "far1" in arg else b"452 4.2.2 full up"
        first = Sink(reply=reply)
        self.addCleanup(first.close)
        sink = self.other()
        p = self.postern(start=False, retry="1h")
        p.write("postern.conf", p.conf.replace("max 2s", "max 2h"))
        p.start()
        for i in (1, 2):
            p.send("r@far%d.test" % i, BODY, trusted=True,
                   sender="s%d@remote.test" % i)
        until(lambda: len(p.queue("state=deferred")) == 2, "both deferred")
        p.ctl("route", "reply~CENTURY", "state=deferred",
              "route=[127.0.0.1]:2526", "--via", OTHER)
        # it waits as long as it would have
        row = p.queue("reply~century")[0]["recipients"][0]
        self.assertEqual((row["state"], row["tries"], row["via"]),
                         ("deferred", 1, LITERAL))
        self.assertEqual(sink.mails, [])
        p.ctl("retry", "route=[127.0.0.1]:587")
        until(lambda: sink.mails, "it is delivered")
        self.assertEqual(self.senders(sink), ["s1@remote.test"])
        until(lambda: [r["from"] for r in p.queue()] == ["s2@remote.test"],
              "one is left")

    # --- it stays ---

    def test_survives_a_restart(self):
        p = self.loaded()
        p.ctl("route", "from=s2@remote.test", "--via", OTHER)
        p.ctl("route", "from=s3@remote.test", "--via", OTHER)
        p.ctl("route", "from=s3@remote.test", "--normal")
        p.kill_all()
        sink = self.other()
        p.start()
        until(lambda: sink.mails, "by the override")
        self.assertEqual(self.senders(sink), ["s2@remote.test"])
        until(lambda: self.vias(p) == {"r1@far1.test": "",
                                       "r3@far3.test": ""}, "two are left")

    def test_survives_a_restart_of_queued_and_an_orderly_stop(self):
        p = self.loaded()
        p.ctl("pause", "all")
        p.ctl("route", "from=s2@remote.test", "--via", OTHER)
        os.kill(p.pids()["queued"], signal.SIGKILL)
        until(lambda: LITERAL in self.try_vias(p), "the new queued knows")
        self.assertEqual(p.stop(), 0)
        r = subprocess.run([build() + "/queued", "-C", p.dir + "/spool"],
                           stdout=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(r.returncode, 0)
        lines = [json.loads(x) for x in r.stdout.splitlines()[:-1]]
        self.assertEqual({x["recipients"][0]["to"]: x["recipients"][0]["via"]
                          for x in lines}, {"r1@far1.test": "",
                                            "r2@far2.test": LITERAL,
                                            "r3@far3.test": ""})
        self.assertEqual({x["not_before"] for x in lines}, {0})
        p.start()
        self.assertEqual(self.vias(p)["r2@far2.test"], LITERAL)

    def try_vias(self, p):
        try:
            return self.vias(p).values()
        except (AssertionError, ValueError):
            return []

    def test_wins_over_a_reload(self):
        p = self.loaded()
        p.ctl("pause", "all")
        p.ctl("route", "from=s2@remote.test", "--via", OTHER)
        third = Sink(port=465)
        self.addCleanup(third.close)
        p.write("postern.conf", p.conf.replace("via 127.0.0.1:2526",
                                               "via 127.0.0.1:465"))
        p.ctl("reload")
        sink = self.other()
        p.ctl("resume", "all")
        p.wait_empty()
        self.assertEqual(self.senders(sink), ["s2@remote.test"])
        self.assertEqual(self.senders(third),
                         ["s1@remote.test", "s3@remote.test"])

    def test_survives_cleaning(self):
        """Its records, and the message's, are copied again and again."""
        p = self.postern(start=False, retry="1s")
        p.conf = p.conf.replace("segment-size 1m", "segment-size 64k")
        p.write("postern.conf", p.conf)
        p.start()
        p.ctl("pause", "route=[127.0.0.1]:2526")
        for n in (1, 2, 3):
            p.send("r%d@far.test" % n, BODY, trusted=True,
                   sender="s%d@remote.test" % n)
        p.ctl("pause", "route=[127.0.0.1]:587")
        p.ctl("route", "from=s2@remote.test", "--via", OTHER)
        p.ctl("route", "from=s3@remote.test", "--via", OTHER)
        p.ctl("route", "from=s3@remote.test", "--normal")
        log = p.dir + "/spool/log"
        first = min(x for x in os.listdir(log) if x.endswith(".seg"))
        filler = b"Subject: filler\r\n\r\n" + b"x" * 70 + b"\r\n"
        sent = 0
        while first in os.listdir(log):
            self.assertLess(sent, 3000, "the first segment is never cleaned")
            with p.smtp() as s:
                for _ in range(20):
                    s.sendmail("f@remote.test", ["alice@here.test"],
                               filler + b"y" * 8000 + b"\r\n")
                    sent += 1
            p.wait_maildir("alice", sent)
        p.kill_all()
        p.start()
        self.assertEqual(self.vias(p, "domain=far.test"), {
            "r1@far.test": "", "r2@far.test": LITERAL, "r3@far.test": ""})

    def test_in_hand_it_holds_from_the_next_try_on(self):
        def reply(verb, arg, session):
            if verb == "RCPT":
                p.ctl("route", "all", "--via", OTHER)
                return b"452 4.2.2 not now"
        first = Sink(reply=reply)
        self.addCleanup(first.close)
        sink = self.other()
        p = self.postern(retry="1s")
        p.send("r@far.test", BODY, trusted=True)
        p.wait_empty()
        self.assertEqual((len(first.mails), len(sink.mails)), (0, 1))

    # --- TLS ---

    def test_demands_for_tls_hold(self):
        """The other host has no TLS, and the domain's route demands it."""
        sink = self.other()
        p = self.postern(extra="""
domain box.test { recipients any; deliver lmtp 127.0.0.1:2400; }
route far1.test { via 127.0.0.1:2526; tls encrypt; }
""")
        p.ctl("pause", "route=[127.0.0.1]:2526")
        for n in (1, 2):
            p.send("r@far%d.test" % n, BODY, trusted=True,
                   sender="s%d@remote.test" % n)
        r = p.ctl("route", "all", "--via", "lmtp:127.0.0.1:2400",
                  "--dry-run", check=False)
        self.assertEqual(r.returncode, 65)
        self.assertIn("1 recipients stay as they are", r.stderr)
        self.assertIn("would route: 1 messages, 1 recipients", r.stdout)
        p.ctl("route", "all", "--via", OTHER)
        until(lambda: sink.mails, "the one that may go in clear")
        until(lambda: p.queue("state=deferred"), "the other was tried")
        self.assertEqual(self.senders(sink), ["s2@remote.test"])
        self.assertIn("TLS", p.queue()[0]["recipients"][0]["reply"])

    # --- the command ---

    def test_dry_run_changes_nothing_and_lists(self):
        p = self.loaded()
        out = p.ctl("route", "from=s1@remote.test", "--via", OTHER,
                    "--dry-run")
        self.assertIn("<r1@far1.test>", out)
        self.assertNotIn("<r2@far2.test>", out)
        self.assertIn("would route: 1 messages, 1 recipients", out)
        self.assertEqual(set(self.vias(p).values()), {""})
        rows = [json.loads(x) for x in p.ctl(
            "--json", "-n", "route", "all", "--via", OTHER).splitlines()]
        self.assertEqual(rows[-1], {
            "action": "route", "dry_run": True, "messages": 3,
            "recipients": 3, "refused": 0})
        self.assertEqual(len(rows), 4)

    def test_many_ask_on_a_terminal(self):
        p = self.loaded(11)

        def answer(text):
            master, slave = os.openpty()
            os.write(master, text)
            r = subprocess.run(
                [build() + "/posternctl", "-s", p.dir + "/run/control",
                 "route", "all", "--via", OTHER], stdin=slave,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                timeout=DEADLINE)
            os.close(slave)
            os.close(master)
            self.assertEqual(r.returncode, 0, r.stderr)
            return r.stderr

        self.assertIn("route 11 messages? [y/N]", answer(b"n\n"))
        self.assertEqual(set(self.vias(p).values()), {""})
        answer(b"y\n")
        self.assertEqual(set(self.vias(p).values()), {LITERAL})

    def test_show(self):
        p = self.loaded()
        p.ctl("pause", "all")
        p.ctl("route", "from=s1@remote.test", "--via", OTHER)
        mid = p.queue("from=s1@remote.test")[0]["id"]
        self.assertIn("via " + LITERAL, p.ctl("show", mid))
        j = json.loads(p.ctl("--json", "show", mid))
        self.assertEqual(j["recipients"][0]["via"], LITERAL)
        self.assertEqual(j["not_before"], 0)

    def test_what_cannot_be(self):
        p = self.loaded(1)
        for args, status, words in (
                (["all"], 64, "--via"), (["--via", OTHER], 64, "filter"),
                (["all", "--via", OTHER, "--normal"], 64, "--via"),
                (["all", "--via", "maildir:/var/mail"], 64, "next hop"),
                (["all", "--via", "smtp://a host"], 64, "next hop"),
                (["all", "--via", "host:0"], 64, "next hop"),
                (["all", "--via", "127.0.0.1:4242"], 65, "that port"),
                (["all", "--via", "lmtp:unix:/nowhere"], 65,
                 "that service")):
            r = p.ctl("route", *args, check=False)
            self.assertEqual(r.returncode, status, (args, r.stderr))
            self.assertIn(words, r.stderr, args)
        self.assertEqual(p.ctl("hold", "all", "--via", OTHER,
                               check=False).returncode, 64)
        self.assertEqual(set(self.vias(p).values()), {""})

    def test_only_root(self):
        p = self.loaded(1)
        os.chmod(p.dir + "/run", 0o755)
        os.chmod(p.dir + "/run/control", 0o666)
        r = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
             build() + "/posternctl", "-s", p.dir + "/run/control", "route",
             "all", "--via", OTHER], stderr=subprocess.PIPE, text=True,
            timeout=DEADLINE)
        self.assertEqual(r.returncode, 77, r.stderr)
        self.assertEqual(set(self.vias(p).values()), {""})


if __name__ == "__main__":
    main()
