#!/usr/bin/env python3
"""make install, what it installs, and make uninstall: without DESTDIR, in
this program's own mount namespace, where all that is written to the host
goes to a layer on top."""
import json
import os
import re
import shutil
import subprocess
import tempfile

from host import Case, DEADLINE, build, main, until

TOP = os.path.dirname(os.path.abspath(__file__)) + "/../.."
UNIT = "/usr/local/lib/systemd/system/postern.service"
SYSUSERS = "/usr/local/lib/sysusers.d/postern.conf"

# systemd as process 1 of namespaces of its own, with postern and our steps
# and nothing else
SYSTEMD = """
umount -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind /run/console /dev/console
exec env container=test /lib/systemd/systemd --system --unit=steps.target \\
    --log-target=console --show-status=no
"""
SYSTEMD_FILES = {
    "steps.target": """
[Unit]
DefaultDependencies=no
Wants=postern.service steps.service
""",
    "steps.service": """
[Unit]
DefaultDependencies=no
After=postern.service
[Service]
Type=oneshot
StandardOutput=append:/run/steps.log
StandardError=append:/run/steps.log
ExecStart=/bin/bash /run/steps
""",
    # without a network target and a journal there
    "postern.service.d/test.conf": """
[Unit]
DefaultDependencies=no
Wants=
After=
[Service]
StandardOutput=append:/run/postern.log
StandardError=append:/run/postern.log
""",
}
STEPS = """
waits() {
	for i in {1..1800}; do "$@" && return 0; sleep .05; done
	return 1
}
ready() {
	posternctl --json status 2>&1 | grep -q '"ready"' &&
	    ! posternctl --json status | grep -q '"starting"'
}
arrived() {
	[ "$(ls %s 2>/dev/null)" ]
}
waits ready; echo start gives $?
systemctl status postern --no-pager
posternctl status
echo "Subject: x" | sendmail -f b@example.org alice@example.org
echo send gives $?
waits arrived; echo arrive gives $?
systemctl reload postern; echo reload gives $?
echo "frobnicate yes;" >> /etc/postern/postern.conf
systemctl reload postern; echo refuse gives $?
systemctl stop postern; echo stop gives $?
systemctl show postern -p Result -p ExecMainStatus
kill -RTMIN+4 1
"""


def setting(name):
    with open(build() + "/config.mk") as f:
        return re.search("^%s = (.*)$" % name, f.read(), re.M).group(1)


def run(*command, status=0, **kw):
    p = subprocess.run(command, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=300,
                       stdin=None if "input" in kw else subprocess.DEVNULL,
                       **kw)
    if status is not None and p.returncode != status:
        raise AssertionError("%s: %d\n%s" % (command, p.returncode,
                                             p.stdout))
    return p.stdout


def make(*arguments, **kw):
    return run("make", "-C", TOP, "B=" + build(), *arguments, **kw)


class Layer:
    """What is written below a directory, which stays as it was."""

    def __init__(self, top, path):
        self.path, self.upper = path, top + path
        work = top + "/work" + path
        os.makedirs(self.upper)
        os.makedirs(work)
        run("mount", "-t", "overlay", "-o", "lowerdir=%s,upperdir=%s,"
            "workdir=%s" % (path, self.upper, work), "overlay", path)

    def close(self):
        run("umount", "-l", self.path)

    def files(self):
        """What was written and is still there, but for directories."""
        return sorted(self.path + os.path.join(d, f)[len(self.upper):]
                      for d, _, files in os.walk(self.upper) for f in files)


class Cgroup:
    """A control group of the second kind, for systemd to live in."""

    def __init__(self):
        top = "/sys/fs/cgroup/unified"
        if not os.path.isdir(top):
            top = "/sys/fs/cgroup"
        self.path = tempfile.mkdtemp(prefix="postern-test-", dir=top)

    def enter(self):
        with open(self.path + "/cgroup.procs", "w") as f:
            f.write("0")

    def close(self):
        """systemd makes groups below it."""
        until(lambda: "populated 0" in open(
            self.path + "/cgroup.events").read(), "nobody is in the group")
        for d, _, _ in os.walk(self.path, topdown=False):
            os.rmdir(d)


def unit():
    """The settings of the unit as {name: [word ...]}."""
    found = {}
    with open(UNIT) as f:
        for name, value in re.findall(r"^(\w+)=(.*)$", f.read(), re.M):
            found.setdefault(name, []).extend(value.split())
    return found


class Installed(Case):
    """A build that may be installed, in /usr/local and /etc."""

    def setUp(self):
        super().setUp()
        top = tempfile.mkdtemp(prefix="postern-test-")
        os.chmod(top, 0o755)
        self.addCleanup(shutil.rmtree, top)
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", top)
        self.addCleanup(run, "umount", "-l", top)
        self.layers = {}
        for path in "/usr/local", "/etc", "/var":
            self.layers[path] = Layer(top, path)
            self.addCleanup(self.layers[path].close)
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
        self.addCleanup(run, "umount", "-l", "/run")
        os.makedirs("/var/mail-homes/alice")
        os.chown("/var/mail-homes/alice", 6001, 6001)
        make("install")

    def add_alice(self):
        with open("/etc/passwd", "a") as f:
            f.write("alice:x:6001:6001::/var/mail-homes/alice:/bin/sh\n")

    def start(self):
        """As the unit starts it, as far as that goes without systemd; its
        configuration is the example's."""
        self.add_alice()
        u = unit()
        caps = ["+" + c[4:].lower() for c in u["CapabilityBoundingSet"]]
        self.proc = subprocess.Popen(
            ["setpriv", "--no-new-privs", "--inh-caps", "-all",
             "--bounding-set", ",".join(["-all"] + caps)] + u["ExecStart"],
            stdin=subprocess.DEVNULL)
        self.addCleanup(self.stop)
        until(lambda: os.path.exists("/run/postern/control") and
              "starting" not in run("posternctl", "status", status=None) and
              "ready" in run("posternctl", "status", status=None),
              "postern is ready")

    def stop(self):
        if self.proc is None:
            return 0
        self.proc.terminate()
        status = self.proc.wait(DEADLINE)
        self.proc = None
        return status

    def test_starts_with_the_installed_configuration(self):
        self.start()
        run("sendmail", "-f", "bob@example.org", "alice@example.org",
            input="Subject: installed\n\nbody\n")
        new = "/var/mail-homes/alice/Maildir/new"
        until(lambda: os.path.isdir(new) and os.listdir(new), "the mail")
        with open(new + "/" + os.listdir(new)[0]) as f:
            self.assertIn("Subject: installed\n", f.read())
        run("mailq")
        run("newaliases")
        run(*unit()["ExecReload"])
        self.assertEqual(self.stop(), 0)

    def test_ids_are_those_of_sysusers(self):
        run("systemd-sysusers", SYSUSERS)
        run("systemd-sysusers", SYSUSERS)   # twice does no harm
        uids = {}
        with open("/etc/passwd") as f:
            for line in f:
                name, _, uid = line.split(":")[:3]
                uids[name] = int(uid)
        self.start()
        rows = json.loads(run("posternctl", "--json", "status"))["processes"]
        self.assertEqual({r["uid"] for r in rows},
                         {uids["postern-" + r["role"]] for r in rows})
        # and of the roles that do not run with this configuration
        with open(TOP + "/common/roles.h") as f:
            roles = re.findall(r'^\tR\(\w+,\s*"(\w+)"', f.read(), re.M)
        reserved = {n: u for n, u in uids.items() if n.startswith("postern-")}
        self.assertEqual(reserved, {"postern-" + r: 5250 + i
                                    for i, r in enumerate(roles)
                                    if r not in ("master", "mailbox",
                                                 "ctl")})

    def test_under_systemd_itself(self):
        """With all walls of the unit: mail, a reload, an orderly stop."""
        self.add_alice()
        os.makedirs("/run/systemd/system/postern.service.d")
        for name, text in SYSTEMD_FILES.items():
            with open("/run/systemd/system/" + name, "w") as f:
                f.write(text)
        new = "/var/mail-homes/alice/Maildir/new"
        with open("/run/steps", "w") as f:
            f.write(STEPS % new)
        with open("/run/console", "w"):
            pass
        group = Cgroup()
        self.addCleanup(group.close)
        p = subprocess.run(
            ["unshare", "-C", "-m", "-u", "-i", "-p", "-f", "--mount-proc",
             "--kill-child", "bash", "-ec", SYSTEMD],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=300, text=True,
            preexec_fn=group.enter)
        said = p.stdout
        for name in "console", "postern.log", "steps.log":
            if os.path.exists("/run/" + name):
                with open("/run/" + name) as f:
                    said += f.read()
        self.assertEqual(re.findall(r"^(\w+) gives (\d+)$", said, re.M),
                         [("start", "0"), ("send", "0"), ("arrive", "0"),
                          ("reload", "0"), ("refuse", "1"), ("stop", "0")],
                         said)
        self.assertIn("Result=success", said)
        self.assertIn("stopping signal=15", said)
        self.assertFalse(os.path.exists("/run/postern"))
        self.assertEqual(len(os.listdir(new)), 1)

    def test_the_unit_passes_systemds_eye(self):
        out = run("systemd-analyze", "verify", UNIT, status=None)
        ours = [x for x in out.splitlines() if "postern" in x]
        self.assertEqual(ours, [], out)

    def test_uninstall_leaves_the_configuration_alone(self):
        conf = "/etc/postern/postern.conf"
        with open(conf, "w") as f:
            f.write("hostname mine.test;\n")
        make("install")
        self.assertIn("/usr/local/share/man/man8/postern.8",
                      self.layers["/usr/local"].files())
        make("uninstall")
        self.assertEqual(self.layers["/usr/local"].files(), [])
        self.assertEqual(self.layers["/etc"].files(), [conf])
        with open(conf) as f:
            self.assertEqual(f.read(), "hostname mine.test;\n")


class Testing(Case):
    """A build with wider jails."""

    def test_cannot_be_installed(self):
        self.assertIn("testing build", make("install", "PREFIX=/nonexistent",
                                            status=2))
        self.assertFalse(os.path.exists("/nonexistent"))


if setting("TESTING") == "1" or setting("PREFIX") != "/usr/local":
    del Installed
if setting("TESTING") == "0":
    del Testing

if __name__ == "__main__":
    main()
