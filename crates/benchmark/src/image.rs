//! Image references: where a pod has them, and what they are made of.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use assay_model::{Inventory, Known, Location, PodSpec, Scope, pod::VolumeSource, workload::Live};

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

/// Registry and path of a repository, with what a runtime fills in: `docker.io/library/nginx` for
/// `nginx`. What comes before the first slash is a registry if it has a dot or a port, or is
/// `localhost`.
pub fn full_repository(repository: &str) -> String {
    let named = |it: &str| it.contains(['.', ':']) || it == "localhost";
    match repository.split_once('/') {
        Some(("index.docker.io", path)) => full_repository(path),
        Some((registry, _)) if named(registry) => repository.to_owned(),
        Some(_) => format!("{DOCKER_HUB}/{repository}"),
        None => format!("{DOCKER_HUB}/library/{repository}"),
    }
}

/// Where an image comes from that names no registry.
const DOCKER_HUB: &str = "docker.io";

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

/// An image that some pods run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// As written.
    pub written: Arc<str>,
    /// Registry and path, in full.
    pub repository: String,
    /// `latest` where neither a tag nor a digest is written; empty where only a digest is.
    pub tag: String,
    /// As written, or else as the runtime says it pulled; empty when it does not say for certain.
    pub digests: BTreeSet<Arc<str>>,
}

/// The images that some pods run.
///
/// A runtime's answers are kept without the container that they are for: an image of a repository
/// that the pod names only once is that one.
pub fn running(live: &Live) -> Vec<Running> {
    let written: BTreeSet<Arc<str>> = references(&live.spec).map(|(_, it)| it).collect();
    let repository_of = |it: &str| full_repository(Reference::parse(it).repository);
    let of_repository =
        |wanted: &str| written.iter().filter(|it| repository_of(it) == wanted).count();
    let images = written.iter().map(|written| {
        let image = Reference::parse(written);
        let repository = full_repository(image.repository);
        let digests = match image.digest {
            "" if of_repository(&repository) == 1 => pulled(&repository, live),
            "" => BTreeSet::new(),
            digest => BTreeSet::from([digest.into()]),
        };
        let tag = match (image.tag, image.digest) {
            ("", "") => "latest",
            (tag, _) => tag,
        };
        Running { written: written.clone(), repository, tag: tag.to_owned(), digests }
    });
    images.collect()
}

/// What each tag was pulled as, wherever it runs.
#[derive(Debug)]
pub struct Digests {
    of: BTreeMap<(String, String), BTreeSet<Arc<str>>>,
    read: Known<()>,
}

impl Digests {
    pub(crate) fn of(inventory: &Inventory) -> Self {
        let mut of: BTreeMap<(String, String), BTreeSet<Arc<str>>> = BTreeMap::new();
        let read = inventory.workloads.each(Scope::Cluster, |workload| {
            for image in workload.live.iter().flat_map(running).filter(Running::is_by_tag) {
                of.entry((image.repository, image.tag)).or_default().extend(image.digests);
            }
            workload.live_read.clone()
        });
        Digests { of, read }
    }

    /// Whether the tag of an image stands for several digests in the cluster.
    ///
    /// # Errors
    ///
    /// When one was seen, and not all pods were read.
    pub fn differ(&self, image: &Running) -> Known<bool> {
        let digests = self.of.get(&(image.repository.clone(), image.tag.clone()));
        if digests.is_some_and(|it| it.len() > 1) {
            return Ok(true);
        }
        self.read.clone().map(|()| false)
    }
}

impl Running {
    /// Whether the registry decides what it is, each time that it is pulled.
    pub fn is_by_tag(&self) -> bool {
        Reference::parse(&self.written).digest.is_empty()
    }
}

/// The digests that the runtime says it pulled from a repository.
fn pulled(repository: &str, live: &Live) -> BTreeSet<Arc<str>> {
    let pulled = live.image_ids.iter().filter_map(|id| {
        let id = id.rsplit_once("://").map_or(&**id, |(_, it)| it);
        let (from, digest) = id.split_once('@')?;
        (full_repository(from) == repository).then(|| digest.into())
    });
    pulled.collect()
}

#[cfg(test)]
mod tests {
    use super::{Reference, full_repository};

    #[test]
    fn registries_are_filled_in() {
        assert_eq!(full_repository("nginx"), "docker.io/library/nginx");
        assert_eq!(full_repository("bitnami/redis"), "docker.io/bitnami/redis");
        assert_eq!(full_repository("index.docker.io/library/nginx"), "docker.io/library/nginx");
        assert_eq!(full_repository("registry:5000/nginx"), "registry:5000/nginx");
        assert_eq!(full_repository("localhost/web"), "localhost/web");
    }

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
