//! Steps of AdamW on a task. What a user may change while it runs is in [`Hand`]; the rest is set at the beginning.

use super::batch::Batch;
use super::files::Files;
use super::pass::{Angles, Outcome, Over, Pass};
use super::shape::{Shape, ShapeError};
use super::task::{Task, Use};
use super::vocabulary::Vocabulary;
use super::weights;
use crate::kernels::backward::{AdamW, add};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rayon::prelude::*;
use std::sync::Arc;

/// Parts of a batch that are worked on side by side. Fixed, so that a seed gives the same weights on any machine with
/// the same vectors, however many threads there are.
const PARTS: usize = 8;
/// Weights whose step one thread takes at once.
const TASK: usize = 16_384;
/// Steps over which the learning rate rises to what it is set to.
const WARM_UP: u64 = 20;
/// Longest gradient; a longer one is shortened to it.
const CLIP: f64 = 1.0;
/// Share of a weight, times the learning rate, that every step takes away.
const DECAY: f32 = 0.01;
/// Rows of the test.
const TEST_ROWS: usize = 32;

/// What is set at the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// What is learned
    pub task: Task,
    /// Blocks, 1 to 4
    pub layers: usize,
    /// Heads of a block
    pub heads: usize,
    /// Numbers of the residual stream
    pub width: usize,
    /// A gated MLP of twice the width in every block
    pub mlp: bool,
    /// Of the first weights and of every row
    pub seed: u64,
    /// What [`Task::Text`] reads
    pub text: Arc<[u8]>,
}

impl Default for Setup {
    /// The recipe that forms an induction head in a few hundred steps.
    fn default() -> Self {
        let text = Arc::default();
        Self { task: Task::Induction, layers: 2, heads: 4, width: 64, mlp: false, seed: 0, text }
    }
}

/// What may be changed between steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hand {
    /// Learning rate of AdamW
    pub rate: f32,
    /// Rows of a batch
    pub batch: usize,
    /// The task's size; in [`Task::Addition`] the one at the beginning stays
    pub size: usize,
}

impl Hand {
    /// What is known to work for a model.
    pub fn usual(setup: &Setup) -> Self {
        // Measured for a width of 64; a wider one sums over more and wants smaller steps
        let rate = 5e-3 * 64.0 / setup.width.max(64) as f32;
        let batch = if setup.task == Task::Addition { 256 } else { 32 };
        Self { rate, batch, size: setup.task.usual_size() }
    }
    /// With every value in the range that a step can be taken with.
    fn clamped(self, task: Task) -> Self {
        let (least, most) = task.sizes().into_inner();
        let rate = if self.rate.is_finite() { self.rate.clamp(0.0, 1.0) } else { 0.0 };
        Self { rate, batch: self.batch.clamp(1, 1024), size: self.size.clamp(least, most) }
    }
}

/// Training that cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrainError {
    /// Sizes that make no model
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// Nothing to read
    #[error("the text has {0} bytes: there is nothing to foretell")]
    NoText(usize),
    /// Numbers ran away
    #[error("the gradient of step {0} is no number")]
    Diverged(u64),
    /// The weights could not be written down
    #[error("cannot write the weights: {0}")]
    Files(String),
}

impl TrainError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Shape(ShapeError::Width { .. }) => "choose a width that is a multiple of twice the heads",
            Self::Shape(_) | Self::Files(_) => return None,
            Self::NoText(_) => "give a longer file with --text",
            Self::Diverged(_) => "lower the learning rate, and go back to an earlier checkpoint",
        })
    }
}

/// A moment of a training: enough to go on from it as if nothing had come after.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Steps taken
    pub step: u64,
    /// Tokens read so far
    pub tokens: u64,
    /// All weights, in the order of [`Shape::tensors`]
    pub weights: Arc<[f32]>,
    mean: Arc<[f32]>,
    square: Arc<[f32]>,
}

impl Checkpoint {
    /// Memory that it takes.
    pub fn bytes(&self) -> usize {
        3 * size_of_val(&*self.weights)
    }
}

/// What a live model's weights need to become files: the same at every step.
#[derive(Clone, Debug)]
pub struct Form {
    shape: Shape,
    vocabulary: Vocabulary,
    context: usize,
}

impl Form {
    /// The files of a model with these weights, in the order of [`Shape::tensors`].
    pub fn files(&self, weights: &[f32]) -> Result<Files, TrainError> {
        Files::new(&self.shape, weights, &self.vocabulary, self.context)
            .map_err(|error| TrainError::Files(error.to_string()))
    }
}

/// A model in training.
#[derive(Debug)]
pub struct Trainer {
    setup: Setup,
    shape: Shape,
    vocabulary: Vocabulary,
    /// Set at the beginning; see [`Hand::size`]
    modulus: usize,
    /// For the steps to come
    pub hand: Hand,
    step: u64,
    tokens: u64,
    weights: Vec<f32>,
    mean: Vec<f32>,
    square: Vec<f32>,
    passes: Vec<Pass>,
    angles: Angles,
    test: Batch,
}

impl Trainer {
    /// A model before its first step.
    pub fn new(setup: Setup, hand: Hand) -> Result<Self, TrainError> {
        if setup.task == Task::Text && setup.text.len() < 2 {
            return Err(TrainError::NoText(setup.text.len()));
        }
        let hand = hand.clamped(setup.task);
        let vocabulary = setup.task.vocabulary(hand.size);
        let shape = Shape {
            layers: setup.layers,
            heads: setup.heads,
            width: setup.width,
            mlp: if setup.mlp { 2 * setup.width } else { 0 },
            vocab: vocabulary.len(),
        };
        shape.check()?;
        let weights = weights::initial(&shape, setup.seed);
        let zeros = vec![0.0; weights.len()];
        let mut random = StdRng::seed_from_u64(setup.seed ^ TEST_SEED);
        let test = setup.task.batch(TEST_ROWS, hand.size, &setup.text, Use::Test, &mut random);
        Ok(Self {
            shape,
            vocabulary,
            modulus: hand.size,
            hand,
            step: 0,
            tokens: 0,
            mean: zeros.clone(),
            square: zeros,
            weights,
            passes: vec![Pass::default(); PARTS],
            angles: Angles::default(),
            test,
            setup,
        })
    }

    /// What was set at the beginning.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }
    /// The model's sizes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }
    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.step
    }
    /// Tokens read so far.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }
    /// All weights, in the order of [`Shape::tensors`].
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }
    /// Tokens that the saved model has room for.
    pub fn context(&self) -> usize {
        let (_, most) = self.setup.task.sizes().into_inner();
        self.setup.task.length(most).max(129)
    }
    /// The batch of the next step; the same for the same seed, step and size.
    pub fn next_batch(&self) -> Batch {
        let hand = self.hand.clamped(self.setup.task);
        let size = if self.setup.task == Task::Addition { self.modulus } else { hand.size };
        let mut random = StdRng::seed_from_u64(self.setup.seed.rotate_left(32) ^ (self.step + 1));
        self.setup.task.batch(hand.batch, size, &self.setup.text, Use::Training, &mut random)
    }

    /// One step. On an error the weights are those of before.
    pub fn step(&mut self) -> Result<Outcome, TrainError> {
        let batch = self.next_batch();
        let outcome = self.gradient(&batch);
        let (gradient, rest) = self.passes.split_at_mut(1);
        let gradient = &mut gradient[0].gradient;
        let squares: Vec<f64> = gradient
            .par_chunks_mut(TASK)
            .enumerate()
            .map(|(index, sum)| {
                for part in rest.iter().filter(|part| !part.gradient.is_empty()) {
                    add(&part.gradient[index * TASK..][..sum.len()], sum);
                }
                sum.iter().map(|&g| f64::from(g) * f64::from(g)).sum()
            })
            .collect();
        let norm = squares.iter().sum::<f64>().sqrt();
        if !norm.is_finite() {
            return Err(TrainError::Diverged(self.step + 1));
        }
        self.step += 1;
        self.tokens += (batch.rows() * batch.length) as u64;
        let warm = (self.step as f32 / WARM_UP as f32).min(1.0);
        let adam = AdamW {
            rate: self.hand.clamped(self.setup.task).rate * warm,
            betas: (0.9, 0.95),
            eps: 1e-8,
            decay: DECAY,
            clip: (CLIP / norm.max(CLIP)) as f32,
            step: self.step.min(1 << 30) as u32,
        };
        let moments = self.mean.par_chunks_mut(TASK).zip(self.square.par_chunks_mut(TASK));
        self.weights
            .par_chunks_mut(TASK)
            .zip(gradient.par_chunks(TASK))
            .zip(moments)
            .for_each(|((weights, gradient), (mean, square))| adam.update(weights, gradient, mean, square));
        Ok(outcome)
    }

    /// Leaves the gradient of the mean loss over a batch in the parts' passes.
    fn gradient(&mut self, batch: &Batch) -> Outcome {
        self.reach(batch.length);
        let over = Over { shape: &self.shape, weights: &self.weights, angles: &self.angles };
        let (rows, parts) = (batch.rows(), PARTS.min(batch.rows()));
        let share = 1.0 / batch.questions().max(1) as f32;
        for pass in &mut self.passes[parts..] {
            pass.gradient.clear();
        }
        let outcomes: Vec<Outcome> = self.passes[..parts]
            .par_iter_mut()
            .enumerate()
            .map(|(part, pass)| {
                let own = part * rows / parts..(part + 1) * rows / parts;
                pass.train(over, batch.part(own), share)
            })
            .collect();
        outcomes.into_iter().fold(Outcome::default(), Outcome::and)
    }

    /// The mean loss over a batch and its gradient, in the order of [`Shape::tensors`].
    pub fn loss_and_gradient(&mut self, batch: &Batch) -> (f64, Vec<f32>) {
        let outcome = self.gradient(batch);
        let mut sum = vec![0.0; self.shape.parameters()];
        for pass in self.passes.iter().filter(|pass| !pass.gradient.is_empty()) {
            add(&pass.gradient, &mut sum);
        }
        (outcome.loss / outcome.asked.max(1) as f64, sum)
    }

    /// How it does on rows that it is not trained on, the same ones every time.
    pub fn evaluate(&mut self) -> Outcome {
        self.reach(self.test.length);
        let over = Over { shape: &self.shape, weights: &self.weights, angles: &self.angles };
        let (test, rows) = (&self.test, self.test.rows());
        let outcomes: Vec<Outcome> = self
            .passes
            .par_iter_mut()
            .enumerate()
            .map(|(part, pass)| {
                pass.evaluate(over, test.part(part * rows / PARTS..(part + 1) * rows / PARTS))
            })
            .collect();
        outcomes.into_iter().fold(Outcome::default(), Outcome::and)
    }

    /// Logits of every token of one row, [token, vocab]. Ids must be of the vocabulary.
    pub fn logits(&mut self, ids: &[u32]) -> Vec<f32> {
        self.reach(ids.len());
        let mut batch = Batch::new(ids.len());
        let row: Vec<_> = ids.iter().map(|&id| (id, false)).collect();
        batch.push(&row);
        let over = Over { shape: &self.shape, weights: &self.weights, angles: &self.angles };
        self.passes[0].logits(over, batch.part(0..1)).to_vec()
    }

    /// Angles for rows of this length.
    fn reach(&mut self, length: usize) {
        if self.angles.length() < length {
            self.angles = Angles::new(self.shape.head_dim(), length);
        }
    }

    /// This moment, to come back to.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            step: self.step,
            tokens: self.tokens,
            weights: self.weights.as_slice().into(),
            mean: self.mean.as_slice().into(),
            square: self.square.as_slice().into(),
        }
    }
    /// Goes back (or on) to a moment of this training; the next step is the one that followed it.
    pub fn rewind(&mut self, to: &Checkpoint) {
        self.weights.copy_from_slice(&to.weights);
        self.mean.copy_from_slice(&to.mean);
        self.square.copy_from_slice(&to.square);
        (self.step, self.tokens) = (to.step, to.tokens);
    }
    /// The files of a model with these weights, in the order of [`Shape::tensors`].
    pub fn files(&self, weights: &[f32]) -> Result<Files, TrainError> {
        self.form().files(weights)
    }
    /// What its weights need to become files.
    pub fn form(&self) -> Form {
        Form { shape: self.shape, vocabulary: self.vocabulary.clone(), context: self.context() }
    }
}

/// Sets the test's rows apart from those that are trained on.
const TEST_SEED: u64 = 0x7E57_7E57_7E57_7E57;
