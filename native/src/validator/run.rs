//! One run over the fields of one instance, or of a dict of values, as `Model.clean_fields` does it.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::plan::FieldPlan;
use crate::ffi::DictPosition;
use crate::imports::Imports;
use crate::metering::meter::Meter;
use crate::outcome::CleanOutcome;

/// Where values are read and written.
pub enum CleanTarget<'a, 'py> {
    /// An instance; `direct` if it is of the very class that was compiled.
    Instance { instance: &'a Bound<'py, PyAny>, direct: bool },
    /// A dict of values by attribute; the function makes the instance that Django's code may ask for.
    Values { values: &'a Bound<'py, PyDict>, make: &'a Bound<'py, PyAny>, made: Option<Bound<'py, PyAny>> },
}

/// One call.
pub struct CleanRun<'a, 'py> {
    /// The fields of the model, in their order.
    pub plans: &'a [FieldPlan],
    pub meter: &'a mut Meter<'py>,
    pub exclude: Option<&'a Bound<'py, PyAny>>,
    /// Whether errors may be left unbuilt.
    pub lazy: bool,
    pub imports: &'static Imports,
}

impl<'py> CleanRun<'_, 'py> {
    /// `Model.clean_fields`, but for the raise.
    pub fn clean(&mut self, target: &mut CleanTarget<'_, 'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let py = self.meter_py(target);
        let mut errors: Option<Bound<'py, PyDict>> = None;
        let mut dict = target.dict()?;
        // Python code ran: what was read before may have changed.
        let mut ran_python = false;
        // A model's attributes stand in the order of its fields, unless somebody made it otherwise.
        let mut position = DictPosition::default();
        for plan in self.plans {
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
            Self::Values { make, made: made @ None, .. } => Ok(made.insert(make.call0()?).clone()),
            Self::Values { values, made: Some(made), .. } => {
                // It has the values of the payload, and here those that were cleaned since it was made.
                let held = made.getattr(intern!(made.py(), "__dict__"))?.cast_into::<PyDict>()?;
                held.update(values.as_mapping())?;
                Ok(made.clone())
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
