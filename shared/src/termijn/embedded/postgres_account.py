"""The system account that the embedded PostgreSQL runs under: ours, except where we are root, which PostgreSQL refuses to be."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

ACCOUNT_NAME = "termijn"
"""Made (without a home or a shell) where we run as root and it does not exist."""


class SubprocessArguments(TypedDict, total=False):
    """What ``subprocess.run`` needs to start a program as the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """``identity`` is (user id, group id), or None where the server simply runs as we do."""

    identity: tuple[int, int] | None

    def subprocess_arguments(self) -> SubprocessArguments:
        """Empty where we are not root."""
        if self.identity is None:
            return {}
        return {"user": self.identity[0], "group": self.identity[1], "extra_groups": []}

    def own_ids(self) -> set[int]:
        """The user ids that a folder of ours may belong to."""
        return {os.geteuid()} | ({self.identity[0]} if self.identity else set())

    def own(self, path: Path) -> None:
        """Give the path to the account and let it reach it; nothing to do where we are not root."""
        if self.identity is not None:
            os.chown(path, *self.identity)
            self.let_traverse(path.parent)

    def let_traverse(self, folder: Path) -> None:
        """Let the account pass through the folder and all above it: through, not look into them."""
        if self.identity is None:
            return
        for part in (folder, *folder.parents):
            mode = part.stat().st_mode
            if not mode & stat.S_IXOTH and part.stat().st_uid != self.identity[0]:
                part.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def server_account() -> ServerAccount:
    """The account to run as. As root it is made where it does not exist, with ``useradd``."""
    if os.geteuid() != 0:
        return ServerAccount(None)
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        _make_account()
        entry = pwd.getpwnam(ACCOUNT_NAME)
    return ServerAccount((entry.pw_uid, entry.pw_gid))


def _make_account() -> None:
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    homeless = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    subprocess.run([useradd, "--system", "--user-group", *homeless, ACCOUNT_NAME], check=True, capture_output=True, text=True)
