"""Verb forms: conjugation in both languages, with their links."""

from typing import Literal, NamedTuple

from .lexicon import BE, HAVE, Verb
from .nouns import Person
from .words import Word, fresh

Tense = Literal[
    "present", "progressive", "past", "perfect", "future",
    "can", "must", "should", "want", "would like",
]  # fmt: skip

_PERSONS: tuple[Person, ...] = ("1sg", "3sg", "1pl", "3pl")
_FINITE = {
    "haben": "habe hat haben haben",
    "sein": "bin ist sind sind",
    "war": "war war waren waren",
    "hatte": "hatte hatte hatten hatten",
    "future": "werde wird werden werden",
    "can": "kann kann können können",
    "must": "muss muss müssen müssen",
    "should": "sollte sollte sollten sollten",
    "want": "will will wollen wollen",
    "would like": "möchte möchte möchten möchten",
}
_AM = {"1sg": "am", "3sg": "is", "1pl": "are", "3pl": "are"}


def german(name: str, person: Person) -> str:
    """Return a finite form of an irregular verb or auxiliary."""
    return _FINITE[name].split()[_PERSONS.index(person)]


class VerbGroup(NamedTuple):
    """The verb words of a clause.

    English `auxiliary`, `main` and `particle` in this order; German `finite`, the
    participle or infinitive in `bracket`, and a separated `prefix`.
    """

    auxiliary: tuple[Word, ...]
    main: tuple[Word, ...]
    particle: tuple[Word, ...]
    finite: Word
    bracket: tuple[Word, ...] = ()
    prefix: tuple[Word, ...] = ()

    def verb_final(self) -> tuple[Word, ...]:
        """Put the finite verb last, written together with its prefix."""
        if not self.prefix:
            return (*self.bracket, self.finite)
        [prefix] = self.prefix
        keys = prefix.keys | self.finite.keys
        return (Word(prefix.text + self.finite.text, keys),)


def conjugate(
    verb: Verb, tense: Tense, person: Person, do_support: bool = False
) -> VerbGroup:
    """Conjugate a verb in both languages; English simple past is German Perfekt."""
    if tense in ("present", "progressive") or (tense == "past" and verb in (BE, HAVE)):
        return _one_word(verb, tense, person, do_support)
    return _two_words(verb, tense, person, do_support)


def _one_word(verb: Verb, tense: Tense, person: Person, do_support: bool) -> VerbGroup:
    """Conjugate in a German tense of one word, its prefix apart."""
    key = fresh()
    particle = tuple(Word(text, fresh()) for text in verb.particle.split())
    whole = key.union(*(word.keys for word in particle))
    auxiliary, main = _english_present(verb, tense, person, do_support, key)
    finite = _preterite(verb, person) if tense == "past" else _present(verb, person)
    if not verb.prefix:
        return VerbGroup(auxiliary, main, particle, Word(finite, whole))
    prefix = Word(verb.prefix, particle[0].keys if particle else key)
    return VerbGroup(auxiliary, main, particle, Word(finite, key), (), (prefix,))


def _two_words(verb: Verb, tense: Tense, person: Person, do_support: bool) -> VerbGroup:
    """Conjugate in a German tense of a finite auxiliary and a second verb form."""
    helper, key = fresh(), fresh()
    particle = tuple(Word(text, fresh()) for text in verb.particle.split())
    whole = key.union(*(word.keys for word in particle))
    if tense not in ("past", "perfect"):
        auxiliary = _english_modal(tense, person, do_support, helper)
        finite = Word(german(tense, person), helper)
        bracket = Word(verb.prefix + verb.infinitive, whole)
        main = Word(verb.en, key)
        return VerbGroup(auxiliary, (main,), particle, finite, (bracket,))
    finite = Word(german(verb.auxiliary, person), helper)
    bracket = Word(verb.de_participle, whole)
    if tense == "perfect":
        auxiliary = (Word("has" if person == "3sg" else "have", helper),)
        main = Word(verb.participle, key)
    elif do_support:
        auxiliary, main = (Word("did", helper),), Word(verb.en, key)
    else:  # "bought" says all of "hat gekauft"
        auxiliary, main = (), Word(verb.past, helper | key)
    return VerbGroup(auxiliary, (main,), particle, finite, (bracket,))


def _preterite(verb: Verb, person: Person) -> str:
    """Return the Präteritum of the two verbs that use it."""
    return german("war" if verb == BE else "hatte", person)


def _present(verb: Verb, person: Person) -> str:
    if verb == BE:
        return german("sein", person)
    forms = {"1sg": verb.de_first, "3sg": verb.de_third}
    return forms.get(person, verb.infinitive)


def _english_present(
    verb: Verb, tense: Tense, person: Person, do_support: bool, key: frozenset[int]
) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """Return auxiliary and main verb of a one-word German tense."""
    singular = person in ("1sg", "3sg")
    if tense == "progressive":
        return (Word(_AM[person]),), (Word(verb.en_ing, key),)
    if verb == BE:
        be = ("was" if singular else "were") if tense == "past" else _AM[person]
        return (Word(be, key),), ()
    if do_support:
        do = "does" if person == "3sg" else "do"
        return (Word("did" if tense == "past" else do),), (Word(verb.en, key),)
    present = verb.third if person == "3sg" else verb.en
    return (), (Word(verb.past if tense == "past" else present, key),)


def _english_modal(
    tense: Tense, person: Person, do_support: bool, key: frozenset[int]
) -> tuple[Word, ...]:
    if tense == "would like":
        return Word("would", key), Word("like", key), Word("to")
    if tense != "want":
        return (Word("will" if tense == "future" else tense, key),)
    if do_support:
        do = "does" if person == "3sg" else "do"
        return Word(do), Word("want", key), Word("to")
    return Word("wants" if person == "3sg" else "want", key), Word("to")
