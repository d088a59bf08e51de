"""The sentence patterns of the sample corpus."""

from dataclasses import replace

from . import adverbials, lexicon, nominals, nouns
from .actions import (
    action,
    asking_what,
    going,
    negatable,
    readable,
    related,
    state,
    task,
)
from .clauses import Clause, fronted, passive, with_comma
from .dice import Dice
from .lexicon import BE, BELONG, COST
from .nouns import Name, Nominal, NounPhrase, Pronoun, Who
from .verbs import Tense
from .words import EMPTY, Pair, Phrase, finish, phrase

_CONJUNCTIONS = {"because": "weil", "although": "obwohl", "if": "wenn"}
_QUESTION_WORDS = {"where": "wo", "when": "wann", "why": "warum", "what": "was"}
_FINITE: tuple[tuple[Tense, float], ...] = (("present", 5), ("past", 4), ("future", 1))
_PRESENT_OR_PAST: tuple[Tense, ...] = ("present", "past")
_PLAN_TENSES: tuple[Tense, ...] = ("present", "past", "past", "perfect", "must")
_CONDITIONS = frozenset({"present", "can", "must", "want", "should"})
_CHILDREN = frozenset({"child", "boy", "girl"})
_PASSIVE = tuple(
    verb
    for verb in lexicon.TRANSITIVE
    if verb.en in "buy sell find see eat write visit repair wash paint".split()
)


def sentence(dice: Dice) -> Pair:
    """Draw one sentence pair."""
    return dice.weighted(_PATTERNS)(dice)


def _simple(dice: Dice) -> Pair:
    clause = action(dice, timed=0.5)
    if clause.time.en and dice.chance(0.5):
        return finish(replace(clause, time=EMPTY).main(clause.time))
    subject, thing = clause.subject, clause.accusative
    if isinstance(subject, NounPhrase) and dice.chance(0.25):
        return finish(replace(clause, subject=related(dice, subject)).main())
    # a relative clause at the very end, where it belongs to one noun only
    if isinstance(thing, NounPhrase) and _ends_with_object(clause):
        return finish(replace(clause, accusative=related(dice, thing)).main())
    return finish(clause.main())


def _ends_with_object(clause: Clause) -> bool:
    rest = clause.place.en + clause.time.en
    split = clause.verb.particle or clause.verb.prefix or clause.tense != "present"
    return not (rest or split or clause.dative or clause.negated)


def _back_reference(dice: Dice, clause: Clause) -> Nominal | None:
    """Refer back to the subject of a clause with a pronoun, or not at all."""
    subject = clause.subject
    if isinstance(subject, Pronoun) or dice.chance(0.45):
        return subject if isinstance(subject, Pronoun) and dice.chance(0.5) else None
    if subject.person == "3pl":
        return Pronoun("they")
    if isinstance(subject, Name):
        return Pronoun(subject.pronoun)
    if not isinstance(subject, NounPhrase) or subject.noun.kind != "person":
        return None
    pronoun = subject.noun.pronoun
    return Pronoun(pronoun) if pronoun else None


def _second(dice: Dice, clause: Clause) -> Clause:
    """Draw the clause that goes with another one."""
    subject = _back_reference(dice, clause)
    if dice.chance(0.3):
        return state(dice, subject)
    return action(dice, subject, plain=True, timed=0.15)


def _with_reason(dice: Dice) -> Pair:
    clause = action(dice, plain=True, timed=0.15)
    word = dice.weighted((("because", 6.0), ("although", 4), ("if", 1)))
    if word == "if":
        return finish(with_comma(_conditional(clause).main(), _weather(dice, word)))
    if dice.chance(0.1):
        return finish(with_comma(clause.main(), _weather(dice, word)))
    reason = _second(dice, clause).subordinate(phrase(word, _CONJUNCTIONS[word]))
    return finish(with_comma(clause.main(), reason))


def _weather(dice: Dice, word: str) -> Phrase:
    german = _CONJUNCTIONS[word]
    base, verb = ("rain", "regnet") if dice.chance(0.6) else ("snow", "schneit")
    if word == "if":
        return phrase(f"if it {base}s", f"wenn es {verb}")
    return phrase(f"{word} it is {base}ing", f"{german} es {verb}", "0-0 1-1 3-2")


def _reason_first(dice: Dice) -> Pair:
    word = dice.one(tuple(_CONJUNCTIONS))
    if dice.chance(0.15):
        clause = action(dice, plain=True, timed=0)
        clause = _conditional(clause) if word == "if" else clause
        return finish(clause.main(fronted(_weather(dice, word))))
    first = state(dice, nominals.subject(dice, plain=True))
    if dice.chance(0.65):
        first = action(dice, plain=True, timed=0.1)
    second = action(dice, _back_reference(dice, first), plain=True, timed=0.1)
    if word == "if":
        first, second = _conditional(first), _conditional(second)
    front = fronted(first.subordinate(phrase(word, _CONJUNCTIONS[word])))
    return finish(second.main(front))


def _conditional(clause: Clause) -> Clause:
    """Bring a clause into a tense that goes with "if"."""
    if clause.tense in _CONDITIONS:
        return clause
    return replace(clause, tense="present", already=EMPTY, time=EMPTY)


def _reported(dice: Dice) -> Pair:
    verb = dice.one(lexicon.SAYING)
    saying = Clause(nominals.subject(dice, plain=True), verb)
    content = _second(dice, saying)
    conjunction, front = phrase("that", "dass"), EMPTY
    if verb.en == "know" and negatable(saying.subject) and dice.chance(0.6):
        saying = replace(saying, negated=True)
        conjunction = phrase("whether", "ob")
    if content.tense == "past":
        saying = replace(saying, tense="past")
        front = dice.maybe(0.2, [("yesterday", "gestern")])
    return finish(with_comma(saying.main(front), content.subordinate(conjunction)))


def _planned(dice: Dice) -> Pair:
    verb, tense = dice.one(lexicon.PLANNING), dice.one(_PLAN_TENSES)
    clause = Clause(nominals.subject(dice, plain=True), verb, tense)
    front = adverbials.time(dice, tense) if dice.chance(0.15) else EMPTY
    goal = task(dice, clause.subject).infinitive()
    return finish(with_comma(clause.main(front), goal))


def _purpose(dice: Dice) -> Pair:
    clause = going(dice)
    goal = task(dice, clause.subject).infinitive(phrase("in order", "um"))
    return finish(with_comma(clause.main(), goal))


def _yes_no(dice: Dice) -> Pair:
    return finish(_positive(action(dice)).question(), "?")


def _open_question(dice: Dice) -> Pair:
    word = dice.one((*_QUESTION_WORDS, "who"))
    if word == "who":
        return finish(_positive(action(dice, Who())).main(), "?")
    if word == "what":
        clause = asking_what(dice)
    else:
        clause = action(dice, plain=True, timed=0)
    if word == "where":
        clause = replace(clause, place=EMPTY)
    front = phrase(word, _QUESTION_WORDS[word])
    return finish(_positive(clause).question(front), "?")


def _positive(clause: Clause) -> Clause:
    return replace(clause, negated=False, already=EMPTY, frequency=EMPTY)


def _description(dice: Dice) -> Pair:
    if dice.chance(0.3):
        thing = nominals.things(dice, "item", "text", "clothes")
        place = adverbials.on_furniture(dice, "dat")
        return finish(Clause(thing, BE, dice.one(_PRESENT_OR_PAST), place=place).main())
    clause = state(dice)
    if isinstance(clause.subject, NounPhrase) and dice.chance(0.3):
        clause = replace(clause, subject=related(dice, clause.subject))
    return finish(clause.main())


def _comparison(dice: Dice) -> Pair:
    kind = dice.one(("person", "vehicle", "device", "text", "item", "clothes"))
    first = nominals.things(dice, kind)
    second = nominals.things(dice, kind, plain=True)
    adjective = dice.one([a for a in nominals.adjectives(kind) if a.comparative])
    assert adjective.comparative
    than = phrase(*adjective.comparative).then(phrase("than", "als"))
    if dice.chance(0.35):
        than = phrase(f"as {adjective.en} as", f"so {adjective.de} wie")
    predicate, tense = than.then(second.render("nom")), dice.one(_PRESENT_OR_PAST)
    return finish(Clause(first, BE, tense, predicate=predicate).main())


def _measure(dice: Dice) -> Pair:
    """Say how old somebody is, or what something costs."""
    if dice.chance(0.4):
        subject, tense = nominals.subject(dice, plain=True), dice.one(_PRESENT_OR_PAST)
        young = not _CHILDREN.isdisjoint(subject.heads)
        numbers = lexicon.CARDINALS if young else lexicon.LARGE_CARDINALS
        en, de = dice.one(numbers)
        age = phrase(f"{en} years old", f"{de} Jahre alt")
        return finish(Clause(subject, BE, tense, predicate=age).main())
    en, de = dice.one(lexicon.CARDINALS + lexicon.LARGE_CARDINALS)
    thing = nominals.things(dice, "text", "clothes", "item", "device", "furniture")
    tense = readable(dice.weighted(_FINITE), COST, thing)
    price = phrase(f"{en} euros", f"{de} Euro")
    return finish(Clause(thing, COST, tense, predicate=price).main())


def _belonging(dice: Dice) -> Pair:
    thing = nominals.things(dice, "vehicle", "item", "clothes", "device", "building")
    owner = nominals.receiver(dice, plain=True)
    return finish(Clause(thing, BELONG, dative=owner).main())


def _existence(dice: Dice) -> Pair:
    thing = nominals.things(dice, "animal", "furniture", "device", "box")
    if thing.definite:
        number = nouns.number(*dice.one(lexicon.CARDINALS))
        determiner = number if thing.plural else nouns.A
        thing = replace(thing, determiner=determiner, owner=None)
    there = phrase("there are" if thing.plural else "there is", "es gibt")
    return finish(there.then(thing.render("acc"), adverbials.place(dice)))


def _passive(dice: Dice) -> Pair:
    verb = dice.one(_PASSIVE)
    thing = nominals.object_of(dice, verb, plain=dice.chance(0.5))
    agent = nominals.receiver(dice, plain=True)
    time = adverbials.time(dice, "past") if dice.chance(0.3) else EMPTY
    return finish(passive(thing, verb, agent, time))


def _joined(dice: Dice) -> Pair:
    first = action(dice, plain=True, timed=0.1)
    second = action(dice, _back_reference(dice, first), plain=True, timed=0).main()
    if dice.chance(0.5):
        return finish(first.main().then(phrase("and", "und"), second))
    return finish(fronted(first.main()).then(phrase("but", "aber"), second))


_PATTERNS = (
    (_simple, 31.0), (_with_reason, 13), (_reason_first, 8), (_reported, 11),
    (_planned, 7), (_purpose, 5), (_yes_no, 5), (_open_question, 5),
    (_description, 6), (_comparison, 4), (_measure, 5), (_belonging, 3),
    (_existence, 3), (_passive, 4), (_joined, 5),
)  # fmt: skip
