"""The PyTorch reference is the model that attnmt trains."""

import json
import subprocess

import numpy as np
import pytest
from safetensors.numpy import save_file
from speed_bench.batch_files import save_batches
from speed_bench.environments import CACHE, environment
from speed_bench.settings import STYLES, model_settings

from attnmt.config import schema

TORCH = CACHE / "torch" / "bin" / "python"
VOCABULARY, SMOOTHING = 13, 0.1
LOSS = """
import json, sys
import torch
from safetensors.numpy import load_file
from speed_bench.batch_files import load_batches
from speed_bench.torch_model import Seq2Seq
from speed_bench.torch_weights import assign
weights, batches, model, vocabulary, smoothing = sys.argv[1:]
network = Seq2Seq(json.loads(model), int(vocabulary)).eval()
assign(network, load_file(weights))
[batch] = load_batches(batches)
ids = (torch.from_numpy(x).long() for x in batch)
print(float(network.loss(*ids, float(smoothing))))
"""


def ragged(rows: list[list[int]]) -> np.ndarray:
    longest = max(map(len, rows))
    return np.array([row + [0] * (longest - len(row)) for row in rows], np.int32)


@pytest.mark.slow
@pytest.mark.skipif(
    not (CACHE / "torch" / "installed").exists(),
    reason="no PyTorch: scripts/bench training --peers torch installs it",
)
@pytest.mark.parametrize("style", STYLES)
def test_its_loss_is_that_of_attnmt(tmp_path, style):
    from attnmt.model import build_model
    from attnmt.training.objective import totals
    from attnmt.weights import named_weights

    settings = model_settings(style, units=6)
    model = build_model(schema.Model.model_validate(settings), VOCABULARY, VOCABULARY)
    draw = np.random.default_rng(1)
    weights = {}
    for name, variable in named_weights(model).items():  # biases too
        variable.assign(draw.normal(size=variable.shape, scale=0.5))
        weights[name] = np.array(variable)
    source = ragged([[5, 6, 7, 3], [8, 3]])
    target_out = ragged([[9, 10, 3], [4, 11, 12, 5, 3]])
    target_in = ragged([[2, 9, 10], [2, 4, 11, 12, 5]])
    batch = (source, target_in, target_out)
    result = totals(model, *batch, SMOOTHING)
    save_file(weights, tmp_path / "weights")
    save_batches(tmp_path / "batches.npz", [batch])
    command = [str(TORCH), "-c", LOSS, "weights", "batches.npz", json.dumps(settings)]
    done = subprocess.run(
        [*command, str(VOCABULARY), str(SMOOTHING)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    expected = float(result.loss / result.tokens)
    assert float(done.stdout) == pytest.approx(expected, abs=1e-4)
