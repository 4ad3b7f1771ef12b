//! The walk over any value: every Python object that JSON knows, written in one pass.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::error::{Error, MAX_DEPTH};
use crate::ffi::walk::{self, ValueWriter, WalkFault};
use crate::ffi::{BytesBuffer, TextEscape};
use crate::imports::Imports;
use crate::json::writer::Out;
use crate::kinds::{Form, Kind, NotFinite, Outcome, Sink};
use crate::metering::meter::Meter;
use crate::open_containers::{self, OpenContainer, OpeningContainer, WalkStep};
use crate::serializer::columns::RowColumns;

/// Where a cycle is looked for the first time.
const FIRST_SEARCH: usize = 64;

/// One encode.
pub struct Walk<'py, 'call, F: Form> {
    pub(super) sink: Sink<F>,
    pub(super) imports: &'static Imports,
    pub(super) meter: &'call mut Meter<'py>,
    /// How many containers are open.
    pub(super) depth: usize,
    /// The steps from the root to where the walk failed: `.rows[3].price`.
    pub(super) place: String,
    /// Whether the walk ends before it calls Python code.
    pub(super) native_only: bool,
    /// Whether it has ended so.
    pub(super) needs_python: bool,
    /// The columns of the class whose instance was written last: its address, and its version then.
    pub(super) last_columns: Option<(usize, u32, Bound<'py, RowColumns>)>,
    /// How many containers may be open before a cycle is looked for.
    limit: usize,
    pub(super) py: Python<'py>,
}

impl<'py, 'call, F: Form> Walk<'py, 'call, F> {
    /// A walk that has written nothing yet.
    #[inline(always)]
    pub fn new(
        py: Python<'py>,
        imports: &'static Imports,
        not_finite: NotFinite,
        meter: &'call mut Meter<'py>,
    ) -> Self {
        Self {
            sink: Sink::new(not_finite),
            imports,
            meter,
            depth: 0,
            place: String::new(),
            native_only: false,
            needs_python: false,
            last_columns: None,
            limit: FIRST_SEARCH,
            py,
        }
    }

    /// Writes `root` and everything below it, and the text around it as it is.
    #[inline(always)]
    pub fn write_document(
        &mut self,
        root: Bound<'py, PyAny>,
        around: Option<[&str; 2]>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        if around.is_none() {
            if let Some(document) = F::Text::write_document(&root)? {
                return Ok(document);
            }
        }
        if let Some([before, _]) = around {
            self.sink.out.extend(before.as_bytes());
        }
        if !self.write_whole_value(root) {
            return Err(self.take_error());
        }
        if let Some([_, after]) = around {
            self.sink.out.extend(after.as_bytes());
        }
        self.sink.out.finish(self.py)
    }

    /// The exception for what stopped the walk, with the place where it stopped.
    #[cold]
    pub(super) fn take_error(&mut self) -> PyErr {
        let error = self.sink.error.take().unwrap_or(Error::OutOfMemory);
        error.into_pyerr(self.py, &open_containers::shorten(&format!("${}", self.place)))
    }

    /// Writes `root` and everything below it if no Python code has to run for it; None else, and none has run.
    pub fn write_natively(&mut self, root: Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.native_only = true;
        match self.write_document(root, None) {
            Err(_) if self.needs_python => Ok(None),
            written => written.map(Some),
        }
    }

    /// Whether Python code may be called; else the walk ends here.
    #[inline]
    pub(super) fn may_call_python(&mut self) -> bool {
        self.needs_python |= self.native_only;
        !self.native_only
    }

    /// Ends the walk.
    #[cold]
    pub(super) fn fail_walk(&mut self, error: impl Into<Error>) -> bool {
        self.sink.fail(error);
        false
    }

    /// Writes a value and everything below it; false when it failed.
    #[inline(always)]
    pub(super) fn write_whole_value(&mut self, value: Bound<'py, PyAny>) -> bool {
        match self.write_value(value) {
            WalkStep::Done => true,
            WalkStep::Failed => false,
            WalkStep::Open(opened) => self.write_container(opened.into()),
        }
    }

    /// Writes a container and all that opens below it, on a stack of the heap.
    #[inline]
    fn write_container(&mut self, root: OpenContainer<'py>) -> bool {
        let (py, depth) = (self.py, self.depth);
        if depth > self.limit && !self.may_go_deeper(std::slice::from_ref(&root)) {
            return false;
        }
        let written = walk::write_container(py, self, root, depth);
        self.depth = depth - 1;
        written
    }

    /// Notes where in these open containers the walk failed.
    #[cold]
    fn note_place(&mut self, frames: &[OpenContainer<'py>]) {
        let mut way = frames;
        match &self.sink.error {
            // An empty container was one too many, and may stand beside one that closes a cycle.
            Some(Error::TooDeep) => {
                if let Some(at) = open_containers::find_cycle(frames.iter()) {
                    way = &frames[..at];
                    self.sink.error = Some(Error::Circular);
                }
            }
            // The fault is the container's, not its last item's.
            Some(Error::Changed | Error::NotPairs) => way = &frames[..frames.len() - 1],
            _ => {}
        }
        self.place.insert_str(0, &open_containers::steps(way));
    }

    /// Writes one value.
    #[inline(always)]
    pub(super) fn write_value(&mut self, value: Bound<'py, PyAny>) -> WalkStep<'py> {
        self.write_common(value).unwrap_or_else(|value| self.write_uncommon(value))
    }

    /// Writes a value of one of the frequent exact types, or gives it back.
    #[inline(always)]
    pub(super) fn write_common(&mut self, value: Bound<'py, PyAny>) -> Result<WalkStep<'py>, Bound<'py, PyAny>> {
        if let Some(kind) = Kind::of(&value) {
            return Ok(kind.write(&value, self.imports, &mut self.sink).into());
        }
        if value.is_none() {
            self.sink.out.extend(b"null");
            return Ok(WalkStep::Done);
        }
        let value = match value.cast_into_exact::<PyDict>() {
            Ok(dict) => return Ok(self.open_container(b"{}", dict.len(), dict, OpeningContainer::Dict)),
            Err(other) => other.into_inner(),
        };
        match value.cast_into_exact::<PyList>() {
            Ok(list) => Ok(self.open_container(b"[]", list.len(), list, OpeningContainer::List)),
            Err(other) => Err(other.into_inner()),
        }
    }

    /// Begins a container, or writes it whole when it is empty.
    #[inline(always)]
    pub(super) fn open_container<T>(
        &mut self,
        brackets: &[u8; 2],
        size: usize,
        container: Bound<'py, T>,
        opened: impl FnOnce(Bound<'py, T>) -> OpeningContainer<'py>,
    ) -> WalkStep<'py> {
        if size == 0 {
            if self.depth >= MAX_DEPTH {
                return self.sink.fail(Error::TooDeep).into();
            }
            self.sink.out.extend(brackets);
            return WalkStep::Done;
        }
        self.sink.out.push(brackets[0]);
        self.depth += 1;
        WalkStep::Open(opened(container))
    }
}

impl<'py, F: Form> ValueWriter<'py> for Walk<'py, '_, F> {
    type Form = F;

    #[inline(always)]
    fn out(&mut self) -> &mut BytesBuffer {
        &mut self.sink.out
    }

    #[inline(always)]
    fn write_other(&mut self, value: Bound<'py, PyAny>, depth: usize) -> WalkStep<'py> {
        self.depth = depth;
        self.write_value(value)
    }

    fn write_other_key(&mut self, key: Bound<'py, PyAny>, depth: usize) -> bool {
        self.depth = depth;
        self.write_key(key) == Outcome::Accepted
    }

    #[inline(always)]
    fn limit(&self) -> usize {
        self.limit
    }

    /// A cycle is looked for each time there are twice as many containers. One search at the end would first write the
    /// values of the cycle as often as there may be containers.
    #[cold]
    fn may_go_deeper(&mut self, open: &[OpenContainer<'py>]) -> bool {
        if let Some(at) = open_containers::find_cycle(open.iter()) {
            self.place.insert_str(0, &open_containers::steps(&open[..at]));
            return self.fail_walk(Error::Circular);
        }
        if self.limit >= MAX_DEPTH {
            self.place.insert_str(0, &open_containers::steps(&open[..open.len() - 1]));
            return self.fail_walk(Error::TooDeep);
        }
        self.limit = MAX_DEPTH.min(self.limit * 2);
        true
    }

    #[cold]
    fn note_fault(&mut self, fault: WalkFault, open: &[OpenContainer<'py>]) {
        match fault {
            WalkFault::Noted => return,
            WalkFault::Rejected => {}
            WalkFault::Changed => _ = self.sink.fail(Error::Changed),
            WalkFault::NotPairs => _ = self.sink.fail(Error::NotPairs),
            WalkFault::TooDeep => _ = self.sink.fail(Error::TooDeep),
        }
        self.note_place(open);
    }
}
