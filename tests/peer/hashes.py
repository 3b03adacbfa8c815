# SPDX-License-Identifier: MPL-2.0
"""The hashes of PROTOCOL.md, 6.6. XXH3-64 comes from Debian's libxxhash by ctypes, as there is no
Python module for it that the tests may count on."""

import ctypes
import struct

_library = ctypes.CDLL("libxxhash.so.0")
_xxh3 = _library.XXH3_64bits_withSeed
_xxh3.restype = ctypes.c_uint64
_xxh3.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64)

MASK = 2**64 - 1


def xxh3(data, seed=0):
    return _xxh3(data, len(data), seed)


def mix(number):
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9 & MASK
    number = (number ^ number >> 27) * 0x94d049bb133111eb & MASK
    return number ^ number >> 31


def entry_digest(key_hash, hlc, origin, deadline, value, kind):
    digest = 0
    for number in (key_hash, hlc, *struct.unpack("<QQ", origin), deadline | kind << 56, xxh3(value)):
        digest = mix(digest ^ number)
    return digest


def interval_hash(origin, after, upto):
    return xxh3(struct.pack("<16sQQ", origin, after, upto), 1)


def stamp_hash(stamp, seed):
    return 0 if stamp is None else xxh3(struct.pack("<Q16s", *stamp), seed)
