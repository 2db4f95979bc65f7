//! CMYK to RGB.

/// Converts inks, where 0 means none, to RGB: Pillow's `cmyk2rgb`.
pub(crate) fn cmyk_to_rgb([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let white = 255 - u32::from(black);
    [cyan, magenta, yellow].map(|ink| {
        let product = u32::from(ink) * white + 128;
        // The product divided by 255 and rounded; at most `white`.
        white.saturating_sub(((product >> 8) + product) >> 8) as u8
    })
}
