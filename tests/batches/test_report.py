"""What became of the rows: sums, a page that runs nothing, posters made small."""

from __future__ import annotations

import io
from html.parser import HTMLParser

import pytest
from PIL import Image

from airflow_provider_omnihuman.api.errors import InvalidRequestError, ServiceError
from airflow_provider_omnihuman.batches.failures import failure_of, leave_word
from airflow_provider_omnihuman.batches.outcomes import grouped, outcome_of, report_document, totals_of
from airflow_provider_omnihuman.batches.page import check_base_url, report_page
from airflow_provider_omnihuman.batches.pictures import Tile, contact_sheet, thumbnail, thumbnail_px
from tests.task_context import task_context

DONE = {"g.speech": "success", "g.render": "success", "g.archive": "success"}
FAILED = {"g.speech": "success", "g.render": "failed", "g.archive": "upstream_failed"}
LOST = {"g.speech": "success", "g.render": "success", "g.archive": "failed"}
HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>{{ 7 * 7 }}"


def row(number=1, **fields):
    return {"id": f"r{number}", "number": number, "name": f"row {number}", "take_of": None, "text": "Hello.", **fields}


def archived(name="a", *, reused=False, seconds=2.0, currency="CNY"):
    cost = {"amount": 0.0 if reused else seconds, "currency": currency}
    billed = {"billed_seconds": 0.0 if reused else seconds, "cost": cost}
    uris = {"uri": f"s3://bucket/{name}.mp4", "manifest_uri": f"s3://bucket/{name}.json", "poster_uri": f"s3://bucket/{name}.jpg"}
    return {**uris, "duration_s": seconds, "reused": reused, **billed}


def document(*outcomes, **fields):
    airflow = {"dag_id": "a_dag", "run_id": "a_run"}
    return report_document(
        outcomes, **{"title": "T", "airflow": airflow, "created_at": "now", "contact_sheet_uri": None, **fields}
    )


def picture(width=640, height=360, colour=(200, 30, 30)):
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG")
    return file.getvalue()


def test_sums_tell_what_was_made_what_was_saved_and_what_was_lost():
    outcomes = [
        outcome_of(row(1), states=DONE, archived=archived("a", seconds=2.5)),
        outcome_of(row(2), states=DONE, archived=archived("b", reused=True)),
        outcome_of(row(3), states=DONE, archived=archived("c", currency="USD")),
        outcome_of(row(4), states=FAILED, archived=None),
        outcome_of(
            row(5),
            states=LOST,
            archived=None,
            estimate={"estimated_seconds": 4.0, "estimated_cost": {"amount": 4.0, "currency": "CNY"}},
        ),
        outcome_of(row(6), states={**FAILED, "g.render": "skipped"}, archived=None),
        outcome_of(row(7), states=dict.fromkeys(DONE), archived=None),
    ]
    assert totals_of(outcomes) == {
        "rows": 7,
        "rendered": 2,
        "reused": 1,
        "failed": 2,
        "skipped": 1,
        "unfinished": 1,
        "seconds": 6.5,
        "billed_seconds": 8.5,
        "cost": [{"amount": 6.5, "currency": "CNY"}, {"amount": 2.0, "currency": "USD"}],
        "lost_cost": [{"amount": 4.0, "currency": "CNY"}],
    }


def test_a_failure_is_told_in_the_words_of_its_error():
    error = ServiceError("Post Img Risk Not Pass", code="50511", request_id="r1", advice="try another seed")
    word = failure_of(error)
    assert word == {
        "message": "[50511] Post Img Risk Not Pass (request r1)",
        "advice": "try another seed",
        "code": "50511",
        "error": "ServiceError",
    }
    outcome = outcome_of(row(), states=FAILED, archived=None, failure=word)
    assert outcome["failure"] == {"task": "g.render", **word}


def test_a_failure_of_airflows_own_is_told_by_the_error_that_it_stands_for():
    from airflow.providers.common.compat.sdk import AirflowFailException

    error = AirflowFailException("outer")
    error.__cause__ = InvalidRequestError("inner", advice="mend it")
    assert failure_of(error)["message"] == "inner"
    assert failure_of(KeyError("x"))["message"] == "'x'"
    assert failure_of(ValueError())["message"] == "ValueError"
    secret = "https://store.example/p.png?X-Amz-Signature=abc"
    assert "abc" not in failure_of(ValueError(secret))["message"]


def test_a_task_leaves_word_once_it_has_failed_by_itself():
    context = task_context()
    leave_word({**context, "exception": ValueError("no")})
    assert context["ti"].xcoms["failure"]["message"] == "no"
    leave_word({**context, "exception": "task was killed"})  # by whom it was not, has no XCom to push: pushing twice would fail
    leave_word(context)


def test_a_task_that_left_no_word_is_told_as_such():
    failure = outcome_of(row(), states=LOST, archived=None)["failure"]
    assert failure["task"] == "g.archive"
    assert "left no word" in failure["message"]
    assert failure["advice"] == "see the log of that task"


def test_a_report_shows_no_signature_of_an_audio():
    signed = row(audio_url="https://store.example/a.wav?X-Amz-Signature=abc")
    assert outcome_of(signed, states=DONE, archived=archived())["audio_url"] == "https://store.example/a.wav"


def test_takes_of_a_row_stand_together():
    rows = [row(1), row(2, take_of="a"), row(2, take_of="a"), row(3, take_of="b"), row(4)]
    assert [(take_of, len(members)) for take_of, members in grouped(rows)] == [(None, 1), ("a", 2), ("b", 1), (None, 1)]


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_a_hostile_row_is_shown_and_not_run():
    hostile = row(1, id=HOSTILE, name=HOSTILE, text=HOSTILE, audio_url=HOSTILE, take_of=HOSTILE)
    failure = {"message": HOSTILE, "advice": HOSTILE}
    made = {**archived(), "uri": f"s3://bucket/{HOSTILE}.mp4", "poster_uri": f"s3://bucket/{HOSTILE}.jpg"}
    outcomes = [
        outcome_of(hostile, states=FAILED, archived=None, failure=failure),
        outcome_of(hostile, states=DONE, archived=made),
    ]
    thumbnails = {made["poster_uri"]: picture()}
    for base_url in (None, "https://v.example/"):
        page = report_page(document(*outcomes, title=HOSTILE), thumbnails=thumbnails, base_url=base_url)
        tags = Tags(page).found
        assert {tag for tag, _ in tags} & {"script", "iframe", "object", "form"} == set()
        assert [attrs["src"][:23] for tag, attrs in tags if tag == "img"] == ["data:image/jpeg;base64,"]
        assert not [name for _, attrs in tags for name in attrs if name.startswith("on")]
        assert {attrs["href"].partition("%")[0] for tag, attrs in tags if tag == "a"} <= {"https://v.example/"}
        assert page.count("{{ 7 * 7 }}") >= 5
        assert "default-src 'none'" in page


def test_the_page_links_to_the_videos_where_the_bucket_is_served():
    made = {**archived(), "uri": "s3://bucket/a b/ü.mp4"}
    page = report_page(document(outcome_of(row(), states=DONE, archived=made)), thumbnails={}, base_url="https://v.example/x/")
    assert '<a href="https://v.example/x/a%20b/%C3%BC.mp4">watch</a>' in page
    page = report_page(document(outcome_of(row(), states=DONE, archived=made)), thumbnails={})
    assert "<a " not in page
    assert "<code>s3://bucket/a b/ü.mp4</code>" in page


def test_a_batch_without_rows_has_a_page_too():
    assert "The batch has no rows." in report_page(document(), thumbnails={})


@pytest.mark.parametrize("url", ["javascript:alert(1)", "s3://bucket", "https://", "https://v.example/?a=b", 5])
def test_a_base_url_that_is_none_is_refused(url):
    with pytest.raises(InvalidRequestError, match="base_url must be an http"):
        check_base_url(url)


def test_a_base_url_ends_in_a_slash():
    assert check_base_url("https://v.example/x") == check_base_url("https://v.example/x/") == "https://v.example/x/"
    assert check_base_url(None) is None


def test_posters_become_small_and_broken_ones_are_left_out():
    small = Image.open(io.BytesIO(thumbnail(picture(1920, 1080), size_px=320)))
    assert (small.format, small.size) == ("JPEG", (320, 180))
    assert thumbnail(b"no picture", size_px=320) is None
    assert thumbnail(picture()[:400], size_px=320) is None
    assert [thumbnail_px(count) for count in (3, 100, 1000)] == [320, 240, 160]


@pytest.mark.parametrize(
    ("shape", "tiles", "size"),
    [
        ((320, 180), 2, (2 * 332 + 12, 1 * 220 + 12)),
        ((320, 180), 7, (6 * 332 + 12, 2 * 220 + 12)),
        ((180, 320), 2, (2 * 192 + 12, 1 * 360 + 12)),
    ],
)
def test_all_posters_stand_on_one_sheet(shape, tiles, size):
    jpeg = thumbnail(picture(*shape), size_px=320)
    sheet = Image.open(io.BytesIO(contact_sheet([Tile("Ünï 小明 " * 20, None), *[Tile("b", jpeg)] * (tiles - 1)], size_px=320)))
    assert sheet.size == size
    step = 332 if shape[0] > shape[1] else 192
    red, green, _ = sheet.getpixel((12 + step + 60, 12 + 60))
    assert red > 150 > green, "the second tile shows its poster"
    red, green, _ = sheet.getpixel((12 + 60, 12 + 60))
    assert abs(red - green) < 10, "the first has none"


def test_a_sheet_of_many_rows_is_none_that_is_too_tall_for_a_picture():
    tall = thumbnail(picture(90, 160), size_px=160)
    sheet = Image.open(io.BytesIO(contact_sheet([Tile("", tall), *[Tile("", None)] * 1999], size_px=160)))
    assert max(sheet.size) < 20_000
