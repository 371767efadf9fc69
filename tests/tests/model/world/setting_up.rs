//! How a unit begins: a data directory, the register, its first authorities; and how it is opened again.

use std::time::Duration;

use whorl::access::{Key, Role};
use whorl::central_unit::{CentralUnit, CheckpointSettings, NewAuthority, Settings};
use whorl::clock::Clock;
use whorl::database::{Database, KeySchedule};
use whorl::eurodac::operation::Operation;
use whorl::eurodac::start::Participant;
use whorl::journal::{Actor, AuditRecord, Change, Effect, Event};
use whorl::keyring::WrappingKey;
use whorl::startup::Startup;
use whorl_engine::calibration::Calibration;
use whorl_engine::engine::Choice;
use whorl_engine::extraction::pool::Settings as PoolSettings;

use super::{Problem, World, beginning, from_text, hands};
use crate::named::Named;
use crate::operations::Life;
use crate::spec::Spec;

impl World {
    /// A new one, with the register and the authorities of the rules.
    pub fn new(life: &Life, spec: &Spec) -> Self {
        // A sync of a disk for each operation is not what is tested.
        let memory = std::path::Path::new("/dev/shm");
        let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let (directory, wrapping) = (directory.unwrap(), WrappingKey::generate().unwrap());
        let database = Database::create(directory.path(), &wrapping).unwrap();
        let authorities = set_up(&database, spec);
        drop(database);
        let mut world = Self {
            directory,
            wrapping,
            clock: Clock::standing(beginning()),
            sex_matters: life.sex_matters,
            unit: None,
            authorities,
            sets: Named::new(),
            hits: std::collections::HashMap::new(),
            notices: Named::new(),
            requests: Named::new(),
            number: 0,
            audited: 0,
        };
        world.open().unwrap();
        let audit = world.unit().database().audit(0, 10_000).unwrap();
        world.audited = audit.last().unwrap().0 + 1;
        world
    }

    /// Opens what is there.
    pub(super) fn open(&mut self) -> Result<(), Problem> {
        let path = self.directory.path();
        // The unit notes by the machine's clock that it runs; without the note, the journal says until when it did.
        if path.join("alive").exists() {
            fs_err::remove_file(path.join("alive")).unwrap();
        }
        let database =
            Database::open(path, &self.wrapping).map_err(|error| Problem(format!("opening: {error}")))?;
        let settings = Settings {
            choice: &Choice::Cpu,
            // No image is sent.
            extraction: PoolSettings {
                program: "true".into(),
                arguments: Vec::new(),
                workers_max: 1,
                time_max: Duration::from_secs(1),
                wait_max: Duration::from_secs(1),
            },
            calibration: Calibration::shipped().clone(),
            checkpoints: CheckpointSettings { every: Duration::from_secs(3600), recipient: None },
            keys: KeySchedule::OnRequest,
            target_fpir: hands::TARGET_FPIR,
            sex_is_a_criterion: self.sex_matters,
            clock: self.clock.clone(),
        };
        let unit = CentralUnit::open(database, settings, &Startup::default());
        self.unit = Some(unit.map_err(|error| Problem(format!("starting: {error:#}")))?);
        Ok(())
    }
}

/// As `whorl init` and `whorl authority add` do it, on the day on which the clock begins.
fn set_up(database: &Database, spec: &Spec) -> Vec<(String, Vec<Key>)> {
    let record = |effect| {
        let actor = Actor { authority: None, person: "somebody".into() };
        let audit = AuditRecord::of(beginning(), Operation::Administration, actor);
        database.record(Event::new(audit, Change::Plain(effect))).unwrap();
    };
    record(Effect::Initialised);
    for &(state, participates, ready) in spec.register() {
        let ready_since = ready.then(|| spec.today());
        record(Effect::Participant(Participant {
            member_state: state.parse().unwrap(),
            participates,
            ready_since,
        }));
    }
    spec.started.into_iter().for_each(|day| record(Effect::OperationsStarted(day)));
    let mut added = Vec::new();
    for authority in &spec.authorities {
        let new = NewAuthority {
            name: authority.role.to_owned(),
            role: from_text::<Role>(authority.role),
            member_state: authority.state.map(|state| state.parse().unwrap()),
            expires_at: None,
            certificate: None,
        };
        let (authority, key) = new.with_key().unwrap();
        added.push((authority.id.clone(), vec![key]));
        record(Effect::Authority(authority));
    }
    added
}
