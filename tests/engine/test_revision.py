"""Revisions packed and unpacked: nothing lost, nothing secret, little that is new when little has changed."""

import base64
import gzip
import hashlib
import json
import math
import random
from dataclasses import replace
from typing import Any

import pytest

from kfctl.engine.revision import (
    CHUNK,
    Contents,
    Packed,
    Revision,
    chunk_secret,
    outdated,
    pack,
    read_chunk,
    read_revision,
    revision_secret,
    unpack,
)
from kfctl.errors import ClusterError
from kfctl.model.inventory import Inventory, Run
from kfctl.model.resource import Resource

RUN = Run("run-1", "ann@box", "2026-01-02T03:04:05Z", "0.1.0")
OURS = Inventory("applyset-x-v1", "x", "y", "id-1", "ml")
NEXT = Revision(3, "apply", RUN, "id-1", {"create": 2})


def config_map(number: int, text: str = "v") -> Resource:
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"c{number}", "namespace": "ml"},
        "data": {"a": text, "line\u2028": "\r\n\x7fé"},
    }
    return Resource(body, component=f"component-{number % 7}")


def contents(count: int) -> Contents:
    return Contents({"web": {"replicas": 3}}, tuple(config_map(number) for number in range(count)))


def in_order(resources: tuple[Resource, ...]) -> list[Resource]:
    return sorted(resources, key=lambda resource: resource.name)


def kept(packed: Packed) -> Contents:
    """What comes back after the Secrets were on a cluster."""
    revision = read_revision(revision_secret(OURS, packed.revision))
    assert revision == packed.revision
    chunks = {digest: read_chunk(chunk_secret(OURS, digest, part)) for digest, part in packed.chunks.items()}
    return unpack(revision, chunks)


@pytest.mark.parametrize("count", [0, 1, 2000])
def test_round_trip(count: int) -> None:
    given = contents(count)
    found = kept(pack(NEXT, given, {}))
    assert found.values == given.values
    assert in_order(found.objects) == in_order(given.objects)


def test_what_does_not_compress_is_cut_into_chunks_that_fit() -> None:
    noise = base64.b64encode(random.Random(1).randbytes(1_000_000)).decode()
    given = Contents({"big": {"text": noise}}, (config_map(1, noise), config_map(2)))
    packed = pack(NEXT, given, {})
    assert len(packed.chunks) >= 4
    assert max(map(len, packed.chunks.values())) <= CHUNK
    assert max(len(str(chunk_secret(OURS, *chunk))) for chunk in packed.chunks.items()) < 1024 * 1024
    assert kept(packed).values == given.values


def test_the_same_contents_make_the_same_chunks() -> None:
    given = contents(500)
    shuffled = replace(given, objects=tuple(reversed(given.objects)))
    assert pack(NEXT, given, {}).chunks == pack(NEXT, shuffled, {}).chunks


@pytest.mark.parametrize("change", ["edit", "add", "remove"])
def test_a_small_change_makes_few_new_chunks(change: str) -> None:
    before = contents(5000)
    objects = list(before.objects)
    if change == "edit":
        objects[2500] = config_map(2500, "w")
    elif change == "add":
        objects.append(config_map(5000))
    else:
        del objects[2500]
    old, new = pack(NEXT, before, {}), pack(NEXT, replace(before, objects=tuple(objects)), {})
    assert len(old.chunks) > 10
    assert len(new.chunks.keys() - old.chunks.keys()) <= 2


def test_secrets_are_left_out() -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "Y2FuYXJ5"}}
    given = Contents({"web": {"token": "canary"}}, (Resource(body), config_map(1, "say canary")))
    found = kept(pack(NEXT, given, {"web.token": "canary"}))
    assert "canary" not in str(found).lower()
    assert "Y2FuYXJ5" not in str(found)


def test_a_chunk_that_is_missing_or_changed_is_noticed() -> None:
    packed = pack(NEXT, contents(10), {})
    digest = packed.revision.objects[0][0]
    for broken in ({k: v for k, v in packed.chunks.items() if k != digest}, {**packed.chunks, digest: b"x"}):
        with pytest.raises(ClusterError, match=f"revision 3 is damaged: chunk {digest}"):
            unpack(packed.revision, broken)


@pytest.mark.parametrize(
    "content", ["", "e30=", "%%%", "W10=", base64.b64encode(b'{"number": "x"}').decode()]
)
def test_a_revision_that_can_not_be_read_is_damaged(content: str) -> None:
    body = revision_secret(OURS, NEXT)
    body["data"]["content"] = content
    with pytest.raises(ClusterError, match="revision 3 is damaged"):
        read_revision(body)


@pytest.mark.parametrize("line", [b"[]", b"{}", b'{"component": "c", "body": []}', b"[" * 100_000])
def test_unpack_rejects_forged_objects(line: bytes) -> None:
    with pytest.raises(ClusterError, match="revision 3 is damaged"):
        unpack(*forged(line))


def test_unpack_decompresses_no_more_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfctl.engine.revision.MAX_SIZE", 1000)
    with pytest.raises(ClusterError, match="more than 1000 bytes"):
        unpack(*forged(b" " * 1001))


def forged(line: bytes) -> tuple[Revision, dict[str, bytes]]:
    """A revision of one object whose digests match, as anybody can write it."""
    parts = [gzip.compress(each) for each in (b"{}", line)]
    values, objects = (hashlib.sha256(part).hexdigest()[:40] for part in parts)
    revision = replace(NEXT, size=1, values=(values,), objects=((objects,),))
    return revision, {values: parts[0], objects: parts[1]}


@pytest.mark.parametrize(
    "changed",
    [{"counts": []}, {"counts": {"create": []}}, {"run": {}}, {"run": {"when": "x"}}, {"size": math.inf}],
)
def test_read_revision_rejects_wrong_types(changed: dict[str, Any]) -> None:
    body = revision_secret(OURS, NEXT)
    told = json.loads(base64.b64decode(body["data"]["content"]))
    body["data"]["content"] = base64.b64encode(json.dumps({**told, **changed}).encode()).decode()
    with pytest.raises(ClusterError, match="revision 3 is damaged"):
        read_revision(body)


def test_what_is_outdated() -> None:
    def revision(number: int, *digests: str) -> Revision:
        return replace(NEXT, number=number, values=(digests[0],), objects=(digests[1:],))

    there = [
        revision(4, "d", "new"),
        revision(2, "b", "shared"),
        revision(1, "a", "old"),
        revision(3, "c", "shared"),
    ]
    old, needless = outdated(there, keep=2)
    assert [each.number for each in old] == [2, 1]
    assert needless == {"b", "a", "old"}
    assert outdated(there) == ((), frozenset())
