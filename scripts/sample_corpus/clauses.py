"""Clauses: the word order of both languages."""

from dataclasses import dataclass
from typing import NamedTuple

from .lexicon import BE, Verb
from .nouns import A, Nominal, NounPhrase, Pronoun, prepositional
from .verbs import Tense, VerbGroup, conjugate
from .words import COMMA, EMPTY, Phrase, Word, fresh, noted, phrase


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
            + verbs.verb_final(),
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
        asks_do = (question or self.negated) and self.verb != BE
        verbs = conjugate(self.verb, self.tense, self.subject.person, asks_do)
        return verbs._replace(main=self._noted(verbs.main))

    def _noted(self, main: tuple[Word, ...]) -> tuple[Word, ...]:
        """Note on the English verb which nouns it is combined with."""
        objects = (self.accusative or self.dative) if self.verb != BE else None
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
        """Render everything but subject and verb, once for both languages."""
        negation = phrase("not", "nicht") if self.negated else EMPTY
        accusative, kein = self._accusative(negation)
        dative = self.dative.render("dat") if self.dative else EMPTY
        to = (Word("to"),) if self.dative_to else ()
        objects = dative.en + accusative.en
        if self.dative_to:
            objects = accusative.en + to + dative.en
        return _Parts(
            pronouns=_if(isinstance(self.accusative, Pronoun), accusative)
            + _if(isinstance(self.dative, Pronoun), dative),
            de=self._middle_field(accusative, dative, EMPTY if kein else negation),
            negation=negation.en,
            en_adverb=self.frequency.en + self.already.en,
            en_objects=objects + self.predicate.en,
            en_end=self.manner.then(self.companion, self.place, self.time).en,
        )

    def _accusative(self, negation: Phrase) -> tuple[Phrase, bool]:
        """Render the accusative object; say whether it took up the negation."""
        thing = self.accusative
        if thing is None:
            return EMPTY, False
        if negation.en and isinstance(thing, NounPhrase) and thing.determiner == A:
            return thing.without(negation.en[0]), True
        return thing.render("acc"), False

    def _middle_field(
        self, accusative: Phrase, dative: Phrase, negation: Phrase
    ) -> tuple[Word, ...]:
        """Order what stands between the German verb parts, after the pronouns.

        A definite object precedes "nicht", "nie" and "schon", an indefinite follows.
        """
        thing = self.accusative
        noun = thing is not None and not isinstance(thing, Pronoun)
        definite = thing is not None and thing.definite
        return (
            *self.time.de,
            *self.frequency.de,
            *_if(not isinstance(self.dative, Pronoun), dative),
            *_if(noun and definite, accusative),
            *negation.de,
            *self.already.de,
            *_if(noun and not definite, accusative),
            *self.manner.de,
            *self.companion.de,
            *self.predicate.de,
            *self.place.de,
        )


class _Parts(NamedTuple):
    """A clause without subject and verb: German, then English."""

    pronouns: tuple[Word, ...]
    de: tuple[Word, ...]
    negation: tuple[Word, ...]
    en_adverb: tuple[Word, ...]
    en_objects: tuple[Word, ...]
    en_end: tuple[Word, ...]


def _if(condition: bool, thing: Phrase) -> tuple[Word, ...]:
    return thing.de if condition else ()


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
