"""Recognition and detection of subjects, over the API and by themselves."""

from __future__ import annotations

import io
import json
import time

import av
import emulator_drawing as drawing
import numpy as np
import pytest
import requests
from emulator_client import DETECT_KEY, PROCESS, QUERY, RECOGNISE_KEY, SUBMIT
from PIL import Image, ImageDraw

from airflow_provider_omnihuman.emulator.pictures import read_portrait
from airflow_provider_omnihuman.emulator.subjects import find_subjects


@pytest.fixture
def fast(start):
    return start(speed=100)


def detect(client, url):
    reply = client.call(PROCESS, {"req_key": DETECT_KEY, "image_url": url})
    return json.loads(reply.json()["data"]["resp_data"])


def test_two_subjects_two_masks_the_largest_first(fast, site):
    result = detect(fast, site.put("duo.png", drawing.duo_png()))
    assert (result["code"], result["status"]) == (0, 1)
    masks = [
        np.asarray(Image.open(io.BytesIO(requests.get(url, timeout=5).content)).convert("L")) > 127
        for url in result["object_detection_result"]["mask"]["url"]
    ]
    assert len(masks) == 2
    assert masks[0].shape == (640, 1000)
    assert masks[0].sum() > masks[1].sum()
    assert masks[0][256, 250]  # the face of the larger one, on the left
    assert masks[1][288, 740]
    assert not (masks[0] & masks[1]).any()


def test_masks_expire_after_an_hour(fast, site):
    url = detect(fast, f"{site.url}/portrait.png")["object_detection_result"]["mask"]["url"][0]
    assert requests.get(url, timeout=5).headers["Content-Type"] == "image/png"
    fast.advance(3601)
    assert requests.get(url, timeout=5).status_code == 403


def test_masks_choose_who_speaks(fast, site, body):
    duo = site.put("duo.png", drawing.duo_png())
    masks = detect(fast, duo)["object_detection_result"]["mask"]["url"]
    task_id = fast.submit(body | {"image_url": duo, "mask_url": masks[:1]})
    fast.wait_until_rendered(task_id)  # before the clock is moved: the masks' own URLs would be dead
    url = fast.result(task_id).json()["data"]["video_url"]
    with av.open(io.BytesIO(requests.get(url, timeout=5).content)) as video:
        frames = np.stack([frame.to_ndarray(format="gray") for frame in video.decode(video=0)])
    moved = np.ptp(frames, axis=0) > 40
    half = moved.shape[1] // 2
    assert moved[:, :half].any()  # the larger one, on the left
    assert not moved[:, half:].any()


def test_empty_mask_is_refused(fast, site, body):
    black = drawing.as_bytes(Image.new("L", (600, 800)))
    reply = fast.result(fast.submit(body | {"mask_url": [site.put("black.png", black)]}))
    assert reply.json()["code"] == 50215


def test_no_subject(fast, site):
    result = detect(fast, site.put("empty.png", drawing.empty_png()))
    assert (result["status"], result["object_detection_result"]["mask"]["url"]) == (0, [])


def test_detection_takes_its_time(start, site):
    client = start(speed=8)
    started_s = time.monotonic()
    detect(client, f"{site.url}/portrait.png")
    assert time.monotonic() - started_s >= 0.45  # 4 s of work


@pytest.mark.parametrize(("name", "code"), [("missing.png", 50220), ("broken.png", 50215)])
def test_unusable_picture_fails_at_once(fast, site, name, code):
    site.put("broken.png", b"no picture")
    reply = fast.call(PROCESS, {"req_key": DETECT_KEY, "image_url": f"{site.url}/{name}"})
    assert (reply.status_code, reply.json()["code"]) == (400, code)


@pytest.mark.parametrize(("picture", "expected"), [(drawing.portrait_png, 1), (drawing.empty_png, 0)])
def test_recognition_is_a_task_of_its_own(fast, site, picture, expected):
    url = site.put("picture.png", picture())
    reply = fast.call(SUBMIT, {"req_key": RECOGNISE_KEY, "image_url": url})
    data = fast.result(reply.json()["data"]["task_id"], req_key=RECOGNISE_KEY).json()["data"]
    assert data["status"] == "done"
    assert json.loads(data["resp_data"]) == {"status": expected}
    assert fast.state()["billed_s"] == 0


def test_recognition_does_not_take_the_slot_of_a_video(client, site, body):
    client.submit(body)
    url = f"{site.url}/portrait.png"
    assert client.call(SUBMIT, {"req_key": RECOGNISE_KEY, "image_url": url}).json()["code"] == 10000


def test_detection_is_not_to_be_submitted(client, site):
    body = {"req_key": DETECT_KEY, "image_url": f"{site.url}/portrait.png"}
    assert client.call(SUBMIT, body).json()["code"] == 50204
    assert client.call(QUERY, body | {"task_id": "7"}).json()["code"] == 50204


def find(image):
    return find_subjects(read_portrait(drawing.as_bytes(image)))


def test_plain_disc_is_no_subject():
    image = drawing.background(600, 600)
    ImageDraw.Draw(image).ellipse([200, 200, 400, 400], fill=(250, 210, 60))
    assert find(image) == []


def test_transparent_picture_is_cut_out_by_itself():
    image = Image.new("RGBA", (600, 800), (0, 0, 0, 0))
    drawing.draw_bust(ImageDraw.Draw(image), 300, 330, 120)
    (mask,) = find(image)
    assert mask[330, 300]
    assert not mask[40, 40]


def test_at_most_five():
    image = drawing.background(1600, 400)
    for index in range(7):
        drawing.draw_bust(ImageDraw.Draw(image), 120 + index * 226, 120, 40)
    assert len(find(image)) == 5


def test_busy_background_is_searched_for_skin():
    noise = np.random.default_rng(1).integers(0, 255, (80, 60), dtype=np.uint8)
    image = Image.fromarray(noise).resize((600, 800)).convert("RGB")
    drawing.draw_bust(ImageDraw.Draw(image), 300, 330, 120)
    masks = find(image)
    assert masks
    assert masks[0][330, 300]
