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


@keras.saving.register_keras_serializable(package="example")
class Storey(layers.Layer):
    """A block in a user's own words, its feed-forward part made of convolutions over one token."""

    def __init__(self, hidden_act="relu", norm_eps=1e-6, pre_norm=False, **kwargs):
        super().__init__(**kwargs)
        self.told = {"hidden_act": hidden_act, "norm_eps": norm_eps, "pre_norm": pre_norm}
        self.att = layers.MultiHeadAttention(num_heads=2, key_dim=3)
        self.conv_in, self.conv_out = layers.Conv1D(7, 1, activation=hidden_act), layers.Conv1D(WIDTH, 1)
        self.norm_att = layers.LayerNormalization(epsilon=norm_eps)
        self.norm_ff = layers.LayerNormalization(epsilon=norm_eps)

    def call(self, x):
        if self.told["pre_norm"]:
            x = x + self.att(y := self.norm_att(x), y)
            return x + self.conv_out(self.conv_in(self.norm_ff(x)))
        x = self.norm_att(x + self.att(x, x))
        return self.norm_ff(x + self.conv_out(self.conv_in(x)))

    def get_config(self):
        return {**super().get_config(), **self.told}


@keras.saving.register_keras_serializable(package="example")
class Mixed(keras.Model):
    """Blocks in places of different kinds; norms that only scale."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.embedding = TokenAndPositionEmbedding(LENGTH, VOCAB, WIDTH)
        self.first, self.second = block(), block()
        self.later = keras.Sequential([self.second])
        self.pool, self.end = layers.GlobalAveragePooling1D(), layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.end(self.pool(self.later(self.first(self.embedding(x)))))


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
    embedding, inputs = TokenAndPositionEmbedding(LENGTH, VOCAB, WIDTH), ids()
    own = Storey("gelu", 1e-2)
    made["own-words"] = keras.Model(inputs, classified(own(embedding(inputs)))), embedding, own

    model = Mixed()
    model(np.array([IDS]))
    made["mixed"] = model, model.embedding, [model.first, model.second]
    for case, (model, embedding, own) in made.items():
        draw(model, len(case))
        places = (embedding.token_emb, embedding.pos_emb, None)
        blocks = own if isinstance(own, list) else [own]
        write(case, model, capture(IDS, places, [parts(own) for own in blocks], model), ["model.keras"])
        repack(OUT / case / "model.keras", OUT / case / "model.keras")


def parts(own) -> tuple:
    """A block's attention, norms and matrices."""
    if isinstance(own, Storey):
        return own.att, own.norm_att, own.conv_in, own.conv_out, own.norm_ff
    return block_parts(own)


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
