"""The socket of a service manager: prints each message that a program sends to it, its lines joined by spaces."""
import socket
import sys

desk = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
address = sys.argv[1]
desk.bind("\0" + address[1:] if address.startswith("@") else address)
print("listening", flush=True)
while True:
    print(desk.recv(4096).decode().replace("\n", " "), flush=True)
