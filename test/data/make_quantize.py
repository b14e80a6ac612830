#!/usr/bin/env python3
"""Writes quantize.bin: rows of numbers, and the blocks that ggml rounds them to.

    make_quantize.py LIBGGML quantize.bin

LIBGGML is libggml-base.so of a build of llama.cpp, whose `ggml_quantize_chunk` is what llama-quantize calls (without an
importance matrix, as here). Needs numpy. Records of little-endian words: type, elements, bytes; the elements as
float32; the bytes.
"""

import ctypes
import struct
import sys

import numpy

# As ggml.h numbers them.
TYPES = {"Q4_0": 2, "Q4_1": 3, "Q5_0": 6, "Q5_1": 7, "Q8_0": 8, "Q4_K": 12, "Q5_K": 13}
ELEMENTS = 512


def make_rows(generator):
    """What is hard about rounding: spread, outliers, one sign, equal numbers, zeros, tiny and large ones, and what was
    rounded to 16 levels before, which has many numbers half-way between two codes."""
    normal = generator.standard_normal(ELEMENTS)
    outliers = normal.copy()
    outliers[::23] *= 20
    ramp = numpy.linspace(-1, 1, ELEMENTS)
    flat = numpy.repeat(generator.standard_normal(ELEMENTS // 64), 64)
    sparse = numpy.where(generator.random(ELEMENTS) < 0.9, 0, normal)
    return [normal * 0.02, outliers, numpy.abs(normal), -numpy.abs(normal) - 1, ramp, flat, sparse,
            normal * 1e-6, normal * 1e3, generator.integers(-8, 8, ELEMENTS) * 0.0173]


def main():
    library = ctypes.CDLL(sys.argv[1])
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64,
                                            ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
    generator = numpy.random.default_rng(5)
    with open(sys.argv[2], "wb") as out:
        for number in TYPES.values():
            for values in make_rows(generator):
                values = numpy.ascontiguousarray(values, "<f4")
                blocks = ctypes.create_string_buffer(8 * ELEMENTS)
                size = library.ggml_quantize_chunk(number, values.ctypes.data, blocks, 0, 1, ELEMENTS, None)
                out.write(struct.pack("<III", number, ELEMENTS, size) + values.tobytes() + blocks.raw[:size])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: make_quantize.py LIBGGML FILE")
    main()
