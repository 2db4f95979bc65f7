//! Images as Python has them.

use std::path::{Path, PathBuf};

use pickscore_common::regular::read_regular;
use pickscore_pixels::{Limits, Method, Original, Picture, PixelError, Pixels, Processor};
use pyo3::{
    exceptions::PyException,
    intern,
    prelude::*,
    pybacked::PyBackedBytes,
    types::{PyBytes, PyMemoryView, PyString},
};

use crate::fault::Fault;

/// Maximum file size in bytes. 100 megapixels of uncompressed 16-bit RGBA take 800 MB.
const LARGEST: u64 = 1 << 30;

/// An image that has not been decoded and prepared.
pub(crate) enum Source {
    Path(PathBuf),
    /// The bytes of an image file.
    Encoded(Encoded),
    Decoded(Decoded),
}

/// The bytes of an image file.
pub(crate) enum Encoded {
    Python(PyBackedBytes),
    Owned(Vec<u8>),
}

impl Encoded {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Python(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

/// The levels of an image, `[height, width, channels]`.
pub(crate) struct Decoded {
    width: usize,
    height: usize,
    mode: Mode,
    levels: PyBackedBytes,
}

/// The layout of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Rgb,
    /// RGB of an image with a palette.
    Indexed,
    Rgba,
    Cmyk,
}

impl Decoded {
    /// Prepares the image as the processor would have, had it decoded the image's file.
    pub(crate) fn prepare(&self, processor: &Processor) -> Result<Pixels, PixelError> {
        let (width, height, limits) = (self.width, self.height, &processor.limits);
        let levels = self.levels.to_vec();
        let original = match self.mode {
            Mode::Rgb => return Ok(processor.prepare(&Picture::from_rgb(width, height, levels, limits)?)),
            Mode::Indexed => Original::from_indexed(width, height, levels, limits)?,
            Mode::Rgba => Original::from_rgba(width, height, levels, limits)?,
            Mode::Cmyk => Original::from_cmyk(width, height, levels, limits)?,
        };
        Ok(processor.prepare_original(original))
    }
}

/// Reads the file of an image.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    if path.as_os_str().is_empty() {
        return Err(Fault::argument("a path is empty"));
    }
    read_regular(path, LARGEST).map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => "not-found",
            _ => "image-unreadable",
        };
        Fault::new(code, format!("{}: the file cannot be read: {error}", path.display()))
    })
}

/// Takes images from Python.
pub(crate) struct Images<'py> {
    /// Pillow's class of images, if Pillow is loaded.
    pillow: Option<Bound<'py, PyAny>>,
    py: Python<'py>,
    /// Whether the mode of an image matters beyond its RGB levels.
    keeps_mode: bool,
    limits: Limits,
}

impl<'py> Images<'py> {
    pub(crate) fn new(py: Python<'py>, processor: &Processor) -> PyResult<Self> {
        let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
        let pillow = modules.call_method1(intern!(py, "get"), (intern!(py, "PIL.Image"),))?;
        let pillow = if pillow.is_none() { None } else { Some(pillow.getattr(intern!(py, "Image"))?) };
        let keeps_mode = processor.method == Method::ImageReward;
        Ok(Self { pillow, py, keeps_mode, limits: processor.limits })
    }

    /// Whether an object is one image rather than several.
    pub(crate) fn is_one(&self, object: &Bound<'py, PyAny>) -> PyResult<bool> {
        Ok(object.is_instance_of::<PyString>()
            || object.is_instance_of::<PyBytes>()
            || object.hasattr(intern!(self.py, "__fspath__"))?
            || self.is_pillow(object)?
            // Of an array `[height, width, 3]`, the elements are no images.
            || object.getattr_opt(intern!(self.py, "ndim"))?.is_some_and(|ndim| ndim.eq(3).unwrap_or(false)))
    }

    fn is_pillow(&self, object: &Bound<'py, PyAny>) -> PyResult<bool> {
        self.pillow.as_ref().map_or(Ok(false), |class| object.is_instance(class))
    }

    /// Takes an image: a path, bytes, an image of Pillow or an array.
    ///
    /// # Errors
    ///
    /// The outer error is an interruption, the inner one the image's.
    pub(crate) fn take(&self, object: &Bound<'py, PyAny>) -> PyResult<Result<Source, Fault>> {
        let py = self.py;
        if let Ok(bytes) = object.extract::<PyBackedBytes>() {
            return Ok(Ok(Source::Encoded(Encoded::Python(bytes))));
        }
        if let Ok(path) = object.extract::<PathBuf>() {
            return Ok(Ok(Source::Path(path)));
        }
        if object.is_instance_of::<PyMemoryView>() {
            let kind: String = object.getattr(intern!(py, "format"))?.extract()?;
            let dimensions: usize = object.getattr(intern!(py, "ndim"))?.extract()?;
            if kind != "B" || dimensions != 1 {
                let message = format!(
                    "a memoryview has {dimensions} dimensions of the format {kind:?}; expected the bytes of a file"
                );
                return Ok(Err(Fault::argument(message)));
            }
            let bytes: PyBackedBytes = object.call_method0(intern!(py, "tobytes"))?.extract()?;
            return Ok(Ok(Source::Encoded(Encoded::Python(bytes))));
        }
        let (decoded, code) = if self.is_pillow(object)? {
            (self.take_pillow(object), "image-damaged")
        } else if object.hasattr(intern!(py, "__array_interface__"))?
            || object.hasattr(intern!(py, "__array__"))?
        {
            (self.take_array(object), "bad-argument")
        } else {
            let kind = object.get_type().name()?;
            let message = if object.is_instance_of::<PyString>() {
                "a path is not valid Unicode".to_owned()
            } else {
                format!("an image is of type {kind}; expected a path, bytes, a PIL image or a uint8 array")
            };
            return Ok(Err(Fault::argument(message)));
        };
        match decoded {
            Ok(decoded) => Ok(decoded.map(Source::Decoded)),
            Err(error) if error.is_instance_of::<PyException>(py) => {
                Ok(Err(Fault::new(code, error.value(py).to_string())))
            }
            Err(error) => Err(error),
        }
    }

    /// Pillow decodes files lazily, so this may be where a damaged file is found.
    fn take_pillow(&self, image: &Bound<'py, PyAny>) -> PyResult<Result<Decoded, Fault>> {
        let py = self.py;
        let (width, height): (usize, usize) = image.getattr(intern!(py, "size"))?.extract()?;
        // Before anything is decoded.
        if let Err(error) = self.limits.check(width as u64, height as u64) {
            return Ok(Err(error.into()));
        }
        let own: String = image.getattr(intern!(py, "mode"))?.extract()?;
        let (mode, wanted) = match own.as_str() {
            "1" | "P" if self.keeps_mode => (Mode::Indexed, "RGB"),
            "RGBA" | "LA" if self.keeps_mode => (Mode::Rgba, "RGBA"),
            "CMYK" if self.keeps_mode => (Mode::Cmyk, "CMYK"),
            _ => (Mode::Rgb, "RGB"),
        };
        let converted = match own == wanted {
            true => image.clone(),
            false => image.call_method1(intern!(py, "convert"), (wanted,))?,
        };
        let levels = converted.call_method0(intern!(py, "tobytes"))?.extract()?;
        Ok(Ok(Decoded { width, height, mode, levels }))
    }

    fn take_array(&self, object: &Bound<'py, PyAny>) -> PyResult<Result<Decoded, Fault>> {
        let py = self.py;
        let array = py.import(intern!(py, "numpy"))?.call_method1(intern!(py, "asarray"), (object,))?;
        let shape: Vec<usize> = array.getattr(intern!(py, "shape"))?.extract()?;
        let kind = array.getattr(intern!(py, "dtype"))?.str()?.to_string();
        let ([height, width, 3], "uint8") = (&shape[..], kind.as_str()) else {
            let message = format!("an array is {kind} {shape:?}; expected uint8 [height, width, 3]");
            return Ok(Err(Fault::argument(message)));
        };
        if let Err(error) = self.limits.check(*width as u64, *height as u64) {
            return Ok(Err(error.into()));
        }
        let levels = array.call_method0(intern!(py, "tobytes"))?.extract()?;
        Ok(Ok(Decoded { width: *width, height: *height, mode: Mode::Rgb, levels }))
    }
}
