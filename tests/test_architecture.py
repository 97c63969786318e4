"""The rooms stay in their layers, and starting up stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "grader"

LAYERS = [
    {"ahead", "errors", "flags", "phrases", "schema", "settings"},
    {
        "confusables",
        "text",
        "antonyms",
        "quantities",
        "claims",
        "findings",
        "polarity",
        "roles",
        "guards",
        "manner",
        "grouping",
        "wordorder",
        "coverage",
        "tokens",
        "bert",
        "units",
        "background",
        "substance",
        "confidence",
        "scoring",
        "proof",
        "pleas",
        "weight",
        "limits",
        "trust",
        "agreement",
        "reliability",
        "intervals",
        "bootstrap",
        "change",
        "rater_pairs",
        "rating_table",
        "kappas",
        "components",
        "measurement",
        "decisions",
        "pair_statistics",
        "bands",
        "resampled_alpha",
        "prmse",
        "stand_in",
        "prevalence",
        "conformal",
        "subgroups",
        "system_rules",
        "system_statistics",
        "system_rater",
        "distributions",
        "multiplicity",
        "long_form",
        "severity",
        "effects",
        "rater_effects",
        "sequence_effects",
        "halo",
        "rater_rules",
        "point_advice",
        "point_relations",
        "agenda",
        "pairing",
        "planning",
        "interactions",
        "gold",
        "rater_profiles",
        "grammar",
        "score_map",
        "likeness",
        "marks_model",
        "marks_bounds",
    },
    {
        "encoding",
        "torch_encoding",
        "packaged_encoding",
        "onnx_encoding",
        "static_encoding",
        "compiling",
        "bert_graph",
        "onnx_file",
        "own_threads",
        "vector_store",
        "windows",
        "model_files",
        "judging",
        "mock",
        "calls",
        "cache",
        "chat",
        "endpoint",
        "embeddings",
        "remote_encoding",
        "batch_files",
        "batch_ledger",
        "batch_results",
        "batch_server",
        "batch_judge",
        "prices",
        "verifier",
        "tables",
        "packed",
        "sheets",
        "writing",
        "documents",
        "bank",
        "pasted",
        "rubric",
        "answers",
        "rating_cells",
        "ratings",
        "rating_arrays",
        "rating_checks",
        "grades",
        "journal",
        "worklist",
    },
    {
        "feedback",
        "duplicates",
        "batch",
        "like_answers",
        "ray_engine",
        "assemble",
        "proposals",
        "proposing",
        "derive",
        "lint",
        "revise",
        "preparing",
        "drafts",
        "panel",
        "judge_evaluation",
        "opening",
        "doctor",
        "weight_file",
        "advice",
        "judged",
        "verdicts",
        "without_model",
        "examining",
        "grading",
        "scored",
        "marked",
        "marks",
        "graded_set",
        "marked_evaluation",
        "marks_file",
        "marked_grading",
        "people_marks",
        "marks_planning",
        "marks_fitting",
        "evaluation",
        "overview",
        "question_agreement",
        "change_since",
        "grades_beside",
        "system_raters",
        "calibration",
        "panel_agreement",
        "labelled",
        "attacks",
        "robustness",
        "pairs",
    },
    {
        "judges_summary",
        "summary",
        "looks",
        "shown_marks",
        "page_judges",
        "charts",
        "blocks",
        "page_blocks",
        "calibration_words",
        "calibration_panel",
        "calibration_raters",
        "calibration_work",
        "calibration_points",
        "calibration_system",
        "calibration_appendix",
        "calibration_sections",
        "calibration_json",
        "terminal_calibration",
        "page",
        "terminal",
        "terminal_attacks",
        "terminal_evaluation",
        "terminal_marks",
    },
    {
        "cli",
        "commands",
        "options",
        "judge_options",
        "outputs",
        "calibration_outputs",
        "console",
        "__init__",
        "__main__",
    },
]
# Within layer 1 nothing but numpy may be imported from outside.
PURE = LAYERS[0] | LAYERS[1]
STANDARD = sys.stdlib_module_names | {"grader"}
HEAVY = {
    "torch",
    "onnxruntime",
    "tokenizers",
    "openai",
    "sentence_transformers",
    "transformers",
    "openpyxl",
    "pyarrow",
    "rich",
    "jinja2",
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The module's name, or that of its folder."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def layer(name: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if name in names)


def imports(tree: ast.AST) -> set[str]:
    """Full names of the modules that a piece of code imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= (
                {f"{node.module}.{alias.name}" for alias in node.names} if node.module == "grader" else {node.module}
            )
    return found


def at_import_time(tree: ast.Module) -> set[str]:
    """What importing the module imports: its top level, without `if TYPE_CHECKING`."""
    body = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If)]
    return imports(ast.Module(body=body, type_ignores=[]))


def test_every_module_has_its_layer() -> None:
    assert {room(path) for path in modules()} == set().union(*LAYERS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_imports_go_down(path: Path) -> None:
    mine = layer(room(path))
    for name in imports(ast.parse(path.read_text())):
        if name.startswith("grader."):
            other = name.split(".")[1]
            if other in ("__version__", "PACKAGED_MODEL"):
                continue
            assert layer(other) <= mine, f"{path.stem} (layer {mine}) imports {other} (layer {layer(other)})"


@pytest.mark.parametrize("path", [path for path in modules() if room(path) in PURE], ids=lambda path: path.stem)
def test_pure_modules_import_only_numpy_and_pydantic(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports(ast.parse(path.read_text()))} - STANDARD
    assert outside <= {"numpy", "pydantic"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_heavy_packages_are_imported_where_they_are_used(path: Path) -> None:
    early = {name.split(".")[0] for name in at_import_time(ast.parse(path.read_text()))}
    assert not early & HEAVY


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["grade", "--help"],
        ["evaluate", "--help"],
        ["attack", "--help"],
        ["calibrate", "--help"],
    ],
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = f"import sys; sys.argv = ['grader', *{arguments!r}]; import grader.cli, atexit\n"
    code += "atexit.register(lambda: print('LOADED', sorted(sys.modules), file=sys.stderr)); grader.cli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = done.stderr.partition("LOADED")[2]
    assert "'grader.cli'" in loaded
    for name in (*HEAVY, "numpy"):
        assert f"'{name}'" not in loaded


def test_importing_the_package_writes_and_loads_nothing(tmp_path: Path) -> None:
    code = "import sys, grader; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "'numpy'" not in done.stdout
    assert list(tmp_path.iterdir()) == []
