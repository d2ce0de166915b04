"""What `hbase shell -n` does with a script of rights, done by the tool that the tests have: no jruby is needed.

It reads a script from stdin, and takes the folder of a server, and the file that it ends with, as its arguments.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from cfacl.testing.servers import Operator, Running


def obey(operator: Operator, script: str) -> None:
    """Do what the lines say, and stop at the first that fails, as the shell does."""
    for line in script.splitlines():
        command, _, rest = line.partition(" ")
        if command == "#":
            continue
        # Strings of Ruby's that are strings of Python's too, a byte for each character.
        words = [each.encode("latin-1") for each in ast.literal_eval(f"({rest},)")]
        if command == "grant":
            operator.grant(words[0].decode(), words[1].decode(), *words[2:])
        elif command == "revoke":
            operator.revoke(words[0].decode(), "", *words[1:])  # no letters: the right as a whole
        else:
            sys.exit(f"undefined local variable or method `{command}'")


if __name__ == "__main__":
    running = Running({}, folder=Path(sys.argv[1]), leash=Path(sys.argv[2]), authorization=True)
    with running.operator() as started:
        obey(started, sys.stdin.read())
