"""The suite itself: what it leaves out it says, nobody leaves out anything else, and its failures explain themselves."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from cfacl.testing.conformance import StoreTests
from cfacl.testing.conformance.assembly import CATEGORIES
from cfacl.testing.conformance.suite import needs


def names_in(category: type) -> list[str]:
    return [name for name in vars(category) if name.startswith("test_")]


def test_no_category_hides_a_test_of_another() -> None:
    assert set(StoreTests.__bases__) == set(CATEGORIES)
    names = Counter(name for category in CATEGORIES for name in names_in(category))
    assert [name for name, count in names.items() if count > 1] == []
    assert len(names) > 90
    assert set(names) == {name for name in dir(StoreTests) if name.startswith("test_")}


def test_the_raw_access_is_used_by_every_category_that_touches_cells() -> None:
    without = {each.__name__ for each in CATEGORIES if "self.raw_" not in inspect.getsource(each)}
    assert without == {"Scanning", "RowsInParts", "Filtering", "Threads", "Closing"}


@pytest.mark.parametrize(
    ("exclusions", "message"),
    [
        (
            {"test_what_was_putt_is_read": "slow"},
            "excludes `test_what_was_putt_is_read`, which is no test of the suite",
        ),
        ({"raw_put": "cannot"}, "excludes `raw_put`, which is no test of the suite"),
        ({"test_what_was_put_is_read": ""}, "excludes `test_what_was_put_is_read` without a reason; say why"),
        ({"test_what_was_put_is_read": "  "}, "without a reason"),
        ({"test_what_was_put_is_read": None}, "without a reason"),
    ],
)
def test_an_exclusion_names_a_test_and_says_why(exclusions: dict[str, str], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        type("TestMine", (StoreTests,), {"exclusions": exclusions})


@pytest.mark.parametrize("replacement", [None, lambda self: None])
def test_a_test_is_not_replaced_in_silence(replacement: object) -> None:
    with pytest.raises(TypeError, match="replaces `test_what_was_put_is_read`; exclude it with a reason"):
        type("TestMine", (StoreTests,), {"test_what_was_put_is_read": replacement})
    type("TestMine", (StoreTests,), {"test_of_my_own": replacement})


def test_what_is_no_capability_cannot_be_needed() -> None:
    with pytest.raises(ValueError, match="no capability: \\['version'\\]"):
        needs("versions", "version")


STORE = """
    import attrs

    from cfacl.errors import Unsupported
    from cfacl.stores.base import Capabilities
    from cfacl.stores.memory import MemoryStore
    from cfacl.testing.conformance import StoreTests

    class Poor(MemoryStore):
        def capabilities(self, family):
            return Capabilities(**{each.name: False for each in attrs.fields(Capabilities)})

        def compare_and_set(self, table, key, conditions, mutation, *, durable=True):
            if len({family for family, _, _ in conditions} | {each.family for each in mutation.changes}) > 1:
                REFUSE
            return super().compare_and_set(table, key, conditions, mutation)

    class TestPoor(StoreTests):
        persistent = False
        exclusions = {"test_a_large_value_comes_back_whole": "it is a small one"}

        def open(self, folder, clock):
            return Poor(clock=clock)

        def raw_cells(self, store, family):
            rows = store._families[family.table, family.name, family.identity].rows
            return {(key, name): list(cell) for key, cells in rows.items() for name, cell in cells.items()}

        def raw_put(self, store, family, key, qualifier, value, timestamp):
            raise NotImplementedError
"""


def run(folder: Path, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_poor.py").write_text(textwrap.dedent(source), "utf-8")
    options = [
        "-rs",
        "-W",
        "error",
        "--strict-markers",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        f"--rootdir={folder}",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", *options, *arguments, str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
def test_a_store_that_can_do_little_is_asked_for_little_and_says_so(tmp_path: Path) -> None:
    ran = run(tmp_path, STORE.replace("REFUSE", 'raise Unsupported("not here")'))
    assert ran.returncode == 0, ran.stdout
    for missing in (
        "`timestamps`, `versions`",
        "`given_clock`",
        "`compare_and_set`",
        "`ordered_scan`",
        "`atomic_batch`, `snapshot_reads`",
    ):
        assert f": the store says it has no {missing}" in ran.stdout
    assert ": excluded by the store's author: it is a small one" in ran.stdout


@pytest.mark.slow
def test_what_it_cannot_do_it_must_refuse_and_a_failure_explains_itself(tmp_path: Path) -> None:
    ran = run(tmp_path, STORE.replace("REFUSE", "return True"), "-k", "compared_or_refused")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "DID NOT RAISE" in ran.stdout
    lossy = STORE.replace("REFUSE", "pass") + '        raw_cells = lambda *_: {(b"u1", b"a"): [(b"2", 1)]}\n'
    ran = run(tmp_path, lossy, "-k", "no_rows_and_no_tables")
    assert "Left contains 1 more item" in ran.stdout, ran.stdout
