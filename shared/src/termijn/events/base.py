"""What every stored or published event is made of.

An event type is a frozen struct. Its class name is its stable name: it is written into databases and topics and is never
changed once released. ``SCHEMA_VERSION`` goes up when the shape changes, together with an upcaster from the version before.
"""

from typing import ClassVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact in the past tense. Subclasses add fields; every type in them is one that msgspec encodes.

    ``PERSONAL`` names the fields that are personal data, as a path where they lie within another ("facts.vat_number"). They are
    ciphertext wherever the event is kept or sent, and come back as None once their key is gone; so each of them is typed
    ``... | None``. ``PERSONAL_TEXTS`` are texts that a person typed and that are always there: they come back empty. In either, ``*``
    stands for each of a list ("milestones.*.title"). ``PERSONAL_PURPOSE`` says which key that is: the account's, or the one of its
    mandates (CON-7, PAY-1).
    """

    SCHEMA_VERSION: ClassVar[int] = 1
    PERSONAL: ClassVar[frozenset[str]] = frozenset()
    PERSONAL_TEXTS: ClassVar[frozenset[str]] = frozenset()
    PERSONAL_PURPOSE: ClassVar[str] = "account"

    def typed_texts(self) -> frozenset[str]:
        """``PERSONAL_TEXTS``, or none of them where nobody typed what stands in this one."""
        return self.PERSONAL_TEXTS


class Blob(msgspec.Struct, frozen=True, kw_only=True):
    """The address of something too large for an event: content hash (SHA-256, hex), bytes, and where it lies."""

    sha256: str
    size_bytes: int
    address: str
