"""A method that does nothing; `compiled` has it compiled as `Session.allows` is."""

from __future__ import annotations

from mypy_extensions import mypyc_attr


@mypyc_attr(allow_interpreted_subclasses=True)
class Nothing:
    """As `Checker`, the base class of a session."""

    __slots__ = ()

    def allows(self, ask: object, /, *names: object) -> None:
        """Take all that `Session.allows` takes."""
