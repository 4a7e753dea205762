"""Clips become one film: nothing of the pictures lost, nothing out of step, no joint to be heard, the label kept."""

import json
import logging

import av
import numpy as np
import pytest

from airflow_provider_omnihuman.media.aigc_label import read_aigc_label
from airflow_provider_omnihuman.media.errors import MediaError, TruncatedMediaError
from airflow_provider_omnihuman.media.joining import Clip, join_videos
from airflow_provider_omnihuman.media.probe import probe_video
from tests.media.films import RATE, beeps, beeps_in, flashes_in, make_clip, payloads, pictures_of, sound_of
from tests.media.media_files import LABEL
from tests.media.sounds import noise, wav_of

FRAME_S = 1 / 25
LENGTHS = (2.013, 1.5, 2.27)
STARTS = (0.0, 2.013, 3.513)
TOTAL = 5.783


def at_the_joints(seconds):
    return [pytest.approx(at, abs=FRAME_S) for at in seconds]


def labelled(**fields):
    return {"AIGC": json.dumps(LABEL | fields)}


def sound(length):
    """A beep at the beginning and one near the end."""
    return beeps(length, 0.0, length - 0.3)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def clips(folder):
    """Three clips with a flash and a beep at their beginnings, whose lengths are no whole numbers of pictures."""
    return [make_clip(folder / f"{index}.mp4", sound(length), flashes_s=[0.0]) for index, length in enumerate(LENGTHS)]


@pytest.fixture(scope="session")
def clips_with_b_frames(folder):
    """The same by an encoder that stores pictures in another order than they are shown in, behind an edit list."""
    return [
        make_clip(folder / f"b{index}.mp4", sound(length), flashes_s=[0.0], preset="medium", bf=3)
        for index, length in enumerate(LENGTHS)
    ]


@pytest.fixture
def film(tmp_path):
    return tmp_path / "film.mp4"


def lasting(sources, **fields):
    return [Clip(source, duration_s=length, **fields) for source, length in zip(sources, LENGTHS, strict=True)]


@pytest.mark.parametrize("made", ["clips", "clips_with_b_frames"])
def test_the_pictures_of_clips_that_are_alike_are_copied_bit_for_bit(made, film, request):
    sources = request.getfixturevalue(made)
    joined = join_videos(lasting(sources), film)
    assert (joined.reencoded, joined.reason) == (False, None)
    assert payloads(film) == [packet for source in sources for packet in payloads(source)]
    times, _brightness, _end = pictures_of(film)
    assert np.all(np.diff(times) > 0)


@pytest.mark.parametrize("made", ["clips", "clips_with_b_frames"])
def test_pictures_and_sound_are_in_step_at_every_joint_and_to_the_end(made, film, request):
    joined = join_videos(lasting(request.getfixturevalue(made)), film)
    assert joined.starts_s == pytest.approx(STARTS)
    assert flashes_in(film) == at_the_joints(STARTS)
    ends = [start + length - 0.3 for start, length in zip(STARTS, LENGTHS, strict=True)]
    assert beeps_in(film) == at_the_joints(sorted([*STARTS, *ends]))
    assert joined.duration_s == pytest.approx(TOTAL)
    assert pictures_of(film)[2] == pytest.approx(TOTAL, abs=FRAME_S)
    samples, rate = sound_of(film)
    assert len(samples) / rate == pytest.approx(TOTAL, abs=2048 / rate)


def test_without_lengths_each_clip_stands_as_long_as_its_pictures(clips, film):
    joined = join_videos([Clip(clip) for clip in clips], film)
    assert joined.durations_s == (2.04, 1.52, 2.28)
    assert flashes_in(film) == at_the_joints([0, 2.04, 3.56])
    assert beeps_in(film)[2::2] == at_the_joints([2.04, 3.56])


def test_the_last_picture_is_held_where_the_pictures_end_early(folder, clips, film, caplog):
    caplog.set_level(logging.WARNING)
    early = make_clip(folder / "early.mp4", sound(3.0), flashes_s=[0.0], pictures_s=1.0)
    joined = join_videos([Clip(early), Clip(clips[1])], film)
    assert joined.durations_s[0] == pytest.approx(3.0, abs=0.1), "its sound is not cut off"
    times, _brightness, _end = pictures_of(film)
    assert times[25] - times[24] == pytest.approx(joined.starts_s[1] - 0.96, abs=0.001)
    assert not joined.reencoded
    assert "The pictures of clip 1 end 2.0" in caplog.text


@pytest.mark.parametrize("made", ["clips", "clips_with_b_frames"])
def test_pictures_beyond_the_clips_time_are_left_out_and_told(made, film, request, caplog):
    caplog.set_level(logging.WARNING)
    sources = request.getfixturevalue(made)
    joined = join_videos([Clip(sources[0], duration_s=1.0), Clip(sources[1], duration_s=1.5)], film)
    assert not joined.reencoded
    assert flashes_in(film) == at_the_joints([0.0, 1.0])
    assert pictures_of(film)[2] == pytest.approx(2.5, abs=FRAME_S)
    assert "Clip 1 is 1.04 s longer than it stands in the film: its end is left out" in caplog.text
    assert beeps_in(film) == at_the_joints([0.0, 1.0, 2.2]), "and so is its sound"


def test_pauses_hold_the_last_picture_in_silence(clips, film):
    joined = join_videos(lasting(clips, pause_s=0.7), film)
    starts = [0.0, 2.713, 4.913]
    assert joined.starts_s == pytest.approx(starts)
    assert flashes_in(film) == at_the_joints(starts)
    samples, rate = sound_of(film)
    for start, length in zip(starts, LENGTHS, strict=True):
        pause = samples[round((start + length + 0.05) * rate) : round((start + length + 0.65) * rate)]
        assert np.abs(pause).max() < 0.002
    assert joined.duration_s == pytest.approx(TOTAL + 3 * 0.7)
    assert pictures_of(film)[2] == pytest.approx(joined.duration_s, abs=FRAME_S)
    assert not joined.reencoded


def test_pictures_that_are_longer_than_the_sound_go_on_in_the_pause(folder, clips, film):
    long = make_clip(folder / "long.mp4", sound(1.0), flashes_s=[0.0, 1.2], pictures_s=1.4)
    join_videos([Clip(long, duration_s=1.0, pause_s=0.5), Clip(clips[1])], film)
    assert flashes_in(film) == at_the_joints([0.0, 1.2, 1.5])


def test_one_soundtrack_replaces_all_sound_and_no_joint_can_be_heard(clips, film):
    samples = (
        noise(TOTAL, loudness=6000, seed=3).astype(float) + 6000 * np.sin(np.arange(round(TOTAL * RATE)) / 9)[:, None]
    ).astype("int16")
    join_videos(lasting(clips), film, soundtrack=wav_of(samples))
    heard, rate = sound_of(film)
    original = samples[:, 0] / 32768
    heard = heard[: len(original)]
    assert rate == RATE
    assert np.corrcoef(heard, original)[0, 1] > 0.99
    difference = np.abs(heard - original)
    for joint in STARTS[1:]:
        around = difference[round((joint - 0.02) * rate) : round((joint + 0.02) * rate)]
        assert around.max() < 1.5 * np.percentile(difference, 99.9), "an encoder's error as everywhere else"


def test_a_soundtrack_that_is_not_that_of_the_clips_is_refused(clips, film):
    with pytest.raises(
        MediaError, match=r"lasts 7\.000 s, and the clips with their pauses 5\.783 s: the clips must be those of this audio"
    ):
        join_videos(lasting(clips), film, soundtrack=wav_of(noise(7.0)))


def test_a_short_clip_that_is_missing_among_many_is_not_passed_over(clips, film):
    """A second, and as many clips as would add up to it by a picture each."""
    with pytest.raises(MediaError, match=r"lasts 46\.000 s, and the clips with their pauses 45\.000 s"):
        join_videos([Clip(clips[1], duration_s=1.5)] * 30, film, soundtrack=wav_of(beeps(46.0)))


def test_a_soundtrack_for_each_clip_begins_with_it_and_decides_how_long_it_stands(clips, film):
    tracks = [wav_of(beeps(1.8, 0.5)), None, wav_of(beeps(2.0, 0.2))]
    joined = join_videos([Clip(clip, pause_s=0.4) for clip in clips], film, soundtrack=tracks)
    assert joined.durations_s == (1.8, 1.52, 2.0)
    assert flashes_in(film) == at_the_joints([0.0, 2.2, 4.12])
    assert beeps_in(film) == at_the_joints([0.5, 4.32])


def test_a_silent_clip_among_others_and_a_film_without_any_sound(folder, clips, tmp_path):
    silent = make_clip(folder / "silent.mp4", np.zeros((0, 1), "int16"), flashes_s=[0.0], pictures_s=1.0)
    join_videos([Clip(clips[1], duration_s=1.5), Clip(silent), Clip(clips[1], duration_s=1.5)], tmp_path / "some.mp4")
    assert beeps_in(tmp_path / "some.mp4") == at_the_joints([0.0, 1.2, 2.5, 3.7])
    join_videos([Clip(silent), Clip(silent)], tmp_path / "none.mp4")
    assert not probe_video(tmp_path / "none.mp4").has_audio


def test_clips_of_other_sizes_are_encoded_anew_and_the_reason_told(folder, clips, film, caplog):
    caplog.set_level(logging.WARNING)
    upright = make_clip(folder / "upright.mp4", sound(1.0), flashes_s=[0.0], size=(90, 160))
    joined = join_videos([Clip(clips[0], duration_s=2.013), Clip(upright, duration_s=1.0)], film)
    assert joined.reencoded
    assert joined.reason == "clip 2 of 2 is 90×160 pixels, and the first one 160×90 pixels"
    assert joined.reason in caplog.text
    facts = probe_video(film)
    assert (facts.width, facts.height, facts.video_codec) == (160, 90, "h264")
    times, _brightness, end = pictures_of(film)
    assert end == pytest.approx(3.013, abs=FRAME_S)
    assert len(times) == 51 + 25
    with av.open(str(film)) as container:
        last = list(container.decode(container.streams.video[0]))[55].to_ndarray()
    assert last[:90, :50].max() < 20, "a picture of another shape has bars beside it"
    assert last[:90, 60:100].mean() > 30


def test_other_settings_of_the_encoder_are_a_reason_too(clips, clips_with_b_frames, film):
    joined = join_videos([Clip(clips[0], duration_s=2.013), Clip(clips_with_b_frames[1], duration_s=1.5)], film)
    assert joined.reason == "clip 2 of 2 was encoded with other settings than the first one (its parameter sets differ)"
    assert flashes_in(film) == at_the_joints([0.0, 2.013])
    assert beeps_in(film) == at_the_joints([0.0, 1.713, 2.013, 3.213])
    assert pictures_of(film)[2] == pytest.approx(3.513, abs=FRAME_S)


def test_the_index_lies_before_the_pictures(clips, film):
    join_videos(lasting(clips), film)
    data = film.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.fixture(scope="session")
def with_labels(folder):
    """Clips by the name of their label."""
    tags = {
        "mine": labelled(),
        "mine too": {"AIGC": json.dumps({"AIGC": LABEL})},
        "other": labelled(ProduceID="p-2"),
        "none": None,
    }
    return {name: make_clip(folder / f"{name}.mp4", beeps(0.4), tags=tag) for name, tag in tags.items()}


@pytest.mark.parametrize(
    ("names", "produce_id", "told"),
    [
        (["mine", "mine"], "p-1", None),
        (["mine", "mine too"], "p-1", None),
        (["other", "mine"], "p-2", "the clips' AIGC labels differ, and the film has the first one's"),
        (["none", "mine", "none"], "p-1", "2 of 3 clips have no AIGC label, and the film has that of the others"),
        (["none", "none"], None, None),
    ],
)
def test_the_label_is_carried_over(names, produce_id, told, with_labels, film):
    joined = join_videos([Clip(with_labels[name]) for name in names], film)
    found = read_aigc_label(film)
    assert (found.produce_id if found else None) == produce_id
    assert joined.label == (found.raw if found else None)
    assert joined.label_note == told


def test_a_label_that_is_given_wins(with_labels, film):
    joined = join_videos([Clip(with_labels["other"]), Clip(with_labels["none"])], film, label=json.dumps(LABEL))
    assert read_aigc_label(film).produce_id == "p-1"
    assert joined.label_note is None


@pytest.mark.parametrize(
    ("clips_of", "soundtrack", "message"),
    [
        (lambda _clip: [], None, "there are no clips to join"),
        (lambda clip: [Clip(clip)] * 2, [b""], "there are 2 clips and 1 soundtracks"),
        (lambda clip: [Clip(clip), Clip(clip, duration_s=0.0)], None, "clip 2 cannot last 0.0 s"),
        (lambda clip: [Clip(clip, duration_s=float("inf"))], None, "clip 1 cannot last inf s"),
        (lambda clip: [Clip(clip, pause_s=-1.0)], None, "with a pause of -1.0 s"),
    ],
)
def test_what_cannot_be_joined_is_refused(clips_of, soundtrack, message, clips, film):
    with pytest.raises(ValueError, match=message):
        join_videos(clips_of(clips[0]), film, soundtrack=soundtrack)


def test_a_clip_that_breaks_off_is_named(clips, film, tmp_path):
    data = clips[0].read_bytes()
    (tmp_path / "half.mp4").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(TruncatedMediaError, match=r"half\.mp4 breaks off after \d+ of 51 pictures"):
        join_videos([Clip(clips[1]), Clip(tmp_path / "half.mp4")], film)


def test_a_disk_that_cannot_be_written_is_no_fault_of_a_clip(clips, tmp_path):
    with pytest.raises(OSError, match="the film cannot be written"):
        join_videos([Clip(clips[1])], tmp_path / "nowhere" / "film.mp4")
