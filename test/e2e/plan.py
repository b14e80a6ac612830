"""Reads programs at the phases schedule and plan, apart from the compiler's own reader."""
import dataclasses
import re

BUFFER = re.compile(r"(?:!schedule\.buffer)?<\w+\[\d+\], (\w+), (\d+)>")
VIEW = re.compile(r"(%\S+) = schedule\.view @(\w+)\[(\d+)\]")
LAUNCH = re.compile(r"(%\S+) = schedule\.launch @(\S+?)\(")
LIST = {"inputs": r"schedule\.launch @[^(]+\(([^:)]*)", "states": r" updates\(([^:)]*)", "outputs": r" to\(([^:)]*)"}


@dataclasses.dataclass
class View:
    arena: str
    offset: int
    bytes: int
    lifetime: str


@dataclasses.dataclass
class Launch:
    callee: str
    inputs: list
    states: list
    outputs: list
    awaits: list


@dataclasses.dataclass
class Program:
    name: str
    views: dict  # by value
    launches: dict  # by value, in order
    output: str
    barriers: int


def arenas_of(text):
    """{name: (lifetime, bytes)}"""
    return {name: (lifetime, int(size)) for name, lifetime, size in
            re.findall(r"schedule\.arena @(\w+) : \w+\[\d+\], (\w+), (\d+)", text)}


def programs_of(text):
    programs = []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("schedule.program"):
            programs.append(Program(re.match(r"schedule\.program @([\w.]+)", line)[1], {}, {}, "", 0))
        elif match := VIEW.match(line):
            lifetime, size = BUFFER.search(line).groups()
            programs[-1].views[match[1]] = View(match[2], int(match[3]), int(size), lifetime)
        elif match := LAUNCH.match(line):
            lists = {name: re.findall(r"%[\w.]+", (re.search(pattern, line) or ["", ""])[1])
                     for name, pattern in LIST.items()}
            awaits = re.search(r" after (%[\w., %]+?) (?:wanted )?on ", line)
            programs[-1].launches[match[1]] = Launch(match[2], **lists, awaits=re.findall(r"%[\w.]+", awaits[1]) if awaits else [])
        elif line == "schedule.barrier":
            programs[-1].barriers += 1
        elif line.startswith("schedule.return"):
            programs[-1].output = re.match(r"schedule\.return (%\S+)", line)[1]
    return programs


def happens_before(program):
    """{launch: set of launches that have ended when it starts}"""
    before = {}
    for name, launch in program.launches.items():
        before[name] = set(launch.awaits).union(*(before[awaited] for awaited in launch.awaits))
    return before


def transients(program):
    """{value: (view, launch that writes it, launches that use it)}"""
    result = {}
    for name, launch in program.launches.items():
        for value in launch.outputs:
            result[value] = (program.views[value], name, [name])
        for value in launch.inputs:
            if value in result:
                result[value][2].append(name)
    return result


def most_live_bytes(program):
    """The largest sum of the activations that are live while some launch runs: written by then, and still to be read."""
    order = {name: index for index, name in enumerate(program.launches)}
    live = [0] * len(order)
    for value, (view, writer, users) in transients(program).items():
        last = len(order) - 1 if value == program.output else max(order[user] for user in users)
        for index in range(order[writer], last + 1):
            live[index] += view.bytes
    return max(live)


def overlaps(program):
    """Pairs of activations that share bytes although neither is done with before the other is written"""
    before = happens_before(program)
    values = sorted(transients(program).items(), key=lambda entry: entry[1][0].offset)
    found = []
    for index, (first, (view, writer, users)) in enumerate(values):
        for second, (other, other_writer, other_users) in values[index + 1:]:
            if other.offset >= view.offset + view.bytes:
                break

            def done(value, its_users, later):
                return value != program.output and all(user in before[later] for user in its_users)
            if not done(first, users, other_writer) and not done(second, other_users, writer):
                found.append((first, second))
    return found
