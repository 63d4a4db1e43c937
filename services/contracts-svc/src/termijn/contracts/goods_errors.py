"""What is refused of projects, goods and leases, and why; the rest of this service's refusals are in ``errors.py``.

The tree::

    Conflict
    ├── AmountIsFixed         409  what was reached or delivered was billed, its amount stays (CON-11)
    ├── MilestonesAreOpen     409  a project is completed when all its milestones are reached (CON-11)
    ├── ProjectNotDelivered   409  what bills on delivery has not been delivered (CON-11)
    ├── ProjectIsOver         409  it was completed or stopped
    ├── NothingOutstanding    409  everything was delivered or cancelled
    ├── TooMany               409  more pieces than there are to deliver, to cancel or to place (CON-11)
    ├── WarrantyIsOver        409  only a cover that lasts can be extended (CON-12)
    └── LeaseIsOver           409  it ended
"""

from termijn.kernel.errors import Conflict


class AmountIsFixed(Conflict):
    """{what} was reached or delivered before and billed at {net}: that amount stays."""


class MilestonesAreOpen(Conflict):
    """These milestones are not reached yet: {names}."""


class ProjectNotDelivered(Conflict):
    """The project bills {remainder} on its delivery, which has not been reported yet."""


class ProjectIsOver(Conflict):
    """The project was {over} on {over_on}."""


class NothingOutstanding(Conflict):
    """Everything of this order was delivered or cancelled."""


class TooMany(Conflict):
    """Of line {line_id} {there} pieces are {what}, not {asked}."""


class WarrantyIsOver(Conflict):
    """The warranty ended on {until_on}, so there is nothing to extend."""


class LeaseIsOver(Conflict):
    """The lease ended on {ended_on}."""
