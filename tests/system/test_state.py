#!/usr/bin/env python3
"""The role state: wrong passwords, counted once for all workers, over the
death of any process, and what the postmaster sees and does about them."""
import base64
import json
import os
import signal
import smtplib
import ssl
import stat
import subprocess

from host import Case, DEADLINE, UID_BASE, build, main, until
from memory import search

PASSWORD = "correct horse"
# so long that an allocator leaves some of it
SECRET = b"battery staple and quite a lot of other things"
CONF = """
table users file %(dir)s/users;
listen submission { address 127.0.0.1; port 587; auth users; }
"""
CLIENT_MAX, ACCOUNT_MAX = 10, 20    # as in common/guesses.h
WRONG, RIGHT, NOT_NOW = 535, 235, 454
# the program of two roles, one of which may be away
QUEUED = """#!/bin/sh
[ "$2" != state ] || [ ! -e "%(dir)s/away" ] || exit 1
exec %(real)s "$@"
"""


class Client:
    """A session of some address, with TLS."""

    def __init__(self, address="127.0.0.3"):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.s = smtplib.SMTP("127.0.0.1", 587, "client.test",
                              timeout=DEADLINE, source_address=(address, 0))
        self.s.starttls(context=context)
        self.s.ehlo()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def auth(self, user="alice@here.test", password="wrong"):
        said = base64.b64encode(("\0%s\0%s" % (user, password)).encode())
        return self.s.docmd("AUTH", "PLAIN " + said.decode())[0]


def auth(*args, address="127.0.0.3"):
    with Client(address) as c:
        return c.auth(*args)


class State(Case):
    hash = None

    def counting(self, extra="", **kw):
        p = self.postern(start=False, extra=extra, **kw)
        p.write("postern.conf", p.conf + CONF % {"dir": p.dir})
        if State.hash is None:
            State.hash = subprocess.run(
                ["openssl", "passwd", "-6", "-salt", "saltsalt", PASSWORD],
                check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        p.write("users", "".join("%s@here.test: %s\n" % (u, State.hash)
                                 for u in ("alice", "bob")))
        os.chmod(p.dir + "/users", 0o600)
        return p

    def counted(self, p, who):
        row = json.loads(p.ctl("--json", "guesses", who))
        return row["count"]

    def log_of(self, p):
        """Its name and length, another with each write; None between two
        logs."""
        where = p.dir + "/spool-state/"
        logs = [n for n in os.listdir(where) if n.startswith("log-")]
        try:
            return (logs[0], os.path.getsize(where + logs[0])) if logs \
                else None
        except FileNotFoundError:
            return None

    def kept(self, p):
        """All that was counted is in the files: of two writes that end after
        it, the second one began after it."""
        for i in (1, 2):
            before = self.log_of(p)
            self.assertEqual(auth("marker%d" % i, address="127.9.9.9"), WRONG)
            until(lambda: self.log_of(p) not in (None, before),
                  "a write")

    def wait_for_another(self, p, role, pid):
        """status has no pid of one that is on its way."""
        def ready():
            rows = p.status()["processes"]
            return rows and all(r["state"] == "ready" for r in rows) and \
                all(r["pid"] != pid for r in rows)
        until(ready, "another " + role)

    def kill(self, p, role):
        pid = p.pids()[role]
        os.kill(pid, signal.SIGKILL)
        self.wait_for_another(p, role, pid)

    # --- who has one ---

    def auth_with_tls(self):
        """A keyd that has just come has to make a certificate first."""
        try:
            return auth()
        except smtplib.SMTPNotSupportedError:
            return None

    def test_only_with_auth(self):
        p = self.postern()
        self.assertNotIn("state", p.pids())
        self.assertEqual(p.ctl("guesses", check=False).returncode, 75)
        p.write("postern.conf", p.conf + CONF % {"dir": p.dir})
        p.write("users", "")
        os.chmod(p.dir + "/users", 0o600)
        p.ctl("reload")
        until(lambda: "state" in p.pids(), "a reload starts it")
        p.wait_ready()
        self.assertEqual(until(self.auth_with_tls, "TLS is offered"), WRONG)
        until(lambda: self.counted(p, "alice@here.test") == 1, "it counts")
        p.write("postern.conf", p.conf)
        p.ctl("reload")
        until(lambda: "state" not in p.pids(), "a reload ends it")

    def test_its_jail(self):
        p = self.counting().start()
        row = [r for r in p.status()["processes"] if r["role"] == "state"][0]
        self.assertEqual(row["root"], p.dir + "/spool-state")
        self.assertEqual(row["uid"], UID_BASE + 7)
        self.assertTrue(row["netns"] and row["filter"])
        st = os.stat(p.dir + "/spool-state")
        self.assertEqual((st.st_uid, stat.S_IMODE(st.st_mode)),
                         (UID_BASE + 7, 0o700))
        self.assertEqual(p.stop(), 0)

    # --- one count ---

    def test_two_workers(self):
        """Each in turn alone accepts; together they take what one may."""
        p = self.counting(extra="workers { submission 2; }").start()
        pids = p.pids()
        workers = [pids["msa"], pids["msa1"]]
        said = []
        for i in range(CLIENT_MAX + 4):
            other = workers[i % 2]
            os.kill(other, signal.SIGSTOP)
            try:
                said.append(auth("nobody%d" % i))
            finally:
                os.kill(other, signal.SIGCONT)
        self.assertEqual(said, [WRONG] * CLIENT_MAX + [NOT_NOW] * 4)
        # of an account, by many
        for i in range(ACCOUNT_MAX):
            other = workers[i % 2]
            os.kill(other, signal.SIGSTOP)
            try:
                self.assertEqual(auth(address="127.1.0.%d" % (i + 1)), WRONG)
            finally:
                os.kill(other, signal.SIGCONT)
        self.assertEqual(auth(address="127.1.1.1"), NOT_NOW)
        self.assertEqual(auth("bob@here.test", PASSWORD,
                              address="127.1.1.1"), RIGHT)

    def test_known_is_not_locked_out(self):
        p = self.counting(extra="workers { submission 2; }").start()
        self.assertEqual(auth("alice@here.test", PASSWORD), RIGHT)
        for i in range(ACCOUNT_MAX):
            self.assertEqual(auth(address="127.1.0.%d" % (i + 1)), WRONG)
        self.assertEqual(auth("alice@here.test", PASSWORD,
                              address="127.1.1.1"), NOT_NOW)
        self.kept(p)
        for role in ("msa", "msa1", "state"):
            self.kill(p, role)
        self.assertEqual(auth("alice@here.test", PASSWORD), RIGHT)

    # --- deaths ---

    def test_kills(self):
        p = self.counting().start()
        for i in range(CLIENT_MAX - 2):
            self.assertEqual(auth("nobody%d" % i), WRONG)
        self.kill(p, "msa")
        self.assertEqual(auth(), WRONG)
        self.kept(p)
        self.kill(p, "state")
        self.assertEqual(self.counted(p, "127.0.0.3"), CLIENT_MAX - 1)
        self.assertEqual(auth(), WRONG)
        self.assertEqual(auth(), NOT_NOW)
        self.kept(p)
        p.kill_all()
        p.start()
        self.assertEqual(auth(), NOT_NOW)

    def test_restart(self):
        p = self.counting().start()
        for i in range(CLIENT_MAX):
            self.assertEqual(auth("nobody%d" % i), WRONG)
        self.assertEqual(p.stop(), 0)
        p.start()
        self.assertEqual(auth("alice@here.test", PASSWORD), NOT_NOW)
        self.assertEqual(auth("alice@here.test", PASSWORD,
                              address="127.0.0.4"), RIGHT)

    def test_damaged(self):
        p = self.counting().start()
        for i in range(CLIENT_MAX):
            self.assertEqual(auth("nobody%d" % i), WRONG)
        self.assertEqual(p.stop(), 0)
        path = p.dir + "/spool-state/snapshot"
        with open(path, "r+b") as f:
            f.truncate(os.path.getsize(path) - 3)
        p.start()
        p.wait_log("counters: the snapshot is damaged: all begin anew, "
                   "it is kept as damaged")
        self.assertTrue(os.path.exists(p.dir + "/spool-state/damaged"))
        self.assertEqual(auth("alice@here.test", PASSWORD), RIGHT)
        for i in range(CLIENT_MAX):
            self.assertEqual(auth("nobody%d" % i), WRONG)
        self.assertEqual(auth("bob@here.test", PASSWORD), NOT_NOW)

    def away(self):
        """postern without state, which was there once."""
        p = self.counting()
        p.programs = p.dir + "/programs"
        os.mkdir(p.programs)
        for name in os.listdir(build()):
            if os.path.isfile(build() + "/" + name) and name != "queued":
                os.symlink(build() + "/" + name, p.programs + "/" + name)
        p.write("programs/queued", QUEUED % {
            "dir": p.dir, "real": build() + "/queued"})
        os.chmod(p.programs + "/queued", 0o755)
        p.start()
        p.write("away", "")
        os.kill(p.pids()["state"], signal.SIGKILL)
        p.wait_log("child-end role=state index=0 .*exit=1")
        return p

    def test_away(self):
        """A worker goes by itself: logins work, and guesses have an end."""
        p = self.away()
        self.assertEqual(auth("alice@here.test", PASSWORD), RIGHT)
        for i in range(CLIENT_MAX):
            self.assertEqual(auth("nobody%d" % i), WRONG)
        self.assertEqual(auth("bob@here.test", PASSWORD), NOT_NOW)
        self.assertEqual(auth("bob@here.test", PASSWORD,
                              address="127.0.0.4"), RIGHT)
        self.assertEqual(p.ctl("forgive", "127.0.0.3",
                               check=False).returncode, 75)
        os.unlink(p.dir + "/away")
        p.wait_ready()
        self.assertEqual(auth("bob@here.test", PASSWORD), RIGHT)

    def test_killed_again_and_again(self):
        p = self.counting().start()
        for i in range(CLIENT_MAX):
            pid = p.pids()["state"]
            if pid in p.tree():
                os.kill(pid, signal.SIGKILL)
            self.assertEqual(auth("alice@here.test", PASSWORD,
                                  address="127.1.0.%d" % (i + 1)), RIGHT)
            auth("nobody%d" % i)
        # whatever was lost in between
        self.wait_for_another(p, "state", 0)
        said = [auth("nobody") for _ in range(CLIENT_MAX + 1)]
        self.assertEqual(said[-1], NOT_NOW)

    def test_hangs(self):
        """Its answer is not waited for any longer than it could take."""
        p = self.counting().start()
        pid = p.pids()["state"]
        os.kill(pid, signal.SIGSTOP)
        try:
            self.assertEqual(auth("alice@here.test", PASSWORD), RIGHT)
            self.assertEqual(auth(), WRONG)
        finally:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass    # master was faster

    def frozen(self, pid, needles):
        """What it has; it does not wait while it is looked at."""
        os.kill(pid, signal.SIGSTOP)
        try:
            return search(pid, needles)
        finally:
            os.kill(pid, signal.SIGCONT)

    def test_password_is_forgotten(self):
        """It waits for state's answer, and no longer than that."""
        p = self.counting().start()
        pids = p.pids()
        needles = {"name": [b"carol@here.test"], "password": [SECRET[20:]]}
        with Client() as c:
            os.kill(pids["state"], signal.SIGSTOP)
            try:
                said = base64.b64encode(b"\0carol@here.test\0" + SECRET)
                c.s.putcmd("AUTH", "PLAIN " + said.decode())
                until(lambda: self.frozen(pids["msa"], needles) ==
                      set(needles), "it waits")
            finally:
                os.kill(pids["state"], signal.SIGCONT)
            self.assertEqual(c.s.getreply()[0], WRONG)
            self.assertEqual(search(pids["msa"], needles), {"name"})

    # --- the postmaster ---

    def test_forgive(self):
        p = self.counting().start()
        self.assertEqual(p.ctl("guesses"), "")
        for i in range(ACCOUNT_MAX):
            self.assertEqual(auth("Alice@here.test",
                                  address="127.1.0.%d" % (i + 1)), WRONG)
        self.assertEqual(auth("alice@here.test", PASSWORD), NOT_NOW)
        row = json.loads(p.ctl("--json", "guesses"))
        self.assertGreater(row.pop("refused"), 0)
        self.assertEqual(row, {"what": "account", "who": "alice@here.test",
                               "count": ACCOUNT_MAX, "max": ACCOUNT_MAX,
                               "window": 1200})
        self.assertIn("alice@here.test", p.ctl("guesses"))
        # not those who may only look
        os.chmod(p.dir + "/run/control", 0o666)
        r = subprocess.run(["setpriv", "--reuid", "5401", "--clear-groups",
                            "--regid", "5401", build() + "/posternctl", "-s",
                            p.dir + "/run/control", "forgive",
                            "alice@here.test"], stderr=subprocess.PIPE,
                           text=True)
        self.assertEqual(r.returncode, 77, r.stderr)
        self.assertEqual(p.ctl("forgive", "alice@here.test"), "account "
                         "alice@here.test: 20 wrong passwords forgiven\n")
        p.wait_log(r'forgive account="alice@here\.test" count=20$')
        self.assertEqual(auth("alice@here.test", PASSWORD), RIGHT)
        self.assertEqual(p.ctl("guesses"), "")
        self.assertEqual(p.ctl("forgive", "alice@here.test",
                               check=False).returncode, 65)
        # a client, and it stays forgiven
        for i in range(CLIENT_MAX):
            self.assertEqual(auth("nobody%d" % i), WRONG)
        self.assertEqual(auth("nobody"), NOT_NOW)
        self.assertIn("client", p.ctl("forgive", "127.0.0.3"))
        self.assertEqual(p.stop(), 0)
        p.start()
        self.assertEqual(self.counted(p, "127.0.0.3"), 0)


if __name__ == "__main__":
    main()
