"""A pre-forking server: what its workers can open, and what they are told where they cannot."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

#: A key that is no text, and its path.
KEY, PATH = b"u\xff/", "/u%ff%2F"
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
POLICY = """
policy = { name = "home", purposes = ["support"] }
[tables.account.families]
prof = { level = "public", purposes = ["support"] }
[roles.support]
clearance = "public"
grants = [{ table = "account", families = ["prof"], actions = ["read", "write"], purposes = ["support"], why = "tickets" }]
[principals]
maya = { kind = "employee", roles = ["support"] }
"""

#: Answers with its process, and with what came of connecting.
APP = """
import os
import cfacl

policy = cfacl.Policy.load({policy!r})
connected = []

def connect():
    db = cfacl.connect({store!r}, policy=policy)
    db.create_tables()
    connected.append(db)

{before}

def application(environ, start_response):
    try:
        if not connected:
            connect()
        table = connected[0].session("maya", "support").table("account")
        table.put(b"u1", {{b"prof:country": b"SG"}})
        told = table.row(b"u1")[b"prof:country"].decode()
    except cfacl.CfaclError as error:
        told = f"{{type(error).__name__}}: {{error}}"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{{os.getpid()}} {{told}}".encode()]
"""


class Server:
    """gunicorn on a free port of this machine."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.log: list[str] = []
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "--bind",
                "127.0.0.1:0",
                "--timeout",
                "60",
                *arguments,
                "app:application",
            ],
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", line):
                self.url = found[1]
                break
        else:
            pytest.fail("".join(self.log))
        self._reading = threading.Thread(target=lambda: self.log.extend(self.process.stderr or ()))
        self._reading.start()

    def ask(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return str(answer.read().decode())

    def by_worker(self, workers: int, path: str = "/") -> dict[str, str]:
        """Ask until so many workers have answered; return what each said, always the same."""
        said: dict[str, str] = {}

        def ask() -> None:
            for _ in range(1000):
                if len(said) == workers:
                    return
                worker, _, told = self.ask(path).partition(" ")
                assert said.setdefault(worker, told) == told

        threads = [threading.Thread(target=ask) for _ in range(workers)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert len(said) == workers, said
        return said

    def stop(self) -> int:
        """End it as its operator does, and return how it ended."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self._reading.join(60)
        return status

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # the server and its workers, which are a group of their own
            self.process.wait()
        self._reading.join(60)
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(*arguments: str) -> Server:
        started.append(Server(tmp_path, *arguments))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture
def app(tmp_path: Path) -> Callable[[str], None]:
    (tmp_path / "home.toml").write_text(POLICY)

    def write(before: str) -> None:
        made = APP.format(policy=str(tmp_path / "home.toml"), store=str(tmp_path / "store"), before=before)
        (tmp_path / "app.py").write_text(made)

    return write


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("preload", [[], ["--preload"]])
def test_one_worker_can_write_and_the_others_are_told_who_does(app, serve, tmp_path, workers, preload):
    app("")
    server = serve("--workers", str(workers), *preload)
    said = server.by_worker(workers)
    (writer,) = [worker for worker, told in said.items() if told == "SG"]
    message = (
        f"StoreLocked: `{tmp_path / 'store'}`: another process has this store open (process {writer});"
        " only one can write it: use that one, or connect with `read_only=True`"
    )
    assert [told for worker, told in said.items() if worker != writer] == [message] * (workers - 1)
    assert server.stop() == 0


@pytest.mark.parametrize("workers", [2, 4])
def test_what_was_opened_before_the_fork_says_what_to_do(app, serve, workers):
    app("connect()")
    server = serve("--workers", str(workers), "--preload")
    message = "Closed: the database was opened before this process was forked; connect after the fork, and in no process before it"
    assert list(server.by_worker(workers).values()) == [message] * workers
    assert server.stop() == 0
    assert not [line for line in server.log if "[ERROR]" in line or "[CRITICAL]" in line]


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("preload", [[], ["--preload"]])
def test_the_recipe_of_the_operations_page(another, serve, tmp_path, workers, preload):
    recipe = {
        name: text
        for block in re.findall(r"^```python\n(.*?)^```", OPERATIONS.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        for name, text in re.findall(r"\A# (\S+\.py)\n(.*)", block, re.DOTALL)
    }
    assert recipe.keys() == {"app.py", "gunicorn.conf.py"}
    for name, text in recipe.items():
        written = text.replace("/srv/home.toml", f"{tmp_path}/home.toml").replace("/srv/home", f"{tmp_path}/store")
        if name == "app.py":  # so that it is known which worker answers
            written = "import os\n" + written.replace("return [row", 'return [b"%d " % os.getpid(), row')
        (tmp_path / name).write_text(written)
    (tmp_path / "home.toml").write_text(POLICY)
    writer = another()
    writer.do(
        textwrap.dedent(
            f"""
            import cfacl
            db = cfacl.connect({str(tmp_path / "store")!r}, policy={str(tmp_path / "home.toml")!r})
            db.create_tables()
            table = db.session("maya", "support").table("account")
            """
        )
    )
    server = serve("--workers", str(workers), *preload)
    for country in ("SG", "FR"):
        writer.do(f"table.put({KEY!r}, {{b'prof:country': {country.encode()!r}}})")
        assert set(server.by_worker(workers, PATH).values()) == {country}
    assert server.stop() == 0
    assert not [line for line in server.log if "[ERROR]" in line or "[CRITICAL]" in line]
