"""The Python environments of the peers, made on demand, and how processes are run."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from speed_bench.protocol import Failed, last_words

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".bench"
THREADS = 2
# A training allocates and frees the same large arrays again and again. With glibc's own
# thresholds each is mapped anew and its pages are faulted in anew.
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(4 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 30),
    "MALLOC_TOP_PAD_": str(256 << 20),
}
_TORCH = ("torch==2.13.0", "numpy")
# The pins of the toolkits do not fit Python 3.11 and this torch any more: they are
# installed without what they ask for, and that is listed here.
PACKAGES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "torch": ((*_TORCH, "safetensors", "sentencepiece"),),
    "joeynmt": (
        _TORCH,
        ("--no-deps", "joeynmt==2.3.0"),
        (
            # SetVocabulary is missing from later ones.
            "sentencepiece==0.1.99",
            *("sacrebleu", "sacremoses", "subword-nmt", "pyyaml", "six", "wrapt"),
            *("packaging", "protobuf", "tensorboard", "matplotlib", "seaborn"),
            *("pandas", "pillow", "datasets", "future", "importlib_metadata"),
            "setuptools",
        ),
    ),
    "onmt": (
        _TORCH,
        ("--no-deps", "OpenNMT-py==3.5.1"),
        (
            *("configargparse", "ctranslate2>=4,<5", "tensorboard", "flask"),
            *("waitress", "pyonmttok>=1.37,<2", "pyyaml", "sacrebleu", "rapidfuzz"),
            *("pyahocorasick", "sentencepiece", "six", "spacy", "setuptools"),
        ),
        ("--only-binary", ":all:", "fasttext-wheel"),
    ),
    "marian": (("pymarian==1.12.42",),),
}
PEERS = tuple(PACKAGES)


def peer_python(peer: str) -> str:
    """The interpreter of a peer, installed when it is not there; raises Failed."""
    folder = CACHE / peer
    python, done = folder / "bin" / "python", folder / "installed"
    wanted = repr(PACKAGES[peer])
    if done.exists() and done.read_text("utf-8") == wanted:
        return str(python)
    print(f"installing {peer} into {folder} (some minutes)", file=sys.stderr)
    CACHE.mkdir(exist_ok=True)
    log = CACHE / f"{peer}.install.log"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install"]
    commands = [[sys.executable, "-m", "venv", str(folder)]]
    commands += [[*pip, "--quiet", *packages] for packages in PACKAGES[peer]]
    with log.open("wb") as output:
        for command in commands:
            if subprocess.run(command, stdout=output, stderr=output).returncode:
                raise Failed(f"not installed: {last_words(log)} (see {log})")
    done.write_text(wanted, "utf-8")
    return str(python)


def environment(*extra: Mapping[str, str]) -> dict[str, str]:
    """Variables of a process that computes on `THREADS` threads and says little."""
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    threads += ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    own = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    found = {
        **own,
        **dict.fromkeys(threads, str(THREADS)),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}",
        "PYTHONUNBUFFERED": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # The toolkits load checkpoints that they wrote themselves.
        "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1",
    }
    for variables in extra:
        found |= variables
    return found
