#!/usr/bin/env python3
"""Writes dequantize.bin: rows of every supported tensor type, and their numbers
as the `gguf` package of llama.cpp decodes them (pip install gguf numpy).

    make_dequantize.py dequantize.bin

Records of little-endian words: type, elements, bytes; the bytes; the elements
as float32. Scales take random bits (finite halves, subnormal ones among them).
"""

import struct
import sys

import gguf
import numpy

ELEMENTS = 512
# The first byte of the block's halves and their number, where that is not one at its start (ggml-common.h).
HALVES = {"Q4_1": (0, 2), "Q5_1": (0, 2), "Q2_K": (80, 2), "Q3_K": (108, 1), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208, 1)}


def random_halves(generator, count):
    bits = generator.integers(0, 1 << 16, count, dtype=numpy.uint16)
    # An exponent of ones is infinity or NaN.
    bits[(bits & 0x7C00) == 0x7C00] &= 0x83FF
    return bits


def row(generator, name):
    number = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[number]
    blocks = ELEMENTS // elements
    if name == "F32":
        data = generator.standard_normal(ELEMENTS).astype("<f4")
    elif name == "F16":
        data = random_halves(generator, ELEMENTS)
    elif name == "BF16":
        data = generator.standard_normal(ELEMENTS).astype("<f4")
        data = (data.view(numpy.uint32) >> 16).astype(numpy.uint16)
    else:
        data = generator.integers(0, 256, (blocks, size), dtype=numpy.uint8)
        first, halves = HALVES.get(name, (0, 1))
        scales = random_halves(generator, blocks * halves)
        data[:, first:first + 2 * halves] = scales.reshape(blocks, halves).view(numpy.uint8)
    data = numpy.ascontiguousarray(data).view(numpy.uint8).reshape(1, -1)
    if name == "F16":
        values = data.view(numpy.float16).astype(numpy.float32)
    else:
        values = gguf.quants.dequantize(
            data.view(numpy.float32) if name == "F32" else data, number)
    values = values.astype("<f4").reshape(-1)
    assert values.size == ELEMENTS
    return struct.pack("<III", number, ELEMENTS, data.size) + \
        data.tobytes() + values.tobytes()


def main():
    generator = numpy.random.default_rng(3)
    with open(sys.argv[1], "wb") as out:
        for name in ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1",
                     "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]:
            out.write(row(generator, name))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make_dequantize.py FILE")
    main()
