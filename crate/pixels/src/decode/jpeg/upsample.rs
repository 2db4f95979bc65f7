//! A component's rows at the image's width and height: libjpeg's `jdsample.c`.

use super::error::JpegError;

/// How a component is enlarged to the image's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upsample {
    /// The component already has the image's size.
    None,
    /// Each sample is repeated.
    Repeat { horizontal: usize, vertical: usize },
    /// Twice as wide, by weights of 3 and 1.
    Wide,
    /// Twice as high.
    High,
    /// Twice as wide and as high.
    Both,
}

impl Upsample {
    /// `own` and `most` are sampling factors of the component and the largest of all, `width` is
    /// the component's.
    ///
    /// # Errors
    ///
    /// When the ratio is not an integer.
    pub(super) fn new(own: (usize, usize), most: (usize, usize), width: usize) -> Result<Self, JpegError> {
        if !most.0.is_multiple_of(own.0) || !most.1.is_multiple_of(own.1) {
            return Err(JpegError::FractionalSampling);
        }
        Ok(match (most.0 / own.0, most.1 / own.1) {
            (1, 1) => Self::None,
            (2, 1) if width > 2 => Self::Wide,
            (1, 2) => Self::High,
            (2, 2) if width > 2 => Self::Both,
            (horizontal, vertical) => Self::Repeat { horizontal, vertical },
        })
    }

    /// The component's row nearest to the image's row `y`, and the row that it is blended with.
    pub(super) fn rows(self, y: usize, height: usize) -> (usize, Option<usize>) {
        let last = height.saturating_sub(1);
        match self {
            Self::None | Self::Wide => (y.min(last), None),
            Self::Repeat { vertical, .. } => ((y / vertical).min(last), None),
            Self::High | Self::Both => {
                let near = (y / 2).min(last);
                let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(last) };
                (near, Some(far))
            }
        }
    }

    /// Writes the row at the image's width. `near` and `far` are as wide as the component; `sums`
    /// is scratch space.
    pub(super) fn row(self, (near, far): (&[u8], &[u8]), odd: bool, sums: &mut Vec<u16>, output: &mut [u8]) {
        match self {
            Self::None => output.iter_mut().zip(near).for_each(|(to, from)| *to = *from),
            Self::Repeat { horizontal, .. } => {
                for (to, from) in output.chunks_mut(horizontal).zip(near) {
                    to.fill(*from);
                }
            }
            Self::High => {
                let bias = if odd { 2 } else { 1 };
                for ((to, &near), &far) in output.iter_mut().zip(near).zip(far) {
                    // At most (255 × 4 + 2) / 4.
                    *to = ((u16::from(near) * 3 + u16::from(far) + bias) >> 2) as u8;
                }
            }
            Self::Wide => {
                let values = near.iter().map(|&level| level.into());
                widen::<2>(values, sums, (1, 2), output);
            }
            Self::Both => {
                let values = near.iter().zip(far).map(|(&near, &far)| u16::from(near) * 3 + u16::from(far));
                widen::<4>(values, sums, (8, 7), output);
            }
        }
    }
}

/// Doubles each value, weighted 3:1 with its neighbours. At the edges a value is its own neighbour.
#[inline(always)]
fn widen<const SHIFT: u32>(
    values: impl Iterator<Item = u16>,
    sums: &mut Vec<u16>,
    (left_bias, right_bias): (u16, u16),
    output: &mut [u8],
) {
    sums.clear();
    sums.push(0);
    sums.extend(values);
    if let (Some(&first), Some(&last)) = (sums.get(1), sums.last()) {
        sums[0] = first;
        sums.push(last);
    }
    let middle = sums.get(1..).unwrap_or_default();
    let right = sums.get(2..).unwrap_or_default();
    for (((pair, &left), &own), &right) in
        output.as_chunks_mut::<2>().0.iter_mut().zip(sums.iter()).zip(middle).zip(right)
    {
        // At most (1020 × 4 + 8) / 16.
        *pair =
            [((own * 3 + left + left_bias) >> SHIFT) as u8, ((own * 3 + right + right_bias) >> SHIFT) as u8];
    }
}
