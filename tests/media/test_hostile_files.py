"""Whatever is in a file, a reader gives facts or a MediaError."""

import io
import pickle
from functools import partial

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from airflow_provider_omnihuman.media.aigc_label import read_aigc_label
from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.media.poster import poster_jpeg
from airflow_provider_omnihuman.media.probe import probe_audio, probe_image, probe_video
from tests.media.media_files import make_audio

READERS = [probe_audio, probe_image, probe_video, poster_jpeg, read_aigc_label]
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile://%s\n#EXT-X-ENDLIST\n"
calm = partial(settings, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(reader, data):
    """Run a reader; any exception but MediaError fails the test."""
    try:
        return reader(data)
    except MediaError as error:
        return error


@pytest.mark.parametrize("reader", READERS)
@calm(max_examples=100)
@given(data=st.binary(max_size=600))
@example(b"")
@example(b"ID3")
@example(b"\x89PNG\r\n\x1a\n")
@example(b"\x00\x00\x00\x20ftypisom")
@example(b"RIFF\xff\xff\xff\xffWAVEfmt ")
def test_random_bytes(reader, data):
    outcome(reader, data)


@pytest.mark.parametrize("reader", READERS)
@calm(max_examples=30)
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12))
def test_a_real_video_with_bytes_changed(reader, labelled_video, changes):
    """Nearly right files reach deeper than random ones: most changes fall into the index or the pictures."""
    data = bytearray(labelled_video.read_bytes())
    for place, new in changes:
        start = int(place * (len(data) - len(new)))
        data[start : start + len(new)] = new
    outcome(reader, bytes(data))


@pytest.mark.parametrize("reader", READERS)
@calm(max_examples=30)
@given(place=st.integers(0, 3000), size=st.sampled_from([0, 1, 7, 8, 2**31 - 1, 2**31, 2**32 - 1]))
def test_a_real_index_with_hostile_sizes(reader, labelled_video, place, size):
    data = bytearray(labelled_video.read_bytes())
    moov = data.find(b"moov") - 4
    start = moov + place % (len(data) - moov - 4)
    data[start : start + 4] = size.to_bytes(4, "big")
    outcome(reader, bytes(data))


def test_boxes_within_boxes_without_end():
    deep = b""
    for _ in range(20_000):
        deep = (len(deep) + 8).to_bytes(4, "big") + b"udta" + deep
    moov = (len(deep) + 8).to_bytes(4, "big") + b"moov" + deep
    assert isinstance(outcome(read_aigc_label, b"\x00\x00\x00\x14ftypisom\x00\x00\x02\x00isom" + moov), MediaError)


@pytest.mark.parametrize("reader", READERS)
def test_an_error_page_is_called_one(reader):
    with pytest.raises(MediaError, match=r"is text.*<html>.*error page"):
        reader(b"\n<html><body>403 Forbidden</body></html>")


@pytest.mark.parametrize("reader", READERS)
def test_an_empty_file_is_called_empty(reader, tmp_path):
    path = tmp_path / "nothing.mp4"
    path.touch()
    with pytest.raises(MediaError, match=r"nothing\.mp4 is empty"):
        reader(path)


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_file_is_a_media_error_with_its_name(reader, tmp_path):
    with pytest.raises(MediaError, match=r"gone\.mp4 cannot be read .*No such file"):
        reader(tmp_path / "gone.mp4")


@pytest.mark.parametrize("reader", READERS)
def test_a_playlist_cannot_make_the_reader_open_other_files(reader, tmp_path):
    secret = tmp_path / "other.mp3"
    secret.write_bytes(make_audio("mp3", "libmp3lame"))
    assert isinstance(outcome(reader, PLAYLIST % str(secret).encode()), MediaError)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/a.mp3?X-Amz-Signature=abc", "concat:a.mp3|b.mp3"])
def test_a_string_is_a_path_and_never_an_address(address):
    with pytest.raises(MediaError, match="No such file") as caught:
        probe_audio(address)
    assert "Signature" not in str(caught.value)


def test_an_error_of_the_callers_own_file_is_not_hidden():
    class Unplugged(io.BytesIO):
        def read(self, _size=-1):
            raise ConnectionResetError("unplugged")

    with pytest.raises(ConnectionResetError):
        probe_audio(Unplugged())


def test_media_errors_survive_pickling_and_say_that_a_retry_is_no_use():
    error = outcome(probe_audio, b"")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.source, copy.retryable) == (str(error), error.source, False)
