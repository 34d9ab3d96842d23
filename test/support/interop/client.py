"""A sender and a receiver on the official CloudEvents SDK of Python: `client.py send URL TOKEN`, `client.py receive`.

send: a line of stdin is {"mode": "binary" | "structured", "event": <structured CloudEvent>}, a line of stdout the answer.
receive: the first line of stdout is {"port": …}; then one line per event that was received, as a structured CloudEvent.
"""
import json
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_http_event,
    from_structured_event,
    to_binary_event,
    to_structured_event,
)

STRUCTURED = "application/cloudevents+json"
SENT_AS = {"binary": to_binary_event, "structured": to_structured_event}


def tell(what):
    print(json.dumps(what), flush=True)


def send(url, token):
    for line in sys.stdin:
        said = json.loads(line)
        body = json.dumps(said["event"]).encode()
        event = from_structured_event(HTTPMessage(headers={"content-type": STRUCTURED}, body=body))
        message = SENT_AS[said["mode"]](event)
        headers = {**message.headers, "authorization": f"Bearer {token}"}
        request = urllib.request.Request(url, data=message.body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                tell({"status": answer.status, "body": answer.read().decode()})
        except urllib.error.HTTPError as refused:
            tell({"status": refused.code, "body": refused.read().decode()})


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        event = from_http_event(HTTPMessage(headers=dict(self.headers.items()), body=body))
        tell(json.loads(to_structured_event(event).body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Lines of stdout are events."""


def receive():
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    tell({"port": server.server_port})
    server.serve_forever()


if sys.argv[1] == "send":
    send(*sys.argv[2:])
else:
    receive()
