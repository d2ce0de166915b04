"""How RocksDB is set up, and what of it a URL may say.

Few things can be chosen: those whose right value depends on the machine and that nobody but its operator knows.  The
rest is set for a service that shares one machine with its store; why so stands beside each line.
"""

from __future__ import annotations

import os
import re
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from attrs import frozen
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, DBRecoveryMode, Options

from cfacl.errors import RequestError, quoted

__all__ = ["Settings", "Setup", "options_to_look", "read_settings", "setup"]

_UNITS: Final = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SIZE: Final = re.compile("([1-9][0-9]{0,5})(KiB|MiB|GiB)")
_NUMBER: Final = re.compile("[1-9][0-9]{0,8}")
#: The least that makes sense: below it, nearly every read or write would wait for the disk.
_LEAST_SIZE: Final = 1 << 20
_LEAST_FILES: Final = 32
_MOST_SIZE: Final = 1 << 44

_BLOOM_BITS: Final = 10
_BLOCK: Final = 16 << 10
_JOBS: Final = 8
#: For whoever looks at a store that another process may have open: few at a time.
_FILES_TO_LOOK_AT: Final = 64


@frozen
class Settings:
    """What may be said in a URL: ``rocksdb:///srv/home?block_cache=1GiB&memtables=512MiB&open_files=4000``.

    Attributes:
        block_cache: bytes of what was read from files that are kept in memory, for all families together.
        memtables: bytes of what was written that are kept in memory, for all families together; the logs may grow to
            as much before the memory that they stand for is written to files.
        open_files: how many files are held open; ``None``: as the limit of the process allows.
    """

    block_cache: int = 256 << 20
    memtables: int = 256 << 20
    open_files: int | None = None


class Setup(NamedTuple):
    """What a database is opened with, and its cache, which tells how full it is."""

    options: Options
    cache: Cache


def read_settings(query: str) -> Settings:
    """Return what the query of a URL says; what it leaves out has its default.

    Raises:
        RequestError: something is unknown, said twice, or makes no sense.
    """
    said: dict[str, int] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise RequestError(f"{quoted(query)} is no query; write `block_cache=512MiB&memtables=256MiB`") from None
    for name, value in pairs:
        if name in said:
            raise RequestError(f"{quoted(name)} is said twice; say it once")
        if name in ("block_cache", "memtables"):
            said[name] = _size(name, value)
        elif name == "open_files":
            said[name] = _files(name, value)
        else:
            raise RequestError(f"unknown {quoted(name)}; known are `block_cache`, `memtables` and `open_files`")
    return Settings(**said)


def _size(name: str, value: str) -> int:
    found = _SIZE.fullmatch(value)
    size = int(found[1]) * _UNITS[found[2]] if found else 0
    if not _LEAST_SIZE <= size <= _MOST_SIZE:
        raise RequestError(f"{quoted(name)} is a size from `1MiB` to `16384GiB`, such as `512MiB`; not {quoted(value)}")
    return size


def _files(name: str, value: str) -> int:
    number = int(value) if _NUMBER.fullmatch(value) else 0
    if number < _LEAST_FILES:
        raise RequestError(f"{quoted(name)} is a number of at least {_LEAST_FILES}, not {quoted(value)}")
    return number


def setup(settings: Settings, open_files: int) -> Setup:
    """Return what a database is opened with, of which at most so many files are held open."""
    options = Options(raw_mode=True)  # the other mode pickles, and unpickles what is on disk
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    # The default mode drops all records after a damaged one without a word; this one refuses, and takes a torn tail.
    options.set_wal_recovery_mode(DBRecoveryMode.tolerate_corrupted_tail_records())
    # All column families share one log; without a bound, one that is seldom written keeps all of it.
    options.set_max_total_wal_size(settings.memtables)
    options.set_db_write_buffer_size(settings.memtables)
    options.set_keep_log_file_num(8)
    options.set_max_open_files(open_files)
    # By default sixteen threads start, and end, for each family: with 1,000 of them that is most of the opening.
    options.set_max_file_opening_threads(1)
    # Flushes and compactions beside the service: half of the machine, and the two that RocksDB wants at least.
    options.set_max_background_jobs(min(max((os.cpu_count() or 1) // 2, 2), _JOBS))
    # Fast where data still moves from level to level; small at the last one, which holds nine tenths of it.
    options.set_compression_type(DBCompressionType.lz4())
    options.set_bottommost_compression_type(DBCompressionType.zstd())
    # No prefix extractor: the binding has fixed and capped prefixes only, no row head is either, and with one set its
    # `items` and seeks end early, without a word (`tests/stores/test_rocksdb_settings.py` shows it).
    blocks = BlockBasedOptions()
    cache = Cache(settings.block_cache)
    blocks.set_block_cache(cache)
    blocks.set_bloom_filter(_BLOOM_BITS, False)
    # A quarter of the indices in memory that the default of 4 KiB takes, and better compression.
    blocks.set_block_size(_BLOCK)
    options.set_block_based_table_factory(blocks)
    return Setup(options, cache)


def options_to_look() -> Options:
    """Return what a database is opened with to be read through once."""
    options = Options(raw_mode=True)
    options.set_wal_recovery_mode(DBRecoveryMode.tolerate_corrupted_tail_records())  # as `setup` does
    options.set_max_open_files(_FILES_TO_LOOK_AT)
    options.set_max_file_opening_threads(1)
    return options
