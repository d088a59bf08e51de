"""Text cut anew: a function of the key, the text itself stays."""

import json
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from attnmt.config.schema import Config
from attnmt.errors import ConfigError
from attnmt.text.sampling import Sampler
from attnmt.text.tokenizer import Tokenizer, prepare_tokenizers

Pairs = list[tuple[str, str]]


@pytest.fixture(params=["bpe", "unigram"])
def tokenizer(request, make_config: Callable[..., Config], tmp_path) -> Tokenizer:
    return prepare_tokenizers(make_config(model_type=request.param), tmp_path)[0]


@pytest.fixture
def lines(pairs: Pairs) -> list[str]:
    return [source for source, _ in pairs]


def test_draws_are_a_function_of_the_key(tokenizer, lines: list[str]) -> None:
    def drawn(*key: int) -> list[list[int]]:
        sampler = Sampler(tokenizer, 0.3, key)
        return sampler.encode(lines[:200]) + sampler.encode(lines[200:])

    once = drawn(7, 0, 1)
    tokenizer.encode(lines)
    assert drawn(7, 0, 1) == once
    others = [drawn(7, 1, 1), drawn(7, 0, 0), drawn(8, 0, 1), tokenizer.encode(lines)]
    assert all(other != once for other in others)


def test_another_process_draws_the_same(tokenizer, lines, tmp_path) -> None:
    file = next(tmp_path.glob("*.model"))
    code = (
        "import json, sys; from pathlib import Path\n"
        "from attnmt.text.sampling import Sampler\n"
        "from attnmt.text.tokenizer import Tokenizer\n"
        "tokenizer = Tokenizer(Path(sys.argv[1]))\n"
        "print(Sampler(tokenizer, 0.3, (7, 0, 1)).encode(json.load(sys.stdin)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        input=json.dumps(lines[:50]),
        capture_output=True,
        text=True,
        check=True,
    )
    here = Sampler(Tokenizer(file), 0.3, (7, 0, 1)).encode(lines[:50])
    assert json.loads(done.stdout) == here


def test_the_same_line_is_cut_in_more_than_one_way(tokenizer, lines) -> None:
    ways = Sampler(tokenizer, 0.3, (1,)).encode([lines[0]] * 50)
    assert len({tuple(way) for way in ways}) > 5
    assert {tokenizer.decode(way) for way in ways} == {lines[0]}


def test_bpe_without_merges_is_characters_and_with_all_what_it_was(
    make_config, lines: list[str], tmp_path
) -> None:
    tokenizer, _ = prepare_tokenizers(make_config(model_type="bpe"), tmp_path)
    assert Sampler(tokenizer, 0.0, (1,)).encode(lines) == tokenizer.encode(lines)
    characters = Sampler(tokenizer, 1.0 - 1e-9, (1,)).encode(lines)
    assert [*map(len, characters)] == [len(line) + 1 for line in lines]  # "▁" first
    some = Sampler(tokenizer, 0.1, (1,)).encode(lines)
    more = [np.mean([*map(len, x)]) for x in (tokenizer.encode(lines), some)]
    assert more[0] < more[1] < 1.5 * more[0]


def test_a_model_with_one_way_only_is_refused(make_config, lines, tmp_path) -> None:
    config = make_config(model_type="char", vocab_size=60)
    tokenizer, _ = prepare_tokenizers(config, tmp_path)
    with pytest.raises(ConfigError, match="^tokenizer.sampling: expected 0.*found 0.1"):
        Sampler(tokenizer, 0.1, (1,)).encode(lines)
