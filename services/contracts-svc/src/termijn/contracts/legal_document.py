"""Legal documents of the provider, to view: its terms and its data-protection agreement (CON-8). One stream per kind.

The names of the events below are stored forever.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec

from termijn.contracts.errors import AlreadyThere
from termijn.events.base import Blob, Event
from termijn.kernel.errors import InvalidInput
from termijn.runtime.aggregate import Aggregate, Command

LegalKind = Literal["terms", "data-protection"]
VERSIONS_MAX = 500
"""Versions of one kind: one a month for forty years."""

# -- Events ----------------------------------------------------------------------------------------------------------


class LegalDocumentPublished(Event, frozen=True, kw_only=True):
    """A version that can be accepted and viewed; it never changes."""

    kind: str
    version: str
    valid_from: date
    media_type: str
    content: Blob


# -- State -----------------------------------------------------------------------------------------------------------


class LegalDocuments(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of one kind, oldest first."""

    versions: tuple[LegalDocumentPublished, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What each version is called."""
        return tuple(one.version for one in self.versions)


# -- Commands --------------------------------------------------------------------------------------------------------


class PublishLegalDocument(Command, frozen=True, kw_only=True):
    """Publish a version; its content lies in a blob already."""

    kind: LegalKind
    version: str
    valid_from: date
    media_type: str
    content: Blob


# -- Decisions -------------------------------------------------------------------------------------------------------


def decide(command: PublishLegalDocument, state: LegalDocuments) -> Sequence[LegalDocumentPublished]:
    """A further version; one that was accepted stays what was accepted, so none is ever replaced (CON-8)."""
    published = LegalDocumentPublished(
        kind=command.kind,
        version=command.version,
        valid_from=command.valid_from,
        media_type=command.media_type,
        content=command.content,
    )
    if command.version in state.names:
        if published in state.versions:
            return []
        raise AlreadyThere(field="version", what=f"version of the {command.kind} document,", id=command.version)
    if len(state.versions) >= VERSIONS_MAX:
        raise InvalidInput(field="version", reason=f"at most {VERSIONS_MAX} versions")
    return [published]


def evolve(state: LegalDocuments, event: LegalDocumentPublished) -> LegalDocuments:
    """A version is added; none is replaced."""
    return LegalDocuments(versions=(*state.versions, event))


LEGAL_DOCUMENT: Aggregate[LegalDocuments, PublishLegalDocument, LegalDocumentPublished] = Aggregate(
    name="legal_document",
    initial=LegalDocuments(),
    decide=decide,
    evolve=evolve,
    state_type=LegalDocuments,
    events=(LegalDocumentPublished,),
)
