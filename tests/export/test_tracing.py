"""What is traced for LiteRT means what it means elsewhere."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from attnmt.export.tracing import for_litert

KEYS = [
    (slice(None), None),
    (None,),
    None,
    (Ellipsis, None),
    (Ellipsis, 0, None, slice(1, None)),
    (slice(None), None, 0, None),
    (0, None, Ellipsis, None),
    (slice(None, None, 2), slice(None), None),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_new_axes_stand_where_numpy_puts_them(key) -> None:
    x = np.arange(24).reshape(2, 3, 4)
    with for_litert():
        found = tf.constant(x)[key]
    np.testing.assert_array_equal(found, x[key])


def test_a_new_axis_is_no_slice_of_unknown_sizes() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.bool)])
    def masked(mask):
        return mask[:, None], mask[..., None]

    with for_litert():
        operations = masked.get_concrete_function().graph.get_operations()
    kinds = {operation.type for operation in operations}
    assert "ExpandDims" in kinds and "StridedSlice" not in kinds


def test_outside_of_it_slicing_is_as_before() -> None:
    before = tf.Tensor.__getitem__
    with pytest.raises(ValueError), for_litert():
        assert tf.Tensor.__getitem__ is not before
        raise ValueError
    assert tf.Tensor.__getitem__ is before


def test_a_product_with_a_matrix_is_the_same_without_new_sizes() -> None:
    draw = np.random.default_rng(3)
    x, matrix = draw.normal(size=(2, 1, 5, 3)), draw.normal(size=(3, 4))

    @tf.function(input_signature=[tf.TensorSpec([None, 1, None, 3], tf.float64)])
    def product(x):
        return tf.tensordot(x, matrix, 1) + keras.ops.matmul(x, matrix)

    before = tf.tensordot
    with for_litert():
        graph = product.get_concrete_function()
        pairs = tf.tensordot(x, draw.normal(size=(1, 5, 3, 2)), [[1, 2], [0, 1]])
    assert pairs.shape == (2, 3, 3, 2)  # whatever else it does
    assert tf.tensordot is before
    np.testing.assert_allclose(graph(tf.constant(x)), 2.0 * x @ matrix, rtol=1e-12)
    assert "Reshape" not in {o.type for o in graph.graph.get_operations()}
