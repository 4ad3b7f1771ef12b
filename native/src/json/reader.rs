//! The tokens of a JSON text (RFC 8259), one after the other, without recursion and without copies.

/// A place in a text. Whatever cannot be read ends in `None` or `false`, with `at` not far behind the fault.
pub struct TokenReader<'a> {
    /// The whole text.
    pub text: &'a [u8],
    /// The next byte.
    pub at: usize,
}

/// What a number is.
pub enum NumberToken {
    /// Digits alone.
    Integer,
    /// With a fraction, an exponent, or both.
    Float {
        /// How many digits the exponent has.
        exponent: usize,
    },
}

impl<'a> TokenReader<'a> {
    /// A reader at the beginning of a text.
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not whitespace.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// The same, and goes on behind it.
    #[inline]
    pub fn token(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Whether these bytes come next; then goes on behind them.
    pub fn word(&mut self, rest: &[u8]) -> bool {
        let found = self.text[self.at..].starts_with(rest);
        self.at += if found { rest.len() } else { 0 };
        found
    }

    /// The rest of a string, its last quote included: whether there are escapes in it.
    #[inline]
    pub fn string(&mut self) -> Option<bool> {
        let mut escaped = false;
        loop {
            self.at += clean_run(&self.text[self.at..]);
            let byte = self.text.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => return Some(escaped),
                b'\\' if self.escape() => escaped = true,
                _ => return None, // a control character
            }
        }
    }

    fn escape(&mut self) -> bool {
        let Some(byte) = self.text.get(self.at) else { return false };
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => true,
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4);
                self.at += 4;
                digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            }
            _ => false,
        }
    }

    /// The rest of a number.
    #[inline]
    pub fn number(&mut self, first: u8) -> Option<NumberToken> {
        let first = if first == b'-' { self.next_byte() } else { Some(first) };
        match first {
            Some(b'0') => {}
            Some(b'1'..=b'9') => _ = self.digits(),
            _ => return None,
        }
        let fraction = self.text.get(self.at) == Some(&b'.');
        if fraction {
            self.at += 1;
            if self.digits() == 0 {
                return None;
            }
        }
        match self.text.get(self.at) {
            Some(b'e' | b'E') => {}
            _ if fraction => return Some(NumberToken::Float { exponent: 0 }),
            _ => return Some(NumberToken::Integer),
        }
        self.at += 1;
        if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
            self.at += 1;
        }
        match self.digits() {
            0 => None,
            exponent => Some(NumberToken::Float { exponent }),
        }
    }

    fn next_byte(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at).copied();
        self.at += 1;
        byte
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - from
    }
}

/// How many bytes there are before the first quote, backslash or control character: eight at a time.
#[inline]
pub(super) fn clean_run(text: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    let mut at = 0;
    for block in text.chunks_exact(8) {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(block);
        let word = u64::from_le_bytes(bytes);
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        // A borrow may mark a clean byte too, but only above the first that is not.
        let found = (zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c)) | control) & HIGHS;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + text[at..].iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count()
}
