"""A script is read strictly: what is wrong with it is told by line and field, before anything is paid for."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.dialogue.document import MAX_BYTES, is_place, script_document
from airflow_provider_omnihuman.dialogue.length import shortest_speech_s
from airflow_provider_omnihuman.dialogue.script import Line, Speaker, read_script

LINES = [{"speaker": "Anna", "text": "Hi."}, {"speaker": "Ben", "text": "Hello."}, {"speaker": "Anna", "text": "Bye."}]


def test_lines_come_in_order_and_speakers_as_they_first_speak():
    dialogue = read_script(LINES)
    assert [(line.number, line.speaker, line.text) for line in dialogue.lines] == [
        (1, "Anna", "Hi."),
        (2, "Ben", "Hello."),
        (3, "Anna", "Bye."),
    ]
    assert [speaker.name for speaker in dialogue.speakers] == ["Anna", "Ben"]
    assert dialogue.lines_of(dialogue.speaker("Anna")) == 2


def test_speakers_are_told_once_and_lines_may_be_short():
    dialogue = read_script(
        {
            "speakers": {
                "Cy": None,
                "Ben": {"voice": "v", "engine": "local", "seed": 3},
                "Anna": {"subject": 2, "prompt": " p "},
            },
            "lines": [
                {"Anna": "Hi."},
                {"speaker": "Ben", "text": " Hello. ", "voice": "w", "pause": 1, "prompt": None, "engine": ""},
            ],
        }
    )
    assert dialogue.lines == (
        Line(number=1, speaker="Anna", text="Hi."),
        Line(number=2, speaker="Ben", text="Hello.", voice="w", pause_s=1),
    )
    assert dialogue.speakers == (
        Speaker(name="Anna", subject=2, prompt="p"),
        Speaker(name="Ben", voice="v", engine="local", seed=3),
        Speaker(name="Cy"),
    )


def test_what_the_dag_says_of_a_speaker_wins_over_the_script():
    script = {"speakers": {"Anna": {"voice": "v", "prompt": "p"}}, "lines": LINES}
    dialogue = read_script(script, speakers={"Anna": {"voice": "w"}, "Ben": {"subject": 1}})
    assert dialogue.speakers == (Speaker(name="Anna", voice="w", prompt="p"), Speaker(name="Ben", subject=1))


@pytest.mark.parametrize("other", ["Jose\u0301", " Jos\u00e9 ", "Jos\u00e9\n"])
def test_a_name_is_the_same_however_its_accents_and_spaces_are_encoded(other):
    dialogue = read_script(
        {"speakers": {"Jos\u00e9": {"voice": "v"}}, "lines": [{other: "Hi."}, {"speaker": other, "text": "Ho."}]}
    )
    assert [line.speaker for line in dialogue.lines] == ["Jos\u00e9"] * 2
    assert [speaker.name for speaker in dialogue.speakers] == ["Jos\u00e9"]


@pytest.mark.parametrize("other", ["anna", "An\u200bna", "\uff21nna"])
def test_two_names_that_are_one_are_no_two_people(other):
    with pytest.raises(InvalidRequestError, match=r"speakers 'Anna' and '.*' differ by capitals, or by what cannot be seen"):
        read_script([{"speaker": "Anna", "text": "Hi."}, {"speaker": other, "text": "Ho."}])


ANNA = {"Anna": {}}


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ([], "has no lines"),
        (None, "has no lines"),
        ({"speakers": ANNA}, "has no lines"),
        ("Anna: Hi", "must be a list, not str 'Anna: Hi'"),
        ({"lines": {"Anna": "Hi"}}, "must be a list, not dict"),
        ({"lines": LINES, "voices": {}}, "the dialogue has an unknown field 'voices'"),
        ({"lines": LINES, "speakers": ["Anna"]}, "speakers of a dialogue must be a mapping, by their names, not list"),
        ({"lines": LINES, "speakers": {"Anna": "voice"}}, "speaker 'Anna' must be a mapping of fields, not str"),
        (
            {"lines": LINES, "speakers": {"Anna": {"voise": "v"}}},
            "speaker 'Anna' has an unknown field 'voise': did you mean 'voice'",
        ),
        ({"lines": LINES, "speakers": {"Anna": {"subject": 0}}}, "'Anna': subject must be a whole number from 1 to 5, not 0"),
        ({"lines": LINES, "speakers": {"Anna": {"subject": True}}}, "subject must be a whole number"),
        ({"lines": LINES, "speakers": ANNA}, "line 2: there is no speaker 'Ben': there are Anna"),
        ({"lines": [{"anna": "Hi"}], "speakers": ANNA}, "there is no speaker 'anna': did you mean 'Anna'"),
        ({"lines": LINES, "speakers": {False: {}}}, "a speaker's name must be text, not bool False: put it into quotes"),
        ({"lines": LINES, "speakers": {"Anna": {}, "Anna ": {}}}, "speaker 'Anna' is given twice"),
        (
            {"lines": LINES, "speakers": {"Anna": {"engine": "dubao"}}},
            "speaker 'Anna': there is no speech engine 'dubao': did you mean 'doubao'",
        ),
        ([{"speaker": "Anna", "text": "Hi", "engine": "x"}], "line 1: there is no speech engine 'x': use one of doubao, polly"),
        ([{"speaker": "Anna", "text": "Hi \ud800"}], "line 1: text holds half a character"),
        ({"lines": [{"Ben": "Hi"}], "speakers": ANNA}, "line 1: there is no speaker 'Ben'"),
        ([*LINES, "Hi"], "line 4 must be a mapping of speaker and text, not str 'Hi'"),
        ([{"speaker": "Anna"}], "line 1: text is missing"),
        ([{"text": "Hi"}], "line 1: speaker is missing"),
        ([{"Anna": "Hi"}], "line 1 has an unknown field 'Anna'"),
        ([*LINES, {"speaker": "Anna", "text": " \n"}], "line 4: text is empty"),
        ([{"speaker": "Anna", "text": None}], "line 1: text is empty"),
        ([{"speaker": "Anna", "text": 5}], "line 1: text must be text, not int 5"),
        ([*LINES, {"speaker": "Anna", "text": "… —"}], r"line 4 \(Anna\): there is nothing to say in '… —'"),
        ([{"speaker": 7, "text": "Hi"}], "line 1: speaker must be text, not int 7"),
        ([{"speaker": "Anna", "text": "Hi", "mood": "calm"}], "line 1 has an unknown field 'mood'"),
        ([{"speaker": "Anna", "text": "Hi", "pause": -1}], r"line 1 \(Anna\): pause must be seconds from 0 to 30, not -1"),
        ([{"speaker": "Anna", "text": "Hi", "seed": 1.5}], "line 1: seed must be a whole number"),
        ([{"speaker": "Anna", "text": "你好" * 400}], r"line 1 \(Anna\): 800 characters take 67 s or more to say"),
        ([{"speaker": "Anna", "text": "word " * 700}], r"line 1 \(Anna\): 3499 characters take 70 s or more"),
    ],
)
def test_what_is_wrong_is_named(script, says):
    with pytest.raises(InvalidRequestError, match=says):
        read_script(script)


@settings(max_examples=40, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_whatever_a_script_holds_it_is_read_or_refused(script):
    with suppress(InvalidRequestError):
        assert read_script(script).lines


@pytest.mark.parametrize("text", [json.dumps(LINES), json.dumps(LINES, indent="\t"), json.dumps(LINES).encode("utf-8-sig")])
def test_json_is_read(text):
    assert script_document(text) == LINES


def test_a_list_that_a_template_made_a_text_of_is_read_as_it_was():
    lines = [{"speaker": "Anna", "text": 'It\'s "you".\nYes.\xa0', "pause": 1.5, "voice": None}]
    assert script_document(str(lines)) == lines
    assert script_document(f" {lines[0]}\n") == lines[0]


def test_yaml_is_read():
    text = "speakers:\n  Anna: {voice: v}\nlines:\n  - Anna: Hi.\n  - speaker: Anna\n    text: >\n      Long\n      text.\n"
    assert script_document(text) == {
        "speakers": {"Anna": {"voice": "v"}},
        "lines": [{"Anna": "Hi."}, {"speaker": "Anna", "text": "Long text.\n"}],
    }
    assert script_document(LINES) is LINES


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (" \n", "is empty"),
        ("lines:\n  - Anna: Hi: there", "neither JSON nor YAML, in line 2 of the text: mapping values are not allowed here"),
        ("lines:\n  - Anna: \x00", "neither JSON nor YAML"),
        ("[" * 500, "nested too deep"),
        (b"\xff\xfe", "is not UTF-8, at byte 0"),
        ("Hello\nthere", "must hold a list of lines, not str"),
        ("x" * (MAX_BYTES + 1), "larger than 256 KB"),
        ("!!python/object/apply:os.getcwd []", "neither JSON nor YAML"),
        ("- Anna: Hi\n  Anna: Bye", "in line 2 of the text: 'Anna' is given twice"),
        ('[{"speaker": "Anna", "text": "Hi", "text": "Bye"}]', "'text' is given twice"),
        ("- &a [x]\n- [*a, *a]", "in line 2 of the text: aliases .* are not allowed"),
        ("- Anna: 2026-02-31", "neither JSON nor YAML: a date or a number that is none"),
    ],
)
def test_what_is_no_script_is_refused(text, says):
    with pytest.raises(InvalidRequestError, match=says):
        script_document(text)


def test_what_is_in_a_file_that_is_no_script_is_not_shown():
    with pytest.raises(InvalidRequestError) as caught:
        script_document(b"a-token-of-the-worker", source="the script token")
    assert str(caught.value) == "the script token must hold a list of lines, not str"


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("samples/dialogue.yaml", True),
        ("s3://b/d.json", True),
        ('[{"speaker": "Anna"}]', False),
        ("- Anna: Hi", False),
        ("lines:\n- Anna: Hi", False),
        ("lines: [{Anna: Hi}]", False),
        (LINES, False),
        ("", False),
    ],
)
def test_a_files_name_is_told_from_a_script(value, place):
    assert is_place(value) is place


def test_no_voice_is_faster_than_is_thought():
    """As measured: espeak-ng at its fastest says some 30 letters a second; a Doubao voice at twice its speed 9 syllables."""
    assert shortest_speech_s("a" * 300) < 300 / 30
    assert shortest_speech_s("你好，世界。" * 10) == pytest.approx(40 / 12)
