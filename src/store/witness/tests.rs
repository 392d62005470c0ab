//! A store that is set back, in each way that it can be: refused with cause and cure, and accepted
//! when an operator says so. F54, S37.

use super::*;
use crate::store::conformance::{self, Owner};
use crate::store::sample;
use crate::store::sqlite::SqliteStore;
use openrun_core::Event;
use std::fs;
use tempfile::TempDir;

/// A data directory with a store and its witness, opened and closed as a server would.
struct House {
    directory: TempDir,
}

impl House {
    fn new() -> House {
        House { directory: tempfile::tempdir().expect("a directory") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.path("openrun.db")).expect("opens"))
    }

    fn file(&self) -> PathBuf {
        self.path("witness.json")
    }

    async fn open(&self, accepted: Accepted) -> Result<Arc<Witness>, WitnessError> {
        Witness::open(self.store(), &self.file(), &accepted).await.map(Arc::new)
    }

    /// A server that writes a batch of each and stops. What the people's stream gets tells one
    /// history from another.
    async fn serve(&self, first_person: u64) {
        let witness = self.open(Accepted::Nothing).await.expect("is believed");
        let mut owner = Owner::of(witness.clone()).await;
        owner.write(vec![sample::staff_acted("open")]).await.expect("writes");
        let mut people = Owner::of_stream(witness.clone(), StreamId::People).await;
        people.write(vec![sample::signed_up(first_person)]).await.expect("writes");
        witness.stop().await;
    }

    /// Nobody has the store open, so its file is all of it.
    fn copy(&self, from: &str, to: &str) {
        for old in ["-wal", "-shm"] {
            let _ = fs::remove_file(self.path(&format!("{to}{old}")));
        }
        fs::copy(self.path(from), self.path(to)).expect("copied");
    }

    async fn is_refused(&self, expected: &str) {
        let words = self.open(Accepted::Nothing).await.expect_err("is refused").to_string();
        assert!(words.contains(expected), "{words}");
        assert!(words.contains("--accept-rewound-store=") && !words.contains('\n'), "{words}");
    }

    /// What is lost, as the refusal names it.
    async fn loss(&self) -> Accepted {
        let words = self.open(Accepted::Nothing).await.expect_err("is refused").to_string();
        let (_, loss) = words.rsplit_once('=').expect("it is named");
        assert!(loss.len() == 16 && loss.bytes().all(|c| c.is_ascii_hexdigit()), "{words}");
        Accepted::Loss(loss.to_owned())
    }

    async fn is_accepted_once_and_then_believed(&self, accepted: Accepted) {
        let witness = self.open(accepted).await.expect("is accepted");
        let mut owner = Owner::of(witness.clone()).await;
        owner.write(vec![sample::staff_acted("go on")]).await.expect("writes");
        witness.stop().await;
        drop((owner, witness));
        drop(self.open(Accepted::Nothing).await.expect("is believed from now on"));
    }
}

macro_rules! conforms {
    ($($name:ident)+) => {mod conforms {$(
        #[tokio::test]
        async fn $name() {
            let house = super::House::new();
            let store = house.open(super::Accepted::Nothing).await.expect("opens");
            crate::store::conformance::$name(store).await;
        }
    )+}};
}
conformance::for_every_test!(conforms);

#[tokio::test]
async fn a_store_that_goes_on_is_believed() {
    let house = House::new();
    for first in 1..=3 {
        house.serve(first).await;
    }
    // Somebody else may have gone on with it, or a crash may have come before the last writing.
    let mut owner = Owner::of(house.store()).await;
    owner.write(vec![sample::staff_acted("unseen")]).await.expect("writes");
    drop(owner);
    house.serve(4).await;
    let text = fs::read_to_string(house.file()).expect("is there");
    assert!(text.contains("openrun witness 1") && text.contains("\"next_seq\": 6"), "{text}");
}

#[tokio::test]
async fn an_older_copy_is_refused() {
    let house = House::new();
    house.serve(1).await;
    house.copy("openrun.db", "backup.db");
    house.serve(2).await;
    house.copy("backup.db", "openrun.db");
    house.is_refused("people is at event 2 of epoch 1, and was at event 3 of epoch 2").await;
    let loss = house.loss().await;
    house.is_accepted_once_and_then_believed(loss).await;
}

/// S37.
#[tokio::test]
async fn only_the_loss_that_was_named_is_accepted_and_only_once() {
    let house = House::new();
    house.serve(1).await;
    house.copy("openrun.db", "first.db");
    house.serve(2).await;
    house.copy("openrun.db", "second.db");
    house.serve(3).await;
    house.copy("second.db", "openrun.db");
    let loss = house.loss().await;
    assert_eq!(house.loss().await, loss, "to look changes nothing");
    // Other words, another loss, and none at all.
    house.open(Accepted::Loss("true".to_owned())).await.expect_err("names nothing");
    house.copy("first.db", "openrun.db");
    assert_ne!(house.loss().await, loss);
    house.open(loss.clone()).await.expect_err("more is lost than was named");
    house.copy("second.db", "openrun.db");
    house.is_accepted_once_and_then_believed(loss.clone()).await;
    // It stays among the settings, and the store is set back again.
    house.copy("second.db", "openrun.db");
    house.open(loss).await.expect_err("is another loss");
}

/// S37. The process dies before it has noted anything that it wrote itself.
#[tokio::test]
async fn what_was_accepted_is_noted_before_the_store_goes_on() {
    let house = House::new();
    house.serve(1).await;
    house.copy("openrun.db", "backup.db");
    house.serve(2).await;
    house.copy("backup.db", "openrun.db");
    drop(house.open(house.loss().await).await.expect("is accepted"));
    let mut owner = Owner::of(house.store()).await;
    owner.write(vec![sample::staff_acted("go on")]).await.expect("writes");
    drop(owner);
    // Nobody is asked for the name of that loss once more.
    drop(house.open(Accepted::Nothing).await.expect("is believed"));
}

#[tokio::test]
async fn an_older_copy_that_was_written_on_is_refused() {
    let house = House::new();
    house.serve(1).await;
    house.copy("openrun.db", "backup.db");
    house.serve(2).await;
    house.copy("openrun.db", "witnessed.db");
    // Another server, without the witness, goes on from the backup beyond where it was.
    house.copy("backup.db", "openrun.db");
    fs::rename(house.file(), house.path("kept.json")).expect("moved");
    house.serve(7).await;
    house.serve(8).await;
    fs::rename(house.path("kept.json"), house.file()).expect("moved");
    house.is_refused("people holds another history up to event 3 of epoch 2").await;
    house.copy("witnessed.db", "openrun.db");
    house.serve(9).await;
}

#[tokio::test]
async fn another_store_in_its_place_is_refused() {
    let house = House::new();
    house.serve(1).await;
    fs::remove_file(house.path("openrun.db")).expect("removed");
    house.is_refused("people is at nothing at all, and was at event 2 of epoch 1").await;
    let loss = house.loss().await;
    house.is_accepted_once_and_then_believed(loss).await;
}

#[tokio::test]
async fn a_take_over_that_is_gone_is_refused() {
    let house = House::new();
    house.serve(1).await;
    house.copy("openrun.db", "backup.db");
    let witness = house.open(Accepted::Nothing).await.expect("is believed");
    let _ = Owner::of(witness.clone()).await;
    witness.stop().await;
    drop(witness);
    // Not one event is missing, and yet the epoch would be given twice.
    house.copy("backup.db", "openrun.db");
    house.is_refused("program:seoul is at event 2 of epoch 1, and was at event 2 of epoch 2").await;
}

#[tokio::test]
async fn what_is_not_a_witness_is_refused() {
    let house = House::new();
    house.serve(1).await;
    let whole = fs::read_to_string(house.file()).expect("reads");
    for (text, expected) in [
        (String::new(), "EOF"),
        (whole[..whole.len() / 2].to_owned(), "EOF"),
        (whole.replace("witness 1", "witness 2"), "it is not \"openrun witness 1\""),
        (whole.replacen("\"hash\": \"", "\"hash\": \"x", 1), "64 digits"),
        (whole.replace("epoch", "era"), "unknown field"),
    ] {
        fs::write(house.file(), text).expect("planted");
        let words = house.open(Accepted::Nothing).await.expect_err("is refused").to_string();
        assert!(words.contains(expected) && words.contains("move the file away"), "{words}");
    }
    house.is_accepted_once_and_then_believed(Accepted::Everything).await;
}

#[tokio::test]
async fn a_store_that_is_set_back_under_a_running_server_is_not_taken_over() {
    let house = House::new();
    house.serve(1).await;
    house.copy("openrun.db", "backup.db");
    let witness = house.open(Accepted::Nothing).await.expect("is believed");
    let mut owner = Owner::of(witness.clone()).await;
    owner.write(vec![sample::staff_acted("lost")]).await.expect("writes");

    let older = |accepts_everything| {
        let inner = Inner {
            store: Arc::new(SqliteStore::open(&house.path("backup.db")).expect("opens")),
            book: witness.inner.book.clone(),
            accepts_everything,
            seen: Mutex::new(witness.inner.seen().clone()),
            written: tokio::sync::Mutex::default(),
        };
        Witness { inner: Arc::new(inner), ticker: Mutex::new(None) }
    };
    let refusing = older(false);
    let refused = refusing.take_over(&sample::stream()).await.expect_err("is not given");
    assert!(refused.0.contains("program:seoul is at event 2 of epoch 1"), "{refused}");
    drop(refusing);
    let accepting = older(true);
    let taken = accepting.take_over(&sample::stream()).await.expect("as the operator said");
    assert_eq!((taken.epoch, taken.next_seq), (2, 2), "the refused one took nothing over");
}

#[tokio::test]
async fn a_witness_that_cannot_be_written_holds_up_nothing() {
    let house = House::new();
    let nowhere = house.path("no-such-directory").join("witness.json");
    let witness =
        Arc::new(Witness::open(house.store(), &nowhere, &Accepted::Nothing).await.expect("opens"));
    let mut owner = Owner::of(witness.clone()).await;
    owner.write(vec![sample::staff_acted("open")]).await.expect("writes");
    witness.stop().await;
    // Once there is room for it, what was noted meanwhile is written.
    fs::create_dir(house.path("no-such-directory")).expect("made");
    witness.stop().await;
    assert!(nowhere.is_file());
}

#[tokio::test]
async fn it_writes_by_itself_while_it_runs_and_only_what_is_new() {
    let house = House::new();
    let every = Duration::from_millis(1);
    let witness = Witness::open_with(house.store(), &house.file(), &Accepted::Nothing, every).await;
    let witness = Arc::new(witness.expect("opens"));
    let mut owner = Owner::of(witness.clone()).await;
    owner.write(vec![sample::staff_acted("open")]).await.expect("writes");
    while !fs::read_to_string(house.file()).is_ok_and(|text| text.contains("\"next_seq\": 2")) {
        tokio::time::sleep(every).await;
    }
    witness.stop().await;
    fs::remove_file(house.file()).expect("removed");
    witness.inner.write().await;
    assert!(!house.file().exists(), "nothing is new");
}

#[tokio::test]
async fn what_was_not_acknowledged_is_not_noted() {
    let house = House::new();
    let witness = house.open(Accepted::Nothing).await.expect("opens");
    let mut owner = Owner::of(witness.clone()).await;
    let twice: Vec<Event> = vec![sample::joined(&sample::round(), 1); 2];
    owner.write(twice).await.expect_err("a number is given once");
    let seen = witness.inner.seen()[&sample::stream()];
    assert_eq!((seen.epoch, seen.next_seq), (1, 1));
}

#[test]
fn each_store_has_a_witness_of_its_own() {
    let path = |url: &str| path_in(Path::new("data"), url);
    let one = path("postgres://writer:secret@db.example/openrun?sslmode=require");
    assert_eq!(one, path("postgres://other@db.example/openrun"));
    assert_ne!(one, path("postgres://writer:secret@db.example/other"));
    assert_ne!(path("sqlite:a.db"), path("sqlite:b.db"));
    assert!(one.to_str().is_some_and(|name| name.starts_with("data/witness-")));
}
