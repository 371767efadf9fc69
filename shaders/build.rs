//! Validates each stage with naga and writes down what Rust must agree with: struct layouts, workgroup size, constants.
//!
//! WGSL has no includes: a stage is its own file, which has its entry point, and behind it the shared files that it names here.
//! A shader that does not parse or validate fails the build, with its line, before any device is near.
#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a build script fails by panicking, and talks to cargo on standard output"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use naga::valid::{Capabilities, ValidationFlags, Validator};

/// Stages, each with the files of `src/shared/` that it is made of.
const STAGES: [(&str, &[&str]); 8] = [
    ("s1_consistency", &["consistency", "by_memory", "integers"]),
    ("s1_consistency_tile", &["consistency", "by_memory", "integers"]),
    ("s1_consistency_subgroup", &["consistency", "integers"]),
    ("s1_histogram", &[]),
    ("s1_digit", &[]),
    ("s1_collect", &[]),
    ("s2_gather", &["candidate"]),
    (
        "s2_alignment",
        &["candidate", "teams", "links", "motion", "pairs", "evidence", "arithmetic", "integers"],
    ),
];

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut generated = String::new();
    for (stage, shared) in STAGES {
        let own = format!("{stage}.wgsl");
        let files = core::iter::once(own).chain(shared.iter().map(|name| format!("shared/{name}.wgsl")));
        let source = files.map(|file| read(&file)).collect::<Vec<_>>().join("\n");
        fs::write(out.join(format!("{stage}.wgsl")), &source).expect("OUT_DIR can be written");
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|e| panic!("{}", e.emit_to_string_with_path(&source, stage)));
        Validator::new(ValidationFlags::all(), Capabilities::SUBGROUP)
            .validate(&module)
            .unwrap_or_else(|e| panic!("{}", e.emit_to_string_with_path(&source, stage)));
        generated.push_str(&reflect(stage, &module));
    }
    fs::write(out.join("stages.rs"), generated).expect("OUT_DIR can be written");
}

fn read(file: &str) -> String {
    let path = Path::new("src").join(file);
    println!("cargo:rerun-if-changed={}", path.display());
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// One `pub const` of type `Stage`.
fn reflect(stage: &str, module: &naga::Module) -> String {
    let entry =
        module.entry_points.iter().find(|e| e.name == stage).expect("the entry point has its file's name");
    let bindings = module.global_variables.iter().filter(|(_, v)| v.binding.is_some()).count();
    let size = if entry.workgroup_size_overrides.is_some() { 0 } else { entry.workgroup_size[0] };
    let mut text = format!("/// Stage `{stage}`.\npub const {}: Stage = Stage {{\n", stage.to_uppercase());
    let _ = writeln!(text, "name: {stage:?}, workgroup_size: {size}, bindings: {bindings},");
    let _ = writeln!(text, "source: include_str!(concat!(env!(\"OUT_DIR\"), \"/{stage}.wgsl\")),");
    text.push_str("constants: &[");
    for (_, constant) in module.constants.iter() {
        let naga::Expression::Literal(naga::Literal::U32(value)) = module.global_expressions[constant.init]
        else {
            continue;
        };
        let _ = write!(text, "({:?}, {value}), ", constant.name.as_deref().unwrap_or_default());
    }
    text.push_str("], fields: &[");
    for (_, ty) in module.types.iter() {
        let (Some(name), naga::TypeInner::Struct { members, span }) = (&ty.name, &ty.inner) else {
            continue;
        };
        for member in members {
            let _ = write!(
                text,
                "({:?}, {}), ",
                format!("{name}.{}", member.name.as_deref().unwrap_or_default()),
                member.offset
            );
        }
        let _ = write!(text, "({name:?}, {span}), ");
    }
    text.push_str("] };\n");
    text
}
