"""The YAML of a whole catalogue: read with the line of every value, so that an error says where; written so that a diff reads well.

A dialect without surprises: only null, true, false and whole numbers mean something else than their text, so 9.90 stays "9.90"
and a key cannot become a date. Aliases and tags are refused.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from termijn.kernel.errors import InvalidInput

DEPTH_MAX = 20
"""Levels of a file; a catalogue has seven."""
BYTES_MAX = 32 * 1024 * 1024

_NULL, _BOOL, _INT, _STR = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "str"))
_TAGS = {_NULL, _BOOL, _INT, _STR, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_MEANINGS = (
    (_NULL, re.compile(r"^(?:~|null|)$"), ["~", "n", ""]),
    (_BOOL, re.compile(r"^(?:true|false)$"), ["t", "f"]),
    (_INT, re.compile(r"^-?(?:0|[1-9][0-9]{0,17})$"), list("-0123456789")),
)

Lines = Mapping[str, int]
"""The line, from 1, of every dotted path."""


class NoCatalogueFile(InvalidInput):
    """{where}: {reason}"""


class _Loader(yaml.CSafeLoader):
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - PyYAML reads it from the class


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - PyYAML reads it from the class

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


for _tag, _pattern, _first in _MEANINGS:
    for _kind in (_Loader, _Dumper):
        _kind.add_implicit_resolver(_tag, _pattern, _first)


def parse(content: bytes, *, name: str) -> tuple[Any, Lines]:
    """The file as plain data, and where each value stands. Raises ``NoCatalogueFile`` with file and line."""
    if len(content) > BYTES_MAX:
        raise NoCatalogueFile(where=name, reason=f"is over {BYTES_MAX} bytes")
    try:
        loader = _Loader(content.decode("utf-8-sig"))
        try:
            node: yaml.Node | None = loader.get_single_node()
        finally:
            loader.dispose()
    except UnicodeDecodeError:
        raise NoCatalogueFile(where=name, reason="is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = getattr(error.problem_mark, "line", 0) + 1
        raise NoCatalogueFile(where=f"{name}:{line}", reason=f"is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise NoCatalogueFile(where=name, reason=f"is not YAML: {' '.join(str(error).split())}") from None
    lines: dict[str, int] = {}
    return (None if node is None else _Reader(name, lines).read(node, "", 0)), lines


class _Reader:
    """Nodes to plain data, noting lines."""

    def __init__(self, name: str, lines: dict[str, int]) -> None:
        self._name = name
        self._lines = lines
        self._seen: set[int] = set()

    def read(self, node: yaml.Node, path: str, depth: int) -> Any:
        """One node and what is under it."""
        line = node.start_mark.line + 1
        self._lines.setdefault(path, line)
        if id(node) in self._seen:
            # Refused, not followed: a few lines of aliases of aliases unfold to more than any memory holds.
            raise self._wrong(line, "aliases are not used here")
        self._seen.add(id(node))
        if depth > DEPTH_MAX:
            raise self._wrong(line, f"is over {DEPTH_MAX} levels deep")
        if node.tag not in _TAGS:
            raise self._wrong(line, f"the tag {node.tag} is not used here")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(one, _under(path, str(index)), depth + 1) for index, one in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise self._wrong(line, "a key is a word")
            inner = _under(path, key.value)
            if key.value in found:
                raise self._wrong(line, f"{inner} is there twice")
            self._lines[inner] = line
            found[key.value] = self.read(value, inner, depth + 1)
        return found

    def _scalar(self, node: yaml.Node) -> str | int | bool | None:
        text = str(node.value)
        if node.tag == _NULL:
            return None
        if node.tag == _BOOL:
            return text == "true"
        return int(text) if node.tag == _INT else text

    def _wrong(self, line: int, reason: str) -> NoCatalogueFile:
        return NoCatalogueFile(where=f"{self._name}:{line}", reason=reason)


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def line_of(lines: Lines, path: str) -> int:
    """The line of a path, or of the nearest thing around it: what is missing has no line of its own."""
    while path and path not in lines:
        path = path.rpartition(".")[0]
    return lines.get(path, 1)


def dump(data: Any) -> str:
    """As YAML, in the order given; the same data is the same text."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=130)
    return text
