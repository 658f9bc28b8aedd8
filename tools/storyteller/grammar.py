"""The synthetic half of the training text: short episodes in which something said must be remembered.

Every episode is plain English (or nonsense words) whose last part can be known from its first part alone.
The characters `OPEN` and `CLOSE` stand around what can be known; `split_marks` takes them out again and
returns the marked character ranges, so that the trainer can weigh those tokens more.

Held out: a name and a thing (or place), and an adjective and a thing, that `held_out` names never meet in a
fact told in training (the growing rhyme and the books may name both). `recall_prompts` builds test prompts from held-out pairs only.
"""

import random
import re
import zlib
from dataclasses import dataclass

OPEN, CLOSE = "\x01", "\x02"

NAMES = (
    "Mary Tom Ann Jack Ben Lucy Peter Anne Will Rose Sam Meg Jane Harry Polly Dick Kate Ned Bess Hans Heidi "
    "Fred Nell Joe Amy Beth Bobby Laurie Dora Max Ella Emma Lily Anna Paul Robert Jimmy Diana Colin George"
).split()
COLOURS = "red blue green yellow white black brown pink golden silver grey purple".split()
ADJECTIVES = COLOURS + "big little new old round shiny tiny wooden".split()
THINGS = (
    "ball kite drum doll hat cup book boat cake bell box coat ring key cart horse rabbit kitten bird basket "
    "flag top pear rose ribbon spoon lamp stick whistle pony bag mirror"
).split()
PLACES = (
    "garden kitchen barn wood house mill river school castle tower field cave shop church cellar attic "
    "meadow village forest orchard"
).split()
FOODS = "bread honey cheese soup milk jam butter eggs apples plums porridge fish cakes pie tea nuts".split()
ANIMALS = "cat dog fox hen goose horse mouse rabbit bear wolf goat pig duck cow donkey lamb".split()
VERBS = "saw chased found carried liked pushed bit caught met loved followed watched".split()
SYLLABLES = (
    "zi bo ta na zo lo ri mu ka fe du pi qua ve su mo ne ga lu xi tra bel dar pon kim wex jo hi ru cla"
).split()
FILLERS = (
    "It was a fine day.", "They all went out to play.", "The sun was shining.", "It began to rain.",
    "Then they sat down to tea.", "Mother called them in.", "The wind blew hard.", "Nobody said a word.",
    "They laughed and sang.", "After that it grew dark.",
)

FACT_FORMS = (
    "{n} has {a}.", "{n} has {a}.", "{n} has {a}.", "{n} had {a}.", "{n} found {a}.", "{n} got {a}.",
    "{n} is holding {a}.", "Mother gave {n} {a}.", "There is {a} in {n}'s hand.",
)
FORWARD_FORMS = (
    "{n} plays with the[ {x}].", "{n} plays with the[ {x}].", "{n} played with the[ {x}].",
    "{n} picked up the[ {x}].", "{n} still has the[ {x}].", "{n} likes the[ {x}].",
    "{n} looked at the[ {x}].", "{n} would not give away the[ {x}].",
    "What does {n} have? {n} has a[ {x}].", "What has {n} got? {n} has got a[ {x}].",
    '"What have you got, {n}?" "I have a[ {x}]," said[ {n}].',
)
BACKWARD_FORMS = (
    "The {x} belongs to[ {n}].", "The {x} belongs to[ {n}].", "Who has the {x}?[ {n}].",
    "Who has the {x}?[ {n}] has the[ {x}].", "The {x} is[ {n}]'s.", "Whose is the {x}? It is[ {n}]'s.",
    "Give the {x} back to[ {n}].", "Here is the {x}[ {n}] has.", "Here is the {x}[ {n}] has.",
    "This is the {x}[ {n}] has.", "Look at the {x}[ {n}] has.",
)
COLOUR_FORMS = ("What colour is {n}'s {o}? It is[ {adj}].", "{n}'s {o} is[ {adj}].")
PERSON_PLACE = ("{n} is in the {p}.", "{n} went to the {p}.", "{n} lives near the {p}.", "{n} was in the {p}.")
PERSON_PLACE_ASK = (
    "Where is {n}? {n} is in the[ {p}].", "{n} came back from the[ {p}].", "You will find {n} in the[ {p}].",
)
THING_PLACE_ASK = (
    "Where is the {o}? The {o} is in the[ {p}].", "They found the {o} in the[ {p}].",
    "Go and look for the {o} in the[ {p}].",
)

HELD_BY_FORCE = {("red", "ball"), ("blue", "kite"), ("Mary", "ball"), ("Tom", "kite")}


def held_out(first: str, second: str) -> bool:
    """Whether this pair is kept for the test: 1 pair in 8, chosen by a checksum, and four named ones."""
    return (first, second) in HELD_BY_FORCE or zlib.crc32(f"{first} {second}".encode()) % 8 == 0


@dataclass(frozen=True)
class Fact:
    """Who has what. `adjective` is empty where the text gives none."""

    name: str
    adjective: str
    thing: str

    @property
    def noun(self) -> str:
        """`red ball`, or `ball`."""
        return f"{self.adjective} {self.thing}".strip()


def fix_articles(text: str) -> str:
    """`a old hat` to `an old hat`, also where a mark stands between the two words."""
    return re.sub(r"\b([Aa])(?=[\x01\x02]* [\x01\x02]*[aeiou])", r"\1n", text)


def fill(form: str, **words: str) -> str:
    """A form with its words put in and its square brackets turned into marks."""
    return form.format(**words).replace("[", OPEN).replace("]", CLOSE)


def split_marks(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without marks, and the marked ranges as (start, end) in characters of that text."""
    plain, spans, start = [], [], 0
    for char in text:
        if char == OPEN:
            start = len(plain)
        elif char == CLOSE:
            spans.append((start, len(plain)))
        else:
            plain.append(char)
    return "".join(plain), spans


def distinct_facts(rng: random.Random, count: int, adjectives: bool, for_test: bool) -> list[Fact]:
    """`count` facts with no word twice. For the test every pair is held out, for training none is."""
    while True:
        names, things = rng.sample(NAMES, count), rng.sample(THINGS, count)
        colours = rng.sample(ADJECTIVES, count)
        facts = []
        for name, thing, colour in zip(names, things, colours):
            if for_test:  # look for partners with which the name's pairs are held out
                things_left = [t for t in THINGS if held_out(name, t) and all(t != f.thing for f in facts)]
                rng.shuffle(things_left)
                used = {f.adjective for f in facts}
                found = next(
                    ((t, c) for t in things_left for c in rng.sample(ADJECTIVES, len(ADJECTIVES))
                     if held_out(c, t) and c not in used), None)
                if found is None:
                    break
                thing, colour = found
            elif held_out(name, thing) or (adjectives and held_out(colour, thing)):
                break
            facts.append(Fact(name, colour if adjectives else "", thing))
        if len(facts) == count:
            return facts


def recall_prompts(
    rng: random.Random, count: int, n_facts: int, forms: list[str], adjectives: bool = True
) -> list[tuple[str, Fact, list[Fact]]]:
    """Test prompts: `n_facts` held-out facts in the plain form, then a question cut before its answer."""
    prompts = []
    for i in range(count):
        facts = distinct_facts(rng, n_facts, adjectives, for_test=True)
        asked = rng.choice(facts)
        told = " ".join(f"{f.name} has a {f.noun}." for f in facts)
        question = forms[i % len(forms)].format(n=asked.name, x=asked.noun, o=asked.thing)
        prompts.append((fix_articles(f"{told} {question}"), asked, facts))
    return prompts


class Grammar:
    """Draws training episodes. `corpus` (book text) is used for sentences and paragraphs said twice."""

    KINDS = {
        "has": 0.52, "place": 0.10, "likes": 0.06, "called": 0.05, "listed": 0.05, "cumulative": 0.03,
        "nonce": 0.03, "spell": 0.04, "again": 0.06, "says": 0.05, "para": 0.01,
    }

    def __init__(self, rng: random.Random, corpus: str = ""):
        self.rng = rng
        paragraphs = [p for p in corpus.split("\n") if p]
        self.paragraphs = [p for p in paragraphs if 80 <= len(p) <= 260]
        sentences = (s for p in paragraphs for s in re.findall(r"[A-Z][^.!?\"]+[.!?]", p))
        self.sentences = [s for s in sentences if 18 <= len(s) <= 70]
        self.kinds = {k: v for k, v in self.KINDS.items() if corpus or k not in ("says", "para")}

    def episode(self) -> str:
        """One episode, marked."""
        kind = self.rng.choices(list(self.kinds), list(self.kinds.values()))[0]
        return fix_articles(getattr(self, kind)())

    def has(self) -> str:
        """Who has what, then a question for every fact, all of one direction."""
        rng = self.rng
        facts = distinct_facts(rng, rng.choice((2, 2, 2, 3, 3, 4)), rng.random() < 0.65, for_test=False)
        forms = BACKWARD_FORMS if rng.random() < 0.65 else FORWARD_FORMS
        easy = rng.random() < 0.6
        one_fact = "{n} has {a}." if easy else rng.choice(FACT_FORMS) if rng.random() < 0.6 else None
        one_query = rng.choice(forms) if easy else None
        told = [fill(one_fact or rng.choice(FACT_FORMS), n=f.name, a=f"a {f.noun}") for f in facts]
        if rng.random() < 0.2:
            told.insert(rng.randint(1, len(told)), rng.choice(FILLERS))
        asked = []
        for f in rng.sample(facts, len(facts)):
            query = one_query or rng.choice(forms)
            if not easy and f.adjective and forms is FORWARD_FORMS and rng.random() < 0.12:
                query = rng.choice(COLOUR_FORMS)
            noun = f.thing if forms is BACKWARD_FORMS and rng.random() < 0.25 else f.noun
            asked.append(fill(query, n=f.name, x=noun, o=f.thing, adj=f.adjective))
        return " ".join(told + asked)

    def place(self) -> str:
        """Where someone or something is."""
        rng = self.rng
        count = rng.choice((2, 2, 3, 4))
        people = rng.random() < 0.5
        while True:
            subjects, places = rng.sample(NAMES if people else THINGS, count), rng.sample(PLACES, count)
            if not any(held_out(s, p) for s, p in zip(subjects, places)):
                break
        pairs = list(zip(subjects, places))
        if people:
            tell, ask = rng.choice(PERSON_PLACE), rng.choice(PERSON_PLACE_ASK)
        else:
            tell, ask = "The {o} is in the {p}.", rng.choice(THING_PLACE_ASK)
        told = [fill(tell, n=s, o=s, p=p) for s, p in pairs]
        return " ".join(told + [fill(ask, n=s, o=s, p=p) for s, p in rng.sample(pairs, count)])

    def likes(self) -> str:
        """Who likes which food."""
        rng = self.rng
        count = rng.choice((2, 3, 4))
        pairs = list(zip(rng.sample(NAMES, count), rng.sample(FOODS, count)))
        ask = rng.choice(("{n} asked for some[ {f}].", "What does {n} like? {n} likes[ {f}].", "{n} ate the[ {f}]."))
        told = [f"{n} likes {f}." for n, f in pairs]
        return " ".join(told + [fill(ask, n=n, f=f) for n, f in rng.sample(pairs, rng.randint(1, count))])

    def called(self) -> str:
        """What the animals are called; half of the names are nonsense."""
        rng = self.rng
        count = rng.choice((2, 3, 4))
        names = [self.nonce_word().capitalize() if rng.random() < 0.5 else n for n in rng.sample(NAMES, count)]
        pairs = list(zip(rng.sample(ANIMALS, count), names))
        ask = rng.choice(("The {a} came when they called[ {n}].", "What is the {a} called? The {a} is called[ {n}]."))
        told = [f"The {a} is called {n}." for a, n in pairs]
        return " ".join(told + [fill(ask, a=a, n=n) for a, n in rng.sample(pairs, rng.randint(1, count))])

    def listed(self) -> str:
        """A list said two or three times."""
        rng = self.rng
        name = rng.choice(NAMES)
        things = [t for t in rng.sample(THINGS, rng.randint(3, 7)) if not held_out(name, t)] or ["top", "bag"]
        first = ", ".join(f"a {t}" for t in things[:-1]) + f", and a {things[-1]}"
        first = f" {first}"
        known = f" a {things[0]},{OPEN}{first.split(',', 1)[1]}{CLOSE}" if "," in first else first
        text = f"{name} packed{first}. When {name} opened the bag, there were{known}."
        if rng.random() < 0.3:
            text += f" {name} put back{known}."
        return text

    def cumulative(self) -> str:
        """The rhyme that grows: this is the house that Jack built."""
        rng = self.rng
        tail = f"the {rng.choice(THINGS)} that {rng.choice(NAMES)} made."
        lines = [f"This is {tail}"]
        for animal in rng.sample(ANIMALS, rng.randint(2, 5)):
            start = f"the {animal} that {rng.choice(VERBS)}"
            lines.append(f"This is {start} {tail[:3]}{OPEN}{tail[3:]}{CLOSE}")
            tail = f"{start} {tail}"
        return " ".join(lines)

    def nonce_word(self) -> str:
        """Two or three syllables that mean nothing."""
        rng = self.rng
        return "".join(rng.choices(SYLLABLES, k=rng.choice((2, 2, 3)))) + rng.choice(("", "", "x", "n", "r", "m"))

    def nonce(self) -> str:
        """A made-up name that keeps coming."""
        rng = self.rng
        name, animal, place = self.nonce_word().capitalize(), rng.choice(ANIMALS), rng.choice(PLACES)
        again = f"{name[:2]}{OPEN}{name[2:]}{CLOSE}"
        more = [
            f"{again} lived in the {place}.", f"One day {again} went out.", f"Nobody knew where {again} was.",
            f'"Come here, {again}!" they cried.', f"Then {again} came back to the {OPEN}{place}{CLOSE}.",
        ]
        return f"There was once a {animal} called {name}. " + " ".join(rng.sample(more, rng.randint(2, 5)))

    def spell(self) -> str:
        """A row of nonsense words said two or three times."""
        rng = self.rng
        words = [self.nonce_word() for _ in range(rng.randint(3, 9))]
        if rng.random() < 0.5:
            words = [w.capitalize() for w in words]
        line, stop = " ".join(words), rng.choice((" ", ", ", ". "))
        known = f"{words[0]}{OPEN} {' '.join(words[1:])}{CLOSE}"
        return line + "".join(stop + known for _ in range(rng.choice((1, 1, 2)))) + "."

    def again(self) -> str:
        """Things or names counted; what has been there before is followed by `again`."""
        rng = self.rng
        name, words = rng.choice(NAMES), rng.choice((THINGS, THINGS, NAMES, ANIMALS))
        pool = [w for w in rng.sample(words, rng.randint(4, 9)) if not held_out(name, w)] or ["Sam", "Meg"]
        seen, items, article = set(), [], "" if words is NAMES else rng.choice(("a ", ""))
        for word in rng.choices(pool, k=rng.randint(5, 12)):
            items.append(f"{article}{word}{OPEN}{' again,' if word in seen else ','}{CLOSE}")
            seen.add(word)
        return f"{name} {rng.choice(('saw', 'counted', 'met', 'drew'))} " + " ".join(items)[:-2] + f".{CLOSE}"

    def says(self) -> str:
        """A sentence of the books, said two or three times."""
        sentence = self.rng.choice(self.sentences)
        head, _, tail = sentence.partition(" ")
        return sentence + f" {head}{OPEN} {tail}{CLOSE}" * self.rng.choice((1, 1, 2))

    def para(self) -> str:
        """A paragraph of the books said twice, sometimes with another between."""
        paragraph = self.rng.choice(self.paragraphs)
        head, _, tail = paragraph.partition(" ")
        between = f"\n{self.rng.choice(self.paragraphs)}" if self.rng.random() < 0.4 else ""
        return f"{paragraph}{between}\n{head}{OPEN} {tail}{CLOSE}"


if __name__ == "__main__":
    grammar = Grammar(random.Random(0), "")
    for _ in range(20):
        print(split_marks(grammar.episode())[0])
