"""The grammar of the sample corpus, against sentences written by hand."""

from dataclasses import replace

import pytest
from sample_corpus import lexicon, nouns
from sample_corpus.clauses import Clause, fronted, passive, with_comma
from sample_corpus.lexicon import ADJECTIVES, BE, NOUNS
from sample_corpus.nouns import (
    Gap,
    Name,
    NounPhrase,
    Pronoun,
    Relative,
    Who,
    prepositional,
)
from sample_corpus.words import COMMA, Phrase, finish, phrase


def noun(en: str):
    return next(noun for noun in NOUNS if noun.en == en)


def verb(name: str):
    tables = (lexicon.TRANSITIVE, lexicon.DATIVE, lexicon.GIVING, lexicon.RESTING)
    tables += (lexicon.CHANGING, lexicon.MOVING, lexicon.TRAVELLING, lexicon.SAYING)
    return next(
        v for table in (*tables, lexicon.PLANNING) for v in table if v.name == name
    )


def np(determiner: nouns.Determiner, *words: str, plural: bool = False) -> NounPhrase:
    """Build a noun phrase from [adjective and] noun."""
    *adjective, head = words
    found = next((a for a in ADJECTIVES if [a.en] == adjective), None)
    return NounPhrase(determiner, noun(head), found, plural)


THE, A, MY, HER = nouns.THE, nouns.A, nouns.MY, nouns.HER
ICH, HE, THEY = Pronoun("I"), Pronoun("he"), Pronoun("they")
ANNA = Name("Anna")
GARDEN = prepositional("in", "in", np(THE, "garden"), "dat")
TOMORROW = phrase("tomorrow", "morgen")
THREE_DAYS_AGO = phrase("three days ago", "vor drei Tagen", "0-1 1-2 2-0")
THE_MAN_WHO = replace(
    np(THE, "old", "man"),
    relative=Relative(
        Clause(Gap("3sg"), verb("call"), "future", accusative=np(THE, "doctor")), "nom"
    ),
)
THE_BOX_THAT = replace(
    np(THE, "box"),
    relative=Relative(Clause(ANNA, verb("open"), "past"), "acc"),
)
HER_BROTHERS_CAR = replace(np(THE, "new", "car"), owner=np(HER, "brother"))

EXPECTED: list[tuple[Phrase, str, str, str]] = [
    (
        Clause(
            np(A, "young", "boy"), verb("see"), accusative=np(A, "old", "dog")
        ).main(),
        "A young boy sees an old dog.",
        "Ein junger Junge sieht einen alten Hund.",
        "0-0 1-1 2-2 3-3 4-4 5-5 6-6",
    ),
    (
        Clause(np(THE, "nurse"), verb("call"), "present", HE, time=TOMORROW).main(),
        "The nurse calls him tomorrow.",
        "Die Krankenschwester ruft ihn morgen an.",
        "0-0 1-1 2-2 2-5 3-3 4-4",
    ),
    (
        Clause(ICH, verb("throw away"), "past", np(MY, "white", "shirt")).main(),
        "I threw my white shirt away.",
        "Ich habe mein weißes Hemd weggeworfen.",
        "0-0 1-1 1-5 2-2 3-3 4-4 5-5",
    ),
    (
        Clause(THEY, verb("fall asleep"), "perfect", place=GARDEN).main(),
        "They have fallen asleep in the garden.",
        "Sie sind im Garten eingeschlafen.",
        "0-0 1-1 2-4 3-4 4-2 5-2 6-3",
    ),
    (
        with_comma(
            Clause(ANNA, verb("sleep"), "progressive").main(),
            Clause(Pronoun("she"), BE, predicate=phrase("tired", "müde")).subordinate(
                phrase("because", "weil")
            ),
        ),
        "Anna is sleeping because she is tired.",
        "Anna schläft, weil sie müde ist.",
        "0-0 2-1 3-2 4-3 5-5 6-4",
    ),
    (
        Clause(np(THE, "cat"), verb("fall asleep"), "can").main(
            fronted(
                Clause(np(THE, "girl"), verb("turn off"), "present", np(THE, "lamp"))
            .subordinate(phrase("if", "wenn")))
        ),
        "If the girl turns the lamp off, the cat can fall asleep.",
        "Wenn das Mädchen die Lampe ausschaltet, kann die Katze einschlafen.",
        "0-0 1-1 2-2 3-5 4-3 5-4 6-5 7-7 8-8 9-6 10-9 11-9",
    ),
    (
        with_comma(
            Clause(HE, verb("say"), "past").main(),
            Clause(ICH, verb("meet"), "past", np(MY, "neighbour")).subordinate(
                phrase("that", "dass")
            ),
        ),
        "He said that I met my neighbour.",
        "Er hat gesagt, dass ich meinen Nachbarn getroffen habe.",
        "0-0 1-1 1-2 2-3 3-4 4-7 4-8 5-5 6-6",
    ),
    (
        Clause(THE_MAN_WHO, verb("help"), "present", dative=ANNA).main(),
        "The old man who will call the doctor helps Anna.",
        "Der alte Mann, der den Arzt anrufen wird, hilft Anna.",
        "0-0 1-1 2-2 3-3 4-7 5-6 6-4 7-5 8-8 9-9",
    ),
    (
        Clause(HE, verb("find"), "present", THE_BOX_THAT).main(),
        "He finds the box that Anna opened.",
        "Er findet die Kiste, die Anna aufgemacht hat.",
        "0-0 1-1 2-2 3-3 4-4 5-5 6-6 6-7",
    ),
    (
        Clause(
            np(THE, "aunt"), verb("give"), "past",
            np(A, "cheap", "book"), np(THE, "student"),
        ).main(THREE_DAYS_AGO),
        "Three days ago the aunt gave the student a cheap book.",
        "Vor drei Tagen hat die Tante dem Studenten ein billiges Buch gegeben.",
        "0-1 1-2 2-0 3-4 4-5 5-3 5-11 6-6 7-7 8-8 9-9 10-10",
    ),
    (
        Clause(
            ICH, verb("show"), "want", np(THE, "gold ring"),
            np(nouns.SOME, "friendly", "guest", plural=True), dative_to=True,
        ).main(),
        "I want to show the gold ring to some friendly guests.",
        "Ich will einigen freundlichen Gästen den Goldring zeigen.",
        "0-0 1-1 3-7 4-5 5-6 6-6 8-2 9-3 10-4",
    ),
    (
        Clause(HE, verb("buy"), "present", np(A, "hat"), negated=True).main(),
        "He does not buy a hat.",
        "Er kauft keinen Hut.",
        "0-0 2-2 3-1 4-2 5-3",
    ),
    (
        Clause(
            THEY, verb("thank"), "can", dative=np(THE, "police officer"), negated=True
        ).main(),
        "They cannot thank the police officer.",
        "Sie können dem Polizisten nicht danken.",
        "0-0 1-1 1-4 2-5 3-2 4-3 5-3",
    ),
    (
        Clause(HE, verb("try"), "past").main().then(
            Phrase((), (COMMA,)),
            Clause(Gap("3sg"), verb("tidy up"), accusative=np(THE, "kitchen"))
            .infinitive(),
        ),
        "He tried to tidy the kitchen up.",
        "Er hat versucht, die Küche aufzuräumen.",
        "0-0 1-1 1-2 2-5 3-5 4-3 5-4 6-5",
    ),
    (
        with_comma(
            Clause(
                ANNA, verb("drive"), "present",
                place=prepositional("to", "zu", np(THE, "train station"), "dat"),
            ).main(),
            Clause(Gap("3sg"), verb("look for"), accusative=Pronoun("she")).infinitive(
                phrase("in order", "um")
            ),
        ),
        "Anna drives to the train station in order to look for her.",
        "Anna fährt zum Bahnhof, um sie zu suchen.",
        "0-0 1-1 2-2 3-2 4-3 5-3 6-4 7-4 8-6 9-7 10-7 11-5",
    ),
    (
        Clause(
            HER_BROTHERS_CAR, BE,
            predicate=phrase("more expensive", "teurer").then(
                phrase("than", "als"), np(THE, "old", "bicycle").render("nom")
            ),
        ).main(),
        "Her brother's new car is more expensive than the old bicycle.",
        "Das neue Auto ihres Bruders ist teurer als das alte Fahrrad.",
        "0-3 1-0 1-4 2-1 3-2 4-5 5-6 6-6 7-7 8-8 9-9 10-10",
    ),
    (
        passive(np(THE, "letter"), verb("write"), np(THE, "teacher"), THREE_DAYS_AGO),
        "The letter was written by the teacher three days ago.",
        "Der Brief wurde vor drei Tagen vom Lehrer geschrieben.",
        "0-0 1-1 2-2 3-8 4-6 5-6 6-7 7-4 8-5 9-3",
    ),
    (
        Clause(
            np(A, "doctor"), verb("help"), "must", dative=Pronoun("we"),
        ).main(TOMORROW),
        "Tomorrow a doctor must help us.",
        "Morgen muss uns ein Arzt helfen.",
        "0-0 1-3 2-4 3-1 4-5 5-2",
    ),
    (
        Clause(
            np(THE, "child", plural=True), verb("play"), "present",
            frequency=phrase("often", "oft"),
            companion=prepositional("with", "mit", np(HER, "dog", plural=True), "dat"),
        ).main(),
        "The children often play with her dogs.",
        "Die Kinder spielen oft mit ihren Hunden.",
        "0-0 1-1 2-3 3-2 4-4 5-5 6-6",
    ),
    (
        Clause(
            ICH, lexicon.PUT, "future", np(THE, "key"),
            place=prepositional("on", "auf", np(THE, "big", "table"), "acc"),
        ).main(),
        "I will put the key on the big table.",
        "Ich werde den Schlüssel auf den großen Tisch legen.",
        "0-0 1-1 2-8 3-2 4-3 5-4 6-5 7-6 8-7",
    ),
]  # fmt: skip
QUESTIONS: list[tuple[Phrase, str, str, str]] = [
    (
        Clause(np(THE, "guest"), verb("bring along"), "past", np(A, "cake")).question(
            phrase("when", "wann")
        ),
        "When did the guest bring a cake along?",
        "Wann hat der Gast einen Kuchen mitgebracht?",
        "0-0 1-1 2-2 3-3 4-6 5-4 6-5 7-6",
    ),
    (
        Clause(Who(), verb("repair"), "past", np(nouns.THESE, "computer", plural=True))
        .main(),
        "Who repaired these computers?",
        "Wer hat diese Computer repariert?",
        "0-0 1-1 1-4 2-2 3-3",
    ),
    (
        Clause(np(A, "bird"), verb("wait"), "present", place=GARDEN).question(),
        "Does a bird wait in the garden?",
        "Wartet ein Vogel im Garten?",
        "1-1 2-2 3-0 4-3 5-3 6-4",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("clause", "en", "de", "alignment"), EXPECTED)
def test_sentence_is_correct_and_aligned(clause, en, de, alignment):
    assert finish(clause)[:2] == (en, de)
    assert finish(clause).pharaoh == alignment


@pytest.mark.parametrize(("clause", "en", "de", "alignment"), QUESTIONS)
def test_question_is_correct_and_aligned(clause, en, de, alignment):
    assert finish(clause, "?")[:2] == (en, de)
    assert finish(clause, "?").pharaoh == alignment


@pytest.mark.parametrize(
    ("determiner", "words", "forms"),
    [
        (THE, ("old", "man"), "der alte Mann/den alten Mann/dem alten Mann"),
        (A, ("old", "man"), "ein alter Mann/einen alten Mann/einem alten Mann"),
        (THE, ("red", "handbag"), "die rote Handtasche/die rote Handtasche/"
         "der roten Handtasche"),
        (MY, ("red", "handbag"), "meine rote Handtasche/meine rote Handtasche/"
         "meiner roten Handtasche"),
        (nouns.THIS, ("big", "house"), "dieses große Haus/dieses große Haus/"
         "diesem großen Haus"),
        (nouns.OUR, ("big", "house"), "unser großes Haus/unser großes Haus/"
         "unserem großen Haus"),
        (nouns.EVERY, ("tired", "student"), "jeder müde Student/jeden müden Studenten/"
         "jedem müden Studenten"),
        (A, ("expensive", "dress"), "ein teures Kleid/ein teures Kleid/"
         "einem teuren Kleid"),
    ],
)  # fmt: skip
def test_singular_agrees_in_every_case(determiner, words, forms):
    assert declined(np(determiner, *words)) == forms


@pytest.mark.parametrize(
    ("determiner", "words", "forms"),
    [
        (THE, ("young", "friend"), "die jungen Freunde/die jungen Freunde/"
         "den jungen Freunden"),
        (nouns.THEIR, ("black", "cat"), "ihre schwarzen Katzen/ihre schwarzen Katzen/"
         "ihren schwarzen Katzen"),
        (nouns.number("two", "zwei"), ("fresh", "egg"), "zwei frische Eier/"
         "zwei frische Eier/zwei frischen Eiern"),
        (nouns.MANY, ("new", "radio"), "viele neue Radios/viele neue Radios/"
         "vielen neuen Radios"),
        (nouns.THESE, ("happy", "girl"), "diese glücklichen Mädchen/"
         "diese glücklichen Mädchen/diesen glücklichen Mädchen"),
    ],
)  # fmt: skip
def test_plural_agrees_in_every_case(determiner, words, forms):
    assert declined(np(determiner, *words, plural=True)) == forms


def declined(thing: NounPhrase) -> str:
    cases = (thing.render("nom"), thing.render("acc"), thing.render("dat"))
    return "/".join(" ".join(word.text for word in case.de) for case in cases)
