//! Compiles the .proto files with protox (pure Rust: no protoc on the machine), compresses the built-in model and notes the
//! git commit.
//! No date and no host name: the same sources give the same binary.

use std::{env, error::Error, fs, path::Path, path::PathBuf, process::Command};

use prost::Message as _;

const PROTOS: [&str; 3] = [
    "bayeswire/v1/classification_service.proto",
    "bayeswire/v1/model_service.proto",
    "inference/grpc_service.proto",
];

/// prost's own has no ProtoJSON.
const TIMESTAMP: (&str, &str) = (".google.protobuf.Timestamp", "crate::api::Timestamp");

const MODEL: &str = "models/default/default.model";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(PROTOS, ["proto"])?;
    let bytes = descriptors.encode_to_vec();
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("bayeswire_descriptor.bin"), &bytes)?;
    // The type that gRPC's Rust libraries use for it; ours is there for reflection and for other languages.
    tonic_prost_build::configure()
        .extern_path(".google.rpc.Status", "::tonic_types::Status")
        .extern_path(TIMESTAMP.0, TIMESTAMP.1)
        .codec_path("crate::api::LimitedCodec")
        .compile_fds(descriptors)?;
    pbjson_build::Builder::new().register_descriptors(&bytes)?.extern_path(TIMESTAMP.0, TIMESTAMP.1).build(
        &[
            ".bayeswire.v1.ClassifyPageResponse",
            ".bayeswire.v1.PageArticle",
            ".bayeswire.v1.ClassifyArticleResponse",
            ".bayeswire.v1.Classification",
            ".bayeswire.v1.Decision",
            ".bayeswire.v1.AbstainReason",
            ".bayeswire.v1.TopicScore",
            ".bayeswire.v1.Coverage",
            ".bayeswire.v1.TermEvidence",
            ".bayeswire.v1.TextSpan",
            ".bayeswire.v1.Field",
        ],
    )?;
    compress_model(&out)?;
    let package = env::var("CARGO_PKG_VERSION")?;
    let commit = commit()?;
    let version = if commit.is_empty() { package } else { format!("{package} ({commit})") };
    println!("cargo:rustc-env=BAYESWIRE_VERSION={version}");
    println!("cargo:rustc-env=BAYESWIRE_COMMIT={commit}");
    Ok(())
}

/// The built-in model, a quarter of the program otherwise.
fn compress_model(out: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={MODEL}");
    // A tenth less than level 9; the levels above save nothing more. In one piece, so that it is unpacked without a window.
    fs::write(out.join("default.model.zst"), zstd::bulk::compress(&fs::read(MODEL)?, 19)?)?;
    Ok(())
}

/// The git commit, where the sources are a git checkout; else nothing.
fn commit() -> Result<String, Box<dyn Error>> {
    if !Path::new(".git").exists() {
        return Ok(String::new());
    }
    let git = |arguments: &[&str]| match Command::new("git").args(arguments).output() {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).ok(),
        _ => None,
    };
    // In a worktree they are not in .git, which is a file there.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file])
            && Path::new(path.trim()).exists()
        {
            println!("cargo:rerun-if-changed={}", path.trim());
        }
    }
    Ok(git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_default().trim().to_owned())
}
