// Stage 1, kernel `subgroup`: as `tile`, but links and sums go from lane to lane, with no barrier and no memory between them.
//
// What it computes, from what and for whom: shaders/src/shared/consistency.wgsl. A team never reaches across subgroups: the host sets
// TEAM to the smallest size that a subgroup of the adapter can have, 32 at most, and a lane has 32 / TEAM minutiae. Lanes are
// numbered by their place in their subgroup, since nothing says that this follows their index. The teams of a subgroup stay
// together, so that no lane is asked that is elsewhere. Workgroup memory: 5.1 KB; two barriers in all.
// Twin: engine/src/stages/s1_consistency.rs.

const REFERENCES: u32 = 4u;
override TEAM: u32 = 32u;
override MINUTIAE_A_LANE: u32 = K1 / TEAM;
override LANES: u32 = REFERENCES * TEAM;
// At the smallest team, 8.
const MINUTIAE_A_LANE_MAX: u32 = 4u;

var<private> first_of_team: u32;

fn show(team: u32, member: u32, own: array<Link, MINUTIAE_A_LANE_MAX>) {
}

// The link of minutia `n` of lane `other`.
fn shown(team: u32, own: array<Link, MINUTIAE_A_LANE_MAX>, n: u32, other: u32) -> Link {
    var links = own;
    return subgroupShuffle(links[n], first_of_team + other);
}

// The sum over the team, in every lane of it.
fn total_of(team: u32, member: u32, sum: u32) -> u32 {
    var total = sum;
    for (var distance = TEAM / 2u; distance > 0u; distance >>= 1u) {
        total += subgroupShuffleXor(total, distance);
    }
    return total;
}

@compute @workgroup_size(LANES)
fn s1_consistency_subgroup(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_size) subgroup_size: u32,
    @builtin(subgroup_invocation_id) place: u32,
) {
    first_of_team = place / TEAM * TEAM;
    compare_references(workgroup, (subgroup * subgroup_size + place) / TEAM, place % TEAM);
}
