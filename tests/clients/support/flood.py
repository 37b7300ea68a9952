"""Clients that want nothing but to be in the way: flood.py KIND HOST:PORT COUNT SECONDS

Opens COUNT connections from a hundred addresses of 127.0.1.0/24, says on each what its kind says first, then a little
more each second, and holds what the server leaves open: until there is none, SECONDS are over, or SIGTERM. A line says
when all are open, another at the end what became of them. FLOOD_TARGET: what `unread_blobs` asks for and does not read.
"""
import collections
import os
import resource
import select
import signal
import socket
import ssl
import struct
import sys
import time

KIND, (HOST, PORT), COUNT, LIMIT = sys.argv[1], sys.argv[2].split(":"), int(sys.argv[3]), float(sys.argv[4])
CONNECTING = 1000  # at a time: more than the listener's queue would be dropped and tried again after a second
MANIFEST = b"{" + b" " * ((4 << 20) - 2)  # a byte less than it is said to have
VALUES = b'{"a":[' + b"1," * ((2 << 20) - 8) + b"1]}"  # 4 MiB that are two million values


def head(line, *fields):
    return "\r\n".join((line + " HTTP/1.1", "Host: flood", *fields)).encode()


def client_hello():
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="127.0.0.1").do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


def large_head(i):  # every other one as large as a usual head may be
    size = 8100 if i % 2 else 8 * 1024 + i * 22 * 1024 // COUNT
    return head("GET /v2/", "X-Large: " + "x" * size)


def push(i):
    return head(f"POST /v2/local/flood/blobs/uploads/?digest=sha256:{i:064x}", "Content-Length: 1000000", "", "")


def manifest(i, size=4 << 20, body=MANIFEST):
    return head(f"PUT /v2/local/flood/manifests/t{i}", f"Content-Length: {size}",
                "Content-Type: application/vnd.oci.image.manifest.v1+json", "", "") + body


MANY = ["a:"] * 2000  # 8 KB that are 2000 objects
CHUNKED = head("GET /v2/", "Transfer-Encoding: chunked", "", "")
MANY_CHUNKED = head("GET /v2/", "Transfer-Encoding: chunked", *MANY, "", "")
MANY_PUSH = push(0)[:-4] + "\r\n".join(["", *MANY, "", ""]).encode()
HELLO = client_hello()

# What each connection says first, and what each second.
KINDS = {
    "slow_heads": (lambda i: head("GET /v2/", "X-Slow: "), b"x"),
    "large_heads": (large_head, b"x"),
    "slow_pushes": (push, b"x"),
    "endless_chunks": (lambda i: CHUNKED, b"1\r\nx\r\n"),
    "chunks_after_many_fields": (lambda i: MANY_CHUNKED, b"1\r\nx\r\n"),
    "pushes_of_many_fields": (lambda i: MANY_PUSH, b"x"),
    "held_manifests": (manifest, b""),
    "manifests_of_many_values": (lambda i: manifest(i, len(VALUES), VALUES), b""),
    "held_handshakes": (lambda i: HELLO, b""),
    "silent_handshakes": (lambda i: HELLO[:-1], b""),
    "unread_blobs": (lambda i: head("GET " + os.environ["FLOOD_TARGET"], "", ""), b""),
}
TOTAL = COUNT * (3 if "chunks" in KIND else 1)  # these are answered and closed at once: others come instead


def connection(i):
    s = socket.socket()
    s.setblocking(False)
    if KIND == "unread_blobs":  # what the kernel keeps for each is not layerd's doing
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: ports are only scarce for each address
    s.bind((f"127.0.1.{1 + i % 100}", 0))
    s.connect_ex((HOST, int(PORT)))
    return s


class Flood:
    def __init__(self, first, more):
        self.first, self.more = first, more
        self.poll = select.epoll()
        self.open = {}  # descriptor: (socket, what is still to be sent), in the order in which they were opened
        self.connecting = set()
        self.made = self.opened = self.failed = self.closed = 0
        self.answers = collections.Counter()
        self.moved = time.monotonic()  # when anything went out last

    def make(self):
        while self.made < TOTAL and len(self.open) < COUNT and len(self.connecting) < CONNECTING:
            s = connection(self.made)
            self.open[s.fileno()] = [s, memoryview(self.first(self.made))]
            self.connecting.add(s.fileno())
            self.poll.register(s.fileno(), select.EPOLLIN | select.EPOLLOUT)
            self.made += 1

    def drop(self, fd):
        self.poll.unregister(fd)
        self.open.pop(fd)[0].close()
        self.closed += 1

    def write(self, fd):
        entry = self.open[fd]
        if fd in self.connecting:
            self.connecting.discard(fd)
            self.opened += 1
        while entry[1]:
            entry[1] = entry[1][entry[0].send(entry[1]):]
            self.moved = time.monotonic()
        self.poll.modify(fd, 0 if KIND == "unread_blobs" else select.EPOLLIN)

    def read(self, fd):
        got = self.open[fd][0].recv(4096)
        if got.startswith(b"HTTP/1.1 "):
            self.answers[got[9:12].decode()] += 1
        if not got:
            self.drop(fd)

    def turn(self, fd, events):
        try:
            if events & select.EPOLLOUT:
                self.write(fd)
            if events & ~select.EPOLLOUT:
                self.read(fd)
        except BlockingIOError:
            pass
        except OSError:
            if fd in self.connecting:
                self.connecting.discard(fd)
                self.failed += 1
            self.drop(fd)

    def drip(self, part):  # a tenth of them each tenth of a second
        for fd in [fd for fd in self.open if fd % 10 == part and fd not in self.connecting]:
            entry = self.open[fd]
            if not entry[1]:
                try:
                    entry[0].send(self.more)
                except OSError:
                    self.drop(fd)

    def is_up(self):  # the server need not take all of what the first ones say
        return self.opened + self.failed >= COUNT and time.monotonic() - self.moved > 0.5

    def run(self, until):
        said, part, next_drip = False, 0, time.monotonic()
        while time.monotonic() < until and not stopped and (self.open or self.made < TOTAL):
            self.make()
            for fd, events in self.poll.poll(0.05):
                if fd in self.open:
                    self.turn(fd, events)
            if self.more and time.monotonic() >= next_drip:
                self.drip(part)
                part, next_drip = (part + 1) % 10, time.monotonic() + 0.1
            if not said and self.is_up():
                said = True
                print(f"up: {self.opened} opened, {self.failed} failed", flush=True)


def come_and_go(until):
    count = 0
    while time.monotonic() < until and not stopped:
        s = connection(count)
        if count % 2:  # with a reset
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
        count += 1
        if count == 1000:
            print("up", flush=True)
    print(f"end: {count} came and went", flush=True)


class Session:
    """A session through TLS on a socket that is ours: records can be held back."""

    def __init__(self, context, s):
        self.socket, self.got, self.sent = s, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.got, self.sent)
        self.talk(self.tls.do_handshake)

    def talk(self, step, *arguments):
        while True:
            try:
                return step(*arguments)
            except ssl.SSLWantReadError:
                self.socket.sendall(self.sent.read())
                self.got.write(self.socket.recv(16384))

    def record(self, text):
        self.tls.write(text)
        return self.sent.read()

    def ask(self):
        self.socket.sendall(self.record(head("GET /v2/", "", "")))
        return self.talk(self.tls.read, 4096)


# One request through TLS each; then nothing more, a part of a record, or a head that goes on and on.
def sessions(until):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    all_of_them = []
    for i in range(COUNT):
        s = connection(i)
        s.setblocking(True)
        session = Session(context, s)
        if not session.ask().startswith(b"HTTP/1.1 200"):
            sys.exit(f"session {i} is not served")
        if KIND == "half_records":  # one that is nearly as long as may be, and a little of it
            s.sendall(session.record(large_head(0) + b"x" * 8000)[:100])
        elif KIND == "half_records_behind_requests":
            s.sendall(session.record(head("GET /v2/", "", "")) + session.record(b"x" * 16000)[:100])
        elif KIND == "slow_secure_heads":
            s.sendall(session.record(head("GET /v2/", "X-Slow: ")))
        all_of_them.append(session)
    print(f"up: {len(all_of_them)} opened, 0 failed", flush=True)
    while time.monotonic() < until and not stopped and KIND == "idle_sessions":
        time.sleep(0.1)
    while time.monotonic() < until and not stopped and all_of_them:
        kept = []
        for session in all_of_them:
            try:
                if KIND == "slow_secure_heads":
                    session.socket.sendall(session.record(b"x"))
                elif not session.socket.recv(16384, socket.MSG_DONTWAIT):
                    continue
            except BlockingIOError:
                pass
            except OSError:
                continue
            kept.append(session)
        all_of_them = kept
        time.sleep(1)
    print(f"end: {COUNT} opened, 0 failed, {len(all_of_them)} open", flush=True)


stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
began = time.monotonic()
if KIND == "come_and_go":
    come_and_go(began + LIMIT)
    sys.exit()
if KIND not in KINDS:
    sessions(began + LIMIT)
    sys.exit()
flood = Flood(*KINDS[KIND])
flood.run(began + LIMIT)
print(f"end: {flood.opened} opened, {flood.failed} failed, answers {dict(flood.answers)}, {flood.closed} closed by the "
      f"server, {len(flood.open)} open after {time.monotonic() - began:.0f} s", flush=True)
