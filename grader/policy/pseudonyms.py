"""Names on the leaderboard, which nobody can trace back without the secret.

A name is a keyed hash (HMAC-SHA256) of student and homework: the same student has the same
name all term long on one homework, and another one on the next.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from utils.errors import StoreError

__all__ = ["SECRET", "pseudonyms", "read_secret"]

SECRET = "leaderboard.secret"
MIN_BYTES = 16
_WORDS = (
    "Agile Bold Bright Calm Clear Deep Eager Fair Gentle Golden Grand Hidden Humble Jolly Keen "
    "Lively Lucid Mellow Merry Noble Patient Quick Quiet Silver Steady Swift Tender Vivid Warm "
    "Wise Witty Young",
    "Accordion Alphorn Banjo Bassoon Bugle Celesta Cello Clarinet Cornet Cymbal Dulcimer Fiddle "
    "Flute Gong Guitar Harp Horn Kalimba Lute Lyre Marimba Oboe Ocarina Organ Piano Piccolo "
    "Recorder Sitar Trombone Trumpet Viola Zither",
)
_FIRST, _SECOND = (words.split() for words in _WORDS)


def pseudonyms(students: Iterable[str], secret: bytes, assignment: str) -> dict[str, str]:
    """Return a name for each student, no two the same.

    Parameters
    ----------
    students : iterable of str
    secret : bytes
        From :func:`read_secret`.
    assignment : str
        Name of the homework.
    """
    hashes = {
        student: hmac.digest(secret, f"{assignment}\n{student}".encode(), hashlib.sha256)
        for student in set(students)
    }
    # in a large class two names may meet: then all get more digits
    for digits in (4, 8, 16):
        names = {student: _name(digest, digits) for student, digest in hashes.items()}
        if len(set(names.values())) == len(names):
            break
    return names


def _name(digest: bytes, digits: int) -> str:
    first, second = _FIRST[digest[0] % len(_FIRST)], _SECOND[digest[1] % len(_SECOND)]
    return f"{first} {second} {digest[2:].hex()[:digits]}"


def read_secret(folder: Path) -> bytes:
    """Return the secret of a results folder; made if it is missing, for its owner alone.

    Raises
    ------
    StoreError
        It can't be read or written, or is too short.
    """
    path = folder / SECRET
    try:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
        secret = path.read_bytes().strip()
    except OSError as error:
        raise StoreError(f"can't read or write {path}: {error.strerror}") from error
    if len(secret) < MIN_BYTES:
        raise StoreError(f"expected at least {MIN_BYTES} bytes in {path}, got {len(secret)}")
    return secret
