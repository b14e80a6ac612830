#!/usr/bin/env python3
"""Checks executables of Ingot on a machine with an NVIDIA GPU: whether they are right, how fast they are, what bars they meet.

The machine needs NVIDIA's driver and Python 3, nothing else; a folder that pack.py filled has the rest. Every part has a
budget of seconds. One that cannot run says so in a line, and none stops the others. Prints a table; writes JSON.

usage: gpu_check.py [FOLDER] [--seconds 470] [--json FILE] [--only PART]...
"""
import argparse
import array
import ast
import glob
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
MANIFEST = "manifest.json"
WAYS = ("graph", "graph", "plain-graph", "stream", "one-by-one")
MOST_ROWS = 8  # of a step that becomes a graph
REPETITIONS = 9  # of which the median counts: the first find clocks that are still rising
SANITIZER_TOOLS = ("memcheck", "racecheck", "synccheck")
FOUND = 99  # the status by which compute-sanitizer says that it found something


class Absent(Exception):
    """What this machine or this folder lacks, in one line."""


class Failed(Exception):
    """What is wrong, in one line."""


def one_line(text):
    """The last line of a program's messages, which says what ended it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def read_floats(path):
    """(shape, numbers) of a .npy file of f32 in C order (format 1.0 and later: NumPy Enhancement Proposal 1)."""
    data = path.read_bytes()
    if data[:6] != b"\x93NUMPY":
        raise Failed(f"{path.name}: no .npy file")
    start, size = (12, struct.unpack_from("<I", data, 8)[0]) if data[6] > 1 else (10, struct.unpack_from("<H", data, 8)[0])
    header = ast.literal_eval(data[start:start + size].decode())
    if header["descr"] != "<f4" or header["fortran_order"]:
        raise Failed(f"{path.name}: expected float32 in C order, found {header}")
    numbers = array.array("f")
    numbers.frombytes(data[start + size:])
    return header["shape"], numbers


def library_folders():
    """Where CUDA's libraries may be that Python packages and toolkits brought."""
    patterns = [f"{folder}/nvidia/*/lib" for folder in sys.path if folder] + ["/usr/local/cuda/lib64"]
    return [folder for pattern in patterns for folder in sorted(glob.glob(pattern))]


class Check:
    """One run over a folder. Parts write rows (what, value, unit, note) and problems."""

    def __init__(self, folder, seconds, scratch):
        self.folder, self.scratch = folder, scratch
        self.manifest = json.loads((folder / MANIFEST).read_text())
        self.deadline = time.monotonic() + seconds
        self.until = self.deadline
        self.parts = []
        self.device = {}
        self.benches = {}  # (model, options) -> the object that bench printed
        folders = [*filter(None, [os.environ.get("LD_LIBRARY_PATH")]), *library_folders()]
        self.environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(folders)}

    # Running

    def run(self, *command, statuses=(0,)):
        """Runs a program until the part's time is over; (status, standard output, standard error)."""
        left = min(self.until, self.deadline) - time.monotonic()
        name = pathlib.Path(str(command[0])).name
        if left <= 0:
            raise Absent(f"no time left for {name}")
        with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment, start_new_session=True) as process:
            try:
                out, error = process.communicate(timeout=left)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                raise Failed(f"{name} {' '.join(map(str, command[1:4]))}: not done after {left:.0f} s") from None
        if process.returncode not in statuses:
            raise Failed(f"{name} {' '.join(map(str, command[1:4]))}: status {process.returncode}, {one_line(error)}")
        return process.returncode, out, error

    def executable(self, entry):
        path = self.folder / entry["executable"]
        if not path.exists():
            raise Absent(f"{entry['executable']} is not in the folder")
        return path

    def logits(self, entry, tokens, *options):
        """The file of the logits after each of the tokens."""
        out = self.scratch / "logits.npy"
        self.run(self.executable(entry), "logits", "--tokens", ",".join(map(str, tokens)), "-o", out, *options)
        return out

    def bench(self, entry, *options):
        key = entry["name"], options
        if key not in self.benches:
            self.benches[key] = json.loads(self.run(self.executable(entry), "bench", *options)[1])
        return self.benches[key]

    def part(self, name, seconds, function):
        record = {"part": name, "status": "ok", "rows": [], "problems": [], "absent": []}
        started = time.monotonic()
        self.until = min(self.deadline, started + seconds)
        self.attempt(record, function, record)
        record["seconds"] = round(time.monotonic() - started, 1)
        if record["problems"]:
            record["status"] = "failed"
        elif not record["rows"]:
            record["status"] = "absent"
        self.parts.append(record)

    @staticmethod
    def attempt(record, function, *arguments):
        """One thing of a part, which may fail for itself."""
        try:
            function(*arguments)
        except Absent as absent:
            record["absent"].append(str(absent))
        except Failed as failed:
            record["problems"].append(str(failed))
        except Exception as error:  # Whatever it is, the other parts are to run.
            record["problems"].append(f"{type(error).__name__}: {one_line(str(error))}")

    @staticmethod
    def row(record, what, value, unit="", note=""):
        record["rows"].append({"what": what, "value": value, "unit": unit, "note": note})

    # Parts

    def look_at_device(self, record):
        entry = (self.manifest["parity"] + self.manifest["speed"])[0]
        info = json.loads(self.run(self.executable(entry), "info", "--json")[1])
        if "missing" in info["machine"]:
            raise Failed(info["machine"]["missing"])
        self.device = info["machine"]
        self.row(record, "device", self.device["device"], note=f"compute capability {self.device['compute_capability']}")
        if shutil.which("nvidia-smi"):
            query = "driver_version,memory.total,clocks.max.sm,clocks.max.memory"
            _, out, _ = self.run("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader")
            self.row(record, query, out.strip().splitlines()[0])

    def check_parity(self, record):
        for entry in self.manifest["parity"]:
            self.attempt(record, self.check_logits, record, entry)

    def check_logits(self, record, entry):
        """Against the stored logits, in steps of one row, of few and of many."""
        shape, expected = read_floats(self.folder / entry["logits"])
        largest = max(map(abs, expected))
        columns, stride = shape[1], entry["stride"]
        worst = 0.0
        for chunk in entry["chunks"]:
            found_shape, found = read_floats(self.logits(entry, entry["tokens"], "--chunk", chunk))
            if found_shape != (len(entry["tokens"]), columns):
                raise Failed(f"{entry['name']}: logits {found_shape}, expected {(len(entry['tokens']), columns)}")
            for index in range(shape[0]):
                ours = found[index * stride * columns:(index * stride + 1) * columns]
                theirs = expected[index * columns:(index + 1) * columns]
                difference = max(abs(a - b) for a, b in zip(ours, theirs)) / largest
                # NaN compares as neither.
                if not difference <= entry["bound"]:
                    raise Failed(f"{entry['name']}: in steps of {chunk} a logit of row {index * stride} is off by "
                                 f"{difference:.1e} of the largest, allowed is {entry['bound']:.0e}")
                worst = max(worst, difference)
        self.row(record, f"logits of {entry['name']}", worst, "of the largest", f"allowed {entry['bound']:.0e}")

    def check_bits(self, record):
        """Two runs, and each way to launch, give the same bits."""
        for entry in self.manifest["parity"][:2] + self.manifest["speed"][:1]:
            self.attempt(record, self.check_same_bits, record, entry)

    def check_same_bits(self, record, entry):
        tokens = entry.get("tokens", list(range(1, 25)))[:24]
        ways = [("--launch", how, "--chunk", chunk) for chunk in (1, 24) for how in WAYS]
        first = {}
        for way in ways:
            bits = self.logits(entry, tokens, *way).read_bytes()
            if first.setdefault(way[3], bits) != bits:
                raise Failed(f"{entry['name']}: other bits with {' '.join(map(str, way))}")
        self.row(record, f"runs of {entry['name']} with equal bits", len(ways))

    def measure_decoding(self, record):
        for entry in self.manifest["speed"]:
            for batch in entry["batches"]:
                self.attempt(record, self.measure_decode, record, entry, batch)

    def measure_decode(self, record, entry, batch):
        bench = self.bench(entry, "-p", 0, "-n", entry["new_tokens"], "-b", batch, "-r", REPETITIONS)
        rate = bench["decode_tokens_per_second"]
        note = f"{bench['decode_percent_of_read_ceiling']:.0f} % of the read ceiling; " \
               f"{1e3 * batch / rate:.3f} ms a step of {bench['decode_launches_per_step']} launches"
        self.row(record, f"decode {entry['name']}, batch {batch}", rate, "tokens/s", note)
        self.row(record, f"memory taken after the start, {entry['name']}, batch {batch}",
                 bench["device_memory_bytes_since_start"], "bytes")

    def measure_memory(self, record):
        entry = max(self.manifest["speed"], key=lambda entry: entry["flops_per_token"])
        bench = self.bench(entry, "-p", 0, "-n", 8, "-r", 3)
        self.row(record, "memory reads", bench["read_ceiling_bytes_per_second"] / 1e9, "GB/s",
                 f"of {bench['weight_bytes_per_token'] / 1e9:.1f} GB")
        for name in ("host_to_device", "device_to_host"):
            self.row(record, name.replace("_", " "), bench[f"{name}_bytes_per_second"] / 1e9, "GB/s", "pinned")

    def measure_prefill(self, record):
        for entry in self.manifest["speed"]:
            if entry["prompt"]:
                self.attempt(record, self.measure_prompt, record, entry)

    def measure_prompt(self, record, entry):
        bench = self.bench(entry, "-p", entry["prompt"], "-n", 0, "-r", REPETITIONS)
        rate = bench["prefill_tokens_per_second"]
        self.row(record, f"prefill {entry['name']}, {entry['prompt']} tokens", rate, "tokens/s",
                 f"{rate * entry['flops_per_token'] / 1e12:.3g} TFLOP/s in products")
        if not entry["products"]:
            return
        program = self.folder / "product_rate.py"
        status, out, error = self.run(sys.executable, program, json.dumps(entry["products"]), statuses=(0, 3))
        if status == 3:
            raise Absent(f"products of {entry['name']} by cuBLASLt: {one_line(error)}")
        seconds = json.loads(out)["seconds"]
        share = seconds * rate / entry["prompt"]
        entry["share_of_library"] = share
        self.row(record, f"prefill {entry['name']} beside cuBLASLt", 100 * share, "%",
                 f"the products alone take it {1e3 * seconds:.2f} ms")

    def compare_launches(self, record):
        entry = self.manifest["speed"][0]
        options = ("-p", 0, "-n", entry["new_tokens"], "-b", 1, "-r", REPETITIONS)
        graph = self.bench(entry, *options)["decode_tokens_per_second"]
        stream = self.bench(entry, *options, "--launch", "stream")["decode_tokens_per_second"]
        self.row(record, f"graph against stream, {entry['name']}", graph / stream, "times as fast")
        # Of one text, the GPU draws the tokens in a loop, whose edges are full.
        several = [(entry, batch) for entry in self.manifest["speed"] for batch in entry["batches"] if 1 < batch <= MOST_ROWS]
        for entry, batch in several[:1]:
            options = ("-p", 0, "-n", entry["new_tokens"], "-b", batch, "-r", REPETITIONS)
            early, plain = (self.bench(entry, *options, "--launch", how) for how in ("graph", "plain-graph"))
            self.row(record, f"{early['edges']} edges against full ones, {entry['name']}, batch {batch}",
                     early["decode_tokens_per_second"] / plain["decode_tokens_per_second"], "times as fast")

    def sanitize(self, record):
        toolkit = "/usr/local/cuda/bin:/usr/local/cuda/compute-sanitizer"
        tool = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path=toolkit)
        if not tool:
            raise Absent("compute-sanitizer is not here")
        entry = min(self.manifest["parity"], key=lambda entry: len(entry["tokens"]))
        tokens = ",".join(map(str, entry["tokens"][:20]))
        for check in SANITIZER_TOOLS:
            for chunk, how in ((1, "graph"), (20, "stream")):
                self.attempt(record, self.sanitize_run, record, f"{check}, steps of {chunk} by {how}",
                             [tool, f"--tool={check}", f"--error-exitcode={FOUND}", self.executable(entry), "logits",
                              "--tokens", tokens, "-o", self.scratch / "logits.npy", "--chunk", chunk, "--launch", how])

    def sanitize_run(self, record, what, command):
        status, out, _ = self.run(*command, statuses=(0, FOUND))
        if status == FOUND:
            errors = [line.strip("= ") for line in out.splitlines() if line.startswith("=========")]
            raise Failed(f"{what}: {errors[1] if len(errors) > 1 else 'it found something'}")
        self.row(record, what, "clean")

    # Bars

    def bars(self):
        """What each bar asks for, and what was measured."""
        verdicts = []
        for entry in self.manifest["speed"]:
            for bar in entry["bars"]:
                measured = self.measured(entry, bar["figure"])
                met = None if measured is None else \
                    measured <= bar["at_most"] if "at_most" in bar else measured >= bar["at_least"]
                verdicts.append({**bar, "model": entry["name"], "measured": measured, "met": met})
        return verdicts

    def measured(self, entry, figure):
        if figure == "prefill_percent_of_library":
            share = entry.get("share_of_library")
            return None if share is None else 100 * share
        bench = self.benches.get((entry["name"], ("-p", 0, "-n", entry["new_tokens"], "-b", 1, "-r", REPETITIONS)))
        if not bench:
            return None
        rate = bench["decode_tokens_per_second"]
        return {"milliseconds_per_token": 1e3 / rate, "tokens_per_second": rate,
                "memory_bytes_since_start": bench["device_memory_bytes_since_start"]}[figure]


# Names of parts, and the seconds that each may take: what matters most comes first.
PARTS = [("device", 20, Check.look_at_device), ("parity", 70, Check.check_parity), ("bits", 60, Check.check_bits),
         ("memory", 40, Check.measure_memory), ("decode", 120, Check.measure_decoding),
         ("prefill", 90, Check.measure_prefill), ("launches", 45, Check.compare_launches),
         ("sanitizer", 150, Check.sanitize)]


def spell(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def table(report):
    lines = []
    for record in report["parts"]:
        lines.append(f"{record['part']}: {record['status']}, {record['seconds']} s")
        for row in record["rows"]:
            lines.append(f"  {row['what']:<52} {spell(row['value']):>12} {row['unit']:<14} {row['note']}".rstrip())
        lines += [f"  wrong: {problem}" for problem in record["problems"]]
        lines += [f"  not run: {absent}" for absent in record["absent"]]
    for bar in report["bars"]:
        limit = f"at most {bar['at_most']}" if "at_most" in bar else f"at least {bar['at_least']}"
        verdict = {None: "not measured", True: "met", False: "MISSED"}[bar["met"]]
        measured = "" if bar["measured"] is None else f", measured {spell(bar['measured'])}"
        lines.append(f"bar {bar['model']}: {bar['figure'].replace('_', ' ')} {limit} (goal {bar['goal']}){measured}: {verdict}")
    return "\n".join(lines)


def check(folder, seconds, only=()):
    """The report of a folder."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        run = Check(pathlib.Path(folder).resolve(), seconds, pathlib.Path(scratch))
        for name, budget, function in PARTS:
            if not only or name in only:
                run.part(name, budget, lambda record, function=function: function(run, record))
        return {"device": run.device, "made_by": run.manifest["made_by"], "seconds": round(time.monotonic() - started, 1),
                "parts": run.parts, "bars": run.bars(),
                "benches": [{"model": name, "options": options, "result": result}
                            for (name, options), result in run.benches.items()]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default=HERE)
    parser.add_argument("--seconds", type=float, default=470, help="for all parts together (default 470)")
    parser.add_argument("--json", help="the file for the report")
    parser.add_argument("--only", action="append", default=[], choices=[name for name, _, _ in PARTS])
    arguments = parser.parse_args()
    if not (pathlib.Path(arguments.folder) / MANIFEST).exists():
        sys.exit(f"gpu_check.py: error: {arguments.folder}: no {MANIFEST} in it; fill the folder by pack.py")
    report = check(arguments.folder, arguments.seconds, arguments.only)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(report, indent=1) + "\n")
    print(table(report))
    sys.exit(any(record["status"] == "failed" for record in report["parts"]))


if __name__ == "__main__":
    main()
