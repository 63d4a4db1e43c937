"""The case file that goes to the bailiff, as one archive. Pure: the same facts give the same bytes (DUN-5).

No open standard exists for it. Ours is a zip of ``dossier.json`` (versioned), ``ledger.csv``, the invoice and every letter.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from termijn.dunning.account_state import Known, OpenCase
from termijn.dunning.handover import Statement
from termijn.events.contracts import TermsAcceptance
from termijn.kernel.ids import AccountId, ProviderId

VERSION = 1
"""Of the shape of ``dossier.json``; goes up when it changes."""
LEDGER_COLUMNS = ("day", "kind", "amount", "open_after", "detail")
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can name


class SentLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter of the case that went out, with its text."""

    letter_id: str
    step: str
    sent_on: date
    message_id: str
    last_payment_on: date
    text: bytes


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the case's history: what happened on which day, and what was open after it."""

    day: date
    kind: str
    amount: Decimal | None
    open_after: Decimal | None
    detail: str


class CaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that proves a claim."""

    provider: ProviderId
    account: AccountId
    known: Known
    case: OpenCase
    statement: Statement
    stated_on: date
    invoice: bytes
    letters: tuple[SentLetter, ...]
    entries: tuple[Entry, ...]

    @property
    def terms(self) -> TermsAcceptance | None:
        """The proof of acceptance, from the invoice or the account."""
        return self.case.terms or self.known.terms


def archive(file: CaseFile) -> bytes:
    """The case file as a zip: stored, not compressed, without times of its own, so that it is the same wherever it is made."""
    parts: dict[str, bytes] = {"invoice.txt": file.invoice, "ledger.csv": ledger(file.entries)}
    for letter in file.letters:
        parts[f"letters/{letter.sent_on.isoformat()}-{letter.step}.txt"] = letter.text
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as zipped:
        for name, content in {"dossier.json": _dossier(file, parts), **dict(sorted(parts.items()))}.items():
            info = zipfile.ZipInfo(name, date_time=_EARLIEST)
            info.create_system, info.external_attr = 3, 0o644 << 16
            zipped.writestr(info, content)
    return buffer.getvalue()


def ledger(entries: Sequence[Entry]) -> bytes:
    """The history as CSV, oldest first: comma, CRLF, UTF-8 (RFC 4180)."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(LEDGER_COLUMNS)
    for entry in entries:
        amounts = ["" if amount is None else f"{amount:.2f}" for amount in (entry.amount, entry.open_after)]
        rows.writerow([entry.day.isoformat(), entry.kind, *amounts, entry.detail])
    return text.getvalue().encode()


def _dossier(file: CaseFile, parts: Mapping[str, bytes]) -> bytes:
    case, claim = file.case, file.statement
    said: dict[str, Any] = {
        "version": VERSION,
        "provider": file.provider,
        "account": file.account,
        "customer_number": file.known.customer_number,
        "debtor_kind": file.known.debtor_kind,
        "debtor": msgspec.to_builtins(file.known.debtor),
        "invoice": {
            "number": case.number,
            "issued_on": case.issued_on,
            "due_on": case.due_on,
            "stream": case.stream,
            "gross": f"{case.gross:.2f}",
        },
        "claim": {
            "stated_on": file.stated_on,
            "interest_from": case.ladder_due_on,
            "principal": f"{claim.principal:.2f}",
            "collection_costs": f"{claim.collection_costs:.2f}",
            "interest": f"{claim.interest:.2f}",
            "total": f"{claim.total:.2f}",
        },
        "proofs": {"terms_accepted": file.terms, "invoice_received_at": _utc(case.delivered_at)},
        "letters": [_letter(letter) for letter in file.letters],
        "calls": [entry.day for entry in file.entries if entry.kind == "call_task"],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(parts.items())},
    }
    return msgspec.json.format(msgspec.json.encode(said), indent=2) + b"\n"


def _letter(letter: SentLetter) -> dict[str, Any]:
    return {
        "letter_id": letter.letter_id,
        "step": letter.step,
        "sent_on": letter.sent_on,
        "message_id": letter.message_id,
        "last_payment_on": letter.last_payment_on,
    }


def _utc(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
