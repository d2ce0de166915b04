"""What is compared has the same policy and answers the same questions alike.  Nothing here looks at how long anything took."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve

import cfacl
from benchmarks import engines, policies, rivals
from benchmarks.rounds import QUICK

ROOT: Final = Path(__file__).parents[2]
#: Rego has a process of its own below.
ENGINES: Final = {name: make for name, make in {**rivals.QUICK, **rivals.LONG}.items() if name != "regopy"}
SMALL: Final = {"made": lambda: policies.made(100), "scenario": policies.demo}


@pytest.mark.parametrize("policy", SMALL)
def test_the_lines_that_the_others_are_given_are_what_cfacl_grants(policy: str) -> None:
    rights = SMALL[policy]()
    with cfacl.connect("memory://", policy=rights.policy) as db:
        for name in rights.policy.principals:
            granted = {policies.Right(one.purpose, one.action, one.table, one.family) for one in db.what(name)}
            assert granted == set(rights.roles[rights.held[name]] if name in rights.held else ())


@pytest.mark.parametrize("grants", [10, 1_000])
def test_a_made_policy_has_so_many_grants(grants: int) -> None:
    assert sum(map(len, policies.made(grants).roles.values())) == grants


@pytest.mark.parametrize("policy", SMALL)
@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_gives_the_known_answers(name: str, allowed: bool, policy: str) -> None:
    rights = SMALL[policy]()
    questions = rights.questions(50, allowed=allowed, zipf=False)
    assert ENGINES[name](rights).answers(questions) == [allowed] * 50


def test_what_is_timed_is_one_question_after_the_other_in_turn() -> None:
    one, another = policies.made(100).questions(2, allowed=True, zipf=False)
    seen: list[policies.Question] = []
    timer = engines.Engine("question,", "seen(question)", lambda each: (each,), {"seen": seen.append}).timer(
        [one, another]
    )
    timer(3)
    timer(2)
    assert seen == [one, another, one, another, one]


def test_rego_gives_the_known_answers_and_meets_no_rocksdb() -> None:
    program = """if True:
        import sys
        from benchmarks import engines, policies, rivals
        assert "regopy" not in sys.modules
        rights = policies.made(100)
        cfacl, rego = engines.ours(rights), engines.opa(rights)
        for allowed in (True, False):
            questions = rights.questions(50, allowed=allowed, zipf=False)
            assert cfacl.answers(questions) == rego.answers(questions) == [allowed] * 50
        assert "rocksdict" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_who_decides_otherwise_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    lenient = engines.Engine("question", "True", lambda each: (each,))
    monkeypatch.setattr(rivals, "QUICK", {"lenient": lambda _: lenient})
    monkeypatch.setattr(rivals, "LONG", {})
    timed = rivals.contest("rivals.10", policies.made(10), QUICK)
    with pytest.raises(AssertionError, match="lenient decides otherwise"):
        list(timed)


def test_the_same_questions_are_put_in_every_run_and_zipf_prefers_a_few() -> None:
    rights = policies.made(1_000)
    asked = {zipf: rights.questions(2_000, allowed=True, zipf=zipf) for zipf in (False, True)}
    assert asked[True] == rights.questions(2_000, allowed=True, zipf=True)
    most = {zipf: Counter(each.principal for each in found).most_common(1)[0][1] for zipf, found in asked.items()}
    assert most[True] > 10 * most[False]


@pytest.mark.parametrize(("grants", "questions"), [(10, 1_009), (200, 1_009), (1_000, 101), (5_000, 31)])
def test_who_takes_long_is_put_fewer_questions_and_it_is_said_how_many(
    grants: int, questions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[policies.Question] = []

    def noted(_: policies.Rights) -> engines.Engine:
        return engines.Engine("question, known", "known", lambda each: (put.append(each) or each, known(each)))

    rights = policies.made(grants)
    held = {who: set(rights.roles[role]) for who, role in rights.held.items()}

    def known(each: policies.Question) -> bool:
        return each.right in held[each.principal]

    monkeypatch.setattr(rivals, "QUICK", {})
    monkeypatch.setattr(rivals, "LONG", {"noted": noted})
    found = {each.get_name(): each.get_values() for each in rivals.contest("it", rights, evolve(QUICK, share=1.0))}
    assert found["it.allowed.questions"] == (questions,)
    drawn = rights.questions(questions, allowed=True, zipf=False)
    assert put[: len(drawn)] == drawn  # they are made for the answers that are compared, and made again to be timed
    assert put[len(drawn) : 2 * len(drawn)] == drawn


@pytest.mark.parametrize("loops", range(1, 62))
def test_in_the_end_every_question_counts(loops: int) -> None:
    rights = policies.made(1_000)
    questions = rights.questions(rivals.FEW[0], allowed=True, zipf=False)
    places = dict(zip(questions, range(len(questions)), strict=True))
    seen: list[int] = []
    engine = engines.Engine("place,", "seen(place)", lambda each: (places[each],), {"seen": seen.append})
    timer, counted = engine.timer(questions), set[int]()
    for _ in questions:
        timer(loops // 4 + 1)  # as `interleaved` has it
        seen.clear()
        timer(loops)
        assert seen == [(seen[0] + each) % len(questions) for each in range(loops)]
        counted |= set(seen)
    assert counted == set(places.values())
