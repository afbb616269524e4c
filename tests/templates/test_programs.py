"""The programs and foreign texts inside manifests: whatever a user writes comes back from them unchanged."""

from __future__ import annotations

import base64
import json
import runpy
import sys
import urllib.parse
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest

from kfctl.engine.render import Renderer
from kfctl.store.catalog import catalog
from tests.campaign import size
from tests.templates.hostile import texts
from tests.templates.modelconfig import parsed
from tests.templates.modelserver import JPEG, inception, peer
from tests.templates.rendering import resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SMALLEST = {
    "jupyterhub": {},
    "tf-serving": {"modelPath": "/models"},
    "tf-serving-client": {"images": ["a.jpg"]},
}
PROGRAMS = {
    "jupyterhub": [
        "jupyterhub_config.py",
        "authenticators.py",
        "host_check.py",
        "native_accounts.py",
        "proxy_token.py",
        "signed_header.py",
        "spawners.py",
    ],
    "tf-serving-client": ["label.py"],
}
FULL = 2_000


class Rendering:
    """Renders a prototype with values that no schema has seen: they must come through even so."""

    def __init__(self, prototype: str) -> None:
        found = catalog().get(prototype)
        self.sources = catalog().sources(found)
        self.usual = resolved(prototype, SMALLEST[prototype]).plain() | {
            "component": "thing",
            "app": "app",
            "environment": "default",
        }
        self._renderer = Renderer(found, self.sources)

    def __call__(self, **values: Any) -> dict[str, dict[str, Any]]:
        """Return the objects by kind."""
        return {r.kind: dict(r.body) for r in self._renderer.render({**self.usual, **values})}

    def config(self, **values: Any) -> dict[str, str]:
        """Return the files of the ConfigMap."""
        files: dict[str, str] = self(**values)["ConfigMap"]["data"]
        return files


def shaped(usual: Any, take: Callable[[], str]) -> Any:
    """Return hostile texts in the form of a usual value; what holds no text stays as it is."""
    if isinstance(usual, str):
        return take()
    if isinstance(usual, list):
        return [take(), take()]
    if isinstance(usual, dict):
        return {take(): take()}
    return usual


def cases(*parameters: str, usual: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return hostile values for all parameters at once; each parameter gets each text."""
    words = texts(size(FULL))
    for start in range(len(words)):
        number = iter(range(start, start + 10_000))
        yield {
            name: shaped(usual[name], lambda n=number: words[next(n) * 7 % len(words)]) for name in parameters
        }


@pytest.mark.parametrize("prototype", PROGRAMS)
def test_programs_are_the_same_whatever_the_values(prototype: str) -> None:
    render = Rendering(prototype)
    told = list(json.loads(render.config()["values.json"]))
    parameters = [name for name in told if shaped(render.usual[name], str) != render.usual[name]]
    assert len(parameters) >= 8
    for values in cases(*parameters, usual=render.usual):
        files = render.config(**values)
        for program in PROGRAMS[prototype]:
            assert files[program] == render.sources[program]
        found = json.loads(files["values.json"])
        given = {name: value for name, value in values.items() if value}  # an empty text may mean a default
        assert {name: found[name] for name in given} == given


@pytest.mark.parametrize("prototype", PROGRAMS)
def test_programs_are_python(prototype: str) -> None:
    files = Rendering(prototype).config()
    assert {name for name in files if name.endswith(".py")} == set(PROGRAMS[prototype])
    for program in PROGRAMS[prototype]:
        compile(files[program], program, "exec")


class Config(dict[str, Any]):
    """What JupyterHub gives its configuration as `c`: any section, any field."""

    def __getattr__(self, name: str) -> Any:
        return self.setdefault(name, Config())

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def test_the_hub_is_told_exactly_what_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render = Rendering("jupyterhub")
    (tmp_path / "proxy-token").write_text("token")
    for name in ("HUB_STATE", "HUB_RUN"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("POD_NAMESPACE", "ml")
    for module in ("authenticators", "host_check", "tornado", "tornado.web"):  # need JupyterHub
        monkeypatch.setitem(sys.modules, module, MagicMock())
    lists = ["adminUsers", "allowedUsers", "notebookCommand", "notebookImages", "imagePullSecrets", "disks"]
    single = ["jupyterNotebookImage", "storageClass", "notebookServiceAccount", "jupyterNotebookPVCMount"]
    usual = {**render.usual, **dict.fromkeys(single, "x")}
    for values in cases(*lists, *single, usual=usual):
        values["jupyterNotebookPVCMount"] = f"/{values['jupyterNotebookPVCMount']}"
        told = configured(render.config(**values, cullIdle=False), tmp_path)
        assert told.Authenticator.allowed_users == {*values["adminUsers"], *values["allowedUsers"]}
        assert told.Authenticator.admin_users == set(values["adminUsers"])
        spawner = told.KubeSpawner
        assert (spawner.image, spawner.cmd) == (values["jupyterNotebookImage"], values["notebookCommand"])
        assert spawner.image_pull_secrets == values["imagePullSecrets"]
        assert spawner.get("storage_class", "") == values["storageClass"]
        # KubeSpawner formats these: what it makes of them is what was given.
        assert spawner.get("service_account", "").format() == values["notebookServiceAccount"]
        mounted = [mount["mountPath"].format() for mount in spawner.volume_mounts]
        assert mounted == [values["jupyterNotebookPVCMount"], *(f"/mnt/{disk}" for disk in values["disks"])]
        choices = spawner.profile_list[0]["profile_options"]["image"]["choices"].values()
        offered = [choice["kubespawner_override"]["image"] for choice in choices]
        assert offered == list(dict.fromkeys([values["jupyterNotebookImage"], *values["notebookImages"]]))


def configured(files: dict[str, str], folder: Path) -> Config:
    """Return what the hub's configuration sets, run as JupyterHub runs it."""
    (folder / "values.json").write_text(files["values.json"], encoding="utf-8")
    told = Config()
    program = compile(files["jupyterhub_config.py"], "jupyterhub_config.py", "exec")
    exec(program, {"get_config": lambda: told, "__file__": str(folder / "jupyterhub_config.py")})
    return told


def test_extra_configuration_is_a_file_of_its_own() -> None:
    render = Rendering("jupyterhub")
    usual = render.config()
    for text in texts(size(FULL)):
        objects = render(extraConfig=text)
        assert objects["Secret"]["stringData"]["extra_config.py"] == text if text else "Secret" not in objects
        assert objects["ConfigMap"]["data"] == usual


def test_the_client_asks_for_exactly_what_was_given(tmp_path: Path) -> None:
    render = Rendering("tf-serving-client")
    names = ["modelName", "versionLabel", "signatureName", "inputName", "classNames"]
    with peer((200, inception)) as server:
        for values in cases(*names, usual={**render.usual, "versionLabel": "x"}):
            for name, text in render.config(**values, server=server.url).items():
                (tmp_path / name).write_text(text, encoding="utf-8")
            client = runpy.run_path(str(tmp_path / "label.py"))
            client["rest"]()([JPEG])
            path, question = server.asked.pop()
            label = (
                f"/labels/{urllib.parse.quote(values['versionLabel'], safe='')}"
                if values["versionLabel"]
                else ""
            )
            assert path == f"/v1/models/{urllib.parse.quote(values['modelName'], safe='')}{label}:predict"
            content = {"b64": base64.b64encode(JPEG).decode()}
            expected = {
                "signature_name": values["signatureName"],
                "instances": [{values["inputName"]: content}],
            }
            assert question == expected
            assert [client["word"](number) for number in (0, 1, 2)] == [*values["classNames"], "2"]


def test_the_model_server_reads_exactly_what_was_given() -> None:
    render = Rendering("tf-serving")
    words = texts(size(FULL))
    for i, word in enumerate(words):
        other, third = words[i - 1], words[i - 2]
        label, batch = {word: 1, other: 2}, {"thread_pool_name": word}
        more = [{"name": other, "modelPath": f"/{third}", "versionLabels": {third: 3}}]
        objects = render(modelName=word, modelPath=f"/{other}", versionLabels=label, models=more)
        first, second = parsed(
            "ModelServerConfig", objects["ConfigMap"]["data"]["models.config"]
        ).model_config_list.config
        # An empty name means the component's.
        assert (first.name, first.base_path) == (word or render.usual["name"], f"/{other}")
        assert (second.name, second.base_path) == (other, f"/{third}")
        assert {entry.key: entry.value for entry in first.version_labels} == label
        assert [(entry.key, entry.value) for entry in second.version_labels] == [(third, 3)]
        files = render.config(batching=True, batchingParams=batch)
        assert parsed("BatchingParameters", files["batching.config"]).thread_pool_name.value == word
        assert parsed("MonitoringConfig", files["monitoring.config"]).prometheus_config.enable
        (server,) = render(modelName=f"a{word}", modelPath=word)["Deployment"]["spec"]["template"]["spec"][
            "containers"
        ]
        assert f"--model_name=a{word}" in server["args"]
        assert f"--model_base_path={word}" in server["args"]
