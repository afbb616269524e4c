"""A plan as a comment on a change."""

import re

import pytest

from kfctl.cli import console
from kfctl.cli.markdown import markdown


def test_heading_sum_and_a_block_with_signs_in_front(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    lines = [
        "app → prod: namespace a_b",
        console.paint("~ ConfigMap/a", "yellow"),
        "    data.x: + 1",
        "",
        "1 to update.",
    ]
    assert list(markdown(lines)) == [
        "### `app → prod: namespace a_b`",
        "",
        "**1 to update.**",
        "",
        "```diff",
        "! ConfigMap/a",
        "     data.x: + 1",
        "```",
    ]


def test_a_fence_in_a_value_does_not_end_the_block() -> None:
    told = list(markdown(["a", "  - ````", "", "1."]))
    assert told[4:] == ["`````diff", "-   ````", "`````"]


def test_nothing_to_tell() -> None:
    assert list(markdown(["a", "", "1 unchanged."])) == ["### `a`", "", "**1 unchanged.**"]


@pytest.mark.parametrize(
    "name", ["</h3><img src=x>", "@everyone", "`a` ``b``", "[x](https://a.b)", "a\n\n# b"]
)
def test_heading_shows_a_name_as_code(name: str) -> None:
    heading, *_ = markdown([name, "", "1."])
    assert "\n" not in heading
    _, ticks, rest = re.split("(`+)", heading, maxsplit=1)
    assert rest.endswith(ticks)
    assert ticks not in re.findall("`+", rest[: -len(ticks)])


def test_block_keeps_a_line_break_of_a_value_in_its_line() -> None:
    assert list(markdown(["a", "    data.x: + 1\n```\n# b", "", "1."]))[4:] == [
        "````diff",
        "     data.x: + 1\\n```\\n# b",
        "````",
    ]
