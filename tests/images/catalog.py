"""Which images there are: under the very names that prototypes and tutorials use, and what is in them."""

import shutil

from tests.images import image, npm, programs
from tests.images.base import BASE
from tests.images.files import files, package
from tests.images.image import Built, Image
from tests.images.layers import images
from tests.images.python import file_of, packages

HUB = packages("hub", "hub-5.5", source=True)
# Without what only compiles extensions: two thirds of its files.
TENSORFLOW = packages("tensorflow", "tensorflow", without=("tensorflow/include", "clang"))
NOTEBOOK = packages("notebook", "notebook")
SMOKE = files("smoke", {"/opt/tf_sample/tf_smoke.py": "copied-in/tf_smoke.py"})
DIGITS = file_of("digits", "digits", "sklearn/datasets/data/digits.csv.gz")
TRAINER = files("trainer", {"/opt/train_digits.py": "copied-in/train_digits.py"})
API = packages("serving-api", "serving-api")
MODEL_SERVER = files(
    "model-server",
    {
        "/usr/bin/tensorflow_model_server": "copied-in/tensorflow_model_server",
        "/serving/bazel-bin/tensorflow_serving/example/inception_client": "copied-in/inception_client",
        "/opt/model-server/modelconfig.py": "../templates/modelconfig.py",
        **package("/opt/model-server", "copied-in/model_server"),
    },
)

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def python(*layers: str) -> dict[str, str]:
    """The variables by which Python and shells find the packages of layers."""
    places = [f"/opt/{layer}" for layer in layers]
    scripts = [f"{place}/bin" for place in places]
    return {
        "PATH": ":".join([*scripts, PATH]),
        "PYTHONPATH": ":".join(places),
        "LANG": "C.UTF-8",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_ENABLE_ONEDNN_OPTS": "0",  # what it says of them depends on the processor
    }


NOTEBOOKS = {
    **python("notebook", "tensorflow"),
    "HOME": "/home/jovyan",
    "JUPYTER_PATH": "/opt/notebook/share/jupyter",
    "JUPYTER_CONFIG_PATH": "/opt/notebook/etc/jupyter",
    "JUPYTERLAB_DIR": "/opt/notebook/share/jupyter/lab",
}

IMAGES = (
    Image(("registry.k8s.io/pause:3.10",), (programs.program("pause", "/pause"),), ("/pause",)),
    Image(
        ("registry.k8s.io/coredns/coredns:v1.12.4",),
        (programs.program("coredns", "/coredns"),),
        ("/coredns",),
    ),
    Image(
        ("docker.io/rancher/local-path-provisioner:v0.0.30",),
        (programs.program(programs.PROVISIONER, "/local-path-provisioner"),),
        ("/local-path-provisioner",),
    ),
    Image(("kfctl.test/debian:latest",), (BASE,), command=("sh",), environment={"PATH": PATH}),
    Image(
        ("ghcr.io/kubeflow/training-v1/training-operator:v1-93c5489",),
        (programs.program(programs.OPERATOR, "/manager"),),
        ("/manager",),
    ),
    Image(("quay.io/jupyterhub/k8s-hub:4.4.0",), (BASE, HUB), environment=python("hub"), user="1000"),
    Image(
        ("quay.io/jupyterhub/configurable-http-proxy:5.2.0",),
        (BASE, npm.LAYER),
        ("/usr/local/bin/configurable-http-proxy",),
        environment={"PATH": PATH},
        user="1000",
    ),
    Image(
        ("quay.io/jupyter/tensorflow-notebook:2026-08-07",),
        (BASE, TENSORFLOW, NOTEBOOK),
        command=("jupyter", "lab"),
        environment=NOTEBOOKS,
        user="1000:100",
        folder="/home/jovyan",
    ),
    Image(
        ("docker.io/tensorflow/tensorflow:2.21.0",),
        (BASE, TENSORFLOW),
        command=("python",),
        environment=python("tensorflow"),
    ),
    Image(
        ("gcr.io/tf-on-k8s-dogfood/tf_sample:dc944ff",),
        (BASE, TENSORFLOW, SMOKE),
        ("python", "/opt/tf_sample/tf_smoke.py"),
        environment=python("tensorflow"),
    ),
    Image(
        ("registry.example.com/digits:1.0",),
        (BASE, TENSORFLOW, DIGITS, TRAINER),
        ("python", "/opt/train_digits.py"),
        environment=python("tensorflow"),
    ),
    Image(
        ("docker.io/tensorflow/serving:2.20.0", "docker.io/katacoda/tensorflow_serving:latest"),
        (BASE, TENSORFLOW, API, MODEL_SERVER),
        ("/usr/bin/tensorflow_model_server",),
        environment=python("model-server", "serving-api", "tensorflow"),
    ),
    Image(
        ("registry.example.com/serving-client:2.21",),
        (BASE, TENSORFLOW, API),
        command=("python",),
        environment=python("serving-api", "tensorflow"),
    ),
    Image(("docker.io/library/python:3.12-slim",), (BASE,), command=("python3",), environment=python()),
)


def built() -> list[Built]:
    """All images, made as far as they are not there yet; layers of earlier recipes are removed."""
    made = [image.built(each) for each in IMAGES]
    current = {layer.folder for each in IMAGES for layer in each.layers}
    for folder in (images() / "layers").iterdir():
        if folder not in current and not folder.name.startswith("."):
            shutil.rmtree(folder)
    return made
