"""The machine; in processes of their own, because what is chosen stays chosen."""

import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt import devices
from attnmt.devices import seed_everything


def test_standard_error_is_back_after_threads_that_were_quiet_at_once() -> None:
    before = os.fstat(2)

    def work(_: int) -> None:
        for _ in range(50):
            with devices.quiet(), devices.quiet():
                os.write(2, b"never seen")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert os.path.samestat(os.fstat(2), before)


SCRIPT = """
import json, sys
from attnmt.config.schema import Runtime
from attnmt.devices import prepare
from attnmt.errors import ConfigError

found = {}
for options in json.loads(sys.argv[1]):
    try:
        device = prepare(Runtime(**options))._asdict()
    except ConfigError as error:
        device = {"error": str(error)}
    import keras, tensorflow as tf
    device["policy"] = keras.config.dtype_policy().name
    device["threads"] = tf.config.threading.get_intra_op_parallelism_threads()
    device["gpus"] = len(tf.config.get_visible_devices("GPU"))
    found[json.dumps(options)] = device
print(json.dumps(list(found.values())))
"""


def prepare(*runtimes: dict) -> tuple[list[dict], str]:
    """What `prepare` says to each, in one process without a GPU, and its errors."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(runtimes)],
        capture_output=True,
        text=True,
        env=environment | {"CUDA_VISIBLE_DEVICES": "-1"},
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout), result.stderr


@pytest.mark.slow
def test_a_machine_without_a_gpu_says_why_and_computes_on_its_processor():
    (cpu, auto, half, gpu), messages = prepare(
        {"device": "cpu", "threads": 1},
        {"device": "auto"},
        {"device": "auto", "precision": "mixed_bfloat16"},
        {"device": "gpu"},
    )
    why = "CUDA_VISIBLE_DEVICES hides all GPUs"
    assert (
        cpu["description"] == "CPU, 1 threads, float32 (no GPU: runtime.device is cpu)"
    )
    assert (cpu["name"], cpu["threads"], cpu["policy"]) == ("cpu", 1, "float32")
    assert auto["description"].endswith(f"threads, float32 (no GPU: {why})")
    assert (auto["name"], auto["precision"], auto["gpus"]) == ("cpu", "float32", 0)
    assert half["precision"] == half["policy"] == "mixed_bfloat16"
    asked = "runtime.device: gpu was asked for"
    assert gpu["error"] == f"{asked}, but {why}; use auto or cpu"
    assert messages == ""  # of TensorFlow's libraries


@pytest.mark.parametrize(
    ("cuda", "driver", "hidden", "expected"),
    [
        (False, True, None, "built without CUDA; pip install 'attnmt[gpu]'"),
        (True, False, None, "this machine shows no NVIDIA driver"),
        (True, True, None, "CUDA libraries may be missing: pip install"),
        (True, True, "", "CUDA_VISIBLE_DEVICES hides all GPUs"),
        (True, True, "-1", "CUDA_VISIBLE_DEVICES hides all GPUs"),
        (True, True, "0", "CUDA libraries may be missing: pip install"),
    ],
)
def test_every_reason_for_no_gpu_is_told(monkeypatch, cuda, driver, hidden, expected):
    monkeypatch.setattr(tf.test, "is_built_with_cuda", lambda: cuda)
    monkeypatch.setattr(devices.os.path, "exists", lambda path: driver)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if hidden is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert expected in devices._why_no_gpu()


def test_one_seed_seeds_everything():
    def draw() -> list[float]:
        initial = keras.initializers.GlorotUniform()((1, 1))
        numbers = random.random(), np.random.rand(), tf.random.uniform([])
        return [float(number) for number in (*numbers, np.asarray(initial).item())]

    seed_everything(3)
    first = draw()
    seed_everything(3)
    assert draw() == first
    seed_everything(4)
    assert not set(draw()) & set(first)


def test_tensorflow_comes_sooner_and_leaves_all_else_as_it_was() -> None:
    code = (
        "import gc, sys; from attnmt.devices import load_tensorflow\n"
        "gc.collect(); before = gc.get_stats()[0]['collections']\n"
        "load_tensorflow(); searches = gc.get_stats()[0]['collections'] - before\n"
        "assert searches < 100, searches  # 600 by themselves\n"
        "assert 'keras' in sys.modules and 'matplotlib' not in sys.modules\n"
        "assert gc.isenabled() and not gc.get_freeze_count()\n"
        "import matplotlib.pyplot"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_process_of_attnmt_does_not_look_through_tensorflow_for_garbage() -> None:
    code = (
        "import gc; from attnmt.devices import load_tensorflow\n"
        "load_tensorflow(own_process=True)\n"
        "assert gc.isenabled() and gc.get_freeze_count() > 100_000"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_another_backend_of_keras_changes_nothing() -> None:
    code = "from attnmt import Translator; import keras; print(keras.backend.backend())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"KERAS_BACKEND": "jax"},
    )
    assert done.stdout == "tensorflow\n", done.stderr
