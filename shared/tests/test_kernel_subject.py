"""One spelling for what usage records name, whoever writes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termijn.kernel.errors import InvalidInput
from termijn.kernel.subject import accepted_subject, subject_name


@pytest.mark.rule("USE-2")
@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("0031 (0)20 123-4567", "+31201234567"),
        ("101", "101"),
        (" Desk-4 ", "desk-4"),
        ("0101", "0101"),
        ("0800-1234", "0800-1234"),
        ("+32 2 555 12 12", "+3225551212"),
    ],
)
def test_spelling_of_subjects(given: str, stored: str) -> None:
    """Phone numbers in E.164; extensions and workplaces as they are, in lower case."""
    assert accepted_subject(given) == stored


@pytest.mark.rule("SEC-4")
@pytest.mark.parametrize("bad", ["", "  ", "+", "+31", "+31 20 1", "+12345678901234567890", "a\0b", "x" * 65])
def test_what_is_no_subject_is_refused(bad: str) -> None:
    """With the field named."""
    with pytest.raises(InvalidInput) as caught:
        accepted_subject(bad)
    assert caught.value.field == "subject"


@pytest.mark.rule("USE-2")
@given(text=st.from_regex(r"[+0-9a-z][-0-9 .a-z/]{0,20}", fullmatch=True))
def test_what_was_given_to_a_module_is_found_again(text: str) -> None:
    """By the same words, and by the name itself."""
    try:
        name = accepted_subject(text)
    except InvalidInput:
        return
    assert subject_name(text) == name and subject_name(name) == name
