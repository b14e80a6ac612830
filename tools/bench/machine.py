"""What this machine is and the most it can do: its read rate, and the peak of each multiply instruction."""
import pathlib
import platform

from workspace import output_of

CEILINGS = pathlib.Path(__file__).resolve().parent / "ceilings"
SMALLEST_READ = 1 << 20  # of read_rate.c
ISAS = ("native", "avx2")
ARCHITECTURES = {"native": "native", "avx2": "x86-64-v3"}

# Kind of ceilings/peak_rate.c -> what the processor must have, the numbers multiplied, whether AVX2 is enough.
KINDS = {
    "vpdpbusd-zmm": ({"avx512_vnni"}, "int8", False),
    "vpdpbusd-ymm": ({"avx512_vnni", "avx512vl"}, "int8", False),
    "vex-vpdpbusd-ymm": ({"avx_vnni"}, "int8", False),
    "maddubs-maddwd-ymm": ({"avx2"}, "int8", True),
    "maddubs-addw-ymm": ({"avx2"}, "int8", True),
    "vdpbf16ps-zmm": ({"avx512_bf16"}, "bf16", False),
    "fma-zmm": ({"avx512f"}, "f32", False),
    "fma-ymm": ({"avx2", "fma"}, "f32", True),
}


def cpu_field(name):
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def cpu_name():
    return cpu_field("model name") or platform.machine()


def kinds_for(flags, isa):
    """The kinds of instruction that a processor with these flags may use under `isa`."""
    return [kind for kind, (needed, _, in_avx2) in KINDS.items() if needed <= flags and (in_avx2 or isa == "native")]


def parse_rates(text):
    """Lines `name TAB number` as a dictionary."""
    return {name: float(number) for name, number in (line.split("\t") for line in text.splitlines())}


class Machine:
    def __init__(self, workspace, isa, threads):
        self.isa, self.threads = isa, threads
        self.kinds = kinds_for(set(cpu_field("flags").split()), isa)
        architecture = ARCHITECTURES[isa]
        self.read_program = workspace.program(CEILINGS / "read_rate.c", architecture)
        self.peak_program = workspace.program(CEILINGS / "peak_rate.c", architecture)

    def read_rates(self, size):
        """Bytes per second of every pattern of reading `size` bytes, at least 1 MiB, again and again."""
        return parse_rates(output_of([self.read_program, self.threads, max(size, SMALLEST_READ)]))

    def peak_rates(self):
        """Operations per second of every kind of multiply instruction."""
        return parse_rates(output_of([self.peak_program, self.threads, *self.kinds]))
