//! The annual report as a page that says everything by itself, so that it can be mailed, printed and kept: no scripts, nothing fetched from
//! elsewhere; beside each chart stand its numbers.

use super::html::{Table, escaped, grouped};
use super::{Annual, parts, rated};

const STYLE: &str = include_str!("page.css");

/// A page in the making.
struct Page(String);

impl Page {
    fn heading(&mut self, text: &str) {
        self.0.push_str(&format!("<h2>{}</h2>\n", escaped(text)));
    }

    fn paragraph(&mut self, text: &str) {
        self.0.push_str(&format!("<p>{}</p>\n", escaped(text)));
    }

    fn table(&mut self, table: &Table) {
        if table.rows.is_empty() {
            return self.paragraph(&format!("{}: none.", table.caption));
        }
        self.0.push_str(&table.html());
    }

    /// A chart, and its numbers beside it.
    fn chart(&mut self, (svg, table): (String, Table)) {
        if table.rows.is_empty() {
            return self.table(&table);
        }
        let table = table.html();
        self.0.push_str(&format!("<div class=\"pair\">\n<figure>{svg}</figure>\n{table}</div>\n"));
    }
}

impl Annual {
    /// As a page.
    pub fn page(&self) -> String {
        let title = format!("Annual report {}", self.year);
        let mut page = Page(format!("<h1>{title}</h1>\n"));
        self.introduction(&mut page);
        page.heading("Objectives");
        page.table(&rated::figures(self));
        page.heading("Answer times");
        page.chart(rated::answers(self));
        self.sets(&mut page);
        self.hits(&mut page);
        page.heading("Refusals");
        page.chart(parts::refusals(&self.statistics));
        page.table(&parts::refusals_of_states(&self.statistics));
        page.heading("Notices, and requests of data subjects");
        page.table(&parts::requests(&self.statistics));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
            <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
            <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
            page.0
        )
    }

    fn introduction(&self, page: &mut Page) {
        let (year, to, down) = (self.year, self.to, grouped(self.statistics.down_seconds));
        page.paragraph(&match self.from {
            None => format!("The Central Unit was not in operation in {year}. Counted until {to}."),
            Some(from) => format!(
                "The Central Unit in operation, {from} to {to}. In that time it was down for {down} seconds together."
            ),
        });
        page.paragraph(
            "Everything here is a count of operations, and of nobody in particular (Art. 23). A dash says that nothing was measured. \
            What is added up here over States stands apart for each in the report as comma-separated values.",
        );
    }

    fn sets(&self, page: &mut Page) {
        let counted = &self.statistics;
        page.heading("Sets, by category");
        page.table(&parts::totals(&self.totals));
        page.heading("Transmissions");
        page.chart(parts::transmissions(counted));
        page.heading("From the taking of prints to their transmission");
        page.chart(rated::delays(self));
        page.table(&rated::delays_of_states(self));
        page.heading("Erasures");
        page.chart(parts::erasures(counted));
        page.heading("Sets stored and blocked");
        page.table(&parts::stored(counted));
        page.table(&parts::blocked(counted));
    }

    fn hits(&self, page: &mut Page) {
        page.heading("Hits");
        page.paragraph(
            "A row is the State whose set was compared, a column the State whose set was found. Own hits, on the diagonal, come only of \
            comparisons with its own sets that a State asked for (Art. 4(4)).",
        );
        for matrix in &self.hit_matrices {
            page.table(&parts::matrix(matrix));
        }
        page.table(&parts::verdicts(&self.statistics));
    }
}
