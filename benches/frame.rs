//! Claim: a frame of 1024 tokens × 144 heads takes at most 4 ms of the CPU, laying out and tessellating included.

use divan::{Bencher, black_box};
use mnemoscope::{
    app::{
        Opening, Window, command::Command, session::Session, settings::Settings, state::State, worker::Post,
    },
    engine::{self, Job, ModelSource, Prompt, RunOptions},
};
use rand::{Rng as _, SeedableRng as _};
use std::{collections::HashMap, path::Path, sync::Arc};

const TOKENS: u32 = 1024;
const LAYERS: usize = 12;
const WIDTH: usize = 96;
const VOCAB: usize = 1024;

fn main() {
    divan::main();
}

/// The window at rest: every map at hand, nothing pointed at.
#[divan::bench(sample_count = 50)]
fn at_rest(bencher: Bencher<'_, '_>) {
    let mut stage = Stage::new();
    bencher.bench_local(move || stage.frame(Vec::new()));
}

/// The pointer wanders over the map: rows are recomputed, every view follows.
#[divan::bench(sample_count = 50)]
fn pointer_on_the_map(bencher: Bencher<'_, '_>) {
    let mut stage = Stage::new();
    let mut step = 0.0;
    bencher.bench_local(move || {
        step = (step + 7.0) % 300.0;
        stage.frame(vec![egui::Event::PointerMoved(egui::pos2(1150.0 + step, 300.0 + step))])
    });
}

/// Another head each frame: a new map.
#[divan::bench(sample_count = 50)]
fn another_head(bencher: Bencher<'_, '_>) {
    let mut stage = Stage::new();
    let mut head = 0;
    bencher.bench_local(move || {
        head = (head + 1) % 144;
        let id = mnemoscope::model::HeadId { layer: head / 12, head: head % 12 };
        let ctx = stage.ctx.clone();
        stage.window.apply(&ctx, Command::SelectHead(id));
        stage.frame(Vec::new())
    });
}

struct Stage {
    ctx: egui::Context,
    window: Window,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for a model");
        write_model(folder.path());
        let model = engine::load(&ModelSource::Path(folder.path().to_owned()), &Job::new()).expect("a model");
        let ids = Prompt::Ids((0..TOKENS).map(|i| i * 7 % VOCAB as u32).collect());
        let trace =
            engine::run(&model, &ids, &RunOptions::default(), &Job::new(), &mut |_| {}).expect("a run");
        let ctx = egui::Context::default();
        let (post, inbox) = Post::new();
        let mut session = Session::new(post);
        session.show_run(Arc::new(model), trace);
        let state = State::default();
        let opening = Opening { settings: Settings::default(), state, session, inbox, stopwatch: None };
        let window = Window::new(&ctx, opening);
        let mut stage = Self { ctx, window };
        // Until the worker has brought every tile in sight
        for _ in 0..50 {
            stage.frame(Vec::new());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        stage
    }

    fn frame(&mut self, events: Vec<egui::Event>) -> usize {
        let screen_rect = Some(egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1920.0, 1080.0)));
        let input = egui::RawInput { screen_rect, events, ..Default::default() };
        let window = &mut self.window;
        let mut output = self.ctx.run_ui(input, |ui| window.draw(ui));
        let shapes = std::mem::take(&mut output.shapes);
        let meshes = self.ctx.tessellate(shapes, output.pixels_per_point);
        output.drop_without_applying_deltas();
        black_box(meshes.len())
    }
}

/// GPT-2 in miniature: as many layers and heads as the small one, random weights.
fn write_model(folder: &Path) {
    let config = serde_json::json!({
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": VOCAB, "n_positions": TOKENS,
        "n_embd": WIDTH, "n_layer": LAYERS, "n_head": 12, "layer_norm_epsilon": 1e-5,
    });
    let mut random = rand::rngs::StdRng::seed_from_u64(1);
    let mut tensors: HashMap<String, (Vec<usize>, Vec<u8>)> = HashMap::new();
    let mut add = |name: String, shape: &[usize]| {
        let n: usize = shape.iter().product();
        let bytes = (0..n).flat_map(|_| random.random_range(-0.2_f32..0.2).to_le_bytes()).collect();
        tensors.insert(name, (shape.to_vec(), bytes));
    };
    add("transformer.wte.weight".into(), &[VOCAB, WIDTH]);
    add("transformer.wpe.weight".into(), &[TOKENS as usize, WIDTH]);
    let mut norms = vec!["transformer.ln_f".to_owned()];
    for layer in 0..LAYERS {
        let h = format!("transformer.h.{layer}");
        norms.extend([format!("{h}.ln_1"), format!("{h}.ln_2")]);
        for (name, rows, columns) in [
            ("attn.c_attn", WIDTH, 3 * WIDTH),
            ("attn.c_proj", WIDTH, WIDTH),
            ("mlp.c_fc", WIDTH, 4 * WIDTH),
            ("mlp.c_proj", 4 * WIDTH, WIDTH),
        ] {
            add(format!("{h}.{name}.weight"), &[rows, columns]);
            add(format!("{h}.{name}.bias"), &[columns]);
        }
    }
    for norm in norms {
        add(format!("{norm}.weight"), &[WIDTH]);
        add(format!("{norm}.bias"), &[WIDTH]);
    }
    let views = tensors.iter().map(|(name, (shape, bytes))| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes);
        (name.as_str(), view.expect("shape and bytes agree"))
    });
    safetensors::serialize_to_file(views, None, &folder.join("model.safetensors")).expect("weights written");
    let file = std::fs::File::create(folder.join("config.json")).expect("config written");
    serde_json::to_writer(file, &config).expect("config written");
}
