//! What views take that are not of the run alone: memory, circuits, the atlas, a second run, recall.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use crate::analysis::circuits::{CircuitOptions, Kind};
use crate::analysis::{Beneath, LensTint, NormsOf, Picture, Tint};
use crate::engine::{
    self, AtlasOptions, Axes, Beside, CurvePair, HiddenLook, LensLook, Links, Paths, Policy, Reading,
    RecallAsked, RecallOptions, Template, Texts, View, ViewAsk,
};
use crate::model::Model;
use crate::trace::{Intervention, Trace};

use super::cache::policy;
use super::console::Console;
use super::recall::share;
use super::shared::{Second, Told, names, usage};

/// Options of single views.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct MoreArgs {
    /// Of the views river and memory: by which picture
    #[arg(long, requires = "view", value_parser = names::<Picture>(), default_value = "contributions")]
    picture: Picture,

    /// Of the views memory and honesty: the block after which it is looked at, from 0 (default: the last)
    #[arg(long, value_name = "LAYER", requires = "view")]
    layer: Option<usize>,

    /// Of the view honesty: which edges to a source token are cut, from all others or from the asked one alone
    #[arg(long, requires = "view", value_parser = names::<Paths>(), default_value = "all")]
    paths: Paths,

    /// Of the view tokens: what they are tinted by; row: the weights that --at gives them in the head of --pick
    #[arg(long, requires = "view", value_parser = names::<Tint>(), default_value = "row")]
    tinted_by: Tint,

    /// Of the view tokens: what stands under each
    #[arg(long, requires = "view", value_parser = names::<Beneath>(), default_value = "nothing")]
    beneath: Beneath,

    /// Of the view tensor: the weight, as `info --tensors` names it (default: the first)
    #[arg(long, value_name = "NAME", requires = "view")]
    tensor: Option<String>,

    /// Of the view lens: what it is tinted by, and says beside each word
    #[arg(long, requires = "view", value_parser = names::<LensTint>(), default_value = "probability")]
    tint: LensTint,

    /// Of the view lens: without the final norm
    #[arg(long, requires = "view")]
    raw: bool,

    /// Of the view states: any activation with a row a token, such as blocks.3.attn.hook_z (default: --stream)
    #[arg(long, value_name = "NAME", requires = "view", conflicts_with = "stream")]
    hook: Option<String>,

    /// Of the view states: dimensions by their variance over the tokens, the greatest first
    #[arg(long, requires = "view")]
    by_variance: bool,

    /// Of the view similarity: one token's states on every two streams (the token is --at)
    #[arg(long, requires = "view")]
    between_layers: bool,

    /// Of the view norms: whose lengths
    #[arg(long, requires = "view", value_parser = names::<NormsOf>(), default_value = "stream")]
    norms_of: NormsOf,

    /// Of the view cache: what is kept, as `cache --keep` reads it
    #[arg(long, value_name = "POLICY", requires = "view", default_value = "all", value_parser = policy)]
    keep: Policy,

    /// Of the view circuits: words with what the first block's MLP makes of each
    #[arg(long, requires = "view")]
    after_mlp: bool,

    /// Of the view circuits: values as they are, not less their mean
    #[arg(long, requires = "view")]
    plain: bool,

    /// Of the view circuits: the least entries
    #[arg(long, requires = "view")]
    lowest: bool,

    /// Of the view composition: what of the later head reads
    #[arg(long, requires = "view", default_value = "k", value_parser = names::<Kind>())]
    kind: Kind,

    /// Of the view composition: with the norms' weights and centring
    #[arg(long, requires = "view")]
    folded: bool,

    /// Of the view composition: less what random weights score
    #[arg(long, requires = "view")]
    above_random: bool,

    /// Of the view composition: the score from which on a line is drawn (default: what leaves 24 lines)
    #[arg(long, value_name = "SCORE", requires = "view")]
    from: Option<f64>,

    #[command(flatten)]
    pub(super) told: Told,

    /// Of the view atlas: text file or folder to read (default: a few built-in sentences)
    #[arg(long, value_name = "FILE", requires = "view", conflicts_with = "atlas")]
    corpus: Option<PathBuf>,

    /// Of the view atlas: read the prompt alone
    #[arg(long, requires = "view", conflicts_with_all = ["atlas", "corpus"])]
    own_text: bool,

    /// Of the view atlas: passages of the corpus at most
    #[arg(long, value_name = "N", requires = "view", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    passages: u32,

    /// Of the view atlas: the score or measure across
    #[arg(long, value_name = "MEASURE", requires = "view", default_value = "previous_stripe")]
    x: String,

    /// Of the view atlas: the score or measure up
    #[arg(long, value_name = "MEASURE", requires = "view", default_value = "induction_stripe")]
    y: String,

    /// Of the view atlas: colour heads by the cluster that they are in
    #[arg(long, requires = "view")]
    alike: bool,

    /// Of the views of recall: tokens of context, with commas between
    #[arg(long, value_name = "N", requires = "view", value_delimiter = ',', default_value = "32,64,128", value_parser = clap::value_parser!(u32).range(1..))]
    lengths: Vec<u32>,

    /// Of the views of recall: where the fact stands, from 0 to 1, with commas between
    #[arg(long, value_name = "SHARE", requires = "view", value_delimiter = ',', default_value = "0,0.25,0.5,0.75,1", value_parser = share)]
    depths: Vec<f64>,

    /// Of the views of recall: in which words to ask
    #[arg(long, requires = "view", value_parser = names::<Template>())]
    template: Option<Template>,

    /// Of the views of recall: questions for each length and depth; of the view twice: sequences
    #[arg(long, value_name = "N", requires = "view", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    trials: u32,

    /// Of the view twice: random tokens that are read, and then read again
    #[arg(long, value_name = "N", requires = "view", default_value_t = 32)]
    repeat: usize,

    #[command(flatten)]
    pub(super) second: Second,
}

impl MoreArgs {
    /// The same view with what these options say.
    pub(super) fn fill(&self, ask: ViewAsk, trace: &Trace) -> anyhow::Result<ViewAsk> {
        let hook = self.hook.as_deref().map(|name| {
            trace.spec.hook(name).with_context(|| {
                format!("`{name}` is no activation of {}; docs/hooks.md lists their names", trace.model_name)
            })
        });
        let hook = hook.transpose()?;
        if let Some((hook, layer)) = hook.filter(|(hook, _)| !hook.has_rows()) {
            let name = trace.spec.hook_name(hook, layer);
            anyhow::bail!("{name} has no row a token of numbers: `export --what` writes it as an array");
        }
        let hidden = HiddenLook {
            hook,
            by_variance: self.by_variance,
            between_layers: self.between_layers,
            norms: self.norms_of,
        };
        Ok(ViewAsk {
            hidden,
            picture: self.picture,
            layer: self.layer,
            paths: self.paths,
            tint: self.tinted_by,
            beneath: self.beneath,
            tensor: self.tensor.clone(),
            lens: LensLook { tint: self.tint, raw: self.raw },
            policy: self.keep.clone(),
            circuits: CircuitOptions { after_mlp: self.after_mlp, plain: self.plain },
            least: self.lowest,
            links: Links {
                kind: self.kind,
                folded: self.folded,
                above_random: self.above_random,
                threshold: self.from,
            },
            axes: Axes { x: self.x.clone(), y: self.y.clone(), alike: self.alike },
            ..ask
        })
    }

    /// What recall is asked.
    fn recall(&self, interventions: Vec<Intervention>) -> RecallOptions {
        RecallOptions {
            template: self.template,
            lengths: self.lengths.iter().map(|&length| length as usize).collect(),
            depths: self.depths.clone(),
            trials: self.trials as usize,
            seed: 0,
            memory_budget: None,
            interventions,
            distractors: None,
        }
    }

    /// Finds out what a view shows that is not of the run; a second run comes with the first.
    pub(super) fn beside(
        &self,
        view: View,
        (model, trace): (Option<&Model>, &Trace),
        interventions: Vec<Intervention>,
        console: &mut Console,
    ) -> anyhow::Result<Beside> {
        let needed = || anyhow::Error::from(engine::ViewError::NeedsModel);
        Ok(match view {
            View::Recall | View::Distance => {
                let options = self.recall(interventions);
                Beside::Recall(engine::recall(model.ok_or_else(needed)?, &options, &console.job())?)
            }
            View::Others | View::Carriers | View::Masked if !interventions.is_empty() => {
                let what = "facts about others, and cutting heads, are asked of the model as it is: without --intervene";
                return Err(usage(clap::error::ErrorKind::ArgumentConflict, what));
            }
            View::Others => {
                let (model, options) = (model.ok_or_else(needed)?, self.recall(interventions));
                let found = engine::among_others(model, &options, None, &console.job())?;
                Beside::Others(RecallAsked::of(model, &options), found)
            }
            View::Carriers | View::Masked => {
                let (model, options) = (model.ok_or_else(needed)?, self.recall(interventions));
                let found = engine::carriers(model, &options, &console.job())?;
                Beside::Carriers(RecallAsked::of(model, &options), Arc::new(found))
            }
            View::Twice => {
                let reading = Reading::Repeat { period: self.repeat, trials: self.trials as usize, seed: 0 };
                let model = model.ok_or_else(needed)?;
                Beside::Twice(Arc::new(CurvePair::new(model, &reading, interventions, &console.job())?))
            }
            View::Atlas => {
                let atlas = if let Some(path) = &self.told.atlas {
                    engine::open_atlas(path)?
                } else {
                    let texts = match &self.corpus {
                        Some(path) => Texts::Corpus(path.clone()),
                        None if self.own_text => Texts::Prompt(trace.prompt.clone()),
                        None => Texts::BuiltIn,
                    };
                    let passages = self.passages as usize;
                    let options = AtlasOptions { texts, passages, interventions, ..AtlasOptions::default() };
                    engine::atlas(model.ok_or_else(needed)?, &options, &console.job())?
                };
                Beside::Atlas(Arc::new(atlas))
            }
            View::Training | View::Trained | View::Step => {
                let words = "a training is drawn as it is made: `mnemoscope train` with --curves, --maps or --numbers FILE";
                return Err(usage(clap::error::ErrorKind::ValueValidation, words));
            }
            View::Timeline => {
                let words = "a timeline is drawn by its own command: `mnemoscope timeline FOLDER -o FILE`";
                return Err(usage(clap::error::ErrorKind::ValueValidation, words));
            }
            _ => Beside::None,
        })
    }
}
