"""Prototypes are found, read whole, and refused with every fault and its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kfctl.engine.lint import lint
from kfctl.errors import AppError, Location, UsageError
from kfctl.store.catalog import catalog, shipped_folder
from tests.store.ownprototype import FILES, OWN, P

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

SHIPPED = (
    "jupyterhub",
    "manifests",
    "tensorboard",
    "tf-job",
    "tf-job-operator",
    "tf-serving",
    "tf-serving-client",
)


def test_the_shipped_prototypes() -> None:
    assert catalog().names() == SHIPPED
    assert [prototype.name for prototype in catalog().all()] == list(SHIPPED)
    assert all(prototype.shipped and prototype.summary for prototype in catalog().all())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_prototype_is_whole(name: str) -> None:
    prototype = catalog().get(name)
    assert lint(prototype, catalog().sources(prototype)) == []
    assert catalog().examples(prototype)[0].name == "smallest"
    assert all(example.summary for example in catalog().examples(prototype))
    assert catalog().readme(prototype).startswith("# ")
    for parameter in prototype.parameters.values():
        assert parameter.help, parameter.name


def test_an_app_has_its_own_prototypes(write_tree: Write) -> None:
    found = catalog(write_tree(FILES))
    own = found.get("own")
    assert found.names() == tuple(sorted([*SHIPPED, "own"]))
    assert (own.name, own.shipped, own.summary) == ("own", False, "a prototype of the app")
    assert str(own.where) == "prototypes/own/prototype.yaml:1"
    assert [(t.file, t.when) for t in own.templates] == [
        ("deployment.yaml.j2", ""),
        ("service.yaml.j2", "image"),
    ]
    assert own.spawns == ({"app": "web"},)
    assert found.readme(own) == "# own\n"
    assert [(e.name, e.summary) for e in found.examples(own)] == [
        ("smallest", "the least there is"),
        ("bare", ""),
        ("gpu", "with a GPU"),
    ]


def test_groups_join_a_prototype_and_it_wins(write_tree: Write) -> None:
    own = catalog(write_tree(FILES)).get("own")
    names = list(own.parameters)
    assert names[:3] == ["image", "imagePullPolicy", "team"]
    assert "nodeSelector" in names  # of the shipped group `common`
    assert own.parameters["imagePullPolicy"].default == "Never"
    assert own.parameters["imagePullPolicy"].schema["enum"] == ["Always", "IfNotPresent", "Never"]
    assert [name for name in names if own.parameters[name].required] == ["image"]
    assert own.schema["additionalProperties"] is False


def test_sources_are_the_prototypes_files_and_the_shared_ones(write_tree: Write) -> None:
    root = write_tree(FILES)
    found = catalog(root)
    sources = found.sources(found.get("own"))
    assert sources["sub/program.py"] == "print()\r\n"
    assert sources["common/team.j2"].startswith("{% macro team")
    assert sources["common/pod.j2"] == (shipped_folder() / "common/pod.j2").read_text()
    assert not {"prototype.yaml", "README.md", "examples/gpu.yaml"} & sources.keys()


def test_sources_include_links_inside_the_app_only(write_tree: Write) -> None:
    root = write_tree({**FILES, "shared.txt": "shared"})
    folder = root / "prototypes/own"
    (folder / "link.txt").symlink_to(root / "shared.txt")
    (folder / "inside.txt").symlink_to("service.yaml.j2")
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    sources = catalog(root).sources(catalog(root).get("own"))
    assert sources.keys() & {"link.txt", "inside.txt", "binary"} == {"link.txt", "inside.txt"}
    (folder / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(AppError, match=r"^prototypes/own/passwd: the link leads out of .*, to /etc/passwd"):
        catalog(root).sources(catalog(root).get("own"))


@pytest.mark.parametrize("template", ["service.yaml.j2", "static.yaml"])
def test_a_template_that_is_no_text_says_so(write_tree: Write, template: str) -> None:
    root = write_tree({**FILES, P: OWN.replace("deployment.yaml.j2", template)})
    (root / "prototypes/own" / template).write_bytes(b"a: b\nc: caf\xe9\n")
    with pytest.raises(AppError) as error:
        catalog(root).sources(catalog(root).get("own"))
    assert str(error.value).startswith(f"prototypes/own/{template}:2:7: byte 0xe9 is not UTF-8")


@pytest.mark.parametrize("template", ["README.md", "examples/gpu.yaml"])
def test_a_template_is_a_file_of_the_prototypes_folder(write_tree: Write, template: str) -> None:
    root = write_tree({**FILES, P: OWN.replace("deployment.yaml.j2", template)})
    with pytest.raises(AppError, match=f"^prototypes/own/{template}: this can't be a template"):
        catalog(root).sources(catalog(root).get("own"))


@pytest.mark.parametrize("file", ["README.md", "examples/gpu.yaml"])
def test_what_explains_a_prototype_is_told_by_its_place_in_the_app(write_tree: Write, file: str) -> None:
    root = write_tree(FILES)
    (root / "prototypes/own" / file).write_bytes(b"\xff")
    own = catalog(root).get("own")
    with pytest.raises(AppError) as error:
        catalog(root).readme(own), catalog(root).examples(own)
    assert str(error.value).startswith(f"prototypes/own/{file}:1:1: byte 0xff is not UTF-8")


def test_the_apps_own_prototype_wins_over_a_shipped_one(write_tree: Write) -> None:
    text = OWN.replace("name: own", "name: tf-serving")
    files = {path.replace("own", "tf-serving"): body for path, body in FILES.items()}
    found = catalog(write_tree({**files, "prototypes/tf-serving/prototype.yaml": text}))
    assert found.names() == SHIPPED
    assert not found.get("tf-serving").shipped


@pytest.mark.parametrize("name", ["", ".", "..", "common", "tf-serving/../tf-job", "/etc", "nul\0l"])
def test_no_name_leads_elsewhere(name: str) -> None:
    with pytest.raises(UsageError, match="there is no prototype"):
        catalog().get(name)


def test_an_unknown_prototype_is_told_to_whom_asked() -> None:
    with pytest.raises(UsageError) as asked:
        catalog().get("tf-servin")
    assert asked.value.problems[0].hint == "did you mean tf-serving?"
    with pytest.raises(AppError) as written:
        catalog().get("xyz", Location("components/web.yaml", 3))
    assert str(written.value) == "components/web.yaml:3: there is no prototype 'xyz'"
    assert written.value.problems[0].hint == "kfctl prototype list shows them"


def test_every_broken_prototype_is_told(write_tree: Write) -> None:
    files = {"prototypes/a/prototype.yaml": "- 1\n", "prototypes/b/prototype.yaml": "- 1\n"}
    with pytest.raises(AppError) as error:
        catalog(write_tree(files)).all()
    assert [problem.where.path for problem in error.value.problems if problem.where] == list(files)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "deployment.yaml.j2",
            "{% if image %}\na: {{ imag }}\n{% endif %}",
            "prototypes/own/deployment.yaml.j2:2: 'imag' is not a parameter, nor set in the template",
        ),
        (
            "deployment.yaml.j2",
            "\n{% if %}",
            "prototypes/own/deployment.yaml.j2:2: Expected an expression, got 'end of statement block'",
        ),
        (
            "deployment.yaml.j2",
            "{% for x in range(2) %}{{ loop.index }}{{ x }}{% endfor %}{% macro m(a) %}{{ a }}{{ caller() "
            "}}{% endmacro %}{% set s = m %}{{ s }}{{ file('x') }}{{ component }}{% from 'common/team.j2' "
            "import team as t %}{{ t() }}",
            "",
        ),
        (
            "prototype.yaml",
            OWN.replace("when: image", "when: imag"),
            "prototypes/own/prototype.yaml:13:5: when: imag: 'imag' is not a parameter, nor set in the "
            "template",
        ),
        (
            "prototype.yaml",
            OWN.replace("minLength: 1", "minLength: 1, default: ''"),
            "prototypes/own/prototype.yaml:9:5: the default of image must not be empty",
        ),
    ],
)
def test_lint_sees_every_branch(write_tree: Write, file: str, text: str, said: str) -> None:
    found = catalog(write_tree({**FILES, f"prototypes/own/{file}": text}))
    own = found.get("own")
    assert [str(problem) for problem in lint(own, found.sources(own))] == ([said] if said else [])


def test_a_prototype_that_can_not_be_read(write_tree: Write) -> None:
    root = write_tree(FILES)
    (root / P).write_bytes(b"name: \xff\n")
    with pytest.raises(AppError, match=f"{P}:1:7: byte 0xff is not UTF-8"):
        catalog(root).get("own")


def test_an_example_without_params_is_refused(write_tree: Write) -> None:
    root = write_tree({**FILES, "prototypes/own/examples/gpu.yaml": "a: 1\n"})
    with pytest.raises(AppError, match="an example is a map with `params:`"):
        catalog(root).examples(catalog(root).get("own"))


def test_shipped_prototype_uses_no_files_of_the_app(write_tree: Write) -> None:
    common = {"prototypes/common/pod.j2": "{{ own }}", "prototypes/common/common.yaml": "properties: {}\n"}
    found = catalog(write_tree({**FILES, **common}))
    shipped = found.get("tensorboard")
    assert found.sources(shipped) == catalog().sources(shipped)
    assert shipped.schema == catalog().get("tensorboard").schema
    assert found.sources(found.get("own"))["common/pod.j2"] == "{{ own }}"
