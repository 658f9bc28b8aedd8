//! From a configuration and named tensors to a network: by the class it names, by inference, or by what it stands on.

use super::config::Config;
use super::error::{LoadError, SpecError};
use super::families;
use super::formats::Tensors;
use super::spec::HeadSpec;
use super::transformer::Network;
use super::warning::Warning;
use super::weights::Weights;
use std::path::Path;
use std::sync::Arc;

/// The network, and what a user should know of how it was made out; where names do not fit, once more without what a
/// training program put before them.
pub(super) fn network(
    config: &Config,
    file: &Path,
    tensors: &Tensors,
) -> Result<(Network, Vec<Warning>), LoadError> {
    let first = as_named(config, file, tensors);
    let lacking = |error: &LoadError| {
        matches!(
            error,
            LoadError::Missing { .. } | LoadError::Config { source: SpecError::NotInferred { .. }, .. }
        )
    };
    if !first.as_ref().is_err_and(lacking) {
        return first;
    }
    let mut wrappers = std::iter::successors(tensors.unwrapped(), Tensors::unwrapped).take(MOST_WRAPPERS);
    wrappers.find_map(|own| as_named(config, file, &own).ok()).map_or(first, Ok)
}

/// How many words a training program may put before names: `module.model.`.
const MOST_WRAPPERS: usize = 4;

/// The network of tensors whose names are as the class has them.
fn as_named(config: &Config, file: &Path, tensors: &Tensors) -> Result<(Network, Vec<Warning>), LoadError> {
    let refused = |source| LoadError::Config { file: file.to_owned(), source };
    match families::recognise(config) {
        Ok((family, mut spec)) => {
            let weights = Weights::gather(family, &spec, config, tensors)?;
            // Files of such a class may be saved without what was asked beside the words
            if let HeadSpec::MaskedToken { pair, .. } = &mut spec.head
                && !(weights.has("pair.0.W") && weights.has("pair.1.W"))
            {
                *pair = None;
            }
            Ok((Network { spec: Arc::new(spec), weights }, Vec::new()))
        }
        Err(unknown @ (SpecError::Unknown(_) | SpecError::Unnamed)) => {
            let found = match families::infer::read(config, tensors) {
                Ok(found) => found,
                Err(reason) => {
                    let reason = refused(SpecError::NotInferred { unknown: Box::new(unknown), reason });
                    return base(config, tensors).ok_or(reason);
                }
            };
            let names = found.names.into_iter().collect::<Vec<_>>();
            let rows = names.iter().map(|(named, rows)| (named, Some(rows.clone())));
            let weights = Weights::of_rows(&found.spec, tensors, rows)?;
            Ok((Network { spec: Arc::new(found.spec), weights }, found.notes))
        }
        Err(error) => Err(refused(error)),
    }
}

/// What a class that is not known stands on, where its family is known: its hidden states without its head.
fn base(config: &Config, tensors: &Tensors) -> Option<(Network, Vec<Warning>)> {
    families::bases(config).find_map(|(family, own, spec)| {
        let weights = Weights::gather(family, &spec, &own, tensors).ok()?;
        let note = Warning::WithoutHead {
            class: config.architecture().unwrap_or_default().to_owned(),
            base: spec.architecture.clone(),
            unread: weights.unused().len(),
        };
        Some((Network { spec: Arc::new(spec), weights }, vec![note]))
    })
}
