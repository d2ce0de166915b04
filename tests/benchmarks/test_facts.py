"""A run says of what it is: versions, the machine, the file system."""

from __future__ import annotations

import re

import pytest

from benchmarks import facts
from cfacl.testing.servers import artifacts
from cfacl.testing.servers.errors import Missing


def test_whatever_is_measured_is_told_with_its_version() -> None:
    found = facts.versions()
    assert found.keys() == {*facts.PACKAGES, *facts.ARTIFACTS, "Java"}
    assert all(re.match(r"\d+\.\d", found[name]) for name in facts.ARTIFACTS)
    assert re.match(r"\d+\.\d", found["pyperf"])


def test_what_is_not_installed_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(release: int) -> str:
        raise Missing(f"no Java {release}")

    monkeypatch.setattr(facts, "PACKAGES", ("no-such-package",))
    monkeypatch.setattr(artifacts, "java_of", missing)
    found = facts.versions()
    assert (found["no-such-package"], found["Java"]) == (facts.ABSENT, facts.ABSENT)


def test_an_artifact_that_no_pom_names_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pom, _ = facts.ARTIFACTS["HBase"]
    monkeypatch.setattr(facts, "ARTIFACTS", {"another": (pom, "another")})
    with pytest.raises(AssertionError, match="another is not named"):
        facts.versions()
