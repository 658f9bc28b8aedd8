//! What a run says after its tokens: the last residuals through final norm and unembedding, with what was changed there.

use super::Trace;
use crate::model::{Hook, Network};
use std::ops::Range;

impl Trace {
    /// Input of the unembedding after some tokens, [row, width].
    pub fn final_rows(&self, network: &Network, rows: Range<usize>) -> Vec<f32> {
        let (width, first) = (self.spec.width, rows.start);
        let resid = &self.resid(self.n_layers())[first * width..rows.end * width];
        let mut x = network.final_normalized(resid);
        self.changes.apply(Hook::FinalNormalized, 0, first, &mut x, &mut (*self.means).clone());
        x
    }

    /// Logits after some tokens, [row, vocab]; empty where the head gives no tokens.
    pub fn logits_of(&self, network: &Network, rows: Range<usize>) -> Vec<f32> {
        let first = rows.start;
        let mut logits = network.unembedded(self.final_rows(network, rows));
        self.changes.apply(Hook::Logits, 0, first, &mut logits, &mut (*self.means).clone());
        logits
    }
}
