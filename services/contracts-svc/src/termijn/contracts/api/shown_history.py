"""Histories as the OpenAPI document describes them (SEC-3, API-3)."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from termijn.runtime.http import Page


class ChangedField(BaseModel):
    """A field, with what it was and what it is; null where it was not there."""

    field: str
    old: Any
    new: Any


class HistoryEntry(BaseModel):
    """One change: who, in which role, when, why it was allowed, what it made of it."""

    version: int
    kind: str
    said: str = Field(description="What happened, in a sentence.")
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    role: str
    why: str = Field(description="Why it was allowed.")
    channel: str | None
    reason: str | None
    changes: list[ChangedField]
    data: dict[str, Any] = Field(description="The event as it was recorded; personal fields are null once erased.")


HISTORY = Page[HistoryEntry]
