"""Filters around filters, and several together."""

from __future__ import annotations

from cfacl.filters.steps.base import COLUMN, HINT, ROW, TAKEN, Code, Seen, Step

__all__ = ["And", "Or", "Skip", "While"]


class _Around(Step):
    late = True

    def __init__(self, inner: Step) -> None:
        self._inner = inner

    def reset(self) -> None:
        self._inner.reset()

    def changed(self, cell: Seen) -> Seen:
        return self._inner.changed(cell)


class Skip(_Around):
    """It does not ask for what its filter says of rows, by their keys or at their end."""

    def __init__(self, inner: Step) -> None:
        super().__init__(inner)
        self._out = False

    def reset(self) -> None:
        super().reset()
        self._out = False

    def skips(self, key: bytes) -> bool:
        return False

    def judge(self, cell: Seen) -> Code:
        code = self._inner.judge(cell)
        self._out = self._out or code != TAKEN
        return code

    def drops(self) -> bool:
        return self._out


class While(_Around):
    def __init__(self, inner: Step) -> None:
        super().__init__(inner)
        self._done = False

    def done(self) -> bool:
        return self._done or self._inner.done()

    def skips(self, key: bytes) -> bool:
        if self.done():
            return True
        self._done = self._inner.skips(key)
        return self._done

    def judge(self, cell: Seen) -> Code:
        code = self._inner.judge(cell)
        self._done = self._done or code != TAKEN
        return code

    def drops(self) -> bool:
        out = self._inner.drops()
        self._done = self._done or out
        return out


class _Joined(Step):
    def __init__(self, parts: list[Step]) -> None:
        self._parts = parts
        self.late = any(each.late for each in parts)  # type: ignore[misc]  # a class says it of all of its own

    def reset(self) -> None:
        for each in self._parts:
            each.reset()

    def cut(self, cells: list[Seen]) -> list[Seen]:
        for each in self._parts:
            cells = each.cut(cells)
        return cells


class And(_Joined):
    """It goes as far on as any of its parts; what one leaves out, the next is not asked of."""

    _hints: tuple[Step, ...] = ()

    def done(self) -> bool:
        return any(each.done() for each in self._parts)

    def skips(self, key: bytes) -> bool:
        out = False
        for each in self._parts:
            if each.done() or each.skips(key):
                out = True
        return out

    def judge(self, cell: Seen) -> Code:
        code = TAKEN
        hints: list[Step] = []
        parts = iter(self._parts)
        for each in parts:
            if each.done():
                code = ROW
                break
            said = each.judge(cell)
            if said == HINT:
                hints.append(each)
                break
            code = (code & said & TAKEN) | max(code & ~TAKEN, said & ~TAKEN)
            if not code & TAKEN:
                break
        hints += [each for each in parts if each.hinting and each.judge(cell) == HINT]
        self._hints = tuple(hints)
        return HINT if hints else code

    def hint(self, cell: Seen) -> tuple[bytes, bytes] | None:
        found = [hint for each in self._hints if not each.done() if (hint := each.hint(cell)) is not None]
        return max(found, default=None)

    def changed(self, cell: Seen) -> Seen:
        for each in self._parts:
            cell = each.changed(cell)
        return cell

    def drops(self) -> bool:
        return any(each.drops() for each in self._parts)


class Or(_Joined):
    """It goes no further on than any of its parts; one that is ahead is not asked until the rest are there too."""

    def __init__(self, parts: list[Step]) -> None:
        super().__init__(parts)
        self._took: list[bool] = [False] * len(parts)
        self._before: list[tuple[Seen, Code] | None] = [None] * len(parts)

    def reset(self) -> None:
        super().reset()
        self._took = [False] * len(self._parts)
        self._before = [None] * len(self._parts)

    def done(self) -> bool:
        return all(each.done() for each in self._parts)

    def skips(self, key: bytes) -> bool:
        out = True
        for each in self._parts:
            if not each.done() and not each.skips(key):
                out = False
        return out

    def judge(self, cell: Seen) -> Code:
        code: Code | None = None
        for at, each in enumerate(self._parts):
            self._took[at] = False
            if each.done():
                continue
            said = self._ahead(each, self._before[at], cell)
            if said is None:
                said = each.judge(cell)
            self._before[at] = None if said in (0, TAKEN) else (cell, said)
            self._took[at] = bool(said & TAKEN)
            code = said if code is None else _nearer(code, said)
        return 0 if code is None else code

    def _ahead(self, part: Step, before: tuple[Seen, Code] | None, cell: Seen) -> Code | None:
        """Return what a part says that has gone on further than this, and ``None`` where it has to be asked."""
        if before is None:
            return None
        last, code = before
        if code == HINT:
            hint = part.hint(last)
            if hint is not None and cell[:2] < hint:
                return HINT
        elif code & COLUMN:
            if last[:2] == cell[:2]:
                return COLUMN
        elif last.family == cell.family:
            return ROW
        return None

    def hint(self, cell: Seen) -> tuple[bytes, bytes] | None:
        found: list[tuple[bytes, bytes]] = []
        for each in self._parts:
            if not each.done():
                hint = each.hint(cell)
                if hint is None:
                    return None
                found.append(hint)
        return min(found, default=None)

    def changed(self, cell: Seen) -> Seen:
        for each, took in zip(self._parts, self._took, strict=True):
            if took:
                cell = each.changed(cell)
        return cell

    def drops(self) -> bool:
        return all(each.drops() for each in self._parts)


def _nearer(one: Code, other: Code) -> Code:
    if one == other == HINT:
        return HINT
    one, other = (0 if each == HINT else each for each in (one, other))
    return ((one | other) & TAKEN) | min(one & ~TAKEN, other & ~TAKEN)
