"""What ksonnet's components were told, as today's prototypes are told it: names, types, what is gone."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.engine.resolve import parse_value, problems_of_value
from kfctl.errors import KfctlError, Location, ParameterError, Problem
from kfctl.model.app import Settings
from kfctl.model.ksonnet import Expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kfctl.model.ksonnet import KsApp, KsComponent
    from kfctl.model.parameters import Parameter
    from kfctl.model.prototype import Prototype

    Values = dict[str, Any]

# A prototype of Kubeflow 0.2.5 that is several today; the components are called as these.
PARTS = {"kubeflow-core": ("tf-job-operator", "jupyterhub")}
NO_AMBASSADOR = "there is no Ambassador any more: make a Service of type LoadBalancer, or an Ingress"
A_PROGRAM = "it names a program of then, which today's objects can't run"
UNKNOWN = "today's prototype has no such parameter"
GONE = {
    "AmbassadorImage": NO_AMBASSADOR,
    "AmbassadorServiceType": NO_AMBASSADOR,
    "StatsdImage": NO_AMBASSADOR,
    "tfAmbassadorServiceType": NO_AMBASSADOR,
    "centralUiImage": "there is no central dashboard any more: `kfctl status` shows what runs",
    "jupyterHubImage": A_PROGRAM,
    "tfJobImage": A_PROGRAM,
    "tfJobVersion": "TFJobs are of v1 today",
    "reportUsage": "kfctl reports to nobody",
    "usageId": "kfctl reports to nobody",
}
# What later versions of Kubeflow called parameters of a prototype → what they are called here.
RENAMED = {
    "jupyterhub": {
        "image": "jupyterHubImage",
        "notebookPVCMount": "jupyterNotebookPVCMount",
        "registry": "jupyterNotebookRegistry",
        "repoName": "jupyterNotebookRepoName",
        "serviceType": "jupyterHubServiceType",
    }
}
# Defaults that `ks generate` wrote down as if the user had set them, and that are others today.
FROZEN = {
    "jupyterNotebookRegistry": ("gcr.io",),
    "jupyterNotebookRepoName": ("kubeflow-images-public",),
    "image": ("tensorflow/tensorflow:1.8.0", "gcr.io/tensorflow/tensorflow:latest"),
}
OTHER_MEANING = {
    "disks": "they name claims today, which have to be there: the NFS servers of then are not made"
}
UNSET = ("null", "", "false", False, None)
BY_OBJECTS = "take over its objects: ks show ENV -c NAME > NAME.yaml, then kfctl import NAME.yaml"


@dataclass(frozen=True)
class Overrides:
    """What an environment sets, by component, and for all of them."""

    components: Mapping[str, Values]
    globals: Values


@dataclass(frozen=True)
class Carried:
    """What could be carried over: the components with their prototypes and parameters, and the rest."""

    components: Mapping[str, tuple[Prototype, Values]]
    globals: Values
    environments: Mapping[str, Overrides]
    sources: Mapping[str, KsComponent]  # by component
    left: tuple[Problem, ...]


def carried(app: KsApp, prototypes: Mapping[str, Prototype]) -> Carried:
    """Return what of an app today's prototypes can be told; manifests are no matter of this."""
    targets = {each.name: dict(_targets(each, app, prototypes)) for each in app.components.values()}
    carrier = _Carrier(app, targets)
    components = carrier.components()
    own = {name: values for name, (_, values) in components.items()}
    globals_ = carrier.for_all("globals", app.globals)
    environments = dict(carrier.environments(own))
    sources = {name: app.components[each] for each, names in targets.items() for name in names}
    left = (*app.left, *_without_prototype(app, targets), *carrier.left())
    return Carried(components, globals_, environments, sources, left)


def converted(parameter: Parameter, value: Any) -> Any:
    """Return a value in the type of its parameter, from ksonnet's spellings; None is none."""
    if value is None or value == "null":
        return None
    if isinstance(value, Expression):
        raise ParameterError("it is a program, not a value: set what comes of it")
    if isinstance(value, str) and parameter.type == "list":
        return parse_value(parameter, value.split(",")) if value else []
    if isinstance(value, str):
        return parse_value(parameter, [value]) if value or parameter.type in ("string", "enum") else None
    if parameter.type == "boolean" and isinstance(value, int | float):
        return value != 0
    if parameter.type in ("string", "enum") and isinstance(value, bool | int | float):
        return parse_value(parameter, [json.dumps(value)])
    if problems := list(problems_of_value(parameter, value, None)):
        raise ParameterError.of(problems)
    return value


def _targets(
    component: KsComponent, app: KsApp, prototypes: Mapping[str, Prototype]
) -> Iterator[tuple[str, Prototype]]:
    """Yield our components that take the place of one of ksonnet's, each with its prototype."""
    if component.prototype in PARTS:
        parts = (name for name in PARTS[component.prototype] if name not in app.components)
        yield from ((name, prototypes[name]) for name in parts)
    elif component.prototype in prototypes:
        yield component.name, prototypes[component.prototype]


def _without_prototype(app: KsApp, targets: Mapping[str, Mapping[str, Prototype]]) -> Iterator[Problem]:
    for component in app.components.values():
        where = Location(component.path)
        if not targets[component.name] and not component.is_manifest:
            made = f"made from {component.prototype}, for which kfctl has no prototype"
            said = made if component.prototype else "a program of its own, and kfctl runs none"
            yield Problem(f"{component.name} is {said}", where, BY_OBJECTS)
        elif component.edited:
            hint = f"compare `ks show ENV -c {component.name}` with `kfctl show ENV`"
            yield Problem(f"{component.name}: {component.edited}", where, hint)


@dataclass
class _Carrier:
    """Carries over one layer of values after another, and notes what it could not."""

    app: KsApp
    targets: Mapping[str, Mapping[str, Prototype]]  # by ksonnet's component: ours → its prototype
    # By owner and reason: parameters of one owner with one reason are told together.
    noted: dict[tuple[str, str], list[tuple[str, Location]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def components(self) -> dict[str, tuple[Prototype, Values]]:
        """Return our components with what they are told that is not their prototype's default."""
        found: dict[str, tuple[Prototype, Values]] = {}
        for each in self.app.components.values():
            settings = _without(each.params, self.app.globals.values)  # which were stronger
            for name, values in self._told(each.name, each.name, settings).items():
                prototype = self.targets[each.name][name]
                found[name] = (prototype, {k: v for k, v in values.items() if _is_news(prototype, k, v)})
        return found

    def environments(self, below: Mapping[str, Values]) -> Iterator[tuple[str, Overrides]]:
        """Yield what each environment sets over what is `below`."""
        for environment in self.app.environments.values():
            found: dict[str, Values] = {}
            for each, settings in environment.components.items():
                owner = f"{environment.name}/{each}"
                if each not in self.app.components:
                    where = min(settings.locations.values(), default=environment.where)
                    self._note(owner, "", "there is no such component", where)
                weaker = _without(settings, environment.globals.values)
                for name, values in self._told(owner, each, weaker).items():
                    known = below.get(name, {})
                    found[name] = {k: v for k, v in values.items() if v is not None or k in known}
            given = {name: values for name, values in found.items() if values}
            yield (
                environment.name,
                Overrides(given, self.for_all(f"{environment.name}/globals", environment.globals)),
            )

    def for_all(self, owner: str, settings: Settings) -> Values:
        """Return what is set for all components that know it."""
        every = {p.name: p for targets in self.targets.values() for p in targets.values()}
        found: Values = {}
        for name, value in settings.values.items():
            taken = self._taken(owner, name, value, settings.locations[name], every)
            found |= {key: item for _, key, item in taken if item is not None}
        return found

    def left(self) -> Iterator[Problem]:
        """Yield what could not be carried over."""
        for (owner, reason), named in self.noted.items():
            names = ", ".join(name for name, _ in named if name)
            yield Problem(": ".join(filter(None, (owner, names, reason))), min(where for _, where in named))

    def _note(self, owner: str, name: str, reason: str, where: Location) -> None:
        self.noted[owner, reason].append((name, where))

    def _told(self, owner: str, component: str, settings: Settings) -> dict[str, Values]:
        """Return what each of our components is told of what one of ksonnet's was."""
        targets = self.targets.get(component, {})
        found: dict[str, Values] = {name: {} for name in targets}
        for name, value in settings.values.items() if targets else ():
            if name == "name" and (value == component or component not in targets):
                continue  # it is the default, or the name of what is several components now
            for target, key, item in self._taken(owner, name, value, settings.locations[name], targets):
                found[target][key] = item
        return found

    def _taken(
        self, owner: str, name: str, value: Any, where: Location, targets: Mapping[str, Prototype]
    ) -> Iterator[tuple[str, str, Any]]:
        """Yield which of our components take a value, under which name, as what; or note why none does."""
        takers = {t: p.parameters[key] for t, p in targets.items() if (key := _today(p, name))}
        living = {t: p for t, p in takers.items() if not p.deprecated and p.name not in GONE}
        if not living and value not in UNSET:
            known = next(iter(takers.values()), None)
            reason = GONE.get(known.name if known else name) or (known.deprecated if known else UNKNOWN)
            self._note(owner, name, reason, where)
        for target, parameter in living.items():
            if value in FROZEN.get(parameter.name, ()):
                continue
            try:
                item = converted(parameter, value)
            except KfctlError as error:
                self._note(owner, name, error.message, where)
                continue
            if item and parameter.name in OTHER_MEANING:
                self._note(owner, name, OTHER_MEANING[parameter.name], where)
            yield target, parameter.name, item


def _without(settings: Settings, hidden: Iterable[str]) -> Settings:
    return Settings({k: v for k, v in settings.values.items() if k not in hidden}, settings.locations)


def _today(prototype: Prototype, name: str) -> str | None:
    return prototype.canonical(RENAMED.get(prototype.name, {}).get(name, name))


def _is_news(prototype: Prototype, name: str, value: Any) -> bool:
    """Whether a value is worth keeping: the prototype's default is not."""
    return value is not None and value != prototype.parameters[name].default
