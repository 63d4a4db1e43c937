"""HTTP of what collectors sent to their topic and nobody could read: shown, and read again once the cause is repaired."""

from dataclasses import asdict

from fastapi import APIRouter, Depends, Response

from termijn.rating.collector_topic import SQL, read_again
from termijn.rating.shown import UNREADABLE, TakenAgain
from termijn.runtime.handling import Work
from termijn.runtime.http import Access, Answer, Call, Paging, Reader, Role, answer, answers, paging


def add_routes(routes: APIRouter, access: Access) -> None:
    """Add them to the service's."""

    @routes.get("/usage/unreadable", **answers(UNREADABLE))
    async def unreadable(page: Paging = Depends(paging), reader: Reader = Depends(access.reading(Role.MANAGER, Role.OPS))) -> Response:
        """Records of the collectors' topic that are no usage, and why (USE-1)."""
        rows = await reader.fetch(SQL["unreadable"], reader.principal.provider, *page.after(3), page.rows_to_fetch)
        return answer(page.page(rows, key=("topic", "partition", "offset")))

    @routes.post("/usage/unreadable/retry", **answers(TakenAgain, status=202))
    async def retry(call: Call = Depends(access.changing(Role.MANAGER, Role.OPS))) -> Response:
        """Read them again, a thousand at most; what still cannot be taken in stays in the list (``left``), with its reason of now."""

        async def do(work: Work) -> Answer:
            done = await read_again(work)
            return Answer(status=202, body={"read": done.read, "left": done.left, **asdict(done.report)})

        return await call.run(do)
