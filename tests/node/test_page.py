"""The player of pages: what is typed, what is compared, and Ctrl-C."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tests.node.page import Shell, Step, rewritten, steps

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """\
Text.

```console
$ cat > a <<END
> x
> END
$ watch
first 12:00:01
…
last
^C
```
"""
GOES_ON = """
import sys, time
print("10:00:00 up", flush=True)
print("10:00:01 ready", flush=True)
try:
    time.sleep(600)
except KeyboardInterrupt:
    print("ended")
    sys.exit(130)
"""


def test_a_command_has_the_lines_that_go_on_with_it_and_what_is_printed() -> None:
    first, second = steps(PAGE)
    assert (first.command, first.printed, first.last) == ("cat > a <<END\nx\nEND", "", "")
    assert (second.command, second.last) == ("watch", "last")
    assert second.shown_of("first 13:37:00\n1\n2\nlast\n^C\n") == "first 13:37:00\n…\nlast\n^C"


def test_a_page_is_rewritten_with_as_many_lines_left_out() -> None:
    printed = iter(["", "first 13:37:00\n1\n2\nlast\n^C\n"])
    assert rewritten(PAGE, printed) == PAGE.replace("12:00:01", "13:37:00")


def test_what_goes_on_is_interrupted_at_the_pages_last_line(tmp_path: Path) -> None:
    (tmp_path / "goes_on.py").write_text(GOES_ON)
    shell = Shell(tmp_path, os.environ)
    shell.run(Step("mkdir there && cd there", ""))
    told: list[str] = []
    step = Step(f"{sys.executable} ../goes_on.py", "09:00:00 up\n09:00:01 ready\n^C")
    done = shell.interrupted(step, told.append)
    assert (done.returncode, done.stdout) == (0, "10:00:00 up\n10:00:01 ready\n^C\n")
    assert "".join(told) == done.stdout
    assert shell.run(Step("pwd", "")).stdout == f"{tmp_path}/there\n"
