//! What the journal says that happened, read from the files alone; and whether it can have happened.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use uuid::Uuid;
use whorl::database::{ResultOfComparison, StoredHit};
use whorl::eurodac::model::{Category, MemberState};
use whorl::eurodac::operation::Operation;
use whorl::files::Disk;
use whorl::journal::{AuditRecord, Effect, Outcome, Written, replay};

/// A set that was entered.
pub struct Entered {
    pub reference: String,
    pub category: Category,
    pub state: MemberState,
    pub sequence: u32,
}

/// Everything that happened.
#[derive(Default)]
pub struct Past {
    /// What is stored.
    pub entered: BTreeMap<Uuid, Entered>,
    pub erased: HashSet<Uuid>,
    pub results: HashMap<Uuid, ResultOfComparison>,
    /// The record that each hit found.
    pub hits: HashMap<Uuid, Uuid>,
    /// Recipient and moment, in order.
    pub disclosures: HashMap<Uuid, Vec<(String, String)>>,
    references: HashSet<String>,
    requests: HashSet<(String, String)>,
}

impl Past {
    /// Reads the whole journal: every record is checked, and follows the one before.
    pub fn read(data: &Path) -> Self {
        let mut past = Self::default();
        let mut next = 0;
        replay(&Disk::new(&data.join("journal")).unwrap(), 0..u64::MAX, |record| {
            assert_eq!(record.number, next);
            next += 1;
            past.take(Written::decode(record.body)?.0);
            Ok(())
        })
        .expect("the journal verifies");
        past
    }

    fn take(&mut self, Written { audit, effect, request }: Written) {
        match effect {
            Effect::Entered { id, sequence, .. } => {
                let reference = audit.reference_number.unwrap().as_str().to_owned();
                assert_eq!(
                    sequence as usize,
                    self.entered.len() + self.erased.len(),
                    "sequences have no gaps"
                );
                assert!(self.references.insert(reference.clone()), "{reference} was entered twice");
                if let Some(used) = request {
                    assert_eq!(used.made, id);
                    assert!(
                        self.requests.insert((used.authority, used.key)),
                        "{reference}: one request, two entries"
                    );
                }
                let (category, state) = (audit.category.unwrap(), audit.member_state.unwrap());
                let entered = Entered { reference, category, state, sequence };
                assert!(self.entered.insert(id, entered).is_none(), "{id} was given twice");
            }
            Effect::Concluded { result, hits, on_blocked } => {
                let told: Vec<Uuid> = hits.iter().map(|hit| hit.record_id).collect();
                assert_eq!(audit.disclosed, told, "audit and effect are one");
                assert!(on_blocked.is_empty(), "nothing was blocked");
                self.is_lawful(&audit, result.as_ref(), &hits);
                for hit in hits {
                    self.hits.insert(hit.hit_id, hit.record_id);
                    let disclosure = (hit.recipient.to_string(), hit.at.to_string());
                    self.disclosures.entry(hit.record_id).or_default().push(disclosure);
                }
                if let Some((id, result)) = result {
                    let again = self.results.insert(id, result);
                    assert!(again.is_none(), "{id} was compared twice: its disclosures stand there twice");
                }
            }
            Effect::Erased { id, .. } | Effect::Forgotten { id } => {
                let gone = self.entered.remove(&id).expect("what is erased was entered, and erased once");
                assert_eq!(gone.reference, audit.reference_number.unwrap().as_str());
                self.references.remove(&gone.reference);
                self.erased.insert(id);
            }
            Effect::None => {
                let changes_nothing =
                    [Operation::Repetition, Operation::RecordRead, Operation::RecordsListed];
                let refused = audit.outcome != Outcome::Done;
                assert!(refused || changes_nothing.contains(&audit.operation), "{:?}", audit.operation);
            }
            _ => {}
        }
    }

    /// R-COMP-11, R-COMP-4: category 1 found exactly the sets of the same person that other States had entered before; category 3
    /// none but category 1.
    fn is_lawful(
        &self,
        audit: &AuditRecord,
        result: Option<&(Uuid, ResultOfComparison)>,
        hits: &[StoredHit],
    ) {
        let (reference, state) =
            (audit.reference_number.as_ref().unwrap().as_str(), audit.member_state.unwrap());
        let mates = |before: u32, category_2: bool| -> HashSet<Uuid> {
            let mate = |(_, set): &(&Uuid, &Entered)| {
                person(&set.reference) == person(reference)
                    && set.state != state
                    && set.sequence < before
                    && (category_2 || set.category == Category::Applicant)
            };
            self.entered.iter().filter(mate).map(|(id, _)| *id).collect()
        };
        let found: HashSet<Uuid> = hits.iter().map(|hit| hit.record_id).collect();
        assert_eq!(found.len(), hits.len(), "{reference}: told of a record twice");
        match result {
            Some((id, result)) => {
                let told: Vec<Uuid> = hits.iter().map(|hit| hit.hit_id).collect();
                assert_eq!(result.hits, told, "{reference}: R-HIT-3");
                let own = self.entered.get(id).expect("what is compared is not erased");
                assert_eq!(found, mates(own.sequence, true), "{reference}: R-COMP-11");
            }
            None => assert!(found.is_subset(&mates(u32::MAX, false)), "{reference}: R-COMP-4"),
        }
    }

    /// Category 1 sets that were entered and not compared.
    pub fn not_compared(&self) -> Vec<&str> {
        let entered = self.entered.iter();
        let open =
            entered.filter(|(id, set)| set.category == Category::Applicant && !self.results.contains_key(id));
        open.map(|(_, set)| set.reference.as_str()).collect()
    }
}

/// Of whom a set is: `AT1-<person>.<client>.<number>`.
fn person(reference: &str) -> &str {
    reference[4..].split('.').next().unwrap()
}
