//! The open containers of a walk: a stack on the heap, so that no depth of a value can exhaust a thread's stack.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::ffi::{DictCursor, list_item};
use crate::kinds::Outcome;

/// One open container and how far the walk is in it. Every frame owns what it reads.
pub enum OpenContainer<'py> {
    /// An exact list: its length is read again at each step.
    List(Bound<'py, PyList>, usize),
    /// An exact tuple.
    Tuple(Bound<'py, PyTuple>, usize),
    /// An exact dict.
    Dict(Bound<'py, PyDict>, DictCursor),
    /// A list or tuple subclass, as its `__iter__` gave it.
    Items {
        /// The object itself, to find a cycle by.
        source: Bound<'py, PyAny>,
        /// `list(source)`
        items: Bound<'py, PyList>,
        /// The next one.
        index: usize,
    },
    /// A dict subclass, as its `items()` gave it.
    Pairs {
        /// The object itself, to find a cycle by.
        source: Bound<'py, PyAny>,
        /// `list(source.items())`
        pairs: Bound<'py, PyList>,
        /// The next one.
        index: usize,
    },
}

/// How the writing of one value ended. Two words: it is returned in registers.
pub enum WalkStep<'py> {
    /// It is written.
    Done,
    /// See `Sink::error`.
    Failed,
    /// A container begins: its first bracket is written.
    Open(OpeningContainer<'py>),
}

/// A container that begins.
pub enum OpeningContainer<'py> {
    /// An exact list.
    List(Bound<'py, PyList>),
    /// An exact tuple.
    Tuple(Bound<'py, PyTuple>),
    /// An exact dict.
    Dict(Bound<'py, PyDict>),
    /// A subclass of one of them.
    Copied(Box<OpenContainer<'py>>),
}

impl<'py> From<OpeningContainer<'py>> for OpenContainer<'py> {
    #[inline(always)]
    fn from(opened: OpeningContainer<'py>) -> Self {
        match opened {
            OpeningContainer::List(list) => Self::List(list, 0),
            OpeningContainer::Dict(dict) => Self::dict(dict),
            OpeningContainer::Tuple(tuple) => Self::Tuple(tuple, 0),
            OpeningContainer::Copied(frame) => *frame,
        }
    }
}

impl From<Outcome> for WalkStep<'_> {
    #[inline(always)]
    fn from(outcome: Outcome) -> Self {
        if outcome == Outcome::Accepted { Self::Done } else { Self::Failed }
    }
}

impl<'py> OpenContainer<'py> {
    /// The frame of an exact dict.
    #[inline(always)]
    pub fn dict(dict: Bound<'py, PyDict>) -> Self {
        let cursor = DictCursor::new(&dict);
        Self::Dict(dict, cursor)
    }

    fn source(&self) -> *mut pyo3::ffi::PyObject {
        match self {
            Self::List(list, _) => list.as_ptr(),
            Self::Tuple(tuple, _) => tuple.as_ptr(),
            Self::Dict(dict, _) => dict.as_ptr(),
            Self::Items { source, .. } | Self::Pairs { source, .. } => source.as_ptr(),
        }
    }

    /// The step from this container to the item that was given last: `[3]`, `.name` or `["a b"]`.
    fn step(&self) -> String {
        match self {
            Self::List(_, index) | Self::Tuple(_, index) | Self::Items { index, .. } => {
                format!("[{}]", index.saturating_sub(1))
            }
            Self::Dict(dict, cursor) => {
                let keys = dict.keys();
                key_step(list_item(&keys, cursor.given().saturating_sub(1)))
            }
            Self::Pairs { pairs, index, .. } => {
                let pair = list_item(pairs, index.saturating_sub(1));
                key_step(pair.and_then(|pair| pair.get_item(0).ok()))
            }
        }
    }
}

fn key_step(key: Option<Bound<'_, PyAny>>) -> String {
    let Some(key) = key else { return "[?]".into() };
    let Ok(text) = key.cast::<PyString>() else {
        // The repr of any other class may run any code.
        let constant = key.is_none() || key.is_exact_instance_of::<PyBool>();
        let plain = constant || key.is_exact_instance_of::<PyInt>() || key.is_exact_instance_of::<PyFloat>();
        let shown = if plain { key.repr() } else { key.get_type().name() };
        return shown.map_or_else(|_| "[?]".into(), |shown| format!("[{}]", shown.to_string_lossy()));
    };
    let text = text.to_string_lossy();
    let mut chars = text.chars();
    let plain =
        chars.next().is_some_and(|c| c == '_' || c.is_alphabetic()) && chars.all(|c| c == '_' || c.is_alphanumeric());
    if plain { format!(".{text}") } else { format!("[{}]", serde_json::Value::from(text.into_owned())) }
}

/// How many characters of a path are shown at most.
const LONGEST_PATH: usize = 200;

/// The steps through these containers: `.rows[3].price`.
pub fn steps(frames: &[OpenContainer<'_>]) -> String {
    let inside = frames.len().saturating_sub(LONGEST_PATH);
    let (head, tail) = if inside > LONGEST_PATH { (LONGEST_PATH, inside) } else { (frames.len(), frames.len()) };
    // `shorten` leaves the middle out: each step has two characters or more.
    frames[..head].iter().chain(&frames[tail..]).map(OpenContainer::step).collect()
}

/// The path without the middle of a very long one.
pub fn shorten(path: &str) -> String {
    let count = path.chars().count();
    if count <= LONGEST_PATH {
        return path.into();
    }
    let half = LONGEST_PATH / 2;
    let head: String = path.chars().take(half).collect();
    let tail: String = path.chars().skip(count - half).collect();
    format!("{head}…{tail}")
}

/// Where a container stands that is also among its own ancestors: how many frames lead to it.
pub fn find_cycle<'a, 'py: 'a>(mut frames: impl Iterator<Item = &'a OpenContainer<'py>>) -> Option<usize> {
    // Asked for only once the limit is reached: a set for each container would cost every encode.
    let mut seen = std::collections::HashSet::new();
    frames.position(|frame| !seen.insert(frame.source()))
}
