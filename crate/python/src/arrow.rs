//! Arrow tables in and out, through the C data interface: any library that has it can give and take
//! them, and none is needed.

use std::ffi::CStr;

use arrow_array::{
    RecordBatch, RecordBatchIterator,
    ffi::FFI_ArrowSchema,
    ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader},
};
use arrow_schema::ArrowError;
use pyo3::{intern, prelude::*, types::PyCapsule};

use crate::fault::Fault;

const STREAM: &CStr = c"arrow_array_stream";
const SCHEMA: &CStr = c"arrow_schema";

/// The batches of a Python object that has a table.
pub(crate) fn reader(table: &Bound<'_, PyAny>) -> PyResult<RecordBatchStreamReader> {
    let method = intern!(table.py(), "__arrow_c_stream__");
    if !table.hasattr(method)? {
        let kind = table.get_type().name()?;
        // Tables that are not computed yet, or that have another form inside.
        let hint = if table.hasattr(intern!(table.py(), "collect"))? {
            "; give the result of its `collect()`"
        } else if table.hasattr(intern!(table.py(), "with_format"))? {
            "; give `dataset.with_format(\"arrow\")[:]`"
        } else {
            ""
        };
        let message =
            format!("the table is of type {kind}; expected one with the Arrow C stream interface{hint}");
        return Err(Fault::argument(message).into());
    }
    let stream = table.call_method0(method)?;
    let stream = stream.cast::<PyCapsule>()?.pointer_checked(Some(STREAM))?;
    #[allow(unsafe_code, reason = "a C interface")]
    // SAFETY: a capsule of this name has a valid stream, which is moved out before Python runs
    // again.
    let reader = unsafe { RecordBatchStreamReader::from_raw(stream.cast::<FFI_ArrowArrayStream>().as_ptr()) };
    Ok(reader.map_err(unreadable)?)
}

/// The next batch. The interpreter is free, because threads of the table's owner may need it.
pub(crate) fn next(py: Python<'_>, reader: &mut RecordBatchStreamReader) -> PyResult<Option<RecordBatch>> {
    Ok(py.detach(|| reader.next()).transpose().map_err(unreadable)?)
}

fn unreadable(error: ArrowError) -> Fault {
    let message = match error {
        ArrowError::CDataInterface(message) => message,
        other => other.to_string(),
    };
    // pyarrow adds a stack trace.
    let first = message.split(" Detail: Python exception").next().unwrap_or_default();
    let first = first.trim().trim_end_matches('.').lines().next().unwrap_or_default();
    Fault::new("table-unreadable", format!("the table cannot be read: {first}"))
}

/// A table that was computed. Every library with Arrow's C interface takes it: `pyarrow.table(t)`,
/// `polars.DataFrame(t)`, `duckdb.sql("from t")`.
#[pyclass(module = "pickscore", frozen)]
pub(crate) struct Table {
    batch: RecordBatch,
}

impl Table {
    pub(crate) fn new(batch: RecordBatch) -> Self {
        Self { batch }
    }
}

#[pymethods]
impl Table {
    /// The names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(&*self.batch.schema()).map_err(Fault::internal)?;
        PyCapsule::new_with_value(py, schema, SCHEMA)
    }

    /// Another schema may be requested, but need not be given.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let batches = RecordBatchIterator::new([Ok(self.batch.clone())], self.batch.schema());
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), STREAM)
    }

    fn __repr__(&self) -> String {
        format!("Table(rows={}, columns={:?})", self.batch.num_rows(), self.column_names())
    }
}
