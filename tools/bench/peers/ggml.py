"""What llama.cpp and its descendants share: a CMake build and a program llama-bench."""
import json

from peers.peer import Peer, mean_positions
from workspace import output_of

BYTES_OF_F16 = 2
# Without these the build takes the machine's own instruction set, as a user's does.
INSTRUCTIONS = {
    "native": {"GGML_NATIVE": "ON"},
    "avx2": {"GGML_NATIVE": "OFF", "GGML_AVX": "ON", "GGML_AVX2": "ON", "GGML_FMA": "ON", "GGML_F16C": "ON",
             "GGML_BMI2": "ON"},
}


class Ggml(Peer):
    """Runs the GGUF file as it is, with f16 keys and values (its default)."""
    requirement: str
    tree: str
    definitions: dict

    def version(self):
        return self.requirement

    def source(self):
        return self.workspace.source(self.requirement) / self.tree

    def program(self, target):
        return self.workspace.build(f"{self.name}-{self.isa}", self.source,
                                    self.definitions | INSTRUCTIONS[self.isa], [target]) / target

    def set_up(self):
        self.bench = self.program("llama-bench")

    def open(self, model):
        self.model = model

    def rate(self, setting, test):
        printed = output_of([self.bench, "-m", self.model.path, "-t", self.threads, "-r", 1, "-o", "json",
                             *setting.arguments, *self.test_arguments(test)])
        return json.loads(printed)[-1]["avg_ts"]

    def bytes_per_token(self, test):
        facts = self.model.facts
        return facts["weight_bytes"] + BYTES_OF_F16 * facts["key_value_elements_per_position"] * mean_positions(test)
