"""Encryption of the files in the vault: AES-256-GCM in chunks, readable without a copy on disk.

The layout is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015; so in Tink): a chunk's
nonce is a random prefix, the chunk's number and a sign of the last one, so that chunks can be neither moved
nor cut off unnoticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"UROVEN-SEALED-1\n"
_CHUNK, _TAG, _PREFIX = 1 << 20, 16, 7


def seal(source: BinaryIO, target: BinaryIO, key: bytes) -> None:
    """Encrypt what ``source`` holds into ``target``; ``key`` has 32 bytes."""
    prefix, cipher = os.urandom(_PREFIX), AESGCM(key)
    target.write(MAGIC + prefix)
    number, chunk = 0, source.read(_CHUNK)
    while True:
        following = source.read(_CHUNK)
        target.write(cipher.encrypt(_nonce(prefix, number, not following), chunk, MAGIC))
        if not following:
            return
        number, chunk = number + 1, following


def unseal(source: BinaryIO, target: BinaryIO, key: bytes) -> None:
    """Decrypt. Raises ValueError for another key and for a file that was changed or cut."""
    prefix, cipher = source.read(len(MAGIC) + _PREFIX)[len(MAGIC) :], AESGCM(key)
    number, chunk = 0, source.read(_CHUNK + _TAG)
    while True:
        following = source.read(_CHUNK + _TAG)
        try:
            target.write(cipher.decrypt(_nonce(prefix, number, not following), chunk, MAGIC))
        except InvalidTag:
            raise ValueError("a file of the vault was damaged, or UROVEN_VAULT_KEY is not its key") from None
        if not following:
            return
        number, chunk = number + 1, following


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def is_sealed(path: Path) -> bool:
    with path.open("rb") as f:
        return f.read(len(MAGIC)) == MAGIC


@contextmanager
def opened(path: Path, key: bytes | None) -> Iterator[Path]:
    """A path under which a kept file can be read as it was sent, whether it is encrypted or not.

    A decrypted file is held in memory and gone with the block. Raises ValueError when it is encrypted and
    there is no key or another one.
    """
    if not is_sealed(path):
        yield path
        return
    if key is None:
        raise ValueError("the vault is encrypted: set UROVEN_VAULT_KEY or UROVEN_VAULT_KEY_FILE")
    with in_memory() as (target, readable):
        with path.open("rb") as source:
            unseal(source, target, key)
        target.flush()
        yield readable


@contextmanager
def in_memory() -> Iterator[tuple[BinaryIO, Path]]:
    """A file that never touches a disk (``memfd_create``, Linux): to write to, and the path to read it by."""
    with os.fdopen(os.memfd_create("uroven", os.MFD_CLOEXEC), "wb") as target:
        yield target, Path(f"/proc/self/fd/{target.fileno()}")
