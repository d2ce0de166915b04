"""Two runs are held against each other: noise is told from change, and nothing that only one has is left unsaid."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyperf
import pytest

from benchmarks import compare, verdicts, yardsticks
from benchmarks.page import report
from benchmarks.page.numbers import load

ROOT: Final = Path(__file__).parents[2]
#: Of a run in which nothing is remarkable: seconds, and bytes.
USUAL: Final = {
    "check.timeless": 5e-8,
    "check.empty": 2e-8,
    "row.unguarded": 8e-6,
    "row.guarded": 9e-6,
    "check.slow": 2e-5,
    "rivals.10.denied.cedarpy": 2e-5,
    "first.opened": 9e-6,
    "growth.roles.1": 5e-8,
    "growth.roles.2": 5e-8,
    "growth.roles.4": 5e-8,
    "growth.roles.8": 5e-8,
    "growth.roles.16": 5e-8,
    "growth.roles.32": 5e-8,
    "growth.roles.64": 5e-8,
    "machine.wall": 1.0,
    "check.dict": 3e-7,
    "check.lru_cache": 2e-7,
    "check.time_ns": 7e-8,
    "check.timeless.name": 2e-7,
    "who.10": 4e-5,
    "memory.session.traced": 100.0,
    "personas.memory.customer.unguarded": 1e-4,
    "personas.memory.customer.guarded": 1.1e-4,
    "hbase.get.plain": 2e-2,
    "ycsb.hbase.c.hand": 1e-3,
    "ycsb.hbase.c.unguarded": 1e-3,
    "ycsb.hbase.c.guarded": 1e-3,
    "ycsb.hbase.c.unguarded.p99": 3e-3,
    "ycsb.hbase.c.guarded.p99": 3e-3,
    "ycsb.hbase.c.unguarded.p99.9": 9e-3,
    "ycsb.hbase.c.guarded.p99.9": 9e-3,
    "ycsb.hbase.c.unguarded.calls": 4000.0,
    "ycsb.hbase.c.guarded.calls": 4000.0,
    "durable.one": 2e-3,
    "durable.fsync": 1e-3,
    "cassandra.million.memory": 50_000.0,
}
#: What one run says once.
ONCE: Final = (".p99.9", ".calls", ".memory", ".traced")
#: What one run says of several parts, which differ.
PARTS: Final = ".p99"
UNITS: Final = {
    "machine.wall": "integer",
    "ycsb.hbase.c.unguarded.calls": "integer",
    "ycsb.hbase.c.guarded.calls": "integer",
    "memory.session.traced": "byte",
    "cassandra.million.memory": "byte",
}
Run = dict[str, pyperf.Benchmark]


def run(seed: int, *, rounds: int = 30, noise: float = 0.03, **times: float) -> Run:
    """A run with some noise; what ``times`` say, a dot written ``_``, is so many times as much as usual."""
    draw = random.Random(seed)
    found = {}
    for name, usual in USUAL.items():
        factor = times.pop(name.replace(".", "_"), 1.0)
        often = 1 if name.endswith(ONCE) else 5 if name.endswith(PARTS) else rounds
        off = 5 * noise if name.endswith(PARTS) else noise
        samples = [usual * factor * (draw.gauss(1, off) if often > 1 else 1) for _ in range(often)]
        metadata = {"name": name, "unit": UNITS.get(name, "second")}
        found[name] = pyperf.Benchmark([pyperf.Run(samples, metadata=metadata, collect_metadata=False)])
    assert not times, "no such benchmark"
    return found


def late(name: str, *parts: float) -> Run:
    """Something that a run says of several parts."""
    metadata = {"name": name, "unit": "second"}
    return {name: pyperf.Benchmark([pyperf.Run(parts, metadata=metadata, collect_metadata=False)])}


def changes(base: Run, new: Run) -> dict[str, str]:
    """What changed, and how."""
    every = [*compare.figures(base, new), *compare.measured(base, new)]
    assert len(every) > 5
    return {each.what: each.verdict for each in every if each.verdict != "noise"}


@pytest.mark.parametrize("seed", range(10))
def test_noise_is_noise(seed: int) -> None:
    assert changes(run(seed), run(seed + 100)) == {}


@pytest.mark.parametrize("seed", range(3))
def test_a_slower_machine_is_no_change(seed: int) -> None:
    slower = {name.replace(".", "_"): 2.0 for name in USUAL if name not in UNITS}
    assert changes(run(seed), run(seed + 100, **slower)) == {}
    found = yardsticks.drift(run(seed), run(seed + 100, **slower))
    assert found == pytest.approx({"": 2.0, "disk": 2.0, "hbase": 2.0}, rel=0.05)


def test_a_slower_server_is_a_drift_of_its_own() -> None:
    slower = {name.replace(".", "_"): 3.0 for name in USUAL if "hbase" in name and name not in UNITS}
    assert changes(run(1), run(2, **slower)) == {}
    found = yardsticks.drift(run(1), run(2, **slower))
    assert found == pytest.approx({"": 1.0, "disk": 1.0, "hbase": 3.0}, rel=0.05)


def test_what_is_twice_as_slow_of_itself_is_no_drift() -> None:
    own = {name.replace(".", "_"): 2.0 for name in USUAL if not yardsticks.theirs(name) and name not in UNITS}
    assert yardsticks.drift(run(1), run(2, **own)) == pytest.approx({"": 1.0, "disk": 1.0, "hbase": 1.0}, rel=0.05)
    found = changes(run(1), run(2, **own))
    assert found["`who.10`"] == found["`check.timeless.name` ÷ `check.empty`"] == "worse"
    assert found["`ycsb.hbase.c.unguarded` ÷ `ycsb.hbase.c.hand`"] == "worse"


@pytest.mark.parametrize(
    ("name", "factor", "what"),
    [
        ("check_timeless_name", 1.3, "`check.timeless.name` ÷ `check.empty`"),
        ("who_10", 1.45, "`who.10`"),
        ("memory_session_traced", 1.4, "`memory.session.traced`"),
        (
            "personas_memory_customer_guarded",
            1.14,
            "`personas.memory.customer.guarded` ÷ `personas.memory.customer.unguarded`",
        ),
        ("ycsb_hbase_c_guarded", 0.99 / 0.87, "YCSB C on HBase: operations a second, guarded ÷ unguarded"),
        ("ycsb_hbase_c_guarded_p99", 10, "`ycsb.hbase.c.guarded.p99` ÷ `ycsb.hbase.c.unguarded.p99`"),
        ("durable_one", 1.7, "`durable.one` ÷ `durable.fsync`"),
    ],
)
def test_a_regression_is_worse(name: str, factor: float, what: str) -> None:
    # what is promised of a pair is said once, as the figure
    found = changes(run(1, noise=0.01), run(2, noise=0.01, **{name: factor}))
    assert found == {what: "worse"}
    assert compare.compared(run(1, noise=0.01), run(2, noise=0.01, **{name: factor}))[1]


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("who_10", 1.3),
        ("memory_session_traced", 1.08),
        ("ycsb_hbase_c_guarded_p99", 2.5),
        ("durable_one", 1.4),
        ("cassandra_million_memory", 37),
    ],
)
def test_what_runs_of_the_same_source_differ_by_is_noise(name: str, factor: float) -> None:
    assert changes(run(1), run(2, **{name: factor})) == {}


def test_a_store_that_is_slower_with_its_guard_is_worse() -> None:
    found = changes(run(1), run(2, ycsb_hbase_c_guarded=1.4, ycsb_hbase_c_unguarded=1.4))
    assert found == {"`ycsb.hbase.c.unguarded` ÷ `ycsb.hbase.c.hand`": "worse"}


def test_of_a_percentile_that_a_few_calls_are_beyond_there_is_no_telling() -> None:
    found = changes(run(1), run(2, ycsb_hbase_c_guarded_p99_9=10))
    assert found == {"`ycsb.hbase.c.guarded.p99.9` ÷ `ycsb.hbase.c.unguarded.p99.9`": "no telling"}


def test_a_percentile_whose_parts_differ_by_as_much_is_noise() -> None:
    name = "ycsb.hbase.c.guarded.p99"
    base, new = late(name, 1e-3, 9e-2, 2e-3, 6e-2, 1e-3), late(name, 8e-2, 1e-3, 9e-2, 7e-2, 2e-3)
    assert changes(run(1) | base, run(2) | new) == {}


def test_percentiles_of_another_number_of_parts_are_held_against_each_other() -> None:
    what = "`ycsb.hbase.c.guarded.p99` ÷ `ycsb.hbase.c.unguarded.p99`"
    base, new = run(1), run(2, ycsb_hbase_c_guarded_p99=10)
    for name in ("ycsb.hbase.c.guarded.p99", "ycsb.hbase.c.unguarded.p99"):
        new |= late(name, *new[name].get_values()[:2])
    assert changes(base, new) == {what: "worse"}


def test_a_percentile_that_is_worse_only_by_what_is_beside_it_is_noise() -> None:
    guarded, unguarded = "ycsb.hbase.c.guarded.p99", "ycsb.hbase.c.unguarded.p99"
    # The neighbour is in four parts of the other in one run, and has some of this in both.
    base = run(1) | late(guarded, 1e-3, 9e-2, 1e-3, 2e-3, 1e-3) | late(unguarded, 4e-2, 9e-1, 5e-2, 9e-2, 4e-2)
    new = run(2) | late(guarded, 9e-2, 8e-3, 7e-3, 6e-3, 7e-3) | late(unguarded, 9e-2, 8e-3, 7e-3, 6e-3, 7e-3)
    assert f"`{guarded}` ÷ `{unguarded}`" not in changes(base, new)


def test_a_percentile_that_is_better_by_itself_is_not_worse() -> None:
    guarded, unguarded = "ycsb.hbase.c.guarded.p99", "ycsb.hbase.c.unguarded.p99"
    base, new = run(1), run(2, ycsb_hbase_c_guarded_p99=0.1, ycsb_hbase_c_unguarded_p99=0.01)
    assert f"`{guarded}` ÷ `{unguarded}`" not in changes(base, new)


def test_percentiles_of_others_are_no_drift() -> None:
    base, new = run(1) | late("ycsb.cassandra.c.hand.p99", 1e-3), run(2) | late("ycsb.cassandra.c.hand.p99", 9e-2)
    assert "cassandra" not in yardsticks.drift(base, new)


def test_a_percentile_is_itself_beside_what_a_neighbour_had() -> None:
    what = "`ycsb.hbase.c.unguarded.p99`"  # it has nobody beside it itself
    assert changes(run(1, ycsb_hbase_c_unguarded_p99=10), run(2)) == {what: "no telling"}


def test_a_percentile_is_no_better_on_a_faster_server() -> None:
    faster = {name.replace(".", "_"): 0.25 for name in USUAL if name.startswith("ycsb.hbase.c.guarded.p")}
    beside = {name.replace("guarded", "unguarded"): factor for name, factor in faster.items()}
    guarded = "`ycsb.hbase.c.guarded.p99` ÷ `ycsb.hbase.c.unguarded.p99`"
    assert guarded not in changes(run(1), run(2, **faster, **beside))


def test_what_was_measured_another_number_of_times_is_no_yardstick() -> None:
    base = run(1)
    assert yardsticks.yardstick("who.10", base) is None
    assert yardsticks.yardstick("check.timeless.name", base) == "check.empty"
    other = {**base, "check.empty": run(1, rounds=20)["check.empty"]}
    assert yardsticks.yardstick("check.timeless.name", base, other) is None


def test_a_bound_that_was_held_and_is_missed_for_certain_is_worse_by_however_little() -> None:
    what = "YCSB C on HBase: operations a second, guarded ÷ unguarded"
    assert changes(run(1, noise=0.001), run(2, noise=0.001, ycsb_hbase_c_guarded=1.04)) == {what: "worse"}
    assert changes(run(1, noise=0.001), run(2, noise=0.001, ycsb_hbase_c_guarded=1.01)) == {}
    upper = "`session.allows(ask)`, nothing can expire ÷ an empty method call"
    assert changes(run(1, noise=0.001, check_timeless=0.96), run(2, noise=0.001, check_timeless=1.03)) == {
        upper: "worse"
    }
    missed = run(1, noise=0.001, ycsb_hbase_c_guarded=1.03)
    assert changes(missed, run(2, noise=0.001, ycsb_hbase_c_guarded=1.06)) == {}
    assert what not in changes(run(1, noise=0.1), run(2, noise=0.1, ycsb_hbase_c_guarded=1.04))


def test_others_are_told_from_cfacl_as_the_page_tells_them() -> None:
    for part in report.PARTS:
        for _, rival, ours in part.rivals:
            assert yardsticks.theirs(rival) != rival.endswith(("unguarded", ".8.dropped")), rival
            assert not yardsticks.theirs(ours), ours
    assert not yardsticks.theirs("hook.empty")


def test_whatever_is_guarded_has_a_yardstick() -> None:
    results = load(compare.NEW)
    guarded = [name for name in results if name.endswith((".guarded", ".ours"))]
    assert len(guarded) > 30
    assert [name for name in guarded if yardsticks.yardstick(name, results) is None] == []


def test_what_reads_some_families_is_held_against_reading_all_of_them() -> None:
    results = load(compare.NEW)
    everything = [name for name in results if name.startswith("projection.") and name.endswith(".dropped")]
    assert len(everything) > 30
    for name in everything:
        assert yardsticks.yardstick(name.removesuffix(".dropped"), results) == name
    assert yardsticks.yardstick("eight.granted", results) == "eight.dropped"


def test_the_drop_in_is_held_against_the_native_face() -> None:
    results = load(compare.NEW)
    assert yardsticks.yardstick("dropin.row", results) == "native.row"
    assert yardsticks.yardstick("filter.page", results) == "filter.limit"


def test_what_became_slower_is_worse() -> None:
    found = changes(run(1), run(2, check_timeless=1.3))
    assert found == {"`session.allows(ask)`, nothing can expire ÷ an empty method call": "worse"}


def test_a_lower_bound_is_worse_where_it_is_less() -> None:
    found = changes(run(1), run(2, row_guarded=1.4))
    assert found == {"`row` of 10 cells: rows a second, guarded ÷ unguarded": "worse"}


def test_what_became_faster_is_better() -> None:
    found = changes(run(1), run(2, check_timeless=0.5, first_opened=0.4))
    assert found == {
        "`session.allows(ask)`, nothing can expire ÷ an empty method call": "better",
        "first decision of a principal on the scenario, opening the session included": "better",
    }


def test_what_began_to_grow_is_worse() -> None:
    growing = {f"growth_roles_{size}": size**0.05 for size in (1, 2, 4, 8, 16, 32, 64)}
    found = changes(run(1, noise=0.01), run(2, noise=0.01, **growing))
    assert found == {"a check, by roles of the principal, 1 to 64: exponent": "worse"}


def test_what_a_rival_takes_is_the_rivals() -> None:
    assert changes(run(1), run(2, check_slow=3.0, rivals_10_denied_cedarpy=3.0)) == {}


def test_a_change_that_its_samples_do_not_show_is_noise() -> None:
    wild = run(1, noise=0.001, rounds=6)
    samples = [5e-8 * each for each in (0.1, 0.1, 1.6, 1.6, 1.6, 1.6)]  # the median is more, and the mean is not
    metadata = {"name": "check.timeless", "unit": "second"}
    wild["check.timeless"] = pyperf.Benchmark([pyperf.Run(samples, metadata=metadata, collect_metadata=False)])
    assert changes(run(2, noise=0.001, rounds=6), wild) == {}


def test_of_one_sample_there_is_no_telling() -> None:
    base, new = run(1, rounds=1, noise=0), run(2, rounds=1, noise=0, first_opened=3.0)
    found = changes(base, new)
    assert found == {"first decision of a principal on the scenario, opening the session included": "no telling"}
    assert not compare.compared(base, new)[1]


def test_samples_that_do_not_vary_are_no_error() -> None:
    found = changes(run(1, noise=0), run(2, noise=0, first_opened=3.0))
    assert found == {"first decision of a principal on the scenario, opening the session included": "worse"}


def test_what_one_run_lacks_is_listed() -> None:
    base, new = run(1), run(2)
    del base["row.guarded"], new["check.slow"]
    said, worse = compare.compared(base, new)
    assert "only before: check.slow" in said.splitlines()
    assert "only after: row.guarded" in said.splitlines()
    assert not worse


@pytest.fixture
def held(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command, given two runs, or texts of files."""

    def ran(*given: Run | str) -> subprocess.CompletedProcess[str]:
        paths = [tmp_path / f"{i}.json" for i in range(len(given))]
        for path, each in zip(paths, given, strict=True):
            if isinstance(each, str):
                path.write_text(each, "utf-8")
            else:
                pyperf.BenchmarkSuite(list(each.values())).dump(str(path))
        command = [sys.executable, "-m", "benchmarks.compare", *map(str, paths)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    return ran


def test_the_command_ends_with_0_where_nothing_is_worse(held: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    ran = held(run(1), run(2, check_timeless=0.5))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "| better |" in ran.stdout


def test_the_command_ends_with_1_where_something_is(held: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    ran = held(run(1), run(2, check_timeless=1.3))
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "| worse |" in ran.stdout


@pytest.mark.parametrize("text", ["", "no json", "[]", "3", "{}", '{"version": "1.0"}'])
def test_the_command_ends_with_2_and_a_line_where_there_is_no_run(
    held: Callable[..., subprocess.CompletedProcess[str]], text: str
) -> None:
    ran = held(text)
    assert (ran.returncode, ran.stdout) == (2, "")
    (line,) = ran.stderr.splitlines()
    assert "0.json` holds no results: " in line


def test_make_has_it() -> None:
    wanted = "bench-compare: $(VENV)/.dev  ## what changed since a run before: make bench-compare BASE=results.json\n"
    assert wanted + "\t$(BIN)/python -m benchmarks.compare $(BASE)\n" in (ROOT / "Makefile").read_text("utf-8")


def stamped(found: Run, commit: str, *scripts: str) -> Run:
    """A run of which some scripts were run again, at another commit."""
    return {
        name: pyperf.Benchmark(
            [
                pyperf.Run(
                    each.get_values(),
                    metadata={
                        "name": name,
                        "unit": each.get_unit(),
                        "commit": commit if name.split(".")[0] in scripts else "1",
                    },
                    collect_metadata=False,
                )
            ]
        )
        for name, each in found.items()
    }


def test_what_was_measured_again_on_a_slower_machine_is_not_worse() -> None:
    again = [name for name in USUAL if name.split(".")[0] in {"who", "missing", "rivals"} and name not in UNITS]
    assert any(map(yardsticks.theirs, again))
    slower = {name.replace(".", "_"): 2.0 for name in again}
    scripts = {name.split(".")[0] for name in again}
    base, new = stamped(run(1), "1"), stamped(run(2, **slower), "2", *scripts)
    assert not compare.compared(base, new)[1]
    worse = stamped(run(2, **{**slower, "who_10": 4.0}), "2", *scripts)
    said, failed = compare.compared(base, worse)
    assert failed
    assert "`who.10`" in said


def test_a_middle_latency_is_worse_by_less_than_a_late_one() -> None:
    assert (
        verdicts.limit("ycsb.hbase.c.guarded.p50", verdicts.RATIO)
        < 0.5
        < verdicts.limit("ycsb.hbase.c.guarded.p99", 0.1)
    )
