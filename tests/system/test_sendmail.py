#!/usr/bin/env python3
"""Programs of the host send mail: cron, scripts and mail programs by
sendmail, through the local socket, also while postern restarts."""
import email
import os
import re
import shutil
import signal
import subprocess
import threading
import time

from host import Case, DEADLINE, MAIL_UID, build, main, until
from peers import Sink

EXTRA = """
listen local { socket %(dir)s/submit; }
domain mx.test {
	recipients mailboxes;
	deliver maildir %(dir)s/mail/%%{user} as %(mail)d:%(mail)d;
}
"""
NOBODY = 65534
EX_USAGE, EX_DATAERR, EX_NOUSER, EX_UNAVAILABLE, EX_TEMPFAIL = \
    64, 65, 67, 69, 75


class Sendmail(Case):
    def host(self, start=True, **kw):
        p = self.postern(start=False, **kw)
        p.write("postern.conf", p.conf +
                EXTRA % dict(dir=p.dir, mail=MAIL_UID))
        p.write("mailboxes", "alice\nbob\nadmin\npostmaster\nroot\n")
        # where the build lies, not everybody may look
        os.mkdir(p.dir + "/bin")
        for name in "sendmail", "posternctl":
            shutil.copy(build() + "/" + name, p.dir + "/bin")
        for name in "mailq", "newaliases":
            os.symlink("sendmail", p.dir + "/bin/" + name)
        return p.start() if start else p

    def popen(self, p, *args, name="sendmail", user=0, **env):
        return subprocess.Popen(
            [p.dir + "/bin/" + name, *args], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, user=user,
            group=user, extra_groups=[], cwd="/",
            env={"POSTERN_SUBMIT": p.dir + "/submit",
                 "POSTERN_SOCKET": p.dir + "/run/control",
                 "PATH": "/usr/bin:/bin", **env})

    def run_it(self, p, data, *args, expect=0, **kw):
        """Its standard error, and output if there was any."""
        with self.popen(p, *args, **kw) as s:
            out, err = s.communicate(data, timeout=DEADLINE)
        self.assertEqual(s.returncode, expect, (args, out, err))
        return (err + out).decode()


class Programs(Sendmail):
    def test_a_message_of_a_script(self):
        p = self.host()
        self.run_it(p, b"To: alice@here.test\nSubject: hello\n\nbody\n", "-t",
                    user=NOBODY, TZ="UTC-2")
        got = p.wait_maildir("alice", 1)[0]
        m = email.message_from_bytes(got)
        self.assertEqual(m["Return-Path"], "<nobody@mx.test>")
        self.assertEqual(m["From"], "nobody@mx.test")
        self.assertIn("uid %d" % NOBODY, m["Received"])
        self.assertRegex(m["Message-ID"], r"^<\d{14}\.[0-9A-F]{16}@mx\.test>")
        self.assertRegex(m["Date"], r" \+0200$")
        self.assertTrue(got.endswith(b"Subject: hello\n\nbody\n"))
        p.wait_log(r"accept .*client=uid:%d" % NOBODY)

    def test_cron(self):
        p = self.host()
        self.run_it(
            p, b"From: root (Cron Daemon)\nTo: alice\n"
            b"Subject: Cron <root@host> date\nMIME-Version: 1.0\n"
            b"Content-Type: text/plain; charset=UTF-8\n"
            b"X-Cron-Env: <HOME=/root>\n\nline\n.\nafter the dot\n",
            "-i", "-FCronDaemon", "-B8BITMIME", "-oem", "alice")
        got = p.wait_maildir("alice", 1)[0]
        m = email.message_from_bytes(got)
        self.assertEqual(m["From"], "root@mx.test (Cron Daemon)")
        self.assertEqual(m["To"], "alice@mx.test")
        self.assertEqual(m["Return-Path"], "<root@mx.test>")
        self.assertTrue(got.endswith(b"\n\nline\n.\nafter the dot\n"))

    def test_mail_with_no_header_at_all(self):
        p = self.host()
        self.run_it(p, b"disk is full\nreally\n.\nnot this\n", "-F",
                    "J\u00fcrgen", "-f", "watch@here.test", "root")
        got = p.wait_maildir("root", 1)[0]
        self.assertTrue(got.endswith(b"\n\ndisk is full\nreally\n"))
        self.assertIn(b"\nFrom: =?UTF-8?B?SsO8cmdlbg==?= "
                      b"<watch@here.test>\n", got)
        self.assertTrue(got.startswith(b"Return-Path: <watch@here.test>\n"))

    def test_recipients_of_the_header(self):
        p = self.host()
        self.run_it(
            p, b"To: \"Smith, A.\" <alice@here.test>, us: bob ;\n"
            b"Cc: (who?) alice@HERE.TEST,\n\talice@here.test\n"
            b"Bcc: admin@here.test\nSubject: x\n\nbody\n",
            "-t", "-oi", "root")
        for user in "alice", "bob", "admin", "root":
            got = p.wait_maildir(user, 1)
            self.assertNotIn(b"admin@here.test",
                             got[0].split(b"Delivered-To", 1)[1]
                             .split(b"\n", 1)[1])
            self.assertIn(b", us: bob@mx.test ;\n", got[0])
        p.wait_log(r"accept .* nrcpt=4 ")

    def test_sent_on(self):
        p = self.host()
        self.run_it(
            p, b"Resent-To: bob@here.test\nFrom: x@y.test\n"
            b"To: alice@here.test\nDate: x\n\nbody\n", "-t")
        m = email.message_from_bytes(p.wait_maildir("bob", 1)[0])
        self.assertEqual(m["Resent-From"], "root@mx.test")
        self.assertIn("Resent-Date", m)
        self.assertEqual(m.get_all("From"), ["x@y.test"])
        self.assertEqual(p.maildir("alice"), [])

    def test_eight_bit_long_lines_and_line_ends(self):
        p = self.host()
        body = (bytes(range(128, 256)) + b"\n" + b"x" * 5000 + b"\n" +
                b"..\n.x\nfrom\r\ncr\rlf\n")
        self.run_it(p, b"Subject: x\nX: \xe4\n\n" + body + b"no end", "-i",
                    "alice@here.test")
        got = p.wait_maildir("alice", 1)[0]
        want = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self.assertTrue(got.endswith(b"X: \xe4\n\n" + want + b"no end\n"))

    def test_large(self):
        p = self.host()
        body = b"".join(b"%09d of many lines\n" % i for i in range(300000))
        self.run_it(p, b"Subject: large\n\n" + body, "alice@here.test")
        got = p.wait_maildir("alice", 1)[0]
        self.assertTrue(got.endswith(b"Subject: large\n\n" + body))

    def test_larger_than_the_server_takes(self):
        p = self.host()
        with self.popen(p, "alice@here.test") as s:
            for _ in range(200):
                s.stdin.write(b"x" * (1 << 20))
            with open("/proc/%d/status" % s.pid) as f:
                peak = int(re.search(r"VmHWM:\s*(\d+) kB",
                                     f.read()).group(1))
            _, err = s.communicate(timeout=DEADLINE)
        self.assertEqual(s.returncode, EX_DATAERR, err)
        self.assertIn(b" 552 5.3.4 ", b" " + err)
        self.assertLess(peak, 50 << 10)

    def test_relay_and_the_null_sender(self):
        sink = Sink()
        self.addCleanup(sink.close)
        p = self.host()
        self.run_it(p, b"Subject: x\n\n\xc3\xa4\n", "-f", "<>",
                    "far@remote.test", user=NOBODY)
        mail = until(lambda: sink.mails, "a mail at the sink")[0]
        self.assertEqual(mail.sender, "")
        self.assertIn(b"\r\n\r\n\xc3\xa4\r\n", mail.data)

    def test_refusals(self):
        p = self.host()
        text = self.run_it(p, b"Subject: x\n\nbody\n", "nouser@here.test",
                           "alice@here.test", expect=EX_NOUSER)
        self.assertIn("sendmail: <nouser@here.test>: 550 5.1.1 ", text)
        p.wait_maildir("alice", 1)
        self.run_it(p, b"To: what is this\n\n", "-t", expect=EX_DATAERR)
        self.run_it(p, b"Subject: x\n\n", "-t", expect=EX_DATAERR)
        self.run_it(p, b"Subject: x\n\n", expect=EX_USAGE)
        self.run_it(p, b"Subject: x\n\n\0\n", "alice@here.test",
                    expect=EX_DATAERR)
        self.run_it(p, b"A: b\n" * 40000, "alice@here.test",
                    expect=EX_DATAERR)
        self.assertEqual(len(p.maildir("alice")), 1)

    def test_more_refusals_than_a_session_may_have(self):
        p = self.host()
        text = self.run_it(p, b"Subject: x\n\n", *(
            "nouser%d@here.test" % i for i in range(100)),
            "alice@here.test", expect=EX_NOUSER)
        self.assertEqual(text.count(": 550 5.1.1 "), 100)
        p.wait_maildir("alice", 1)

    def test_many_recipients(self):
        p = self.host()
        names = ["user%d" % i for i in range(2500)]
        p.write("mailboxes", "\n".join(names + ["alice", "admin"]) + "\n")
        p.stop()
        p.start()
        self.run_it(p, b"Subject: x\n\nbody\n", *(n + "@here.test"
                                                  for n in names))
        until(lambda: sum(int(n) for n in re.findall(
            r"accept .* nrcpt=(\d+) ", p.log())) == 2500, "all accepted")

    def test_smtp_on_standard_input(self):
        p = self.host()
        s = self.popen(p, "-bs", user=NOBODY)
        out, err = s.communicate(
            b"EHLO me\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<alice@here.test>"
            b"\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\nNOOP\r\nQUIT\r\n",
            timeout=DEADLINE)
        self.assertEqual([x[:3] for x in out.split(b"\r\n") if x[3:4] == b" "],
                         [b"220", b"250", b"250", b"250", b"354", b"250",
                          b"250", b"221"], out)
        self.assertEqual((s.returncode, err), (0, b""))
        p.wait_maildir("alice", 1)

    def test_smtp_until_the_input_ends(self):
        p = self.host()
        with self.popen(p, "-bs") as s:
            out, _ = s.communicate(b"EHLO me\r\nNOOP\r\n", timeout=DEADLINE)
        self.assertEqual(s.returncode, 0)
        self.assertEqual(len(re.findall(rb"^250 ", out, re.M)), 2, out)

    def test_other_names(self):
        p = self.host()
        self.assertIn("postern", self.run_it(p, b"", name="newaliases"))
        self.assertIn("postern", self.run_it(p, b"", "-bi"))
        self.assertIn("posternctl", self.run_it(p, b"", "-q30m"))
        self.run_it(p, b"", "-bd", expect=EX_USAGE)
        self.run_it(p, b"To: far@nowhere.test\n\n", "-t")
        for run in dict(name="mailq"), dict():
            text = self.run_it(p, b"", *([] if run else ["-bp"]), **run)
            self.assertIn("far@nowhere.test", text)


class Restarts(Sendmail):
    def test_nobody_there(self):
        p = self.host(start=False)
        began = time.monotonic()
        text = self.run_it(p, b"x\n", "-O", "Wait=1", "alice@here.test",
                           expect=EX_TEMPFAIL)
        self.assertIn("try again later", text)
        self.assertGreater(time.monotonic() - began, 0.9)
        self.run_it(p, b"", "-O", "Wait=0", "-bs", expect=EX_TEMPFAIL)

    def test_postern_comes_late(self):
        p = self.host(start=False)
        with self.popen(p, "-O", "Wait=%d" % DEADLINE,
                        "alice@here.test") as s:
            s.stdin.write(b"Subject: x\n\nbody\n")
            s.stdin.close()
            time.sleep(0.5)
            p.start()
            self.assertEqual(s.wait(DEADLINE), 0, s.stderr.read())
        p.wait_maildir("alice", 1)

    def test_mails_while_postern_restarts(self):
        p = self.host()
        done, lost = [], []
        stop = threading.Event()

        def send():
            n = 0
            while not stop.is_set():
                n += 1
                name = b"%d.%d" % (threading.get_ident(), n)
                with self.popen(p, "-O", "Wait=60",
                                "alice@here.test") as s:
                    s.communicate(b"X-Number: %s\n\n" % name +
                                  b"body\n" * 50000)
                (lost if s.returncode else done).append(name)

        threads = [threading.Thread(target=send) for _ in range(3)]
        for t in threads:
            t.start()
        try:
            for _ in range(2):
                n = len(done)
                until(lambda: len(done) > n + 5, "some mails went in")
                p.stop()
                time.sleep(0.5)
                p.start()
            for role in "msa", "queued", "msa":
                n = len(done)
                os.kill(p.pids()[role], signal.SIGKILL)
                until(lambda: len(done) > n + 5, "mails after " + role)
        finally:
            stop.set()
            for t in threads:
                t.join()
        self.assertEqual(lost, [])
        p.wait_empty()
        got = [re.search(rb"^X-Number: (.*)$", m, re.M).group(1)
               for m in p.maildir("alice")]
        self.assertEqual(set(done) - set(got), set())
        # twice only where the answer to the dot was lost
        self.assertLess(len(got) - len(done), 12)

    def test_a_slow_writer_does_not_hold_a_session(self):
        p = self.host()
        with self.popen(p, "alice@here.test") as s:
            s.stdin.write(b"Subject: slow\n\nfirst\n")
            s.stdin.flush()
            time.sleep(0.3)
            self.assertNotIn("client=uid:0", p.log())
            s.stdin.write(b"last\n")
            s.stdin.close()
            self.assertEqual(s.wait(DEADLINE), 0)
        p.wait_maildir("alice", 1)

    def test_a_killed_writer_sends_what_there_was(self):
        """As every sendmail does: the end of the input is the end."""
        p = self.host()
        self.run_it(p, b"Subject: cut\n\nhalf a li", "alice@here.test")
        self.assertTrue(p.wait_maildir("alice", 1)[0].endswith(
            b"half a li\n"))


if __name__ == "__main__":
    main()
