"""What was done and what came of it, written down line by line: the story is told from it, and a demo that was killed goes on from it."""

import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

Facts = dict[str, Any]


class OtherSeed(Exception):
    """The folder holds a demo that was played with another seed."""

    def __init__(self, *, found: int, asked: int) -> None:
        super().__init__(f"this folder holds the demo of seed {found}; play seed {asked} in another folder")


class Journal:
    """An append-only file of JSON lines ``{"key", "on", "facts"}``; each key is there once."""

    def __init__(self, path: Path) -> None:
        """Open, and read what is there. A last line that was cut off by a crash is dropped: what it said is done again."""
        self._path = path
        self._entries: dict[str, tuple[date, Facts]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        whole = path.read_text(encoding="utf-8")
        complete, _, cut_off = whole.rpartition("\n")
        for text in complete.splitlines():
            entry = json.loads(text)
            self._entries[entry["key"]] = (date.fromisoformat(entry["on"]), entry["facts"])
        if cut_off:
            path.write_text(complete + "\n" if complete else "", encoding="utf-8")

    def check_seed(self, seed: int) -> None:
        """Raise ``OtherSeed`` where the folder was played with another one; write it down the first time."""
        found = self.facts("seed")
        if found is None:
            self.note("seed", on=date.min, facts={"seed": seed})
        elif found["seed"] != seed:
            raise OtherSeed(found=found["seed"], asked=seed)

    def facts(self, key: str) -> Facts | None:
        """What was written down under the key."""
        entry = self._entries.get(key)
        return None if entry is None else entry[1]

    def note(self, key: str, *, on: date, facts: Facts) -> Facts:
        """Write down; a key that is there keeps its facts."""
        if key not in self._entries:
            self._entries[key] = (on, facts)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "on": on.isoformat(), "facts": facts}, ensure_ascii=False, default=str) + "\n")
        return self._entries[key][1]

    async def once(self, key: str, *, on: date, act: Callable[[], Awaitable[Facts]]) -> Facts:
        """Do it and write down what came of it, or say what came of it before."""
        known = self.facts(key)
        return known if known is not None else self.note(key, on=on, facts=await act())

    def all(self, prefix: str) -> Iterator[tuple[str, date, Facts]]:
        """Everything whose key begins so, in the order in which it was done."""
        for key, (on, facts) in self._entries.items():
            if key.startswith(prefix):
                yield key, on, facts
