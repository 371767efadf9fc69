//! Labels of slots, and the scopes that are checked against them. The engine knows what they are, not what they mean.

/// Number of partitions that labels may name. A scope is a bitmap of them, 512 bytes.
pub const PARTITIONS: usize = 4096;

/// A group of slots that a scope names or does not: a number below [`PARTITIONS`], given by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(u16);

impl Partition {
    /// `None` from [`PARTITIONS`] on.
    pub const fn new(number: u16) -> Option<Self> {
        if (number as usize) < PARTITIONS { Some(Self(number)) } else { None }
    }

    /// 0 to [`PARTITIONS`] - 1.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// What a slot is, for the scope of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// The one partition it is in.
    pub partition: Partition,
    /// Bits that a scope can forbid.
    pub attributes: u16,
    /// Last day on which it may be compared. Unit: days, of the caller's choosing.
    pub expiry_day: u32,
    /// Order of entry.
    pub sequence: u32,
}

impl Label {
    /// The four words that the shader reads for a slot in use.
    pub(crate) fn words(self) -> [u32; 4] {
        let low = u32::from(self.partition.0) | u32::from(self.attributes) << 16;
        [low, self.expiry_day, self.sequence, 1]
    }
}

/// Which slots a search may touch: those of the partitions named, with none of the attributes forbidden, not expired
/// on `day`, and entered before `before_sequence`.
///
/// A scope names every partition it allows; there is none that means "all", and a new one allows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    partitions: Box<[u32; PARTITIONS / 32]>,
    pub(crate) forbidden_attributes: u16,
    pub(crate) day: u32,
    pub(crate) before_sequence: u32,
}

impl Scope {
    /// The slots of these partitions, under these conditions.
    pub fn new(
        partitions: impl IntoIterator<Item = Partition>,
        forbidden_attributes: u16,
        day: u32,
        before_sequence: u32,
    ) -> Self {
        let mut words = Box::new([0u32; PARTITIONS / 32]);
        for partition in partitions {
            words[usize::from(partition.0) / 32] |= 1 << (partition.0 % 32);
        }
        Self { partitions: words, forbidden_attributes, day, before_sequence }
    }

    /// Whether a slot so labelled may be compared. Twin of `in_scope` in the shader.
    pub fn allows(&self, label: &Label) -> bool {
        let partition = usize::from(label.partition.0);
        self.partitions[partition / 32] >> (partition % 32) & 1 == 1
            && label.attributes & self.forbidden_attributes == 0
            && label.expiry_day >= self.day
            && label.sequence < self.before_sequence
    }

    pub(crate) fn partition_words(&self) -> &[u32; PARTITIONS / 32] {
        &self.partitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_allows_exactly_what_it_names() {
        let p = |n| Partition::new(n).unwrap();
        let scope = Scope::new([p(3), p(4095)], 0b100, 20_000, 50);
        let label = |partition, attributes, expiry_day, sequence| Label {
            partition: p(partition),
            attributes,
            expiry_day,
            sequence,
        };
        assert!(scope.allows(&label(3, 0b011, 20_000, 49)));
        assert!(scope.allows(&label(4095, 0, 20_001, 0)));
        assert!(!scope.allows(&label(4, 0, 20_001, 0)), "another partition");
        assert!(!scope.allows(&label(3, 0b110, 20_001, 0)), "a forbidden attribute");
        assert!(!scope.allows(&label(3, 0, 19_999, 0)), "expired yesterday");
        assert!(!scope.allows(&label(3, 0, 20_001, 50)), "not entered before");
        assert!(
            !Scope::new([], 0, 0, u32::MAX).allows(&label(0, 0, u32::MAX, 0)),
            "nothing named, nothing allowed"
        );
        assert!(Partition::new(4096).is_none());
    }
}
