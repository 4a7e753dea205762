"""The children's environment."""

from __future__ import annotations

from airflow_provider_omnihuman.demo.environment import children_environment


def test_nothing_that_configures_airflow_or_aws_reaches_the_children():
    caller = {
        "AIRFLOW_HOME": "/home/me/airflow",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        "_AIRFLOW__AS_LIBRARY": "1",
        "AWS_PROFILE": "production",
        "AWS_ENDPOINT_URL": "https://s3.example.com",
        "VOLC_ACCESSKEY": "AK",
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    leaked = children_environment(caller).items() & caller.items()

    assert not leaked


def test_what_a_program_needs_to_run_stays():
    caller = {"PATH": "/usr/bin", "HOME": "/home/me", "LANG": "C.UTF-8", "SSL_CERT_FILE": "/etc/ca.pem"}

    assert caller.items() <= children_environment(caller).items()


def test_a_proxy_is_not_asked_for_loopback_and_the_callers_exceptions_stay():
    environment = children_environment({"HTTP_PROXY": "http://proxy:3128", "no_proxy": "intranet"})

    assert environment["no_proxy"] == "intranet,127.0.0.1,localhost"
    assert environment["NO_PROXY"] == "127.0.0.1,localhost"


def test_the_aws_profile_in_the_home_folder_is_not_read():
    environment = children_environment({"HOME": "/home/me"})

    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
