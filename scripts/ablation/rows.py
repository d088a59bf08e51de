"""The ingredients of the recipe, and the settings that take each of them away."""

from typing import NamedTuple

CONFIG = "configs/multi30k_student_en_de.yaml"
# The one budget: 1.5 million pieces, a seventh of the recipe's. Its guided attention
# ends after the same part of the training.
BUDGET = (
    "training.max_steps=1000",
    "training.guided_alignment.until=200",
    "training.save_every=500",
    "training.keep=1",
    "validation.every=500 steps",
    "validation.metrics=[loss,bleu]",
    "runtime.threads=1",
    "runtime.device=cpu",
)


class Row(NamedTuple):
    """A recipe with one thing changed, as `--set` says it."""

    name: str
    title: str
    settings: tuple[str, ...] = ()


_DATA = "${ATTNMT_CORPORA:-../shared/corpora}/multi30k/train"
_PLACES = ("embedding", "recurrent", "output", "word")
ROWS = (
    Row("whole", "the whole recipe"),
    Row(
        "teachers",
        "the teachers' translations (references alone, twice as often)",
        (f"data.train=[{{source: '{_DATA}.en', target: '{_DATA}.de'}}]",),
    ),
    Row("lexical", "the lexical output", ("model.decoder.lexical=false",)),
    Row("guided", "guided attention", ("training.guided_alignment.weight=0",)),
    Row("average", "the moving average of the weights", ("training.average=0",)),
    Row("dropout", "dropout", tuple(f"model.dropout.{name}=0" for name in _PLACES)),
    Row("smoothing", "label smoothing", ("training.label_smoothing=0",)),
    Row("feeding", "input feeding", ("model.decoder.input_feeding=false",)),
    Row("tied", "tied embeddings (three matrices)", ("model.embeddings.tie=none",)),
    Row(
        "batches",
        "small batches (500 updates of 3,000 pieces)",
        (
            "training.batch_tokens=3000",
            "training.max_steps=500",
            "training.schedule.warmup_steps=100",
            "training.guided_alignment.until=100",
            "training.save_every=250",
            "validation.every=250 steps",
        ),
    ),
    Row(
        "cosine",
        "the fall of the learning rate (constant after warm-up)",
        ("training.schedule.type=constant",),
    ),
    Row(
        "vocabulary",
        "the small vocabulary (10,000 pieces instead of 5,000)",
        ("tokenizer.source_model=null", "tokenizer.vocab_size=10000"),
    ),
    Row("seed", "nothing, but with another seed", ("seed=2",)),
)
