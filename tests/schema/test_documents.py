"""The documents of the interfaces are those of the code, and what travels is what they say (API-3)."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest

from termijn.events.envelope import Envelope
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.relay import record_of
from termijn.testing.documents import COLLECTED, asyncapi, documents
from termijn.testing.samples import Shelf, kinds
from termijn.testing.story import MadeCall

ROOT = Path(__file__).parents[2]
# As they were installed: the published language travels in the wheel.
PUBLISHED = Path(str(files("termijn.events")))
SHELF = Shelf(public=PUBLISHED / "samples", private=Path(__file__).parent / "samples")
PUBLIC = [kind for kind in kinds() if kind.is_public]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The AsyncAPI document."""
    return asyncapi(SHELF)


@pytest.mark.rule("API-3")
def test_the_documents_are_those_of_the_code() -> None:
    outdated = [str(path) for path, content in documents(ROOT) if not path.exists() or path.read_bytes() != content]
    assert outdated == [], "write them anew: python -m termijn.testing.documents"


@pytest.mark.rule("API-3")
def test_every_version_of_every_event_is_in_its_channel_with_its_schema(document: dict[str, Any]) -> None:
    for kind in PUBLIC:
        for version in SHELF.stored(kind):
            name = f"{kind.owner}.{kind.name}.v{version}"
            message = document["components"]["messages"][name]
            assert message["name"] == f"termijn.{name}"
            assert (PUBLISHED / message["payload"]["schema"]["$ref"]).is_file(), name
            assert name in document["channels"][kind.owner]["messages"]


def test_every_reference_inside_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    found = {part.split('"', maxsplit=1)[0] for part in text.split('"$ref": "#/')[1:]}
    assert found
    for reference in found:
        place: Any = document
        for part in reference.split("/"):
            place = place[part]
        assert place, reference


@pytest.mark.rule("API-3")
@pytest.mark.parametrize("kind", PUBLIC, ids=str)
def test_samples_fit_their_schemas(kind: Any) -> None:
    for version, sample in SHELF.stored(kind).items():
        schema = json.loads(SHELF.schema(kind, version).read_bytes())
        jsonschema_rs.validate(schema, json.loads(sample.read_bytes()))


@pytest.mark.rule("API-3")
def test_a_record_has_the_headers_that_the_document_names(document: dict[str, Any]) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    envelope = Envelope(
        id=UUID(int=1), type="CaseClosed", schema_version=1, publisher="dunning", provider=ProviderId("belco"), account=AccountId("acme"),
        number=7, stream="dunning_account-belco-acme", version=3, occurred_at=now, recorded_at=now, actor="manager:jan",
        why="role manager may", correlation_id=UUID(int=2), causation_id=UUID(int=3),
    )  # fmt: skip
    record = record_of(envelope, b"{}")
    headers = {name: value.decode() for name, value in record.headers.items()}
    described = document["components"]["messageTraits"]["envelope"]["headers"]
    assert set(headers) == set(described["properties"])
    jsonschema_rs.validate(described, headers)
    jsonschema_rs.validate(document["components"]["schemas"]["Envelope"], json.loads(headers["envelope"]))
    assert headers["ce_type"] == document["components"]["messages"]["dunning.CaseClosed.v1"]["name"]


def test_what_a_collector_sends_fits(document: dict[str, Any]) -> None:
    schema = document["components"]["messages"][COLLECTED]["payload"]["schema"]
    event = MadeCall(call_id="c-1", on=datetime(2026, 1, 5, tzinfo=UTC).date(), seconds=61).as_event()
    for sent in (event, [event]):
        jsonschema_rs.validate(schema, sent)
    assert not jsonschema_rs.is_valid(schema, {"id": "c-1"})
