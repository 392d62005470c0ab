//! A disk of a few MiB, to be filled. It is memory, mounted where only the superuser may: a test
//! that gets none says so and ends.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A file system of its own; goes when it is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Of so many MiB; `None` where nothing may be mounted.
    pub fn mount(mebibytes: u32) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().expect("tests can write to a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "openrun-test"]);
        let mounted = mount.arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(SmallDisk { folder })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that a failed test left behind may still have files there.
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).output();
    }
}

/// Takes all that is left of a disk until it is dropped.
#[derive(Debug)]
pub struct Filler(PathBuf);

impl Filler {
    /// In a folder of that disk.
    pub fn fill(folder: &Path) -> Filler {
        let path = folder.join("filler");
        let mut file = std::fs::File::create(&path).expect("a file on the small disk");
        // Down to the last page.
        for size in [1 << 20, 1 << 12] {
            let zeros = vec![0; size];
            while file.write_all(&zeros).is_ok() {}
        }
        Filler(path)
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
