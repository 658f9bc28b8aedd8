//! Floor 4: measures over a trace.
