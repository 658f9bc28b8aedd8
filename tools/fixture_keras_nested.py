"""Writes Keras models whose layers are nested or wired in less usual ways: those that are read, beside what Keras computes
on them, to tests/fixtures/keras; those that are refused to tests/fixtures/keras-refused.

Run: `python tools/fixture_keras_nested.py`. Needs what fixture_keras.py needs.
"""

import keras
import numpy as np
from keras import layers

from fixture_keras import OUT, TokenAndPositionEmbedding, TransformerBlock, block_parts, capture, draw, repack, write

LENGTH, VOCAB, WIDTH = 5, 13, 6
IDS = [3, 12, 0, 7, 7]
REFUSED = OUT.parent / "keras-refused"


@keras.saving.register_keras_serializable(package="example")
class Wrapped(layers.Wrapper):
    """A layer around a block."""

    def call(self, x):
        return self.layer(x)


def block() -> TransformerBlock:
    """A small block."""
    return TransformerBlock(WIDTH, 2, 7, 3)


def ids() -> keras.KerasTensor:
    """The input."""
    return layers.Input(shape=(LENGTH,), dtype="int32")


def classified(x) -> keras.KerasTensor:
    """The mean's classes."""
    return layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(x))


def read() -> None:
    """Models that are read."""
    made = {}
    embedding, own, inputs = TokenAndPositionEmbedding(LENGTH, VOCAB, WIDTH), block(), ids()
    x = layers.GlobalMaxPooling1D()(layers.SpatialDropout1D(0.2)(own(embedding(inputs))))
    end = [layers.Dense(5, activation="gelu"), layers.LayerNormalization(), layers.Dense(2, activation="sigmoid")]
    made["nested-classifier"] = keras.Model(inputs, keras.Sequential(end)(x)), embedding, own

    embedding, own, inputs = TokenAndPositionEmbedding(LENGTH, VOCAB, WIDTH), block(), ids()
    made["nested-wrapper"] = keras.Model(inputs, classified(Wrapped(own)(embedding(inputs)))), embedding, own

    embedding, own, inputs = TokenAndPositionEmbedding(LENGTH, VOCAB, WIDTH), block(), ids()
    tags = layers.TimeDistributed(layers.Dense(3, activation="softmax"))
    made["nested-tags"] = keras.Model(inputs, tags(own(embedding(inputs)))), embedding, own

    embedding, own, inputs = TokenAndPositionEmbedding(LENGTH, VOCAB, WIDTH), block(), ids()
    inner = keras.Model(inputs, own(embedding(inputs)))
    sequence = keras.Sequential([inner, layers.Flatten(), layers.Dropout(0.1), layers.Dense(3, activation="softmax")])
    outer = ids()
    made["nested-sequence"] = keras.Model(outer, sequence(outer)), embedding, own
    for case, (model, embedding, own) in made.items():
        draw(model, len(case))
        places = (embedding.token_emb, embedding.pos_emb, None)
        write(case, model, capture(IDS, places, [block_parts(own)], model), ["model.keras"])
        repack(OUT / case / "model.keras", OUT / case / "model.keras")


def refused() -> None:
    """Models that compute something that is not read."""
    REFUSED.mkdir(exist_ok=True)
    made = {}

    def add(name: str, between, blocks: int = 2) -> None:
        inputs = ids()
        x = TokenAndPositionEmbedding(LENGTH, VOCAB, WIDTH)(inputs)
        made[name] = keras.Model(inputs, classified(between(x, [block() for _ in range(blocks)])))

    add("block-used-twice", lambda x, own: own[0](own[0](x)), 1)
    add("scaled", lambda x, own: own[0](x * 2.5), 1)
    add("rescaling", lambda x, own: own[0](layers.Rescaling(2.0)(x)), 1)
    add("constant-added", lambda x, own: own[1](own[0](x) + 1.0))
    add("activation-between", lambda x, own: own[1](layers.Activation("tanh")(own[0](x))))
    add("two-branches", lambda x, own: layers.Add()([own[0](x), own[1](x)]))
    add("skipped-to-the-end", lambda x, own: layers.Add()([own[0](x), x]), 1)
    for name, model in made.items():
        draw(model, 3)
        model(np.asarray([IDS]))
        file = REFUSED / f"{name}.keras"
        model.save(file)
        repack(file, file)
        print(name, file.stat().st_size)


if __name__ == "__main__":
    read()
    refused()
