"""A copy of a film with a subtitle track that viewers can switch on: nothing of picture, sound and label is touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.media.aigc_label import read_aigc_label
from airflow_provider_omnihuman.media.container import VIDEO_FORMATS, Source, describe, opened
from airflow_provider_omnihuman.media.errors import MediaError

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["add_subtitles"]

_MILLISECONDS = Fraction(1, 1000)
# What the container itself writes anew; as tags they would be said twice.
_OF_THE_CONTAINER = {"major_brand", "minor_version", "compatible_brands", "encoder"}
# use_metadata_tags: or the label (key AIGC) is dropped without a word. faststart: players begin before all is there.
_OPTIONS = {"movflags": "use_metadata_tags+faststart"}
# FFmpeg's encoder of mov_text wants a style sheet: white, outlined, at the bottom.
_STYLES = """[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, \
ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def add_subtitles(
    source: Source, target: str | Path, lines: Sequence[tuple[float, float, str]], *, language: str = "und"
) -> None:
    """Write a copy of an MP4 with a track of subtitles (mov_text); pictures and sound are taken over as they are.

    :param source: a path, bytes, or a seekable file
    :param target: the path of the copy
    :param lines: start and end in seconds, and the text; in order, never two at once
    :param language: of the text, by its code of ISO 639-2, such as ``eng``
    :raises MediaError: it is no MP4, or its AIGC label did not come over
    """
    import av

    label = read_aigc_label(source)
    with opened(source, VIDEO_FORMATS, "an MP4 video") as film, av.open(str(target), "w", format="mp4", options=_OPTIONS) as copy:
        copy.metadata.update({key: value for key, value in film.metadata.items() if key not in _OF_THE_CONTAINER})
        if label:  # from wherever it was: it is of the whole film
            copy.metadata["AIGC"] = label.raw
        streams = [stream for stream in film.streams if stream.type in {"video", "audio"}]
        copies = {stream.index: _copied(copy, stream) for stream in streams}
        track: Any = copy.add_stream("mov_text")
        track.codec_context.subtitle_header = _STYLES.encode()
        track.codec_context.time_base = track.time_base = _MILLISECONDS
        track.metadata["language"] = language
        for packet in _interleaved(film, streams, _packets(lines, track)):
            if packet.stream is not track:
                packet.stream = copies[packet.stream.index]
            copy.mux(packet)
    copied = read_aigc_label(target)
    if (label and label.raw) != (copied and copied.raw):
        raise MediaError("has an AIGC label that did not come into its copy", source=describe(source))


def _copied(copy: Any, stream: Any) -> Any:
    twin = copy.add_stream_from_template(stream)
    twin.time_base = stream.time_base
    twin.metadata.update({key: value for key, value in stream.metadata.items() if key != "encoder"})
    return twin


def _packets(lines: Sequence[tuple[float, float, str]], track: Any) -> Iterator[Any]:
    """Yield the lines as samples of 3GPP timed text (TS 26.245): two bytes with the length, and the text."""
    import av

    for start_s, end_s, text in lines:
        written = text.encode(errors="replace")
        sample = len(written).to_bytes(2, "big") + written
        packet = av.Packet(len(sample))
        packet.update(
            sample
        )  # a copy: of bytes that a packet is made of, PyAV 17.0 keeps no hold, and writes what is there later
        packet.pts = packet.dts = round(start_s * 1000)
        packet.duration = round(end_s * 1000) - round(start_s * 1000)
        packet.time_base, packet.stream = _MILLISECONDS, track
        yield packet


def _interleaved(film: InputContainer, streams: Sequence[Any], subtitles: Iterator[Any]) -> Iterator[Any]:
    """Yield all packets, each subtitle where its time comes: a player that streams finds it there."""
    following = next(subtitles, None)
    for packet in film.demux(streams):
        if packet.dts is None:  # the empty packet that tells the end
            continue
        assert packet.time_base is not None
        while following is not None and (following.dts or 0) * _MILLISECONDS <= packet.dts * packet.time_base:
            yield following
            following = next(subtitles, None)
        yield packet
    if following is not None:
        yield following
    yield from subtitles
