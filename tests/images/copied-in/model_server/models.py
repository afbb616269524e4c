"""The models that are served: their versions on disk, which of these are loaded, and in what state."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig

from model_server.faults import Fault, invalid, not_found
from model_server.program import Program

LOADING, AVAILABLE, END = ModelVersionStatus.LOADING, ModelVersionStatus.AVAILABLE, ModelVersionStatus.END


@dataclass
class Version:
    """A version of a model."""

    number: int
    state: int = LOADING
    error: str = ""
    program: Program | None = None


@dataclass
class Model:
    """A model: how it is configured, and its versions by number."""

    config: ModelConfig
    versions: dict[int, Version] = field(default_factory=dict)

    def available(self):
        """The numbers of the versions that answer."""
        return [number for number, version in sorted(self.versions.items()) if version.state == AVAILABLE]


@dataclass
class Models:
    """All models of a server."""

    tags: list[str]
    retries: int
    retry_seconds: float
    labels_ahead: bool  # may a new label name a version that is not loaded?
    methods_checked: bool = False  # must a signature's method be the one that is called?
    models: dict[str, Model] = field(default_factory=dict)
    changing: threading.RLock = field(default_factory=threading.RLock)

    def configure(self, configs):
        """Serve these models from now on; refuses labels for versions that are not loaded."""
        with self.changing:
            before = self.models
            after = {config.name: Model(config, known(before.get(config.name))) for config in configs}
            for name, model in after.items():
                self.check_labels(model, before[name].config.version_labels if name in before else {})
            self.models = after

    def check_labels(self, model, before):
        """Refuse a label that names a version which does not answer: at the start none does yet."""
        for label, number in model.config.version_labels.items():
            moves = label in before and before[label] != number
            if number not in model.available() and (moves or not self.labels_ahead):
                message = (
                    f"Request to assign label to version {number} of model {model.config.name}, "
                    "which is not currently available for inference"
                )
                raise Fault(grpc.StatusCode.FAILED_PRECONDITION, message)

    def look(self):
        """Load versions that are new on disk, then unload those that are no longer wanted."""
        with self.changing:
            for model in list(self.models.values()):
                self.refresh(model)

    def refresh(self, model):
        """Bring one model to what is on disk; a version answers until the one that follows it does."""
        found = on_disk(model.config)
        if found is None:
            return
        wanted = chosen(model.config.model_version_policy, found)
        for number in wanted:
            if number not in model.versions:
                self.load(model, number)
        if not wanted or any(number in model.available() for number in wanted):
            for number in set(model.available()) - set(wanted):
                model.versions[number] = Version(number, END)
                say(f"Successfully unloaded servable version {{name: {model.config.name} version: {number}}}")

    def load(self, model, number):
        """Load a version, trying again a few times."""
        version = model.versions[number] = Version(number)
        what = f"{{name: {model.config.name} version: {number}}}"
        for attempt in range(self.retries + 1):
            if attempt:
                time.sleep(self.retry_seconds)
                say(f"Retrying of loading servable: {what} retry: {attempt}")
            try:
                version.program = Program(Path(model.config.base_path) / str(number), self.tags)
            except Exception as error:  # whatever is in the folder, the server serves on
                version.error = str(error)
                say(f"Loading servable: {what} failed: {error}")
            else:
                version.state, version.error = AVAILABLE, ""
                say(f"Successfully loaded servable version {what}")
                return
        version.state = END

    def failures(self):
        """The models of which every version failed to load, with the reason."""
        return [
            f"{{name: {name} version: {version.number}}} due to error: {version.error}"
            for name, model in self.models.items()
            for version in model.versions.values()
            if version.error and version.state == END and not model.available()
        ]

    def all_answer(self):
        """Has every model a version that answers?"""
        return all(model.available() for model in self.models.values())

    def model(self, name):
        """A model by its name."""
        if not name:
            raise invalid("ModelSpec has no name specified.")
        if name not in self.models:
            raise not_found(f"Servable not found for request: Latest({name})")
        return self.models[name]

    def version(self, name, number=None, label=""):
        """The version that a request is for: the one of that number or label, else the newest."""
        model = self.model(name)
        if label:
            if label not in model.config.version_labels:
                raise invalid(f"Unrecognized servable version label: {label}")
            number = model.config.version_labels[label]
        available = model.available()
        if number is None and available:
            number = available[-1]
        if number not in available:
            kind = f"Latest({name})" if number is None else f"Specific({name}, {number})"
            raise not_found(f"Servable not found for request: {kind}")
        return model.versions[number]


def known(model):
    """The versions of a model that was served before."""
    return model.versions if model else {}


def on_disk(config):
    """The numbers of the versions below the model's folder; None when there is no such folder."""
    base = Path(config.base_path)
    if not base.is_dir():
        say(
            "FileSystemStoragePathSource encountered a filesystem access error: Could not find base path "
            f"{base} for servable {config.name} with error NOT_FOUND: {base} not found"
        )
        return None
    found = sorted(int(path.name) for path in base.iterdir() if path.name.isdecimal() and path.is_dir())
    if not found:
        say(
            f"No versions of servable {config.name} found under base path {base}. "
            "Did you forget to name your leaf directory as a number (eg. '/1/')?"
        )
    return found


def chosen(policy, found):
    """The versions that a policy wants of those that are there."""
    kind = policy.WhichOneof("policy_choice")
    if kind == "all":
        return found
    if kind == "specific":
        return [number for number in found if number in policy.specific.versions]
    return found[-(policy.latest.num_versions or 1) :]


def say(what):
    """Log a line."""
    print(what, flush=True)
