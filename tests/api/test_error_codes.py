"""Every documented code is in the tables, and says what to do."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.api.error_codes import BUSINESS_CODES, GATEWAY_CODES, Kind, Retry, lookup

# The reference page's table: code, HTTP status, whether it may be retried.
REFERENCE_PAGE = [
    ("50411", 400, False),
    ("50511", 400, True),
    ("50412", 400, False),
    ("50512", 400, False),
    ("50513", 400, False),
    ("50514", 400, False),
    ("50413", 400, False),
    ("50429", 429, True),
    ("50430", 429, True),
    ("50500", 500, True),
    ("50501", 500, True),
]
SEEN = ["50215", "50218", "50220", "50200", "50204", "50400", *(str(code) for code in range(50516, 50523))]
GATEWAY = {
    "MissingParameter": 400,
    "MissingRequestInfo": 400,
    "InvalidAuthorization": 400,
    "ServiceNotFound": 404,
    "InvalidActionOrVersion": 404,
    "InvalidAccessKey": 401,
    "SignatureDoesNotMatch": 401,
    "InvalidSecretToken": 401,
    "LackPolicy": 403,
    "AccessDenied": 403,
    "InvalidTimestamp": 400,
    "InvalidCredential": 400,
    "FlowLimitExceeded": 429,
    "InternalError": 500,
    "InternalServiceError": 502,
    "ServiceUnavailableTemp": 503,
    "InternalServiceTimeout": 504,
}


@pytest.mark.parametrize(("code", "http_status", "may_be_retried"), REFERENCE_PAGE)
def test_the_reference_pages_table_is_complete(code, http_status, may_be_retried):
    row = BUSINESS_CODES[code]
    assert row.http_status == http_status
    assert (row.retry is not Retry.NEVER) is may_be_retried


@pytest.mark.parametrize("code", SEEN)
def test_codes_that_callers_report_are_known(code):
    assert BUSINESS_CODES[code].advice


@pytest.mark.parametrize(("code", "http_status"), GATEWAY.items())
def test_the_gateways_codes_are_known(code, http_status):
    row = GATEWAY_CODES[code]
    assert row.http_status == http_status
    assert (row.retry is Retry.ASK_AGAIN) is (http_status in {429, 500, 502, 503, 504})


@pytest.mark.parametrize("code", ["50511", "50516", "50517", "50519"])
def test_a_failed_output_audit_is_mended_only_by_a_new_submit(code):
    assert BUSINESS_CODES[code].retry is Retry.NEW_SUBMIT


@pytest.mark.parametrize("row", [*BUSINESS_CODES.values(), *GATEWAY_CODES.values()], ids=lambda row: row.code)
def test_every_row_says_what_it_means_and_what_to_do(row):
    assert row.meaning
    assert row.advice


@pytest.mark.parametrize(
    ("http_status", "retry", "kind"),
    [(500, Retry.ASK_AGAIN, Kind.INTERNAL), (429, Retry.ASK_AGAIN, Kind.QUOTA), (400, Retry.NEVER, Kind.INPUT)],
)
def test_an_undocumented_code_is_judged_by_its_http_status(http_status, retry, kind):
    row = lookup("59999", http_status=http_status)
    assert (row.retry, row.kind) == (retry, kind)


@pytest.mark.parametrize(
    ("code", "http_status"), [("BrandNewRefusal", 400), ("BrandNewRefusal", 200), ("59999", 401), ("59999", 403)]
)
def test_an_undocumented_word_of_the_gateway_or_a_refused_key_says_nothing_of_the_task(code, http_status):
    row = lookup(code, http_status=http_status)
    assert (row.retry, row.kind) == (Retry.NEVER, Kind.ACCESS)
