"""Which clauses there are: verbs with what suits them."""

from dataclasses import replace

from . import adverbials, lexicon, nominals, nouns
from .clauses import Clause
from .dice import Dice
from .lexicon import BE, HAVE, PUT, Verb
from .nouns import Gap, Nominal, NounPhrase, Relative
from .verbs import Tense
from .words import EMPTY, phrase

_TENSES: tuple[tuple[Tense, float], ...] = (
    ("present", 22), ("progressive", 12), ("past", 23), ("perfect", 12), ("future", 10),
    ("can", 5), ("must", 6), ("should", 4), ("want", 5), ("would like", 3),
)  # fmt: skip
_INTRANSITIVE = lexicon.RESTING + lexicon.CHANGING + lexicon.MOVING
_NOT_PROGRESSIVE = frozenset({"see", "forget", "find"})
_NOT_WISHED = frozenset({"see", "forget", "find", "get", "fall", "wake", "arrive"})
_WITH_PLACE = frozenset({"buy", "sell", "find", "see", "eat", "read", "meet", "wash"})
_SOCIAL = frozenset({"work", "sing", "dance", "play", "wait"})
_AUDIBLE = frozenset({"sing", "work", "play"})
_GIVEN_TO = frozenset({"show", "send"})


def action(
    dice: Dice, subject: Nominal | None = None, plain: bool = False, timed: float = 0.35
) -> Clause:
    """Draw a clause about doing something; a plain one stays short."""
    draw = dice.weighted(
        (
            (_transitive, 46.0), (_dative, 9), (_giving, 10), (_resting, 10),
            (_changing, 10), (_moving, 11), (_putting, 5), (_having, 4),
        )
    )  # fmt: skip
    clause = draw(dice, subject, plain)
    if clause.frequency.en or clause.verb == HAVE or not dice.chance(timed):
        return clause
    return replace(clause, time=adverbials.time(dice, clause.tense))


def _start(dice: Dice, verb: Verb, subject: Nominal | None, plain: bool) -> Clause:
    """Draw subject, tense, negation and adverb for a verb."""
    if subject is None:
        # the nouns of a verb without object are its subjects
        animals = verb in _INTRANSITIVE and "animal" in verb.objects
        subject = nominals.subject(dice, animals, plain)
    tense = _suitable_tense(dice, verb, subject)
    start = Clause(subject, verb, tense)
    if tense != "must" and negatable(subject) and dice.chance(0.1):
        return replace(start, negated=True)
    if tense == "perfect" and dice.chance(0.35):
        return replace(start, already=phrase("already", "schon"))
    if tense in ("present", "past") and dice.chance(0.08):
        return replace(start, already=phrase("never", "nie"))
    if tense == "present":
        return replace(start, frequency=dice.maybe(0.3, adverbials.FREQUENCIES))
    return start


def _suitable_tense(dice: Dice, verb: Verb, subject: Nominal) -> Tense:
    tense = dice.weighted(_TENSES)
    if tense == "progressive" and verb.en in _NOT_PROGRESSIVE:
        tense = "present"
    if tense in ("want", "would like", "should") and verb.en in _NOT_WISHED:
        tense = "past"
    return readable(tense, verb, subject)


def readable(tense: Tense, verb: Verb, subject: Nominal) -> Tense:
    """Avoid "they read" and "they put", which may be present or past."""
    same = verb.past == verb.en and subject.person != "3sg"
    return "perfect" if tense == "past" and same else tense


def negatable(subject: Nominal) -> bool:
    """Say whether a negation after this subject has one meaning only."""
    return subject.definite and (
        not isinstance(subject, NounPhrase) or subject.determiner != nouns.EVERY
    )


def _simple_object(clause: Clause, plain: bool) -> bool:
    """Say whether the object must do without every, many and some."""
    return plain or clause.negated or bool(clause.already.en)


def _transitive(dice: Dice, subject: Nominal | None, plain: bool) -> Clause:
    verb = dice.one(lexicon.TRANSITIVE)
    clause = _start(dice, verb, subject, plain)
    if "person" in verb.objects and dice.chance(0.3):
        pronoun = nominals.object_pronoun(dice, clause.subject)
        return replace(clause, accusative=pronoun)
    thing = nominals.object_of(dice, verb, _simple_object(clause, plain))
    placed = verb.en in _WITH_PLACE and dice.chance(0.1 if plain else 0.3)
    place = adverbials.place(dice) if placed else EMPTY
    return replace(clause, accusative=thing, place=place)


def _dative(dice: Dice, subject: Nominal | None, plain: bool) -> Clause:
    verb = dice.one(lexicon.DATIVE)
    clause = _start(dice, verb, subject, plain)
    if dice.chance(0.3):
        return replace(clause, dative=nominals.object_pronoun(dice, clause.subject))
    person = nominals.receiver(dice, _simple_object(clause, plain))
    return replace(clause, dative=person)


def _giving(dice: Dice, subject: Nominal | None, plain: bool) -> Clause:
    verb = dice.one(lexicon.GIVING)
    clause = _start(dice, verb, subject, plain)
    simple, to = _simple_object(clause, plain), verb.en in _GIVEN_TO
    thing = nominals.object_of(dice, verb, simple)
    if not to and dice.chance(0.3):
        receiver: Nominal = nominals.object_pronoun(dice, clause.subject)
    else:
        receiver = nominals.receiver(dice, simple)
    return replace(clause, accusative=thing, dative=receiver, dative_to=to)


def _resting(dice: Dice, subject: Nominal | None, plain: bool) -> Clause:
    verb = dice.one(lexicon.RESTING)
    clause = _start(dice, verb, subject, plain)
    if dice.chance(0.5):
        clause = replace(clause, place=adverbials.place(dice))
    if verb.en in _SOCIAL and not plain and dice.chance(0.4):
        return replace(clause, companion=adverbials.companion(dice))
    manner = dice.maybe(0.3 if verb.en in _AUDIBLE else 0, adverbials.MANNERS)
    return replace(clause, manner=manner)


def _changing(dice: Dice, subject: Nominal | None, plain: bool) -> Clause:
    verb = dice.one(lexicon.CHANGING)
    clause = _start(dice, verb, subject, plain)
    placed = verb.en in ("fall", "arrive") and dice.chance(0.5)
    return replace(clause, place=adverbials.place(dice) if placed else EMPTY)


def _moving(dice: Dice, subject: Nominal | None, plain: bool) -> Clause:
    far = dice.chance(0.35)
    verb = dice.one(lexicon.TRAVELLING if far else lexicon.MOVING)
    clause = _start(dice, verb, subject, plain)
    goal = adverbials.far_direction if far else adverbials.direction
    clause = replace(clause, place=goal(dice))
    if not plain and dice.chance(0.25):
        return replace(clause, companion=adverbials.companion(dice))
    return replace(clause, manner=dice.maybe(0 if far else 0.25, adverbials.SPEEDS))


def _putting(dice: Dice, subject: Nominal | None, plain: bool) -> Clause:
    clause = _start(dice, PUT, subject, plain)
    thing = nominals.object_of(dice, PUT, _simple_object(clause, plain))
    place = adverbials.on_furniture(dice, "acc")
    return replace(clause, accusative=thing, place=place)


def _having(dice: Dice, subject: Nominal | None, plain: bool) -> Clause:
    clause = _start(dice, HAVE, subject, plain)
    thing = nominals.things(dice, *sorted(HAVE.objects), plain=True)
    tense: Tense = dice.one(("present", "past"))
    return Clause(
        clause.subject, HAVE, tense, replace(thing, determiner=nouns.A, plural=False),
        negated=clause.negated,
    )  # fmt: skip


def going(dice: Dice) -> Clause:
    """Draw a clause about a person who goes somewhere on purpose."""
    clause = _moving(dice, nominals.subject(dice, plain=True), plain=True)
    return replace(clause, negated=False, already=EMPTY, frequency=EMPTY)


def asking_what(dice: Dice) -> Clause:
    """Draw a clause whose object is asked for."""
    clause = _transitive(dice, None, plain=True)
    return replace(clause, accusative=None)


def task(dice: Dice, subject: Nominal) -> Clause:
    """Draw something to do, for an infinitive."""
    gap = Gap(subject.person)
    while True:
        clause = action(dice, gap, plain=True, timed=0)
        if clause.verb.en not in _NOT_WISHED and clause.verb != HAVE:
            break
    return replace(
        clause, negated=False, already=EMPTY, frequency=EMPTY, tense="future"
    )


def state(dice: Dice, subject: Nominal | None = None) -> Clause:
    """Draw a clause that says what somebody or something is like."""
    if subject is None:
        subject = nominals.things(
            dice, "person", "person", "text", "clothes", "device", "animal", "room"
        )
    kind = subject.noun.kind if isinstance(subject, NounPhrase) else "person"
    adjective = dice.one(nominals.adjectives(kind))
    degree = dice.maybe(0.35, (("very", "sehr"), ("too", "zu")))
    tense: Tense = dice.one(("present", "present", "past"))
    today = ("today", "heute") if tense == "present" else ("yesterday", "gestern")
    passing = adjective.en in ("tired", "happy")
    return Clause(
        subject,
        BE,
        tense,
        predicate=degree.then(phrase(adjective.en, adjective.de)),
        negated=negatable(subject) and not degree.en and dice.chance(0.15),
        time=dice.maybe(0.4 if passing else 0, [today]),
    )


def related(dice: Dice, head: NounPhrase) -> NounPhrase:
    """Add a relative clause to a noun phrase."""
    if head.owner:
        return head
    if head.noun.kind == "person" and dice.chance(0.7):
        gap = Gap(head.person, head.heads)
        clause = action(dice, gap, plain=True, timed=0.2)
        return replace(head, relative=Relative(clause, "nom"))
    verb = dice.one([v for v in lexicon.TRANSITIVE if head.noun.kind in v.objects])
    subject = nominals.subject(dice, plain=True)
    tense = _suitable_tense(dice, verb, subject)
    return replace(head, relative=Relative(Clause(subject, verb, tense), "acc"))
