"""A small service on FastAPI, in front of a guarded store.

    pip install cfacl 'fastapi>=0.165' uvicorn
    uvicorn fastapi_service:main --factory              # in the folder of this file and of shop.toml
    curl -H 'X-Fake-User: app'  -X PUT localhost:8000/accounts/u17 -H 'Content-Type: application/json' \
         -d '{"prof:country": "SG", "id:email": "ada@example.org"}'
    curl -H 'X-Fake-User: maya' localhost:8000/support/accounts/u17          # {"prof:country": "SG"}
    curl -H 'X-Fake-User: maya' localhost:8000/support/emails/u17      # 403, with a decision id

What to take from it:

* One database for the process, given to `create_app`; one session for each request, closed with it. A session is bound
  to the request by a dependency, and is never kept anywhere else, so no two requests share one.
* Who calls comes from authentication; what for comes from the route. Neither is a parameter that a caller can set.
* Keys are bytes, and a path is text. What is no text is refused: replaced by U+FFFD, as servers and frameworks do it,
  different keys would be one row. So no key has U+FFFD in it, sent on purpose or not. No route goes on behind a key, so
  that a `/` in a key leads to no other one.
* A refusal answers 403 and a decision id, and nothing else: no family, no reason, not even whether the caller is known.
  Whoever looks into it finds the id in the log, with all that was decided.
* Calls of the store block. A `def` route runs in a thread of FastAPI's; an `async def` route hands them to
  `asyncio.to_thread`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

import cfacl
from cfacl.audit.log import Log

POLICY = Path(__file__).with_name("shop.toml")
BODY = "a body is to be an object of strings, as JSON"
MAX_BODY = 1 << 20  # bytes
log = logging.getLogger("shop")


# ----------------------------------------------------------------------------------------------------- who, and what for


def authenticated(x_fake_user: Annotated[list[str] | None, Header()] = None) -> str:
    """Return who is calling.

    !!!  THIS AUTHENTICATES NOBODY: it believes what the caller says.  Replace it, before anything else, by what your
    !!!  company has: a verified token (OpenID Connect), a client certificate, the session of a signed cookie.
    """
    if x_fake_user is None or len(x_fake_user) != 1 or not x_fake_user[0]:
        raise HTTPException(401, "say who you are, once")
    return x_fake_user[0]


def session_for(purpose: str) -> Callable[..., Iterator[cfacl.Session]]:
    """Return a dependency that opens a session of whoever calls, for the purpose of a route, and closes it."""

    def opened(request: Request, principal: Annotated[str, Depends(authenticated)]) -> Iterator[cfacl.Session]:
        db: cfacl.Database = request.app.state.db
        with db.session(principal, purpose=purpose) as session:
            yield session

    return opened


Service = Annotated[cfacl.Session, Depends(session_for("service"))]
Support = Annotated[cfacl.Session, Depends(session_for("support"))]
Fraud = Annotated[cfacl.Session, Depends(session_for("fraud"))]


# ---------------------------------------------------------------------------------------------------------------- routes


async def exact(request: Request) -> None:
    """Refuse a path of which nobody knows any more which bytes it was: servers put U+FFFD for what is no text."""
    if "\N{REPLACEMENT CHARACTER}" in request.scope["path"]:
        raise cfacl.RequestError("a path is to be UTF-8, with `%`, and without U+FFFD")


def shown(row: cfacl.Row[bytes]) -> dict[str, str]:
    """Return a row as JSON.  One that is not there, and one of which nothing may be seen, are the same 404."""
    if not row:
        raise HTTPException(404, "no such account")
    try:
        return {column.decode(): value.decode() for column, value in row.items()}
    except UnicodeDecodeError:  # this service did not write it; its message has a byte of it
        raise cfacl.StoreError("a cell is no text") from None


def put_account(key: str, data: dict[str, str], session: Service) -> dict[str, str]:
    """Write what the body says."""
    try:
        cells = {column.encode(): value.encode() for column, value in data.items()}
    except UnicodeEncodeError:  # JSON can say half a character
        raise cfacl.RequestError(BODY) from None
    session.table("account").put(key.encode(), cells)
    return {"written": key}


def support_account(key: str, session: Support) -> dict[str, str]:
    """Show what support may see: no columns are named, so what is not granted is left out."""
    return shown(session.table("account").row(key.encode()))


def support_email(key: str, session: Support) -> dict[str, str]:
    """Show the address, or refuse: a column is named."""
    return shown(session.table("account").row(key.encode(), columns=[b"id:email"]))


async def fraud_account(key: str, session: Fraud) -> dict[str, str]:
    """Do the same from a coroutine: the call blocks, so it goes to a thread, and the loop goes on."""
    row = await asyncio.to_thread(session.table("account").row, key.encode())
    return shown(row)


# ---------------------------------------------------------------------------------------------------------------- errors


def refused(_: Request, denied: cfacl.AccessDenied) -> JSONResponse:
    """Tell the caller an id, and the log what it stands for; the event of the refusal has the same id."""
    log.warning("answered 403, decision %s: %s", denied.decision, denied)
    return JSONResponse({"error": "refused", "decision": denied.decision}, 403)


def wrong(_: Request, error: cfacl.RequestError) -> JSONResponse:
    """Say what is wrong with a request: names of the schema, which are no secret, and no row key and no value."""
    return JSONResponse({"error": str(error)}, 400)


def malformed(_: Request, error: RequestValidationError) -> JSONResponse:  # noqa: ARG001  # a handler's signature
    """Say what a body is to be.  FastAPI's own answer has the body in it, and breaks where that is no text."""
    return JSONResponse({"error": BODY}, 400)


def unavailable(_: Request, error: cfacl.CfaclError) -> JSONResponse:
    """Ask to come again: the store is away, or this process is on its way out."""
    log.error("answered 503: %s", error)
    return JSONResponse({"error": "try again later"}, 503, {"Retry-After": "5"})


def failed(_: Request, error: cfacl.StoreError) -> JSONResponse:
    """Say nothing about a store that fails otherwise: we cannot tell, and it is never a 403 or a 404."""
    log.error("answered 500: %s", error)
    return JSONResponse({"error": "it failed"}, 500)


# --------------------------------------------------------------------------------------------------------------- the app


def create_app(db: cfacl.Database) -> FastAPI:
    """Return the service over a database, which is closed when the service ends; a test gives it one in memory."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(db.close)

    app = FastAPI(
        title="shop", lifespan=lifespan, dependencies=[Depends(exact)], redirect_slashes=False, max_body_size=MAX_BODY
    )
    app.state.db = db
    app.put("/accounts/{key}")(put_account)
    app.get("/support/accounts/{key}")(support_account)
    app.get("/support/emails/{key}")(support_email)
    app.get("/fraud/accounts/{key}")(fraud_account)
    # The nearest class of an error decides, in whatever order these stand.
    app.exception_handler(cfacl.AccessDenied)(refused)
    app.exception_handler(cfacl.RequestError)(wrong)
    app.exception_handler(RequestValidationError)(malformed)
    app.exception_handler(cfacl.Closed)(unavailable)
    app.exception_handler(cfacl.StoreUnavailable)(unavailable)
    app.exception_handler(cfacl.StoreError)(failed)
    return app


def main() -> FastAPI:
    """Return the service as it runs: each process of a server calls this, and so connects after any fork.

    Only one process can have an embedded store open, so run one worker; the README beside this says what else there is.
    A process that cannot start says so in a line, and ends with what keeps a server from starting it again and again.
    """
    logging.basicConfig(level=logging.INFO)
    try:
        db = cfacl.connect("shop.rocksdb", policy=POLICY, on_event=Log())
        db.create_tables()
    except cfacl.CfaclError as error:
        log.critical("not started: %s", error)
        sys.exit(3)  # uvicorn's code for a worker that cannot start, and gunicorn's
    return create_app(db)
