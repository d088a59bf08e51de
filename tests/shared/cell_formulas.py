"""One time of the recurrent cells, written from the papers in NumPy."""

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def normalised(x: np.ndarray, w: dict, name: str, *groups: int) -> np.ndarray:
    """Ba et al. (2016), eq. 4, of groups of so many gates; nothing without a gain."""
    if f"{name}.gain" not in w:
        return x
    units = x.shape[-1] // sum(groups)
    ends = np.cumsum(groups)[:-1] * units
    parts = [
        (part - part.mean(-1, keepdims=True))
        / np.sqrt(part.var(-1, keepdims=True) + 1e-5)
        for part in np.split(x, ends, axis=-1)
    ]
    return np.concatenate(parts, -1) * w[f"{name}.gain"] + w.get(f"{name}.bias", 0.0)


def lstm(x: np.ndarray, state: tuple, w: dict, mask: np.ndarray) -> tuple:
    """Gers et al. (2000): input, forget, cell and output gates.

    With layer normalisation Ba et al. (2016), eq. 20 to 22.
    """
    h, c = state
    from_input = normalised(x @ w["kernel"], w, "input_norm", 4)
    from_state = (h * mask) @ w["recurrent_kernel"]
    from_state = normalised(from_state, w, "recurrent_norm", 4)
    i, f, g, o = np.split(from_input + from_state + w["bias"], 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(normalised(c, w, "carry_norm", 1)), c


def gru(x: np.ndarray, state: tuple, w: dict, mask: np.ndarray) -> tuple:
    """Cho et al. (2014), eq. 5-8, with the reset gate after the product."""
    (h,) = state
    from_input = normalised(x @ w["kernel"], w, "input_norm", 2, 1) + w["bias"]
    from_state = (h * mask) @ w["recurrent_kernel"]
    from_state = normalised(from_state, w, "recurrent_norm", 2, 1)
    xz, xr, xn = np.split(from_input, 3, axis=-1)
    hz, hr, hn = np.split(from_state, 3, axis=-1)
    update, reset = sigmoid(xz + hz), sigmoid(xr + hr)
    new = np.tanh(xn + reset * (hn + w["recurrent_bias"]))
    return (update * h + (1.0 - update) * new,)


FORMULAS = {"lstm": lstm, "gru": gru}
