//! What no kind takes: subclasses through their own protocol in CPython's order, then Python code.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::any_value::Walk;
use super::columns::RowColumns;
use super::instances::ModelInstances;
use super::relations::NestedRows;
use super::rows::QueryRows;
use super::tuples::ValueTuples;
use crate::error::{Error, MAX_DEPTH};
use crate::ffi::class_version;
use crate::imports::{EncoderImports, is_exact, is_instance};
use crate::kinds::{DateFormat, Form, Kind, Outcome};
use crate::open_containers::{OpenContainer, OpeningContainer, WalkStep};

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes a value of a rarer type, a subclass, or what Python code gives in the value's place.
    ///
    /// What it gives takes the same road again, as often as there may be containers: an endless chain ends in a
    /// `RecursionError`.
    #[inline(never)]
    pub(super) fn write_uncommon(&mut self, mut value: Bound<'py, PyAny>) -> WalkStep<'py> {
        for _ in 0..MAX_DEPTH {
            value = match self.write_rarer(value) {
                Ok(step) => return step,
                Err(value) => value,
            };
            if let Some(step) = self.write_subclass(&value) {
                return step;
            }
            if !self.may_call_python() {
                return WalkStep::Failed;
            }
            if let Some(step) = self.write_prepared(&value) {
                return step;
            }
            if self.sink.dates != DateFormat::Django {
                if let Some(step) = self.write_isoformat(&value) {
                    return step;
                }
            }
            let py = value.py();
            let imports = match EncoderImports::get(py) {
                Ok(imports) => imports,
                Err(error) => return self.sink.fail(error).into(),
            };
            let other = match self.meter.call_out(|| imports.convert.bind(py).call1((&value,))) {
                Ok(other) => other,
                Err(error) => return self.sink.fail(error).into(),
            };
            // `default()` that gives its argument back: json finds a circular reference there, too.
            if other.is(&value) {
                return self.sink.fail(Error::Circular).into();
            }
            if is_exact(&other, &imports.refusal) {
                return self.reject_with_hint(other).into();
            }
            if let Some(step) = self.open_converted_container(&value, &other) {
                return step;
            }
            value = match self.write_common(other) {
                Ok(step) => return step,
                Err(value) => value,
            };
        }
        self.sink.fail(Error::TooDeep).into()
    }

    /// Writes what our own Python code has prepared: a query, instances, tuples; and an instance of a model that was written
    /// before.
    fn write_prepared(&mut self, value: &Bound<'py, PyAny>) -> Option<WalkStep<'py>> {
        let py = value.py();
        let done = if let Ok(rows) = value.cast_exact::<QueryRows>() {
            self.write_rows(rows)
        } else if let Ok(nested) = value.cast_exact::<NestedRows>() {
            self.write_nested_rows(nested)
        } else if let Ok(records) = value.cast_exact::<ModelInstances>() {
            self.write_instances(py, records.get())
        } else if let Ok(tuples) = value.cast_exact::<ValueTuples>() {
            self.write_tuples(py, tuples.get())
        } else {
            let columns = self.find_columns(value)?;
            self.write_instance(columns.get(), value, false)
        };
        Some(if done { WalkStep::Done } else { WalkStep::Failed })
    }

    /// The columns of an instance of a model that was written before. None where Python code has to look at it: somebody
    /// has changed its class since, or what reads the columns of all models; or the output has keys or dates of its own, and
    /// columns have the names of the fields.
    fn find_columns(&mut self, instance: &Bound<'py, PyAny>) -> Option<Bound<'py, RowColumns>> {
        let py = instance.py();
        // By the address of its class, as `id()` gives it: the table holds no class.
        let (class, now) = (instance.get_type_ptr() as usize, class_version(&instance.get_type()));
        match &self.last_columns {
            Some((last, version, columns)) if *last == class && *version == now => return Some(columns.clone()),
            _ => {}
        }
        let imports = EncoderImports::get(py).ok()?;
        let known = imports.instances.bind(py).get_item(class).ok()??;
        let (columns, version) = known.extract::<(Bound<'_, RowColumns>, u32)>().ok()?;
        if version == 0 || version != now || !has_plain_options(imports.output_options.bind(py)) {
            return None;
        }
        if !imports.instance_watch.get().holds(py).ok()? {
            return None;
        }
        // The options stay as they are to the end of the walk.
        self.last_columns = Some((class, now, columns.clone()));
        Some(columns)
    }

    /// Writes what `isoformat()` gives for a datetime or a time of a zone that Rust does not know, in the zone of the place;
    /// a subclass of `timedelta` for DRF. None for any other value.
    fn write_isoformat(&mut self, value: &Bound<'py, PyAny>) -> Option<WalkStep<'py>> {
        let py = value.py();
        if self.sink.dates == DateFormat::Drf && is_instance(value, &self.imports.timedelta) {
            return Some(Kind::write_any_duration(value, &mut self.sink).into());
        }
        let is_datetime = is_instance(value, &self.imports.datetime);
        if !is_datetime && !is_instance(value, &self.imports.time) {
            return None;
        }
        let local = self.sink.local.clone().filter(|_| is_datetime);
        let text = self.meter.call_out(|| {
            let offset = value.call_method0(intern!(py, "utcoffset"))?;
            match local {
                Some(local) if !offset.is_none() => {
                    let moved = value.call_method1(intern!(py, "astimezone"), (local.zone.bind(py),))?;
                    moved.call_method0(intern!(py, "isoformat"))
                }
                _ => value.call_method0(intern!(py, "isoformat")),
            }
        });
        let text = match text.and_then(|text| text.extract::<String>()) {
            Ok(text) => text,
            Err(error) => return Some(self.sink.fail(error).into()),
        };
        match text.strip_suffix("+00:00").filter(|_| is_datetime && self.sink.dates == DateFormat::Drf) {
            Some(start) => F::write_str(&mut self.sink.out, &format!("{start}Z")),
            None => F::write_str(&mut self.sink.out, &text),
        }
        Some(WalkStep::Done)
    }

    /// A container made for `source`, which is kept in its place: a cycle is found by what the user has.
    fn open_converted_container(
        &mut self,
        source: &Bound<'py, PyAny>,
        made: &Bound<'py, PyAny>,
    ) -> Option<WalkStep<'py>> {
        if let Ok(dict) = made.cast_exact::<PyDict>() {
            Some(self.open_copied_container(source, dict.items(), b"{}", |source, pairs| OpenContainer::Pairs {
                source,
                pairs,
                index: 0,
            }))
        } else if let Ok(items) = made.cast_exact::<PyList>() {
            let items = items.clone();
            Some(self.open_copied_container(source, items, b"[]", |source, items| OpenContainer::Items {
                source,
                items,
                index: 0,
            }))
        } else {
            None
        }
    }

    /// Begins a container that is read from a copy of its content.
    fn open_copied_container(
        &mut self,
        source: &Bound<'py, PyAny>,
        copy: Bound<'py, PyList>,
        brackets: &[u8; 2],
        frame: fn(Bound<'py, PyAny>, Bound<'py, PyList>) -> OpenContainer<'py>,
    ) -> WalkStep<'py> {
        self.open_container(brackets, copy.len(), source.clone(), |source| {
            OpeningContainer::Copied(Box::new(frame(source, copy)))
        })
    }

    /// Writes a value of one of the rarer exact types, or gives it back.
    fn write_rarer(&mut self, value: Bound<'py, PyAny>) -> Result<WalkStep<'py>, Bound<'py, PyAny>> {
        if let Some(kind) = Kind::of_rarer(&value, self.imports) {
            return match kind.write(&value, self.imports, &mut self.sink) {
                Outcome::Fallback => Err(value),
                outcome => Ok(outcome.into()),
            };
        }
        match value.cast_into_exact::<PyTuple>() {
            Ok(tuple) => Ok(self.open_container(b"[]", tuple.len(), tuple, OpeningContainer::Tuple)),
            Err(other) => Err(other.into_inner()),
        }
    }

    /// Writes an instance of a subclass of a JSON type; None for any other class.
    ///
    /// The order is that of `encoder_listencode_obj` in CPython's `Modules/_json.c`: what is both a str and an int is text.
    #[cold]
    fn write_subclass(&mut self, value: &Bound<'py, PyAny>) -> Option<WalkStep<'py>> {
        if value.is_instance_of::<PyString>() {
            Some(Kind::Text.write(value, self.imports, &mut self.sink).into())
        } else if value.is_instance_of::<PyInt>() {
            Some(Kind::Integer.write(value, self.imports, &mut self.sink).into())
        } else if value.is_instance_of::<PyFloat>() {
            Some(Kind::Float.write(value, self.imports, &mut self.sink).into())
        } else if self.native_only {
            None // a container's own code gives its items
        } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            Some(self.open_list_subclass(value))
        } else if let Ok(dict) = value.cast::<PyDict>() {
            Some(self.open_dict_subclass(dict))
        } else {
            None
        }
    }

    /// A list or tuple subclass: its `__iter__` decides. `form.errors` keeps nothing in its storage.
    fn open_list_subclass(&mut self, value: &Bound<'py, PyAny>) -> WalkStep<'py> {
        let items = self.meter.call_out(|| list_of(value));
        match items {
            Ok(items) => self.open_copied_container(value, items, b"[]", |source, items| OpenContainer::Items {
                source,
                items,
                index: 0,
            }),
            Err(error) => self.sink.fail(error).into(),
        }
    }

    /// A dict subclass: its `items()` decides. A QueryDict gives the last value of each key.
    fn open_dict_subclass(&mut self, value: &Bound<'py, PyDict>) -> WalkStep<'py> {
        // json asks the storage first: an empty one is `{}` whatever `items()` would say.
        if value.is_empty() {
            return self.open_container(b"{}", 0, value.clone(), OpeningContainer::Dict);
        }
        let pairs = self.meter.call_out(|| list_of(&value.call_method0(intern!(value.py(), "items"))?));
        match pairs {
            Ok(pairs) => self.open_copied_container(value, pairs, b"{}", |source, pairs| OpenContainer::Pairs {
                source,
                pairs,
                index: 0,
            }),
            Err(error) => self.sink.fail(error).into(),
        }
    }

    /// Ends the walk with the error of a value that has no JSON form; Python code gave its text.
    pub(super) fn reject_with_hint(&mut self, refusal: Bound<'py, PyAny>) -> Outcome {
        let py = refusal.py();
        let text = |name| refusal.getattr(name).and_then(|text: Bound<'py, PyAny>| text.extract::<String>());
        let read = || -> PyResult<Error> {
            Ok(Error::Refused {
                problem: text(intern!(py, "problem"))?,
                hint: text(intern!(py, "hint"))?,
                topic: text(intern!(py, "topic"))?,
            })
        };
        match read() {
            Ok(error) => self.sink.fail(error),
            Err(error) => self.sink.fail(error),
        }
    }
}

/// Whether the options of the output leave keys and dates as they are.
fn has_plain_options(options: &Bound<'_, PyAny>) -> bool {
    let py = options.py();
    let Ok(now) = options.call_method0(intern!(py, "get")) else { return false };
    [intern!(py, "make_key"), intern!(py, "dates")]
        .into_iter()
        .all(|option| now.getattr(option).is_ok_and(|value| value.is_none()))
}

/// `list(value)`
fn list_of<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    Ok(value.py().get_type::<PyList>().call1((value,))?.cast_into()?)
}
