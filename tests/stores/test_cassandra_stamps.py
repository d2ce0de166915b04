"""What time it is at the cluster, as far as its answers say."""

from __future__ import annotations

import pytest

from cfacl.stores.cassandra import stamps as module
from cfacl.stores.cassandra.stamps import Stamps

#: Microseconds that the cluster is ahead of our monotonic clock.
AHEAD = 1_700_000_000_000_000


class Cluster:
    """Answers what time it is, after so many microseconds each way; time passes only here."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 5_000_000
        self.there = self.back = 200
        self.asked = 0
        self.ahead = AHEAD
        monkeypatch.setattr(module, "monotonic", lambda: self.now / 1_000_000)
        monkeypatch.setattr(module, "monotonic_ns", lambda: self.now * 1000)
        self.stamps = Stamps(lambda: 0, self.ask)

    def ask(self) -> int:
        self.asked += 1
        self.now += self.there
        said = self.now + self.ahead
        self.now += self.back
        return said

    def wrong_by(self) -> int:
        """How far our stamps are ahead of the cluster's clock, of those that did not come before."""
        self.stamps.last = 0
        return self.stamps.next() - (self.now + self.ahead)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    return Cluster(monkeypatch)


def test_one_quick_answer_says_enough_for_a_minute(cluster: Cluster) -> None:
    assert cluster.wrong_by() == 200
    cluster.now += 59_000_000
    cluster.stamps.next()
    assert cluster.asked == 1
    cluster.now += 1_000_000
    cluster.stamps.next()
    assert cluster.asked == 2


def test_answers_that_wait_in_a_queue_put_no_stamp_ahead(cluster: Cluster) -> None:
    cluster.wrong_by()
    cluster.now += 61_000_000
    cluster.there = 500_000
    assert 0 <= cluster.wrong_by() <= 200 + 2 * 70 * 100
    cluster.stamps.forget()
    assert 0 <= cluster.wrong_by() <= 200 + 2 * 70 * 100


def test_what_was_not_told_closely_is_asked_again_soon(cluster: Cluster) -> None:
    cluster.there = 500_000
    assert cluster.wrong_by() == 500_000
    assert cluster.asked == 5
    cluster.there = 200
    cluster.now += 1_100_000
    assert 0 <= cluster.wrong_by() <= 200


def test_a_clock_that_was_set_is_followed(cluster: Cluster) -> None:
    cluster.wrong_by()
    cluster.now += 61_000_000
    cluster.ahead += 3_000_000
    assert cluster.wrong_by() == 200
    cluster.now += 61_000_000
    cluster.ahead -= 60_000_000
    assert cluster.wrong_by() == 200
