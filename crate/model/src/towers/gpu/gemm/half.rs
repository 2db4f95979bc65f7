//! Rounding to f16.

/// The directive that enables f16.
pub(in crate::towers::gpu) const DIRECTIVE: &str = "enable f16;\n";
/// Defines `rounded(x)`: the values rounded to f16, at most its largest. What is not finite stays
/// so, and is reported at the end.
pub(super) const ROUNDED: &str = "
fn rounded(x: vec4f) -> vec4<f16> {
    let exponent = vec4u(0x7f800000u);
    let is_finite = (bitcast<vec4u>(x) & exponent) != exponent;
    return vec4<f16>(select(x, clamp(x, vec4f(-65504f), vec4f(65504f)), is_finite));
}
";
