//! Validates each stage with naga and writes down what Rust must agree with: struct layouts, workgroup size, constants.
//!
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

const STAGES: [&str; 5] = ["s1_consistency", "s1_histogram", "s1_digit", "s1_collect", "s2_alignment"];

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut generated = String::new();
    for stage in STAGES {
        let path = Path::new("src").join(format!("{stage}.wgsl"));
        println!("cargo:rerun-if-changed={}", path.display());
        let source = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|e| panic!("{}", e.emit_to_string_with_path(&source, stage)));
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{}", e.emit_to_string_with_path(&source, stage)));
        generated.push_str(&reflect(stage, &module));
    }
    fs::write(out.join("stages.rs"), generated).expect("OUT_DIR can be written");
}

/// One `pub const` of type `Stage`.
fn reflect(stage: &str, module: &naga::Module) -> String {
    let entry =
        module.entry_points.iter().find(|e| e.name == stage).expect("the entry point has its file's name");
    let bindings = module.global_variables.iter().filter(|(_, v)| v.binding.is_some()).count();
    let mut text = format!("/// Stage `{stage}`.\npub const {}: Stage = Stage {{\n", stage.to_uppercase());
    let _ =
        writeln!(text, "name: {stage:?}, workgroup_size: {}, bindings: {bindings},", entry.workgroup_size[0]);
    let _ =
        writeln!(text, "source: include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/src/{stage}.wgsl\")),");
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
