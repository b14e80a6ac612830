"""The cache folder: everything that is downloaded, built or converted once.

sources/    PyPI source packages, unpacked            builds/    NAME-ISA/bin, built from them
python/     an environment with what the peers need   models/    GGUF files, their facts and the peers' own formats
programs/   the ceilings' C programs                  ingot/     executables that ingotc made
"""
import pathlib
import shutil
import subprocess
import sys
import tarfile


class Cannot(Exception):
    """A peer or Ingot cannot do what is asked; the message is one line that goes into the table."""


def output_of(command, **options):
    """The standard output of a command; its last message as `Cannot` if it fails."""
    command = [str(part) for part in command]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if finished.returncode:
        message = (finished.stderr.strip().splitlines() or ["no message"])[-1]
        raise Cannot(f"{pathlib.Path(command[0]).name}: exit {finished.returncode}: {message[:300]}")
    return finished.stdout


class Workspace:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.log = self.folder / "setup.log"
        for name in ("sources", "builds", "models", "programs", "ingot"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def path(self, *parts):
        return self.folder.joinpath(*parts)

    def logged(self, command):
        """Runs a command whose messages go into the log."""
        command = [str(part) for part in command]
        with open(self.log, "ab") as log:
            status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
        if status:
            raise Cannot(f"{pathlib.Path(command[0]).name}: exit {status}; see {self.log}")

    def tell(self, message):
        print(f"{message} (messages in {self.log})", file=sys.stderr, flush=True)

    def python(self, requirements=()):
        """The environment's interpreter, with these pinned requirements installed; a list is installed once."""
        folder = self.path("python")
        interpreter = folder / "bin" / "python"
        if not interpreter.exists():
            self.logged([sys.executable, "-m", "venv", folder])
        installed = folder / "installed.txt"
        have = set(installed.read_text().split()) if installed.exists() else set()
        if missing := [name for name in requirements if name not in have]:
            self.tell(f"installing {' '.join(missing)}")
            self.logged([interpreter, "-m", "pip", "install", "-q", "--disable-pip-version-check", *missing])
            installed.write_text("\n".join(sorted(have | set(missing))) + "\n")
        return interpreter

    def source(self, requirement):
        """The unpacked folder of a PyPI source package, `name==version`."""
        name, version = requirement.split("==")
        folder = self.path("sources", f"{name.replace('-', '_')}-{version}")
        if not folder.exists():
            self.tell(f"downloading the source of {requirement}")
            download = self.path("sources", "download")
            self.logged([self.python(), "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
                         "--no-binary", ":all:", requirement, "-d", download])
            with tarfile.open(next(download.glob(f"{folder.name}*.tar.gz"))) as archive:
                options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
                archive.extractall(download, **options)
            (download / folder.name).rename(folder)
            shutil.rmtree(download)
        return folder

    def build(self, name, tree, definitions, targets):
        """The folder of programs of a CMake project, built once. `tree`: a function that gives the source folder."""
        folder = self.path("builds", name)
        programs = folder / "bin"
        if not all((programs / target).exists() for target in targets):
            for tool in ("cmake", "ninja"):
                if not shutil.which(tool):
                    raise Cannot(f"no {tool}: install cmake and ninja-build")
            source = tree()
            self.tell(f"building {name}, which takes minutes")
            self.logged(["cmake", "-G", "Ninja", "-S", source, "-B", folder, "-DCMAKE_BUILD_TYPE=Release",
                         *(f"-D{key}={value}" for key, value in definitions.items())])
            self.logged(["ninja", "-C", folder, *targets])
        return programs

    def program(self, source, architecture):
        """A C program of this folder, built for `-march=ARCHITECTURE` when its source is newer."""
        program = self.path("programs", f"{source.stem}-{architecture}")
        newest = max(path.stat().st_mtime for path in source.parent.iterdir())
        if not program.exists() or program.stat().st_mtime < newest:
            compiler = shutil.which("clang-22") or shutil.which("cc")
            if not compiler:
                raise Cannot("no C compiler: install clang-22 or gcc")
            self.logged([compiler, "-O3", f"-march={architecture}", source, "-o", program, "-lpthread"])
        return program
