"""Laws: what must hold in a service's database at every moment, as queries that return whatever breaks them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """``sql`` returns a row (provider, account, subject, detail: all text) per violation, none when the law holds.

    ``sentence`` says the law in words that a finance person understands.
    """

    name: str
    sentence: str
    sql: str
