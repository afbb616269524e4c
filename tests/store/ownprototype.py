"""The files of an app that has a prototype of its own."""

P = "prototypes/own/prototype.yaml"
OWN = """\
apiVersion: kfctl/v1
kind: Prototype
name: own
summary: a prototype of the app
uses: [team, common]
parameters:
  required: [image]
  properties:
    image: {type: string, minLength: 1}
    imagePullPolicy: {default: Never}
templates:
  - deployment.yaml.j2
  - {file: service.yaml.j2, when: image}
spawns: [{app: web}]
"""
FILES = {
    "prototypes/own/prototype.yaml": OWN,
    "prototypes/own/deployment.yaml.j2": "a: {{ image }}\n",
    "prototypes/own/service.yaml.j2": "b: {{ team }}\n",
    "prototypes/own/sub/program.py": "print()\r\n",
    "prototypes/own/README.md": "# own\n",
    "prototypes/own/examples/gpu.yaml": "# with a GPU\nparams: {image: x}\n",
    "prototypes/own/examples/smallest.yaml": "# the least there is\nparams: {image: y}\n",
    "prototypes/own/examples/bare.yaml": "params: {}\n",
    "prototypes/common/team.yaml": "properties:\n  team: {type: string, default: vision}\n",
    "prototypes/common/team.j2": "{% macro team() %}x{% endmacro %}\n",
}
