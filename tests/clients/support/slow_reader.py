#!/usr/bin/env python3
# Reads answers through TLS later than they are sent, so that the server's socket is full in the middle of one: parts of
# a blob, and answers that are asked for without waiting for the one before. Says what differs from the files.
#
#   slow_reader.py CA PORT PATH BLOB SMALL THEIRS      PATH: where the blobs are, by digest
import hashlib
import socket
import ssl
import sys

# More than the socket of the one and that of the other hold, which is some 5 MB on a loopback.
PARTS = [(0, 3999999), (4000001, 7999999), (8000001, 11999999), (12000001, 12000001)]
AT_ONCE = 250
ROUNDS = 3


class Client:
    def __init__(self, context, port, receive_buffer):
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.settimeout(60)
        plain.connect(("127.0.0.1", port))
        self.socket = context.wrap_socket(plain, server_hostname="127.0.0.1")
        self.stream = self.socket.makefile("rb", buffering=4096)

    def ask(self, path, times=1, fields=""):
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode() * times)

    def answer(self):
        status = int(self.stream.readline().split()[1])
        length = 0
        while (line := self.stream.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, self.stream.read(length)


def path_of(where, content):
    return f"{where}/sha256:{hashlib.sha256(content).hexdigest()}"


def check(what, is_right):
    if not is_right:
        sys.exit(f"{what} is not what is stored")


def check_parts(client, where, blob, small):
    ranges = ",".join(f"{first}-{last}" for first, last in PARTS)
    client.ask(path_of(where, blob), fields=f"Range: bytes={ranges}\r\n")
    client.ask(path_of(where, small))
    status, body = client.answer()
    check(f"{len(PARTS)} parts, answered {status},", status == 206)
    at = 0
    for first, last in PARTS:
        head_end = body.find(b"\r\n\r\n", at) + 4
        end = head_end + last - first + 1
        check(f"the part {first}-{last}", body[head_end:end] == blob[first : last + 1])
        at = end
    check("the answer after the parts", client.answer() == (200, small))


def check_pipelined(slow, others, where, small, theirs):
    slow.ask(path_of(where, small), AT_ONCE)
    for other in others:
        for _ in range(AT_ONCE // 10):
            other.ask(path_of(where, theirs))
            check("what another reads meanwhile", other.answer() == (200, theirs))
    for i in range(AT_ONCE):
        check(f"answer {i} of {AT_ONCE}", slow.answer() == (200, small))


def main():
    ca, port, where, *files = sys.argv[1:]
    blob, small, theirs = (open(file, "rb").read() for file in files)
    context = ssl.create_default_context(cafile=ca)
    for _ in range(ROUNDS):
        slow = Client(context, int(port), 4096)
        others = [Client(context, int(port), 1 << 20) for _ in range(4)]  # of which some are with the slow one's thread
        check_pipelined(slow, others, where, small, theirs)
        check_parts(slow, where, blob, small)


main()
