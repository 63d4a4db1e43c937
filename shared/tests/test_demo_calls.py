"""The made-up calls and their files: enough of them, ugly as real ones, and the same for the same seed."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import phonenumbers
import pytest

from termijn.demo import calls
from termijn.demo.calls import CallFile, CallLeg
from termijn.demo.population import UNKNOWN_EXTENSION, customers
from termijn.demo.wishes import FORGOTTEN_EXTENSION


@pytest.fixture(scope="module")
def made() -> list[CallLeg]:
    return calls.legs(customers(), seed=1)


@pytest.fixture(scope="module")
def files() -> list[CallFile]:
    return calls.files(customers(), seed=1)


def lines(files: Sequence[CallFile]) -> list[tuple[str, bytes]]:
    return [(file.pbx, line) for file in files for line in file.content.splitlines()]


def test_there_are_twenty_thousand_outgoing_calls_and_every_other_kind(made: list[CallLeg]) -> None:
    kinds = Counter(leg.kind for leg in made)
    assert kinds["outgoing"] >= 20_000
    assert min(kinds[kind] for kind in ("unanswered", "internal", "incoming", "missed")) > 1000


def test_the_same_seed_makes_the_same_files_and_another_does_not(files: list[CallFile]) -> None:
    assert calls.files(customers(), seed=1) == files
    assert calls.files(customers(), seed=2) != files


def test_one_customer_more_changes_no_calls_of_the_others(made: list[CallLeg]) -> None:
    fewer = calls.legs(customers()[:-15], seed=1)
    extensions = {leg.extension for leg in fewer}
    assert fewer == [leg for leg in made if leg.extension in extensions]


def test_dialled_numbers_are_possible_ones(made: list[CallLeg]) -> None:
    outgoing = {leg.other for leg in made[:4000] if leg.kind == "outgoing"}
    assert not [number for number in outgoing if not phonenumbers.is_possible_number(phonenumbers.parse(number, "NL"))]


def test_a_line_has_the_27_fields_of_3cx(files: list[CallFile]) -> None:
    text = files[0].content.decode("latin-1")
    for fields in csv.reader(text.splitlines()):
        assert len(fields) == 27
        assert re.fullmatch(r"Call \d+", fields[0])
        assert re.fullmatch(r"[0-9A-F]{16}_\d+", fields[1])
        assert re.fullmatch(r"(\d\d:\d\d:\d\d)?", fields[2])
        assert datetime.strptime(fields[3], "%Y/%m/%d %H:%M:%S") <= datetime.strptime(fields[5], "%Y/%m/%d %H:%M:%S")
        assert bool(fields[2]) == bool(fields[4])
        assert {fields[20], fields[21]} <= {"Internal", "External"}


def test_lines_come_twice_in_a_file_and_again_in_the_next(files: list[CallFile]) -> None:
    repeated = [line for line, count in Counter(lines(files)).items() if count > 1]
    assert len(repeated) > 500
    own = [file for file in files if file.pbx == "pbx-zwolle"]
    assert set(own[0].content.splitlines()) & set(own[1].content.splitlines())
    assert any(count > 1 for count in Counter(own[3].content.splitlines()).values())


def test_some_bytes_are_no_utf8(files: list[CallFile]) -> None:
    with pytest.raises(UnicodeDecodeError):
        b"".join(file.content for file in files).decode("utf-8")


def test_one_file_comes_after_its_month_was_closed_and_the_others_the_next_night(files: list[CallFile]) -> None:
    def last_day(file: CallFile) -> datetime:
        return datetime.strptime(file.name[-12:-4], "%Y%m%d")

    late = [file for file in files if file.delivered_on != (last_day(file) + timedelta(days=1)).date()]
    assert [(file.pbx, last_day(file).date(), file.delivered_on) for file in late] == [calls.LATE_FILE]
    assert late[0].delivered_on.month > last_day(late[0]).month


def test_every_call_is_in_a_file_delivered_after_it_ended(made: list[CallLeg], files: list[CallFile]) -> None:
    assert len(set(lines(files))) == len(made)
    for file in files:
        ended = [line.split(b",")[5].decode() for line in file.content.splitlines()]
        assert max(ended) < f"{file.delivered_on:%Y/%m/%d}"


def test_extensions_that_nobody_wrote_down_make_calls(made: list[CallLeg]) -> None:
    by_extension = Counter(leg.extension for leg in made)
    assert by_extension[UNKNOWN_EXTENSION] > 5
    assert by_extension[FORGOTTEN_EXTENSION] > 50
