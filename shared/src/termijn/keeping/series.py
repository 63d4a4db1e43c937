"""The last number of each series of documents, compared with the documents that there are (INV-7)."""

from dataclasses import dataclass

from termijn.runtime.database import EVERY_PROVIDER
from termijn.runtime.service import Service

DOCUMENTS = frozenset({"InvoiceIssued", "CreditNoteIssued"})
"""Public events that carry a number of a series."""

_SERIES = """
select n.provider, n.series, n.year, max(n.number) as last_number, count(d.invoice_id) as documents
from number_given n left join document d on d.provider = n.provider and d.invoice_id = n.invoice_id
group by n.provider, n.series, n.year order by n.provider, n.series, n.year
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series of one year."""

    provider: str
    series: str
    year: int
    last_number: int
    documents: int


async def series_of(service: Service) -> tuple[Series, ...]:
    """The series that this service numbers; none but for invoice-svc."""
    if service.name != "invoice":
        return ()
    return tuple(Series(**row) for row in await service.database.short(EVERY_PROVIDER, _SERIES))
