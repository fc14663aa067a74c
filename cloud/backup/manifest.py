"""The manifest of a backup: what it holds, from which versions, with the checksum of every file."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

FORMAT: Final = 1
WITHOUT_POINTS: Final = 2  # a format of its own: a version that does not know it must not restore half
NAME: Final = "manifest.json"
RELATIONAL: Final = "relational"
POINTS: Final = "points"
CHUNK: Final = 1 << 20

# Takes what is being done, how many bytes of how many are done.
Tell = Callable[[str, int, int], None]


class BackupRefused(Exception):
    """A backup or a restore cannot be done as asked; the message says what, where and what is accepted."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file of a backup; `path` below its folder, with `/`."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Parameters
    ----------
    made_ms
        Real time in ms since the epoch at which it was complete.
    dialect
        Kind of the relational store: `sqlite` or `postgresql`.
    schema
        Revision of the relational store's schema.
    generation, commit_no
        Of the time series: the generation that wrote it, the number of a commit that it holds at least.
    files
        Every file but the manifest.
    holds_points
        Whether the time series are in it; else both numbers are 0 and a server or workers keep them.
    """

    made_ms: int
    dialect: str
    schema: str
    generation: int
    commit_no: int
    files: tuple[FileRow, ...]
    holds_points: bool = True

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def write(self, folder: Path) -> None:
        """Nothing comes back; the manifest stands on the disk in `folder`."""
        text = json.dumps(
            {"format": FORMAT if self.holds_points else WITHOUT_POINTS, **_said(self)}, indent=1
        )
        with (folder / NAME).open("w") as out:
            out.write(text + "\n")
            out.flush()
            os.fsync(out.fileno())
        fsync_folder(folder)


def _said(manifest: Manifest) -> dict[str, Any]:
    said = asdict(manifest)
    del said["holds_points"]  # the format says it
    return said


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of the backup in `folder`.

    Raises
    ------
    BackupRefused
        When there is no backup, or one of another format.
    """
    path = folder / NAME
    try:
        said: Mapping[str, Any] = json.loads(path.read_text())
        found = said["format"]
    except FileNotFoundError:
        raise BackupRefused(
            f"{folder} is no backup: it holds no {NAME}. Accepted: a folder made by `taktline cloud backup`."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupRefused(f"{path} cannot be read: {error}. Accepted: a manifest as it was made.") from None
    if found not in (FORMAT, WITHOUT_POINTS):
        raise BackupRefused(
            f"{path} has format {found}; this version reads formats {FORMAT} and {WITHOUT_POINTS}."
        )
    try:
        files = tuple(FileRow(row["path"], row["size"], row["sha256"]) for row in said["files"])
        rest = {name: said[name] for name in ("made_ms", "dialect", "schema", "generation", "commit_no")}
        return Manifest(**rest, files=files, holds_points=found == FORMAT)
    except (KeyError, TypeError) as error:
        raise BackupRefused(f"{path} is damaged: {error!r} is missing or no such thing.") from None


def described(folder: Path, tell: Tell) -> tuple[FileRow, ...]:
    """Return every file below `folder` with its checksum, read back from the disk."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    total, done, rows = sum(path.stat().st_size for path in paths), 0, []
    for path in paths:
        digest = hashlib.sha256()
        for piece in pieces(path):
            digest.update(piece)
            done += len(piece)
            tell("checksums", done, total)
        rows.append(FileRow(path.relative_to(folder).as_posix(), path.stat().st_size, digest.hexdigest()))
    return tuple(rows)


def check_files(folder: Path, manifest: Manifest, tell: Tell) -> None:
    """Nothing comes back; every file is there and has the bytes that were written.

    Raises
    ------
    BackupRefused
        Naming the first file that is missing, strange or damaged.
    """
    found = {row.path: row for row in described(folder, tell)}
    for wanted in manifest.files:
        row = found.pop(wanted.path, None)
        if row is None:
            raise BackupRefused(f"{folder / wanted.path} is missing in the backup.")
        if row != wanted:
            raise BackupRefused(
                f"{folder / wanted.path} is damaged: {row.size} bytes with SHA-256 {row.sha256}, "
                f"written were {wanted.size} with {wanted.sha256}."
            )
    if found:
        raise BackupRefused(
            f"{folder / min(found)} is not in the manifest. Accepted: a backup as it was made."
        )


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the content of a file, a megabyte at a time."""
    with path.open("rb") as source:
        while piece := source.read(CHUNK):
            yield piece


def fsync_folder(folder: Path) -> None:
    """Nothing comes back; the names in `folder` stand on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fsync_files(folder: Path) -> None:
    """Nothing comes back; every file below `folder` stands on the disk with its name."""
    for path in folder.rglob("*"):
        if path.is_dir():
            fsync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    fsync_folder(folder)
