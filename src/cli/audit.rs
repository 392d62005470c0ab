//! `openrun audit` and `openrun migrate`: a store without a server.

use super::data::Stored;
use super::{Exit, Fault, print};
use crate::store;
use crate::store::audit::{AuditError, Report};
use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every rule holds, 3 one does not, 69 the store cannot be read.

Examples:
  openrun audit
  openrun audit --json --store sqlite:./openrun-data/openrun.db"
)]
pub(super) struct Audit {
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stored: Stored,
}

#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    stored: Stored,
}

impl Audit {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let report = store::audit::audit_url(&self.stored.url()).map_err(|cause| match cause {
            AuditError::NoStore(cause) => cause.into(),
            cause => Fault::new(Exit::DependencyDown, cause),
        })?;
        print(&if self.json { as_json(&report) } else { as_text(&report) });
        Ok(if report.findings.is_empty() { Exit::Done } else { Exit::InvariantBroken })
    }
}

impl Migrate {
    pub(super) fn run(self) -> Result<Exit, Fault> {
        let url = self.stored.url();
        actix_web::rt::System::new().block_on(store::migrate(&url))?;
        Ok(Exit::Done)
    }
}

fn as_text(report: &Report) -> String {
    let totals = report.totals;
    let mut text = format!(
        "{} purchases of {} won by {} people, {} tickets, {} events\n",
        totals.purchases, totals.sold_won, totals.buyers, totals.tickets, totals.events
    );
    if totals.holds_open > 0 {
        let (holds, won) = (totals.holds_open, totals.held_won);
        text += &format!("{holds} payments of {won} won are not decided yet\n");
    }
    if totals.voucher_moves > 0 {
        text += &format!(
            "{} moves of vouchers: {} won spent, {} won paid back, {} won expired, {} won left\n",
            totals.voucher_moves,
            totals.spent_won,
            totals.paid_back_won,
            totals.expired_won,
            totals.balance_won
        );
    }
    if totals.paybacks_open > 0 {
        text += &format!("{} paybacks are not decided yet\n", totals.paybacks_open);
    }
    for finding in &report.findings {
        text += &format!("BROKEN {}: {} rows\n", finding.rule, finding.count);
        for row in &finding.first {
            text += &format!("  {row}\n");
        }
    }
    match report.findings.len() {
        0 => text += &format!("{} rules, all hold\n", report.rules),
        broken => text += &format!("{} rules, {broken} broken\n", report.rules),
    }
    text
}

fn as_json(report: &Report) -> String {
    let findings = report.findings.iter().map(|finding| {
        serde_json::json!({
            "rule": finding.rule, "count": finding.count, "first": finding.first,
        })
    });
    let totals = report.totals;
    let answer = serde_json::json!({
        "rules": report.rules,
        "findings": findings.collect::<Vec<_>>(),
        "totals": {
            "purchases": totals.purchases, "sold_won": totals.sold_won, "buyers": totals.buyers,
            "tickets": totals.tickets, "refusals": totals.refusals, "events": totals.events,
            "holds_open": totals.holds_open, "held_won": totals.held_won,
            "voucher_moves": totals.voucher_moves, "spent_won": totals.spent_won,
            "paid_back_won": totals.paid_back_won, "expired_won": totals.expired_won,
            "balance_won": totals.balance_won, "paybacks_open": totals.paybacks_open,
        },
    });
    format!("{answer:#}\n")
}
