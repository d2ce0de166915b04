"""The same rights in cfacl and in what a service could use instead, each prepared as well as it can be.

An engine is asked by a statement.  What that is handed of a question was made before; so was whatever the engine can make
of its policy once.  None of the others notices a policy that was replaced, a grant that ended or a name that is unknown.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from itertools import cycle, islice
from typing import Any, Final

import casbin  # type: ignore[import-untyped]  # it has no types
import cedarpy
from attrs import field, frozen

import cfacl
from benchmarks.byhand import Empty, Held, Slow, Wanted
from benchmarks.policies import Question, Right, Rights
from benchmarks.rounds import Timer, statement

#: What pycasbin's documentation shows of roles; what is cheap stands first, so that few lines come to the last term.
CASBIN: Final = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.obj == p.obj && r.act == p.act && g(r.sub, p.sub)
"""
#: All that Cedar is told where rights are attributes of who holds them.
CEDAR: Final = "permit(principal, action, resource) when { principal.rights.contains(resource) };"
#: The fields by which a `FastEnforcer` finds its lines: the object and the action.
CASBIN_KEY: Final = [1, 2]

REGO: Final = """
package policy
default allow := false
allow if data.roles[data.held[input.principal]][input.right]
"""
REGO_ENTRY: Final = "policy/allow"


@frozen
class Engine:
    """Something that answers questions.

    Attributes:
        takes: the names that are given to what was made of a question.
        says: the expression that is its answer.
        prepared: makes of a question what the statement is handed.
        names: what else the expression speaks of.
    """

    takes: str
    says: str
    prepared: Callable[[Question], object]
    names: Mapping[str, Any] = field(factory=dict)

    def timer(self, questions: list[Question]) -> Timer:
        """Return the timer of one question after the other."""
        prepared = [self.prepared(each) for each in questions]
        some: list[object] = []
        at = 0
        begun: dict[int, int] = {}
        asked = statement(f"for {self.takes} in some: {self.says}", some=some, **self.names)

        def timer(loops: int) -> float:
            nonlocal at
            if begun.get(loops) == at:  # or the same few would count in every round
                at += 1
            begun[loops] = at
            some[:] = islice(cycle(prepared), at, at + loops)
            at = (at + loops) % len(prepared)
            return asked(1)

        return timer

    def answers(self, questions: list[Question]) -> list[bool]:
        """Return what is answered by what is timed."""
        told: list[bool] = []
        some = [self.prepared(each) for each in questions]
        statement(f"for {self.takes} in some: told({self.says})", some=some, told=told.append, **self.names)(1)
        return told


def empty(_: Rights) -> Engine:
    """Return the method that answers nothing, so that its answers can't be compared."""
    does_nothing = cache(lambda _: Empty())
    return Engine("empty, ask", "empty.allows(ask)", lambda each: (does_nothing(each.principal), each))


def ours(rights: Rights) -> Engine:
    """Return cfacl's prepared asks, with a session for each principal and purpose."""
    db, session = _opened(rights)
    return Engine(
        "session, ask",
        "session.allows(ask)",
        lambda each: (session(each.principal, each.right.purpose), db.prepare(*each.right[1:])),
    )


def by_name(rights: Rights) -> Engine:
    """Return cfacl's checks by name."""
    _, session = _opened(rights)
    return Engine(
        "session, action, table, family",
        "session.allows(action, table, family)",
        lambda each: (session(each.principal, each.right.purpose), *each.right[1:]),
    )


def dict_of_sets(rights: Rights) -> Engine:
    """Return a dict of frozensets, asked by name."""
    granted = {who: frozenset(rights.roles[role]) for who, role in rights.held.items()}
    return Engine("who, right", "right in granted[who]", lambda each: each, {"granted": granted})


def bare(rights: Rights) -> Engine:
    """Return one frozenset that is compared with another, and nothing around it."""
    held = _held(rights)
    return Engine(
        "wanted, held", "wanted <= held", lambda each: (_wanted(each.right).wanted, held[each.principal].held)
    )


def wrapped(rights: Rights) -> Engine:
    """Return the same in a method, as a service would have it."""
    held = _held(rights)
    return Engine("held, ask", "held.allows(ask)", lambda each: (held[each.principal], _wanted(each.right)))


def cached(rights: Rights) -> Engine:
    """Return `functools.lru_cache` over the slow check."""
    allows = lru_cache(maxsize=None)(_slow(rights).allows)
    return Engine("who, right", "allows(who, right)", lambda each: each, {"allows": allows})


def slow(rights: Rights) -> Engine:
    """Return the slow check itself."""
    return Engine("who, right", "allows(who, right)", lambda each: each, {"allows": _slow(rights).allows})


def enforcer(rights: Rights) -> Engine:
    """Return pycasbin's `Enforcer`."""
    return _casbin(_enforcer(rights))


def fast_enforcer(rights: Rights) -> Engine:
    """Return pycasbin's `FastEnforcer`."""
    model = casbin.FastModel(CASBIN_KEY)
    model.load_model_from_text(CASBIN)
    return _casbin(_filled(casbin.FastEnforcer(model, cache_key_order=CASBIN_KEY), rights))


def casbin_reports(rights: Rights) -> tuple[Callable[[Right], list[str]], Callable[[str], list[list[str]]]]:
    """Return what pycasbin has of who may do something, and of what somebody may do."""
    found = _enforcer(rights)
    return (
        lambda right: found.get_implicit_users_for_permission(_object(right), _action(right)),
        found.get_implicit_permissions_for_user,
    )


def permits(rights: Rights) -> str:
    """Return each grant as a `permit` of Cedar's."""
    return "\n".join(
        f'permit(principal in Role::"{role}", action == Action::"{_action(each)}", resource == Family::"{_object(each)}");'
        for role, its in rights.roles.items()
        for each in its
    )


def cedar(rights: Rights) -> Engine:
    """Return Cedar, its policies and, for each principal, its entities parsed before: each grant is a `permit`."""

    def entity(who: str) -> dict[str, Any]:
        return {"uid": _uid("User", who), "attrs": {}, "parents": [_uid("Role", rights.held[who])]}

    return _cedar(permits(rights), entity, lambda right: (_action(right), _object(right)))


def cedar_data(rights: Rights) -> Engine:
    """Return Cedar with one policy, and rights as a set that is an attribute of whoever holds them; parsed before as well.

    A right is one entity, so that nothing but the set is looked at; a request without context, and in the form of a dict,
    is the shortest way to ask that cedarpy has for one question.
    """

    @cache
    def held(role: str) -> list[dict[str, Any]]:
        return [{"__entity": _uid("Right", _line(each))} for each in rights.roles[role]]

    def entity(who: str) -> dict[str, Any]:
        return {"uid": _uid("User", who), "attrs": {"rights": held(rights.held[who])}, "parents": []}

    return _cedar(CEDAR, entity, lambda right: ("any", _line(right)), "Right")


def opa(rights: Rights) -> Engine:
    """Return Rego, the language of OPA, in this process.

    It is loaded here alone: where RocksDB is loaded too, the two bring C++ runtimes that crash each other.
    """
    assert "rocksdict" not in sys.modules
    from regopy import Input, Interpreter  # type: ignore[import-untyped]  # it has no types

    built = Interpreter()
    built.add_module("policy", REGO)
    roles = {role: {_line(each): True for each in its} for role, its in rights.roles.items()}
    built.add_data({"roles": roles, "held": dict(rights.held)})
    bundle, rego = built.build("data.policy.allow", [REGO_ENTRY]), Interpreter()

    def allows(asked: Input) -> bool:
        rego.set_input(asked)
        return bool(rego.query_bundle_entrypoint(bundle, REGO_ENTRY).results[0].expressions[0])

    def prepared(each: Question) -> tuple[Input]:
        return (Input({"principal": each.principal, "right": _line(each.right)}),)

    return Engine("asked,", "allows(asked)", prepared, {"allows": allows})


@lru_cache(maxsize=1)  # both ways to ask are to find one database, and the next policy another one
def _opened(rights: Rights) -> tuple[cfacl.Database, Callable[[str, str], cfacl.Session]]:
    db = cfacl.connect("memory://", policy=rights.policy)
    return db, cache(db.session)


def _slow(rights: Rights) -> Slow:
    return Slow({who: (role,) for who, role in rights.held.items()}, rights.roles)


def _held(rights: Rights) -> dict[str, Held]:
    roles = {role: Held(frozenset(map(_line, its))) for role, its in rights.roles.items()}
    return {who: roles[role] for who, role in rights.held.items()}


@cache
def _wanted(right: Right) -> Wanted:
    """Return what is asked for by a right, one for all questions about it, as cfacl has one ask."""
    return Wanted(frozenset([_line(right)]))


@cache
def _line(right: Right) -> str:
    """Return a right as one string, always the same object, which is compared fastest."""
    return " ".join(right)


def _object(right: Right) -> str:
    return f"{right.table}:{right.family}"


def _action(right: Right) -> str:
    """Return action and purpose as one, so that nobody compares both."""
    return f"{right.action} for {right.purpose}"


def _cedar(
    policies: str,
    entity: Callable[[str], dict[str, Any]],
    asked: Callable[[Right], tuple[str, str]],
    kind: str = "Family",
) -> Engine:
    """Return Cedar, given who is an entity, and by which action on which one of a kind a right is asked for."""
    entities = cache(lambda who: cedarpy.Entities.from_json_str(json.dumps([entity(who)])))

    def prepared(each: Question) -> tuple[dict[str, Any], cedarpy.Entities]:
        action, resource = asked(each.right)
        request = {
            "principal": _uid("User", each.principal),
            "action": _uid("Action", action),
            "resource": _uid(kind, resource),
        }
        return request, entities(each.principal)

    names = {"is_authorized": cedarpy.is_authorized, "policies": cedarpy.PolicySet.from_str(policies)}
    return Engine("request, entities", "is_authorized(request, policies, entities).allowed", prepared, names)


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def _enforcer(rights: Rights) -> Any:
    model = casbin.Model()
    model.load_model_from_text(CASBIN)
    return _filled(casbin.Enforcer(model), rights)


def _filled(found: Any, rights: Rights) -> Any:
    found.add_policies([[role, _object(each), _action(each)] for role, its in rights.roles.items() for each in its])
    found.add_grouping_policies([[who, role] for who, role in rights.held.items()])
    return found


def _casbin(found: Any) -> Engine:
    return Engine(
        "who, what, how",
        "enforce(who, what, how)",
        lambda each: (each.principal, _object(each.right), _action(each.right)),
        {"enforce": found.enforce},
    )
