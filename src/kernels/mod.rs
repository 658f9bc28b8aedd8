//! Floor 0: SIMD and rayon primitives on plain slices.
