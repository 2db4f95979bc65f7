//! prompt → [`Tokens`]

/// A prompt as the text tower reads it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tokens {
    /// Token ids, `[context]`: start token, the prompt's tokens, end token, padding.
    pub ids: Vec<u32>,
    /// How many of `ids` come before the padding, start and end token included.
    pub length: usize,
    /// Whether the prompt was too long and lost its last tokens (the end token is always kept).
    pub truncated: bool,
}
