"""Facts looked up for decisions: which tariff version an order gets, whose module it is, who owns a number. No rule is decided here."""

from datetime import date, datetime
from typing import TypedDict, get_args

from termijn.contracts.account import ACCOUNT
from termijn.contracts.account_command import AdmitOrder
from termijn.contracts.account_state import OpenAccount
from termijn.contracts.errors import AlreadyThere, SubjectTaken
from termijn.contracts.legal_document import LEGAL_DOCUMENT, LegalKind
from termijn.contracts.module import MODULE
from termijn.contracts.module_commands import AssignSubject, ChangeTariff, Order, Suspend
from termijn.contracts.policy import POLICY, Policy
from termijn.contracts.tariff import TARIFF
from termijn.events.contracts import TariffChanged
from termijn.kernel.calendar import day_of
from termijn.kernel.errors import InvalidInput, NotFound
from termijn.kernel.ids import AccountId, ArticleId, ModuleId, TariffId
from termijn.kernel.subject import accepted_subject
from termijn.kernel.tariff import Tariff
from termijn.runtime.handling import Work
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

QUERIES = load("termijn.contracts", "queries.sql")


async def policy_of(work: Work) -> Policy:
    """The provider's policy in force."""
    return (await work.load(POLICY, CURRENT)).value


async def tariff_for(work: Work, tariff_id: TariffId, *, on: date, version: int | None = None) -> Tariff:
    """The version that an order of that day gets (CAT-5), or the one asked for. Raises ``InvalidInput`` naming ``tariff_id``."""
    tariff = await work.load(TARIFF, tariff_id)
    found = tariff.for_orders_on(on) if version is None else tariff.version(version)
    if found is None:
        which = f"no version of {tariff_id} takes orders on {on}" if version is None else f"{tariff_id} has no version {version}"
        raise InvalidInput(field="tariff_id", reason=which)
    return found


class Debtor(TypedDict):
    """What counts of an account for the dates of its modules (CAT-26, CAT-27): fields of ``OfAccount``."""

    is_consumer: bool
    consented_months: int


async def debtor_of(work: Work, account: AccountId) -> Debtor:
    """Who the account is, for notice and first terms."""
    found = await work.load(ACCOUNT, account)
    if not isinstance(found, OpenAccount):
        raise NotFound(what="account", id=account)
    return Debtor(is_consumer=found.is_consumer, consented_months=found.long_term_months)


async def legal_versions(work: Work) -> dict[str, tuple[str, ...]]:
    """The versions that were published, by kind of legal document (CON-8)."""
    return {kind: (await work.load(LEGAL_DOCUMENT, kind)).names for kind in get_args(LegalKind)}


async def suspend_where_account_is(work: Work, account: AccountId, module_id: ModuleId) -> None:
    """What starts while late payment suspends the account starts suspended (CON-10, DUN-9)."""
    found = await work.load(ACCOUNT, account)
    if not isinstance(found, OpenAccount) or found.suspension is None:
        return
    policy = await policy_of(work)
    suspend = Suspend(
        now=work.now,
        module_id=module_id,
        reason=found.suspension.reason,
        since=work.now,
        never_suspended=policy.never_suspended,
        still_works=policy.works_while_suspended,
    )
    await work.execute(MODULE, module_id, suspend, account=account)


async def order(
    work: Work,
    account: AccountId,
    *,
    module_id: ModuleId,
    tariff_id: TariffId,
    quantity: int,
    ordered_on: date | None,
    starts_on: date | None,
    options: tuple[ArticleId, ...],
    is_manager: bool,
    channel: str,
) -> None:
    """Order a module: the account admits it (CON-1, CON-2), the module is ordered (CAT-1); both or neither."""
    day = ordered_on or day_of(work.now)
    tariff = await tariff_for(work, tariff_id, on=day)
    admit = AdmitOrder(now=work.now, account=account, module_id=module_id, ordered_on=day, is_manager=is_manager)
    await work.execute(ACCOUNT, account, admit, account=account)
    command = Order(
        now=work.now,
        module_id=module_id,
        tariff=tariff,
        quantity=quantity,
        ordered_on=day,
        starts_on=starts_on,
        options=options,
        is_manager=is_manager,
        channel=channel,
        **await debtor_of(work, account),
    )
    await work.execute(MODULE, module_id, command, account=account)
    await suspend_where_account_is(work, account, module_id)


async def change_tariff(
    work: Work,
    account: AccountId,
    *,
    module_id: ModuleId,
    tariff_id: TariffId,
    from_on: date | None,
    new_term_confirmed: bool,
    confirmed_on: date | None,
    confirmation: str,
    request: str,
    is_manager: bool,
    channel: str,
) -> str | None:
    """Change to the version that orders of today get (CON-4); the old version stays what was billed until then. Returns how the
    day came about (CON-13).
    """
    command = ChangeTariff(
        now=work.now,
        module_id=module_id,
        tariff=await tariff_for(work, tariff_id, on=day_of(work.now)),
        from_on=from_on,
        new_term_confirmed=new_term_confirmed,
        confirmed_on=confirmed_on,
        confirmation=confirmation,
        request=request,
        is_manager=is_manager,
        channel=channel,
        **await debtor_of(work, account),
    )
    decided = await work.execute(MODULE, module_id, command, account=account)
    return next((event.explanation for event in decided if isinstance(event, TariffChanged)), None)


async def assign_subject(work: Work, account: AccountId, *, module_id: ModuleId, subject: str, from_at: datetime, is_manager: bool) -> None:
    """Give the module a subject, unless another has it then or later (USE-2).

    The look-up gives the clear refusal; what makes it true under concurrency is the exclusion constraint of ``subject_owner``.
    """
    for owner in await work.fetch(QUERIES["owners"], work.provider, accepted_subject(subject), from_at):
        # That the module has it now is the module's to answer: the same again changes nothing.
        if owner["module_id"] != module_id or owner["until_at"] is not None:
            raise SubjectTaken(field="subject", subject=accepted_subject(subject))
    command = AssignSubject(now=work.now, module_id=module_id, subject=subject, from_at=from_at, is_manager=is_manager)
    await work.execute(MODULE, module_id, command, account=account)


async def must_own_module(work: Work, account: AccountId, module_id: ModuleId) -> None:
    """Raise ``NotFound`` unless the module is this account's: one account's path never reaches another's module (SEC-1)."""
    rows = await work.fetch(QUERIES["account_of_module"], work.provider, module_id)
    if not rows or rows[0]["account"] != account:
        raise NotFound(what="module", id=module_id)


async def must_be_free(work: Work, query: str, value: str | None, *, account: AccountId, field: str, what: str) -> None:
    """Raise ``AlreadyThere`` where another account has this customer number (CON-8)."""
    if value is None:
        return
    rows = await work.fetch(QUERIES[query], work.provider, value)
    if rows and rows[0]["account"] != account:
        raise AlreadyThere(field=field, what=what, id=value)
