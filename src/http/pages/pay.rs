//! `/pay/{merchant}`: paying a merchant, whose link or code leads here. Which voucher, how much,
//! what is left then, one confirmation, and a receipt to show.
//!
//! An attempt is named before its confirmation is shown, its name stands in the address, and the
//! key of the payment follows from it: tapped twice, loaded again, or gone back to after an answer
//! that was lost, it is paid once. The payment itself goes the way of the call that it stands for,
//! and the engine has the last word.

use super::forms::see;
use super::frame::{self, Frame, Kind};
use super::html::{Html, won_in};
use super::place::{self, hidden};
use super::refused::{self, Around};
use super::visitor::is_ours;
use super::vouchers::{new_key, state_key};
use super::{texts, vouchers};
use crate::http::attempt::digest;
use crate::http::call::{Answer, Call};
use crate::http::edge::Edge;
use crate::http::merchants;
use crate::http::time::Moment;
use crate::http::vouchers::moves::{self, Spending};
use crate::merchants::Merchant;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use openrun_actors::Refused;
use openrun_core::voucher::VoucherState;
use openrun_core::{IdempotencyKey, PersonKey, Refusal, Timestamp, Voucher, VoucherId};
use serde::Deserialize;
use uuid::Uuid;

/// Vouchers to choose from at most; the soonest to expire stand first.
const SHOWN: usize = 50;
/// The name of an attempt as these pages make it; what else an address says is none of theirs.
const ATTEMPT_DIGITS: usize = 32;
/// The domain of the keys that follow from attempts: an address, which others may read, has none.
const KEY_DOMAIN: &[u8] = b"openrun payment page key 1";

/// What a confirmed payment sends.
#[derive(Deserialize)]
struct Form {
    voucher: String,
    amount_won: i64,
    key: String,
}

/// What the address says.
struct Asked {
    voucher: Option<VoucherId>,
    /// None when there is none; an error when it is no amount that can be paid.
    amount: Option<Result<i64, ()>>,
    attempt: Option<String>,
}

impl Asked {
    fn of(call: &Call) -> Asked {
        let typed = call.query("amount_won").filter(|typed| !typed.is_empty());
        let amount = typed.map(|typed| {
            let digits = typed.replace("%2C", "").replace(',', "");
            digits.parse().ok().filter(|amount| *amount > 0).ok_or(())
        });
        let is_one = |name: &&str| {
            name.len() == ATTEMPT_DIGITS && name.bytes().all(|digit| digit.is_ascii_hexdigit())
        };
        let attempt = call.query("attempt").filter(is_one).map(str::to_owned);
        Asked { voucher: call.query("voucher").and_then(voucher_of), amount, attempt }
    }
}

/// The key of an attempt of somebody.
fn key_of(person: PersonKey, attempt: &str) -> String {
    let digest = digest(KEY_DOMAIN, &[&person.0, attempt.as_bytes()]);
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn voucher_of(id: &str) -> Option<VoucherId> {
    Uuid::try_parse(id).ok().map(|id| VoucherId(id.as_u128()))
}

/// Paying a merchant, for people
///
/// The address that stands behind a merchant's code. `amount_won` fills the amount in.
#[utoipa::path(get, path = "/pay/{merchant}", operation_id = "pay_page", tag = "pages",
    params(
        ("lang" = Option<String>, Query, description = "`ko` or `en`; remembered"),
        ("voucher" = Option<String>, Query, description = "the voucher to pay with"),
        ("amount_won" = Option<String>, Query, description = "how much"),
        ("attempt" = Option<String>, Query, description = "which one is confirmed"),
        ("receipt" = Option<String>, Query, description = "a payment out of `voucher`")),
    responses(
        (status = 200, description = "a page", body = String, content_type = "text/html"),
        (status = 404, description = "a page: there is no such merchant", body = String,
            content_type = "text/html"),
        (status = 503, description = "a page: the store is away", body = String,
            content_type = "text/html")))]
pub async fn show(call: Call) -> Answer {
    let merchant = match merchants::of_path(&call) {
        Ok(merchant) => merchant,
        Err(refusal) => return Ok(unknown(&call, &refusal)),
    };
    let page = Page { call: &call, merchant: &merchant };
    let Some(claims) = call.kept_person() else {
        return Ok(page.send("sign_in", "page-pay", |html| page.sign_in(html)));
    };
    let asked = Asked::of(&call);
    let paid = call.query("receipt").and_then(|id| Uuid::try_parse(id).ok());
    let answer = match (paid, asked.voucher) {
        (Some(paid), Some(voucher)) => page.receipt(claims.person, voucher, paid).await,
        _ => page.choose_or_confirm(claims.person, &asked).await,
    };
    Ok(answer.unwrap_or_else(|refusal| page.refused(&refusal, &page.path())))
}

/// Nobody of this number: it leads to the search.
fn unknown(call: &Call, refusal: &Refusal) -> HttpResponse {
    let around = Around { kind: Kind::Pay, path: "/pay", goal: None, back: "page-pay-find-head" };
    refused::page_around(call, refusal, &around, |_| ())
}

/// Whether a voucher pays here, as far as it can be told: the engine has the last word.
fn is_taken(edge: &Edge, voucher: &Voucher, merchant: &Merchant) -> bool {
    let program = edge.engine.program(&voucher.program);
    program.is_some_and(|program| {
        // Its rules are those of the day on which it was bought.
        let regions = &program.rules_at(voucher.bought_at).regions;
        regions.contains(&merchant.region) && merchant.takes(&voucher.program)
    })
}

/// The pages about one merchant.
pub(super) struct Page<'a> {
    pub call: &'a Call,
    pub merchant: &'a Merchant,
}

impl Page<'_> {
    pub fn path(&self) -> String {
        format!("/pay/{}", self.merchant.id)
    }

    pub fn edge(&self) -> &Edge {
        self.call.edge()
    }

    pub fn send(
        &self,
        view: &'static str,
        title: &'static str,
        write: impl FnOnce(&mut Html),
    ) -> HttpResponse {
        let (path, language) = (self.path(), self.call.page_language());
        let frame = Frame {
            kind: Kind::Pay,
            language,
            view,
            title: format!("{} - {}", texts::say(language, title), self.merchant.name),
            path: &path,
            round: None,
            refresh_s: None,
            code: None,
        };
        let html = frame.around(self.edge(), write);
        let mut response = frame::own(StatusCode::OK, language, html);
        super::remember_if_chosen(self.call, &mut response, language);
        response
    }

    /// The page of a refusal that leads back to `path`.
    fn refused(&self, refusal: &Refusal, path: &str) -> HttpResponse {
        let goal = Some(("merchant", self.merchant.id.as_str()));
        let around = Around { kind: Kind::Pay, path, goal, back: "page-pay-back" };
        refused::page_around(self.call, refusal, &around, |html| refused::link(html, &around))
    }

    /// Who is paid: always first, so that nobody pays somebody else.
    pub fn head(&self, html: &mut Html) {
        html.raw("<h1>");
        html.text(&self.merchant.name);
        html.raw("</h1><p class=\"soft\">");
        super::pay_find::place(html, self.merchant);
        html.raw("</p>");
    }

    fn sign_in(&self, html: &mut Html) {
        self.head(html);
        html.raw("<section class=\"card\">");
        let goal = Some(("merchant", self.merchant.id.as_str()));
        place::sign_in(html, self.edge(), goal);
        html.raw("</section>");
    }

    async fn choose_or_confirm(
        &self,
        person: PersonKey,
        asked: &Asked,
    ) -> Result<HttpResponse, Refusal> {
        // Confirmed before and loaded again: its receipt, whatever is left in the voucher by now.
        if let (Some(voucher), Some(attempt)) = (asked.voucher, &asked.attempt)
            && let Some(paid) = self.paid_under(person, voucher, &key_of(person, attempt)).await?
        {
            return self.receipt(person, voucher, paid).await;
        }
        let mut all = self.edge().engine.vouchers_of(person).await?;
        all.sort_by_key(|voucher| voucher.expires_at.unwrap_or(Timestamp(i64::MAX)));
        let with: Vec<&Voucher> = all.iter().filter(|voucher| voucher.balance.0 > 0).collect();
        let is_good = |voucher: &&&Voucher| {
            voucher.state == VoucherState::Active && is_taken(self.edge(), voucher, self.merchant)
        };
        let mut good: Vec<&Voucher> = with.iter().filter(is_good).copied().collect();
        let chosen = good.iter().find(|voucher| Some(voucher.id) == asked.voucher).copied();
        good.sort_by_key(|voucher| Some(voucher.id) != asked.voucher);
        good.truncate(SHOWN);
        if let (Some(voucher), Some(Ok(amount)), Some(attempt)) =
            (chosen, asked.amount, &asked.attempt)
            && amount <= voucher.balance.0
        {
            return Ok(self.send("pay_confirm", "page-pay-confirm-head", |html| {
                self.confirm(html, voucher, amount, &key_of(person, attempt));
            }));
        }
        Ok(self.send("pay", "page-pay", |html| {
            self.head(html);
            html.raw("<section class=\"card\">");
            match good.is_empty() {
                true => self.nothing(html, &with),
                false => self.choose(html, &good, chosen, asked),
            }
            html.raw("</section>");
            let other = |voucher: &&&Voucher| !good.iter().any(|it| it.id == voucher.id);
            self.others(html, &with.iter().filter(other).copied().collect::<Vec<_>>());
        }))
    }

    fn nothing(&self, html: &mut Html, with: &[&Voucher]) {
        if with.is_empty() {
            html.element("p class=\"notice\"", "page-pay-nothing");
            html.element("a class=\"button\" href=\"/\"", "page-rounds");
        } else {
            html.element("p class=\"notice warn\"", "page-pay-none-fits");
            html.element("a class=\"button\" href=\"/pay\"", "page-pay-find-head");
        }
    }

    fn choose(&self, html: &mut Html, good: &[&Voucher], chosen: Option<&Voucher>, asked: &Asked) {
        html.raw("<form method=\"get\" action=\"");
        html.raw(&self.path());
        html.raw("\"><fieldset>");
        html.element("legend", "page-pay-with");
        let first = chosen.or(good.first().copied());
        for voucher in good {
            let id = Uuid::from_u128(voucher.id.0);
            let is_first = first.is_some_and(|first| first.id == voucher.id);
            let checked = if is_first { " checked" } else { "" };
            html.raw("<label class=\"check\"><input type=\"radio\" name=\"voucher\" required");
            html.raw(&format!("{checked} value=\"{id}\"><span>"));
            self.voucher(html, voucher);
            html.raw("</span></label>");
        }
        html.raw("</fieldset>");
        self.amount(html, chosen, asked, good);
        hidden(html, "attempt", &new_key());
        html.element("button class=\"primary\" data-do=\"pay\"", "page-pay-next");
        html.raw("</form>");
    }

    /// Why the amount that was typed cannot be paid, above the field where it stands.
    fn amount(&self, html: &mut Html, chosen: Option<&Voucher>, asked: &Asked, good: &[&Voucher]) {
        let most = good.iter().map(|voucher| voucher.balance.0).max().unwrap_or_default();
        let typed = asked.amount.and_then(Result::ok);
        let too_much = chosen.filter(|it| typed.is_some_and(|typed| typed > it.balance.0));
        let is_wrong = too_much.is_some() || asked.amount == Some(Err(()));
        html.element("label for=\"amount\"", "page-pay-amount");
        if let Some(voucher) = too_much {
            let balance = won_in(html.language, voucher.balance.0);
            html.raw("<p class=\"notice bad\" role=\"alert\" id=\"wrong\" ");
            html.raw("data-code=\"insufficient-balance\">");
            html.say_with("page-pay-too-much", &[("balance", &balance)]);
            html.raw("</p>");
        } else if is_wrong {
            html.raw("<p class=\"notice bad\" role=\"alert\" id=\"wrong\" ");
            html.raw("data-code=\"invalid-amount\">");
            html.say("page-pay-amount-wrong");
            html.raw("</p>");
        }
        html.raw("<input id=\"amount\" name=\"amount_won\" type=\"number\" required min=\"1\" ");
        html.raw(&format!("inputmode=\"numeric\" step=\"1\" max=\"{most}\""));
        if let Some(typed) = typed {
            html.raw(&format!(" value=\"{typed}\""));
        }
        html.raw(if is_wrong { " aria-invalid=\"true\" aria-describedby=\"wrong\">" } else { ">" });
    }

    /// Its name, what is left, and until when.
    fn voucher(&self, html: &mut Html, voucher: &Voucher) {
        vouchers::name(html, self.edge(), voucher);
        html.raw("<br>");
        html.say("page-voucher-balance");
        html.raw(" <strong data-figure=\"balance\">");
        html.won(voucher.balance.0);
        html.raw("</strong>");
        if let Some(at) = voucher.expires_at {
            html.raw("<br><small>");
            html.say("page-voucher-expires");
            html.raw(" ");
            html.time(Moment(at));
            html.raw("</small>");
        }
    }

    /// Vouchers that cannot pay here, each with the reason.
    fn others(&self, html: &mut Html, others: &[&Voucher]) {
        if others.is_empty() {
            return;
        }
        html.element("h2", "page-pay-others");
        html.raw("<section class=\"card\"><ul class=\"bare\">");
        for voucher in others.iter().take(SHOWN) {
            html.raw("<li>");
            self.voucher(html, voucher);
            html.raw("<br>");
            if voucher.state == VoucherState::Active {
                let id = Uuid::from_u128(voucher.id.0);
                let open = format!(
                    "a data-code=\"wrong-region\" href=\"/pay?voucher={id}&amp;program={}\"",
                    voucher.program
                );
                html.element(&open, "page-pay-elsewhere");
            } else {
                html.say(state_key(voucher.state));
            }
            html.raw("</li>");
        }
        html.raw("</ul></section>");
    }

    fn confirm(&self, html: &mut Html, voucher: &Voucher, amount: i64, key: &str) {
        self.head(html);
        html.raw("<section class=\"card\">");
        html.element("h2", "page-pay-confirm-head");
        html.figures(|html| {
            html.figure("page-pay-merchant-name", "merchant", |html| {
                html.text(&self.merchant.name);
            });
            html.figure("page-pay-amount", "amount", |html| html.won(amount));
            html.figure("page-pay-with", "", |html| vouchers::name(html, self.edge(), voucher));
            html.figure("page-voucher-balance", "balance", |html| html.won(voucher.balance.0));
            html.figure("page-pay-after", "after", |html| html.won(voucher.balance.0 - amount));
        });
        let id = Uuid::from_u128(voucher.id.0);
        let to_pay = won_in(html.language, amount);
        self.paying(html, &(id.to_string(), amount, key), "confirm", |html| {
            html.say_with("page-pay-confirm-do", &[("amount", &to_pay)]);
        });
        html.element("p class=\"soft\"", "page-pay-once");
        html.raw(&format!(
            "<p><a class=\"button\" data-do=\"back\" href=\"{}?voucher={id}&amp;amount_won={amount}\">",
            self.path()
        ));
        html.say("page-pay-change");
        html.raw("</a></p></section>");
    }

    /// The form that pays.
    fn paying(
        &self,
        html: &mut Html,
        (voucher, amount, key): &(String, i64, &str),
        does: &str,
        words: impl FnOnce(&mut Html),
    ) {
        html.raw(&format!("<form method=\"post\" action=\"{}\">", self.path()));
        hidden(html, "voucher", voucher);
        hidden(html, "amount_won", &amount.to_string());
        hidden(html, "key", key);
        html.raw(&format!("<button class=\"primary\" data-do=\"{does}\">"));
        words(html);
        html.raw("</button></form>");
    }
}

/// Pays.
pub async fn act(mut call: Call) -> Answer {
    if !is_ours(&call) {
        return Ok(refused::foreign(&call));
    }
    let read = match call.kept_person() {
        Some(claims) => call.form::<Form>().await.map(|form| (claims, form)),
        None => Err(Refusal::Unauthenticated),
    };
    let (claims, form, voucher) = match read.and_then(|(claims, form)| {
        let voucher = voucher_of(&form.voucher).ok_or(Refusal::VoucherNotFound)?;
        Ok((claims, form, voucher))
    }) {
        Ok(read) => read,
        Err(refusal) => return Ok(lead_back(&call, &refusal)),
    };
    let done = ask(&call, claims.person, voucher, &form).await;
    let id = Uuid::from_u128(voucher.0);
    let Ok(merchant) = merchants::of_path(&call) else {
        // Taken off the list since: what was paid before stands, in the history at least.
        return Ok(match done {
            Ok(_) => see(&format!("/me?voucher={id}")),
            Err(refused) => unknown(&call, &refused.refusal),
        });
    };
    let page = Page { call: &call, merchant: &merchant };
    let path = format!("{}?voucher={id}", page.path());
    match done {
        Ok(paid) => Ok(see(&format!("{path}&receipt={paid}"))),
        Err(refused) => {
            let back = format!("{path}&amount_won={}", form.amount_won);
            let goal = Some(("merchant", merchant.id.as_str()));
            let around = Around { kind: Kind::Pay, path: &back, goal, back: "page-pay-back" };
            let same = (id.to_string(), form.amount_won, form.key.as_str());
            Ok(refused::page_around(&call, &refused.refusal, &around, |html| {
                page.paying(html, &same, "again", |html| html.say("page-again"));
            }))
        }
    }
}

/// The page of a refusal of a form that says too little.
fn lead_back(call: &Call, refusal: &Refusal) -> HttpResponse {
    match merchants::of_path(call) {
        Ok(merchant) => {
            let page = Page { call, merchant: &merchant };
            page.refused(refusal, &page.path())
        }
        Err(_) => unknown(call, refusal),
    }
}

/// The id of the payment, whichever confirmation paid it.
async fn ask(
    call: &Call,
    person: PersonKey,
    voucher: VoucherId,
    form: &Form,
) -> Result<Uuid, Refused> {
    let no = |refusal| Refused { refusal, is_replay: false };
    let key = IdempotencyKey::new(&form.key).ok_or_else(|| no(Refusal::IdempotencyKeyRequired))?;
    let wish = Spending::new(call.segment("merchant").to_owned(), form.amount_won);
    let moved = moves::spent(call, person, voucher, &wish, key).await?;
    Ok(Uuid::from_u128(moved.answer.id.0))
}
