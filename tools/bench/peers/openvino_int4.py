"""OpenVINO with 4-bit weights in symmetric groups of 32, from optimum-intel; 8-bit keys and values (its default)."""
import os
import time

from peers.peer import mean_positions
from peers.python_peer import CONVERTERS, PythonPeer, serve

# OpenVINO asks the processor and not oneDNN's limit what there is: without these, which are its choice on a processor
# with AVX2 and no VNNI, it wants bf16 and dynamic 8-bit products that oneDNN then refuses.
OF_AVX2 = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}
CHUNK = 512  # tokens of a prompt before the timed part, a step


class OpenVino(PythonPeer):
    name = "OpenVINO int4"
    requirements = (*CONVERTERS, "openvino==2026.4.1", "nncf==3.4.0", "optimum==2.1.0", "optimum-onnx==0.1.0",
                    "optimum-intel==1.27.0", "onnx==1.23.2")
    module = "peers.openvino_int4"
    suffix = "openvino-int4"
    avx2_environment = {"ONEDNN_MAX_CPU_ISA": "AVX2"}

    def open(self, model):
        super().open(model)
        self.key_value_elements = model.facts["key_value_elements_per_position"]

    def conversion(self, source, folder):
        return [self.python.parent / "optimum-cli", "export", "openvino", "-m", source, "--task",
                "text-generation-with-past", "--weight-format", "int4", "--group-size", "32", "--sym", folder]

    def bytes_per_token(self, test):
        return (self.folder / "openvino_model.bin").stat().st_size + self.key_value_elements * mean_positions(test)


def keep_last_logits(model):
    """The head for the last token of a step only, as every generation loop (OpenVINO GenAI's, too) asks for it."""
    from openvino import opset13 as operations
    product = model.output("logits").get_node().input_value(0).get_node()
    while product.get_type_name() != "MatMul":
        product = product.input_value(0).get_node()
    last = operations.slice(product.input_value(0), *(operations.constant([number]) for number in (-1, -2, -1, 1)))
    product.input(0).replace_source_output(last.output(0))
    model.validate_nodes_and_infer_types()


def run(folder, threads, kind, tokens, depth):
    import numpy as np
    import openvino
    core = openvino.Core()
    model = core.read_model(f"{folder}/openvino_model.xml")
    keep_last_logits(model)
    properties = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
    if os.environ.get("ONEDNN_MAX_CPU_ISA") == "AVX2":
        properties |= OF_AVX2
    request = core.compile_model(model, "CPU", properties).create_infer_request()
    ids = np.random.default_rng(0).integers(100, 40000, (1, depth + tokens))

    def step(first, end):
        request.infer(dict(input_ids=ids[:, first:end], attention_mask=np.ones((1, end), np.int64),
                           position_ids=np.arange(first, end)[None], beam_idx=np.zeros(1, np.int32)))

    def prefill():
        start = time.perf_counter()
        step(0, tokens)
        return tokens / (time.perf_counter() - start)

    if kind == "prefill":
        prefill()
        request.reset_state()
        return prefill()
    for first in range(0, depth, CHUNK):
        step(first, min(first + CHUNK, depth))
    if not depth:
        step(0, 1)
        request.reset_state()
    start = time.perf_counter()
    for position in range(depth, depth + tokens):
        step(position, position + 1)
    return tokens / (time.perf_counter() - start)


if __name__ == "__main__":
    serve(run)
