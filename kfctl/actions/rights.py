"""Before the first write: whether this user may do all that it takes, and the roles that would be enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfctl.errors import Forbidden, KfctlError, Problem
from kfctl.model.plan import Action
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfctl.actions.apply import Apply
    from kfctl.actions.plan import Subject
    from kfctl.cluster.client import Cluster
    from kfctl.engine.rights import Needed, Right
    from kfctl.model.plan import Change
    from kfctl.model.resource import Resource


def refuse_powerless(prepared: Apply) -> None:
    """Raise Forbidden with every right that the plan takes and this user lacks; go on where nobody tells."""
    from kfctl.engine.rights import needed, needed_to_record

    if not prepared.writes:
        return
    scope, cluster = prepared.plan.scope, prepared.cluster
    changes = list(_to_do(prepared))
    wanted = [change.wanted for change in changes if change.wanted]
    plural = _plurals(cluster, wanted) | _plurals_there(cluster, changes)
    record = needed_to_record(
        scope.namespace,
        makes=scope.namespace_missing,
        removes=prepared.removes,
        ends=prepared.removes and prepared.about.choices.permits.namespaces,
    )
    takes = needed(changes, plural) | record
    _refuse(cluster, takes, scope.app, _kept(prepared))


def powerless(about: Subject) -> None:
    """Raise Forbidden as `refuse_powerless` does, where this user may not even see what there is."""
    from kfctl.actions.observe import placed
    from kfctl.engine.rights import needed_to_record, needed_to_see

    namespace = about.environment.target.namespace or "default"
    wanted = placed(about.cluster, about.resources, namespace)
    own = needed_to_record(namespace)
    seen = needed_to_see([each.key for each in wanted], _plurals(about.cluster, wanted))
    _refuse(about.cluster, seen | own, about.app.name, _of_programs(about.cluster, wanted))


def _to_do(prepared: Apply) -> Iterator[Change]:
    """Yield what is to be written, and what was refused for no reason but a missing right."""
    from dataclasses import replace

    from kfctl.engine.verdicts import lacks_right

    for change in prepared.plan.changes:
        found = prepared.decision.found.get(change.key)
        if change.writes:
            yield change
        elif change.action is Action.REFUSE and found and found.error and lacks_right(found.error):
            yield replace(change, action=Action.UPDATE if change.live else Action.CREATE)


def _plurals(cluster: Cluster, wanted: Sequence[Resource]) -> dict[tuple[str, str], str]:
    """Return what the kinds are called by access rules; some are made by the same apply."""
    made = {
        (at(each.body, "spec", "group"), at(each.body, "spec", "names", "kind")): at(
            each.body, "spec", "names", "plural"
        )
        for each in wanted
        if each.kind == "CustomResourceDefinition"
    }
    served = {(each.group, each.kind): cluster.kinds.find(each.api_version, each.kind) for each in wanted}
    return made | {key: kind.plural for key, kind in served.items() if kind}


def _plurals_there(cluster: Cluster, changes: Sequence[Change]) -> dict[tuple[str, str], str]:
    found = {(change.key.group, change.key.kind) for change in changes}
    return {key: kind.plural for key in found if (kind := cluster.kinds.of_group(*key))}


def _kept(prepared: Apply) -> Iterator[Right]:
    """Yield what it takes to change and delete all that the app may have there by now, wanted or not."""
    from kfctl.engine.rights import Right

    inventory = prepared.decision.inventory
    yield from _of_programs(prepared.cluster, prepared.decision.intents)
    for kind in inventory.kinds:
        if served := prepared.cluster.kinds.of_group(*kind):
            spaces = (inventory.namespace, *inventory.namespaces) if served.namespaced else ("",)
            yield from (Right(v, kind.group, served.plural, s) for v in ("create", "patch") for s in spaces)


def _of_programs(cluster: Cluster, wanted: Iterable[Resource]) -> Iterator[Right]:
    """Yield what it takes to delete what the programs of these objects make: it goes with them."""
    from kfctl.engine.rights import Right
    from kfctl.engine.spawned import KINDS, spawns_of

    spaces = {spawn.maker.namespace for each in wanted for spawn in spawns_of(each.body)}
    kinds = [kind for each in KINDS if (kind := cluster.kinds.find(*each))]
    yield from (Right("delete", kind.group, kind.plural, space) for kind in kinds for space in spaces)


def _refuse(cluster: Cluster, takes: Needed, app: str, kept: Iterable[Right] = ()) -> None:
    from kfctl import yamltext
    from kfctl.engine.rights import roles, sentences

    try:
        missing = _missing(cluster, takes)
    except KfctlError:
        return  # the server does not tell: it will say no to what it does not allow
    if not missing:
        return
    enough = yamltext.dump_all(roles({*takes, *kept}, f"kfctl-{app}")).rstrip()
    message = "the plan takes rights that are missing, and nothing was written"
    hint = "these roles are enough to apply and to delete it, bound to who does:"
    lacks = [Problem(told) for told in sentences(missing)]
    lacks[-1] = lacks[-1]._replace(hint=hint, manifest=enough)
    raise Forbidden(message, problems=[Problem(message), *lacks])


def _missing(cluster: Cluster, takes: Needed) -> list[Right]:
    from kfctl.cluster import rights
    from kfctl.cluster.pool import parallel, values
    from kfctl.engine.rights import given_by

    if rights.may_everything(cluster):
        return []
    spaces = sorted({right.namespace for right in takes if right.namespace})
    rules = dict(zip(spaces, values(parallel(lambda each: rights.rules(cluster, each), spaces)), strict=True))
    doubtful = [right for right in takes if not given_by(rules.get(right.namespace, ()), right)]

    def allowed(right: Right) -> bool:
        named = (right.group, right.resource, right.namespace)
        return rights.may(cluster, right.verb, named, takes[right])

    answers = values(parallel(allowed, doubtful))
    return [right for right, given in zip(doubtful, answers, strict=True) if not given]
