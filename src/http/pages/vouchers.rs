//! The vouchers of somebody, without scripts: what is left in each, the history of one, and the
//! forms that cancel, refund and give. Each form goes the way of the call that it stands for, under
//! a key of its own: sending it twice does it once.

use super::forms::see;
use super::frame::{self, Frame, Kind};
use super::html::{Html, won_in};
use super::place::hidden;
use super::visitor::is_ours;
use super::{refused, texts};
use crate::http::call::{Answer, Call};
use crate::http::edge::Edge;
use crate::http::time::Moment;
use crate::http::vouchers::history::{self, MoveAnswer, MoveKind};
use crate::http::vouchers::moves::{self, Giving};
use crate::http::vouchers::voucher_id;
use crate::trust::PersonClaims;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use openrun_actors::Refused;
use openrun_core::voucher::VoucherState;
use openrun_core::{
    IdempotencyKey, PersonKey, PurchaseId, Refusal, StoredEvent, Voucher, VoucherId,
};
use serde::Deserialize;
use uuid::Uuid;

/// Vouchers on the page; who has more finds them by their purchases.
const SHOWN: usize = 50;
/// Moves on the page of one; scripts and the call page through all of them.
const MOVES_SHOWN: usize = 50;
/// After how many seconds a payback that is under way is looked after.
const LOOK_PAYING_BACK_S: i64 = 4;

/// What a form of a voucher sends.
#[derive(Deserialize)]
struct Form {
    key: String,
    #[serde(default)]
    sure: bool,
    to_person: Option<String>,
    amount_won: Option<i64>,
}

/// The list, on the page of what is one's own.
pub(super) fn list(html: &mut Html, edge: &Edge, all: &[Voucher]) {
    if all.is_empty() {
        return;
    }
    html.element("h2", "page-vouchers");
    let (with, without): (Vec<&Voucher>, Vec<&Voucher>) =
        all.iter().partition(|voucher| voucher.balance.0 > 0);
    for voucher in with.into_iter().chain(without).take(SHOWN) {
        html.raw("<article class=\"card\"><h3>");
        name(html, edge, voucher);
        html.raw("</h3>");
        figures(html, voucher);
        let id = Uuid::from_u128(voucher.id.0);
        html.element(&format!("a class=\"button\" href=\"/me?voucher={id}\""), "page-voucher-open");
        html.raw("</article>");
    }
}

pub(super) fn name(html: &mut Html, edge: &Edge, voucher: &Voucher) {
    match edge.engine.program(&voucher.program) {
        Some(program) => html.both(&program.name),
        None => html.text(&voucher.program),
    }
}

fn figures(html: &mut Html, voucher: &Voucher) {
    html.raw("<dl class=\"figures\">");
    html.figure("page-voucher-balance", "balance", |html| html.won(voucher.balance.0));
    html.figure("page-purchase-state", "", |html| html.say(state_key(voucher.state)));
    html.figure("page-voucher-spent", "", |html| html.won(voucher.spent.0));
    if let Some(at) = voucher.expires_at {
        html.figure("page-voucher-expires", "", |html| html.time(Moment(at)));
    }
    html.figure("page-voucher", "", |html| html.text(Uuid::from_u128(voucher.id.0)));
    html.raw("</dl>");
}

/// The page of one voucher.
pub(super) async fn one(call: &Call, claims: &PersonClaims, id: &str) -> Answer {
    let id = Uuid::try_parse(id).map(|id| VoucherId(id.as_u128()));
    let found = match id {
        Ok(id) => call.edge().engine.voucher(claims.person, id).await,
        Err(_) => Err(Refusal::VoucherNotFound),
    };
    match found {
        Ok((voucher, events)) => Ok(page(call, &voucher, &events)),
        Err(refusal) => Ok(refused::page(call, &refusal, None)),
    }
}

fn page(call: &Call, voucher: &Voucher, events: &[StoredEvent]) -> HttpResponse {
    let (edge, language) = (call.edge(), call.page_language());
    let is_under_way = voucher.state == VoucherState::PayingBack;
    let frame = Frame {
        kind: Kind::Me,
        language,
        view: "voucher",
        title: texts::say(language, "page-vouchers"),
        path: "/me",
        round: None,
        refresh_s: is_under_way.then_some(LOOK_PAYING_BACK_S),
        code: None,
    };
    let html = frame.around(edge, |html| {
        html.raw("<h1>");
        name(html, edge, voucher);
        html.raw("</h1><section class=\"card\">");
        figures(html, voucher);
        if is_under_way {
            html.element("p class=\"notice\"", "page-voucher-under-way");
        }
        html.raw("</section>");
        if voucher.state == VoucherState::Active {
            acts(html, edge, voucher);
        }
        html.element("h2", "page-voucher-history");
        let history = history::of(voucher, events);
        html.raw("<section class=\"card\"><ul class=\"bare\">");
        history.iter().take(MOVES_SHOWN).for_each(|it| entry(html, it));
        html.raw("</ul></section><p>");
        html.element("a class=\"button\" href=\"/me\"", "page-me");
        html.raw("</p>");
    });
    let mut response = frame::own(StatusCode::OK, language, html);
    super::remember_if_chosen(call, &mut response, language);
    response
}

fn entry(html: &mut Html, it: &MoveAnswer<'_>) {
    html.raw("<li>");
    html.say(kind_key(it.kind));
    html.raw(" ");
    html.won(it.amount_won);
    if let Some(merchant) = it.merchant_id {
        html.raw(" · ");
        html.text(merchant);
    }
    html.raw("<br><small>");
    html.time(it.created_at);
    html.raw(" · ");
    html.say("page-voucher-balance");
    html.raw(" ");
    html.won(it.balance_won);
    html.raw("</small></li>");
}

/// What can be asked for. The engine has the last word.
fn acts(html: &mut Html, edge: &Edge, voucher: &Voucher) {
    let is_whole = voucher.spent.0 == 0 && voucher.given.0 == 0;
    html.raw("<section class=\"card\">");
    let id = Uuid::from_u128(voucher.id.0);
    let to = format!("/pay?voucher={id}&amp;program={}", voucher.program);
    let open = format!("a class=\"button primary full\" data-do=\"pay\" href=\"{to}\"");
    html.element(&open, "page-pay-merchant");
    if voucher.purchase.is_some() {
        let (act, head, text, does) = match is_whole {
            true => ("cancel", "page-cancel-head", "page-cancel-text", "page-cancel-do"),
            false => ("refund", "page-refund-head", "page-refund-text", "page-refund-do"),
        };
        html.element("h2", head);
        html.element("p", text);
        begin(html, voucher.id, act, &new_key());
        sure(html);
        html.element(&format!("button class=\"danger\" data-do=\"{act}\""), does);
        html.raw("</form>");
    }
    html.element("h2", "page-gift-head");
    html.element("p", "page-gift-text");
    begin(html, voucher.id, "gift", &new_key());
    html.element("label for=\"to\"", "page-gift-to");
    html.raw("<input id=\"to\" name=\"to_person\" required maxlength=\"64\" ");
    html.raw("pattern=\"[0-9A-Za-z_\\-]+\" autocomplete=\"off\">");
    html.element("label for=\"gift\"", "page-amount");
    let program = edge.engine.program(&voucher.program);
    let unit = program.map_or(1, |it| it.rules_at(edge.engine.now()).unit_won.0.max(1));
    html.raw(&format!(
        "<input id=\"gift\" name=\"amount_won\" type=\"number\" inputmode=\"numeric\" required \
         min=\"{unit}\" max=\"{}\" step=\"{unit}\" aria-describedby=\"rule\">",
        voucher.balance.0,
    ));
    html.raw("<p id=\"rule\" class=\"soft\">");
    let unit = won_in(html.language, unit);
    html.say_with("page-amount-rule", &[("unit", &unit)]);
    html.raw("</p>");
    sure(html);
    html.element("button class=\"primary\" data-do=\"gift\"", "page-gift-do");
    html.raw("</form></section>");
}

/// A key of one form as it is shown.
pub(super) fn new_key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn begin(html: &mut Html, voucher: VoucherId, act: &str, key: &str) {
    let id = Uuid::from_u128(voucher.0);
    html.raw(&format!("<form method=\"post\" action=\"/me/vouchers/{id}/{act}\">"));
    hidden(html, "key", key);
}

fn sure(html: &mut Html) {
    html.raw("<label class=\"check\"><input type=\"checkbox\" name=\"sure\" value=\"true\" ");
    html.raw("required>");
    html.say("page-sure");
    html.raw("</label>");
}

/// One of the forms of a voucher.
pub async fn act(mut call: Call) -> Answer {
    if !is_ours(&call) {
        return Ok(refused::foreign(&call));
    }
    let read = match call.kept_person() {
        Some(claims) => call.form::<Form>().await.map(|form| (claims, form)),
        None => Err(Refusal::Unauthenticated),
    };
    let (claims, form, id) = match read.and_then(|(claims, form)| {
        let id = voucher_id(&call)?;
        Ok((claims, form, id))
    }) {
        Ok(read) => read,
        Err(refusal) => return Ok(refused::page(&call, &refusal, None)),
    };
    let done = ask(&call, claims.person, id, &form).await;
    let path = format!("/me?voucher={}", Uuid::from_u128(id.0));
    match done {
        Ok(()) => Ok(see(&path)),
        Err(refused) => {
            let act = call.segment("act").to_owned();
            Ok(refused::page_at(&call, &refused.refusal, &path, |html| {
                again(html, id, &act, &form)
            }))
        }
    }
}

async fn ask(call: &Call, person: PersonKey, id: VoucherId, form: &Form) -> Result<(), Refused> {
    let no = |refusal| Refused { refusal, is_replay: false };
    let key = IdempotencyKey::new(&form.key).ok_or_else(|| no(Refusal::IdempotencyKeyRequired))?;
    if !form.sure {
        let detail = "sure is true".to_owned();
        return Err(no(Refusal::Malformed { detail }));
    }
    match call.segment("act") {
        // A voucher that was bought bears the id of its purchase.
        "cancel" => moves::cancelled(call, person, PurchaseId(id.0), key).await.map(drop),
        "refund" => moves::refunded(call, person, id, key).await.map(drop),
        _ => {
            let to_person = form.to_person.as_deref().unwrap_or_default().trim().to_owned();
            let wish = Giving::new(to_person, form.amount_won.unwrap_or(0));
            moves::given(call, person, id, &wish, key).await.map(drop)
        }
    }
}

/// The same form under the same key: whether it was done is not known, and nothing else finds out
/// without doing it twice.
fn again(html: &mut Html, id: VoucherId, act: &str, form: &Form) {
    begin(html, id, act, &form.key);
    hidden(html, "sure", "true");
    if let Some(to_person) = &form.to_person {
        hidden(html, "to_person", to_person);
    }
    if let Some(amount) = form.amount_won {
        hidden(html, "amount_won", &amount.to_string());
    }
    html.element("button class=\"primary\" data-do=\"again\"", "page-again");
    html.raw("</form>");
}

pub(super) fn state_key(state: VoucherState) -> &'static str {
    match state {
        VoucherState::Active => "page-voucher-active",
        VoucherState::UsedUp => "page-voucher-used-up",
        VoucherState::PayingBack => "page-voucher-paying-back",
        VoucherState::Cancelled => "page-purchase-cancelled",
        VoucherState::Refunded => "page-voucher-refunded",
        VoucherState::Expired => "page-voucher-expired",
    }
}

fn kind_key(kind: MoveKind) -> &'static str {
    match kind {
        MoveKind::Bought => "page-move-bought",
        MoveKind::Received => "page-move-received",
        MoveKind::Spent => "page-move-spent",
        MoveKind::Given => "page-move-given",
        MoveKind::PayingBack => "page-voucher-paying-back",
        MoveKind::PaidBack => "page-move-paid-back",
        MoveKind::PaybackRefused => "page-move-refused",
        MoveKind::Expired => "page-voucher-expired",
    }
}
