"""When an export passes for the model that it was made of."""

import numpy as np
import pytest

from attnmt.errors import AttnmtError
from attnmt.export.parity import LIMITS, Result, measure

WEIGHTS = np.array([[0.2, 0.8], [0.9, 0.1]])


def result(text: str = "ein Kahn", score: float = -0.5, error: float = 0.0) -> Result:
    return Result(text, [*map(ord, text)], score, [WEIGHTS + error])


def test_equal_results_have_parity_and_tell_the_largest_difference() -> None:
    found = measure(
        [result(), result("der Bug")], [result(error=3e-5), result("der Bug")]
    )
    assert (found.sentences, found.equal, found.chrf) == (2, 2, 100.0)
    assert found.weights == pytest.approx(3e-5)
    found.check(LIMITS["float32"])


@pytest.mark.parametrize("other", [result("ein Bug", -0.6), result(error=2e-4)])
def test_other_text_or_other_weights_have_none(other: Result) -> None:
    found = measure([result()], [other])
    with pytest.raises(AttnmtError, match="nothing was written") as error:
        found.check(LIMITS["float32"])
    assert error.value.exit_code == 1


def test_a_tie_is_no_difference_and_its_weights_are_not_compared() -> None:
    found = measure([result()], [result("ein Bug", -0.50005, error=0.3)])
    assert (found.equal, found.weights) == (1, 0.0)


def test_rounded_weights_may_change_some_text_but_not_much_of_it() -> None:
    ours = [result("der alte Kahn am Fluss")] * 10
    one_other = [*ours[:9], result("der alte Kahn am Bach", -0.7)]
    measure(ours, one_other).check(LIMITS["int8"])
    with pytest.raises(AttnmtError):
        measure(ours, [result("keiner", -0.7)] * 10).check(LIMITS["int8"])
