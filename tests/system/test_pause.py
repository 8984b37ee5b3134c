#!/usr/bin/env python3
"""posternctl pause, resume and routes."""
import json
import time

from host import Case, Postern, main, until
from peers import Sink

BODY = b"Subject: a subject\r\n\r\nHello\r\n"
# two domains by one route, one by its own host
CONF = Postern.CONF.replace("route * { via 127.0.0.1:2526; }",
                            "route * { via 127.0.0.1:2526; }\n"
                            "route own.test { via 127.0.0.1:2527; }")


class Pause(Case):
    def setUp(self):
        super().setUp()
        self.sink = Sink()
        self.addCleanup(self.sink.close)

    def send(self, p, *rcpts):
        p.send(list(rcpts), BODY, trusted=True)

    def routes(self, p):
        return {r["route"]: r for r in map(json.loads, p.ctl(
            "--json", "routes").splitlines())}

    def test_all_over_a_restart(self):
        p = self.postern()
        p.ctl("pause", "all", "--reason", "the disk is moved")
        self.send(p, "r1@far.test", "alice@here.test")
        p.kill_all()
        p.start()
        self.send(p, "r2@far.test", "bob@here.test")
        pauses = p.status()["pauses"]
        self.assertEqual([(x["what"], x["name"], x["reason"], x["until"])
                          for x in pauses],
                         [("all", "", "the disk is moved", 0)])
        for text in p.ctl("queue"), p.ctl("status"), p.ctl("routes"):
            self.assertIn("PAUSED all: the disk is moved", text)
        self.assertEqual(len(p.queue("state=waiting")), 2)
        self.assertEqual(self.sink.mails, [])
        self.assertEqual(p.maildir("alice"), [])
        p.ctl("resume", "all")
        p.wait_empty()
        self.assertEqual(len(self.sink.mails), 2)
        self.assertEqual(p.status()["pauses"], [])
        none = p.ctl("resume", "all", check=False)
        self.assertEqual(none.returncode, 65)

    def test_a_route(self):
        p = self.postern(conf=CONF)
        own = Sink(port=2527)
        self.addCleanup(own.close)
        p.ctl("pause", "all")
        self.send(p, "r1@far.test", "r2@own.test")
        name = [r["route"] for r in p.queue()[0]["recipients"]
                if r["to"] == "r2@own.test"][0]
        p.ctl("pause", "route=" + name)
        p.ctl("resume", "all")
        until(lambda: len(self.sink.mails) == 1, "the other is out")
        until(lambda: [r["to"] for m in p.queue() for r in m["recipients"]]
              == ["r2@own.test"], "one waits")
        r = self.routes(p)[name]
        self.assertEqual((r["state"], r["messages"], r["recipients"],
                          r["ready"]), ("paused", 1, 1, 1))
        p.ctl("resume", "route=" + name)
        p.wait_empty()
        self.assertEqual(len(own.mails), 1)

    def test_a_domain_that_shares_its_route(self):
        p = self.postern()
        p.ctl("pause", "domain=SLOW.test", "--reason", "they asked")
        self.send(p, "r1@far.test", "r2@slow.test")
        until(lambda: len(self.sink.mails) == 1, "the other is out")
        self.assertEqual(self.sink.mails[0].rcpts, ["r1@far.test"])
        until(lambda: [(r["to"], r["state"], r["tries"], r["reply"])
                       for m in p.queue() for r in m["recipients"]] ==
              [("r2@slow.test", "deferred", 0, "paused: they asked")],
              "one waits, untried")
        self.assertEqual(p.stop(), 0)
        p.start()
        until(lambda: len(p.queue("reply~they asked")) == 1, "it waits still")
        self.assertEqual(len(self.sink.mails), 1)
        p.ctl("resume", "domain=slow.test")
        p.wait_empty()
        self.assertEqual([m.rcpts for m in self.sink.mails],
                         [["r1@far.test"], ["r2@slow.test"]])

    def test_until(self):
        p = self.postern()
        before = time.time()
        p.ctl("pause", "all", "--until", "5s")
        after = time.time()
        until = p.status()["pauses"][0]["until"]
        self.assertTrue(before + 4 <= until <= after + 6,
                        (before, until, after))
        self.send(p, "r1@far.test")
        p.wait_empty()
        self.assertGreaterEqual(time.time(), until)
        self.assertEqual(p.status()["pauses"], [])
        p.kill_all()
        p.start()
        self.assertEqual(p.status()["pauses"], [])

    def test_a_file_that_cannot_be_read_pauses_all(self):
        p = self.postern()
        p.ctl("pause", "route=far.test")
        self.assertEqual(p.stop(), 0)
        with open(p.dir + "/spool/pauses", "r+b") as f:
            f.seek(30)
            f.write(b"XX")
        p.start()
        pauses = p.status()["pauses"]
        self.assertEqual([x["what"] for x in pauses], ["all"])
        self.send(p, "r1@far.test")
        self.assertEqual(len(p.queue("state=waiting")), 1)
        p.ctl("resume", "all")
        p.wait_empty()

    def test_arguments(self):
        p = self.postern()
        for args in (["pause"], ["pause", "route="], ["pause", "world"],
                     ["pause", "all", "--until", "yesterday"],
                     ["pause", "all", "--until", "2001-01-01"],
                     ["resume", "all", "--reason", "x"],
                     ["routes", "all"]):
            self.assertEqual(p.ctl(*args, check=False).returncode, 64, args)
        new = p.ctl("pause", "route=new.test", check=False)
        self.assertEqual(new.returncode, 0)
        self.assertIn("no route of that name", new.stderr)
        p.ctl("resume", "route=new.test")
        p.ctl("pause", "all", "--until", "2099-01-01T10:00")
        p.ctl("pause", "all", "--reason", "another")     # replaces it
        self.assertEqual([(x["until"], x["reason"])
                          for x in p.status()["pauses"]], [(0, "another")])


if __name__ == "__main__":
    main()
