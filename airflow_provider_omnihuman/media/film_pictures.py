"""The picture track of a film: the clips' own packets at new times, or, where they do not fit together, encoded anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.clip_facts import ClipFacts
from airflow_provider_omnihuman.media.container import VIDEO_FORMATS, Source, first_stream, opened

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.filter import Graph
    from av.video.frame import VideoFrame

__all__ = ["Shot", "add_copied_stream", "add_encoded_stream", "copied", "encoded"]

_KIND = "an MP4 video"
_FINE = Fraction(1, 90_000)
"""A tick that a picture's length is a whole number of, at any usual rate."""
# No difference can be seen; and without B-frames, the length of the last picture can be told exactly.
_ENCODER = {"crf": "18", "preset": "fast", "bf": "0"}


@dataclass(frozen=True, slots=True)
class Shot:
    """A clip at its place in the film.

    :param source: the clip
    :param facts: what is in it
    :param start_s: when it begins
    :param end_s: when the next one begins, or the film ends: its last picture is shown until then
    """

    source: Source
    facts: ClipFacts
    start_s: Fraction
    end_s: Fraction

    def clock(self, *, tick: Fraction) -> Callable[[int], int]:
        """Return what makes a time in the clip one in the film, in ticks; pictures keep their distances to a tick."""
        scale = self.facts.time_base / tick
        over, under = scale.numerator, scale.denominator
        offset = round((self.start_s - self.facts.zero_s) / tick)
        return lambda time: (time * over + under // 2) // under + offset


def add_copied_stream(container: OutputContainer, first: Source) -> Any:
    """Add a track to a film that takes packets as they are in the first clip."""
    with opened(first, VIDEO_FORMATS, _KIND) as clip:
        return container.add_stream_from_template(first_stream(clip, "video", first))


def copied(shots: Sequence[Shot], stream: Any) -> Iterator[Any]:
    """Yield the clips' packets at their times in the film: not a bit of the pictures changes.

    :param shots: in their order, all of one encoding
    :param stream: of :func:`add_copied_stream`
    """
    tick = shots[0].facts.time_base
    last: int | None = None
    held: Any = None
    for shot in shots:
        for packet in _shown_packets(shot, tick):
            if last is not None and packet.dts <= last:  # the clips' encoders looked ahead by different lengths
                packet.dts = last + 1
                packet.pts = max(packet.pts, packet.dts)
            last = packet.dts
            packet.stream = stream
            if held is not None:
                yield held
            held = packet
    if held is not None:
        yield _to_the_end(held, shots[-1], tick)


def _shown_packets(shot: Shot, tick: Fraction) -> Iterator[Any]:
    """Yield a clip's packets up to the first one that is to be shown after the clip's end, in ticks of the film."""
    end = round(shot.end_s / tick)
    with opened(shot.source, VIDEO_FORMATS, _KIND) as container:
        stream = first_stream(container, "video", shot.source)
        at, scale, is_first = shot.clock(tick=tick), stream.time_base / tick, True
        for packet in container.demux(stream):
            if packet.pts is None or packet.dts is None or not packet.size:
                continue
            pts, dts = at(packet.pts), at(packet.dts)
            if pts >= end:
                # What follows in the file may need this one, even where it is shown before it.
                return
            # Sound may begin before the pictures do: the first one is there from the beginning.
            packet.pts = round(shot.start_s / tick) if is_first else pts
            packet.dts = min(dts, packet.pts)
            packet.duration = round((packet.duration or 0) * scale)
            packet.time_base = tick
            is_first = False
            yield packet


def _to_the_end(packet: Any, shot: Shot, tick: Fraction) -> Any:
    """Let the film's last picture be shown until its end."""
    packet.duration = max(1, round(shot.end_s / tick) - (packet.pts or 0))
    return packet


def add_encoded_stream(container: OutputContainer, first: ClipFacts) -> Any:
    """Add a track of H.264 to a film, in the size of the first clip."""
    stream: Any = container.add_stream("libx264", rate=first.rate, options=_ENCODER)
    stream.width, stream.height = first.width // 2 * 2, first.height // 2 * 2
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = _FINE
    return stream


def encoded(shots: Sequence[Shot], stream: Any) -> Iterator[Any]:
    """Yield packets of the clips' pictures, encoded anew in one size.

    :param shots: in their order
    :param stream: of :func:`add_encoded_stream`
    """
    held: Any = None
    for packet in _encoded(shots, stream):
        if held is not None:
            yield held
        held = packet
    if held is not None:
        yield _to_the_end(held, shots[-1], _FINE)


def _encoded(shots: Sequence[Shot], stream: Any) -> Iterator[Any]:
    from av.video.frame import PictureType

    last = -1
    for shot in shots:
        is_first = True
        for frame in _shown_frames(shot, width=stream.width, height=stream.height):
            if frame.pts is None or frame.pts <= last:
                continue
            last = frame.pts
            frame.pict_type = PictureType.I if is_first else PictureType.NONE
            is_first = False
            yield from stream.encode(frame)
    yield from stream.encode(None)


def _shown_frames(shot: Shot, *, width: int, height: int) -> Iterator[VideoFrame]:
    """Yield a clip's pictures up to its end, in the film's size and times."""
    with opened(shot.source, VIDEO_FORMATS, _KIND) as container:
        stream = first_stream(container, "video", shot.source)
        form, fitting = None, None
        start, end, at, is_first = round(shot.start_s / _FINE), round(shot.end_s / _FINE), shot.clock(tick=_FINE), True
        for frame in _decoded(container, stream):
            pts = start if is_first else at(frame.pts or 0)
            if pts >= end:
                return
            if form != (form := (frame.width, frame.height, frame.format.name)):
                fitting = _fitting(frame, stream.time_base, width=width, height=height)
            assert fitting is not None
            fitting.push(frame)
            fitted: Any = fitting.pull()
            fitted.pts, fitted.time_base, is_first = pts, _FINE, False
            yield fitted


def _decoded(container: InputContainer, stream: Any) -> Iterator[VideoFrame]:
    from av import FFmpegError

    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except FFmpegError:  # players skip a damaged packet too
            continue


def _fitting(frame: VideoFrame, time_base: Fraction, *, width: int, height: int) -> Graph:
    """Return the filters that bring pictures like this one to the film's size, with bars where the shape is another."""
    from av.filter import Graph

    graph = Graph()
    size = f"{width}:{height}"
    graph.link_nodes(
        graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=time_base),
        graph.add("scale", f"{size}:force_original_aspect_ratio=decrease:force_divisible_by=2"),
        graph.add("pad", f"{size}:-1:-1"),
        graph.add("setsar", "1"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ).configure()
    return graph
