#!/usr/bin/env python3
"""Processes that die, alone and together, and what must never happen then:
nothing acknowledged is lost."""
import os
import re
import signal
import sys
import threading
import time

from host import Case, DEADLINE, Raw, is_alive, main, until
from peers import Sink

VICTIMS = ["mx", "msa", "queued", "out", "local", "resolverd", "log"]


class Load:
    """Clients that send one numbered mail after another; what was
    acknowledged is kept."""

    def __init__(self, clients=5):
        self.acked, self.lock, self.over = set(), threading.Lock(), False
        self.n = 0
        self.threads = [threading.Thread(target=self.client, daemon=True)
                        for _ in range(clients)]
        for t in self.threads:
            t.start()

    def number(self):
        with self.lock:
            self.n += 1
            return self.n

    def client(self):
        while not self.over:
            try:
                self.session()
            except (OSError, AssertionError, ValueError):
                time.sleep(0.02)        # it is being restarted

    def session(self):
        with Raw(trusted=True) as s:
            s.cmd("EHLO client.test", 250)
            while not self.over:
                n = self.number()
                s.cmd("MAIL FROM:<>", 250)
                s.cmd("RCPT TO:<r%d@far.test>" % n, 250)
                s.cmd("DATA", 354)
                s.write(b"X-Number: %d\r\n\r\nbody %d\r\n.\r\n" % (n, n))
                if s.reply()[0] == 250:
                    with self.lock:
                        self.acked.add(n)

    def stop(self):
        self.over = True
        for t in self.threads:
            t.join(DEADLINE)


def numbers(sink):
    return [int(re.search(rb"^X-Number: (\d+)", m.data, re.M).group(1))
            for m in sink.mails]


class Kill(Case):
    def sink(self):
        s = Sink()
        self.addCleanup(s.close)
        return s

    def load(self):
        load = Load()
        self.addCleanup(load.stop)
        return load

    def settle(self, p, load, sink, doubled):
        load.stop()
        # with which three workers were killed by chance is held
        p.ctl("release", "all", check=False)
        p.wait_empty()
        got = numbers(sink)
        lost = load.acked - set(got)
        self.assertFalse(lost, "%d of %d lost; log:\n%s" % (
            len(lost), len(load.acked), p.log()[-5000:]))
        self.assertLessEqual(len(got) - len(set(got)), doubled)
        self.assertGreater(len(load.acked), 20)

    def one_victim(self, victim):
        sink, p = self.sink(), self.postern()
        p.send("alice@here.test", b"\r\nstart the local road\r\n")
        p.wait_maildir("alice", 1)
        load = self.load()
        until(lambda: len(load.acked) > 50, "some load")
        before = p.pids()
        for _ in range(3):
            count = len(load.acked)
            pid = p.pids()[victim]
            os.kill(pid, signal.SIGKILL)
            until(lambda: p.pids().get(victim, pid) not in (0, pid),
                  "a new " + victim)
            until(lambda: len(load.acked) > count + 20,
                  "service after the death of " + victim)
        after = p.pids()
        for role, pid in before.items():
            if role != victim:
                self.assertEqual(after[role], pid, role + " was disturbed")
        # out: what each of its connections had just sent, thrice
        self.settle(p, load, sink, 60 if victim == "out" else
                    5 if victim == "queued" else 0)
        self.assertEqual(p.stop(), 0)

    def test_whole_tree_killed_and_started_again(self):
        sink, p = self.sink(), self.postern()
        load = self.load()
        for _ in range(3):
            count = len(load.acked)
            until(lambda: len(load.acked) > count + 50, "some load")
            p.kill_all()
            p.start()
        self.settle(p, load, sink, 60)

    def test_stop_and_start_delivers_what_was_waiting(self):
        p = self.postern()
        for i in range(20):
            p.send("r@far.test", b"X-Number: %d\r\n\r\nx\r\n" % i,
                   trusted=True)
        self.assertEqual(p.stop(), 0)
        sink = self.sink()
        p.start()
        p.wait_empty()
        self.assertEqual(sorted(numbers(sink)), list(range(20)))

    def test_sessions_get_421_at_a_stop(self):
        p = self.postern()
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            p.proc.send_signal(signal.SIGTERM)
            self.assertEqual(s.reply()[0], 421)
        self.assertEqual(p.stop(), 0)

    def test_no_process_outlives_master(self):
        p = self.postern()
        children = p.tree()[1:]
        os.kill(p.proc.pid, signal.SIGKILL)
        p.proc.wait()
        until(lambda: not any(map(is_alive, children)), "all children gone")
        p.log_file.close()
        p.proc = None


def add(victim):
    setattr(Kill, "test_kill_" + victim, lambda self: self.one_victim(victim))


for v in VICTIMS:
    add(v)

if __name__ == "__main__":
    main()
