"""Column families with sensitivity levels, and roles that reach only what they were granted."""

from cfacl.api.batch import Batch
from cfacl.api.connection import connect
from cfacl.api.database import Database
from cfacl.api.deleted import Deleted
from cfacl.api.row import Row
from cfacl.api.schema import Difference
from cfacl.api.session import Session
from cfacl.api.table import Table
from cfacl.audit.event import Event
from cfacl.engine.ask import Ask
from cfacl.engine.explain import Explanation
from cfacl.engine.reverse import Holder, Permission
from cfacl.errors import (
    AccessDenied,
    CfaclError,
    Closed,
    Fault,
    FilterError,
    InvalidKey,
    InvalidValue,
    PartlyWritten,
    PolicyError,
    RequestError,
    SchemaMissing,
    StoreContractError,
    StoreCorrupted,
    StoreError,
    StoreLocked,
    StoreTimeout,
    StoreUnavailable,
    TlsRequired,
    UnknownAction,
    UnknownColumn,
    UnknownFamily,
    UnknownPrincipal,
    UnknownPurpose,
    UnknownTable,
    Unsupported,
)
from cfacl.policy.difference.changes import Change, diff
from cfacl.policy.lint import Finding
from cfacl.policy.policy import Policy

__all__ = [
    "AccessDenied",
    "Ask",
    "Batch",
    "CfaclError",
    "Change",
    "Closed",
    "Database",
    "Deleted",
    "Difference",
    "Event",
    "Explanation",
    "Fault",
    "FilterError",
    "Finding",
    "Holder",
    "InvalidKey",
    "InvalidValue",
    "PartlyWritten",
    "Permission",
    "Policy",
    "PolicyError",
    "RequestError",
    "Row",
    "SchemaMissing",
    "Session",
    "StoreContractError",
    "StoreCorrupted",
    "StoreError",
    "StoreLocked",
    "StoreTimeout",
    "StoreUnavailable",
    "Table",
    "TlsRequired",
    "UnknownAction",
    "UnknownColumn",
    "UnknownFamily",
    "UnknownPrincipal",
    "UnknownPurpose",
    "UnknownTable",
    "Unsupported",
    "connect",
    "diff",
]
