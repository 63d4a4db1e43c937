"""Events to and from their stored form: JSON with personal fields sealed, old versions upcast one step at a time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from termijn.events.base import Event
from termijn.kernel.errors import Refusal
from termijn.runtime.aggregate import WakeUp
from termijn.runtime.key_purpose import ACCOUNT_PURPOSE

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
StructT = TypeVar("StructT", Event, WakeUp)

EVENT_BYTES_MAX = 256 * 1024
"""A larger event is refused before commit (Kafka, caches, people); large things are blobs."""


EACH = "*"
"""In a path: each of a list."""
_LEFT = {"left": ""}
"""What a sealed text is once its key is gone."""
_MARK = '"sealed"'
_MARK_BYTES = _MARK.encode()


class Sealer(Protocol):
    """Seals and opens personal data of one account."""

    def seal(self, account: str, plain: bytes, purpose: str = ACCOUNT_PURPOSE) -> str:
        """Ciphertext that names its key."""
        ...

    def open(self, account: str, sealed: str) -> bytes | None:
        """The plain text, or None where the key was destroyed."""
        ...


class UnknownType(Exception):
    """A stored name that this version of the code does not know."""


class EventTooLarge(Refusal):
    """{event} of {account} has {size} bytes, at most {limit} are allowed; what is larger goes into a blob."""

    status = 413


class Registry:
    """The event types of one owner (a service's private events, a publisher's public ones), by their stored names."""

    def __init__(self, types: Iterable[type[Event]], upcasters: Mapping[tuple[str, int], Upcaster] | None = None) -> None:
        self._types: dict[str, type[Event]] = {}
        self._upcasters = dict(upcasters or {})
        for kind in types:
            known = self._types.setdefault(kind.__name__, kind)
            assert known is kind, f"two event types are called {kind.__name__}"

    @property
    def names(self) -> Sequence[str]:
        """All stored names."""
        return sorted(self._types)

    def type_of(self, name: str) -> type[Event] | None:
        """The type of that stored name, None where it is not known."""
        return self._types.get(name)

    def decode(self, name: str, version: int, data: bytes | str, account: str, sealer: Sealer) -> Event:
        """An event as it was stored, upcast to the version of today."""
        kind = self._types.get(name)
        if kind is None:
            raise UnknownType(name)
        is_personal = bool(kind.PERSONAL or kind.PERSONAL_TEXTS) and (_MARK in data if isinstance(data, str) else _MARK_BYTES in data)
        if version == kind.SCHEMA_VERSION and not is_personal:
            return msgspec.json.decode(data, type=kind)
        plain: dict[str, Any] = msgspec.json.decode(data)
        if is_personal:
            # By their form and not by name: an old version may have called a personal field differently.
            plain = _opened(plain, account, sealer)
        return msgspec.convert(upcast(plain, name, version, kind.SCHEMA_VERSION, self._upcasters), kind, strict=False)

    def needs_key(self, name: str, data: bytes | str) -> bool:
        """Whether opening this event needs a key: one whose personal fields are all empty does not, and asking would make one."""
        kind = self._types.get(name)
        return (
            kind is not None
            and bool(kind.PERSONAL or kind.PERSONAL_TEXTS)
            and (_MARK in data if isinstance(data, str) else _MARK_BYTES in data)
        )


def has_personal_data(event: Event) -> bool:
    """Whether storing this event needs a key."""
    return any(value is not None for path in event.PERSONAL for value in _found(event, path)) or any(
        text for path in event.typed_texts() for text in _found(event, path)
    )


def encode(event: Event, account: str, sealer: Sealer) -> bytes:
    """The stored form. Raises ``EventTooLarge``."""
    if has_personal_data(event):
        plain = msgspec.to_builtins(event)
        for path in event.PERSONAL:
            _seal_in(plain, path, lambda value: _sealed(value, account, sealer, event.PERSONAL_PURPOSE) if value is not None else None)
        for path in event.typed_texts():
            _seal_in(plain, path, lambda text: _sealed(text, account, sealer, event.PERSONAL_PURPOSE) | _LEFT if text else text)
        data = msgspec.json.encode(plain)
    else:
        data = msgspec.json.encode(event)
    if len(data) > EVENT_BYTES_MAX:
        raise EventTooLarge(event=type(event).__name__, account=account, size=len(data), limit=EVENT_BYTES_MAX)
    return data


def upcast(plain: dict[str, Any], name: str, version: int, today: int, upcasters: Mapping[tuple[str, int], Upcaster]) -> dict[str, Any]:
    """Pure one-step upcasters, applied until the version of today. Raises ``UnknownType`` for a version after today's."""
    if version > today:
        # Reading it as today's would drop what it says; parked, it can be handled by the release that knows it.
        raise UnknownType(f"{name}, version {version}: this release knows up to {today}")
    while version < today:
        step = upcasters.get((name, version))
        if step is None:
            raise UnknownType(f"{name} of version {version}: there is no upcaster from it")
        plain = step(plain)
        version += 1
    return plain


def _opened(value: Any, account: str, sealer: Sealer) -> Any:
    if isinstance(value, list):
        return [_opened(inner, account, sealer) for inner in value]
    if not isinstance(value, dict):
        return value
    if value.keys() not in ({"sealed"}, {"sealed", "left"}):
        return {name: _opened(inner, account, sealer) for name, inner in value.items()}
    plain = sealer.open(account, value["sealed"])
    return value.get("left") if plain is None else msgspec.json.decode(plain)


def _sealed(value: Any, account: str, sealer: Sealer, purpose: str) -> dict[str, str]:
    return {"sealed": sealer.seal(account, msgspec.json.encode(value), purpose)}


def _found(event: Event, path: str) -> list[Any]:
    """What lies at "facts.vat_number", or at "lines.*.title", of each; nothing where the way there ends before."""
    values: list[Any] = [event]
    for name in path.split("."):
        known = [value for value in values if value is not None]
        values = [inner for value in known for inner in value] if name == EACH else [getattr(value, name) for value in known]
    return values


def _seal_in(plain: dict[str, Any], path: str, seal: Callable[[Any], Any]) -> None:
    *way, last = path.split(".")
    places: list[Any] = [plain]
    for name in way:
        known = [place for place in places if place is not None]
        places = [inner for place in known for inner in place] if name == EACH else [place[name] for place in known]
    for place in places:
        if place is not None:
            place[last] = seal(place[last])


class WakeUps:
    """The wake-ups of one service, by their stored names."""

    def __init__(self, types: Iterable[type[WakeUp]], upcasters: Mapping[tuple[str, int], Upcaster] | None = None) -> None:
        self._types = {kind.__name__: kind for kind in types}
        self._upcasters = dict(upcasters or {})

    def decode(self, name: str, version: int, data: bytes | str) -> WakeUp:
        """A wake-up as it was stored, upcast to the version of today."""
        kind = self._types.get(name)
        if kind is None:
            raise UnknownType(name)
        plain: dict[str, Any] = msgspec.json.decode(data)
        return msgspec.convert(upcast(plain, name, version, kind.SCHEMA_VERSION, self._upcasters), kind, strict=False)
