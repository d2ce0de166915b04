"""What the command `cfacl` starts, and what Ctrl-C does while there is nothing yet that could answer it.

This stands beside the package, whose import alone takes as long as it takes to press a key.  In the midst of imports
an exception may be lost, or turned into another one: so Ctrl-C ends the process there, in a line and with 130.  Nothing
has begun then that would have to be undone.  The same holds when the answer is given and the interpreter takes itself
apart.
"""

import gc
import os
import signal
import sys


def _leave(*_: object) -> int:
    """End at once, as a command that was interrupted does."""
    if sys.stderr is not None:  # closed by whoever started this
        os.write(2, b"cfacl: interrupted\n")
    os._exit(130)


# Whoever started this may have said that it is to be left alone: `nohup`, or `&` in a script.
_heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if _heeded:
    signal.signal(signal.SIGINT, _leave)


def _unraised(ignored: "sys.UnraisableHookArgs") -> None:
    """End where Ctrl-C came in the midst of what can raise nothing, as the end of an import, and would be lost."""
    if issubclass(ignored.exc_type, KeyboardInterrupt):
        _leave()
    sys.__unraisablehook__(ignored)


def main() -> int:
    """Run the command line of this process and return its exit code, as `cfacl.cli.app.main`."""
    gc.disable()  # what is imported stays, and would be gone through for garbage a dozen times
    from cfacl.cli.app import main as run

    gc.freeze()
    gc.enable()
    if not _heeded:
        return run()
    sys.unraisablehook = _unraised
    try:
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            return run()
        finally:
            signal.signal(signal.SIGINT, _leave)
    except KeyboardInterrupt:  # between the command line and here
        return _leave()
