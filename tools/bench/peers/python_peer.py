"""What the peers share that are Python packages: a module here that runs as a program in their environment."""
import abc
import json
import os
import pathlib
import shutil
import sys

from models import GGUF
from peers.peer import Peer
from workspace import output_of

TOOLS = pathlib.Path(__file__).resolve().parent.parent
CONVERTERS = (*GGUF, "torch==2.15.0", "transformers==4.57.6", "accelerate==1.15.0", "safetensors==0.8.0",
              "sentencepiece==0.2.3", "protobuf==7.36.2")


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
        self.folder = self.workspace.path("models", f"{model.key}-{self.suffix}")
        source = self.workspace.path("models", f"{model.key}-hugging-face")
        converter = TOOLS / "convert" / "gguf_to_hugging_face.py"
        self.write(source, lambda folder: [self.python, converter, model.path, folder])
        self.write(self.folder, lambda folder: self.conversion(source, folder))

    def write(self, folder, command):
        """Runs `command(folder)`, which writes the folder, unless it is there."""
        if folder.exists():
            return
        self.workspace.tell(f"writing {folder.name}")
        partial = folder.with_name(folder.name + ".part")
        shutil.rmtree(partial, ignore_errors=True)
        self.workspace.logged(command(partial))
        partial.rename(folder)

    @abc.abstractmethod
    def conversion(self, source, folder):
        """The command that writes the peer's own format into `folder` from the Hugging Face folder `source`."""

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
