"""What a service's own tests use; the fixtures are in `cfacl.testing.database`.

These need no pytest: what fails is an `AssertionError`.
"""

from cfacl.testing.assertions import Refused, assert_only_sees, assert_refused
from cfacl.testing.clock import Clock
from cfacl.testing.memory import AsPrincipal, memory_database
from cfacl.testing.twins import assert_tells_nothing_of

__all__ = [
    "AsPrincipal",
    "Clock",
    "Refused",
    "assert_only_sees",
    "assert_refused",
    "assert_tells_nothing_of",
    "memory_database",
]
