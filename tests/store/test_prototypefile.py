"""What is wrong with a `prototype.yaml` is told whole, with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kfctl.errors import AppError
from kfctl.store.catalog import catalog
from tests.store.ownprototype import FILES, OWN, P

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]


def refused(write_tree: Write, text: str, **files: str) -> list[str]:
    root = write_tree({**FILES, **files, P: text})
    with pytest.raises(AppError) as error:
        catalog(root).get("own")
    return [f"{problem}|{problem.hint}" if problem.hint else str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: own", "name: other", f"{P}:3:1: name must be own"),
        ("kind: Prototype", "kind: Component", f"{P}:2:1: kind must be Prototype"),
        ("kfctl/v1", "kfctl/v2", f"{P}:1:1: apiVersion must be kfctl/v1"),
        ("summary: a prototype of the app", "summary:", f"{P}:4:1: summary must be text"),
        ("summary:", "sumary:", f"{P}:4:1: sumary is nothing that a prototype has: did you mean summary?"),
        ("uses: [team, common]", "uses: team", f"{P}:5:1: uses must be a list of names"),
        (
            "uses: [team, common]",
            "uses: [teem]",
            f"{P}:5:1: there is no group of parameters 'teem'|did you mean team?",
        ),
        (
            "minLength: 1",
            "minLenght: 1",
            f"{P}:9:27: parameters.properties.image.minLenght is no keyword that kfctl knows: did you mean "
            "minLength?",
        ),
        (
            "minLength: 1",
            "minLength: -1",
            f"{P}:9:27: parameters.properties.image.minLength must be a count: 0, 1, 2 …",
        ),
        (
            "type: string",
            "type: sting",
            f"{P}:9:13: parameters.properties.image.type must be one or a list of string, integer, number, "
            "boolean, array, object, null",
        ),
        (
            "minLength: 1",
            "pattern: '('",
            f"{P}:9:27: parameters.properties.image.pattern must be a regular expression in the dialect RE2: "
            "missing ): (",
        ),
        (
            "    image:",
            "    not:",
            f"{P}:9:5: parameters.properties.not is a name that templates need for something else",
        ),
        (
            "    image:",
            "    my-image:",
            f"{P}:9:5: parameters.properties.my-image must be a name of letters, digits and _",
        ),
        (
            "{type: string, minLength: 1}",
            "5",
            f"{P}:9:5: parameters.properties.image must be a schema: a map of keywords",
        ),
        ("[image]", "[imag]", f"{P}:7:3: parameters.required 'imag' is no parameter: did you mean image?"),
        (
            "minLength: 1}",
            "aliases: [team]}",
            f"{P}:8:3: parameters.properties.team 'team' already means image",
        ),
        (
            "  - deployment.yaml.j2",
            "  - deploymint.yaml.j2",
            f"{P}:12:5: templates[0] there is no file deploymint.yaml.j2 in the prototype's folder: did "
            "you mean deployment.yaml.j2?",
        ),
        (
            "when: image",
            "if: image",
            f"{P}:13:5: templates[1] must be the name of a file, or a map {{file, when}}",
        ),
        ("[{app: web}]", "[app]", f"{P}:14:1: spawns must be a list of label selectors, each a map of texts"),
        (
            "spawns: [{app: web}]",
            "cautions: [{if: {}}]",
            f"{P}:14:12: cautions[0] must be a map {{if, message}}: a schema, and what to tell where it "
            "holds",
        ),
        (
            "spawns: [{app: web}]",
            "cautions: [{if: {propertes: {}}, message: x}]",
            f"{P}:14:18: cautions[0].if.propertes is no keyword that kfctl knows: did you mean properties?",
        ),
        (
            OWN,
            "- 1\n",
            f"{P}:1:1: a prototype is a map: apiVersion, kind, name, summary, parameters, templates",
        ),
        (OWN, "", f"{P}: a prototype is a map: apiVersion, kind, name, summary, parameters, templates"),
    ],
)
def test_faults(write_tree: Write, old: str, new: str, said: str) -> None:
    assert said in refused(write_tree, OWN.replace(old, new))


def test_all_faults_at_once(write_tree: Write) -> None:
    text = (
        OWN.replace("kind: Prototype", "kind: X")
        .replace("type: string", "typ: string")
        .replace("spawns", "spawn")
    )
    assert len(refused(write_tree, text)) == 3


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (
            "properties: {team: {typ: string}}\n",
            "prototypes/common/team.yaml:1:21: properties.team.typ is no keyword that kfctl knows: did "
            "you mean type?",
        ),
        ("- 1\n", "prototypes/common/team.yaml:1:1: must be a schema: a map of keywords"),
        (
            "propertees: {}\n",
            "prototypes/common/team.yaml:1:1: propertees is no keyword that kfctl knows: did you mean "
            "properties?",
        ),
        (
            "a: [\n",
            "prototypes/common/team.yaml:2:1: did not find expected node content",
        ),
    ],
)
def test_faults_of_a_group(write_tree: Write, group: str, said: str) -> None:
    (found,) = refused(write_tree, OWN, **{"prototypes/common/team.yaml": group})
    assert found.startswith(said)
