"""A small service on Flask, in front of a guarded store.

    pip install cfacl flask
    flask --app flask_service:main run                  # in the folder of this file and of shop.toml
    curl -H 'X-Fake-User: app'  -X PUT localhost:5000/accounts/u17 -H 'Content-Type: application/json' \
         -d '{"prof:country": "SG", "id:email": "ada@example.org"}'
    curl -H 'X-Fake-User: maya' localhost:5000/support/accounts/u17          # {"prof:country": "SG"}
    curl -H 'X-Fake-User: maya' localhost:5000/support/emails/u17      # 403, with a decision id

What to take from it:

* One database for the process, given to `create_app`; one session for each request, which the route gets as an argument
  and which is closed with the request, so no two requests share one.
* Who calls comes from authentication; what for comes from the route. Neither is a parameter that a caller can set.
* Keys are bytes, and a path is text. What is no text is refused: replaced by U+FFFD, as servers and frameworks do it,
  different keys would be one row. So no key has U+FFFD in it, sent on purpose or not. No route goes on behind a key, so
  that a `/` in a key leads to no other one.
* A refusal answers 403 and a decision id, and nothing else: no family, no reason, not even whether the caller is known.
  Whoever looks into it finds the id in the log, with all that was decided.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue

import cfacl
from cfacl.audit.log import Log

POLICY = Path(__file__).with_name("shop.toml")
MAX_BODY = 1 << 20  # bytes
log = logging.getLogger("shop")

View = Callable[..., ResponseReturnValue]


# ----------------------------------------------------------------------------------------------------- who, and what for


def authenticated() -> str:
    """Return who is calling.

    !!!  THIS AUTHENTICATES NOBODY: it believes what the caller says.  Replace it, before anything else, by what your
    !!!  company has: a verified token (OpenID Connect), a client certificate, the session of a signed cookie.
    """
    principal = request.headers.get("X-Fake-User")
    if not principal or "," in principal:  # WSGI joins headers of one name
        abort(401)
    return principal


def for_purpose(purpose: str) -> Callable[[View], View]:
    """Give a route a session of whoever calls, for its purpose, and close it behind the route."""

    def decorate(view: View) -> View:
        @wraps(view)
        def bound(**said: Any) -> ResponseReturnValue:
            db: cfacl.Database = current_app.extensions["cfacl"]
            with db.session(authenticated(), purpose=purpose) as session:
                return view(session, **said)

        return bound

    return decorate


# ---------------------------------------------------------------------------------------------------------------- routes


def exact() -> None:
    """Refuse a path of which nobody knows any more which bytes it was.

    Flask puts U+FFFD for what is no text, and some servers have done so before it; others take bytes that should have been
    written as `%ff` for characters of latin-1, which shows in the line of the request, where they hand that on.
    """
    line = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI", "")
    if "\N{REPLACEMENT CHARACTER}" in request.path or not line.isascii():
        raise cfacl.RequestError("a path is to be UTF-8, with `%`, and without U+FFFD")


def shown(row: cfacl.Row[bytes]) -> ResponseReturnValue:
    """Return a row as JSON.  One that is not there, and one of which nothing may be seen, are the same 404."""
    if not row:
        return jsonify(error="no such account"), 404
    try:
        return jsonify({column.decode(): value.decode() for column, value in row.items()})
    except UnicodeDecodeError:  # this service did not write it; its message has a byte of it
        raise cfacl.StoreError("a cell is no text") from None


@for_purpose("service")
def put_account(session: cfacl.Session, key: str) -> ResponseReturnValue:
    """Write what the body says."""
    try:
        cells = {column.encode(): value.encode() for column, value in request.get_json().items()}
    except (AttributeError, RecursionError, UnicodeEncodeError):  # no object, no string, too deep, half a character
        raise cfacl.RequestError("a body is to be an object of strings, as JSON") from None
    session.table("account").put(key.encode(), cells)
    return jsonify(written=key)


@for_purpose("support")
def support_account(session: cfacl.Session, key: str) -> ResponseReturnValue:
    """Show what support may see: no columns are named, so what is not granted is left out."""
    return shown(session.table("account").row(key.encode()))


@for_purpose("support")
def support_email(session: cfacl.Session, key: str) -> ResponseReturnValue:
    """Show the address, or refuse: a column is named."""
    return shown(session.table("account").row(key.encode(), columns=[b"id:email"]))


@for_purpose("fraud")
def fraud_account(session: cfacl.Session, key: str) -> ResponseReturnValue:
    """Show what those may see who look into fraud."""
    return shown(session.table("account").row(key.encode()))


# ---------------------------------------------------------------------------------------------------------------- errors


def refused(denied: cfacl.AccessDenied) -> ResponseReturnValue:
    """Tell the caller an id, and the log what it stands for; the event of the refusal has the same id."""
    log.warning("answered 403, decision %s: %s", denied.decision, denied)
    return jsonify(error="refused", decision=denied.decision), 403


def wrong(error: cfacl.RequestError) -> ResponseReturnValue:
    """Say what is wrong with a request: names of the schema, which are no secret, and no row key and no value."""
    return jsonify(error=str(error)), 400


def unavailable(error: cfacl.CfaclError) -> ResponseReturnValue:
    """Ask to come again: the store is away, or this process is on its way out."""
    log.error("answered 503: %s", error)
    return jsonify(error="try again later"), 503, {"Retry-After": "5"}


def failed(error: cfacl.StoreError) -> ResponseReturnValue:
    """Say nothing about a store that fails otherwise: we cannot tell, and it is never a 403 or a 404."""
    log.error("answered 500: %s", error)
    return jsonify(error="it failed"), 500


# --------------------------------------------------------------------------------------------------------------- the app


def create_app(db: cfacl.Database) -> Flask:
    """Return the service over a database; a test gives it one in memory."""
    app = Flask("shop")
    app.extensions["cfacl"] = db
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.merge_slashes = False
    app.before_request(exact)
    app.put("/accounts/<key>")(put_account)
    app.get("/support/accounts/<key>")(support_account)
    app.get("/support/emails/<key>")(support_email)
    app.get("/fraud/accounts/<key>")(fraud_account)
    # The nearest class of an error decides, in whatever order these stand.
    app.register_error_handler(cfacl.AccessDenied, refused)
    app.register_error_handler(cfacl.RequestError, wrong)
    app.register_error_handler(cfacl.Closed, unavailable)
    app.register_error_handler(cfacl.StoreUnavailable, unavailable)
    app.register_error_handler(cfacl.StoreError, failed)
    return app


def main() -> Flask:
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
        sys.exit(4)  # gunicorn's code for an app that does not load; by 3 Flask's reloader would start it again
    return create_app(db)
