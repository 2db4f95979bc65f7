//! Checks the values of a record.

use super::{
    choice_record::{Mode, Record, Shown},
    error::RecordError,
    label::Side,
};

/// Maximum length of a prompt, in bytes. Text encoders read a few hundred.
pub const PROMPT_BYTES: usize = 16 << 10;
/// Maximum length of the name of a model or scorer and of a version, in bytes.
pub const NAME_BYTES: usize = 256;
/// Maximum length of a uid, in characters.
pub const UID_LENGTH: usize = 64;
/// The time by which a record may be ahead of the current time, in milliseconds: a day.
pub const CLOCK_AHEAD: i64 = 24 * 60 * 60 * 1000;

impl Record {
    /// Checks every field. `now` is the time in milliseconds since 1970; a record may be up to
    /// [`CLOCK_AHEAD`] later.
    ///
    /// # Errors
    ///
    /// If a field is invalid; the error names it.
    pub fn check(&self, now: i64) -> Result<(), RecordError> {
        uid("uid", &self.uid)?;
        uid("session_uid", &self.session_uid)?;
        uid("rater_uid", &self.rater_uid)?;
        check_prompt(&self.prompt)?;
        for (side, shown) in [("left", &self.left), ("right", &self.right)] {
            self.check_shown(side, shown)?;
        }
        if self.left.image_uid == self.right.image_uid {
            return Err(wrong("right.image_uid", "the image of the other side".into(), "another image"));
        }
        if self.created_at <= 0 {
            return Err(wrong("created_at", self.created_at.to_string(), "milliseconds since 1970"));
        }
        check_time(self.created_at, now)?;
        if let Some(of) = &self.retest_of {
            uid("retest_of", of)?;
            if self.mode != Mode::Retest {
                let found = format!("a uid in mode \"{}\"", self.mode.name());
                return Err(wrong("retest_of", found, "none, except in mode \"retest\""));
            }
        }
        if let Some(group) = &self.group_uid {
            uid("group_uid", group)?;
            if self.mode != Mode::BestOfFour {
                let found = format!("a uid in mode \"{}\"", self.mode.name());
                return Err(wrong("group_uid", found, "none, except in mode \"best-of-four\""));
            }
        }
        if self.seconds.is_some_and(|seconds| !seconds.is_finite() || seconds < 0.0) {
            let found = self.seconds.unwrap_or_default().to_string();
            return Err(wrong("seconds", found, "0 or more"));
        }
        if let Some(scorer) = &self.scorer {
            name("scorer.name", &scorer.name)?;
            name("scorer.version", &scorer.version)?;
        }
        name("app_version", &self.app_version)
    }

    fn check_shown(&self, side: &str, shown: &Shown) -> Result<(), RecordError> {
        let image = &shown.image_uid;
        if !is_image_uid(image) {
            return Err(wrong(
                &format!("{side}.image_uid"),
                shortened(image),
                "64 hexadecimal digits in lower case",
            ));
        }
        if let Some(model) = &shown.model {
            name(&format!("{side}.model"), model)?;
        }
        let Some(score) = shown.score else { return Ok(()) };
        let field = format!("{side}.score");
        if !score.is_finite() {
            return Err(wrong(&field, score.to_string(), "a finite number"));
        }
        if self.scorer.is_none() {
            return Err(wrong(&field, "a score without a scorer".into(), "a scorer beside it"));
        }
        Ok(())
    }

    /// For a control pair that was not skipped, the side of the image that everybody should prefer
    /// and whether the rater preferred it.
    pub fn passed_control(&self) -> Option<(Side, bool)> {
        let strong = self.control?;
        let label = self.label?;
        Some((strong, label.name() == strong.name()))
    }
}

/// Checks a prompt.
///
/// # Errors
///
/// If it is blank or longer than [`PROMPT_BYTES`].
pub fn check_prompt(prompt: &str) -> Result<(), RecordError> {
    let length = prompt.len();
    if length > PROMPT_BYTES {
        return Err(wrong("prompt", format!("a text of {length} bytes"), "at most 16384 bytes"));
    }
    if prompt.trim().is_empty() {
        return Err(wrong("prompt", "a blank text".into(), "a prompt"));
    }
    Ok(())
}

/// Checks that a time is not in the future; both in milliseconds since 1970.
///
/// # Errors
///
/// If it is more than [`CLOCK_AHEAD`] after `now`.
pub fn check_time(created_at: i64, now: i64) -> Result<(), RecordError> {
    if created_at > now.saturating_add(CLOCK_AHEAD) {
        let found = format!("{created_at} ms after 1970");
        return Err(wrong("created_at", found, "a time that is not in the future"));
    }
    Ok(())
}

/// Whether a text is the uid of an image: 64 lowercase hexadecimal digits.
pub fn is_image_uid(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn uid(field: &str, text: &str) -> Result<(), RecordError> {
    let fits = (1..=UID_LENGTH).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    fits.then_some(())
        .ok_or_else(|| wrong(field, shortened(text), "1 to 64 letters, digits, hyphens and underscores"))
}

fn name(field: &str, text: &str) -> Result<(), RecordError> {
    let fits = (1..=NAME_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
    fits.then_some(())
        .ok_or_else(|| wrong(field, shortened(text), "1 to 256 bytes without control characters"))
}

pub(super) fn wrong(field: &str, found: String, expected: &'static str) -> RecordError {
    RecordError::Field { field: field.into(), found, expected }
}

/// The beginning of a text in quotes, for errors.
pub(super) fn shortened(text: &str) -> String {
    let mut start: String = text.chars().take(40).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}
