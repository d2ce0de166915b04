"""What is said to stand holds by the oracle for every purpose of its family, and for ever; and nothing else does."""

from __future__ import annotations

import tomli_w
from hypothesis import given
from hypothesis import strategies as st

import cfacl
from cfacl.engine.snapshot import Snapshot
from cfacl.engine.standing import standing
from cfacl.model.grants import nanoseconds
from cfacl.policy.compile import compile_policy
from cfacl.testing import strategies
from cfacl.testing.oracle import ACTIONS, Oracle


@given(st.data())
def test_what_stands_is_what_the_oracle_allows_for_every_purpose_and_for_ever(data):
    document = data.draw(strategies.documents(max_tables=2, max_families=4))
    at = data.draw(strategies.instants(document))
    purpose = data.draw(st.sampled_from([None, *document["policy"]["purposes"]]))
    oracle = Oracle(document)
    snapshot = Snapshot(compile_policy(cfacl.Policy.loads(tomli_w.dumps(document))), {}, 0)
    told = list(standing(snapshot, document["principals"], purpose, nanoseconds(at)))
    ever = [at, *(each for each in oracle.instants() if each > at)]
    expected, some = set(), set()
    for principal in document["principals"]:
        for table, section in document["tables"].items():
            for family, keys in section["families"].items():
                for action in ACTIONS:
                    asked = [each for each in keys["purposes"] if purpose in (None, each)]
                    answers = [
                        oracle.allows(principal, each, action, table, family, when) for each in asked for when in ever
                    ]
                    expected |= {(principal, table, family, action)} if answers and all(answers) else set()
                    some |= {(principal, table, family, action)} if any(answers) else set()
    assert {each[:4] for each in told if each.stands} == expected
    assert {each[:4] for each in told} == some
