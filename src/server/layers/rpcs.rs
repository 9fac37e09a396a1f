//! Every rpc that is served, and how it is treated.

use std::collections::HashMap;

use prost::Message as _;
use prost_types::FileDescriptorSet;

use crate::{api::DESCRIPTORS, server::security::Role};

/// The rpc whose request carries a page.
pub(in crate::server) const PAGE_PATH: &str = "/bayeswire.v1.ClassificationService/ClassifyPage";

/// Which rules hold for an rpc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Group {
    /// The health service: has no limit and may be open to everybody.
    Health,
    /// Reflection: has no limit and may be open to everybody.
    Reflection,
    /// All others.
    Work,
}

/// One rpc.
#[derive(Debug)]
pub(in crate::server) struct Rpc {
    /// `/package.Service/Method`, or `other` for whatever else is called.
    pub(in crate::server) path: Box<str>,
    pub(in crate::server) group: Group,
    /// Whether it answers with a stream.
    pub(super) streams: bool,
    /// What the caller must be.
    pub(in crate::server) role: Role,
}

/// Rpcs by path. Made from the descriptors, so that a new rpc needs no entry anywhere.
#[derive(Debug)]
pub(in crate::server) struct RpcTable {
    rpcs: Vec<Rpc>,
    by_path: HashMap<Box<str>, usize, rapidhash::fast::GlobalState>,
}

impl RpcTable {
    /// All that this server serves.
    ///
    /// # Errors
    /// When a descriptor cannot be decoded: a bug.
    pub(in crate::server) fn new() -> Result<Self, prost::DecodeError> {
        Self::of(&[
            DESCRIPTORS,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ])
    }

    pub(super) fn of(descriptors: &[&[u8]]) -> Result<Self, prost::DecodeError> {
        let mut table = Self { rpcs: vec![Rpc::new("", "", false)], by_path: HashMap::default() };
        for bytes in descriptors {
            for file in FileDescriptorSet::decode(*bytes)?.file {
                for service in &file.service {
                    let name = format!("{}.{}", file.package(), service.name());
                    for method in &service.method {
                        let rpc = Rpc::new(&name, method.name(), method.server_streaming());
                        if table.by_path.insert(rpc.path.clone(), table.rpcs.len()).is_none() {
                            table.rpcs.push(rpc);
                        }
                    }
                }
            }
        }
        Ok(table)
    }

    /// The index of the rpc at `path`; 0 for what is not served.
    pub(super) fn index(&self, path: &str) -> usize {
        self.by_path.get(path).copied().unwrap_or(0)
    }

    pub(in crate::server) fn get(&self, index: usize) -> &Rpc {
        // `index` is from `index()`; the first entry stands for all that is unknown.
        self.rpcs.get(index).unwrap_or(&self.rpcs[0])
    }

    pub(in crate::server) fn iter(&self) -> impl Iterator<Item = &Rpc> {
        self.rpcs.iter()
    }
}

impl Rpc {
    /// Whether its request carries a page, which may be longer than other requests.
    pub(super) fn takes_page(&self) -> bool {
        &*self.path == PAGE_PATH
    }

    pub(in crate::server) fn new(service: &str, method: &str, streams: bool) -> Self {
        let group = match service {
            "grpc.health.v1.Health" => Group::Health,
            "grpc.reflection.v1.ServerReflection" | "grpc.reflection.v1alpha.ServerReflection" => {
                Group::Reflection
            }
            _ => Group::Work,
        };
        let reads = ["Get", "List", "LookUp"].iter().any(|verb| method.starts_with(verb));
        let role = match service {
            "bayeswire.v1.ModelService" if !reads => Role::Operate,
            _ => Role::Classify,
        };
        Self {
            path: if service.is_empty() { "other".into() } else { format!("/{service}/{method}").into() },
            group,
            streams,
            role,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_is_known_by_its_descriptor() {
        let table = RpcTable::new().unwrap();
        let get = |path: &str| table.get(table.index(path));
        let classify = get("/bayeswire.v1.ClassificationService/ClassifyArticle");
        assert_eq!((classify.group, classify.streams, classify.role), (Group::Work, false, Role::Classify));
        let watch = get("/grpc.health.v1.Health/Watch");
        assert_eq!((watch.group, watch.streams), (Group::Health, true));
        for version in ["v1", "v1alpha"] {
            let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
            assert_eq!(get(&path).group, Group::Reflection);
        }
        assert_eq!(&*get("/what/Ever").path, "other");
    }

    #[test]
    fn only_what_changes_a_server_needs_the_role_of_an_operator() {
        for (method, role) in [
            ("GetServerInfo", Role::Classify),
            ("ListModelRevisions", Role::Classify),
            ("LookUpTerm", Role::Classify),
            ("ActivateModelRevision", Role::Operate),
            ("RollbackModel", Role::Operate),
            ("DoWhatever", Role::Operate),
        ] {
            assert_eq!(Rpc::new("bayeswire.v1.ModelService", method, false).role, role, "{method}");
        }
        assert_eq!(Rpc::new("inference.GRPCInferenceService", "ModelInfer", false).role, Role::Classify);
    }
}
