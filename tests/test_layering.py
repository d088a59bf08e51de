"""Imports run one way, and nothing heavy is imported before it is needed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"tensorflow", "keras", "tensorflow_datasets"}
LAYERS = (
    {"attnmt.errors", "attnmt.config.schema"},
    {"attnmt.config", "attnmt.text", "attnmt.layers", "attnmt.search"},
    {"attnmt.model", "attnmt.run", "attnmt.devices", "attnmt.checkpoint"}
    | {"attnmt.sealed", "attnmt.tensor_header", "attnmt.compiled", "attnmt.weights"},
    {"attnmt.analysis", "attnmt.evaluation", "attnmt.exported", "attnmt.shortlist"},
    {"attnmt.verify", "attnmt.averaging", "attnmt.report"},
    {"attnmt.sentences", "attnmt.litert_search"},
    {"attnmt.edits", "attnmt.long_lines"},
    {"attnmt.translating"},
    {"attnmt.searching"},
    {"attnmt.translator", "attnmt.litert"},
    {"attnmt.what_if", "attnmt.workers", "attnmt.ensemble"},
    {"attnmt.training", "attnmt.faithfulness", "attnmt.export"},
    {"attnmt.cli"},
    {"attnmt.__main__", "attnmt.testing"},
)
LIGHT = (
    *("cli", "config", "text", "evaluation", "analysis", "run", "errors", "edits"),
    *("sentences", "long_lines", "translating", "exported", "litert", "verify"),
    *("sealed", "tensor_header", "checkpoint", "averaging", "workers", "searching"),
    *("shortlist", "litert_search", "report"),
)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(
        ".__init__"
    )


MODULES = {module_of(path): path for path in sorted((ROOT / "attnmt").rglob("*.py"))}


def imports(tree: ast.AST, at_top: bool = False) -> Iterator[str]:
    """What is imported, wherever it stands, or only when the module is loaded."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not (at_top and is_not_run_at_import(node)):
            yield from imports(node, at_top)


def is_not_run_at_import(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def own_imports(name: str, at_top: bool = False) -> set[str]:
    """The modules of attnmt that a module imports."""
    found = set()
    for target in imports(ast.parse(MODULES[name].read_text("utf-8")), at_top):
        while target and target not in MODULES:
            target = target.rpartition(".")[0]
        found.add(target)
    # The package itself holds the version and what it makes public, nothing else.
    return found - {"", "attnmt", name}


def layer(module: str) -> tuple[int, str]:
    """The number of a module's layer, and the part of that layer it belongs to."""
    part = module
    while part:
        for number, parts in enumerate(LAYERS):
            if part in parts:
                return number, part
        part = part.rpartition(".")[0]
    raise AssertionError(f"{module} stands in no layer: give it one in LAYERS")


@pytest.mark.parametrize("name", [name for name in MODULES if name != "attnmt"])
def test_a_module_imports_nothing_from_a_higher_layer(name: str) -> None:
    own_layer, _ = layer(name)
    higher = {target for target in own_imports(name) if layer(target)[0] > own_layer}
    assert not higher


@pytest.mark.parametrize("name", [name for name in MODULES if name != "attnmt"])
def test_config_text_layers_and_search_do_not_know_each_other(name: str) -> None:
    number, part = layer(name)
    if number == 1:
        others = {layer(target) for target in own_imports(name)}
        assert {other for level, other in others if level == 1} <= {part}


def test_no_imports_run_in_a_circle() -> None:
    graph = {name: own_imports(name) for name in MODULES if name != "attnmt"}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in MODULES
        if name.startswith(tuple(f"attnmt.{part}" for part in LIGHT))
    ],
)
def test_a_light_module_imports_nothing_heavy_at_its_top(name: str) -> None:
    tree = ast.parse(MODULES[name].read_text("utf-8"))
    assert not {target.split(".")[0] for target in imports(tree, True)} & HEAVY


def test_no_light_module_loads_anything_heavy_through_another() -> None:
    light = [
        name
        for name in MODULES
        if name == "attnmt"
        or name.startswith(tuple(f"attnmt.{part}" for part in LIGHT))
    ]
    program = (
        "import importlib, sys\n"
        f"for name in {light!r}:\n"
        "    importlib.import_module(name)\n"
        f"print(*sorted({HEAVY!r} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""
