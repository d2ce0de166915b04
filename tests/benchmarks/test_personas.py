"""GDPRbench's personas do what they say, and alike on both sides."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

import pytest

import cfacl
from benchmarks import gdpr, personas
from benchmarks.gdpr import PERSONAS, Operation, Persona, key, operations, record
from benchmarks.rounds import QUICK

NUMBER = 10_000
THERE = 200


@pytest.fixture
def clock() -> personas.Still:
    return personas.Still()


@pytest.fixture
def house(clock: personas.Still) -> Iterator[personas.House]:
    made = personas.House("memory://", THERE, clock)
    yield made
    made.db.close()


def everything(house: personas.House) -> dict[str, dict[bytes, object]]:
    guarded, unguarded = house.sides("controller").values()
    assert isinstance(guarded, personas.Guarded)
    assert isinstance(unguarded, personas.Around)
    return {"guarded": dict(guarded.table.scan()), "unguarded": dict(unguarded.scan())}


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda each: each.name)
def test_each_kind_of_operation_has_its_share(persona: Persona) -> None:
    found = Counter(each.kind for each in operations(persona, NUMBER, THERE))
    assert sum(persona.shares.values()) == pytest.approx(1)
    for kind, share in persona.shares.items():
        assert found[kind] / NUMBER == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda each: each.name)
def test_records_are_as_popular_as_the_persona_says(persona: Persona) -> None:
    some = [each.number for each in operations(persona, NUMBER, THERE) if each.kind != "insert"]
    most = Counter(some).most_common(1)[0][1] / len(some)
    assert 0.1 < most < 0.3 if persona.zipf else most < 0.02


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda each: each.name)
def test_both_sides_answer_and_end_alike(house: personas.House, persona: Persona) -> None:
    house.agree()
    before = everything(house)
    sides = house.sides(persona.name)
    for each in operations(persona, 60, THERE):
        answers = [house.call(side, each)() for side in sides.values()]
        if each.kind.startswith("read"):
            assert answers[0] == answers[1]
    after = everything(house)
    assert after["guarded"] == after["unguarded"]
    assert (after != before) == (persona.name in ("controller", "customer"))


def test_what_is_by_a_purpose_is_done_to_all_that_have_it_and_to_nothing_else(house: personas.House) -> None:
    side = house.sides("controller")["guarded"]
    changed = Operation("update_by_purpose", 1, b"meta:src")
    side.put(key(1), {b"meta:src": b"other"})
    house.call(side, changed)()
    alike = [number for number in range(THERE) if number % gdpr.PURPOSES == 1]
    assert [at for at, _ in side.read_by(b"meta:pur", b"purpose1")] == [key(number) for number in alike]
    assert {row[b"meta:src"] for _, row in side.read_by(b"meta:pur", b"purpose1")} == {record(1)[b"meta:src"]}
    assert side.read(key(2)) == record(2)


def test_a_regulator_sees_no_data_and_changes_nothing(house: personas.House) -> None:
    for side in house.sides("regulator").values():
        assert side.read(key(0)).keys() == {b"meta:" + name for name in gdpr.META}
    with pytest.raises(cfacl.AccessDenied):
        house.db.session("regulator", purpose="support").table("guarded").row(key(0), columns=[b"data"])


def test_a_record_lives_as_long_as_it_may(house: personas.House, clock: personas.Still) -> None:
    clock.now += 31 * 1_000_000_000
    left, also = everything(house).values()
    assert also == left
    gone = {number for number in range(THERE) if key(number) not in left}
    assert gone == {number for number in range(THERE) if gdpr.life(number) == 30}
    assert sum(each.removed for each in house.db.sweep()) == 2 * THERE // 10 * len(record(0))


def test_where_a_clock_goes_on_none_expires_within_the_hour(clock: personas.Still) -> None:
    house = personas.House("memory://", THERE, clock, personas.HOUR)
    before = everything(house)
    clock.now += (personas.HOUR - 1) * 1_000_000_000
    assert everything(house) == before
    assert len(before["guarded"]) == THERE
    house.db.close()


def test_sides_that_come_to_differ_are_found(house: personas.House) -> None:
    house.confirm()
    house.sides("controller")["guarded"].delete(key(3))
    with pytest.raises(AssertionError):
        house.confirm()


def test_sides_are_compared_when_each_persona_has_been_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[personas.House] = []
    monkeypatch.setattr(personas.House, "confirm", lambda house: compared.append(house))
    deque(personas.embedded("memory", "memory://", QUICK), maxlen=0)
    assert len(compared) == len(PERSONAS)
