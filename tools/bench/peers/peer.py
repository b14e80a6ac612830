"""What the benchmark asks of a program that runs models."""
import abc
import dataclasses


@dataclasses.dataclass(frozen=True)
class Setting:
    """One way of running a peer that a user may choose; the fastest counts."""
    label: str
    arguments: tuple = ()


class Peer(abc.ABC):
    """A program that runs one model. Where it cannot, a method raises `Cannot`, whose line goes into the table."""
    name: str
    settings = (Setting("default"),)

    def __init__(self, workspace, isa, threads):
        self.workspace, self.isa, self.threads = workspace, isa, threads

    @abc.abstractmethod
    def version(self):
        """Which version this is, for the report."""

    @abc.abstractmethod
    def set_up(self):
        """Downloads and builds the program, once."""

    @abc.abstractmethod
    def open(self, model):
        """Makes ready to run `model`; converts it, once, where the peer has a format of its own."""

    @abc.abstractmethod
    def rate(self, setting, test):
        """Tokens per second of one run of `test`: of the prompt, or of the tokens decoded after `test.depth`."""

    @abc.abstractmethod
    def bytes_per_token(self, test):
        """Bytes that decoding a token reads: weights, and keys and values of the mean position of the test."""

    def paired(self, test):
        """What the program measured itself beside each repetition of decoding, in all runs so far; None if nothing."""


def mean_positions(test):
    return test.depth + (test.tokens + 1) / 2
