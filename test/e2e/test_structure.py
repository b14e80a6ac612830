"""The tree keeps its shape: includes point down the ladder, files are small, formatted and named alike."""
import pathlib
import re
import subprocess

import pytest

from conftest import needs_tool

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LARGEST = 1_000_000  # bytes of a file in the repository

# Folder -> what its sources may include of this repository, besides the folder itself. The longest match decides. Folders
# stand in the order of the ladder: what is above includes what is below it.
ALLOWED = {
    "runtime": [],
    "runtime/text": [],
    "runtime/core": ["runtime/abi.h", "runtime/text"],
    "runtime/cpu": ["runtime/abi.h", "runtime/core"],
    "runtime/serve": ["runtime/abi.h", "runtime/core", "runtime/text"],
    "runtime/cuda": ["runtime/abi.h", "runtime/core"],
    "dialects/Encoding": [],
    "dialects/Model": ["dialects/Encoding"],
    "dialects/Kernel": ["dialects/Encoding", "dialects/Model"],
    "dialects/Schedule": ["dialects/Encoding", "dialects/Model", "dialects/Kernel"],
    "target": ["dialects"],
    "passes/model": ["dialects", "target"],
    "passes/quantize": ["dialects", "target", "passes/model"],
    "passes/fuse": ["dialects", "target", "passes/model", "passes/quantize"],
    "passes/place": ["dialects", "target", "passes/model", "passes/quantize", "passes/fuse"],
    "passes/schedule": ["dialects", "target", "passes"],
    "passes/schedule/planner": [],
    "codegen/host": ["dialects", "target", "passes/schedule/Report.h", "runtime/abi.h"],
    "codegen/cpu": ["dialects", "target", "codegen/host", "passes/schedule/Report.h", "runtime/abi.h"],
    "codegen/cuda": ["dialects", "target", "codegen/host", "codegen/weights/pieces.h", "passes/schedule/Report.h",
                     "runtime/cuda/tables.h"],
    "codegen/link": ["runtime/abi.h"],
    # The one step up: what is written as weights is read from the model's file while it is written.
    "codegen/weights": ["dialects", "target", "compiler/import"],
    "compiler/import": ["dialects", "target", "runtime/text"],
    "compiler": ["dialects", "target", "passes", "codegen", "runtime/abi.h", "runtime/text"],
    "tools": ["compiler", "dialects", "target", "passes", "codegen"],
}
OURS = {folder.split("/")[0] for folder in ALLOWED}
# Written by mlir-tblgen next to the header of a dialect or of passes.
GENERATED = re.compile(r"\.inc$")


def tracked(*patterns):
    listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-z", *patterns],
                            capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this folder is no git checkout")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def sources():
    return tracked("*.cpp", "*.h", "*.td")


def folder_rules(name):
    best = max((folder for folder in ALLOWED if name.startswith(folder + "/")), key=len, default=None)
    return best, ALLOWED.get(best, [])


def covers(allowed, included):
    return included == allowed or included.startswith(allowed + "/")


def forbidden(name, text):
    """What a file includes that it may not, with the line."""
    folder, allowed = folder_rules(name)
    wrong = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#?\s*include\s*[<"]([^">]+)[">]', line)
        if not match:
            continue
        included = match.group(1)
        foreign = included.split("/")[0]
        if foreign in OURS:
            inside = covers(folder, included) and (folder == "compiler" or folder == "tools" or
                                                   folder_rules(included)[0] == folder)
            if not inside and not any(covers(entry, included) for entry in allowed):
                wrong.append(f"{name}:{number}: {folder}/ may not include {included}")
        elif foreign in ("llvm", "llvm-c", "mlir", "lld", "clang") and folder.startswith("runtime"):
            wrong.append(f"{name}:{number}: the runtime may not include {included}")
    return wrong


def test_includes_point_down():
    wrong = []
    for name in sources():
        if name.split("/")[0] in OURS:
            assert folder_rules(name)[0], f"{name}: its folder has no rule in {pathlib.Path(__file__).name}"
            wrong += forbidden(name, (ROOT / name).read_text())
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name, line, allowed", [
    ("runtime/core/model.cpp", '#include "compiler/Driver.h"', False),
    ("runtime/core/model.cpp", '#include "llvm/ADT/StringRef.h"', False),
    ("runtime/core/model.cpp", '#include "runtime/cpu/team.h"', False),
    ("runtime/cuda/machine.cpp", '#include "runtime/core/error.h"', True),
    ("runtime/text/utf8.cpp", '#include "runtime/core/error.h"', False),
    ("runtime/text/utf8.cpp", '#include "runtime/text/utf8.h"', True),
    ("compiler/import/Llama.cpp", '#include "runtime/text/description.h"', True),
    ("compiler/import/Llama.cpp", '#include "runtime/core/model.h"', False),
    ("compiler/import/Llama.cpp", '#include "compiler/Options.h"', False),
    ("compiler/Driver.cpp", '#include "compiler/import/Llama.h"', True),
    ("compiler/Driver.cpp", '#include "tools/ingotc/x.h"', False),
    ("dialects/Model/Ops.td", 'include "dialects/Kernel/Attributes.td"', False),
    ("dialects/Model/Ops.td", 'include "dialects/Encoding/Attributes.td"', True),
    ("passes/fuse/Regions.cpp", '#include "passes/schedule/Order.h"', False),
    ("passes/place/AssignHomes.cpp", '#include "passes/fuse/Forward.h"', True),
    ("codegen/cpu/Emitter.cpp", '#include "passes/fuse/Regions.h"', False),
    ("codegen/cuda/Tables.cpp", '#include "codegen/cpu/Kernels.h"', False),
    ("codegen/weights/pack.cpp", '#include "compiler/import/dequantize.h"', True),
    ("codegen/weights/pack.cpp", '#include "compiler/Driver.h"', False),
])
def test_rules_of_includes(name, line, allowed):
    """The rules above say what they mean."""
    assert (not forbidden(name, line)) == allowed


def test_generated_includes_are_included_where_they_belong():
    """A .inc file is included through the header beside its .td file, or by that folder's own sources."""
    wrong = []
    for name in tracked("*.cpp", "*.h"):
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if match and GENERATED.search(match.group(1)) and match.group(1).split("/")[0] in OURS:
                if pathlib.PurePath(match.group(1)).parent != pathlib.PurePath(name).parent:
                    wrong.append(f"{name}:{number}: {match.group(1)}")
    assert not wrong, "\n".join(wrong)


def test_files_are_small():
    large = [f"{name}: {size} bytes" for name in tracked() if (size := (ROOT / name).stat().st_size) > LARGEST]
    assert not large, "\n".join(large)


def test_nothing_names_a_workplace():
    """Paths of the machine on which somebody worked are of no use to anybody else."""
    needle = b"/" + b"work/"
    named = [name for name in tracked() if needle in (ROOT / name).read_bytes()]
    assert not named, "\n".join(named)


def test_header_guards():
    wrong = []
    for name in tracked("*.h"):
        guard = "INGOT_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
        text = (ROOT / name).read_text()
        lines = [line for line in text.splitlines() if line.startswith("#")]
        if lines[:2] != [f"#ifndef {guard}", f"#define {guard}"] or not text.rstrip().endswith(f"#endif // {guard}"):
            wrong.append(f"{name}: its guard should be {guard}")
    assert not wrong, "\n".join(wrong)


def test_scripts_are_executable():
    """A file that names its interpreter is meant to be started."""
    wrong = []
    for name in tracked():
        path = ROOT / name
        with open(path, "rb") as file:
            script = file.read(2) == b"#!"
        if script and not path.stat().st_mode & 0o100:
            wrong.append(name)
    assert not wrong, "\n".join(wrong)


def test_format():
    tool = needs_tool("clang-format-22")
    names = tracked("*.cpp", "*.h")
    checked = subprocess.run([tool, "--dry-run", "-Werror", *names], cwd=ROOT, capture_output=True, text=True,
                             check=False)
    files = sorted(set(re.findall(r"^([^\s:]+):\d+:\d+: error:", checked.stderr, re.MULTILINE)))
    assert checked.returncode == 0, "run clang-format-22 -i on:\n" + "\n".join(files or [checked.stderr[-2000:]])
