"""``doctor``: each fault that a newcomer makes is found, with what mends it; nothing is paid or changed."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_omnihuman.cli.check_media import check_portrait
from airflow_provider_omnihuman.cli.check_service import Service, check_clock
from airflow_provider_omnihuman.cli.check_store import Store, check_reach
from airflow_provider_omnihuman.cli.findings import State
from tests.conftest import BUCKET


@pytest.fixture
def doctor(omnihuman):
    """Run it; return its checks by name, and what ran."""

    def run(*arguments):
        ran = omnihuman("doctor", *arguments, "--json")
        return {check["check"]: check for check in ran.document["checks"]}, ran

    return run


@pytest.fixture
def metadata(omnihuman_airflow):
    """Airflow's metadata database, empty; what a test puts in is taken out again."""
    from airflow.jobs.job import Job
    from airflow.models.connection import Connection
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.errors import ParseImportError
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    def add(*rows):
        with create_session() as session:
            session.add_all(rows)

    def clear():
        with create_session() as session:
            session.execute(delete(Job).where(Job.job_type == "TriggererJob"))
            session.execute(delete(Pool).where(Pool.pool.like("omnihuman%")))
            session.execute(delete(Connection).where(Connection.conn_id.like("doctor%")))
            session.execute(delete(ParseImportError).where(ParseImportError.bundle_name == "doctor"))
            session.execute(delete(DagModel).where(DagModel.bundle_name == "doctor"))
            session.execute(delete(DagBundleModel).where(DagBundleModel.name == "doctor"))

    clear()
    yield add
    clear()


def extra(monkeypatch, emulator, **fields):
    document = {
        "conn_type": "omnihuman",
        "login": emulator.settings.access_key,
        "password": emulator.settings.secret_key,
        "extra": {"endpoint": emulator.endpoint, **fields},
    }
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document))


def test_where_all_is_well_it_says_so_and_ends_with_0(doctor, metadata, monkeypatch, emulator):
    from airflow.models.pool import Pool

    extra(monkeypatch, emulator, max_concurrency=3)
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    metadata(Pool(pool="omnihuman", slots=3, include_deferred=True), triggerer())
    checks, ran = doctor()
    assert {name: check for name, check in checks.items() if check["state"] not in {"ok", "skipped"}} == {}
    assert {name for name, check in checks.items() if check["state"] == "skipped"} == {"dag", "portrait", "audio"}
    assert ran.code == 0


def test_it_costs_nothing_and_changes_nothing(doctor, metadata, emulator, s3):
    doctor()
    from airflow.models.pool import Pool

    assert Pool.get_pool("omnihuman") is None
    assert emulator.accepted() == 0
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_without_a_database_what_needs_it_is_skipped(process):
    started = process("doctor", "--json", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite:////nowhere/airflow.db")
    out, err = started.communicate(timeout=90)
    checks = {check["check"]: check for check in json.loads(out)["checks"]}
    assert {checks[name]["state"] for name in ("pool", "triggerer")} == {"skipped"}, err
    assert "no metadata database" in checks["pool"]["says"]
    assert checks["keys"]["state"] == "ok"


def test_a_connection_that_is_not_there_is_told_with_those_that_are(doctor, metadata):
    from airflow.models.connection import Connection

    metadata(Connection(conn_id="doctor_prod", conn_type="omnihuman"), Connection(conn_id="doctor_db", conn_type="postgres"))
    checks, ran = doctor("--conn-id", "omnihumann")
    assert (checks["connection"]["state"], ran.code) == ("failed", 1)
    assert "those of type omnihuman are: doctor_prod" in checks["connection"]["says"]
    assert "doctor_db" not in ran.out
    assert "airflow connections add omnihumann" in checks["connection"]["mend"]
    assert (checks["keys"]["state"], checks["clock"]["state"]) == ("skipped", "skipped")


def test_a_connection_in_the_database_is_read(doctor, metadata, emulator):
    from airflow.models.connection import Connection

    keys = {"login": emulator.settings.access_key, "password": emulator.settings.secret_key}
    metadata(Connection(conn_id="doctor_prod", conn_type="omnihuman", extra={"endpoint": emulator.endpoint}, **keys))
    checks, _ = doctor("--conn-id", "doctor_prod")
    assert (checks["connection"]["state"], checks["keys"]["state"]) == ("ok", "ok")


def test_a_connection_without_a_type_is_asked_for_one(doctor, monkeypatch, emulator):
    extra(monkeypatch, emulator)
    document = json.loads(os.environ["AIRFLOW_CONN_OMNIHUMAN_DEFAULT"]) | {"conn_type": "generic"}
    monkeypatch.setenv("AIRFLOW_CONN_OMNIHUMAN_DEFAULT", json.dumps(document))
    checks, _ = doctor()
    assert checks["connection"]["state"] == "warning"


def test_a_wrong_field_is_named(doctor, monkeypatch, emulator):
    extra(monkeypatch, emulator, site="moon")
    checks, _ = doctor()
    assert checks["connection"]["state"] == "failed"
    assert "site must be one of" in checks["connection"]["says"]


@pytest.mark.parametrize("code", ["InvalidAccessKey", "SignatureDoesNotMatch", "50400"])
def test_keys_that_are_refused_are_told_with_code_and_advice(doctor, emulator, code):
    emulator.fault(kind="code", code=code, action="CVGetResult")
    checks, ran = doctor()
    assert (checks["keys"]["state"], ran.code) == ("failed", 1)
    assert checks["keys"]["says"].startswith(f"[{code}]")
    assert checks["keys"]["mend"]


def test_a_service_that_does_not_answer_is_told(doctor, monkeypatch, emulator):
    extra(monkeypatch, emulator, endpoint="http://127.0.0.1:9")
    checks, _ = doctor()
    assert checks["keys"]["state"] == "failed"
    assert checks["clock"]["state"] == "skipped"


@pytest.mark.parametrize(("behind", "state"), [(0, State.OK), (120, State.WARNING), (3600, State.FAILED), (-3600, State.FAILED)])
def test_a_clock_that_is_off_is_told(connections, behind, state):
    service = Service("omnihuman_default")
    assert service.refusal is None
    ((here, reply),) = service.replies
    service.replies[0] = (here - behind, reply)
    assert check_clock(service).state is state


def test_keys_of_aws_that_are_missing_are_told(doctor, monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws"}))
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    checks, _ = doctor()
    assert checks["aws connection"]["state"] == "failed"
    assert "put login (access key) and password" in checks["aws connection"]["mend"]
    assert (checks["bucket"]["state"], checks["reach of S3"]["state"]) == ("skipped", "skipped")


def test_an_aws_connection_that_is_not_there_is_told_with_the_command_that_makes_it(doctor, monkeypatch, tmp_path):
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    checks, _ = doctor("--aws-conn-id", "aws_nowhere")
    assert checks["aws connection"]["state"] == "failed"
    assert "airflow connections add aws_nowhere --conn-type aws --conn-login" in checks["aws connection"]["mend"]
    assert '"service_config": {"s3": {"bucket_name"' in checks["aws connection"]["mend"]


def test_a_bucket_that_is_not_there_is_told(doctor):
    checks, _ = doctor("--bucket", "no-such-bucket-of-ours")
    assert checks["bucket"]["state"] == "failed"
    assert "there is no bucket no-such-bucket-of-ours" in checks["bucket"]["says"]


def aws(monkeypatch, endpoint, **fields):
    document = {"conn_type": "aws", "login": "test-key", "password": "test-secret"}
    config = {"endpoint_url": endpoint, "region_name": "us-east-1", "config_kwargs": {"s3": {"addressing_style": "path"}}}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(document | {"extra": config | fields}))
    return Store("aws_default", "bucket")


@pytest.mark.parametrize(
    ("endpoint", "state", "says"),
    [
        ("http://127.0.0.1:9000", State.FAILED, "127.0.0.1, which only this network can reach"),
        ("http://minio:9000", State.FAILED, "minio, which only this network can reach"),
        ("https://s3.corp.internal", State.FAILED, "which only this network can reach"),
        ("https://10.1.2.3", State.FAILED, "which only this network can reach"),
        ("http://8.8.8.8", State.WARNING, "plain http"),
        ("https://8.8.8.8", State.OK, "which is public"),
        ("https://no-such-host.invalid", State.FAILED, "cannot be looked up"),
    ],
)
def test_the_service_must_reach_what_is_presigned(monkeypatch, endpoint, state, says):
    found = check_reach(aws(monkeypatch, endpoint), endpoint="https://visual.volcengineapi.com")
    assert (found.state, says in found.says) == (state, True), found
    assert bool(found.mend) == (state is not State.OK)


def test_presigned_urls_that_die_with_a_session_are_told(monkeypatch):
    store = aws(monkeypatch, "https://8.8.8.8", aws_session_token="a-session-token")
    found = check_reach(store, endpoint="https://visual.volcengineapi.com")
    assert (found.state, "temporary keys" in found.says) == (State.WARNING, True)


@pytest.mark.parametrize(
    ("slots", "deferred", "wanted", "state"),
    [(2, True, 2, "ok"), (2, True, None, "ok"), (2, False, 2, "warning"), (3, True, 2, "warning"), (1, True, 2, "warning")],
)
def test_the_pool_is_compared_with_what_the_account_has(doctor, metadata, monkeypatch, emulator, slots, deferred, wanted, state):
    from airflow.models.pool import Pool

    extra(monkeypatch, emulator, max_concurrency=wanted)
    metadata(Pool(pool="omnihuman", slots=slots, include_deferred=deferred))
    pool = doctor()[0]["pool"]
    assert pool["state"] == state
    if state == "warning":
        assert pool["mend"] == "airflow pools set omnihuman 2 'OmniHuman jobs at once' --include-deferred"


def test_fix_makes_the_pool_and_leaves_one_that_is_there(doctor, metadata, monkeypatch, emulator):
    from airflow.models.pool import Pool

    extra(monkeypatch, emulator, max_concurrency=4)
    assert doctor()[0]["pool"]["state"] == "warning"
    assert doctor("--fix")[0]["pool"]["state"] == "ok"
    assert (Pool.get_pool("omnihuman").slots, Pool.get_pool("omnihuman").include_deferred) == (4, True)
    extra(monkeypatch, emulator, max_concurrency=9)
    assert doctor("--fix")[0]["pool"]["state"] == "warning"
    assert Pool.get_pool("omnihuman").slots == 4


def triggerer(*, silent_for=timedelta(0)):
    from airflow.jobs.job import Job, JobState

    job = Job(job_type="TriggererJob", state=JobState.RUNNING, latest_heartbeat=datetime.now(UTC) - silent_for)
    job.job_type = "TriggererJob"
    return job


def test_a_triggerer_that_is_silent_is_told(doctor, metadata):
    assert doctor()[0]["triggerer"]["state"] == "failed"
    metadata(triggerer(silent_for=timedelta(hours=1)))
    assert doctor()[0]["triggerer"]["state"] == "failed"
    metadata(triggerer())
    assert doctor()[0]["triggerer"]["state"] == "ok"


def dag(**fields):
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel

    model = DagModel(dag_id="doctors_dag", bundle_name="doctor", relative_fileloc="films.py", fileloc="films.py", **fields)
    for name, value in {"max_active_tasks": 1, "has_task_concurrency_limits": False}.items():
        setattr(model, name, value)
    return DagBundleModel(name="doctor"), model


@pytest.mark.parametrize(
    ("fields", "state", "mend"),
    [
        ({"is_paused": False, "is_stale": False}, "ok", None),
        ({"is_paused": True, "is_stale": False}, "failed", "airflow dags unpause doctors_dag"),
        ({"is_paused": False, "is_stale": True}, "failed", "put its file back, or wait for the dag-processor"),
    ],
    ids=["well", "paused", "stale"],
)
def test_a_dag_that_cannot_run_is_told(doctor, metadata, fields, state, mend):
    bundle, model = dag(**fields)
    metadata(bundle)
    metadata(model)
    check = doctor("--dag-id", "doctors_dag")[0]["dag"]
    assert (check["state"], check["mend"]) == (state, mend)


def test_a_dag_with_an_import_error_is_told(doctor, metadata):
    from airflow.models.errors import ParseImportError

    bundle, model = dag(is_paused=False, is_stale=False)
    metadata(bundle)
    trace = "Traceback …\nModuleNotFoundError: No module named 'airflow_provider_omnihuman'"
    metadata(model, ParseImportError(filename="films.py", bundle_name="doctor", stacktrace=trace))
    check = doctor("--dag-id", "doctors_dag")[0]["dag"]
    assert check["state"] == "failed"
    assert "films.py: ModuleNotFoundError: No module named 'airflow_provider_omnihuman'" in check["says"]


def test_a_dag_that_nobody_knows_is_told(doctor, metadata):
    assert "knows no Dag nonsense" in doctor("--dag-id", "nonsense")[0]["dag"]["says"]


def test_the_ledger_of_older_airflows_can_be_looked_at(doctor, tmp_path):
    assert doctor("--ledger-path", f"file://{tmp_path}")[0]["ledger"]["state"] == "ok"
    assert doctor("--ledger-path", f"file://{tmp_path}/nowhere")[0]["ledger"]["state"] == "failed"
    assert doctor("--ledger-path", "s3-without-a-scheme")[0]["ledger"]["state"] == "failed"


def test_the_inputs_of_a_request_are_checked_as_before_a_submit(doctor, put, portrait_png, speech_wav):
    good = doctor("--image", put("in/p.png", portrait_png), "--audio", put("in/a.wav", speech_wav(2.5)))[0]
    assert (good["portrait"]["state"], good["audio"]["state"]) == ("ok", "ok")
    assert "lasts 2.5 s" in good["audio"]["says"]
    bad = doctor("--image", "portrait.png", "--audio", put("in/long.wav", speech_wav(60)))[0]
    assert (bad["portrait"]["state"], bad["audio"]["state"]) == ("failed", "failed")
    assert bad["portrait"]["mend"].startswith("put the file into S3 first")
    assert "split it into parts" in bad["audio"]["says"] + bad["audio"]["mend"]


def test_inputs_that_only_this_network_reaches_are_refused(connections):
    with pytest.raises(ValueError, match="only this network can reach"):
        check_portrait("http://10.0.0.1/p.png", aws_conn_id="aws_default", endpoint="https://visual.volcengineapi.com")


def test_waits_in_worker_slots_are_told(doctor, monkeypatch):
    assert doctor()[0]["deferrable"]["state"] == "warning"
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    assert doctor()[0]["deferrable"]["state"] == "ok"


def test_a_person_reads_one_line_of_what_is_wrong_and_one_of_what_mends_it(omnihuman):
    ran = omnihuman("doctor", "--conn-id", "nix")
    assert ran.code == 1
    assert "failed   connection" in ran.out
    assert "→ airflow connections add nix" in ran.out
    assert ran.out.rstrip().splitlines()[-1].startswith("1 failed") or " failed" in ran.out.rstrip().splitlines()[-1]
