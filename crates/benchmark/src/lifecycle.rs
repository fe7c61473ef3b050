//! Until when releases get security fixes: the one place for every row that asks.
//!
//! | on the day                                          | says |
//! |-----------------------------------------------------|------|
//! | past the end, or the product is discontinued        | fail |
//! | past the end, but extended support is declared      | warn |
//! | shortly before the end, mostly [`NOTICE`] days      | warn |
//! | before that, by a row older than [`FRESH`] days     | warn |
//! | before that                                         | pass |
//! | no row                                              | unknown |
//!
//! Source: catalogue, 2.1 rule 5, HST-OSM-002, HST-OSH-003 and CLU-UPG-001; dates: table `lifecycle`.

use assay_model::{Cause, Findings, Gap, Known, Location, Resource};
use jiff::civil::Date;

use crate::{Facts, data::Release, settings::Declaration};

/// From so many days before its end on, a release wants to be replaced.
pub const NOTICE: i32 = 90;

/// After so many days, nobody can say that a row still holds.
pub const FRESH: i32 = 180;

/// What a row of the table says of a release on some day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It gets fixes, and goes on to.
    Full,
    /// It got fixes when the row was looked up, on this day; that is too long ago.
    Stale(Date),
    /// It gets fixes up to and including this day, which is near.
    EndsSoon(Date),
    /// Only those who declare extended support get fixes, up to and including this day.
    Extended(Date),
    /// It gets no more fixes.
    Ended {
        /// The last day with fixes; `None` when the product is discontinued and no date is known.
        on: Option<Date>,
        /// The last day of extended support, which may still be had.
        extended: Option<Date>,
    },
}

impl Support {
    /// What a row says on a day to those who have extended support, or have not; `notice` days before
    /// its end a release wants to be replaced.
    pub fn of(row: &Release, today: Date, has_extended: bool, notice: i32) -> Self {
        let extended = row.extended.filter(|it| *it >= today);
        match row.end {
            end if row.discontinued => Support::Ended { on: end, extended: None },
            Some(end) if end < today => match extended {
                Some(until) if has_extended => Support::Extended(until),
                extended => Support::Ended { on: Some(end), extended },
            },
            Some(end) if days(today, end) <= notice => Support::EndsSoon(end),
            _ if days(row.date, today) > FRESH => Support::Stale(row.date),
            _ => Support::Full,
        }
    }
}

/// Whole days from one day to a later one.
pub(crate) fn days(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

/// A release that something runs.
#[derive(Debug, Clone, Copy)]
pub struct Running<'a> {
    /// As the table calls the product.
    pub product: &'a str,
    /// Cut to as many parts as the table has.
    pub release: &'a str,
    /// As the cluster tells it.
    pub told: &'a str,
    /// Where it was read.
    pub resource: Resource,
    /// From so many days before its end on it wants to be replaced.
    pub notice: i32,
}

/// Reports what is wrong with the support of a release.
///
/// # Errors
///
/// When the table has no row for it.
pub fn judge(
    running: &Running<'_>,
    at: Location,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> Known<()> {
    let told = running.told;
    let Some(row) = facts.tables.release(running.product, running.release) else {
        return Err(untold(running.resource, told));
    };
    let has_extended = facts.settings.declares(Declaration::ExtendedSupport);
    match Support::of(row, facts.today(), has_extended, running.notice) {
        Support::Full => {}
        Support::Stale(date) => findings.warn(
            at,
            format!("is `{told}`, supported as far as was known on {date}: update the tool"),
        ),
        Support::EndsSoon(date) => {
            findings.warn(at, format!("is `{told}`, whose support ends on {date}"));
        }
        Support::Extended(date) => {
            findings.warn(at, format!("is `{told}`, with extended support only, until {date}"));
        }
        Support::Ended { on: None, .. } => {
            findings.fail(at, format!("is `{told}`, which is discontinued"));
        }
        Support::Ended { on: Some(date), extended: None } => {
            findings.fail(at, format!("is `{told}`, whose support ended on {date}"));
        }
        Support::Ended { on: Some(date), extended: Some(until) } => {
            let detail = format!(
                "is `{told}`, whose support ended on {date}; extended support until {until} is not \
                 declared"
            );
            findings.fail(at, detail);
        }
    }
    Ok(())
}

/// What cannot be looked up: no row has it.
pub fn untold(resource: Resource, told: &str) -> assay_model::Unknown {
    let message = format!("no table has the end of support of `{told}`");
    Gap::whole(resource, Cause::Inconclusive, message).into()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// Supported to the end of 2026, extended for a year, looked up at its beginning.
    fn row() -> Release {
        Release {
            product: "thing".to_owned(),
            release: Some("1".to_owned()),
            end: Some(date(2026, 12, 31)),
            extended: Some(date(2027, 12, 31)),
            discontinued: false,
            source: "https://example.org".to_owned(),
            date: date(2026, 1, 1),
        }
    }

    #[test]
    fn each_day_of_a_release() {
        let on = |today| Support::of(&row(), today, false, NOTICE);
        assert_eq!(on(date(2026, 2, 1)), Support::Full);
        assert_eq!(on(date(2026, 10, 3)), Support::EndsSoon(date(2026, 12, 31)), "89 days");
        assert_eq!(on(date(2026, 12, 31)), Support::EndsSoon(date(2026, 12, 31)), "the last day");
        let ended = |extended| Support::Ended { on: Some(date(2026, 12, 31)), extended };
        assert_eq!(on(date(2027, 1, 1)), ended(Some(date(2027, 12, 31))));
        assert_eq!(on(date(2028, 1, 1)), ended(None));
    }

    #[test]
    fn notice_is_given_from_the_ninetieth_day_before_the_end() {
        let fresh = Release { date: date(2026, 10, 1), ..row() };
        assert_eq!(Support::of(&fresh, date(2026, 10, 1), false, NOTICE), Support::Full, "91 days");
        let soon = Support::EndsSoon(date(2026, 12, 31));
        assert_eq!(Support::of(&fresh, date(2026, 10, 2), false, NOTICE), soon, "90 days");
    }

    #[test]
    fn extended_support_counts_for_those_who_declare_it() {
        let on = |today| Support::of(&row(), today, true, NOTICE);
        assert_eq!(on(date(2027, 1, 1)), Support::Extended(date(2027, 12, 31)));
        assert_eq!(on(date(2027, 12, 31)), Support::Extended(date(2027, 12, 31)));
        let ended = Support::Ended { on: Some(date(2026, 12, 31)), extended: None };
        assert_eq!(on(date(2028, 1, 1)), ended);
    }

    #[test]
    fn an_old_row_caps_a_pass_and_nothing_else() {
        let long = Release { end: Some(date(2030, 1, 1)), ..row() };
        let on = |row: &Release, today| Support::of(row, today, false, NOTICE);
        assert_eq!(on(&long, date(2026, 6, 30)), Support::Full, "180 days");
        assert_eq!(on(&long, date(2026, 7, 1)), Support::Stale(date(2026, 1, 1)), "181 days");
        assert!(matches!(on(&long, date(2030, 1, 2)), Support::Ended { .. }), "a fault stays");
    }

    #[test]
    fn a_discontinued_product_has_no_good_day() {
        let gone = Release { discontinued: true, end: None, extended: None, ..row() };
        let ended = Support::Ended { on: None, extended: None };
        assert_eq!(Support::of(&gone, date(2026, 1, 1), true, NOTICE), ended);
    }
}
