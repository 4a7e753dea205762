"""The connection forms of the Airflow UI, defined once and served in both of Airflow's ways.

Airflow 3.1 asks the hook's methods, 3.3 reads the provider metadata only, 3.2 takes the metadata first. Both are derived
from ``CONNECTION_FORMS``, so a field can never be on one form and missing on another. Imports no Airflow at module level:
the provider metadata is read at every Airflow start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "CONNECTION_FORMS",
    "ConnectionForm",
    "FormField",
    "form_widgets",
    "provider_metadata",
    "ui_field_behaviour",
]


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the connection's ``extra``.

    :param label: what the form calls it
    :param description: the help text below it
    :param kind: its JSON type
    :param secret: hidden while typing, masked in logs
    :param choices: the only values allowed (a dropdown where Airflow can show one)
    :param default: what the form starts with
    """

    label: str
    description: str
    kind: Literal["string", "integer", "number"] = "string"
    secret: bool = False
    choices: tuple[str, ...] = ()
    default: str | int | float | None = None

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema that Airflow 3.2+ builds its form from."""
        schema: dict[str, Any] = {"type": [self.kind, "null"]}
        if self.secret:
            schema["format"] = "password"
        if self.choices:
            schema = {"type": self.kind, "enum": list(self.choices)}
        if self.default is not None:
            schema["default"] = self.default
        return schema


@dataclass(frozen=True, slots=True)
class ConnectionForm:
    """The form of one connection type."""

    hook_class_name: str
    hook_name: str
    relabeling: dict[str, str]
    hidden_fields: tuple[str, ...]
    placeholders: dict[str, str]
    fields: dict[str, FormField] = field(default_factory=dict)


CONNECTION_FORMS: dict[str, ConnectionForm] = {
    "omnihuman": ConnectionForm(
        hook_class_name="airflow_provider_omnihuman.hooks.omnihuman.OmniHumanHook",
        hook_name="OmniHuman (Volcengine)",
        relabeling={"login": "Access Key ID", "password": "Secret Access Key"},
        hidden_fields=("schema", "port", "host"),
        placeholders={"login": "AKLT…", "password": "the Secret Access Key, as the console shows it"},
        fields={
            "site": FormField(
                "Site",
                "Whose keys: mainland is Volcengine (visual.volcengineapi.com), international BytePlus (cv.byteplusapi.com)",
                choices=("mainland", "international"),
                default="mainland",
            ),
            "region": FormField("Region", "Signing region. Empty: the site's own (cn-north-1, ap-singapore-1)"),
            "max_qps": FormField(
                "Requests a second",
                "The account's QPS limit. Empty: not known; polls then slow down when the service refuses some",
                kind="number",
            ),
            "triggerer_count": FormField("Triggerers", "How many triggerers share these requests. Empty: 1", kind="integer"),
            "max_concurrency": FormField(
                "Jobs at once",
                "The account's concurrency, as bought. Limits nothing by itself: `omnihuman doctor` compares the pool with it",
                kind="integer",
            ),
            "price_per_second": FormField(
                "Price per second of video",
                "What the account pays, for estimates. Empty: not known, no costs are shown",
                kind="number",
            ),
            "currency": FormField("Currency", "Of the price. Empty: CNY"),
            "session_token": FormField(
                "Session token", "Only with temporary keys that somebody else renews, all three together", secret=True
            ),
            "role_trn": FormField(
                "Role TRN",
                "trn:iam::<account id>:role/<role name>, to be assumed by STS with these keys; its temporary keys are renewed by "
                "themselves. Empty: the keys are used as they are",
            ),
            "role_session_name": FormField("Role session name", "What the audit log calls it. Empty: airflow-omnihuman"),
            "role_duration_s": FormField(
                "Role duration (s)", "How long its keys live, 900 (international: 3600) to 43200. Empty: 3600", kind="integer"
            ),
            "endpoint": FormField("Endpoint", "Base URL to use in place of the site's own, e.g. an emulator's"),
            "sts_endpoint": FormField("STS endpoint", "Likewise, for assuming the role. Empty: the site's own"),
            "connect_timeout_s": FormField("Connect timeout (s)", "Empty: 10", kind="number"),
            "read_timeout_s": FormField("Read timeout (s)", "How long to wait for a reply. Empty: 30", kind="number"),
        },
    ),
    "doubao_speech": ConnectionForm(
        hook_class_name="airflow_provider_omnihuman.hooks.doubao_speech.DoubaoSpeechHook",
        hook_name="Doubao Speech (Volcengine)",
        relabeling={"login": "App ID (old console only)", "password": "API Key (old console: Access Key)"},
        hidden_fields=("schema", "port", "host"),
        placeholders={"login": "leave empty with a new console's API key"},
        fields={
            "resource_id": FormField(
                "Resource ID",
                "The model that the key may use: seed-tts-2.0, seed-tts-1.0, seed-icl-2.0 …",
                default="seed-tts-2.0",
            ),
            "endpoint": FormField("Endpoint", "Base URL in place of https://openspeech.bytedance.com"),
            "timeout_s": FormField("Timeout (s)", "How long to wait for the next piece of audio. Empty: 60", kind="number"),
        },
    ),
}


def provider_metadata(conn_type: str) -> dict[str, Any]:
    """Return the ``connection-types`` entry for ``get_provider_info`` (Airflow 3.2+)."""
    form = CONNECTION_FORMS[conn_type]
    return {
        "connection-type": conn_type,
        "hook-class-name": form.hook_class_name,
        "hook-name": form.hook_name,
        "ui-field-behaviour": {
            "hidden-fields": list(form.hidden_fields),
            "relabeling": dict(form.relabeling),
            "placeholders": dict(form.placeholders),
        },
        "conn-fields": {
            name: {"label": item.label, "description": item.description, "schema": item.json_schema()}
            for name, item in form.fields.items()
        },
    }


def form_widgets(conn_type: str) -> dict[str, Any]:
    """Return the widgets for a hook's ``get_connection_form_widgets`` (Airflow 3.1)."""
    from wtforms import IntegerField, PasswordField, StringField  # FAB's; Airflow 3.1 puts stand-ins there without FAB
    from wtforms.validators import any_of

    def widget(item: FormField) -> Any:
        if item.secret:
            return PasswordField(item.label, description=item.description)
        # Airflow 3.1 refuses other classes than these, so a number with a fraction is typed as text there.
        kinds = {"integer": IntegerField, "number": StringField, "string": StringField}
        allowed = [any_of(list(item.choices))] if item.choices else None
        return kinds[item.kind](item.label, validators=allowed, description=item.description, default=item.default)

    return {name: widget(item) for name, item in CONNECTION_FORMS[conn_type].fields.items()}


def ui_field_behaviour(conn_type: str) -> dict[str, Any]:
    """Return what a hook's ``get_ui_field_behaviour`` answers (Airflow 3.1)."""
    form = CONNECTION_FORMS[conn_type]
    return {
        "hidden_fields": list(form.hidden_fields),
        "relabeling": dict(form.relabeling),
        "placeholders": dict(form.placeholders),
    }
