#!/usr/bin/env python3
# Text that would forge lines of a log, or drive the terminal of who reads it.
#
#   forge.py names                      of all the texts
#   forge.py origin PORT                a registry that answers with such text, wherever an answer has a place for it
#   forge.py ask HOST:PORT CA ADMIN TOKEN...
#                                       a client that asks with it; TOKENs are shown as they are
#   forge.py check FORMAT FILE WORD...  whether each line of a log is one of layerd's, and each WORD stands in one
#                                       together with such text
import base64
import json
import re
import socket
import ssl
import sys
import threading
import urllib.parse

BASIC = b"Authorization: Basic " + base64.b64encode(b"reader:reads well")
FORGED = b"2026-01-01T00:00:00.000Z error forged"
TEXTS = {
    "cr": b"\r" + FORGED,
    "lf": b"\n" + FORGED,
    "crlf": b"\r\n" + FORGED + b"\r\n",
    "esc": b"\x1b[2J\x1b]0;forged\x07",
    "c1": b"\x9b2J\x85" + FORGED,
    "nul": b"\0" + FORGED,
    "tab": b"\t\v\f\x08" + FORGED,
    "del": b"\x7f\x7f" + FORGED,
    "quote": b'" 200 0 0.1 hit - "forged"',
    "json": b'","level":"error","forged":"',
    "backslash": b'\\" forged \\',
    "bidi": "\u202eforged\u2066\u200f".encode(),
    "separator": "\u2028\u2029\u0085".encode() + FORGED,
    "invalid": b"\xff\xfe\xc3(\xed\xa0\x80 forged",
    "long": b"forged" * 2000,
    "format": b"{} {0} %s %n forged ${jndi:ldap://forged/} $(forged)",
}


# -- the client


def request(line, *fields, body=b""):
    return b"\r\n".join((line, *fields, b"Content-Length: %d" % len(body), b"Connection: close", b"", body))


# Each in a request of its own, so that one that is refused keeps no other back.
def requests(name, text):
    mark = b"X-" + name.encode()
    get = b"GET /v2/library/demo/manifests/1 HTTP/1.1"
    host = b"Host: registry"
    quoted = urllib.parse.quote_from_bytes(text).encode()
    yield request(b"GE" + text + b"T /v2/ HTTP/1.1", host)
    for at in (text, quoted):
        yield request(b"GET /" + at + b" HTTP/1.1", host)
        yield request(b"GET /v2/" + at + b"/manifests/1 HTTP/1.1", host, BASIC)
        yield request(b"GET /v2/library/demo/manifests/" + at + b" HTTP/1.1", host, BASIC)
        yield request(b"GET /v2/library/demo/blobs/" + at + b" HTTP/1.1", host, BASIC)
        yield request(b"GET /v2/library/demo/tags/list?last=" + at + b" HTTP/1.1", host, BASIC)
        yield request(b"GET /v2/library/demo/manifests/1?ns=" + at + b" HTTP/1.1", host, BASIC)
        yield request(b"POST /v2/local/app/blobs/uploads/?digest=" + at + b" HTTP/1.1", host, BASIC)
        yield request(b"PUT /v2/local/app/blobs/uploads/" + at + b" HTTP/1.1", host, BASIC)
        yield request(b"GET /token?account=" + at + b"&scope=" + at + b"&service=" + at + b" HTTP/1.1", host)
        yield request(b"GET /v2/ HTTP/1.1" + at, host)
    yield request(get, b"Host: " + text)
    for field in (b"User-Agent", b"Referer", b"X-Forwarded-For", b"Forwarded", b"X-Request-Id", b"Accept", b"Range",
                  b"If-None-Match", b"Content-Type", b"Expect", b"Cookie", b"Accept-Encoding", b"Via", mark + text):
        yield request(get, host, BASIC, field + b": " + text)
    for login in (text + b":x", b"reader:" + text, b"reader\0" + text):
        yield request(get, host, b"Authorization: Basic " + base64.b64encode(login))
    yield request(get, host, b"Authorization: " + text)
    word = text.decode("latin-1")
    unsigned = b".".join((json_part({"alg": word, "kid": word}), json_part({"iss": word, "sub": word}), b"AAAA"))
    for token in (unsigned, text):
        yield request(get, host, b"Authorization: Bearer " + token)
    form = b"grant_type=password&username=" + quoted + b"&password=" + quoted + b"&client_id=" + quoted
    yield request(b"POST /token HTTP/1.1", host, b"Content-Type: application/x-www-form-urlencoded", body=form)


def json_part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def send(at, data, tls=None, name=None):
    try:
        with socket.create_connection(at, 20) as plain:
            # Or the request would wait 40 ms for the ACK of the handshake's end, to which layerd has nothing to say.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with tls.wrap_socket(plain, server_hostname=name) if tls else plain as connection:
                connection.sendall(data)
                answer = b""
                while more := connection.recv(65536):
                    answer += more
                return answer
    except (ConnectionError, ssl.SSLError):
        return b""


def ask(at, ca, admin, *tokens):
    at, admin = ((p[0], int(p[1])) for p in (a.split(":") for a in (at, admin)))
    tls = ssl.create_default_context(cafile=ca)
    for name, text in TEXTS.items():
        for data in requests(name, text):
            send(at, data, tls, at[0])
        for path in (b"warm", b"refresh", b"pin", b"unpin", b"purge"):
            for key in ("image", "digest", "repository", "selector"):
                body = json.dumps({key: "docker.io/library/demo" + text.decode("latin-1")}).encode()
                send(admin, request(b"POST /api/v1/" + path + b" HTTP/1.1", b"Host: x",
                                    b"Content-Type: application/json", body=body))
            send(admin, request(b"GET /api/v1/" + path + b"?image=" + text + b" HTTP/1.1", b"Host: x"))
        send(at, b"GET " + text + b"\r\n\r\n")  # what is no TLS
        for turn in range(len(list(answers(text)))):
            # A registry that fails time and again is left alone for a while; this one says 404 in between.
            for tag in (f"{turn}", f"none-{turn}"):
                line = f"GET /v2/{name}.example/{name}/manifests/{tag} HTTP/1.1"
                send(at, request(line.encode(), b"Host: registry", BASIC), tls, at[0])
    for token in tokens:
        answer = send(at, request(b"POST /v2/other/app/blobs/uploads/ HTTP/1.1", b"Host: registry",
                                  b"Authorization: Bearer " + token.encode()), tls, at[0])
        assert answer.split(b" ")[1] in (b"401", b"403"), answer


# -- the registry


# Each has the text in another place. The last ones ask to be left alone.
def answers(text):
    one_line = text.replace(b"\r", b" ").replace(b"\n", b" ")
    body = json.dumps({"errors": [{"code": "DENIED", "message": text.decode("latin-1")}]}).encode()
    refusal = b" " + one_line + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    for status in (b"404", b"403", b"500"):
        yield b"HTTP/1.1 " + status + refusal
    for field in (b'WWW-Authenticate: Bearer realm="http://%s/",service="%s",scope="%s"' % (3 * (one_line,)),
                  b"WWW-Authenticate: " + one_line):
        yield b"HTTP/1.1 401 No\r\n" + field + b"\r\nContent-Length: 0\r\n\r\n"
    for location in (one_line, b"http://" + one_line + b"/", b"http://127.0.0.1:9/" + one_line):
        yield b"HTTP/1.1 307 Elsewhere\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    for field in (b"Content-Type: ", b"Docker-Content-Digest: ", b"Content-Length: ",
                  b"Transfer-Encoding: ", b"RateLimit-Remaining: ", b"Warning: ", one_line):
        yield b"HTTP/1.1 200 OK\r\n" + field + one_line + b"\r\nContent-Length: 2\r\n\r\n{}"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": text.decode("latin-1")}).encode()
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(manifest) + manifest
    yield text
    yield b"HTTP/1.1 429" + refusal
    yield b"HTTP/1.1 503 No\r\nRetry-After: " + one_line + refusal[refusal.index(b"\r\n"):]


def origin(port):
    def serve(connection):
        head = b""
        with connection:
            while b"\r\n\r\n" not in head and (more := connection.recv(65536)):
                head += more
            asked = re.match(rb"\w+ /v2/(\w+)/manifests/(\d+) ", head)
            if asked:
                name, turn = asked[1].decode(), int(asked[2])
                connection.sendall(list(answers(TEXTS[name]))[turn])
                print(name, turn, flush=True)
            elif head:
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()


# -- the log

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
QUOTED = r'"(?:[^"\\]|\\.)*"'
MESSAGE = re.compile(TIME + r" (?:trace|debug|info |warn |error|fatal) .*")
ACCESS = re.compile(TIME + r" \S+ \S+ " + QUOTED + r" \d{3} \d+ \d+\.\d{3} [a-z-]+ \S+ " + QUOTED + r" \S+")
KEYS = {("time", "level", "message"),
        ("time", "client", "method", "target", "status", "bytes", "ms", "outcome", "upstream", "user_agent", "user")}


def is_layerds(line, form):
    if form == "text":
        return ACCESS.fullmatch(line) or MESSAGE.fullmatch(line)
    pairs = json.loads(line, object_pairs_hook=lambda pairs: pairs)
    return tuple(key for key, _ in pairs) in KEYS and re.fullmatch(TIME, pairs[0][1])


def check(form, file, *words):
    with open(file, "rb") as log:
        lines = log.read().split(b"\n")
    assert lines.pop() == b"", "the last line does not end"
    for line in lines:
        assert all(0x20 <= b < 0x7F for b in line), f"a byte that is none of a line's: {line!r}"
        assert len(line) < 60000, f"a line of {len(line)} bytes"
        assert not line.startswith(FORGED), f"a forged line: {line!r}"
        assert is_layerds(line.decode(), form), f"no line of layerd's: {line!r}"
    for word in words:
        assert any(word.encode() in line and b"forged" in line for line in lines), f"not in the log: {word}"
    print(len(lines), "lines")


COMMANDS = {"names": lambda: print(*TEXTS), "origin": lambda port: origin(int(port)), "ask": ask, "check": check}
COMMANDS[sys.argv[1]](*sys.argv[2:])
