#!/usr/bin/env python3
"""A service behind `forward` that takes orders and keeps nothing: item, size, address.

The state of each conversation comes with the message and goes back with the answer, so this program may be restarted, or
run many times, while users are in the middle of an order. Python's standard library is all that it needs:

    export RC_APP_KEY=sandbox RC_APP_SECRET=s3cret RC_API_URL=http://127.0.0.1:8000
    export FORWARD_SECRET="whsec_$(openssl rand -base64 32)"
    export SHOP_URL=http://127.0.0.1:9000/
    python3 examples/service.py 9000 &
    rongcloud-callback --config examples/service.toml sandbox --play examples/service.conversation.toml
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = base64.b64decode(os.environ["FORWARD_SECRET"].removeprefix("whsec_"))
TOLERANCE = 5 * 60


def is_genuine(headers, body):
    """Whether the request is signed with our secret, and new: https://www.standardwebhooks.com."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    signatures = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(expected.encode(), signature.encode()) for signature in signatures)


def answer(message):
    """The answer to a message: one step of the order, from the state that comes with the message."""
    state = message["state"] or {"step": "start"}
    text = message["fields"]["content"].strip()
    match state["step"]:
        case "start":
            return ask("要买什么？", {"step": "item"})
        case "item":
            return ask(f"{text}要多大号？", {"step": "size", "item": text})
        case "size" if not text.isdecimal():
            # Without a state in the answer, the conversation stays where it is.
            return {"replies": [{"text": "请回复数字，比如 42。"}]}
        case "size":
            return ask("寄到哪里？", {**state, "step": "address", "size": int(text)})
        case "address":
            order = f"{state['item']} {state['size']} 号"
            return {
                "replies": [{"text": f"已下单：{order}，寄到{text}。"}],
                "state": None,
                "later": [{"in": "24h", "replies": [{"text": f"{order}还合适吗？"}]}],
            }


def ask(question, state):
    return {"replies": [{"text": question}], "state": state, "expires_in": "30m"}


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if not is_genuine(self.headers, body):
            return self.send(401, {})
        self.send(200, answer(json.loads(body)))

    def send(self, status, content):
        body = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing is logged: the messages are private."""


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    ThreadingHTTPServer(("127.0.0.1", port), Service).serve_forever()
