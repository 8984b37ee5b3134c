#!/usr/bin/env python3
"""testssl.sh against postern: protocols, what the server is by default,
forward secrecy, known vulnerabilities.  It finds nothing graver than LOW but
what a certificate of a test's own issuer cannot have.

By STARTTLS on 25; with TESTSSL=all also on 465, which takes as long again.
"""
import json
import os
import re
import shutil
import subprocess
import unittest

from host import main
from test_tls import TlsCase, openssl

ALL = os.environ.get("TESTSSL") == "all"
TIMEOUT_S = 800
HARMLESS = ("OK", "INFO", "LOW", "DEBUG")
# a test's issuer has neither OCSP nor CRL, and there is no DNS for CAA
ISSUER = re.compile(r"cert_(revocation|ocspURL|crlDistributionPoints)$|"
                    r"DNS_CAArecord$")
# what testssl.sh could not look at (WARN): with the system's OpenSSL there
# are no old ciphers, and s_client may end before a ticket has come
NOT_LOOKED_AT = (("WARN", "engine_problem"),
                 ("WARN", "sessionresumption_ticket"))
# what each part must have looked at
PARTS = {"-p": ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3"),
         "-S": ("cert_chain_of_trust", "cert_trust", "cert_expirationStatus",
                "TLS_session_ticket"),
         "-f": ("PFS", "PFS_ECDHE_curves"),
         "-U": ("heartbleed", "CCS", "ROBOT", "secure_renego",
                "secure_client_renego", "POODLE_SSL", "SWEET32", "DROWN",
                "LUCKY13")}


@unittest.skipUnless(shutil.which("testssl"), "skipped: needs testssl.sh")
class Testssl(TlsCase):
    @classmethod
    def setUpClass(cls):
        """Certificates that last: those about to expire are a finding."""
        super().setUpClass()
        for name in "first", "rsa", "other":
            base = "%s/%s" % (cls.made, name)
            openssl("x509", "-req", "-in", base + ".csr", "-CA", cls.ca.path,
                    "-CAkey", cls.ca.dir + "/ca.key", "-days", "90",
                    "-extfile", base + ".ext", "-out", base + ".pem")

    def findings(self, p, *at):
        path = p.dir + "/testssl.json"
        r = subprocess.run(
            ["testssl", "--quiet", "--color", "0", "--warnings", "off",
             "--nodns", "none", "--ip", "127.0.0.1", "--add-ca",
             self.ca.path, "--jsonfile", path, *PARTS, *at],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT_S)
        try:
            with open(path) as f:
                return json.load(f), r.stdout
        except (OSError, ValueError):
            self.fail(r.stdout)

    def look(self, *at):
        p = self.tls(listen="handshakes 0;")
        p.write("postern.conf", p.conf.replace("auth users;", "auth users; "
                                               "handshakes 0;"))
        p.ctl("reload")
        found, said = self.findings(p, *at)
        # with several certificates it is "cert_trust <cert#1>"
        ids = {f["id"].split()[0] for f in found}
        for part, wanted in PARTS.items():
            self.assertLessEqual(set(wanted), ids, part + "\n" + said)
        bad = [f for f in found if f["severity"] not in HARMLESS and
               not ISSUER.match(f["id"].split()[0]) and
               (f["severity"], f["id"]) not in NOT_LOOKED_AT]
        self.assertEqual(bad, [], said)

    def test_starttls(self):
        self.look("-t", "smtp", "127.0.0.1:25")

    @unittest.skipUnless(ALL, "skipped: only with TESTSSL=all")
    def test_submissions(self):
        self.look("127.0.0.1:465")


if __name__ == "__main__":
    main()
