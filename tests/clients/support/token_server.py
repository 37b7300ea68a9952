#!/usr/bin/env python3
"""The token server of the tests: distribution's token protocol with real JWTs, signed by the openssl command.

token_server.py PORT KEY CERT [USER:PASSWORD]

Grants pull on every repository asked for. With USER:PASSWORD only to who shows them; anybody else gets a token that
allows nothing, as Docker Hub does. One line per token on standard error.
"""

import base64
import http.server
import json
import subprocess
import sys
import time
import urllib.parse
import uuid

ISSUER = "tests"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def certificate(path):
    with open(path) as file:
        return "".join(line.strip() for line in file if not line.startswith("-----"))


class TokenServer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        access = [self.granted(scope) for scope in " ".join(query.get("scope", [])).split()]
        print("token for", query.get("scope"), "as", access, file=sys.stderr, flush=True)
        body = json.dumps({"token": self.token(query["service"][0], access), "expires_in": 300}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def granted(self, scope):
        kind, rest = scope.split(":", 1)
        name, actions = rest.rsplit(":", 1)
        allowed = [a for a in actions.split(",") if a == "pull"] if self.knows_caller() else []
        return {"type": kind, "name": name, "actions": allowed}

    def knows_caller(self):
        if not self.server.credentials:
            return True
        expected = "Basic " + base64.b64encode(self.server.credentials.encode()).decode()
        return self.headers.get("Authorization") == expected

    def token(self, service, access):
        now = int(time.time())
        head = {"typ": "JWT", "alg": "RS256", "x5c": [self.server.certificate]}
        claims = {"iss": ISSUER, "sub": "", "aud": service, "iat": now, "nbf": now - 10, "exp": now + 300,
                  "jti": uuid.uuid4().hex, "access": access}
        signed = b64(json.dumps(head).encode()) + b"." + b64(json.dumps(claims).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.server.key], input=signed,
                                   stdout=subprocess.PIPE, check=True).stdout
        return (signed + b"." + b64(signature)).decode()

    def log_message(self, *_):
        pass


def main():
    port, key, cert, credentials = (sys.argv[1:] + [""])[:4]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), TokenServer)
    server.key, server.certificate, server.credentials = key, certificate(cert), credentials
    server.serve_forever()


main()
