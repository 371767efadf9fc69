//! Every rule that this Central Unit follows: its name, where it stands in the texts, and what it says in a few words.
//!
//! It is a table of contents of the law: code that enforces a rule and tests that prove it name the rule, and `docs/src/law.md` is made
//! from the three. "Art." is an article of the proposed regulation, COM(1999) 260, unless another text is named.

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its name, as code and tests have it.
    pub id: &'static str,
    /// The articles that it comes from.
    pub source: &'static str,
    /// What it says.
    pub says: &'static str,
}

/// Rules of one matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What they are about.
    pub title: &'static str,
    /// In the order of the page that the project is built to.
    pub rules: &'static [Rule],
}

/// All rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    PARTS.iter().flat_map(|part| part.rules)
}

macro_rules! parts {
    ($($title:literal { $($id:literal, $source:literal, $says:literal;)* })*) => {
        /// The rules, part by part.
        pub const PARTS: &[Part] = &[$(
            Part { title: $title, rules: &[$(Rule { id: $id, source: $source, says: $says }),*] }
        ),*];
    };
}

parts! {
    "Data" {
        "R-DATA-1", "Art. 5(1), 8(2), 11(1)",
            "A closed list of fields for each category; a field that is not in it refuses the whole transmission";
        "R-DATA-2", "Art. 4(1), 8(1), 11(1), 18(1)",
            "No entry unless the authority attests that the person is 14 or over and was informed, and in category 2 was not turned back";
        "R-DATA-8", "Art. 5(1)(d), and the practice of the later regulations",
            "A reference number begins with the State's two letters and the digit of the category; that of a data subject's request with 9";
        "R-DATA-3", "Art. 5(1)(d)",
            "A reference number is unique within State and category; the same transmission sent again is answered again, and not entered";
        "R-DATA-4", "Art. 6, 10(1)",
            "A day of taking that lies ahead, or so far back that the retention has passed, refuses the transmission";
        "R-DATA-5", "Art. 5(2)",
            "What was transmitted is destroyed after entry; or given back once, where the State asks for it, and then destroyed";
        "R-DATA-6", "Art. 4(1), 13(1)(c)",
            "A print too poor to compare is refused with its quality and the finger, so that it can be taken again";
        "R-DATA-7", "Art. 4(2)",
            "Entry is immediate: what is answered is durable, and the next transmission is compared with it";
    }
    "Who is compared with what" {
        "R-COMP-1", "Art. 4(3)", "An applicant is compared with the applicants of the other States";
        "R-COMP-2", "Art. 4(4)", "With data of the same State only where that State asks for it, transmission by transmission";
        "R-COMP-3", "Art. 9(1)",
            "An applicant is compared with border crossings that were entered earlier; a border crossing starts no comparison, ever";
        "R-COMP-4", "Art. 11(2)",
            "Somebody found illegally present is compared with the applicants of other States, and with nobody else";
        "R-COMP-5", "Art. 11(2), 11(4)",
            "Prints of category 3 are stored nowhere, and their memory is overwritten once the result is sent";
        "R-COMP-6", "Art. 12(1), 12(2)",
            "Blocked data are compared with another State's applicants, to count the hits and for nothing else; no State is told of one";
        "R-COMP-7", "Art. 6, 10(1)", "Data past their retention are neither compared nor shown, even where they are not erased yet";
        "R-COMP-8", "Financial statement 7.1",
            "Sex narrows the search where the operator turns that on; `unknown` matches both; never for category 3";
        "R-COMP-9", "Financial statement 7.1",
            "Two index fingers are enough; more are used where both sides have them, and only like fingers are compared";
        "R-COMP-11", "Art. 4(3), 4(5)",
            "Of two applications of one person the later has been compared with the earlier, however close together they came";
        "R-COMP-12", "Art. 1(3), 9(1), 11(2)",
            "Nobody's prints are compared for another end, such as tuning or testing: what that needs is synthetic";
        "R-COMP-10", "Art. 16(1)",
            "On record for each comparison: how many sets it met, by category and State, as proof of what was not computed";
    }
    "Results and hits" {
        "R-HIT-1", "Art. 4(5)", "The result goes to the State that transmitted, to no other, at once; that nothing was found is a result";
        "R-HIT-2", "Art. 4(5)", "A hit has the data of Art. 5(1), or 8(2), and the prints, so that an expert can verify it";
        "R-HIT-3", "Art. 5(1)(h)", "To whom data are disclosed, and when, is durably on their record before they leave";
        "R-HIT-4", "Art. 4(6)",
            "The State that got a hit verifies it; where it was none, or unreliable, the copy of the other State's data is erased at once";
        "R-HIT-5", "Art. 4(5), 23", "A result has the score, the false-match rate that it stands for, and the threshold in force";
    }
    "Retention, blocking, erasure, amendment" {
        "R-KEEP-1", "Art. 6", "Data of applicants are erased ten years after the prints were taken";
        "R-KEEP-2", "Art. 10(1)", "Data of border crossings are erased two years after the prints were taken";
        "R-KEEP-3", "Art. 6, with its memorandum; Reg. 1182/71 Art. 3",
            "Periods are calendar years in the legal time zone, their last day counts whole, and nothing prolongs them";
        "R-ERASE-1", "Art. 7, 10(2), 12(2), 15(3), 18(5)",
            "In advance data are erased by their State of origin alone, on a ground that the law gives for their category";
        "R-ERASE-2", "Art. 6, 7, 10",
            "Erased is gone: from memory, disks, snapshots and logs. The record of the operation stays for its own year, without any print";
        "R-ERASE-3", "Art. 6, 7", "No comparison uses data after their erasure was acknowledged; one under way does not report them";
        "R-BLOCK-1", "Art. 12(1)", "The State of origin blocks the data of a person who was recognised and admitted as a refugee";
        "R-BLOCK-2", "Art. 12(1)", "The State of origin sees its blocked data marked as such; nobody else sees that they exist";
        "R-BLOCK-3", "Art. 12(2)",
            "After five years of operation one decision: unblock all for good; or erase all blocked data, and refugees' from then on";
        "R-EDIT-1", "Art. 15(3)",
            "Only the State of origin changes its data; a new print replaces the old one everywhere, and is compared with nothing";
        "R-EDIT-2", "Art. 15(4)",
            "Notice that data seem wrong goes to their State of origin, which mends them or says why not; it tells the notifier nothing";
    }
    "Access" {
        "R-ACCESS-1", "Art. 15(1)", "A State sees the data that it transmitted, and its hits";
        "R-ACCESS-2", "Art. 15(1)",
            "Nobody can learn that another State's data exist: the answer is that for data that do not exist, to the byte";
        "R-ACCESS-3", "Art. 15(2)",
            "Only designated authorities have access; the Central Unit keeps their list, and the Commission reads it";
        "R-ACCESS-4", "Art. 16; draft convention, note 13 on Art. 10", "What is refused is on record, like what is granted";
        "R-ACCESS-5", "Art. 1(3)", "There is no operation but those of these rules, and each serves a purpose that they know";
        "R-ACCESS-6", "Art. 14(1)(f), 14(1)(g)", "Transport is confidential, and each side knows who the other is";
        "R-ACCESS-7", "Art. 14(1)(b)", "Who has the files has no data: prints and what is stored with them are encrypted";
    }
    "Records of operations" {
        "R-AUDIT-1", "Art. 16(1)",
            "Each operation is recorded: purpose, day and hour, data by reference, authority, responsible person, outcome";
        "R-AUDIT-2", "Art. 16(1)", "No record, no operation: where it cannot be recorded durably, it is not done";
        "R-AUDIT-3", "Art. 16(2)",
            "A record that was changed, removed or slipped in is found by anybody who has the last published checkpoint";
        "R-AUDIT-4", "Art. 16(2)", "Records are destroyed after a year, and those that remain still verify";
        "R-AUDIT-5", "Art. 16(2)", "But not those that a monitoring procedure holds, until it is closed";
        "R-AUDIT-6", "Art. 16(2), 19, 20", "Only supervisors read them, within their competence; that they read is recorded";
    }
    "Rights of data subjects" {
        "R-RIGHT-1", "Art. 18(2), 18(3), 18(7)",
            "A State asks for a person who is there: for access, rectification or erasure, with that person's prints";
        "R-RIGHT-2", "Art. 18(7)", "The prints serve this request, and are destroyed like those of category 3 once the search is done";
        "R-RIGHT-3", "Art. 18(2)",
            "The State learns what is stored and who transmitted it; the person learns it from the State, never from the Central Unit";
        "R-RIGHT-4", "Art. 18(4) to 18(6)",
            "The States of origin decide on their data: done, confirmed in writing; or refused, with the reasons and the ways to appeal";
        "R-RIGHT-5", "Art. 18(8) to 18(10)",
            "A request has a history and a last day; the national supervisors of both States see those that are late";
    }
    "Running it" {
        "R-OPS-1", "Art. 26(2)",
            "Operations start on a recorded day, once every State that takes part is ready; before that transmissions are refused";
        "R-OPS-2", "Financial statement 7.2",
            "Day and night, all year: restarts, upgrades and lost devices lose no data, and the service says when it cannot compare";
        "R-OPS-3", "Financial statement 7.1, 9.1",
            "At least 900 000 transmissions a year, and 2.6 million sets to search";
        "R-STAT-1", "Art. 3(3), 12(3), 23(1)",
            "Statistics by State, category and period: transmissions, refusals, hits, verdicts, erasures, blocked and stored sets, delays";
        "R-STAT-2", "Art. 23(1) to 23(3)",
            "A report each year, with answer times, availability, accuracy and cost against their objectives, as data and as a page";
        "R-OPS-4", "Art. 23(1); Reg. 603/2013 Art. 25(2)",
            "Answers within 24 hours, urgent ones within one; in the order of arrival; the statistics have the times that were measured";
        "R-ERASE-4", "Art. 4(6), 15(4); Reg. 603/2013 Art. 13(2)",
            "Who had a hit on data that are erased in advance is told, to erase its copy too";
        "R-STAT-3", "Art. 12(2), 23",
            "Statistics have no personal data, and can be made after the records behind them are erased";
    }
}
