//! Numbers by chance, the same on every machine (SplitMix64).

/// A source of numbers.
pub struct Random(u64);

impl Random {
    /// One of its own for each input, so that an input can be repeated without those before it.
    pub fn new(seed: u64, name: &str, iteration: u64) -> Self {
        let mut random = Self(seed);
        for part in name.bytes().map(u64::from).chain([iteration]) {
            random.0 = random.number() ^ part;
        }
        random
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Less than `limit`; 0 where that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let number = self.number() % u64::try_from(limit).unwrap().max(1);
        usize::try_from(number).unwrap()
    }

    pub fn byte(&mut self) -> u8 {
        self.number().to_le_bytes()[0]
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A range within `length`, short more often than long.
    pub fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = if self.one_in(4) { length } else { 16 };
        let end = start + self.below(most.min(length - start) + 1);
        start..end
    }
}
