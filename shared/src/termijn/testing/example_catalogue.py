"""What samples of drafts, price changes and indexations are filled with: the bakery's tariff gets dearer in July."""

from collections.abc import Mapping
from typing import Any

_BASE = {"article": "extension", "title": "Toestel", "old": "7.50", "new": "7.74", "included": None, "quantity": "1", "unit": "piece"}
_CALLS = {
    "article": "calls",
    "title": "Bellen buiten de bundel",
    "old": "0.05",
    "new": "0.05",
    "included": ["60", "30"],
    "quantity": "1",
    "unit": "minute",
}

CATALOGUE: Mapping[str, Any] = {
    "announced": 49,
    "basis": "CPI alle huishoudens: 123.9 in 2025 against 120.0 in 2024 is 3.25 %",
    "change_id": "indexatie-2026",
    "effective_on": "2026-07-01",
    "from_version": 1,
    "indexation_id": "indexatie-2026",
    "may_end_free_until": "2026-06-30",
    "migration_id": "indexatie-2026",
    "modules": 50,
    "only": ["telefonie-1", "telefonie-2"],
    "percentage": "3.25",
    "period": "2025",
    "replaces": 1,
    "to_version": 2,
    "up_to": "telefonie-2",
    "value": "123.9",
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
