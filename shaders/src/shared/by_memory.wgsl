// How the lanes of a team learn of each other's links where subgroups cannot be had: through workgroup memory, between barriers. No
// entry point. A team is 32 lanes, a minutia each.

const TEAM: u32 = 32u;
const MINUTIAE_A_LANE: u32 = 1u;
const MINUTIAE_A_LANE_MAX: u32 = 1u;

var<workgroup> links: array<Link, REFERENCES * TEAM>;
var<workgroup> sums: array<u32, REFERENCES * TEAM>;

fn show(team: u32, member: u32, own: array<Link, MINUTIAE_A_LANE_MAX>) {
    links[team * TEAM + member] = own[0];
    workgroupBarrier();
}

// The link of minutia `n` of lane `other`.
fn shown(team: u32, own: array<Link, MINUTIAE_A_LANE_MAX>, n: u32, other: u32) -> Link {
    return links[team * TEAM + other];
}

// The sum over the team, in lane 0 of it.
fn total_of(team: u32, member: u32, sum: u32) -> u32 {
    sums[team * TEAM + member] = sum;
    workgroupBarrier();
    var total = 0u;
    if member == 0u {
        for (var other = 0u; other < TEAM; other++) {
            total += sums[team * TEAM + other];
        }
    }
    return total;
}
