"""Which word combinations training never sees."""

from . import lexicon
from .words import Combination

_EVERY = 11

_VERBS = (
    *lexicon.TRANSITIVE, *lexicon.DATIVE, *lexicon.GIVING, *lexicon.RESTING,
    *lexicon.CHANGING, *lexicon.MOVING, *lexicon.TRAVELLING, *lexicon.SAYING,
    *lexicon.PLANNING, lexicon.HAVE, lexicon.COST, lexicon.BELONG, lexicon.PUT,
)  # fmt: skip
_ADJECTIVE_NUMBER = {a.en: i for i, a in enumerate(lexicon.ADJECTIVES)}
_VERB_NUMBER = {verb.name: i for i, verb in enumerate(_VERBS)}
_NOUN_NAMES = [*(noun.en for noun in lexicon.NOUNS), *lexicon.NAMES]
_NOUN_NUMBER = {noun: i for i, noun in enumerate(_NOUN_NAMES)}


def held_out(combination: Combination) -> bool:
    """Say whether a combination is kept for the test.

    It is ("adjective", adjective, noun), ("object", verb, noun) or ("subject", verb,
    noun) in English dictionary forms. The rule takes about one noun in eleven from
    every adjective and every verb.
    """
    kind, word, noun = combination
    number = _ADJECTIVE_NUMBER if kind == "adjective" else _VERB_NUMBER
    return (4 * number[word] + _NOUN_NUMBER[noun]) % _EVERY == 3
