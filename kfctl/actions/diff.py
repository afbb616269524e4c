"""What differs between two environments of an app, offline."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from kfctl.model.plan import Action, Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfctl.model.app import App, Environment
    from kfctl.model.resource import Key, Resource


def compare_environments(
    app: App, first: Environment, second: Environment, components: Sequence[str]
) -> tuple[Change, ...]:
    """Return what an apply would do to a cluster that has `first` for it to become `second`."""
    from dataclasses import replace

    from kfctl.actions.secrets import secrets_of
    from kfctl.engine.compare import compare

    before, after = _rendered(app, first, components), _rendered(app, second, components)
    objects = (*before.values(), *after.values())
    theirs, ours = secrets_of(app, first), secrets_of(app, second)
    redactor = theirs.redactor(objects).including(ours.parameters.values())
    was, will = (each.mask(redactor, os.urandom(16)) for each in (theirs, ours))
    will = replace(will, key=was.key)
    changes = []
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            changes.append(Change(key, Action.CREATE if new else Action.DELETE, new))
        else:
            left = was.of(old.secrets.joined(new.secrets))
            mask = replace(will, fields=new.secrets.joined(old.secrets), live=left)
            fields = compare(old.body, new.body, mask)
            changes.append(Change(key, Action.UPDATE if fields else Action.UNCHANGED, new, old.body, fields))
    return tuple(changes)


def _rendered(app: App, environment: Environment, components: Sequence[str]) -> Mapping[Key, Resource]:
    """Return the objects by what they are in any environment: without its own name and namespace."""
    from kfctl.actions.show import render_app

    own = environment.target.namespace or "default"
    found = {}
    for resource in render_app(app, environment.name, components):
        body = _without_environment(resource.body)
        if body["metadata"].get("namespace") == own:
            del body["metadata"]["namespace"]
        neutral = resource.with_body(body)
        found[neutral.key] = neutral
    return found


def _without_environment(value: Any) -> Any:
    """Return a copy without the label that names the environment, on pod templates too."""
    from kfctl.engine.ownership import ENVIRONMENT

    if isinstance(value, dict):
        return {key: _without_environment(inner) for key, inner in value.items() if key != ENVIRONMENT}
    return [_without_environment(inner) for inner in value] if isinstance(value, list) else value
