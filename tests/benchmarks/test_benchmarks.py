"""The benchmarks run, and their page says what was measured.  Nothing here looks at how long anything took."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyperf
import pytest

from benchmarks.page import numbers, report
from benchmarks.page.figure import Figure

ROOT: Final = Path(__file__).parents[2]
#: Every figure, and every benchmark, that the page speaks of.
FIGURES: Final = [each for part in report.PARTS for each in part.figures]
NAMED: Final = {name for part in report.PARTS for name in part.names()}


def benchmark(name: str, *runs: tuple[float, ...], unit: str = "second") -> pyperf.Benchmark:
    """A benchmark with one run for each process."""
    facts = {"cpu_count": 2, "platform": "test", "python_version": "3", "python_compiler": "c", "python_build": "with"}
    metadata = {"name": name, "unit": unit, **facts}
    return pyperf.Benchmark([pyperf.Run(each, metadata=metadata, collect_metadata=False) for each in runs])


def results(**values: float) -> dict[str, pyperf.Benchmark]:
    """Everything that the page speaks of: one second, unless ``values`` say otherwise; a dot is written ``_``."""
    known = {name: values.pop(name.replace(".", "_"), 1.0) for name in sorted({*NAMED, "machine.wall"})}
    assert not values, "no such benchmark"
    return {name: benchmark(name, (value,) * 3) for name, value in known.items()}


def line(page: str, start: str) -> str:
    (found,) = [each for each in page.splitlines() if each.startswith(start)]
    return found


def figure(top: str) -> Figure:
    """The one that holds a benchmark against a bound, or against another benchmark."""
    (found,) = [each for each in FIGURES if isinstance(each, Figure) and each.top == top]
    return found


@pytest.mark.slow
def test_a_quick_run_measures_everything_that_the_page_speaks_of(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--into", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = numbers.load(tmp_path / "results.json")
    missing = NAMED - found.keys()
    assert missing <= report.LACKING.keys()
    for why in sorted(set(report.LACKING.values())):
        named = {name for name, reason in report.LACKING.items() if reason == why}
        assert named <= missing or not named & missing, why
    matrices = {name for name, why in report.LACKING.items() if "CFACL_ROLEMINING" in why}
    there = (Path(os.environ.get("CFACL_ROLEMINING", "")) / "customer.txt").is_file()
    assert missing & matrices == (set() if there else matrices)
    assert ("not measured: " in ran.stderr) == bool(missing - matrices)  # where a server is required, its tests fail
    assert all(value > 0 for each in found.values() for value in each.get_values())
    whole = (tmp_path / "benchmarks.md").read_text("utf-8")
    page = whole.partition("## Where something else")[0]
    verdicts = {each.what: line(page, f"| {each.what} |").split(" | ")[-1] for each in FIGURES}
    assert len(verdicts) == len(FIGURES) > 60
    assert {what for what, verdict in verdicts.items() if "not measured" in verdict} == {
        each.what for each in FIGURES if missing & {*each.names()}
    }
    assert all("held" in verdict or "missed" in verdict or "not measured" in verdict for verdict in verdicts.values())
    drawn = {each.stem for each in (tmp_path / "benchmarks").iterdir()}
    assert drawn == {each.name for each in report.DRAWN if {*each.names()} - missing}
    assert re.search(r"^\| commit \| ([0-9a-f]{40}(-dirty)?|unknown) \|$", whole, re.MULTILINE)


def test_a_quick_run_does_not_overwrite_the_page() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert "--into" in ran.stderr


def test_the_page_is_what_the_report_makes_of_the_results() -> None:
    made = report.page(numbers.load(ROOT / "benchmarks" / "results.json"))
    assert (ROOT / "docs" / "benchmarks.md").read_text("utf-8") == made


def test_whatever_was_missed_says_why() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    missed = [each.partition("**missed**")[2] for each in page.splitlines() if each.startswith("| ")]
    assert any(missed)
    assert [
        each for each in missed if each and not each.startswith((", within the noise, because ", ", because "))
    ] == []


def test_a_ratio_is_of_two_samples_of_one_round_of_one_process() -> None:
    found: Mapping[str, pyperf.Benchmark] = {
        "a": benchmark("a", (2.0, 9.0), (8.0,)),
        "b": benchmark("b", (1.0, 3.0), (2.0,)),
    }
    assert numbers.ratios(found, "a", "b") == [2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        ({"check_timeless": 2.5}, "held"),
        ({"check_timeless": 2.51}, "**missed**"),
        ({"check_timeless": 5.0, "check_empty": 2.0}, "held"),
    ],
)
def test_an_upper_bound_is_held_up_to_itself(measured: dict[str, float], verdict: str) -> None:
    assert line(report.page(results(**measured)), f"| {FIGURES[0].what} |").split(" | ")[-1].startswith(verdict)


@pytest.mark.parametrize(("guarded", "verdict"), [(1.0, "held"), (1.01, "**missed**"), (0.8, "held")])
def test_a_lower_bound_is_held_down_to_itself(guarded: float, verdict: str) -> None:
    row = figure("row.unguarded")
    page = report.page(results(row_guarded=guarded, row_unguarded=0.9))
    assert line(page, f"| {row.what} |").split(" | ")[-1].startswith(verdict)


def test_a_figure_beside_its_bound_has_the_digits_that_show_the_side() -> None:
    page = report.page(results(check_timeless=2.5004))
    assert "| 2.5004 × |  | ≤ 2.5 × | **missed**, because " in line(page, f"| {FIGURES[0].what} |")


@pytest.mark.parametrize(
    ("samples", "verdict"),
    [
        ((2.4,) * 6, "held"),
        ((2.4, 2.4, 2.4, 2.4, 2.4, 2.6), "held, within the noise"),
        ((2.4, 2.6, 2.6, 2.6, 2.6, 2.6), "**missed**, within the noise, because it looks"),
        ((2.4, 2.4, 2.4, 2.6, 2.6), "held"),
        ((2.6,) * 6, "**missed**, because it looks"),
    ],
)
def test_a_verdict_says_where_the_run_cannot_tell(samples: tuple[float, ...], verdict: str) -> None:
    assert report.verdict(FIGURES[0], samples, statistics.median(samples)).startswith(verdict)


def test_seconds_are_held_against_a_bound_in_microseconds() -> None:
    row = figure("first.opened")
    assert "| 19.0 µs |  | ≤ 20 µs | held |" in line(report.page(results(first_opened=19e-6)), f"| {row.what} |")
    assert "| 21.0 µs |  | ≤ 20 µs | **missed**, " in line(report.page(results(first_opened=21e-6)), f"| {row.what} |")


def test_the_page_opens_with_three_answers_of_the_run() -> None:
    answers = report.page(results(check_timeless=3e-7, check_empty=1e-7, put_guarded=4.0)).partition("## Figures")[0]
    assert "What does a check cost?** 300 ns, 3.00 × an empty method call" in answers
    assert "](benchmarks/guard.svg)" in answers
    assert "RocksDB, against the same store unguarded: `row` 1.00, `put` 0.25, `scan` 1.00" in answers
    assert "same again, by 0.000 to 0.000, whether" in answers


def test_a_hundredth_of_latencies_is_said_where_there_were_enough_calls() -> None:
    at = "ycsb_hbase_a_guarded"
    said = "; of YCSB A's calls one in a hundred takes longer than 3.00 s, without the guard than 1.00 s"
    for calls, told in ((799.0, False), (800.0, True)):
        enough = {f"{at}_calls": calls, "ycsb_hbase_a_unguarded_calls": calls}
        page = report.page(results(**enough, **{f"{at}_p99": 3.0}))
        assert (said in line(page, "  * HBase, against")) == told


def test_a_store_that_was_not_measured_is_no_answer() -> None:
    found = results()
    del found["hbase.get.plain"]
    assert "  * HBase, against plain happybase: not measured\n" in report.page(found)


def test_an_answer_has_the_spread_of_its_ratio() -> None:
    found = results()
    found["row.unguarded"] = benchmark("row.unguarded", (0.8, 0.9, 1.0))
    assert "`row` 0.90 (0.82 to 0.98), `put` 1.00" in report.page(found)


@pytest.mark.parametrize(
    ("store", "slow", "what"),
    [
        ("RocksDB", "put_one_guarded", "a put of one cell without the guard"),
        ("RocksDB", "personas_rocksdb_customer_guarded", "the customer of GDPRbench on RocksDB, without the guard"),
        ("RocksDB", "row_told", "a row without the guard, where a hook is told of each with it"),
        (
            "Cassandra",
            "personas_cassandra_controller_guarded",
            "the controller of GDPRbench on Cassandra, without the guard",
        ),
        ("HBase", "hbase_batch_guarded", "happybase, for a batch of 1,000 rows of 4 cells"),
        ("Cassandra", "ycsb_cassandra_b_guarded", "YCSB B on it, unguarded"),
    ],
)
def test_the_worst_of_a_store_is_found_and_said(store: str, slow: str, what: str) -> None:
    found = line(report.page(results(**{slow: 4.0})), f"  * {store}, against")
    assert re.search(rf"; least is left, of \d+ comparisons, beside {what}: 0\.25(;|$)", found)


@pytest.mark.parametrize(("taken", "said"), [(0.81, False), (0.5, True)])
def test_where_by_hand_is_faster_by_much_the_largest_is_said(taken: float, *, said: bool) -> None:
    found = line(report.page(results(ycsb_cassandra_e_hand=taken, ycsb_cassandra_a_hand=0.9)), "  * Cassandra, against")
    assert (
        "; the most that a program by hand gains: by hand on the driver, for YCSB E, 2.00 × as fast" in found
    ) == said
    assert ("as fast" in found) == said


def test_a_percentile_of_too_few_calls_is_not_said() -> None:
    at = "ycsb_hbase_e_guarded"
    page = report.page(results(**{f"{at}_calls": 799.0, f"{at}_p50": 2.0, f"{at}_p99": 3.0}))
    assert "| E, guarded | 1.00 s | 799 s | 2.00 s | too few calls | too few calls |" in page
    page = report.page(results(**{f"{at}_calls": 800.0, f"{at}_p50": 2.0, f"{at}_p99": 3.0}))
    assert "| E, guarded | 1.00 s | 800 s | 2.00 s | 3.00 s | too few calls |" in page


def test_what_was_measured_again_is_said_with_its_commit() -> None:
    found = results()
    assert "measured again |" not in report.page(found)
    for name in ("check.empty", "check.clock"):
        found[name].update_metadata({"commit": "1234"})
    assert "| commit of `check`, measured again | 1234 |" in report.page(found)
    assert "| commit | unknown |" in report.page(found)


def test_a_part_is_measured_again_only_where_the_whole_was(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--only", "checks", "--into", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "is not there, of which `--only` replaces a part; run all scripts first" in ran.stderr


def test_what_is_faster_than_cfacl_is_said_and_nothing_else() -> None:
    page = report.page(results(check_lru_cache=0.5, check_slow=2.0))
    section = page.partition("## Where something else is faster")[2].partition("##")[0]
    (said,) = [each for each in section.splitlines() if each.startswith("*")]
    assert said.startswith("* `functools.lru_cache`, for one family by name: 500 ms, cfacl 1.00 s;")
    assert said.endswith("; cfacl takes 2.00 times as long (2.00 to 2.00)")


def test_only_what_may_be_missing_may_be_missing() -> None:
    found = results()
    del found["load.customer"]
    row = figure("load.customer")
    assert line(report.page(found), f"| {row.what} |").endswith(
        "| not measured: `CFACL_ROLEMINING` named no folder with `customer.txt` |"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(NAMED - report.LACKING.keys()))
def test_nothing_else_may_be_missing(name: str) -> None:
    found = results()
    del found[name]
    with pytest.raises(KeyError, match=name):
        report.page(found)


def test_the_spread_is_of_the_samples() -> None:
    assert numbers.spread([float(i) for i in range(101)]) == (10.0, 50.0, 90.0)
    assert numbers.spread([7.0]) == (7.0, 7.0, 7.0)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1.5, "second", "1.50 s"),
        (0.0123, "second", "12.3 ms"),
        (2e-5, "second", "20.0 µs"),
        (1.234e-7, "second", "123 ns"),
        (1234.0, "byte", "1,234 B"),
        (0.0123, "byte", "0.012 B"),
        (31, "integer", "31"),
        (15.0846, "integer", "15.1"),
    ],
)
def test_amounts_have_three_digits_and_the_unit_that_suits_them(value: float, unit: str, said: str) -> None:
    assert numbers.amount(value, unit) == said
