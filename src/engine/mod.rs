//! Floor 5: jobs: load, run, generate, check, export.
