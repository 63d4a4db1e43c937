"""What samples of the deletion of an account are filled with; see ``example_values``."""

from collections.abc import Mapping
from typing import Any

_OBSTACLES = [{"kind": "open", "subject": "F2026000042", "amount": "52.15", "until": "2026-05-24"}]

ERASURE: Mapping[str, Any] = {
    "question": "bakkerij-de-linde/1",
    "obstacles": _OBSTACLES,
    "mandate_needed_until": "2027-07-04",
    "deleted_at": "2026-06-01T09:30:00Z",
    "asked_at": "2026-06-01T09:00:00Z",
    "services": ["dunning"],
    "purpose": "account",
    "AnswerNoted.service": "invoice",
    "ServiceErased.service": "rating",
    "AccountDeletionEnded.reason": "withdrawn",
    "AccessChanged.access": "closed",
    "Obstacle.kind": "open",
    "Obstacle.subject": "F2026000042",
    "MandateProofKept.until": "2027-07-04",
    "MandateProofOver.until": "2027-07-04",
    "YearKept.ends_on": "2034-01-01",
}
