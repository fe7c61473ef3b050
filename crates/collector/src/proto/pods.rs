//! Pods, whose specs repeat: one that is written as one of the last few were is not decoded again.

use std::{borrow::Cow, sync::Arc};

use assay_model::{Meta, PodSpec};

use super::{
    pod_spec::{READ, SUFFIX, token_suffixes},
    wire::{Field, Fields, Malformed, Message},
};

/// What is read of one `core/v1 Pod`, its spec not yet decoded.
#[derive(Debug, Default)]
pub(crate) struct Pod<'a> {
    pub(crate) metadata: Meta,
    /// Empty while the pod waits for a node.
    pub(crate) node_name: Cow<'a, str>,
    pub(crate) phase: Cow<'a, str>,
    /// Of all containers; those that are not known yet are left out.
    pub(crate) image_ids: Vec<Cow<'a, str>>,
    spec: Option<Field<'a>>,
}

impl<'a> Pod<'a> {
    /// Reads one pod.
    pub(crate) fn read(pod: Fields<'a>) -> Result<Self, Malformed> {
        let mut read = Pod::default();
        pod.read(&mut read)?;
        Ok(read)
    }
}

impl<'a> Message<'a> for Pod<'a> {
    fn set(&mut self, field: Field<'a>) -> Result<(), Malformed> {
        match field.number {
            1 => field.merge(&mut self.metadata),
            2 => {
                self.spec = Some(field);
                Ok(())
            }
            3 => self.status(field),
            _ => Ok(()),
        }
    }
}

impl<'a> Pod<'a> {
    /// `core/v1 PodStatus`.
    fn status(&mut self, status: Field<'a>) -> Result<(), Malformed> {
        for field in status.fields()? {
            let field = field?;
            match field.number {
                1 => self.phase = field.text()?,
                // Statuses of containers, init containers and ephemeral ones; 7 is `imageID`.
                8 | 10 | 13 => {
                    let id = field.only(7)?.map(Field::text).transpose()?.unwrap_or_default();
                    if !id.is_empty() {
                        self.image_ids.push(id);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Its spec, masked; `share` is called for one that is not among the last ones.
    pub(crate) fn spec(
        &mut self,
        recent: &mut RecentSpecs,
        share: impl FnOnce(PodSpec) -> Arc<PodSpec>,
    ) -> Result<Arc<PodSpec>, Malformed> {
        let Some(spec) = self.spec else { return Ok(share(PodSpec::default())) };
        let bytes = spec.bytes()?;
        let written = &mut recent.written;
        written.clear();
        let mut fields = spec.fields()?;
        loop {
            let start = fields.at() - spec.at;
            let Some(field) = fields.next().transpose()? else { break };
            if READ.contains(&field.number) {
                written.extend_from_slice(&bytes[start..fields.at() - spec.at]);
            } else if field.number == 10 {
                self.node_name = field.text()?;
            }
        }
        recent.find(share)
    }
}

/// The last specs that were decoded.
///
/// A list comes sorted by namespace and name, so pods of one workload are neighbours and a few specs
/// are enough. They are compared byte by byte: no two specs are ever taken for one by a hash.
#[derive(Debug, Default)]
pub(crate) struct RecentSpecs {
    /// The last one met first.
    specs: Vec<Recent>,
    /// What is read of the one that is looked for.
    written: Vec<u8>,
}

#[derive(Debug)]
struct Recent {
    spec: Arc<PodSpec>,
    /// The fields of [`READ`].
    written: Vec<u8>,
    /// See [`token_suffixes`].
    suffixes: Vec<usize>,
}

/// How many are kept.
const MOST: usize = 16;
/// The longest that is kept, in bytes; so all of them are at most 1 MiB.
const LONGEST: usize = 64 * 1024;

impl RecentSpecs {
    fn find(
        &mut self,
        share: impl FnOnce(PodSpec) -> Arc<PodSpec>,
    ) -> Result<Arc<PodSpec>, Malformed> {
        if let Some(at) = self.specs.iter().position(|it| it.is_written(&self.written)) {
            self.specs[..=at].rotate_right(1);
            return Ok(Arc::clone(&self.specs[0].spec));
        }
        let mut spec = PodSpec::default();
        Fields::of(&self.written).read(&mut spec)?;
        spec.mask();
        let spec = share(spec);
        if self.written.len() <= LONGEST {
            let suffixes = token_suffixes(&self.written)?;
            let recent =
                Recent { spec: Arc::clone(&spec), written: self.written.clone(), suffixes };
            self.specs.truncate(MOST - 1);
            self.specs.insert(0, recent);
        }
        Ok(spec)
    }
}

impl Recent {
    /// Whether another spec has the same bytes but for the suffixes of token volumes.
    ///
    /// Tags and lengths are outside of the suffixes. So the other one has its fields in the same
    /// places, and names of token volumes where this one has them.
    fn is_written(&self, other: &[u8]) -> bool {
        if self.written.len() != other.len() {
            return false;
        }
        let mut from = 0;
        for &at in &self.suffixes {
            if self.written[from..at] != other[from..at] || !other[at..at + SUFFIX].is_ascii() {
                return false;
            }
            from = at + SUFFIX;
        }
        self.written[from..] == other[from..]
    }
}
