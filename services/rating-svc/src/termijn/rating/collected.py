"""What collectors send, described for the OpenAPI document: FastAPI does not see bodies that are read as they come (API-3)."""

from typing import Any

import msgspec

from termijn.rating.usage import EVENTS_MAX, CloudEvent, UsageData

_HERE = "#/"
"""References are replaced by what they lead to: OpenAPI has its schemas at another place than JSON Schema."""


def _whole(shape: Any) -> dict[str, Any]:
    """The JSON Schema of a type, with nothing left to look up."""
    (schema,), parts = msgspec.json.schema_components([shape], ref_template=_HERE + "{name}")

    def inline(value: Any) -> Any:
        if isinstance(value, dict):
            if isinstance(reference := value.get("$ref"), str):
                return inline(parts[reference.removeprefix(_HERE)])
            whole = {name: inline(inner) for name, inner in value.items()}
            # Read as it is written, digit by digit, also where it is sent as a number.
            return {**whole, "type": ["string", "number"]} if whole.get("format") == "decimal" else whole
        return [inline(inner) for inner in value] if isinstance(value, list) else value

    described: dict[str, Any] = inline(schema)
    return described


CLOUD_EVENTS: dict[str, Any] = {
    "required": True,
    "description": f"CloudEvents 1.0: one event, up to {EVENTS_MAX} in a batch, or the data alone with its attributes as ce- headers.",
    "content": {
        "application/cloudevents+json": {"schema": _whole(CloudEvent)},
        "application/cloudevents-batch+json": {"schema": _whole(list[CloudEvent]) | {"maxItems": EVENTS_MAX}},
        "application/json": {"schema": _whole(UsageData)},
    },
}
CALL_RECORDS: dict[str, Any] = {
    "required": False,  # a night without a call makes an empty file
    "description": "The file as the exchange wrote it: CSV in the columns of the source's layout (policy), any single-byte or UTF-8 text.",
    "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},  # as bytes: its encoding is the exchange's
}
