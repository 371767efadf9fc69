//! What is drawn, and how often: the same few people in every State, few numbers, old ids, and days on which something ends.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::operations::{
    About, Act, By, CONCERNS, DECISIONS, Day, Decided, Defect, Fingers, IMPRESSIONS, Key, Life, Number,
    Operation, PEOPLE, Prints, REPLIES, RIGHTS, ROLES, SEXES, STATES, Store, Transmission, VERDICTS, Wait,
    Which,
};
use crate::spec::law::GROUNDS;

/// A life of so many operations at most.
pub fn life(operations_max: usize) -> impl Strategy<Value = Life> {
    let life = (any::<bool>(), prop::bool::weighted(0.9), vec(operation(), 1..=operations_max));
    life.prop_map(|(sex_matters, started, mut operations)| {
        operations.iter_mut().enumerate().for_each(|(number, operation)| operation.number = number);
        Life { sex_matters, started, operations }
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        420 => transmissions(),
        300 => own_data(),
        330 => cases(),
        45 => configuration(),
        45 => looking(),
        105 => time().prop_map(|act| Operation { number: 0, by: By::Administrator, act }),
    ]
}

fn by(
    right: impl Strategy<Value = By> + 'static,
    act: impl Strategy<Value = Act> + 'static,
) -> BoxedStrategy<Operation> {
    let anybody =
        (any::<u16>(), any::<u16>(), option::of(0..4usize)).prop_map(|(a, k, of)| By::Anybody(a, k, of));
    let by = prop_oneof![30 => right, 1 => anybody];
    (by, act).prop_map(|(by, act)| Operation { number: 0, by, act }).boxed()
}

/// A State; now and then the one that does not take part at first.
fn state() -> impl Strategy<Value = usize> {
    prop_oneof![50 => 0..4usize, 1 => Just(4usize)]
}

fn a_state() -> impl Strategy<Value = By> + 'static {
    state().prop_map(By::State)
}

/// A State, or an operator for it.
fn transmitter() -> impl Strategy<Value = By> + 'static {
    prop_oneof![12 => a_state(), 1 => state().prop_map(By::Operator)]
}

/// A State, or the joint supervisor who looks at its data.
fn viewer() -> impl Strategy<Value = By> + 'static {
    prop_oneof![12 => a_state(), 1 => state().prop_map(By::Joint)]
}

fn transmissions() -> impl Strategy<Value = Operation> {
    prop_oneof![
        330 => by(transmitter(), (transmission(), key()).prop_map(|(sent, key)| Act::Transmit(sent, key))),
        30 => by(a_state(), any::<u16>().prop_map(Act::Repeat)),
        6 => by(transmitter(), (transmission(), key(), down()).prop_map(|(s, k, d)| Act::CutOff(s, k, d))),
    ]
}

fn transmission() -> impl Strategy<Value = Transmission> {
    let category = prop_oneof![5 => Just(1u8), 3 => Just(2u8), 2 => Just(3u8)];
    let flags = (prop::bool::weighted(0.25), prop::bool::weighted(0.1));
    let defect = prop_oneof![19 => Just(None), 1 => defect().prop_map(Some)];
    (category, number(24), select(&SEXES[..]), day(), day(), prints(), flags, defect).prop_map(
        |(category, number, sex, taken, applied, prints, (own, return_media), defect)| Transmission {
            category,
            number,
            sex,
            taken,
            applied: if let Day::Ending(_) = applied { Day::Ago(0) } else { applied },
            prints,
            // Of category 2 it is an error, and need not be one each time.
            compare_own: own && (category != 2 || prints.impression == 0),
            return_media: return_media && category != 3,
            defect,
        },
    )
}

fn defect() -> impl Strategy<Value = Defect> {
    let names = ["name", "nationality", "date_of_birth", "sex", "application", "ground", "return_media"];
    prop_oneof![
        select(vec!["aged_14_or_over", "informed", "not_turned_back"]).prop_map(Defect::Attestation),
        select(names.to_vec()).prop_map(Defect::UnknownField),
        Just(Defect::NoFingers),
        Just(Defect::FingerTwice),
        Just(Defect::NoPlace),
        Just(Defect::OthersNumber),
        Just(Defect::OthersCategory),
    ]
}

fn prints() -> impl Strategy<Value = Prints> {
    let fingers = prop_oneof![
        14 => Just(Fingers::Both),
        2 => Just(Fingers::Right),
        2 => Just(Fingers::Left),
        2 => Just(Fingers::Unknown),
    ];
    (0..PEOPLE, fingers, 0..IMPRESSIONS, prop::bool::weighted(0.015))
        .prop_map(|(person, fingers, impression, poor)| Prints { person, fingers, impression, poor })
}

fn day() -> impl Strategy<Value = Day> {
    prop_oneof![
        30 => (0..6u16).prop_map(Day::Ago),
        6 => (0..700u16).prop_map(Day::Ago),
        6 => (-1..9i8).prop_map(Day::Ending),
        1 => (1..3u16).prop_map(Day::Ahead),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![10 => Just(Key::None), 9 => Just(Key::New), 1 => any::<u16>().prop_map(Key::Old)]
}

fn number(below: u16) -> impl Strategy<Value = Number> {
    (0..below).prop_map(Number::Drawn)
}

/// Mostly one of the caller's own.
fn which<T: core::fmt::Debug + Clone + 'static>() -> impl Strategy<Value = Which<T>> {
    (prop::bool::weighted(0.85), any::<u16>()).prop_map(|(own, at)| Which::Pick(own, at))
}

fn limit() -> impl Strategy<Value = usize> {
    select(vec![2, 7, 200])
}

fn own_data() -> impl Strategy<Value = Operation> {
    let application = prop_oneof![4 => Just(None), 1 => (0..9u16).prop_map(|days| Some(Day::Ago(days)))];
    let amend =
        (which(), option::of(select(&SEXES[..])), option::of(day()), application, option::of(prints()));
    let amend =
        amend.prop_map(|(set, sex, taken, applied, prints)| Act::Amend { set, sex, taken, applied, prints });
    let grounds: Vec<_> = GROUNDS.iter().map(|(name, ..)| *name).collect();
    let numbers = prop_oneof![2 => Just(None), 1 => number(24).prop_map(Some)];
    let listed = (option::of(1..=2u8), numbers, limit()).prop_map(|(c, n, l)| Act::ListSets(c, n, l));
    prop_oneof![
        60 => by(transmitter(), amend),
        55 => by(transmitter(), (which(), prop::bool::weighted(0.7)).prop_map(|(w, b)| Act::Block(w, b))),
        45 => by(transmitter(), (which(), select(grounds)).prop_map(|(set, ground)| Act::Erase(set, ground))),
        60 => by(viewer(), which().prop_map(Act::ReadSet)),
        30 => by(viewer(), listed),
    ]
}

fn cases() -> impl Strategy<Value = Operation> {
    let about = prop_oneof![
        3 => which().prop_map(About::Hit),
        2 => (0..5usize, 1..=2u8, number(24)).prop_map(|(s, c, n)| About::Set(STATES[s], c, n)),
    ];
    let notify = (about, select(&CONCERNS[..]), key()).prop_map(|(a, c, k)| Act::Notify(a, c, k));
    let verify = (which(), select(&VERDICTS[..])).prop_map(|(hit, verdict)| Act::Verify(hit, verdict));
    let reply = (which(), select(&REPLIES[..])).prop_map(|(notice, reply)| Act::AnswerNotice(notice, reply));
    let request = (prints(), select(&RIGHTS[..]), number(40), key());
    let request =
        request.prop_map(|(prints, right, number, key)| Act::OpenRequest(prints, right, number, key));
    let decided = prop_oneof![
        4 => any::<bool>().prop_map(|r| Decided { refused: r, in_writing: true, reasons: r, appeals: r }),
        1 => any::<[bool; 4]>().prop_map(|[refused, in_writing, reasons, appeals]| Decided {
            refused, in_writing, reasons, appeals,
        }),
    ];
    let answer = (which(), decided).prop_map(|(request, decided)| Act::AnswerRequest(request, decided));
    let notifier = prop_oneof![10 => a_state(), 1 => Just(By::Operator(0)), 1 => Just(By::Administrator)];
    let of_requests = prop_oneof![6 => a_state(), 2 => (0..2usize).prop_map(By::National), 1 => state().prop_map(By::Joint)];
    prop_oneof![
        60 => by(viewer(), which().prop_map(Act::ReadHit)),
        25 => by(viewer(), limit().prop_map(Act::ListHits)),
        50 => by(a_state(), verify),
        45 => by(notifier, notify),
        25 => by(viewer(), limit().prop_map(Act::ListNotices)),
        30 => by(a_state(), reply),
        35 => by(a_state(), request),
        30 => by(of_requests, limit().prop_map(Act::ListRequests)),
        30 => by(a_state(), answer),
    ]
}

fn configuration() -> impl Strategy<Value = Operation> {
    let admin = || Just(By::Administrator);
    let line = (0..5usize, prop::bool::weighted(0.85), prop::bool::weighted(0.85));
    let line =
        line.prop_map(|(state, participates, ready)| Act::Register(STATES[state], participates, ready));
    let start = prop_oneof![8 => (0..3u16).prop_map(Day::Ahead), 1 => Just(Day::Ago(1))].prop_map(Act::Start);
    let states = || option::of(select(&STATES[..]));
    let designate = (select(&ROLES[..]), states(), option::of(-1..60i16));
    let designate = designate.prop_map(|(role, state, days)| Act::Designate(role, state, days));
    let own = (0..4usize).prop_map(|state| Act::Designate("member-state", Some(STATES[state]), None));
    let rotate = (which(), select(vec![0u16, 24, 700]), option::of(1..100u16));
    let rotate = rotate.prop_map(|(authority, overlap, days)| Act::Rotate(authority, overlap, days));
    prop_oneof![
        8 => by(admin(), select(&DECISIONS[..]).prop_map(Act::Decide)),
        12 => by(admin(), line),
        6 => by(admin(), start),
        6 => by(admin(), designate),
        4 => by(admin(), own),
        6 => by(admin(), rotate),
        4 => by(admin(), which().prop_map(Act::Revoke)),
    ]
}

fn looking() -> impl Strategy<Value = Operation> {
    let statistician = prop_oneof![Just(By::Commission), Just(By::Joint(0)), Just(By::Administrator)];
    prop_oneof![
        3 => by(statistician, select(vec![0u16, 1, 30, 400, 40_000]).prop_map(Act::Statistics)),
        2 => by(Just(By::Joint(0)), Just(Act::Audit)),
    ]
}

fn time() -> impl Strategy<Value = Act> {
    prop_oneof![
        90 => wait().prop_map(Act::Wait),
        10 => Just(Act::EraseWhatIsOver),
        5 => (down(), select(vec![Store::Kept, Store::Lost, Store::Old])).prop_map(|(d, s)| Act::Restart(d, s)),
        3 => Just(Act::Retain),
    ]
}

/// How long the machine is down.
fn down() -> impl Strategy<Value = Wait> {
    prop_oneof![3 => (0..3600u32).prop_map(Wait::Seconds), 1 => wait()]
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        20 => (1..90u32).prop_map(Wait::Seconds),
        40 => (1..40u16).prop_map(Wait::Hours),
        20 => (1..50u16).prop_map(Wait::Days),
        1 => (1..3u8).prop_map(Wait::Years),
        6 => Just(Wait::LastHour),
        6 => Just(Wait::DayAfter),
        1 => (-1..2i8).prop_map(Wait::Decision),
        4 => any::<bool>().prop_map(Wait::Due),
        1 => Just(Wait::LeapDay),
        2 => (-1..2i8).prop_map(Wait::ClockChange),
        3 => any::<bool>().prop_map(Wait::KeyEnds),
        3 => any::<bool>().prop_map(Wait::Forgotten),
    ]
}
