#!/usr/bin/env python3
"""Each process as the kernel sees it: its uid, root, network, filter."""
import os
import re
import sys

from host import Case, UID_BASE, build, main

HOST_NET = {"resolverd", "out"}


class Jail(Case):
    def proc_status(self, pid, key):
        with open("/proc/%d/status" % pid) as f:
            return re.search(r"^%s:[ \t]*(.*)$" % key, f.read(), re.M).group(1)

    def test_every_process(self):
        p = self.postern()
        p.send("alice@here.test", b"\r\nstart postern-local\r\n")
        p.wait_maildir("alice", 1)
        own_net = os.readlink("/proc/self/ns/net")
        for r in p.status()["processes"]:
            role, pid = r["role"], r["pid"]
            uids = self.proc_status(pid, "Uid").split()
            self.assertEqual(set(uids), {str(r["uid"])}, role)
            self.assertGreaterEqual(r["uid"], UID_BASE)
            self.assertEqual(self.proc_status(pid, "Groups").strip(), "",
                             role)
            self.assertEqual(self.proc_status(pid, "CapEff"),
                             "0000000000000000", role)
            self.assertEqual(self.proc_status(pid, "NoNewPrivs"), "1", role)
            self.assertEqual(self.proc_status(pid, "Seccomp"), "2", role)
            root = os.readlink("/proc/%d/root" % pid)
            self.assertEqual(root, p.dir + (
                "/spool" if role in ("queued",) else "/run/empty"), role)
            net = os.readlink("/proc/%d/ns/net" % pid)
            self.assertEqual(net == own_net, role in HOST_NET, role)
            fds = os.listdir("/proc/%d/fd" % pid)
            self.assertLess(len(fds), 60, role)

    def test_no_setuid_program(self):
        for name in os.listdir(build()):
            path = build() + "/" + name
            if os.path.isfile(path):
                self.assertEqual(os.stat(path).st_mode & 0o6000, 0, path)


if __name__ == "__main__":
    main()
