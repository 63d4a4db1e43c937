"""How a provider indexes its prices, as versioned data: a percentage or an index with its published figures (CAT-10)."""

import msgspec

from termijn.contracts.indexing import IndexationPolicy, PriceIndex, check_policy
from termijn.events.base import Event
from termijn.runtime.setting import setting


class Indexing(msgspec.Struct, frozen=True, kw_only=True):
    """The policy, None where plans always say by how much themselves, and the indices that it or a plan may name."""

    policy: IndexationPolicy | None = None
    indices: tuple[PriceIndex, ...] = ()


# -- Events: their names are stored forever --------------------------------------------------------------------------


class IndexingSet(Event, frozen=True, kw_only=True):
    """Plans follow this from now on."""

    version: int
    indexing: Indexing


def _check(indexing: Indexing) -> None:
    check_policy(indexing.policy, indexing.indices, field="policy")


INDEXING = setting("contracts_indexing", event=IndexingSet, field="indexing", kind=Indexing, initial=Indexing(), check=_check)
