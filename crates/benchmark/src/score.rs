//! Verdicts rolled up: two numbers, never blended.
//!
//! For a check of weight w, J subjects were judged (pass, warn, fail) and U were not (unknown ones, and
//! one for each part that was not seen): seen = J / (J + U), share = (pass + half of warn) / J. Then
//! score = Σ w·seen·share / Σ w·seen and coverage = Σ w·seen / Σ w. Checks without subjects, and those
//! that only a person can judge, count in neither.

use assay_model::{
    Outcome,
    report::{Summary, Tally},
};

use crate::{Verdict, data::framework::Weakness};

/// A sum of weighted shares.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scale {
    weight: f64,
    seen: f64,
    right: f64,
}

impl Scale {
    /// Adds one check.
    pub fn add(&mut self, verdict: &Verdict, weight: u32) {
        let tally = &verdict.scored;
        let judged = f64::from(tally.pass + tally.warn + tally.fail);
        let unseen = verdict.unseen.as_ref().map_or(0, |it| it.gaps().len());
        let undecided =
            f64::from(tally.unknown) + f64::from(u32::try_from(unseen).unwrap_or(u32::MAX));
        if judged + undecided == 0.0 {
            return;
        }
        let weight = f64::from(weight);
        let seen = weight * judged / (judged + undecided);
        self.weight += weight;
        self.seen += seen;
        if judged > 0.0 {
            self.right += seen * (f64::from(tally.pass) + f64::from(tally.warn) / 2.0) / judged;
        }
    }

    /// Adds one control of an edition.
    pub fn add_control(&mut self, outcome: Outcome, warn: Weakness) {
        let right = match (outcome, warn) {
            (Outcome::NotApplicable | Outcome::Manual, _) | (Outcome::Warn, Weakness::Manual) => {
                return;
            }
            (Outcome::Unknown, _) => {
                self.weight += 1.0;
                return;
            }
            (Outcome::Pass, _) | (Outcome::Warn, Weakness::Pass) => 1.0,
            (Outcome::Warn, Weakness::Half) => 0.5,
            (Outcome::Fail, _) | (Outcome::Warn, Weakness::Fail) => 0.0,
        };
        self.weight += 1.0;
        self.seen += 1.0;
        self.right += right;
    }

    /// Of what was judged, how much is right; `None` when nothing was judged.
    pub fn score(&self) -> Option<f64> {
        (self.seen > 0.0).then(|| rounded(self.right / self.seen))
    }

    /// Of what applies, how much was judged; `None` when nothing applies.
    pub fn coverage(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| rounded(self.seen / self.weight))
    }

    /// Both, with the range that the score could take if the rest were judged.
    pub fn summary(&self, outcomes: Tally) -> Summary {
        let range = self.coverage().map(|coverage| {
            let least = self.right / self.weight;
            [rounded(least), rounded(least + 1.0 - coverage)]
        });
        Summary { score: self.score(), coverage: self.coverage(), range, outcomes }
    }
}

/// To four digits, so that equal input gives equal bytes whatever the order of the sum.
fn rounded(share: f64) -> f64 {
    (share * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_judged_lowers_coverage_and_not_the_score() {
        let mut scale = Scale::default();
        scale.add_control(Outcome::Pass, Weakness::Half);
        scale.add_control(Outcome::Warn, Weakness::Half);
        scale.add_control(Outcome::Unknown, Weakness::Half);
        scale.add_control(Outcome::Manual, Weakness::Half);
        let summary = scale.summary(Tally::default());
        assert_eq!(summary.score, Some(0.75));
        assert_eq!(summary.coverage, Some(0.6667));
        assert_eq!(summary.range, Some([0.5, 0.8333]));
    }
}
