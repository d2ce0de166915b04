"""What grows is fitted, and drawn: from the results, with its title and units, and the same file each time."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pyperf
import pytest

from benchmarks.page import draw, fit, numbers, report
from benchmarks.page.figure import Growth, Part
from benchmarks.page.plot import Curves, Marks, Plot, Ratio, Ratios, Series, Tails

ROOT: Final = Path(__file__).parents[2]
SIZES: Final = (1, 10, 100)
CHECK: Final = Series.of("a `check`", "check", SIZES)
WHO: Final = Series.of("who", "who", SIZES)
CURVES: Final = Curves("grants", "What it costs by grants", "grants in the policy", "µs", (CHECK, WHO))
MARKS: Final = Marks("beside", "One beside another", "ns", (("ours", "one"), ("theirs", "two")), frozenset({"one"}))

RATIOS: Final = Ratios(
    "left",
    "What is left",
    "with ÷ without",
    ("here", "there"),
    (
        ("`row`", (Ratio("plain", "guarded", 0.9), Ratio("their.plain", "their.guarded", 0.98))),
        ("scan", (Ratio("long.plain", "long.guarded"), Ratio("their.long", "their.long.guarded"))),
    ),
)
TAILS: Final = Tails("late", "How late", "ms", ("p50", "p99"), (("A", "a"), ("B", "b")), frozenset({"b"}))


def results(**samples: Sequence[float]) -> dict[str, pyperf.Benchmark]:
    """Benchmarks of one process; a dot is written ``_``."""
    named = {name.replace("_", "."): each for name, each in samples.items()}
    return {
        name: pyperf.Benchmark([pyperf.Run(each, metadata={"name": name, "unit": "second"}, collect_metadata=False)])
        for name, each in named.items()
    }


def grown(exponent: float, *, prefix: str = "check", rounds: Sequence[float] = (1.0,)) -> dict[str, Sequence[float]]:
    """Samples that grow so; in each round the machine is so much slower."""
    return {f"{prefix}_{size}": [slower * 2e-6 * size**exponent for slower in rounds] for size in SIZES}


def texts(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 0.05, 1.0, 2.0])
def test_the_exponent_of_a_power_is_found_whatever_the_machine_did_between_rounds(exponent: float) -> None:
    found = fit.exponents(results(**grown(exponent, rounds=(1, 7, 2))), CHECK)
    assert found == pytest.approx([exponent] * 3, abs=1e-9)


def test_of_few_rounds_it_is_said_how_many_they_are() -> None:
    few, enough = (fit.grown(results(**grown(0.0, rounds=(1.0,) * number)), CHECK) for number in (3, fit.FEW))
    assert few == "exponent 0.000 (0.000 to 0.000 in 3 rounds)"
    assert enough == "exponent 0.000 (0.000 to 0.000)"


def test_what_grows_otherwise_where_it_is_large_is_said_to() -> None:
    assert fit.later(results(**grown(0.5)), CHECK) == ""
    assert fit.later(results(check_1=[1.0], check_10=[1.0], check_100=[10.0]), CHECK) == ", 1.000 from 10 on"
    assert fit.later(results(check_1=[1.0]), Series("a check", CHECK.points[:1])) == ""


def test_an_exponent_is_of_one_round() -> None:
    found = fit.exponents(results(check_1=[1.0, 1.0], check_10=[1.0, 10.0], check_100=[1.0, 100.0]), CHECK)
    assert found == pytest.approx([0.0, 1.0])


def test_rounds_that_do_not_match_are_no_rounds() -> None:
    with pytest.raises(ValueError, match="zip"):
        fit.exponents(results(check_1=[1.0, 1.0], check_10=[1.0], check_100=[1.0, 1.0]), CHECK)


@pytest.mark.parametrize(("rounds", "ranks"), [(1, (0, 0)), (3, (0, 2)), (6, (0, 5)), (10, (1, 8)), (30, (9, 20))])
def test_the_confidence_is_that_of_the_tables_of_the_sign_test(rounds: int, ranks: tuple[int, int]) -> None:
    low, high = ranks
    assert fit.confidence(list(range(rounds))) == ranks
    outside = 2 * sum(math.comb(rounds, k) for k in range(low)) / 2**rounds
    assert outside <= 0.05
    assert low + high == rounds - 1


@pytest.mark.parametrize(
    ("exponent", "verdict"), [(0.049, "held"), (0.051, "**missed**, and nobody has found out why")]
)
def test_growth_is_held_against_its_bound(exponent: float, verdict: str) -> None:
    what, middle, _, bound, said = report.figure(results(**grown(exponent)), Growth("a check", CHECK, 0.05))
    assert (what, middle, bound, said) == ("a check", f"{exponent:.3f}", "≤ 0.05", verdict)


def test_curves_hold_title_units_sizes_and_exponents() -> None:
    rounds = (1.0,) * fit.FEW
    found = results(**grown(0.0, rounds=rounds), **grown(1.0, prefix="who", rounds=rounds))
    said = texts(draw.svg(found, CURVES))
    assert {CURVES.title, CURVES.size, "µs: median, p10 to p90", "1", "10", "100"} <= {*said}
    assert "a check: exponent 0.000 (0.000 to 0.000)" in said
    assert "who: exponent 1.000 (1.000 to 1.000)" in said


def test_curves_are_told_apart_without_colour() -> None:
    svg = draw.svg(results(**grown(0.0), **grown(1.0, prefix="who")), CURVES)
    assert "stroke-dasharray" in svg
    for red, green, blue in re.findall(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})\b", svg):
        assert red == green == blue


def test_curves_are_where_the_results_are() -> None:
    one, other = (draw.drawn(results(**grown(0.0), **grown(each, prefix="who")), CURVES) for each in (1.0, 2.0))
    (first,), (second,) = ([line for line in each.axes[0].lines if line.get_marker() == "s"] for each in (one, other))
    assert list(first.get_ydata()) == pytest.approx([2.0, 20.0, 200.0])
    assert list(second.get_ydata()) == pytest.approx([2.0, 200.0, 20_000.0])


def test_a_mark_has_its_name_and_its_value_and_what_is_ours_is_filled() -> None:
    found = results(one=[5e-8] * 3, two=[7e-6] * 3)
    assert {"ours", "theirs", "50.0", "7,000", MARKS.title, "ns: median, p10 to p90; filled: cfacl"} <= {
        *texts(draw.svg(found, MARKS))
    }
    faces = [line.get_markerfacecolor() for line in draw.drawn(found, MARKS).axes[0].lines if line.get_marker() == "o"]
    assert faces == ["black", "white"]


def points(plot: Plot, found: dict[str, pyperf.Benchmark]) -> list[tuple[str, str, float, float]]:
    """Of each mark its form, what it is filled with, where it is on the axis, and in which row."""
    lines = draw.drawn(found, plot).axes[0].lines
    return [
        (each.get_marker(), each.get_markerfacecolor(), each.get_xdata()[0], each.get_ydata()[0])
        for each in lines
        if len(each.get_xdata()) == 1 and each.get_marker() in "os^D"
    ]


LEFT: Final[dict[str, Sequence[float]]] = {"plain": [8.0, 9.0, 10.0], "guarded": [10.0, 10.0, 10.0]}
LONG: Final[dict[str, Sequence[float]]] = {"long_plain": [7.0], "long_guarded": [5.0]}
THEIRS: Final[dict[str, Sequence[float]]] = {"their_plain": [4.0], "their_guarded": [5.0]}


def test_ratios_hold_title_axis_and_names_and_1_is_marked() -> None:
    svg = draw.svg(results(**LEFT, **LONG, **THEIRS), RATIOS)
    said = {"What is left", "with ÷ without: median, p10 to p90", "row", "scan", "here", "there", "promised, at least"}
    assert {*said, "1: no difference"} <= {*texts(svg)}
    for red, green, blue in re.findall(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})\b", svg):
        assert red == green == blue


def test_a_ratio_is_where_it_is_with_its_spread_and_its_bound() -> None:
    found = results(**LEFT, **LONG, **THEIRS)
    (first, second, third) = points(RATIOS, found)
    assert first == ("o", "black", pytest.approx(0.9), pytest.approx(-0.1875))
    assert second == ("s", "white", pytest.approx(0.8), pytest.approx(0.1875))
    assert third == ("o", "black", pytest.approx(1.4), pytest.approx(0.8125))
    segments = [each.get_segments() for each in draw.drawn(found, RATIOS).axes[0].collections]
    drawn = [tuple(point) for (segment,) in segments for point in segment]
    assert (pytest.approx(0.82), pytest.approx(-0.1875)) in drawn
    assert (pytest.approx(0.98), pytest.approx(0.375)) in drawn


def test_a_series_that_was_not_measured_leaves_no_gap() -> None:
    found = results(**LEFT, **LONG)
    assert [(form, at) for form, _, _, at in points(RATIOS, found)] == [("o", 0.0), ("o", 1.0)]
    assert "there" not in texts(draw.svg(found, RATIOS))


def test_percentiles_that_do_not_tell_are_not_drawn() -> None:
    found = results(a_p50=[2e-3], a_p99=[4e-3], a_calls=[800], b_p50=[3e-3], b_p99=[5e-3], b_calls=[799])
    marks = [(form, face, at) for form, face, at, _ in points(TAILS, found)]
    assert marks == [("o", "white", 2.0), ("o", "black", 3.0), ("s", "white", 4.0)]
    assert {"How late", "ms: median, p10 to p90; filled: guarded", "A", "B", "p50", "p99", "1", "10"} <= {
        *texts(draw.svg(found, TAILS))
    }


def test_where_no_percentile_tells_there_is_still_a_plot() -> None:
    found = results(a_p50=[2e-3], a_p99=[4e-3], a_calls=[1], b_p50=[3e-3], b_p99=[5e-3], b_calls=[1])
    assert points(TAILS, found) == []
    assert "How late" in texts(draw.svg(found, TAILS))


@pytest.mark.parametrize("plot", [CURVES, MARKS, RATIOS, TAILS], ids=["curves", "marks", "ratios", "tails"])
def test_a_plot_is_the_same_each_time(plot: Plot) -> None:
    late: dict[str, Sequence[float]] = {f"{each}_{of}": [100.0] for each in "ab" for of in ("p50", "p99", "calls")}
    found = results(**grown(0.0), **grown(1.0, prefix="who"), one=[1e-8], two=[1e-6], **LEFT, **late)
    assert draw.svg(found, plot) == draw.svg(found, plot)


def test_what_was_not_measured_is_not_drawn_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    part = Part("Part", plots=(CURVES, MARKS, RATIOS, TAILS), absent="nobody looked")
    monkeypatch.setattr(report, "PARTS", (part,))
    monkeypatch.setattr(report, "DRAWN", part.plots)
    monkeypatch.setattr(report, "LACKING", part.lacking())
    found = results(**grown(0.0), one=[1e-8], **LEFT)
    assert list(report.plots(found)) == [MARKS, RATIOS]
    said = "\n".join(report.section(found, part))
    assert "![What is left](benchmarks/left.svg)\n\n* not all is drawn: nobody looked\n" in said
    assert "How late: not measured: nobody looked\n" in said
    assert "What it costs by grants: not measured: nobody looked\n" in said
    assert "![One beside another](benchmarks/beside.svg)" in said
    assert "theirs" not in texts(draw.svg(found, MARKS))
    assert "* theirs: not measured: nobody looked" in said


def test_plots_have_names_of_their_own() -> None:
    names = [each.name for each in report.DRAWN]
    assert len(names) == len({*names}) > 5


def test_the_plots_beside_the_page_are_those_that_it_shows_drawn_from_its_results() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    there = {each.stem: each.read_text("utf-8") for each in (ROOT / "docs" / report.FOLDER).glob("*")}
    assert there.keys() == {*re.findall(r"^!\[.+\]\(benchmarks/(\w+)\.svg\)$", page, re.MULTILINE)}
    found = numbers.load(ROOT / "benchmarks" / "results.json")
    assert there == {each.name: draw.svg(found, each) for each in report.plots(found) if each.name in there}
