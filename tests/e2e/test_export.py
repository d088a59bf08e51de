"""`attnmt export`, and translating with what it wrote, without TensorFlow."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt.analysis.dump import Dump

pytestmark = pytest.mark.slow
Command = Callable[..., subprocess.CompletedProcess[str]]
RUN = Path("runs/tiny")
EXACT = RUN / "export/litert-float32"
LINES = ["The old shirt is red.", "", "My aunts will not go to the town.", "A lamp."]
TEXT = "".join(f"{line}\n" for line in LINES)


@pytest.fixture(scope="module")
def exported(
    trained: Path, attnmt: Command, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder whose run has a LiteRT export; `printed` is what the command said."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copytree(trained / RUN, folder / RUN)
    (folder / "text").write_text(TEXT, "utf-8")
    done = attnmt("export", "--run", RUN, cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "printed").write_text(done.stdout, "utf-8")
    return folder


@pytest.fixture
def work(exported: Path, tmp_path: Path) -> Path:
    """A copy to work in."""
    return Path(shutil.copytree(exported, tmp_path / "work"))


def test_an_export_is_checked_with_the_validation_set(exported: Path) -> None:
    printed = (exported / "printed").read_text("utf-8")
    assert printed.startswith("20 of 20 translations equal, chrF 100.00 between")
    names = {path.name for path in (exported / EXACT).iterdir()}
    models = {f"{name}.tflite" for name in ("start", "step", "output", "extend")}
    assert names == models | {"config.yaml", "export.json", "tokenizer"}
    header = json.loads((exported / EXACT / "export.json").read_bytes())
    state = header["tensors"]["step.tflite"]["inputs"]["front_3"]
    assert state == {"dtype": "float32", "shape": [None, 40]}  # decoder.units
    assert models < header["sha256"].keys()
    assert header["xnnpack"]


def test_both_engines_write_the_same_text_and_the_same_dump(
    exported: Path, attnmt: Command
) -> None:
    written, dumps = [], []
    for engine in ("tensorflow", "litert"):
        options = ("--n-best", 2, "--align", "--attention", f"{engine}.attn")
        # Two batches: they are computed side by side.
        exact = ("--attention-dtype", "f4", "--batch-size", 2, "--engine", engine)
        done = attnmt("translate", "text", "--run", RUN, *options, *exact, cwd=exported)
        assert done.returncode == 0, done.stderr
        written.append([line.split(" ||| ") for line in done.stdout.split("\n")])
        dumps.append(Dump(exported / f"{engine}.attn"))
    for ours, theirs in zip(*written, strict=True):
        assert [*ours[:2], *ours[3:]] == [*theirs[:2], *theirs[3:]]  # all but the score
    headers = [dump.header for dump in dumps]
    engines = [header.pop("engine") for header in headers]
    assert engines == ["tensorflow", "litert-float32"] and headers[0] == headers[1]
    for one, two in zip(*dumps, strict=True):
        assert (one.id, one.rank, one.target_ids) == (two.id, two.rank, two.target_ids)
        assert one.norm_score == pytest.approx(two.norm_score, abs=1e-4)
        np.testing.assert_allclose(one.weights, two.weights, atol=1e-4)


def test_litert_is_taken_by_itself_and_imports_nothing_heavy(exported: Path) -> None:
    command = ("-m", "attnmt", "translate", "text", "--run", str(RUN))
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        capture_output=True,
        encoding="utf-8",
        cwd=exported,
    )
    assert done.stdout.count("\n") == len(LINES)
    lines = done.stderr.split("\n")
    said = [line for line in lines if line and not line.startswith("import time:")]
    assert said == [f"engine: litert ({EXACT})"]
    found = {line.rpartition("|")[2].strip().split(".")[0] for line in lines}
    assert "ai_edge_litert" in found
    assert not found & {"tensorflow", "keras", "matplotlib", "sacrebleu", "rich"}


def test_the_folder_of_an_export_stands_for_its_run(
    exported: Path, attnmt: Command, tmp_path: Path
) -> None:
    alone = shutil.copytree(exported / EXACT, tmp_path / "alone")
    done = attnmt("translate", "--run", alone, cwd=tmp_path, text=TEXT)
    assert done.stderr == f"engine: litert ({alone})\n"
    expected = attnmt("translate", "text", "--run", RUN, cwd=exported).stdout
    assert done.stdout == expected


def test_an_export_of_another_checkpoint_is_passed_over_or_refused(
    work: Path, attnmt: Command
) -> None:
    checkpoints = work / RUN / "checkpoints"
    best = (work / RUN / "best").read_text("utf-8").strip()
    (checkpoints / best).rename(checkpoints / "000000999")
    (work / RUN / "best").write_text("000000999\n", "utf-8")
    message = f"{EXACT}: of checkpoint {best}, while the run's best is 000000999"
    named = ("translate", "text", "--run", RUN)
    refused = attnmt(*named, "--engine", "litert", cwd=work)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr.startswith(message)
    done = attnmt(*named, cwd=work)
    assert done.returncode == 0 and done.stdout.count("\n") == len(LINES)
    assert done.stderr.startswith(f"passed over an export: {message}")


def test_a_damaged_export_is_told(work: Path, attnmt: Command) -> None:
    model = work / EXACT / "step.tflite"
    model.write_bytes(model.read_bytes()[:-9])
    named = ("translate", "text", "--run", RUN, "--engine", "litert")
    done = attnmt(*named, cwd=work)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{EXACT}/step.tflite: damaged" in done.stderr
    shutil.rmtree(work / RUN / "export")
    done = attnmt(*named, cwd=work)
    assert done.returncode == 3 and "make one with attnmt export" in done.stderr


@pytest.mark.parametrize(
    "option",
    [("--device", "gpu"), ("--set", "model.attention.temperature=2")],
)
def test_what_needs_tensorflow_is_refused(exported, attnmt, option) -> None:
    named = ("translate", "text", "--run", RUN, "--engine", "litert")
    done = attnmt(*named, *option, cwd=exported)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"--engine litert: {' '.join(option)} needs TensorFlow: leave out one of the "
        "two\n"
    )


def test_settings_of_the_search_go_to_litert_too(exported, attnmt) -> None:
    options = ("--set", "decoding.max_length_ratio=0.001", "--beam", 1)
    done = attnmt("translate", "text", "--run", RUN, *options, cwd=exported)
    assert done.stderr.startswith("engine: litert")
    jsonl = attnmt(
        *("translate", "text", "--run", RUN, *options, "--format", "jsonl"),
        cwd=exported,
    )
    rows = [json.loads(line) for line in jsonl.stdout.split("\n")[:-1]]
    assert max(len(row["pieces"]) for row in rows) <= 10


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_smaller_weights_make_smaller_models(work, attnmt, precision) -> None:
    (work / "check").write_text(TEXT * 3, "utf-8")
    named = ("export", "--run", RUN, "--precision", precision, "--check", "check")
    done = attnmt(*named, "-o", "small", cwd=work)
    assert done.returncode == 0, done.stderr
    assert "of 12 translations equal" in done.stdout

    def size(folder: Path) -> int:
        return sum(file.stat().st_size for file in folder.glob("*.tflite"))

    assert size(work / "small") < 0.75 * size(work / EXACT)


def test_a_saved_model_serves_what_the_model_translates(work, attnmt) -> None:
    done = attnmt("export", "--run", RUN, "--format", "saved_model", cwd=work)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("20 of 20 translations equal, chrF 100.00")
    assert (work / RUN / "export/saved_model/saved_model.pb").is_file()


def test_an_export_without_text_to_check_it_says_what_to_do(work, attnmt) -> None:
    config = (work / RUN / "config.yaml").read_text("utf-8")
    gone = config.replace("/corpus/", "/gone/")
    (work / RUN / "config.yaml").write_text(gone, "utf-8")
    done = attnmt("export", "--run", RUN, "-o", "new", cwd=work)
    assert (done.returncode, (work / "new").exists()) == (3, False)
    assert "pass --check FILE" in done.stderr
