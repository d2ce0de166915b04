"""Ways in which a line to a node of Cassandra breaks, by what they are called."""

from __future__ import annotations

from typing import Final

from cfacl.testing.servers import Fault

#: What ends at once, and what becomes of a request before the node has it whole.
UNSENT: Final = {
    "a request of which nothing comes": Fault(request=0),
    "half a request": Fault(request=30),
    "a request and a reset": Fault(request=30, then="reset"),
}
ENDED: Final = {
    **{f"{count} bytes of an answer": Fault(answer=count) for count in (0, 1, 5, 6, 7, 15, 22)},
    "a reset": Fault(answer=0, then="reset"),
    "a reset within an answer": Fault(answer=9, then="reset"),
    "a half-closed line": Fault(answer=0, then="half"),
    "a line that is half-closed within an answer": Fault(answer=9, then="half"),
    **{f"damage at {place}": Fault(damaged=place) for place in (0, 2, 3, 8, 18, -1)},
}
#: What comes never, or too late.
SILENT: Final = {
    "a line that hangs": Fault(answer=0, then="hang"),
    "a line that hangs within an answer": Fault(answer=9, then="hang"),
    "an answer that never comes": Fault(delay=10_000),
    "an answer of a stream that nobody waits for": Fault(altered=lambda answer: answer._replace(number=20_000)),
}
#: What is only late.
LATE: Final = {
    "a late answer": Fault(delay=0.2),
    **{f"pieces of {size}": Fault(piece=size, delay=0.001) for size in (1, 2, 5, 6, 7)},
}
FAULTS: Final = UNSENT | ENDED | SILENT
