"""Secrets appear in no output, error, history or annotation, whatever is asked and whatever goes wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.errors import ExitCode
from tests.cluster.access import KubectlError
from tests.cluster.processes import wait_until
from tests.proof.canary import (
    CONFIG_MAP,
    DATA,
    PARAMETER,
    PASSWORD,
    PIN,
    TEXT,
    TOKEN,
    Canary,
    encoded,
    kubeconfig,
    leaks,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.access import Cluster
    from tests.proof.world import World

# All but `show`, whose manifests are for `kubectl apply -f -`.
READS = """
validate · validate --server · diff · diff -o json · diff -o markdown · diff default other
diff default other -o json · apply --dry-run · apply --dry-run -o json · show -o name
status · status -o json · list · list -o json · list -o yaml
history · history -o json · history -o yaml · fsck · param list · param list --all · param list -o json
param list -o yaml --all · param list own --env other · param describe own · param describe own token
param describe own pin -o json · param diff default other · param diff default other -o json
env list · env describe default · component list -o yaml · component describe own
component describe own -o json · prototype describe own
"""
WRITES = """
apply -o json · apply · param set own token {parameter}2 · param set own pin {pin}0 --env other
apply --yes · rollback default 1 --yes · rollback default 1 --yes · fsck --repair
component rename own mine · component rename mine own · generate own again --token={parameter} --pin={pin}
component rm again · param unset own pin --env other · delete --yes -o json · delete --yes · apply
delete --yes
"""
WRONG = """
param set own pin {parameter} · param set own token=x{pin} nosuch=1 · param set own token abc
param set own pin -{pin} · param set own pin 0 · generate own third --pin={parameter}
generate own own --token={parameter}
"""


@pytest.fixture
def canary(world: World, tmp_path: Path) -> Canary:
    """An app full of secrets, and a user who is known by one."""
    path = kubeconfig(world, tmp_path / "secret-kubeconfig", token=TOKEN)
    made = Canary(world, path)
    made.write()
    return made


def commands(text: str) -> list[list[str]]:
    given = text.format(parameter=PARAMETER, pin=PIN).replace("\n", " · ").split(" · ")
    return [line.split() for line in given if line.strip()]


def check(canary: Canary, *words: str, **how: Any) -> int:
    """Run a command and see that it told nothing."""
    ran = canary.run(*words, **how)
    assert "Traceback" not in ran.stderr, ran.stderr
    assert not leaks(ran.stdout + ran.stderr), f"{words}: {ran.stdout}{ran.stderr}"
    return ran.returncode


def test_no_command_tells_a_secret(canary: Canary) -> None:
    reads, writes = commands(READS), commands(WRITES)
    for words in [*reads, *writes[:2], *reads, *writes[2:]]:
        assert check(canary, *words) in (0, 10), words
        for name, text in [*canary.kept(), *canary.written()] if words in writes else ():
            assert not leaks(text), f"after {words}: {name}"
    for words in commands(WRONG):
        assert check(canary, *words) != 0


def test_show_prints_manifests_that_work(canary: Canary) -> None:
    shown = canary.run("show").stdout
    assert encoded(DATA) in shown and PARAMETER in shown


def test_no_plan_file_tells_a_secret(canary: Canary, tmp_path: Path) -> None:
    path = tmp_path / "the.plan"
    for change in ((), ("param", "set", "own", f"token={PARAMETER}2", f"pin={PIN}0")):
        assert not change or check(canary, *change) == 0
        assert check(canary, "apply", "--plan-out", str(path)) == 0
        assert not leaks(path.read_text())
        assert check(canary, "param", "set", "own", "token", f"{PARAMETER}3") == 0
        assert check(canary, "apply", "--plan", str(path), "--yes", "-o", "json") == 5
        assert check(canary, "param", "set", "own", "token", f"{PARAMETER}2" if change else PARAMETER) == 0
        assert check(canary, "apply", "--plan", str(path), "--yes") == 0


def quoted_by_the_webhook(world: World) -> None:
    """Have the webhook refuse every Secret of the app, and quote it."""
    asks = world.webhook.configuration(world.group, "quotes.example.com", "secrets")
    asked = asks["webhooks"][0]
    asked["rules"][0]["apiGroups"] = [""]
    asked["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": world.namespace}}
    world.cluster.kubectl("create", "-f", "-", input=json.dumps(asks))
    world.webhook.quotes = True
    assert wait_until(lambda: bool(world.webhook.asked) or not tried(world), 30)


def tried(world: World) -> bool:
    """Whether a Secret is let pass now."""
    try:
        world.cluster.kubectl("create", "secret", "generic", "x", "--dry-run=server", "-n", world.namespace)
    except KubectlError:
        return False
    return True


ASKING = (("apply",), ("apply", "-o", "json"), ("diff",), ("validate", "--server"))


def test_what_the_server_says_of_a_value_is_told_without_it(canary: Canary) -> None:
    quoted_by_the_webhook(canary.world)
    for words in ASKING:
        assert check(canary, *words) not in (0, 10), words
    canary.world.webhook.quotes = False
    wrong: tuple[dict[str, Any], ...] = (
        {"label": f"{PARAMETER}?"},  # no value of a label
        {"raw": {"data": {"key": f"{DATA}?"}}},  # no base64
        {"raw": {"stringData": {"pin": PIN}}},  # no text
        {"raw": {"stringData": {"deep": {"er": TEXT}}}},
        {"raw": {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": TEXT}}},
    )
    for each in wrong:
        canary.write(**each)
        for words in ASKING:
            assert check(canary, *words) not in (0, 10), (each, words)


def test_what_a_pod_says_of_itself_is_told_without_it(canary: Canary) -> None:
    space = canary.world.namespace
    spec = {"containers": [{"name": "main", "image": "nosuch"}], "restartPolicy": "Never"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "talker"}, "spec": spec}
    canary.put("components/all/pod.yaml", json.dumps(pod))
    assert check(canary, "apply", "--no-wait") == 0
    said = f"can't log in with {DATA}, {PARAMETER} or {TEXT}"
    ended = {"exitCode": 1, "reason": "Error", "message": said}
    container = {"name": "main", "image": "nosuch", "imageID": "", "ready": False, "restartCount": 0}
    status = {"phase": "Failed", "containerStatuses": [{**container, "state": {"terminated": ended}}]}
    patch = json.dumps({"status": status})
    canary.world.cluster.kubectl(
        *("patch", "pod", "talker", "-n", space, "--subresource=status", "--type=merge", "-p", patch)
    )
    for words in (("status",), ("status", "-o", "json"), ("apply",), ("apply", "-o", "json")):
        ran = canary.run(*words)
        told = ran.stdout + ran.stderr
        assert "can't log in with (secret), (secret) or (secret)" in told, (words, told)
        assert not leaks(told), (words, told)


TEMPLATES = (
    "{{ token.nosuch }}",
    "{{ token | int(nosuch=1) }}",
    "{{ token + 1 }}",
    "{{ {}[token] }}",
    "{{ token | nosuch }}",
    "{{ [1, 2][token] }}",
    "{{ token }}: {{ token }}\n  {{ token }}: x",
    "{% include token %}",
    "{{ token % 3 }}",
    "{{ pin / 0 }}",
    "{{ pin.nosuch.more }}",
    "{{ token() }}",
    "{% if token > 3 %}x{% endif %}",
    "{{ token | from_json }}",
)


def test_what_a_template_does_with_a_value_is_told_without_it(canary: Canary) -> None:
    for template in TEMPLATES:
        canary.put("prototypes/own/configmap.yaml.j2", CONFIG_MAP.replace("{{ pin }}", template))
        assert check(canary, "validate") in (0, 1), template
        canary.put("prototypes/own/configmap.yaml.j2", template)
        assert check(canary, "validate") == 1, template


USERS: tuple[dict[str, Any], ...] = (
    {"token": f"{TOKEN}\nx"},
    {"token": f"{TOKEN}€"},
    {"token": {"a": TOKEN}},
    {"username": "u", "password": f"{PASSWORD}\n"},
    {"client-certificate-data": TOKEN, "client-key-data": PASSWORD},
    {"client-certificate-data": encoded(TOKEN), "client-key-data": encoded(PASSWORD)},
    {"exec": {"command": "echo", "args": [TOKEN], "env": [{"name": "A", "value": PASSWORD}]}},
)


def test_credentials_that_do_not_work_are_not_quoted(
    canary: Canary, cluster: Cluster, tmp_path: Path
) -> None:
    known = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "--output=json"))
    for user in USERS:
        path = kubeconfig(canary.world, tmp_path / "broken", **user)
        check(canary, "apply", kubeconfig=path)
        config = json.loads(path.read_text())
        config["clusters"][0]["cluster"] = known["clusters"][0]["cluster"]
        path.write_text(json.dumps(config))
        assert check(canary, "apply", kubeconfig=path) in (ExitCode.CLUSTER, ExitCode.REFUSED), user
