"""Presenters are found by their names: beside the Dag, in a folder, in S3; a missing one says where it was looked for."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.archive.errors import ArchiveError
from airflow_provider_omnihuman.presenters.folders import S3Folder
from tests.conftest import BUCKET


def test_it_lies_beside_the_dag_file_by_default(write, load):
    path = write("voice: x")
    assert load().source == str(path)


def test_the_option_of_airflow_is_taken_before_that(write, load, tmp_path):
    write("voice: beside")
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "anchor.yml").write_text("voice: all")
    assert load(option=str(tmp_path / "all")).voice == "all"


def test_the_argument_is_taken_before_the_option(write, load, tmp_path):
    write("voice: beside")
    assert load(path="presenters", option=str(tmp_path / "nowhere")).voice == "beside"


def test_a_relative_folder_needs_a_dag_file(load):
    with pytest.raises(InvalidRequestError, match="presenters_path 'presenters' is relative, and the Dag's file is not known"):
        load(dag_file=None)


@pytest.mark.parametrize("name", ["../anchor", "a/b", "/etc/anchor", ".anchor", "", "a\\b", "a b", "~", "a\nb", "\x00"])
def test_a_name_leads_to_no_other_folder(write, load, tmp_path, name):
    (tmp_path / "anchor.yaml").write_text("voice: above")
    write("voice: x")
    with pytest.raises(InvalidRequestError, match="is no name of a presenter: give the file's name alone"):
        load(name)


def test_a_name_in_any_language_is_one(write, load):
    write("voice: x", name="主播.yaml")
    assert load("主播").voice == "x"


def test_a_missing_one_says_where_it_was_looked_for_and_what_is_there(write, load, tmp_path):
    write("voice: x", name="news_anchor.yaml")
    write("voice: x", name="guest.json")
    with pytest.raises(InvalidRequestError) as caught:
        load("news_ancor")
    assert str(caught.value) == (
        f"there is no presenter {tmp_path}/presenters/news_ancor.yaml|.yml|.json: did you mean 'news_anchor'?: "
        "there are guest, news_anchor"
    )


def test_a_name_with_its_ending_is_understood_in_the_error(write, load):
    write("voice: x", name="news_anchor.yaml")
    with pytest.raises(InvalidRequestError, match="did you mean 'news_anchor'"):
        load("news_anchor.yaml")


def test_a_folder_that_is_not_there_says_how_to_name_one(load, tmp_path):
    with pytest.raises(InvalidRequestError, match=r"give presenters_path, set \[omnihuman\] presenters_path, or put a folder"):
        load()


def test_two_files_of_one_name_are_refused(write, load):
    write("voice: x")
    write("{}", name="anchor.json")
    with pytest.raises(InvalidRequestError, match=r"is in .+ twice: anchor.yaml and anchor.json: keep one"):
        load()


def test_a_folder_in_s3_is_one_too(load, connections, put):
    put("team/presenters/anchor.yaml", b"portrait: ../pictures/a.png\nmask: 2")
    presenter = load(path=f"s3://{BUCKET}/team/presenters")
    assert presenter.source == f"s3://{BUCKET}/team/presenters/anchor.yaml"
    assert presenter.portrait == f"s3://{BUCKET}/team/pictures/a.png"
    assert presenter.mask == 2
    with pytest.raises(
        InvalidRequestError, match=r"/team/presenters/ancor.yaml\|.yml\|.json: did you mean 'anchor'\?: there are"
    ):
        load("ancor", path=f"s3://{BUCKET}/team/presenters/")


def test_a_whole_s3_uri_names_one_file(load, connections, put):
    uri = put("x/anchor.json", b'{"voice": "v"}')
    assert load(uri).voice == "v"
    with pytest.raises(InvalidRequestError, match=rf"there is no presenter s3://{BUCKET}/x/ancor.json: did you mean 'anchor'"):
        load(f"s3://{BUCKET}/x/ancor.json")


@pytest.mark.parametrize("uri", ["s3://b", "s3:///x.yaml", f"s3://{BUCKET}/x.txt", f"s3://{BUCKET}/x/"])
def test_a_uri_of_no_presenter_is_told(load, connections, uri):
    with pytest.raises((InvalidRequestError, ArchiveError), match="presenter .*(must end in .yaml|must be an s3://)"):
        load(uri)


@pytest.mark.parametrize("portrait", ["../../../a.png", "a/../../../../a.png", "/a.png", "../.."])
def test_a_portrait_in_s3_stays_in_its_bucket(portrait):
    with pytest.raises(InvalidRequestError, match=r"portrait .+ lies outside of the bucket"):
        S3Folder(BUCKET, "team/presenters/", None).portrait(portrait)


def test_a_large_object_is_not_read_whole(load, connections, put):
    put("p/anchor.yaml", b"x" * 200_000)
    with pytest.raises(InvalidRequestError, match="is larger than 64 KB"):
        load(path=f"s3://{BUCKET}/p/")


def test_a_bucket_that_is_not_there_has_no_presenters(load, connections):
    with pytest.raises(InvalidRequestError, match="there is no presenter s3://no-such-bucket/p/anchor.yaml"):
        load(path="s3://no-such-bucket/p/")
