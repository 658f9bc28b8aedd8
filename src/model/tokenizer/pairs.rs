//! Two texts as one prompt: a question and what it is asked of.

use super::{EncodeError, Frame, Token, Tokenizer, guarded};

/// Two texts, as one run of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Both texts, a line break between them
    pub text: String,
    /// Their tokens, with the special ones that the model expects; spans are of `text`
    pub tokens: Vec<Token>,
    /// The first token of the second text
    pub second: usize,
}

impl Tokenizer {
    /// Splits two texts into the tokens of one prompt.
    pub fn encode_pair(&self, first: &str, second: &str) -> Result<Pair, EncodeError> {
        let text = format!("{first}\n{second}");
        let shift = first.len() + 1;
        let moved = |mut token: Token| {
            if !token.span.is_empty() {
                token.span = token.span.start + shift..token.span.end + shift;
            }
            token
        };
        if let Frame::Own { before, after } = &self.frame {
            let special = |ids: &[u32]| ids.iter().map(|&id| self.token(id)).collect::<Vec<_>>();
            let mut tokens = special(before);
            tokens.extend(self.encode_bare(first)?);
            tokens.extend(special(after));
            // Where texts begin and end, RoBERTa's way, a second one begins with `</s>` too; T5's only end
            if !before.is_empty() && after.last().is_some_and(|&id| self.text(id) == "</s>") {
                tokens.extend(special(after));
            }
            let from = tokens.len();
            tokens.extend(self.encode_bare(second)?.into_iter().map(moved));
            tokens.extend(special(after));
            return Ok(Pair { text, tokens, second: from });
        }
        let lower = |text: &str| if self.ascii_lower { text.to_ascii_lowercase() } else { text.to_owned() };
        let encoding = guarded(|| self.inner.encode((lower(first), lower(second)), true))
            .map_err(|error| self.unreadable(&lower(&text), &error))?;
        let parts = encoding.get_sequence_ids();
        let special = encoding.get_special_tokens_mask();
        let of_second = |index: usize| parts[index] == Some(1) && special[index] == 0;
        let tokens: Vec<Token> = encoding
            .get_ids()
            .iter()
            .zip(encoding.get_offsets())
            .enumerate()
            .map(|(index, (&inner, &(start, end)))| {
                let id = self.outer(inner);
                let span = if special[index] == 1 { 0..0 } else { start..end };
                let token = Token { id, text: self.text(id), span };
                if of_second(index) { moved(token) } else { token }
            })
            .collect();
        let from = (0..tokens.len()).find(|&index| of_second(index)).unwrap_or(tokens.len());
        Ok(Pair { text, tokens, second: from })
    }
}
