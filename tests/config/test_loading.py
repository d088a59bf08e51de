from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnmt.config.loading import MAX_BYTES, dump_config, load_config
from attnmt.config.parsing import MAX_VALUES
from attnmt.config.schema import Config
from attnmt.errors import ConfigError

MINIMAL = """\
run_dir: runs/x
data:
  source_lang: en
  target_lang: de
  train: [{source: train.en, target: train.de}]
  valid: {tsv: valid.tsv}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(text: str | bytes, *changes: str) -> Config:
    content = text if isinstance(text, bytes) else text.encode()
    Path("config.yaml").write_bytes(content)
    return load_config(Path("config.yaml"), changes)


def problems(text: str | bytes, *changes: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(text, *changes)
    return str(caught.value).split("\n")


def at(config: Config, key: str) -> Any:
    value: Any = config
    for name in key.split("."):
        value = value[int(name)] if name.isdigit() else getattr(value, name)
    return value


def test_a_minimal_file_gets_the_defaults(folder: Path) -> None:
    config = load(MINIMAL)
    assert config.training.batch_tokens == 4096
    assert config.run_dir == Path("runs/x")


def test_data_paths_become_absolute(folder: Path) -> None:
    config = load(MINIMAL, "tokenizer.source_model=m/s.model")
    assert config.data.train[0].source == folder / "train.en"
    assert config.data.valid and config.data.valid.tsv == folder / "valid.tsv"
    assert config.tokenizer.source_model == folder / "m/s.model"


def test_a_tilde_is_the_home_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    config = load(MINIMAL, "run_dir=~/r", "data.train.0={tsv: ~/d.tsv}")
    assert config.run_dir == Path("/somewhere/r")
    assert config.data.train[0].tsv == Path("/somewhere/d.tsv")


def test_a_dataset_folder_becomes_absolute_and_a_dataset_name_stays(
    folder: Path,
) -> None:
    (folder / "prepared").mkdir()
    for name, expected in (
        ("prepared", str(folder / "prepared")),
        ("wmt/de", "wmt/de"),
    ):
        config = load(MINIMAL, f"data.train.0={{tfds: {name}, split: train}}")
        assert config.data.train[0].tfds == expected


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("data.source_lang=no", "no"),
        ("data.source_lang=12:30", "12:30"),
        ("data.source_lang=2024-12-24", "2024-12-24"),
        ("training.learning_rate=1e-3", 0.001),
        ("training.learning_rate=2", 2.0),
        ("training.max_steps=null", None),
        ("training.max_steps=", None),
        ("tokenizer.shared=false", False),
        ("runtime.threads=3", 3),
        ("runtime.threads=auto", "auto"),
        ("data.train.0.weight=2.5", 2.5),
        ("validation.every=500 steps", "500 steps"),
        ("model.attention.type=own.module:Class", "own.module:Class"),
    ],
)
def test_a_setting_is_read_as_yaml_1_2(
    folder: Path, setting: str, expected: object
) -> None:
    value = at(load(MINIMAL, setting), setting.partition("=")[0])
    assert (value, type(value)) == (expected, type(expected))


def test_later_settings_build_on_earlier_ones(folder: Path) -> None:
    config = load(
        MINIMAL,
        "data.train=[{source: a, target: b}, {tsv: c}]",
        "data.train.1.tsv=d",
        "model={}",
        "model.encoder.units=7",
    )
    assert config.data.train[1].tsv == folder / "d"
    assert config.model.encoder.units == 7


def test_the_attention_takes_options_of_any_kind(folder: Path) -> None:
    config = load(MINIMAL, "model.attention={type: additive, units: 7, deep: {x: [1]}}")
    assert config.model.attention.options == {"units": 7, "deep": {"x": [1]}}


def test_all_problems_come_at_once_with_their_lines(folder: Path) -> None:
    text = """\
run_dir: runs/x
seed: true
learning_rate: 3
data:
  source_lang: en
  train:
  - {source: a, target: b, wait: 2}
  - {source: a}
  valid: 3
model:
  dropout: 0.3
  encoder: {layer: 2}
training:
  batchsize: 3
  batch_size: 3
  batch_tokens: "3"
  max_steps: 3.5
  clip_norm: .inf
validation:
  every: 3
  metrics: [bleu, blue]
runtime:
  threads: many
"""
    corpus = (
        "a section with source, target, tsv, tfds, split, data_dir, weight, tag, "
        "alignment"
    )
    expected = """\
2: seed: expected a whole number (0 or more, below 2147483648), found true
3: learning_rate: unknown key, learning_rate belongs in training
4: data.target_lang: missing, expected text (Language code of the target, as in 'de')
7: data.train.0.wait: unknown key, did you mean weight?
8: data.train.1: expected either source and target, or tsv, or tfds with split
9: data.valid: expected CORPUS, found 3
11: model.dropout: expected a section with embedding, recurrent, output, \
word, variational, found 0.3
12: model.encoder.layer: unknown key, did you mean layers?
14: training.batchsize: unknown key, did you mean batch_tokens? \
batch_size belongs in decoding
15: training.batch_size: unknown key, did you mean batch_tokens? \
batch_size belongs in decoding
16: training.batch_tokens: expected a whole number (1 or more), found '3'
17: training.max_steps: expected a whole number (1 or more), found 3.5
18: training.clip_norm: expected a number (0 or more), found inf
20: validation.every: expected text like 1 epoch or 500 steps, found 3
21: validation.metrics.1: expected loss, perplexity, accuracy, bleu, chrf or exact, \
found 'blue'
23: runtime.threads: expected a whole number (1 or more) or auto, found 'many'
"""
    lines = expected.replace("CORPUS", corpus).strip().split("\n")
    assert problems(text) == [f"config.yaml:{line}" for line in lines]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("seed=x", "seed: expected a whole number (0 or more, below 2147483648)"),
        ("training.batchsize=3", "training.batchsize: unknown key, did you mean"),
        ("seed", "expected KEY=VALUE"),
        ("=3", "expected KEY=VALUE"),
        ("a..b=3", "expected KEY=VALUE"),
        ("data.train.1.tsv=x", "expected the number of an item, below 1, found 1"),
        ("data.train.x.tsv=x", "expected the number of an item, below 1, found x"),
        ("run_dir.x=3", "expected a section that can have the key x, found runs/x"),
        ("model={encoder", "not YAML: "),
        ("seed=&a 1", "expected a value, found the YAML anchor &a"),
        ("run_dir=${ATTNMT_NONE}", "run_dir: the environment variable ATTNMT_NONE is"),
    ],
)
def test_a_wrong_setting_is_named_as_the_place(
    folder: Path, setting: str, message: str
) -> None:
    assert problems(MINIMAL, setting)[0].startswith(f"--set {setting}: {message}")


def test_wrong_settings_and_wrong_lines_come_together(folder: Path) -> None:
    found = problems(MINIMAL + "seed: x\n", "nonsense", "decoding.beam_size=0")
    assert [line.split(": ")[0] for line in found] == [
        "config.yaml:7",
        "--set decoding.beam_size=0",
        "--set nonsense",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            ["model.embeddings.tie=all", "tokenizer.shared=false"],
            "--set model.embeddings.tie=all: model.embeddings.tie: "
            "'all' needs one vocabulary: set tokenizer.shared to true",
        ),
        (
            ["tokenizer.target_model=x"],
            "--set tokenizer.target_model=x: tokenizer.target_model: "
            "expected none while shared is true: source_model serves both sides",
        ),
        (
            ["tokenizer.model_type=char", "tokenizer.sampling=0.1"],
            "--set tokenizer.sampling=0.1: tokenizer.sampling: "
            "expected 0, because model_type char cuts a text in one way only, "
            "found 0.1",
        ),
        (
            [
                "training.guided_alignment={weight: 1.0, teacher: ibm1}",
                "tokenizer.sampling=0.1",
            ],
            "--set tokenizer.sampling=0.1: tokenizer.sampling: "
            "expected 0, because training.guided_alignment links pieces that stay the "
            "same, found 0.1",
        ),
        *(
            (
                ["training.minimum_risk.samples=5", f"training.{key}=0.5"],
                f"--set training.{key}=0.5: training.{key}: expected 0, because "
                "training.minimum_risk.samples is above 0, found 0.5",
            )
            for key in (
                *("consistency", "coverage_loss", "guided_alignment.weight"),
                "scheduled_sampling.share",
            )
        ),
        (
            ["data.valid=", "training.schedule.type=plateau"],
            "--set training.schedule.type=plateau: training.schedule.type: "
            "'plateau' needs data.valid",
        ),
        (
            ["data.valid=", "validation={early_stopping: {patience: 3}}"],
            "--set validation={early_stopping: {patience: 3}}: "
            "validation.early_stopping.patience: early stopping needs data.valid",
        ),
        (
            ["validation.metrics=[loss]", "validation.early_stopping.metric=bleu"],
            "--set validation.early_stopping.metric=bleu: "
            "validation.early_stopping.metric: "
            "expected one of validation.metrics (loss), found 'bleu'",
        ),
    ],
)
def test_values_that_do_not_fit_each_other_are_refused_where_they_stand(
    folder: Path, changes: list[str], message: str
) -> None:
    assert problems(MINIMAL, *changes) == [message]


def test_a_value_read_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHERE", "/texts")
    monkeypatch.setenv("TOKENS", "77")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("NOTHING", raising=False)
    config = load(
        MINIMAL,
        "data.train.0.source=${WHERE}/a.${NOTHING:-en}",
        "training.batch_tokens=${TOKENS}",
        "training.save_every=${NOTHING:-33}",
        "run_dir=${EMPTY:-r}",
        "data.source_lang='${TOKENS}'",
        "data.target_lang=$${TOKENS}$5",
    )
    assert config.data.train[0].source == Path("/texts/a.en")
    assert (config.training.batch_tokens, config.training.save_every) == (77, 33)
    assert config.run_dir == Path("r")
    assert (config.data.source_lang, config.data.target_lang) == ("77", "${TOKENS}$5")


def test_an_unset_variable_is_one_problem_and_hides_no_other(folder: Path) -> None:
    text = MINIMAL + "seed: ${ATTNMT_NONE}\nrun_dirs: 3\ndecoding: {beam_size: '${}'}\n"
    assert problems(text) == [
        "config.yaml:7: seed: the environment variable ATTNMT_NONE is not set; "
        "set it, or give a default: ${ATTNMT_NONE:-default}",
        "config.yaml:8: run_dirs: unknown key, did you mean run_dir?",
        "config.yaml:9: decoding.beam_size: "
        "expected ${NAME} or ${NAME:-default}, found ${}",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\n", ":1: expected a value, found the YAML anchor &x"),
        ("a: [1]\nb: *x\n", ":2: expected a value, found the YAML alias *x"),
        ("a: !!python/name:os.system x\n", ":1: expected a value, found the YAML tag"),
        ("%YAML 1.1\n---\na: no\n", ":2: expected no %YAML line"),
        ("a: 1\n---\nb: 2\n", ":2: not YAML: "),
        ("a:\n\t- b\n", ":2: not YAML: found character '\\t'"),
        ("a: b: c\n", ":1: not YAML: mapping values are not allowed here"),
        ("a: b\x07\n", ":1: not YAML: unacceptable character #x0007"),
        ("a:\n  x: {b: ${HOME}}\n", ":2: not YAML: expected ',' or '}'"),
        ("# a\rb: 1\r\nx: {b: ${HOME}}", ":3: not YAML: expected ',' or '}'"),
        ("seed: 1\n" + "a: " + "[" * 5000, ":2: nested more than 20 levels deep"),
        (b"seed: 1\na: \xff\n", ":2: not UTF-8: byte 0xff"),
        (f"a: [{'1,' * 2 * MAX_VALUES}1]", ":1: expected at most 3000 keys and values"),
        (b"#" * (MAX_BYTES + 1), ": expected a configuration, found over 128 KB"),
        ("- seed: 1\n", ":1: expected a section with run_dir, seed, data,"),
        ("? [1]\n: 2\n", ":1: expected words as keys, found a list or braces"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(
    folder: Path, text: str | bytes, message: str
) -> None:
    assert problems(text)[0].startswith(f"config.yaml{message}")


def test_a_reference_inside_braces_is_told_to_want_quotes(folder: Path) -> None:
    assert "put quotes around ${...}" in problems("a: {b: ${HOME}}\n")[0]


def test_a_key_given_twice_is_refused_with_both_lines(folder: Path) -> None:
    found = problems(MINIMAL + "model:\n  encoder: {}\n  encoder: {units: 3}\n")
    assert found == ["config.yaml:8: model.encoder: given twice, again in line 9"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('"\\ud800"', "expected text, found '\\ud800' in it"),
        ('"a\\0"', "expected text, found '\\x00' in it"),
        ("1" * 5000, "expected a number, found 5000 digits"),
    ],
)
def test_values_that_nothing_can_hold_are_refused(
    folder: Path, value: str, message: str
) -> None:
    text = MINIMAL.replace("runs/x", value)
    assert problems(text) == [f"config.yaml:1: run_dir: {message}"]


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_named(folder: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name}: (No such file|Is a directory)"):
        load_config(Path(name))


def test_a_byte_order_mark_and_crlf_change_nothing(folder: Path) -> None:
    windows = b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode()
    assert load(windows) == load(MINIMAL)
    assert problems(windows + b"sead: 1\r\n")[0].startswith("config.yaml:7: sead")


def test_a_dumped_configuration_names_every_field(folder: Path) -> None:
    config = load(MINIMAL + "decoding: {sampling: {}}\n")
    text = dump_config(config)
    for section in Config.model_json_schema()["$defs"].values():
        for name in section["properties"]:
            assert f"{name}:" in text
    assert f"source: {folder / 'train.en'}\n" in text


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | WORDS
    | st.sampled_from(
        [
            "no",
            "1e-3",
            "12:30",
            "~",
            "010",
            "${HOME}",
            "$${X}",
            "<<",
            "=",
            "é",
            "a\x85b",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=50)
@given(lang=WORDS, option=VALUES, rate=st.floats(1e-30, 1e30))
def test_a_dumped_configuration_loads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, lang: str, option: object, rate: float
) -> None:
    config = Config.model_validate(
        {
            "run_dir": "r",
            "data": {
                "source_lang": lang,
                "target_lang": "de",
                "train": [{"tsv": "t"}],
            },
            "model": {"attention": {"type": "own:Mine", "option": option}},
            "training": {"learning_rate": rate},
        }
    )
    path = tmp_path_factory.mktemp("dump") / "config.yaml"
    path.write_bytes(dump_config(config).encode())
    assert load_config(path) == config


@pytest.mark.parametrize(
    "tag", ["bt", "<pad>", "<unk>", "</s>", "<s>", "<0x41>", "<b t>"]
)
def test_a_tag_that_is_none_is_told(folder: Path, tag: str) -> None:
    (told,) = problems(MINIMAL, f"data.train.0.tag='{tag}'")
    assert "expected a name in angle brackets" in told and f"found '{tag}'" in told
    assert load(MINIMAL, "data.train.0.tag=<bt>").data.train[0].tag == "<bt>"


def test_scores_are_not_divided_by_infinity(folder: Path) -> None:
    (told,) = problems(MINIMAL, "model.attention.temperature=.inf")
    assert "model.attention.temperature: expected a number (above 0), found inf" in told


def test_what_is_drawn_does_not_depend_on_a_batch(folder: Path) -> None:
    settings = ("decoding.sampling={seed: 3}", "decoding.shortlist=20")
    (told,) = problems(MINIMAL, *settings)
    assert "decoding.shortlist: expected 0 with sampling" in told


@pytest.mark.parametrize("given", ["tag: <bt>", "weight: 2", "alignment: valid.tsv"])
def test_only_training_text_has_tag_weight_and_alignment(
    folder: Path, given: str
) -> None:
    text = MINIMAL.replace("{tsv: valid.tsv}", f"{{tsv: valid.tsv, {given}}}")
    (told,) = problems(text)
    key = given.partition(":")[0]
    assert told.startswith(f"config.yaml:6: data.valid.{key}: expected none")
