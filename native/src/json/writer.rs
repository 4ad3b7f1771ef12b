//! Where JSON text goes.

/// A growing run of bytes: a `Vec` in tests, a Python `bytes` under construction in the extension.
pub trait Out {
    /// Appends one byte.
    fn push(&mut self, byte: u8);
    /// Appends a slice.
    fn extend(&mut self, bytes: &[u8]);
    /// Appends `len` bytes, 64 at most, that `fill` writes in place over zeros.
    ///
    /// What is put together elsewhere byte by byte and then copied in larger segments waits until the small writes have left
    /// the processor's store buffer: 4 ns of each integer, 10 ns of each UUID.
    fn fill(&mut self, len: usize, fill: impl FnOnce(&mut [u8]));
    /// Appends an integer in decimal digits.
    fn extend_integer(&mut self, value: i64) {
        self.extend(value.to_string().as_bytes());
    }
    /// Appends the shortest digits of a finite float.
    fn extend_float(&mut self, value: f64) {
        self.extend(zmij::Buffer::new().format_finite(value).as_bytes());
    }
}

impl Out for Vec<u8> {
    fn push(&mut self, byte: u8) {
        Vec::push(self, byte);
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn fill(&mut self, len: usize, fill: impl FnOnce(&mut [u8])) {
        let start = self.len();
        self.resize(start + len, 0);
        fill(&mut self[start..]);
    }
}
