"""Submit and query as the page describes them: bodies, statuses over time, limits, both sites."""

from __future__ import annotations

import json
import threading

import pytest
import requests
from emulator_client import DETECT_KEY, QUERY, RECOGNISE_KEY, SUBMIT, Client

from airflow_provider_omnihuman.emulator.codes import BUSINESS_CODES

# The page's own table of codes, so that the emulator's cannot drift from it.
PAGE_CODES = {
    50411: (400, "Pre Img Risk Not Pass"),
    50511: (400, "Post Img Risk Not Pass"),
    50412: (400, "Text Risk Not Pass"),
    50512: (400, "Post Text Risk Not Pass"),
    50513: (400, "Pre Video Risk Not Pass"),
    50514: (400, "Pre Audio Risk Not Pass"),
    50413: (400, "Post Text Risk Not Pass"),
    50429: (429, "Request Has Reached API Limit, Please Try Later"),
    50430: (429, "Request Has Reached API Concurrent Limit, Please Try Later"),
    50500: (500, "Internal Error"),
    50501: (500, "Internal RPC Error"),
}


def code_of(reply):
    """Return the business code, having checked the envelope around it."""
    document = reply.json()
    assert set(document) - {"status"} == {"code", "data", "message", "request_id", "time_elapsed"}
    assert document["request_id"] == reply.headers["X-Tt-Logid"]
    assert document["time_elapsed"].endswith("ms")
    if document["code"] != 10000:
        assert document["data"] is None
        assert document["status"] == document["code"]
    return document["code"]


class TestSubmit:
    def test_reply_is_the_pages(self, client, body):
        reply = client.call(SUBMIT, body)
        assert code_of(reply) == 10000
        document = reply.json()
        assert document["message"] == "Success"
        assert "status" not in document
        task_id = document["data"]["task_id"]
        assert isinstance(task_id, str)
        assert len(task_id) == 19
        assert str(int(float(task_id))) != task_id or int(task_id) % 1024 == 0  # a float would lose digits

    @pytest.mark.parametrize("name", ["image_url", "audio_url"])
    def test_missing_field(self, client, body, name):
        del body[name]
        assert code_of(client.call(SUBMIT, body)) == 50215

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("image_url", 1),
            ("image_url", ""),
            ("audio_url", None),
            ("audio_url", ["http://127.0.0.1/a"]),
            ("mask_url", "http://127.0.0.1/m"),
            ("mask_url", [1]),
            ("mask_url", ["http://127.0.0.1/m"] * 6),
            ("seed", "7"),
            ("seed", -2),
            ("seed", 1.5),
            ("seed", True),
            ("prompt", None),
            ("prompt", 3),
            ("output_resolution", 480),
            ("output_resolution", "720"),
            ("pe_fast_mode", "true"),
            ("pe_fast_mode", 1),
        ],
    )
    def test_wrong_value(self, client, body, name, value):
        reply = client.call(SUBMIT, body | {name: value})
        assert code_of(reply) == 50215
        assert name in reply.headers["X-Emulator-Detail"]

    @pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "\ud83d"])
    def test_body_that_is_no_object(self, client, text):
        params, headers, data = client.signed(SUBMIT, text.encode(errors="replace").decode())
        assert code_of(client.send(params, headers, data)) == 50215

    @pytest.mark.parametrize(
        ("req_key", "http_status", "code"),
        [
            (None, 400, 50200),
            (5, 400, 50200),
            ("omnihuman", 401, 50400),
            (DETECT_KEY, 400, 50204),
            ("realman_avatar_picture_omni15_cv", 400, 50204),
        ],
    )
    def test_wrong_req_key(self, client, body, req_key, http_status, code):
        reply = client.call(SUBMIT, body | {"req_key": req_key})
        assert (reply.status_code, code_of(reply)) == (http_status, code)

    def test_unknown_fields_are_ignored(self, client, body):
        assert code_of(client.call(SUBMIT, body | {"callback_url": 5})) == 10000

    def test_refused_submits_are_no_jobs(self, client, body):
        client.call(SUBMIT, body | {"seed": "x"})
        state = client.state()
        assert state["accepted"] == 0
        assert state["requests"] == {SUBMIT: {"50215": 1}}


class TestStatuses:
    def test_they_advance_with_the_clock(self, client, body):
        task_id = client.submit(body)
        assert client.status(task_id) == "processing"
        client.wait_until_rendered(task_id)
        assert client.status(task_id) == "processing"  # looking at the inputs takes its time
        client.advance(5)
        assert client.status(task_id) == "in_queue"
        client.advance(8)
        assert client.status(task_id) == "generating"
        client.advance(600)
        assert client.status(task_id) == "done"

    def test_done_waits_for_the_real_video(self, client, body):
        task_id = client.submit(body)
        client.advance(3600)
        if client.status(task_id) != "done":
            assert client.query(task_id).json()["data"]["video_url"] == ""
        data = client.result(task_id, advance_s=0).json()["data"]
        assert requests.get(data["video_url"], timeout=5).content[4:8] == b"ftyp"

    def test_duration_follows_the_audio(self, start, body, site):
        import emulator_drawing as drawing

        client = start(concurrency=0)
        long = site.put("long.wav", drawing.voice_wav(1.8))
        bodies = [body, body | {"audio_url": long}, body | {"audio_url": long, "pe_fast_mode": False}]
        work = [client.wait_until_rendered(client.submit(each))["work_s"] for each in bodies]
        assert work[0] < work[1] < work[2]
        assert 15 < work[2] < 120  # about 15 s, and 35 s for each second of audio

    def test_speed_divides_the_wait_but_not_the_lifetimes(self, start, body):
        client = start(speed=10_000)
        task_id = client.submit(body)
        data = client.result(task_id, advance_s=0).json()["data"]
        assert data["status"] == "done"
        assert requests.get(data["video_url"], timeout=5).status_code == 200

    def test_unknown_task(self, client):
        data = client.query("7000000000000000001").json()["data"]
        assert data == {"status": "not_found", "aigc_meta_tagged": False, "video_url": ""}

    def test_task_of_another_req_key_is_not_found(self, client, body):
        task_id = client.submit(body)
        reply = client.call(QUERY, {"req_key": RECOGNISE_KEY, "task_id": task_id})
        assert reply.json()["data"]["status"] == "not_found"

    @pytest.mark.parametrize("task_id", [7392616336519610409, 7.39e18, None, ""])
    def test_task_id_must_be_a_string(self, client, task_id):
        assert code_of(client.query(task_id)) == 50215

    def test_tasks_expire_after_twelve_hours_and_are_forgotten_later(self, client, body):
        task_id = client.submit(body)
        client.result(task_id)
        client.advance(11 * 3600 - 60)
        assert client.status(task_id) == "done"
        client.advance(120)
        assert client.status(task_id) == "expired"
        client.advance(3600)
        assert client.status(task_id) == "not_found"

    def test_any_status_can_be_forced(self, client, body):
        task_id = client.submit(body)
        client.wait_until_rendered(task_id)
        for status in ("processing", "in_queue", "generating", "done", "not_found", "expired"):
            client.admin("POST", f"/tasks/{task_id}", {"status": status})
            assert client.status(task_id) == status
        client.admin("POST", f"/tasks/{task_id}", {"status": None})
        assert client.status(task_id) in ("processing", "in_queue")


class TestVideoUrl:
    def test_is_fresh_at_each_query_and_dies_after_an_hour(self, client, body):
        task_id = client.submit(body)
        first = client.result(task_id).json()["data"]["video_url"]
        client.advance(3590)
        second = client.query(task_id).json()["data"]["video_url"]
        assert second != first
        assert requests.get(first, timeout=5).status_code == 200
        client.advance(20)
        expired = requests.get(first, timeout=5)
        assert expired.status_code == 403
        assert "expired" in expired.text
        assert requests.get(second, timeout=5).status_code == 200

    def test_cannot_be_tampered_with(self, client, body):
        url = client.result(client.submit(body)).json()["data"]["video_url"]
        assert requests.get(url[:-1] + ("0" if url[-1] != "0" else "1"), timeout=5).status_code == 403
        assert requests.get(url.replace("X-Expires=1", "X-Expires=2"), timeout=5).status_code == 403
        assert requests.get(url.partition("?")[0], timeout=5).status_code == 403

    def test_serves_ranges(self, client, body):
        url = client.result(client.submit(body)).json()["data"]["video_url"]
        whole = requests.get(url, timeout=5)
        assert whole.headers["Content-Type"] == "video/mp4"
        part = requests.get(url, headers={"Range": "bytes=100-299"}, timeout=5)
        assert part.status_code == 206
        assert part.content == whole.content[100:300]
        assert int(requests.head(url, timeout=5).headers["Content-Length"]) == len(whole.content)


class TestLimits:
    def test_one_job_at_a_time_by_default(self, client, body):
        task_id = client.submit(body)
        refused = client.call(SUBMIT, body)
        assert (refused.status_code, code_of(refused)) == (429, 50430)
        client.result(task_id)
        assert code_of(client.call(SUBMIT, body)) == 10000
        assert client.state()["accepted"] == 2

    def test_concurrency_can_be_bought(self, start, body):
        client = start(concurrency=2)
        assert [code_of(client.call(SUBMIT, body)) for _ in range(3)] == [10000, 10000, 50430]

    def test_simultaneous_submits_do_not_slip_through(self, client, body):
        replies = []
        threads = [threading.Thread(target=lambda: replies.append(code_of(client.call(SUBMIT, body)))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(replies) == [10000] + [50430] * 7

    def test_requests_per_second(self, start):
        client = start(qps=3)
        codes = [code_of(client.query("7000000000000000001")) for _ in range(6)]
        assert codes[:3] == [10000] * 3
        assert 50429 in codes[3:]
        assert client.query("7").status_code in (200, 429)


class TestInputs:
    """What is wrong with an input is told at the query, never at the submit."""

    def failure(self, client, body):
        reply = client.result(client.submit(body), advance_s=10)
        assert reply.status_code == 400
        return code_of(reply)

    @pytest.mark.parametrize(
        ("name", "url", "code"),
        [
            ("image_url", "{site}/missing.png", 50220),
            ("audio_url", "{site}/missing.wav", 50220),
            ("image_url", "http://127.0.0.1:9/portrait.png", 50215),
            ("image_url", "data:image/png;base64,AAAA", 50215),
            ("audio_url", "file:///etc/hosts", 50215),
            ("audio_url", "s3://bucket/voice.wav", 50215),
            ("image_url", "http://[::1", 50215),
            ("image_url", "http://169.254.169.254/latest", 50215),
            ("audio_url", "https://example.com/voice.mp3", 50215),
        ],
    )
    def test_unusable_url(self, client, body, site, name, url, code):
        assert self.failure(client, body | {name: url.format(site=site.url)}) == code

    def test_the_whole_url_is_asked_for(self, client, body, site):
        body["image_url"] += "?X-Amz-Signature=a%2Fb&x=1"
        client.wait_until_rendered(client.submit(body))
        assert "/portrait.png?X-Amz-Signature=a%2Fb&x=1" in site.asked

    def test_presigned_s3_urls_work(self, client, body, site, presigned):
        urls = {
            "image_url": presigned("in/portrait of Ada+1.png", site.files["/portrait.png"]),
            "audio_url": presigned("in/声音.wav", site.files["/voice.wav"]),
        }
        assert "X-Amz-Signature" in urls["image_url"]
        assert client.wait_until_rendered(client.submit(body | urls))["code"] is None

    def test_redirects_are_followed_but_not_off_this_machine(self, start, body, site):
        client = start(concurrency=0)
        site.redirects |= {"/here": "/portrait.png", "/away": "http://example.com/portrait.png"}
        client.wait_until_rendered(client.submit(body | {"image_url": f"{site.url}/here"}))
        assert self.failure(client, body | {"image_url": f"{site.url}/away"}) == 50215

    @pytest.mark.parametrize("seconds", [60.0, 75.0])
    def test_audio_from_sixty_seconds_on(self, client, body, site, seconds):
        import emulator_drawing as drawing

        url = site.put("long.wav", drawing.voice_wav(seconds, rate=8000))
        reply = client.result(client.submit(body | {"audio_url": url}), advance_s=10)
        document = reply.json()
        assert (document["code"], document["status"], document["data"]) == (50215, 50215, None)
        assert document["message"] == "Input invalid for this service."
        assert client.state()["billed_s"] == 0

    @pytest.mark.parametrize("name", ["image_url", "audio_url"])
    @pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
    def test_unreadable_file(self, client, body, site, name, data):
        assert self.failure(client, body | {name: site.put("broken", data)}) == 50215

    def test_picture_without_a_subject(self, client, body, site):
        import emulator_drawing as drawing

        assert self.failure(client, body | {"image_url": site.put("empty.png", drawing.empty_png())}) == 50215

    def test_picture_over_the_limits(self, start, body, site):
        import emulator_drawing as drawing

        client = start(concurrency=0)
        assert self.failure(client, body | {"image_url": site.put("w.png", drawing.empty_png(5000, 100))}) == 50215
        heavy = drawing.portrait_png() + b"\0" * 5_000_000
        assert self.failure(client, body | {"image_url": site.put("heavy.png", heavy)}) == 50215

    def test_hosts_can_be_allowed(self, start, body):
        client = start(fetch_hosts=("portraits.invalid",))
        reply = client.result(client.submit(body | {"image_url": "http://portraits.invalid/p.png"}))
        assert "unreachable" in reply.headers["X-Emulator-Detail"]


class TestModeration:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"prompt": "say something unshowable"}, 50511),
            ({"prompt": "something unspeakable"}, 50512),
            ({"prompt": "a copyrighted mouse"}, 50413),
            ({"image_url": "{site}/forbidden-image.png"}, 50411),
            ({"image_url": "{site}/forbidden-video.png"}, 50513),
            ({"audio_url": "{site}/forbidden-audio.wav"}, 50514),
            ({"audio_url": "{site}/risky.wav"}, 50218),
        ],
    )
    def test_words_and_names_at_the_query(self, client, body, site, change, code):
        import emulator_drawing as drawing

        for name in ("forbidden-image.png", "forbidden-video.png"):
            site.put(name, drawing.portrait_png())
        change = {name: value.format(site=site.url) for name, value in change.items()}
        assert code_of(client.result(client.submit(body | change))) == code

    def test_text_is_refused_at_the_submit(self, client, body):
        reply = client.call(SUBMIT, body | {"prompt": "a Forbidden word"})
        assert (reply.status_code, code_of(reply)) == (400, 50412)
        assert client.state()["accepted"] == 0

    def test_output_fails_only_when_the_work_is_over(self, client, body):
        task_id = client.submit(body | {"prompt": "unshowable"})
        client.wait_until_rendered(task_id)
        client.advance(14)
        assert client.status(task_id) == "generating"
        assert code_of(client.result(task_id)) == 50511

    @pytest.mark.parametrize("code", sorted(set(BUSINESS_CODES) - {50412}))
    def test_any_code_on_demand(self, start, body, code):
        client = start()
        reply = client.result(client.submit(body | {"prompt": f"nod, emulate-{code}"}))
        assert code_of(reply) == code


class TestEveryCode:
    def test_page_table(self):
        assert {code: BUSINESS_CODES[code] for code in PAGE_CODES} == PAGE_CODES

    def test_at_the_query_by_the_admin_api(self, client, body):
        task_id = client.submit(body)
        for code, (http_status, message) in BUSINESS_CODES.items():
            client.admin("POST", f"/tasks/{task_id}", {"code": code})
            reply = client.query(task_id)
            assert (code_of(reply), reply.status_code, reply.json()["message"]) == (code, http_status, message)


class TestInternationalSite:
    @pytest.fixture
    def abroad(self, client):
        return Client(client.endpoint, client.admin_url, region="ap-singapore-1", version="2024-06-06")

    def test_url_lies_in_resp_data(self, abroad, body):
        body["req_key"] = "realman_avatar_picture_omni15_cv"
        task_id = abroad.submit(body)
        assert abroad.query(task_id, req_key=body["req_key"]).json()["data"]["resp_data"] == ""
        data = abroad.result(task_id, req_key=body["req_key"]).json()["data"]
        assert data["status"] == "done"
        assert "video_url" not in data
        url = json.loads(data["resp_data"])["video_url"]
        assert requests.get(url, timeout=5).content[4:8] == b"ftyp"

    def test_mainland_req_key_is_not_served(self, abroad, body):
        assert code_of(abroad.call(SUBMIT, body)) == 50204

    def test_sites_do_not_share_tasks(self, abroad, client, body):
        task_id = client.submit(body)
        data = abroad.query(task_id, req_key="realman_avatar_picture_omni15_cv").json()["data"]
        assert data["status"] == "not_found"


META = {
    "content_producer": "001191440300192203821610000",
    "producer_id": "producer_id_test123",
    "content_propagator": "001191440300192203821610000",
    "propagate_id": "propagate_id_test123",
}


class TestAigcLabel:
    def test_is_written_when_the_query_asks(self, client, body):
        import io

        import av

        task_id = client.submit(body)
        plain = client.result(task_id).json()["data"]
        assert plain["aigc_meta_tagged"] is False
        tagged = client.query(task_id, req_json=json.dumps({"aigc_meta": META})).json()["data"]
        assert tagged["aigc_meta_tagged"] is True
        files = [requests.get(data["video_url"], timeout=5).content for data in (plain, tagged)]
        with av.open(io.BytesIO(files[0])) as video:
            assert "AIGC" not in video.metadata
        with av.open(io.BytesIO(files[1])) as video:
            assert json.loads(video.metadata["AIGC"]) == {
                "Label": "1",
                "ContentProducer": META["content_producer"],
                "ProduceID": META["producer_id"],
                "ReservedCode1": "",
                "ContentPropagator": META["content_propagator"],
                "PropagateID": META["propagate_id"],
                "ReservedCode2": "",
            }
        assert b"moov" in files[1][:200]  # still a fast start

    @pytest.mark.parametrize(
        "req_json",
        [
            {"aigc_meta": META},
            "{",
            "[]",
            json.dumps({"aigc_meta": "x"}),
            json.dumps({"aigc_meta": {"producer_id": "p"}}),
            json.dumps({"aigc_meta": {"content_propagator": "p"}}),
            json.dumps({"aigc_meta": {"producer_id": "p" * 257, "content_propagator": "c"}}),
            json.dumps({"aigc_meta": {"producer_id": "p", "content_propagator": "c", "propagate_id": 5}}),
        ],
    )
    def test_wrong_label_is_refused(self, client, req_json):
        assert code_of(client.query("7000000000000000001", req_json=req_json)) == 50215
