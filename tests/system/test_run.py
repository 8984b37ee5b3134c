#!/usr/bin/env python3
"""`make run`: a postern that needs no configuration, in any directory."""
import os
import shutil
import signal
import smtplib
import subprocess
import sys
import tempfile

from host import Case, DEADLINE, build, main, until
from peers import Sink


class Run(Case):
    def setUp(self):
        super().setUp()
        self.top = tempfile.mkdtemp(prefix="postern-test-")
        os.chmod(self.top, 0o755)
        self.addCleanup(shutil.rmtree, self.top)
        self.dir = self.top + "/a dir; {x}"
        self.proc = None
        self.addCleanup(self.end)

    def begin(self, **env):
        self.proc = subprocess.Popen(
            [build() + "/postern", "-x", build(), "-b", self.dir],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
            env=dict(os.environ, **env))
        said = ""
        while "Ctrl-C" not in said:
            line = self.proc.stdout.readline()
            self.assertNotEqual(line, "", said)
            said += line
        return said

    def end(self):
        if self.proc is None:
            return 0
        self.proc.send_signal(signal.SIGINT)
        status = self.proc.wait(DEADLINE)
        self.proc.stdout.close()
        self.proc = None
        return status

    def ctl(self, *args):
        return subprocess.run(
            [build() + "/posternctl", "-s", self.dir + "/control", *args],
            stdout=subprocess.PIPE, text=True, check=True).stdout

    def test_says_how_to_try_it_and_delivers(self):
        said = self.begin()
        self.assertIn("127.0.0.1:2525", said)
        lines = said.splitlines()
        try_it = [x for x in lines if "python3 -c" in x][0]
        look = [x for x in lines if "posternctl" in x][0]
        subprocess.run(try_it, shell=True, check=True)
        new = self.dir + "/mail/alice/new"
        until(lambda: os.path.isdir(new) and os.listdir(new), "the mail")
        with open(new + "/" + os.listdir(new)[0]) as f:
            self.assertIn("It works.", f.read())
        subprocess.run(look, shell=True, check=True,
                       stdout=subprocess.DEVNULL)
        self.assertEqual(self.end(), 0)
        self.assertTrue(os.path.isdir(new), "RUN_DIR is kept")

    def test_a_mail_program_can_send(self):
        sink = Sink(port=2601)
        self.addCleanup(sink.close)
        ports = dict(PORT_MX="2600", PORT_SUBMISSION="2602",
                     PORT_SUBMISSIONS="2603", RELAY="127.0.0.1:2601")
        said = self.begin(**ports)
        try_it = [x for x in said.splitlines() if "swaks" in x][0]
        subprocess.run(try_it, shell=True, check=True,
                       stdout=subprocess.DEVNULL)
        until(lambda: sink.mails, "the mail")
        self.assertEqual(self.end(), 0)
        # alice keeps her password, and it is good on the other port too
        said = self.begin(**ports)
        self.assertIn(try_it, said)
        self.assertIn(" 2603 ", said.replace("\n", " "))
        other = try_it.replace(":2602 --tls ", ":2603 --tls-on-connect ")
        self.assertNotEqual(other, try_it)
        subprocess.run(other, shell=True, check=True,
                       stdout=subprocess.DEVNULL)
        until(lambda: len(sink.mails) == 2, "another mail")
        for name in "users", "password":
            mode = os.stat(self.dir + "/" + name).st_mode & 0o777
            self.assertEqual(mode, 0o600, name)

    def test_users_that_were_edited_stay(self):
        os.mkdir(self.dir)
        with open(self.dir + "/users", "w") as f:
            f.write("# nobody\n")
        said = self.begin(PORT_MX="2600")
        self.assertIn("--auth-password PASSWORD", said)
        self.assertEqual(self.end(), 0)
        with open(self.dir + "/users") as f:
            self.assertEqual(f.read(), "# nobody\n")

    def test_a_second_run_delivers_what_waited(self):
        self.begin(PORT_MX="2600", RELAY="127.0.0.1:2601")
        subprocess.run([build() + "/sendmail", "-O", "Socket=" + self.dir +
                        "/submit", "-f", "alice@example.org", "x@far.test"],
                       input="Subject: later\n\nbody\n", text=True,
                       check=True)
        self.assertIn("x@far.test", self.ctl("queue"))
        self.assertEqual(self.end(), 0)
        sink = Sink(port=2601)
        self.addCleanup(sink.close)
        self.begin(PORT_MX="2600", RELAY="127.0.0.1:2601")
        until(lambda: sink.mails, "the mail that waited")
        self.assertIn(b"Subject: later", sink.mails[0].data)
        self.assertEqual(self.end(), 0)


if __name__ == "__main__":
    main()
