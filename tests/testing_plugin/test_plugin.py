"""The plugin of pytest, as a team uses it: in a project of their own, without a conftest, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap

import pytest

from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "testing-your-dags.md").read_text()
HEAVY = ("airflow", "boto3", "botocore", "moto", "av", "aiohttp", "numpy", "httpx", "sqlalchemy")
NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event == "socket.connect" and arguments[1][0] not in ("127.0.0.1", "::1"):
        raise PermissionError(f"not this machine: {arguments[1]}")
    if event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "localhost", None, ""):
        raise PermissionError(f"not this machine: {arguments[0]}")

sys.addaudithook(refuse)
"""


@pytest.fixture
def project(tmp_path):
    """Run pytest in a folder with these files; return what it said."""

    def run(*arguments, environment=None, **files):
        (tmp_path / "home").mkdir(exist_ok=True)
        for name, text in {"pytest.ini": "[pytest]\n", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "AIRFLOW_HOME": str(tmp_path / "home" / "airflow")}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env=clean | (environment or {}),
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )

    return run


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_example_of_the_page_runs_as_it_is_copied(project, tmp_path, portrait_png):
    dag, test = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)[:2]
    (ini,) = re.findall(r"```ini\n(.+?)```", PAGE, re.DOTALL)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "presenter.png").write_bytes(portrait_png)
    files = {"dags/daily_news.py": dag, "tests/test_daily_news.py": test, "pytest.ini": ini}
    done = project("-p", "no_network", environment={"PYTHONPATH": str(tmp_path)}, **files, **{"no_network.py": NO_NETWORK})
    assert "1 passed" in done.stdout, done.stdout[-6000:] + done.stderr[-2000:]
    assert not (tmp_path / "home" / "airflow" / "airflow.db").exists(), "a database that is not the test's was used"


def test_it_loads_nothing_heavy_where_no_fixture_is_used(project):
    loaded = """
        import sys

        def pytest_sessionfinish():
            print("HEAVY", sorted({name.split(".")[0] for name in sys.modules} & set(%r)))
    """
    done = project("--collect-only", "-s", **{"conftest.py": loaded % (HEAVY,), "test_x.py": "def test_x(): pass"})
    assert "HEAVY []" in done.stdout, done.stdout
    assert "test_x.py::test_x" in done.stdout


def test_it_is_found_by_pytest_itself(project):
    done = project("--fixtures", **{"test_x.py": "def test_x(): pass"})
    for name in ("omnihuman_airflow", "omnihuman_connection", "omnihuman_emulator", "omnihuman_s3"):
        assert re.search(rf"^{name}\b.*\n    \S", done.stdout, re.MULTILINE), f"{name} is not there, or says nothing of itself"


@pytest.mark.parametrize(
    ("fixture", "missing"), [("omnihuman_emulator", "aiohttp"), ("omnihuman_s3", "moto"), ("omnihuman_connection", "aiohttp")]
)
def test_what_is_not_installed_is_named_with_what_to_do(project, fixture, missing):
    blocked = f"import sys\nsys.modules[{missing!r}] = None\n"
    done = project(**{"conftest.py": blocked, "test_x.py": f"def test_x({fixture}): pass"})
    assert f"needs {missing}, which is not installed: pip install 'airflow-provider-omnihuman[testing]'" in done.stdout
    assert "1 error" in done.stdout


def test_settings_come_from_the_marker_and_from_the_configuration(project):
    test = """
        import pytest

        pytestmark = pytest.mark.omnihuman(qps=7)

        def test_configured(omnihuman_emulator):
            settings = omnihuman_emulator.settings
            assert (settings.speed, settings.concurrency, settings.qps) == (50, 3, 7)
            assert omnihuman_emulator.state()["clock"]["speed"] == 50

        @pytest.mark.omnihuman(speed=5, concurrency=1, access_key="AKLTother")
        def test_marked(omnihuman_emulator):
            settings = omnihuman_emulator.settings
            assert (settings.speed, settings.concurrency, settings.qps, settings.access_key) == (5, 1, 7, "AKLTother")
            assert omnihuman_emulator.state()["clock"]["speed"] == 5
    """
    ini = "[pytest]\naddopts = --strict-markers\nomnihuman_speed = 50\nomnihuman_concurrency = 3\n"
    done = project(**{"pytest.ini": ini, "test_x.py": test})
    assert "2 passed" in done.stdout, done.stdout


def test_an_unknown_setting_is_told_with_those_that_are_known(project):
    test = "import pytest\n@pytest.mark.omnihuman(sped=5)\ndef test_x(omnihuman_emulator): pass"
    done = project(**{"test_x.py": test})
    assert "the emulator has no setting sped; known are" in done.stdout
    done = project(**{"test_x.py": "def test_x(omnihuman_emulator): pass", "pytest.ini": "[pytest]\nomnihuman_qps = many\n"})
    assert "omnihuman_qps in pytest's configuration must be a number, not 'many'" in done.stdout


def test_each_test_begins_with_nothing_and_leaves_nothing_behind(project):
    test = """
        import os, threading
        import pytest

        BEFORE = dict(os.environ)

        @pytest.mark.parametrize("number", [1, 2])
        def test_x(number, omnihuman_emulator, omnihuman_connection, omnihuman_s3):
            assert omnihuman_s3.keys() == []
            assert omnihuman_emulator.state()["faults"] == []
            assert "AWS_PROFILE" not in os.environ
            assert os.environ["AIRFLOW_CONN_AWS_DEFAULT"]
            assert omnihuman_s3.get(omnihuman_s3.put("a/b", b"c")) == b"c"
            omnihuman_emulator.fault(kind="reset")

        def test_the_environment_is_as_it_was():
            assert {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"} == {
                name: value for name, value in BEFORE.items() if name != "PYTEST_CURRENT_TEST"
            }
    """
    end = """
        import threading

        def pytest_unconfigure():
            print("THREADS", [thread.name for thread in threading.enumerate()])
    """
    environment = {"AWS_PROFILE": "nobody", "HTTP_PROXY": "http://127.0.0.1:9", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = project("-s", environment=environment, **{"test_x.py": test, "conftest.py": end})
    assert "3 passed" in done.stdout, done.stdout
    assert "THREADS ['MainThread']" in done.stdout


def test_workers_of_xdist_have_servers_of_their_own(project):
    test = """
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_x(number, omnihuman_emulator, omnihuman_s3, worker_id, tmp_path_factory):
            import time
            shared = tmp_path_factory.getbasetemp().parent
            (shared / worker_id).write_text(omnihuman_emulator.endpoint + omnihuman_s3.endpoint)
            for _ in range(100):
                found = [path.read_text() for path in shared.glob("gw?") if path.is_file()]
                if len(found) == 2:
                    break
                time.sleep(0.1)
            assert len(set(found)) == 2
    """
    done = project("-n", "2", **{"test_x.py": test})
    assert "2 passed" in done.stdout, done.stdout
