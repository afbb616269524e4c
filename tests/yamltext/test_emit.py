"""What is printed reads back the same, in our reader, in PyYAML's and in Go's."""

from typing import Any

import hypothesis
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kfctl.yamltext import dump, load
from kfctl.yamltext.splice import same
from tests.campaign import size
from tests.yamltext.conftest import Reads
from tests.yamltext.values import PIECES, WORDS, values

BATCH = 200


@settings(max_examples=size(20_000), deadline=None)
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
