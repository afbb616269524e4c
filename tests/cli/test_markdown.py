"""A plan as a comment on a change."""

from kfctl.cli.markdown import markdown


def test_heading_sum_and_a_block_with_signs_in_front() -> None:
    lines = [
        "app → prod: namespace a_b",
        "\x1b[33m~ ConfigMap/a\x1b[0m",
        "    data.x: + 1",
        "",
        "1 to update.",
    ]
    assert list(markdown(lines)) == [
        "### app → prod: namespace a\\_b",
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
    assert list(markdown(["a", "", "1 unchanged."])) == ["### a", "", "**1 unchanged.**"]
