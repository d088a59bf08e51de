"""The sentence patterns of the sample corpus."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from . import lexicon, nouns
from .choices import FREQUENCIES, MANNERS, SPEEDS, Choices, Combination
from .clauses import Clause, Tense, fronted, passive, with_comma
from .lexicon import BE, Verb
from .nouns import Name, Nominal, NounPhrase, Pronoun, Relative, RelativeSubject
from .words import EMPTY, Pair, Phrase, finish, phrase

_TENSES: list[tuple[Tense, float]] = [
    ("present", 20), ("progressive", 12), ("past", 24), ("perfect", 12), ("future", 10),
    ("can", 5), ("must", 6), ("should", 4), ("want", 5), ("would like", 3),
]  # fmt: skip
_FINITE: list[tuple[Tense, float]] = [("present", 5), ("past", 4), ("future", 1)]
_NOT_PROGRESSIVE = {"see", "hear", "forget", "find", "lose", "have", "cost", "belong"}
_NO_KEEN = {"find", "lose", "forget", "see", "hear", "get", "fall", "wake", "arrive"}


@dataclass(frozen=True)
class Sentence:
    """A sentence pair and the word combinations that it contains."""

    pair: Pair
    combinations: frozenset[Combination]


class Grammar:
    """Draws sentences; equal seeds draw equal sentences on every machine."""

    def __init__(self, seed: int):
        self.choose = Choices(random.Random(seed))
        self.patterns: list[tuple[Callable[[], Pair], float]] = [
            (self._simple, 30), (self._with_reason, 13), (self._reason_first, 8),
            (self._reported, 11), (self._planned, 7), (self._purpose, 5),
            (self._yes_no, 5), (self._open_question, 5), (self._description, 6),
            (self._comparison, 4), (self._measure, 4), (self._belonging, 3),
            (self._existence, 3), (self._passive, 4), (self._joined, 5),
        ]  # fmt: skip

    def sentence(self) -> Sentence:
        """Draw one sentence."""
        self.choose.combinations = set()
        pair = self.choose.weighted(self.patterns)()
        return Sentence(pair, frozenset(self.choose.combinations))

    # Clauses

    def clause(
        self, subject: Nominal | None = None, plain: bool = False, timed: float = 0.35
    ) -> Clause:
        """Draw a clause; a plain one can stand anywhere and stays short."""
        kind = self.choose.weighted(
            [
                (self._transitive, 46.0), (self._dative, 8), (self._giving, 10),
                (self._resting, 12), (self._changing, 10), (self._moving, 12),
                (self._putting, 4), (self._having, 4),
            ]
        )  # fmt: skip
        clause = kind(subject, plain)
        if self.choose.chance(timed):
            clause = replace(clause, time=self.choose.time(clause.tense))
        return clause

    def _start(
        self, verb: Verb, subject: Nominal | None, plain: bool, animals: bool = False
    ) -> Clause:
        """Draw subject, tense, negation and adverb for a verb."""
        choose = self.choose
        if subject is None:
            subject = choose.subject(verb, animals, plain)
        elif isinstance(subject, NounPhrase):
            choose.note_subject(verb, subject.noun.en)
        elif isinstance(subject, Name):
            choose.note_subject(verb, subject.name)
        tense = choose.weighted(_TENSES)
        if tense == "progressive" and verb.en in _NOT_PROGRESSIVE:
            tense = "present"
        if tense in ("want", "would like", "should") and verb.en in _NO_KEEN:
            tense = "past"
        tense = _readable(tense, verb, subject)
        start = Clause(subject, verb, tense)
        if tense != "must" and _negatable(subject) and choose.chance(0.1):
            return replace(start, negated=True)
        if tense == "perfect" and choose.chance(0.35):
            return replace(start, already=phrase("already", "schon"))
        if tense in ("present", "past") and choose.chance(0.08):
            return replace(start, already=phrase("never", "nie"))
        if tense == "present":
            return replace(start, frequency=choose.maybe(0.3, FREQUENCIES))
        return start

    def _transitive(self, subject: Nominal | None, plain: bool) -> Clause:
        choose = self.choose
        verb = choose.one(lexicon.TRANSITIVE)
        clause = self._start(verb, subject, plain)
        if "person" in verb.objects and choose.chance(0.3):
            return replace(clause, accusative=choose.object_pronoun(clause.subject))
        thing = choose.object(verb, plain or _restricts(clause))
        place = not plain and verb.en in _PLACED and choose.chance(0.25)
        return replace(
            clause, accusative=thing, place=choose.place() if place else EMPTY
        )

    def _dative(self, subject: Nominal | None, plain: bool) -> Clause:
        verb = self.choose.one(lexicon.DATIVE)
        clause = self._start(verb, subject, plain)
        if self.choose.chance(0.3):
            return replace(clause, dative=self.choose.object_pronoun(clause.subject))
        person = self.choose.object(verb, plain or _restricts(clause), persons=True)
        return replace(clause, dative=person)

    def _giving(self, subject: Nominal | None, plain: bool) -> Clause:
        choose = self.choose
        verb = choose.one(lexicon.GIVING)
        clause = self._start(verb, subject, plain)
        restricted = plain or _restricts(clause)
        thing = choose.object(verb, restricted)
        dative_to = verb.particle == "to"
        if not dative_to and choose.chance(0.3):
            receiver: Nominal = choose.object_pronoun(clause.subject)
        else:
            receiver = choose.object(verb, restricted, persons=True)
        verb = replace(verb, particle="")
        return replace(
            clause, verb=verb, accusative=thing, dative=receiver, dative_to=dative_to
        )

    def _resting(self, subject: Nominal | None, plain: bool) -> Clause:
        choose = self.choose
        verb = choose.one(lexicon.RESTING)
        clause = self._start(verb, subject, plain, "animal" in verb.objects)
        place = choose.place() if choose.chance(0.5) else EMPTY
        clause = replace(clause, place=place)
        if verb.en in _SOCIAL and not plain and choose.chance(0.4):
            return replace(clause, companion=choose.companion())
        manner = choose.maybe(0.3 if verb.en in _LOUD else 0, MANNERS)
        return replace(clause, manner=manner)

    def _changing(self, subject: Nominal | None, plain: bool) -> Clause:
        verb = self.choose.one(lexicon.CHANGING)
        clause = self._start(verb, subject, plain, "animal" in verb.objects)
        place = verb.en in ("fall", "arrive") and self.choose.chance(0.4)
        return replace(clause, place=self.choose.place() if place else EMPTY)

    def _moving(self, subject: Nominal | None, plain: bool) -> Clause:
        choose = self.choose
        far = choose.chance(0.35)
        verb = choose.one(lexicon.TRAVELLING if far else lexicon.MOVING)
        clause = self._start(verb, subject, plain, "animal" in verb.objects)
        place = choose.far_direction() if far else choose.direction()
        clause = replace(clause, place=place)
        if not plain and choose.chance(0.25):
            return replace(clause, companion=choose.companion())
        return replace(clause, manner=choose.maybe(0 if far else 0.25, SPEEDS))

    def _putting(self, subject: Nominal | None, plain: bool) -> Clause:
        clause = self._start(lexicon.PUT, subject, plain)
        thing = self.choose.object(lexicon.PUT, plain or _restricts(clause))
        place = self.choose.on_furniture("acc")
        return replace(clause, accusative=thing, place=place)

    def _having(self, subject: Nominal | None, plain: bool) -> Clause:
        choose = self.choose
        verb = lexicon.HAVE
        clause = self._start(verb, subject, plain)
        tense: Tense = choose.one(["present", "past"])
        noun = choose.things(choose.one(sorted(verb.objects)), plain=True)
        noun = replace(noun, determiner=nouns.A)
        choose.combinations.add(("object", "have", noun.noun.en))
        simple = Clause(clause.subject, verb, tense, noun, negated=clause.negated)
        return simple

    def being(self, subject: Nominal | None = None) -> Clause:
        """Draw a clause that says what somebody or something is like."""
        choose = self.choose
        if subject is None:
            kind = choose.one(["person", "text", "clothes", "device", "room", "animal"])
            subject = choose.things(kind)
        noun = subject.noun if isinstance(subject, NounPhrase) else lexicon.PEOPLE[0]
        fitting = [a for a in lexicon.ADJECTIVES if noun.kind in a.kinds]
        adjective = choose.one(fitting)
        degree = choose.maybe(0.35, (("very", "sehr"), ("too", "zu")))
        predicate = degree.then(phrase(adjective.en, adjective.de))
        tense: Tense = choose.one(["present", "present", "past"])
        negated = _negatable(subject) and not degree.en and choose.chance(0.15)
        time = EMPTY
        if adjective.en in ("tired", "hungry", "happy") and choose.chance(0.3):
            day = ("today", "heute") if tense == "present" else ("yesterday", "gestern")
            time = phrase(*day)
        return Clause(
            subject, BE, tense, predicate=predicate, negated=negated, time=time
        )

    def _relative(self, head: NounPhrase) -> NounPhrase:
        """Add a relative clause to a noun phrase."""
        choose = self.choose
        if head.owner:
            return head
        wanting = [v for v in lexicon.TRANSITIVE if head.noun.kind in v.objects]
        if head.noun.kind != "person" or choose.chance(0.3):
            verb = choose.one(wanting)
            clause = self._start(verb, choose.subject(verb, plain=True), True)
            choose.combinations.add(("object", _name(verb), head.noun.en))
            clause = replace(clause, negated=False, already=EMPTY)
            return replace(head, relative=Relative(clause, "acc"))
        clause = self.clause(RelativeSubject(head.person), plain=True, timed=0.2)
        choose.note_subject(_full(clause.verb), head.noun.en)
        return replace(head, relative=Relative(clause, "nom"))

    # Sentence patterns

    def _simple(self) -> Pair:
        choose = self.choose
        clause = self.clause(timed=0.5)
        if clause.time.en and choose.chance(0.5):
            return finish(replace(clause, time=EMPTY).main(clause.time))
        if isinstance(clause.subject, NounPhrase) and choose.chance(0.25):
            return finish(
                replace(clause, subject=self._relative(clause.subject)).main()
            )
        last = clause.accusative
        bare = not (clause.place.en or clause.time.en or clause.dative or clause.negated)
        simple = clause.tense == "present" and not clause.verb.particle + clause.verb.prefix
        if isinstance(last, NounPhrase) and bare and simple:
            return finish(replace(clause, accusative=self._relative(last)).main())
        return finish(clause.main())

    def _follow(self, clause: Clause) -> Nominal | None:
        """Refer back to a subject with a pronoun, or not at all."""
        subject = clause.subject
        if isinstance(subject, Pronoun):
            return subject if self.choose.chance(0.5) else None
        if self.choose.chance(0.45):
            return None
        if subject.person == "3pl":
            return Pronoun("they")
        if isinstance(subject, NounPhrase):
            pronoun = subject.noun.pronoun
            person = subject.noun.kind == "person"
            return Pronoun(pronoun) if pronoun and person else None
        return Pronoun(subject.pronoun) if isinstance(subject, Name) else None

    def _second(self, clause: Clause) -> Clause:
        """Draw the clause that goes with another one."""
        subject = self._follow(clause)
        if self.choose.chance(0.3):
            return self.being(subject)
        return self.clause(subject, plain=True, timed=0.15)

    def _with_reason(self) -> Pair:
        clause = self.clause(plain=True, timed=0.15)
        conjunction = self.choose.weighted(
            [
                (("because", "weil"), 6.0), (("although", "obwohl"), 4),
                (("if", "wenn"), 2),
            ]
        )  # fmt: skip
        if conjunction[0] == "if":
            return finish(with_comma(_habitual(clause).main(), self._weather("if")))
        if self.choose.chance(0.1):
            return finish(with_comma(clause.main(), self._weather(conjunction[0])))
        second = self._second(clause).subordinate(phrase(*conjunction))
        return finish(with_comma(clause.main(), second))

    def _weather(self, conjunction: str) -> Phrase:
        german = {"if": "wenn", "because": "weil", "although": "obwohl"}[conjunction]
        rain = self.choose.chance(0.6)
        base, verb = ("rain", "regnet") if rain else ("snow", "schneit")
        if conjunction == "if":
            return phrase(f"if it {base}s", f"wenn es {verb}")
        return phrase(
            f"{conjunction} it is {base}ing", f"{german} es {verb}", "0-0 1-1 3-2"
        )

    def _reason_first(self) -> Pair:
        choose = self.choose
        conjunction = choose.one(
            [("if", "wenn"), ("because", "weil"), ("although", "obwohl")]
        )
        if choose.chance(0.15):
            clause = self.clause(plain=True, timed=0)
            front = self._weather(conjunction[0])
            return finish(_habitual(clause).main(fronted(front)))
        first = self._second_free(conjunction[0])
        second = self.clause(self._follow(first), plain=True, timed=0.1)
        if conjunction[0] == "if":
            second = _habitual(second)
        front = fronted(first.subordinate(phrase(*conjunction)))
        return finish(second.main(front))

    def _second_free(self, conjunction: str) -> Clause:
        if self.choose.chance(0.35):
            clause = self.being(self.choose.subject(BE, plain=True))
            return replace(clause, tense="present") if conjunction == "if" else clause
        clause = self.clause(plain=True, timed=0.1)
        return _habitual(clause) if conjunction == "if" else clause

    def _reported(self) -> Pair:
        choose = self.choose
        verb = choose.one(lexicon.SAYING)
        subject = choose.subject(verb, plain=True)
        tense: Tense = choose.one(["present", "past"])
        saying = Clause(subject, verb, tense)
        second = self._second(saying)
        conjunction = phrase("that", "dass")
        if verb.en == "know" and choose.chance(0.6):
            saying = replace(saying, negated=True)
            conjunction = phrase("whether", "ob")
        front = choose.maybe(0.15 if tense == "past" else 0, [("yesterday", "gestern")])
        return finish(with_comma(saying.main(front), second.subordinate(conjunction)))

    def _planned(self) -> Pair:
        choose = self.choose
        verb = choose.one(lexicon.PLANNING)
        subject = choose.subject(verb, plain=True)
        tense = choose.one(_PLAN_TENSES)
        clause = Clause(subject, verb, tense)
        front = choose.time(tense) if choose.chance(0.15) else EMPTY
        return finish(with_comma(clause.main(front), self._to_do(subject).infinitive()))

    def _to_do(self, subject: Nominal) -> Clause:
        """Draw a clause for an infinitive."""
        placeholder = RelativeSubject(subject.person)
        while True:
            clause = self.clause(placeholder, plain=True, timed=0)
            if clause.verb.en not in _NO_KEEN and clause.verb is not lexicon.HAVE:
                break
        pronoun = clause.accusative
        if isinstance(pronoun, Pronoun) and pronoun == subject:
            clause = replace(clause, accusative=Name(self.choose.one(lexicon.NAMES)))
        return replace(
            clause, negated=False, already=EMPTY, frequency=EMPTY, tense="future"
        )

    def _purpose(self) -> Pair:
        clause = self._moving(None, plain=True)
        clause = replace(clause, negated=False)
        um = phrase("in order", "um")
        goal = self._to_do(clause.subject).infinitive(um)
        return finish(with_comma(clause.main(), goal))

    def _yes_no(self) -> Pair:
        clause = replace(self.clause(), negated=False, already=EMPTY)
        return finish(clause.question(), "?")

    def _open_question(self) -> Pair:
        choose = self.choose
        word = choose.one(["where", "when", "why", "what", "who"])
        if word == "who":
            clause = replace(self.clause(nouns.Who()), negated=False)
            return finish(clause.main(), "?")
        if word == "what":
            clause = self._transitive(None, plain=True)
            clause = replace(clause, accusative=None, negated=False)
        else:
            clause = self.clause(plain=True, timed=0)
        clause = replace(clause, negated=False, already=EMPTY, frequency=EMPTY)
        if word == "where":
            clause = replace(clause, place=EMPTY)
        front = phrase(word, _QUESTION_WORDS[word])
        return finish(clause.question(front), "?")

    def _description(self) -> Pair:
        clause = self.being()
        if self.choose.chance(0.3):
            thing = self.choose.things("item", "text", "clothes")
            place = self.choose.on_furniture("dat")
            clause = Clause(thing, BE, self.choose.one(["present", "past"]), place=place)
        elif isinstance(clause.subject, NounPhrase) and self.choose.chance(0.3):
            clause = replace(clause, subject=self._relative(clause.subject))
        return finish(clause.main())

    def _comparison(self) -> Pair:
        choose = self.choose
        kind = choose.one(["person", "vehicle", "device", "text", "item", "clothes"])
        first, second = choose.things(kind), choose.things(kind, plain=True)
        fitting = [a for a in lexicon.ADJECTIVES if kind in a.kinds and a.comparative]
        adjective = choose.one(fitting)
        assert adjective.comparative
        than = phrase(*adjective.comparative).then(phrase("than", "als"))
        if choose.chance(0.35):
            than = phrase(f"as {adjective.en} as", f"so {adjective.de} wie")
        predicate = than.then(second.render("nom"))
        tense: Tense = choose.one(["present", "past"])
        return finish(Clause(first, BE, tense, predicate=predicate).main())

    def _measure(self) -> Pair:
        choose = self.choose
        large = choose.chance(0.7)
        en, de = choose.one(lexicon.LARGE_CARDINALS if large else lexicon.CARDINALS)
        if choose.chance(0.4):
            subject = choose.subject(BE, plain=True)
            age = phrase(f"{en} years old", f"{de} Jahre alt")
            clause = Clause(subject, BE, choose.one(["present", "past"]), predicate=age)
            return finish(clause.main())
        thing = choose.things("text", "clothes", "item", "device", "furniture")
        choose.note_subject(lexicon.COST, thing.noun.en)
        price = phrase(f"{en} euros", f"{de} Euro")
        tense = _readable(choose.weighted(_FINITE), lexicon.COST, thing)
        return finish(Clause(thing, lexicon.COST, tense, predicate=price).main())

    def _belonging(self) -> Pair:
        choose = self.choose
        thing = choose.things("vehicle", "item", "clothes", "device", "building")
        choose.note_subject(lexicon.BELONG, thing.noun.en)
        if choose.chance(0.2):
            owner: Nominal = Name(choose.one(lexicon.NAMES))
        else:
            owner = choose.things("person", plain=True)
        return finish(Clause(thing, lexicon.BELONG, dative=owner).main())

    def _existence(self) -> Pair:
        thing = self.choose.things("animal", "furniture", "device", "box")
        if thing.owner or thing.definite:
            number = nouns.number(*self.choose.one(lexicon.CARDINALS))
            determiner = number if thing.plural else nouns.A
            thing = replace(thing, determiner=determiner, owner=None)
        there = phrase("there are" if thing.plural else "there is", "es gibt")
        return finish(there.then(thing.render("acc"), self.choose.place()))

    def _passive(self) -> Pair:
        choose = self.choose
        verb = choose.one([v for v in lexicon.TRANSITIVE if v.en in _PASSIVE])
        thing = choose.object(verb, plain=choose.chance(0.5))
        agent = choose.subject(verb, plain=True)
        if isinstance(agent, Pronoun):
            agent = Name(choose.one(lexicon.NAMES))
        time = choose.time("past") if choose.chance(0.3) else EMPTY
        return finish(passive(thing, verb, agent, time))

    def _joined(self) -> Pair:
        first = self.clause(plain=True, timed=0.1)
        second = self.clause(self._follow(first), plain=True, timed=0)
        if self.choose.chance(0.5):
            return finish(first.main().then(phrase("and", "und"), second.main()))
        but = phrase("but", "aber")
        return finish(fronted(first.main()).then(but, second.main()))


def _habitual(clause: Clause) -> Clause:
    """Bring a clause into the tense of a condition."""
    if clause.tense in ("present", "can", "must", "want", "should"):
        return clause
    return replace(clause, tense="present", already=EMPTY, time=EMPTY)


def _readable(tense: Tense, verb: Verb, subject: Nominal) -> Tense:
    """Avoid "they read" and "they put", which may be present or past."""
    same = verb.past == verb.en and subject.person != "3sg"
    return "present" if tense == "past" and same else tense


def _negatable(subject: Nominal) -> bool:
    return not isinstance(subject, NounPhrase) or subject.definite and (
        subject.determiner is not nouns.EVERY
    )


def _restricts(clause: Clause) -> bool:
    """Say whether an object must stay free of quantifiers."""
    return clause.negated or bool(clause.already.en)


def _full(verb: Verb) -> Verb:
    """Return the dictionary entry of a verb whose particle was taken off."""
    named = [v for v in lexicon.GIVING if v.infinitive == verb.infinitive]
    return named[0] if named and not verb.prefix else verb


def _name(verb: Verb) -> str:
    return f"{verb.en} {verb.particle}".strip()


_PLAN_TENSES = cast(list[Tense], ["present", "past", "past", "perfect", "must"])
_PLACED = {"buy", "sell", "find", "see", "hear", "eat", "read", "meet", "wash", "lose"}
_SOCIAL = {"work", "sing", "dance", "play", "wait", "laugh"}
_LOUD = {"sing", "laugh", "work"}
_PASSIVE = {"buy", "sell", "find", "see", "eat", "write", "visit", "repair", "wash", "paint"}
_QUESTION_WORDS = {"where": "wo", "when": "wann", "why": "warum", "what": "was"}
