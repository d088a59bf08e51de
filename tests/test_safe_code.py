"""Nothing in the package can turn data into code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "attnmt"
FILES = sorted(ROOT.rglob("*.py"))
MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml"}
CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "mktemp"} | {
    *("load_model", "unsafe_load", "full_load", "extractall", "unpack_archive"),
    *("enable_unsafe_deserialization", "model_from_json", "from_config"),
}
KEYWORDS = {"allow_pickle", "shell", "safe_mode"}
# The module that a user's own configuration names: Run.refuse_code guards it.
IMPORTERS = {"layers/attention/build.py", "cli/commands.py"}


def dangers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.split(".")[0] in MODULES:
                yield node.module
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            expression = name == "compile" and isinstance(node.func, ast.Attribute)
            if name in CALLS and not expression:  # a regular one
                yield name
            for keyword in node.keywords:
                value = getattr(keyword.value, "value", None)
                if keyword.arg in KEYWORDS and value is not False:
                    yield f"{keyword.arg}={value}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_can_run_what_it_reads(path: Path) -> None:
    assert list(dangers(ast.parse(path.read_text("utf-8")))) == []


def test_modules_are_imported_by_name_in_two_places_only() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in FILES
        if "import_module" in path.read_text("utf-8")
    }
    assert found == IMPORTERS


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from yaml import load",
        "eval(x)",
        "keras.models.load_model(x)",
        "np.load(x, allow_pickle=True)",
        "subprocess.run(x, shell=True)",
        "archive.extractall()",
    ],
)
def test_a_danger_is_seen(line: str) -> None:
    assert list(dangers(ast.parse(line)))
