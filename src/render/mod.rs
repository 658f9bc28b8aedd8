//! Floor 3: values become colours; shared by window and exports.
