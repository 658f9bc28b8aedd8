//! Floor 4: writers for every file format.
