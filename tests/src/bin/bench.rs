//! placeholder
use anyhow::Result;
fn main() -> Result<()> {
    assay_tests::scale::relay()
}
