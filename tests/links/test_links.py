"""The buttons on a task's page lead to what lasts, hold no secret, and break nothing."""

from __future__ import annotations

import importlib
import json
from types import SimpleNamespace

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import BaseOperator

from airflow_provider_omnihuman import get_provider_info
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.links.early import show_links
from airflow_provider_omnihuman.links.s3_objects import ArchivedVideoLink, LinkedObjects, ManifestLink
from airflow_provider_omnihuman.links.vendor_console import VendorConsoleLink
from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.operators.subjects import (
    OmniHumanSubjectDetectionOperator,
    OmniHumanSubjectRecognitionOperator,
)
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator
from airflow_provider_omnihuman.sensors.task import OmniHumanTaskSensor
from tests.task_context import task_context

VENDOR, VIDEO, MANIFEST = "Vendor console", "Archived video", "Manifest"


def store(monkeypatch, **extra):
    """A hook to a store; nothing is asked of it."""
    document = {"conn_type": "aws", "login": "AKIA", "password": "s3cr3t", "extra": {"region_name": "eu-west-1"} | extra}
    monkeypatch.setenv("AIRFLOW_CONN_STORE", json.dumps(document))
    return S3Hook(aws_conn_id="store")


def video_url(hook, uri="s3://a-bucket/folder/a video+é.mp4"):
    return LinkedObjects(hook=hook, uris={"video": uri}).url("video")


def buttons(operator):
    """What Airflow's task runner finds when the task's process ends."""
    return {link.name: link.get_link(operator, ti_key=None) for link in operator.operator_extra_links}


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("eu-west-1", "https://console.aws.amazon.com/s3/object/a-bucket?region=eu-west-1&prefix="),
        ("cn-north-1", "https://console.amazonaws.cn/s3/object/a-bucket?region=cn-north-1&prefix="),
        ("us-gov-west-1", "https://console.amazonaws-us-gov.com/s3/object/a-bucket?region=us-gov-west-1&prefix="),
    ],
)
def test_an_object_of_aws_is_shown_in_its_console(monkeypatch, region, console):
    assert video_url(store(monkeypatch, region_name=region)) == console + "folder%2Fa+video%2B%C3%A9.mp4"


@pytest.mark.parametrize(
    ("extra", "url"),
    [
        (
            {"endpoint_url": "http://minio.example:9000", "config_kwargs": {"s3": {"addressing_style": "path"}}},
            "http://minio.example:9000/a-bucket/folder/a%20video%2B%C3%A9.mp4",
        ),
        (
            {
                "endpoint_url": "https://tos-s3-cn-beijing.volces.com",
                "region_name": "cn-beijing",
                "config_kwargs": {"signature_version": "s3v4", "s3": {"addressing_style": "virtual"}},
            },
            "https://a-bucket.tos-s3-cn-beijing.volces.com/folder/a%20video%2B%C3%A9.mp4",
        ),
    ],
    ids=["MinIO", "TOS"],
)
def test_an_object_of_another_store_has_its_own_address_without_a_signature(monkeypatch, extra, url):
    assert video_url(store(monkeypatch, **extra)) == url


def test_what_is_not_there_has_no_button(monkeypatch):
    links = LinkedObjects(hook=store(monkeypatch), uris={"video": None})
    assert links.url("video") == links.url("manifest") == ""
    assert ArchivedVideoLink().get_link(SimpleNamespace(linked=None), ti_key=None) == ""


def test_a_store_that_cannot_be_asked_for_an_address_breaks_nothing(monkeypatch, logged):
    hook = store(monkeypatch, config_kwargs={"s3": {"addressing_style": "sideways"}})
    operator = SimpleNamespace(linked=LinkedObjects(hook=hook, uris={"manifest": "s3://a-bucket/m.json"}))
    assert ManifestLink().get_link(operator, ti_key=None) == ""
    assert "There is no link 'Manifest': InvalidS3AddressingStyleError" in logged()


@pytest.mark.parametrize(
    ("site", "url"), [("mainland", "https://console.volcengine.com/"), ("international", "https://console.byteplus.com/")]
)
def test_the_vendors_console_is_the_one_of_the_site(monkeypatch, site, url):
    document = {"conn_type": "omnihuman", "login": "AK", "password": "SK", "extra": {"site": site}}
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document))
    assert VendorConsoleLink().get_link(SimpleNamespace(hook=OmniHumanHook()), ti_key=None) == url


def test_a_connection_that_cannot_be_read_has_no_console():
    assert VendorConsoleLink().get_link(SimpleNamespace(hook=OmniHumanHook("gone")), ti_key=None) == ""
    assert VendorConsoleLink().get_link(SimpleNamespace(), ti_key=None) == ""


@pytest.mark.parametrize(
    ("operator", "names"),
    [
        (OmniHumanSubmitOperator, [VENDOR]),
        (OmniHumanVideoOperator, [VENDOR, VIDEO, MANIFEST]),
        (OmniHumanTaskSensor, [VENDOR]),
        (OmniHumanToS3Operator, [VENDOR, VIDEO, MANIFEST]),
        (OmniHumanSubjectRecognitionOperator, [VENDOR]),
        (OmniHumanSubjectDetectionOperator, [VENDOR, "Mask of the largest subject"]),
        (TextToSpeechOperator, ["Spoken audio"]),
    ],
)
def test_every_operator_has_its_buttons_and_airflow_knows_their_classes(operator, names):
    links = list(operator.operator_extra_links)
    assert [link.name for link in links] == names
    assert {f"{type(link).__module__}.{type(link).__qualname__}" for link in links} <= set(get_provider_info()["extra-links"])


def test_every_link_that_airflow_is_told_of_is_there():
    for path in get_provider_info()["extra-links"]:
        module, _, name = path.rpartition(".")
        assert getattr(importlib.import_module(module), name)().name


class Operator(BaseOperator):
    operator_extra_links = (VendorConsoleLink(), ArchivedVideoLink())


def test_a_task_that_blocks_its_worker_shows_what_it_has_meanwhile(connections):
    operator, context = Operator(task_id="t"), task_context()
    operator.hook = OmniHumanHook()
    show_links(operator, context)
    assert context["ti"].xcoms == {"_link_VendorConsoleLink": "https://console.volcengine.com/"}


def test_a_backend_of_somebody_elses_is_given_no_links_since_nobody_looks_there(connections, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__XCOM_BACKEND", "their.own.Backend")
    operator, context = Operator(task_id="t"), task_context()
    operator.hook = OmniHumanHook()
    show_links(operator, context)
    assert context["ti"].xcoms == {}


def test_a_database_that_is_away_costs_the_button_and_not_the_job(connections, logged):
    def away(**_arguments):
        raise ConnectionError("the API server is away")

    operator = Operator(task_id="t")
    operator.hook = OmniHumanHook()
    show_links(operator, {"ti": SimpleNamespace(xcom_push=away)})
    assert "The extra links show when this process ends: ConnectionError" in logged()
