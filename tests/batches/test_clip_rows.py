"""Rows become what is to be rendered: by columns, defaults and a script, each with a name that stays."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.batches.clip_rows import ROW_FIELDS, RowRules, clip_rows, usable_clip
from airflow_provider_omnihuman.batches.json_rows import rows_of
from airflow_provider_omnihuman.batches.rows import Row
from airflow_provider_omnihuman.batches.script import Script
from airflow_provider_omnihuman.batches.variants import takes, variants
from airflow_provider_omnihuman.presenters.presenter import DEFAULT_SEED
from airflow_provider_omnihuman.task_groups.clips import CLIP_FIELDS

PHOTO = "s3://bucket/p.png"


def clips(*values, **rules):
    return clip_rows(rows_of(values), RowRules(**{"defaults": {"image_url": PHOTO}, **rules}))


def problem(value, **rules):
    (clip,) = clips(value, **rules)
    return clip["problem"]


def test_every_field_of_a_row_is_one_of_a_clip():
    assert set(ROW_FIELDS) | {"name"} == set(CLIP_FIELDS)


def test_a_row_has_what_its_columns_say_and_else_the_defaults():
    (clip,) = clips(
        {"id": 7, "text": " Hi ", "Photo": "https://example.com/x.png", "seed": "12", "mask_url": f"{PHOTO} {PHOTO}", "x": "y"},
        columns={"Photo": "image_url"},
        defaults={"image_url": PHOTO, "voice": "v", "prompt": ""},
    )
    assert usable_clip(clip) == {
        "name": "7",
        "text": "Hi",
        "image_url": "https://example.com/x.png",
        "seed": 12,
        "mask_url": [PHOTO, PHOTO],
        "voice": "v",
    }


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"text": " "}, "row 1: it has no text"),
        ({"text": 5}, "row 1, column 'text': text must be text, not int 5"),
        ({"text": "a", "seed": "1.5"}, "row 1, column 'seed': seed must be a whole number of -1 or more, not '1.5'"),
        ({"text": "a", "seed": True}, "row 1, column 'seed': seed must be a whole number"),
        ({"text": "a", "seed": -2}, "row 1, column 'seed': seed must be a whole number of -1 or more"),
        ({"text": "a", "image_url": "p.png"}, "row 1, column 'image_url': image_url must be an http(s) URL"),
        ({"text": "a", "image_url": "s3://bucket"}, "row 1, column 'image_url': image_url must name an object"),
        ({"text": "a", "mask_url": {}}, "row 1, column 'mask_url': mask_url must be a URL or a list"),
        ({"text": "a", "mask_url": [3]}, "row 1, column 'mask_url': mask_url must be an http(s) URL, not int 3"),
        ({"text": "a", "audio_url": PHOTO}, "row 1: it has an audio_url, and the rows of this batch are spoken"),
    ],
)
def test_a_row_that_cannot_be_used_says_which_value_is_wrong(row, says):
    assert problem(row).startswith(says)
    with pytest.raises(InvalidRequestError, match="nothing was paid for it"):
        usable_clip(clips(row)[0])


def test_all_that_is_wrong_with_a_row_is_told_at_once():
    told = problem({"seed": "x", "image_url": "ftp://x"}, script=Script("{{ name }}"))
    assert told.count("row 1") == 3


def test_a_row_needs_a_face():
    assert problem({"text": "a"}, defaults={}) == "row 1: it has neither an image_url nor a presenter"
    assert problem({"text": "a", "presenter": "anna"}, defaults={}) is None


def test_rows_of_audio_have_audio():
    assert problem({"text": "a"}, speak=False) == "row 1: it has no audio_url"
    (clip,) = clips({"audio_url": "s3://bucket/a.wav", "text": "for the report", "voice": "v"}, speak=False)
    assert usable_clip(clip) == {"name": clip["id"], "audio_url": "s3://bucket/a.wav", "image_url": PHOTO, "seed": DEFAULT_SEED}


def test_a_row_has_a_fixed_seed_unless_its_presenter_brings_one():
    seeds = {"with": 7, "without": None}

    def seed_of(name):
        if name not in seeds:
            raise InvalidRequestError(f"there is no presenter {name}")
        return seeds[name]

    rows = [{"text": "a", "presenter": name} for name in ("with", "without", "nobody")]
    own, fixed, nobody = clips({**rows[0], "seed": -1}, *rows[1:], seed_of=seed_of)
    assert (own["seed"], fixed["seed"]) == (-1, DEFAULT_SEED)
    assert nobody["problem"] == "row 3: there is no presenter nobody"
    assert "seed" not in clips(rows[0], seed_of=seed_of)[0]


def test_a_row_with_a_presenter_of_its_own_is_presented_by_that_one():
    (own,), (other,) = (
        clips({"text": "a", **row}, defaults={"presenter": "anna", "voice": "v", "image_url": PHOTO})
        for row in ({"presenter": "ben"}, {"prompt": "calm"})
    )
    assert {name: own.get(name) for name in ("presenter", "voice", "image_url")} == {
        "presenter": "ben",
        "voice": None,
        "image_url": None,
    }
    assert (other["presenter"], other["voice"], other["prompt"]) == ("anna", "v", "calm")


def test_a_row_keeps_its_name_from_run_to_run():
    assert [clip["id"] for clip in clips({"id": 5, "text": "a"}, {"key": "k", "text": "a"})] == ["5", "k"]
    assert clips({"no": "x1", "text": "a"}, columns={"no": "id"})[0]["id"] == "x1"
    assert clips({"no": "x1", "id": "i", "text": "a"}, id_column="no")[0]["id"] == "x1"
    (unnamed,), (same,), (other,) = clips({"text": "a"}), clips({"text": "a"}), clips({"text": "b"})
    assert unnamed["id"] == same["id"] != other["id"]
    assert unnamed["id"].startswith("1-")


def test_two_rows_of_one_name_are_not_taken_for_each_other():
    first, second = clips({"id": 5, "text": "a"}, {"id": 5, "text": "b"})
    assert first["problem"] is None
    assert second["problem"] == "row 2: its id '5' is that of row 1"
    assert second["id"] == "5 (2)"


def test_the_same_row_twice_is_paid_for_once():
    first, twice, random, again, alike = clips(
        {"text": "a"}, {"text": "a"}, {"text": "a", "seed": -1}, {"text": "a", "seed": -1}, {"text": "a", "email": "x"}
    )
    assert twice["problem"].startswith("row 2: it is the same as row 1, and would be paid for twice")
    assert {clip["problem"] for clip in (first, random, again, alike)} == {None}
    bad = clip_rows([Row(number, problem="it is no CSV") for number in (1, 2)], RowRules())
    assert [clip["problem"] for clip in bad] == ["row 1: it is no CSV", "row 2: it is no CSV"]


def test_a_column_that_no_row_has_is_refused_where_another_value_would_take_its_place():
    row = {"text": "a", "Photo": PHOTO}
    for rules in ({"columns": {"Foto": "image_url"}}, {"id_column": "Foto"}):
        with pytest.raises(InvalidRequestError, match="no row has a column 'Foto': there are text, Photo"):
            clips(row, **rules)
    assert clips(columns={"Foto": "image_url"}) == []
    assert clips({"text": "a"}, row, columns={"Photo": "image_url"})[0]["problem"] is None


def test_what_the_dag_says_of_a_column_wins_over_the_name_of_another():
    own = "s3://bucket/own.png"
    for row in ({"Photo": own, "image_url": PHOTO}, {"image_url": PHOTO, "Photo": own}):
        (clip,) = clips({"text": "a", **row}, columns={"Photo": "image_url"})
        assert clip["image_url"] == own


def test_a_row_that_could_not_be_read_is_told_with_its_place():
    (clip,) = clip_rows([Row(3, line=5, problem="it is no CSV")], RowRules())
    assert clip["problem"] == "row 3 (line 5): it is no CSV"


@pytest.mark.parametrize(
    "rules", [{"columns": {"a": "txt"}}, {"defaults": {"aigc_meta": "x"}}, {"defaults": {"seed": "x"}}, {"columns": "{}"}]
)
def test_rules_for_all_rows_are_refused_at_once(rules):
    with pytest.raises(InvalidRequestError):
        RowRules(**rules)


@pytest.mark.parametrize(
    ("source", "cells", "text"),
    [
        ("Hello {{ name }}!", {"name": " Anna "}, "Hello Anna!"),
        ("{{ row['First name'] }}", {"First name": "Anna"}, "Anna"),
        ("{{ name | default('friend') }}", {"name": ""}, "friend"),
        ("{{ name }}", {"name": "{{ 7 * 7 }} & <b>"}, "{{ 7 * 7 }} & <b>"),
        ("{{ n + 1 }}", {"n": 1}, "2"),
    ],
)
def test_a_script_is_filled_in_from_its_row(source, cells, text):
    assert Script(source).fill(cells) == text


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{{ nmae }}", r"there is no column 'nmae' \(there are name, city\): .*{{ nmae | default"),
        ("{{ city }}", "column 'city' is empty"),
        ("{{ city }}{{ x }}", "column 'city' is empty and there is no column 'x'"),
        ("{{ name.__class__.__mro__ }}", "unsafe"),
        ("{{ row.update(a=1) }}", "unsafe|not safely callable"),
        ("{{ ''.join(range(10 ** 9) | map('string')) }}", "OverflowError|range"),
        ("{{ conn.aws_default }}", "there is no column 'conn'"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ range }}", "there is no column 'range'"),
        ("{{ row }}", r"gives {'name': 'Anna'}, which cannot be spoken"),
        ("{{ row.get('x') }}", "gives None, which cannot be spoken"),
        ("{{ name.upper }}", "gives <built-in method upper .*, which cannot be spoken"),
    ],
)
def test_a_script_that_cannot_be_filled_in_says_why_and_reaches_nothing_else(source, says):
    with pytest.raises(InvalidRequestError, match=says):
        Script(source).fill({"name": "Anna", "city": " "})


@pytest.mark.parametrize(("source", "says"), [("", "script is empty"), ("a\n{{ b", "script is no template: line 2")])
def test_a_script_that_is_none_is_refused(source, says):
    with pytest.raises(InvalidRequestError, match=says):
        Script(source)


def test_variants_are_each_script_by_each_face():
    rows = variants({"en": "Hello", "es": "Hola"}, presenters=["anna"], portraits={"cat": PHOTO}, voices={"es": "es_female"})
    assert [(row["id"], row["text"], row.get("presenter"), row.get("image_url"), row.get("voice")) for row in rows] == [
        ("en-anna", "Hello", "anna", None, None),
        ("en-cat", "Hello", None, PHOTO, None),
        ("es-anna", "Hola", "anna", None, "es_female"),
        ("es-cat", "Hola", None, PHOTO, "es_female"),
    ]
    assert [row["id"] for row in variants({"en": "Hello"}, portraits=[PHOTO, PHOTO])] == ["en-1", "en-2"]
    assert all(clip["problem"] is None for clip in clip_rows(rows_of(rows), RowRules()))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (({},), "scripts is empty"),
        (({"en": "Hello"},), "neither a presenter nor a portrait"),
        (({"en": "Hello"}, {"presenters": ["a"], "voices": {"fr": "v"}}), "voices has fr"),
    ],
)
def test_variants_of_nothing_are_refused(arguments, says):
    scripts, options = (*arguments, {})[:2]
    with pytest.raises(InvalidRequestError, match=says):
        variants(scripts, **options)


def test_takes_are_the_same_row_with_other_seeds():
    rows = takes([{"id": "hi", "text": "Hi", "seed": 5}, {"text": "b"}], [1, 9])
    assert [(row.get("id"), row["take_of"], row["seed"]) for row in rows] == [
        ("hi-take1", "hi", 1),
        ("hi-take2", "hi", 9),
        (None, "row2", 1),
        (None, "row2", 9),
    ]
    read = clips(*rows)
    assert [(clip["id"], clip["take_of"], clip["seed"]) for clip in read[:2]] == [("hi-take1", "hi", 1), ("hi-take2", "hi", 9)]


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1], ["1"], [True]])
def test_takes_need_seeds_that_can_be_used_again(seeds):
    with pytest.raises(InvalidRequestError, match="seeds of takes must be different whole numbers"):
        takes([{"text": "a"}], seeds)
