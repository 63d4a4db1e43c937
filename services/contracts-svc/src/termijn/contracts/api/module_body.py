"""What callers may send about modules: every field with its limits, nothing else (SEC-4)."""

from typing import Annotated

from pydantic import Field

from termijn.contracts.api.bodies import Channel, Instant, Quantity, ThingKey
from termijn.runtime.http.fields import Body, Day, Flag, Line


class OrderBody(Body):
    """An order. ``ordered_on`` and ``options`` are a manager's."""

    module_id: ThingKey
    tariff_id: ThingKey
    quantity: Quantity = 1
    starts_on: Day | None = None
    ordered_on: Day | None = None
    options: Annotated[tuple[ThingKey, ...], Field(max_length=100)] = ()
    channel: Channel = "api"


class ActivationBody(Body):
    """The day of delivery."""

    active_from: Day


class ScalingBody(Body):
    """Another quantity; ``at_once`` and ``from_on`` are a manager's (CON-3)."""

    quantity: Quantity
    at_once: Flag = False
    from_on: Day | None = None
    channel: Channel = "api"


class TariffChangeBody(Body):
    """Another tariff (CON-4); ``new_term_confirmed``: a new term, to which the customer agreed (CAT-25).

    A manager says on which day (today where not said) and where that ``confirmation`` is on file. Other prices under the same tariff
    are announced by a migration (CAT-5, CAT-10); a manager who has the customer's own ``request`` for them says where it is on file.
    """

    tariff_id: ThingKey
    from_on: Day | None = None
    new_term_confirmed: Flag = False
    confirmed_on: Day | None = None
    confirmation: Line = ""
    request: Line = ""
    channel: Channel = "api"


class OptionBody(Body):
    """An option (CON-9)."""

    article_id: ThingKey
    quantity: Quantity = 1
    from_on: Day | None = None
    channel: Channel = "api"


class CancellationBody(Body):
    """Notice. ``notice_on``, when it was received, is a manager's."""

    ends_on: Day | None = None
    notice_on: Day | None = None
    channel: Channel = "api"


class SubjectBody(Body):
    """A subject, from now where no instant is given."""

    subject: Annotated[str, Field(min_length=1, max_length=64)]
    from_at: Instant | None = None


class PortOutBody(Body):
    """A number went to another provider, now where no instant is given. ``ends_module``: whether that is notice for its module."""

    ported_at: Instant | None = None
    ends_module: Flag | None = None
    channel: Channel = "porting"
