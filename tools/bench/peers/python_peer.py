"""What the peers share that are Python packages: a module of this folder that runs as a program in their environment."""
import json
import os
import pathlib
import sys

from models import GGUF
from peers.peer import Peer
from workspace import output_of

TOOLS = pathlib.Path(__file__).resolve().parent.parent
CONVERTERS = (*GGUF, "torch==2.15.0", "transformers==4.57.6", "accelerate==1.15.0", "safetensors==0.8.0",
              "sentencepiece==0.2.3", "protobuf==7.36.2")
SEED = 0


class PythonPeer(Peer):
    requirements: tuple
    module: str
    suffix: str  # of the folder with the peer's own format
    avx2_environment: dict

    def version(self):
        return next(name for name in self.requirements if name.startswith(self.module.split(".")[1].split("_")[0]))

    def set_up(self):
        self.python = self.workspace.python(self.requirements)

    def open(self, model):
        """A folder with the peer's own format, made from the dequantised weights of the GGUF file."""
        self.folder = self.workspace.path("models", f"{model.path.stem}-{self.suffix}")
        if self.folder.exists():
            return
        converted = self.workspace.path("models", f"{model.path.stem}-hugging-face")
        if not converted.exists():
            self.workspace.tell(f"writing {converted.name}")
            self.workspace.logged([self.python, TOOLS / "convert" / "gguf_to_hugging_face.py", model.path, converted])
        self.workspace.tell(f"writing {self.folder.name}")
        self.workspace.logged(self.conversion(converted))

    def conversion(self, source):
        """The command that writes `self.folder` from a Hugging Face folder."""
        raise NotImplementedError

    def rate(self, setting, test):
        environment = os.environ | {"OMP_NUM_THREADS": str(self.threads)}
        if self.isa == "avx2":
            environment |= self.avx2_environment
        printed = output_of([self.python, "-m", self.module, self.folder, self.threads, test.kind, test.tokens,
                             test.depth], cwd=TOOLS, env=environment)
        return json.loads(printed.splitlines()[-1])


def serve(run):
    """The main program of such a module: `run(folder, threads, kind, tokens, depth)` gives tokens per second."""
    folder, threads, kind, tokens, depth = sys.argv[1:]
    print(json.dumps(run(folder, int(threads), kind, int(tokens), int(depth))))
