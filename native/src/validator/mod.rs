//! A model's compiled fields: `clean_fields` in one native call.
//!
//! Native code accepts a value only where Django certainly accepts it. For any other value `field.clean` of that field
//! is called, so that all errors are Django's, and custom fields, validators and descriptors work as they always do.

mod plan;

use pyo3::PyTraverseError;
use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::gc::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyType};

use crate::attribute_watch::AttributeWatch;
use crate::class_versions::ClassVersions;
use crate::ffi::DictPosition;
use crate::imports::Imports;
use crate::metering::meter::{Meter, metered};
use crate::outcome::CleanOutcome;
use plan::{FieldPlan, FieldSpec};

/// The fields of a model, compiled once: what a `CompiledValidator` of `pyforge_web.validators` holds.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct Validator {
    model: Py<PyType>,
    /// `Model._meta.__dict__`, and where in it the tuple of fields stood.
    options: Py<PyDict>,
    position: DictPosition,
    fields: Py<PyAny>,
    plans: Vec<FieldPlan>,
    /// The classes of the fields and validators, and what decided the plans in them: it may be patched.
    versions: Py<ClassVersions>,
    classes: Py<AttributeWatch>,
}

/// Where values are read and written.
enum CleanTarget<'a, 'py> {
    /// An instance; `direct` if it is of the very class that was compiled.
    Instance { instance: &'a Bound<'py, PyAny>, direct: bool },
    /// A dict of values by attribute; the function makes the instance that Django's code may ask for.
    Values { values: &'a Bound<'py, PyDict>, make: &'a Bound<'py, PyAny>, made: Option<Bound<'py, PyAny>> },
}

#[pymethods]
impl Validator {
    /// `plans` are what `pyforge_web.validation.rules.plan_field` returns for each field of the model, in their order;
    /// `versions` are those of the classes that decided them, `classes` what in these decided it.
    #[new]
    fn new<'py>(
        model: Bound<'py, PyType>,
        plans: Vec<FieldSpec<'py>>,
        versions: Py<ClassVersions>,
        classes: Py<AttributeWatch>,
    ) -> PyResult<Self> {
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
            versions,
            classes,
        })
    }

    /// Whether the model's fields and their classes are as they were when this was compiled.
    fn is_current(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.position.holds(self.options.bind(py), intern!(py, "fields"), &self.fields)
            && self.plans.iter().all(|plan| plan.is_current(py))
            && (self.versions.get().are_unchanged(py) || self.has_same_classes(py)?))
    }

    /// Whether what was changed in a class has decided nothing.
    fn has_same_classes(&self, py: Python<'_>) -> PyResult<bool> {
        let holds = self.classes.get().holds(py)?;
        if holds {
            self.versions.get().renew(py)?;
        }
        Ok(holds)
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
            if !self.is_current(py)? {
                return Ok(Some(py.NotImplemented().into_bound(py)));
            }
            meter.rows = 1;
            meter.model(self.model.bind(py));
            let mut target = self.target(instance)?;
            let errors = CleanRun { validator: self, meter, exclude, lazy: false, imports: Imports::get(py)? }
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
            if !self.is_current(py)? {
                return Ok(py.NotImplemented().into_bound(py));
            }
            meter.rows = instances.len();
            meter.model(self.model.bind(py));
            let found = PyDict::new(py);
            let mut run = CleanRun { validator: self, meter, exclude, lazy: true, imports: Imports::get(py)? };
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
            if !self.is_current(py)? {
                return Ok(Some(py.NotImplemented().into_bound(py)));
            }
            meter.rows = 1;
            meter.model(self.model.bind(py));
            let mut target = CleanTarget::Values { values, make, made: None };
            let mut run = CleanRun { validator: self, meter, exclude: None, lazy: unbuilt, imports: Imports::get(py)? };
            let errors = run.clean(&mut target)?;
            Ok(errors.map(Bound::into_any))
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.model)?;
        visit.call(&self.options)?;
        visit.call(&self.fields)?;
        visit.call(&self.versions)?;
        visit.call(&self.classes)?;
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
        Err(PyTypeError::new_err(format!("an instance of {needed} is needed, not {found}{hint}")))
    }
}

/// One call.
struct CleanRun<'a, 'py> {
    validator: &'a Validator,
    meter: &'a mut Meter<'py>,
    exclude: Option<&'a Bound<'py, PyAny>>,
    /// Whether errors may be left unbuilt.
    lazy: bool,
    imports: &'static Imports,
}

impl<'py> CleanRun<'_, 'py> {
    /// `Model.clean_fields`, but for the raise.
    fn clean(&mut self, target: &mut CleanTarget<'_, 'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let py = self.meter_py(target);
        let mut errors: Option<Bound<'py, PyDict>> = None;
        let mut dict = target.dict()?;
        // Python code ran: what was read before may have changed.
        let mut ran_python = false;
        // A model's attributes stand in the order of its fields, unless somebody made it otherwise.
        let mut position = DictPosition::default();
        for plan in &self.validator.plans {
            if let Some(exclude) = self.exclude {
                if exclude.contains(&plan.name)? {
                    continue;
                }
            }
            // The database computes it, so `clean_fields` skips it as well.
            if plan.generated {
                continue;
            }
            // Python code may have put another dict in the place of the instance's.
            if ran_python {
                dict = target.dict()?;
            }
            let direct = target.is_direct(plan);
            let stored = if direct {
                position
                    .take(&dict, &plan.attribute)
                    .map_or_else(|| dict.get_item(&plan.attribute), |raw| Ok(Some(raw)))?
            } else {
                None
            };
            let raw = match (stored, &*target) {
                (Some(raw), _) => raw,
                (None, CleanTarget::Values { .. }) => continue,
                (None, CleanTarget::Instance { instance, .. }) => {
                    ran_python = true;
                    self.meter.call_out(|| instance.getattr(&plan.attribute))?
                }
            };
            // Code of the project that ran for an earlier field may have changed this one.
            let outcome = if ran_python && !plan.is_current(py) {
                CleanOutcome::Fallback
            } else {
                plan.check(&raw, self.imports)
            };
            let failed = match outcome {
                CleanOutcome::Skipped => None,
                // `clean_fields` assigns every cleaned value. The same object in the same entry is no change.
                CleanOutcome::Accepted if direct && !plan.calls_validators => None,
                CleanOutcome::Changed(value) if direct && !plan.calls_validators => {
                    dict.set_item(&plan.attribute, value)?;
                    None
                }
                CleanOutcome::Rejected if self.lazy && !plan.calls_validators && !plan.may_change(&raw) => {
                    Some(self.unread(plan, &raw, target)?)
                }
                outcome => {
                    ran_python = true;
                    self.ask_django(plan, raw, outcome, target)?
                }
            };
            if let Some(failed) = failed {
                errors.get_or_insert_with(|| PyDict::new(py)).set_item(&plan.name, failed)?;
            }
        }
        Ok(errors)
    }

    fn meter_py(&self, target: &CleanTarget<'_, 'py>) -> Python<'py> {
        match target {
            CleanTarget::Instance { instance, .. } => instance.py(),
            CleanTarget::Values { values, .. } => values.py(),
        }
    }

    /// The error of a value that is certainly rejected. It is built when it is read.
    fn unread(
        &self,
        plan: &FieldPlan,
        raw: &Bound<'py, PyAny>,
        target: &CleanTarget<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = raw.py();
        // Native fields have Django's methods, which do not look at the instance. Of values none is made: of a request
        // body with an error in each row that would be most of the time and memory.
        let instance = match target {
            CleanTarget::Instance { instance, .. } => (*instance).clone(),
            CleanTarget::Values { .. } => py.None().into_bound(py),
        };
        self.imports.rejected_value.bind(py).call1((&plan.field, raw, instance))
    }

    /// What only Python code can do: validators without a rule, Django's `field.clean`, a descriptor's assignment. The
    /// error list of a `ValidationError`; every other exception goes out.
    #[cold]
    fn ask_django(
        &mut self,
        plan: &FieldPlan,
        raw: Bound<'py, PyAny>,
        outcome: CleanOutcome<'py>,
        target: &mut CleanTarget<'_, 'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = raw.py();
        let field = plan.field.bind(py);
        let instance = target.instance()?;
        let cleaned = match outcome {
            CleanOutcome::Accepted => self.run_validators(plan, raw),
            CleanOutcome::Changed(value) => self.run_validators(plan, value),
            _ => {
                if self.is_skipped(field, &raw)? {
                    return Ok(None);
                }
                self.meter.call_out(|| field.call_method1(intern!(py, "clean"), (raw, instance)))
            }
        };
        let error = match cleaned.and_then(|value| self.meter.call_out(|| target.write(plan, value))) {
            Ok(()) => return Ok(None),
            Err(error) => error,
        };
        // Any other exception is a bug in the project's code, which `clean_fields` lets through.
        if !error.matches(py, &self.imports.validation_error)? {
            return Err(error);
        }
        Ok(Some(error.into_value(py).into_bound(py).getattr(intern!(py, "error_list"))?))
    }

    /// What `clean_fields` skips: `field.blank and raw in field.empty_values`, and a value that the database will fill in.
    fn is_skipped(&mut self, field: &Bound<'py, PyAny>, raw: &Bound<'py, PyAny>) -> PyResult<bool> {
        let py = raw.py();
        if field.getattr(intern!(py, "blank"))?.is_truthy()?
            && field.getattr(intern!(py, "empty_values"))?.contains(raw)?
        {
            return Ok(true);
        }
        raw.is_instance(self.imports.database_default.bind(py))
    }

    /// Calls the validators that have no rule, with the value that passed all others; gives it back.
    fn run_validators(&mut self, plan: &FieldPlan, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if plan.calls_validators {
            let run = self.imports.run_validators.bind(value.py());
            self.meter.call_out(|| run.call1((&plan.field, &value, &plan.ruled)))?;
        }
        Ok(value)
    }
}

impl<'py> CleanTarget<'_, 'py> {
    fn is_direct(&self, plan: &FieldPlan) -> bool {
        match self {
            Self::Instance { direct, .. } => *direct && plan.direct,
            Self::Values { .. } => true,
        }
    }

    fn dict(&self) -> PyResult<Bound<'py, PyDict>> {
        match self {
            Self::Instance { instance, .. } => {
                Ok(instance.getattr(intern!(instance.py(), "__dict__"))?.cast_into::<PyDict>()?)
            }
            Self::Values { values, .. } => Ok((*values).clone()),
        }
    }

    /// The instance that fields are given beside a value.
    fn instance(&mut self) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Instance { instance, .. } => Ok((*instance).clone()),
            Self::Values { make, made, .. } => {
                if made.is_none() {
                    *made = Some(make.call0()?);
                }
                Ok(made.clone().unwrap_or_else(|| make.py().None().into_bound(make.py())))
            }
        }
    }

    fn write(&self, plan: &FieldPlan, value: Bound<'py, PyAny>) -> PyResult<()> {
        match self {
            Self::Instance { instance, .. } => instance.setattr(&plan.attribute, value),
            Self::Values { values, .. } => values.set_item(&plan.attribute, value),
        }
    }
}
