"""Noun phrases, pronouns and prepositional phrases with German agreement."""

from dataclasses import dataclass, replace
from typing import Literal, Protocol

from .lexicon import FEMALE_NAMES, Adjective, Noun, Verb
from .words import COMMA, EMPTY, Phrase, Word, noted, phrase

Case = Literal["nom", "acc", "dat", "gen"]
Person = Literal["1sg", "3sg", "1pl", "3pl"]

_GENDERS = ("m", "f", "n", "pl")
_CASES: dict[Case, str] = {
    "nom": "er e es e",
    "acc": "en e es e",
    "dat": "em er em en",
    "gen": "es er es er",
}
_THE: dict[Case, str] = {
    "nom": "der die das die",
    "acc": "den die das die",
    "dat": "dem der dem den",
    "gen": "des der des der",
}
_PRONOUNS: dict[str, tuple[Person, str, str, str, str]] = {
    "I": ("1sg", "me", "ich", "mich", "mir"),
    "he": ("3sg", "him", "er", "ihn", "ihm"),
    "she": ("3sg", "her", "sie", "sie", "ihr"),
    "we": ("1pl", "us", "wir", "uns", "uns"),
    "they": ("3pl", "them", "sie", "sie", "ihnen"),
}
_CONTRACTIONS = {
    ("in", "dem"): "im",
    ("in", "das"): "ins",
    ("an", "dem"): "am",
    ("von", "dem"): "vom",
    ("zu", "dem"): "zum",
    ("zu", "der"): "zur",
}


class Nominal(Protocol):
    """What can be a subject or an object; `heads` are its nouns or names."""

    @property
    def person(self) -> Person: ...

    @property
    def definite(self) -> bool: ...

    @property
    def heads(self) -> tuple[str, ...]: ...

    def render(self, case: Case) -> Phrase: ...


class Clause(Protocol):
    """What a noun phrase knows of its relative clause."""

    @property
    def verb(self) -> Verb: ...

    def subordinate(self, conjunction: Phrase) -> Phrase: ...


@dataclass(frozen=True)
class Determiner:
    """A determiner with its German stem and the word it declines like.

    "einige" stands for those that decline but leave the adjective strong.
    """

    en: str
    de: str
    declension: Literal["der", "dieser", "ein", "einige", "none"]

    def german(self, case: Case, gender: str) -> str:
        """Return the German form."""
        column = _GENDERS.index(gender)
        if self.declension == "der":
            return _THE[case].split()[column]
        if self.declension == "none":
            return self.de
        if self.bare(case, gender):
            return self.de
        return self.de + _CASES[case].split()[column]

    def bare(self, case: Case, gender: str) -> bool:
        """Say whether ein, mein, kein stand without an ending."""
        return self.declension == "ein" and (
            (gender in "mn" and case == "nom") or (gender == "n" and case == "acc")
        )

    def adjective_ending(self, case: Case, gender: str) -> str:
        """Return the ending of an adjective after this determiner."""
        strong = _CASES[case].split()[_GENDERS.index(gender)]
        if self.declension in ("einige", "none") or self.bare(case, gender):
            return strong
        weak_e = gender != "pl" and (
            case == "nom" or (case == "acc" and gender in ("f", "n"))
        )
        return "e" if weak_e else "en"


THE = Determiner("the", "der", "der")
A = Determiner("a", "ein", "ein")
NO = Determiner("a", "kein", "ein")
THIS = Determiner("this", "dies", "dieser")
THESE = Determiner("these", "dies", "dieser")
EVERY = Determiner("every", "jed", "dieser")
MANY = Determiner("many", "viel", "einige")
SOME = Determiner("some", "einig", "einige")
MY = Determiner("my", "mein", "ein")
HIS = Determiner("his", "sein", "ein")
HER = Determiner("her", "ihr", "ein")
OUR = Determiner("our", "unser", "ein")
THEIR = Determiner("their", "ihr", "ein")
POSSESSIVES = {"I": MY, "he": HIS, "she": HER, "we": OUR, "they": THEIR}


def number(en: str, de: str) -> Determiner:
    """Return a numeral as a determiner."""
    return Determiner(en, de, "none")


@dataclass(frozen=True)
class NounPhrase:
    """Determiner, adjective, noun, and what follows the noun."""

    determiner: Determiner
    noun: Noun
    adjective: Adjective | None = None
    plural: bool = False
    relative: "Relative | None" = None
    owner: "NounPhrase | None" = None

    @property
    def gender(self) -> str:
        return "pl" if self.plural else self.noun.gender

    @property
    def person(self) -> Person:
        return "3pl" if self.plural else "3sg"

    @property
    def definite(self) -> bool:
        indefinite = self.determiner.declension in ("einige", "none")
        return not indefinite and self.determiner != A

    @property
    def heads(self) -> tuple[str, ...]:
        return (self.noun.en,)

    def render(self, case: Case) -> Phrase:
        """Render the phrase with case, gender and number agreement."""
        head = self._owned(case) if self.owner else self._determined(case)
        return head.then(self.relative.render(self)) if self.relative else head

    def without(self, negation: Word) -> Phrase:
        """Render an accusative "a ..." as "kein ...", linked to the negation too."""
        negated = replace(self, determiner=NO).render("acc")
        article, *rest = negated.de
        both = article._replace(keys=article.keys | negation.keys)
        return Phrase(negated.en, (both, *rest))

    def _determined(self, case: Case) -> Phrase:
        determiner = phrase(
            self.determiner.en, self.determiner.german(case, self.gender)
        )
        result = determiner.then(self._adjective(case), self._noun(case))
        if self.determiner.en != "a" or result.en[1].text[0] not in "aeiou":
            return result
        return Phrase((Word("an", result.en[0].keys), *result.en[1:]), result.de)

    def _owned(self, case: Case) -> Phrase:
        """Render "the doctor's car" as "das Auto des Arztes"."""
        assert self.owner is not None
        owner = self.owner.render("gen")
        last = owner.en[-1]
        mark = "'" if last.text.endswith("s") else "'s"
        possessive = (*owner.en[:-1], last._replace(text=last.text + mark))
        thing = self._adjective(case, THE).then(self._noun(case))
        article = Word(THE.german(case, self.gender), last.keys)
        return Phrase((*possessive, *thing.en), (article, *thing.de, *owner.de))

    def _adjective(self, case: Case, determiner: Determiner | None = None) -> Phrase:
        if self.adjective is None:
            return EMPTY
        determiner = determiner or self.determiner
        ending = determiner.adjective_ending(case, self.gender)
        return phrase(self.adjective.en, self.adjective.stem + ending)

    def _noun(self, case: Case) -> Phrase:
        english = self.noun.en_plural if self.plural else self.noun.en
        result = phrase(english, german_noun(self.noun, case, self.plural))
        if self.adjective is None:
            return result
        combination = ("adjective", self.adjective.en, self.noun.en)
        return result._replace(en=noted(result.en, [combination]))


def german_noun(noun: Noun, case: Case, plural: bool) -> str:
    """Decline a German noun."""
    if plural:
        ending = "" if case != "dat" or noun.de_plural[-1] in "ns" else "n"
        return noun.de_plural + ending
    if case == "gen" or (noun.weak and case != "nom"):
        return noun.genitive
    return noun.de


@dataclass(frozen=True)
class Relative:
    """A relative clause whose pronoun stands in `case` within it."""

    clause: Clause
    case: Case

    def render(self, head: NounPhrase) -> Phrase:
        who = head.noun.kind == "person" and self.case == "nom"
        form = THE.german(self.case, head.gender)
        pronoun = phrase("who" if who else "that", form)
        if self.case == "acc":
            combination = ("object", self.clause.verb.name, head.noun.en)
            pronoun = pronoun._replace(en=noted(pronoun.en, [combination]))
        inner = self.clause.subordinate(pronoun)
        return Phrase(inner.en, (COMMA, *inner.de, COMMA))


@dataclass(frozen=True)
class Gap:
    """The subject of an infinitive, or of a relative clause: known, but not said."""

    person: Person
    heads: tuple[str, ...] = ()
    definite: bool = True

    def render(self, case: Case) -> Phrase:
        return EMPTY


@dataclass(frozen=True)
class Pronoun:
    """A personal pronoun, named by its English subject form."""

    en: str

    @property
    def person(self) -> Person:
        return _PRONOUNS[self.en][0]

    @property
    def definite(self) -> bool:
        return True

    @property
    def heads(self) -> tuple[str, ...]:
        return ()

    def render(self, case: Case) -> Phrase:
        _, english_object, nom, acc, dat = _PRONOUNS[self.en]
        if case == "nom":
            return phrase(self.en, nom)
        return phrase(english_object, acc if case == "acc" else dat)


@dataclass(frozen=True)
class Name:
    """A proper name, the same in both languages."""

    name: str
    person: Person = "3sg"
    definite: bool = True

    @property
    def heads(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def pronoun(self) -> str:
        return "she" if self.name in FEMALE_NAMES else "he"

    def render(self, case: Case) -> Phrase:
        return phrase(self.name, self.name)


@dataclass(frozen=True)
class Who:
    """The question word that stands for a subject."""

    person: Person = "3sg"
    heads: tuple[str, ...] = ()
    definite: bool = True

    def render(self, case: Case) -> Phrase:
        return phrase("who", "wer")


@dataclass(frozen=True)
class Both:
    """Two subjects joined by "and"."""

    first: Nominal
    second: Nominal
    person: Person = "3pl"

    @property
    def definite(self) -> bool:
        return self.first.definite and self.second.definite

    @property
    def heads(self) -> tuple[str, ...]:
        return self.first.heads + self.second.heads

    def render(self, case: Case) -> Phrase:
        conjunction = phrase("and", "und")
        return self.first.render(case).then(conjunction, self.second.render(case))


def prepositional(en: str, de: str, nominal: Nominal, case: Case) -> Phrase:
    """Join a preposition and its object, contracting in + dem to im and the like."""
    preposition, thing = phrase(en, de), nominal.render(case)
    joined = preposition.then(thing)
    is_article = isinstance(nominal, NounPhrase) and nominal.determiner == THE
    contraction = _CONTRACTIONS.get((de, thing.de[0].text))
    if not (is_article and contraction):
        return joined
    keys = preposition.de[-1].keys | thing.de[0].keys
    return Phrase(joined.en, (Word(contraction, keys), *thing.de[1:]))
