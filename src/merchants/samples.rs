//! A few merchants for each region, so that a development server has somebody to pay.

use super::Merchant;
use openrun_core::MerchantId;
use std::collections::BTreeSet;

/// What there is in every region: the end of the id, name and category.
const SAMPLES: [(&str, &str, &str); 5] = [
    ("bakery", "동네빵집", "제과"),
    ("market", "전통시장 청과", "농축수산물"),
    ("bookshop", "책방 오늘", "서점"),
    ("clinic", "우리동네의원", "병원"),
    ("cafe", "골목카페", "카페"),
];

/// Merchants of these regions. They are no rows of the store and bear `sample-` in their ids.
pub(super) fn of(regions: &BTreeSet<String>) -> Vec<Merchant> {
    let mut samples = Vec::with_capacity(regions.len() * SAMPLES.len());
    for (number, region) in (1..).zip(regions) {
        for (end, name, category) in SAMPLES {
            // A region may be any text; an id is a slug.
            let slug = MerchantId::new(&format!("sample-{region}-{end}"));
            let Some(id) = slug.or_else(|| MerchantId::new(&format!("sample-{number}-{end}")))
            else {
                continue;
            };
            samples.push(Merchant {
                id,
                name: name.to_owned(),
                region: region.clone(),
                category: category.to_owned(),
                programs: Vec::new(),
                is_active: true,
            });
        }
    }
    samples
}
