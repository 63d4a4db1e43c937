"""Who asks for what when, beyond the quantities, notices and orders that stand with the customers themselves; and when prices change."""

from collections.abc import Mapping
from datetime import date

from termijn.demo.change import (
    AgreeProject,
    Assign,
    Cancel,
    Change,
    DeliverGoods,
    Leave,
    OrderGoods,
    ReachMilestone,
    Retariff,
    Scale,
    StartLease,
    Withdraw,
)

FORGOTTEN_EXTENSION = "2900"
"""In use from the first day by Bakkerij van Dijk; written down on 16 March, after which its calls leave the suspense (USE-2)."""
FORGOTTEN_OF = "bakkerij-van-dijk"

INDEXATION = "indexation-2026"
INDEXED_ON = date(2026, 2, 10)
"""The indexation of the catalogue is announced to every account that it is about; it comes into force on 1 April (CAT-10)."""

WISHES: Mapping[str, tuple[Change, ...]] = {
    FORGOTTEN_OF: (Assign(on=date(2026, 3, 16), module_id=f"{FORGOTTEN_OF}-bellen-bundel", extension=FORGOTTEN_EXTENSION),),
    # A licence year grows at any time, and shrinks only when it is over.
    "vos-makelaardij": (
        Scale(on=date(2026, 2, 12), module_id="vos-makelaardij-3cx", quantity=10),
        Scale(on=date(2026, 3, 10), module_id="vos-makelaardij-3cx", quantity=6),
    ),
    # Three years were agreed; the customer would have one, at once, and then hears when.
    "drukkerij-hendriks": (
        Retariff(on=date(2026, 3, 10), module_id="drukkerij-hendriks-glas-1000-36", tariff_id="glas-1000-12", from_on=date(2026, 4, 1)),
        Retariff(on=date(2026, 3, 16), module_id="drukkerij-hendriks-glas-1000-36", tariff_id="glas-1000-12"),
    ),
    "de-wit-schoonmaak": (
        Cancel(on=date(2026, 3, 10), module_id="de-wit-schoonmaak-suite"),
        Withdraw(on=date(2026, 3, 16), module_id="de-wit-schoonmaak-suite"),
    ),
    "kok-ingenieurs": (
        AgreeProject(
            on=date(2026, 2, 10),
            project_id="kok-nieuw-kantoor",
            title="Nieuw kantoor",
            milestones=(("Netwerk aangelegd", "4200.00"), ("Werkplekken verhuisd", "2800.00")),
        ),
        ReachMilestone(on=date(2026, 3, 10), project_id="kok-nieuw-kantoor", nth=1),
        ReachMilestone(on=date(2026, 4, 15), project_id="kok-nieuw-kantoor", nth=2, is_last=True),
    ),
    "dekker-advocaten": (
        OrderGoods(
            on=date(2026, 2, 10),
            order_id="dekker-laptops",
            article="Laptop 14 inch",
            quantity=6,
            unit_price="1095.00",
            agreed_on=date(2026, 2, 24),
        ),
        DeliverGoods(on=date(2026, 2, 24), order_id="dekker-laptops", quantity=6),
    ),
    "dijkstra-zuivel": (StartLease(on=date(2026, 2, 10), lease_id="dijkstra-printers", tariff_id="printer-lease", quantity=2, months=4),),
    # A domain ends at once; the account stays until nothing is carried over, open or with the bank any more.
    "hoveniersbedrijf-de-groot": (
        Cancel(on=date(2026, 3, 10), module_id="hoveniersbedrijf-de-groot-domein"),
        Leave(on=date(2026, 3, 16)),
        Leave(on=date(2026, 6, 29)),
    ),
}
"""By account. Days are shared where that changes nothing: each day on which the office works costs the demo a stop."""
