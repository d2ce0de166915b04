"""A process that writes is killed at any moment, again and again; what it had acknowledged is there."""

from __future__ import annotations

import os
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
    from cfacl.model.request import Delete, Mutation, Put, Span
    from cfacl.stores.registry import open_store

    FAMILIES = [StoredFamily("t", f"f{n}", n + 1, "public", versions=1 + n) for n in range(3)]
    COUNTER = StoredFamily("other", "c", 9, "public")
    PASSING = 100  # where the identities of families that come and go begin
    THREADS = 4
    TURNS = 10  # so often the rows of all turns are counted, which become many

    def opened(url):
        return open_store(url, clock=time.time_ns)

    def passing(turn, number):
        return StoredFamily("passing", "p", PASSING + turn * 1_000_000 + number, "public")

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
                if number % 4 == 3:
                    gone = tuple(Delete(each) for each in FAMILIES)
                    store.apply("t", [Mutation(row, gone) for row in rows], durable=number % 8 == 3)
                total = store.increment("other", b"k%d" % thread, COUNTER, b"n", 1, durable=number % 2 == 0)
                last = b"%d" % (number - 1) if number else None
                row = b"%06d-%d" % (turn, thread)
                change = Mutation(row, (Put(COUNTER, {b"is": value}),))
                assert store.compare_and_set("other", row, [(COUNTER, b"is", last)], change, durable=number % 5 == 0)
                os.write(pipe, b"%d %d %d\\n" % (thread, number, total))

        def come_and_go():
            for number in range(1_000_000):
                family = passing(turn, number)
                store.create_table("passing", [family])
                store.apply("passing", [Mutation(b"r", (Put(family, {b"q": b"%d" % number}),))], durable=False)
                os.write(pipe, b"made %d\\n" % number)
                store.drop_table("passing", [family])
                os.write(pipe, b"gone %d\\n" % number)

        threading.Thread(target=come_and_go, daemon=True).start()
        for thread in range(THREADS):
            threading.Thread(target=work, args=(thread,), daemon=True).start()
        threading.Event().wait()

    def verify(url, history, counters, passed):
        turn, acknowledged = len(history) - 1, history[-1]
        begin = time.process_time()  # of all of its threads, RocksDB's too
        store = opened(url)
        took = time.process_time() - begin
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
                there = b"%06d-%d-%06d-0" % (turn, thread, each) in rows
                assert there == (each % 4 != 3), "an acknowledged row is gone, or one that was deleted is back"
            row = b"%06d-%d" % (turn, thread)
            ((_, cells),) = store.get("other", [row], Projection([Slice(COUNTER)]))
            assert int(cells[b"c:is"]) in (number, number + 1), "what was compared and set is not there"
        check_passing(store, turn, *passed)
        if turn % TURNS == TURNS - 1:
            counts = Counter()
            for some in store.scan("t", projection, Span(), batch_size=1000):
                for key, cells in some:
                    counts[key[:8]] += len(cells)
            for earlier, threads in enumerate(history):
                for thread, number in threads.items():
                    calls = counts[b"%06d-%d" % (earlier, thread)] / 12
                    kept = number + 1 - (number + 1) // 4  # each fourth was deleted; the next one may be there
                    assert calls in (kept, kept + 1), f"rows of turn {earlier} are gone, or are back"
        for thread, total in counters.items():
            ((_, cells),) = store.get("other", [b"k%d" % thread], Projection([Slice(COUNTER)]))
            found = int.from_bytes(cells[b"c:n"], "big")
            assert total <= found <= total + 1, "a counter lost or doubled"
        store.close()
        print("reopened in", took, flush=True)

    def check_passing(store, turn, made, gone):
        there = {identity - PASSING - turn * 1_000_000 for _, identity in store.tables().get("passing", ())}
        assert there <= {made, made + 1} - set(range(gone + 1)), "a family that was dropped is back"
        if made in there:
            found = store.get("passing", [b"r"], Projection([Slice(passing(turn, made))]))
            assert found == [(b"r", {b"p:q": b"%d" % made})], "the row of a family is gone"
        store.drop_table("passing", [passing(turn, each) for each in there])

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
    passes = 0
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
        passed = {"made": -1, "gone": -1}
        for line in said.decode().splitlines(keepends=True):
            if line.endswith("\\n") and line[:4] in passed:
                passed[line[:4]] = int(line[4:])
            elif line.endswith("\\n"):
                thread, number, total = map(int, line.split())
                acknowledged[thread], counters[thread] = number, total
        # What was added and not acknowledged when the kill came is counted from now on.
        history.append(acknowledged)
        checker = forked(verify, url, history, counters, tuple(passed.values()))
        passes += passed["gone"] + 1
        assert os.waitpid(checker, 0)[1] == 0, f"kill {turn} of seed {seed}"
        counters = {}
    print("passed", passes)
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
    took = [float(each.removeprefix("reopened in ")) for each in lines[:-2]]
    assert len(took) == KILLS
    # Of the processor's time, and of each opening: by the clock, what others do on this machine would count too.
    assert max(took) < 2, f"opening took up to {max(took):.1f} s of the processor"
    assert int(lines[-2].removeprefix("passed ")) > KILLS / 10
    assert int(lines[-1].removeprefix("acknowledged ")) > KILLS
