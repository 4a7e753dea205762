"""Facts about files, against files whose facts are known."""

import io
import struct
import tracemalloc
import zlib

import av
import numpy as np
import pytest
from PIL import Image

from airflow_provider_omnihuman.media.errors import MediaError, TruncatedMediaError
from airflow_provider_omnihuman.media.probe import ImageFacts, probe_audio, probe_image, probe_video
from tests.media.media_files import make_audio, make_video


def encoded(image_format, mode="RGB", size=(400, 300)):
    noise = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype="uint8")
    target = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(target, image_format)
    return target.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "named"),
    [
        ("mp3", "libmp3lame", ("mp3", "mp3")),
        ("wav", "pcm_s16le", ("pcm_s16le", "wav")),
        ("ogg", "libopus", ("opus", "ogg")),
        ("mp4", "aac", ("aac", "mov")),
        ("adts", "aac", ("aac", "aac")),
        ("flac", "flac", ("flac", "flac")),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_audio_facts_are_what_was_encoded(container, codec, named, channels):
    facts = probe_audio(make_audio(container, codec, channels=channels))
    assert facts.duration_s == pytest.approx(3.0, abs=0.1)
    assert facts.sample_rate == (48000 if codec == "libopus" else 24000)
    assert (facts.channels, facts.codec, facts.format) == (channels, *named)


def test_audio_length_is_counted_where_the_header_estimates():
    """Raw AAC has no length: FFmpeg guesses 10 % too much from the bit rate of the first frames."""
    quiet_then_loud = make_audio("adts", "aac", seconds=1) + make_audio("adts", "aac", seconds=59)
    with av.open(io.BytesIO(quiet_then_loud)) as container:
        guessed = container.duration / 1_000_000
    assert abs(guessed - 60) > 1
    assert probe_audio(quiet_then_loud).duration_s == pytest.approx(60.1, abs=0.15)


def test_audio_may_be_a_path_bytes_or_an_open_file(tmp_path):
    data = make_audio("wav", "pcm_s16le")
    path = tmp_path / "tone.wav"
    path.write_bytes(data)
    with path.open("rb") as file:
        file.seek(100)
        assert probe_audio(data) == probe_audio(path) == probe_audio(str(path)) == probe_audio(file)
        assert not file.closed


def test_audio_of_a_film_is_its_sound_track(video):
    assert probe_audio(video).duration_s == pytest.approx(2.0, abs=0.1)


def test_a_damaged_stretch_of_sound_is_skipped():
    data = bytearray(make_audio("adts", "aac", seconds=10))
    data[20_000:20_400] = b"\x55" * 400
    assert 9 < probe_audio(bytes(data)).duration_s < 10.2


@pytest.mark.parametrize(("container", "codec"), [("flac", "flac"), ("matroska", "aac")])
def test_sound_that_breaks_off_is_told_where_the_header_tells_the_length(container, codec):
    data = make_audio(container, codec)
    with pytest.raises(TruncatedMediaError, match=r"breaks off after [01]\.\d s of 3\.\d s"):
        probe_audio(data[: len(data) // 2])


@pytest.mark.parametrize(("size", "is_taken"), [(None, False), (0, True), (0x7FFFF000, True), (0xFFFFFFFF, True)])
def test_half_a_wav_is_refused_unless_its_header_knows_no_size(size, is_taken):
    """As of a speech service, which writes the header before it knows what follows."""
    data = bytearray(make_audio("wav", "pcm_s16le"))[:60_000]
    if size is not None:
        data[4:8] = size.to_bytes(4, "little")
    if is_taken:
        assert probe_audio(bytes(data)).duration_s == pytest.approx(1.25, abs=0.01)
    else:
        with pytest.raises(TruncatedMediaError, match=r"breaks off after 60,000 bytes of \d{3},\d{3}"):
            probe_audio(bytes(data))


def test_memory_stays_constant_over_a_long_sound(tmp_path):
    path = tmp_path / "long.wav"
    path.write_bytes(make_audio("wav", "pcm_s16le", seconds=600))
    assert path.stat().st_size > 28_000_000
    tracemalloc.start()
    assert probe_audio(path).duration_s == pytest.approx(600)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(("image_format", "named"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "webp"), ("BMP", "bmp")])
def test_picture_facts_are_what_was_encoded(image_format, named):
    data = encoded(image_format)
    assert probe_image(data) == ImageFacts(400, 300, named, len(data))


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1"])
def test_every_kind_of_png_is_read(mode):
    assert probe_image(encoded("PNG", mode)).format == "png"


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "BMP"])
@pytest.mark.parametrize("part", [0.5, 0.99])
def test_a_picture_without_its_end_is_refused(image_format, part):
    data = encoded(image_format)
    with pytest.raises(MediaError):
        probe_image(data[: int(len(data) * part)])


def test_a_picture_too_large_to_decode_is_refused():
    data = bytearray(encoded("PNG"))
    data[16:24] = struct.pack(">II", 30_000, 30_000)  # width and height in the header, and its checksum
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    with pytest.raises(MediaError):
        probe_image(bytes(data))


def test_video_facts_are_what_was_encoded(video):
    facts = probe_video(video)
    assert (facts.width, facts.height, facts.fps, facts.frames) == (320, 180, 25, 50)
    assert facts.duration_s == pytest.approx(2.0, abs=0.001)
    assert (facts.video_codec, facts.audio_codec, facts.has_audio) == ("h264", "aac", True)


def test_a_silent_video_says_so(tmp_path):
    facts = probe_video(make_video(tmp_path / "silent.mp4", sound=False))
    assert (facts.audio_codec, facts.has_audio) == (None, False)


@pytest.mark.parametrize("movflags", ["use_metadata_tags", "faststart"])  # the index last, and first
@pytest.mark.parametrize("part", [0.1, 0.5, 0.97])
def test_a_video_without_its_end_is_refused(tmp_path, movflags, part):
    data = make_video(tmp_path / "whole.mp4", movflags=movflags).read_bytes()
    assert probe_video(data).frames == 50
    with pytest.raises(MediaError):
        probe_video(data[: int(len(data) * part)])


def test_a_video_of_another_format_is_refused(tmp_path):
    with pytest.raises(MediaError, match=r"film\.mkv cannot be read as an MP4 video"):
        probe_video(make_video(tmp_path / "film.mkv"))


def test_sound_alone_is_no_video():
    with pytest.raises(MediaError, match="has no video in it"):
        probe_video(make_audio("mp4", "aac"))


def test_a_silent_film_is_no_audio(tmp_path):
    with pytest.raises(MediaError, match="has no audio in it"):
        probe_audio(make_video(tmp_path / "silent.mp4", sound=False))
