"""A table in S3 becomes videos: small, quick, spoken on this machine."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG

from airflow_provider_omnihuman.task_groups.batch import batch_videos

NOW: dict[str, Any] = {"retries": 0}

with DAG("batch", schedule=None, tags=["omnihuman"], params={"source": "in/customers.csv"}):
    batch_videos(
        "{{ params.source }}",
        script="Hello {{ name }}.",
        columns={"Photo": "image_url"},
        engine="local",
        aigc_meta={"content_propagator": "my-channel"},
        pool="default_pool",
        concurrency=2,
        base_url="https://videos.example.com",
        title="Greetings <for> all",
        speech=NOW,
        render={**NOW, "output_resolution": 720, "poll_interval": 0.1, "deferrable": False},
        archive=NOW,
    )
