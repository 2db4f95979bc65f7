//! Values as numpy arrays.
//!
//! The stable interface of Python 3.10 has no buffer protocol, so arrays are made by numpy itself,
//! from a `bytearray`.

use pyo3::{intern, prelude::*, types::PyByteArray};

/// A float32 array of a shape that `values` fill.
pub(crate) fn array<'py>(py: Python<'py>, values: &[f32], shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    let numpy = py.import(intern!(py, "numpy"))?;
    let float = intern!(py, "float32");
    if values.is_empty() {
        return numpy.call_method1(intern!(py, "empty"), (shape, float));
    }
    let bytes = PyByteArray::new(py, bytemuck::cast_slice(values));
    let flat = numpy.call_method1(intern!(py, "frombuffer"), (bytes, float))?;
    match shape {
        [_] => Ok(flat),
        _ => flat.call_method1(intern!(py, "reshape"), (shape,)),
    }
}
