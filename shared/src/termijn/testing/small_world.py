"""Five customers for two months, in a process of its own that a test can kill: ``python -m termijn.testing.small_world FOLDER``.

Prints what came of it per account as JSON: amounts, dates, states, letters by day. Not ids, nor who got which number: those may
differ after a crash, and nobody is worse off for it. That the series have no holes is said, as are the laws that are broken.
"""

import asyncio
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from termijn.demo.outcome import Outcome
from termijn.demo.population import PROVIDER, World, customers
from termijn.demo.run import play
from termijn.embedded.installation import open_installation
from termijn.runtime.faults import arm

ACCOUNTS = ("hoveniersbedrijf-de-groot", "de-wit-schoonmaak", "smits-fietsen", "schouten-interieur", "jacobs-bloemen")
"""One with a yearly domain, one with calls by debit, one whose debit bounces, one who pays after the formal notice, one by transfer."""
LAST_DAY = date(2026, 3, 2)


def world() -> World:
    """The five, until two months are billed."""
    return World(customers=tuple(each for each in customers() if each.account_id in ACCOUNTS), last_day=LAST_DAY)


def summary(outcome: Outcome) -> dict[str, Any]:
    """What must come out equal, whatever happened on the way."""
    numbers = sorted(document.number for document in outcome.documents)
    return {
        "usage": sorted((file.name, file.accepted + file.duplicates, file.suspended, file.not_billable) for file in outcome.files),
        "documents": sorted(
            (one.account, str(one.issued_on), str(one.due_on), one.is_debited, str(one.net), str(one.gross), str(one.open_amount))
            for one in outcome.documents
        ),
        "numbers": len(numbers),
        "distinct_numbers": len(set(numbers)),
        "letters": sorted((str(letter.on), letter.account, letter.step) for letter in outcome.letters),
        "payments": sorted(
            (one.account, str(one.amount), one.is_debit, str(one.booked_on), str(one.reversed_on), str(one.reason_code))
            for one in outcome.payments
        ),
        "debits": outcome.debits,
        "suspense": outcome.suspense_now,
        "broken_laws": list(outcome.broken_laws),
    }


GONE = "k-1042"
"""An account that never ordered anything and is deleted in the end."""


async def delete_one(folder: Path) -> dict[str, Any]:
    """Open an account, delete it, and see that every service has erased it; what is done twice is done once (CON-7)."""
    party = {"name": "Vogelzang", "street": "Kanariestraat 77", "postcode": "9876 ZX", "city": "Zangdorp", "email": "piet@x.example"}
    facts = {"debtor_kind": "company", "language": "nl", "terms": {"version": "2025-07", "accepted_on": "2025-12-15"}}
    path = f"/contracts/accounts/{GONE}"
    async with open_installation(folder, sandbox=True) as installation, installation.client("manager", PROVIDER) as manager:
        await installation.settle()
        body = {"account_id": GONE, "contract_partner": party, "facts": facts}
        if (await manager.get(path)).status_code == httpx.codes.NOT_FOUND:
            (await manager.post("/contracts/accounts", json=body, headers={"idempotency-key": "gone"})).raise_for_status()
        await installation.settle()
        (await manager.post(f"{path}/deletion", headers={"idempotency-key": "gone-too"})).raise_for_status()
        await installation.settle()
        told = (await manager.get(f"{path}/deletion")).json()
        erased = sorted(one["service"] for one in told["answers"] if one["erased_at"])
        return {"state": told["state"], "erased": erased, "broken_laws": list(await installation.verify())}


def _unseen(what: str, done: int, of: int) -> None:
    return None


def main(folder: Path, fault: str | None = None) -> None:
    """Play on from where the folder is, to the end, and print the summary; or to the fault, which kills the process."""
    if fault is not None:
        arm(fault)
    played = asyncio.run(play(folder, seed=1, transport="log", progress=_unseen, world=world()))
    told = summary(played.outcome) | {"deletion": asyncio.run(delete_one(folder))}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
