from attnmt.evaluation.examples import EXAMPLES, pick

REFERENCES = [f"sentence number {n} is here" for n in range(EXAMPLES + 5)]


def test_the_worst_comes_first() -> None:
    hypotheses = list(REFERENCES)
    hypotheses[3], hypotheses[7] = "sentence number is here", "nothing"
    found = pick(REFERENCES, REFERENCES, hypotheses)
    assert [example.line for example in found.worst[:2]] == [8, 4]
    assert len(found.worst) == EXAMPLES
    assert found.worst[0].source == REFERENCES[7]
    assert (found.gained, found.lost) == ([], [])


def test_changes_against_a_baseline_are_in_order_of_their_size() -> None:
    hypotheses, baseline = list(REFERENCES), list(REFERENCES)
    baseline[2], baseline[5] = "sentence number is here", "nothing"  # both gained
    hypotheses[9] = "other words"  # lost
    found = pick(None, REFERENCES, hypotheses, baseline)
    assert [example.line for example in found.gained] == [6, 3]
    assert [example.line for example in found.lost] == [10]
    assert found.gained[0].baseline == "nothing"
    assert found.gained[0].gain > found.gained[1].gain > 0
