"""What can be done to a family."""

from __future__ import annotations

from typing import Final, Literal, get_args

Action = Literal["read", "write", "delete", "admin"]

#: The order is the order of the masks in a compiled policy; none implies another.
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

READ: Final = 0
WRITE: Final = 1
DELETE: Final = 2
ADMIN: Final = 3
