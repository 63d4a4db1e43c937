"""Verify can fail: somebody changes a figure behind the system's back, with a superuser's rights, and it says which."""

from datetime import date

import pytest

from termijn.testing.story import MadeCall, Story

pytestmark = pytest.mark.slow

TAMPERINGS = (
    ("invoice", "update document set paid = paid + 0.01", "update document set paid = paid - 0.01", "acme"),
    ("invoice", "update charge_line set net = net + 1", "update charge_line set net = net - 1", "rating"),
    ("invoice", "update number_given set number = number + 1", "update number_given set number = number - 1", "numbers"),
    ("rating", "update usage set seconds = seconds + 1", "update usage set seconds = seconds - 1", "recompute"),
    (
        "dunning",
        "update dunning_case set open_amount = open_amount - 5",
        "update dunning_case set open_amount = open_amount + 5",
        "dunning",
    ),
)
"""Service, what is done to its tables, how it is undone, and a word that the broken law must name."""


@pytest.mark.rule("INV-17", "INV-7", "USE-9")
async def test_verify_names_what_was_tampered_with(story: Story) -> None:
    """Each law is broken in its turn, and the sentence says where."""
    await story.open_shop()
    await story.customer("acme")
    await story.order("acme", "calls", subject="100")
    await story.calls(MadeCall(call_id="c1", on=date(2026, 1, 10), seconds=60))
    await story.until(date(2026, 2, 12))
    assert await story.installation.verify() == []
    for service, done, undone, word in TAMPERINGS:
        await story.tamper(service, done)
        broken = await story.installation.verify()
        assert broken, f"nobody noticed: {done}"
        assert any(word in sentence for sentence in broken), broken
        await story.tamper(service, undone)
        assert await story.installation.verify() == []
