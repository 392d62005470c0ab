//! `openrun merchants`: the list of who takes vouchers, brought up to date from a file.

use super::bar::bar;
use super::data::Stored;
use super::{Exit, Fault, print};
use crate::merchants::csv::{self, Sheet};
use crate::merchants::{MERCHANTS_MAX, Merchant};
use crate::store::{self, IMPORTED_AT_ONCE, MerchantRows};
use clap::{Args, Subcommand};
use openrun_actors::store::StoreError;
use openrun_core::MerchantId;
use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of a file at most: twenty times that of the largest list there is.
const FILE_MAX: u64 = 1 << 30;

#[derive(Debug, Subcommand)]
pub(super) enum Merchants {
    /// Add the merchants of a file, and change those that are there already
    Import(Import),
}

#[derive(Debug, Args)]
#[command(after_help = "The file is UTF-8 with commas and begins with the line

  id,name,region,category,programs

Programs are separated by |; none means every program of the region. A sixth column, is_active,
may say false of a merchant that takes no vouchers any more. Merchants that the file does not name
stay as they are, and importing a file again changes nothing. Works beside a running server, which
reads the list again within a minute.

Each line that is not taken is printed on standard output with its number and what is wrong with
it.

Exit codes: 0 every line was taken, 1 some were not, 69 the store cannot be used.

Examples:
  openrun merchants import merchants.csv
  openrun merchants import --strict --store postgres://openrun@db.example/openrun merchants.csv")]
pub(super) struct Import {
    /// The file
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Take nothing at all if any line is wrong
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    stored: Stored,
}

impl Merchants {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        match self {
            Merchants::Import(import) => import.run(),
        }
    }
}

impl Import {
    fn run(self) -> Result<Exit, Fault> {
        let unusable = |cause: &dyn std::fmt::Display| {
            Fault::failure(format!("{} cannot be imported: {cause}", self.file.display()))
        };
        let bytes = read(&self.file).map_err(|cause| unusable(&cause))?;
        let Sheet { merchants, bad } = csv::read(&bytes).map_err(|cause| unusable(&cause))?;
        drop(bytes);
        if merchants.len() > MERCHANTS_MAX {
            return Err(unusable(&format!("it has more than {MERCHANTS_MAX} merchants")));
        }
        let told: String =
            bad.iter().map(|bad| format!("line {} {}\n", bad.line, bad.why)).collect();
        print(&told);
        let (good, wrong) = (merchants.len(), bad.len());
        if self.strict && wrong > 0 {
            let line = format!("{wrong} of {} lines are wrong: nothing was taken", good + wrong);
            return Err(Fault::failure(line));
        }
        let url = self.stored.url();
        let changed = actix_web::rt::System::new().block_on(import(&url, merchants))?;
        eprintln!(
            "{good} merchants taken, {changed} of them new or changed; {wrong} lines were not"
        );
        Ok(if wrong == 0 { Exit::Done } else { Exit::Failure })
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_MAX {
        let cause = format!("it is larger than {} MiB", FILE_MAX >> 20);
        return Err(std::io::Error::other(cause));
    }
    Ok(bytes)
}

async fn import(url: &str, merchants: Vec<Merchant>) -> Result<u64, Fault> {
    let rows = store::open_merchants(url).await?;
    let rows: &dyn MerchantRows = &*rows;
    check_room(rows, &merchants, MERCHANTS_MAX).await?;
    let bar = bar(merchants.len(), "merchants");
    let (mut changed, mut taken) = (0, 0);
    for part in merchants.chunks(IMPORTED_AT_ONCE) {
        changed += rows.import(part.to_vec()).await.map_err(|cause| {
            let line = format!("{taken} merchants were taken, then: {cause}; import it again");
            Fault::new(Exit::DependencyDown, line)
        })?;
        taken += part.len();
        bar.set_position(taken as u64);
    }
    bar.finish_and_clear();
    Ok(changed)
}

/// Whether the list fits once these are on it.
async fn check_room(
    rows: &dyn MerchantRows,
    merchants: &[Merchant],
    most: usize,
) -> Result<(), Fault> {
    let down = |cause: StoreError| Fault::new(Exit::DependencyDown, cause.to_string());
    let known = usize::try_from(rows.count().await.map_err(down)?).unwrap_or(usize::MAX);
    if known.saturating_add(merchants.len()) <= most {
        return Ok(());
    }
    // Near the bound it is worth knowing how many of them are there already.
    let all = rows.all().await.map_err(down)?.1;
    let ids: HashSet<&MerchantId> = all.iter().map(|one| &one.id).collect();
    let new = merchants.iter().filter(|one| !ids.contains(&one.id)).count();
    if new == 0 || known + new <= most {
        return Ok(());
    }
    let line = format!(
        "the store has {known} merchants and the file {new} more: a list has {most} at most, \
         nothing was taken"
    );
    Err(Fault::failure(line))
}

#[cfg(test)]
mod tests {
    use super::super::{Arguments, Command};
    use super::*;
    use clap::Parser;

    /// Runs `openrun merchants import` on such a file, and answers what the store has then.
    fn imported(folder: &Path, file: &str, strict: bool) -> (Result<Exit, String>, usize) {
        let path = folder.join("merchants.csv");
        std::fs::write(&path, file).unwrap();
        let url = format!("sqlite:{}", folder.join("openrun.db").display());
        let path = path.display().to_string();
        let mut words = vec!["openrun", "merchants", "import", &path, "--store", &url];
        words.extend(strict.then_some("--strict"));
        let Command::Merchants(command) = Arguments::parse_from(words).command else {
            panic!("another command")
        };
        let done = command.run().map_err(|fault| fault.to_string());
        let count = actix_web::rt::System::new().block_on(async {
            let rows = store::open_merchants(&url).await.unwrap();
            rows.all().await.unwrap().1.len()
        });
        (done, count)
    }

    #[test]
    fn good_lines_are_taken_and_bad_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let good = (0..1_203).map(|number| format!("m-{number},가게 {number},seoul,소매,seoul\n"));
        let good = format!("{}\n{}", csv::HEAD, good.collect::<String>());
        assert_eq!(imported(folder.path(), &good, true), (Ok(Exit::Done), 1_203));
        assert_eq!(imported(folder.path(), &good, false), (Ok(Exit::Done), 1_203), "once more");
        let mixed = format!("{}\nnew,새 가게,seoul,소매,\nBAD ID,가게,seoul,소매,\n", csv::HEAD);
        let (done, count) = imported(folder.path(), &mixed, true);
        let words = done.expect_err("nothing is taken");
        assert_eq!((words.as_str(), count), ("1 of 2 lines are wrong: nothing was taken", 1_203));
        assert_eq!(imported(folder.path(), &mixed, false), (Ok(Exit::Failure), 1_204));
    }

    /// Nothing of a file is taken that together with what is there would be too long.
    #[test]
    fn two_files_that_are_too_long_together_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let line = |number| format!("m-{number},가게 {number},seoul,소매,\n");
        let of = |numbers: std::ops::Range<u32>| {
            let lines: String = numbers.map(line).collect();
            csv::read(format!("{}\n{lines}", csv::HEAD).as_bytes()).unwrap().merchants
        };
        let file = format!("{}\n{}", csv::HEAD, (0..6).map(line).collect::<String>());
        assert_eq!(imported(folder.path(), &file, true), (Ok(Exit::Done), 6));
        let url = format!("sqlite:{}", folder.path().join("openrun.db").display());
        let check = |merchants: Vec<Merchant>, most| {
            let url = url.clone();
            actix_web::rt::System::new().block_on(async move {
                let rows = store::open_merchants(&url).await.unwrap();
                check_room(&*rows, &merchants, most).await.map_err(|fault| fault.to_string())
            })
        };
        assert_eq!(check(of(3..10), 10), Ok(()), "four are new");
        let words = check(of(3..11), 10).expect_err("five are");
        assert!(words.contains("6 merchants and the file 5 more: a list has 10"), "{words}");
        assert_eq!(check(of(0..6), 5), Ok(()), "nothing is new");
    }

    #[test]
    fn a_file_of_something_else_is_refused_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let (done, count) = imported(folder.path(), "{\"merchants\": []}\n", false);
        let words = done.expect_err("no list");
        assert!(words.contains("it does not begin with the line id,name,region"), "{words}");
        assert_eq!((words.contains('\n'), count), (false, 0));
    }
}
