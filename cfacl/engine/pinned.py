"""What stays where it was made."""

from __future__ import annotations

from typing import NoReturn

from mypy_extensions import mypyc_attr

from cfacl.errors import RequestError


@mypyc_attr(allow_interpreted_subclasses=True)
class Pinned:
    """What belongs to one open database of one process, and so is neither pickled nor copied."""

    __slots__ = ()

    def __reduce_ex__(self, *_: object) -> NoReturn:
        raise RequestError(f"`{type(self).__name__}` can't be pickled or copied; make one where it is used")

    def __reduce__(self) -> NoReturn:
        self.__reduce_ex__()

    def __getstate__(self) -> NoReturn:
        self.__reduce_ex__()
