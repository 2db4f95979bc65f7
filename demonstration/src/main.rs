//! Pictures and prompts.

fn main() {}
