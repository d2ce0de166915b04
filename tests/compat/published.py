"""Runs the tests of happybase's source distribution, unchanged, with the drop-in in its place.

Called with the address of a store and the folder of the distribution; what follows is pytest's.
"""

from __future__ import annotations

import builtins
import sys
from typing import Final
from unittest import TestCase

import pytest

import cfacl
from cfacl.compat import happybase
from cfacl.compat.happybase import util

#: What the tests make by themselves, as HBase makes it where nothing is said: three versions.
POLICY: Final = """
[policy]
name = "published"
purposes = ["test"]

[tables.happybase_tests_tmp_test1.families.cf1]
level = "internal"
purposes = ["test"]
versions = 3

[tables.happybase_tests_tmp_test1.families.cf2]
level = "internal"
purposes = ["test"]
versions = 3

[tables.happybase_tests_tmp_test1.families.cf3]
level = "internal"
purposes = ["test"]

[roles.tester]
clearance = "internal"

[[roles.tester.grants]]
table = "happybase_tests_tmp_test1"
at_or_below = "internal"
actions = ["read", "write", "delete", "admin"]
purposes = ["test"]
why = "the tests do everything"

[principals.tests]
kind = "service"
roles = ["tester"]
"""


def main(location: str, folder: str, *more: str) -> int:
    with cfacl.connect(location, policy=cfacl.Policy.loads(POLICY)) as db:
        happybase.configure(db, principal="tests", purpose="test")
        sys.modules["happybase"] = happybase
        sys.modules["happybase.util"] = util
        builtins.assert_raises = TestCase().assertRaises  # type: ignore[attr-defined]  # they use it, and import it nowhere
        return int(
            pytest.main(["-c", "/dev/null", "--rootdir", folder, "-p", "no:cacheprovider", *more, f"{folder}/tests"])
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
