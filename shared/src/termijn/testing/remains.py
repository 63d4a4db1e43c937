"""Everything that an installation has written anywhere, opened with every key that is left: what an erasure is judged by (CON-7).

Databases are dumped with pg_dump, their binary columns too; blobs, journal, mail and captured logs are read from their files. Whatever
is sealed is opened where its key is still there.
"""

import asyncio
import base64
import email
import email.policy
import io
import re
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from termijn.embedded.databases import DATABASES, SUPERUSER
from termijn.embedded.postgres import EmbeddedPostgres, program
from termijn.runtime.cipher import open_sealed
from termijn.runtime.journal import FileJournal
from termijn.runtime.sealed_blobs import key_id_of_blob, opened_blob

_SEALED = re.compile(rb"s1\.([0-9a-f]{24})\.([A-Za-z0-9_=-]+)")
_HEX = re.compile(rb"\\\\x([0-9a-f]{2,})")
_COPY = re.compile(rb'^COPY public\."?(\w+)"? ', re.MULTILINE)
ENDS_SHORT = 4
"""Of a value's base64 form, both ends depend on what stands beside it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of what was found: where, and the purpose of the key that it was sealed under, empty where it lies in the open."""

    place: str
    purpose: str
    content: bytes


@dataclass(slots=True, kw_only=True)
class Remains:
    """All that can be read. Made by ``dig``."""

    texts: list[Text] = field(default_factory=list)

    def naming(self, values: Sequence[str]) -> set[tuple[str, str, str]]:
        """Place, purpose and value wherever one of the values stands, in any of its forms."""
        wanted = [(value, form) for value in values for form in forms(value)]
        found = set()
        for text in self.texts:
            lowered = text.content.lower()
            found |= {(text.place, text.purpose, value) for value, form in wanted if (form in lowered or form in text.content)}
        return found


def forms(value: str) -> set[bytes]:
    """The value as it may be written: plain, without or with other spaces, backwards, escaped, in base64 and hexadecimal."""
    variants = {value, value.replace(" ", "")}
    if re.fullmatch(r"[A-Z]{2}\d{2}\w{10,30}", value):
        variants.add(" ".join(value[at : at + 4] for at in range(0, len(value), 4)))
    if value.startswith("+31"):
        variants |= {"0" + value[3:], value[1:], f"0{value[3]}-{value[4:]}", f"0{value[3]} {value[4:]}"}
    # As names of payers are compared: letters and digits only.
    variants.add("".join(re.findall(r"[a-z0-9]+", value.lower())))
    variants |= {each.encode("unicode_escape").decode() for each in variants} | {each[::-1] for each in variants}
    found: set[bytes] = set()
    for each in variants:
        plain = each.encode()
        found |= {plain, plain.lower(), plain.hex().encode(), "".join(f"\\u{ord(one):04x}" for one in each).encode()}
        found |= {base64.b64encode(b" " * lead + plain)[ENDS_SHORT:-ENDS_SHORT] for lead in range(3) if len(plain) > 2 * ENDS_SHORT}
    return found


async def dig(*, server: EmbeddedPostgres, prefix: str, folder: Path, logs: str = "", topics: Sequence[bytes] = ()) -> Remains:
    """Everything of the installation. ``topics``: what brokers have of it, from their start."""
    keys = await _keys(server, prefix)
    remains = Remains()
    for short in DATABASES:
        dump = await asyncio.to_thread(_dump, server.dsn(f"{prefix}_{short}", SUPERUSER))
        for table, rows in _tables(dump):
            _take(remains, keys, f"{short}.{table}", rows)
    for path in sorted((folder / "blobs").glob("*/*")):
        _take_blob(remains, keys, path)
    journal = FileJournal(folder / "journal")
    for service in journal.services():
        async for page in journal.read(service):
            _take(remains, keys, f"journal/{service}", repr(page).encode())
    for path in _other_files(folder):
        content = path.read_bytes()
        _take(remains, keys, f"file/{path.relative_to(folder).parts[0]}", b"\n".join((content, *_mail(path, content))))
    _take(remains, keys, "logs", logs.encode())
    for content in topics:
        _take(remains, keys, "topics", content)
    return remains


def _other_files(folder: Path) -> list[Path]:
    """Mail, logs of erasures, settings: all but the server's own files, which dumps show, and those that are read above."""
    own = {"postgres", "blobs"}
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".journal" and p.relative_to(folder).parts[0] not in own]


async def _keys(server: EmbeddedPostgres, prefix: str) -> dict[str, tuple[bytes | None, str]]:
    connection = await asyncpg.connect(server.dsn(f"{prefix}_keys", SUPERUSER))
    try:
        rows = await connection.fetch("select key_id, key, purpose from personal_key")
    finally:
        await connection.close()
    return {row["key_id"]: (row["key"], row["purpose"]) for row in rows}


def _dump(dsn: str) -> bytes:
    done = subprocess.run([str(program("pg_dump")), "--no-password", f"--dbname={dsn}"], capture_output=True, check=True)
    return done.stdout


def _tables(dump: bytes) -> Iterator[tuple[str, bytes]]:
    """The rows of each table; partitions under the name of their table."""
    starts = [*_COPY.finditer(dump)]
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        rows = dump[match.end() : following.start() if following else len(dump)]
        yield re.sub(r"_\d{4}_\d{2}$", "", match.group(1).decode()), rows
    yield "schema", b"".join(dump[a:b] for a, b in zip([0], [starts[0].start() if starts else len(dump)], strict=True))


def _take(remains: Remains, keys: dict[str, tuple[bytes | None, str]], place: str, content: bytes) -> None:
    """The content as it is, what is hexadecimal in it, and what is sealed in either where the key is left."""
    parts = [content, *(bytes.fromhex(match.decode()[: len(match) // 2 * 2]) for match in _HEX.findall(content))]
    for part in parts:
        remains.texts.append(Text(place, "", part))
        for match in _SEALED.finditer(part):
            key, purpose = keys[match.group(1).decode()]
            if key is not None:
                opened = open_sealed(match.group(0).decode(), {match.group(1).decode(): key})
                assert opened is not None
                remains.texts.append(Text(place, purpose, opened))


def _take_blob(remains: Remains, keys: dict[str, tuple[bytes | None, str]], path: Path) -> None:
    content = path.read_bytes()
    key_id = key_id_of_blob(content)
    purpose = ""
    if key_id is not None:
        key, purpose = keys[key_id]
        if key is None:
            remains.texts.append(Text(f"blob {path.name}", "", content))
            return
        content = opened_blob(content, key_id, key)
    remains.texts.append(Text(f"blob {path.name}", purpose, content))
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            remains.texts += [Text(f"blob {path.name}", purpose, zipped.read(name)) for name in zipped.namelist()]


def _mail(path: Path, content: bytes) -> Iterator[bytes]:
    """The parts of a mail as a reader sees them."""
    if "mail" in path.parts:
        message = email.message_from_bytes(content, policy=email.policy.default)
        yield from (str(value).encode() for value in message.values())
        for part in message.walk():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                yield payload
