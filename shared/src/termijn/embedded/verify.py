"""``termijn verify``: each service's own laws, and the sums that must be equal where one service hands over to the next.

There is no common cut over four databases. Sums are compared per account where the listener has taken all that the publisher
numbered; an account with messages on their way is *in transit*, which is a named place and not a broken law.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import termijn.contracts.laws
import termijn.dunning.laws
import termijn.invoice.laws
import termijn.rating.laws
from termijn.kernel.ids import ProviderId
from termijn.rating.verify import verify as recompute
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.laws import Law
from termijn.runtime.service import Service

LAWS: dict[str, tuple[Law, ...]] = {
    "contracts": termijn.contracts.laws.LAWS,
    "rating": termijn.rating.laws.LAWS,
    "invoice": termijn.invoice.laws.LAWS,
    "dunning": termijn.dunning.laws.LAWS,
}

SUMS: dict[str, Mapping[str, str]] = {
    "contracts": termijn.contracts.laws.SUMS,
    "rating": termijn.rating.laws.SUMS,
    "invoice": termijn.invoice.laws.SUMS,
    "dunning": termijn.dunning.laws.SUMS,
}

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What the publisher sent must be what the listener has; both are sums of named places."""

    sentence: str
    publisher: str
    sent: tuple[str, ...]
    listener: str
    received: tuple[str, ...]


HANDOVERS: tuple[Handover, ...] = (
    Handover(
        sentence="What rating charged is what invoicing received",
        publisher="rating",
        sent=("rated",),
        listener="invoice",
        received=("charged",),
    ),
    Handover(
        sentence="What is open on missed invoices is what dunning asks for",
        publisher="invoice",
        sent=("missed_open",),
        listener="dunning",
        received=("in_dunning", "with_bailiff"),
    ),
)


async def verify(services: Sequence[Service]) -> list[str]:
    """The broken laws, each as a sentence that names account, subject and figures; empty when the books are right."""
    by_name = {service.name: service for service in services}
    broken: list[str] = []
    for name, service in by_name.items():
        for law in LAWS[name]:
            for row in await service.database.short(EVERY_PROVIDER, law.sql):
                broken.append(f"{law.sentence}: {row['provider']}/{row['account']} {row['subject']}: {row['detail']}")
    broken.extend(await _bills_that_do_not_recompute(by_name["rating"]))
    for handover in HANDOVERS:
        broken.extend(await _compare(handover, by_name[handover.publisher], by_name[handover.listener]))
    return broken


async def _bills_that_do_not_recompute(rating: Service) -> list[str]:
    """Closings whose records, read again, are not what they said (USE-9, INV-17)."""
    broken = []
    rows = await rating.database.short(EVERY_PROVIDER, "select distinct provider from rated_period order by provider")
    for provider in (ProviderId(row["provider"]) for row in rows):
        async with rating.database.transaction(provider) as connection:
            for wrong in await recompute(connection, provider):
                broken.append(
                    f"A bill must recompute from its records: {provider}/{wrong.account} {wrong.module_id} {wrong.period}, "
                    f"closing {wrong.closing}: it said {wrong.said_records} records, there are {wrong.found_records}"
                )
    return broken


async def _compare(handover: Handover, publisher: Service, listener: Service) -> list[str]:
    taken = await _progress(listener, publisher.name)
    received = await _sums(listener, handover.received)
    sent = await _sums(publisher, handover.sent)
    numbered = await _numbered(publisher)
    broken = []
    for key in sorted(sent.keys() | received.keys()):
        if taken.get(key, 0) != numbered.get(key, 0):
            continue
        left, right = sent.get(key, Decimal(0)), received.get(key, Decimal(0))
        if left != right:
            broken.append(
                f"{handover.sentence}: {key[0]}/{key[1]}: {publisher.name} says {left}, {listener.name} says {right}, "
                f"difference {left - right}, as of message {numbered.get(key, 0)}"
            )
    return broken


async def _sums(service: Service, names: Sequence[str]) -> dict[Key, Decimal]:
    sums: dict[Key, Decimal] = {}
    for name in names:
        for row in await service.database.short(EVERY_PROVIDER, SUMS[service.name][name]):
            key = (row["provider"], row["account"])
            sums[key] = sums.get(key, Decimal(0)) + row["amount"]
    return sums


async def _numbered(publisher: Service) -> dict[Key, int]:
    """The last number per account, counting what has none yet as one more: then the account is in transit."""
    rows = await publisher.database.short(
        EVERY_PROVIDER,
        "select provider, account, sum(number)::bigint as number from ("
        "select provider, account, last_number as number from account_number "
        "union all select provider, account, count(*) from outbox where number is null group by 1, 2) as n group by 1, 2",
    )
    return {(row["provider"], row["account"]): row["number"] for row in rows}


async def _progress(listener: Service, publisher: str) -> dict[Key, int]:
    rows = await listener.database.short(
        EVERY_PROVIDER, "select provider, account, last_number from publisher_progress where publisher = $1", publisher
    )
    return {(row["provider"], row["account"]): row["last_number"] for row in rows}
