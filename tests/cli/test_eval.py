import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attnmt.cli.eval import evaluate
from attnmt.errors import DataError
from attnmt.evaluation.inputs import Inputs, Rows

ROOT = Path(__file__).parents[2]
CORPORA = Path(os.environ.get("ATTNMT_CORPORA", ROOT / "../shared/corpora")).resolve()
HANSARDS = CORPORA / "align_enfr"
MULTI30K = CORPORA / "multi30k"
needs_corpora = pytest.mark.skipif(
    not CORPORA.is_dir(), reason=f"no {CORPORA}: set ATTNMT_CORPORA"
)

SOURCES = ["the small dog runs", "a big cat sleeps here", "a cat sees the dog"]
REFERENCES = [
    "Der kleine Hund läuft.",
    "Eine große Katze schläft hier.",
    "Eine Katze sieht den Hund.",
]
HYPOTHESES = [
    "der kleine Hund läuft.",
    "Eine große Katze sitzt hier.",
    "Eine Katze sieht.",
]


def attnmt_eval(
    *arguments: object, cwd: Path, text: str | None = None, python: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the command; without a run of its own it finds none outside `cwd`."""
    environment = {k: v for k, v in os.environ.items() if k != "ATTNMT_RUN"}
    return subprocess.run(
        [sys.executable, *python, "-m", "attnmt", "eval", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment,
        input=text,
    )


def json_of(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with hyp, ref, gold (from 1) and links (from 0)."""
    write(tmp_path / "hyp", HYPOTHESES)
    write(tmp_path / "ref", REFERENCES)
    write(tmp_path / "gold", ["1-1 2-2 3-3 4p4", "1-1 2-2 3?3", "1-1"])
    write(tmp_path / "links", ["0-0 1-1 2-2", "0-0 1-1 3-3", "0-0"])
    return tmp_path


def test_two_files_give_a_table_with_signatures_and_write_nothing(files: Path) -> None:
    before = sorted(files.iterdir())
    done = attnmt_eval("--hypothesis", "hyp", "--reference", "ref", cwd=files)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.split("\n")[:-1]]
    assert [row[0] for row in rows] == ["BLEU", "chrF2", "TER"]
    assert all(float(row[1]) > 0 and "version:" in row[2] for row in rows)
    assert sorted(files.iterdir()) == before


def test_two_files_need_no_tensorflow(files: Path) -> None:
    done = attnmt_eval(
        *("--hypothesis", "hyp", "--reference", "ref", "--literature", "--lang", "de"),
        *("--alignment", "links", "--gold-alignment", "gold", "--gold-index", 1),
        cwd=files,
        python=("-X", "importtime"),
    )
    assert done.returncode == 0
    lines = done.stderr.split("\n")
    imported = {line.split("|")[-1].strip().split(".")[0] for line in lines}
    assert "sacrebleu" in imported
    assert not imported & {"tensorflow", "keras", "tensorflow_datasets"}


def test_plain_scores_need_no_numpy(files: Path) -> None:
    arguments = ("--hypothesis", "hyp", "--reference", "ref")
    done = attnmt_eval(*arguments, cwd=files, python=("-X", "importtime"))
    assert done.returncode == 0
    assert "sacrebleu" in done.stderr and "numpy" not in done.stderr


def test_options_for_sacrebleu_reach_it(files: Path) -> None:
    done = attnmt_eval(
        *("--hypothesis", "hyp", "--reference", "ref", "--json"),
        *("--metrics", "chrf,bleu", "--tokenize", "none", "--lowercase"),
        cwd=files,
    )
    found = json_of(done)["metrics"]
    assert list(found) == ["chrF2", "BLEU"]
    assert "case:lc" in found["chrF2"]["signature"]
    assert "case:lc" in found["BLEU"]["signature"]
    assert "tok:none" in found["BLEU"]["signature"]


def test_output_receives_what_json_prints(files: Path) -> None:
    arguments = ("--hypothesis", "hyp", "--reference", "ref", "-o", "scores.json")
    done = attnmt_eval(*arguments, "--json", cwd=files)
    assert json_of(done)["sentences"] == 3
    assert (files / "scores.json").read_text("utf-8") == done.stdout


def test_a_name_that_is_no_text_does_not_end_the_command(files: Path) -> None:
    name = os.fsdecode(b"gr\xfcn")
    (files / "hyp").rename(files / name)
    arguments = ("--hypothesis", name, "--reference", "ref", "--json", "-o", "out")
    assert json_of(attnmt_eval(*arguments, cwd=files))["hypothesis"] == "gr?n"


def test_a_baseline_gives_intervals_and_p_values(files: Path) -> None:
    write(files / "base", [*HYPOTHESES[:2], "Das Haus."])
    arguments = ("--hypothesis", "hyp", "--reference", "ref", "--baseline", "base")
    found = json_of(attnmt_eval(*arguments, "--bootstrap", 100, "--json", cwd=files))
    bleu = found["metrics"]["BLEU"]
    assert "bs:100|seed:12345" in bleu["signature"]
    low, high = bleu["interval"]
    assert low <= bleu["value"] <= high
    assert bleu["baseline"]["value"] < bleu["value"]
    assert 0 < bleu["baseline"]["p_randomisation"] <= 1
    assert found["baseline"] == "base"

    table = attnmt_eval(*arguments, cwd=files).stdout.split("\n")
    assert "p (bootstrap)" in table[0] and "bs:1000" in table[1]


def test_a_run_as_baseline_stands_for_its_evaluation(files: Path) -> None:
    (files / "run/eval/test").mkdir(parents=True)
    write(files / "run/eval/test/hypothesis.txt", REFERENCES)
    arguments = ("--hypothesis", "hyp", "--reference", "ref", "--baseline", "run")
    found = json_of(attnmt_eval(*arguments, "--json", cwd=files))
    assert found["metrics"]["BLEU"]["baseline"]["value"] == pytest.approx(100)


def test_details_are_in_the_table_and_in_json(files: Path) -> None:
    write(files / "base", REFERENCES)
    arguments = ("--hypothesis", "hyp", "--reference", "ref", "--details")
    found = json_of(attnmt_eval(*arguments, "--json", cwd=files))["details"]
    assert found["length_of"] == found["frequency_in"] == "ref"
    assert sum(group["sentences"] for group in found["by_length"]) == 3
    assert found["examples"]["worst"][0]["hypothesis"] == "Eine Katze sieht."

    shown = attnmt_eval(*arguments, "--baseline", "base", cwd=files).stdout
    assert "baseline F1" in shown and "worse than the baseline:\nline 3\n" in shown


def test_translations_may_come_through_a_pipe(files: Path) -> None:
    given = attnmt_eval(
        *("--hypothesis", "-", "--reference", "ref", "--json"),
        cwd=files,
        text=(files / "hyp").read_text("utf-8"),
    )
    named = attnmt_eval(
        "--hypothesis", "hyp", "--reference", "ref", "--json", cwd=files
    )
    assert json_of(given)["metrics"] == json_of(named)["metrics"]


def test_literature_bleu_has_its_own_name_and_tells_its_reference(files: Path) -> None:
    arguments = ("--hypothesis", "hyp", "--reference", "ref", "--literature")
    done = attnmt_eval(*arguments, "--lang", "de", cwd=files)
    assert done.returncode == 0
    (row,) = [x for x in done.stdout.split("\n") if x.startswith("lc.norm.tok BLEU  ")]
    assert "tok:none" in row
    assert "reference ref put through the same steps" in done.stdout


@needs_corpora
def test_the_raw_reference_is_perfect_against_the_published_one(tmp_path: Path) -> None:
    raw = MULTI30K / "test_2016_flickr.de"
    published = MULTI30K / "tok/test_2016_flickr.lc.norm.tok.de"
    done = attnmt_eval(
        *("--hypothesis", raw, "--reference", raw, "--metrics", "bleu", "--json"),
        *("--literature", "--lang", "de", "--literature-reference", published),
        cwd=tmp_path,
    )
    found = json_of(done)["metrics"]["lc.norm.tok BLEU"]
    assert found["value"] == pytest.approx(100)
    assert found["note"].endswith(f"reference {published} as given")


@needs_corpora
def test_known_aer_of_an_aligner_is_printed(tmp_path: Path) -> None:
    done = attnmt_eval(
        *("--alignment", HANSARDS / "hyp/fastalign.grow-diagonal.talp"),
        *("--gold-alignment", HANSARDS / "test.gold.1idx", "--gold-index", 1),
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split()[:2] for line in done.stdout.split("\n")[:-1]]
    assert rows == [["AER", "0.105"], ["precision", "0.908"], ["recall", "0.878"]]


def test_gold_that_seems_to_count_from_one_is_pointed_out(files: Path) -> None:
    arguments = ("--alignment", "links", "--gold-alignment", "gold")
    found = attnmt_eval(*arguments, "--json", cwd=files)
    assert found.stderr == "no gold link names word 0: words count from 1\n"
    assert json_of(found)["word_alignment"]["sure"] == 6
    done = attnmt_eval(*arguments, "--gold-index", 1, "--json", cwd=files)
    assert done.stderr == ""
    assert json_of(done)["word_alignment"]["sure"] == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--hypothesis hyp", "--hypothesis needs --reference"),
        ("--source hyp", "--source needs --reference"),
        ("--reference ref", "--reference needs --hypothesis"),
        ("--hypothesis hyp --reference ref --run .", "with --hypothesis"),
        ("--hypothesis hyp --reference ref --beam 3", "with --hypothesis"),
        ("--hypothesis hyp --reference ref --batch-size 3", "with --hypothesis"),
        ("--hypothesis hyp --reference ref --device cpu", "with --hypothesis"),
        ("--hypothesis hyp --reference ref --literature", "needs --lang"),
        ("--hypothesis hyp --reference ref --lang de", "need --literature"),
        ("--hypothesis hyp --reference ref --gold-alignment gold", "needs --alignment"),
        ("--alignment links", "needs --gold-alignment"),
        ("--alignment links --gold-alignment gold --details", "need --hypothesis"),
        ("--hypothesis hyp --reference ref --baseline .", "--baseline .: expected"),
        ("--hypothesis hyp --reference ref --metrics bleu,blue", "'blue'"),
        ("--hypothesis hyp --reference ref --tokenize 14a", "'14a'"),
        ("--hypothesis hyp --reference ref --metrics bleu,bleu", "named twice"),
        ("--hypothesis hyp --reference ref --metrics ter --tokenize zh", "for BLEU"),
        ("--alignment links --gold-alignment gold --metrics ter", "for translations"),
        ("--alignment links --gold-alignment gold --lowercase", "for translations"),
        ("--hypothesis - --reference -", "can be read once"),
        ("--hypothesis - --reference ref --literature-reference -", "can be read once"),
        ("--hypothesis hyp --reference ref -o -", "--output: expected a file"),
        ("--hypothesis hyp --reference ref -o /dev/stdout", "--output: expected a fil"),
        ("--hypothesis hyp --reference ref -o hyp", "is not the input"),
        ("--hypothesis hyp --reference ref -o ./ref", "is not the input"),
        ("--alignment links --gold-alignment gold -o gold", "is not the input"),
        ("--name ../x", "--name: expected"),
        ("", "no run"),
    ],
)
def test_wrong_options_are_usage_errors(
    files: Path, arguments: str, message: str
) -> None:
    done = attnmt_eval(*arguments.split(), cwd=files)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_files_of_unequal_length_are_refused_with_both_counts(files: Path) -> None:
    write(files / "ref", REFERENCES[:2])
    done = attnmt_eval("--hypothesis", "hyp", "--reference", "ref", cwd=files)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("hyp: 3 lines, but ref: 2 lines")


def test_gold_of_another_length_is_refused_with_both_counts(files: Path) -> None:
    write(files / "links", ["0-0"] * 5)
    done = attnmt_eval("--alignment", "links", "--gold-alignment", "gold", cwd=files)
    assert done.returncode == 3
    assert "links: 5 lines, but gold: 3 lines" in done.stderr


def test_a_missing_file_is_named(files: Path) -> None:
    done = attnmt_eval("--hypothesis", "nothing", "--reference", "ref", cwd=files)
    assert (done.returncode, done.stdout) == (3, "")
    assert "nothing" in done.stderr and "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with runs/tiny, a model after two updates, and its text."""
    from attnmt.config.loading import load_config
    from attnmt.training.session import train

    folder = tmp_path_factory.mktemp("trained")
    source, target = folder / "train.en", folder / "train.de"
    write(source, SOURCES)
    write(target, REFERENCES)
    config = f"""
run_dir: {folder / "runs" / "tiny"}
data:
  source_lang: en
  target_lang: de
  train: [{{source: {source}, target: {target}}}]
  test: {{source: {source}, target: {target}}}
tokenizer: {{model_type: char, vocab_size: 64}}
model:
  embeddings: {{size: 6}}
  encoder: {{units: 5}}
  decoder: {{units: 7}}
training: {{max_steps: 2}}
runtime: {{device: cpu}}
"""
    write(folder / "config.yaml", [config])
    train(load_config(folder / "config.yaml"), "auto", ["attnmt", "train"])
    return folder


@pytest.mark.slow
def test_without_arguments_the_newest_run_translates_its_test_set(
    trained: Path,
) -> None:
    options = ("--batch-size", 2, "--device", "cpu", "-o", "runs/tiny/eval/figures")
    done = attnmt_eval(*options, cwd=trained)
    assert done.returncode == 0, done.stderr
    assert (trained / "runs/tiny/eval/figures").is_file()
    assert "run: runs/tiny" in done.stderr
    folder = trained / "runs/tiny/eval/test"
    assert sorted(p.name for p in folder.iterdir()) == ["hypothesis.txt", "scores.json"]
    kept = json.loads((folder / "scores.json").read_text("utf-8"))
    assert (kept["sentences"], kept["step"]) == (3, 2)
    assert kept["decoding"]["beam_size"] == 5 and kept["decoding"]["batch_size"] == 2

    hypothesis, reference = folder / "hypothesis.txt", trained / "train.de"
    arguments = ("--hypothesis", hypothesis, "--reference", reference, "--json")
    assert json_of(attnmt_eval(*arguments, cwd=trained))["metrics"] == kept["metrics"]


@pytest.mark.slow
def test_other_text_is_kept_under_its_own_name(trained: Path) -> None:
    write(trained / "other.x.en", [*SOURCES, "", "a dog"])
    write(trained / "other.x.de", [*REFERENCES, "", "Ein Hund."])
    arguments = ("--source", "other.x.en", "--reference", "other.x.de", "--beam", 2)
    done = attnmt_eval(*arguments, "--literature", "--json", cwd=trained)
    found = json_of(done)
    folder = trained / "runs/tiny/eval/other.x"
    assert json.loads((folder / "scores.json").read_text("utf-8")) == found
    lines = (folder / "hypothesis.txt").read_text("utf-8").split("\n")
    assert (len(lines), lines[3], lines[5]) == (6, "", "")
    assert found["decoding"]["beam_size"] == 2
    assert " for de; " in found["metrics"]["lc.norm.tok BLEU"]["note"]


@pytest.mark.slow
def test_aer_of_a_model_is_of_its_attention_to_the_references(trained: Path) -> None:
    from attnmt.analysis.alignments import pharaoh
    from attnmt.translator import Translator

    sources, references = [*SOURCES, "", "a dog"], [*REFERENCES, "", ""]
    source, reference = trained / "aer.en", trained / "aer.de"
    write(source, sources)
    write(reference, references)
    translator = Translator.load(trained / "runs/tiny", device="cpu")
    forced = [t.alignment for t in translator.force(sources, references)]
    assert [len(row) for row in forced] == [4, 5, 5, 0, 0]  # one a target word
    from_one = [pharaoh((s + 1, t + 1) for s, t in links) for links in forced]
    gold = write(trained / "aer.gold", from_one)

    done = attnmt_eval(
        *("--source", source, "--reference", reference, "--json"),
        *("--gold-alignment", gold, "--gold-index", 1),
        cwd=trained,
    )
    found = json_of(done)["word_alignment"]
    assert (found["aer"], found["links"], found["sure"]) == (0.0, 14, 14)


@pytest.mark.slow
def test_gold_links_outside_the_words_are_refused_before_translating(
    trained: Path,
) -> None:
    gold = write(trained / "wrong.gold", ["1-1", "1-1", "5-5 6-1"])
    done = attnmt_eval("--gold-alignment", gold, cwd=trained)
    assert done.returncode == 3
    assert "wrong.gold:3: " in done.stderr and "5 words" in done.stderr
    assert "translating" not in done.stderr


@pytest.mark.slow
def test_a_run_without_test_set_says_what_to_pass(trained: Path) -> None:
    config = trained / "runs/tiny/config.yaml"
    other = trained / "other_run"
    other.mkdir()
    lines = config.read_text("utf-8").split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("  test:"))
    rest = start + 1
    while lines[rest].startswith("    "):
        rest += 1
    write(other / "config.yaml", lines[:start] + lines[rest:])
    done = attnmt_eval("--run", other, cwd=trained)
    assert done.returncode == 2
    assert "data.test" in done.stderr
    assert "--source FILE --reference FILE" in done.stderr
    assert not (other / "eval").exists()


def test_a_baseline_of_other_text_is_refused(files: Path) -> None:
    folder = files / "run/eval/test"
    folder.mkdir(parents=True)
    write(folder / "hypothesis.txt", REFERENCES)
    kept = {"reference": "other.de", "text": "0123456789abcdef"}
    (folder / "scores.json").write_text(json.dumps(kept), "utf-8")
    arguments = ("--hypothesis", "hyp", "--reference", "ref", "--baseline", "run")
    done = attnmt_eval(*arguments, cwd=files)
    assert (done.returncode, done.stdout) == (3, "")
    assert "other text (its reference: other.de): evaluate run anew" in done.stderr


@pytest.mark.slow
def test_an_evaluation_of_other_text_is_not_replaced(trained: Path) -> None:
    (trained / "elsewhere").mkdir()
    for folder, source in ((trained, "a dog"), (trained / "elsewhere", "a cat")):
        write(folder / "same.en", [source])
        write(folder / "same.de", [source])

    def evaluate(folder: str) -> subprocess.CompletedProcess[str]:
        text = ("--source", f"{folder}/same.en", "--reference", f"{folder}/same.de")
        return attnmt_eval(*text, cwd=trained)

    kept = trained / "runs/tiny/eval/same/scores.json"
    assert [evaluate(".").returncode for _ in range(2)] == [0, 0]
    before = kept.read_bytes()
    done = evaluate("elsewhere")
    assert done.returncode == 3 and "choose another name" in done.stderr
    assert kept.read_bytes() == before


@pytest.fixture
def lower_case_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run of lower-cased text that translates its test set rightly."""
    for side, lines in (("en", SOURCES), ("de", REFERENCES)):
        (tmp_path / side).write_text("".join(f"{line}\n" for line in lines), "utf-8")
    corpus = f"{{source: {tmp_path / 'en'}, target: {tmp_path / 'de'}}}"
    (tmp_path / "config.yaml").write_text(
        f"run_dir: {tmp_path}\ntokenizer: {{lowercase: true}}\n"
        f"data: {{source_lang: en, target_lang: de, train: [{corpus}], test: {corpus}}}"
    )

    def translated(given: Inputs, *_: object) -> tuple[Inputs, dict[str, object]]:
        lower = Rows("hypothesis", [line.lower() for line in REFERENCES])
        return given._replace(hypothesis=lower), {}

    monkeypatch.setattr("attnmt.cli.eval_translating.translate", translated)
    return tmp_path


def test_what_a_model_of_lower_case_writes_is_scored_without_case(
    lower_case_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate(run=[lower_case_run], metric_names="bleu")
    told = capsys.readouterr()
    assert "case is ignored, because the model writes lower case" in told.err
    assert "100.00" in told.out and "case:lc" in told.out


def test_figures_are_told_even_where_they_cannot_be_kept(
    lower_case_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (lower_case_run / "eval").write_text("in the way")
    output = lower_case_run / "scores"
    with pytest.raises(DataError, match="eval/test: cannot be written"):
        evaluate(run=[lower_case_run], metric_names="bleu", output=output)
    assert "100.00" in capsys.readouterr().out
    assert '"BLEU"' in output.read_text("utf-8")
