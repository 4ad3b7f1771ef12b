//! The functions that Python calls to write any value. They check arguments and meter the call; `serializer` does the work.
//! With the setting `NATIVE` off Django's encoder does it, and where somebody has changed that encoder.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyType};

use crate::attribute_watch::AttributeWatch;
use crate::ffi::class_version;
use crate::ffi::raw_call::{self, RawFunction};
use crate::imports::EncoderImports;
use crate::kinds::NotFinite;
use crate::metering::meter::Meter;
use crate::option_scopes::without_options;
use crate::serializer::{self, DateOptions, EncodeOptions, parse_dates, parse_nan};

/// Return a value as JSON: the encoder of the response, for caches, websockets and tasks.
///
/// `obj` is any value that `DjangoJSONEncoder` takes, a QuerySet, an instance, a page, or a list of instances; models may
/// also stand inside other values. `fields` names the columns to write of a model, and nests by dicts:
/// `["id", {"author": ["name"]}]`; `fetch=True` loads what instances in memory lack of that. The text is compact UTF-8;
/// `django_bytes=True` gives the bytes of `json.dumps(obj, cls=DjangoJSONEncoder)`, `ensure_ascii=True` compact ASCII,
/// `nan="null"` writes null for NaN and the infinities. `exclude`, `allowed`, `max_depth`, `keys`, `dates`, `request` and
/// `default` are those of the response.
///
/// Raises `TypeError`, `ValueError` and `RecursionError` as `json.dumps` does, with the place of the value in the message;
/// an exception raised by the value's own code comes out as it is, with the place as a note.
///
/// Source: `django.core.serializers.json`, RFC 8259.
#[pyfunction]
#[pyo3(signature = (obj, *, fields=None, exclude=None, allowed=None, max_depth=None, fetch=false, django_bytes=false,
    ensure_ascii=false, nan="raise", dates="django", keys=None, request=None, default=None, max_bytes=None))]
#[allow(clippy::too_many_arguments)] // they are Python's
pub fn dumps<'py>(
    py: Python<'py>,
    obj: Bound<'py, PyAny>,
    fields: Option<Bound<'py, PyAny>>,
    exclude: Option<Bound<'py, PyAny>>,
    allowed: Option<Bound<'py, PyAny>>,
    max_depth: Option<Bound<'py, PyAny>>,
    fetch: bool,
    django_bytes: bool,
    ensure_ascii: bool,
    nan: &str,
    dates: &str,
    keys: Option<Bound<'py, PyAny>>,
    request: Option<Bound<'py, PyAny>>,
    default: Option<Bound<'py, PyAny>>,
    max_bytes: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let chosen = [exclude, allowed, max_depth];
    let options = [keys, request, default, max_bytes];
    if chosen.iter().chain(&options).any(Option::is_some) {
        // They are read by Python code, which calls this function again without them.
        let kwargs = PyDict::new(py);
        kwargs.set_item("fetch", fetch)?;
        kwargs.set_item("django_bytes", django_bytes)?;
        kwargs.set_item("ensure_ascii", ensure_ascii)?;
        kwargs.set_item("nan", nan)?;
        kwargs.set_item("dates", dates)?;
        let written =
            EncoderImports::get(py)?.dump_with_options.bind(py).call1((obj, fields, chosen, options, kwargs))?;
        return Ok(written.cast_into()?);
    }
    without_options(py, || dumps_within(py, obj, fields, fetch, django_bytes, ensure_ascii, nan, dates))
}

/// Return what `dumps` returns, with the options of the output around it; for `dump_with_options`.
#[pyfunction]
#[pyo3(signature = (obj, *, fields=None, fetch=false, django_bytes=false, ensure_ascii=false, nan="raise", dates="django"))]
#[allow(clippy::too_many_arguments)] // they are Python's
pub fn dumps_within<'py>(
    py: Python<'py>,
    obj: Bound<'py, PyAny>,
    fields: Option<Bound<'py, PyAny>>,
    fetch: bool,
    django_bytes: bool,
    ensure_ascii: bool,
    nan: &str,
    dates: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    let form = form_of(django_bytes, ensure_ascii);
    let options = EncodeOptions { html: None, form, not_finite: parse_nan(py, nan)?, dates: parse_dates(py, dates)? };
    write(py, obj, fields, fetch, options, dates, "dumps")
}

/// Return a value as JSON if no Python code has to run for it, else None: then nothing was called; for
/// `pyforge_web.encoders.adumps`, which must not run a user's code in the event loop. Collectors see a call of `dumps`.
///
/// Raises as `dumps`.
#[pyfunction]
pub fn dumps_natively<'py>(
    py: Python<'py>,
    obj: Bound<'py, PyAny>,
    django_bytes: bool,
    ensure_ascii: bool,
    nan: &str,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let not_finite = parse_nan(py, nan)?;
    if !is_native(py) {
        return Ok(None);
    }
    let mut meter = Meter::start(py)?;
    meter.about(&obj, None);
    let written = serializer::dumps_natively(&obj, form_of(django_bytes, ensure_ascii), not_finite, &mut meter);
    match written.transpose() {
        Some(result) => finish_call(py, meter, result, "dumps").map(Some),
        None => Ok(None), // the call that follows is counted
    }
}

/// `dumps` with one argument, as nearly all calls have it.
struct RawDumps;

impl RawFunction for RawDumps {
    const NAME: &'static str = "dumps";

    fn other_calls() -> &'static PyOnceLock<Py<PyAny>> {
        static OTHER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        &OTHER
    }

    #[inline(always)]
    fn call_plainly<'py>(py: Python<'py>, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        without_options(py, || dumps_plainly(py, value))
    }
}

#[inline(always)]
fn dumps_plainly<'py>(py: Python<'py>, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    if !is_native(py) {
        let options =
            EncodeOptions { html: None, form: "compact", not_finite: NotFinite::Raise, dates: DateOptions::DJANGO };
        return write_by_django(py, value, None, false, options, "django");
    }
    let mut meter = Meter::start(py)?;
    meter.about(&value, None);
    let result = serializer::dumps_plainly(value, &mut meter);
    finish_call(py, meter, result, "dumps")
}

/// Put the functions that read their arguments themselves into the module.
pub fn install_raw_calls(module: &Bound<'_, PyModule>) -> PyResult<()> {
    raw_call::install::<RawDumps>(module)
}

/// Return the JSON of a response. As `dumps`, for `pyforge_web.http`: collectors tell the two apart by the name.
#[pyfunction]
#[pyo3(signature = (obj, *, fields=None, fetch=false, django_bytes=false, ensure_ascii=false, nan="raise", form=None, dates="django"))]
#[allow(clippy::too_many_arguments)] // they are Python's
pub fn dumps_response<'py>(
    py: Python<'py>,
    obj: Bound<'py, PyAny>,
    fields: Option<Bound<'py, PyAny>>,
    fetch: bool,
    django_bytes: bool,
    ensure_ascii: bool,
    nan: &str,
    form: Option<&str>,
    dates: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    let form = form.unwrap_or_else(|| form_of(django_bytes, ensure_ascii));
    let options = EncodeOptions { html: None, form, not_finite: parse_nan(py, nan)?, dates: parse_dates(py, dates)? };
    write(py, obj, fields, fetch, options, dates, "dumps_response")
}

/// Return the JSON of a page: compact ASCII in which `< > & '` are escaped, for `pyforge_web.html`. `before` and `after`
/// are written around it as they are.
#[pyfunction]
#[pyo3(signature = (obj, *, fields=None, fetch=false, nan="raise", before="", after="", dates="django"))]
#[allow(clippy::too_many_arguments)] // they are Python's
pub fn dumps_html<'py>(
    py: Python<'py>,
    obj: Bound<'py, PyAny>,
    fields: Option<Bound<'py, PyAny>>,
    fetch: bool,
    nan: &str,
    before: &str,
    after: &str,
    dates: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    let html = Some([before, after]);
    let options = EncodeOptions { html, form: "", not_finite: parse_nan(py, nan)?, dates: parse_dates(py, dates)? };
    write(py, obj, fields, fetch, options, dates, "dumps_html")
}

fn form_of(django_bytes: bool, ensure_ascii: bool) -> &'static str {
    match (django_bytes, ensure_ascii) {
        (true, _) => "django",
        (false, true) => "ascii",
        (false, false) => "compact",
    }
}

/// The setting `NATIVE`. Read without an order between threads: a switch is seen a moment later.
static NATIVE: AtomicBool = AtomicBool::new(true);

/// Write values natively, or hand each of them to Django's own encoder: the setting `NATIVE`.
#[pyfunction]
pub fn set_native(enabled: bool) {
    NATIVE.store(enabled, Ordering::Relaxed);
}

/// Django's encoder, as its library wrote it.
struct StockEncoder {
    class: Py<PyType>,
    /// Of the class, when its methods were last compared; else 0.
    version: AtomicU32,
    /// None where a method was another one from the beginning.
    methods: Option<Py<AttributeWatch>>,
}

static ENCODER: PyOnceLock<StockEncoder> = PyOnceLock::new();

/// Hand all values to Django's own encoder while one of its methods is another one than `methods` says.
#[pyfunction]
#[pyo3(signature = (class, methods))]
pub fn watch_encoder(class: &Bound<'_, PyType>, methods: Option<Py<AttributeWatch>>) {
    let encoder = StockEncoder { class: class.clone().unbind(), version: AtomicU32::new(0), methods };
    ENCODER.get_or_init(class.py(), || encoder);
}

impl StockEncoder {
    #[inline(always)]
    fn is_same(&self, py: Python<'_>) -> bool {
        let version = class_version(self.class.bind(py));
        (version != 0 && version == self.version.load(Ordering::Relaxed)) || self.has_same_methods(py)
    }

    #[cold]
    fn has_same_methods(&self, py: Python<'_>) -> bool {
        // An attribute whose descriptor raises is not the library's.
        let is_same = self.methods.as_ref().is_some_and(|methods| methods.get().holds(py).unwrap_or(false));
        if is_same {
            self.version.store(class_version(self.class.bind(py)), Ordering::Relaxed);
        }
        is_same
    }
}

#[inline(always)]
fn is_native(py: Python<'_>) -> bool {
    NATIVE.load(Ordering::Relaxed) && ENCODER.get(py).is_none_or(|encoder| encoder.is_same(py))
}

/// The text that Django's encoder makes of a value; nothing is metered, as there is no native call.
#[cold]
fn write_by_django<'py>(
    py: Python<'py>,
    obj: Bound<'py, PyAny>,
    fields: Option<Bound<'py, PyAny>>,
    fetch: bool,
    options: EncodeOptions<'_>,
    dates: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    let (before, after) = options.html.map_or(("", ""), |[before, after]| (before, after));
    let nan = if matches!(options.not_finite, NotFinite::Null) { "null" } else { "raise" };
    let form = if options.html.is_some() { "html" } else { options.form };
    let written = EncoderImports::get(py)?.write_by_django.bind(py).call1((obj, fields, fetch, form, nan, dates))?;
    let text: Bound<'py, PyBytes> = written.cast_into()?;
    if before.is_empty() && after.is_empty() {
        return Ok(text);
    }
    Ok(PyBytes::new(py, &[before.as_bytes(), text.as_bytes(), after.as_bytes()].concat()))
}

#[inline]
fn write<'py>(
    py: Python<'py>,
    obj: Bound<'py, PyAny>,
    fields: Option<Bound<'py, PyAny>>,
    fetch: bool,
    options: EncodeOptions<'_>,
    dates: &str,
    function: &'static str,
) -> PyResult<Bound<'py, PyBytes>> {
    if !is_native(py) {
        return write_by_django(py, obj, fields, fetch, options, dates);
    }
    let mut meter = Meter::start(py)?;
    meter.about(&obj, fields.as_ref());
    let chosen = match fields {
        None => Ok(obj),
        Some(fields) => {
            let select = EncoderImports::get(py)?.select.bind(py);
            meter.call_out(|| select.call1((obj, fields, fetch)))
        }
    };
    let result = chosen.and_then(|value| serializer::dumps(value, &options, &mut meter));
    finish_call(py, meter, result, function)
}

/// Tells the collectors what a call has cost, and gives its result.
#[inline(always)]
fn finish_call<'py>(
    py: Python<'py>,
    mut meter: Meter<'py>,
    result: PyResult<Bound<'py, PyBytes>>,
    function: &'static str,
) -> PyResult<Bound<'py, PyBytes>> {
    let size = match &result {
        Ok(bytes) => {
            meter.output(bytes);
            bytes.as_bytes().len()
        }
        Err(error) => {
            meter.fail(py, error);
            0
        }
    };
    // The user's exception comes first, whatever a collector does.
    let metered = meter.finish(py, function, size);
    let bytes = result?;
    metered.map(|()| bytes)
}
