// Stage 2: what its stages have in common. No entry point.

// Vectors of four words of a template.
const TEMPLATE_VECTORS: u32 = 112u;

// A finger of a shortlisted record: its row in the page, the finger of the probe, and where its log-odds go.
struct Candidate {
    row: u32,
    search: u32,
    result: u32,
}
