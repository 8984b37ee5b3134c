"""Other people's mail servers, from Debian's packages, for the system tests.

.ci/packages unpacks them below BUILD/peers; nothing of theirs is installed.
What they want of the host - their programs below /usr, users, files in /etc -
is laid over it in the mount namespace of the test program, and only there.
Each runs in the foreground, in a session of its own, below a fresh
directory, and is stopped when its test ends.
"""
import atexit
import os
import shutil
import signal
import subprocess
import tempfile

from host import build, until

PEERS = os.path.abspath(os.environ.get("PEERS", build() + "/peers"))
NAMES = "postfix", "exim", "dovecot"
MAIL_UID = 5401     # owns their mailboxes
USERS = {"postfix": 5410, "dovecot": 5412, "dovenull": 5413,
         "Debian-exim": 5414, "peermail": MAIL_UID}
GROUPS = dict(USERS, postdrop=5411)
OLD = 1e9           # s since 1970
STOP_S = 30         # for an orderly stop; then kill -9


def without(path, names):
    """The lines of path that do not begin with one of the names."""
    with open(path) as f:
        return [x for x in f if x.split(":")[0] not in names]


def private_host():
    """As if they were installed, for this program: their files in /usr, a
    copy of /etc with their users, and an address on lo for Postfix."""
    usr = [d for d in (PEERS + "/" + name + "/usr" for name in NAMES)
           if os.path.isdir(d)]
    subprocess.run(["mount", "-t", "overlay", "-o", "lowerdir=" +
                    ":".join(usr + ["/usr"]), "overlay", "/usr"], check=True)
    subprocess.run(["ip", "addr", "add", "127.0.0.3/8", "dev", "lo"],
                   check=True)
    top = tempfile.mkdtemp(prefix="postern-etc-")
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    etc = top + "/etc"
    subprocess.run(["cp", "-a", "/etc", etc], check=True)
    with open(etc + "/passwd", "w") as f:
        f.writelines(without("/etc/passwd", USERS))
        for name, uid in USERS.items():
            f.write("%s:x:%d:%d::/nonexistent:/bin/false\n" %
                    (name, uid, uid))
    with open(etc + "/group", "w") as f:
        f.writelines(without("/etc/group", GROUPS))
        for name, gid in GROUPS.items():
            f.write("%s:x:%d:\n" % (name, gid))
    subprocess.run(["mount", "--bind", etc, "/etc"], check=True)


class Program:
    """One server: subclasses write its configuration and say its command."""

    name = "program"

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="postern-%s-" % self.name)
        os.chmod(self.dir, 0o755)
        self.log_path = self.dir + "/log"
        self.proc = None
        self.mail = self.mkdir("mail", MAIL_UID)

    def mkdir(self, name, uid=0, gid=None, mode=0o755):
        path = self.dir + "/" + name
        os.makedirs(path)
        os.chown(path, uid, uid if gid is None else gid)
        os.chmod(path, mode)
        return path

    def write(self, name, text):
        """A file of long ago: Postfix lets a new one rest for 2 s."""
        path = self.dir + "/" + name
        with open(path, "w") as f:
            f.write(text)
        os.utime(path, (OLD, OLD))
        return path

    def run(self, *command):
        """Start it in the foreground; its output is part of its log."""
        self.out = open(self.dir + "/out", "ab")
        self.proc = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.out,
            stderr=self.out, start_new_session=True)

    def wait_for(self, condition, what):
        def done():
            if self.proc is not None and self.proc.poll() is not None:
                raise AssertionError("%s ended with %d:\n%s" % (
                    self.name, self.proc.returncode, self.log()[-6000:]))
            return condition()
        try:
            return until(done, what)
        except AssertionError as e:
            raise AssertionError("%s\n%s" % (e, self.log()[-6000:]))

    def halt(self):
        """Stop it and all that it started; it may be started again."""
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        try:
            self.proc.wait(STOP_S)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.proc.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.proc.wait()
        self.proc = None
        self.out.close()

    def close(self):
        """Stop it, and remove what it wrote."""
        if self.proc is not None:
            self.halt()
        if os.environ.get("KEEP"):
            print("kept " + self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    # --- looking at it ---

    def log(self):
        text = ""
        for path in self.dir + "/out", self.log_path:
            if os.path.exists(path):
                with open(path, errors="replace") as f:
                    text += f.read()
        return text

    def maildir(self, user):
        """The messages in a mailbox below self.mail, oldest first."""
        new = "%s/%s/new" % (self.mail, user)
        if not os.path.isdir(new):
            return []
        out = []
        for name in sorted(os.listdir(new)):
            with open(new + "/" + name, "rb") as f:
                out.append(f.read())
        return out

    def wait_maildir(self, user, n):
        return self.wait_for(lambda: len(self.maildir(user)) >= n and
                             self.maildir(user),
                             "%d mails for %s at %s" % (n, user, self.name))
