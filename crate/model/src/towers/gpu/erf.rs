//! The error function, which WGSL lacks.

/// Defines `erf` by Abramowitz and Stegun's formula 7.1.26, with an error below 1.5e-7.
pub(super) const TEXT: &str = "
fn erf(x: vec4f) -> vec4f {
    let y = abs(x);
    let t = 1f / (1f + 0.3275911 * y);
    let polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    return sign(x) * (1f - polynomial * exp(-y * y));
}
";
