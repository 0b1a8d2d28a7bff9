"""Imports go one way, and the light commands load nothing heavy."""

import ast
import dataclasses
import subprocess
import sys

import pytest

import grader
from tests.support.own_bank import ROOT

# From the ground up; a module imports only from lines above its own (or from its own folder).
LINES_OF_A_MODULE, LINES_OF_A_FUNCTION = 400, 60

LAYERS = [
    ["environment", "errors", "version"],
    ["extras", "files", "notebook", "plain_data", "resources"],
    ["settings"],
    ["endpoints"],
    ["reading"],
    ["tables"],
    ["records"],
    ["bank"],
    ["engine"],
    ["judge"],
    ["graded_columns"],
    ["rows"],
    ["grading"],
    ["authoring"],
    ["batch"],
    ["evaluation"],
    ["hiring"],
    ["report"],
    ["cli"],
]
RANK = {name: i for i, layer in enumerate(LAYERS) for name in layer}
HEAVY = {"numpy", "pandas", "onnxruntime", "tokenizers", "openai", "torch", "pydantic", "yaml"}
MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts): file
    for file in (ROOT / "grader").rglob("*.py")
    if file.name not in {"__init__.py", "__main__.py"}
}


def imported(text):
    """The modules of ours that a module's text imports, wherever in it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def imports_of(module):
    text = MODULES[module].read_text(encoding="utf-8")
    return sorted({name for name in imported(text) if name.startswith("grader.")})


def folder_of(module):
    return module.split(".")[1]


def circle_in(arrows):
    """Modules that import each other in a ring, if there are any."""
    done, path = set(), []

    def walk(module):
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return []
        path.append(module)
        ring = next((found for name in arrows.get(module, ()) if (found := walk(name))), [])
        path.pop()
        done.add(module)
        return ring

    return next((ring for module in arrows if (ring := walk(module))), [])


def test_every_module_imports_only_from_those_below_it():
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        for name in imports_of(module)
        if folder_of(name) != folder_of(module) and RANK[folder_of(name)] >= RANK[folder_of(module)]
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_ring_inside_folders_either():
    assert circle_in({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c"]
    assert circle_in({module: imports_of(module) for module in MODULES}) == []


def test_every_module_has_a_place_in_the_order_and_in_the_tree_of_contributing():
    names = {folder_of(module) for module in MODULES}
    assert names == set(RANK)
    tree = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    missing = [name for name in names if f"\n  {name}" not in tree]
    assert missing == []


def test_modules_and_functions_are_of_a_size_to_be_read():
    """A sense of proportion: 400 lines a module, 60 a function."""
    long = {}
    for module, file in MODULES.items():
        text = file.read_text(encoding="utf-8")
        if text.count("\n") > LINES_OF_A_MODULE:
            long[module] = text.count("\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > LINES_OF_A_FUNCTION:
                    long[f"{module}.{node.name}"] = lines
    assert long == {}


@pytest.mark.parametrize(
    "code",
    [
        "import grader",
        "from grader.cli.main import run\ntry: run(['--help'])\nexcept SystemExit: 0",
    ],
)
def test_importing_and_asking_for_help_load_nothing_heavy(code):
    check = f"{code}\nimport sys\nprint([m for m in {sorted(HEAVY)} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_grading_one_answer_loads_no_pandas_openai_or_torch():
    code = (
        "from grader import Grader\nimport sys\n"
        "Grader().grade('Units are dropped at random.', q='dropout')\n"
        "print([m for m in ('pandas', 'openai', 'torch', 'sentence_transformers') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_without_the_judge_loads_no_openai():
    code = (
        "from grader.cli.main import run\nimport sys\n"
        "try: run(['--text', 'Units are dropped at random.', '--q', 'dropout', '--quiet'])\n"
        "except SystemExit: 0\n"
        "print([m for m in ('openai', 'tenacity', 'grader.judge.judge') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_public_names_are_sorted_and_exist():
    assert grader.__all__ == sorted(grader.__all__)
    assert dir(grader) == grader.__all__
    for name in grader.__all__:
        assert getattr(grader, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        grader.nonsense  # noqa: B018


def defaults_in(text):
    """The names and values that a module's functions and classes have by default."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.arguments):
            late = zip([*node.posonlyargs, *node.args][::-1], node.defaults[::-1], strict=False)
            pairs = [*late, *zip(node.kwonlyargs, node.kw_defaults, strict=True)]
            yield from ((arg.arg, value.value) for arg, value in pairs if is_literal(value))
        elif isinstance(node, ast.AnnAssign) and is_literal(node.value):
            yield ast.unparse(node.target), node.value.value


def is_literal(node):
    return isinstance(node, ast.Constant)


def test_defaults_live_in_settings_alone():
    settings = {field.name: field.default for field in dataclasses.fields(grader.Settings)}
    telling = {name: value for name, value in settings.items() if value not in (None, "", False)}
    assert [*defaults_in("def f(a, threads: int = 2, *, b=3): ...\nclass C:\n    c: int = 4")] == [
        ("threads", 2),
        ("b", 3),
        ("c", 4),
    ]
    assert len(telling) > 15
    again = [
        f"{module}: {name} = {value!r}"
        for module, file in MODULES.items()
        if module != "grader.settings"
        for name, value in defaults_in(file.read_text(encoding="utf-8"))
        if name in telling and telling[name] == value
    ]
    assert again == []
