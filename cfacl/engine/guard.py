"""The one reference that a policy is replaced through, and the one clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import RLock

from cfacl.engine.ask import Ask, name_of, resolve
from cfacl.engine.bits import BEGIN, END, PolicyBits
from cfacl.engine.hit import Current
from cfacl.engine.snapshot import ASKS, Snapshot, remember
from cfacl.errors import REASONS, Closed
from cfacl.model.projection import StoredFamily


class Guard(Current):
    """Holds the current snapshot.

    Readers take no lock: they compare ``snapshot`` with the one that their masks came from.
    The lock serialises what is done once: publishing, and looking a view up for the first time.

    Args:
        clock: returns the time in nanoseconds since 1970, an int.
    """

    __slots__ = ("_closed", "_denials", "_epoch", "_latest", "_removed", "lock", "token")

    snapshot: Snapshot | None
    asks: dict[tuple[object, ...], Ask]  # type: ignore[assignment]  # a hit is looked up by whatever was remembered

    def __init__(self, clock: Callable[[], int]) -> None:
        super().__init__(clock)
        self.lock = RLock()
        self._latest = BEGIN
        #: what the prepared requests of this guard are known by
        self.token = object()
        self._epoch = 0
        self._removed: dict[str, int] = {}
        self._denials: dict[str, int] = defaultdict(int)
        self._closed = "the database is closed; connect again"

    @property
    def epoch(self) -> int:
        """The number of the last snapshot that was published."""
        return self._epoch

    def publish(
        self,
        bits: PolicyBits,
        stored: Mapping[tuple[str, str], StoredFamily],
        disabled: frozenset[str] = frozenset(),
    ) -> None:
        """Make a policy over a store's families the current one, for every thread at once."""
        with self.lock:
            old = self.snapshot
            if old is not None and bits.edges:  # what was decided until now was decided before it
                with suppress(Exception):
                    self.now()
            self._epoch += 1
            if old is not None and old.bits.principals is not bits.principals:
                for name in old.bits.principals.keys() - bits.principals.keys():
                    self._removed[name] = self._epoch
            self.snapshot = Snapshot(bits, stored, self._epoch, self._latest, disabled)

    def close(self, why: str | None = None) -> None:
        """Refuse everything from now on."""
        with self.lock:
            self.snapshot = None
            self._closed = why or self._closed

    def orphan(self, why: str) -> None:
        """Refuse everything from now on, in a forked child, where another thread's lock is never released."""
        self.lock = RLock()
        self.snapshot = None
        self._closed = why

    def current(self) -> Snapshot:
        """Return the current snapshot, or raise `Closed`."""
        snapshot = self.snapshot
        if snapshot is None:
            raise Closed(self._closed)
        return snapshot

    def now(self) -> int:
        """Return the time, never before one that was returned earlier, so that an expired grant stays expired.

        When it passes an edge of any window of the policy, all that was computed is let go: a clock that goes back
        afterwards finds none of it.
        """
        return self.note(self.clock())

    def note(self, now: int) -> int:
        """Return the time of a decision, given what the clock said; otherwise as `now`."""
        with self.lock:
            if type(now) is not int:
                raise TypeError(f"the clock returned {type(now).__name__}, not int nanoseconds")
            if now >= END:  # noted, it would stay, and whatever is granted for ever would be denied from then on
                raise ValueError("the clock returned what is no time, not nanoseconds since 1970")
            self._latest = max(self._latest, now)
            snapshot = self.snapshot
            if snapshot is not None and self._latest >= snapshot.until:
                self.snapshot = Snapshot(
                    snapshot.bits, snapshot.stored, snapshot.epoch, self._latest, snapshot.disabled
                )
            return self._latest

    def removed_since(self, principal: str, epoch: int) -> bool:
        """Whether a policy published after ``epoch`` lacked this principal, whatever came since."""
        return self._removed.get(principal, 0) > epoch

    def count(self, denial: str) -> None:
        """Count a denial, by its reason."""
        with self.lock:
            self._denials[denial] += 1

    def figures(self) -> dict[str, int]:
        """Return the denials so far, by reason, and how many entries the memos hold; nothing is kept for it on a hit."""
        with self.lock:
            known = {f"denied_{reason}": self._denials[reason] for reason in REASONS}
            return known | {"asks_prepared": len(self.asks)} | self.current().sizes()

    def prepare(self, action: object, table: object, families: tuple[object, ...]) -> Ask:
        """Return the request of these names, the same object for the same names.

        Raises:
            UnknownAction, UnknownTable, UnknownFamily: the catalog has no such name.
            RequestError: no family is named, or a name is no str.
        """
        key = (name_of("action", action), name_of("table", table), *[name_of("family", each) for each in families])
        with self.lock:
            bits = self.current().bits
            known = self.asks.get(key)
            ask = known or Ask(self.token, key[0], key[1], key[2:])
            resolve(bits, ask)  # one that is known may name what the policy since then does not
            return known or remember(self.asks, key, ask, ASKS)
