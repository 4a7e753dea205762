"""The side that delivers: makes a film of any size and serves it over HTTP, in a process of its own (run as a script)."""

from __future__ import annotations

import http.server
import io
import os
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np

_PIECE_BYTES = 1024 * 1024
_FPS = 25


def make_film(path: Path, *, size: int) -> None:
    """Write an MP4 of at least this size: one second of coarse noise, its packets repeated without encoding them again.

    Every byte lies in a picture, so that verification has to read them all; each picture is a key frame.
    """
    with av.open(io.BytesIO(_one_second())) as second, av.open(str(path), "w", format="mp4") as film:
        source = second.streams.video[0]
        stream = film.add_stream_from_template(source)
        packets = [packet for packet in second.demux(source) if packet.size]
        pictures, step = [bytes(packet) for packet in packets], packets[0].duration
        written = number = 0
        while written < size:
            data = pictures[number % len(pictures)]
            packet: Any = av.Packet(data)
            packet.pts = packet.dts = number * step
            packet.duration, packet.time_base, packet.stream, packet.is_keyframe = step, source.time_base, stream, True
            film.mux(packet)
            written, number = written + len(data), number + 1


def _one_second() -> bytes:
    noise, file = np.random.default_rng(1), io.BytesIO()
    with av.open(file, "w", format="mp4") as film:
        stream: Any = film.add_stream("libx264", rate=_FPS)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "10", "g": "1", "bf": "0"}
        for _ in range(_FPS):
            coarse = noise.integers(0, 256, (90, 160, 3), dtype=np.uint8)
            picture = av.VideoFrame.from_ndarray(coarse.repeat(8, axis=0).repeat(8, axis=1), format="rgb24")
            film.mux(stream.encode(picture))
        film.mux(stream.encode(None))
    return file.getvalue()


class _Handler(http.server.BaseHTTPRequestHandler):
    folder: Path

    def do_GET(self) -> None:
        with (self.folder / Path(self.path.partition("?")[0]).name).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            self.send_response(200)
            for name, value in {"Content-Type": "video/mp4", "Content-Length": size, "ETag": f'"{size}"'}.items():
                self.send_header(name, str(value))
            self.end_headers()
            sent = 0
            while sent < size:
                sent += os.sendfile(self.connection.fileno(), file.fileno(), sent, _PIECE_BYTES)

    def log_message(self, *_arguments: Any) -> None:
        pass


def serve(folder: Path) -> None:
    """Serve the folder's files until killed; the port is the first line written."""
    _Handler.folder = folder
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
