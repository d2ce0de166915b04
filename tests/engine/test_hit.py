"""What nobody decides is not allowed."""

from __future__ import annotations

from time import time_ns

import pytest

from cfacl.engine.hit import Checker, Current


@pytest.fixture
def checker() -> Checker:
    return Checker(Current(time_ns))


def test_a_check_that_no_class_decides_has_no_answer(checker: Checker) -> None:
    with pytest.raises(NotImplementedError):
        checker.allows("read", "t", "a")
    with pytest.raises(NotImplementedError):
        checker.require("read", "t", "a")


def test_a_time_that_no_class_takes_notice_of_is_an_error() -> None:
    with pytest.raises(NotImplementedError):
        Current(time_ns).note(0)
