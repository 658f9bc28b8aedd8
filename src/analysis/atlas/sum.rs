//! A sum that a file keeps to the last bit: an interrupted job goes on as if nothing had happened.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::AddAssign;

/// A number that is added to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum(pub(super) f64);

impl AddAssign<f64> for Sum {
    fn add_assign(&mut self, x: f64) {
        self.0 += x;
    }
}

impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0.to_bits())
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|bits| Self(f64::from_bits(bits)))
    }
}
