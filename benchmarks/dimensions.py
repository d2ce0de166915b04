"""What a policy is made larger in, and how large: the same sizes where it is timed and where it is drawn."""

from __future__ import annotations

from typing import Final

TABLES: Final = (10, 100, 1_000, 10_000)
FAMILIES: Final = (1, 4, 16, 64, 256)
ROLES: Final = (1, 2, 4, 8, 16, 32, 64)
GRANTS: Final = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
#: Of grants as well, ten to a role and five people to that, where somebody else asks each time.
ASKED: Final = (10, 100, 1_000, 10_000, 100_000)
#: Of requests that one session asks in turn, of as many tables as there are at most.
ASKS: Final = (10, 100, 1_000, 10_000, 100_000)
#: More of them than are kept.
BEYOND: Final = 200_000
PRINCIPALS: Final = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
THREADS: Final = (1, 2, 4, 8, 16)
