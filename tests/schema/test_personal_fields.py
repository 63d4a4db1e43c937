"""Every text in every event and wake-up is either sealed or on the list of what is not personal, with the reason (CON-7)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import inspect

from termijn.runtime.aggregate import WakeUp
from termijn.testing.samples import Kind, kinds

ROOT = Path(__file__).resolve().parents[2]

IDS = "names a thing of ours by an id; ids must not name people, which the decision on erasure says"
CATALOGUE = "what the provider sells, as the price list shows it"
OURS = "written by our own code, from codes, dates and numbers of documents"
PROVIDER = "the provider's own, printed on every document"
CODE = "one of a fixed set of codes, checked where it comes in"

NOT_PERSONAL: dict[str, str] = {
    **dict.fromkeys(
        ("accounts", "article_id", "articles", "case_id", "change_id", "confirmation_id", "credit_id", "deck_id", "delivery_id",
         "hold_id", "indexation_id", "invoice_id", "invoice_ids", "lease_id", "letter_id", "line_id", "line_ids", "mandate_id",
         "message_id", "migration_id", "milestone_id", "module_id", "modules", "money_id", "money_ids", "options", "order_id",
         "payment_id", "placement_id", "project_id", "proposal", "question", "statement_id", "subject_id", "tariff_id", "task_id",
         "timer", "up_to", "warranty_id", "end_to_end_id", "unmatched", "only", "tariffs", "address", "sha256"), IDS),
    **dict.fromkeys(
        ("alternative_name", "article", "ledger_account", "module", "module_title", "name", "never_suspended", "revenue_group",
         "sku", "title", "unit", "usage_key", "works_while_suspended", "still_works"), CATALOGUE),
    **dict.fromkeys(
        ("basis", "corrects", "explanation", "fields",
         "number", "period", "series", "step", "stream", "streams", "version", "kind", "purpose"),
        OURS),
    **dict.fromkeys(
        ("<key>", "columns", "credit_note_series", "creditor_id", "delimiter", "destination_from", "handovers_at", "index",
         "invoice_series", "letters_at", "number_format", "proposals_at", "source", "subject_from", "subject_prefix",
         "test_series"), PROVIDER),
    **dict.fromkeys(("channel", "country", "media_type", "reason_code", "scheme", "vat_country"), CODE),
    "account_manager": "an employee of the provider, who goes on working there when a customer leaves",
    "document": "the name of a form of the provider",
    "request": "where the provider filed a request; as confirmation",
    "mandate_reference": "a number that the provider gave; bank files and reversals know the mandate by it (PAY-1)",
    "reference": "as mandate_reference",
    "old_reference": "as mandate_reference",
}  # fmt: skip
"""By the name of the field."""

OF_THE_PROVIDER = {"letterhead", "profile", "ProviderProfileChanged"}
"""What lies in these is printed on the provider's own paper."""

REASONS = {
    "AccountSuspended", "AnnouncementFailed", "ClearanceRefused", "ConfirmationNotSent", "ContractTaskRaised", "DeliveryFailed",
    "DraftHeld", "ManagerTaskCreated", "MigrationAdvanced", "ModuleSuspended", "PriceChangeDropped", "ResumptionRequested",
    "StepsPlanned", "SuspensionRequested", "TaskRaised", "UsageSuspended",
}  # fmt: skip
"""Events whose ``reason`` our own code writes; one that a person types is sealed."""


def texts(kind: Kind) -> Iterator[str]:
    """The path of every text that is not sealed."""

    def look(of: inspect.Type, path: str) -> Iterator[str]:
        match of:
            case inspect.StructType():
                for field in of.fields:
                    yield from look(field.type, f"{path}.{field.name}" if path else field.name)
            case inspect.UnionType():
                for one in of.types:
                    yield from look(one, path)
            case inspect.VarTupleType() | inspect.ListType():
                yield from look(of.item_type, f"{path}.*")
            case inspect.DictType():
                yield from look(of.key_type, f"{path}.<key>")
                yield from look(of.value_type, path)
            case inspect.StrType() if not any(path == sealed or path.startswith(f"{sealed}.") for sealed in kind.personal | kind.texts):
                yield path

    return look(inspect.type_info(kind.of), "")


def is_listed(kind: Kind, path: str) -> bool:
    name = path.removesuffix(".*").rpartition(".")[2]
    if OF_THE_PROVIDER & {kind.name, *path.split(".")}:
        return True
    if name == "reason" or (name == "subject" and "obstacles" in path):
        return kind.name in REASONS or name == "subject"
    return name in NOT_PERSONAL


@pytest.mark.rule("CON-7")
@pytest.mark.parametrize("kind", kinds(), ids=str)
def test_every_text_is_sealed_or_known_not_to_be_about_a_person(kind: Kind) -> None:
    """A new field with a name of its own fails here: seal it (PERSONAL), or say why it need not be."""
    assert [path for path in texts(kind) if not is_listed(kind, path)] == []


@pytest.mark.rule("CON-7")
def test_wake_ups_hold_nothing_that_would_have_to_be_sealed() -> None:
    """A timer's payload is not sealed, so it names things by id only."""
    found = {path.removesuffix(".*").rpartition(".")[2] for kind in kinds() if issubclass(kind.of, WakeUp) for path in texts(kind)}
    assert {name for name in found if NOT_PERSONAL.get(name) not in (IDS, OURS)} == set()


def test_no_reason_outlives_its_field() -> None:
    """What nothing has any more leaves the list."""
    used = {path.removesuffix(".*").rpartition(".")[2] for kind in kinds() for path in texts(kind)}
    assert set(NOT_PERSONAL) - used - {"articles"} == set()
    assert REASONS - {kind.name for kind in kinds()} == set()


OPEN_BLOBS = {
    "services/contracts-svc/src/termijn/contracts/catalogue_exchange.py": "rate decks",
    "services/contracts-svc/src/termijn/contracts/publishing.py": "rate decks",
    "services/contracts-svc/src/termijn/contracts/api/legal_documents.py": "terms and agreements, the same for everybody",
}


def test_what_is_stored_as_a_file_is_sealed_unless_it_is_about_nobody() -> None:
    """Documents, letters, forms and case files: ``put_personal``."""
    found = set()
    for path in sorted(ROOT.glob("services/*/src/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_put = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "put"
            if is_put and isinstance(node.func.value, ast.Attribute) and node.func.value.attr == "blobs":
                found.add(str(path.relative_to(ROOT)))
    assert found == set(OPEN_BLOBS)
