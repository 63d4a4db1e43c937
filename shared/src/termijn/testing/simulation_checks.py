"""What must hold at the end of every simulated history, whatever happened in it."""

from termijn.embedded.verify import verify
from termijn.testing.simulation_world import World

# An event says which timer or message caused it; all that one of them causes is decided in one transaction. Two transactions of
# one cause: it had its effect twice.
TWICE = """
select provider, meta ->> 'actor' as actor, min(type) as type, count(distinct (epoch, txid)) as times from event
where meta ->> 'actor' = any($1::text[]) group by provider, meta ->> 'actor', meta ->> 'causation_id'
having count(distinct (epoch, txid)) > 1
"""

FORGOTTEN = "select provider, account, timer_id from timer where fired_at is null and cancelled_at is null and due_at <= $1"
EARLY = "select provider, account, timer_id from timer where fired_at < due_at"
PARKED = "select provider, account, reason from parked_key"
LEFT_OVER = """
select 'outbox' as what, count(*) as rows from outbox having count(*) > 0
union all select 'waiting messages', count(*) from waiting_message having count(*) > 0
union all select 'parked messages', count(*) from parked_message having count(*) > 0
union all select 'facts', count(*) from arrived_fact having count(*) > 0
"""

# DUN-2: two letters about one claim are at least five days apart, and no step comes twice in a round of the ladder.
CROWDED = """
select a.provider, a.account, a.case_id, a.on_day, b.on_day as again_on from
  (select l.provider, l.account, l.on_day, i.case_id, i.step from letter l join letter_item i using (provider, letter_id)
   where l.state = 'sent') a
join (select l.provider, l.account, l.on_day, i.case_id, i.step from letter l join letter_item i using (provider, letter_id)
   where l.state = 'sent') b using (provider, case_id)
where a.step <> 'suspension_warning' and b.step <> 'suspension_warning' and a.on_day < b.on_day and b.on_day - a.on_day < 5
"""

# DUN-5: never before day 60.
HASTY = "select provider, account, case_id, handover_on from handover where handover_on - invoice_date < 60"

# INV-7: as numbers go up, dates never go down.
BACK_IN_TIME = """
select provider, series, year, number from (
  select *, lag(issued_on) over (partition by provider, series, year order by number) as before from number_given) as given
where issued_on < before
"""

TIMER_ACTORS = ["timer", "contracts", "rating", "invoice", "dunning"]


async def broken(world: World, *, may_have_waited_too_long: bool) -> list[str]:
    """Every invariant that does not hold, a line each."""
    books = await verify(world.services)
    found = [*books.broken, *books.in_transit]
    for service in world.services:
        for what, sql, *args in (
            ("had its effect twice", TWICE, TIMER_ACTORS),
            ("timer forgotten", FORGOTTEN, world.clock.now()),
            ("timer fired early", EARLY),
            ("left over", LEFT_OVER),
        ):
            found += [f"{service.name}: {what}: {dict(row)}" for row in await world.rows(service.name, sql, *args)]
        for row in await world.rows(service.name, PARKED):
            if not (may_have_waited_too_long and row["reason"].startswith("waited two days for")):
                found.append(f"{service.name}: parked: {dict(row)}")
    for name, what, sql in (
        ("dunning", "letters too close", CROWDED),
        ("dunning", "handed over too early", HASTY),
        ("invoice", "dates go down", BACK_IN_TIME),
    ):
        found += [f"{name}: {what}: {dict(row)}" for row in await world.rows(name, sql)]
    return found + world.post.changed
