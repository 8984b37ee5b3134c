#!/usr/bin/env python3
"""The local socket: who may come in, how often, and what is said there."""
import os
import socket
import subprocess
import sys

from host import Case, DEADLINE, main, until

NOBODY = 65534
SESSIONS_PER_UID = 20
LOCAL = "listen local { socket %(dir)s/submit; }"
# connects as that user, says something and prints the replies
CLIENT = """
import os, socket, sys
os.setgroups([]); os.setgid(%d); os.setuid(%d)
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
f = s.makefile("rb")
print(f.readline().decode())
for line in sys.argv[2:]:
    s.sendall(line.encode() + b"\\r\\n")
    print(f.readline().decode())
""" % (NOBODY, NOBODY)


class LocalSocket(Case):
    def local(self):
        p = self.postern(start=False)
        p.write("postern.conf", p.conf + LOCAL % dict(dir=p.dir))
        return p.start()

    def connect(self, p):
        s = socket.socket(socket.AF_UNIX)
        self.addCleanup(s.close)
        s.settimeout(DEADLINE)
        s.connect(p.dir + "/submit")
        return s

    def as_nobody(self, p, *lines):
        return subprocess.run(
            [sys.executable, "-c", CLIENT, p.dir + "/submit", *lines],
            stdout=subprocess.PIPE, check=True, text=True,
            timeout=DEADLINE).stdout

    def test_local_garbage(self):
        """Nobody has more than his share of sessions, whatever he says."""
        p = self.local()
        mine = [self.connect(p) for _ in range(SESSIONS_PER_UID)]
        for s in mine:
            self.assertIn(b"220 ", s.recv(4096))
        for _ in range(100):
            s = self.connect(p)
            self.assertIn(b"421 4.3.2 mx.test Too many sessions of yours",
                          s.recv(4096))
            s.close()
        self.assertIn("220 ", self.as_nobody(p))
        mine[0].sendall(os.urandom(4096).replace(b"\n", b"") + b"\n")
        self.assertIn(b"500 ", mine[0].recv(65536))
        mine.pop().close()
        until(lambda: self.connect(p).recv(4096).startswith(b"220 "),
              "a place is free again")

    def test_neither_tls_nor_auth(self):
        p = self.local()
        s = self.connect(p)
        s.recv(4096)
        s.sendall(b"EHLO client.test\r\n")
        ehlo = s.recv(4096)
        self.assertIn(b"250 HELP\r\n", ehlo)
        self.assertNotIn(b"STARTTLS", ehlo)
        self.assertNotIn(b"AUTH", ehlo)

    def test_the_kernel_says_who(self):
        p = self.local()
        self.as_nobody(p, "EHLO client.test", "QUIT")
        p.wait_log("connect client=uid:%d listener=local" % NOBODY)


if __name__ == "__main__":
    main()
