"""Downloads take their bytes straight from the socket, and all that httpx does about them stays as it is."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from airflow_provider_omnihuman.api.direct_transport import direct_transport
from tests.api.range_server import Reply, range_server

FILE = bytes(range(256)) * 4096


def fetched(url, **options):
    with (
        httpx.Client(transport=direct_transport(), timeout=options.pop("timeout", 5), follow_redirects=True) as client,
        client.stream("GET", url, **options) as response,
    ):
        return response, b"".join(response.iter_bytes())


@contextmanager
def answering(reply, tls=None):
    """A server that gives these bytes to whoever asks, then hangs up; yields its port and what it was asked."""
    asked = []

    def serve(connection):
        with connection:
            asked.append(connection.recv(65536))
            connection.sendall(reply)

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
                serve(tls.wrap_socket(connection, server_side=True) if tls else connection)
            except ssl.SSLError:
                continue  # a client that does not trust us
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1], asked
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def raw(*lines, body=b""):
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode() + body


def test_a_file_arrives_with_its_headers():
    with range_server(Reply(FILE)) as server:
        response, body = fetched(server.url, headers={"Range": "bytes=10-"})
    assert body == FILE[10:]
    assert (response.status_code, response.headers["ETag"], response.http_version) == (206, '"one"', "HTTP/1.0")
    assert server.asked[0]["path"] == "/v.mp4?X-Amz-Signature=s3cr3t"


def test_the_request_is_the_one_that_httpx_built():
    with answering(raw("Content-Length: 0")) as (port, asked):
        fetched(f"http://127.0.0.1:{port}/a%20b?c=%2F&d", headers={"Accept-Encoding": "identity", "If-Range": '"e"'})
    lines = asked[0].decode().split("\r\n")
    assert lines[0] == "GET /a%20b?c=%2F&d HTTP/1.1"
    names = [line.partition(":")[0].lower() for line in lines[1:] if line]
    assert sorted(names) == sorted({*names})
    assert f"Host: 127.0.0.1:{port}" in lines
    assert "Accept-Encoding: identity" in lines
    assert 'If-Range: "e"' in lines


def test_redirects_are_followed():
    with range_server(Reply(FILE)) as target, range_server(Reply(b"", status=302, headers={"Location": target.url})) as first:
        assert fetched(first.url)[1] == FILE


def test_a_body_in_chunks_is_taken_and_one_that_breaks_off_is_told():
    whole = raw("Transfer-Encoding: chunked", body=b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
    with answering(whole) as (port, _):
        assert fetched(f"http://127.0.0.1:{port}/")[1] == b"abcdefg"
    with answering(whole[:-8]) as (port, _), pytest.raises(httpx.RemoteProtocolError):
        fetched(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "lines",
    [["Content-Length: x"], ["Content-Length: -3"], ["Content-Length: +3"], ["Content-Length: 3", "Content-Length: 4"]],
    ids=" ".join,
)
def test_a_length_that_is_none_is_refused_not_ignored(lines):
    """Else a body that breaks off would pass for a whole one."""
    with answering(raw(*lines, body=b"abc")) as (port, _), pytest.raises(httpx.RemoteProtocolError):
        fetched(f"http://127.0.0.1:{port}/")


def test_a_header_on_two_lines_is_one():
    """What a server says is sent back to it (If-Range), and must not break our request."""
    with answering(raw("Content-Length: 0", 'ETag: "a', ' b"')) as (port, _):
        response, _ = fetched(f"http://127.0.0.1:{port}/")
    assert response.headers["ETag"] == '"a b"'


BROKEN_HEADERS = ["Content-Le", "ETag: x\r\n", "nonsense\r\nContent-Length: 1\r\n\r\nx"]


@pytest.mark.parametrize(
    "reply", [b"", b"SSH-2.0-x\r\n\r\n", *(f"HTTP/1.1 200 OK\r\n{lines}".encode() for lines in BROKEN_HEADERS)]
)
def test_what_is_no_http_is_a_protocol_error(reply):
    with answering(reply) as (port, _), pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        fetched(f"http://127.0.0.1:{port}/")


def test_a_port_where_nobody_listens_and_a_name_that_nobody_has_cannot_be_connected_to():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(httpx.ConnectError):
        fetched(f"http://127.0.0.1:{port}/")
    with pytest.raises(httpx.ConnectError):
        fetched("http://nobody.invalid/")


def test_a_server_that_says_nothing_is_a_read_timeout():
    started = time.monotonic()
    with range_server(Reply(FILE, cut=100, stall=True)) as server, pytest.raises(httpx.ReadTimeout):
        fetched(server.url, timeout=httpx.Timeout(0.3, connect=25))
    assert time.monotonic() - started < 15


def test_another_scheme_is_none_of_ours():
    with pytest.raises(httpx.UnsupportedProtocol):
        fetched("ftp://127.0.0.1/file")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself: its file, and a server's context."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = built.add_extension(names, critical=False).sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


def test_over_tls_the_servers_certificate_is_checked(certificate):
    with answering(raw("Content-Length: 3", body=b"abc"), tls=certificate[1]) as (port, _), pytest.raises(httpx.ConnectError):
        fetched(f"https://127.0.0.1:{port}/")


def test_over_tls_a_certificate_of_the_deployment_is_trusted(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with answering(raw("Content-Length: 3", body=b"abc"), tls=certificate[1]) as (port, _):
        assert fetched(f"https://127.0.0.1:{port}/")[1] == b"abc"


def test_a_proxy_of_the_deployment_is_used(monkeypatch):
    with answering(raw("Content-Length: 3", body=b"abc")) as (port, asked):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        assert fetched("http://vendor.example/v.mp4")[1] == b"abc"
    assert asked[0].startswith(b"GET http://vendor.example/v.mp4 ")
