//! A model's compiled fields: `clean_fields` in one native call.
//!
//! Native code accepts a value only where Django certainly accepts it. For any other value `field.clean` of that field
//! is called, so that all errors are Django's, and custom fields, validators and descriptors work as they always do.

mod plan;
mod run;

use pyo3::PyTraverseError;
use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::gc::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyType};

use crate::error::with_docs;
use crate::ffi::DictPosition;
use crate::imports::Imports;
use crate::metering::meter::metered;
use plan::{FieldPlan, FieldSpec};
use run::{CleanRun, CleanTarget};

/// The fields of a model, compiled once: what a `CompiledValidator` of `pyforge_web.validators` holds.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct Validator {
    model: Py<PyType>,
    /// `Model._meta.__dict__`, and where in it the tuple of fields stood.
    options: Py<PyDict>,
    position: DictPosition,
    fields: Py<PyAny>,
    plans: Vec<FieldPlan>,
}

#[pymethods]
impl Validator {
    /// `plans` are what `pyforge_web.validation.rules.plan_field` returns for each field of the model, in their order.
    #[new]
    fn new<'py>(model: Bound<'py, PyType>, plans: Vec<FieldSpec<'py>>) -> PyResult<Self> {
        let py = model.py();
        let meta = model.getattr(intern!(py, "_meta"))?;
        let fields = meta.getattr(intern!(py, "fields"))?.unbind();
        let options = meta.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
        Ok(Self {
            fields,
            position: DictPosition::of(&options, intern!(py, "fields")).unwrap_or_default(),
            options: options.unbind(),
            plans: plans.iter().map(FieldPlan::build).collect::<PyResult<_>>()?,
            model: model.unbind(),
        })
    }

    /// Whether the model's fields are as they were when this was compiled.
    fn is_current(&self, py: Python<'_>) -> bool {
        self.position.holds(self.options.bind(py), intern!(py, "fields"), &self.fields)
            && self.plans.iter().all(|plan| plan.is_current(py))
    }

    /// Cleans the fields of an instance: None if all are valid, else their errors by field name. `NotImplemented` means
    /// that nothing was done, since a field was changed after this was compiled.
    #[pyo3(signature = (instance, exclude=None))]
    fn clean<'py>(
        &self,
        instance: &Bound<'py, PyAny>,
        exclude: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = instance.py();
        metered(instance, "clean", |meter| {
            // Asked at each call: a project may change validators, choices or messages of a field at run time.
            if !self.is_current(py) {
                return Ok(Some(py.NotImplemented().into_bound(py)));
            }
            meter.rows = 1;
            meter.model(self.model.bind(py));
            let mut target = self.target(instance)?;
            let errors = CleanRun { plans: &self.plans, meter, exclude, lazy: false, imports: Imports::get(py)? }
                .clean(&mut target)?;
            Ok(errors.map(Bound::into_any))
        })
    }

    /// The same for many instances: the errors by the index of the instance, where a value that is rejected for certain
    /// has a `RejectedValue` in place of a list. An `Exception` that is not a `ValidationError` is put into `exceptions`
    /// by the index of its instance, so that it does not end the other rows; without that dict it is raised.
    #[pyo3(signature = (instances, exclude=None, exceptions=None))]
    fn clean_rows<'py>(
        &self,
        instances: &Bound<'py, PyList>,
        exclude: Option<&Bound<'py, PyAny>>,
        exceptions: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = instances.py();
        metered(instances, "clean_rows", |meter| {
            if !self.is_current(py) {
                return Ok(py.NotImplemented().into_bound(py));
            }
            meter.rows = instances.len();
            meter.model(self.model.bind(py));
            let found = PyDict::new(py);
            let mut run = CleanRun { plans: &self.plans, meter, exclude, lazy: true, imports: Imports::get(py)? };
            for (index, instance) in instances.iter().enumerate() {
                match (run.clean(&mut self.target(&instance)?), exceptions) {
                    (Ok(Some(errors)), _) => found.set_item(index, errors)?,
                    (Ok(None), _) => {}
                    (Err(error), Some(exceptions)) if error.is_instance_of::<PyException>(py) => {
                        exceptions.set_item(index, error.into_value(py))?;
                    }
                    (Err(error), _) => return Err(error),
                }
            }
            Ok(found.into_any())
        })
    }

    /// Cleans the values of a dict by attribute name, in place; a field without a value is left out. `make` gives the
    /// instance that Django's own code may ask for, at its first call for one. With `unbuilt`, errors that are certain
    /// are left to be built, as by `clean_rows`.
    #[pyo3(signature = (values, make, unbuilt=false))]
    fn clean_values<'py>(
        &self,
        values: &Bound<'py, PyDict>,
        make: &Bound<'py, PyAny>,
        unbuilt: bool,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = values.py();
        metered(values, "clean_values", |meter| {
            if !self.is_current(py) {
                return Ok(Some(py.NotImplemented().into_bound(py)));
            }
            meter.rows = 1;
            meter.model(self.model.bind(py));
            let mut target = CleanTarget::Values { values, make, made: None };
            let mut run =
                CleanRun { plans: &self.plans, meter, exclude: None, lazy: unbuilt, imports: Imports::get(py)? };
            let errors = run.clean(&mut target)?;
            Ok(errors.map(Bound::into_any))
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.model)?;
        visit.call(&self.options)?;
        visit.call(&self.fields)?;
        self.plans.iter().try_for_each(|plan| plan.traverse(&visit))
    }
}

impl Validator {
    fn target<'a, 'py>(&self, instance: &'a Bound<'py, PyAny>) -> PyResult<CleanTarget<'a, 'py>> {
        let py = instance.py();
        let direct = instance.get_type().is(&self.model);
        if direct || instance.is_instance(self.model.bind(py))? {
            return Ok(CleanTarget::Instance { instance, direct });
        }
        let (needed, found) = (self.model.bind(py).name()?, instance.get_type().name()?);
        let hint = if instance.is_instance_of::<PyDict>() { ": clean a dict with clean_data()" } else { "" };
        let error = PyTypeError::new_err(format!("an instance of {needed} is needed, not {found}{hint}"));
        Err(with_docs(py, error, "validator"))
    }
}
