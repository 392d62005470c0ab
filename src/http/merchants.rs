//! Merchants: who takes vouchers, found by program, region and text.
//!
//! Answered from memory alone, the same for everybody who asks the same: a cache may keep it. Which
//! merchants there are is said in [`crate::merchants`].

use super::body::malformed;
use super::call::{Answer, Call};
use super::reply::{self, SHARED_SEARCH};
use super::words::Slug;
use crate::merchants::{Accepted, Merchant, PAGE_MAX, Query as Wanted, TEXT_CHARS_MAX};
use actix_web::web::Query;
use openrun_core::{Feature, MerchantId, ProgramId, Refusal};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Merchants on a page when nothing is said.
const PAGE: usize = 20;

/// What is looked for, as it stands in the query.
#[derive(Default, Deserialize)]
struct Asked {
    program: Option<String>,
    region: Option<String>,
    text: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

/// Somebody who takes vouchers.
#[derive(Serialize, ToSchema)]
#[schema(as = Merchant)]
pub struct MerchantAnswer<'a> {
    /// Its id.
    #[schema(value_type = Slug)]
    id: &'a MerchantId,
    /// Its name.
    #[schema(example = "동네빵집")]
    name: &'a str,
    /// Where it is: one of the regions of programs.
    #[schema(example = "seoul")]
    region: &'a str,
    /// What it sells.
    #[schema(example = "제과")]
    category: &'a str,
    /// The programs that it takes; none: every program of its region.
    #[schema(value_type = Vec<Slug>)]
    programs: &'a [ProgramId],
}

impl<'a> From<&'a Arc<Merchant>> for MerchantAnswer<'a> {
    fn from(merchant: &'a Arc<Merchant>) -> MerchantAnswer<'a> {
        MerchantAnswer {
            id: &merchant.id,
            name: &merchant.name,
            region: &merchant.region,
            category: &merchant.category,
            programs: &merchant.programs,
        }
    }
}

/// A page of merchants, in the order of their names.
#[derive(Serialize, ToSchema)]
pub struct Merchants<'a> {
    merchants: Vec<MerchantAnswer<'a>>,
    /// `after` of the next page; null on the last one.
    #[schema(value_type = Option<Slug>)]
    next_cursor: Option<MerchantId>,
}

/// Who takes vouchers
///
/// Every word of `text` stands in the name or in the category.
#[utoipa::path(get, path = "/v1/merchants", operation_id = "search_merchants", tag = "merchant",
    params(
        ("program" = Option<Slug>, Query, description = "who takes this program today"),
        ("region" = Option<String>, Query, description = "the region, exactly"),
        ("text" = Option<String>, Query, max_length = 60, description = "words of name or category"),
        ("after" = Option<Slug>, Query, description = "next_cursor of the page before"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "20 if absent")),
    responses((status = 200, description = "a page", body = Merchants)))]
pub async fn search(call: Call) -> Answer {
    let wanted = wanted(&call)?;
    let page = call.edge().merchants.search(&wanted);
    let merchants = page.merchants.iter().map(MerchantAnswer::from).collect();
    let body = reply::written(&Merchants { merchants, next_cursor: page.next });
    Ok(reply::shared_bytes(body, SHARED_SEARCH))
}

/// One of them
///
/// Who is about to be paid, for an app that has read a merchant's link or number. It goes on while
/// searching is switched off, as paying does.
#[utoipa::path(get, path = "/v1/merchants/{merchant}", operation_id = "get_merchant",
    tag = "merchant",
    responses((status = 200, description = "the merchant", body = MerchantAnswer)))]
pub async fn show(call: Call) -> Answer {
    let found = of_path(&call)?;
    let body = reply::written(&MerchantAnswer::from(&found));
    Ok(reply::shared_bytes(body, SHARED_SEARCH))
}

/// The merchant of the path, if it takes vouchers now.
///
/// # Errors
/// `MerchantNotFound`.
pub(in crate::http) fn of_path(call: &Call) -> Result<Arc<Merchant>, Refusal> {
    let id = MerchantId::new(call.segment("merchant")).ok_or(Refusal::MerchantNotFound)?;
    call.edge().merchants.find(&id).ok_or(Refusal::MerchantNotFound)
}

/// What the query of a call looks for.
///
/// # Errors
/// `Malformed`, `ProgramNotFound`, `Suspended` where searching is switched off for the program.
pub(in crate::http) fn wanted(call: &Call) -> Result<Wanted, Refusal> {
    let asked = read(call.query_string())?;
    let program = match asked.program {
        None => None,
        Some(name) => Some(accepted(call, &name)?),
    };
    let after = match asked.after {
        None => None,
        Some(id) => {
            let wrong = || malformed("after is the next_cursor of a page before");
            Some(MerchantId::new(&id).ok_or_else(wrong)?)
        }
    };
    let limit = asked.limit.unwrap_or(PAGE);
    Ok(Wanted { text: asked.text, region: asked.region, program, limit, after })
}

/// A program with the regions of today.
fn accepted(call: &Call, name: &str) -> Result<Accepted, Refusal> {
    let engine = &call.edge().engine;
    let id = ProgramId::new(name).ok_or(Refusal::ProgramNotFound)?;
    let program = engine.program(&id).ok_or(Refusal::ProgramNotFound)?;
    engine.check_feature(Feature::MerchantSearch, Some(&id))?;
    let regions = program.rules_at(engine.now()).regions.clone();
    Ok(Accepted { program: id, regions })
}

/// What is missing or empty does not narrow.
fn read(query: &str) -> Result<Asked, Refusal> {
    let wrong = || malformed("a parameter of the search cannot be read");
    let asked = Query::<Asked>::from_query(query).map_err(|_| wrong())?.into_inner();
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let (text, region, after) = (given(asked.text), given(asked.region), given(asked.after));
    if text.as_ref().is_some_and(|text| text.chars().count() > TEXT_CHARS_MAX) {
        return Err(malformed(format!("text has at most {TEXT_CHARS_MAX} characters")));
    }
    if asked.limit.is_some_and(|limit| !(1..=PAGE_MAX).contains(&limit)) {
        return Err(malformed(format!("limit is a number from 1 to {PAGE_MAX}")));
    }
    Ok(Asked { program: given(asked.program), region, text, after, limit: asked.limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_read_from_an_address() {
        let asked = read("text=%EB%B9%B5%EC%A7%91&region=seoul&program=&limit=5").expect("reads");
        assert_eq!((asked.text.as_deref(), asked.region.as_deref()), (Some("빵집"), Some("seoul")));
        assert_eq!((asked.program, asked.after, asked.limit), (None, None, Some(5)));
        assert_eq!(read("").expect("reads").text, None);
        assert_eq!(read("text=a+b").expect("reads").text.as_deref(), Some("a b"));
    }

    #[test]
    fn what_cannot_be_looked_for_is_refused() {
        let long = format!("text={}", "a".repeat(TEXT_CHARS_MAX + 1));
        for query in ["limit=0", "limit=101", "limit=x", "limit=-1", &long] {
            assert!(read(query).is_err(), "{query}");
        }
    }
}
