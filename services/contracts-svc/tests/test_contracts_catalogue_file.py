"""A whole catalogue as YAML: what was written reads as it was, errors name the line, and a plan says what would change."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termijn.contracts.api.catalogue_body import ArticleBody, BillingBody, CatalogueBody, NoticeBody, PublishTariffBody
from termijn.contracts.api.exchange import as_sent, plain_of
from termijn.contracts.catalogue_plan import Catalogue, TariffEntry, digest_of, faults, plan
from termijn.contracts.indexation_policy import Indexing
from termijn.contracts.indexing import IndexationPolicy, IndexFigure, PriceIndex
from termijn.contracts.policy import Policy
from termijn.demo.catalogue import TARIFFS
from termijn.keeping.catalogue_exchange import shown
from termijn.keeping.catalogue_file import read_text, written
from termijn.keeping.catalogue_yaml import NoCatalogueFile, dump, parse
from termijn.kernel import notice
from termijn.kernel.ids import ArticleId, DeckId, TariffId
from termijn.kernel.tariff import Article, Billing, NoticeRule, Tariff

SELLS_CALLS = next(one for one in TARIFFS if one.deck_id is not None)

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(lambda text: text.strip())
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
amounts = st.decimals(0, 1000, places=4) | st.integers(0, 1000).map(Decimal) | st.decimals(0, 1000, places=2)
rules = (
    st.sampled_from([notice.NONE, notice.MONTHLY, notice.YEARLY, notice.LICENCE_YEAR, notice.term(36)])
    | st.builds(NoticeRule, name=st.sampled_from(["monthly", "ours", "term:7"]), notice_months=st.integers(0, 3))
)  # fmt: skip
articles = st.builds(
    Article,
    article_id=ids.map(ArticleId),
    title=words,
    usage_key=st.none() | ids,
    alternative_name=st.none() | words,
    billing=st.builds(Billing, every_months=st.sampled_from([0, 1, 3, 12]), paid_in=st.sampled_from(["advance", "arrears"])),
    notice=st.none() | rules,
    net_price=amounts,
    included_quantity=amounts,
    reference_price=st.none() | amounts,
    vat_rate=st.none() | st.sampled_from([Decimal(0), Decimal(9)]),
    display=st.sampled_from(["shown", "highlighted", "heading"]),
    is_option=st.booleans(),
    credits_unused_days=st.booleans(),
)
tariffs = st.builds(
    Tariff,
    tariff_id=ids.map(TariffId),
    version=st.just(0),
    title=words,
    module=ids,
    notice=rules,
    vat_rate=st.sampled_from([Decimal(21), Decimal("9.00")]),
    minimum_turnover=st.none() | amounts,
    articles=st.lists(articles, min_size=1, max_size=3).map(tuple),
    deck_id=st.none() | ids.map(DeckId),
    is_public=st.booleans(),
    is_indexation_agreed=st.booleans(),
)
entries = st.builds(TariffEntry, tariff=tariffs, orders_from=st.dates(date(2020, 1, 1), date(2030, 1, 1)))
INDEX = PriceIndex(name="CPI", source="CBS", figures=(IndexFigure(period="2026", value=Decimal("123.4"), published_on=date(2026, 1, 1)),))
catalogues = st.builds(
    Catalogue,
    policy=st.builds(Policy, serves_companies_only=st.booleans(), never_suspended=st.lists(ids, max_size=2).map(tuple)),
    indexing=st.sampled_from([Indexing(), Indexing(policy=IndexationPolicy(index="CPI", tariffs=("a",)), indices=(INDEX,))]),
    tariffs=st.lists(entries, max_size=4, unique_by=lambda one: one.tariff.tariff_id).map(tuple),
)


def again(text: str, folder: Path = Path()) -> Catalogue:
    """What the server makes of a file."""
    body = CatalogueBody.model_validate(read_text(text.encode(), name="c.yaml", folder=folder).body)
    return as_sent(body, ())


def told(catalogue: Catalogue) -> str:
    """As the server tells it, and the file says it."""
    return written(msgspec.json.decode(msgspec.json.encode(plain_of(catalogue))))


@pytest.mark.rule("CAT-2", "CAT-3", "CAT-25")
@settings(max_examples=40)
@given(catalogue=catalogues)
def test_what_was_exported_imports_as_it_was(catalogue: Catalogue) -> None:
    """Every field of tariffs, articles, notice rules, policy and indexing; and the second text is the first."""
    text = told(catalogue)
    back = again(text)
    assert all(change.change == "unchanged" for change in plan(catalogue, back))
    assert told(msgspec.structs.replace(back, policy=catalogue.policy)) == text


@pytest.mark.rule("CAT-2", "CAT-3")
def test_every_field_of_a_tariff_and_an_article_is_compared() -> None:
    """A field that the plan did not see would be lost silently."""
    (tariff,) = (one for one in TARIFFS if one.tariff_id == "bellen-bundel")
    one = TariffEntry(tariff=tariff, orders_from=date(2026, 1, 1))
    for name in (f for f in Tariff.__struct_fields__ if f not in ("tariff_id", "version", "orders_from", "articles", "notice")):
        other = msgspec.structs.replace(tariff, **{name: _other(getattr(tariff, name))})
        (change,) = plan(Catalogue(tariffs=(one,)), Catalogue(tariffs=(TariffEntry(tariff=other),)))
        assert [field.path for field in change.fields] == [name]
    article = tariff.articles[0]
    for name in (f for f in Article.__struct_fields__ if f not in ("article_id", "billing", "notice")):
        changed = msgspec.structs.replace(article, **{name: _other(getattr(article, name))})
        other = msgspec.structs.replace(tariff, articles=(changed, *tariff.articles[1:]))
        (change,) = plan(Catalogue(tariffs=(one,)), Catalogue(tariffs=(TariffEntry(tariff=other),)))
        assert [field.path for field in change.fields] == [f"articles.{article.article_id}.{name}"]


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, Decimal) else "other"


@pytest.mark.rule("CAT-2", "CAT-3")
def test_callers_may_say_everything_that_a_tariff_and_an_article_are() -> None:
    """No field of the kernel is missing from the body of a request, and none is made up."""
    assert set(PublishTariffBody.model_fields) == set(Tariff.__struct_fields__) - {"version"}
    assert set(ArticleBody.model_fields) == set(Article.__struct_fields__)
    assert set(NoticeBody.model_fields) == set(NoticeRule.__struct_fields__)
    assert set(BillingBody.model_fields) == set(Billing.__struct_fields__)


@pytest.mark.rule("CAT-5")
def test_a_plan_says_what_is_new_changed_unchanged_and_gone() -> None:
    """Field by field, with articles by their id; what is gone stays."""
    first, second, third = SELLS_CALLS, *[one for one in TARIFFS if one.deck_id is None][:2]
    dearer = msgspec.structs.replace(
        first, articles=(msgspec.structs.replace(first.articles[0], net_price=Decimal("8.00")), *first.articles[1:])
    )
    day = date(2026, 1, 1)
    present = Catalogue(tariffs=(TariffEntry(tariff=first, orders_from=day), TariffEntry(tariff=second, orders_from=day)))
    wanted = Catalogue(tariffs=(TariffEntry(tariff=dearer, orders_from=date(2026, 7, 1)), TariffEntry(tariff=third)))
    changes = plan(present, wanted)
    assert {one.id: one.change for one in changes} == {first.tariff_id: "changed", second.tariff_id: "gone", third.tariff_id: "new"}
    lines = list(shown({"changes": msgspec.to_builtins(changes)}))
    before = first.articles[0]
    assert f"    articles.{before.article_id}.net_price: {before.net_price} -> 8.00" in lines
    assert "    orders_from: 2026-01-01 -> 2026-07-01" in lines
    assert lines[-1] == "1 new, 1 changed, 0 unchanged, 1 gone"
    assert digest_of(changes) != digest_of(plan(present, present))
    assert [change.change for change in plan(present, Catalogue(tariffs=(TariffEntry(tariff=first), TariffEntry(tariff=second))))] == [
        "unchanged"
    ] * 2


@pytest.mark.rule("CAT-7")
def test_everything_wrong_has_its_path_in_the_file() -> None:
    """Over all tariffs at once; VAT rates are those of the policy that comes with the file, decks those that come with it."""
    sound = SELLS_CALLS
    bad = msgspec.structs.replace(sound, tariff_id=TariffId("bad"), vat_rate=Decimal(6), connect_fee=Decimal(-1))
    wanted = Catalogue(tariffs=tuple(TariffEntry(tariff=one) for one in (sound, bad, bad)))
    found = [path for path, _ in faults(Catalogue(), wanted, named_decks=[str(sound.deck_id)])]
    assert found == ["tariffs.2.tariff_id", "tariffs.1.vat_rate", "tariffs.1.connect_fee", "tariffs.2.vat_rate", "tariffs.2.connect_fee"]
    assert [path for path, _ in faults(Catalogue(), Catalogue(tariffs=(TariffEntry(tariff=sound),)))] == ["tariffs.0.deck_id"]
    six = Catalogue(
        policy=Policy(vat_rates=(Decimal(6),)), tariffs=(TariffEntry(tariff=msgspec.structs.replace(sound, vat_rate=Decimal(6))),)
    )
    assert faults(Catalogue(), six, named_decks=[str(sound.deck_id)]) == []
    odd = Catalogue(indexing=Indexing(policy=IndexationPolicy(index="CPI")))
    assert [path for path, _ in faults(Catalogue(), odd)] == ["indexing.policy.index"]


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("tariffs: ]", "c.yaml:1"),
        ("policy: {}\npolicy: {}\n", "c.yaml:2"),
        ("tariffs:\n- &a {x: 1}\n- *a\n", "c.yaml:2"),
        ("tariffs:\n- !!python/object:os.system {}\n", "c.yaml:2"),
        ("\nprices: []\n", "c.yaml:2"),
        ("tariffs:\n  calls: {}\n", "c.yaml:1"),
        ("tariffs:\n- 3\n", "c.yaml:2"),
        ("notice_rules:\n  monthly: {}\n", "c.yaml:2"),
        ("notice_rules:\n  ours: 3\n", "c.yaml:2"),
        ("decks:\n- deck_id: nl\n", "c.yaml:2"),
        ("decks:\n- deck_id: nl\n  valid_from: 2026-01-01\n  file: ../nl.csv\n", "c.yaml:4"),
        ("decks:\n- deck_id: nl\n  valid_from: 2026-01-01\n  file: none.csv\n", "c.yaml:4"),
        ("", "c.yaml:1"),
        ("\t", "c.yaml:1"),
    ],
)
def test_a_file_that_cannot_be_read_says_on_which_line(text: str, where: str, tmp_path: Path) -> None:
    """Before any server is asked."""
    with pytest.raises(NoCatalogueFile) as refused:
        read_text(text.encode(), name="c.yaml", folder=tmp_path)
    assert refused.value.facts["where"] == where


@pytest.mark.rule("CAT-9")
def test_a_bad_deck_is_told_with_its_own_file_and_row(tmp_path: Path) -> None:
    """The row is one of the CSV."""
    (tmp_path / "nl.csv").write_text("prefix,name,price_per_minute,connection_fee,first_seconds,next_seconds\nx,NL,1,0,1,1\n")
    text = "decks:\n- deck_id: nl\n  valid_from: 2026-01-01\n  file: nl.csv\n"
    with pytest.raises(NoCatalogueFile, match=r"nl\.csv: row 2: prefix"):
        read_text(text.encode(), name="c.yaml", folder=tmp_path)


@given(data=st.recursive(st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=8).filter(str.isprintable),
                         lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8))  # fmt: skip
def test_plain_data_reads_as_it_was_written(data: Any) -> None:
    """Numbers with decimals, days and yes and no are texts here; nothing changes its meaning on the way."""
    assert parse(dump({"data": data}).encode(), name="x")[0] == {"data": data}
