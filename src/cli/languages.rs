//! Which languages a prompt is in and is to be written in: options of every command that runs a model.

use crate::engine::Languages;

/// Languages of source and target.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct LanguageArg {
    /// Language of the prompt, for models that mark it: a code such as en, en_XX or eng_Latn (default: as the model's files say)
    #[arg(long, value_name = "CODE", conflicts_with = "ids")]
    source_lang: Option<String>,

    /// Language to write in, for models that mark it (default: as the model's files say)
    #[arg(long, value_name = "CODE")]
    target_lang: Option<String>,
}

impl LanguageArg {
    /// As a recipe names them.
    pub(super) fn of(source_lang: Option<String>, target_lang: Option<String>) -> Self {
        Self { source_lang, target_lang }
    }

    /// What the engine calls them.
    pub(super) fn read(&self) -> Languages {
        Languages { source: self.source_lang.clone(), target: self.target_lang.clone() }
    }

    /// Whether one was given.
    pub(super) fn is_given(&self) -> bool {
        self.source_lang.is_some() || self.target_lang.is_some()
    }
}
