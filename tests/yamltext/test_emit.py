"""What is printed reads back the same, in our reader, in PyYAML's and in Go's."""

import functools
from collections import OrderedDict
from types import MappingProxyType
from typing import Any

import hypothesis
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kfctl.errors import AppError
from kfctl.yamltext import dump, dump_all, load, load_all
from kfctl.yamltext.splice import same
from tests.campaign import size
from tests.yamltext.conftest import Reads
from tests.yamltext.values import PIECES, WORDS, values


@settings(max_examples=size(10_000), deadline=None)
@given(values)
def test_every_value_reads_back_in_python(value: Any) -> None:
    text = dump(value)
    assert same(load(text), value), text
    assert same(yaml.load(text, yaml.CSafeLoader), value), text
    assert same(yaml.load(text, yaml.SafeLoader), value), text


@settings(max_examples=size(5_000) // 20, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@given(st.lists(values, min_size=20, max_size=20))
def test_every_value_reads_back_in_go(kubectl_reads: Reads, batch: list[Any]) -> None:
    texts = [dump({"v": value}) for value in batch]
    for value, text, read in zip(batch, texts, kubectl_reads(texts), strict=True):
        assert alike(read["v"], value), text


def test_every_hard_text_reads_back_in_go(kubectl_reads: Reads) -> None:
    texts = [*WORDS, *PIECES, *(f"{a}{b}" for a in PIECES for b in PIECES)]
    each = [{"v": [text], "w": text, "k": {text: 1}} for text in texts]
    for value, read in zip(each, kubectl_reads([dump(value) for value in each]), strict=True):
        assert read == value


def alike(read: Any, value: Any) -> bool:
    """Whether Go's value is ours; Go's numbers beyond 64 bits are floats, and it has one zero."""
    if isinstance(value, dict) and isinstance(read, dict):
        return read.keys() == value.keys() and all(alike(read[key], value[key]) for key in value)
    if isinstance(value, list) and isinstance(read, list):
        return len(read) == len(value) and all(map(alike, read, value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return not isinstance(read, bool) and float(read) == float(value)
    return type(read) is type(value) and read == value


def test_it_looks_as_kubectl_prints() -> None:
    value = {
        "apiVersion": "v1",
        "metadata": {"name": "x", "labels": {}, "annotations": {"kfctl.dev/app": "a b"}},
        "spec": {
            "containers": [
                {"args": ["--port=8500", "-f", "a: b", "$(POD)"], "resources": {"limits": {"cpu": "500m"}}},
                ["nested", ["list"], {"in": "list"}],
            ],
            "script": "#!/bin/sh\n\techo $HOME\n\nexit 1\n",
            "unended": "a\nb",
            "indented": "  a\nb\n\n",
            "texts": [
                "1",
                1,
                1.5,
                "yes",
                True,
                "",
                None,
                "2001-01-01",
                "127.0.0.1",
                "10Gi",
                "it's",
                'say "x"',
                "é",
            ],
        },
    }
    assert (
        dump(value)
        == """\
apiVersion: v1
metadata:
  name: x
  labels: {}
  annotations:
    kfctl.dev/app: a b
spec:
  containers:
  - args:
    - --port=8500
    - -f
    - "a: b"
    - $(POD)
    resources:
      limits:
        cpu: 500m
  - - nested
    - - list
    - in: list
  script: |
    #!/bin/sh
    \techo $HOME

    exit 1
  unended: |-
    a
    b
  indented: |2+
      a
    b

  texts:
  - "1"
  - 1
  - 1.5
  - "yes"
  - true
  - ""
  - null
  - "2001-01-01"
  - "127.0.0.1"
  - 10Gi
  - it's
  - "say \\"x\\""
  - "é"
"""
    )


def test_documents_are_parted() -> None:
    assert dump_all([]) == ""
    assert dump_all([{"a": 1}]) == "a: 1\n"
    assert dump_all([{"a": 1}, [2]]) == "a: 1\n---\n- 2\n"
    assert load_all(dump_all([{"a": "b\n\n"}, {"c": "---\n"}])) == [{"a": "b\n\n"}, {"c": "---\n"}]


def test_what_is_like_a_dict_a_list_or_a_text_is_one() -> None:
    class Text(str):
        __slots__ = ()

    value = OrderedDict(a=("x", MappingProxyType({"b": Text("yes")})), c=Text("d\ne"))
    assert load(dump(value)) == {"a": ["x", {"b": "yes"}], "c": "d\ne"}


def test_what_was_printed_before_makes_no_difference() -> None:
    assert dump({"a\nb": 1}) + dump(["a\nb"]) == '"a\\nb": 1\n- |-\n  a\n  b\n'


@pytest.mark.parametrize("size", [900, 998, 1000, 1022, 1024, 5000])
def test_long_keys_and_texts(size: int, kubectl_reads: Reads) -> None:
    for key in ("k" * size, "k: " * (size // 3)):
        value = {"v": {key: {"a": [1]}, key + "2": [{"b": "x " * size}], key + "3": "y\nz\n"}}
        assert same(load(dump(value)), value)
        assert yaml.safe_load(dump(value)) == value
        assert kubectl_reads([dump(value)]) == [value]


def test_a_megabyte_of_text_reads_back() -> None:
    for text in ("x" * 2**20, "é\n" * 2**19, "\x85 " * 2**19):
        assert load(dump({"a": text})) == {"a": text}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("inf"), "inf is no number that JSON knows"),
        (float("nan"), "nan is no number that JSON knows"),
        ("a\ud800", "lone surrogate U\\+D800"),
        ({"\udfff": 1}, "lone surrogate U\\+DFFF"),
        ({1: 2}, "the key 1 is not a string"),
        ({None: 2}, "the key None is not a string"),
        ({1, 2}, "type set has no form in YAML"),
        (b"x", "type bytes has no form in YAML"),
        (functools.reduce(lambda inner, _: [inner], range(201), "x"), "more than 200 maps and lists"),
        (functools.reduce(lambda inner, _: {"a": inner}, range(5000), "x"), "more than 200 maps and lists"),
    ],
)
def test_what_has_no_form_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(AppError, match=reason):
        dump({"v": [value]} if not isinstance(value, list) else value)


def test_an_endless_number_is_refused() -> None:
    with pytest.raises(AppError, match="more than 4,300 digits"):
        dump({"a": 10**5000})


def test_as_deep_as_can_be_read() -> None:
    deep = functools.reduce(lambda inner, _: {"a": [inner]}, range(100), "x")
    assert load(dump(deep)) == deep
