"""The label, in each place and shape that a writer may choose."""

import io
import json

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_omnihuman.media.aigc_label import AigcLabel, parse_aigc_label, read_aigc_label
from tests.media.media_files import LABEL, make_video, move_label_to_moov_meta

FIELDS = {
    "label": "1",
    "content_producer": "producer",
    "produce_id": "p-1",
    "content_propagator": "spread",
    "propagate_id": "s-1",
}


def test_it_is_read_where_ffmpeg_writes_it(labelled_video):
    assert read_aigc_label(labelled_video) == AigcLabel(json.dumps(LABEL), **FIELDS)


def test_it_is_read_from_the_metadata_of_the_film_itself(labelled_video):
    moved = move_label_to_moov_meta(labelled_video.read_bytes())
    assert b"udta" not in moved
    assert read_aigc_label(moved) == AigcLabel(json.dumps(LABEL), **FIELDS)


def test_it_is_read_in_both_shapes(tmp_path):
    tags = {"AIGC": json.dumps({"AIGC": LABEL})}
    path = make_video(tmp_path / "wrapped.mp4", tags=tags, movflags="use_metadata_tags")
    assert read_aigc_label(path) == AigcLabel(tags["AIGC"], **FIELDS)


def test_a_video_without_it_has_none(video):
    assert read_aigc_label(video) is None


def test_a_remux_drops_it_silently(labelled_video):
    """Why the archive keeps the delivered bytes."""
    target = io.BytesIO()
    with av.open(labelled_video) as source, av.open(target, "w", format="mp4") as copy:
        copy.metadata.update(source.metadata)
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    assert read_aigc_label(target.getvalue()) is None


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("made by AI", "not JSON"),
        ("", "not JSON"),
        ('{"Label":', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('"1"', "no JSON object"),
        ('{"AIGC": "1"}', "no JSON object"),
        ("{}", "none of the standard's fields"),
        ('{"label": "1"}', "none of the standard's fields"),
    ],
)
def test_a_label_that_cannot_be_understood_is_a_label_with_a_problem(raw, problem):
    label = parse_aigc_label(raw)
    assert problem in label.problem
    assert label.raw == raw
    assert label.label is None


def test_numbers_are_taken_as_text():
    assert parse_aigc_label('{"Label": 1}').label == "1"


@given(st.text())
def test_any_text_gives_a_label(raw):
    assert parse_aigc_label(raw).raw == raw


@given(st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.dictionaries(st.text(max_size=9), st.integers()))
def test_any_json_gives_a_label(value):
    assert parse_aigc_label(json.dumps({"Label": value, "More": value})).label == str(json.loads(json.dumps(value)))
