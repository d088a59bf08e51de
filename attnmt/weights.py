"""The weights of a model by name, and never more of them than there are."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import keras

from attnmt.errors import ConfigError, DataError


@contextmanager
def no_larger_than(file: Path, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[None]:
    """Let layers make no more numbers than a file of weights has, while the block runs.

    Raises DataError before memory is taken: a hostile configuration may ask for more
    than there is.
    """
    add_weight = keras.layers.Layer.add_weight
    left = sum(map(math.prod, shapes.values()))

    def counted(self, shape=None, *args, **options):
        nonlocal left
        left -= math.prod(shape or ())
        if left < 0:
            raise DataError(
                f"{file}: it has fewer numbers than the model that the configuration "
                "describes: it belongs to another model"
            )
        return add_weight(self, shape, *args, **options)

    keras.layers.Layer.add_weight = counted
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = add_weight


def named_weights(model: keras.layers.Layer) -> dict[str, keras.Variable]:
    """The variables by the attributes that lead to them, as in decoder.bridge.kernel.

    These names are the file format of a checkpoint. A shared variable has one name.
    Raises ConfigError for a weight that no public attribute leads to.
    """
    named: dict[str, keras.Variable] = {}
    seen: set[int] = set()
    for name, variable in _walk(model, "", seen):
        if name in named:
            raise ValueError(f"two variables are called {name}")
        named[name] = variable
    found = {id(variable) for variable in named.values()}
    if lost := [v.path for v in model.weights if id(v) not in found]:
        raise ConfigError(
            f"the model has weights where no checkpoint finds them: {', '.join(lost)}: "
            "keep their layer in an attribute whose name does not begin with '_', "
            "alone or in a list"
        )
    return named


def _walk(
    layer: keras.layers.Layer, prefix: str, seen: set[int]
) -> Iterator[tuple[str, keras.Variable]]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    for variable in layer._trainable_variables + layer._non_trainable_variables:
        yield prefix + variable.name, variable
    for attribute, value in sorted(vars(layer).items()):
        if attribute.startswith("_"):
            continue
        if isinstance(value, keras.layers.Layer):
            yield from _walk(value, f"{prefix}{attribute}.", seen)
        elif isinstance(value, list | tuple):
            for i, item in enumerate(value):
                if isinstance(item, keras.layers.Layer):
                    yield from _walk(item, f"{prefix}{attribute}.{i}.", seen)
