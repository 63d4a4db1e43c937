"""The commands of keeping, run as an operator runs them, and as docs/operations.md shows them."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from termijn.cli.recover import said
from termijn.embedded.installation import open_installation
from termijn.keeping.recovery import Finding
from termijn.runtime.transport.base import OffsetsLost

COMMAND = Path(sys.executable).parent / "termijn"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"

pytestmark = [pytest.mark.slow, pytest.mark.database, pytest.mark.timeout(300)]


def termijn(*arguments: str | Path, status: int = 0) -> str:
    """What the command says."""
    done = subprocess.run([str(COMMAND), *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    """An installation with a server of its own, in a folder that PostgreSQL's account can reach."""
    made = Path(tempfile.mkdtemp(prefix="termijn-keeping-"))
    async with open_installation(made / "here", sandbox_start=datetime(2026, 1, 1, tzinfo=UTC)) as installation:
        async with installation.client("manager", "demo") as client:
            body = {"account_id": "acme", "contract_partner": {"name": "Acme", "email": "a@x.example"}}
            answer = await client.post("/contracts/accounts", json=body, headers={"idempotency-key": "k"})
            assert answer.is_success, answer.text
        await installation.settle()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.mark.skipif(not PAGE.exists(), reason="the page is in the source tree only")
def test_the_drill_of_the_page_works_as_it_is_written(folder: Path) -> None:
    """Each line, with our folders in the place of the page's."""
    drill = re.search(r"## A drill\n.*?```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert drill is not None
    said = []
    for line in drill[1].splitlines():
        words = line.removeprefix("$ termijn ").replace("/backups", str(folder)).replace("elsewhere", str(folder / "there")).split()
        said.append(termijn(*words, *(() if "--dir" in words else ("--dir", str(folder / "here")))))
    backed_up, restored, looked, released, verified = said
    assert "6 databases" in backed_up and "/keys" in backed_up
    assert "All restored" in restored and "held" in restored
    assert looked.count("lets it go on") == 4 and "Released" not in looked
    assert released.count("Released; it goes on.") == 4
    assert "All laws hold" in verified
    assert "No service is held." in termijn("recover", "--dir", folder / "there")


def test_one_service_is_restored_beside_the_others_and_told_again(folder: Path) -> None:
    here, backup = folder / "here", folder / "backup"
    termijn("backup", backup, "--dir", here)
    assert "invoice restored" in termijn("restore", backup, "--service", "invoice", "--dir", here)
    assert "invoice: restored from the backup of" in termijn("recover", "--dir", here)
    termijn("recover", "--confirm", "--dir", here)
    assert "contracts: 1 messages of 1 accounts told again." in termijn(
        "republish", "--since", "1", "--service", "contracts", "--dir", here
    )
    assert "0 rows of inbox" in termijn("retention", "--dir", here)


def test_a_place_that_is_gone_is_said_with_who_can_bring_it_again() -> None:
    places = [OffsetsLost((topic, 3), wanted=5, first=9, end=20) for topic in ("termijn.invoice.v1", "termijn.usage.belco.v1")]
    lines = said(Finding(service="rating", reason=None, lost_places=places), is_released=False, is_asked=False)
    assert lines == [
        "rating: what it is to read next is not there any more.",
        "  termijn.invoice.v1/3: offset 5 is wanted, there are 9 up to 20. "
        "Have it told again: termijn republish --service invoice --since DATE",
        "  termijn.usage.belco.v1/3: offset 5 is wanted, there are 9 up to 20. "
        "Have its collectors send again what they sent since; what is known counts once.",
        "  It reads nothing meanwhile; `termijn recover --confirm` lets it go on.",
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["backup", "{}/b", "--dir", "{}/nowhere"], "there is no installation"),
        (["restore", "{}/nowhere", "--dir", "{}/new"], "no manifest"),
        (["restore", "{}/nowhere", "--service", "invoice", "--dir", "{}/new"], "there is no installation"),
        (["recover", "--dir", "{}/nowhere"], "there is no installation"),
        (["republish", "--dir", "{}/nowhere"], "--since"),
        (["republish", "--since", "1", "--served", "invoice", "--service", "rating"], "which --served names"),
        (["recover", "--served", "invoice"], "TERMIJN_OIDC_ISSUER"),
    ],
)
def test_what_cannot_be_is_one_line_and_makes_nothing(arguments: list[str], says: str, tmp_path: Path) -> None:
    said = termijn(*(word.format(tmp_path) for word in arguments), status=2)
    assert says in said and said.count("\n") == 1, said
    assert not (tmp_path / "new" / "installation.json").exists()
