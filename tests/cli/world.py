"""A small app and a prototype with a parameter of every type, as files."""

from __future__ import annotations

THING = """\
apiVersion: kfctl/v1
kind: Prototype
name: thing
summary: A thing with every type of parameter
description: |
  For tests. It renders one ConfigMap.
parameters:
  required: [path]
  properties:
    path: {type: string, minLength: 1, description: Where it is., examples: [/data], aliases: [location]}
    numGpus: {type: integer, minimum: 0, default: 0, description: GPUs.}
    ratio: {type: number, description: A ratio.}
    fast: {type: boolean, default: false, description: Whether it is fast.}
    memory: {type: [string, number], unit: quantity, default: 1Gi, description: Memory.}
    mode: {type: string, enum: [slow, quick], default: slow, description: How.}
    args: {type: array, items: {type: string}, description: Arguments.}
    labels: {type: object, additionalProperties: {type: string}, description: Labels.}
    password: {type: string, secret: true, description: A password.}
    cloud: {type: string, deprecated: nothing reads it any more, description: The cloud.}
    text: {type: string, default: "", description: Any text.}
templates: [configmap.yaml.j2]
"""

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ component }}
data:
  path: "{{ path }}"
  gpus: "{{ numGpus }}"
"""

APP = """\
apiVersion: kfctl/v1
kind: App
name: demo
id: 0e5f
"""

WEB = """\
apiVersion: kfctl/v1
kind: Component
prototype: thing
params:
  path: /srv  # where it is
  numGpus: 1
"""

OTHER = """\
apiVersion: kfctl/v1
kind: Component
prototype: thing
params: {path: /other}
"""

DEFAULT = """\
apiVersion: kfctl/v1
kind: Environment
target: {namespace: dev}
"""

PROD = """\
apiVersion: kfctl/v1
kind: Environment
target:
  context: big   # the big one
  namespace: prod
components:
  web:
    # three of them
    numGpus: 3
"""

APPLIED = """\
apiVersion: kfctl/v1
kind: Environment
target:
  context: big
  namespace: live
  clusterUid: 7c1e
"""

FILES = {
    "kfctl.yaml": APP,
    "components/web.yaml": WEB,
    "components/other.yaml": OTHER,
    "environments/default.yaml": DEFAULT,
    "environments/prod.yaml": PROD,
    "environments/live.yaml": APPLIED,
    "prototypes/thing/prototype.yaml": THING,
    "prototypes/thing/configmap.yaml.j2": CONFIG_MAP,
}
