"""Files are written whole or not at all, whatever happens meanwhile."""

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kfctl.errors import AppError
from kfctl.model.absent import ABSENT
from kfctl.store.edit import Edit, edit
from kfctl.store.files.reader import read_file
from kfctl.store.files.writer import remove, rename, write_file
from kfctl.store.lock import LOCK_FILE, locked
from kfctl.yamltext import load
from tests.campaign import size

Tree = Callable[[Mapping[str, str]], Path]

COMPONENT = "apiVersion: kfctl/v1\nkind: Component # c\nparams:\n  a: 1\n"


def python(code: str, *args: object, wait: bool = True) -> subprocess.Popen[str]:
    """Run code in a process of its own; it has `root`, the first argument, and `args`, the others."""
    start = "import sys, pathlib\nroot, *args = pathlib.Path(sys.argv[1]), *sys.argv[2:]\n"
    command = [sys.executable, "-c", start + code, *map(str, args)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if wait:
        process.wait(60)
    return process


def output(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.strip()


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_an_edit_of_several_files_is_checked_whole_before_any_is_written(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": COMPONENT, "b.yaml": "a: &x 1\nb: *x\n"})
    with pytest.raises(AppError, match=r"b\.yaml:1:1: can't change a"):
        edit(root, [Edit("a.yaml", ("params", "a"), 2), Edit("b.yaml", ("a",), 2)])
    assert read_file(root, "a.yaml") == COMPONENT
    with pytest.raises(AppError, match=r"c\.yaml: can't read it: No such file"):
        edit(root, [Edit("a.yaml", ("params", "a"), 2), Edit("c.yaml", ("a",), 2)])
    assert read_file(root, "a.yaml") == COMPONENT


def test_several_edits_of_one_file(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": COMPONENT, "b.yaml": COMPONENT})
    edits = [
        Edit("a.yaml", ("params", "b"), 2),
        Edit("a.yaml", ("params", "a"), ABSENT),
        Edit("b.yaml", ("params", "a"), 1),
    ]
    assert edit(root, edits) == ("a.yaml",)
    assert read_file(root, "a.yaml") == COMPONENT.replace("a: 1", "b: 2")
    assert read_file(root, "b.yaml") == COMPONENT
    assert files(root) == ["a.yaml", "b.yaml"]


def test_what_does_not_change_is_not_written(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": COMPONENT})
    before = (root / "a.yaml").stat()
    assert edit(root, [Edit("a.yaml", ("params", "a"), 1)]) == ()
    assert (root / "a.yaml").stat() == before


@pytest.mark.parametrize("text", ["\ufeffa: 1\n", "a: 1\r\nb: 2", "größe: ü # 日本 😀\n"])
def test_bytes_stay(write_tree: Tree, text: str) -> None:
    root = write_tree({"a b/ü.yaml": text})
    edit(root, [Edit("a b/ü.yaml", ("new",), "é")])
    assert (root / "a b/ü.yaml").read_bytes().startswith(text.encode())
    edit(root, [Edit("a b/ü.yaml", ("new",), ABSENT)])
    assert (root / "a b/ü.yaml").read_bytes() == text.encode()


def test_permissions_stay(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": COMPONENT})
    for mode in (0o600, 0o664, 0o755):
        (root / "a.yaml").chmod(mode)
        write_file(root, "a.yaml", f"a: {mode}\n")
        assert (root / "a.yaml").stat().st_mode & 0o7777 == mode


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_file(tmp_path, "new/a.yaml", "a: 1\n")
    finally:
        os.umask(mask)
    assert (tmp_path / "new/a.yaml").stat().st_mode & 0o777 == 0o640


def test_edit_keeps_a_link_to_a_file_of_the_app(write_tree: Tree) -> None:
    root = write_tree({"real/a.yaml": COMPONENT})
    (root / "sub").mkdir()
    (root / "sub/a.yaml").symlink_to("../real/a.yaml")
    (root / "sub/new.yaml").symlink_to(root / "real/new.yaml")
    edit(root, [Edit("sub/a.yaml", ("params", "a"), 2)])
    write_file(root, "sub/new.yaml", "b: 1\n")
    assert (root / "sub/a.yaml").is_symlink() and (root / "sub/new.yaml").is_symlink()
    assert load((root / "real/a.yaml").read_bytes())["params"] == {"a": 2}
    assert (root / "real/new.yaml").read_text() == "b: 1\n"


def test_a_loop_of_links_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    for act in (lambda: read_file(tmp_path, "a.yaml"), lambda: write_file(tmp_path, "a.yaml", "")):
        with pytest.raises(AppError) as caught:
            act()
        assert caught.value.problems[0].hint == "a symbolic link there leads to itself"


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    (tmp_path / "b").touch()
    with pytest.raises(AppError, match=r"a\.yaml: can't write it"):
        write_file(tmp_path, "a.yaml", "")
    with pytest.raises(AppError, match=r"b/c\.yaml: can't write it"):
        write_file(tmp_path, "b/c.yaml", "")
    assert files(tmp_path) == ["a.yaml", "b"]


def test_a_full_disk_leaves_the_old_file(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": COMPONENT})
    code = """
import resource
from kfctl.errors import AppError
from kfctl.store.edit import Edit, edit
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
try:
    edit(root, [Edit("a.yaml", ("params", "a"), "x" * 5000)])
except AppError as error:
    print(error, error.problems[0].hint, sep="|")
"""
    assert output(python(code, root)) == (
        "a.yaml: can't write it: File too large|files may not become that large here (`ulimit -f`)"
    )
    assert read_file(root, "a.yaml") == COMPONENT
    assert files(root) == ["a.yaml"]


def test_what_may_not_be_written_is_told_and_stays(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": COMPONENT, "sub/b.yaml": COMPONENT})
    (root / "a.yaml").chmod(0o444)
    (root / "sub").chmod(0o555)
    code = """
import ctypes, os
from kfctl.errors import AppError
from kfctl.store.edit import Edit, edit
from kfctl.store.files.writer import remove, rename, write_file
if os.geteuid() == 0:  # root may write everywhere, but for a root that gave up all capabilities
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(header, none) == 0
acts = [
    lambda: edit(root, [Edit("a.yaml", ("params", "a"), 2)]),
    lambda: edit(root, [Edit("sub/b.yaml", ("params", "a"), 2)]),
    lambda: write_file(root, "sub/c.yaml", ""),
    lambda: rename(root, "sub/b.yaml", "d.yaml"),
    lambda: remove(root, "sub/b.yaml"),
]
for act in acts:
    try:
        act()
    except AppError as error:
        print(error, error.problems[0].hint, sep="|")
"""
    said = output(python(code, root)).splitlines()
    (root / "sub").chmod(0o755)
    hint = "look at the permissions of the file and its folder"
    things = [
        ("a.yaml", "write"),
        ("sub/b.yaml", "write"),
        ("sub/c.yaml", "write"),
        ("sub/b.yaml", "rename"),
        ("sub/b.yaml", "remove"),
    ]
    assert said == [f"{path}: can't {verb} it: Permission denied|{hint}" for path, verb in things]
    assert read_file(root, "a.yaml") == read_file(root, "sub/b.yaml") == COMPONENT
    assert files(root) == ["a.yaml", "sub", "sub/b.yaml"]


def test_a_killed_writer_leaves_the_old_or_the_new_file(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": COMPONENT})
    code = """
from kfctl.store.edit import Edit, edit
n = 0
print("ready", flush=True)
while True:
    n += 1
    a = f"{n % 10}" * 100_000
    edit(root, [Edit("a.yaml", ("params", "a"), a), Edit("a.yaml", ("params", f"p{n % 7}"), n)])
"""
    chance = random.Random(1)
    for _ in range(size(200)):
        writer = python(code, root, wait=False)
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0, 0.2))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        params = load((root / "a.yaml").read_bytes())["params"]
        assert params["a"] == 1 or (len(params["a"]) == 100_000 and len(set(params["a"])) == 1)
    edit(root, [Edit("a.yaml", ("params", "a"), "whole")])
    assert files(root) == ["a.yaml"]  # what the killed ones left is gone too


def test_fifty_processes_at_once_lose_nothing(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": COMPONENT})
    code = "from kfctl.store.edit import *\nedit(root, [Edit('a.yaml', ('params', args[0]), int(args[1]))])"
    processes = [python(code, root, f"p{n}", n, wait=False) for n in range(50)]
    for process in processes:
        output(process)
    assert load((root / "a.yaml").read_bytes())["params"] == {"a": 1, **{f"p{n}": n for n in range(50)}}
    assert files(root) == ["a.yaml"]


def test_the_lock_is_waited_for_and_leaves_nothing(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": COMPONENT})
    code = """
import time
from kfctl.store.lock import locked
with locked(root):
    print("locked", flush=True)
    sys.stdin.read()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys, pathlib\nroot = pathlib.Path(sys.argv[1])\n" + code, root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None and holder.stdout.readline() == "locked\n"
    with (
        pytest.raises(AppError, match=rf"another kfctl \(process {holder.pid}\) has been changing this app"),
        locked(root, patience=0.1),
    ):
        pass
    waiter = python(
        "from kfctl.store.files.writer import write_file\nwrite_file(root, 'b.yaml', 'b: 1')",
        root,
        wait=False,
    )
    time.sleep(0.3)
    assert files(root) == [LOCK_FILE, "a.yaml"]
    holder.kill()  # a lock ends with its process
    holder.communicate()
    output(waiter)
    assert files(root) == ["a.yaml", "b.yaml"]


@pytest.mark.parametrize("planted", ["file", "link", "pipe"])
def test_lock_replaces_a_file_that_others_can_hold(tmp_path: Path, planted: str) -> None:
    lock = tmp_path / LOCK_FILE
    if planted == "link":
        lock.symlink_to("elsewhere")
    elif planted == "pipe":
        os.mkfifo(lock)
    else:
        lock.touch(0o644)
    with locked(tmp_path):
        assert lock.is_file() and not lock.is_symlink()
        assert lock.stat().st_mode & 0o777 == 0o600
    assert files(tmp_path) == []


@pytest.mark.parametrize(("directory", "lock"), [(0o755, 0o600), (0o775, 0o660), (0o777, 0o666)])
def test_lock_opens_for_those_who_may_write(tmp_path: Path, directory: int, lock: int) -> None:
    tmp_path.chmod(directory)
    with locked(tmp_path):
        assert (tmp_path / LOCK_FILE).stat().st_mode & 0o777 == lock


def test_lock_is_free_when_a_reader_holds_the_directory(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": COMPONENT})
    descriptors = [os.open(each, os.O_RDONLY) for each in (root, root / "a.yaml")]
    try:
        for descriptor in descriptors:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        with locked(root, patience=0):
            pass
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(AppError, match=r"pipe\.yaml: can't read it: it is no regular file"):
        read_file(tmp_path, "pipe.yaml")


def test_the_lock_may_be_nested_and_taken_in_a_folder_that_can_not_be_written(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": COMPONENT})
    root.chmod(0o555)
    try:
        with locked(root), locked(root / "." / "../" / root.name):
            pass
        with locked(root):
            pass
    finally:
        root.chmod(0o755)
    with pytest.raises(AppError, match=r".*nowhere: can't lock it: No such file"), locked(root / "nowhere"):
        pass


def test_remove_and_rename(write_tree: Tree) -> None:
    root = write_tree({"a.yaml": "a", "b.yaml": "b", "sub/c.yaml": "c"})
    with pytest.raises(AppError, match=r"b\.yaml exists already"):
        rename(root, "a.yaml", "b.yaml")
    rename(root, "a.yaml", "new/d.yaml")
    rename(root, "sub", "new/sub")
    assert files(root) == ["b.yaml", "new", "new/d.yaml", "new/sub", "new/sub/c.yaml"]
    remove(root, "new")
    remove(root, "b.yaml")
    remove(root, "b.yaml")
    assert files(root) == []
    with pytest.raises(AppError, match=r"a\.yaml: can't rename it: No such file"):
        rename(root, "a.yaml", "b.yaml")
