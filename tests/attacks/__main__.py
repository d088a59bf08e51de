"""python tests/attacks FOLDER: open every hostile run folder; a line of JSON for each.

Everything is imported once, which is the start-up; then each command runs in a fork of
its own, whose processor time and memory are measured from there.
"""

import gc
import json
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from attacks import ATTACKS, STEP

from attnmt import checkpoint, devices
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config

LIMIT = 300  # seconds, of a command that does not end by itself


def make_run(run: Path) -> None:
    """A sound run folder, with a model that has learnt nothing."""
    from attnmt.model import build_model
    from attnmt.run import Run, write_atomically
    from attnmt.text.tokenizer import prepare_tokenizers
    from attnmt.weights import named_weights

    text = "".join(f"a boat {n} sinks\tein Kahn {n} sinkt\n" for n in range(30))
    (run.parent / "text.tsv").write_text(text, "utf-8")
    model = {"embeddings": {"size": 3}, "encoder": {"units": 5}}
    config = Config.model_validate(
        {
            "run_dir": run,
            "data": {
                "source_lang": "en",
                "target_lang": "de",
                "train": [{"tsv": run.parent / "text.tsv"}],
            },
            "tokenizer": {"vocab_size": 300},
            "model": model | {"decoder": {"units": 7}, "attention": {"units": 4}},
        }
    )
    folder = Run(run)
    tokenizers = prepare_tokenizers(config, folder.tokenizer_dir)
    write_atomically(folder.config_file, dump_config(config))
    network = build_model(config.model, *map(len, tokenizers))
    arrays = {name: v.numpy() for name, v in named_weights(network).items()}
    state = checkpoint.State(step=1, tokenizers=[t.fingerprint for t in tokenizers])
    saved = checkpoint.save(folder.checkpoints_dir, arrays, {}, state)
    assert saved.name == STEP
    folder.point("best", saved)


def translate(run: Path) -> None:
    """`attnmt translate` of two lines."""
    from attnmt.cli import main

    (run.parent / "in").write_text("a boat sinks\n\n", "utf-8")
    options = ["--run", str(run), "-o", "out"]
    sys.argv = ["attnmt", "translate", "in", *options]
    main()


def in_a_fork(action: Callable[[Path], None], run: Path) -> dict[str, object]:
    """Exit code, processor seconds, megabytes more than before, standard error."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.chdir(run.parent)
        error = os.open("stderr", os.O_CREAT | os.O_WRONLY)
        os.dup2(error, 2)
        signal.alarm(LIMIT)
        before, start = _megabytes(), time.process_time()
        code = 0
        try:
            action(run)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        except BaseException as problem:
            print(repr(problem), file=sys.stderr)
            code = 99
        sys.stderr.flush()
        used = [time.process_time() - start, _megabytes() - before]
        os.write(write, json.dumps([code, *used]).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    code, seconds, megabytes = json.loads(told) if told else [-1, LIMIT, 0]
    error_text = (run.parent / "stderr").read_text("utf-8", "replace")
    return {"code": code, "seconds": seconds, "mb": megabytes, "stderr": error_text}


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    folder = Path(sys.argv[1])
    devices.load_tensorflow()
    import attnmt.cli.translate
    import attnmt.translator  # noqa: F401

    gc.freeze()  # what was imported is no garbage that a fork has to look through
    sound = folder / "sound" / "run"
    sound.parent.mkdir(parents=True)
    in_a_fork(make_run, sound)
    print(json.dumps({"name": "sound", **in_a_fork(translate, sound)}), flush=True)
    for name, attack in ATTACKS.items():
        run = folder / name / "run"
        shutil.copytree(sound, run)
        attack(run)
        found = in_a_fork(translate, run)
        found["canary"] = any(folder.glob(f"{name}/**/canary"))
        print(json.dumps({"name": name, **found}), flush=True)
        shutil.rmtree(run.parent)


if __name__ == "__main__":
    main()
