"""Commands read and write nothing outside of the app, whatever links and names its files hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.world import CONFIG_MAP, FILES, THING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Shell

SECRET = "kind: s3cr3t-outside\n"
RAW = "apiVersion: kfctl/v1\nkind: Component\nprototype: manifests\n"
OUTSIDE = {
    "key": SECRET,
    "key.yaml": SECRET,
    "prototype.yaml": SECRET,
    "spec.json": '{"namespace": "s3cr3t"}',
}
KSONNET = "apiVersion: 0.1.0\nkind: ksonnet.io/app\nname: ks\n"


@pytest.fixture
def outside(shell: Shell) -> Path:
    """A directory beside the app with files that no command may show or change."""
    folder = shell.folder.parent / "outside"
    folder.mkdir()
    for name, text in OUTSIDE.items():
        (folder / name).write_text(text)
    return folder


def unchanged(outside: Path) -> bool:
    return {path.name: path.read_text() for path in outside.iterdir()} == OUTSIDE


def link(shell: Shell, path: str, target: Path) -> None:
    place = shell.folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir() and not place.is_symlink():
        place.rename(place.with_name(f"{place.name}-before"))
    place.unlink(missing_ok=True)
    place.symlink_to(target)


@pytest.mark.parametrize(
    ("path", "target", "line"),
    [
        ("kfctl.yaml", "key.yaml", "show"),
        ("components", "", "show"),
        ("components", "", "component list"),
        ("components/web.yaml", "key.yaml", "show"),
        ("components/web.yaml", "key.yaml", "param list"),
        ("environments", "", "env list"),
        ("environments/prod.yaml", "key.yaml", "diff default prod"),
        ("environments/default.yaml", "key.yaml", "validate"),
        ("components/raw/x.yaml", "key.yaml", "show"),
        ("components/raw", "", "show"),
        ("components/raw/more", "", "show"),
        ("prototypes", "", "prototype describe prototype"),
        ("prototypes/thing", "", "show"),
        ("prototypes/thing", "", "prototype lint thing"),
        ("prototypes/thing/prototype.yaml", "key.yaml", "prototype describe thing"),
        ("prototypes/thing/configmap.yaml.j2", "key", "show"),
        ("prototypes/thing/more", "", "show"),
        ("prototypes/thing/extra", "key", "show"),
        ("prototypes/thing/README.md", "key", "prototype lint thing"),
        ("prototypes/thing/examples", "", "prototype lint thing"),
        ("prototypes/thing/examples/a.yaml", "key.yaml", "prototype lint thing"),
        ("prototypes/thing/extra", "key", "prototype copy thing other-thing"),
        ("prototypes/common", "", "show"),
        ("prototypes/common/extra", "key", "show"),
    ],
)
def test_link_that_leads_out_is_refused(
    shell: Shell, outside: Path, path: str, target: str, line: str
) -> None:
    (shell.folder / "components/raw.yaml").write_text(RAW)
    link(shell, path, outside / target)
    done = shell(line)
    assert done.code == 1
    assert f"leads out of {shell.folder}, to {outside}" in done.err
    assert path in done.err
    assert "s3cr3t" not in done.out + done.err
    assert unchanged(outside)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("components", "component rm web --yes"),
        ("components", "generate thing new --path=/x"),
        ("components", "component rename web new"),
        ("components", "import manifest.yaml"),
        ("components/web.yaml", "param set web numGpus 2"),
        ("environments", "env add staging"),
        ("environments", "env rm default --leave"),
        ("environments/default.yaml", "param set web numGpus 2 --env default"),
        ("kfctl.yaml", "param set --global numGpus 2"),
        ("prototypes", "prototype new mine"),
        ("prototypes", "prototype copy tf-serving"),
        ("rendered", "show --output-dir rendered"),
        ("rendered", "show --output-dir rendered/deep"),
        ("rendered/.kfctl-files", "show --output-dir rendered"),
        ("rendered/configmap-web.yaml", "show --output-dir rendered"),
        ("../rendered", "show --output-dir ../rendered"),
    ],
)
def test_no_command_writes_through_a_link(shell: Shell, outside: Path, path: str, line: str) -> None:
    (shell.folder / "manifest.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    link(shell, path, outside / "key.yaml" if path.endswith((".yaml", "-files")) else outside)
    done = shell(line)
    assert done.code in {1, 2}, done
    assert "s3cr3t" not in done.out + done.err
    assert unchanged(outside)


def test_linked_temporary_file_is_not_written(shell: Shell, outside: Path) -> None:
    for name in (".configmap-web.yaml.tmp", "..kfctl-files.tmp", ".kfctl-lock", ".kfctl-tmp-0"):
        link(shell, f"rendered/{name}", outside / "key.yaml")
    assert shell("show --output-dir rendered").code == 0
    assert unchanged(outside)


def test_links_inside_the_app_are_followed(shell: Shell) -> None:
    before = shell("show").out
    for old, new in (
        ("components", "shared/c"),
        ("prototypes/thing", "shared/p"),
        ("environments", "shared/e"),
    ):
        (shell.folder / new).parent.mkdir(exist_ok=True)
        (shell.folder / old).rename(shell.folder / new)
        (shell.folder / old).symlink_to(shell.folder / new)
    assert shell("show").out == before
    assert shell("param set web numGpus 2").code == 0
    assert "numGpus: 2" in shell.read("shared/c/web.yaml")


@pytest.mark.parametrize("name", ["../../../outside/key", "{outside}/key", "..", ".hidden", ""])
@pytest.mark.parametrize("entry", ["uses: ['{0}']", "templates: ['{0}']", "templates: [{{file: '{0}'}}]"])
def test_names_in_a_prototype_are_no_paths_out_of_it(
    shell: Shell, outside: Path, entry: str, name: str
) -> None:
    thing = THING.replace("templates: [configmap.yaml.j2]\n", "")
    said = []
    for exists in (True, False):
        given = name.format(outside=outside) + ("" if exists or not name.endswith("key") else "-missing")
        path = shell.folder / "prototypes/thing/prototype.yaml"
        path.write_text(f"{thing}{entry.format(given)}\n")
        done = shell("show")
        assert done.code == 1 and "prototypes/thing/prototype.yaml:" in done.err
        said.append(done.err.replace("-missing", ""))
    assert said[0] == said[1] and "s3cr3t" not in said[0]


@pytest.mark.parametrize("name", ["../prototypes/thing", "/thing", "a/b", ".thing"])
def test_prototype_of_a_component_is_no_path(shell: Shell, name: str) -> None:
    (shell.folder / "components/web.yaml").write_text(
        f"apiVersion: kfctl/v1\nkind: Component\nprototype: {name}\n"
    )
    done = shell("show")
    assert (done.code, "components/web.yaml:3:12: prototype must be a name" in done.err) == (1, True)


@pytest.mark.parametrize(
    "environments",
    [
        "{default: {path: ../../outside}}",
        "{default: {path: '{outside}'}}",
        "{'../../outside': {}}",
        "{default: {path: a/../../../outside}}",
    ],
)
def test_ksonnet_path_leads_nowhere_else(shell: Shell, outside: Path, environments: str) -> None:
    ks = shell.folder.parent / "ks"
    (ks / "environments").mkdir(parents=True)
    (ks / "app.yaml").write_text(
        f"{KSONNET}environments: {environments.replace('{outside}', str(outside))}\n"
    )
    done = shell("import ../ks ../new")
    assert done.code == 1 and "app.yaml:4:" in done.err
    assert "s3cr3t" not in done.out + done.err
    assert not (shell.folder.parent / "new").exists()


@pytest.mark.parametrize(
    "path",
    [
        "app.override.yaml",
        "components",
        "components/x.yaml",
        "components/x.jsonnet",
        "components/params.libsonnet",
        "environments",
        "environments/default",
        "environments/default/spec.json",
        "environments/default/params.libsonnet",
        "environments/default/main.jsonnet",
        "vendor",
        "vendor/kubeflow",
    ],
)
def test_link_out_of_a_ksonnet_app_is_refused(shell: Shell, outside: Path, path: str) -> None:
    ks = shell.folder.parent / "ks"
    (ks / "components").mkdir(parents=True)
    (ks / "environments/default").mkdir(parents=True)
    (ks / "app.yaml").write_text(f"{KSONNET}environments: {{default: {{path: default}}}}\n")
    target = outside if "." not in path else outside / "key"
    link(shell, f"../ks/{path}", target)
    done = shell("import ../ks ../new")
    assert done.code == 1 and f"to {target}" in done.err
    assert "s3cr3t" not in done.out + done.err
    assert not (shell.folder.parent / "new").exists()


def test_link_out_of_an_imported_directory_is_refused(shell: Shell, outside: Path) -> None:
    link(shell, "../deploy/x.yaml", outside / "key.yaml")
    done = shell("import ../deploy")
    assert done.code == 1 and "x.yaml: the link leads out" in done.err
    assert "components/deploy.yaml" not in shell.files()


def test_named_files_may_be_links(shell: Shell, outside: Path) -> None:
    (outside / "values.yaml").write_text("path: /from-a-file\n")
    (outside / "manifest.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    for name in ("values.yaml", "manifest.yaml"):
        link(shell, name, outside / name)
    assert shell("generate thing new -f values.yaml").code == 0
    assert shell("import manifest.yaml").code == 0
    assert "/from-a-file" in shell("show -c new").out


@pytest.mark.parametrize("line", ["show", "validate", "component list", "diff default prod", "show -c web"])
def test_prototype_that_hides_a_shipped_one_is_announced(shell: Shell, line: str) -> None:
    folder = shell.folder / "prototypes/tf-serving"
    folder.mkdir()
    (folder / "prototype.yaml").write_text(THING.replace("name: thing", "name: tf-serving"))
    (folder / "configmap.yaml.j2").write_text(CONFIG_MAP)
    for name in ("web", "other"):
        path = shell.folder / f"components/{name}.yaml"
        path.write_text(FILES[f"components/{name}.yaml"].replace("thing", "tf-serving"))
    assert shell(line).err.count("prototypes/tf-serving: the app's own prototype replaces the shipped") == 1
