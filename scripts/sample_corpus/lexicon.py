# ruff: noqa: E501 - one entry a line
"""The bilingual lexicon, as tables that a person can check line by line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Noun:
    """A noun; `weak` ones take -n/-en in every case but the nominative singular."""

    en: str
    en_plural: str
    gender: str
    de: str
    de_plural: str
    kind: str
    genitive: str

    @property
    def weak(self) -> bool:
        return self.gender == "m" and self.genitive == self.de_plural != self.de + "s"

    @property
    def pronoun(self) -> str | None:
        """The English pronoun for a person; none where the genders disagree."""
        return {"m": "he", "f": "she"}.get(self.gender)


@dataclass(frozen=True)
class Adjective:
    """An adjective with its German stem, which takes the endings."""

    en: str
    de: str
    stem: str
    kinds: frozenset[str]
    comparative: tuple[str, str] | None = None


@dataclass(frozen=True)
class Verb:
    """A verb; a separable one has a prefix, a phrasal one a particle."""

    en: str
    third: str
    past: str
    participle: str
    particle: str
    infinitive: str
    de_first: str
    de_third: str
    de_participle: str
    prefix: str = ""
    auxiliary: str = "haben"
    objects: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The English dictionary form, such as "switch on"."""
        return f"{self.en} {self.particle}".strip()

    @property
    def en_ing(self) -> str:
        """The -ing form."""
        if self.en in _DOUBLED:
            return self.en + self.en[-1] + "ing"
        if self.en.endswith("e") and not self.en.endswith("ee"):
            return self.en[:-1] + "ing"
        return self.en + "ing"


_DOUBLED = {"run", "get", "put"}

_PEOPLE = """
man men m Mann Männer Mannes
woman women f Frau Frauen
child children n Kind Kinder Kindes
boy boys m Junge Jungen Jungen
girl girls n Mädchen Mädchen Mädchens
teacher teachers m Lehrer Lehrer Lehrers
doctor doctors m Arzt Ärzte Arztes
student students m Student Studenten Studenten
neighbour neighbours m Nachbar Nachbarn Nachbarn
friend friends m Freund Freunde Freundes
brother brothers m Bruder Brüder Bruders
sister sisters f Schwester Schwestern
aunt aunts f Tante Tanten
grandmother grandmothers f Großmutter Großmütter
painter painters m Maler Maler Malers
nurse nurses f Krankenschwester Krankenschwestern
police_officer police_officers m Polizist Polizisten Polizisten
bus_driver bus_drivers m Busfahrer Busfahrer Busfahrers
guest guests m Gast Gäste Gastes
"""

_THINGS = """
animal dog dogs m Hund Hunde Hundes
animal cat cats f Katze Katzen
animal horse horses n Pferd Pferde Pferdes
animal bird birds m Vogel Vögel Vogels
animal mouse mice f Maus Mäuse
food apple apples m Apfel Äpfel Apfels
food cake cakes m Kuchen Kuchen Kuchens
food egg eggs n Ei Eier Eis
food sausage sausages f Wurst Würste
food tomato_soup tomato_soups f Tomatensuppe Tomatensuppen
food cheese_sandwich cheese_sandwiches n Käsebrot Käsebrote Käsebrotes
text letter letters m Brief Briefe Briefes
text book books n Buch Bücher Buches
text novel novels m Roman Romane Romans
text poem poems n Gedicht Gedichte Gedichtes
text story stories f Geschichte Geschichten
text love_letter love_letters m Liebesbrief Liebesbriefe Liebesbriefes
text cookery_book cookery_books n Kochbuch Kochbücher Kochbuches
clothes hat hats m Hut Hüte Hutes
clothes dress dresses n Kleid Kleider Kleides
clothes shirt shirts n Hemd Hemden Hemdes
clothes winter_coat winter_coats m Wintermantel Wintermäntel Wintermantels
clothes leather_jacket leather_jackets f Lederjacke Lederjacken
device computer computers m Computer Computer Computers
device lamp lamps f Lampe Lampen
device radio radios n Radio Radios Radios
device washing_machine washing_machines f Waschmaschine Waschmaschinen
device coffee_machine coffee_machines f Kaffeemaschine Kaffeemaschinen
vehicle car cars n Auto Autos Autos
vehicle bicycle bicycles n Fahrrad Fahrräder Fahrrades
item key keys m Schlüssel Schlüssel Schlüssels
item cup cups f Tasse Tassen
item picture pictures n Bild Bilder Bildes
item gold_ring gold_rings m Goldring Goldringe Goldringes
item bread_knife bread_knives n Brotmesser Brotmesser Brotmessers
item handbag handbags f Handtasche Handtaschen
furniture table tables m Tisch Tische Tisches
furniture bed beds n Bett Betten Bettes
furniture desk desks m Schreibtisch Schreibtische Schreibtisches
box suitcase suitcases m Koffer Koffer Koffers
box parcel parcels n Paket Pakete Paketes
box box boxes f Kiste Kisten
opening door doors f Tür Türen
opening window windows n Fenster Fenster Fensters
room kitchen kitchens f Küche Küchen
room living_room living_rooms n Wohnzimmer Wohnzimmer Wohnzimmers
room office offices n Büro Büros Büros
building house houses n Haus Häuser Hauses
building hotel hotels n Hotel Hotels Hotels
building school schools f Schule Schulen
building hospital hospitals n Krankenhaus Krankenhäuser Krankenhauses
building museum museums n Museum Museen Museums
building library libraries f Bibliothek Bibliotheken
building supermarket supermarkets m Supermarkt Supermärkte Supermarktes
building town_hall town_halls n Rathaus Rathäuser Rathauses
outdoors garden gardens m Garten Gärten Gartens
outdoors park parks m Park Parks Parks
outdoors village villages n Dorf Dörfer Dorfes
outdoors city cities f Stadt Städte
outdoors forest forests m Wald Wälder Waldes
station train_station train_stations m Bahnhof Bahnhöfe Bahnhofs
station airport airports m Flughafen Flughäfen Flughafens
station bus_stop bus_stops f Bushaltestelle Bushaltestellen
"""

_ADJECTIVES = """
old alt person animal text clothes device vehicle item furniture box opening building
young jung person animal
new neu text clothes device vehicle item furniture box opening room building
big groß animal device vehicle item furniture box opening room building outdoors
small klein animal device vehicle item furniture box opening room building outdoors
beautiful schön animal text clothes item room building outdoors
expensive teuer:teur clothes device vehicle item furniture
cheap billig clothes device vehicle item food
red rot clothes device vehicle item opening box
blue blau clothes device vehicle item opening box
green grün clothes device vehicle opening box
white weiß animal clothes furniture opening building
black schwarz animal clothes device vehicle item box
heavy schwer device furniture box
long lang text
short kurz text
fresh frisch food
interesting interessant text
exciting spannend text
friendly freundlich person
clever klug person animal
tired müde:müd person animal
happy glücklich person
famous berühmt person
"""

_COMPARATIVES = {
    "old": ("older", "älter"),
    "young": ("younger", "jünger"),
    "big": ("bigger", "größer"),
    "small": ("smaller", "kleiner"),
    "cheap": ("cheaper", "billiger"),
    "heavy": ("heavier", "schwerer"),
    "clever": ("cleverer", "klüger"),
    "expensive": ("more expensive", "teurer"),
    "beautiful": ("more beautiful", "schöner"),
    "interesting": ("more interesting", "interessanter"),
    "famous": ("more famous", "berühmter"),
}

# English base, third person, past, participle (+particle) | German infinitive, first
# and third person, participle (prefix+ when separable; "sein" as auxiliary) | objects
_ACTIONS = """
buy buys bought bought | kaufen kaufe kauft gekauft | food text clothes device vehicle item furniture
sell sells sold sold | verkaufen verkaufe verkauft verkauft | clothes device vehicle item furniture
find finds found found | finden finde findet gefunden | animal text clothes item box food
see sees saw seen | sehen sehe sieht gesehen | person animal vehicle building
eat eats ate eaten | essen esse isst gegessen | food
read reads read read | lesen lese liest gelesen | text
write writes wrote written | schreiben schreibe schreibt geschrieben | text
visit visits visited visited | besuchen besuche besucht besucht | person
meet meets met met | treffen treffe trifft getroffen | person
repair repairs repaired repaired | reparieren repariere repariert repariert | device vehicle
wash washes washed washed | waschen wasche wäscht gewaschen | clothes vehicle
forget forgets forgot forgotten | vergessen vergesse vergisst vergessen | item clothes text food
paint paints painted painted | malen male malt gemalt | animal building person
look looks looked looked +for | suchen suche sucht gesucht | item animal clothes person
"""

_SEPARABLE = """
call calls called called | anrufen rufe ruft angerufen an | person
pick picks picked picked +up | abholen hole holt abgeholt ab | person
invite invites invited invited | einladen lade lädt eingeladen ein | person
switch switches switched switched +on | einschalten schalte schaltet eingeschaltet ein | device
turn turns turned turned +off | ausschalten schalte schaltet ausgeschaltet aus | device
tidy tidies tidied tidied +up | aufräumen räume räumt aufgeräumt auf | room
try tries tried tried +on | anprobieren probiere probiert anprobiert an | clothes
bring brings brought brought +along | mitbringen bringe bringt mitgebracht mit | food text item
give gives gave given +back | zurückgeben gebe gibt zurückgegeben zurück | item text device
throw throws threw thrown +away | wegwerfen werfe wirft weggeworfen weg | clothes item furniture
open opens opened opened | aufmachen mache macht aufgemacht auf | box opening
close closes closed closed | zumachen mache macht zugemacht zu | box opening
"""

_DATIVE = """
help helps helped helped | helfen helfe hilft geholfen | person
thank thanks thanked thanked | danken danke dankt gedankt | person
"""

_GIVING = """
give gives gave given | geben gebe gibt gegeben | item text food
show shows showed shown | zeigen zeige zeigt gezeigt | item text clothes vehicle
send sends sent sent | schicken schicke schickt geschickt | text box
"""

_RESTING = """
sleep sleeps slept slept | schlafen schlafe schläft geschlafen | animal
work works worked worked | arbeiten arbeite arbeitet gearbeitet |
sing sings sang sung | singen singe singt gesungen |
dance dances danced danced | tanzen tanze tanzt getanzt |
play plays played played | spielen spiele spielt gespielt | animal
wait waits waited waited | warten warte wartet gewartet | animal
"""

_CHANGING = """
get gets got got +up | aufstehen stehe steht aufgestanden auf sein |
fall falls fell fallen +asleep | einschlafen schlafe schläft eingeschlafen ein sein | animal
arrive arrives arrived arrived | ankommen komme kommt angekommen an sein |
come comes came come +back | zurückkommen komme kommt zurückgekommen zurück sein | animal
"""

_MOVING = """
go goes went gone | gehen gehe geht gegangen sein |
run runs ran run | laufen laufe läuft gelaufen sein | animal
drive drives drove driven | fahren fahre fährt gefahren sein |
"""

_TRAVELLING = """
fly flies flew flown | fliegen fliege fliegt geflogen sein |
"""

_SAYING = """
say says said said | sagen sage sagt gesagt |
think thinks thought thought | denken denke denkt gedacht |
know knows knew known | wissen weiß weiß gewusst |
"""

_PLANNING = """
try tries tried tried | versuchen versuche versucht versucht |
promise promises promised promised | versprechen verspreche verspricht versprochen |
"""


def _noun(line: str) -> Noun:
    kind, en, en_plural, gender, *german = line.split()
    de, de_plural, genitive = german if len(german) == 3 else (*german, german[0])
    english = (en.replace("_", " "), en_plural.replace("_", " "))
    return Noun(*english, gender, de, de_plural, kind, genitive)


def _adjective(line: str) -> Adjective:
    en, german, *kinds = line.split()
    de, _, stem = german.partition(":")
    return Adjective(en, de, stem or de, frozenset(kinds), _COMPARATIVES.get(en))


def _verb(line: str) -> Verb:
    english, german, objects = (part.split() for part in line.split("|"))
    particle = english.pop()[1:] if english[-1].startswith("+") else ""
    auxiliary = german.pop() if german[-1] == "sein" else "haben"
    prefix = german.pop() if len(german) == 5 else ""
    en, third, past, participle = english
    infinitive, first, de_third, de_participle = german
    return Verb(
        *(en, third, past, participle, particle),
        *(infinitive.removeprefix(prefix), first, de_third, de_participle),
        *(prefix, auxiliary, frozenset(objects)),
    )


def pairs(text: str) -> tuple[tuple[str, str], ...]:
    words = text.split()
    return tuple(zip(words[::2], words[1::2], strict=True))


def _verbs(table: str) -> tuple[Verb, ...]:
    return tuple(_verb(line) for line in table.strip().split("\n"))


PEOPLE = tuple(_noun(f"person {line}") for line in _PEOPLE.strip().split("\n"))
THINGS = tuple(_noun(line) for line in _THINGS.strip().split("\n"))
NOUNS = PEOPLE + THINGS
ADJECTIVES = tuple(_adjective(line) for line in _ADJECTIVES.strip().split("\n"))
TRANSITIVE = _verbs(_ACTIONS) + _verbs(_SEPARABLE)
DATIVE = _verbs(_DATIVE)
GIVING = _verbs(_GIVING)
RESTING = _verbs(_RESTING)
CHANGING = _verbs(_CHANGING)
MOVING = _verbs(_MOVING)
TRAVELLING = _verbs(_TRAVELLING)
SAYING = _verbs(_SAYING)
PLANNING = _verbs(_PLANNING)
BE = Verb("be", "is", "was", "been", "", "sein", "bin", "ist", "gewesen")
HAVE = _verb(
    "have has had had | haben habe hat gehabt | animal vehicle device item clothes"
)
COST = _verb("cost costs cost cost | kosten koste kostet gekostet |")
BELONG = _verb("belong belongs belonged belonged +to | gehören gehöre gehört gehört |")
PUT = _verb("put puts put put | legen lege legt gelegt | item text clothes")

NAMES = ("Anna", "Peter", "Maria", "Thomas", "Julia", "Paul")
FEMALE_NAMES = frozenset({"Anna", "Maria", "Julia"})
CITIES = (
    ("Berlin", "Berlin"),
    ("Munich", "München"),
    ("Vienna", "Wien"),
    ("Cologne", "Köln"),
    ("Italy", "Italien"),
    ("France", "Frankreich"),
)

WEEKDAYS = pairs("Monday Montag Tuesday Dienstag Wednesday Mittwoch Friday Freitag")
MONTHS = pairs(
    "January Januar March März April April May Mai June Juni August August "
    "October Oktober December Dezember"
)
CARDINALS = pairs(
    "two zwei three drei four vier five fünf six sechs seven sieben eight acht "
    "nine neun ten zehn eleven elf twelve zwölf"
)
LARGE_CARDINALS = pairs(
    "twenty zwanzig twenty-one einundzwanzig twenty-three dreiundzwanzig "
    "twenty-six sechsundzwanzig thirty dreißig thirty-two zweiunddreißig "
    "forty vierzig forty-four vierundvierzig"
)
ORDINALS = pairs(
    "first ersten second zweiten third dritten fourth vierten fifth fünften "
    "seventh siebten tenth zehnten twelfth zwölften sixteenth sechzehnten "
    "twentieth zwanzigsten twenty-fourth vierundzwanzigsten thirtieth dreißigsten"
)
