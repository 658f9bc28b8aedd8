"""Rows of training text: books, synthetic episodes, and random tokens that come again.

A row is `length + 1` token ids and, for each but the first, how much the loss on it counts. Every row begins
with `<s>`, so that heads learn to rest there.
"""

import random

import numpy as np
from tokenizers import Tokenizer

import grammar

BOS = 0
KNOWN, TOLD = 2.0, 0.5  # loss weights: on what was said before, on the rest of an episode


class Rows:
    """Draws batches. One seed gives one stream; `state` and `restore` go into the checkpoint."""

    def __init__(self, books: list[str], tokenizer: Tokenizer, seed: int):
        self.tokenizer = tokenizer
        self.vocab = tokenizer.get_vocab_size()
        self.ids = np.array([i for b in books for i in self.encode(b + "\n").ids], dtype=np.int64)
        self.random = random.Random(seed)
        self.numpy = np.random.default_rng(seed)
        self.grammar = grammar.Grammar(self.random, "\n".join(books))
        self.comma, self.again = self.encode(",").ids[0], self.encode(" again").ids[0]
        self.deck: list[int] = []
        self.deck_length = 0

    def encode(self, text: str):
        """Ids without `<s>`."""
        return self.tokenizer.encode(text, add_special_tokens=False)

    def state(self) -> dict:
        """What `restore` needs to go on with the same stream."""
        return {"random": self.random.getstate(), "numpy": self.numpy.bit_generator.state,
                "deck": list(self.deck), "deck_length": self.deck_length}

    def restore(self, state: dict) -> None:
        """Goes on where `state` was taken."""
        self.random.setstate(state["random"])
        self.numpy.bit_generator.state = state["numpy"]
        self.deck, self.deck_length = list(state["deck"]), state["deck_length"]

    def batch(self, count: int, length: int, shares: tuple[float, float, float], longest: int):
        """`count` rows as (ids, targets, weights), each [count, length]. `shares`: random, synthetic, book."""
        rows, weights = [], []
        for kind in self.random.choices((0, 1, 2), shares, k=count):
            if kind == 0:
                row, weight = self.marked(length) if self.random.random() < 0.2 else self.repeats(length, longest)
            elif kind == 1:
                row, weight = self.episodes(length)
            else:
                row, weight = self.book(length), np.ones(length + 1)
            rows.append(row)
            weights.append(weight)
        rows = np.stack(rows)
        return rows[:, :-1], rows[:, 1:], np.stack(weights)[:, 1:].astype(np.float32)

    def book(self, length: int) -> np.ndarray:
        """The next window of a shuffled deck; a new deck has a new offset."""
        if not self.deck or self.deck_length != length:
            offset = int(self.numpy.integers(length))
            self.deck = list(range(offset, len(self.ids) - length, length))
            self.deck_length = length
            self.random.shuffle(self.deck)
        start = self.deck.pop()
        return np.concatenate(([BOS], self.ids[start:start + length]))

    def episodes(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Episodes, a line each."""
        row, weight = [BOS], [0.0]
        while len(row) <= length:
            text, spans = grammar.split_marks(self.grammar.episode())
            encoded = self.encode(text + "\n")
            known = np.zeros(len(text) + 1, dtype=bool)
            for start, end in spans:
                known[start:end] = True
            row += encoded.ids
            weight += [KNOWN if known[end - 1] else TOLD for _, end in encoded.offsets]
        return np.array(row[:length + 1]), np.array(weight[:length + 1])

    def segment(self, count: int) -> np.ndarray:
        """Tokens without a sense: uniform, drawn from the books' frequencies, or Chinese characters in bytes."""
        choice = self.random.random()
        if choice < 0.45:
            return self.numpy.integers(self.vocab // 8, self.vocab, count)
        if choice < 0.50:
            return self.numpy.integers(2, self.vocab, count)
        if choice < 0.60:
            text = "".join(chr(c) for c in self.numpy.integers(0x4E00, 0x9FA6, max(2, count // 3)))
            return np.array(self.encode(text + self.random.choice("。，")).ids)
        return self.ids[self.numpy.integers(0, len(self.ids), count)]

    def repeats(self, length: int, longest: int) -> tuple[np.ndarray, np.ndarray]:
        """Segments said two or three times. Counted: what is said again, but for its first token."""
        row, weight = [np.array([BOS])], [np.zeros(1)]
        if self.random.random() < 0.3:
            count = self.random.randint(4, 40)
            start = int(self.numpy.integers(len(self.ids) - count))
            row.append(self.ids[start:start + count])
            weight.append(np.ones(count))
        while sum(map(len, row)) <= length:
            said = self.segment(self.random.randint(4, longest))
            times = self.random.choice((2, 2, 3))
            later = np.full(len(said), KNOWN)
            later[0] = 0.0
            row += [said] * times
            weight += [np.zeros(len(said))] + [later] * (times - 1)
        return np.concatenate(row)[:length + 1], np.concatenate(weight)[:length + 1]

    def marked(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Random tokens, each followed by a comma, or by `again` where it was there before: only this counts."""
        row, weight, seen = [BOS], [0.0], []
        while len(row) <= length:
            old = seen and self.random.random() < 0.5
            token = self.random.choice(seen) if old else int(self.numpy.integers(self.vocab // 8, self.vocab))
            row += [token, self.again if token in seen else self.comma]
            weight += [0.0, KNOWN]
            seen.append(token)
        return np.array(row[:length + 1]), np.array(weight[:length + 1])
