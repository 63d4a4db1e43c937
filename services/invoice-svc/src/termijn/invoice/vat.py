"""VAT of a document: per rate, on the sum of the lines of that rate (INV-8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from termijn.events.invoice import VatAmount
from termijn.events.rating import ChargeLine
from termijn.kernel.money import vat_of


@dataclass(frozen=True, slots=True)
class Totals:
    """Net, VAT per rate (highest rate first) and gross of a document, in euros."""

    net: Decimal
    vat: tuple[VatAmount, ...]
    gross: Decimal


def totals(lines: Iterable[ChargeLine]) -> Totals:
    """The figures of a document (INV-8): VAT is rounded once per rate, on the document's sum, never per line."""
    bases: dict[Decimal, Decimal] = {}
    for line in lines:
        bases[line.vat_rate] = bases.get(line.vat_rate, Decimal(0)) + line.net
    vat = tuple(VatAmount(rate=rate, base=base, vat=vat_of(base, rate)) for rate, base in sorted(bases.items(), reverse=True))
    net = sum(bases.values(), Decimal("0.00"))
    return Totals(net, vat, net + sum((part.vat for part in vat), Decimal("0.00")))
