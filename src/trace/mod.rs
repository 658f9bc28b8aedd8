//! Floor 2: what one run leaves behind, and the one door to attention values.
