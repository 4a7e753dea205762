"""A client that shares nothing with the emulator: signed by the vendor's signer, sent by ``requests``."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import requests
from volcengine.auth.SignerV4 import SignerV4
from volcengine.base.Request import Request
from volcengine.Credentials import Credentials

from airflow_provider_omnihuman.emulator.settings import LOCAL_ACCESS_KEY, LOCAL_SECRET_KEY

SUBMIT, QUERY, PROCESS = "CVSubmitTask", "CVGetResult", "CVProcess"
GENERATE_KEY = "jimeng_realman_avatar_picture_omni_v15"
RECOGNISE_KEY = "jimeng_realman_avatar_picture_create_role_omni_v15"
DETECT_KEY = "jimeng_realman_avatar_object_detection"


@dataclass
class Client:
    endpoint: str
    admin_url: str = ""
    access_key: str = LOCAL_ACCESS_KEY
    secret_key: str = LOCAL_SECRET_KEY
    session_token: str = ""
    region: str = "cn-north-1"
    service: str = "cv"
    version: str = "2022-08-31"

    def signed(self, action, body, **query):
        """Return URL parameters, headers and bytes of a signed request."""
        request = Request()
        request.set_method("POST")
        request.set_path("/")
        request.set_query({"Action": action, "Version": self.version} | query)
        host = self.endpoint.removeprefix("http://")
        request.set_headers({"Host": host, "Content-Type": "application/json"})
        request.body = body if isinstance(body, str) else json.dumps(body)
        credentials = Credentials(self.access_key, self.secret_key, self.service, self.region)
        if self.session_token:
            credentials.set_session_token(self.session_token)
        SignerV4.sign(request, credentials)
        return dict(request.query), dict(request.headers), request.body.encode()

    def send(self, params, headers, data, *, method="POST", timeout=30):
        return requests.request(method, self.endpoint + "/", params=params, headers=headers, data=data, timeout=timeout)

    def call(self, action, body):
        return self.send(*self.signed(action, body))

    def submit(self, body):
        reply = self.call(SUBMIT, body)
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]["task_id"]

    def query(self, task_id, **fields):
        return self.call(QUERY, {"req_key": GENERATE_KEY, "task_id": task_id} | fields)

    def status(self, task_id, **fields):
        return self.query(task_id, **fields).json()["data"]["status"]

    def result(self, task_id, *, advance_s=3600, **fields):
        """Let the work be over, and return the first reply that is no running status."""
        if advance_s:
            self.advance(advance_s)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            reply = self.query(task_id, **fields)
            data = reply.json()["data"]
            if data is None or data["status"] not in ("processing", "in_queue", "generating"):
                return reply
            time.sleep(0.05)
        raise AssertionError("the task does not end")

    def wait_until_rendered(self, task_id):
        """Let the real work be done, without moving the clock."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            job = next(job for job in self.state()["jobs"] if job["task_id"] == task_id)
            if job["rendered"] or job["code"]:
                return job
            time.sleep(0.05)
        raise AssertionError("the task is not rendered")

    def admin(self, method, path, document=None):
        reply = requests.request(method, self.admin_url + path, json=document, timeout=30)
        assert reply.ok, reply.text
        return reply.json()

    def state(self):
        return self.admin("GET", "/state")

    def advance(self, seconds):
        return self.admin("POST", "/clock", {"advance_s": seconds})

    def fault(self, **document):
        return self.admin("POST", "/faults", document)
