"""Runs what `ingotc --target=cuda` writes by its own tables, as a runtime does: see runtime/cuda/tables.h."""
import ctypes
import re

import numpy as np


def table(name, *fields):
    """A structure of tables.h; a field is (name, type)."""
    return type(name, (ctypes.Structure,), {"_fields_": list(fields)})


u32, u64, text = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_char_p
Step = table("Step", *[(name, u64) for name in ("counts", "tokens", "positions", "row_sequences", "page_tables", "wanted")],
             ("pages_per_sequence", u32), ("reserved", u32))
Kernel = table("Kernel", ("name", text), ("threads", u32), ("shared_bytes", u32), ("buffers", u32), ("reserved", u32))
Arena = table("Arena", ("name", text), ("bytes", u64), ("alignment", u32), ("lifetime", u32))
Buffer = table("Buffer", ("arena", u32), ("reserved", u32), ("offset", u64))
Launch = table("Launch", *[(name, u32) for name in ("kernel", "grid_x", "rows_per_block", "wanted", "first_buffer",
                                                    "first_await", "await_count", "reserved")])
Program = table("Program", ("name", text), ("first_row", u32), ("last_row", u32), ("first_launch", u32),
                ("launch_count", u32))
Fill = table("Fill", ("offset", u64), ("seed", u64),
             *[(name, u32) for name in ("generator", "columns", "panels", "panel_step", "first_lane", "lanes", "first_row",
                                        "lane_rows", "panel_rows")],
             ("scale", ctypes.c_float), ("numbers", u32), ("reserved", u32))
Descriptor = table("Descriptor", ("version", u32), ("size", u32), ("kernels", ctypes.POINTER(Kernel)),
                   ("arenas", ctypes.POINTER(Arena)), ("buffers", ctypes.POINTER(Buffer)),
                   ("awaits", ctypes.POINTER(u32)), ("launches", ctypes.POINTER(Launch)),
                   ("programs", ctypes.POINTER(Program)),
                   *[(name, u32) for name in ("kernel_count", "arena_count", "program_count", "rows", "sequences",
                                              "wanted_rows", "output_columns", "output_stride")], ("output", Buffer),
                   ("reader", text), ("generators", ctypes.POINTER(text)), ("fills", ctypes.POINTER(Fill)),
                   ("generator_count", u32), ("fill_count", u32))
CONSTANT, STATE, TRANSIENT = range(3)


class Model:
    """A compiled text on a device, with the bytes of its constants."""

    def __init__(self, cuda, path, weights):
        self.cuda = cuda
        self.tables = tables = Descriptor.in_dll(ctypes.CDLL(str(path)), "ingot_cuda_descriptor")
        assert (tables.version, tables.size) == (2, ctypes.sizeof(Descriptor))
        module = cuda.module(path)
        self.functions = [cuda.function(module, tables.kernels[index].name.decode())
                          for index in range(tables.kernel_count)]
        self.arenas = []
        for arena in tables.arenas[:tables.arena_count]:
            if arena.lifetime == CONSTANT:
                assert arena.bytes == len(weights)
                self.arenas.append(cuda.upload(np.frombuffer(weights, np.uint8)))
            elif arena.lifetime == STATE:
                # No number: what was never written may stand in a cache, but takes part in no sum.
                self.arenas.append(cuda.upload(np.full(arena.bytes, 0xff, np.uint8)))
            else:
                self.arenas.append(cuda.allocate(arena.bytes))
        self.arrays = {"counts": cuda.allocate(12), **{name: cuda.allocate(4 * tables.rows)
                                                       for name in ("tokens", "positions", "row_sequences", "wanted")}}
        self.executed = set()

    def program(self, rows):
        return next(program for program in self.tables.programs[:self.tables.program_count]
                    if program.first_row <= rows <= program.last_row)

    def store(self, name, numbers):
        numbers = np.array(numbers, np.int32)
        self.cuda.cuMemcpyHtoD_v2(self.arrays[name], numbers.ctypes.data_as(ctypes.c_void_p), numbers.nbytes)

    def step(self, tokens, first, wanted):
        """The logits of the rows `wanted` of a step of `tokens`, the first of which stands at position `first`."""
        return self.step_of([(tokens, first)], None, wanted)

    def step_of(self, sequences, pages, wanted):
        """The same of several sequences (tokens, first position), whose pages of the only cache group are `pages`
        [sequences][pages of one]; of a model of one sequence nobody reads them."""
        tables = self.tables
        rows = sum(len(tokens) for tokens, _ in sequences)
        self.store("counts", [rows, len(sequences), len(wanted)])
        self.store("tokens", [token for tokens, _ in sequences for token in tokens])
        self.store("positions", [first + row for tokens, first in sequences for row in range(len(tokens))])
        self.store("row_sequences", [index for index, (tokens, _) in enumerate(sequences) for _ in tokens])
        if wanted:
            self.store("wanted", wanted)
        page_tables = 0 if pages is None else self.cuda.upload(np.array(pages, np.int32))
        step = Step(page_tables=page_tables, pages_per_sequence=0 if pages is None else len(pages[0]), **self.arrays)
        program = self.program(rows)
        for index in range(program.first_launch, program.first_launch + program.launch_count):
            launch = tables.launches[index]
            worked_on = len(wanted) if launch.wanted else rows
            if worked_on == 0:
                continue
            kernel = tables.kernels[launch.kernel]
            buffers = tables.buffers[launch.first_buffer:launch.first_buffer + kernel.buffers]
            addresses = [self.arenas[buffer.arena] + buffer.offset for buffer in buffers]
            grid = launch.grid_x, -(-worked_on // launch.rows_per_block)
            self.cuda.launch(self.functions[launch.kernel], grid, kernel.threads, bytes(step),
                             self.arrays["counts"] + (8 if launch.wanted else 0), *addresses, shared=kernel.shared_bytes)
            self.executed.add(kernel.name.decode())
        self.cuda.cuCtxSynchronize()
        address = self.arenas[tables.output.arena] + tables.output.offset
        logits = self.cuda.download(address, (len(wanted), tables.output_stride // 4), np.float32)
        return logits[:, :tables.output_columns]

    def kernels(self):
        return {kernel.name.decode() for kernel in self.tables.kernels[:self.tables.kernel_count]}


def place_constants(packed, there, here):
    """The bytes of the constant arena of the plan `here`, of those that the plan `there` has in `packed`: both pack every
    parameter alike, and lay them out in the order in which their programs read them."""
    slices = re.compile(r"schedule\.parameter_slice @(\S+) at (\d+) bytes (\d+)")
    size, = re.findall(r"schedule\.arena @weights : \w+\[\d+\], constant, (\d+)", here)
    found = {name: (int(offset), int(count)) for name, offset, count in slices.findall(there)}
    weights = bytearray(int(size))
    for name, offset, count in slices.findall(here):
        start, available = found[name]
        assert available == int(count), f"{name}: {available} bytes and {count}"
        weights[int(offset):int(offset) + int(count)] = packed[start:start + int(count)]
    return bytes(weights)
