"""The machine: processor or GPU, threads, precision, seeds."""

import gc
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import RLock
from typing import NamedTuple

import numpy as np

from attnmt.config import schema
from attnmt.errors import ConfigError

MOST_LANES = 4  # batches at a time: each takes memory of its own
_QUIET = RLock()


class Device(NamedTuple):
    """What a run computes on."""

    name: str  # "cpu" or "gpu"
    precision: str  # a Keras dtype policy
    description: str  # one line for the user, with the reason when there is no GPU


def load_tensorflow(own_process: bool = False) -> None:
    """Import TensorFlow without the lines that its libraries print meanwhile.

    TF_CPP_MIN_LOG_LEVEL in the environment brings them back. In a process of attnmt's
    own nobody looks through what was imported for garbage from then on, which can take
    more time than the work on a line.
    """
    # Off by default on processors without AVX-512, where it trains a fifth faster too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules:
        return
    quietly = quiet() if level == "3" else nullcontext()
    with _without_matplotlib(), _without_collection(), quietly:
        import keras  # noqa: F401
    if own_process:
        gc.freeze()


@contextmanager
def _without_matplotlib() -> Iterator[None]:
    """Keras does without it, and starts some tenths of a second sooner."""
    absent = "matplotlib" not in sys.modules
    if absent:
        sys.modules["matplotlib"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if absent:
            del sys.modules["matplotlib"]


@contextmanager
def _without_collection() -> Iterator[None]:
    """Nobody looks for garbage meanwhile: a seventh of the time of an import."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that libraries write to standard error within is seen.

    One thread at a time: another would take for standard error what is none.
    """
    with _QUIET:
        sys.stderr.flush()
        standard_error, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
            os.close(nowhere)


def prepare(runtime: schema.Runtime) -> Device:
    """Choose device and precision for this process, before anything is computed.

    Raises ConfigError when a GPU is asked for and there is none.
    """
    load_tensorflow()
    import keras
    import tensorflow as tf

    if runtime.threads != "auto":
        _limit_threads(runtime.threads)
    gpus = tf.config.list_physical_devices("GPU")
    if runtime.device == "gpu" and not gpus:
        raise ConfigError(
            f"runtime.device: gpu was asked for, but {_why_no_gpu()}; use auto or cpu"
        )
    use_gpu = bool(gpus) and runtime.device != "cpu"
    try:
        if use_gpu:
            tf.config.set_visible_devices(gpus[:1], "GPU")  # leave others to others
            tf.config.experimental.set_memory_growth(gpus[0], True)
        else:
            leave_gpus()
    except RuntimeError:  # TensorFlow is running already and keeps what it has
        pass
    # On a GPU that is TensorFloat-32: half precision was seen to be no faster.
    precision = "float32" if runtime.precision == "auto" else runtime.precision
    keras.config.set_dtype_policy(precision)
    # Keras would wrap the message of an error within a layer in the layer's arguments.
    keras.config.disable_traceback_filtering()
    return Device(
        "gpu" if use_gpu else "cpu",
        precision,
        _describe(runtime, gpus, use_gpu, precision),
    )


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy, TensorFlow and Keras; initial weights follow from it."""
    import keras

    random.seed(seed)
    np.random.seed(seed)
    keras.utils.set_random_seed(seed)


def leave_gpus() -> None:
    """Compute nothing on a GPU, of which something else may be in need."""
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")


def lanes() -> int:
    """How many batches to compute at a time; alone one leaves processors idle.

    A GPU has one queue.
    """
    import tensorflow as tf

    if tf.config.get_visible_devices("GPU"):
        return 1
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    return min(threads or processors(), MOST_LANES)


def processors() -> int:
    """How many this process may run on."""
    return len(os.sched_getaffinity(0))


def _limit_threads(threads: int) -> None:
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:  # as above
        pass


def _describe(
    runtime: schema.Runtime, gpus: list, use_gpu: bool, precision: str
) -> str:
    import tensorflow as tf

    if use_gpu:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"GPU {details.get('device_name', gpus[0].name)}, {precision}"
    threads = runtime.threads if runtime.threads != "auto" else os.cpu_count()
    reason = "runtime.device is cpu" if runtime.device == "cpu" else _why_no_gpu()
    return f"CPU, {threads} threads, {precision} (no GPU: {reason})"


def _why_no_gpu() -> str:
    import tensorflow as tf

    if not tf.test.is_built_with_cuda():
        return "this TensorFlow is built without CUDA; pip install 'attnmt[gpu]'"
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES hides all GPUs"
    if not os.path.exists("/dev/nvidiactl"):
        return "this machine shows no NVIDIA driver"
    return (
        "TensorFlow cannot use the NVIDIA driver; its CUDA libraries may be missing: "
        "pip install 'attnmt[gpu]'"
    )
