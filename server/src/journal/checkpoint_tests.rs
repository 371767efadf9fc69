//! R-AUDIT-3: a checkpoint is what was signed, to the last byte.

use super::*;
use crate::files::Files;
use crate::files::simulated::{Fault, Simulated};

const ORIGIN: &str = "central-unit.example/eurodac";

fn key() -> SigningKey {
    SigningKey::from_secret(ORIGIN, &[7; 32]).unwrap()
}

fn checkpoint() -> Checkpoint {
    let (mut tree, mut chain) = (Tree::default(), Chain::default());
    for number in 0..5 {
        chain = chain.next(number, b"body");
        tree.push(&chain);
    }
    Checkpoint::sign(&key(), &tree, chain, "2026-11-22T12:00:00Z".parse().unwrap())
}

/// Written once; a program that writes another text for the same journal would break every checkpoint that was handed out.
const GOLDEN: &str = "\
central-unit.example/eurodac
5
cjnkI1kQBKQZOWug96jccufo3m7+yVkEG+bYJqriTFU=
chain Qo5UykSd51A5a0gyt93WajLtgqNja9qCgxfgzwh/Xlw=
time 2026-11-22T12:00:00Z

— central-unit.example/eurodac b5EfngOQiFvhPw2Jp4jd7SZjKC0LE/K6n2ZU9QjjjVYglLTONEQ8kUTs/9CrGRmoarqD3siZGuKKIs+iJiuQnk9a3Qs=
";
const GOLDEN_KEY: &str = "central-unit.example/eurodac+6f911f9e+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";

#[test]
fn r_audit_3_a_checkpoint_and_its_key_are_written_as_ever() {
    assert_eq!(checkpoint().to_text(), GOLDEN);
    assert_eq!(key().verifier().to_string(), GOLDEN_KEY);
    let (read, key) = (Checkpoint::parse(GOLDEN).unwrap(), GOLDEN_KEY.parse::<VerifierKey>().unwrap());
    assert_eq!(read, checkpoint());
    assert_eq!(read.verify(&key), Ok(()));
    assert_eq!(checkpoint_name(read.size), "00000000000000000005.checkpoint");
}

/// The note and the key that C2SP's and Go's documents show.
#[test]
fn a_note_of_another_program_is_verified() {
    let key: VerifierKey =
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".parse().unwrap();
    let text = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAl\
        TgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let (text, signatures) = note::read(text).unwrap();
    assert_eq!(key.check(text, &signatures), Ok(()));
    assert_eq!(key.check("This is another message.\n", &signatures), Err(NoteError::Signature));
}

#[test]
fn r_audit_3_a_checkpoint_with_a_line_changed_moved_or_removed_is_refused() {
    let (text, key) = (checkpoint().to_text(), key().verifier());
    let refused = |text: &str| Checkpoint::parse(text).and_then(|read| read.verify(&key)).is_err();
    assert!(!refused(&text));
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for at in 0..lines.len() {
        let without = [&lines[..at], &lines[at + 1..]].concat().concat();
        assert!(refused(&without), "without line {at}");
        let twice = [&lines[..=at], &lines[at..]].concat().concat();
        assert!(refused(&twice) || at == lines.len() - 1, "line {at} twice");
        if at > 0 {
            let mut swapped = lines.clone();
            swapped.swap(at - 1, at);
            assert!(refused(&swapped.concat()), "line {at} moved up");
        }
    }
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let changed = String::from_utf8(bytes);
        assert!(changed.is_err() || refused(&changed.unwrap()), "byte {at} changed");
    }
    let shorter = text.replacen("\n5\n", "\n4\n", 1);
    assert_eq!(Checkpoint::parse(&shorter).unwrap().verify(&key), Err(NoteError::Signature));
    for (from, to) in
        [("\n5\n", "\n05\n"), ("\n5\n", "\n+5\n"), (":00Z", ":00.0Z"), (":00Z", ":00+00:00"), ("\n", "\r\n")]
    {
        assert!(matches!(Checkpoint::parse(&text.replace(from, to)), Err(NoteError::Form(_))), "{to}");
    }
}

#[test]
fn r_audit_3_another_key_or_another_name_is_refused_and_witnesses_may_sign_too() {
    let mut signed = checkpoint();
    let other = SigningKey::generate(ORIGIN).unwrap();
    assert_eq!(signed.verify(&other.verifier()), Err(NoteError::OtherKey));
    let renamed = SigningKey::from_secret("central-unit.example/other", &[7; 32]).unwrap();
    assert_eq!(signed.verify(&renamed.verifier()), Err(NoteError::OtherKey));
    let witness = NoteSignature { name: "witness.example".into(), key_id: [1; 4], bytes: vec![2; 72] };
    signed.signatures.insert(0, witness);
    let read = Checkpoint::parse(&signed.to_text()).unwrap();
    assert_eq!((read.verify(&key().verifier()), read.signatures.len()), (Ok(()), 2));
}

#[test]
fn the_key_comes_back_from_its_file_whenever_the_power_goes() {
    assert!(SigningKey::load(&Simulated::default()).unwrap().is_none());
    for cut in 0..6 {
        let files = Simulated::default();
        key().store(&files).unwrap();
        files.fail(Some(Fault::PowerCut(cut)));
        let new = SigningKey::generate(ORIGIN).unwrap();
        let stored = new.store(&files).is_ok();
        for fate in 0..2 {
            let after = files.after_power_cut(&mut |below| fate.min(below - 1));
            let found = SigningKey::load(&after).unwrap().unwrap().verifier();
            assert!(found == new.verifier() || !stored && found == key().verifier(), "call {cut}");
            key().store(&after).unwrap();
        }
    }
    let files = Simulated::default();
    key().store(&files).unwrap();
    for at in 0..usize::try_from(files.len("checkpoint.key").unwrap()).unwrap() - 1 {
        let copy = files.after_power_cut(&mut |_| 0);
        copy.tamper("checkpoint.key", |bytes| bytes[at] ^= 1);
        assert!(SigningKey::load(&copy).is_err(), "byte {at}");
    }
}

#[test]
fn the_key_is_for_its_owner_only_and_not_shown() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    key().store(&crate::files::Disk::new(directory.path()).unwrap()).unwrap();
    let mode = fs_err::metadata(directory.path().join("checkpoint.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(format!("{:?}", key()), format!("SigningKey({ORIGIN})"));
    for bad in ["", "two words", "a+b", "line\n"] {
        assert!(SigningKey::generate(bad).is_err(), "{bad:?}");
    }
    for bad in ["", "name", "name+00000000+AAAA", &GOLDEN_KEY[1..], &GOLDEN_KEY[..GOLDEN_KEY.len() - 1]] {
        assert!(bad.parse::<VerifierKey>().is_err(), "{bad:?}");
    }
}
