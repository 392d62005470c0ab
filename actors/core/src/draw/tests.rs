//! The draw's tables: what holds, and each way in which a transcript does not.

use super::*;

#[test]
fn every_entry_has_one_number_and_back() {
    let order = DrawnOrder::shuffle(&Digest([7; 32]), 1_000);
    for entry in 1..=1_000 {
        let number = order.number_of(entry).unwrap();
        assert_eq!(order.entry_at(number), Some(entry));
    }
    assert_eq!([order.number_of(0), order.number_of(1_001), order.entry_at(0)], [None; 3]);
}
