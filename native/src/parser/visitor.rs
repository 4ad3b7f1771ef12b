//! The visitor that makes Python objects of what serde_json reads, without a value of Rust's between the two.

use std::fmt;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::key_cache::KeyCache;

/// From here on a float may have been an integer that serde_json does not hold: `json.loads` must tell.
const PERHAPS_INTEGER: f64 = 9e18;

/// Makes one value, and all values in it. serde_json itself goes no deeper than 127 levels.
pub struct ValueSeed<'a, 'py> {
    /// Who may make objects.
    pub py: Python<'py>,
    /// The keys of objects, old and new.
    pub keys: &'a mut KeyCache,
    /// How many containers may still be opened.
    pub depth: usize,
}

impl<'de, 'py> DeserializeSeed<'de> for ValueSeed<'_, 'py> {
    type Value = Bound<'py, PyAny>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de, 'py> Visitor<'de> for ValueSeed<'_, 'py> {
    type Value = Bound<'py, PyAny>;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("JSON")
    }

    #[inline]
    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(PyBool::new(self.py, value).to_owned().into_any())
    }

    #[inline]
    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(PyInt::new(self.py, value).into_any())
    }

    #[inline]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(PyInt::new(self.py, value).into_any())
    }

    #[inline]
    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        // `-0` is a float to serde_json, and the integer 0 to Python.
        if value.abs() >= PERHAPS_INTEGER || (value == 0.0 && value.is_sign_negative()) {
            return Err(E::custom("an integer, perhaps"));
        }
        Ok(PyFloat::new(self.py, value).into_any())
    }

    #[inline]
    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(PyString::new(self.py, value).into_any())
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(self.py.None().into_bound(self.py))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let Self { py, keys, depth } = self;
        let depth = depth.checked_sub(1).ok_or_else(|| A::Error::custom("too deep"))?;
        // A Rust vector first: a Python list would grow item by item, and an error would free it.
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(ValueSeed { py, keys: &mut *keys, depth })? {
            values.push(value);
        }
        PyList::new(py, values).map(Bound::into_any).map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let Self { py, keys, depth } = self;
        let depth = depth.checked_sub(1).ok_or_else(|| A::Error::custom("too deep"))?;
        let dict = PyDict::new(py);
        while let Some(key) = entries.next_key_seed(KeySeed { py, keys: &mut *keys })? {
            // Of equal keys the last one counts, as in `json.loads`.
            let value = entries.next_value_seed(ValueSeed { py, keys: &mut *keys, depth })?;
            dict.set_item(key, value).map_err(A::Error::custom)?;
        }
        Ok(dict.into_any())
    }
}

struct KeySeed<'a, 'py> {
    py: Python<'py>,
    keys: &'a mut KeyCache,
}

impl<'de, 'py> DeserializeSeed<'de> for KeySeed<'_, 'py> {
    type Value = Bound<'py, PyString>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'py> Visitor<'_> for KeySeed<'_, 'py> {
    type Value = Bound<'py, PyString>;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a key")
    }

    #[inline]
    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        self.keys.get(self.py, key.as_bytes()).map_err(E::custom)
    }
}
