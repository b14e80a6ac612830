"""CTranslate2 with 8-bit weights, its smallest on a CPU; f32 keys and values."""
import json
import random
import time

from peers.peer import mean_positions
from peers.python_peer import CONVERTERS, PythonPeer, serve

BYTES_OF_F32 = 4


class CTranslate2(PythonPeer):
    name = "CTranslate2 int8"
    requirements = (*CONVERTERS, "ctranslate2==4.8.5")
    module = "peers.ctranslate2_int8"
    suffix = "ctranslate2-int8"
    avx2_environment = {"CT2_FORCE_CPU_ISA": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}

    def open(self, model):
        super().open(model)
        self.key_value_elements = model.facts["key_value_elements_per_position"]

    def conversion(self, source, folder):
        return [self.python.parent / "ct2-transformers-converter", "--model", source, "--output_dir", folder,
                "--quantization", "int8"]

    def bytes_per_token(self, test):
        return (self.folder / "model.bin").stat().st_size \
            + BYTES_OF_F32 * self.key_value_elements * mean_positions(test)


def run(folder, threads, kind, tokens, depth):
    import ctranslate2
    with open(f"{folder}/vocabulary.json", encoding="utf-8") as file:
        vocabulary = json.load(file)[100:40000]
    generator = ctranslate2.Generator(folder, device="cpu", compute_type="int8", intra_threads=threads, inter_threads=1)
    prompt = random.Random(0).choices(vocabulary, k=tokens if kind == "prefill" else max(depth, 1))

    def times_of_tokens(new):
        """When the run starts, and when each new token is there."""
        times = [time.perf_counter()]
        for _ in generator.generate_tokens(prompt, max_length=new, min_length=new, sampling_topk=1, end_token=[]):
            times.append(time.perf_counter())
        return times

    if kind == "prefill":
        times_of_tokens(1)
        start, end = times_of_tokens(1)
    else:
        _, start, *_, end = times_of_tokens(1 + tokens)
    return tokens / (end - start)


if __name__ == "__main__":
    serve(run)
