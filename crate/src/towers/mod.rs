//! [`Tokens`](crate::tokens::Tokens) and [`Pixels`](crate::pixels::Pixels) → embeddings
