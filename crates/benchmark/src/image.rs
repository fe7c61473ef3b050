//! Image references: where a pod has them, and what they are made of.

use std::sync::Arc;

use assay_model::{Location, PodSpec, pod::VolumeSource};

/// An image reference, taken apart at `:` and `@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// Registry and path, as written: no registry or library is filled in.
    pub repository: &'a str,
    /// Empty when there is none.
    pub tag: &'a str,
    /// `sha256:…`; empty when there is none.
    pub digest: &'a str,
}

impl<'a> Reference<'a> {
    /// The parts of a reference. What follows the last colon is a tag unless it holds a slash: then
    /// the colon stands before the port of a registry.
    pub fn parse(written: &'a str) -> Self {
        let (bare, digest) = written.split_once('@').unwrap_or((written, ""));
        match bare.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => Reference { repository, tag, digest },
            _ => Reference { repository: bare, tag: "", digest },
        }
    }
}

/// Every image that a pod names, containers' first, and where; places without an image are left out,
/// for a template may leave it to others to fill them.
pub fn references(spec: &PodSpec) -> impl Iterator<Item = (Location, Arc<str>)> {
    let containers = spec.containers().map(|it| (it.field("image"), it.image.clone()));
    let volumes = spec.volumes.iter().enumerate().filter_map(|(index, volume)| {
        let VolumeSource::Image(it) = &volume.source else { return None };
        Some((Location::field(format!("volumes[{index}].image.reference")), it.reference.clone()))
    });
    containers.chain(volumes).filter(|(_, written)| !written.is_empty())
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn references_are_taken_apart() {
        let parts = |written| {
            let Reference { repository, tag, digest } = Reference::parse(written);
            (repository, tag, digest)
        };
        assert_eq!(parts("nginx"), ("nginx", "", ""));
        assert_eq!(parts("nginx:1.29"), ("nginx", "1.29", ""));
        assert_eq!(parts("registry:5000/nginx"), ("registry:5000/nginx", "", ""));
        assert_eq!(
            parts("registry:5000/nginx:1@sha256:ab"),
            ("registry:5000/nginx", "1", "sha256:ab")
        );
    }
}
