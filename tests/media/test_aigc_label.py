"""The label, in each place and shape that a writer may choose."""

import io
import json

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_omnihuman.media.aigc_label import (
    AigcLabel,
    label_differences,
    label_of_all,
    parse_aigc_label,
    read_aigc_label,
)
from tests.media.media_files import LABEL, make_video, move_label_to_moov_meta

FIELDS = {
    "label": "1",
    "content_producer": "producer",
    "produce_id": "p-1",
    "content_propagator": "spread",
    "propagate_id": "s-1",
}


@pytest.mark.parametrize("shape", [LABEL, {"AIGC": LABEL}], ids=["flat", "wrapped"])
@pytest.mark.parametrize("place", ["moov/udta/meta", "moov/meta"])
def test_it_is_read_in_both_places_and_both_shapes(tmp_path, place, shape):
    raw = json.dumps(shape)
    file = make_video(tmp_path / "v.mp4", tags={"AIGC": raw}, movflags="use_metadata_tags").read_bytes()
    if place == "moov/meta":
        file = move_label_to_moov_meta(file)
    assert (b"udta" in file) == (place == "moov/udta/meta")
    assert read_aigc_label(file) == AigcLabel(raw, **FIELDS)


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


ASKED = {"producer_id": "p-1", "content_propagator": "spread", "content_producer": "producer", "propagate_id": "s-1"}


def test_a_label_that_says_what_was_asked_for_has_no_differences():
    assert label_differences(ASKED, AigcLabel("", **FIELDS)) == []
    assert label_differences({"producer_id": "p-1"}, AigcLabel("", **FIELDS)) == []


@pytest.mark.parametrize("nothing", [None, {}])
@pytest.mark.parametrize("found", [None, AigcLabel("", problem="it is not JSON"), AigcLabel("", **FIELDS)])
def test_where_nothing_was_asked_there_is_nothing_to_compare(nothing, found):
    assert label_differences(nothing, found) == []


@pytest.mark.parametrize(
    ("asked", "field", "attribute"),
    [
        ("producer_id", "ProduceID", "produce_id"),
        ("content_propagator", "ContentPropagator", "content_propagator"),
        ("content_producer", "ContentProducer", "content_producer"),
        ("propagate_id", "PropagateID", "propagate_id"),
    ],
)
def test_each_field_is_compared_with_its_own(asked, field, attribute):
    other = AigcLabel("", **FIELDS | {attribute: "other"})
    assert label_differences(ASKED, other) == [f"{field} is 'other', asked for was {asked} {ASKED[asked]!r}"]
    missing = AigcLabel("", **FIELDS | {attribute: None})
    assert label_differences(ASKED, missing) == [f"{field} is missing, asked for was {asked} {ASKED[asked]!r}"]


def test_no_label_and_one_that_cannot_be_read_are_one_difference():
    assert label_differences(ASKED, None) == ["there is no label in the file"]
    assert label_differences(ASKED, parse_aigc_label("x")) == ["the label in the file cannot be read: it is not JSON"]


@given(st.text())
def test_any_label_can_be_compared(raw):
    assert all(isinstance(item, str) for item in label_differences(ASKED, parse_aigc_label(raw)))


def test_the_label_of_a_film_is_the_first_one_that_can_be_read():
    broken, first, other = (parse_aigc_label(raw) for raw in ("x", '{"ProduceID": "1"}', '{"ProduceID": "2"}'))
    told = "the clips' AIGC labels differ, and the film has the first one's that can be read"
    assert label_of_all([broken, first, other]) == (first.raw, told)
    assert label_of_all([broken, broken]) == ("x", None), "it is a label still"


def test_an_empty_label_is_none(tmp_path):
    video = make_video(tmp_path / "empty.mp4", seconds=0.2, tags={"AIGC": ""}, movflags="use_metadata_tags")
    assert read_aigc_label(video) is None
