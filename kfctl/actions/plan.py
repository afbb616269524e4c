"""The plan of an apply: what is wanted, held against what is on the cluster."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kfctl.actions import guard
from kfctl.errors import Forbidden, Problem
from kfctl.model.plan import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kfctl.actions.observe import Ours
    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kubeconfig import Login
    from kfctl.engine.keep import Situation
    from kfctl.engine.plan import Choices, Found
    from kfctl.engine.prune import Pruning
    from kfctl.model.app import App, Environment
    from kfctl.model.inventory import Inventory
    from kfctl.model.plan import Plan
    from kfctl.model.resource import Key, Resource


@dataclass(frozen=True)
class Subject:
    """What a plan is about: objects for an environment of an app, on a cluster."""

    app: App
    environment: Environment
    cluster: Cluster
    choices: Choices
    resources: tuple[Resource, ...] = ()
    components: tuple[str, ...] = ()  # which the objects are of; none: all there are
    warnings: tuple[str, ...] = ()
    what: str = "apply"  # for the history
    values: Mapping[str, Any] | None = None  # by component; None: as the app has them
    deletes: bool = False  # all of it, or of these components
    rendered: tuple[Resource, ...] | None = None  # proof for objects outside the namespace; None: not needed


@dataclass(frozen=True)
class Decision:
    """A plan, and what it was made from."""

    plan: Plan
    inventory: Inventory
    pruning: Pruning
    situation: Situation  # by which it was decided what goes
    intents: tuple[Resource, ...] = ()  # the wanted objects, not yet members of the set
    found: Mapping[Key, Found] = field(default_factory=dict)


def connect(app: App, environment: Environment, login: Login) -> Cluster:
    """Return the cluster that an environment of the app means; nothing is sent yet."""
    from kfctl.actions.secrets import secrets_of

    return guard.connect(environment, login, secrets_of(app, environment).redactor())


def subject(
    app: App, environment: Environment, components: Sequence[str], cluster: Cluster, choices: Choices
) -> Subject:
    """Return what an apply of the app (or of these components) is about."""
    from kfctl.actions.secrets import secrets_of
    from kfctl.actions.show import render_all

    rendered = render_all(app, environment.name, components)
    what = " -c ".join(("apply", *components))
    hide = secrets_of(app, environment).redactor(rendered.resources)
    given = (tuple(rendered.resources), tuple(components), rendered.warnings, what)
    return Subject(app, environment, cluster.hiding(hide), choices, *given)


def plan_app(
    app: App, environment: Environment, components: Sequence[str], cluster: Cluster, choices: Choices
) -> Plan:
    """Return what an apply of the app (or of these components) would do; nothing is written."""
    return decide(subject(app, environment, components, cluster, choices)).plan


def decide(about: Subject, before: Decision | None = None) -> Decision:
    """Return what has to happen; what was known `before` of objects that have not moved still holds."""
    from kfctl.actions import observe
    from kfctl.actions.lacking import lacking
    from kfctl.actions.neighbours import taken
    from kfctl.actions.owned_data import refuse_data_loss
    from kfctl.actions.ran import ran
    from kfctl.actions.secrets import secrets_of
    from kfctl.actions.spawned import with_spawned
    from kfctl.actions.trial import unfit
    from kfctl.engine.applyset import members
    from kfctl.engine.ownership import intent
    from kfctl.engine.plan import make_plan

    cluster, choices = about.cluster, about.choices
    scope = before.plan.scope if before else scope_of(about.app, about.environment, cluster)
    inventory, hidden = _inventory(about, scope)
    scope = replace(scope, former_id=inventory.former_id)
    intents = [intent(r, about.app.id) for r in observe.placed(cluster, about.resources, scope.namespace)]
    wanted = members(intents, inventory.id)
    missing = _missing(scope, wanted, cluster)
    scope = replace(scope, namespace_missing=scope.namespace in missing)
    there = observe.ours(cluster, inventory, wanted)
    already = observe.Already(missing, choices.force_conflicts, before.found if before else {}, scope)
    found = observe.observe(cluster, wanted, there, already)
    absent = (each for each in intents if each.key not in there.objects)
    over = ran(cluster, inventory, absent, (about.app, about.environment))
    found = [replace(each, ran=each.wanted.key in over) for each in found]
    pruned = _pruning(about, inventory, found, there)
    staying = (*there.objects.values(), *(each.body for each in wanted))
    pruning, situation, unseen = with_spawned(cluster, pruned, staying)
    secrets = secrets_of(about.app, about.environment)
    mask = secrets.mask(secrets.redactor(intents))
    plan = make_plan(scope, found, pruning.changes, choices, mask)
    plan = plan if choices.permits.data else refuse_data_loss(cluster, plan)
    doubts = (*_doubt(about, scope, inventory), *hidden, *there.gaps, *unseen)
    idle = (
        ("--rerun runs nothing again: no job of it has ended",) if choices.rerun and not plan.differs else ()
    )
    warnings = (*about.warnings, *doubts, *idle, *(() if before else lacking(cluster, plan)))
    unproven = _unproven(about, plan, inventory)
    refused = (*_refused(about, pruning), *unfit(about, found), *taken(about, found, scope), *unproven)
    warnings = tuple(map(mask.redactor.text, warnings))
    plan = replace(plan, prune=pruning.waves, warnings=warnings, refused=refused)
    known = {each.wanted.key: each for each in found}
    return Decision(plan, inventory, pruning, situation, tuple(intents), known)


def _inventory(about: Subject, scope: Scope) -> tuple[Inventory, tuple[str, ...]]:
    """Return what the app owns; who may not read that still sees what would become of what is wanted."""
    from kfctl.actions.inventory import load_inventory
    from kfctl.engine.applyset import inventory_of

    try:
        return load_inventory(about.cluster, scope, take_over=about.choices.take_over), ()
    except Forbidden as error:
        if about.choices.will_write:
            raise
        return inventory_of(scope), (f"what left the app can't be told: {error.message}",)


def _doubt(about: Subject, scope: Scope, inventory: Inventory) -> tuple[str, ...]:
    """Return that the cluster may be another one; the app's own record there speaks for it, or against it."""
    if scope.cluster_read:
        return ()
    return guard.doubt(about.cluster, about.environment, inventory)


def _missing(scope: Scope, wanted: Sequence[Resource], cluster: Cluster) -> frozenset[str]:
    """Return the namespaces that are not there, of those that the apply would make."""
    from kfctl.actions.observe import missing_namespaces

    made = {scope.namespace, *(r.name for r in wanted if r.kind == "Namespace" and not r.group)}
    own = {scope.namespace} if wanted else set()
    return missing_namespaces(cluster, own | {r.namespace for r in wanted if r.namespace in made})


def _pruning(
    about: Subject, inventory: Inventory, found: Sequence[Found], there: Ours
) -> tuple[Pruning, Situation]:
    """Decide over what is ours and no longer wanted; return by what, too."""
    from kfctl.actions.inventory import contents
    from kfctl.actions.neighbours import wanted_elsewhere
    from kfctl.engine.keep import Situation
    from kfctl.engine.prune import prune
    from kfctl.model.resource import at

    situation = Situation(
        inventory,
        wanted=frozenset(each.wanted.key for each in found),
        in_use=frozenset(str(at(each.live, "metadata", "uid")) for each in found if each.live),
        permits=about.choices.permits,
        components=frozenset(about.components) if about.components else None,
    )
    if about.deletes:
        what = "its component" if about.components else "the app"
        situation = replace(situation, gone=f"{what} is deleted")
    pruning = prune(there.listed, situation)
    if pruning.deletes and about.components:
        elsewhere, doubt = wanted_elsewhere(about)
        situation = replace(situation, wanted=situation.wanted | elsewhere, doubt=doubt)
        pruning = prune(there.listed, situation)
    if pruning.unknown:
        held = contents(about.cluster, pruning.unknown, there.objects)
        situation = replace(situation, contents=held)
        pruning = prune(there.listed, situation)
    return pruning, situation


def _refused(about: Subject, pruning: Pruning) -> tuple[Problem, ...]:
    """Return what forbids the plan as a whole: an app that has lost all its objects is rather a mistake."""
    if about.resources or about.components or about.choices.allow_empty or not pruning.deletes:
        return ()
    message = f"the app has no objects any more, and all {len(pruning.deletes)} would be deleted"
    hint = f"--allow-empty does it; to remove the app: kfctl delete {about.environment.name}"
    return (Problem(message, about.environment.where, hint),)


def _unproven(about: Subject, plan: Plan, inventory: Inventory) -> Iterator[Problem]:
    """Yield objects outside the app's namespace that a revision holds and the app's files do not render.

    A revision is a Secret without a signature: a user who can write Secrets in the namespace can change it.
    Their permissions end with the namespace, so what a rollback does elsewhere needs proof from the files.
    """
    from kfctl.actions.observe import placed
    from kfctl.engine.applyset import members
    from kfctl.engine.ownership import intent

    if about.rendered is None or about.choices.permits.outside:
        return
    home = plan.scope.namespace
    declared = (intent(each, about.app.id) for each in placed(about.cluster, about.rendered, home))
    known = {each.key: each.body for each in members(declared, inventory.id)}
    for change in plan.changes:
        outside = change.wanted and change.writes and change.key.namespace != home
        if outside and change.wanted and known.get(change.key) != change.wanted.body:
            message = f"{change.key.seen_from(home)}: outside namespace {home}, and the app's files differ"
            command = f"kfctl apply {about.environment.name}"
            yield Problem(
                message, hint=f"revisions are not signed; check out the files of that time and run {command}"
            )


def scope_of(app: App, environment: Environment, cluster: Cluster) -> Scope:
    """Return where a plan applies, once the guard let it pass."""
    from kfctl.engine.applyset import inventory_of

    identity = guard.check(cluster, environment)
    scope = Scope(
        app=app.name,
        app_id=app.id,
        environment=environment.name,
        context=cluster.context,
        server=cluster.server,
        namespace=environment.target.namespace or "default",
        cluster_uid=identity.uid,
        cluster_read=identity.read,
    )
    return replace(scope, set_id=inventory_of(scope).id)
