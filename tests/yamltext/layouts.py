"""Writes a value as people do: in every style of YAML, with comments, blank lines and odd indentation."""

from random import Random
from typing import Any

from kfctl.yamltext.emit import double_quoted, multiline, scalar
from kfctl.yamltext.layout import flow
from kfctl.yamltext.splice import same

STYLES = {  # of a file: how often something happens that people seldom do
    "tidy": 0.0,
    "usual": 0.15,
    "wild": 0.5,
}


class Layout:
    """One person's way to write a file, chosen by `random`."""

    def __init__(self, random: Random, *, sharing: bool = False) -> None:
        self.random = random
        self.sharing = sharing  # write anchors, aliases and tags
        self.anchored: list[Any] = []
        self.oddness = random.choice(list(STYLES.values()))
        self.step = random.choice([2, 2, 2, 4, 1, 3])
        self.dash = random.choice([0, 0, 2, self.step])
        self.eol = random.choice(["\n", "\n", "\r\n"])
        self.comments = 0

    def odd(self) -> bool:
        return self.random.random() < self.oddness

    def text(self, value: Any) -> str:
        """Return the whole file."""
        lines = [*self.gap(0), *(["--- # start"] if self.odd() else []), *self.gap(0)]
        lines += self.block(value, 0) if value and isinstance(value, dict | list) else [self.inline(value)]
        lines += [*self.gap(0), *(["...", *self.gap(0)] if self.odd() else [])]
        last = "" if self.odd() else self.eol
        return ("\ufeff" if self.odd() else "") + self.eol.join(lines) + last

    def gap(self, column: int) -> list[str]:
        """Return what may stand between two lines: nothing, blank lines, comments."""
        choices = [self.comment(self.random.choice([0, column])), "", " " * column, "", self.comment(column)]
        return self.random.sample(choices, self.random.randint(1, 3)) if self.odd() else []

    def comment(self, column: int) -> str:
        self.comments += 1
        return " " * column + self.random.choice(["# c", "#c", "# a: b ", "#+ é"]) + str(self.comments)

    def tail(self) -> str:
        """Return what may stand after a value on its line."""
        return (
            self.random.choice(["  ", " ", "\t"]) + self.random.choice(["", self.comment(0)])
            if self.odd()
            else ""
        )

    def block(self, value: Any, column: int) -> list[str]:
        lines: list[str] = []
        pad = " " * column
        for item in value.items() if isinstance(value, dict) else value:
            lines += self.gap(column) if lines else []
            if isinstance(value, dict):
                lines += self.value(f"{pad}{self.key(item[0])}:", item[1], column)
            else:
                lines += self.item(f"{pad}-", item, column)
        return lines

    def key(self, key: str) -> str:
        return double_quoted(key) if self.odd() else scalar(key)

    def value(self, lead: str, value: Any, column: int) -> list[str]:
        """Return the lines of a key and its value."""
        lead, done = self.shared(lead, value)
        if done:
            return [lead]
        if isinstance(value, dict | list) and value and self.random.random() > 0.3:
            inner = self.dash if isinstance(value, list) else self.step
            return [
                lead + self.tail().replace("\t", " "),
                *self.gap(column + inner),
                *self.block(value, column + inner),
            ]
        return self.leaf(lead, value, column)

    def shared(self, lead: str, value: Any) -> tuple[str, bool]:
        """Return what leads to a value, with an alias for it (then it is done), an anchor or a tag."""
        if not self.sharing or self.random.random() > 0.5:
            return lead, False
        for number, earlier in enumerate(self.anchored):
            if same(earlier, value):
                return f"{lead} *a{number}{self.tail()}", True
        if isinstance(value, str) and self.odd():
            return f"{lead} !!str", False
        self.anchored.append(value)
        return f"{lead} &a{len(self.anchored) - 1}", False

    def item(self, lead: str, value: Any, column: int) -> list[str]:
        """Return the lines of an item of a list."""
        lead, done = self.shared(lead, value)
        if done:
            return [lead]
        if isinstance(value, dict | list) and value and self.random.random() > 0.3:
            if self.odd() or not lead.endswith("-"):
                return [lead + self.tail().replace("\t", " "), *self.block(value, column + self.step)]
            wide = self.random.choice([1, 1, 1, 3])
            first, *rest = self.block(value, column + 1 + wide)
            return [f"{lead}{first[column + 1 :]}", *rest]
        return self.leaf(lead, value, column)

    def leaf(self, lead: str, value: Any, column: int) -> list[str]:
        keeps = isinstance(value, str) and value.endswith("\n\n")  # `|+`: blank lines after it are its own
        if (
            isinstance(value, str)
            and "\n" in value
            and self.random.random() > 0.2
            and not (keeps and self.oddness)
        ):
            first, *rest = multiline(value, " " * (column + self.step), self.step).split("\n")
            return [f"{lead} {first}{self.tail()}", *rest]
        if value is None and self.odd():
            return [lead + self.tail().replace("\t", " ")]
        if isinstance(value, str) and " " in value and scalar(value) == value and self.odd():
            return self.folded(lead, value, column)
        if self.odd():  # on a line of its own
            return [
                lead + self.tail().replace("\t", " "),
                *self.gap(0),
                " " * (column + self.step) + self.inline(value) + self.tail(),
            ]
        return [f"{lead} {self.inline(value)}{self.tail()}"]

    def folded(self, lead: str, value: str, column: int) -> list[str]:
        """Return a plain text over two lines."""
        head, _, rest = value.partition(" ")
        if not rest or rest[0] in "#-?:" or rest != rest.strip():
            return [f"{lead} {scalar(value)}"]
        return [f"{lead} {head}", " " * (column + self.step) + rest + self.tail()]

    def inline(self, value: Any) -> str:
        if isinstance(value, dict | list) and value:
            return self.flow(value)
        if isinstance(value, str) and self.odd():
            simple = value.isprintable() and value == value.strip()
            return "'" + value.replace("'", "''") + "'" if simple else double_quoted(value)
        if value is None:
            return self.random.choice(["null", "~", "Null"])
        return scalar(value)

    def flow(self, value: Any) -> str:
        """Return a map in braces or a list in brackets, on one line or more."""
        over_lines = self.odd()
        items = value.items() if isinstance(value, dict) else value
        parts = [self.pair(*item) if isinstance(value, dict) else self.part(item) for item in items]
        pad = self.eol + " " * 12
        between = "," + pad if over_lines else self.random.choice([", ", ",", " , "])
        start = pad if over_lines else self.random.choice(["", " "])
        end = ("," if self.odd() else "") + (self.eol + " " * 11 if over_lines else start)
        left, right = "{}" if isinstance(value, dict) else "[]"
        return left + start + between.join(parts) + end + right

    def part(self, value: Any) -> str:
        return self.flow(value) if isinstance(value, dict | list) and value else flow(value)

    def pair(self, key: str, value: Any) -> str:
        if value is None and self.odd():
            return flow(key) + self.random.choice(["", ": "])
        return f"{flow(key)}: {self.part(value)}"
