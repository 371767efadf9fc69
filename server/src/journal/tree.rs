//! The Merkle tree over all records, RFC 6962's: its root commits to every one of them, and other programs can check it.
//!
//! A leaf is the chain hash of a record. Kept is only the *compact range*: the roots of the full subtrees from left to right,
//! one for each bit of the size, so 64 hashes at most, whatever the journal holds.
//!
//! *Why a tree beside the chain.* The chain already binds every record to all before it; but who holds two chain hashes has to
//! read everything between them. With a tree, that one record is in it, and that one head extends another, is shown with a
//! few dozen hashes, and in a form that other programs know.

use sha2::{Digest, Sha256};

use super::frame::Chain;

/// Before the data of a leaf, and before the two halves of a node: no leaf can be taken for a node.
const LEAF: u8 = 0;
const NODE: u8 = 1;

type Hash = [u8; 32];

/// Root of the tree over the first records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Root(pub [u8; 32]);

impl core::fmt::Display for Root {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The tree over the records so far, without what is not needed to go on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    size: u64,
    /// Roots of full subtrees, the largest first. *Invariant:* one for each bit that is set in `size`.
    full: Vec<Hash>,
}

impl Tree {
    /// Adds the next record, by its chain hash.
    pub fn push(&mut self, record: &Chain) {
        self.push_data(&record.0);
    }

    fn push_data(&mut self, data: &[u8]) {
        let mut hash: Hash = Sha256::new().chain_update([LEAF]).chain_update(data).finalize().into();
        // As in adding one to a binary number: each bit that carries joins two subtrees of a size.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.full.pop() {
                hash = node(&left, &hash);
            }
        }
        self.full.push(hash);
        self.size += 1;
    }

    /// Records so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root; of no record at all, SHA-256 of nothing.
    pub fn root(&self) -> Root {
        let joined = self.full.iter().rev().copied().reduce(|right, left| node(&left, &right));
        Root(joined.unwrap_or_else(|| Sha256::digest([]).into()))
    }

    /// As bytes: the size (8, little-endian), then the hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_le_bytes().to_vec();
        bytes.extend(self.full.iter().flatten());
        bytes
    }

    /// From bytes; `None` where they are not those of a tree. That it is the *right* tree only its root can tell.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, hashes) = bytes.split_first_chunk()?;
        let size = u64::from_le_bytes(*size);
        let (full, rest) = hashes.as_chunks();
        let whole = rest.is_empty() && full.len() == usize::try_from(size.count_ones()).ok()?;
        whole.then(|| Self { size, full: full.to_vec() })
    }
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([NODE]).chain_update(left).chain_update(right).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition in RFC 6962, section 2.1, word for word.
    fn defined(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => Sha256::new().chain_update([0]).chain_update(leaf).finalize().into(),
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                node(&defined(&leaves[..k]), &defined(&leaves[k..]))
            }
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_roots_are_those_of_the_definition_at_every_size() {
        let leaves: Vec<Vec<u8>> =
            (0..300u32).map(|i| Chain::default().next(i.into(), &[7]).0.to_vec()).collect();
        let mut tree = Tree::default();
        for (size, leaf) in leaves.iter().enumerate() {
            assert_eq!(tree.root().0, defined(&leaves[..size]), "{size} leaves");
            assert_eq!(tree.size(), size as u64);
            let again = Tree::from_bytes(&tree.to_bytes()).unwrap();
            assert_eq!(again, tree);
            tree = again;
            tree.push(&Chain(leaf.as_slice().try_into().unwrap()));
        }
        assert_eq!(tree.root().0, defined(&leaves));
    }

    /// Leaves and roots that the implementations of Certificate Transparency test themselves with.
    #[test]
    fn the_roots_are_those_of_certificate_transparency() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(tree.root().to_string(), empty);
        for (leaf, root) in leaves.into_iter().zip(roots) {
            tree.push_data(leaf);
            assert_eq!(hex(&tree.root().0), root);
        }
    }

    #[test]
    fn bytes_that_are_no_tree_are_refused() {
        let mut tree = Tree::default();
        (0..5).for_each(|i| tree.push(&Chain([i; 32])));
        let bytes = tree.to_bytes();
        assert_eq!(bytes.len(), 8 + 2 * 32);
        assert_eq!(Tree::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Tree::from_bytes(&bytes[..bytes.len() - 32]), None);
        assert_eq!(Tree::from_bytes(&[bytes.clone(), vec![0; 32]].concat()), None);
        assert_eq!(Tree::from_bytes(&[]), None);
        assert_eq!(Tree::from_bytes(&[0; 8]), Some(Tree::default()));
    }
}
