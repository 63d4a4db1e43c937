"""The first page of an installation."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from termijn.embedded.home import home_page


def service(name: str) -> Any:
    return SimpleNamespace(name=name, clock=SimpleNamespace(now=lambda: datetime(2026, 6, 30, 22, 30, tzinfo=UTC)))


def test_it_says_what_each_service_decides_and_what_day_it_is_in_amsterdam() -> None:
    page = home_page(cast(Any, [service("contracts"), service("dunning")]), "http://127.0.0.1:8080")
    assert "what happens to what is not paid" in page
    assert 'href="/dunning/docs"' in page
    assert 'href="/rating/docs"' not in page, "only what is there"
    assert "1 July 2026, 00:30" in page
    assert "http://127.0.0.1:8080/contracts/tariffs" in page


def test_an_address_that_somebody_made_up_is_text() -> None:
    assert "<script>" not in home_page(cast(Any, [service("rating")]), "http://<script>")
