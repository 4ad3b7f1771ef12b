//! What was compiled of one field: how its values are converted, the rules they must pass, and what those were read from.

use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};

use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::ffi::{DictPosition, list_item, text_length};
use crate::imports::Imports;
use crate::kinds::Kind;
use crate::outcome::{CleanOutcome, Outcome};
use crate::rules::{Rule, choices};

/// The rule of a validator: its name and parameters, None for a validator that is called.
type RuleSpec = Option<(String, Py<PyTuple>)>;

/// What `pyforge_web.validation.rules.plan_field` returns for a field.
#[derive(FromPyObject)]
pub struct FieldSpec<'py> {
    field: Bound<'py, PyAny>,
    conversion: Option<String>,
    validators: Option<Bound<'py, PyList>>,
    rules: Vec<RuleSpec>,
    ruled: Bound<'py, PyAny>,
    checks_choices: bool,
    direct: bool,
    none_is_empty: bool,
    item: Option<Bound<'py, PyAny>>,
}

/// One field.
pub struct FieldPlan {
    /// The key of its errors.
    pub name: Py<PyString>,
    /// Where an instance has the value.
    pub attribute: Py<PyString>,
    /// Django's field.
    pub field: Py<PyAny>,
    /// Whether the database computes the value: only `exclude` is asked of it.
    pub generated: bool,
    /// Whether the value stands in the instance's `__dict__`, and assigning it only puts it there.
    pub direct: bool,
    /// Whether validators without a rule must be called.
    pub calls_validators: bool,
    /// The validators with a rule, by their `id()`.
    pub ruled: Py<PyAny>,
    /// None where Django cleans every value.
    native: Option<NativePlan>,
    /// Whether `empty_values` are Django's own, for a field that is not native.
    none_is_empty: bool,
    /// The field's `__dict__`, in which options are read as they stand.
    state: Py<PyDict>,
}

struct NativePlan {
    kind: Kind,
    rules: Vec<Rule>,
    checks_choices: bool,
    item: Option<Box<FieldPlan>>,
    /// What the rules were read from.
    source: PlanSource,
}

/// Enough to see that a field was changed: the list of its validators and what is in it, and its newest attribute.
struct PlanSource {
    /// Where the list stands among the attributes.
    position: DictPosition,
    validators: Py<PyList>,
    items: Vec<Py<PyAny>>,
    newest: NewestAttribute,
}

/// The attribute of a field that was set last: one that is new stands behind it, however many were taken away.
struct NewestAttribute {
    place: AtomicIsize,
    /// The identity of its name.
    name: AtomicUsize,
}

impl NewestAttribute {
    fn of(state: &Bound<'_, PyDict>) -> Self {
        let newest = Self { place: AtomicIsize::new(0), name: AtomicUsize::new(0) };
        newest.remember(state);
        newest
    }

    fn remember(&self, state: &Bound<'_, PyDict>) {
        let (place, name) = DictPosition::of_last(state).unwrap_or_default();
        self.place.store(place.to_number(), Relaxed);
        self.name.store(name, Relaxed);
    }

    #[inline]
    fn is_newest(&self, state: &Bound<'_, PyDict>) -> bool {
        DictPosition::of_number(self.place.load(Relaxed)).is_last(state, self.name.load(Relaxed))
    }
}

/// What Django's fields have on their class. On a field itself it was put there by the project.
const METHODS: [&str; 6] = ["clean", "to_python", "validate", "run_validators", "get_internal_type", "empty_values"];

impl PlanSource {
    /// Whether the field has no attributes of a meaning that it had not: Django itself keeps computed ones there.
    #[inline]
    fn has_attributes(&self, state: &Bound<'_, PyDict>) -> bool {
        self.newest.is_newest(state) || self.has_none_of_meaning(state)
    }

    #[cold]
    fn has_none_of_meaning(&self, state: &Bound<'_, PyDict>) -> bool {
        let none = METHODS.iter().all(|name| matches!(state.contains(*name), Ok(false)));
        if none {
            self.newest.remember(state);
        }
        none
    }
}

impl FieldPlan {
    /// Compiles what was found out.
    pub fn build(spec: &FieldSpec<'_>) -> PyResult<Self> {
        let py = spec.field.py();
        let state = spec.field.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
        let native = match (&spec.conversion, &spec.validators) {
            (Some(kind), Some(validators)) => Some(NativePlan::build(spec, kind, validators, &state)?),
            _ => None,
        };
        let text = |name| -> PyResult<_> { Ok(PyString::intern(py, &spec.field.getattr(name)?.extract::<String>()?)) };
        Ok(Self {
            name: text("name")?.unbind(),
            attribute: text("attname")?.unbind(),
            field: spec.field.clone().unbind(),
            generated: spec.field.getattr(intern!(py, "generated"))?.is_truthy()?,
            direct: spec.direct,
            none_is_empty: spec.none_is_empty,
            calls_validators: native.is_some() && spec.rules.iter().any(Option::is_none),
            ruled: spec.ruled.clone().unbind(),
            native,
            state: state.unbind(),
        })
    }

    /// Whether the field is as it was when this was compiled.
    #[inline]
    pub fn is_current(&self, py: Python<'_>) -> bool {
        let Some(native) = &self.native else { return true };
        let state = self.state.bind(py);
        let source = &native.source;
        let validators = source.validators.bind(py);
        let same = |(index, held): (usize, &Py<PyAny>)| list_item(validators, index).is_some_and(|item| item.is(held));
        source.has_attributes(state)
            && source.position.holds(state, intern!(py, "validators"), &source.validators)
            && validators.len() == source.items.len()
            && source.items.iter().enumerate().all(same)
            && native.item.as_ref().is_none_or(|item| item.is_current(py))
    }

    /// What `clean_fields` does with a value of this field, without any Python code but CPython's own.
    #[inline]
    pub fn check<'py>(&self, value: &Bound<'py, PyAny>, imports: &Imports) -> CleanOutcome<'py> {
        let Some(native) = &self.native else {
            let skips = self.none_is_empty && value.is_none() && self.skips_none(value.py());
            return if skips { CleanOutcome::Skipped } else { CleanOutcome::Fallback };
        };
        if native.is_empty(value) {
            // What `to_python` makes of an empty text is another matter: of a duration it makes zero.
            // `to_python` of an empty text gives None for most fields; Django looks at `blank` before and `null` after it.
            let stays = value.is_none() || native.kind == Kind::Text;
            // Django's automatic fields take everything that they can convert.
            return self.check_empty(value.py(), stays && native.checks_choices);
        }
        native.check(value, self.state.bind(value.py()), imports)
    }

    /// Whether a value may be another one when its error is read: a list that the caller adds to, say.
    pub fn may_change(&self, value: &Bound<'_, PyAny>) -> bool {
        let is_mutable = |kind| matches!(kind, Kind::Array | Kind::File | Kind::Hstore | Kind::Json);
        !value.is_none() && self.native.as_ref().is_some_and(|native| is_mutable(native.kind))
    }

    /// An empty value: skipped if the field may be blank, else refused, unless Django looks at neither.
    fn check_empty<'py>(&self, py: Python<'py>, stays: bool) -> CleanOutcome<'py> {
        match self.option(intern!(py, "blank")) {
            Some(true) => CleanOutcome::Skipped,
            Some(false) if stays && self.option(intern!(py, "editable")) == Some(true) => CleanOutcome::Rejected,
            _ => CleanOutcome::Fallback,
        }
    }

    /// Whether a field of Django's may be blank and has no empty values of its own, as it stands.
    fn skips_none(&self, py: Python<'_>) -> bool {
        self.option(intern!(py, "blank")) == Some(true)
            && matches!(self.state.bind(py).contains(intern!(py, "empty_values")), Ok(false))
    }

    /// An option of the field as it stands, if it is a bool.
    fn option(&self, name: &Bound<'_, PyString>) -> Option<bool> {
        let value = self.state.bind(name.py()).get_item(name).ok().flatten()?;
        Some(value.cast_exact::<PyBool>().ok()?.is_true())
    }

    /// Shows the Python objects it holds to the garbage collector.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.field)?;
        visit.call(&self.ruled)?;
        visit.call(&self.state)?;
        let Some(native) = &self.native else { return Ok(()) };
        visit.call(&native.source.validators)?;
        native.source.items.iter().try_for_each(|item| visit.call(item))?;
        native.rules.iter().try_for_each(|rule| rule.traverse(visit))?;
        native.item.as_ref().map_or(Ok(()), |item| item.traverse(visit))
    }
}

impl NativePlan {
    fn build(
        spec: &FieldSpec<'_>,
        kind: &str,
        validators: &Bound<'_, PyList>,
        state: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let no = |what: &str, name: &str| pyo3::exceptions::PyValueError::new_err(format!("no {what} {name:?}"));
        let mut rules = Vec::new();
        for (name, parameters) in spec.rules.iter().flatten() {
            rules.push(Rule::build(name, parameters.bind(state.py()))?.ok_or_else(|| no("rule", name))?);
        }
        // First of all, whether a decimal is finite: to compare NaN leaves a flag in the context of the thread.
        rules.sort_by_key(|rule| !matches!(rule, Rule::Digits(_)));
        Ok(Self {
            kind: Kind::of_name(kind).ok_or_else(|| no("kind", kind))?,
            rules,
            checks_choices: spec.checks_choices,
            item: spec.item.as_ref().map(|item| FieldPlan::build(&item.extract()?).map(Box::new)).transpose()?,
            source: PlanSource {
                position: DictPosition::of(state, intern!(state.py(), "validators")).unwrap_or_default(),
                validators: validators.clone().unbind(),
                items: validators.iter().map(Bound::unbind).collect(),
                newest: NewestAttribute::of(state),
            },
        })
    }

    /// `value in field.empty_values`, for values of exact built-in types that the kind takes; an empty one of another type
    /// is not ours.
    #[inline(always)]
    fn is_empty(&self, value: &Bound<'_, PyAny>) -> bool {
        if value.is_none() {
            return true;
        }
        match self.kind {
            Kind::Binary => value.cast_exact::<PyBytes>().is_ok_and(|bytes| bytes.as_bytes().is_empty()),
            Kind::Json | Kind::Array | Kind::Hstore => is_empty_container(value) || text_length(value) == Some(0),
            _ => text_length(value) == Some(0),
        }
    }

    #[inline(always)]
    fn check<'py>(&self, raw: &Bound<'py, PyAny>, state: &Bound<'py, PyDict>, imports: &Imports) -> CleanOutcome<'py> {
        let converted = self.kind.convert(raw, imports);
        let value = match &converted {
            CleanOutcome::Accepted => raw,
            CleanOutcome::Changed(value) => value,
            _ => return CleanOutcome::Fallback,
        };
        let mut holds = true;
        let mut passes = |answer| match answer {
            Outcome::Accepted => true,
            Outcome::Rejected => {
                holds = false;
                true
            }
            Outcome::Fallback => false,
        };
        let is_certain = (!self.checks_choices || passes(self.check_choices(value, state, imports)))
            && self.item.as_ref().is_none_or(|item| passes(check_items(item, value, imports)))
            && self.rules.iter().all(|rule| passes(rule.check(value, imports)));
        if !is_certain {
            return CleanOutcome::Fallback;
        }
        match converted {
            _ if !holds => CleanOutcome::Rejected,
            CleanOutcome::Changed(value) => CleanOutcome::Changed(value),
            _ => CleanOutcome::Accepted,
        }
    }

    #[inline]
    fn check_choices<'py>(&self, value: &Bound<'py, PyAny>, state: &Bound<'py, PyDict>, imports: &Imports) -> Outcome {
        let answer = match state.get_item(intern!(value.py(), "_choices")) {
            Ok(Some(options)) => choices::check(&options, value, imports),
            _ => Outcome::Fallback,
        };
        // Of a field that is not editable, Django looks at no choices.
        if answer == Outcome::Rejected && !is_true(state, intern!(value.py(), "editable")) {
            Outcome::Fallback
        } else {
            answer
        }
    }
}

/// The items of an array: each must be what the base field takes as it is, for Django does not convert them.
fn check_items(item: &FieldPlan, value: &Bound<'_, PyAny>, imports: &Imports) -> Outcome {
    let Ok(list) = value.cast_exact::<PyList>() else { return Outcome::Fallback };
    let kept = |value: Bound<'_, PyAny>| matches!(item.check(&value, imports), CleanOutcome::Accepted);
    Outcome::or_fallback(list.iter().all(kept))
}

fn is_true(state: &Bound<'_, PyDict>, option: &Bound<'_, PyString>) -> bool {
    matches!(state.get_item(option), Ok(Some(value)) if value.is(PyBool::new(option.py(), true)))
}

fn is_empty_container(value: &Bound<'_, PyAny>) -> bool {
    let container = value.is_exact_instance_of::<PyList>()
        || value.is_exact_instance_of::<PyDict>()
        || value.is_exact_instance_of::<PyTuple>();
    container && matches!(value.len(), Ok(0))
}
