"""What a reviewer reads, and what a no changes in the next round."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.operators.next_round import next_request, with_note
from airflow_provider_omnihuman.operators.review_body import review_body

FACTS = {"duration_s": 5.3, "width": 720, "height": 1280, "fps": 25.0, "bytes": 1_200_000}
URLS = {"video": "https://s/v.mp4", "poster": "https://s/v.jpg"}


def test_the_poster_leads_to_the_video_and_the_measures_stand_beside_it():
    body = review_body(FACTS | {"cost": {"amount": 5.3, "currency": "CNY"}}, {}, urls=URLS)
    assert body.splitlines()[0] == "[![The video's poster](https://s/v.jpg)](https://s/v.mp4)"
    assert "**[Watch the video](https://s/v.mp4)** · 5.3 s · 720 × 1280 · 25 fps · 1.2 MB · about 5.30 CNY" in body


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"reused": True, "cost": {"amount": 0.0, "currency": "CNY"}}, "used again, nothing was paid"),
        ({"billed_seconds": 5.3, "cost": None}, "5.3 s billed"),
        ({"billed_seconds": 0.0, "cost": None}, "1.2 MB"),
    ],
)
def test_what_was_paid_is_told_as_far_as_it_is_known(facts, told):
    (line,) = [line for line in review_body(FACTS | facts, {}, urls=URLS).splitlines() if "Watch" in line]
    assert line.endswith(told)


def test_without_a_picture_there_is_a_link():
    assert "![" not in review_body(FACTS, {}, urls={"video": "https://console/x"})


def test_a_script_is_shown_as_it_is_and_means_nothing_in_markdown():
    body = review_body({}, {}, urls=URLS, text="# No *title*\n===\n\n    [x](javascript:alert(1)) <b>")
    assert "> \\# No \\*title\\*\n> \\=\\=\\=\n> \n> \\[x\\]\\(javascript\\:alert\\(1\\)\\) \\<b\\>" in body


def test_a_prompt_of_several_lines_is_no_markdown_either():
    manifest = {"request": {"prompt": "Calm\n===\n\n    {{ ds }} <b>"}}
    assert "Prompt: Calm \\=\\=\\= \\{\\{ ds \\}\\} \\<b\\>" in review_body({}, manifest, urls=URLS)


def test_the_checks_are_a_table():
    results = [
        {"name": "black", "passed": False, "message": "1.2 s | from 3.0 s"},
        {"name": "fps", "passed": None, "message": "not asked for"},
        {"name": "label", "passed": True, "message": "there"},
    ]
    body = review_body({}, {"checks": {"passed": False, "results": results}}, urls=URLS)
    assert "| ✗ | black | 1\\.2 s \\| from 3\\.0 s |\n| – | fps | not asked for |\n| ✓ | label | there |" in body


@pytest.mark.parametrize("checks", [None, [], {}, {"results": []}, {"results": "x"}, "x"])
def test_without_checks_there_is_no_table(checks):
    assert "|---" not in review_body({}, {"checks": checks}, urls=URLS)


def test_prompt_and_seed_of_the_manifest_are_told_and_the_authors_words_come_first():
    manifest = {"request": {"prompt": "Calm, slow", "seed": 7}}
    body = review_body({}, manifest, urls=URLS, said="Read **twice**.", consequences="*Reject* publishes nothing.")
    assert body.startswith("Read **twice**.\n\n")
    assert "Prompt: Calm, slow  \nSeed: 7" in body
    assert body.endswith("*Reject* publishes nothing.")


@pytest.mark.parametrize(
    ("prompt", "note", "joined"),
    [
        ("Calm", "look  up\n", "Calm. look up"),
        ("Calm.", "Look up", "Calm. Look up"),
        ("平静地说", "看镜头", "平静地说。看镜头"),
        ("平静地说。", "看镜头", "平静地说。看镜头"),
        (None, "Look up", "Look up"),
        ("Calm", " ", "Calm"),
        ("", "", None),
    ],
)
def test_a_note_is_a_sentence_of_its_own(prompt, note, joined):
    assert with_note(prompt, note) == joined


def test_the_next_seed_is_another_one_and_the_same_at_each_try():
    assert next_request({"seed": 7}, note="", luck=99)["seed"] == 8
    assert next_request({"seed": 2**31 - 1}, note="", luck=99)["seed"] == 1
    for random in ({"seed": -1}, {}, {"seed": None}, {"seed": True}):
        assert next_request(random, note="", luck=99)["seed"] == 100
    assert 1 <= next_request({}, note="", luck=2**32 - 1)["seed"] < 2**31
