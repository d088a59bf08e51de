"""Clauses: verb forms, and the word order of both languages."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from .lexicon import BE, HAVE, Verb
from .nouns import A, Nominal, NounPhrase, Person, Pronoun, prepositional
from .words import COMMA, EMPTY, Phrase, Word, fresh, noted, phrase

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
    """The verb words of a clause: English in order, German finite and right bracket.

    `particle` and `prefix` are the separable halves; both may be absent.
    """

    auxiliary: tuple[Word, ...]
    main: tuple[Word, ...]
    particle: tuple[Word, ...]
    finite: Word
    bracket: tuple[Word, ...]
    prefix: tuple[Word, ...]


def conjugate(
    verb: Verb, tense: Tense, person: Person, do_support: bool = False
) -> VerbGroup:
    """Conjugate a verb in both languages; English simple past is German Perfekt."""
    key, particle_key, helper = fresh(), fresh(), fresh()
    particle = tuple(Word(text, particle_key) for text in verb.particle.split())
    whole = key | particle_key if particle else key
    halves = bool(verb.prefix and particle)
    stem_key = key if halves else whole
    prefix = (Word(verb.prefix, particle_key if halves else whole),)
    prefix = prefix if verb.prefix else ()
    simple = _simple_past(verb) if tense == "past" else None

    if tense in ("present", "progressive") or simple:
        auxiliary, main = _english_present(verb, tense, person, do_support, key)
        finite = german(simple, person) if simple else _present(verb, person)
        return VerbGroup(auxiliary, main, particle, Word(finite, stem_key), (), prefix)
    if tense == "past":
        # "bought" says all of "hat gekauft"; with "did ... buy" each half has a word
        auxiliary = (Word("did", helper),) if do_support else ()
        main = Word(verb.en if do_support else verb.past, key)
        finite = german(verb.auxiliary, person)
        finite_word = Word(finite, helper if do_support else key)
        bracket = (Word(verb.de_participle, whole),)
        return VerbGroup(auxiliary, (main,), particle, finite_word, bracket, ())
    if tense == "perfect":
        has = Word("has" if person == "3sg" else "have", helper)
        finite_word = Word(german(verb.auxiliary, person), helper)
        bracket = (Word(verb.de_participle, whole),)
        main = Word(verb.participle, key)
        return VerbGroup((has,), (main,), particle, finite_word, bracket, ())
    auxiliary = _english_modal(tense, person, do_support, helper)
    infinitive = (Word(verb.prefix + verb.infinitive, whole),)
    return VerbGroup(
        auxiliary,
        (Word(verb.en, key),),
        particle,
        Word(german(tense, person), helper),
        infinitive,
        (),
    )


def _simple_past(verb: Verb) -> str | None:
    """Name the Präteritum of the two verbs that use it."""
    return "war" if verb is BE else "hatte" if verb is HAVE else None


def _present(verb: Verb, person: Person) -> str:
    if verb is BE:
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
    if verb is BE:
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


@dataclass(frozen=True)
class Clause:
    """A clause as its parts; `render` puts them in order in both languages.

    `time` and `place` close the English clause; `frequency` stands before the verb.
    `dative_to` says "shows the picture to the guest" rather than "gives the guest ...".
    """

    subject: Nominal
    verb: Verb
    tense: Tense = "present"
    accusative: Nominal | None = None
    dative: Nominal | None = None
    dative_to: bool = False
    predicate: Phrase = EMPTY
    negated: bool = False
    frequency: Phrase = EMPTY
    already: Phrase = EMPTY
    manner: Phrase = EMPTY
    companion: Phrase = EMPTY
    place: Phrase = EMPTY
    time: Phrase = EMPTY

    def main(self, front: Phrase = EMPTY) -> Phrase:
        """Render verb-second, with `front` or else the subject before the verb."""
        verbs, parts = self._verbs(), self._parts()
        subject = self.subject.render("nom")
        german = subject.de + (verbs.finite,) + parts.pronouns + parts.de
        if front.de:
            german = (*front.de, verbs.finite, *self._inverted(subject, parts))
        return Phrase(
            front.en + self._statement(verbs, parts, subject),
            german + verbs.bracket + verbs.prefix,
        )

    def question(self, front: Phrase = EMPTY) -> Phrase:
        """Render a question, open if `front` is a question word."""
        verbs, parts = self._verbs(question=True), self._parts()
        subject = self.subject.render("nom")
        auxiliary, rest = verbs.auxiliary[:1], verbs.auxiliary[1:]
        inverted = verbs._replace(auxiliary=rest)
        german = (*front.de, verbs.finite, *self._inverted(subject, parts))
        return Phrase(
            front.en + auxiliary + self._statement(inverted, parts, subject),
            german + verbs.bracket + verbs.prefix,
        )

    def subordinate(self, conjunction: Phrase) -> Phrase:
        """Render verb-final after a conjunction or relative pronoun, without commas."""
        verbs, parts = self._verbs(), self._parts()
        subject = self.subject.render("nom")
        return Phrase(
            conjunction.en + self._statement(verbs, parts, subject),
            conjunction.de
            + (subject.de + parts.pronouns + parts.de)
            + _verb_final(verbs),
        )

    def infinitive(self, opening: Phrase = EMPTY) -> Phrase:
        """Render "to buy a car" as "ein Auto zu kaufen"."""
        to = fresh()
        parts = self._parts()
        verbs = conjugate(self.verb, "future", "3sg")
        verbs = verbs._replace(main=self._noted(verbs.main))
        [verb] = verbs.bracket
        zu: tuple[Word, ...] = (Word("zu", to), verb)
        if prefix := self.verb.prefix:
            zu = (Word(f"{prefix}zu{self.verb.infinitive}", to | verb.keys),)
        english = Word("to", to), *verbs.main
        return Phrase(
            opening.en + english + self._objects(verbs, parts) + parts.en_end,
            opening.de + parts.pronouns + parts.de + zu,
        )

    def _verbs(self, question: bool = False) -> VerbGroup:
        asks_do = (question or self.negated) and self.verb is not BE
        verbs = conjugate(self.verb, self.tense, self.subject.person, asks_do)
        return verbs._replace(main=self._noted(verbs.main))

    def _noted(self, main: tuple[Word, ...]) -> tuple[Word, ...]:
        """Note on the English verb which nouns it is combined with."""
        objects = (self.accusative or self.dative) if self.verb is not BE else None
        nouns = objects.heads if objects else ()
        pairs = [("subject", self.verb.name, noun) for noun in self.subject.heads]
        pairs += [("object", self.verb.name, noun) for noun in nouns]
        return noted(main, pairs) if main else main

    def _inverted(self, subject: Phrase, parts: "_Parts") -> tuple[Word, ...]:
        """Order what follows the verb: "hilft uns ein Arzt", but "hilft er uns"."""
        if self.subject.definite:
            return subject.de + parts.pronouns + parts.de
        return parts.pronouns + subject.de + parts.de

    def _statement(
        self, verbs: VerbGroup, parts: "_Parts", subject: Phrase
    ) -> tuple[Word, ...]:
        """Order English: subject, auxiliary, not, adverb, verb, objects, the rest."""
        auxiliary, rest = verbs.auxiliary[:1], verbs.auxiliary[1:]
        middle = auxiliary + parts.negation + parts.en_adverb + rest
        if parts.negation and auxiliary and auxiliary[0].text == "can":
            keys = auxiliary[0].keys | parts.negation[0].keys
            middle = (Word("cannot", keys), *parts.en_adverb, *rest)
        return (
            *subject.en, *middle, *verbs.main,
            *self._objects(verbs, parts), *parts.en_end,
        )  # fmt: skip

    def _objects(self, verbs: VerbGroup, parts: "_Parts") -> tuple[Word, ...]:
        if verbs.particle and verbs.particle[0].text in ("for", "to"):
            return verbs.particle + parts.en_objects
        return parts.en_objects + verbs.particle

    def _parts(self) -> "_Parts":
        """Order the German middle field, and the English that follows the verb."""
        negation = self._negation()
        accusative, kein = self._accusative(negation)
        dative = self.dative.render("dat") if self.dative else EMPTY
        no = negation.de if not kein else ()
        adverb = no + self.already.de
        definite = self.accusative is not None and self.accusative.definite
        acc_pronoun = isinstance(self.accusative, Pronoun)
        dat_pronoun = isinstance(self.dative, Pronoun)
        pronouns = (
            *(accusative.de if acc_pronoun else ()),
            *(dative.de if dat_pronoun else ()),
        )
        german = (
            *self.time.de,
            *self.frequency.de,
            *(() if dat_pronoun else dative.de),
            *(accusative.de if definite and not acc_pronoun else ()),
            *adverb,
            *(() if definite else accusative.de),
            *self.manner.de,
            *self.companion.de,
            *self.predicate.de,
            *self.place.de,
        )
        to = (Word("to"),) if self.dative_to else ()
        objects = dative.en + accusative.en
        if self.dative_to:
            objects = accusative.en + to + dative.en
        end = self.manner.then(self.companion, self.place, self.time).en
        return _Parts(
            pronouns,
            german,
            negation.en,
            self.frequency.en + self.already.en,
            objects + self.predicate.en,
            end,
        )

    def _negation(self) -> Phrase:
        return phrase("not", "nicht") if self.negated else EMPTY

    def _accusative(self, negation: Phrase) -> tuple[Phrase, bool]:
        """Render the accusative object; say whether it took up the negation."""
        thing = self.accusative
        if thing is None:
            return EMPTY, False
        if negation.en and isinstance(thing, NounPhrase) and thing.determiner == A:
            return thing.without(negation.en[0]), True
        return thing.render("acc"), False


class _Parts(NamedTuple):
    pronouns: tuple[Word, ...]
    de: tuple[Word, ...]
    negation: tuple[Word, ...]
    en_adverb: tuple[Word, ...]
    en_objects: tuple[Word, ...]
    en_end: tuple[Word, ...]


def _verb_final(verbs: VerbGroup) -> tuple[Word, ...]:
    """Put the finite verb last, written together with its prefix."""
    if not verbs.prefix:
        return (*verbs.bracket, verbs.finite)
    [prefix] = verbs.prefix
    keys = prefix.keys | verbs.finite.keys
    return (Word(prefix.text + verbs.finite.text, keys),)


def with_comma(first: Phrase, second: Phrase) -> Phrase:
    """Join two clauses, with a comma in German only."""
    return Phrase(first.en + second.en, (*first.de, COMMA, *second.de))


def fronted(clause: Phrase) -> Phrase:
    """Close a subordinate clause that opens the sentence: a comma on both sides."""
    return Phrase((*clause.en, COMMA), (*clause.de, COMMA))


def passive(subject: Nominal, verb: Verb, agent: Nominal, time: Phrase) -> Phrase:
    """Render "the letter was written by the teacher" with a German wurde-passive."""
    start, end = fresh(), fresh()
    plural = subject.person == "3pl"
    thing, by = subject.render("nom"), prepositional("by", "von", agent, "dat")
    was = Word("were" if plural else "was", start)
    wurde = Word("wurden" if plural else "wurde", start)
    english = Word(verb.participle, end)
    participle = Word(verb.de_participle, end)
    pairs = [("subject", verb.name, noun) for noun in agent.heads]
    pairs += [("object", verb.name, noun) for noun in subject.heads]
    return Phrase(
        (*thing.en, was, *noted((english,), pairs), *by.en, *time.en),
        (*thing.de, wurde, *time.de, *by.de, participle),
    )
