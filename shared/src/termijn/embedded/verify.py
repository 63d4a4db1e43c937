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
from termijn.contracts.erasure import SQL as CONTRACTS_ERASURE
from termijn.invoice.erasure import SQL as INVOICE_ERASURE
from termijn.kernel.ids import ProviderId
from termijn.rating.verify import verify as recompute
from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.key_purpose import ACCOUNT_PURPOSE, MANDATE_PURPOSE, tax_purpose
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

KEYS_KEPT = CONTRACTS_ERASURE["keys_kept"]
YEARS_GONE = INVOICE_ERASURE["years_gone"]

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
        sentence="What milestones, deliveries and longer warranties bill is what invoicing received",
        publisher="contracts",
        sent=("delivered",),
        listener="invoice",
        received=("delivered",),
    ),
    Handover(
        sentence="What is open on missed invoices is what dunning asks for",
        publisher="invoice",
        sent=("missed_open",),
        listener="dunning",
        received=("in_dunning", "with_bailiff"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What was found. ``broken`` and ``in_transit`` are sentences that name account, subject and figures."""

    broken: Sequence[str]
    in_transit: Sequence[str]


async def verify(services: Sequence[Service]) -> Books:
    """Check every law, recompute every bill, compare every handover. Runs beside live services."""
    by_name = {service.name: service for service in services}
    broken: list[str] = []
    in_transit: list[str] = []
    for name, service in by_name.items():
        for law in LAWS[name]:
            for row in await service.database.short(EVERY_PROVIDER, law.sql):
                broken.append(f"{law.sentence}: {row['provider']}/{row['account']} {row['subject']}: {row['detail']}")
    broken.extend(await _bills_that_do_not_recompute(by_name["rating"]))
    broken.extend(await _keys_that_should_be_gone(by_name["contracts"], by_name["invoice"]))
    for handover in HANDOVERS:
        sent = await _cut(by_name[handover.publisher], handover.sent, _NUMBERED)
        received = await _cut(by_name[handover.listener], handover.received, _TAKEN, handover.publisher)
        for key in sorted(sent.sums.keys() | received.sums.keys()):
            said, is_broken = _compare(handover, key, sent, received)
            (broken if is_broken else in_transit).extend(said)
    return Books(broken=broken, in_transit=in_transit)


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


async def _keys_that_should_be_gone(contracts: Service, invoice: Service) -> list[str]:
    """Keys of accounts that were deleted, but for the proof of mandates and the documents of years that are kept (CON-7)."""
    over = {(row["provider"], row["account"], tax_purpose(row["year"])) for row in await invoice.database.short(EVERY_PROVIDER, YEARS_GONE)}
    erased: dict[ProviderId, dict[str, bool]] = {}
    for row in await contracts.database.short(EVERY_PROVIDER, KEYS_KEPT):
        erased.setdefault(ProviderId(row["provider"]), {})[row["account"]] = row["has_mandates"]
    broken = []
    for provider, accounts in erased.items():
        for account, purpose in await contracts.keys.live(provider, sorted(accounts)):
            is_kept = accounts[account] if purpose == MANDATE_PURPOSE else purpose != ACCOUNT_PURPOSE
            if not is_kept or (provider, account, purpose) in over:
                broken.append(
                    f"Of a deleted account no key is left but for what is kept (CON-7): {provider}/{account} {purpose}: it is there"
                )
    return broken


@dataclass(frozen=True, slots=True)
class _Cut:
    """Sums of one service and the message number per account that they are as of, read at one instant."""

    sums: dict[Key, Decimal]
    numbers: dict[Key, int]


_NUMBERED = """
select provider, account, sum(number)::bigint as number from (
  select provider, account, last_number as number from account_number
  union all select provider, account, count(*) from outbox where number is null group by 1, 2
) as n group by 1, 2
"""
"""The last number per account; what has no number yet counts as one more, so that its account is in transit."""

_TAKEN = "select provider, account, last_number as number from publisher_progress where publisher = $1"


async def _cut(service: Service, names: Sequence[str], numbers_sql: str, *args: str) -> _Cut:
    """One snapshot for all of it: read one after the other, sums and numbers of a running service would not belong together."""
    sums: dict[Key, Decimal] = {}
    async with service.database.transaction(EVERY_PROVIDER) as connection:
        for name in names:
            for row in await connection.fetch(SUMS[service.name][name]):
                key = (row["provider"], row["account"])
                sums[key] = sums.get(key, Decimal(0)) + row["amount"]
        rows = await connection.fetch(numbers_sql, *args)
    return _Cut(sums, {(row["provider"], row["account"]): row["number"] for row in rows})


def _compare(handover: Handover, key: Key, sent: _Cut, received: _Cut) -> tuple[list[str], bool]:
    """What there is to say of an account, and whether it breaks the law or is only on its way."""
    left, right = sent.sums.get(key, Decimal(0)), received.sums.get(key, Decimal(0))
    if left == right:
        return [], False
    published, taken = sent.numbers.get(key, 0), received.numbers.get(key, 0)
    said = f"{handover.sentence}: {key[0]}/{key[1]}: {handover.publisher} says {left}, {handover.listener} says {right}"
    if published != taken:
        return [f"{said}; {published - taken} messages are on their way"], False
    return [f"{said}, difference {left - right}, as of message {published}"], True
