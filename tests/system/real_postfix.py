"""A Postfix of its own directory: next hop, sender, and submission client."""
import os
import socket

from real_program import MAIL_UID, USERS, Program

MAIN = """
compatibility_level = 3.6
queue_directory = %(dir)s/queue
data_directory = %(dir)s/data
meta_directory = %(dir)s/etc
mail_owner = postfix
setgid_group = postdrop
maillog_file = %(dir)s/log
maillog_file_prefixes = %(dir)s
# not where postern is, which would be a loop
inet_interfaces = 127.0.0.3
inet_protocols = ipv4
myhostname = postfix.test
mydestination =
alias_maps =
local_header_rewrite_clients =
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtputf8_enable = no
# ours are on loopback, and quick
minimal_backoff_time = 1s
queue_run_delay = 1s
in_flow_delay = 0
# as next hop: into Maildirs
virtual_mailbox_domains = %(domain)s
virtual_mailbox_maps = texthash:%(dir)s/etc/mailboxes
virtual_mailbox_base = %(mail)s
virtual_minimum_uid = 1000
virtual_uid_maps = static:%(uid)d
virtual_gid_maps = static:%(uid)d
# as sender: to postern; a line is never broken
mynetworks = 127.0.0.1/32
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [127.0.0.1]:%(relay)d
smtp_bind_address = %(source)s
smtp_line_length_limit = 0
"""

# without chroot, and without what is not used here
MASTER = """
127.0.0.1:%(port)d inet n - n - - smtpd
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix(Program):
    """port: where it listens; relay: the port where what is not its own
    goes, and source: from which address; users: who has a mailbox in its
    domain; settings: more for main.cf."""

    name = "postfix"

    def __init__(self, port=2526, relay=25, domain="far.test",
                 source="127.0.0.1", users=("alice", "bob", "sender"),
                 settings=""):
        super().__init__()
        self.port = port
        uid = USERS["postfix"]
        self.mkdir("etc")
        self.mkdir("data", uid)
        self.queues(uid)
        self.write("etc/mailboxes", "".join(
            "%s@%s %s/\n" % (u, domain, u) for u in users))
        values = dict(dir=self.dir, port=port, domain=domain, relay=relay,
                      source=source,
                      mail=self.mail, uid=MAIL_UID)
        self.write("etc/main.cf", MAIN % values + settings)
        self.write("etc/master.cf", MASTER % values)

    def queues(self, uid):
        self.mkdir("queue")
        self.mkdir("queue/pid")
        for name in ("incoming active deferred defer bounce hold corrupt "
                     "flush saved trace private").split():
            self.mkdir("queue/" + name, uid, mode=0o700)
        self.mkdir("queue/public", uid, mode=0o710)
        self.mkdir("queue/maildrop", uid, mode=0o730)

    def start(self):
        self.run("/usr/lib/postfix/sbin/master", "-c", self.dir + "/etc",
                 "-d")
        self.wait_for(self.listens, "Postfix listens")
        return self

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 30).close()
            return True
        except ConnectionRefusedError:
            return False

    def waiting(self):
        """Files in its queue."""
        return [f for d in ("incoming", "active", "deferred", "maildrop")
                for _, _, files in os.walk("%s/queue/%s" % (self.dir, d))
                for f in files]

    def wait_empty(self):
        self.wait_for(lambda: not self.waiting(), "Postfix's queue is empty")
