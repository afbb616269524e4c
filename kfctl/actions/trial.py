"""What the server can't try while a plan is made: what it needs comes with it, or this user may not.

It is judged by what is known offline then. What comes too soon is tried when its namespace and its definition
are there, before anything else is written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kfctl.model.resource import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kfctl.actions.plan import Subject
    from kfctl.cluster.client import Cluster
    from kfctl.engine.plan import Found
    from kfctl.errors import KfctlError, Problem
    from kfctl.model.plan import Plan
    from kfctl.model.resource import Key, Resource


def unfit(about: Subject, found: Iterable[Found]) -> tuple[Problem, ...]:
    """Return what no server would take of what this one can't try yet.

    Empty for a server that is newer than the fields known here: it may know more of them.
    """
    from kfctl.actions.validate import misfits

    untried = [each.wanted for each in found if _is_untried(each)]
    if not untried or _is_newer(about.cluster.version()):
        return ()
    return misfits(about.app, about.environment, untried, about.resources)


def _is_untried(found: Found) -> bool:
    """Whether no dry run has judged it: it comes too soon, or nobody could make one."""
    from kfctl.engine.verdicts import untriable

    return bool(found.offline or (found.error and untriable(found.error)))


def _is_newer(version: str) -> bool:
    """Whether a server's version, such as v1.34.2, is above the one whose fields are known here."""
    from kfctl.store.kinds import built_in

    theirs, known = (
        tuple(map(number, re.findall(r"\d+", text)[:2])) for text in (version, built_in()["kubernetes"])
    )
    return theirs > known


def trying(
    cluster: Cluster, plan: Plan, *, force: bool
) -> Callable[[Sequence[Resource]], Mapping[Key, KfctlError]]:
    """Return what has the server try objects of the plan, and returns what it refuses."""
    from kfctl.actions.observe import Already, Ours, observe
    from kfctl.engine.verdicts import says_no, untriable

    coming = frozenset((change.key.kind, change.key.name) for change in plan.changes if change.live is None)

    def tried(resources: Sequence[Resource]) -> Mapping[Key, KfctlError]:
        found = observe(cluster, resources, Ours(), Already(force=force, coming=coming))
        errors = {each.wanted.key: each.error for each in found if each.error}
        return {key: error for key, error in errors.items() if says_no(error) and not untriable(error)}

    return tried
