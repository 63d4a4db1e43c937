"""Blobs: whole or not there, one per content, each provider for itself."""

from pathlib import Path

import msgspec
import pytest

from termijn.kernel.ids import ProviderId
from termijn.runtime.blobs import BlobDamaged, BlobMissing, FileBlobs

A, B = ProviderId("noord"), ProviderId("zuid")


async def test_the_same_content_twice_is_one_blob(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    first, second = await blobs.put(A, b"deck"), await blobs.put(A, b"deck")
    assert first == second
    assert first.size_bytes == 4
    assert await blobs.get(A, first) == b"deck"
    assert len(list((tmp_path / "noord").iterdir())) == 1


@pytest.mark.rule("SEC-1")
async def test_a_provider_does_not_read_another_providers_blob(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blob = await blobs.put(A, b"secret")
    with pytest.raises(BlobMissing):
        await blobs.get(B, blob)


async def test_what_was_erased_is_missing_and_erasing_twice_is_once(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blob = await blobs.put(A, b"letter")
    await blobs.erase(A, blob)
    await blobs.erase(A, blob)
    with pytest.raises(BlobMissing):
        await blobs.get(A, blob)


async def test_an_address_cannot_leave_its_folder(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blob = await blobs.put(A, b"x")
    (tmp_path / "outside").write_text("x")
    with pytest.raises(BlobMissing):
        await blobs.get(A, msgspec.structs.replace(blob, sha256="../outside"))
    with pytest.raises(BlobMissing):
        await blobs.put(ProviderId(".."), b"x")


async def test_a_damaged_file_is_found_out(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blob = await blobs.put(A, b"content")
    (tmp_path / "noord" / blob.sha256).write_bytes(b"c0ntent")
    with pytest.raises(BlobDamaged):
        await blobs.get(A, blob)
