"""Files that are sent: only of the media types that an address takes, so that nothing is read as what it is not."""

from fastapi import Request

from termijn.kernel.errors import InvalidInput, Refusal


class MediaTypeNotTaken(Refusal):
    """Content-Type: {reason}"""

    status = 415


def media_type_of(request: Request, *taken: str, may_be_missing: bool = False) -> str:
    """The media type of the file that is sent, one of ``taken``; parameters as charset are left to whoever reads it.

    ``may_be_missing``: without Content-Type it is the first of them, and nothing at all may be sent. Raises ``MediaTypeNotTaken``, and
    ``InvalidInput`` where nothing is sent.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not media_type and may_be_missing:
        return taken[0]
    if media_type not in taken:
        raise MediaTypeNotTaken(field="Content-Type", reason=f"is none of {', '.join(taken)}")
    if request.headers.get("content-length") == "0" and not may_be_missing:
        raise InvalidInput(field="body", reason="is empty")
    return media_type
