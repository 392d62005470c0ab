//! The list of merchants, which every store keeps beside its history.

use crate::merchants::Merchant;
use crate::store::MerchantRows;
use openrun_core::{MerchantId, ProgramId};

pub(crate) fn merchant(id: &str, name: &str) -> Merchant {
    Merchant {
        id: MerchantId::new(id).expect("a slug"),
        name: name.to_owned(),
        region: "seoul".to_owned(),
        category: "카페".to_owned(),
        programs: ["seoul", "onnuri"].iter().filter_map(|name| ProgramId::new(name)).collect(),
        is_active: true,
    }
}

/// A list that is brought up to date: what is new is added, what is known is changed, the rest
/// stays, and doing it again changes nothing.
pub(crate) async fn a_list_is_brought_up_to_date(rows: &dyn MerchantRows) {
    let all = async || {
        let (version, mut merchants) = rows.all().await.expect("reads");
        assert_eq!(version, rows.version().await.expect("reads"));
        merchants.sort_by(|one, other| one.id.cmp(&other.id));
        (version, merchants)
    };
    assert_eq!(all().await, (0, vec![]));
    let (one, two) = (merchant("a", "빵, \"커피\" | 집"), merchant("b", "서점"));
    let first = vec![one.clone(), Merchant { programs: Vec::new(), ..two.clone() }];
    assert_eq!(rows.import(first.clone()).await, Ok(2));
    assert_eq!(all().await, (1, first.clone()));
    assert_eq!(rows.import(first.clone()).await, Ok(0), "they are there");
    assert_eq!(all().await, (1, first));
    let closed = Merchant { is_active: false, ..two };
    let three = merchant("c", "약국");
    assert_eq!(rows.import(vec![three.clone(), one.clone(), closed.clone()]).await, Ok(2));
    assert_eq!(all().await, (2, vec![one, closed, three]));
    assert_eq!(rows.import(Vec::new()).await, Ok(0));

    // All of a part or nothing: the last is not what the table lets in.
    let long = "가".repeat(101);
    let wrong = rows.import(vec![merchant("d", "마트"), merchant("e", &long)]).await;
    assert!(wrong.expect_err("is refused").0.contains("merchant_has_a_name"));
    assert_eq!(all().await.1.len(), 3);
}
