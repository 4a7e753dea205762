"""An API server that answers what it is told to answer, and remembers what it was sent."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from airflow_provider_omnihuman.demo.credentials import Credentials
from airflow_provider_omnihuman.demo.rest import AirflowRest


class LogsIn(BaseHTTPRequestHandler):
    """Lets whoever comes log in."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(201, {"access_token": "token"})

    def reply(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def client_of(handler):
    """Yield a client of a server.

    :param handler: what answers.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        client = AirflowRest(f"http://127.0.0.1:{server.server_port}", Credentials())
        yield client
        client.close()
        server.shutdown()


@contextmanager
def served(documents):
    """Yield a client of a server with documents, and the list of what was sent to it.

    :param documents: by path below ``/api/v2``; a mapped task's with ``?map_index=…``. Any other path is not found.
    """
    sent = []

    class Handler(LogsIn):
        def do_PATCH(self):
            sent.append((self.path.removeprefix("/api/v2"), json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.reply(200, {})

        def do_GET(self):
            url = urlsplit(self.path)
            path, index = url.path.removeprefix("/api/v2"), parse_qs(url.query).get("map_index", ["-1"])[0]
            document = documents.get(path if index == "-1" else f"{path}?map_index={index}")
            self.reply(404 if document is None else 200, document or {"detail": "not found"})

    with client_of(Handler) as client:
        yield client, sent
