//! Where JSON text goes.

/// A growing run of bytes: a `Vec` in tests, a Python `bytes` under construction in the extension.
pub trait Out {
    /// Appends one byte.
    fn push(&mut self, byte: u8);
    /// Appends a slice.
    fn extend(&mut self, bytes: &[u8]);
}

impl Out for Vec<u8> {
    fn push(&mut self, byte: u8) {
        Vec::push(self, byte);
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
