#!/usr/bin/env python3
"""bash completion of posternctl: what COMPREPLY is for a line."""
import json
import os
import subprocess

from host import Case, DEADLINE, build, main

TOP = os.path.dirname(os.path.abspath(__file__)) + "/../.."
# the words of a line as readline breaks it, the cursor behind the last
SCRIPT = """
. %s/etc/completion/posternctl
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_posternctl "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%%s\\n' "${COMPREPLY[@]}"
"""


class Completion(Case):
    def complete(self, *words):
        p = subprocess.run(
            ["bash", "--norc", "-c", SCRIPT % TOP, "bash",
             build() + "/posternctl", *words], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=DEADLINE,
            stdin=subprocess.DEVNULL)
        self.assertEqual(p.stderr, "")
        return p.stdout.split()

    def test_commands(self):
        out = subprocess.run([build() + "/posternctl", "--help"],
                             stdout=subprocess.PIPE, text=True).stdout
        commands = [x.split()[0] for x in out.splitlines()
                    if x.startswith("  ") and x[2:3].isalpha()]
        self.assertIn("queue", commands)
        self.assertEqual(self.complete(""), commands)
        self.assertEqual(self.complete("rem"), ["remove"])
        self.assertEqual(self.complete("--json", "-s", "/x", "stat"),
                         ["status"])
        self.assertEqual(self.complete("nonsense", ""), [])

    def test_options(self):
        self.assertEqual(self.complete("--d"), ["--dry-run"])
        self.assertEqual(self.complete("queue", "--js"), ["--json"])
        self.assertEqual(self.complete("pause", "all", "--unt"), ["--until="])
        self.assertEqual(self.complete("--so"), ["--sort=", "--socket="])
        self.assertEqual(self.complete("route", "all", "--v"),
                         ["--via=", "--version"])
        self.assertEqual(self.complete("route", "all", "--via", "=", "smtps"),
                         ["smtps://"])

    def test_filters(self):
        self.assertIn("from=", self.complete("queue", ""))
        self.assertEqual(self.complete("hold", "dom"), ["domain="])
        # what the shell would take for itself is quoted
        self.assertEqual(self.complete("retry", "ag"), ["age\\>", "age\\<"])
        self.assertEqual(self.complete("release", "to=x", "al"), ["all"])
        self.assertIn("reply~", self.complete("route", ""))
        self.assertEqual(self.complete("status", ""), [])
        self.assertEqual(self.complete("pause", ""),
                         ["route=", "domain=", "all"])

    def test_values(self):
        states = ["active", "waiting", "deferred", "held"]
        self.assertEqual(self.complete("queue", "state", "="), states)
        self.assertEqual(self.complete("queue", "state", "=", "d"),
                         ["deferred"])
        self.assertEqual(self.complete("queue", "from", "=", "d"), [])

    def test_files(self):
        self.assertIn("/etc/passwd", self.complete("-s", "/etc/pass"))
        self.assertIn("/etc/passwd",
                      self.complete("--socket", "=", "/etc/pass"))

    def test_ids(self):
        p = self.postern()
        body = b"Subject: x\r\n\r\nbody\r\n"
        ids = [p.send("x@far.test", body, trusted=True)[1].split()[-1]
               for _ in range(3)]
        control = "-s", p.dir + "/run/control"
        self.assertEqual(sorted(self.complete(*control, "show", "")),
                         sorted(ids))
        self.assertEqual(self.complete(*control, "show", ids[0][:8]),
                         [ids[0]])
        self.assertEqual(self.complete(*control, "hold", "id", "=",
                                       ids[1][:8]), [ids[1]])
        self.assertIn(ids[2], self.complete(*control, "remove", ids[2][:6]))
        self.assertEqual(self.complete(*control, "show", ids[0], ""), [])
        routes = self.complete(*control, "resume", "route", "=")
        self.assertEqual(routes, [r["route"] for r in map(
            json.loads, p.ctl("--json", "routes").splitlines())])
        self.assertEqual(len(routes), 1)


if __name__ == "__main__":
    main()
