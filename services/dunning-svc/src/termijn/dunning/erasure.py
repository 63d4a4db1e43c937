"""What stands in the way of forgetting an account here, and what of it is erased (CON-7)."""

from termijn.dunning.account_command import LearnAccount
from termijn.dunning.dunning_account import ACCOUNT
from termijn.dunning.policy import POLICY
from termijn.events.contracts import AccountFacts
from termijn.events.erasure import Obstacle
from termijn.kernel.ids import AccountId
from termijn.runtime.erasure import Forgetting, Found, mails_by
from termijn.runtime.handling import Work
from termijn.runtime.setting import CURRENT
from termijn.runtime.sql import load

SQL = load("termijn.dunning", "erasure.sql")


async def nobody_to_write_to(work: Work, account: AccountId) -> None:
    """A debit that comes back later opens its case again; its ladder then waits for a person, as it does without an address (DUN-4)."""
    known = (await work.load(ACCOUNT, account)).known
    if known is not None:
        policy = await work.load(POLICY, CURRENT)
        facts = AccountFacts(
            debtor_kind=known.debtor_kind, language=known.language, account_manager=known.account_manager, terms=known.terms
        )
        command = LearnAccount(now=work.now, policy=policy.value, policy_version=policy.version, debtor=None, mail_to=None, facts=facts)
        await work.execute(ACCOUNT, account, command, account=account)


FORGETTING = Forgetting(
    statements=(SQL["forget_holds"], SQL["forget_actors"]),
    blobs=(SQL["letters"], SQL["dossiers"]),
    mails=mails_by(SQL["mails"]),
    decide=nobody_to_write_to,
)
"""Cases, steps and amounts name nobody; letters and case files do, and go."""


async def look(work: Work, account: AccountId) -> Found:
    """Claims in dunning or with the bailiff, and letters that are about to leave (CON-7)."""
    found = [
        Obstacle(kind=row["kind"], subject=row["number"], amount=row["open_amount"])
        for row in await work.fetch(SQL["cases"], work.provider, account)
    ]
    found += [
        Obstacle(kind="letter_due", subject=row["letter_id"], until=row["on_day"])
        for row in await work.fetch(SQL["letters_due"], work.provider, account)
    ]
    return Found(obstacles=tuple(found))
