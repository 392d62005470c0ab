//! All merchants in memory, in the order of their names, and the way to those that hold a text.
//!
//! Every two characters that follow each other in a name or category have the list of the merchants
//! that have them, and so has every single character. A search walks along the shortest of its
//! lists, asks the others, and looks at the text itself only of what is on all of them. It stops
//! when the page is full. Made once for each version of the list and never changed.

use super::fold::{PART_END, fold, terms};
use super::postings::Walk;
use super::{Merchant, PAGE_MAX, TEXT_CHARS_MAX};
use openrun_core::{MerchantId, ProgramId};
use std::collections::HashMap;
use std::sync::Arc;

/// Lists of a search at most that are walked along, the shortest first: more would narrow nothing
/// that the text does not.
const LISTS_MAX: usize = 6;

/// A program, and where it is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The program.
    pub program: ProgramId,
    /// Its regions by the rules of the day.
    pub regions: Vec<String>,
}

/// What is looked for. What is left out does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Words that name or category hold, all of them, in any order.
    pub text: Option<String>,
    /// The region, exactly.
    pub region: Option<String>,
    /// A program that the merchant takes.
    pub program: Option<Accepted>,
    /// Most merchants to answer with; [`PAGE_MAX`] at most.
    pub limit: usize,
    /// Only what comes behind this one.
    pub after: Option<MerchantId>,
}

/// Merchants in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// At most as many as were asked for.
    pub merchants: Vec<Arc<Merchant>>,
    /// Where the next page begins behind; none when this is the last.
    pub next: Option<MerchantId>,
}

/// All merchants that are active.
#[derive(Debug, Default)]
pub struct Index {
    merchants: Vec<Arc<Merchant>>,
    /// Places in the order of ids.
    by_id: Vec<u32>,
    /// What is searched of all of them, one behind the other, and where each begins.
    text: String,
    starts: Vec<usize>,
    pairs: HashMap<(char, char), Vec<u32>>,
    singles: HashMap<char, Vec<u32>>,
    regions: HashMap<String, u32>,
    region_of: Vec<u32>,
    in_region: Vec<Vec<u32>>,
    takes_all: Vec<bool>,
    listed: HashMap<ProgramId, Vec<u32>>,
}

impl Index {
    /// Of these merchants; those that are not active are left out. Takes about a second for
    /// 280,000: not to be done on a thread that serves people.
    #[must_use]
    pub fn of(merchants: Vec<Merchant>) -> Index {
        let active = merchants.into_iter().filter(|merchant| merchant.is_active);
        let mut folded: Vec<(String, Merchant)> =
            active.map(|merchant| (fold(&merchant.name), merchant)).collect();
        folded.sort_by(|(name, one), (other_name, other)| {
            (name, one.id.as_str()).cmp(&(other_name, other.id.as_str()))
        });
        let mut index = Index::default();
        for (place, (name, merchant)) in (0..).zip(folded) {
            index.add(place, &name, merchant);
        }
        index.starts.push(index.text.len());
        index.by_id = (0..).take(index.merchants.len()).collect();
        let merchants = &index.merchants;
        index.by_id.sort_unstable_by_key(|place| merchants[*place as usize].id.as_str());
        let lists = index.pairs.values_mut().chain(index.singles.values_mut());
        lists.chain(&mut index.in_region).for_each(Vec::shrink_to_fit);
        index
    }

    fn add(&mut self, place: u32, name: &str, merchant: Merchant) {
        self.starts.push(self.text.len());
        let text = format!("{name}{PART_END}{}{PART_END}", fold(&merchant.category));
        let mut before = PART_END;
        for character in text.chars() {
            if character != PART_END {
                list(self.singles.entry(character).or_default(), place);
                if before != PART_END {
                    list(self.pairs.entry((before, character)).or_default(), place);
                }
            }
            before = character;
        }
        self.text += &text;
        let regions = u32::try_from(self.in_region.len()).expect("fewer regions than merchants");
        let region = *self.regions.entry(merchant.region.clone()).or_insert(regions);
        if region == regions {
            self.in_region.push(Vec::new());
        }
        self.in_region[region as usize].push(place);
        self.region_of.push(region);
        self.takes_all.push(merchant.programs.is_empty());
        for program in &merchant.programs {
            list(self.listed.entry(program.clone()).or_default(), place);
        }
        self.merchants.push(Arc::new(merchant));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.merchants.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.merchants.is_empty()
    }

    /// The merchant of this id, if it is active.
    #[must_use]
    pub fn find(&self, id: &MerchantId) -> Option<Arc<Merchant>> {
        self.place_of(id).map(|place| Arc::clone(&self.merchants[place as usize]))
    }

    /// The merchants that `query` looks for. A cursor that is no merchant has nothing behind it.
    #[must_use]
    pub fn search(&self, query: &Query) -> Page {
        let first = match &query.after {
            None => Some(0),
            Some(id) => self.place_of(id).map(|place| place + 1),
        };
        let terms = terms(query.text.as_deref().unwrap_or_default(), TEXT_CHARS_MAX);
        let (Some(first), Some(lists)) = (first, self.lists(&terms, query.region.as_deref()))
        else {
            return Page::default();
        };
        let mut walks = lists.iter().map(|list| Walk::from(list, first)).collect::<Vec<_>>();
        let mut accepts = Accepts::of(self, query.program.as_ref(), first);
        let mut fits = |place: u32, others: &mut [Walk<'_>]| {
            others.iter_mut().all(|walk| walk.has(place))
                && accepts.has(self, place)
                && self.holds(place, &terms)
        };
        let limit = query.limit.clamp(1, PAGE_MAX);
        let mut found: Vec<u32> = match (lists.first(), walks.split_first_mut()) {
            (Some(shortest), Some((_, others))) => {
                let from = shortest.partition_point(|place| *place < first);
                let places = shortest[from..].iter().copied();
                places.filter(|place| fits(*place, others)).take(limit + 1).collect()
            }
            _ => {
                let places = (first..).take(self.merchants.len().saturating_sub(first as usize));
                places.filter(|place| fits(*place, &mut [])).take(limit + 1).collect()
            }
        };
        let is_last = found.len() <= limit;
        found.truncate(limit);
        let at = |place: &u32| Arc::clone(&self.merchants[*place as usize]);
        let merchants: Vec<_> = found.iter().map(at).collect();
        let next = merchants.last().filter(|_| !is_last).map(|last| last.id.clone());
        Page { merchants, next }
    }

    /// The lists that everything found must be on, the shortest first; nothing when there is
    /// something that no merchant has.
    fn lists(&self, terms: &[String], region: Option<&str>) -> Option<Vec<&[u32]>> {
        let mut lists: Vec<&[u32]> = Vec::new();
        if let Some(region) = region {
            lists.push(&self.in_region[*self.regions.get(region)? as usize]);
        }
        for term in terms {
            let mut characters = term.chars();
            let mut before = characters.next()?;
            let mut is_single = true;
            for character in characters {
                lists.push(self.pairs.get(&(before, character))?);
                (before, is_single) = (character, false);
            }
            if is_single {
                lists.push(self.singles.get(&before)?);
            }
        }
        lists.sort_unstable_by_key(|list| list.len());
        lists.truncate(LISTS_MAX);
        Some(lists)
    }

    fn holds(&self, place: u32, terms: &[String]) -> bool {
        let place = place as usize;
        let text = &self.text[self.starts[place]..self.starts[place + 1]];
        terms.iter().all(|term| text.contains(term.as_str()))
    }

    fn place_of(&self, id: &MerchantId) -> Option<u32> {
        let id_at = |place: &u32| self.merchants[*place as usize].id.as_str();
        let found = self.by_id.binary_search_by(|place| id_at(place).cmp(id.as_str()));
        found.ok().map(|index| self.by_id[index])
    }
}

/// Adds a place to a list that ends with it or with one before.
fn list(places: &mut Vec<u32>, place: u32) {
    if places.last() != Some(&place) {
        places.push(place);
    }
}

/// Whether merchants take a program, asked of them in their order.
struct Accepts<'i> {
    /// By number of the region; nothing when no program is asked for.
    regions: Option<Vec<bool>>,
    listed: Walk<'i>,
}

impl<'i> Accepts<'i> {
    fn of(index: &'i Index, accepted: Option<&Accepted>, first: u32) -> Accepts<'i> {
        let listed = accepted.and_then(|accepted| index.listed.get(&accepted.program));
        let regions = accepted.map(|accepted| {
            let mut regions = vec![false; index.in_region.len()];
            for region in accepted.regions.iter().filter_map(|name| index.regions.get(name)) {
                regions[*region as usize] = true;
            }
            regions
        });
        Accepts { regions, listed: Walk::from(listed.map_or(&[], Vec::as_slice), first) }
    }

    fn has(&mut self, index: &Index, place: u32) -> bool {
        let Some(regions) = &self.regions else { return true };
        let at = place as usize;
        regions[index.region_of[at] as usize] && (index.takes_all[at] || self.listed.has(place))
    }
}
