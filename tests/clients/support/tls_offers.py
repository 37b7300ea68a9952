#!/usr/bin/env python3
# What a TLS server takes of all that could be asked of it: of each version the cipher suites, and of TLS 1.3 the groups
# that keys are agreed on in. Suites are their numbers, so it also asks for those that no library here knows any more.
# All are offered; what the server picks is printed and offered no longer, until it refuses what is left.
#
#   tls_offers.py ADDRESS PORT SERVER_NAME      lines "TLS1.2 c02b", "TLS1.3 1301", "TLS1.3 group 001d"
import os
import socket
import struct
import sys

VERSIONS = {0x0300: "SSL3", 0x0301: "TLS1.0", 0x0302: "TLS1.1", 0x0303: "TLS1.2", 0x0304: "TLS1.3"}
SIGNALS = {0x00FF, 0x5600}  # in the list of suites, but none: RFC 5746 §3.3, RFC 7507 §2
SOME = [0x001D, 0x0017, 0x0018, 0x0019, 0x001E]
REFUSALS = {40, 70}  # handshake_failure, protocol_version
AT_ONCE = 4000  # more than that fills more than one record
TYPES = {"server_name": 0, "groups": 10, "point_formats": 11, "signatures": 13, "versions": 43, "key_share": 51}


def sized(fmt, data):
    return struct.pack(fmt, len(data)) + data


def numbers(values):
    return sized("!H", b"".join(struct.pack("!H", v) for v in values))


def client_hello(version, name, suites, groups):
    extensions = {
        "server_name": sized("!H", b"\0" + sized("!H", name.encode())),
        "groups": numbers(groups),
        "point_formats": b"\1\0",
        "signatures": numbers([0x0403, 0x0804, 0x0401, 0x0603, 0x0601, 0x0203, 0x0201]),
    }
    if version == 0x0304:
        extensions["versions"] = b"\2\3\4"
        extensions["key_share"] = b"\0\0"  # no key yet: the server names the group that it wants one of
    hello = struct.pack("!H", min(version, 0x0303)) + os.urandom(32) + sized("!B", os.urandom(32))
    hello += numbers(suites) + (b"\1\0" if version == 0x0304 else b"\2\1\0")  # compressed, or not
    if version > 0x0300:
        hello += sized("!H", b"".join(struct.pack("!H", TYPES[t]) + sized("!H", e) for t, e in extensions.items()))
    hello = b"\1" + struct.pack("!I", len(hello))[1:] + hello
    return b"\x16" + struct.pack("!H", min(version, 0x0301)) + sized("!H", hello)


def record(connection):
    def exactly(size):
        data = b""
        while len(data) < size:
            more = connection.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    kind, _, size = struct.unpack("!BHH", exactly(5))
    return kind, exactly(size)


# What the server picked: (suite, group or None); None if it refused.
def answer(address, hello):
    with socket.create_connection(address, 20) as connection:
        connection.sendall(hello)
        kind, body = record(connection)
    if kind == 21:
        assert body[1] in REFUSALS, f"alert {body[1]}"
        return None
    assert kind == 22 and body[0] == 2, f"neither a ServerHello nor an alert: {kind} {body[:4].hex()}"
    at = 39 + body[38]
    suite, compression = struct.unpack_from("!HB", body, at)
    if compression != 0:
        print("compression", compression)
    group, at = None, at + 5
    while at + 4 <= 4 + int.from_bytes(body[1:4], "big"):
        kind, size = struct.unpack_from("!HH", body, at)
        if kind == TYPES["key_share"]:
            group = struct.unpack_from("!H", body, at + 4)[0]
        at += 4 + size
    return suite, group


# Each thing that `pick` takes out of `all_of_them`.
def taken(pick, all_of_them):
    for start in range(0, len(all_of_them), AT_ONCE):
        left = list(all_of_them[start : start + AT_ONCE])
        while left and (choice := pick(left)) is not None:
            yield choice
            left.remove(choice)


def main():
    address, name = (sys.argv[1], int(sys.argv[2])), sys.argv[3]
    every = [n for n in range(65536) if n not in SIGNALS]
    for version, called in VERSIONS.items():

        def suite(left):
            picked = answer(address, client_hello(version, name, left, SOME))
            return picked and picked[0]

        for found in taken(suite, every):
            print(called, f"{found:04x}")

    def group(left):
        picked = answer(address, client_hello(0x0304, name, [0x1301], left))
        return picked and picked[1]

    for found in taken(group, every):
        print("TLS1.3 group", f"{found:04x}")


main()
