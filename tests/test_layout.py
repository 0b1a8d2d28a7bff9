"""Imports go one way, and the light commands load nothing heavy."""

import ast
import subprocess
import sys

import pytest
from conftest import ROOT

import grader

# From the ground up; a module imports only from lines above its own (or from its own line).
LAYERS = [
    ["environment", "errors", "version"],
    ["files"],
    ["notebook"],
    ["records"],
    ["resources"],
    ["schema"],
    ["settings"],
    ["endpoints"],
    ["text"],
    ["answers", "articles", "lexicon", "templates"],
    ["attacks", "languages", "markup"],
    ["rendering"],
    ["reading"],
    ["yamlfile"],
    ["bank", "calibration"],
    ["rubric"],
    ["catalog"],
    ["overview"],
    ["onnx_model"],
    ["encoders"],
    ["features"],
    ["cross_encoder"],
    ["cues"],
    ["verifier"],
    ["reference"],
    ["screening"],
    ["columns", "feedback", "scoring"],
    ["answer_cells"],
    ["judge"],
    ["grading"],
    ["linting"],
    ["similar"],
    ["trials"],
    ["auditing"],
    ["batch"],
    ["evaluation", "report"],
    ["cli"],
]
RANK = {name: i for i, layer in enumerate(LAYERS) for name in layer}
HEAVY = {"numpy", "pandas", "onnxruntime", "tokenizers", "openai", "torch", "pydantic", "yaml"}


def layer_of(module):
    return module.split(".")[1]


def imported(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "grader":
                names = [f"grader.{alias.name}" for alias in node.names]
            yield from (n for n in names if n.startswith("grader."))
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("grader."))


def test_every_module_imports_only_from_those_below_it():
    for file in (ROOT / "grader").rglob("*.py"):
        parts = file.relative_to(ROOT / "grader").with_suffix("").parts
        if parts in {("__init__",), ("__main__",)}:
            continue
        for name in imported(file):
            assert RANK[layer_of(name)] <= RANK[parts[0]], f"{file} imports {name}"


def test_every_module_has_a_place_in_the_order():
    names = {p.stem for p in (ROOT / "grader").glob("*.py")} - {"__init__", "__main__"}
    names |= {p.parent.name for p in (ROOT / "grader").glob("*/__init__.py")}
    assert names == set(RANK)


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


def test_defaults_live_in_settings_alone():
    text = (ROOT / "grader" / "settings.py").read_text()
    assert "review_below: float = 0.6" in text
    for file in (ROOT / "grader").rglob("*.py"):
        if file.name != "settings.py":
            assert "review_below: float =" not in file.read_text(), file
