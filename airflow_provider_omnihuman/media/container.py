"""Opens a media file so that nothing but this file is read, and no error of FFmpeg gets out."""

from __future__ import annotations

import io
from contextlib import ExitStack, contextmanager
from os import SEEK_END
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from airflow_provider_omnihuman.media.errors import MediaError, TruncatedMediaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer

#: A path, the bytes themselves, or a seekable binary file.
Source: TypeAlias = str | Path | bytes | IO[bytes]

#: FFmpeg's names. Playlists (hls, concat, dash) are left out: they make FFmpeg open other files and addresses.
AUDIO_FORMATS = ("mp3", "wav", "w64", "ogg", "aac", "flac", "mov", "matroska", "aiff", "amr", "caf")
IMAGE_FORMATS = ("png_pipe", "jpeg_pipe", "mjpeg", "webp_pipe", "bmp_pipe", "tiff_pipe", "gif")
VIDEO_FORMATS = ("mov",)

# Their headers say how long the sound is; those of the others (mp3, ADTS) hold estimates at best.
_FORMATS_THAT_TELL_THE_LENGTH = {"flac", "mov", "matroska"}
_SLACK = 0.9
# What is written as it is made, by a pipe or a speech service, has no size in its header: 0, or one of these and more.
_NO_SIZE = 0x7FFF0000
_WAV_PACKET_BYTES = 32768


def describe(source: Source) -> str:
    """Name a source in a message: its file name, never the query of a presigned URL."""
    if isinstance(source, bytes):
        return f"the file of {len(source)} bytes"
    name = source if isinstance(source, str | Path) else getattr(source, "name", "")
    return Path(str(name).partition("?")[0]).name or "the file"


@contextmanager
def opened(source: Source, formats: tuple[str, ...], kind: str) -> Iterator[InputContainer]:
    """Open a source for reading; whatever FFmpeg raises inside becomes a :class:`MediaError`.

    :param source: see :data:`Source`. An open file is read from its start and left open.
    :param formats: the container formats to accept.
    :param kind: what the file should be, for the message: "a picture".
    """
    import av

    name = describe(source)
    with ExitStack() as stack:
        try:
            file = _as_file(source, stack)
            _refuse_what_is_plainly_wrong(file, name, kind)
            # The second is of WAV: the reader's own packets are so small that decoding them takes thrice the time.
            options = {"format_whitelist": ",".join(formats), "max_size": str(_WAV_PACKET_BYTES)}
            container: Any = av.open(file, "r", options=options, metadata_errors="replace")
            yield stack.enter_context(container)
        except (av.FFmpegError, FileNotFoundError, IsADirectoryError, PermissionError) as error:
            raise MediaError(
                f"cannot be read as {kind} ({_reason(error)})",
                source=name,
                advice="open it in a player: it may be another format or damaged",
            ) from error


def _as_file(source: Source, stack: ExitStack) -> IO[bytes]:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if isinstance(source, str | Path):
        # Opened here and not by FFmpeg, to which a path may also be an address or a protocol.
        return stack.enter_context(Path(source).open("rb"))
    return source


def _refuse_what_is_plainly_wrong(file: IO[bytes], name: str, kind: str) -> None:
    file.seek(0)
    head = file.read(64)
    file.seek(0)
    if not head:
        raise MediaError(f"is empty, not {kind}", source=name)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"{")):
        raise MediaError(
            f"is text, not {kind}: it begins with {head[:24]!r}",
            source=name,
            advice="it may be an error page that was saved in place of the file: check the address",
        )
    _refuse_half_a_wav(file, head, name)


def _refuse_half_a_wav(file: IO[bytes], head: bytes, name: str) -> None:
    """Refuse a WAV that is shorter than its header says; FFmpeg plays what is there, and tells nobody."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return
    declared, size = int.from_bytes(head[4:8], "little"), file.seek(0, SEEK_END)
    file.seek(0)
    if declared < _NO_SIZE and size < declared * _SLACK:
        raise TruncatedMediaError(
            f"breaks off after {size:,} bytes of {declared:,}", source=name, advice="fetch or export it again"
        )


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def first_stream(container: InputContainer, kind: str, source: Source) -> Any:
    """Return the first stream of a kind (``audio``, ``video``) that can be decoded."""
    streams = [stream for stream in container.streams if stream.type == kind]
    if not streams:
        raise MediaError(f"has no {kind} in it", source=describe(source))
    if streams[0].codec_context is None:
        raise MediaError(f"has {kind} in an unknown codec", source=describe(source))
    return streams[0]


def short_name(container: InputContainer) -> str:
    """Return one name of a container's format: ``mov,mp4,m4a,3gp,3g2,mj2`` is FFmpeg's name for a single one."""
    return str(container.format.name).partition(",")[0]


def refuse_what_breaks_off(container: InputContainer, stream: Any, duration_s: float, source: Source) -> None:
    """Refuse a sound file whose end is missing, where its header tells so.

    :param container: as opened
    :param stream: the sound in it: of a film, the pictures may be longer
    :param duration_s: what could be decoded
    :param source: for the message
    :raises TruncatedMediaError: says how much of it is there
    """
    declared_s = float(stream.duration * stream.time_base) if stream.duration else (container.duration or 0) / 1_000_000
    if short_name(container) in _FORMATS_THAT_TELL_THE_LENGTH and duration_s < declared_s * _SLACK:
        raise TruncatedMediaError(
            f"breaks off after {duration_s:.1f} s of {declared_s:.1f} s",
            source=describe(source),
            advice="fetch or export it again",
        )
