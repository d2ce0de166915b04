"""How commands write files: a policy whole or not at all, and pages."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE
from tempfile import NamedTemporaryFile
from typing import IO, Annotated, Final

import typer

from cfacl.cli.screen import Format
from cfacl.cli.source import STDIN
from cfacl.errors import RequestError, quoted_path

_DIRECTORY: Final = "{} is a directory; name a file in it"
HtmlOption = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        help="Write one page that needs nothing beside it; `-` for stdout.",
        show_default=False,
    ),
]


def create(file: Path, text: str) -> None:
    """Write a file that is not there yet.

    Raises:
        RequestError: there is one, which stays as it is; or there is no folder for it.
        OSError: it cannot be written.
    """
    try:
        with file.open("x", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
    except FileExistsError:
        raise RequestError(exists(file)) from None
    except FileNotFoundError:
        raise RequestError(f"{quoted_path(file)} is to be in a folder that is not there; make that first") from None


def exists(file: Path) -> str:
    """Return what to say of a file that is not to be written over."""
    if file.is_dir():
        return _DIRECTORY.format(quoted_path(file))
    return f"{quoted_path(file)} is there already; name a new file, or say `--force`"


def replace(file: Path, text: str) -> None:
    """Write over a file; its permissions, its owner and group, and all the names that lead to it are kept.

    A new file takes its place in one step, so that whoever reads it meanwhile, or after a crash, has all of the old text
    or all of the new.  Where a new file would not be the same one, it is written where it stands: it has several names
    (hard links), an owner or a group that we cannot give, or attributes of its own, as a list of who may read it.
    Until that is on the disk, the old text stands beside it, in a file `.cfacl-...`; it stays there if we are killed.

    Raises:
        RequestError: the file, or its folder, is not to be written to.
        OSError: it cannot be written; it is as it was, or what is said names the file that holds what it was.
    """
    target = file.resolve()
    with _opened(file, target) as old, _beside(file, target) as beside:
        other = Path(beside.name)
        try:
            if _is_alike(old, beside):
                _put(beside, text.encode())
                beside.close()  # some systems move no file that is open, and to none
                old.close()
                other.replace(target)
                return
            before = old.read()
            _put(beside, before)
        except BaseException:
            with suppress(OSError):
                other.unlink()
            raise
        _write_where_it_stands(old, before, text.encode(), other)


def _opened(file: Path, target: Path) -> IO[bytes]:
    """Open what is to be written over, whether it is written to or another takes its place."""
    try:
        return target.open("r+b")
    except IsADirectoryError:
        raise RequestError(_DIRECTORY.format(quoted_path(file))) from None
    except OSError as error:
        raise RequestError(
            f"{quoted_path(file)} cannot be written: {str(error.strerror).lower()}; make it writable, or take a copy"
        ) from error


def _beside(file: Path, target: Path) -> IO[bytes]:
    try:
        return NamedTemporaryFile("wb", dir=target.parent, prefix=".cfacl-", delete=False)  # the caller closes it
    except PermissionError as error:
        raise RequestError(
            f"{quoted_path(file)} is only written over with a file beside it, and its folder takes none; make the folder"
            " writable, or take a copy"
        ) from error


def _is_alike(old: IO[bytes], new: IO[bytes]) -> bool:
    """Give a new file all that an old one has but its text, and say whether that could be done."""
    was, now = os.fstat(old.fileno()), os.fstat(new.fileno())
    if was.st_nlink > 1 or _attributes(old) != _attributes(new):
        return False
    if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
        try:
            os.fchown(new.fileno(), was.st_uid, was.st_gid)
        except PermissionError:
            return False
    Path(new.name).chmod(S_IMODE(was.st_mode))
    return True


def _attributes(file: IO[bytes]) -> list[str]:
    """Return the names of a file's extended attributes; those of a security module it gets by where it stands."""
    if not hasattr(os, "listxattr"):  # of Linux
        return []
    try:
        return sorted(each for each in os.listxattr(file.fileno()) if not each.startswith("security."))
    except OSError:  # the file system has none
        return []


def _write_where_it_stands(file: IO[bytes], before: bytes, after: bytes, other: Path) -> None:
    """Write over an open file; ``other`` holds what it was, and goes when that is no longer needed."""
    try:
        _put(file, after)
    except BaseException:
        try:
            _put(file, before)
        except OSError as error:
            raise OSError(
                error.errno, f"{error.strerror}; what it held is in {quoted_path(other)}", file.name
            ) from error
        with suppress(OSError):
            other.unlink()
        raise
    other.unlink()


def _put(file: IO[bytes], text: bytes) -> None:
    file.seek(0)
    file.write(text)
    file.flush()
    file.truncate()
    os.fsync(file.fileno())


def alone(html: Path | None, form: Format) -> None:
    """Refuse an answer that is to be a page and to have another format, too.

    Raises:
        RequestError: it is.
    """
    if html is not None and form is not Format.TABLE:
        raise RequestError("`--html` is a format of its own; leave `--format` out, or ask twice")


def write_page(page: str, file: Path, *policies: Path) -> None:
    """Write a page, which is ASCII, to a file, or to standard output for `-`.

    Args:
        policies: what it was made of, which it is not to take the place of.

    Raises:
        RequestError: it would.
        OSError: it cannot be written.
    """
    if file == STDIN:
        typer.echo(page, nl=False)
        return
    if file.exists() and any(each != STDIN and file.samefile(each) for each in policies):
        raise RequestError(f"`--html` would write over the policy {quoted_path(file)}; name another file")
    file.write_text(page, "ascii")
