"""The interfaces as documents: OpenAPI per service, and one AsyncAPI document for all events (API-3).

``python -m termijn.testing.documents``, in the root of the repository, writes them anew: ``docs/api/<service>.openapi.json`` and
``termijn/events/asyncapi.json``, which travels in the wheel beside the JSON Schemas that it names.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from termijn.embedded.site import build_service_app
from termijn.events.envelope import Envelope
from termijn.runtime.http import Authority
from termijn.runtime.transport.kafka_settings import TOPIC_BYTES_MAX
from termijn.testing.samples import Kind, Shelf, kinds

SERVICES = ("contracts", "rating", "invoice", "dunning")
ASYNCAPI = Path("shared/src/termijn/events/asyncapi.json")
COLLECTED = "CollectedUsage"

_SCHEMA_FORMAT = "application/schema+json;version=2020-12"
_DECIDES = {
    "contracts": "Who agreed to what: the catalogue, accounts, modules, mandates, projects and goods.",
    "rating": "Use, work and fees that became charges.",
    "invoice": "Documents, direct debits and payments; what is missed, and what a step of the ladder is answered.",
    "dunning": "What happens to what is not paid: cases, letters, suspension, the bailiff.",
}
_HEADERS = {
    "ce_specversion": "1.0 (CloudEvents, Kafka protocol binding, binary mode)",
    "ce_id": "The event's id, a UUID. It is the same when the event is told again.",
    "ce_type": "termijn.<publisher>.<event>.v<schema version>",
    "ce_source": "/termijn/<publisher>/<provider>",
    "ce_subject": "The stream in which it was recorded.",
    "ce_time": "Domain time of the fact (ISO 8601, UTC).",
    "envelope": "Everything about the event but its contents, as JSON: see the schema Envelope.",
}


def openapi(service: str) -> dict[str, Any]:
    """One service's OpenAPI document, as it shows it itself."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority.sandbox(Path(folder) / "token.key")
        app = build_service_app(cast(Any, SimpleNamespace(name=service)), authority)
    document: dict[str, Any] = json.loads(json.dumps(app.openapi()))
    return document


def asyncapi(shelf: Shelf) -> dict[str, Any]:
    """All events of all publishers, in every version whose schema is on the shelf; and what collectors send."""
    public = [kind for kind in kinds() if kind.is_public]
    messages = {name: message for kind in public for name, message in _messages(kind, shelf)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Termijn events",
            "version": "0.1.0",
            "description": "What the services tell each other and whoever listens. Kept for 90 days; told again by `termijn republish`. "
            "Messages of one publisher and account are numbered without gaps (`number` in the envelope): that is how a listener knows "
            "that it missed one, or has had it. Personal fields are ciphertext.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {service: _channel(service, public, shelf) for service in SERVICES} | {"usage": _usage_channel()},
        "operations": {f"{service}Tells": _operation(service, "send") for service in SERVICES}
        | {"ratingTakesUsage": _operation("usage", "receive")},
        "components": {
            "messages": messages | {COLLECTED: _collected()},
            "messageTraits": {"envelope": {"headers": _headers(), "contentType": "application/json"}},
            "schemas": {"Envelope": _envelope()},
        },
    }


def _channel(service: str, public: list[Kind], shelf: Shelf) -> dict[str, Any]:
    names = [name for kind in public if kind.owner == service for name, _ in _messages(kind, shelf)]
    return {
        "address": f"termijn.{service}.v1",
        "description": f"{_DECIDES[service]} Key: <provider>/<account>, which keeps the order of an account.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": {"topic": f"termijn.{service}.v1", "topicConfiguration": {"max.message.bytes": TOPIC_BYTES_MAX}}},
    }


def _usage_channel() -> dict[str, Any]:
    return {
        "address": "termijn.usage.{provider}.v1",
        "description": "Usage of one provider, as its collectors send it (USE-1). The provider comes from the topic.",
        "parameters": {"provider": {"description": "The provider's id."}},
        "messages": {COLLECTED: {"$ref": f"#/components/messages/{COLLECTED}"}},
    }


def _operation(channel: str, action: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _messages(kind: Kind, shelf: Shelf) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each version of an event, by publisher and type: some tell of the same thing, and each has its own samples."""
    for version in shelf.stored(kind):
        file = f"samples/{kind.owner}/{shelf.schema(kind, version).name}"
        message = {
            "name": f"termijn.{kind.owner}.{kind.name}.v{version}",
            "title": kind.name,
            "summary": (kind.of.__doc__ or kind.name).strip().split("\n\n", maxsplit=1)[0].replace("\n", " "),
            "traits": [{"$ref": "#/components/messageTraits/envelope"}],
            "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": file}},
        }
        yield f"{kind.owner}.{kind.name}.v{version}", message


def _collected() -> dict[str, Any]:
    """The bodies are those of POST /usage: structured, batch or binary mode."""
    return {
        "name": "termijn.usage.v1",
        "title": COLLECTED,
        "summary": "CloudEvents 1.0 in structured or batch mode by content-type, or in binary mode by ce_ headers.",
        "contentType": "application/cloudevents+json",
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": _usage_schema()},
    }


def _usage_schema() -> dict[str, Any]:
    bodies = openapi("rating")["paths"]["/usage"]["post"]["requestBody"]["content"]
    return {"oneOf": [bodies[kind]["schema"] for kind in ("application/cloudevents+json", "application/cloudevents-batch+json")]}


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(_HEADERS),
        "properties": {name: {"type": "string", "description": said} for name, said in _HEADERS.items()},
    }


def _envelope() -> dict[str, Any]:
    schema = msgspec.json.schema(Envelope)
    described: dict[str, Any] = schema["$defs"]["Envelope"]
    return described


def documents(root: Path) -> Iterator[tuple[Path, bytes]]:
    """Every document and where it belongs."""
    for service in SERVICES:
        yield root / f"docs/api/{service}.openapi.json", _text(openapi(service))
    yield root / ASYNCAPI, _text(asyncapi(Shelf.of_repository(root)))


def _text(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def main() -> None:
    """Write what is not as it should be."""
    for path, content in documents(Path.cwd()):
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            sys.stdout.write(f"wrote {path}\n")


if __name__ == "__main__":
    main()
