//! Lists the files of the page, `web/dist`, for `src/http/web.rs` to embed. Without them the server builds too, and says
//! at `/` how to build the page.

use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let dist = root.join("web/dist");
    let is_built = dist.join("index.html").exists();
    // Cargo takes what is not there for changed, every time, so without a page the folder around it is watched.
    let watched = if is_built {
        dist.clone()
    } else {
        root.join("web")
    };
    println!("cargo::rerun-if-changed={}", watched.display());
    println!("cargo::rerun-if-changed=build.rs");

    let mut files = Vec::new();
    if is_built {
        collect(&dist, &mut files)?;
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        // The same on every system: it becomes a part of an address.
        let name = file.strip_prefix(&dist)?.iter();
        let name: Option<Vec<&str>> = name.map(|part| part.to_str()).collect();
        let name = name.ok_or("a file of web/dist has a name that is not UTF-8")?;
        let (name, file) = (name.join("/"), file.display().to_string());
        writeln!(table, "    ({name:?}, include_bytes!({file:?})),")?;
    }
    table.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("page.rs"), table)?;
    Ok(())
}

/// Every file below `folder` that is not hidden.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
