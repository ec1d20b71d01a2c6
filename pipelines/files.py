"""Files that appear whole or not at all: written beside, synced, moved into place, the folder synced."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def fsync(path: Path) -> None:
    """Wait until a file's contents, or a folder's entries, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


#: How the files end that are being written.
_PARTIAL = ".partial"


@contextmanager
def whole(path: Path, mode: int | None = None) -> Iterator[Path]:
    """A path beside ``path`` to write to; it takes the place of ``path`` when the block ends well.

    Readers see the old file or the new one. A failed write leaves the old file and nothing beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}{_PARTIAL}")
    try:
        yield partial
        if mode is not None:
            partial.chmod(mode)
        fsync(partial)
        partial.replace(path)
        fsync(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Remove what killed processes had half written; call it while nobody writes below the folder."""
    for partial in folder.rglob(f".*{_PARTIAL}"):
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str, mode: int | None = None) -> None:
    with whole(path, mode) as partial:
        partial.write_text(text, encoding="utf-8")


def digest(paths: Iterable[Path]) -> str:
    """A hash of the files' contents; of one that is missing, of its absence."""
    found = hashlib.blake2b(digest_size=16)
    for path in paths:
        if path.is_file():
            with path.open("rb") as f:
                found.update(hashlib.file_digest(f, "blake2b").digest())
        found.update(b"/")
    return found.hexdigest()


def write_parquet(table: pa.Table, path: Path) -> None:
    """A table as Parquet, compressed alike everywhere, with checksums of its pages."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    with whole(path) as partial:
        pq.write_table(table, partial, compression="zstd", write_page_checksum=True)


def has_schema(path: Path, schema: pa.Schema) -> bool:
    """Whether the file is a readable Parquet table of exactly these columns."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        return bool(pq.read_schema(path).equals(schema))
    except (OSError, pa.ArrowInvalid):
        return False
