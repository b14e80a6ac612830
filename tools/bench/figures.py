"""Arithmetic on samples: no machine, no files."""
import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Figure:
    """Samples of one quantity, one a round or one a repetition."""
    samples: tuple

    @property
    def median(self):
        return statistics.median(self.samples)

    @property
    def lowest(self):
        return min(self.samples)

    @property
    def highest(self):
        return max(self.samples)

    def divided_by(self, other):
        """Round by round, so that a disturbance which meets both cancels."""
        if len(self.samples) != len(other.samples):
            raise ValueError(f"{len(self.samples)} samples against {len(other.samples)}: not of the same rounds")
        return Figure(tuple(a / b for a, b in zip(self.samples, other.samples)))

    def times(self, factor):
        return Figure(tuple(sample * factor for sample in self.samples))

    def to_json(self):
        return dict(median=self.median, lowest=self.lowest, highest=self.highest, samples=list(self.samples))


def mean_rate(rates):
    """Of repetitions of the same work: all of it by all their time."""
    return len(rates) / sum(1 / rate for rate in rates)


def settings_to_keep(rates, within=0.95, most=2):
    """Which settings of a peer go on after the trial: the fastest, and the next if the trial cannot tell them apart."""
    order = sorted(rates, key=rates.get, reverse=True)
    return [setting for setting in order if rates[setting] >= within * rates[order[0]]][:most]


def best_setting(figures):
    """The setting with the highest median."""
    return max(figures, key=lambda setting: figures[setting].median)


def order_of(round_number, names):
    """The order of one round: each name is first, last and in between in turn; forwards and backwards alternate."""
    shift = (round_number // 2) % max(len(names), 1)
    turned = names[shift:] + names[:shift]
    return turned if round_number % 2 == 0 else turned[::-1]
