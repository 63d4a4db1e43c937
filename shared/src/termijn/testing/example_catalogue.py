"""What samples of drafts, price changes and indexations are filled with: the bakery's tariff gets dearer in July."""

from collections.abc import Mapping
from typing import Any

_BASE = {
    "article": "extension",
    "title": "Toestel",
    "old": "7.50",
    "new": "7.74",
    "included": None,
    "billing": None,
    "is_counted_otherwise": False,
    "quantity": "1",
    "unit": "piece",
}
_CALLS = {
    "article": "calls",
    "title": "Bellen buiten de bundel",
    "old": "0.05",
    "new": "0.05",
    "included": ["60", "30"],
    "billing": [{"every_months": 3, "in": "arrears"}, {"every_months": 1, "in": "arrears"}],
    "is_counted_otherwise": True,
    "quantity": "1",
    "unit": "minute",
}

CATALOGUE: Mapping[str, Any] = {
    "MigrationAdvanced.announced": 49,
    "MigrationFinished.announced": 49,
    "IndexationPlanned.basis": "CPI alle huishoudens: 123.9 in 2025 against 120.0 in 2024 is 3.25 %",
    "change_id": "indexatie-2026",
    "IndexationPlanned.effective_on": "2026-07-01",
    "MigrationStarted.effective_on": "2026-07-01",
    "VersionMove.from_version": 1,
    "indexation_id": "indexatie-2026",
    "may_end_free_until": "2026-06-30",
    "migration_id": "indexatie-2026",
    "MigrationStarted.modules": 50,
    "MigrationStarted.only": ["telefonie-1", "telefonie-2"],
    "IndexationPlanned.percentage": "3.25",
    "IndexFigure.period": "2025",
    "PriceChangeAnnounced.replaces": 1,
    "VersionMove.to_version": 2,
    "MigrationAdvanced.up_to": "telefonie-2",
    "IndexFigure.value": "123.9",
    "IndexFigure.published_on": "2026-01-15",
    "IndexationPolicy.index": "CPI alle huishoudens",
    "IndexationPolicy.day": 1,
    "IndexationPolicy.month": 7,
    "IndexationPolicy.percentage": "3",
    "IndexationPolicy.tariffs": ["bellen-bundel"],
    "IndexedVersion.version": 1,
    "Indexing.indices": [{}],
    "MigrationFinished.skipped": 1,
    "PriceChangeAnnounced.from_on": "2026-07-01",
    "PriceChangeAnnounced.is_indexation": True,
    "PriceChangeAnnounced.moves": [_BASE, _CALLS],
    "PriceChangeDropped.reason": "the module ends on 2026-06-30",
    "PriceIndex.name": "CPI alle huishoudens",
    "PriceIndex.source": "Centraal Bureau voor de Statistiek",
    "Skipped.reason": "The module ends on 2026-06-15, before the change would start on 2026-07-01.",
    "TariffPublished.takes_orders": True,
    "TariffDraftClosed.version": 2,
}
"""Beside the examples of all other fields."""
