"""Every example of every prototype, as it renders today: `pytest --update-golden` rewrites the goldens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kfctl import yamltext
from kfctl.engine.render import Renderer
from kfctl.store.catalog import catalog
from tests.templates.rendering import every_example, rendered, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.model.prototype import Example

GOLDEN = Path(__file__).parent.parent / "golden"
EXAMPLES = every_example()
IDS = [f"{prototype}/{example.name}" for prototype, example in EXAMPLES]
PROTOTYPES = catalog().names()


@pytest.mark.parametrize(("prototype", "example"), EXAMPLES, ids=IDS)
def test_example_renders_as_before(prototype: str, example: Example, update_golden: bool) -> None:
    golden = GOLDEN / prototype / f"{example.name}.yaml"
    text = expected_text(prototype, example)
    if update_golden:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert golden.is_file(), "a new example: pytest --update-golden writes what it renders"
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("prototype", PROTOTYPES)
def test_one_renderer_gives_all_examples_what_one_of_its_own_gives_each(prototype: str) -> None:
    found = catalog().get(prototype)
    renderer = Renderer(found, catalog().sources(found))
    own = {"component": prototype, "app": "examples", "environment": "default"}
    for _, example in [each for each in EXAMPLES if each[0] == prototype] * 2:
        values = {**resolved(prototype, example.params).plain(), **own}
        assert renderer.render(values) == rendered(prototype, example.params)


def expected_text(prototype: str, example: Example) -> str:
    """Return the objects as YAML; what is as in the smallest example is named, not shown again."""
    bodies = {str(resource.key): resource.body for resource in rendered(prototype, example.params)}
    usual = {} if example.name == "smallest" else smallest(prototype)
    same = [key for key, body in bodies.items() if usual.get(key) == body]
    head = f"# As in smallest.yaml: {', '.join(same)}\n" if same else ""
    shown = [without_known_texts(body, usual.get(key)) for key, body in bodies.items() if key not in same]
    return head + yamltext.dump_all(shown)


def smallest(prototype: str) -> dict[str, Mapping[str, Any]]:
    """Return the objects of the prototype's smallest example, by key."""
    (example,) = (shown for name, shown in EXAMPLES if (name, shown.name) == (prototype, "smallest"))
    return {str(resource.key): resource.body for resource in rendered(prototype, example.params)}


def without_known_texts(body: Mapping[str, Any], usual: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Leave out the programs in a ConfigMap that are the smallest example's."""
    if usual is None or body["kind"] != "ConfigMap":
        return body
    known = usual["data"]
    data = {k: "(as in smallest.yaml)" if known.get(k) == text else text for k, text in body["data"].items()}
    return {**body, "data": data}


@pytest.mark.parametrize(("prototype", "example"), EXAMPLES, ids=IDS)
def test_example_says_what_it_shows_and_uses_nothing_old(prototype: str, example: Example) -> None:
    assert example.summary
    assert not resolved(prototype, example.params).warnings


@pytest.mark.parametrize(("prototype", "example"), EXAMPLES, ids=IDS)
def test_every_port_says_its_protocol(prototype: str, example: Example) -> None:
    for resource in rendered(prototype, example.params):
        for port in ports(resource.body):
            assert port.get("protocol"), f"{resource.key}: {port}"


def ports(body: object) -> list[dict[str, object]]:
    """Return every port of a Service, a container or a NetworkPolicy, wherever it stands."""
    if isinstance(body, list):
        return [port for part in body for port in ports(part)]
    if not isinstance(body, dict):
        return []
    own = [port for port in body.get("ports") or [] if isinstance(port, dict)]
    return own + [port for key, part in body.items() if key != "ports" for port in ports(part)]


def test_no_golden_is_left_of_an_example_that_is_gone() -> None:
    written = {str(path.relative_to(GOLDEN).with_suffix("")) for path in GOLDEN.rglob("*.yaml")}
    assert written <= set(IDS)


@pytest.mark.parametrize("prototype", PROTOTYPES)
def test_prototype_has_a_readme_and_a_smallest_example(prototype: str) -> None:
    shelf = catalog()
    found = shelf.get(prototype)
    assert "<!-- parameters -->" in shelf.readme(found)
    assert "<!-- /parameters -->" in shelf.readme(found)
    assert "smallest" in {example.name for example in shelf.examples(found)}
    assert found.summary
    assert found.description


@pytest.mark.parametrize("prototype", PROTOTYPES)
def test_every_parameter_says_what_it_means(prototype: str) -> None:
    for parameter in catalog().get(prototype).parameters.values():
        assert parameter.help.endswith((".", "…", "://…")), f"{parameter.name}: {parameter.help}"
