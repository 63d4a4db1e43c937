"""A backup is made while documents are issued: whatever it knows of, it has."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from termijn.keeping import backup as backing_up
from termijn.keeping.manifest import Stored
from termijn.keeping.place import Place
from termijn.kernel.ids import ProviderId
from termijn.runtime.blobs import FileBlobs
from termijn.runtime.journal import FileJournal
from termijn.runtime.journal_entry import Facts, KeptEvent, KeptUnit

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def issue(place: Place, number: int) -> None:
    """As a service does: the file first, then the event that names it, then the journal."""
    blob = FileBlobs(place.blobs)._put(ProviderId("belco"), f"invoice {number}".encode())
    data = json.dumps({"document": blob.sha256})
    event = KeptEvent(f"invoice-belco-{number}", 1, UUID(int=number), "InvoiceIssued", 1, "acme", data, "{}", NOW, NOW)
    journal = FileJournal(place.journal)
    journal._append("invoice", [KeptUnit(position=number, provider="belco", now=NOW, events=(event,), facts=Facts())])
    journal.close()


async def test_every_document_that_a_backup_knows_of_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One was issued while the databases were dumped, another one after the first of files and journal was copied."""
    place: Place = Place(folder=tmp_path / "there", server=None)  # type: ignore[arg-type]  # nothing is asked of it
    place.folder.mkdir()
    (place.folder / "installation.json").write_text("{}")

    async def nothing(*_: object) -> Any:
        return "0"

    async def dump(of: Place, short: str, target: Path) -> Stored:
        if short == "invoice":
            issue(place, 1)
        return Stored(path=short, sha256="0" * 64, size_bytes=0)

    copied: list[str] = []

    def and_one_more(copy: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any) -> Any:
            done = copy(*args)
            copied.append(copy.__name__)
            if len(copied) == 1:
                issue(place, 2)
            return done

        return wrapped

    for name in ("_asked", "_write_erased"):
        monkeypatch.setattr(backing_up, name, nothing)
    monkeypatch.setattr(backing_up, "_dump", dump)
    for name in ("copy_blobs", "_copy_journal"):
        monkeypatch.setattr(backing_up, name, and_one_more(getattr(backing_up, name)))
    await backing_up.backup(place, tmp_path / "backup")
    named = [
        json.loads(event.data)["document"]
        async for page in FileJournal(tmp_path / "backup" / "journal").read("invoice")
        for unit in page
        if isinstance(unit, KeptUnit)
        for event in unit.events
    ]
    assert named and set(named) <= {path.name for path in (tmp_path / "backup" / "blobs" / "belco").iterdir()}


def test_a_file_that_is_erased_meanwhile_is_no_reason_to_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listed, and gone with its account before it was its turn."""
    blobs = FileBlobs(tmp_path / "blobs")
    files = sorted(tmp_path / "blobs" / blobs._put(ProviderId("belco"), content).address for content in (b"one", b"two"))
    read = Path.read_bytes

    def erasing(path: Path) -> bytes:
        files[-1].unlink(missing_ok=True)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", erasing)
    assert backing_up.copy_blobs(tmp_path / "blobs", tmp_path / "copy").files == 1
