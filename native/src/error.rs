//! Everything that can go wrong while JSON is written, and its one way out to Python.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use pyo3::exceptions::{PyException, PyMemoryError, PyRecursionError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;

use crate::imports::Imports;

/// How many containers may be open at once: at least as many as this Python's own encoder takes.
///
/// The encoder of 3.11 ends at `sys.getrecursionlimit()`, which is 1,000. From 3.12 on a limit of C code counts instead:
/// 10,000 at most in 3.12 and 3.13 (`Py_C_RECURSION_LIMIT`). From 3.14 on the encoder ends where the stack of the thread
/// ends, and 8 MB hold fewer than 100,000 levels. Our walk keeps its open containers on the heap, so no number of them
/// overflows a stack.
#[cfg(not(Py_3_12))]
pub const MAX_DEPTH: usize = 1024;
/// How many containers may be open at once, see above.
#[cfg(all(Py_3_12, not(Py_3_14)))]
pub const MAX_DEPTH: usize = 10_000;
/// How many containers may be open at once, see above.
#[cfg(Py_3_14)]
pub const MAX_DEPTH: usize = 100_000;

/// What stopped an encode.
pub enum Error {
    /// Raised by Python code: it comes out as the same object, with the path as a note.
    Raised(PyErr),
    /// NaN or an infinity.
    NotFinite(f64),
    /// A container that holds itself.
    Circular,
    /// More than [`MAX_DEPTH`] open containers.
    TooDeep,
    /// A dict whose size changed while it was written.
    Changed,
    /// A row that is shorter than its columns.
    TooFewColumns {
        /// Which row.
        row: usize,
        /// How many values it has.
        found: usize,
    },
    /// A row of another length than its columns.
    WrongLength {
        /// Which row.
        row: usize,
        /// How many values it has.
        found: usize,
        /// How many columns there are.
        expected: usize,
    },
    /// A value that its column cannot hold.
    WrongKind {
        /// Which row.
        row: usize,
        /// The column.
        name: String,
        /// The column's kind.
        kind: &'static str,
        /// The type of the value.
        found: String,
    },
    /// A column of an instance that is deferred, or not yet computed.
    NotLoaded {
        /// The column.
        name: String,
    },
    /// An `items()` that gave something else than pairs.
    NotPairs,
    /// A value, or a key, that has no JSON form: Django's message, and what to write instead.
    Refused {
        /// Django's words.
        problem: String,
        /// What to write instead.
        hint: String,
        /// The section of the documentation.
        topic: String,
    },
    /// The output did not fit into memory.
    OutOfMemory,
}

impl From<PyErr> for Error {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl Error {
    /// The section of `docs/reference/errors.md`; none for what other code raised, and where no memory is left.
    fn topic(&self) -> Option<&str> {
        Some(match self {
            Self::Raised(_) | Self::NotPairs | Self::OutOfMemory => return None,
            Self::NotFinite(_) => "nan",
            Self::Circular => "circular",
            Self::TooDeep => "depth",
            Self::Changed => "changed",
            Self::TooFewColumns { .. } | Self::WrongLength { .. } => "row-length",
            Self::WrongKind { .. } => "descriptors",
            Self::NotLoaded { .. } => "not-loaded",
            Self::Refused { topic, .. } => topic,
        })
    }

    /// The Python exception, Django's class and words first, then the place: `$.rows[3].price`.
    pub fn into_pyerr(self, py: Python<'_>, path: &str) -> PyErr {
        let topic = self.topic().map(str::to_owned);
        let error = self.make_pyerr(py, path);
        match topic {
            Some(topic) => with_docs(py, error, &topic),
            None => error,
        }
    }

    fn make_pyerr(self, py: Python<'_>, path: &str) -> PyErr {
        match self {
            Self::Raised(error) => with_note(py, error, path),
            Self::NotFinite(value) => {
                let word = if value.is_nan() {
                    "nan"
                } else if value > 0.0 {
                    "inf"
                } else {
                    "-inf"
                };
                PyValueError::new_err(format!(
                    "Out of range float values are not JSON compliant: {word} at {path}; \
                     replace it, or pass nan=\"null\" to write null"
                ))
            }
            Self::Circular => PyValueError::new_err(format!("Circular reference detected at {path}")),
            Self::TooDeep => PyRecursionError::new_err(format!(
                "maximum recursion depth exceeded while encoding a JSON object: more than {MAX_DEPTH} containers \
                 at {path}"
            )),
            Self::Changed => PyRuntimeError::new_err(format!("dictionary changed size during iteration at {path}")),
            Self::TooFewColumns { row, found } => PyValueError::new_err(format!(
                "row {row} has only {found} values, fewer than the columns of the query, at {path}"
            )),
            Self::WrongLength { row, found, expected } => PyValueError::new_err(format!(
                "row {row} has {found} values for {expected} columns at {path}; give one for each, in their order"
            )),
            Self::WrongKind { row, name, kind, found } => PyTypeError::new_err(format!(
                "row {row}, field {name:?}: a value of type {found} cannot be of kind {kind}, at {path}; \
                 give the values in the order of the descriptors"
            )),
            Self::NotLoaded { name } => PyValueError::new_err(format!(
                "{name} is not loaded at {path}; leave it out of fields=, load it with the QuerySet, or once with \
                 refresh_from_db(fields=[{name:?}])"
            )),
            Self::NotPairs => PyValueError::new_err(format!("items must return 2-tuples at {path}")),
            Self::Refused { problem, hint, .. } => PyTypeError::new_err(format!("{problem} at {path}; {hint}")),
            Self::OutOfMemory => PyMemoryError::new_err(()),
        }
    }
}

/// Runs native code. A panic would be a bug of PyForge Web: it becomes an `Exception`, which Django's handlers catch.
///
/// PyO3 panics where CPython has no memory for an object, after it has printed the error: that is a `MemoryError`.
pub fn catch_panics<T>(subject: &str, work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let work = || {
        work().inspect_err(|error| {
            // PyO3 makes the exception of its class and words late, where a panic would end the process.
            Python::attach(|py| _ = error.value(py));
        })
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        if is_no_memory(&*payload) {
            return Err(PyMemoryError::new_err(()));
        }
        let message = format!("PyForge Web failed inside its native core: please report this {subject} as a bug");
        Err(Python::attach(|py| with_docs(py, PyRuntimeError::new_err(message), "native-core")))
    })
}

/// Whether a panic is PyO3's where CPython gave null for an object that it makes: `panic_after_error`, `panic_on_null`.
fn is_no_memory(payload: &(dyn Any + Send)) -> bool {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.is_some_and(|text| text.contains("Python API call failed") || text.contains("PyObject pointer is null"))
}

/// Panics that become a `MemoryError` print nothing; all others print what Rust prints. Other extension modules have a
/// Rust library of their own, and so a hook of their own.
pub fn set_panic_hook() {
    let print = take_hook();
    set_hook(Box::new(move |panic| {
        if !is_no_memory(panic.payload()) {
            print(panic);
        }
    }));
}

/// Returns the error with a note that has the address of its section in the documentation.
pub fn with_docs(py: Python<'_>, error: PyErr, topic: &str) -> PyErr {
    // A note that cannot be made must not replace the error.
    if let Ok(imports) = Imports::get(py) {
        let _ = imports.with_docs.bind(py).call1((error.value(py), topic));
    }
    error
}

/// Adds the path to an `Exception` as a note (PEP 678); `KeyboardInterrupt` and its like stay as they are.
fn with_note(py: Python<'_>, error: PyErr, path: &str) -> PyErr {
    // `SystemExit` and `KeyboardInterrupt` end the process or the request; nobody reads a note on them.
    if error.is_instance_of::<PyException>(py) {
        let note = format!("while encoding {path}");
        let value = error.value(py);
        // An exception object that is raised again and again shall not collect the same note for ever.
        let noted = value
            .getattr_opt(intern!(py, "__notes__"))
            .and_then(|notes| notes.map_or(Ok(false), |notes| notes.contains(&note)));
        if matches!(noted, Ok(false)) {
            // A note that cannot be added (a class with its own `add_note`) must not replace the exception.
            let _ = value.call_method1(intern!(py, "add_note"), (note,));
        }
    }
    error
}
