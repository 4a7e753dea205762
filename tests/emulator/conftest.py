"""The emulator under test, a web server with its inputs, and a client that signs with the vendor's signer."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import emulator_drawing as drawing
from emulator_client import Client

from airflow_provider_omnihuman.emulator.server import running_emulator


@dataclass
class InputSite:
    """A web server with files, redirects and refusals."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, name: str, data: bytes) -> str:
        self.files["/" + name] = data
        return f"{self.url}/{name}"


@pytest.fixture(scope="session")
def _input_server():
    site = InputSite()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0]
            site.asked.append(self.path)
            if path in site.redirects:
                self.send_response(302)
                self.send_header("Location", site.redirects[path])
                self.end_headers()
                return
            data = site.files.get(path)
            self.send_response(200 if data is not None else 403)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_):
            """An emulator that is stopped hangs up in the middle; that is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def portrait_png():
    return drawing.portrait_png()


@pytest.fixture
def site(_input_server, portrait_png):
    """The inputs' web server, with a portrait and a short sound on it."""
    _input_server.files.clear()
    _input_server.redirects.clear()
    _input_server.asked.clear()
    _input_server.put("portrait.png", portrait_png)
    _input_server.put("voice.wav", drawing.voice_wav(0.5))
    return _input_server


@pytest.fixture
def start():
    """Start an emulator with settings; it is stopped with the test."""
    running = []

    def _start(**settings):
        context = running_emulator(**{"qps": 0, **settings})
        emulator = context.__enter__()
        running.append(context)
        return Client(emulator.endpoint, emulator.admin_url)

    yield _start
    for context in running:
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def _default_emulator():
    with running_emulator(qps=0) as emulator:
        yield emulator


@pytest.fixture
def client(_default_emulator):
    """A client of an emulator with default settings, but for the rate limit; it has seen nothing yet."""
    client = Client(_default_emulator.endpoint, _default_emulator.admin_url)
    client.admin("POST", "/reset", {})
    return client


@pytest.fixture
def body(site):
    """A request body that the service accepts."""
    return {
        "req_key": "jimeng_realman_avatar_picture_omni_v15",
        "image_url": f"{site.url}/portrait.png",
        "audio_url": f"{site.url}/voice.wav",
        "output_resolution": 720,
        "pe_fast_mode": True,
        "seed": 7,
    }
