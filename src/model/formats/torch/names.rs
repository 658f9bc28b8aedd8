//! What a pickle may name, and nothing else.

/// Things that a pickle may name. None of them is code: the reader knows what each stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Global {
    /// `OrderedDict`, `dict`
    Dict,
    /// `set`, `list`, `torch.Size`: made of their argument's items, which nothing asks for
    Container,
    /// A tensor from (storage, offset, size, stride, …)
    Tensor,
    /// A tensor from (storage, offset, size, stride, …, type), the storage being bytes
    TypedTensor,
    /// Its first argument
    Parameter,
    /// Its third argument, handed to its first
    Subclass,
    /// A kind of storage, or of number
    Kind(Kind),
    /// `torch.device`, `_codecs.encode`: whatever it makes, nothing asks for it
    Ignored,
}

/// Kinds of number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Bytes that a tensor's own type explains
    Untyped,
    F64,
    F32,
    F16,
    Bf16,
    E4m3,
    E5m2,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

/// Names that are known. Those of storages go by what is before `Storage`.
const GLOBALS: &[(&str, &str, Global)] = &[
    ("collections", "OrderedDict", Global::Dict),
    ("builtins", "dict", Global::Dict),
    ("builtins", "set", Global::Container),
    ("builtins", "list", Global::Container),
    ("__builtin__", "set", Global::Container),
    ("torch", "Size", Global::Container),
    ("torch", "device", Global::Ignored),
    ("_codecs", "encode", Global::Ignored),
    ("torch._utils", "_rebuild_tensor", Global::Tensor),
    ("torch._utils", "_rebuild_tensor_v2", Global::Tensor),
    ("torch._utils", "_rebuild_tensor_v3", Global::TypedTensor),
    ("torch._utils", "_rebuild_parameter", Global::Parameter),
    ("torch._utils", "_rebuild_parameter_with_state", Global::Parameter),
    ("torch.nn.parameter", "Parameter", Global::Ignored),
    ("torch", "Tensor", Global::Ignored),
    ("torch._tensor", "_rebuild_from_type_v2", Global::Subclass),
    ("torch.storage", "UntypedStorage", Global::Kind(Kind::Untyped)),
    ("torch", "float64", Global::Kind(Kind::F64)),
    ("torch", "float32", Global::Kind(Kind::F32)),
    ("torch", "float16", Global::Kind(Kind::F16)),
    ("torch", "bfloat16", Global::Kind(Kind::Bf16)),
    ("torch", "float8_e4m3fn", Global::Kind(Kind::E4m3)),
    ("torch", "float8_e5m2", Global::Kind(Kind::E5m2)),
    ("torch", "int64", Global::Kind(Kind::I64)),
    ("torch", "int32", Global::Kind(Kind::I32)),
    ("torch", "int16", Global::Kind(Kind::I16)),
    ("torch", "int8", Global::Kind(Kind::I8)),
    ("torch", "uint8", Global::Kind(Kind::U8)),
    ("torch", "bool", Global::Kind(Kind::Bool)),
    ("torch", "DoubleStorage", Global::Kind(Kind::F64)),
    ("torch", "FloatStorage", Global::Kind(Kind::F32)),
    ("torch", "HalfStorage", Global::Kind(Kind::F16)),
    ("torch", "BFloat16Storage", Global::Kind(Kind::Bf16)),
    ("torch", "LongStorage", Global::Kind(Kind::I64)),
    ("torch", "IntStorage", Global::Kind(Kind::I32)),
    ("torch", "ShortStorage", Global::Kind(Kind::I16)),
    ("torch", "CharStorage", Global::Kind(Kind::I8)),
    ("torch", "ByteStorage", Global::Kind(Kind::U8)),
    ("torch", "BoolStorage", Global::Kind(Kind::Bool)),
];

/// What a name stands for, if it is known.
pub(super) fn named(module: &str, name: &str) -> Option<Global> {
    let known = GLOBALS.iter().find(|(known, of, _)| (*known, *of) == (module, name))?;
    Some(known.2)
}
