"""What a filter of system calls says, and what its numbers mean."""

import ctypes
import struct
from collections.abc import Iterable

import pytest

__all__ = ["ALLOW", "AUDIT", "KILL", "PRETEND", "REFUSE", "numbers_of_libseccomp", "verdict"]

ALLOW, KILL, REFUSE, PRETEND = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050000
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def verdict(program: bytes, arch: int, number: int, **arguments: int) -> int:
    """Run a filter as the kernel would; arguments are ``a0`` … ``a5``."""
    words = {0: number, 4: arch}
    words |= {16 + 8 * i: arguments.get(f"a{i}", 0) & 0xFFFFFFFF for i in range(6)}
    instructions = list(struct.iter_unpack("=HBBI", program))
    position, value = 0, 0
    while True:
        code, yes, no, constant = instructions[position]
        position += 1
        if code == 0x20:
            value = words[constant]
        elif code == 0x06:
            return constant
        else:
            compared = {0x15: value == constant, 0x35: value >= constant, 0x45: value & constant}
            position += yes if compared[code] else no


def numbers_of_libseccomp(machine: str, names: Iterable[str]) -> dict[str, int]:
    """Return the numbers of system calls as libseccomp knows them; skip the test without it."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("libseccomp is not installed")
    resolve = library.seccomp_syscall_resolve_name_arch
    return {name: resolve(ctypes.c_uint32(AUDIT[machine]), name.encode()) for name in names}
