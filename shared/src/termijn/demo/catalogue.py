"""What the provider sells: the file ``shop/catalogue.yaml`` with its rate decks, brought in as ``termijn import catalogue`` does.

Monthly: call costs, cloud workplaces, leased printers. Quarterly: lines, cloud suites, backup, 3CX licences, managed service.
Yearly: spam filter, hosting, domains, virus scanners. Prices are made up, the shapes are what Dutch ICT and telephony companies sell.
"""

from pathlib import Path

from msgspec.structs import replace

from termijn.contracts.api.catalogue_body import PublishTariffBody
from termijn.keeping.catalogue_file import read_file
from termijn.kernel.tariff import Tariff

SHOP = Path(__file__).with_name("shop")
CATALOGUE = SHOP / "catalogue.yaml"

TARIFFS: tuple[Tariff, ...] = tuple(
    replace(PublishTariffBody.model_validate(one).tariff(), version=1) for one in read_file(CATALOGUE).body["tariffs"]
)
"""Every tariff on sale, as the file says; the service gives each its version."""


def tariff(tariff_id: str) -> Tariff:
    """The tariff of that id; ``StopIteration`` is impossible for ids of the population, which a test checks."""
    return next(t for t in TARIFFS if t.tariff_id == tariff_id)
