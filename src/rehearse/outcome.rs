//! Plays what was planned, all of it at once, and what came of it: a verdict for each scenario, and
//! how paying went meanwhile.
//!
//! Order: who spends gets vouchers and begins to pay; everybody is signed up; all doors open; when
//! the last sale is over, paying ends. Verdicts are made then, so that asking for them slows down
//! nothing that is measured.

use std::rc::Rc;

use futures_util::future::join_all;
use serde::Serialize;

use super::checks::{INVARIANT_BROKEN, OK, THRESHOLD_MISSED};
use super::crowd::Crowd;
use super::door::Door;
use super::engine::{self, Prepared};
use super::progress::{Progress, Screen};
use super::spending::Paying;
use super::spent::Spending;
use super::verdict::{self, Asked, Verdict};
use super::{Options, draws, witness};

/// How a rehearsal went, with one scenario or several. Serialisable.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// 0, 3 if an invariant is broken, 4 if a threshold is missed, anywhere.
    pub exit_code: i32,
    /// Of each scenario; that of the holders' own round comes last where somebody spends.
    pub scenarios: Vec<Verdict>,
    /// How paying went, if anybody spent.
    pub spending: Option<Spending>,
}

impl Outcome {
    pub(super) fn new(scenarios: Vec<Verdict>, spending: Option<Spending>) -> Self {
        let codes = || {
            let own = scenarios.iter().map(|verdict| verdict.exit_code);
            own.chain(spending.iter().map(|spending| spending.exit_code))
        };
        let mut worst = [INVARIANT_BROKEN, THRESHOLD_MISSED].into_iter();
        let exit_code = worst.find(|code| codes().any(|own| own == *code));
        Self { exit_code: exit_code.unwrap_or(OK), scenarios, spending }
    }

    /// The only scenario, if there is one and nobody spent.
    pub(super) fn alone(&self) -> Option<&Verdict> {
        match (&self.scenarios[..], &self.spending) {
            ([verdict], None) => Some(verdict),
            _ => None,
        }
    }

    /// What `--json` prints: the verdict, or all of them with what was spent.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        match self.alone() {
            Some(verdict) => serde_json::to_string_pretty(verdict),
            None => serde_json::to_string_pretty(self),
        }
    }
}

/// Plays all of it on a runtime of its own.
pub(super) fn on_this_thread(
    mut scenarios: Vec<Prepared>,
    paying: Option<(Prepared, u32)>,
) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let screen = Screen::new();
        let paying = match paying {
            Some((holders, rate_per_s)) => Some(Paying::begin(holders, rate_per_s, &screen).await?),
            None => None,
        };
        let played = together(&mut scenarios, &screen).await;
        // Whatever came of the sales: nobody goes on paying for ever.
        let spent = match paying {
            Some(paying) => Some(paying.end().await),
            None => None,
        };
        let mut verdicts = Vec::new();
        for (prepared, mut played) in scenarios.iter().zip(played?) {
            verdicts.push(judged(prepared, &mut played).await?);
        }
        let Some(spent) = spent else { return Ok(Outcome::new(verdicts, None)) };
        let (holders, spending) = spent?;
        verdicts.push(holders);
        Ok(Outcome::new(verdicts, Some(spending)))
    })
}

/// A crowd that has played, and the violations that the server had counted before.
pub(super) type Played = (Crowd, Option<u64>);

/// Plays one scenario alone: that of the holders, before all others.
pub(super) async fn alone(prepared: &mut Prepared, screen: &Screen) -> anyhow::Result<Played> {
    let played = together(std::slice::from_mut(prepared), screen).await?;
    played.into_iter().next().ok_or_else(|| anyhow::anyhow!("one was played"))
}

/// Plays scenarios at once: all are prepared first, so that their doors open together.
async fn together(prepared: &mut [Prepared], screen: &Screen) -> anyhow::Result<Vec<Played>> {
    let count = prepared.len();
    let progress = |prepared: &Prepared| {
        let Prepared { scenario, options, .. } = prepared;
        let rounds = scenario.rounds.iter();
        let stock_won: u64 = rounds.flat_map(|round| &round.windows).map(|w| w.stock_won).sum();
        let name = if count > 1 { scenario.id.as_str() } else { "" };
        Rc::new(Progress::new(screen, name, (stock_won as f64 * options.scale) as u64))
    };
    let shown: Vec<Rc<Progress>> = prepared.iter().map(progress).collect();
    let ready = prepared.iter_mut().zip(&shown).map(async |(prepared, progress)| {
        let mut ops = Door::new(&prepared.ops, &prepared.operator);
        let before = witness::read_violations(&mut ops).await?;
        anyhow::Ok((engine::prepare(prepared, progress).await?, before))
    });
    let ready = join_all(ready).await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let played = prepared.iter().zip(&shown).zip(ready);
    let played = played.map(async |((prepared, progress), (crowd, before))| {
        let crowd = engine::play(prepared, crowd, progress).await;
        progress.end();
        anyhow::Ok((crowd?, before))
    });
    join_all(played).await.into_iter().collect()
}

/// What came of one scenario.
pub(super) async fn judged(
    prepared: &Prepared,
    (crowd, before): &mut Played,
) -> anyhow::Result<Verdict> {
    let Prepared { scenario, target, .. } = prepared;
    let mut ops = Door::new(&prepared.ops, &prepared.operator);
    let mut heard = witness::hear(crowd, scenario, &mut ops, target, *before).await?;
    heard.draws = draws::hear(crowd, scenario, target).await?;
    let Options { scale, pace, seed, .. } = prepared.options;
    let asked = Asked { scale, pace: pace.to_string(), seed };
    Ok(verdict::judge(crowd, scenario, &asked, &heard))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_that_came_is_the_exit_code() {
        let check = |codes: &[i32], spending: Option<i32>, want: i32| {
            let verdict = |exit_code: &i32| Verdict { exit_code: *exit_code, ..Verdict::default() };
            let spent = |exit_code| Spending { exit_code, ..Spending::default() };
            let outcome = Outcome::new(codes.iter().map(verdict).collect(), spending.map(spent));
            assert_eq!(outcome.exit_code, want, "{codes:?} {spending:?}");
        };
        check(&[0], None, 0);
        check(&[0, 4, 0], None, 4);
        check(&[4, 3], None, 3);
        check(&[0, 0], Some(4), 4);
        check(&[4], Some(3), 3);
        check(&[3], Some(0), 3);
    }
}
