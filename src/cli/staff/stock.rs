//! `openrun round stock`: one asks, another one confirms or refuses.

use super::desk::{Call, Desk};
use super::round::{Order, path, round, wish};
use super::show;
use super::words::{Here, Language};
use crate::cli::{Fault, print};
use crate::trust::Role;
use clap::{Args, Subcommand};
use openrun_core::RoundId;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(super) enum Stock {
    /// Ask for more or less stock in a window
    Ask(Ask),
    /// Confirm what somebody else asked for
    Confirm(Answer),
    /// Refuse what was asked for, or take your own ask back
    Refuse(Answer),
}

#[derive(Debug, Args)]
pub(super) struct Ask {
    /// The round
    #[arg(value_name = "ROUND", value_parser = round)]
    round: RoundId,
    /// How much more, in won; less when negative
    #[arg(long, value_name = "WON", allow_hyphen_values = true)]
    change_won: i64,
    /// For which window; may be absent when the round has only one
    #[arg(long, value_name = "WINDOW")]
    window: Option<String>,
    #[command(flatten)]
    order: Order,
}

#[derive(Debug, Args)]
pub(super) struct Answer {
    /// The round
    #[arg(value_name = "ROUND", value_parser = round)]
    round: RoundId,
    /// Which ask: the one that waits when absent
    #[arg(long, value_name = "ID")]
    id: Option<Uuid>,
    #[command(flatten)]
    order: Order,
}

impl Stock {
    pub(super) async fn run(self, desk: &Desk) -> Result<(), Fault> {
        let (call, shown) = match self {
            Stock::Ask(ask) => (ask.call(), show::As::StockAsk),
            Stock::Confirm(answer) => {
                (answer.call(desk, "confirm", Role::Approver).await?, show::As::Round)
            }
            Stock::Refuse(answer) => {
                (answer.call(desk, "refuse", Role::Operator).await?, show::As::Round)
            }
        };
        let answer = desk.ask(call).await?;
        print(&show::answer(desk, shown, &answer));
        Ok(())
    }
}

impl Ask {
    fn call(self) -> Call {
        let mut body = json!({"change_won": self.change_won, "reason": self.order.reason});
        if let Some(window) = self.window {
            body["window_id"] = Value::from(window);
        }
        wish(Method::POST, &path(&self.round), "stock", body, &self.order)
    }
}

impl Answer {
    async fn call(self, desk: &Desk, word: &str, role: Role) -> Result<Call, Fault> {
        let of = path(&self.round);
        let id = match self.id {
            Some(id) => id.to_string(),
            None => waiting(desk, &of).await?,
        };
        let body = json!({"reason": self.order.reason});
        Ok(wish(Method::POST, &of, &format!("stock/{id}/{word}"), body, &self.order).by(role))
    }
}

/// The ask that waits.
async fn waiting(desk: &Desk, of: &str) -> Result<String, Fault> {
    let round = desk.ask(Call::get(of)).await?;
    let none = Language::here().pick(
        "no ask waits in this round: name an answered one with --id",
        "대기 중인 요청이 없습니다",
    );
    let id = round["stock_ask"]["id"].as_str();
    id.map(str::to_owned).ok_or_else(|| Fault::failure(none))
}
