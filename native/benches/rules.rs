//! Three forms of a compiled rule, on the same rows and the same checks: a closed enum over borrowed objects, boxed closures
//! over borrowed objects, and boxed closures over owned values. `benchmarks/suites/rules.py` runs it and prints the ratios.

use std::hint::black_box;
use std::time::Instant;

use _native::imports::Imports;
use _native::rules::{Outcome, Rule};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyString, PyTuple};

const ROWS: usize = 1000;
const ROUNDS: usize = 300;

/// Twelve fields: name, the rules of a sample value's type.
const FIELDS: [(&str, Sort); 12] = [
    ("title", Sort::Text),
    ("slug", Sort::Slug),
    ("views", Sort::Int),
    ("rating", Sort::Float),
    ("subtitle", Sort::Text),
    ("section", Sort::Slug),
    ("likes", Sort::Int),
    ("price", Sort::Float),
    ("author", Sort::Text),
    ("language", Sort::Text),
    ("pages", Sort::Int),
    ("edition", Sort::Int),
];

#[derive(Clone, Copy)]
enum Sort {
    Text,
    Slug,
    Int,
    Float,
}

/// A value that was taken over from Python.
enum FieldValue {
    Text(String),
    Int(i64),
    Float(f64),
    Other,
}

type Borrowed<'a> = Box<dyn Fn(&Bound<'_, PyAny>, &Imports) -> bool + Send + Sync + 'a>;
type Owned = Box<dyn Fn(&FieldValue) -> Vec<String> + Send + Sync>;

fn rules(py: Python<'_>, sort: Sort) -> PyResult<Vec<Rule>> {
    let limit = |number: i64, is_max: bool| (number, is_max).into_pyobject(py);
    let specs: Vec<(&str, Bound<'_, PyTuple>)> = match sort {
        Sort::Text => vec![("length", (120, true).into_pyobject(py)?), ("length", (2, false).into_pyobject(py)?)],
        Sort::Slug => vec![("slug", PyTuple::empty(py)), ("length", (50, true).into_pyobject(py)?)],
        Sort::Int | Sort::Float => vec![("limit", limit(0, false)?), ("limit", limit(1_000_000, true)?)],
    };
    specs.iter().filter_map(|(name, parameters)| Rule::build(name, parameters).transpose()).collect()
}

fn owned(sort: Sort) -> Vec<Owned> {
    let refuse = |holds: bool, word: &str| if holds { Vec::new() } else { vec![word.to_owned()] };
    let text = move |word: &'static str, check: fn(&str) -> bool| -> Owned {
        Box::new(move |value| refuse(matches!(value, FieldValue::Text(text) if check(text)), word))
    };
    let number = move |word: &'static str, check: fn(f64) -> bool| -> Owned {
        Box::new(move |value| match value {
            FieldValue::Int(number) => refuse(check(*number as f64), word),
            FieldValue::Float(number) => refuse(check(*number), word),
            _ => refuse(false, word),
        })
    };
    match sort {
        Sort::Text => vec![
            text("max_length", |text| text.chars().count() <= 120),
            text("min_length", |text| text.chars().count() >= 2),
        ],
        Sort::Slug => vec![
            text("invalid", |text| text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')),
            text("max_length", |text| text.chars().count() <= 50),
        ],
        Sort::Int | Sort::Float => {
            vec![number("min_value", |number| number >= 0.0), number("max_value", |number| number <= 1e6)]
        }
    }
}

fn take_over(value: &Bound<'_, PyAny>) -> FieldValue {
    if let Ok(text) = value.cast_exact::<PyString>() {
        FieldValue::Text(text.to_string_lossy().into_owned())
    } else if value.is_exact_instance_of::<PyInt>() {
        value.extract().map_or(FieldValue::Other, FieldValue::Int)
    } else {
        value.cast_exact::<PyFloat>().map_or(FieldValue::Other, |number| FieldValue::Float(number.value()))
    }
}

fn row(py: Python<'_>, number: usize) -> PyResult<Bound<'_, PyDict>> {
    let row = PyDict::new(py);
    for (name, sort) in FIELDS {
        let name = PyString::intern(py, name);
        match sort {
            Sort::Text => row.set_item(name, format!("The title of article {number}"))?,
            Sort::Slug => row.set_item(name, format!("the-title-of-article-{number}"))?,
            Sort::Int => row.set_item(name, number)?,
            Sort::Float => row.set_item(name, number as f64 / 7.0)?,
        }
    }
    Ok(row)
}

fn main() -> PyResult<()> {
    Python::initialize();
    Python::attach(|py| {
        let imports = Imports::get(py)?;
        let rows = (0..ROWS).map(|number| row(py, number)).collect::<PyResult<Vec<_>>>()?;
        let names = FIELDS.map(|(name, _)| PyString::intern(py, name).unbind());
        let enums = FIELDS.iter().map(|(_, sort)| rules(py, *sort)).collect::<PyResult<Vec<_>>>()?;
        let boxed: Vec<Vec<Borrowed<'_>>> =
            enums.iter().map(|rules| rules.iter().map(|rule| box_borrowed(rule)).collect()).collect();
        let taken: Vec<Vec<Owned>> = FIELDS.iter().map(|(_, sort)| owned(*sort)).collect();

        let by_enum = |field: usize, value: &Bound<'_, PyAny>| {
            enums[field].iter().all(|rule| rule.check(value, imports) == Outcome::Accepted)
        };
        let by_borrowed = |field: usize, value: &Bound<'_, PyAny>| boxed[field].iter().all(|rule| rule(value, imports));
        let by_owned = |field: usize, value: &Bound<'_, PyAny>| {
            let value = take_over(value);
            taken[field].iter().flat_map(|rule| rule(&value)).count() == 0
        };
        let mut best = [f64::INFINITY; 3];
        for _ in 0..ROUNDS {
            best[0] = best[0].min(time(&rows, &names, by_enum)?);
            best[1] = best[1].min(time(&rows, &names, by_borrowed)?);
            best[2] = best[2].min(time(&rows, &names, by_owned)?);
        }
        for (form, seconds) in ["enum, borrowed", "closures, borrowed", "closures, owned"].iter().zip(best) {
            println!("{form}\t{:.1}", seconds / ROWS as f64 * 1e9);
        }
        Ok(())
    })
}

fn box_borrowed(rule: &Rule) -> Borrowed<'_> {
    Box::new(move |value, imports| rule.check(value, imports) == Outcome::Accepted)
}

/// Seconds for all rows; every one of them is valid, or the comparison would be none.
fn time(
    rows: &[Bound<'_, PyDict>],
    names: &[Py<PyString>],
    check: impl Fn(usize, &Bound<'_, PyAny>) -> bool,
) -> PyResult<f64> {
    let started = Instant::now();
    let mut valid = 0;
    for row in rows {
        let mut holds = true;
        for (field, name) in names.iter().enumerate() {
            holds &= row.get_item(name)?.is_some_and(|value| check(field, &value));
        }
        valid += usize::from(holds);
    }
    let seconds = started.elapsed().as_secs_f64();
    if black_box(valid) != rows.len() {
        return Err(pyo3::exceptions::PyAssertionError::new_err(format!("{valid} of {} rows are valid", rows.len())));
    }
    Ok(seconds)
}
