"""Runs what `ingotc --target=cuda` writes by its own tables, as a runtime does: see runtime/cuda/tables.h."""
import ctypes

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
Product = table("Product", ("name", text), *[(name, u32) for name in ("outputs", "columns", "element", "addend",
                                                                      "input_stride", "result_stride")],
                ("workspace_bytes", u64))
Launch = table("Launch", *[(name, u32) for name in ("kernel", "grid_x", "rows_per_block", "wanted", "first_buffer",
                                                    "first_await", "await_count", "product")])
Program = table("Program", ("name", text), ("first_row", u32), ("last_row", u32), ("first_launch", u32),
                ("launch_count", u32))
Fill = table("Fill", ("offset", u64), ("seed", u64),
             *[(name, u32) for name in ("generator", "columns", "panels", "panel_step", "first_lane", "lanes", "first_row",
                                        "lane_rows", "panel_rows")],
             ("scale", ctypes.c_float), ("numbers", u32), ("reserved", u32))
Descriptor = table("Descriptor", ("version", u32), ("size", u32), ("kernels", ctypes.POINTER(Kernel)),
                   ("arenas", ctypes.POINTER(Arena)), ("buffers", ctypes.POINTER(Buffer)),
                   ("awaits", ctypes.POINTER(u32)), ("launches", ctypes.POINTER(Launch)),
                   ("programs", ctypes.POINTER(Program)), ("products", ctypes.POINTER(Product)),
                   *[(name, u32) for name in ("kernel_count", "arena_count", "program_count", "product_count", "reserved",
                                              "rows", "sequences", "wanted_rows", "output_columns", "output_stride")],
                   ("output", Buffer),
                   ("reader", text), ("generators", ctypes.POINTER(text)), ("fills", ctypes.POINTER(Fill)),
                   ("generator_count", u32), ("fill_count", u32),
                   ("candidates", Kernel), ("choose", Kernel), ("parts", u32), ("sampler_reserved", u32))
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
        # Then every kernel is said to begin before those ahead of it have ended, and must wait for them.
        self.early = cuda.waits(self.functions[0])

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
            if launch.product:
                self.multiply(tables.products[launch.kernel], launch.first_buffer, worked_on)
                continue
            kernel = tables.kernels[launch.kernel]
            buffers = tables.buffers[launch.first_buffer:launch.first_buffer + kernel.buffers]
            addresses = [self.arenas[buffer.arena] + buffer.offset for buffer in buffers]
            grid = launch.grid_x, -(-worked_on // launch.rows_per_block)
            self.cuda.launch(self.functions[launch.kernel], grid, kernel.threads, bytes(step),
                             self.arrays["counts"] + (8 if launch.wanted else 0), *addresses, shared=kernel.shared_bytes,
                             early=self.early)
            self.executed.add(kernel.name.decode())
        self.cuda.cuCtxSynchronize()
        address = self.arenas[tables.output.arena] + tables.output.offset
        logits = self.cuda.download(address, (len(wanted), tables.output_stride // 4), np.float32)
        return logits[:, :tables.output_columns]

    def multiply(self, product, first_buffer, rows):
        """What cuBLASLt does for a launch, by numpy."""
        addresses = iter([self.arenas[buffer.arena] + buffer.offset
                          for buffer in self.tables.buffers[first_buffer:first_buffer + 4 + product.addend]])
        shape = rows, product.result_stride

        def read(shape):
            bits = self.cuda.download(next(addresses), shape, np.uint16)
            numbers = (bits.astype(np.uint32) << 16).view(np.float32) if product.element else bits.view(np.float16)
            return numbers[:, :product.columns].astype(np.float32)

        numbers, weight = read((rows, product.input_stride)), read((product.outputs, product.columns))
        result = np.zeros(shape, np.float32)
        result[:, :product.outputs] = numbers @ weight.T
        if product.addend:
            result[:, :product.outputs] += self.cuda.download(next(addresses), shape, np.float32)[:, :product.outputs]
        self.cuda.cuMemcpyHtoD_v2(next(addresses), result.ctypes.data_as(ctypes.c_void_p), result.nbytes)

    def kernels(self):
        return {kernel.name.decode() for kernel in self.tables.kernels[:self.tables.kernel_count]}
