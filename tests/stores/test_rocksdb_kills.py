"""A process that writes is killed at any moment, again and again; what it had acknowledged is there."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Final

import pytest

KILLS: Final = 1_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 100

#: Never opens a store itself, so that each process that it forks can.
SCRIPT: Final = textwrap.dedent(
    """
    import os, random, signal, sys, threading, time, traceback
    from collections import Counter
    from cfacl.model.projection import Projection, Slice, StoredFamily
    from cfacl.model.request import Mutation, Put, Span
    from cfacl.stores.registry import open_store

    FAMILIES = [StoredFamily("t", f"f{n}", n + 1, "public", versions=1 + n) for n in range(3)]
    COUNTER = StoredFamily("other", "c", 9, "public")
    THREADS = 4
    TURNS = 10  # so often the rows of all turns are counted, which become many

    def opened(url):
        return open_store(url, clock=time.time_ns)

    def write(url, turn, pipe):
        store = opened(url)
        store.create_table("t", FAMILIES)
        store.create_table("other", [COUNTER])

        def work(thread):
            for number in range(1_000_000):
                value = b"%d" % number
                changes = tuple(Put(each, {b"a": value, b"b": value}) for each in FAMILIES)
                rows = [b"%06d-%d-%06d-%d" % (turn, thread, number, part) for part in range(2)]
                store.apply("t", [Mutation(row, changes) for row in rows], durable=number % 3 == 0)
                total = store.increment("other", b"k%d" % thread, COUNTER, b"n", 1, durable=number % 2 == 0)
                os.write(pipe, b"%d %d %d\\n" % (thread, number, total))

        for thread in range(THREADS):
            threading.Thread(target=work, args=(thread,), daemon=True).start()
        threading.Event().wait()

    def verify(url, history, counters):
        turn, acknowledged = len(history) - 1, history[-1]
        begin = time.monotonic()
        store = opened(url)
        took = time.monotonic() - begin
        projection = Projection(Slice(each) for each in FAMILIES)
        prefix = b"%06d-" % turn
        span = Span(prefix, prefix[:-1] + b".")
        rows = {key: cells for some in store.scan("t", projection, span, batch_size=1000) for key, cells in some}
        for key, cells in rows.items():
            number = b"%d" % int(key.split(b"-")[2])
            assert cells == {b"f%d:%s" % (n, q): number for n in range(3) for q in (b"a", b"b")}, "half a row"
            assert key[:-1] + b"%d" % (1 - int(key[-1:])) in rows, "half a batch"
        for thread, number in acknowledged.items():
            for each in range(number + 1):
                assert b"%06d-%d-%06d-0" % (turn, thread, each) in rows, "an acknowledged row is gone"
        if turn % TURNS == TURNS - 1:
            counts = Counter()
            for some in store.scan("t", projection, Span(), batch_size=1000):
                for key, cells in some:
                    counts[key[:8]] += len(cells)
            for earlier, threads in enumerate(history):
                for thread, number in threads.items():
                    calls = counts[b"%06d-%d" % (earlier, thread)] / 12
                    assert calls in (number + 1, number + 2), f"rows of turn {earlier} are gone"
        for thread, total in counters.items():
            ((_, cells),) = store.get("other", [b"k%d" % thread], Projection([Slice(COUNTER)]))
            found = int.from_bytes(cells[b"c:n"], "big")
            assert total <= found <= total + 1, "a counter lost or doubled"
        store.close()
        print("reopened in", took, flush=True)

    def forked(work, *arguments):
        child = os.fork()
        if child:
            return child
        try:
            work(*arguments)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    url, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    counters = {}
    history = []  # by turn: the last number that each thread had acknowledged
    for turn in range(kills):
        reader, writer = os.pipe()
        child = forked(write, url, turn, writer)
        os.close(writer)
        said = os.read(reader, 1)
        assert said, "the writer failed"
        time.sleep(chance.random() ** 2 * 0.08)
        os.kill(child, signal.SIGKILL)
        while some := os.read(reader, 1 << 16):
            said += some
        os.close(reader)
        os.waitpid(child, 0)
        acknowledged = {}
        for line in said.decode().splitlines(keepends=True):
            if line.endswith("\\n"):
                thread, number, total = map(int, line.split())
                acknowledged[thread], counters[thread] = number, total
        # What was added and not acknowledged when the kill came is counted from now on.
        history.append(acknowledged)
        checker = forked(verify, url, history, counters)
        assert os.waitpid(checker, 0)[1] == 0, f"kill {turn} of seed {seed}"
        counters = {}
    print("acknowledged", sum(sum(each.values()) for each in history))
    """
)


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill_at_any_moment(folder: Path) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    url = (folder / "store").as_uri().replace("file:", "rocksdb:", 1)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, url, str(KILLS), str(seed)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"seed {seed}: {done.stderr[-2000:]}"
    lines = done.stdout.splitlines()
    took = [float(each.removeprefix("reopened in ")) for each in lines[:-1]]
    assert len(took) == KILLS
    # The median, for a machine that others keep busy halts any of them at times.
    assert statistics.median(took) < 2, f"opening took up to {max(took):.1f} s; this is a slow machine, or a slow store"
    assert int(lines[-1].removeprefix("acknowledged ")) > KILLS
