"""What postern talks to in the system tests: sinks and name servers."""
import os
import socket
import socketserver
import struct
import threading


class Mail:
    def __init__(self, sender, rcpts, data):
        self.sender, self.rcpts, self.data = sender, rcpts, data


class Sink:
    """An SMTP server that keeps what it gets.

    reply(verb, argument, session) may give another reply than the usual, as
    bytes without CRLF, or None for the usual, or False to close.  verb "."
    is the end of data, "" the greeting.  path: a UNIX socket, instead.
    """

    def __init__(self, address="127.0.0.1", port=2526, reply=None,
                 extensions=("PIPELINING", "SIZE 100000000", "8BITMIME",
                             "ENHANCEDSTATUSCODES"), path=None):
        self.mails, self.reply, self.sessions = [], reply, 0
        self.extensions = extensions
        self.commands = []
        self.lock = threading.Lock()
        sink = self
        self.session = getattr(self, "session", Session)

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                try:
                    sink.session(sink, self.rfile, self.wfile).talk()
                except (OSError, ValueError):
                    pass

        class Server(socketserver.ThreadingTCPServer if path is None else
                     socketserver.ThreadingUnixStreamServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

        self.server = Server((address, port) if path is None else path,
                             Handler)
        if path is not None:
            os.chmod(path, 0o666)
        threading.Thread(target=self.server.serve_forever,
                         kwargs=dict(poll_interval=0.05),
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Session:
    USUAL = {"": b"220 sink.test ESMTP", "HELO": b"250 sink.test",
             "MAIL": b"250 2.1.0 Ok", "RCPT": b"250 2.1.5 Ok",
             "DATA": b"354 go", ".": b"250 2.0.0 Ok", "RSET": b"250 2.0.0 Ok",
             "QUIT": b"221 2.0.0 Bye", "NOOP": b"250 2.0.0 Ok"}

    def __init__(self, sink, r, w):
        self.sink, self.r, self.w = sink, r, w
        self.sender, self.rcpts, self.n = None, [], 0
        with sink.lock:
            sink.sessions += 1

    def usual(self, verb):
        if verb == "EHLO":
            lines = ["sink.test", *self.sink.extensions]
            return b"\r\n".join(
                b"250%s%s" % (b"-" if i < len(lines) - 1 else b" ",
                              x.encode()) for i, x in enumerate(lines))
        if verb == "DATA" and not self.rcpts:
            return b"503 5.5.1 no recipients"
        return self.USUAL.get(verb, b"502 5.5.1 no")

    def answer(self, verb, arg="", before=None):
        """The reply's first digit, or 0 when closed; before is called with
        a reply that accepts, before it goes out."""
        out = self.sink.reply(verb, arg, self) if self.sink.reply else None
        if out is False:
            return 0
        if out is None:
            out = self.usual(verb)
        if before is not None and out[:1] == b"2":
            before()
        self.w.write(out + b"\r\n")
        self.w.flush()
        return int(out[:1])

    def talk(self):
        if self.answer("") != 2:
            return
        while True:
            line = self.r.readline()
            if not line:
                return
            text = line.decode("latin-1").rstrip("\r\n")
            verb, _, arg = text.partition(" ")
            verb = verb.upper()
            with self.sink.lock:
                self.sink.commands.append(text)
            got = self.answer(verb, arg)
            if got == 0 or verb == "QUIT":
                return
            if verb == "MAIL" and got == 2:
                self.sender, self.rcpts = path(arg), []
            elif verb == "RCPT" and got == 2:
                self.rcpts.append(path(arg))
            elif verb == "DATA" and got == 3 and not self.data():
                return

    def data(self):
        lines = []
        while True:
            line = self.r.readline()
            if not line:
                return False
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)

        def keep():
            with self.sink.lock:
                self.sink.mails.append(
                    Mail(self.sender, list(self.rcpts), b"".join(lines)))
        got = self.answer_data(keep, b"".join(lines))
        self.n += 1
        return got != 0

    def answer_data(self, keep, content):
        return self.answer(".", before=keep)


class LmtpSession(Session):
    """LMTP (RFC 2033): reply(".", recipient, session) for each of them."""
    USUAL = dict(Session.USUAL, EHLO=b"500 5.5.1 this is LMTP",
                 HELO=b"500 5.5.1 this is LMTP")

    def usual(self, verb):
        if verb in ("EHLO", "HELO"):
            return self.USUAL[verb]
        return super().usual("EHLO" if verb == "LHLO" else verb)

    def answer_data(self, keep, content):
        for rcpt in self.rcpts:
            def keep_one(rcpt=rcpt):
                with self.sink.lock:
                    self.sink.mails.append(Mail(self.sender, [rcpt], content))
            if self.answer(".", rcpt, before=keep_one) == 0:
                return 0
        return 2


class LmtpSink(Sink):
    session = LmtpSession


def path(arg):
    return arg[arg.index("<") + 1:arg.index(">")]


class Dns:
    """A name server for a few names, over UDP and TCP.

    zone: {("name", "MX"): [(10, "host"), ...], ("name", "A"): ["1.2.3.4"]}
    A name in no row is NXDOMAIN; a row with [] is an empty answer.
    answer(name, type) may return an rcode instead, or False for silence.
    """

    TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}

    def __init__(self, zone, address="127.0.0.53", port=53, answer=None):
        self.zone = {(n.lower(), t): v for (n, t), v in zone.items()}
        self.answer, self.asked = answer, []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((address, port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", self.sock.getsockname())
        self.thread.join()
        self.sock.close()

    def serve(self):
        while True:
            try:
                q, who = self.sock.recvfrom(4096)
                if not q:
                    return
                a = self.respond(q)
                if a:
                    self.sock.sendto(a, who)
            except OSError:
                return

    @staticmethod
    def name(text):
        return b"".join(bytes([len(x)]) + x.encode() for x in
                        text.split(".") if x) + b"\0"

    def rdata(self, kind, value):
        if kind == "A":
            return socket.inet_aton(value)
        if kind == "AAAA":
            return socket.inet_pton(socket.AF_INET6, value)
        if kind == "MX":
            return struct.pack(">H", value[0]) + self.name(value[1])
        if kind == "TXT":
            return bytes([len(value)]) + value.encode()
        return self.name(value)

    def respond(self, q):
        at, labels = 12, []
        while q[at]:
            labels.append(q[at + 1:at + 1 + q[at]].decode())
            at += 1 + q[at]
        at += 1
        qtype = struct.unpack(">H", q[at:at + 2])[0]
        question = q[12:at + 4]
        name = ".".join(labels).lower()
        kind = {v: k for k, v in self.TYPES.items()}.get(qtype, "?")
        self.asked.append((name, kind))
        rcode, records = 0, []
        special = self.answer(name, kind) if self.answer else None
        if special is False:
            return None
        if special is not None:
            rcode = special
        elif (name, "CNAME") in self.zone and kind != "CNAME":
            target = self.zone[name, "CNAME"][0]
            records = [(name, "CNAME", target)] + [
                (target, kind, v) for v in self.zone.get((target, kind), [])]
        elif (name, kind) in self.zone:
            records = [(name, kind, v) for v in self.zone[name, kind]]
        elif not any(n == name for n, _ in self.zone):
            rcode = 3
        out = q[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1, len(records),
                                  0, 0) + question
        for n, k, v in records:
            data = self.rdata(k, v)
            out += self.name(n) + struct.pack(
                ">HHIH", self.TYPES[k], 1, 60, len(data)) + data
        return out
