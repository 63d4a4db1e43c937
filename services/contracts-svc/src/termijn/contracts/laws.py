"""What must hold in the database of contracts-svc at every moment; ``termijn verify`` asks."""

from collections.abc import Mapping

from termijn.contracts.confirmation_facts import CONFIRMED_ELSEWHERE
from termijn.contracts.erasure import SQL as ERASURE
from termijn.contracts.goods_confirmation import CONFIRMED
from termijn.runtime.erasure import laws_with
from termijn.runtime.laws import Law
from termijn.runtime.sql import load

GOODS = load("termijn.contracts", "goods_queries.sql")

LAWS: tuple[Law, ...] = (
    Law(
        name="subject_has_one_owner",
        sentence="A phone number, extension or workplace belongs to one module at a time (USE-2).",
        sql="""
            select a.provider, a.account, a.subject, 'owned by ' || a.module_id || ' and ' || b.module_id as detail
            from subject_owner a
            join subject_owner b on b.provider = a.provider and b.subject = a.subject and b.ctid > a.ctid
            where tstzrange(a.from_at, a.until_at) && tstzrange(b.from_at, b.until_at)""",
    ),
    Law(
        name="ended_module_owns_nothing",
        sentence="A module that is over owns no subject any more.",
        sql="""
            select m.provider, m.account, m.module_id as subject, 'still owns ' || s.subject as detail
            from module m join subject_owner s on s.provider = m.provider and s.module_id = m.module_id
            where m.state in ('ended', 'terminated') and s.until_at is null""",
    ),
    Law(
        name="module_has_account",
        sentence="Every module belongs to an account of the same provider.",
        sql="""
            select m.provider, m.account, m.module_id as subject, 'there is no such account' as detail
            from module m left join account a on a.provider = m.provider and a.account = m.account
            where a.account is null""",
    ),
    Law(
        name="module_runs_on_a_published_tariff",
        sentence="Every tariff that a module runs on is a published version (CAT-5).",
        sql="""
            select t.provider, m.account, t.module_id as subject, t.tariff_id || ' ' || t.tariff_version as detail
            from module_tariff t
            join module m on m.provider = t.provider and m.module_id = t.module_id
            left join tariff_version v on v.provider = t.provider and v.tariff_id = t.tariff_id and v.version = t.tariff_version
            where v.tariff_id is null""",
    ),
    Law(
        name="long_term_has_consent",
        sentence="No telecommunication module has a first term over 24 months that its account did not agree to (CAT-26).",
        sql="""
            select m.provider, m.account, m.module_id as subject,
                   'first term of ' || (v.tariff -> 'notice' ->> 'minimum_term_months') || ' months, agreed to '
                   || a.long_term_months as detail
            from module m
            join account a on a.provider = m.provider and a.account = m.account
            join module_tariff t on t.provider = m.provider and t.module_id = m.module_id
            join tariff_version v on v.provider = t.provider and v.tariff_id = t.tariff_id and v.version = t.tariff_version
            where (v.tariff ->> 'is_telecom')::boolean
              and (v.tariff -> 'notice' ->> 'minimum_term_months')::integer > greatest(24, a.long_term_months)""",
    ),
    Law(
        name="confirmed_in_writing",
        sentence="Every order, change and cancellation has a confirmation, sent or waiting, or is told by another's (CON-6).",
        sql=f"""
            select e.provider, e.account, e.stream as subject, e.type || ' has no confirmation' as detail
            from event e
            where e.type in ('ModuleOrdered', 'ModuleScaled', 'TariffChanged', 'OptionAdded', 'OptionRemoved', 'ModuleCancelled',
                             'CancellationWithdrawn', 'ModuleActivated', 'SubjectAssigned')
              and coalesce(e.data ->> 'channel', '') not in ({", ".join(f"'{channel}'" for channel in CONFIRMED_ELSEWHERE)})
              and not exists (
                select 1 from confirmation c
                where c.provider = e.provider and c.confirmation_id = (e.data ->> 'module_id') || '/' || e.version)""",
    ),
    Law(
        name="account_confirmed_in_writing",
        sentence="Every change of an account or a mandate has a confirmation, sent or waiting (CON-6, CON-8).",
        sql="""
            select e.provider, e.account, e.stream as subject, e.type || ' has no confirmation' as detail
            from event e
            where e.type in ('DetailsChanged', 'MandateGiven', 'MandateAmended', 'MandateRevoked', 'DebitExemptionGranted',
                             'LongTermConsentGiven', 'ContractStartCorrected')
              and not exists (
                select 1 from confirmation c
                where c.provider = e.provider and c.confirmation_id = 'account~' || e.account || '/' || e.version)""",
    ),
    Law(
        name="goods_confirmed_in_writing",
        sentence="Every order and change of a project, of goods or of a lease has a confirmation, sent or waiting (CON-6, CON-11).",
        sql=f"""
            select e.provider, e.account, e.stream as subject, e.type || ' has no confirmation' as detail
            from event e
            where e.type in ({", ".join(f"'{name}'" for name in CONFIRMED)})
              and not exists (
                select 1 from confirmation c
                where c.provider = e.provider and c.kind = e.type
                  and c.confirmation_id like '%~' || coalesce(
                    case when e.stream like 'project-%' then e.data ->> 'project_id' end, e.data ->> 'order_id', e.data ->> 'lease_id'
                  ) || '/' || e.version)""",
    ),
    Law(name="project_adds_up", sentence="A project's milestones and its remainder are its price (CON-11).", sql=GOODS["project_adds_up"]),
    Law(
        name="delivered_adds_up",
        sentence="What came of a line is what its deliveries say, in pieces and in money (CON-11).",
        sql=GOODS["delivered_adds_up"],
    ),
    Law(name="placed_is_covered", sentence="All that was placed has a warranty (CON-12).", sql=GOODS["warranty_of_placed"]),
    *laws_with(ERASURE["nothing_left"]),
    Law(
        name="deletion_goes_on",
        sentence="A deletion waits for a date, and every service erases in time (CON-7, TIM-1).",
        sql=ERASURE["deletion_goes_on"],
    ),
)

SUMS: Mapping[str, str] = {"delivered": GOODS["delivered"]}
"""What modules cost is rating's to say; ``delivered`` is what projects, goods and warranties bill by themselves (CON-11, CON-12)."""
