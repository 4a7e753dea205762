"""Speakers are bound to subjects from left to right, unless the script says otherwise."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.dialogue.binding import bind, from_left_to_right
from airflow_provider_omnihuman.dialogue.script import read_script
from airflow_provider_omnihuman.media.mask import MaskFacts


def mask(center_x: float, center_y: float = 0.5) -> MaskFacts:
    return MaskFacts(center_x, center_y, center_x - 0.1, 0.2, center_x + 0.1, 0.9, 0.1)


SUBJECTS = from_left_to_right([("largest", mask(0.5)), ("right", mask(0.8)), ("left", mask(0.2))])


def bound(script, subjects=SUBJECTS):
    return {name: subject.mask_url for name, subject in bind(read_script(script), subjects).items()}


def lines(*names):
    return [{"speaker": name, "text": "Hi."} for name in names]


def test_subjects_are_counted_from_left_to_right():
    assert [(subject.number, subject.mask_url) for subject in SUBJECTS] == [(1, "left"), (2, "largest"), (3, "right")]
    above = from_left_to_right([("below", mask(0.5, 0.9)), ("above", mask(0.5, 0.1))])
    assert [subject.mask_url for subject in above] == ["above", "below"]


def test_who_speaks_first_is_on_the_left():
    assert bound(lines("Ben", "Anna", "Ben", "Cy")) == {"Ben": "left", "Anna": "largest", "Cy": "right"}


def test_fewer_speakers_than_subjects_are_fine():
    assert bound(lines("Anna")) == {"Anna": "left"}


def test_a_speaker_may_have_a_subject_and_the_others_take_the_rest():
    script = {"speakers": {"Anna": {}, "Ben": {"subject": 1}, "Cy": {}}, "lines": lines("Anna", "Ben")}
    assert bound(script) == {"Ben": "left", "Anna": "largest"}


def test_one_who_says_nothing_may_have_a_place():
    script = {"speakers": {"Anna": {}, "Ben": {"subject": 1}}, "lines": lines("Anna")}
    assert bound(script) == {"Ben": "left", "Anna": "largest"}


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (lines("A", "B", "C", "D"), r"4 speakers \(A, B, C, D\), and 3 subjects were found in the picture: nobody is left for D"),
        ({"speakers": {"A": {"subject": 4}}, "lines": lines("A")}, "speaker 'A' is to be subject 4, and 3 subjects were found"),
        (
            {"speakers": {"A": {"subject": 2}, "B": {"subject": 2}}, "lines": lines("A", "B")},
            "speakers 'A' and 'B' are both to be subject 2",
        ),
    ],
)
def test_what_cannot_be_bound_is_told(script, says):
    with pytest.raises(InvalidRequestError, match=says):
        bound(script)


def test_one_subject_is_told_in_singular():
    with pytest.raises(InvalidRequestError, match="1 subject was found"):
        bound(lines("A", "B"), SUBJECTS[:1])
