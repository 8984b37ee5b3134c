"""An authority of the tests' own, and certificates signed by it."""
import atexit
import os
import shutil
import subprocess
import tempfile

DAYS = "30"


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Authority:
    """ca: its certificate; issue() makes others below the same directory."""

    NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
               "-nodes")

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="postern-ca-")
        atexit.register(shutil.rmtree, self.dir, ignore_errors=True)
        os.chmod(self.dir, 0o755)
        self.ca, self.key = self.dir + "/ca.pem", self.dir + "/ca.key"
        openssl("req", "-x509", *self.NEW_KEY, "-days", DAYS, "-subj",
                "/CN=authority of tests", "-keyout", self.key, "-out",
                self.ca)
        os.chmod(self.ca, 0o644)

    def issue(self, name, uid=0, address=None):
        """(chain, key) for that host, or one at an address; the key is
        uid's."""
        path = "%s/%s" % (self.dir, name)
        chain, key = path + ".pem", path + ".key"
        with open(path + ".ext", "w") as f:
            f.write("subjectAltName = %s\n" % (
                "IP:" + address if address else "DNS:" + name))
        openssl("req", "-new", *self.NEW_KEY, "-subj", "/CN=" + name,
                "-keyout", key, "-out", path + ".csr")
        openssl("x509", "-req", "-in", path + ".csr", "-CA", self.ca,
                "-CAkey", self.key, "-CAcreateserial", "-days", DAYS,
                "-extfile", path + ".ext", "-out", chain)
        os.chown(key, uid, uid)
        os.chmod(key, 0o600)
        os.chmod(chain, 0o644)
        return chain, key
