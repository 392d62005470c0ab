"""Ports, pages and patience: what the other files need of the machine."""
import socket
import sys
import time
import urllib.request


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def read(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return None


def wait_for(is_so, seconds, otherwise):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            sys.exit(f"FAILED: {otherwise} within {seconds} s")
        time.sleep(0.2)
