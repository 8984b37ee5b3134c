"""An Exim of its own directory: next hop and sender."""
import os
import socket

from real_program import MAIL_UID, USERS, Program

EXIM = "/usr/sbin/exim4"

# "L" in a log line says that the client pipelined
CONF = """
exim_user = Debian-exim
exim_group = Debian-exim
never_users = root
keep_environment =
primary_hostname = exim.test
spool_directory = %(dir)s/spool
log_file_path = %(dir)s/log.%%s
log_selector = +pipelining +tls_cipher +received_recipients
pid_file_path = %(dir)s/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = %(port)d
host_lookup =
rfc1413_query_timeout = 0s
accept_8bitmime = true
acl_smtp_rcpt = rcpt
timeout_frozen_after = 0s
smtp_accept_max = 100
# several mails in a connection are delivered at once
smtp_accept_queue_per_connection = 0
%(settings)s

begin acl
rcpt:
  accept domains = %(domain)s
         local_parts = %(users)s
  deny   domains = %(domain)s
         message = 550 5.1.1 nobody here has that name
  accept hosts = 127.0.0.1

begin routers
mailbox:
  driver = accept
  domains = %(domain)s
  local_parts = %(users)s
  transport = maildir
out:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = smtp

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = %(mail)s/$local_part_data
  user = %(uid)d
  group = %(uid)d
  return_path_add
  envelope_to_add
smtp:
  driver = smtp
  port = %(relay)d
  allow_localhost
  interface = %(source)s
  message_linelength_limit = 100000
%(transport)s

begin retry
* * F,2h,1s

%(sections)s
"""


class Exim(Program):
    """As Postfix in real_postfix.py; settings: more for the main section;
    transport: more for its SMTP client; sections: further ones."""

    name = "exim"

    def __init__(self, port=2526, relay=25, domain="far.test",
                 source="127.0.0.1", users=("alice", "bob", "sender"),
                 settings="", transport="  hosts_avoid_tls = *", sections=""):
        super().__init__()
        self.port = port
        uid = USERS["Debian-exim"]
        os.chown(self.dir, uid, uid)
        self.mkdir("spool", uid)
        self.conf = self.write("exim.conf", CONF % dict(
            dir=self.dir, port=port, relay=relay, domain=domain,
            source=source, users=" : ".join(users), mail=self.mail,
            uid=MAIL_UID, settings=settings or "tls_advertise_hosts =",
            transport=transport, sections=sections))

    def start(self):
        # it keeps root's rights only with a configuration listed here
        os.makedirs("/etc/exim4", exist_ok=True)
        with open("/etc/exim4/trusted_configs", "a") as f:
            f.write(self.conf + "\n")
        self.run(EXIM, "-C", self.conf, "-bdf", "-q1s")
        self.wait_for(self.listens, "Exim listens")
        return self

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 30).close()
            return True
        except ConnectionRefusedError:
            return False

    def log(self):
        text = super().log()
        for kind in "main", "reject", "panic":
            path = "%s/log.%s" % (self.dir, kind)
            if os.path.exists(path):
                with open(path, errors="replace") as f:
                    text += f.read()
        return text

    def waiting(self):
        """Messages in its queue."""
        top = self.dir + "/spool/input"
        return [f for _, _, files in os.walk(top) for f in files
                if f.endswith("-H")]

    def wait_empty(self):
        self.wait_for(lambda: not self.waiting(), "Exim's queue is empty")
