"""The text of a key: `kg_ROLE_`, 256 random bits, and a checksum by which scanners find it."""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from enum import StrEnum

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_BITS = 256
RANDOM_LETTERS = 43  # 62^43 > 2^256
CHECKSUM_LETTERS = 6  # 62^6 > 2^32
PATTERN = re.compile(rf"kg_(sdk|viewer|editor|admin)_[0-9A-Za-z]{{{RANDOM_LETTERS + CHECKSUM_LETTERS}}}")


class Role(StrEnum):
    """What a key is for."""

    SDK = "sdk"
    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def carries(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may; `sdk` stands by itself."""
        return needed in _CARRIED[self]


_CARRIED = {
    Role.SDK: {Role.SDK},
    Role.VIEWER: {Role.VIEWER},
    Role.EDITOR: {Role.VIEWER, Role.EDITOR},
    Role.ADMIN: {Role.VIEWER, Role.EDITOR, Role.ADMIN},
}


def new_secret(role: Role) -> str:
    """A new key's text; nothing but the caller has it."""
    start = f"kg_{role}_{_base62(secrets.randbits(RANDOM_BITS), RANDOM_LETTERS)}"
    return start + _checksum(start)


def is_well_formed(text: str) -> bool:
    """Whether this can be a key at all: its shape and its checksum are right."""
    return PATTERN.fullmatch(text) is not None and text.endswith(_checksum(text[:-CHECKSUM_LETTERS]))


def digest(secret: str) -> str:
    """What the database keeps of a key: its SHA-256, enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(start: str) -> str:
    return _base62(zlib.crc32(start.encode()), CHECKSUM_LETTERS)


def _base62(number: int, letters: int) -> str:
    digits = []
    for _ in range(letters):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
