//! Groups of calls that are alike. Python code makes a group at its first call. All later calls are added here, since Python
//! code would cost ten times as much as the call itself (`benchmarks/suites/counting.py`).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::call::{CallDetails, NativeCall};
use super::totals::CallTotals;
use crate::ffi::context_value;
use crate::ffi::frames::PythonFrame;
use crate::imports::Imports;

/// Calls of a function whose start and duration are kept.
const LANE: usize = 300;
/// Ways to tell a group at once; calls of more ways ask Python.
const KNOWN: usize = 1000;
/// Frames that are looked at.
const DEPTH: usize = 1000;
/// The functions that are called on behalf of a place, which Python names.
const TAG: &str = "dumps_html";
const STREAM: &str = "dump_chunk";

/// What tells a group at once: addresses of objects that `KnownGroup` holds, so that no others get them.
#[derive(PartialEq, Eq, Hash)]
struct GroupKey {
    function: &'static str,
    value_type: usize,
    model: usize,
    fields: usize,
    place: usize,
    code: usize,
    instruction: i32,
}

struct KnownGroup {
    group: Py<CallTotals>,
    _held: [Option<Py<PyAny>>; 5],
}

/// What a call tells of itself beside its costs.
struct CallContext<'a, 'py> {
    details: &'a CallDetails<'py>,
    /// A tag's place in its template; the line that made a stream.
    place: Option<Bound<'py, PyAny>>,
    /// The line that calls.
    site: Option<PythonFrame<'py>>,
}

impl CallContext<'_, '_> {
    /// None where more than addresses tells the group: what Python code has noted, an exception, a list of fields, the end of
    /// a stream.
    fn key(&self, call: &NativeCall<'_>) -> Option<GroupKey> {
        let CallDetails { value, fields, model, notes, error, .. } = self.details;
        let is_noted = notes.as_ref().is_some_and(|notes| !notes.taken.is_empty());
        let is_end = call.function == STREAM && call.sums.bytes == 0;
        // Python code decides these: notes and errors hold objects whose addresses change from call to call.
        if is_noted
            || is_end
            || error.is_some()
            || fields.as_ref().is_some_and(|fields| !fields.is_exact_instance_of::<PyTuple>())
        {
            return None;
        }
        Some(GroupKey {
            function: call.function,
            value_type: value.as_ref().map_or(0, |value| value.get_type_ptr() as usize),
            model: address(model),
            fields: address(fields),
            place: address(&self.place),
            code: self.site.as_ref().map_or(0, |frame| frame.code().as_ptr() as usize),
            instruction: self.site.as_ref().map_or(0, PythonFrame::instruction),
        })
    }

    /// The objects of which the key has the addresses.
    fn held(&self) -> [Option<Py<PyAny>>; 5] {
        let CallDetails { value, fields, model, .. } = self.details;
        [
            value.as_ref().map(|value| value.get_type().into_any().unbind()),
            model.as_ref().map(|model| model.clone().into_any().unbind()),
            fields.clone().map(Bound::unbind),
            self.place.clone().map(Bound::unbind),
            self.site.as_ref().map(|frame| frame.code().unbind()),
        ]
    }
}

fn address<T>(object: &Option<Bound<'_, T>>) -> usize {
    object.as_ref().map_or(0, |object| object.as_ptr() as usize)
}

/// Whose code a frame runs, as `pyforge_web.metering.call_sites.frame_owner` returns it.
#[derive(Clone, Copy)]
enum FrameOwner {
    /// The site's own: what a developer would change.
    Own,
    /// A server's, a framework's.
    Foreign,
    /// PyForge Web's.
    Ours,
    /// What calls the view: beyond it is the server.
    Handler,
}

/// What a collector with details keeps, beside its groups.
#[derive(Default)]
pub struct Recorder {
    sites: bool,
    hashes: bool,
    /// Whether `keep` wants the next call.
    keeps: AtomicBool,
    state: Mutex<RecorderState>,
}

#[derive(Default)]
struct RecorderState {
    known: HashMap<GroupKey, KnownGroup>,
    /// By the address of the code, which is held.
    standings: HashMap<usize, (Py<PyAny>, FrameOwner)>,
    /// Start and duration of the first calls of each function.
    lanes: Vec<(&'static str, Vec<(u64, u64)>)>,
}

impl Recorder {
    /// Takes an argument of the collector.
    pub fn want(&mut self, detail: &str) {
        let all = detail == "details";
        self.sites |= all;
        self.hashes |= all;
        *self.keeps.get_mut() |= all;
    }

    /// The first calls of a function, `(start_ns, duration_ns)` each.
    pub fn lanes(&self) -> Vec<(&'static str, Vec<(u64, u64)>)> {
        self.state().lanes.clone()
    }

    fn state(&self) -> MutexGuard<'_, RecorderState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a call to its group, for which the collector is asked where it is not known yet.
    pub fn add<'py>(
        &self,
        collector: &Bound<'py, PyAny>,
        call: &NativeCall<'_>,
        details: &CallDetails<'py>,
        start_ns: u64,
    ) -> PyResult<()> {
        let py = collector.py();
        // Asked for before the lock is taken: nothing of Python's may run under it.
        let output = match &details.output {
            Some(output) if self.hashes => Some((output.as_bytes().len(), output.hash()?)),
            _ => None,
        };
        let place = match call.function {
            TAG => context_value(Imports::get(py)?.place.bind(py))?,
            STREAM => context_value(Imports::get(py)?.origin.bind(py))?,
            _ => None,
        };
        let place = place.filter(|place| !place.is_none());
        let is_placed = call.function == STREAM && place.is_some();
        let site = if self.sites && !is_placed { self.caller(py)? } else { None };
        let context = CallContext { details, place, site };
        let key = context.key(call);
        let known = key.as_ref().and_then(|key| Some(self.state().known.get(key)?.group.clone_ref(py)));
        // The lock is not held here: `ask` calls Python code, which may make native calls of its own.
        let group = match known {
            Some(group) => Some(group),
            None => self.ask(collector, call, &context, key, start_ns)?,
        };
        self.mark(call, start_ns);
        if let Some(group) = &group {
            group.get().add(call, output);
            if self.keeps.load(Relaxed) {
                let more = collector.call_method1(intern!(py, "keep_call"), (group, start_ns, call.sums.parts()))?;
                self.keeps.store(more.is_truthy()?, Relaxed);
            }
        }
        Ok(())
    }

    /// The group of a call in the words of Python; None where there are enough.
    fn ask<'py>(
        &self,
        collector: &Bound<'py, PyAny>,
        call: &NativeCall<'_>,
        context: &CallContext<'_, 'py>,
        key: Option<GroupKey>,
        start_ns: u64,
    ) -> PyResult<Option<Py<CallTotals>>> {
        let py = collector.py();
        let CallDetails { value, fields, output, model, notes, error } = context.details;
        let notes = notes.as_ref().map(|notes| &notes.taken);
        let frame = context.site.as_ref().map(PythonFrame::as_any);
        let asked = (call.function, start_ns, value, fields, output, model, notes, &context.place, frame, error);
        let answer = collector.call_method1(intern!(py, "find_group"), asked)?;
        let (group, alike): (Option<Py<CallTotals>>, bool) = answer.extract()?;
        if let (Some(group), Some(key), true) = (&group, key, alike) {
            let known = KnownGroup { group: group.clone_ref(py), _held: context.held() };
            let mut state = self.state();
            if state.known.len() < KNOWN {
                state.known.insert(key, known);
            }
        }
        Ok(group)
    }

    fn mark(&self, call: &NativeCall<'_>, start_ns: u64) {
        let mut state = self.state();
        let index = state.lanes.iter().position(|(function, _)| *function == call.function);
        let index = index.unwrap_or_else(|| {
            state.lanes.push((call.function, Vec::new()));
            state.lanes.len() - 1
        });
        let lane = &mut state.lanes[index].1;
        if lane.len() < LANE {
            lane.push((start_ns, call.duration()));
        }
    }

    /// The nearest frame of the site's own code; without one, the nearest that is not ours.
    fn caller<'py>(&self, py: Python<'py>) -> PyResult<Option<PythonFrame<'py>>> {
        let (mut nearest, mut next) = (None, PythonFrame::current(py));
        for _ in 0..DEPTH {
            let Some(frame) = next else { break };
            let standing = self.standing(&frame)?;
            next = frame.back();
            match standing {
                FrameOwner::Own => return Ok(Some(frame)),
                FrameOwner::Handler => break,
                FrameOwner::Foreign if nearest.is_none() => nearest = Some(frame),
                FrameOwner::Foreign | FrameOwner::Ours => {}
            }
        }
        Ok(nearest)
    }

    fn standing(&self, frame: &PythonFrame<'_>) -> PyResult<FrameOwner> {
        let code = frame.code();
        if let Some((_, standing)) = self.state().standings.get(&(code.as_ptr() as usize)) {
            return Ok(*standing);
        }
        let py = code.py();
        let standing = match Imports::get(py)?.standing.bind(py).call1((frame.as_any(),))?.extract::<u8>()? {
            0 => FrameOwner::Own,
            1 => FrameOwner::Foreign,
            2 => FrameOwner::Ours,
            _ => FrameOwner::Handler,
        };
        self.state().standings.insert(code.as_ptr() as usize, (code.unbind(), standing));
        Ok(standing)
    }
}
