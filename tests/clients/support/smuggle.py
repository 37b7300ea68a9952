"""Requests that two readers could end in different places: smuggle.py FRONT HOST:PORT REGISTRY

Each is sent to the front on a connection of its own, and hides a second request for /v2/library/smuggled-FRONT-NAME.
While that connection is open and after it is closed another client asks the front for blobs, each for one that nobody
asked for before, and must get just these. REGISTRY is where the blobs are pushed, past the front. Whether what was
hidden was served is for the registry's log to tell. Exit code 1: an answer was somebody else's.
"""
import hashlib
import http.client
import re
import select
import socket
import sys
import time

FRONT, REAL = sys.argv[1], sys.argv[3]
HOST, PORT = sys.argv[2].split(":")
FOLD = "\r\n "
GET = "GET /v2/ HTTP/1.1"
PUT = "PUT /v2/local/app/manifests/1 HTTP/1.1"  # reads its body, and keeps the connection whatever that is
CHUNKED = "Transfer-Encoding: chunked"


def head(line, *fields, end="\r\n"):
    return end.join((line, "Host: registry", *fields, "", "")).encode("latin-1")


def chunk(data, size="{:x}", end=b"\r\n"):
    return size.format(len(data)).encode() + end + data + end + b"0" + end + end


# The hidden request is all of the body, by its length; HIDDEN stands for it.
def in_body(*fields, line=GET, end="\r\n"):
    return lambda hidden: [head(line, *(f.replace("LENGTH", str(len(hidden))) for f in fields), end=end) + hidden]


# It is in a chunk; a reader of the length would see it after the line before the chunk.
def in_chunk(*fields, line=PUT, **chunks):
    def pieces(hidden):
        body = chunk(hidden, **chunks)
        return [head(line, *(f.replace("SHORT", str(body.index(hidden))) for f in fields)) + body]
    return pieces


# It is after the last chunk, and within the length.
def behind_chunks(*fields, line=PUT):
    def pieces(hidden):
        body = b"0\r\n\r\n" + hidden
        return [head(line, *(f.replace("LENGTH", str(len(body))) for f in fields)) + body]
    return pieces


def raw_chunks(before, after=b""):
    return lambda hidden: [head(PUT, CHUNKED) + before + hidden + after]


def early(*fields, filler=0, at_once=False):  # refused before the body has come
    def pieces(hidden):
        length = f"Content-Length: {filler + len(hidden)}"
        first = head("PUT /v2/other/app/manifests/1 HTTP/1.1", length, *fields)
        second = b"x" * filler + hidden
        return [first + second] if at_once else [first, second]
    return pieces


def line_feed_in_extension(hidden):  # to who wants CR LF the chunk is what seems to be the next one's size
    inner = b"0\r\n\r\n" + hidden
    assert 16 <= len(inner) <= 255
    return [head(PUT, CHUNKED) + b"2;\nxx\r\n" + chunk(inner)]


LENGTH, SHORT = "Content-Length: LENGTH", "Content-Length: SHORT"
PAIRS = {
    # Both fields: the encoding counts, and the connection must end.
    "length-and-chunked": behind_chunks(LENGTH, CHUNKED),
    "chunked-and-length": behind_chunks(CHUNKED, LENGTH),
    "chunked-and-short-length": in_chunk(CHUNKED, SHORT),
    "short-length-and-chunked": in_chunk(SHORT, CHUNKED),
    "chunked-and-length-0": in_chunk(CHUNKED, "Content-Length: 0"),
    "get-chunked-and-short-length": in_chunk(CHUNKED, SHORT, line=GET),
    # Spellings of the encoding, one of which one of two readers may not know.
    "te-unknown": in_chunk("Transfer-Encoding: xchunked", SHORT),
    "te-unknown-behind": behind_chunks("Transfer-Encoding: xchunked", LENGTH),
    "te-space-before-colon": in_chunk("Transfer-Encoding : chunked", SHORT),
    "te-space-before-colon-behind": behind_chunks("Transfer-Encoding : chunked", LENGTH),
    "te-tab-before-colon": behind_chunks("Transfer-Encoding\t: chunked", LENGTH),
    "te-vertical-tab": behind_chunks("Transfer-Encoding: \x0bchunked", LENGTH),
    "te-nul": behind_chunks("Transfer-Encoding: chunked\0", LENGTH),
    "te-quoted": behind_chunks('Transfer-Encoding: "chunked"', LENGTH),
    "te-parameter": in_chunk("Transfer-Encoding: chunked;q=1", SHORT),
    "te-not-last": in_chunk("Transfer-Encoding: chunked, identity", SHORT),
    "te-identity-first": in_chunk("Transfer-Encoding: identity, chunked", SHORT),
    "te-twice-other-last": in_chunk(CHUNKED, "Transfer-Encoding: identity", SHORT),
    "te-twice-other-first": in_chunk("Transfer-Encoding: identity", CHUNKED, SHORT),
    "te-twice-the-same": in_chunk(CHUNKED, CHUNKED, SHORT),
    "te-empty-then-chunked": in_chunk("Transfer-Encoding:", CHUNKED, SHORT),
    "te-folded": in_chunk("Transfer-Encoding:" + FOLD + "chunked", SHORT),
    "te-in-a-fold": behind_chunks("X-Fold: y" + FOLD + CHUNKED, LENGTH),
    "te-after-a-bare-lf": behind_chunks("X-Line: y\n" + CHUNKED, LENGTH),
    "te-after-a-bare-cr": behind_chunks("X-Line: y\r" + CHUNKED, LENGTH),
    "te-underscore": behind_chunks("Transfer_Encoding: chunked", LENGTH),
    "te-capitals": in_chunk("TRANSFER-ENCODING: CHUNKED"),
    "te-of-http-1.0": in_chunk(CHUNKED, SHORT, "Connection: keep-alive", line="GET /v2/ HTTP/1.0"),
    # Lengths.
    "length-0-and-length": in_body("Content-Length: 0", LENGTH),
    "length-and-length-0": in_body(LENGTH, "Content-Length: 0"),
    "length-twice-the-same": in_body(LENGTH, LENGTH),
    "length-list": in_body("Content-Length: 0, LENGTH"),
    "length-list-of-the-same": in_body("Content-Length: LENGTH, LENGTH"),
    "length-plus": in_body("Content-Length: +LENGTH"),
    "length-minus": in_body("Content-Length: -LENGTH"),
    "length-hexadecimal": in_body("Content-Length: 0xLENGTH"),
    "length-space-within": in_body("Content-Length: 0 LENGTH"),
    "length-zeros": in_body("Content-Length: 000LENGTH"),
    "length-overflow": in_body("Content-Length: 18446744073709551616"),
    "length-empty": in_body("Content-Length:"),
    "length-space-before-colon": in_body("Content-Length : LENGTH"),
    "length-folded": in_body("Content-Length:" + FOLD + "LENGTH"),
    "length-0-in-a-fold": in_body("X-Fold: y" + FOLD + "Content-Length: 0", LENGTH),
    "length-before-a-bare-cr": in_body("Content-Length: LENGTH\rX-Line: y"),
    "length-underscore": in_body("Content_Length: 0", LENGTH),
    "line-feeds-only": in_body(LENGTH, end="\n"),
    "nul-in-a-name": in_body("X-Nul\0: y", LENGTH),
    # Chunks.
    "chunk": in_chunk(CHUNKED),
    "chunk-extension-with-lf": line_feed_in_extension,
    "chunk-line-feeds-only": in_chunk(CHUNKED, end=b"\n"),
    "chunk-size-0x": in_chunk(CHUNKED, size="0x{:x}"),
    "chunk-size-plus": in_chunk(CHUNKED, size="+{:x}"),
    "chunk-size-minus": in_chunk(CHUNKED, size="-{:x}"),
    "chunk-size-space": in_chunk(CHUNKED, size=" {:x}"),
    "chunk-size-space-after": in_chunk(CHUNKED, size="{:x} "),
    "chunk-size-overflow": raw_chunks(b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    "chunk-without-its-end": raw_chunks(b"5\r\nhelloxx0\r\n\r\n"),
    "chunk-trailer": raw_chunks(b"0\r\n"),
    # Methods and what else may change what is taken for a body.
    "get-with-body": in_body(LENGTH),
    "head-with-body": in_body(LENGTH, line="HEAD /v2/ HTTP/1.1"),
    "get-with-chunk": in_chunk(CHUNKED, line=GET),
    "head-with-chunk": in_chunk(CHUNKED, line="HEAD /v2/ HTTP/1.1"),
    "delete-with-body": in_body(LENGTH, line="DELETE /v2/local/app/manifests/1 HTTP/1.1"),
    "options-with-body": in_body(LENGTH, line="OPTIONS /v2/ HTTP/1.1"),
    "http-1.0-with-body": in_body(LENGTH, "Connection: keep-alive", line="GET /v2/ HTTP/1.0"),
    "http-1.2": in_body(LENGTH, line="GET /v2/ HTTP/1.2"),
    "two-spaces": in_body(LENGTH, line="GET  /v2/ HTTP/1.1"),
    "absolute-form": in_body(LENGTH, line="GET http://elsewhere/v2/ HTTP/1.1"),
    "two-hosts": in_body("Host: elsewhere", LENGTH),
    "connection-names-length": in_body("Connection: close, Content-Length", LENGTH),
    "connection-names-length-kept": in_body("Connection: Content-Length", LENGTH),
    "connection-names-encoding": in_chunk("Connection: Transfer-Encoding", CHUNKED),
    "upgrade-h2c": in_body("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__",
                           LENGTH),
    "upgrade-websocket": in_body("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 777", LENGTH),
    "expect": early("Expect: 100-continue"),
    "expect-at-once": early("Expect: 100-continue", at_once=True),
    "expect-something-else": early("Expect: 100-continue, tea"),
    "expect-of-get": in_body("Expect: 100-continue", LENGTH),
    "refused-early": early(),
    "refused-early-and-large": early(filler=70000),
    "cut-short": lambda hidden: [head(PUT, f"Content-Length: {len(hidden) + 1000}") + hidden],
}


def receive(s, patience):  # until there is nothing for so long, or the end
    got = b""
    try:
        while select.select([s], [], [], patience)[0]:
            piece = s.recv(65536)
            if not piece:
                break
            got, patience = got + piece, 0.1
    except OSError:
        pass
    return got


def blob():
    blob.count += 1
    content = f"{FRONT} {blob.count}".encode()
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    real = http.client.HTTPConnection(REAL, timeout=10)
    real.request("POST", f"/v2/local/app/blobs/uploads/?digest={digest}", content)
    status = real.getresponse().status
    real.close()
    assert status == 201, f"push of a blob: {status}"
    return content, "/v2/local/app/blobs/" + digest


blob.count = 0


def ask(client, when):
    content, path = blob()
    client.request("GET", path)
    answer = client.getresponse()
    got = answer.status, answer.read()
    if got != (200, content):
        print(f"{FRONT}: WRONG {when}: {content!r} expected, {got} got", flush=True)
        ask.wrong += 1
        client.close()


ask.wrong = 0


def pair(name, pieces):
    attacker = socket.create_connection((HOST, PORT), timeout=5)
    hidden = f"GET /v2/library/smuggled-{FRONT}-{name}/tags/list HTTP/1.1\r\nHost: registry\r\n\r\n".encode()
    got = b""
    for piece in pieces(hidden):
        try:
            attacker.sendall(piece)
        except OSError:
            break
        got += receive(attacker, 0.2)
    for _ in range(2):
        ask(client, f"beside {name}")
    attacker.close()
    ask(client, f"after {name}")
    statuses = [int(s) for s in re.findall(rb"HTTP/1\.[01] (\d{3})", got)]
    if len([s for s in statuses if s != 100]) > 1:
        print(f"{FRONT}: {name} was answered with {statuses}")
    return statuses, b"Cache-Status: layerd" in got or b"cache-status: layerd" in got


client = http.client.HTTPConnection(HOST, int(PORT), timeout=10)
own, passed = [], []
began = time.monotonic()
for name, pieces in PAIRS.items():
    statuses, from_layerd = pair(name, pieces)
    (passed if from_layerd else own).append(f"{name} {' '.join(map(str, statuses)) or 'no answer'}")
# What a log shows when there are two requests: the same path, honestly.
honest = f"GET /v2/library/honest-{FRONT}/tags/list HTTP/1.1\r\nHost: registry\r\n\r\n".encode()
with socket.create_connection((HOST, PORT), timeout=5) as s:
    s.sendall(head(GET) + honest)
    receive(s, 2)
print(f"{FRONT}: {len(PAIRS)} pairs, {blob.count} blobs, {time.monotonic() - began:.0f} s")
if FRONT != "layerd":
    print(f"{FRONT}: refused by itself: {', '.join(own)}")
print(f"{FRONT}: answered by layerd: {', '.join(passed)}")
sys.exit(ask.wrong > 0)
