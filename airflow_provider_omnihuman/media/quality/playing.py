"""Plays a film once from end to end: each picture goes to whoever watches, each piece of sound to whoever listens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_omnihuman.media.container import VIDEO_FORMATS, Source, describe, first_stream, opened
from airflow_provider_omnihuman.media.errors import MediaError

if TYPE_CHECKING:
    import numpy as np
    from av.audio.frame import AudioFrame
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

__all__ = ["Listener", "Picture", "Played", "SoundFacts", "Watcher", "play"]

_SMALL = 160
"""Pixels of the longer side of what watchers see: a mouth of 20 pixels in a film of 1280 is still a few of them."""
_SHOWN_DAMAGES = 5


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a film.

    :param at_s: when it is shown, seconds from the first one
    :param grey: it, small and grey: one byte a pixel, 0 is black
    :param frame: it, as decoded
    """

    at_s: float
    grey: NDArray[np.uint8] = field(repr=False)
    frame: VideoFrame = field(repr=False)


class Watcher(Protocol):
    """Who is shown each picture, in the order of their times."""

    def see(self, picture: Picture, /) -> None:
        """Look at the next picture."""

    def end(self, end_s: float, /) -> None:
        """The last picture was shown until then."""


class Listener(Protocol):
    """Who hears each piece of the sound, in the order of their times."""

    def hear(self, sound: AudioFrame, at_s: float, /) -> None:
        """Listen to the next piece, which begins then: seconds from the first picture."""

    def end(self) -> None:
        """The sound is over, or there never was any."""


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """What the soundtrack is.

    :param start_s: when it begins, seconds from the first picture
    :param duration_s: counted in decoded samples
    """

    start_s: float
    duration_s: float
    codec: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What was found on the way.

    :param duration_s: from the first picture to the end of the last one
    :param fps: pictures a second, by the time that most of them stand: one that is held does not count
    :param frames: pictures that were decoded
    :param indexed_frames: pictures that the file's index tells of, those left out that its edit list cuts off
    :param sound: None for a silent film
    :param damaged: how many packets or pictures did not decode whole
    :param damaged_at_s: when the first of them were
    """

    duration_s: float
    width: int
    height: int
    fps: float
    frames: int
    indexed_frames: int
    sound: SoundFacts | None
    damaged: int
    damaged_at_s: tuple[float, ...]


def play(source: Source, *, watchers: Sequence[Watcher] = (), listeners: Sequence[Listener] = ()) -> Played:
    """Decode a film from end to end, in constant memory.

    :param source: a path, bytes, or a seekable file
    :param watchers: are shown the pictures
    :param listeners: hear the sound
    :raises MediaError: it is no MP4, or there is no picture in it
    """
    with opened(source, VIDEO_FORMATS, "an MP4 video") as container:
        video = first_stream(container, "video", source)
        video.thread_type = "AUTO"
        audio = next((stream for stream in container.streams.audio if stream.codec_context), None)
        screen, room = _Screen(video, watchers), _Room(audio, video, listeners)
        damages = _Damages()
        for packet in container.demux([stream for stream in (video, audio) if stream]):
            place: _Screen | _Room = screen if packet.stream.index == video.index else room
            place.take(packet)
            for frame in _decoded(packet, damages, place.clock.seconds(packet.pts)):
                place.show(frame)
        if not screen.frames:
            raise MediaError("holds no picture that can be decoded", source=describe(source))
        screen.close()
        room.close()
        return Played(
            duration_s=screen.end_s,
            width=screen.size[0],
            height=screen.size[1],
            fps=screen.fps,
            frames=screen.frames,
            indexed_frames=_to_be_shown(video) - screen.cut_off,
            sound=room.facts(),
            damaged=damages.count,
            damaged_at_s=tuple(damages.at_s),
        )


def _to_be_shown(stream: Any) -> int:
    """Return how many pictures the index tells of; of those before a cut at the beginning, FFmpeg keeps what decodes the rest."""
    entries = getattr(stream, "index_entries", None)  # which older PyAVs do not tell
    return int(stream.frames) if entries is None else min(int(stream.frames), len(entries))


class _Damages:
    """What did not decode."""

    def __init__(self) -> None:
        self.count = 0
        self.at_s: list[float] = []

    def add(self, at_s: float) -> None:
        self.count += 1
        if len(self.at_s) < _SHOWN_DAMAGES:
            self.at_s.append(at_s)


def _decoded(packet: Any, damages: _Damages, at_s: float) -> list[Any]:
    """Return the packet's frames, those that FFmpeg has patched up included."""
    from av import FFmpegError

    try:
        frames: list[Any] = packet.decode()
    except FFmpegError:  # players skip a damaged packet too
        damages.add(at_s)
        return []
    for _ in filter(lambda frame: frame.is_corrupt, frames):
        damages.add(at_s)
    return frames


class _Clock:
    """Seconds from the first picture, by the times of one stream."""

    def __init__(self, stream: Any, video: Any) -> None:
        self._unit = stream.time_base
        self._start_s = float((video.start_time or 0) * video.time_base)

    def seconds(self, pts: int | None) -> float:
        return float((pts or 0) * self._unit) - self._start_s


class _Screen:
    """The picture track while it is played."""

    def __init__(self, stream: Any, watchers: Sequence[Watcher]) -> None:
        from av.video.reformatter import VideoReformatter

        self._unit = stream.time_base
        self.clock = _Clock(stream, stream)
        self._watchers = watchers
        self._scaler: Any = VideoReformatter()  # kept, or each picture would pay for a scaler of its own
        self._steps: Counter[int] = Counter()
        self._last_pts: int | None = None
        self.end_s = 0.0
        self.frames = 0
        self.cut_off = 0
        """Pictures that are decoded for others and not shown: the file's edit list begins after them."""
        self.size = (0, 0)

    @property
    def fps(self) -> float:
        """Pictures a second, by the usual step."""
        if not self._steps:
            return self.frames / self.end_s if self.end_s else 0.0
        return float(1 / (self._steps.most_common(1)[0][0] * self._unit))

    def take(self, packet: Any) -> None:
        """Note how far the track goes, whether or not the packet decodes."""
        self.cut_off += bool(packet.size and packet.is_discard)
        if packet.pts is not None and packet.size:
            self.end_s = max(self.end_s, self.clock.seconds(packet.pts + (packet.duration or 0)))

    def show(self, frame: VideoFrame) -> None:
        self.frames += 1
        self.size = (frame.width, frame.height) if self.frames == 1 else self.size
        if frame.pts is not None:
            if self._last_pts is not None and frame.pts > self._last_pts:
                self._steps[frame.pts - self._last_pts] += 1
            self._last_pts = frame.pts
        if self._watchers:
            picture = Picture(self.clock.seconds(self._last_pts), self._grey(frame), frame)
            for watcher in self._watchers:
                watcher.see(picture)

    def _grey(self, frame: VideoFrame) -> NDArray[np.uint8]:
        factor = _SMALL / max(frame.width, frame.height)
        width, height = (max(8, round(side * factor)) for side in (frame.width, frame.height))
        # AREA averages; the others pick single pixels, between which a mouth may lie.
        small: NDArray[np.uint8] = self._scaler.reformat(frame, width, height, "gray", interpolation="AREA").to_ndarray()
        return small

    def close(self) -> None:
        for watcher in self._watchers:
            watcher.end(self.end_s)


class _Room:
    """The sound track while it is played."""

    def __init__(self, stream: Any, video: Any, listeners: Sequence[Listener]) -> None:
        self._stream = stream
        self.clock = _Clock(stream or video, video)
        self._listeners = listeners
        self._start_s: float | None = None
        self._duration_s = 0.0

    def take(self, packet: Any) -> None:
        """Sound is as long as its samples: packets tell nothing."""

    def show(self, frame: AudioFrame) -> None:
        follows_s = (self._start_s or 0.0) + self._duration_s
        at_s = follows_s if frame.pts is None else self.clock.seconds(frame.pts)
        self._start_s = at_s if self._start_s is None else self._start_s
        self._duration_s += frame.samples / frame.sample_rate
        for listener in self._listeners:
            listener.hear(frame, at_s)

    def close(self) -> None:
        for listener in self._listeners:
            listener.end()

    def facts(self) -> SoundFacts | None:
        if self._start_s is None:
            return None
        return SoundFacts(self._start_s, self._duration_s, self._stream.codec_context.codec.canonical_name)
