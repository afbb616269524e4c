"""YAML text in, text out: read with positions, set or remove one value, print."""

from kfctl.yamltext.emit import dump, dump_all
from kfctl.yamltext.lines import decode, position
from kfctl.yamltext.read import Located, documents, load, load_all, load_located
from kfctl.yamltext.reader import Reader
from kfctl.yamltext.splice import set_in, unset_in

__all__ = [
    "Located",
    "Reader",
    "decode",
    "documents",
    "dump",
    "dump_all",
    "load",
    "load_all",
    "load_located",
    "position",
    "set_in",
    "unset_in",
]
