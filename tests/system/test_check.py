#!/usr/bin/env python3
"""queued -C: a spool that nobody uses, checked and printed."""
import glob
import hashlib
import json
import os
import subprocess

from host import Case, DEADLINE, build, main, until

BODY = b"Subject: a subject\r\n\r\nHello\r\n"
LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcde\r\n" * 80000


def check(directory):
    r = subprocess.run([build() + "/queued", "-C", directory],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True, timeout=DEADLINE)
    return r.returncode, [json.loads(x) for x in r.stdout.splitlines()], \
        r.stderr


def files(directory):
    """name: (size, time, hash) of all that is there."""
    out = {}
    for d, _, names in os.walk(directory):
        for n in names:
            with open(d + "/" + n, "rb") as f:
                st = os.fstat(f.fileno())
                out[d + "/" + n] = (st.st_size, st.st_mtime_ns,
                                    hashlib.sha256(f.read()).digest())
    return out


class Check(Case):
    def stopped(self):
        """A spool with two messages, its postern stopped."""
        p = self.postern(retry="1s")
        p.send(["r1@far.test", "r2@far.test"], BODY, trusted=True,
               sender="s1@remote.test")
        p.send("r3@far.test", LARGE, trusted=True, sender="")
        p.send("alice@here.test", BODY)
        p.wait_maildir("alice", 1)
        p.ctl("hold", "from=s1@remote.test")
        until(lambda: len(p.queue()) == 2, "two messages")
        rows = {r["from"]: r for r in p.queue()}
        self.assertEqual(p.stop(), 0)
        return p, rows

    def test_messages_and_counts(self):
        p, rows = self.stopped()
        before = files(p.dir + "/spool")
        status, lines, err = check(p.dir + "/spool")
        self.assertEqual(status, 0, err)
        self.assertEqual(files(p.dir + "/spool"), before)
        end = lines.pop()
        self.assertEqual((end["messages"], end["recipients"],
                          end["damaged"], end["aside"]), (2, 3, 0, 0))
        self.assertEqual(len(lines), 2)
        for m in lines:
            row = rows[m["from"]]
            self.assertEqual((m["id"], m["size"], m["arrived"]),
                             (row["id"], row["size"], row["arrived"]))
            self.assertEqual(m["client"], "127.0.0.2")
            self.assertEqual(m["held"], m["from"] != "")
            self.assertEqual([r["to"] for r in m["recipients"]],
                             [r["to"] for r in row["recipients"]])
            self.assertEqual({r["state"] for r in m["recipients"]},
                             {"waiting"})
        self.assertEqual({m["large"] for m in lines}, {False, True})

    def test_hash_is_of_the_content(self):
        p, _ = self.stopped()
        m = [x for x in check(p.dir + "/spool")[1] if x.get("large")][0]
        with open(p.dir + "/spool/large/" + m["id"], "rb") as f:
            body = f.read()
        self.assertTrue(LARGE.endswith(body))
        # the header block is what the segment holds before it
        data = b"".join(open(s, "rb").read() for s in
                        sorted(glob.glob(p.dir + "/spool/log/*.seg")))
        at = data.index(b"Subject: large\r\n")
        begin = data.rindex(b"Received:", 0, at)
        end = data.index(b"\r\n\r\n", at) + 4
        self.assertEqual(hashlib.blake2b(
            data[begin:end] + body, digest_size=32).hexdigest(), m["hash"])

    def test_damage_is_found(self):
        p, rows = self.stopped()
        mid = rows[""]["id"]
        name = p.dir + "/spool/large/" + mid
        with open(name, "r+b") as f:
            f.seek(1000)
            f.write(b"XX")
        status, lines, _ = check(p.dir + "/spool")
        self.assertEqual(status, 65)
        self.assertEqual(lines[-1]["damaged"], 1)
        self.assertEqual([x["id"] for x in lines if "damage" in x], [mid])
        os.unlink(name)
        self.assertEqual(check(p.dir + "/spool")[0], 65)

    def test_damage_in_the_log(self):
        p, _ = self.stopped()
        seg = sorted(glob.glob(p.dir + "/spool/log/*.seg"))[0]
        with open(seg, "r+b") as f:
            at = f.read().index(b"Hello")
            f.seek(at)
            f.write(b"hELLO")
        status, lines, _ = check(p.dir + "/spool")
        self.assertEqual(status, 65)
        wrong = [x for x in lines if "damage" in x]
        self.assertEqual(len(wrong), lines[-1]["damaged"])
        self.assertIn("checksum", wrong[0]["damage"])
        self.assertRegex(wrong[0]["id"], "^[0-9a-z]{26}$")

    def test_not_in_use_and_not_there(self):
        p = self.postern()
        status, lines, err = check(p.dir + "/spool")
        self.assertEqual((status, lines), (75, []))
        self.assertIn("in use", err)
        self.assertEqual(p.stop(), 0)
        os.unlink(p.dir + "/spool/version")
        self.assertEqual(check(p.dir + "/spool")[0], 66)
        self.assertEqual(check(p.dir + "/nothing")[0], 66)
        self.assertEqual(check(p.dir)[0], 77)      # root's


if __name__ == "__main__":
    main()
