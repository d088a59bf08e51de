import json
from typing import Any

import pytest

from attnmt.config.explain import explain
from attnmt.config.keys import fields, json_schema, section, type_of, unknown_key
from attnmt.errors import ConfigError


def every_key(node: dict[str, Any], place: str = "") -> list[str]:
    keys = []
    for name, child in fields(node).items():
        keys += [f"{place}{name}", *every_key(child, f"{place}{name}.")]
    return keys


@pytest.mark.parametrize("key", every_key(json_schema()))
def test_every_key_is_explained_in_a_sentence_with_its_type(key: str) -> None:
    first, second = explain(key).split("\n")[:2]
    meaning = first.removeprefix(f"{key}: ")
    assert meaning != first and meaning[0] != " " and meaning.endswith(".")
    assert second.startswith("    ") and len(second) > 8


def test_a_field_is_explained_by_meaning_type_and_default() -> None:
    assert explain("training.max_epochs") == (
        "training.max_epochs: Passes over the training corpora.\n"
        "    a whole number (1 or more); default 20"
    )
    assert explain("run_dir").endswith("a path; required")
    assert explain("runtime.threads").endswith("(1 or more) or auto; default auto")


def test_a_section_lists_its_fields_and_no_key_lists_the_sections() -> None:
    assert "\nmodel.dropout.word: " in explain("model.dropout")
    assert explain("").startswith("run_dir: ") and "\nruntime: " in explain("")


def test_the_number_of_a_list_item_may_stand_in_a_key() -> None:
    assert explain("data.train.0.weight") == explain("data.train.weight")


def test_options_of_an_attention_mechanism_are_told_to_be_its_own() -> None:
    assert "an option of what model.attention.type names" in explain(
        "model.attention.units"
    )


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("training.batch_token", "did you mean batch_tokens?"),
        ("learning_rate", "learning_rate belongs in training"),
        ("model.layers", "layers belongs in model.encoder or model.decoder"),
    ],
)
def test_an_unknown_key_is_refused_with_advice(key: str, advice: str) -> None:
    with pytest.raises(ConfigError, match=f"^{key}: unknown key, {advice}"):
        explain(key)


def test_a_plain_value_has_no_keys() -> None:
    with pytest.raises(ConfigError, match="seed.x: unknown key, seed has no keys"):
        explain("seed.x")


def test_a_key_like_none_gets_the_list_of_keys() -> None:
    assert unknown_key(["runtime"], "qqq") == (
        "unknown key, expected device, precision or threads"
    )


def test_a_misspelt_key_of_another_section_is_found() -> None:
    assert unknown_key([], "lerning_rate") == (
        "unknown key, learning_rate belongs in training"
    )
    assert unknown_key(["training"], "batchsize") == (
        "unknown key, did you mean batch_tokens? batch_size belongs in decoding"
    )


def test_types_are_told_in_plain_words() -> None:
    data = fields(json_schema())["data"]
    assert type_of(fields(data)["source_lang"]) == "text"
    assert type_of(fields(data)["train"]).startswith("a list of sections with source,")
    assert type_of(fields(json_schema())["seed"]) == (
        "a whole number (0 or more, below 2147483648)"
    )


def test_the_json_schema_forbids_unknown_keys_except_attention_options() -> None:
    open_sections = [
        name
        for name, definition in json_schema()["$defs"].items()
        if definition["additionalProperties"]
    ]
    assert open_sections == ["Attention"]
    assert section(json_schema())["additionalProperties"] is False
    json.dumps(json_schema())
