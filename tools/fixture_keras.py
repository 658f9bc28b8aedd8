"""Writes small Keras models, and what Keras itself computes on them, to tests/fixtures/keras.

Keras 3 (any backend) writes `.keras`, `.weights.h5` and its legacy `.h5`; with `--keras2`, tf_keras writes the files of
Keras 2. Run: `python tools/fixture_keras.py`, then again with `--keras2`, then
with `--words` and `KERAS_BACKEND=tensorflow`. The bytes of `.keras` files differ from run to run by their dates. Every array is [token, …], of
one prompt, under the names of docs/design. Weights are drawn anew so that an error in any tensor shows.
"""

import io
import os
import sys
import zipfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")
KERAS2 = "--keras2" in sys.argv
if KERAS2:
    import tf_keras as keras
else:
    import keras
import h5py
import numpy as np
from safetensors.numpy import save_file

layers = keras.layers
OUT = Path(__file__).parent.parent / "tests/fixtures/keras"


@keras.saving.register_keras_serializable(package="example")
class TransformerBlock(layers.Layer):
    """As keras.io's example has it, with sizes of its own."""

    def __init__(self, width, heads, inner, key_dim, causal=False, **kwargs):
        super().__init__(**kwargs)
        self.sizes = {"width": width, "heads": heads, "inner": inner, "key_dim": key_dim, "causal": causal}
        self.att = layers.MultiHeadAttention(num_heads=heads, key_dim=key_dim)
        self.ffn = keras.Sequential([layers.Dense(inner, activation="relu"), layers.Dense(width)])
        self.layernorm1 = layers.LayerNormalization(epsilon=1e-6)
        self.layernorm2 = layers.LayerNormalization(epsilon=1e-6)
        self.dropout1 = layers.Dropout(0.1)
        self.causal = causal

    def call(self, x):
        x = self.layernorm1(x + self.dropout1(self.att(x, x, use_causal_mask=self.causal)))
        return self.layernorm2(x + self.ffn(x))

    def get_config(self):
        return {**super().get_config(), **self.sizes}


@keras.saving.register_keras_serializable(package="example")
class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, maxlen, vocab, width, **kwargs):
        super().__init__(**kwargs)
        self.sizes = {"maxlen": maxlen, "vocab": vocab, "width": width}
        self.token_emb = layers.Embedding(vocab, width)
        self.pos_emb = layers.Embedding(maxlen, width)

    def call(self, x):
        return self.token_emb(x) + self.pos_emb(np.arange(x.shape[-1]))

    def get_config(self):
        return {**super().get_config(), **self.sizes}


@keras.saving.register_keras_serializable(package="example")
class Stack(layers.Layer):
    """Odd names, blocks in a list, the parts of a block in layers of their own."""

    def __init__(self, depth, **kwargs):
        super().__init__(**kwargs)
        self.depth = depth
        self.storeys = [Storey() for _ in range(depth)]

    def call(self, x):
        for storey in self.storeys:
            x = storey(x)
        return x

    def get_config(self):
        return {**super().get_config(), "depth": self.depth}


class Storey(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.zz_look = Look()
        self.aa_think = Think()

    def call(self, x):
        return self.aa_think(self.zz_look(x))


class Look(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.heads = layers.MultiHeadAttention(num_heads=1, key_dim=3, name="gaze")
        self.calm_att = layers.LayerNormalization(epsilon=1e-6, name="after_gaze_att")

    def call(self, x):
        return self.calm_att(x + self.heads(x, x))


class Think(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.wide = layers.Dense(7, activation="relu", name="think_wide")
        self.back = layers.Dense(6, name="think_back")
        self.calm = layers.LayerNormalization(epsilon=1e-6, name="after_thinking")

    def call(self, x):
        return self.calm(x + self.back(self.wide(x)))


def block_parts(block):
    if isinstance(block, Storey):
        return block.zz_look.heads, block.zz_look.calm_att, block.aa_think.wide, block.aa_think.back, block.aa_think.calm
    return block.att, block.layernorm1, block.ffn.layers[0], block.ffn.layers[1], block.layernorm2


def array(x):
    return np.asarray(keras.ops.convert_to_numpy(x) if not KERAS2 else x, dtype=np.float32)


def draw(model, seed):
    """Weights large enough that attention is not even, norms' and biases' included."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0.0, 0.6, w.shape) if len(w.shape) > 1 else rng.normal(0.5, 0.4, w.shape) for w in model.get_weights()]
    model.set_weights([w.astype(np.float32) for w in weights])


def capture(ids, embedding, blocks, output, pre=False, causal=False, norm_after=None):
    """Every activation, through the model's own layers, one after the other; leading batch axes are dropped."""
    token, position, norm = embedding
    one = np.asarray([ids])
    embed = token(one)
    out = {"tokens": np.asarray(ids, np.int64), "hook_embed": array(embed)[0]}
    x = embed
    if position is not None:
        pos = position(np.arange(len(ids)))
        out["hook_pos_embed"] = array(pos)
        x = embed + pos
    if norm is not None:
        x = norm(x)
    for index, (att, ln1, inner, outer, ln2) in enumerate(blocks):
        name = f"blocks.{index}."
        out[name + "hook_resid_pre"] = array(x)[0]
        read = ln1(x) if pre else x
        for hook, part in (("q", att._query_dense), ("k", att._key_dense), ("v", att._value_dense)):
            out[f"{name}attn.hook_{hook}"] = array(part(read))[0]
        attn_out, pattern = att(read, read, use_causal_mask=causal, return_attention_scores=True)
        out[name + "attn.hook_pattern"] = array(pattern)[0]
        z = np.einsum("hqk,khd->qhd", array(pattern)[0], out[name + "attn.hook_v"])
        out[name + "attn.hook_z"] = np.ascontiguousarray(z)
        out[name + "hook_attn_out"] = array(attn_out)[0]
        mid = x + attn_out
        out[name + "hook_resid_mid"] = array(mid)[0]
        mlp_in = ln2(mid) if pre else ln1(mid)
        mid = mid if pre else mlp_in
        hidden = inner(mlp_in)
        out[name + "mlp.hook_post"] = array(hidden)[0]
        mlp_out = outer(hidden)
        out[name + "hook_mlp_out"] = array(mlp_out)[0]
        x = mid + mlp_out
        out[name + "hook_resid_post"] = array(x)[0]
        if not pre:
            x = ln2(x)
            out[name + "hook_normalized_resid_post"] = array(x)[0]
    if norm_after is not None:
        out["ln_final.hook_normalized"] = array(norm_after(x))[0]
    # What the model itself answers: after softmax or sigmoid where it has one
    answer = array(output(one))
    out["answer"] = answer[0] if answer.ndim == 3 else answer
    return {name: np.ascontiguousarray(value) for name, value in out.items()}


# Keras stores its archives as they are, mostly zeros: those that others stand for lie compressed
REPACKED = {"classify", "functional", "hub-gpt2", "keras2-classify", "keras2-functional", "nested", "pre-norm"}


def write(case, model, expected, forms):
    folder = OUT / case
    folder.mkdir(parents=True, exist_ok=True)
    save_file(expected, folder / "expected.safetensors")
    for form in forms:
        if form == "weights-2.h5":
            model.save_weights(folder / form, **({"save_format": "h5"} if KERAS2 else {}))
        elif form.endswith(".weights.h5"):
            model.save_weights(folder / form)
        else:
            model.save(folder / form)
        if case in REPACKED and form == "model.keras":
            repack(folder / form, folder / form)
    print(case, {file.name: file.stat().st_size for file in sorted(folder.iterdir())})


def classify(prefix=""):
    """The text-classification example: three blocks, key_dim ≠ width/heads, mean, two dense layers."""
    length, vocab, width = 9, 29, 10
    inputs = layers.Input(shape=(length,))
    x = TokenAndPositionEmbedding(length, vocab, width)(inputs)
    blocks = [TransformerBlock(width, 3, 13, 4 + i) for i in range(3)]
    for block in blocks:
        x = block(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(0.1)(x)
    x = layers.Dense(5, activation="relu")(x)
    outputs = layers.Dense(3, activation="softmax")(layers.Dropout(0.1)(x))
    model = keras.Model(inputs, outputs)
    draw(model, 1)
    ids = [0, 0, 3, 17, 28, 5, 17, 1, 9]
    embedding = model.layers[1]
    expected = capture(ids, (embedding.token_emb, embedding.pos_emb, None), [block_parts(b) for b in blocks], model)
    forms = ["model.h5", "weights-2.h5", "model.keras", "model.weights.h5"] if KERAS2 else ["model.keras", "model.weights.h5", "model.h5"]
    write(prefix + "classify", model, expected, forms)


def functional(prefix=""):
    """Keras's own layers side by side: value_dim ≠ key_dim, ε left at 1e-3, a norm after the embedding, max, sigmoid."""
    length, vocab, width = 8, 23, 6
    inputs = layers.Input(shape=(length,), dtype="int32", name="words")
    places = layers.Input(shape=(length,), dtype="int32", name="places")
    token, position = layers.Embedding(vocab, width, name="lexicon"), layers.Embedding(length, width, name="where")
    norm = layers.LayerNormalization(name="levelling")
    x = norm(layers.Add(name="sum")([token(inputs), position(places)]))
    parts = []
    for i in range(2):
        att = layers.MultiHeadAttention(2, 5, value_dim=3, name=f"gaze{i}")
        ln1, ln2 = layers.LayerNormalization(name=f"calm{i}a"), layers.LayerNormalization(epsilon=1e-5, name=f"calm{i}b")
        inner, outer = layers.Dense(6, activation="gelu", name=f"wide{i}"), layers.Dense(width, name=f"back{i}")
        x = ln1(layers.Add()([x, layers.Dropout(0.2)(att(x, x))]))
        x = ln2(layers.Add()([x, outer(inner(x))]))
        parts.append((att, ln1, inner, outer, ln2))
    x = layers.GlobalMaxPooling1D()(x)
    outputs = layers.Dense(1, activation="sigmoid", name="verdict")(layers.Dense(4, activation="tanh", name="judge")(x))
    model = keras.Model([inputs, places], outputs)
    draw(model, 2)
    ids = [22, 4, 4, 0, 13, 7, 4, 1]
    answer = lambda one: model([one, np.arange(length)[None]])
    expected = capture(ids, (token, position, norm), parts, answer)
    write(prefix + "functional", model, expected, ["model.h5", "model.keras"] if KERAS2 else ["model.keras", "model.weights.h5", "model.h5"])


def pre_norm():
    """A graph that norms before its parts and once more at the end, and asks the first token; nested in a model."""
    vocab, width = 19, 8
    inputs = layers.Input(shape=(None,), dtype="int32")
    token = layers.Embedding(vocab, width)
    embedded = token(inputs)
    inside = layers.Input(shape=(None, width))
    x, parts = inside, []
    for _ in range(2):
        att = layers.MultiHeadAttention(2, 4)
        ln1, ln2 = layers.LayerNormalization(epsilon=1e-6), layers.LayerNormalization(epsilon=1e-6)
        inner, outer = layers.Dense(11, activation="relu"), layers.Dense(width)
        normed = ln1(x)
        x = x + att(normed, normed)
        x = layers.Add()([x, outer(inner(ln2(x)))])
        parts.append((att, ln1, inner, outer, ln2))
    last = layers.LayerNormalization(epsilon=1e-6)
    encoder = keras.Model(inside, last(x), name="encoder")
    x = encoder(embedded)
    outputs = layers.Activation("softmax")(layers.Dense(4)(x[:, 0]))
    model = keras.Model(inputs, outputs)
    draw(model, 3)
    expected = capture([1, 18, 7, 7, 2], (token, None, None), parts, model, pre=True, norm_after=last)
    write("pre-norm", model, expected, ["model.keras", "model.h5"])


def gpt(prefix=""):
    """The miniature GPT: a causal block and a dense layer over the vocabulary."""
    length, vocab, width = 7, 21, 6
    inputs = layers.Input(shape=(length,), dtype="int32")
    embedding = TokenAndPositionEmbedding(length, vocab, width)
    blocks = [TransformerBlock(width, 2, 9, 6, causal=True) for _ in range(2)]
    x = embedding(inputs)
    for block in blocks:
        x = block(x)
    model = keras.Model(inputs, layers.Dense(vocab)(x))
    draw(model, 4)
    ids = [20, 3, 3, 11, 0, 7, 20]
    expected = capture(
        ids, (embedding.token_emb, embedding.pos_emb, None), [block_parts(b) for b in blocks], model, causal=True
    )
    write(prefix + "gpt", model, expected, ["model.h5"] if KERAS2 else ["model.keras", "model.weights.h5"])


def nested():
    """Eleven blocks in a list inside a user's layer, odd names, all positions flattened into the classifier."""
    length, vocab, width = 5, 12, 6
    inputs = layers.Input(shape=(length,), dtype="int32")
    embedding, stack = TokenAndPositionEmbedding(length, vocab, width), Stack(11)
    x = layers.Flatten()(stack(embedding(inputs)))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax", name="choice")(x))
    draw(model, 5)
    blocks = [block_parts(storey) for storey in stack.storeys]
    expected = capture([11, 0, 3, 3, 6], (embedding.token_emb, embedding.pos_emb, None), blocks, model)
    write("nested", model, expected, ["model.keras"])


def tagging():
    """A class for every token."""
    length, vocab, width = 6, 15, 6
    inputs = layers.Input(shape=(length,), dtype="int32")
    embedding, block = TokenAndPositionEmbedding(length, vocab, width), TransformerBlock(width, 2, 8, 3)
    x = layers.Dense(5, activation="relu")(block(embedding(inputs)))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
    draw(model, 6)
    expected = capture([1, 14, 3, 0, 6, 2], (embedding.token_emb, embedding.pos_emb, None), [block_parts(block)], model)
    write("tagging", model, expected, ["model.keras"])


def padded():
    """Padding that the embedding masks, and whose mask the sum with positions drops; pooled by the mean."""
    length, vocab, width = 7, 13, 6
    inputs = layers.Input(shape=(length,), dtype="int32")
    places = layers.Input(shape=(length,), dtype="int32", name="places")
    token, position = layers.Embedding(vocab, width, mask_zero=True), layers.Embedding(length, width)
    block = TransformerBlock(width, 2, 8, 3)
    x = layers.GlobalAveragePooling1D()(block(layers.Add()([token(inputs), position(places)])))
    model = keras.Model([inputs, places], layers.Dense(3, activation="softmax")(x))
    draw(model, 10)
    answer = lambda one: model([one, np.arange(length)[None]])
    ids = [5, 12, 0, 3, 5, 0, 0]
    write("padded", model, capture(ids, (token, position, None), [block_parts(block)], answer), ["model.keras"])
    file = OUT / "padded" / "model.keras"
    repack(file, file)


@keras.saving.register_keras_serializable(package="example")
class OwnBlock(TransformerBlock):
    """The example's block with another activation and ε, which its configuration tells, or hides."""

    def __init__(self, *sizes, hides=False, **kwargs):
        told = {key: kwargs.pop(key) for key in ("ffn_activation", "ln_epsilon", "is_causal") if key in kwargs}
        super().__init__(*sizes, **kwargs)
        self.told = {} if hides else told
        self.ffn = keras.Sequential([layers.Dense(sizes[2], activation=told["ffn_activation"]), layers.Dense(sizes[0])])
        self.layernorm1 = layers.LayerNormalization(epsilon=told["ln_epsilon"])
        self.layernorm2 = layers.LayerNormalization(epsilon=told["ln_epsilon"])
        self.causal = told["is_causal"]

    def get_config(self):
        sizes = super().get_config()
        sizes.pop("causal")
        return {**sizes, **self.told}


def own():
    """Blocks of a user's own: GELU, ε 0.01 and a causal mask, once told by `get_config` and once by nothing in the file."""
    length, vocab, width = 6, 15, 6
    for case, hides in {"own-told": False, "own-hidden": True}.items():
        inputs = layers.Input(shape=(length,), dtype="int32")
        embedding = TokenAndPositionEmbedding(length, vocab, width)
        block = OwnBlock(width, 2, 8, 3, hides=hides, ffn_activation="gelu", ln_epsilon=0.01, is_causal=True)
        x = layers.GlobalAveragePooling1D()(block(embedding(inputs)))
        model = keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
        draw(model, 9)
        parts = [block_parts(block)]
        places = (embedding.token_emb, embedding.pos_emb, None)
        expected = capture([1, 14, 3, 0, 6, 2], places, parts, model, causal=True)
        write(case, model, expected, ["model.keras"])
        file = OUT / case / "model.keras"
        repack(file, file)
    said = '{"activation": "gelu", "epsilon": 0.01, "causal": true}'
    (OUT / "own-hidden" / "mnemoscope.json").write_text(said)


def layouts():
    """The same weights as `classify`, as other writers lay HDF5 out: chunks, gzip, HDF5 2.0 headers, no layer names."""
    folder = OUT / "classify"
    with h5py.File(folder / "model.weights.h5") as source:
        for name, options in {"chunked": {}, "latest": {"libver": "latest"}}.items():
            with h5py.File(folder / f"{name}.weights.h5", "w", **options) as target:
                def copy(path, item):
                    if isinstance(item, h5py.Dataset):
                        packed = {"chunks": True, "compression": "gzip", "shuffle": True} if item.ndim > 1 else {}
                        target.create_dataset(path, data=item[()], **packed)
                    else:
                        target.require_group(path)
                source.visititems(copy)


def words():
    """A model that begins with text: `TextVectorization` learns its words, and fills up behind them. Needs TensorFlow's backend."""
    import tensorflow as tf

    length, width = 8, 6
    lines = ["The cat sat on the mat.", "A dog, a cat and THE bird!", "the dog sat"]
    to_ids = layers.TextVectorization(max_tokens=20, output_sequence_length=length)
    to_ids.adapt(lines)
    inputs = layers.Input(shape=(), dtype="string")
    embedding, block = TokenAndPositionEmbedding(length, 20, width), TransformerBlock(width, 2, 8, 3)
    x = layers.GlobalAveragePooling1D()(block(embedding(to_ids(inputs))))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
    draw(model, 8)
    text = "The DOG sat on a zebra."
    ids = array(to_ids(tf.constant([text])))[0].astype(np.int64)
    answer = lambda _: model(tf.constant([text]))
    parts = [block_parts(block)]
    expected = capture(list(ids), (embedding.token_emb, embedding.pos_emb, None), parts, answer)
    write("words", model, expected, ["model.keras"])


def broken():
    """Small files that claim to be large, or that contain themselves."""
    folder = OUT.parent / "keras-broken"
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / "huge.weights.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", shape=(1 << 20, 1 << 20), chunks=(1024, 1024), dtype="f4")
    with h5py.File(folder / "packed.weights.h5", "w") as file:
        zeros = np.zeros((4096, 4096), np.float32)
        file.create_dataset("layers/dense/vars/0", data=zeros, chunks=(4096, 4096), compression="gzip", compression_opts=9)
    with h5py.File(folder / "cyclic.weights.h5", "w") as file:
        group = file.create_group("layers/dense")
        group["again"] = file["layers"]
    with h5py.File(folder / "no-transformer.weights.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", data=np.ones((3, 4), np.float32))
    weights = (folder / "no-transformer.weights.h5").read_bytes()
    with zipfile.ZipFile(folder / "packed.keras", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("config.json", " " * (1 << 25))
        archive.writestr("model.weights.h5", weights)
    with zipfile.ZipFile(folder / "no-weights.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    # Not broken: a whole model that someone unpacked and packed again
    source, target = OUT / "tagging/model.keras", OUT / "tagging/repacked.keras"
    repack(source, target)


def repack(source, target):
    """Write an archive again, compressed."""
    with zipfile.ZipFile(source) as old:
        files = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(target, "w") as new:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)  # Dated 1980, so that the same model makes the same bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, data)


class Masked:
    """An attention layer that takes its mask from its caller, called with a causal one."""

    def __init__(self, layer):
        self._query_dense, self._key_dense, self._value_dense = layer._query_dense, layer._key_dense, layer._value_dense
        self.output = layer._output_dense

    def __call__(self, x, _, use_causal_mask, return_attention_scores):
        q, k, v = (array(part(x))[0] for part in (self._query_dense, self._key_dense, self._value_dense))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(q.shape[-1])
        scores = np.where(np.tril(np.ones(scores.shape[1:], bool)), scores, -np.inf)
        pattern = np.exp(scores - scores.max(-1, keepdims=True))
        pattern /= pattern.sum(-1, keepdims=True)
        return self.output(np.einsum("hqk,khd->qhd", pattern, v)[None]), pattern[None]


def unnamed():
    """A `.keras` file as Keras 3.0 wrote it: places in it are named after classes alone."""
    with zipfile.ZipFile(OUT / "functional/model.keras") as old, zipfile.ZipFile(OUT / "functional/unnamed.keras", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(".h5"):
                buffer = io.BytesIO(data)
                with h5py.File(buffer, "r+") as file:
                    file.visititems(lambda _, item: item.attrs.pop("name", None) and None)
                data = buffer.getvalue()
            new.writestr(name, data)
    repack(OUT / "functional/unnamed.keras", OUT / "functional/unnamed.keras")


def hub():
    """KerasHub's GPT-2, saved whole, as weights, and as the weights of its backbone."""
    import keras_hub

    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=31, num_layers=2, num_heads=2, hidden_dim=8, intermediate_dim=12, max_sequence_length=9
    )
    model = keras_hub.models.GPT2CausalLM(backbone=backbone, preprocessor=None)
    draw(model, 7)
    parts = [
        (Masked(b._self_attention_layer), b._self_attention_layer_norm, b._feedforward_intermediate_dense,
         b._feedforward_output_dense, b._feedforward_layer_norm)
        for b in backbone.transformer_layers
    ]
    place = lambda ids: backbone.position_embedding(backbone.token_embedding(ids[None]))[0]
    answer = lambda one: model({"token_ids": one, "padding_mask": np.ones_like(one)})
    ids = [30, 2, 2, 17, 8]
    final = backbone.get_layer("layer_norm")
    embedding = (backbone.token_embedding, place, None)
    expected = capture(ids, embedding, parts, answer, pre=True, causal=True, norm_after=final)
    write("hub-gpt2", model, expected, ["model.keras", "model.weights.h5"])
    backbone.save_weights(OUT / "hub-gpt2/backbone.weights.h5")


if __name__ == "__main__":
    if "--words" in sys.argv:
        words()
    elif KERAS2:
        classify("keras2-")
        functional("keras2-")
        gpt("keras2-")
    else:
        classify()
        functional()
        pre_norm()
        gpt()
        nested()
        tagging()
        padded()
        own()
        layouts()
        unnamed()
        hub()
        broken()
