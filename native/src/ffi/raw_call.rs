//! Native functions without PyO3's reading of arguments, for calls with one argument and no names.
//!
//! To read the six arguments of `dumps` takes as long as the encode of a small dict. A call with other arguments goes to the
//! function that PyO3 made, which also gives the signature and the documentation.

use std::ffi::CString;
use std::marker::PhantomData;

use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::impl_::trampoline::{MethodDef, fastcall_cfunction_with_keywords as trampoline};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;

/// A function with a short way for one argument.
pub trait RawFunction: 'static {
    /// Its name in the module.
    const NAME: &'static str;
    /// The function that PyO3 made, for all other calls.
    fn other_calls() -> &'static PyOnceLock<Py<PyAny>>;
    /// A call with one argument.
    fn call_plainly<'py>(py: Python<'py>, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>>;
}

struct RawDef<F>(PhantomData<F>);

impl<F: RawFunction> MethodDef<trampoline::Func> for RawDef<F> {
    const METH: trampoline::Func = call::<F>;
}

/// What CPython calls, inside of PyO3's guard against panics.
unsafe fn call<F: RawFunction>(
    py: Python<'_>,
    _module: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> PyResult<*mut ffi::PyObject> {
    // SAFETY: CPython's calling convention: `count` arguments, and those that have names behind them; all are alive during
    // the call.
    unsafe {
        if count == 1 && names.is_null() {
            return F::call_plainly(py, Bound::from_borrowed_ptr(py, *arguments)).map(Bound::into_ptr);
        }
        let other = F::other_calls().get(py).ok_or_else(|| PyValueError::new_err("the module is not initialized"))?;
        let result = ffi::PyObject_Vectorcall(other.as_ptr(), arguments, count as usize, names);
        Ok(Bound::from_owned_ptr_or_err(py, result)?.into_ptr())
    }
}

/// Puts the function in the place of the one that PyO3 made.
pub fn install<F: RawFunction>(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let other = module.getattr(F::NAME)?;
    let text = |name| other.getattr(name).and_then(|text| text.extract::<String>());
    let (signature, about) = (text("__text_signature__")?, text("__doc__")?);
    let definition = ffi::PyMethodDef {
        ml_name: CString::new(F::NAME)?.into_raw(), // for the life of the process, as the function
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: trampoline::<RawDef<F>> },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: CString::new(format!("{}{signature}\n--\n\n{about}", F::NAME))?.into_raw(),
    };
    let definition = Box::into_raw(Box::new(definition));
    // SAFETY: the definition lives for ever; what comes back is new, or null with an exception.
    let function = unsafe {
        let function = ffi::PyCFunction_NewEx(definition, std::ptr::null_mut(), module.name()?.as_ptr());
        Bound::from_owned_ptr_or_err(py, function)?
    };
    _ = F::other_calls().set(py, other.unbind());
    module.setattr(F::NAME, function)
}
