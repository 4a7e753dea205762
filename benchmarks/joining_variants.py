"""One way to join clips, or to split a talk, run once in a process of its own (run as a script): ``<variant> <folder>``.

Writes one line of JSON: seconds, CPU seconds, memory.
"""

from __future__ import annotations

import json
import sys
import time
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from airflow_provider_omnihuman.media.joining import Clip, join_videos
from airflow_provider_omnihuman.media.splitting import split_audio

FILM, TALK = "film.mp4", "talk.wav"


def clips_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("clip-*.mp4"))


def ours(folder: Path) -> None:
    joined = join_videos(_ours(folder), folder / FILM, soundtrack=folder / TALK)
    assert not joined.reencoded


def ours_anew(folder: Path) -> None:
    """The last clip is of another size, so that all pictures are encoded."""
    clips = _ours(folder)
    other = Clip(folder / "other.mp4", duration_s=clips[-1].duration_s)
    joined = join_videos([*clips[:-1], other], folder / FILM, soundtrack=folder / TALK)
    assert joined.reencoded


def _ours(folder: Path) -> list[Clip]:
    lengths = json.loads((folder / "lengths.json").read_text())
    return [Clip(clip, duration_s=length) for clip, length in zip(clips_in(folder), lengths, strict=True)]


def concat_demuxer(folder: Path) -> None:
    """``ffmpeg -f concat -i list.txt -c copy``: packets of both tracks, one clip after another."""
    listed = folder / "list.txt"
    listed.write_text("".join(f"file '{clip}'\n" for clip in clips_in(folder)))
    with av.open(str(listed), format="concat", options={"safe": "0"}) as source, av.open(str(folder / FILM), "w") as film:
        streams = {stream.index: film.add_stream_from_template(stream) for stream in source.streams}
        last: dict[int, int] = {}
        for packet in source.demux():
            if packet.dts is not None:
                index = packet.stream.index
                packet.dts = max(packet.dts, last.get(index, packet.dts - 1) + 1)  # as the ffmpeg command does, with a warning
                packet.pts = max(packet.pts or 0, packet.dts)
                last[index] = packet.dts
                packet.stream = streams[index]
                film.mux(packet)


def editor(folder: Path) -> None:
    """What editing libraries do: each picture and each sample decoded and encoded, at a fixed rate (H.264, medium, 23)."""
    with av.open(str(clips_in(folder)[0])) as first:
        size, rate, sound = (first.streams.video[0].width, first.streams.video[0].height), 25, first.streams.audio[0].rate
    with av.open(str(folder / FILM), "w") as film:
        pictures: Any = film.add_stream("libx264", rate=rate, options={"preset": "medium", "crf": "23"})
        (pictures.width, pictures.height), pictures.pix_fmt = size, "yuv420p"
        track: Any = film.add_stream("aac", rate=sound, layout="mono")
        shown = heard = 0
        for clip in clips_in(folder):
            with av.open(str(clip)) as source:
                for frame in source.decode(video=0, audio=0):
                    if isinstance(frame, av.VideoFrame):
                        frame.pts, frame.time_base, shown = shown, Fraction(1, rate), shown + 1
                        frame.pict_type = av.video.frame.PictureType.NONE
                        film.mux(pictures.encode(frame))
                    else:
                        frame.pts, frame.time_base, heard = heard, Fraction(1, sound), heard + frame.samples
                        film.mux(track.encode(frame))
        film.mux(pictures.encode(None))
        film.mux(track.encode(None))


def split(folder: Path) -> None:
    pieces = split_audio(folder / TALK, folder)
    assert all(piece.is_cut_in_silence for piece in pieces)


def split_in_memory(folder: Path) -> None:
    """What sound libraries do: the whole sound in memory, levels of all of it, then slices."""
    with av.open(str(folder / TALK)) as source:
        rate = source.streams.audio[0].rate
        samples = np.concatenate([frame.to_ndarray()[0] for frame in source.decode(audio=0)])
    block = rate // 100
    levels = np.sqrt((samples[: len(samples) // block * block].reshape(-1, block).astype("float64") ** 2).mean(axis=1))
    is_silent = levels < levels.max() * 0.02
    start, number = 0, 0
    while start < len(samples):
        end = min(len(samples), start + 59 * rate)
        silent = np.flatnonzero(is_silent[start // block : end // block])
        cut = end if end == len(samples) or not len(silent) else start + (int(silent[-1]) + 1) * block
        with wave.open(str(folder / f"piece-{number:03d}.wav"), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            file.writeframes(samples[start:cut].tobytes())
        start, number = cut, number + 1


VARIANTS: dict[str, Callable[[Path], None]] = {
    function.__name__: function for function in (ours, ours_anew, concat_demuxer, editor, split, split_in_memory)
}


def peak_kb() -> int:
    """Return the most memory that this process had at once: ``getrusage`` would tell that of its parent, too."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])


def main() -> None:
    variant, folder = VARIANTS[sys.argv[1]], Path(sys.argv[2])
    before_kb = peak_kb()
    started, cpu = time.perf_counter(), time.process_time()
    variant(folder)
    took = {"wall_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
    print(json.dumps({**took, "memory_mb": (peak_kb() - before_kb) / 1024}))


if __name__ == "__main__":
    main()
