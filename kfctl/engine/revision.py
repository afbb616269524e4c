"""What was applied, by whom and with which values, as Secrets small enough to be kept on the cluster.

The objects are put into blocks, each compressed by itself and named by its content, so that two revisions
share the blocks in which nothing has changed. Where a block ends is decided by the object there: one object
more changes one block and moves none.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kfctl.engine.applyset import record_labels
from kfctl.engine.hidden import Hider
from kfctl.errors import ClusterError
from kfctl.model.inventory import Run
from kfctl.model.resource import Resource, at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfctl.model.inventory import Inventory

KEPT = 10
CHUNK = 700 * 1024  # bytes; base64 and the Secret around it stay below the 1 MiB that an object may have
_BLOCK = 4 * 1024 * 1024  # bytes of JSON at most, unless one object alone has more
MAX_SIZE = 256 * 1024 * 1024  # bytes of all blocks of a revision together, decompressed
_ENDS = 256  # a block ends after one object in so many, on average
_GZIP = 31  # zlib's wbits for the gzip format
NUMBER = "kfctl.dev/revision"


@dataclass(frozen=True)
class Revision:
    """One apply that changed something; `values` and `objects` name the chunks that hold them, by block."""

    number: int
    what: str  # apply, rollback to 3, delete …
    run: Run
    app_id: str
    counts: Mapping[str, int] = field(default_factory=dict)  # of changes, by action
    size: int = 0  # how many objects there were then
    values: tuple[str, ...] = ()
    objects: tuple[tuple[str, ...], ...] = ()

    @property
    def chunks(self) -> frozenset[str]:
        """The digests of all chunks that it needs."""
        return frozenset([*self.values, *(digest for block in self.objects for digest in block)])


@dataclass(frozen=True)
class Contents:
    """The values used, by component, and the objects applied; secrets are left out of both."""

    values: Mapping[str, Any]
    objects: tuple[Resource, ...]


NOTHING = Contents({}, ())


@dataclass(frozen=True)
class Packed:
    """A revision and the chunks that it needs, by digest."""

    revision: Revision
    chunks: Mapping[str, bytes]


def pack(
    revision: Revision, contents: Contents, secrets: Mapping[str, Any], kept: Contents = NOTHING
) -> Packed:
    """Compress what a revision holds, without the secrets (parameter → value) and the data of Secrets.

    What is `kept` of an earlier revision is without them already.
    """
    hider, chunks = Hider(secrets), dict[str, bytes]()
    values = _stored(_line({**kept.values, **hider.values(contents.values)}), chunks)
    hidden = [resource.with_body(hider.resource(resource)) for resource in contents.objects]
    ordered = sorted((*kept.objects, *hidden), key=lambda resource: (resource.component, resource.key))
    lines = [
        (resource, _line({"component": resource.component, "body": resource.body})) for resource in ordered
    ]
    objects = tuple(_stored(block, chunks) for block in _blocks(lines))
    return Packed(replace(revision, values=values, objects=objects, size=len(ordered)), chunks)


def unpack(revision: Revision, chunks: Mapping[str, bytes]) -> Contents:
    """Return what a revision holds; `reveal` puts the secrets back.

    ClusterError where it is damaged, or larger than `MAX_SIZE`: its Secrets are not signed.
    """
    try:
        return _contents(revision, chunks)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(revision.number, "it holds something else than values and objects") from error


def _contents(revision: Revision, chunks: Mapping[str, bytes]) -> Contents:
    left, blocks = MAX_SIZE, []
    for digests in (revision.values, *revision.objects):
        blocks.append(_loaded(revision, digests, chunks, left))
        left -= len(blocks[-1])
    values, *rest = blocks
    found = [_object(json.loads(line)) for block in rest for line in block.splitlines()]
    if len(found) != revision.size:
        raise _damaged(revision.number, f"it holds {len(found)} objects instead of {revision.size}")
    by_component = dict(json.loads(values))
    if not all(isinstance(given, dict) for given in by_component.values()):
        raise TypeError("the values of a component are a map")
    return Contents(by_component, tuple(found))


def _object(held: Any) -> Resource:
    body, component = held["body"], held["component"]
    if not isinstance(body, dict) or not isinstance(component, str):
        raise TypeError("an object of a revision is a map and has a component")
    return Resource(body, component=component)


def revision_secret(inventory: Inventory, revision: Revision) -> dict[str, Any]:
    """Return the Secret that a revision is kept in, without its contents."""
    run = revision.run
    told = {
        "number": revision.number,
        "what": revision.what,
        "run": {"id": run.id, "who": run.who, "when": run.when, "version": run.version},
        "appId": revision.app_id,
        "counts": dict(revision.counts),
        "size": revision.size,
        "values": list(revision.values),
        "objects": [list(block) for block in revision.objects],
    }
    made = _secret(inventory, f"{inventory.name}.r{revision.number}", "revision", _line(told))
    made["metadata"]["labels"][NUMBER] = str(revision.number)
    return made


def chunk_secret(inventory: Inventory, digest: str, content: bytes) -> dict[str, Any]:
    """Return the Secret that a chunk is kept in."""
    return _secret(inventory, chunk_name(inventory, digest), "chunk", content)


def chunk_name(inventory: Inventory, digest: str) -> str:
    """Return the name of a chunk's Secret."""
    return f"{inventory.name}.c-{digest}"


def read_revision(body: Mapping[str, Any]) -> Revision:
    """Return the revision that a Secret holds."""
    told = _told(body)
    try:
        return Revision(
            number=int(told["number"]),
            what=str(told["what"]),
            run=_run(told["run"]),
            app_id=str(told["appId"]),
            counts={str(action): int(count) for action, count in told["counts"].items()},
            size=int(told["size"]),
            values=tuple(map(str, told["values"])),
            objects=tuple(tuple(map(str, block)) for block in told["objects"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _damaged(_number(body), f"it lacks {error}") from error


def _run(told: Mapping[str, Any]) -> Run:
    datetime.fromisoformat(str(told["when"]))
    return Run(*(str(told[name]) for name in ("id", "who", "when", "version")))


def read_chunk(body: Mapping[str, Any]) -> bytes:
    """Return what a Secret holds; empty where it holds nothing of ours."""
    try:
        return base64.b64decode(str(at(body, "data", "content") or ""), validate=True)
    except (binascii.Error, ValueError):
        return b""


def number_of(body: Mapping[str, Any]) -> int:
    """Return the number of the revision that a Secret holds, readable or not."""
    number = _number(body)
    return int(number) if number.isdecimal() and len(number) < 20 else 0


def outdated(revisions: Iterable[Revision], keep: int = KEPT) -> tuple[tuple[Revision, ...], frozenset[str]]:
    """Return the revisions that are too many, and the chunks that none of the others needs."""
    newest = sorted(revisions, key=lambda revision: -revision.number)
    kept, old = newest[:keep], newest[keep:]
    needed = {digest for revision in kept for digest in revision.chunks}
    return tuple(old), frozenset(digest for revision in old for digest in revision.chunks - needed)


def _blocks(lines: Sequence[tuple[Resource, bytes]]) -> Iterator[bytes]:
    block: list[bytes] = []
    length = 0
    for resource, line in lines:
        if block and length + len(line) > _BLOCK:
            yield b"\n".join(block)
            block, length = [], 0
        block.append(line)
        length += len(line)
        if hashlib.sha256("/".join(resource.key).encode()).digest()[0] % _ENDS == 0:
            yield b"\n".join(block)
            block, length = [], 0
    if block:
        yield b"\n".join(block)


def _stored(block: bytes, chunks: dict[str, bytes]) -> tuple[str, ...]:
    """Compress a block, put it into chunks and return their digests."""
    packed = gzip.compress(block, compresslevel=6, mtime=0)  # the same bytes whenever it is made
    parts = [packed[start : start + CHUNK] for start in range(0, len(packed), CHUNK)]
    named = [(hashlib.sha256(part).hexdigest()[:40], part) for part in parts]
    chunks.update(named)
    return tuple(digest for digest, _ in named)


def _loaded(revision: Revision, digests: Sequence[str], chunks: Mapping[str, bytes], limit: int) -> bytes:
    """Return a block, decompressed to at most `limit` bytes."""
    parts = [chunks.get(digest, b"") for digest in digests]
    for digest, part in zip(digests, parts, strict=True):
        if hashlib.sha256(part).hexdigest()[:40] != digest:
            raise _damaged(revision.number, f"chunk {digest} is missing or was changed")
    stream = zlib.decompressobj(wbits=_GZIP)
    try:
        block = stream.decompress(b"".join(parts), limit + 1)
    except zlib.error as error:
        raise _damaged(revision.number, str(error)) from error
    if len(block) > limit:
        raise _damaged(revision.number, f"it has more than {MAX_SIZE} bytes")
    if not stream.eof:
        raise _damaged(revision.number, "a chunk ends too early")
    return block


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


def _told(body: Mapping[str, Any]) -> Any:
    try:
        return json.loads(read_chunk(body))
    except (ValueError, RecursionError) as error:
        raise _damaged(_number(body), f"it can't be read: {error}") from error


def _number(body: Mapping[str, Any]) -> str:
    return str(at(body, "metadata", "name")).rpartition(".r")[2]


def _secret(inventory: Inventory, name: str, record: str, content: bytes) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": inventory.namespace,
            "labels": record_labels(inventory.id, record),
        },
        "type": f"kfctl.dev/{record}.v1",
        "immutable": True,
        "data": {"content": base64.b64encode(content).decode()},
    }


def _damaged(number: object, why: str) -> ClusterError:
    return ClusterError(f"revision {number} is damaged: {why}", hint="take another one: kfctl history")
