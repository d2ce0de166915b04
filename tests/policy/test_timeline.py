"""The sweep over the edges of windows says what looking anew at each of them says."""

from __future__ import annotations

import pytest
import tomli_w
from hypothesis import given

import cfacl
from cfacl.engine.bits import BEGIN, END
from cfacl.engine.snapshot import Snapshot
from cfacl.policy.compile import compile_policy
from cfacl.policy.timeline import timeline
from cfacl.testing import strategies


@pytest.mark.rule("13b")
@given(strategies.documents(max_tables=2, max_families=4))
def test_a_sweep_is_what_every_edge_is_seen_to_be(document):
    bits = compile_policy(cfacl.Policy.loads(tomli_w.dumps(document)))
    snapshot = Snapshot(bits, {}, 0)
    for principal in bits.principals:
        for purpose in bits.purposes:
            profile = snapshot.profile(snapshot.holds(principal), purpose)
            for table in bits.tables.values():
                swept = timeline(profile, table)
                assert swept == profile.timeline(table)
                assert (swept[0].start, swept[-1].until) == (BEGIN, END)
