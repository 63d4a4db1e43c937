"""What was erased stays erased: a service that comes back from a backup forgets again whoever was deleted since (CON-7).

The keys know it: what they sealed cannot be read, whatever is restored. Read models of before the deletion still have it in the
open, and so have files and mail of a sandbox.
"""

from uuid import UUID

from termijn.kernel.ids import AccountId
from termijn.runtime.database import begun
from termijn.runtime.erasure import SQL
from termijn.runtime.handling import Cause
from termijn.runtime.service import Service
from termijn.runtime.unit_of_work import UnitOfWork

_CAUSE = Cause(actor="recovery", why="the account was deleted", correlation_id=UUID(int=0), causation_id=UUID(int=0))


async def erase_again(service: Service) -> int:
    """Erase every account of the erasure log that this service knows; how many. For a service that is held: it decides nothing."""
    forget = service.definition.forget
    if forget is None:
        return 0
    erased = 0
    for provider, account in await service.keys.erased():
        async with service.database.pool.acquire() as connection, begun(connection, provider):
            work = UnitOfWork(service.plant, connection, provider, service.clock.now(), _CAUSE)
            rows = await work.fetch(SQL["knows_account"], provider, account)
            if rows[0]["is_known"]:
                await forget(work, AccountId(account))
                await work.fetch(SQL["take_leave"], provider, account)
                await work.fetch(SQL["erased_again"], provider, account)
                erased += 1
    service.plant.cache.forget_all()
    return erased
