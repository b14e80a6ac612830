"""What was measured on one model."""
import dataclasses

from figures import Figure

INGOT = "Ingot"


@dataclasses.dataclass(frozen=True)
class Paired:
    """What a program measured itself beside each repetition of decoding; a sample is a repetition of a round."""
    read_share: Figure  # of the read ceiling before and after it, 0 to 1
    read: Figure  # that ceiling, bytes per second
    barrier: Figure  # nanoseconds: a few dozen between CPUs near each other, hundreds between distant ones


@dataclasses.dataclass
class Outcome:
    """One program's figures of one test."""
    setting: str
    rate: Figure  # tokens per second
    bytes_per_token: float | None  # of decoding
    trials: dict = dataclasses.field(default_factory=dict)  # setting -> tokens per second, before the rounds
    paired: Paired | None = None


@dataclasses.dataclass
class ModelResult:
    name: str
    operations_per_prompt_token: int
    reads: dict  # test name -> Figure of bytes per second: the best pattern in each of the test's rounds
    read_pattern: str  # the one with the highest median
    peaks: dict  # kind of instruction -> Figure of operations per second
    outcomes: dict  # test name -> program -> Outcome
    cannot: dict  # test name -> program -> why it has no outcome
    program: dict = dataclasses.field(default_factory=dict)  # of Ingot's executable

    def ratio(self, test, peer):
        """How many times as fast as `peer` Ingot is; None where one of them has no figure."""
        programs = self.outcomes.get(test, {})
        if INGOT not in programs or peer not in programs:
            return None
        return programs[INGOT].rate.divided_by(programs[peer].rate)

    def ratio_of_medians(self, test, peer):
        """The same of the medians: rounds that met different states of the machine count as they are."""
        programs = self.outcomes.get(test, {})
        if INGOT not in programs or peer not in programs:
            return None
        return programs[INGOT].rate.median / programs[peer].rate.median

    @property
    def read(self):
        """All tests' read ceilings."""
        return Figure(tuple(sample for figure in self.reads.values() for sample in figure.samples))

    def bytes_per_second(self, test, name):
        outcome = self.outcomes.get(test, {}).get(name)
        if outcome is None or not outcome.bytes_per_token:
            return None
        return outcome.rate.times(outcome.bytes_per_token)

    def read_share(self, test, name):
        """Of the read ceiling, 0 to 1: as the program itself measured it beside its repetitions, else of the rounds."""
        rate = self.bytes_per_second(test, name)
        if rate is None:
            return None
        paired = self.outcomes[test][name].paired
        return paired.read_share if paired else rate.divided_by(self.reads[test])

    def operations_per_second(self, test, name):
        outcome = self.outcomes.get(test, {}).get(name)
        if outcome is None or not test.startswith("prefill"):
            return None
        return outcome.rate.times(self.operations_per_prompt_token)

    def highest_peak(self, kinds):
        """The fastest of these kinds of instruction: its name and figure."""
        name = max((kind for kind in self.peaks if kind in kinds), key=lambda kind: self.peaks[kind].median)
        return name, self.peaks[name]

    def peak_share(self, test, name, kinds):
        """Of the highest peak of these kinds in the same rounds, 0 to 1."""
        rate = self.operations_per_second(test, name)
        return rate and rate.divided_by(self.highest_peak(kinds)[1])

    def to_json(self):
        tests = {}
        for test in self.outcomes:
            tests[test] = {}
            for name, outcome in self.outcomes[test].items():
                entry = dict(setting=outcome.setting, tokens_per_second=outcome.rate.to_json())
                if outcome.trials:
                    entry["trials"] = outcome.trials
                figures = dict(ingot_ratio=None if name == INGOT else self.ratio(test, name),
                               bytes_per_second=self.bytes_per_second(test, name),
                               read_share=self.read_share(test, name),
                               operations_per_second=self.operations_per_second(test, name))
                if name != INGOT and INGOT in self.outcomes[test]:
                    entry["ingot_ratio_of_medians"] = self.ratio_of_medians(test, name)
                if outcome.paired:
                    entry["paired"] = {field.name: getattr(outcome.paired, field.name).to_json()
                                       for field in dataclasses.fields(outcome.paired)}
                if outcome.bytes_per_token:
                    entry["bytes_per_token"] = outcome.bytes_per_token
                tests[test][name] = entry | {key: figure.to_json() for key, figure in figures.items() if figure}
        return dict(model=self.name, operations_per_prompt_token=self.operations_per_prompt_token,
                    read_bytes_per_second={test: figure.to_json() for test, figure in self.reads.items()},
                    read_pattern=self.read_pattern,
                    peak_operations_per_second={kind: figure.to_json() for kind, figure in self.peaks.items()},
                    tests=tests, cannot=self.cannot, program=self.program)
