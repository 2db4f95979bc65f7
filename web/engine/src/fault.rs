//! Conversions of library errors to JavaScript errors with the codes in `../js/error.ts`.

use pickscore_checkpoint::config::ConfigError;
use pickscore_checkpoint::weights::WeightError;
use pickscore_model::Coded;
use pickscore_model::scorer::{OptionNames, ScoreError};
use pickscore_model::towers::TowerError;
use pickscore_pixels::{PixelError, ProcessorError};
use pickscore_tokens::TokenizerError;
use wasm_bindgen::prelude::*;

/// An error that is thrown in JavaScript. A separate type, because `From` can only be implemented
/// for a type of this crate.
pub(crate) struct Fault(pickscore_glue::Fault);

const OPTIONS: OptionNames =
    OptionNames { scorer: Some("`scorer`"), head: Some("`head`"), cpu: "`device: \"cpu\"`" };

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl ToString) -> Self {
        Self(pickscore_glue::Fault::new(code, message))
    }
}

impl From<Fault> for JsValue {
    fn from(Fault(fault): Fault) -> Self {
        fault.into()
    }
}

impl From<ScoreError> for Fault {
    fn from(error: ScoreError) -> Self {
        Self::new(error.code(), error.message(&OPTIONS))
    }
}

macro_rules! coded {
    ($($error:ty),*) => {$(
        impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::new(error.code(), error)
            }
        }
    )*};
}

coded!(ConfigError, WeightError, TokenizerError, ProcessorError, PixelError, TowerError);
