"""What the examples start from."""

from __future__ import annotations

from airflow_provider_omnihuman.demo.object_store import BUCKET
from airflow_provider_omnihuman.demo.samples import put_samples


def test_samples_are_put_under_their_names_with_their_types(s3, tmp_path):
    folder = tmp_path / "samples"
    (folder / "more").mkdir(parents=True)
    (folder / "song.mp3").write_bytes(b"la")
    (folder / "more" / "rows.csv").write_bytes(b"a,b")

    assert put_samples(s3, tmp_path) == ["samples/more/rows.csv", "samples/song.mp3"]

    stored = s3.get_object(Bucket=BUCKET, Key="samples/song.mp3")
    assert stored["Body"].read() == b"la"
    assert stored["ContentType"] == "audio/mpeg"


def test_a_folder_without_samples_is_no_failure(s3, tmp_path):
    assert put_samples(s3, tmp_path) == []
