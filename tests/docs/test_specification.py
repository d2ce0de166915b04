"""The specification and the tests name each other: every letter of a rule, and every paragraph on stores."""

from __future__ import annotations

import re
from pathlib import Path
from string import ascii_lowercase
from typing import Final

from cfacl.testing import vectors
from cfacl.testing.conformance import StoreTests

SPECIFICATION: Final = Path(__file__).parents[2] / "docs" / "specification.md"
_rules, _, _stores = SPECIFICATION.read_text("utf-8").partition("\n# Stores\n")
#: The letters of each rule, by its number.
RULES: Final = {
    number: re.findall(r"^([a-z])\. ", text, re.MULTILINE)
    for number, text in re.findall(r"^## Rule (\d+) (.*?)(?=^## |\Z)", _rules, re.MULTILINE | re.DOTALL)
}
LETTERS: Final = [number + letter for number, letters in RULES.items() for letter in letters]
#: What stands in bold where a paragraph begins.
PARAGRAPHS: Final = re.findall(r"^\*\*([^.*]+)\.?\*\*", _stores, re.MULTILINE)

#: What the suite for stores shows.  It ships, and its tests carry no mark, which would have to be registered wherever
#: they are run.
SUITE: Final = {
    "Projections": ["only_the_projection_is_read", "a_named_column_is_that_column_and_no_other"],
    "Names": ["every_row_key_is_a_row_of_its_own", "every_qualifier_is_a_cell_of_its_own"],
    "Order": [
        "rows_come_in_order_in_batches",
        "columns_are_sorted_by_family_then_qualifier",
        "a_span_holds_its_start_and_not_its_stop",
    ],
    "Scans": [
        "each_batch_is_read_when_it_is_asked_for",
        "what_is_written_after_the_call_is_not_seen",
        "what_expires_during_a_scan_of_one_instant_is_left_out",
        "a_family_that_is_dropped_ends_a_scan_of_one_instant",
    ],
    "Timestamps": [
        "a_plain_put_is_stamped_now",
        "a_plain_put_wins_over_a_value_from_the_future",
        "a_plain_put_wins_after_the_clock_went_back",
        "a_write_to_one_family_does_not_show_in_the_timestamps_of_another",
    ],
    "Versions": ["as_many_are_kept_as_the_family_says_newest_first"],
    "Time to live": [
        "a_cell_is_gone_from_everything_once_its_time_is_over",
        "it_counts_from_the_timestamp",
        "what_has_expired_is_not_read_where_it_lies",
    ],
    "Deletes": [
        "named_cells_go_and_nothing_else",
        "no_marker_hides_a_later_write",
        "with_a_timestamp_only_what_is_not_after_it_goes",
    ],
    "Atomicity": ["a_call_is_never_seen_half_done", "a_call_that_fails_leaves_nothing_of_itself"],
    "Counters": [
        "a_counter_is_eight_bytes_big_endian_and_signed",
        "another_cell_is_no_counter",
        "beyond_64_bits_nothing_is_written",
    ],
    "Compare and set": [
        "it_writes_only_if_every_condition_holds",
        "one_of_sixteen_threads_wins_a_cell",
        "several_families_at_once_are_compared_or_refused",
    ],
    "Identities": ["a_family_created_anew_has_none_of_the_old_cells", "two_identities_of_one_name_are_apart"],
}


def test_the_specification_has_fourteen_rules_in_order() -> None:
    assert [str(n) for n in range(1, 15)] == [*RULES]
    assert {*re.findall(r"^## (.*?) ", _rules, re.MULTILINE)} == {"Rule"}


def test_the_letters_of_a_rule_leave_none_out() -> None:
    assert all("".join(letters) == ascii_lowercase[: len(letters)] for letters in RULES.values())
    assert len(LETTERS) > 50
    assert len({*PARAGRAPHS}) == len(PARAGRAPHS) == 24


def test_every_letter_and_paragraph_has_a_test_and_every_mark_names_one(marks: dict[str, dict[str, list[str]]]) -> None:
    marked = marks["rule"]
    assert marked, "no test is marked with a rule: the search is broken"
    known = {*LETTERS, *PARAGRAPHS}
    assert not (strays := {name: where for name, where in marked.items() if name not in known}), f"no such: {strays}"
    assert not (bare := [name for name in LETTERS if name not in marked]), f"letters without a test: {bare}"
    assert not (bare := [name for name in PARAGRAPHS if name not in marked and name not in SUITE]), f"and: {bare}"


def test_the_suite_for_stores_has_the_tests_that_are_said_to_show_a_paragraph() -> None:
    assert SUITE.keys() <= {*PARAGRAPHS}
    assert not [each for named in SUITE.values() for each in named if not hasattr(StoreTests, f"test_{each}")]


def test_every_vector_is_tagged_with_a_letter() -> None:
    assert {case.rule for vector in vectors.load() for case in vector.cases} <= {*LETTERS}
