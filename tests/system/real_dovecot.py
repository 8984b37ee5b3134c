"""A Dovecot of its own directory: LMTP in, IMAP out."""
import imaplib
import os
import socket

from host import DEADLINE
from real_program import MAIL_UID, Program

PASSWORD = "only for tests"

CONF = """
base_dir = %(dir)s/run
state_dir = %(dir)s/state
log_path = %(dir)s/log
default_internal_user = dovecot
default_internal_group = dovecot
default_login_user = dovenull
listen = 127.0.0.1
protocols = imap lmtp
ssl = no
disable_plaintext_auth = no
auth_username_format = %%n
mail_location = maildir:~/
mail_plugins = quota
first_valid_uid = 1000
plugin {
  quota = maildir:User quota
}
passdb {
  driver = passwd-file
  args = %(dir)s/users
}
userdb {
  driver = passwd-file
  args = %(dir)s/users
}
service imap-login {
  inet_listener imap {
    port = %(imap)d
  }
  inet_listener imaps {
    port = 0
  }
}
service auth {
  unix_listener %(dir)s/sasl {
    mode = 0666
  }
}
service lmtp {
  unix_listener %(dir)s/lmtp {
    mode = 0666
  }
  inet_listener lmtp {
    port = %(port)d
  }
}
"""


class Dovecot(Program):
    """users: who has a mailbox; full: whose quota is used up at once."""

    name = "dovecot"

    def __init__(self, port=2424, imap=1143, users=("alice", "bob"),
                 full=()):
        super().__init__()
        self.port, self.imap_port = port, imap
        self.socket, self.sasl = self.dir + "/lmtp", self.dir + "/sasl"
        self.mkdir("run")
        self.mkdir("state")
        line = "%s:{PLAIN}%s:%d:%d::%s/%s::%s\n"
        self.write("users", "".join(
            line % (u, PASSWORD, MAIL_UID, MAIL_UID, self.mail, u, rule)
            for names, rule in ((users, ""), (
                full, "userdb_quota_rule=*:messages=0:bytes=1"))
            for u in names))
        self.conf = self.write("dovecot.conf", CONF % dict(
            dir=self.dir, imap=imap, port=port))

    def start(self):
        self.run("/usr/sbin/dovecot", "-F", "-c", self.conf)
        self.wait_for(self.listens, "Dovecot's IMAP and LMTP listen")
        return self

    def listens(self):
        try:
            for port in self.port, self.imap_port:
                socket.create_connection(("127.0.0.1", port), 30).close()
            return os.path.exists(self.socket)
        except ConnectionRefusedError:
            return False

    # --- reading what came, as a person's mail program does ---

    def fetch(self, user):
        """All messages of a user over IMAP, with CRLF, oldest first."""
        c = imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=DEADLINE)
        try:
            c.login(user, PASSWORD)
            c.select("INBOX", readonly=True)
            ids = c.search(None, "ALL")[1][0].split()
            return [c.fetch(i, "(BODY.PEEK[])")[1][0][1] for i in ids]
        finally:
            c.logout()

    def wait_mails(self, user, n):
        return self.wait_for(lambda: len(self.fetch(user)) >= n and
                             self.fetch(user),
                             "%d mails for %s in Dovecot" % (n, user))
