"""A copy of a film with subtitles: the same film, and a track more."""

import io
import json

import av
import pytest

from airflow_provider_omnihuman.media.aigc_label import read_aigc_label
from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.media.probe import probe_video
from airflow_provider_omnihuman.media.subtitles import add_subtitles
from tests.media.media_files import LABEL, make_video, move_label_to_moov_meta

LINES = [(0.1, 0.8, "Hello <b>\n& good evening"), (1.0, 1.8, "二行目")]


def packets(source):
    with av.open(source if isinstance(source, io.BytesIO) else str(source)) as film:
        kinds = {"video": [], "audio": []}
        for packet in film.demux():
            if packet.size and packet.stream.type in kinds:
                kinds[packet.stream.type].append((packet.pts, packet.dts, packet.duration, bytes(packet)))
        return kinds


def subtitles(path):
    with av.open(str(path)) as film:
        (track,) = film.streams.subtitles
        found = []
        for packet in film.demux(track):
            start = packet.pts and float(packet.pts * packet.time_base)
            found += [
                (start, packet.duration / 1000, line.dialogue.decode()) for line in (packet.decode() if packet.size else [])
            ]
        return track.metadata["language"], track.codec_context.name, [entry for entry in found if entry[2]]


def test_the_lines_are_a_track_of_their_own(labelled_video, tmp_path):
    copy = tmp_path / "copy.mp4"
    add_subtitles(labelled_video, copy, LINES, language="eng")
    assert subtitles(copy) == (
        "eng",
        "mov_text",
        [(0.1, pytest.approx(0.7), "Hello <b>\n& good evening"), (1.0, pytest.approx(0.8), "二行目")],
    )


def test_not_a_byte_of_picture_and_sound_is_another(labelled_video, tmp_path):
    copy = tmp_path / "copy.mp4"
    add_subtitles(labelled_video, copy, LINES)
    assert packets(copy) == packets(labelled_video)
    assert probe_video(copy) == probe_video(labelled_video)


@pytest.mark.parametrize("place", ["udta", "moov"])
def test_the_label_is_carried_over_from_wherever_it_is(labelled_video, tmp_path, place):
    original = labelled_video.read_bytes()
    source = original if place == "udta" else move_label_to_moov_meta(original)
    add_subtitles(source, tmp_path / "copy.mp4", LINES)
    assert read_aigc_label(tmp_path / "copy.mp4").raw == json.dumps(LABEL)


def test_a_film_without_a_label_gets_none_and_a_silent_one_stays_silent(tmp_path):
    film = make_video(tmp_path / "film.mp4", seconds=0.5, fps=5, sound=False)
    add_subtitles(film, tmp_path / "copy.mp4", [])
    assert read_aigc_label(tmp_path / "copy.mp4") is None
    assert not probe_video(tmp_path / "copy.mp4").has_audio


def test_what_is_no_film_is_told(tmp_path):
    with pytest.raises(MediaError, match="cannot be read as an MP4"):
        add_subtitles(b"no film at all" * 20, tmp_path / "copy.mp4", LINES)
