"""Secrets are removed from texts in every common form, by one rule of length."""

from __future__ import annotations

import base64
import json
import random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest

from kfctl.model.redactor import Redactor, data_of, forms_of
from tests.work import assert_linear

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = 'p/4 "ss\\é+x'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        SECRET.upper(),
        SECRET.title(),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        repr(SECRET),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    ],
)
def test_every_form_of_a_secret_is_removed(form: str) -> None:
    assert Redactor([SECRET]).text(f"before {form} after").replace('"', "").replace("'", "") == (
        "before (secret) after"
    )


@pytest.mark.parametrize(
    ("secret", "text", "expected"),
    [
        ("s3cr3t", "xs3cr3ty", "x(secret)y"),
        ("root", "as root: chroot", "as (secret): chroot"),
        (1234, "pin 1234, not 12345", "pin (secret), not 12345"),
        ("ab", "must match x, not 'ab': about ab", "must match x, not '(secret)': about ab"),
        ("", "''", "''"),
        (True, "True, 'True' and true", "True, 'True' and true"),
        (None, "None", "None"),
        ("  padded  ", "is padded.", "is (secret)."),
        ("first-line\nsecond-line", "    second-line", "    (secret)"),
        (["list-1", {"key-2": "value-3"}], "list-1 key-2 value-3", "(secret) (secret) (secret)"),
    ],
)
def test_what_is_removed_depends_on_length(secret: Any, text: str, expected: str) -> None:
    assert Redactor([secret]).text(text) == expected


def test_the_longest_secret_is_removed_first() -> None:
    assert Redactor(["secret-1", "secret-10"]).text("secret-10") == "(secret)"


def test_the_data_of_a_secret_is_removed_encoded_and_decoded() -> None:
    encoded = base64.b64encode(b"hidden-1").decode()
    body = {"kind": "Secret", "data": {"a": encoded}, "stringData": {"b": {"c": "hidden-2"}}}
    text = f"{encoded} hidden-1 hidden-2"
    assert Redactor(data_of(body)).text(text) == "(secret) (secret) (secret)"
    assert data_of({"kind": "ConfigMap", "data": {"a": "x"}}) == []
    assert Redactor(data_of({"kind": "Secret", "data": "hidden-1"})).text("hidden-1") == "(secret)"


def test_binary_secret_has_few_forms() -> None:
    binary = random.Random(1).randbytes(20_000).decode(errors="surrogateescape")
    assert len(set(forms_of(binary))) < 20


def test_search_takes_linear_work_in_text_and_secrets() -> None:
    lines = [f"{number:064x}" for number in range(400)]

    def search(size: int) -> Callable[[], object]:
        redactor, text = Redactor(["\n".join(lines[:size])]), "-" * 1000 + lines[0]
        return lambda: redactor.text(text)

    assert_linear(search, 100)
