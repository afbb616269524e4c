"""Texts that break what carries them carelessly: quotes, markers, escapes, look-alikes."""

from __future__ import annotations

from random import Random

PIECES = [
    *"'\"`\\/{}[]()<>$#%&*!|>@:,;?=~-+.^ \t\n\r\x00\x1b\x7f\x85\xa0",
    *["'''", '"""', "\\n", "\\'", '\\"', "\\x41", "\\u0041", "\\0", "\\", "\r\n", "\n\n", "\u2028", "\ufeff"],
    *[
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "{0}",
        "{value}",
        "{username}",
        "%s",
        "%(x)s",
        "${HOME}",
        "$(id)",
        "`id`",
    ],
    *[
        "---",
        "...",
        ": ",
        " #",
        "- ",
        "| ",
        "&a",
        "*a",
        "<<",
        "!!python/object",
        "yes",
        "null",
        "~",
        "1e3",
        "0o7",
    ],
    *[
        "2026-01-01",
        "true",
        "None",
        "__import__('os')",
        "</script>",
        "-- ",
        "; rm",
        "\nc.x = 1\n",
        '"}',
        "'}]",
    ],
    *["ä", "ß", "日本", "🦊", "e\u0301", "\u202e", "model_config_list {", 'name: "x"', "a", "Z", "0", "9"],
]
WHOLE = ["", " ", "\n", "\x00", "null", "true", "{{ name }}", "'", '"', "\\", "é" * 300, "a" * 20_000]


def texts(count: int, seed: int = 0) -> list[str]:
    """Return so many hostile texts, the same ones each time."""
    random = Random(seed)
    made = ["".join(random.choices(PIECES, k=random.randint(1, 12))) for _ in range(count - len(WHOLE))]
    return [*WHOLE, *made][:count]
