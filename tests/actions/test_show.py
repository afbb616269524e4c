"""An app rendered whole: layers, patches, stamps, order, and every problem at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfctl.actions.show import lint_own, render_all, render_app
from kfctl.errors import AppError, KfctlError, ParameterError, TemplateError, UsageError
from kfctl.store.appfiles import load_app

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]


def component(prototype: str, params: str = "{}", more: str = "") -> str:
    return f"apiVersion: kfctl/v1\nkind: Component\nprototype: {prototype}\nparams: {params}\n{more}"


def environment(more: str = "") -> str:
    return f"apiVersion: kfctl/v1\nkind: Environment\ntarget: {{namespace: kubeflow}}\n{more}"


BOX = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ name }}
data:
  text: {{ text }}
  place: {{ app }}/{{ environment }}/{{ component }}/{{ namespace }}
"""
FILES = {
    "kfctl.yaml": "apiVersion: kfctl/v1\nkind: App\nname: shop\nid: '1'\nglobals: {text: from the app}\n",
    "environments/default.yaml": environment(),
    "environments/prod.yaml": environment("components: {one: {text: from prod}}\n"),
    "components/one.yaml": component("box"),
    "components/two.yaml": component("box", "{text: mine, name: deux}"),
    "prototypes/box/prototype.yaml": (
        "apiVersion: kfctl/v1\nkind: Prototype\nname: box\nsummary: a box\nuses: [common]\n"
        "parameters: {properties: {text: {type: string, default: none}}}\ntemplates: [box.yaml.j2]\n"
    ),
    "prototypes/box/box.yaml.j2": BOX,
}
RAW = {
    "components/raw.yaml": "apiVersion: kfctl/v1\nkind: Component\nprototype: manifests\n",
    "components/raw/b.yaml": (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: password}\nstringData: {a: b}\n---\n"
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n---\n"
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: other}\nspec: {}\n"
    ),
    "components/raw/a.json": '{"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}}',
}


def bodies(root: Path, name: str = "default", components: tuple[str, ...] = ()) -> dict[str, Any]:
    resources = render_app(load_app(root), name, components)
    return {f"{resource.kind}/{resource.name}": resource.body for resource in resources}


def problems(root: Path, kind: type[KfctlError], components: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(KfctlError) as error:
        render_app(load_app(root), "default", components)
    assert type(error.value) is kind
    return [str(problem) for problem in error.value.problems]


def test_the_layers_meet_in_the_objects(write_tree: Write) -> None:
    root = write_tree(FILES)
    found = bodies(root)
    assert found["ConfigMap/one"]["data"] == {"text": "from the app", "place": "shop/default/one/kubeflow"}
    assert found["ConfigMap/deux"]["data"] == {"text": "mine", "place": "shop/default/two/kubeflow"}
    assert bodies(root, "prod")["ConfigMap/one"]["data"]["text"] == "from prod"


def test_every_object_is_stamped(write_tree: Write) -> None:
    metadata = bodies(write_tree(FILES))["ConfigMap/one"]["metadata"]
    assert metadata["namespace"] == "kubeflow"
    assert metadata["labels"] == {
        "app.kubernetes.io/managed-by": "kfctl",
        "app.kubernetes.io/part-of": "shop",
        "kfctl.dev/app": "shop",
        "kfctl.dev/env": "default",
        "kfctl.dev/component": "one",
    }


def test_a_component_may_name_its_namespace(write_tree: Write) -> None:
    root = write_tree({**FILES, "components/one.yaml": component("box", "{namespace: elsewhere}")})
    found = bodies(root)["ConfigMap/one"]
    assert (found["metadata"]["namespace"], found["data"]["place"]) == (
        "elsewhere",
        "shop/default/one/elsewhere",
    )


def test_without_a_namespace_it_is_default(write_tree: Write) -> None:
    unbound = "apiVersion: kfctl/v1\nkind: Environment\n"
    found = bodies(write_tree({**FILES, "environments/default.yaml": unbound}))
    assert found["ConfigMap/one"]["metadata"]["namespace"] == "default"


def test_raw_manifests_are_objects_like_others(write_tree: Write) -> None:
    root = write_tree({**FILES, **RAW})
    rendered = render_all(load_app(root), "default")
    placed = [
        (str(r.key), r.namespace, r.component, r.origin) for r in rendered.resources if r.component == "raw"
    ]
    assert placed == [
        ("Namespace/other", "", "raw", "components/raw/b.yaml:6"),
        ("Secret/password", "kubeflow", "raw", "components/raw/b.yaml:1"),
        ("Service/web", "other", "raw", "components/raw/b.yaml:10"),
        ("Thing/t", "kubeflow", "raw", "components/raw/a.json:1"),
    ]
    assert rendered.warnings == (
        "components/raw/b.yaml:1: Secret/password holds secret data in the app's files: whoever reads "
        "them reads it",
    )


def test_objects_come_in_the_order_of_an_apply(write_tree: Write) -> None:
    root = write_tree({**FILES, **RAW})
    kinds = [resource.kind for resource in render_app(load_app(root), "default")]
    assert kinds == ["Namespace", "Secret", "ConfigMap", "ConfigMap", "Service", "Thing"]
    assert kinds == [resource.kind for resource in render_app(load_app(root), "default")]


PATCH = "patches:\n- target: {kind: ConfigMap}\n  merge: {data: {text: patched, more: x}}\n"


def test_patches_of_the_component_then_of_the_environment(write_tree: Write) -> None:
    later = "patches: {one: [{target: {name: one}, merge: {data: {more: z}}}]}\n"
    files = {
        "components/one.yaml": component("box", more=PATCH),
        "environments/default.yaml": environment(later),
    }
    data = bodies(write_tree({**FILES, **files}))["ConfigMap/one"]["data"]
    assert (data["text"], data["more"]) == ("patched", "z")


def test_raw_manifests_can_be_patched(write_tree: Write) -> None:
    patch = "patches: {raw: [{target: {kind: Thing}, merge: {spec: 1}}]}\n"
    root = write_tree({**FILES, **RAW, "environments/default.yaml": environment(patch)})
    assert bodies(root)["Thing/t"]["spec"] == 1


def test_a_component_alone_does_not_mind_its_neighbours(write_tree: Write) -> None:
    broken = {
        "components/two.yaml": component("box", "{text: 5}"),
        "components/three.yaml": component("nothing"),
        "components/four.yaml": component("box", "{name: one}"),
    }
    root = write_tree({**FILES, **broken})
    assert list(bodies(root, components=("one",))) == ["ConfigMap/one"]


def test_every_problem_of_every_component_is_told(write_tree: Write) -> None:
    broken = {
        "components/one.yaml": component("box", "{text: 5, txt: a}"),
        "components/two.yaml": component("bax"),
        "components/three.yaml": component("box", more=PATCH.replace("ConfigMap", "Config")),
    }
    assert problems(write_tree({**FILES, **broken}), AppError) == [
        "components/one.yaml:4:10: text must be text, not 5",
        "components/one.yaml:4:19: box has no parameter 'txt'",
        "components/three.yaml:6:3: the patch matches no object (kind Config)",
        "components/two.yaml: there is no prototype 'bax'",
    ]


def test_problems_of_one_kind_stay_of_that_kind(write_tree: Write) -> None:
    bad = component("box", "{text: 5}")
    root = write_tree({**FILES, "components/one.yaml": bad, "components/two.yaml": bad})
    assert len(problems(root, ParameterError)) == 2


def test_a_broken_template_is_told_once_for_each_component(write_tree: Write) -> None:
    root = write_tree({**FILES, "prototypes/box/box.yaml.j2": BOX + "  x: {{ txt }}\n"})
    assert problems(root, TemplateError) == [
        f"prototypes/box/box.yaml.j2:8: {name}: 'txt' is not a parameter, nor set in the template"
        for name in ("one", "two")
    ]


def test_two_components_that_make_one_object_are_refused(write_tree: Write) -> None:
    root = write_tree({**FILES, "components/two.yaml": component("box", "{name: one}")})
    assert problems(root, AppError) == [
        "components/two.yaml: two: ConfigMap/one is there twice: component one makes it too"
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "kind: ConfigMap",
            "prototypes/box/box.yaml.j2: one: an object/one has no kind such as Deployment, but None",
        ),
        (
            "  name: {{ name }}",
            "prototypes/box/box.yaml.j2: one: ConfigMap/(no name) needs metadata.name",
        ),
    ],
)
def test_what_is_no_object_is_refused(write_tree: Write, line: str, said: str) -> None:
    root = write_tree({**FILES, "prototypes/box/box.yaml.j2": BOX.replace(f"{line}\n", "")})
    assert said in problems(root, AppError, ("one",))


def test_unknown_names_are_told_with_what_is_meant(write_tree: Write) -> None:
    app = load_app(write_tree(FILES))
    with pytest.raises(UsageError) as error:
        render_app(app, "prodd")
    assert error.value.problems[0].hint == "did you mean prod?"
    with pytest.raises(UsageError) as error:
        render_app(app, "prod", ["onne", "xyz"])
    assert [problem.hint for problem in error.value.problems] == [
        "did you mean one?",
        "kfctl component list shows them",
    ]


def test_deprecations_are_warnings(write_tree: Write) -> None:
    text = FILES["prototypes/box/prototype.yaml"].replace(
        "default: none", "default: none, deprecated: it is ignored"
    )
    root = write_tree(
        {
            **FILES,
            "prototypes/box/prototype.yaml": text,
            "kfctl.yaml": FILES["kfctl.yaml"].partition("globals")[0],
        }
    )
    assert render_all(load_app(root), "default").warnings == (
        "components/two.yaml:4:10: text is deprecated: it is ignored",
    )


def test_definitions_of_one_component_place_the_objects_of_another(write_tree: Write) -> None:
    definition = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: "
        "things.example.com}\n"
        "spec: {group: example.com, scope: Cluster, names: {kind: Thing}}\n"
    )
    files = {"components/crds.yaml": component("manifests"), "components/crds/crd.yaml": definition}
    found = bodies(write_tree({**FILES, **RAW, **files}))
    assert "namespace" not in found["Thing/t"]["metadata"]


def test_an_empty_app_renders_nothing(write_tree: Write) -> None:
    files = {path: FILES[path] for path in ("kfctl.yaml", "environments/default.yaml")}
    assert bodies(write_tree(files)) == {}


def test_the_apps_own_prototypes_are_looked_over(write_tree: Write) -> None:
    hidden = "{% if text == 'never' %}\nx: {{ txt }}\n{% endif %}\n"
    app = load_app(write_tree({**FILES, "prototypes/box/box.yaml.j2": hidden + BOX}))
    assert len(render_app(app, "default")) == 2
    with pytest.raises(TemplateError) as error:
        lint_own(app)
    assert [str(problem) for problem in error.value.problems] == [
        "prototypes/box/box.yaml.j2:2: 'txt' is not a parameter, nor set in the template"
    ]
    lint_own(load_app(write_tree(FILES)))
