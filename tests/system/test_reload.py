#!/usr/bin/env python3
"""Reload: a new configuration holds everywhere or nowhere, and nobody who
is talking to us notices."""
import os
import re
import signal
import socket
import threading
import time

from host import Case, DEADLINE, Postern, Raw, main, until
from peers import Dns, Sink
from test_faults import Load, numbers

EX_TEMPFAIL, EX_NOPERM, EX_CONFIG = 75, 77, 78


class Changing(Postern):
    """A postern whose configuration changes by replacing parts of it."""

    def change(self, *pairs):
        for old, new in pairs:
            assert self.conf.count(old) == 1, old
            self.conf = self.conf.replace(old, new)
        self.write("postern.conf", self.conf)

    def reload(self, *pairs):
        self.change(*pairs)
        return self.ctl("reload")

    def refused(self):
        r = self.ctl("reload", check=False)
        assert r.returncode == EX_CONFIG, (r, self.log()[-3000:])
        return r.stderr

    def fds(self):
        """How many descriptors each has, but for files of the spool."""
        return {role: len([f for f in self.links(pid) if "/spool/" not in f])
                for role, pid in self.all_pids().items()}

    @staticmethod
    def links(pid):
        found, base = [], "/proc/%d/fd/" % pid
        for n in os.listdir(base):
            try:
                found.append(os.readlink(base + n))
            except FileNotFoundError:
                pass            # it was closed just now
        return found

    def all_pids(self):
        return dict(self.pids(), master=self.proc.pid)


class ReloadCase(Case):
    def changing(self, *args, **kw):
        p = Changing(*args, **kw)
        self.addCleanup(p.close)
        return p.start()

    def sink(self, **kw):
        s = Sink(**kw)
        self.addCleanup(s.close)
        return s

    def accepts(self, port=25, address="127.0.0.1"):
        try:
            socket.create_connection((address, port), DEADLINE).close()
            return True
        except ConnectionRefusedError:
            return False


class Tables(ReloadCase):
    def test_new_recipient_and_old_session(self):
        p = self.changing()
        before = p.pids()
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            s.cmd("RCPT TO:<carol@here.test>", 550)
            p.write("mailboxes", "alice\ncarol\nadmin\npostmaster\n")
            s.cmd("RCPT TO:<carol@here.test>", 550)
            p.ctl("reload")
            s.cmd("RCPT TO:<carol@here.test>", 250)
            s.cmd("RCPT TO:<bob@here.test>", 550)
            s.cmd("DATA", 354)
            s.write(b"\r\nhello\r\n.\r\n")
            self.assertEqual(s.reply()[0], 250)
        p.wait_maildir("carol", 1)
        self.assertEqual(p.pids(), before)

    def test_by_signal(self):
        p = self.changing()
        p.write("mailboxes", "alice\ncarol\nadmin\n")
        p.proc.send_signal(signal.SIGHUP)
        p.wait_log(r"reload status=done")
        self.assertEqual(p.send("carol@here.test", b"\r\nx\r\n")[0], 250)

    def test_two_signals_are_not_lost(self):
        p = self.changing()
        p.proc.send_signal(signal.SIGHUP)
        p.wait_log(r"reload status=begun")
        p.write("mailboxes", "alice\ncarol\nadmin\n")
        p.proc.send_signal(signal.SIGHUP)

        def known():
            with Raw() as s:
                s.cmd("EHLO client.test", 250)
                s.cmd("MAIL FROM:<>", 250)
                return s.cmd("RCPT TO:<carol@here.test>")[0] == 250
        until(known, "the second signal's reload")

    def test_unreadable_table(self):
        p = self.changing()
        os.unlink(p.dir + "/mailboxes")
        self.assertRegex(p.refused(), r"postern\.conf:\d+: .*mailboxes")
        self.assertEqual(p.send("alice@here.test", b"\r\nx\r\n")[0], 250)

    def test_mailbox_follows_its_rule(self):
        """Numbers of rules change; mail goes by what they mean."""
        p = self.changing()
        p.send("alice@here.test", b"\r\none\r\n")
        p.wait_maildir("alice", 1)
        os.mkdir(p.dir + "/other")
        os.chown(p.dir + "/other", 5400, 5400)
        p.reload(("domain here.test {", """
            domain first.test { recipients any;
                deliver maildir %s/other/%%{user} as 5400:5400; }
            domain here.test {""" % p.dir))
        p.send("alice@here.test", b"\r\ntwo\r\n")
        p.send("alice@first.test", b"\r\nthree\r\n")
        p.wait_maildir("alice", 2)
        until(lambda: os.path.isdir(p.dir + "/other/alice/new") and
              os.listdir(p.dir + "/other/alice/new"), "the third")
        self.assertEqual(len(p.maildir("alice")), 2)

    def test_mailboxes_under_load(self):
        """Rules change places while mail is delivered by them: each mail is
        in the right mailbox, once."""
        def domain(name):
            return ("domain %s { recipients any; deliver maildir %s/%s/"
                    "%%{user} as 5400:5400; }\n" % (name, p.dir, name))
        p = Changing()
        self.addCleanup(p.close)
        names = ["one.test", "two.test"]
        for n in names:
            os.mkdir(p.dir + "/" + n)
            os.chown(p.dir + "/" + n, 5400, 5400)
        base = p.conf
        p.write("postern.conf", base + domain(names[0]) + domain(names[1]))
        p.start()
        over, sent, errors = threading.Event(), {n: 0 for n in names}, []

        def client():
            with Raw() as s:
                s.cmd("EHLO client.test", 250)
                while not over.is_set():
                    for n in names:
                        s.cmd("MAIL FROM:<>", 250)
                        s.cmd("RCPT TO:<u@%s>" % n, 250)
                        s.cmd("DATA", 354)
                        s.write(b"X-For: %s\r\n\r\n.\r\n" % n.encode())
                        if s.reply()[0] == 250:
                            sent[n] += 1

        def run():
            try:
                client()
            except Exception as e:
                errors.append(e)
        t = threading.Thread(target=run)
        t.start()
        for i in range(10):
            a, b = names[i % 2], names[1 - i % 2]
            p.write("postern.conf", base + domain(b) + domain(a))
            p.ctl("reload")
            time.sleep(0.05)
        over.set()
        t.join()
        self.assertFalse(errors)
        p.wait_empty()
        for n in names:
            new = "%s/%s/u/new" % (p.dir, n)
            got = [open(new + "/" + x, "rb").read() for x in os.listdir(new)]
            self.assertEqual(len(got), sent[n])
            self.assertGreater(len(got), 10)
            for mail in got:
                self.assertIn(b"X-For: %s\r\n" % n.encode(),
                              mail.replace(b"\r\n", b"\n").replace(
                                  b"\n", b"\r\n"))


class Refusals(ReloadCase):
    def test_every_error_and_nothing_changes(self):
        p = self.changing()
        before, good = p.all_pids(), p.conf
        p.change(("postmaster admin@here.test;", "frobnicate yes;\n"
                  "hop-limit many;"))
        err = p.refused()
        self.assertRegex(err, r"postern\.conf:\d+: .*frobnicate")
        self.assertRegex(err, r"postern\.conf:\d+: .*hop-limit")
        self.assertIn("stays", err)
        p.wait_log(r"error: .*postern\.conf:\d+: .*frobnicate")
        p.wait_log(r"reload status=refused errors=2")
        self.assertEqual(p.send("alice@here.test", b"\r\nx\r\n")[0], 250)
        p.conf = good
        p.reload()
        self.assertEqual(p.all_pids(), before)

    def test_json(self):
        p = self.changing()
        p.change(("postmaster admin@here.test;", "frobnicate yes;"))
        r = p.ctl("--json", "reload", check=False)
        self.assertEqual(r.returncode, EX_CONFIG)
        self.assertRegex(r.stdout, r'"result":"refused","errors":\["')

    def test_check_changes_nothing(self):
        p = self.changing()
        p.write("mailboxes", "alice\ncarol\nadmin\n")
        self.assertIn("no error", p.ctl("check"))
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<>", 250)
            s.cmd("RCPT TO:<carol@here.test>", 550)
        p.change(("postmaster admin@here.test;", "frobnicate yes;"))
        r = p.ctl("check", check=False)
        self.assertEqual(r.returncode, EX_CONFIG)
        self.assertIn("frobnicate", r.stderr)

    def test_what_only_a_start_can_change(self):
        p = self.changing()
        good = p.conf
        for old, new, word in (
                ("uid-base 5250;", "uid-base 6250;", "uid-base"),
                ("/run;", "/elsewhere;", "run-directory"),
                ("segment-size 1m;", "segment-size 2m;", "the spool"),
                ("log { level", "control { socket %s/run/other; }\n"
                 "log { level" % p.dir, "the control socket")):
            p.change((old, new))
            self.assertRegex(p.refused(), word + " cannot be changed by a "
                             "reload: restart")
            p.conf = good
        p.reload()

    def test_only_root(self):
        p = self.changing()
        os.chmod(p.dir + "/run/control", 0o666)
        r = os.fork()
        if r == 0:
            os.setgid(65534)
            os.setuid(65534)
            os._exit(p.ctl("reload", check=False).returncode)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(r, 0)[1]),
                         EX_NOPERM)

    def test_address_in_use(self):
        other = socket.socket()
        other.bind(("127.0.0.1", 2599))
        other.listen()
        self.addCleanup(other.close)
        p = self.changing()
        p.change(("delivery-users", "listen mx more { address 127.0.0.1; "
                  "port 2600; }\nlisten mx extra { address 127.0.0.1; "
                  "port 2599; }\ndelivery-users"))
        self.assertRegex(p.refused(), r"postern\.conf:\d+: cannot listen on "
                         r"127\.0\.0\.1:2599: .*in use")
        self.assertFalse(self.accepts(2600))
        other.close()
        p.reload()
        self.assertTrue(self.accepts(2599) and self.accepts(2600))

    def test_process_that_hangs(self):
        p = self.changing()
        pid = p.pids()["resolverd"]
        p.write("mailboxes", "alice\ncarol\nadmin\n")
        os.kill(pid, signal.SIGSTOP)
        err = p.refused()
        self.assertRegex(err, r"role=resolverd index=0")
        until(lambda: p.pids()["resolverd"] not in (0, pid),
              "another resolverd")
        p.wait_ready()
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<>", 250)
            s.cmd("RCPT TO:<carol@here.test>", 550)
            p.ctl("reload")
            s.cmd("RCPT TO:<carol@here.test>", 250)

    def test_process_killed_meanwhile(self):
        """Wherever the death falls: all old or all new, and the next reload
        does it."""
        p = self.changing()
        for i in range(12):
            victim = ["mx", "queued", "out", "resolverd", "local", "msa"][
                i % 6]
            name = "user%d" % i
            p.write("mailboxes", "alice\nadmin\npostmaster\n%s\n" % name)
            pid = p.pids()[victim]
            t = threading.Timer(0.01 * (i // 6 * 2 + i % 3), os.kill,
                                (pid, signal.SIGKILL))
            t.start()
            r = p.ctl("reload", check=False)
            t.join()
            self.assertIn(r.returncode, (0, EX_CONFIG, EX_TEMPFAIL), r)
            until(lambda: p.pids().get(victim, pid) not in (0, pid),
                  "a new " + victim)
            p.wait_ready()
            until(lambda: p.ctl("reload", check=False).returncode == 0,
                  "a reload after it")
            code, text = p.send(name + "@here.test", b"\r\nx\r\n")
            self.assertEqual(code, 250, text)
            p.wait_maildir(name, 1)


class Listeners(ReloadCase):
    MORE = "listen mx more { address 127.0.0.1; port 2600; }\n"

    def test_added_and_removed(self):
        p = self.changing()
        before = p.pids()
        p.reload(("delivery-users", self.MORE + "delivery-users"))
        with Raw(2600) as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            p.reload((self.MORE, ""))
            self.assertFalse(self.accepts(2600))
            s.cmd("RCPT TO:<alice@here.test>", 250)
            s.cmd("DATA", 354)
            s.write(b"\r\nstill here\r\n.\r\n")
            self.assertEqual(s.reply()[0], 250)
            s.cmd("RSET", 250)
        self.assertTrue(self.accepts(25))
        self.assertEqual(p.pids(), before)
        p.wait_maildir("alice", 1)

    def test_trusted_session_whose_listener_goes(self):
        """Nothing is refused for good that was about to be taken."""
        p = self.changing()
        p.reload(("delivery-users", "listen mx more { address 127.0.0.1; "
                  "port 2600; trust 127.0.0.2/32; }\ndelivery-users"))
        with Raw(2600, trusted=True) as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            s.cmd("RCPT TO:<b@far.test>", 250)
            p.reload(("listen mx more { address 127.0.0.1; "
                      "port 2600; trust 127.0.0.2/32; }\n", ""))
            self.assertEqual(s.cmd("RCPT TO:<c@far.test>")[0], 451)
            s.cmd("RCPT TO:<alice@here.test>", 250)

    def test_order_of_listeners_changes(self):
        """A session goes by what its listener is, not by its number."""
        p = self.changing()
        with Raw(trusted=True) as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            p.reload(("listen mx {", self.MORE + "listen mx {"))
            s.cmd("RCPT TO:<b@far.test>", 250)

    def test_a_connection_that_waits_is_not_lost(self):
        """A socket that stays is the same socket."""
        p = self.changing()
        pid = p.pids()["mx"]
        os.kill(pid, signal.SIGSTOP)
        s = socket.create_connection(("127.0.0.1", 25), DEADLINE)
        os.kill(pid, signal.SIGCONT)
        p.ctl("reload")
        self.assertTrue(s.recv(100).startswith(b"220"))
        s.close()

    def test_from_one_address_to_all_and_back(self):
        p = self.changing()
        p.reload(("address 127.0.0.1; port 25;", "address 0.0.0.0; port 25;"))
        self.assertTrue(self.accepts(25) and
                        self.accepts(25, "127.0.0.9"))
        p.reload(("address 0.0.0.0; port 25;", "address 127.0.0.1; port 25;"))
        until(lambda: not self.accepts(25, "127.0.0.9"), "the old is closed")
        self.assertTrue(self.accepts(25))

    def test_from_one_role_to_another(self):
        p = self.changing()
        p.reload(("delivery-users", self.MORE + "delivery-users"))
        p.reload(("listen mx more", "listen submission more"))
        for _ in range(10):
            with Raw(2600) as s:
                s.cmd("EHLO client.test", 250)
                s.cmd("QUIT", 221)

        def workers():
            return re.findall(r"(m\w+)\[\d\]: debug: connect .*"
                              "listener=more", p.log())
        until(lambda: len(workers()) >= 10, "lines of all sessions")
        self.assertEqual(workers(), ["msa"] * 10)

    def test_socket_file(self):
        p = self.changing()
        path = p.dir + "/run/submit"
        p.reload(("delivery-users", "listen local { socket %s; }\n"
                  "delivery-users" % path))
        inode = os.stat(path).st_ino
        p.reload()
        self.assertEqual(os.stat(path).st_ino, inode)
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            self.assertTrue(s.recv(100).startswith(b"220"))
        p.reload(("listen local { socket %s; }\n" % path, ""))
        self.assertFalse(os.path.exists(path))


class Workers(ReloadCase):
    def test_next_hop_on_another_port(self):
        """Landlock lets nobody connect to a port that was not named, so
        another process does."""
        p = self.changing()
        before = p.pids()
        p.send("r@far.test", b"X-Number: 1\r\n\r\nx\r\n", trusted=True)
        until(lambda: p.queue("state=deferred") or "status=down" in p.log(),
              "a failed try")
        new = self.sink(port=2527)
        p.reload(("via 127.0.0.1:2526", "via 127.0.0.1:2527"))
        until(lambda: len(new.mails) == 1, "the mail at the new port")
        p.send("r@far.test", b"X-Number: 2\r\n\r\nx\r\n", trusted=True)
        until(lambda: len(new.mails) == 2, "another")
        until(lambda: all(r["state"] == "ready" for r in
                          p.status()["processes"]), "the old one has gone")
        after = p.pids()
        self.assertNotIn(before["out"], after.values())
        for role in set(before) - {"out"}:
            self.assertEqual(after[role], before[role], role)
        p.wait_log("child-retire role=out")

    def test_transaction_under_way_is_finished(self):
        go = threading.Event()

        def slow(verb, arg, session):
            if verb == ".":
                go.wait(DEADLINE)
        old, new = self.sink(reply=slow), self.sink(port=2527)
        self.addCleanup(go.set)
        p = self.changing()
        p.send("r@far.test", b"X-Number: 1\r\n\r\nx\r\n", trusted=True)
        until(lambda: "DATA" in old.commands, "a transaction")
        p.reload(("via 127.0.0.1:2526", "via 127.0.0.1:2527"))
        p.send("r@far.test", b"X-Number: 2\r\n\r\nx\r\n", trusted=True)
        until(lambda: new.mails, "the second by the new way")
        time.sleep(1.5)
        self.assertIn("retiring",
                      [r["state"] for r in p.status()["processes"]])
        p.ctl("reload")             # who retires takes part in others
        go.set()
        p.wait_empty()
        self.assertEqual((numbers(old), numbers(new)), ([1], [2]))
        until(lambda: "retiring" not in
              [r["state"] for r in p.status()["processes"]], "it has gone")

    def test_larger_messages_and_an_open_session(self):
        """The limit on the length of files is of the jail: new workers for
        new sessions, the old ones end with theirs."""
        p = self.changing(listen="message-size 100k;")
        old = p.pids()
        body = b"\r\n" + (b"x" * 70 + b"\r\n") * 30000
        with Raw() as s:
            s.cmd("EHLO client.test", 250)
            p.reload(("message-size 100k;", "message-size 4m;"))
            with Raw() as n:
                self.assertIn("SIZE 4194304", n.cmd("EHLO c.test")[1])
            self.assertEqual(p.send("alice@here.test", body)[0], 250)
            time.sleep(1.5)
            s.cmd("MAIL FROM:<a@remote.test>", 250)
            s.cmd("RCPT TO:<alice@here.test>", 250)
            s.cmd("DATA", 354)
            s.write(b"\r\nold\r\n.\r\n")
            self.assertEqual(s.reply()[0], 250)
            self.assertTrue(os.path.exists("/proc/%d" % old["mx"]))
            s.cmd("QUIT", 221)
        until(lambda: not os.path.exists("/proc/%d" % old["mx"]),
              "the old mx has gone")
        p.wait_maildir("alice", 2)

    def test_counts(self):
        p = self.changing()
        one = p.pids()
        p.reload(("delivery-users", "workers { mx 3; out 2; }\n"
                  "delivery-users"))
        self.assertEqual(set(p.pids()) - set(one), {"mx1", "mx2", "out1"})
        p.reload(("workers { mx 3; out 2; }\n", ""))
        until(lambda: p.pids() == one, "the first ones alone")

    def test_name_server(self):
        zone = {("far.test", "MX"): [(10, "mx.far.test")],
                ("mx.far.test", "A"): ["127.0.0.1"]}
        p = self.changing(extra="smtp-port 2526; allow-loopback yes;\n"
                          "dns { server 127.0.0.53 port 5301; }\n")
        old = p.pids()["resolverd"]
        p.reload(("route * { via 127.0.0.1:2526; }", ""))
        sink = self.sink()
        dns = Dns(zone, port=5302)
        self.addCleanup(dns.close)
        p.reload(("127.0.0.53 port 5301;", "127.0.0.53 port 5302;"))
        p.send("r@far.test", b"X-Number: 1\r\n\r\nx\r\n", trusted=True)
        until(lambda: sink.mails, "the mail")
        until(lambda: old not in p.pids().values(), "the old one has gone")

    def test_roles_come_and_go(self):
        p = self.changing()
        here = p.conf[p.conf.index("domain here.test {"):
                      p.conf.index("retry {")]
        p.reload((here, "domain here.test { recipients mailboxes; relay; }\n"))
        until(lambda: "local" not in p.pids(), "no local")
        sink = self.sink()
        p.send("alice@here.test", b"X-Number: 1\r\n\r\nx\r\n")
        until(lambda: sink.mails, "relayed")
        p.reload(("domain here.test { recipients mailboxes; relay; }\n",
                  here))
        self.assertIn("local", p.pids())
        p.send("alice@here.test", b"\r\nx\r\n")
        p.wait_maildir("alice", 1)

    def test_log_is_opened_again(self):
        p = self.changing()
        path = p.dir + "/named.log"
        p.reload(("log { level debug;", "log { level info; file %s;" % path))
        p.send("alice@here.test", b"\r\nx\r\n")
        until(lambda: "deliver" in open(path).read(), "lines there")
        os.rename(path, path + ".1")
        p.ctl("reload")
        p.send("alice@here.test", b"\r\nx\r\n")
        until(lambda: os.path.exists(path) and "deliver" in open(path).read(),
              "lines in the new file")


class UnderLoad(ReloadCase):
    def test_nothing_is_lost(self):
        sink, p = self.sink(), self.changing()
        load = Load()
        self.addCleanup(load.stop)
        until(lambda: len(load.acked) > 50, "some load")
        before, sent = p.all_pids(), load.n
        ports = ["2526", "2527"]
        other = self.sink(port=2527)
        for i in range(10):
            p.reload()
        self.assertEqual(p.all_pids(), before)
        for i in range(4):
            a, b = ports[i % 2], ports[1 - i % 2]
            p.reload(("via 127.0.0.1:" + a, "via 127.0.0.1:" + b))
            count = len(load.acked)
            until(lambda: len(load.acked) > count + 30, "more load")
        load.stop()
        # each client may have been in the middle of one at the end
        self.assertLessEqual(load.n - len(load.acked), 5 + 5)
        p.wait_empty()
        got = numbers(sink) + numbers(other)
        self.assertFalse(load.acked - set(got))
        self.assertEqual(len(got), len(set(got)))
        after = p.all_pids()
        for role in set(before) - {"out"}:
            self.assertEqual(after[role], before[role], role)

    def test_fifty_reloads_leave_nothing_behind(self):
        p = self.changing()
        p.send("alice@here.test", b"\r\nx\r\n")
        p.wait_maildir("alice", 1)
        p.ctl("reload")
        before, pids = p.fds(), p.all_pids()
        for i in range(50):
            if i % 5 == 4:
                good = p.conf
                p.change(("postmaster admin@here.test;",
                          "listen mx bad { address 192.0.2.1; port 25; }"))
                p.refused()
                p.conf = good
                p.change()
            else:
                p.ctl("reload")

        def more():
            return {role: n for role, n in p.fds().items()
                    if n > before[role]}
        # posternctl's own connection may still be there; a mailbox that
        # nobody wrote to may be closed by now
        until(lambda: not more(), "no more descriptors than %s: %s" %
              (before, more()))
        self.assertEqual(p.all_pids(), pids)


if __name__ == "__main__":
    main()
