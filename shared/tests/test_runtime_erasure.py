"""Forgetting an account in one service: answers, and what may not come back; and logs that say nothing of people (CON-7)."""

import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from termijn.events.base import Blob
from termijn.events.erasure import ErasureDone, ErasureHeld, ErasureReady, Obstacle
from termijn.kernel.ids import AccountId, ProviderId
from termijn.runtime.actor import opened_actor, sealed_actor
from termijn.runtime.aggregate import Command
from termijn.runtime.blobs import BlobDamaged, BlobMissing, FileBlobs
from termijn.runtime.clock import machine_now
from termijn.runtime.erasure import (
    ERASURE,
    AccessChanged,
    Answer,
    ChangeAccess,
    Erasure,
    ErasureEvent,
    NoteDone,
    QuestionTaken,
    TakeQuestion,
)
from termijn.runtime.erasure_log import Erased, FileErasureLog
from termijn.runtime.key_purpose import tax_purpose
from termijn.runtime.keys import AccountSealer, KeyDestroyed, KeyStore, PersonalKey
from termijn.runtime.sealed_blobs import SealedBlobs
from termijn.runtime.telemetry import log
from termijn.testing import sample as sample_module
from termijn.testing.harness import Services, ServiceUnderTest
from termijn.testing.postgres import Databases
from termijn.testing.sample import MarblesAdded, sample
from termijn.testing.spec import Spec

A = ProviderId("noord")
ACME = AccountId("acme")
NOW = machine_now()
HELD = (Obstacle(kind="open", subject="F1"),)


def spec() -> Spec[Erasure, Any, ErasureEvent]:
    return Spec(ERASURE)


ASKED = QuestionTaken(question="acme/1", attempt=1)
CLOSED = AccessChanged(question="acme/1", access="closed")
READY = ErasureReady(question="acme/1", attempt=1)


@pytest.mark.rule("CON-7")
def test_each_attempt_is_answered_and_then_only_what_changed() -> None:
    held = ErasureHeld(question="acme/1", attempt=1, obstacles=HELD)
    spec().given(ASKED).when(Answer(now=NOW, obstacles=HELD)).then(held)
    spec().given(ASKED, held).when(Answer(now=NOW, obstacles=HELD)).then_nothing()
    spec().given(ASKED, held).when(Answer(now=NOW, obstacles=())).then(READY)
    spec().given(ASKED, READY, QuestionTaken(question="acme/1", attempt=2)).when(Answer(now=NOW, obstacles=())).then(
        ErasureReady(question="acme/1", attempt=2)
    )
    spec().given().when(Answer(now=NOW, obstacles=())).then_nothing()


@pytest.mark.rule("CON-7")
def test_what_is_asked_after_a_deletion_was_called_off_is_asked_anew() -> None:
    """The same attempt of another question; closing access in between is no question."""
    opened, again = AccessChanged(question="acme/1", access="open"), AccessChanged(question="acme/2", access="closed")
    command: Command = TakeQuestion(now=NOW, question="acme/2", attempt=1)
    spec().given(CLOSED, ASKED, READY, opened, again).when(command).then(QuestionTaken(question="acme/2", attempt=1))


@pytest.mark.rule("CON-7")
def test_an_erased_account_stays_so() -> None:
    gone = AccessChanged(question="acme/1", access="erased")
    spec().given(ASKED, gone).when(ChangeAccess(now=NOW, question="acme/2", access="open")).then_nothing()
    spec().given(ASKED, gone).when(TakeQuestion(now=NOW, question="acme/2", attempt=1)).then_nothing()
    spec().given(ASKED, gone).when(NoteDone(now=NOW)).then(ErasureDone(question="acme/1"))
    spec().given(ASKED, gone, ErasureDone(question="acme/1")).when(NoteDone(now=NOW)).then_nothing()


@pytest.fixture
async def store(databases: Databases, tmp_path: Path) -> Any:
    database = await databases.new()

    async def opened() -> KeyStore:
        log = FileErasureLog(tmp_path / "erasures.log")
        return await KeyStore.open(owner_dsn=database.owner_dsn, app_dsn=database.app_dsn, log=log)

    return opened, database


@pytest.mark.rule("CON-7")
async def test_a_destroyed_key_does_not_come_back_with_a_backup_of_the_keys(store: Any) -> None:
    """The log is written first, and read whenever the store is opened."""
    opened, database = store
    keys = await opened()
    await keys.keys_for(A, ["acme", "other"])
    assert await keys.destroy(A, "acme")
    await keys.close()
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("update personal_key set key = sha256('of before'), destroyed_at = null where account = 'acme'")
    keys = await opened()
    assert (await keys.keys_for(A, ["acme"]))["acme"].key is None
    assert (await keys.keys_for(A, ["other"]))["other"].key is not None
    assert await keys.erased() == [(A, "acme")]
    await owner.execute("delete from personal_key where account = 'acme'")
    await keys.close()
    keys = await opened()
    await owner.close()
    assert (await keys.keys_for(A, ["acme"]))["acme"].key is None, "nor is a new one made for an account that is gone"
    await keys.close()


async def test_a_line_of_the_log_that_was_torn_takes_no_other_with_it(tmp_path: Path) -> None:
    path = tmp_path / "erasures.log"
    one = Erased("noord", "acme", "account", "k1", machine_now())
    await FileErasureLog(path).append(one)
    path.write_bytes(path.read_bytes() + b'["noord","b')
    await FileErasureLog(path).append(Erased("noord", "c", "account", "k2", one.at))
    assert [entry.account for entry in await FileErasureLog(path).read()] == ["acme", "c"]


@pytest.mark.rule("CON-7")
async def test_documents_outlive_the_account_and_go_with_their_year(store: Any, tmp_path: Path) -> None:
    opened, _ = store
    keys = await opened()
    blobs = SealedBlobs(FileBlobs(tmp_path / "blobs"), keys)
    letter = await blobs.put_personal(A, b"Geachte heer Jansen", account=ACME)
    invoice = await blobs.put_personal(A, b"Factuur voor Jansen", account=ACME, purpose=tax_purpose(2026))
    deck = await blobs.put(A, b"prefix,name")
    assert invoice == await blobs.put_personal(A, b"Factuur voor Jansen", account=ACME, purpose=tax_purpose(2026)), "written once"
    assert not any(b"Jansen" in path.read_bytes() for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    await keys.destroy(A, ACME)
    with pytest.raises(BlobMissing):
        await blobs.get(A, letter)
    with pytest.raises(KeyDestroyed):
        await blobs.put_personal(A, b"nog een brief", account=ACME)
    assert await blobs.get(A, invoice) == b"Factuur voor Jansen"
    await keys.destroy(A, ACME, purpose=tax_purpose(2026))
    with pytest.raises(BlobMissing):
        await blobs.get(A, invoice)
    assert await blobs.get(A, deck) == b"prefix,name"
    await keys.close()


async def test_a_sealed_file_that_was_changed_is_noticed(store: Any, tmp_path: Path) -> None:
    opened, _ = store
    keys = await opened()
    files = FileBlobs(tmp_path / "blobs")
    good = await SealedBlobs(files, keys).put_personal(A, b"Factuur", account=ACME)
    changed = await files.put(A, (await files.get(A, good))[:-1] + b"x")
    with pytest.raises(BlobDamaged):
        await SealedBlobs(files, keys).get(A, Blob(sha256=changed.sha256, size_bytes=changed.size_bytes, address=changed.address))
    await keys.close()


@pytest.mark.rule("CON-7", "SEC-3")
def test_who_of_an_account_did_something_is_sealed_and_an_employee_is_not() -> None:
    live = AccountSealer({("acme", "account"): PersonalKey("0" * 24, bytes(32))})
    kept = sealed_actor("customer:jan@bakker.example", "acme", live)
    assert "@" not in kept and kept.startswith("customer:s1.")
    assert opened_actor(kept, "acme", live) == "customer:jan@bakker.example"
    assert opened_actor(kept, "acme", AccountSealer({("acme", "account"): PersonalKey("0" * 24, None)})) == "customer"
    assert sealed_actor("manager:piet", "acme", live) == "manager:piet" == opened_actor("manager:piet", "acme", live)


CANARY = "Jan Kanarie, NL93TRIO0338765432, +31687654321"


@pytest.mark.rule("CON-7")
async def test_logs_name_nobody_whatever_fails(services: Services, capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message, a timer and a call fail with errors that quote their payload; what is said is types, places and ids."""

    async def fails(work: Any, message: Any) -> Any:
        raise ValueError(f"cannot deal with {message.event.by} of {CANARY}")

    monkeypatch.setattr(sample_module, "on_marbles", fails)
    svc: ServiceUnderTest = await services.open(sample(listens_to="rating"))
    await svc.hear("rating", MarblesAdded(count=2, by="Jan Kanarie"), account="acme")
    log("check").error("a sentence", ValueError(CANARY), account="acme", name_of_person=CANARY, reason=CANARY)
    said = capfd.readouterr()
    lines = [json.loads(line) for line in said.err.splitlines() if line.startswith("{")]
    assert [line["error"] for line in lines if "error" in line].count("ValueError") >= 2
    assert "account parked: a message failed" in {line["what"] for line in lines}
    for part in ("Kanarie", "NL93TRIO", "687654321"):
        assert part not in said.err + said.out
    assert {"name_of_person", "reason"} <= set(lines[-1]["left_out"])
