"""Manifests in every layout: untouched ones stay as they are, others change only by what is said."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from kfctl.actions.takeover import take
from kfctl.errors import AppError
from kfctl.store.intake import Source
from kfctl.yamltext import load_all
from kfctl.yamltext.splice import same
from tests.campaign import size
from tests.yamltext.layouts import Layout
from tests.yamltext.values import scalars

DATA = st.dictionaries(
    st.sampled_from(["a", "b-c", "d.e"]), scalars.filter(lambda v: isinstance(v, str)), max_size=3
)
CONFIGS = st.builds(lambda data: {"apiVersion": "v1", "kind": "ConfigMap", "data": data}, DATA)
JOBS = st.builds(
    lambda count, args: {
        "apiVersion": "kubeflow.org/v1alpha1",
        "kind": "TFJob",
        "spec": {
            "replicaSpecs": [
                {
                    "replicas": count,
                    "tfReplicaType": kind,
                    "template": {"spec": {"containers": [_container(args)]}},
                }
                for kind in ("MASTER", "WORKER")[:count]
            ]
        },
    },
    st.integers(1, 2),
    st.lists(st.sampled_from(["--x", "a b", "#", "{", "'"]), max_size=3),
)


def _container(args: list[str]) -> dict[str, Any]:
    return {"name": "main", "image": "example.com/train:1", "args": args}


@st.composite
def files(draw: st.DrawFn, bodies: st.SearchStrategy[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """Objects, and a file of them as somebody may have written it."""
    drawn = draw(st.lists(bodies, min_size=1, max_size=3))
    objects = [{**body, "metadata": {"name": f"o{i}"}} for i, body in enumerate(drawn)]
    texts = []
    for body in objects:
        layout = Layout(Random(draw(st.integers(0, 2**32))))
        text = layout.text(body).removeprefix("\ufeff").replace("--- # start", "").replace("\n...", "\n")
        texts.append(text + layout.eol)
    return objects, "---\n".join(texts)


def _taken(text: str) -> Any:
    return take([Source("f.yaml", "f.yaml", text.encode())], "c")


def _reads_as(text: str, objects: list[dict[str, Any]]) -> bool:
    try:
        return same(load_all(text), objects)
    except AppError:
        return False


@settings(max_examples=size(1_000), deadline=None)
@given(files(CONFIGS))
def test_what_needs_no_change_is_kept_byte_for_byte(found: tuple[list[dict[str, Any]], str]) -> None:
    objects, text = found
    if not _reads_as(text, objects):  # joining may have changed a block at the end of a document
        event("left out")
        return
    taken = _taken(text)
    assert taken.files == {"f.yaml": text.encode()}
    assert same([dict(each.body) for each in taken.resources], objects)
    assert not taken.changes


@settings(max_examples=size(1_000), deadline=None)
@given(files(JOBS))
def test_what_is_written_is_what_is_said(found: tuple[list[dict[str, Any]], str]) -> None:
    objects, text = found
    if not _reads_as(text, objects):
        event("left out")
        return
    taken = _taken(text)
    after = load_all(taken.files["f.yaml"])
    assert same([dict(each.body) for each in taken.resources], after)
    event("written anew" if any("written anew" in str(w) for w in taken.warnings) else "edited")
    for job in after:
        assert job["apiVersion"] == "kubeflow.org/v1"
        assert set(job["spec"]) == {"tfReplicaSpecs", "runPolicy"}
    again = _taken(taken.files["f.yaml"].decode())
    assert (again.files, again.changes) == (taken.files, ())
