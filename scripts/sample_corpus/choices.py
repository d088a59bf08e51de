"""Random choices: which words fill a phrase, and what goes well together."""

import random
from collections.abc import Sequence
from typing import TypeVar

from . import lexicon, nouns
from .lexicon import Adjective, Noun, Verb
from .nouns import Determiner, Name, Nominal, NounPhrase, Pronoun, prepositional
from .words import EMPTY, Phrase, phrase

T = TypeVar("T")
Combination = tuple[str, str, str]

_RELATIVES = frozenset(
    "brother sister daughter aunt grandmother friend neighbour mother teacher "
    "doctor child student".split()
)
_HELD_OUT_EVERY = 11

_ADJECTIVE_NUMBER = {a.en: i for i, a in enumerate(lexicon.ADJECTIVES)}
_NOUN_NUMBER = {noun.en: i for i, noun in enumerate(lexicon.NOUNS)}
_NOUN_NUMBER |= {name: len(_NOUN_NUMBER) + i for i, name in enumerate(lexicon.NAMES)}
_VERB_NUMBER: dict[str, int] = {}


def verb_name(verb: Verb) -> str:
    """Return "switch on" for the verb of "switches ... on"."""
    return f"{verb.en} {verb.particle}".strip()


for _verb in (
    *lexicon.TRANSITIVE, *lexicon.DATIVE, *lexicon.GIVING, *lexicon.RESTING,
    *lexicon.CHANGING, *lexicon.MOVING, *lexicon.TRAVELLING, *lexicon.SAYING,
    *lexicon.PLANNING, lexicon.HAVE, lexicon.COST, lexicon.BELONG, lexicon.PUT,
):  # fmt: skip
    _VERB_NUMBER[verb_name(_verb)] = len(_VERB_NUMBER)


def held_out(combination: Combination) -> bool:
    """Say whether training never sees this pair of words together.

    A combination is ("adjective", adjective, noun), ("object", verb, noun) or
    ("subject", verb, noun), in English dictionary forms. The rule takes about one
    noun in eleven from every adjective and from every verb.
    """
    kind, word, noun = combination
    number = _ADJECTIVE_NUMBER if kind == "adjective" else _VERB_NUMBER
    return (4 * number[word] + _NOUN_NUMBER[noun]) % _HELD_OUT_EVERY == 3


class Choices:
    """Chooses phrases and notes which words it has put together."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.combinations: set[Combination] = set()

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def one(self, options: Sequence[T]) -> T:
        return options[int(self.rng.random() * len(options))]

    def weighted(self, options: Sequence[tuple[T, float]]) -> T:
        point = self.rng.random() * sum(weight for _, weight in options)
        for option, weight in options:
            point -= weight
            if point < 0:
                return option
        return options[-1][0]

    def noun(self, kinds: frozenset[str]) -> Noun:
        return self.one([noun for noun in lexicon.NOUNS if noun.kind in kinds])

    def things(self, *kinds: str, plain: bool = False) -> NounPhrase:
        """Choose a noun phrase; a plain one has only the, a or a possessive."""
        noun = self.noun(frozenset(kinds))
        plural = not plain and self.chance(0.2)
        adjective = self.adjective(noun) if self.chance(0.33) else None
        owned = not plain and noun.kind in _OWNED and self.chance(0.07)
        owner = self.owner() if owned else None
        determiner = nouns.THE if owner else self.determiner(noun, plural, plain)
        return NounPhrase(determiner, noun, adjective, plural, owner=owner)

    def place_noun(self, *kinds: str) -> NounPhrase:
        noun = self.noun(frozenset(kinds))
        adjective = self.adjective(noun) if self.chance(0.2) else None
        determiner = self.weighted([(nouns.THE, 8), (nouns.A, 1), (nouns.THIS, 1)])
        return NounPhrase(determiner, noun, adjective)

    def owner(self) -> NounPhrase:
        noun = self.noun(frozenset({"person"}))
        return NounPhrase(self.determiner(noun, False, True, indefinite=False), noun)

    def adjective(self, noun: Noun) -> Adjective | None:
        fitting = [a for a in lexicon.ADJECTIVES if noun.kind in a.kinds]
        if not fitting:
            return None
        adjective = self.one(fitting)
        self.combinations.add(("adjective", adjective.en, noun.en))
        return adjective

    def determiner(
        self, noun: Noun, plural: bool, plain: bool, indefinite: bool = True
    ) -> Determiner:
        possessive = self.one(list(nouns.POSSESSIVES.values()))
        own = 5 if noun.kind != "person" or noun.en in _RELATIVES else 0
        own = 0 if noun.kind in ("food", "building", "outdoors", "station") else own
        if plural:
            options = [
                (nouns.THE, 8.0), (possessive, own), (nouns.THESE, 2),
                (nouns.MANY, 2), (nouns.SOME, 2),
                (nouns.number(*self.one(lexicon.CARDINALS)), 5),
            ]  # fmt: skip
            return self.weighted(options)
        options = [(nouns.THE, 9.0), (possessive, own)]
        options += [(nouns.A, 6)] if indefinite else []
        options += [] if plain else [(nouns.THIS, 2), (nouns.EVERY, 1)]
        return self.weighted(options)

    def subject(self, verb: Verb, animals: bool = False, plain: bool = False):
        """Choose who does it: a pronoun, a name, a person or an animal."""
        kind = self.weighted(
            [("pronoun", 20.0), ("name", 15), ("noun", 65), ("both", 0 if plain else 4)]
        )
        if kind == "pronoun":
            return Pronoun(self.one(list(nouns.POSSESSIVES)))
        if kind == "name":
            return self._name(verb)
        if kind == "both":
            first, second = self._name(verb), self._person(verb, ("person",), True)
            return nouns.Both(first, second)
        kinds = ("person", "person", "animal") if animals else ("person",)
        return self._person(verb, (self.one(kinds),), plain)

    def _name(self, verb: Verb) -> Name:
        name = self.one(lexicon.NAMES)
        self.note_subject(verb, name)
        return Name(name)

    def _person(self, verb: Verb, kinds: tuple[str, ...], plain: bool) -> NounPhrase:
        phrase = self.things(*kinds, plain=plain)
        self.note_subject(verb, phrase.noun.en)
        return phrase

    def note_subject(self, verb: Verb, noun: str) -> None:
        if verb is not lexicon.BE:
            self.combinations.add(("subject", verb_name(verb), noun))

    def object(self, verb: Verb, plain: bool = False, persons: bool = False) -> Nominal:
        """Choose an object that suits the verb."""
        kinds = ["person"] if persons else sorted(verb.objects)
        kind = self.one(kinds)
        if kind == "person" and self.chance(0.15):
            return Name(self.one(lexicon.NAMES))
        thing = self.things(kind, plain=plain)
        if not persons or verb in lexicon.DATIVE:
            self.combinations.add(("object", verb_name(verb), thing.noun.en))
        return thing

    def object_pronoun(self, subject: Nominal) -> Pronoun:
        first = {"1sg": "I", "1pl": "we"}.get(subject.person)
        taken = ("I", "we") if first else ()
        return Pronoun(self.one([p for p in nouns.POSSESSIVES if p not in taken]))

    def time(self, tense: str) -> Phrase:
        """Choose a time that suits the tense."""
        options = {
            "present": [self._habit],
            "progressive": [lambda: phrase("now", "jetzt")],
            "perfect": [self._today],
            "past": [self._past, self._past, self._date, self._clock],
        }.get(tense, [self._future, self._future, self._date, self._clock])
        return self.one(options)()

    def _habit(self) -> Phrase:
        en, de, links = self.one(_HABITS)
        return self._clock() if self.chance(0.25) else phrase(en, de, links)

    def _today(self) -> Phrase:
        return phrase(*self.one([("today", "heute"), ("this week", "diese Woche")]))

    def _past(self) -> Phrase:
        if self.chance(0.3):
            en, de = self.one(lexicon.CARDINALS)
            unit, einheit = self.one(_UNITS)
            return phrase(f"{en} {unit} ago", f"vor {de} {einheit}", "0-1 1-2 2-0")
        return phrase(*self.one(_PAST))

    def _future(self) -> Phrase:
        if self.chance(0.25):
            en, de = self.one(lexicon.CARDINALS)
            unit, einheit = self.one(_UNITS)
            return phrase(f"in {en} {unit}", f"in {de} {einheit}")
        return phrase(*self.one(_FUTURE))

    def _date(self) -> Phrase:
        month, monat = self.one(lexicon.MONTHS)
        if self.chance(0.2):
            return phrase(f"in {month}", f"im {monat}")
        if self.chance(0.4):
            day, tag = self.one(lexicon.WEEKDAYS)
            return phrase(f"on {day}", f"am {tag}")
        en, de = self.one(lexicon.ORDINALS)
        links = "0-0 1-0 2-1 4-2"
        return phrase(f"on the {en} of {month}", f"am {de} {monat}", links)

    def _clock(self) -> Phrase:
        if self.chance(0.4):
            return phrase(*self.one(_DAY_PARTS), "0-0 1-0 2-1")
        en, de = self.one(lexicon.CARDINALS)
        return phrase(f"at {en} o'clock", f"um {de} Uhr")

    def place(self) -> Phrase:
        if self.chance(0.2):
            city, stadt = self.one(lexicon.CITIES)
            return phrase(f"in {city}", f"in {stadt}")
        kind = self.one(["outdoors", "building", "room", "station"])
        en, de = ("at", "an") if kind == "station" else ("in", "in")
        return prepositional(en, de, self.place_noun(kind), "dat")

    def direction(self) -> Phrase:
        if self.chance(0.3):
            place = self.place_noun("room", "outdoors")
            return prepositional("into", "in", place, "acc")
        return prepositional("to", "zu", self.place_noun("building", "station"), "dat")

    def far_direction(self) -> Phrase:
        city, stadt = self.one(lexicon.CITIES)
        return phrase(f"to {city}", f"nach {stadt}")

    def on_furniture(self, case: nouns.Case) -> Phrase:
        en, de = self.one([("on", "auf"), ("under", "unter"), ("next to", "neben")])
        thing = self.things("furniture", plain=True)
        return prepositional(en, de, thing, case)

    def companion(self) -> Phrase:
        other = self.things("person", plain=True)
        return prepositional("with", "mit", other, "dat")

    def maybe(self, probability: float, options: Sequence[tuple[str, str]]) -> Phrase:
        return phrase(*self.one(options)) if self.chance(probability) else EMPTY


FREQUENCIES = (
    ("often", "oft"), ("always", "immer"), ("sometimes", "manchmal"),
    ("usually", "meistens"), ("rarely", "selten"),
)  # fmt: skip
MANNERS = (("loudly", "laut"), ("quietly", "leise"), ("gladly", "gern"))
SPEEDS = (("slowly", "langsam"), ("quickly", "schnell"), ("alone", "allein"))
_OWNED = frozenset({"vehicle", "item", "clothes", "device", "room"})
_HABITS = (
    ("every day", "jeden Tag", None),
    ("every week", "jede Woche", None),
    ("in summer", "im Sommer", None),
    ("in winter", "im Winter", None),
)
_PAST = (
    ("yesterday", "gestern"),
    ("yesterday", "gestern"),
    ("last week", "letzte Woche"),
    ("last year", "letztes Jahr"),
)
_FUTURE = (
    ("tomorrow", "morgen"),
    ("tomorrow", "morgen"),
    ("soon", "bald"),
    ("next week", "nächste Woche"),
    ("next year", "nächstes Jahr"),
)
_UNITS = (
    ("days", "Tagen"), ("weeks", "Wochen"), ("months", "Monaten"),
    ("years", "Jahren"),
)  # fmt: skip
_DAY_PARTS = (("in the morning", "am Morgen"), ("in the evening", "am Abend"))
