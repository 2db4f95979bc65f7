//! A component of the image: its geometry, its coefficients, and a window of decoded rows.

use super::{
    entropy::Block,
    error::JpegError,
    header::{ComponentHeader, Frame},
    idct,
    smooth::Known,
    upsample::Upsample,
};

pub(super) struct Component {
    /// Blocks of one unit, across and down.
    pub(super) across: usize,
    pub(super) down: usize,
    /// Samples that belong to the image.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Blocks that belong to the image.
    pub(super) blocks_wide: usize,
    pub(super) blocks_high: usize,
    /// Blocks per row, including those that only fill the last unit.
    pub(super) stride: usize,
    pub(super) upsample: Upsample,
    /// The quantization table; zeros until a scan contains the component, as in libjpeg.
    pub(super) table: [u16; 64],
    pub(super) latched: bool,
    /// All blocks, if a file has several scans.
    pub(super) blocks: Vec<Block>,
    /// Precision of coefficients, now and before the last scan.
    pub(super) known: Known,
    pub(super) known_before: Known,
    /// Decoded rows of three rows of units.
    window: [Vec<u8>; 3],
}

/// Units of the image: 8 samples times the largest sampling factors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units {
    /// The largest sampling factors.
    pub(super) most: (usize, usize),
    pub(super) across: usize,
    pub(super) down: usize,
}

impl Units {
    pub(super) fn of(frame: &Frame) -> Result<Self, JpegError> {
        let mut most = (1, 1);
        for component in &frame.components {
            let (horizontal, vertical) = (component.horizontal, component.vertical);
            if !(1..=4).contains(&horizontal) || !(1..=4).contains(&vertical) {
                return Err(JpegError::Sampling { horizontal, vertical });
            }
            most = (most.0.max(horizontal.into()), most.1.max(vertical.into()));
        }
        let across = frame.width.div_ceil(most.0 * 8);
        let down = frame.height.div_ceil(most.1 * 8);
        Ok(Self { most, across, down })
    }
}

impl Component {
    pub(super) fn new(header: &ComponentHeader, frame: &Frame, units: &Units) -> Result<Self, JpegError> {
        let (across, down) = (usize::from(header.horizontal), usize::from(header.vertical));
        let width = (frame.width * across).div_ceil(units.most.0);
        let height = (frame.height * down).div_ceil(units.most.1);
        Ok(Self {
            across,
            down,
            width,
            height,
            blocks_wide: (frame.width * across).div_ceil(units.most.0 * 8),
            blocks_high: (frame.height * down).div_ceil(units.most.1 * 8),
            stride: units.across * across,
            upsample: Upsample::new((across, down), units.most, width)?,
            table: [0; 64],
            latched: false,
            blocks: Vec::new(),
            known: [-1; 10],
            known_before: [-1; 10],
            window: Default::default(),
        })
    }

    /// Allocates the window of rows.
    pub(super) fn open_window(&mut self) {
        let size = self.stride * 8 * self.down * 8;
        self.window = std::array::from_fn(|_| vec![0; size]);
    }

    /// Decodes a block into the window; `row` and `column` count blocks of the image.
    #[inline]
    pub(super) fn show(&mut self, block: &Block, row: usize, column: usize) {
        let stride = self.stride * 8;
        let start = (row % self.down) * 8 * stride + column * 8;
        let window = &mut self.window[row / self.down % 3];
        idct::inverse(block, &self.table, window, start, stride);
    }

    /// A row of samples from the three rows of units decoded last.
    pub(super) fn row(&self, y: usize) -> &[u8] {
        let stride = self.stride * 8;
        let start = y % (self.down * 8) * stride;
        let window = &self.window[y / (self.down * 8) % 3];
        window.get(start..start + self.width).unwrap_or_default()
    }
}
