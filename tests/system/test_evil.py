#!/usr/bin/env python3
"""Children that are broken into: whatever one sends to master, its channel
closes, the fault is logged, it is restarted, and nobody else is disturbed."""
import os
import re
import signal
import socket
import subprocess
import time

from host import Case, DEADLINE, build, main, until

PROGRAMS = ["postern", "smtpd", "queued", "resolverd", "deliverd",
            "postern-local", "keyd"]
EX_SOFTWARE = 70
FREE_LIVES = 3      # restarts that master does not make wait


def evil_child():
    return build() + "/tests/evil_child"


def orders(role):
    """[(order, "start" or "run", fault)] for that role, by the table of
    messages."""
    # what it samples lives as long as it does
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    text = subprocess.run([evil_child(), "-l", role], check=True, env=env,
                          stdout=subprocess.PIPE, text=True).stdout
    found = []
    for line in text.splitlines():
        name, message, when, fault = line.split(" ", 3)
        found.append((name + " " + message, when, fault))
    return found


class Troupe:
    """A directory of programs in which one role is evil."""

    def __init__(self, role, path):
        self.role, self.dir = role, path
        os.mkdir(path)
        for name in PROGRAMS:
            os.symlink(evil_child(), path + "/" + name)
            os.symlink(build() + "/" + name, path + "/" + name + ".real")
        self.write("evil", role + "\n")

    def write(self, name, text):
        with open(self.dir + "/" + name, "w") as f:
            f.write(text)

    def fake_proc(self):
        """A /proc in which we are the program that master runs; the command
        that puts it there."""
        os.makedirs(self.dir + "/proc/self")
        with open(evil_child(), "rb") as f:
            self.write_program(f.read())
        os.symlink(self.dir, self.dir + "/proc/dir")
        return ["unshare", "-m", "sh", "-c",
                'mount --bind "$0" /proc && exec "$@"', self.dir + "/proc"]

    def write_program(self, octets):
        path = self.dir + "/proc/self/exe"
        with open(path, "wb") as f:
            f.write(octets)
        os.chmod(path, 0o755)

    def order(self, index, text):
        """Tell the worker; it may just be on its way up."""
        path = "%s/%s.%d" % (self.dir, self.role, index)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            def told():
                try:
                    return s.sendto(text.encode(), path)
                except (FileNotFoundError, ConnectionRefusedError):
                    return 0
            until(told, "somebody at " + path)

    def order_next(self, text):
        self.write("next.tmp", text)
        os.rename(self.dir + "/next.tmp",
                  "%s/next.%s" % (self.dir, self.role))


class Evil(Case):
    def evil(self, role, fake_proc=False, **kw):
        p = self.postern(start=False, **kw)
        p.troupe = Troupe(role, p.dir + "/programs")
        p.programs = p.troupe.dir
        if fake_proc:
            p.prefix = p.troupe.fake_proc()
        return p

    def processes(self, p):
        """{(role, index): pid} once all are ready."""
        def ready():
            rows = p.status()["processes"]
            return all(r["state"] == "ready" for r in rows) and {
                (r["role"], r["index"]): r["pid"] for r in rows}
        return until(ready, "all processes ready")

    def strike(self, p, index, order, when, fault):
        """One evil frame and what must come of it."""
        me, before = (p.troupe.role, index), self.processes(p)
        seen = len(p.log())
        if when == "start":
            p.troupe.order_next(order)
            os.kill(before[me], signal.SIGKILL)
        else:
            p.troupe.order(index, order)
        line = r"peer-fault role=%s index=%d generation=\d+ .*fault=%s$" % (
            me[0], index, re.escape(fault))
        until(lambda: re.search(line, p.log()[seen:], re.M),
              "%s answered by %s\n%s" % (order, line, p.log()[seen:]))
        until(lambda: re.search(
            r"child-end role=%s index=%d .*signal=9" % me, p.log()[seen:]),
            "the end of the culprit")
        after = self.processes(p)
        self.assertNotEqual(after.pop(me), before.pop(me), order)
        self.assertEqual(after, before, order + ": others were disturbed")

    def strike_all(self, p, todo, workers):
        """Each worker as often as it is restarted at once; what is left
        over then."""
        lives = [FREE_LIVES] * workers
        for at, (order, when, fault) in enumerate(todo):
            cost = 2 if when == "start" else 1
            index = next((i for i in range(workers) if lives[i] >= cost),
                         None)
            if index is None:
                return todo[at:]
            lives[index] -= cost
            with self.subTest(order):
                self.strike(p, index, order, when, fault)
        return []

    def test_every_frame_to_master(self):
        """All rows that any daemon may send to master, and those it may
        not, well formed or not."""
        todo = orders("msa")
        self.assertGreater(len(todo), 35)
        while todo:
            p = self.evil("msa", extra="workers { submission 16; }").start()
            todo = self.strike_all(p, todo, 16)
            p.send("alice@here.test", b"\r\nstill in service\r\n")
            p.wait_maildir("alice", 1)
            self.assertEqual(p.stop(), 0)

    def test_rows_of_one_role(self):
        """MAILBOX_OPEN and PROCESSES_ASK, from those who may send them."""
        for role, row in (("local", "MAILBOX_OPEN"),
                          ("queued", "PROCESSES_ASK")):
            todo = [o for o in orders(role) if o[0].endswith(" " + row) and
                    not o[0].startswith("wrong-way")]
            self.assertGreaterEqual(len(todo), 2)
            for i in range(0, len(todo), FREE_LIVES):
                if role == "local":
                    self.some_of_local(todo[i:i + FREE_LIVES])
                else:
                    self.some_of_queued(todo[i:i + FREE_LIVES])

    def some_of_local(self, todo):
        p = self.evil("local").start()
        self.strike_all(p, todo, 1)
        self.assertEqual(p.stop(), 0)

    def some_of_queued(self, todo):
        """Without queued nobody tells how it is: the log must."""
        p = self.evil("queued").start(wait=False)
        p.wait_log("is ready")
        before = set(p.tree())
        for order, _, fault in todo:
            seen = len(p.log())
            with self.subTest(order):
                p.troupe.order(0, order)
                until(lambda: re.search(
                    r"peer-fault role=queued .*fault=%s$" % fault,
                    p.log()[seen:], re.M), order + "\n" + p.log()[seen:])
                until(lambda: re.search(
                    "role=queued index=0 from=starting to=ready",
                    p.log()[seen:]), "a new queued")
        self.assertEqual(len(before & set(p.tree())), len(before) - 1)
        self.assertEqual(p.stop(), 0)

    def test_one_that_accuses_others(self):
        """A few are restarted for it; then it is known for what it is."""
        p = self.evil("resolverd").start()
        before = self.processes(p)

        def often():
            """Who is still on the way up cannot be accused."""
            seen = len(p.log())
            self.processes(p)
            p.troupe.order(0, "accuse-all PEER_FAULT")
            until(lambda: "fault=" in p.log()[seen:], "an accusation")
            return "role=resolverd index=0 fault=accuses-often" in p.log()
        until(often, "an end of the accusations")
        after = self.processes(p)
        changed = {k[0] for k in before if before[k] != after[k]}
        self.assertIn("resolverd", changed)
        self.assertTrue(changed <= {"resolverd", "mx", "msa", "out", "log"},
                        changed)

    def test_channels_that_close(self):
        """Who lives on without its channels is given others; not so fast
        that it could keep anybody busy."""
        p = self.evil("resolverd").start()
        before = self.processes(p)
        again = r"channel-lost role=out .*peer=resolverd\[0\]"

        def hung_up(n):
            """It may not have been given the last ones yet."""
            p.troupe.order(0, "hang-up PEER")
            return len(re.findall(again, p.log())) >= n
        began = time.monotonic()
        until(lambda: hung_up(3), "the channel of out three times")
        for _ in range(100):
            hung_up(0)
        p.send("alice@here.test", b"\r\nstill in service\r\n")
        p.wait_maildir("alice", 1)
        # from then on it takes ten seconds
        lost, took = len(re.findall(again, p.log())), time.monotonic() - began
        self.assertLessEqual(lost, 4 + took // 10)
        self.assertEqual(self.processes(p), before)
        self.assertEqual(p.stop(), 0)

    def test_lines_that_forge_the_log(self):
        p = self.evil("resolverd").start()
        p.troupe.order(0, "forge LOG_LINE")
        p.wait_log(r"resolverd\[0\]: .*forged")
        self.assertIsNone(re.search(r"^forged", p.log(), re.M))
        self.assertNotIn("\033", p.log())
        self.assertEqual(p.stop(), 0)

    def test_evil_log_role(self):
        """Its own death is all that the log can tell."""
        p = self.evil("log", fake_proc=True).start()
        before = self.processes(p)
        for order in ("truncated LOG_LINE", "wrong-fd PONG",
                      "short-length PONG"):
            old = self.processes(p)[("log", 0)]
            p.troupe.order(0, order)
            until(lambda: self.processes(p)[("log", 0)] != old,
                  "a new log after " + order)
        after = self.processes(p)
        del before[("log", 0)], after[("log", 0)]
        self.assertEqual(after, before)
        self.assertEqual(p.stop(), 0)

    def test_evil_load_role(self):
        """There is no configuration then, and master says so and ends."""
        p = self.evil("load", fake_proc=True)
        todo = orders("load")
        self.assertGreater(len(todo), 40)
        for order, _, fault in todo:
            seen = len(p.log()) if os.path.exists(p.log_path) else 0
            p.troupe.order_next(order)
            p.start(wait=False)
            with self.subTest(order):
                try:
                    status = p.proc.wait(DEADLINE)
                except subprocess.TimeoutExpired:
                    status = None
                    p.kill_all()
                    p.proc = p.log_file = None
                text = p.log()[seen:]
                self.assertEqual(status, EX_SOFTWARE, text)
                if fault != "-":
                    self.assertRegex(text, r"(?m)peer-fault role=load .*"
                                     "fault=%s$" % fault)
                self.assertRegex(text, "configuration could not be read|"
                                 "incomplete configuration")
            if p.proc is not None:
                p.proc = None
                p.log_file.close()


if __name__ == "__main__":
    main()
