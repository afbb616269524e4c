"""What the app's other components make, where only some of them are applied."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kfctl.actions.observe import placed
from kfctl.actions.show import render_app
from kfctl.engine.identity import SAME_NAME
from kfctl.engine.ownership import COMPONENT, owner_of
from kfctl.errors import KfctlError, Location, Problem
from kfctl.model.resource import at
from kfctl.store.appfiles import load_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kfctl.actions.plan import Subject
    from kfctl.engine.plan import Found
    from kfctl.model.plan import Scope
    from kfctl.model.resource import Key, Resource


def wanted_elsewhere(about: Subject) -> tuple[frozenset[Key], str]:
    """Return what the whole app wants, for objects move between components; or why that is not known."""
    if not about.app.root:
        return frozenset(), ""
    try:
        return _made_by(about, None), ""
    except KfctlError as error:
        why = "the app can't be rendered as a whole, so another component may want it"
        return frozenset(), f"{why}: {error.problems[0]}"


def taken(about: Subject, found: Iterable[Found], scope: Scope) -> Iterator[Problem]:
    """Yield which objects an apply of some components would take from others that make them, too.

    An apply of the whole app is refused for objects that are there twice.
    """
    if not about.components:
        return
    by_holder: dict[str, list[Resource]] = {}
    for each in found:
        holder = str(at(each.live, "metadata", "labels", COMPONENT) or "")
        owner = owner_of(each.live, scope) if each.live else None
        if owner and owner.ours and holder and holder not in about.components:
            by_holder.setdefault(holder, []).append(each.wanted)
    for holder, wanted in by_holder.items():
        try:
            makes = _made_by(about, holder)
        except KfctlError:  # it is gone, or broken: a broken neighbour does not matter
            continue
        same = [each for each in wanted if each.key in makes]
        if same:
            names, where = ", ".join(str(each.key) for each in same), f"components/{same[0].component}.yaml"
            message = (
                f"{same[0].component}: {names} would be taken from component {holder}, which makes it too"
            )
            yield Problem(message, Location(where), SAME_NAME)


def _made_by(about: Subject, component: str | None) -> frozenset[Key]:
    """Return what a component of the app makes in the environment; without one, what all of them make."""
    name, chosen = about.environment.name, [component] if component else []
    app = load_app(Path(about.app.root), components=chosen or None, environments=[name])
    rendered = render_app(app, name, chosen)
    namespace = about.environment.target.namespace or "default"
    return frozenset(resource.key for resource in placed(about.cluster, rendered, namespace))
