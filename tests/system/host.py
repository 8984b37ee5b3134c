"""A whole postern on loopback, for the system tests.

Everything a test starts is below a fresh directory and in namespaces of its
own: a network which has nothing but loopback, and processes which end with
the test program, however that ends.  Waiting is for a condition, with a
deadline, never for a time.
"""
import json
import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

# s: ends what hangs, and is far beyond what a slow machine needs
DEADLINE = 90
CTL_S = 180         # above what posternctl waits by itself
UID_BASE = 5250
MAIL_UID = 5400     # owns the mailboxes


def build():
    return os.path.abspath(os.environ.get("POSTERN_BUILD") or
                           (sys.argv[1:] or ["build"])[0])


def main():
    """Run the tests of the calling program: PROGRAM BUILD [name ...]."""
    if len(sys.argv) < 2:
        sys.exit("usage: %s BUILD [Case.test ...]" % sys.argv[0])
    if os.geteuid() != 0:
        print("skipped: needs root, for jails and namespaces")
        print("0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    if "POSTERN_NETNS" not in os.environ:
        env = dict(os.environ, POSTERN_NETNS="1", POSTERN_BUILD=sys.argv[1],
                   PYTHONDONTWRITEBYTECODE="1")
        # the first process of a namespace takes all others with it
        os.execvpe("unshare", ["unshare", "-n", "-m", "-p", "-f",
                               "--kill-child", "--mount-proc",
                               sys.executable] + sys.argv, env)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    program = unittest.main(module="__main__", argv=sys.argv[:1] +
                            sys.argv[2:], exit=False, verbosity=2)
    r = program.result
    bad = len(r.failures) + len(r.errors) + len(r.unexpectedSuccesses)
    print("%d passed, %d failed" % (r.testsRun - bad - len(r.skipped), bad) +
          (", %d skipped" % len(r.skipped) if r.skipped else ""))
    sys.stdout.flush()
    sys.exit(1 if bad else 0)


def until(condition, what, deadline=DEADLINE):
    """Wait until condition() is true and return what it gave."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("did not happen in %d s: %s" %
                                 (deadline, what))
        time.sleep(0.01)


def state_of(pid):
    """As in proc(5); X: it has gone."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def is_alive(pid):
    """Whether it still has its files: an orphan's init may reap it late, and
    a thread in a sync of the disk outlives the others."""
    if state_of(pid) not in "ZX":
        return True
    try:
        return len(os.listdir("/proc/%d/task" % pid)) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


class Postern:
    """One postern: its directory, configuration and processes."""

    CONF = """
hostname mx.test;
uid-base %(uid)d;
run-directory %(dir)s/run;
spool { directory %(dir)s/spool; segment-size 1m; reserve 1m; }
log { level debug; }
postmaster admin@here.test;
delivery-users %(mail)d;
table mailboxes file %(dir)s/mailboxes;
listen mx { address 127.0.0.1; port 25; trust 127.0.0.2/32; %(listen)s }
domain here.test {
	recipients mailboxes;
	deliver maildir %(dir)s/mail/%%{user} as %(mail)d:%(mail)d;
}
retry { min %(retry)s; max 2s; expire %(expire)s; }
%(unverified)s
%(extra)s
route * { via 127.0.0.1:2526; }
"""

    # most tests come in as strangers, and look at what is told
    UNVERIFIED = "bounce-unverified report;"

    def __init__(self, extra="", listen="", retry="1s", expire="5d",
                 conf=None, programs=None, prefix=(), unverified=UNVERIFIED):
        """programs: the directory they are in; prefix: a command that runs
        what is behind it."""
        self.programs, self.prefix = programs or build(), list(prefix)
        self.dir = tempfile.mkdtemp(prefix="postern-test-")
        os.chmod(self.dir, 0o755)
        os.mkdir(self.dir + "/mail")
        os.chown(self.dir + "/mail", MAIL_UID, MAIL_UID)
        self.write("mailboxes", "alice\nbob\nadmin\npostmaster\n")
        self.conf = (conf or self.CONF) % dict(
            uid=UID_BASE, mail=MAIL_UID, dir=self.dir, extra=extra,
            listen=listen, retry=retry, expire=expire, unverified=unverified)
        self.write("postern.conf", self.conf)
        self.log_path = self.dir + "/log"
        self.proc = None

    def write(self, name, text):
        with open(self.dir + "/" + name, "w") as f:
            f.write(text)

    # --- life ---

    def start(self, wait=True):
        self.log_file = open(self.log_path, "ab")
        self.proc = subprocess.Popen(
            self.prefix + [build() + "/postern", "-x", self.programs, "-f",
                           self.dir + "/postern.conf"], stdin=subprocess.DEVNULL,
            stdout=self.log_file, stderr=self.log_file)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            if self.proc.poll() is not None:
                raise AssertionError("postern ended with %d:\n%s" %
                                     (self.proc.returncode,
                                      self.log()[-6000:]))
            try:
                rows = self.status()["processes"]
            except (AssertionError, ValueError):
                return False
            return rows and all(r["state"] == "ready" for r in rows)
        until(ready, "all processes ready")

    def stop(self):
        """An orderly stop; its exit status."""
        if self.proc is None:
            return None
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        try:
            status = self.proc.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError("no stop within %d s:\n%s" %
                                 (DEADLINE, self.log()))
        self.proc = None
        self.log_file.close()
        return status

    def kill_all(self):
        """kill -9 of the whole tree at once: of a master that is stopped,
        as a child that it has just forked has all its sockets."""
        self.proc.send_signal(signal.SIGSTOP)
        until(lambda: state_of(self.proc.pid) in "TZX", "master is stopped")
        pids = self.tree()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.proc.wait()
        until(lambda: not any(map(is_alive, pids)), "the children are gone")
        self.proc = None
        self.log_file.close()

    def close_log(self):
        """It has ended by itself; it may be started again."""
        self.proc = None
        self.log_file.close()

    def tree(self):
        """pids of master and all its children."""
        with open("/proc/%d/task/%d/children" % (
                self.proc.pid, self.proc.pid)) as f:
            return [self.proc.pid] + [int(x) for x in f.read().split()]

    def close(self):
        if self.proc is not None:
            if self.proc.poll() is None:
                self.kill_all()
            else:
                self.log_file.close()
        if os.environ.get("KEEP"):
            print("kept " + self.dir)
        else:
            shutil.rmtree(self.dir)

    # --- looking at it ---

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def wait_log(self, pattern, deadline=DEADLINE):
        def found():
            return re.search(pattern, self.log(), re.M)
        try:
            return until(found, "log line " + pattern, deadline)
        except AssertionError as e:
            raise AssertionError("%s\n%s" % (e, self.log()[-6000:]))

    def ctl(self, *args, check=True):
        p = subprocess.run([build() + "/posternctl", "-s",
                            self.dir + "/run/control", *args],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True, timeout=CTL_S, stdin=subprocess.DEVNULL)
        if check and p.returncode != 0:
            raise AssertionError("posternctl %s: %d %s" % (
                args, p.returncode, p.stderr))
        return p.stdout if check else p

    def queue(self, *filters):
        return [json.loads(line) for line in
                self.ctl("--json", "queue", *filters).splitlines()]

    def status(self):
        return json.loads(self.ctl("--json", "status"))

    def pids(self):
        """{"queued": pid, "mx": pid ...}; workers as "mx", "mx1" ...  Of a
        master that is slow to answer, a status has none."""
        rows = until(lambda: self.status()["processes"], "master's answer")
        return {r["role"] + (str(r["index"]) if r["index"] else ""): r["pid"]
                for r in rows}

    def maildir(self, user):
        """Contents of the messages in a mailbox, oldest first."""
        new = "%s/mail/%s/new" % (self.dir, user)
        if not os.path.isdir(new):
            return []
        out = []
        for name in sorted(os.listdir(new)):
            with open(new + "/" + name, "rb") as f:
                out.append(f.read())
        return out

    def wait_maildir(self, user, n):
        try:
            return until(lambda: len(self.maildir(user)) >= n and
                         self.maildir(user), "%d mails for %s" % (n, user))
        except AssertionError as e:
            raise AssertionError("%s\n%s" % (e, self.log()[-6000:]))

    def wait_empty(self, deadline=DEADLINE):
        try:
            until(lambda: not self.queue(), "an empty queue", deadline)
        except AssertionError as e:
            raise AssertionError("%s\n%s" % (e, self.log()[-6000:]))

    # --- talking to it ---

    def smtp(self, trusted=False, port=25):
        return smtplib.SMTP("127.0.0.1", port, "client.test",
                            timeout=DEADLINE,
                            source_address=("127.0.0.2" if trusted else
                                            "127.0.0.1", 0))

    def send(self, rcpts, body, sender="sender@remote.test", trusted=False,
             options=()):
        """Send bytes as they are; the reply to the data as (code, text)."""
        with Raw(trusted=trusted) as s:
            s.cmd("EHLO client.test", 250)
            s.cmd("MAIL FROM:<%s>%s" % (
                sender, "".join(" " + o for o in options)), 250)
            for r in [rcpts] if isinstance(rcpts, str) else rcpts:
                s.cmd("RCPT TO:<%s>" % r, 250)
            s.cmd("DATA", 354)
            s.write(stuff(body))
            return s.reply()


def stuff(body):
    """End of data and dots, for content whose lines end with CRLF."""
    if body.startswith(b"."):
        body = b"." + body
    return body.replace(b"\r\n.", b"\r\n..") + b".\r\n"


class Raw:
    """An SMTP connection, octet by octet."""

    def __init__(self, port=25, trusted=False, banner=True):
        self.s = socket.create_connection(
            ("127.0.0.1", port), DEADLINE,
            ("127.0.0.2" if trusted else "127.0.0.1", 0))
        self.f = self.s.makefile("rb")
        if banner:
            self.banner = self.reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.f.close()
        self.s.close()

    def write(self, data):
        self.s.sendall(data)

    def reply(self):
        """(code, text) of the next reply; (0, "") at the end."""
        lines = []
        while True:
            line = self.f.readline(65536)
            if not line:
                return 0, "".join(lines)
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            lines.append(text)
            if text[3:4] != "-":
                return int(text[:3]), "\n".join(lines)

    def cmd(self, line, expect=None):
        self.write(line.encode("utf-8", "surrogateescape") + b"\r\n")
        got = self.reply()
        if expect is not None and got[0] != expect:
            raise AssertionError("%r: %d expected, got %r" % (
                line, expect, got))
        return got


class Case(unittest.TestCase):
    """A test case with a postern of its own."""

    def postern(self, *args, start=True, **kw):
        p = Postern(*args, **kw)
        self.addCleanup(p.close)
        return p.start() if start else p

    def setUp(self):
        warnings.simplefilter("ignore", ResourceWarning)
