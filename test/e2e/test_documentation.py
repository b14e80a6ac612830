"""The documentation is true: its commands run, its links lead somewhere, its reference pages match the .td files.

A bash block under a line `<!-- run -->` is run as it stands: the blocks of one page in order, in one empty folder that
holds the SmolLM2 file under the name that the pages use, `text.txt` and `families`, with the tools under test in the PATH.
"""
import filecmp
import os
import pathlib
import re
import shutil

import pytest

from conftest import DATA, needs_tool, run

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^<!-- run -->\n```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKED = [page for page in PAGES if "<!-- run -->" in page.read_text()]


def name_of(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", MARKED, ids=name_of)
def test_commands(page, ingot, smollm2, tmp_path):
    text = page.read_text()
    blocks = BLOCK.findall(text)
    assert len(blocks) == text.count("<!-- run -->"), "a mark stands before something that is no bash block"
    tools = ingot.compiler.parent
    for tool in ("ingot-opt", "ingot-shape", "ingot-translate"):
        if not (tools / tool).exists():
            pytest.skip(f"{tool} is not beside {ingot.compiler}")
    (tmp_path / MODEL).symlink_to(smollm2.resolve())
    shutil.copy(DATA / "text.txt", tmp_path)
    (tmp_path / "families").symlink_to(DATA / "families")
    environment = dict(os.environ, PATH=f"{tools}:{os.environ['PATH']}")
    run(["bash", "-euo", "pipefail", "-c", "\n".join(blocks)], cwd=tmp_path, env=environment)


def test_reference_pages(tmp_path):
    """docs/generate.sh writes what is committed."""
    llvm = pathlib.Path(run([needs_tool("llvm-config-22"), "--prefix"]).out.decode().strip())
    run([ROOT / "docs" / "generate.sh", tmp_path], env=dict(os.environ, MLIR_TBLGEN=str(llvm / "bin" / "mlir-tblgen")))
    drifted = []
    for folder in ("dialects", "passes"):
        names = {path.name for base in (tmp_path, ROOT / "docs") for path in (base / folder).glob("*.md")}
        _, different, missing = filecmp.cmpfiles(tmp_path / folder, ROOT / "docs" / folder, names, shallow=False)
        drifted += [f"docs/{folder}/{name}" for name in sorted(different + missing)]
    assert not drifted, "run docs/generate.sh and commit; what differs from the .td files: " + ", ".join(drifted)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links(page):
    broken = []
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target and not (page.parent / target).exists():
            broken.append(target)
    assert not broken, f"links of {name_of(page)} that lead nowhere: {broken}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name not in ("dialects", "passes")], ids=name_of)
def test_named_files_exist(page):
    """Files that a page names in backquotes are there."""
    folders = "compiler|dialects|target|passes|codegen|runtime|tools|examples|test|docs"
    named = set(re.findall(rf"`((?:{folders})/[A-Za-z0-9_./-]+\.(?:cpp|h|td|md|py|sh|txt|mlir))`", page.read_text()))
    missing = sorted(name for name in named if not (ROOT / name).exists())
    assert not missing, f"{name_of(page)} names files that do not exist: {missing}"
