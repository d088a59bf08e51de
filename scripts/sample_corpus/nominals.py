"""Which noun phrases there are, and what goes well together in one."""

from . import lexicon, nouns
from .dice import Dice
from .lexicon import Adjective, Noun, Verb
from .nouns import Both, Determiner, Name, Nominal, NounPhrase, Pronoun

_CLOSE = frozenset(
    "brother sister aunt grandmother friend neighbour teacher doctor child".split()
)
_KIN = frozenset("brother sister aunt grandmother".split())
_OWNERS = [n for n in lexicon.PEOPLE if n.en in _CLOSE - {"grandmother", "child"}]
_OWNED = frozenset({"vehicle", "item", "clothes", "device"})
_COMMON = frozenset({"food", "building", "outdoors", "station", "opening"})
_SINGULAR = frozenset({"building", "outdoors", "station", "opening", "room"})
_PRONOUNS = tuple(nouns.POSSESSIVES)


def things(dice: Dice, *kinds: str, plain: bool = False) -> NounPhrase:
    """Choose a noun phrase; a plain one does without every, many, some and numbers."""
    kind = dice.one(kinds)
    noun = dice.one([noun for noun in lexicon.NOUNS if noun.kind == kind])
    quality = adjective(dice, noun) if dice.chance(0.36) else None
    if not plain and kind in _OWNED and dice.chance(0.1):
        owner_noun = dice.one(_OWNERS)
        owner = NounPhrase(_owner_determiner(dice, owner_noun), owner_noun)
        return NounPhrase(nouns.THE, noun, quality, dice.chance(0.2), owner=owner)
    if kind not in _SINGULAR and dice.chance(0.12 if plain else 0.27):
        determiner = _plural_determiner(dice, noun, plain)
        return NounPhrase(determiner, noun, quality, plural=True)
    return NounPhrase(_determiner(dice, noun, plain), noun, quality)


def place_noun(dice: Dice, *kinds: str) -> NounPhrase:
    """Choose a noun phrase for a place."""
    noun = dice.one([noun for noun in lexicon.NOUNS if noun.kind in kinds])
    determiner = dice.weighted([(nouns.THE, 8), (nouns.A, 1), (nouns.THIS, 1)])
    return NounPhrase(
        determiner, noun, adjective(dice, noun) if dice.chance(0.2) else None
    )


def adjectives(kind: str) -> list[Adjective]:
    """Return the adjectives that suit a kind of thing."""
    return [a for a in lexicon.ADJECTIVES if kind in a.kinds]


def adjective(dice: Dice, noun: Noun) -> Adjective | None:
    """Choose an adjective that suits the noun, if there is one."""
    fitting = adjectives(noun.kind)
    return dice.one(fitting) if fitting else None


def _possessive(dice: Dice) -> Determiner:
    return dice.one(tuple(nouns.POSSESSIVES.values()))


def _possessive_weight(noun: Noun) -> float:
    if noun.kind in _COMMON or (noun.kind == "person" and noun.en not in _CLOSE):
        return 0
    return 12 if noun.en in _KIN else 5


def _determiner(dice: Dice, noun: Noun, plain: bool) -> Determiner:
    options = [
        (nouns.THE, 9.0), (_possessive(dice), _possessive_weight(noun)),
        (nouns.A, 0 if noun.en in _KIN else 6),
        (nouns.THIS, 0 if plain else 2), (nouns.EVERY, 0 if plain else 1),
    ]  # fmt: skip
    return dice.weighted(options)


def _plural_determiner(dice: Dice, noun: Noun, plain: bool) -> Determiner:
    options = [
        (nouns.THE, 8.0), (_possessive(dice), _possessive_weight(noun)),
        (nouns.THESE, 0 if plain else 2), (nouns.MANY, 0 if plain else 2),
        (nouns.SOME, 0 if plain else 2),
        (nouns.number(*dice.one(lexicon.CARDINALS)), 0 if plain else 5),
    ]  # fmt: skip
    return dice.weighted(options)


def _owner_determiner(dice: Dice, noun: Noun) -> Determiner:
    return dice.weighted([(nouns.THE, 5.0), (_possessive(dice), 5)])


def subject(dice: Dice, animals: bool = False, plain: bool = False) -> Nominal:
    """Choose who does it: a pronoun, a name, a person, an animal or two persons."""
    kind = dice.weighted(
        [("pronoun", 29.0), ("name", 13), ("noun", 58), ("both", 0 if plain else 4)]
    )
    if kind == "pronoun":
        return Pronoun("I" if dice.chance(0.3) else dice.one(_PRONOUNS))
    if kind == "name":
        return name(dice)
    if kind == "both":
        return Both(name(dice), things(dice, "person", plain=True))
    kinds = ("person", "person", "animal") if animals else ("person",)
    return things(dice, *kinds, plain=plain)


def name(dice: Dice) -> Name:
    """Choose a person by name."""
    return Name(dice.one(lexicon.NAMES))


def object_of(dice: Dice, verb: Verb, plain: bool = False) -> Nominal:
    """Choose an object that suits the verb."""
    kind = dice.one(sorted(verb.objects))
    return (
        receiver(dice, plain) if kind == "person" else things(dice, kind, plain=plain)
    )


def receiver(dice: Dice, plain: bool = False) -> Nominal:
    """Choose a person as an object."""
    return name(dice) if dice.chance(0.15) else things(dice, "person", plain=plain)


def object_pronoun(dice: Dice, subject: Nominal) -> Pronoun:
    """Choose an object pronoun that does not mean the speaker twice."""
    first_person = subject.person in ("1sg", "1pl")
    taken = ("I", "we") if first_person else ()
    return Pronoun(dice.one([p for p in _PRONOUNS if p not in taken]))
