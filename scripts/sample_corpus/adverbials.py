"""Times, dates, places and directions."""

from . import lexicon
from .dice import Dice
from .nominals import place_noun, things
from .nouns import Case, prepositional
from .words import Phrase, phrase

FREQUENCIES = (
    ("often", "oft"), ("always", "immer"), ("sometimes", "manchmal"),
    ("usually", "meistens"), ("rarely", "selten"),
)  # fmt: skip
MANNERS = (("loudly", "laut"), ("quietly", "leise"))
SPEEDS = (("slowly", "langsam"), ("quickly", "schnell"), ("alone", "allein"))
_HABITS = (
    ("every day", "jeden Tag"),
    ("every week", "jede Woche"),
    ("in summer", "im Sommer"),
    ("in winter", "im Winter"),
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
_UNTIL_NOW = (("today", "heute"), ("this week", "diese Woche"))
_DAY_PARTS = (("in the morning", "am Morgen"), ("in the evening", "am Abend"))
_DATIVE_UNITS = lexicon.pairs("days Tagen weeks Wochen months Monaten years Jahren")


def time(dice: Dice, tense: str) -> Phrase:
    """Choose a time that suits the tense."""
    if tense == "progressive":
        return phrase("now", "jetzt")
    if tense == "perfect":
        return phrase(*dice.one(_UNTIL_NOW))
    if tense == "present":
        return _clock(dice) if dice.chance(0.3) else phrase(*dice.one(_HABITS))
    relative = _ago if tense == "past" else _ahead
    return dice.one((relative, relative, _date, _clock))(dice)


def _ago(dice: Dice) -> Phrase:
    if dice.chance(0.7):
        return phrase(*dice.one(_PAST))
    (en, de), (unit, einheit) = dice.one(lexicon.CARDINALS), dice.one(_DATIVE_UNITS)
    return phrase(f"{en} {unit} ago", f"vor {de} {einheit}", "0-1 1-2 2-0")


def _ahead(dice: Dice) -> Phrase:
    if dice.chance(0.75):
        return phrase(*dice.one(_FUTURE))
    (en, de), (unit, einheit) = dice.one(lexicon.CARDINALS), dice.one(_DATIVE_UNITS)
    return phrase(f"in {en} {unit}", f"in {de} {einheit}")


def _date(dice: Dice) -> Phrase:
    kind = dice.weighted([("month", 2.0), ("weekday", 3), ("day", 6)])
    month, monat = dice.one(lexicon.MONTHS)
    if kind == "month":
        return phrase(f"in {month}", f"im {monat}")
    if kind == "weekday":
        day, tag = dice.one(lexicon.WEEKDAYS)
        return phrase(f"on {day}", f"am {tag}")
    en, de = dice.one(lexicon.ORDINALS)
    return phrase(f"on the {en} of {month}", f"am {de} {monat}", "0-0 1-0 2-1 4-2")


def _clock(dice: Dice) -> Phrase:
    if dice.chance(0.4):
        return phrase(*dice.one(_DAY_PARTS), "0-0 1-0 2-1")
    en, de = dice.one(lexicon.CARDINALS)
    return phrase(f"at {en} o'clock", f"um {de} Uhr")


def place(dice: Dice) -> Phrase:
    """Choose where something happens."""
    if dice.chance(0.2):
        city, stadt = dice.one(lexicon.CITIES)
        return phrase(f"in {city}", f"in {stadt}")
    kind = dice.one(("outdoors", "building", "room", "station"))
    en, de = ("at", "an") if kind == "station" else ("in", "in")
    return prepositional(en, de, place_noun(dice, kind), "dat")


def direction(dice: Dice) -> Phrase:
    """Choose where somebody goes."""
    if dice.chance(0.3):
        inside = place_noun(dice, "room", "outdoors")
        return prepositional("into", "in", inside, "acc")
    goal = place_noun(dice, "building", "station")
    return prepositional("to", "zu", goal, "dat")


def far_direction(dice: Dice) -> Phrase:
    """Choose where somebody travels."""
    city, stadt = dice.one(lexicon.CITIES)
    return phrase(f"to {city}", f"nach {stadt}")


def on_furniture(dice: Dice, case: Case) -> Phrase:
    """Choose a place in a room: accusative for "puts", dative for "is"."""
    en, de = dice.one((("on", "auf"), ("under", "unter"), ("next to", "neben")))
    return prepositional(en, de, place_noun(dice, "furniture"), case)


def companion(dice: Dice) -> Phrase:
    """Choose with whom."""
    return prepositional("with", "mit", things(dice, "person", plain=True), "dat")
