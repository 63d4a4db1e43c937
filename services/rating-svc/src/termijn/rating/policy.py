"""The choices a provider makes about rating, as versioned data with defaults."""

from typing import Literal

import msgspec

from termijn.events.base import Event
from termijn.runtime.setting import setting

DEFAULT_3CX_COLUMNS = (
    "history-id", "call-id", "duration", "time-start", "time-answered", "time-end", "reason-terminated", "from-no", "to-no",
    "from-dn", "to-dn", "dial-no", "reason-changed", "final-number", "final-dn", "bill-code", "bill-rate", "bill-cost",
    "bill-name", "chain", "from-type", "to-type", "final-type", "from-dispname", "to-dispname", "final-dispname",
)  # fmt: skip
"""The fields that a 3CX writes by default, in their order."""


class CallRecordLayout(msgspec.Struct, frozen=True, kw_only=True):
    """How one source writes its call record files; an administrator chooses the fields, so they map per provider (USE-1).

    - ``columns``: the names of the fields in order, empty where one is ignored; a header line in the file goes before it.
    - ``subject_from``: the field that names who called ("from-dn": the extension).
    - ``destination_from``: the field that names the number outside.
    - ``subject_prefix``: put before the subject, so that extension 101 of two exchanges is two subjects.
    - ``usage_key``: the key of the article that calls are rated with.
    """

    columns: tuple[str, ...] = DEFAULT_3CX_COLUMNS
    delimiter: str = ","
    subject_from: str = "from-dn"
    destination_from: str = "to-no"
    subject_prefix: str = ""
    usage_key: str = "call"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider may set.

    - ``part_periods``: a part of an article period costs its part by day, or the whole price (INV-2).
    - ``minimum_times_quantity``, ``limit_times_quantity``: multiply minimum and limit by the module's quantity (USE-6, USE-7).
    - ``layouts``: call record layouts by source; a source that is not named has the default one.
    """

    part_periods: Literal["by_day", "in_full"] = "by_day"
    minimum_times_quantity: bool = False
    limit_times_quantity: bool = False
    layouts: dict[str, CallRecordLayout] = {}


# -- Events: their names are stored forever --------------------------------------------------------------------------


class PolicySet(Event, frozen=True, kw_only=True):
    """This policy counts for decisions from now on; ``version`` is named by events that depended on it."""

    version: int
    policy: Policy


POLICY = setting("rating_policy", event=PolicySet, field="policy", kind=Policy, initial=Policy())
