"""Run folders as trainings leave them, without models."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnmt import checkpoint
from attnmt.analysis.dump_writer import DumpWriter
from attnmt.checkpoint import State
from attnmt.config.loading import dump_config
from attnmt.config.schema import Config
from attnmt.run import Run, write_atomically
from attnmt.sealed import sealed

SCORES = {
    "text": "0123456789abcdef",
    "sentences": 12,
    "metrics": {
        "BLEU": {"value": 12.345, "signature": "tok:13a", "interval": [11.5, 13.25]},
        "chrF2": {"value": 4.5, "signature": "nc:6"},
    },
    "word_alignment": {"aer": 0.0871, "sure": 3},
}


@pytest.fixture
def make_run(tmp_path: Path, make_record) -> Callable[..., Run]:
    """A function that writes a run folder of this name; sections go into its config."""

    def make(name: str = "run", **sections: object) -> Run:
        config = Config.model_validate(
            {
                "run_dir": tmp_path / name,
                "data": {
                    "source_lang": "en",
                    "target_lang": "de",
                    "train": [{"tsv": "train.tsv"}],
                },
                **sections,
            }
        )
        run = Run(config.run_dir)
        write_atomically(run.config_file, dump_config(config))
        write_atomically(run.manifest_file, sealed({"format": 2, "device": "CPU"}))
        for step in (3, 6):
            weights = {"kernel": np.zeros((2, 5), np.float32), "b": np.zeros(7)}
            state = State(step=step, epoch=step // 3, tokens=1234, seconds=1800.0)
            run.point("last", checkpoint.save(run.checkpoints_dir, weights, {}, state))
        run.point("best", run.checkpoints_dir / "000000003")
        entries = [{"kind": "train", "step": n, "perplexity": 90 / n} for n in (1, 5)]
        for step, bleu in ((3, 7.5), (6, 6.25)):
            measured = {"perplexity": 8.0, "bleu": bleu, "seconds": 2.0}
            entries.append({"kind": "validation", "step": step, **measured})
        lines = "".join(f"{json.dumps(entry)}\n" for entry in entries)
        run.metrics_file.write_text(lines + '{"kind": "tra', "utf-8")  # killed
        write_atomically(run.eval_dir("test") / "scores.json", json.dumps(SCORES))
        with DumpWriter(run.validation_dir / "000000003/attention", {}) as dump:
            dump.write(make_record(source="The <b>boat</b> sinks & sinks."))
        return run

    return make
