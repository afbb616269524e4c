"""How Kubernetes lets things be called: names of objects, keys and values of labels, ports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
WORD = r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"


class Form(NamedTuple):
    """What a name must look like, for the machine and for people."""

    pattern: str  # a regular expression, not compiled before it is used: few are in one run
    longest: int
    words: str

    def fault(self, text: Any) -> str:
        """Return what is wrong with a name; empty where nothing is."""
        if not isinstance(text, str):
            return f"must be text, not {text!r}: put it in quotes"
        if len(text) > self.longest:
            return f"'{text[:20]}…' has {len(text)} characters, and {self.longest} are allowed"
        return "" if re.fullmatch(self.pattern, text) else f"'{text}' must be {self.words}"


DNS_LABEL = Form(LABEL, 63, "lower-case letters, digits and -, with a letter or digit at both ends")
DNS_1035 = Form(
    r"[a-z]([-a-z0-9]*[a-z0-9])?",
    63,
    "lower-case letters, digits and -, with a letter first and a letter or digit last",
)
SUBDOMAIN = Form(
    rf"{LABEL}(\.{LABEL})*",
    253,
    "lower-case letters, digits, - and ., with a letter or digit at both ends of each part",
)
SEGMENT = Form(r"(?!\.{1,2}$)[^/%]+", 253, "without / and %, and not . or ..")
LABEL_VALUE = Form(f"({WORD})?", 63, "letters, digits, -, _ and ., with a letter or digit at both ends")
WORD_FORM = Form(
    WORD,
    63,
    "letters, digits, -, _ and . after an optional prefix with /, such as example.com/role",
)
PORT = Form(
    r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*",
    15,
    "lower-case letters, digits and single -, with at least one letter",
)
CONFIG_KEY = Form(r"(?!\.\.)(?!\.$)[-._a-zA-Z0-9]+", 253, "letters, digits, -, _ and .")
VERSION = Form(r"v[0-9]+((alpha|beta)[0-9]+)?", 63, "a version such as v1 or v1beta1")
KIND = Form(r"[A-Z][A-Za-z0-9]*", 63, "a kind such as Deployment")

OBJECT_NAMES: dict[str, Form] = {  # all other kinds take a subdomain
    "Namespace": DNS_LABEL,
    "Service": DNS_1035,
    "batch/CronJob": DNS_LABEL._replace(longest=52),  # its jobs' names have 11 characters more
    "batch/Job": SUBDOMAIN._replace(longest=63),  # it is a label of its pods
    "kubeflow.org/TFJob": DNS_1035,
    "rbac.authorization.k8s.io/ClusterRole": SEGMENT,
    "rbac.authorization.k8s.io/ClusterRoleBinding": SEGMENT,
    "rbac.authorization.k8s.io/Role": SEGMENT,
    "rbac.authorization.k8s.io/RoleBinding": SEGMENT,
}


def key_fault(key: Any) -> str:
    """Return what is wrong with the key of a label or annotation; empty where nothing is."""
    if not isinstance(key, str):
        return f"must be text, not {key!r}"
    prefix, slash, word = key.rpartition("/")
    if slash and (fault := SUBDOMAIN.fault(prefix.lower())):
        return f"the prefix of '{key}': {fault}"
    return WORD_FORM.fault(word)


def label_faults(labels: Any) -> Iterator[str]:
    """Return what is wrong with labels, or with a selector made of them."""
    if not isinstance(labels, dict):
        if labels is not None:
            yield "must be a map"
        return
    for key, value in labels.items():
        for fault in (key_fault(key), LABEL_VALUE.fault(value)):
            if fault:
                yield f"{key}: {fault}"
