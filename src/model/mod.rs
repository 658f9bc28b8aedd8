//! Floor 1: what a model is, how it is read, and the one forward pass.
