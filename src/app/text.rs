//! Every word on screen, by meaning. Another language is another `Words` and another `command` table.

use super::command::CommandKind;
use crate::model::Part;

/// One language.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is its own English text, below")]
pub struct Words {
    pub model: &'static str,
    pub prompt: &'static str,
    pub prompt_hint: &'static str,
    pub tokens: &'static str,
    pub source: &'static str,
    pub target: &'static str,
    pub target_hint: &'static str,
    /// Tokens down and across.
    pub token_grid: fn(usize, usize) -> String,
    /// Tokens read and written.
    pub token_flow: fn(usize, usize) -> String,
    pub token_count: fn(usize) -> String,
    pub examples: &'static str,
    pub embedded: &'static str,
    pub layers_heads: &'static str,
    pub parameters: &'static str,
    pub context: &'static str,
    pub context_tokens: fn(usize) -> String,
    pub unlimited: &'static str,
    pub file: &'static str,
    pub edit: &'static str,
    pub view: &'static str,
    pub help: &'static str,
    pub export: &'static str,
    pub run: &'static str,
    pub cancel: &'static str,
    pub live: &'static str,
    pub live_why: &'static str,
    pub chat: &'static str,
    pub chat_why: &'static str,
    pub needs_template: &'static str,
    pub to_dark: &'static str,
    pub to_light: &'static str,
    pub heads: &'static str,
    pub part: fn(Part) -> &'static str,
    /// What looks at what in it.
    pub part_looks: fn(Part) -> &'static str,
    pub head: &'static str,
    pub tint: &'static str,
    pub sort: &'static str,
    pub sort_layer: &'static str,
    pub sort_measure: &'static str,
    pub scale: &'static str,
    pub heat_map: fn(&str) -> String,
    pub row_of: fn(&str) -> String,
    pub row_sum: fn(f64) -> String,
    pub row_bars: &'static str,
    pub cell: fn(&str, &str) -> String,
    pub masked: &'static str,
    pub point_at: &'static str,
    pub whole: &'static str,
    pub window_of: fn(usize) -> String,
    pub query: &'static str,
    pub measures_wait: &'static str,
    pub next: &'static str,
    pub next_target: &'static str,
    pub after: fn(&str) -> String,
    pub next_none: &'static str,
    pub masked_word: &'static str,
    pub classes: &'static str,
    pub masked_none: &'static str,
    pub stream: &'static str,
    pub stream_sub: fn(&str) -> String,
    pub norms: &'static str,
    pub norms_sub: &'static str,
    /// The plot beside them, for screen readers.
    pub norms_plot: &'static str,
    /// The median token, in that plot.
    pub median: &'static str,
    pub lens: &'static str,
    pub lens_sub: &'static str,
    pub lens_none: &'static str,
    pub lens_last: &'static str,
    pub layer: &'static str,
    /// A residual stream, before a layer.
    pub before: fn(&str) -> String,
    /// The same within its stack, where there is little room.
    pub entering: fn(Part, usize) -> String,
    pub after_last: &'static str,
    pub after_encoder: &'static str,
    /// The end of a stack, where there is little room.
    pub after_stack: &'static str,
    pub stack: &'static str,
    pub encoder: &'static str,
    pub decoder: &'static str,
    pub fold: &'static str,
    pub unfold: &'static str,
    pub open: &'static str,
    pub ready: &'static str,
    pub starting: &'static str,
    pub pass_time: fn(f64) -> String,
    pub first_map_time: fn(f64) -> String,
    pub trace_size: fn(usize) -> String,
    pub threads: fn(usize) -> String,
    pub copy_hook: &'static str,
    pub nan: &'static str,
    pub empty_prompt: &'static str,
    pub empty_prompt_sub: &'static str,
    pub waiting: &'static str,
    pub layer_waits: fn(&str) -> String,
    pub open_title: &'static str,
    pub open_path: &'static str,
    pub open_what: &'static str,
    pub open_file: &'static str,
    pub open_folder: &'static str,
    pub open_drop: &'static str,
    pub drop_here: &'static str,
    pub recent: &'static str,
    pub on_this_machine: &'static str,
    pub looking: &'static str,
    pub too_big: &'static str,
    pub hub_title: &'static str,
    pub hub_what: &'static str,
    pub hub_name: &'static str,
    pub look_up: &'static str,
    pub offline: &'static str,
    pub offline_why: &'static str,
    pub licence: &'static str,
    pub no_licence: &'static str,
    pub size: &'static str,
    pub to_fetch: &'static str,
    pub fetch: &'static str,
    pub asking: &'static str,
    pub fetching: &'static str,
    pub export_title: fn(&str) -> String,
    pub export_all_title: &'static str,
    pub export_states_title: &'static str,
    pub export_path: &'static str,
    pub export_browse: &'static str,
    pub export_formats: &'static str,
    pub exporting: &'static str,
    pub exported: fn(&str) -> String,
    pub checks: &'static str,
    pub checks_sub: &'static str,
    pub checks_running: &'static str,
    pub residual: fn(f64, f64) -> String,
    pub help_title: &'static str,
    pub help_pointer: &'static [(&'static str, &'static str)],
    pub close: &'static str,
    pub dismiss: &'static str,
    pub cut: &'static str,
    pub needs_model: &'static str,
    pub needs_prompt: &'static str,
    pub needs_trace: &'static str,
    pub nothing_runs: &'static str,
    pub nothing_to_undo: &'static str,
    pub nothing_to_redo: &'static str,
    pub at_border: &'static str,
    pub panicked: &'static str,
    pub panicked_hint: &'static str,
    pub no_display: &'static str,
}

/// English.
pub const ENGLISH: Words = Words {
    model: "Model",
    prompt: "Prompt",
    prompt_hint: "Write something",
    tokens: "Tokens",
    source: "Source",
    target: "Target",
    target_hint: "Left empty: the model writes it",
    token_grid: |rows, columns| format!("{} × {} tokens", grouped(rows as u64), grouped(columns as u64)),
    token_flow: |from, to| format!("{} → {} tokens", grouped(from as u64), grouped(to as u64)),
    token_count: |n| if n == 1 { "1 token".to_owned() } else { format!("{} tokens", grouped(n as u64)) },
    examples: "Examples",
    embedded: "embedded",
    layers_heads: "layers × heads",
    parameters: "parameters",
    context: "context",
    context_tokens: |n| format!("{} tokens", grouped(n as u64)),
    unlimited: "no limit",
    file: "File",
    edit: "Edit",
    view: "View",
    help: "Help",
    export: "Export",
    run: "Run",
    cancel: "Cancel",
    live: "run while typing",
    live_why: "Runs the model a moment after the last key, if it is small enough to answer at once",
    chat: "as chat",
    chat_why: "Writes the prompt down as a user's turn, by the model's own chat template; the tokens show the result",
    needs_template: "This model has no chat template",
    to_dark: "Dark theme",
    to_light: "Light theme",
    heads: "Heads",
    part: |part| match part {
        Part::Only => "Self-attention",
        Part::Encoder => "Encoder",
        Part::Decoder => "Decoder",
        Part::Cross => "Cross-attention",
    },
    part_looks: |part| match part {
        Part::Only | Part::Decoder => "target looks at target",
        Part::Encoder => "source looks at source",
        Part::Cross => "target looks at source",
    },
    head: "Head",
    tint: "tint",
    sort: "sort",
    sort_layer: "layer",
    sort_measure: "measure",
    scale: "scale",
    heat_map: |head| format!("attention of head {head}"),
    row_of: |token| format!("row of token {token}"),
    row_sum: |sum| format!("sums to {sum:.4}"),
    row_bars: "weights of the row",
    cell: |query, key| format!("q {query}   k {key}"),
    masked: "masked",
    point_at: "Point at a cell",
    whole: "whole map",
    window_of: |n| format!("window of {}", grouped(n as u64)),
    query: "Query token",
    measures_wait: "Measured when its layer is done",
    next: "Next token",
    next_target: "Next target token",
    after: |token| format!("after {token}"),
    masked_word: "Masked word",
    classes: "Classes",
    masked_none: "Put [MASK] into the prompt to see what the model would write there",
    next_none: "This model reads, it does not write: it has no next token",
    stream: "Hidden states",
    stream_sub: |hook| format!("{hook}, token × dimension"),
    norms: "Norms",
    norms_sub: "length of the residual stream, layer × token",
    norms_plot: "Norm through the layers",
    median: "median token",
    lens: "Logit lens",
    lens_sub: "what each layer would say next",
    lens_last: "answer",
    lens_none: "This model has no next token, so its layers have nothing to say",
    layer: "layer",
    before: |layer| format!("before {layer}"),
    entering: |part, layer| match part {
        Part::Only | Part::Encoder => format!("before {layer}"),
        Part::Decoder => format!("self {layer}"),
        Part::Cross => format!("cross {layer}"),
    },
    after_last: "after the last",
    after_encoder: "after the encoder",
    after_stack: "after",
    stack: "stack",
    encoder: "encoder",
    decoder: "decoder",
    fold: "Hide this pane",
    unfold: "Show this pane",
    open: "Open",
    ready: "ready",
    starting: "starting",
    pass_time: |seconds| format!("pass {}", duration(seconds)),
    first_map_time: |seconds| format!("first map {}", duration(seconds)),
    trace_size: |bytes| format!("trace {}", size(bytes as u64)),
    threads: |n| if n == 1 { "1 thread · CPU".to_owned() } else { format!("{n} threads · CPU") },
    copy_hook: "Copy the hook's name",
    nan: "The model computes NaN: its weights or its numbers overflow",
    empty_prompt: "Write a prompt, then run it",
    empty_prompt_sub: "Every head of every layer will show here, on your own words",
    waiting: "The maps appear as the layers are computed",
    layer_waits: |layer| format!("Layer {layer} is being computed"),
    open_title: "Open a model",
    open_path: "Folder, file or name",
    open_what: "A Hugging Face folder, a .safetensors file beside its config.json, or a Keras file (.keras, .h5)",
    open_file: "Choose a file…",
    open_folder: "Choose a folder…",
    open_drop: "Or drop a folder or a file on the window",
    drop_here: "Drop to open",
    recent: "Opened before",
    on_this_machine: "On this machine",
    looking: "Looking",
    too_big: "Larger than the memory that is free now",
    hub_title: "Get a model from the hub",
    hub_what: "Nothing is fetched before you have seen its size and licence",
    hub_name: "OWNER/NAME",
    look_up: "Look it up",
    offline: "never connect",
    offline_why: "Forbids every connection of this program, from the command line too",
    licence: "licence",
    no_licence: "not stated",
    size: "size",
    to_fetch: "to fetch",
    fetch: "Fetch",
    asking: "Asking the hub",
    fetching: "Downloading",
    export_title: |head| format!("Export head {head}"),
    export_all_title: "Export all heads",
    export_states_title: "Export hidden states",
    export_path: "File to write",
    export_browse: "Choose where…",
    export_formats: "The ending of the name says the format",
    exporting: "Writing",
    exported: |path| format!("Written: {path}"),
    checks: "Do the numbers hold?",
    checks_sub: "The model's own identities, on a short input",
    checks_running: "Checking",
    residual: |residual, tolerance| format!("{residual:.1e} of {tolerance:.0e}"),
    help_title: "Keys and gestures",
    help_pointer: &[
        ("Point at a token", "Every view shows its row or its column"),
        ("Click a token or a cell", "Pins it until Esc"),
        ("Wheel or pinch on a map", "Zooms about the pointer"),
        ("Drag a map", "Moves it"),
        ("Double click a map", "Shows the whole map again"),
    ],
    close: "Close",
    dismiss: "Dismiss",
    cut: "Cut it and run",
    needs_model: "Open a model first",
    needs_prompt: "Write a prompt first",
    needs_trace: "Run a prompt first",
    nothing_runs: "Nothing is running",
    nothing_to_undo: "Nothing to undo",
    nothing_to_redo: "Nothing to redo",
    at_border: "There is nothing further that way",
    panicked: "The work stopped at an error of the program itself",
    panicked_hint: "What was open is still open; please report what you did",
    no_display: "no display: set DISPLAY or WAYLAND_DISPLAY, or use the command line (mnemoscope --help)",
};

/// A command's label and its explanation.
pub fn command(kind: CommandKind) -> (&'static str, &'static str) {
    match kind {
        CommandKind::OpenModel => ("Open model…", "Opens a model of your own"),
        CommandKind::OpenEmbedded => {
            ("Open the embedded model", "Goes back to the model that came with the app")
        }
        CommandKind::GetModel => {
            ("Get a model…", "Fetches a model by name from the hub, after showing size and licence")
        }
        CommandKind::ExportHead => {
            ("Export this head…", "Writes the selected head as a picture, page or data")
        }
        CommandKind::ExportAll => ("Export all heads…", "Writes every head as a picture, page or data"),
        CommandKind::ExportStates => {
            ("Export hidden states…", "Writes the residual stream of every layer as data or a picture")
        }
        CommandKind::Quit => ("Quit", "Closes the window"),
        CommandKind::RunPrompt => ("Run", "Runs the model on the prompt"),
        CommandKind::Cancel => ("Cancel", "Stops what is running"),
        CommandKind::FocusPrompt => ("Write the prompt", "Puts the cursor in the prompt"),
        CommandKind::ToggleLive => ("Run while typing", "Runs a small model a moment after the last key"),
        CommandKind::ToggleChat => {
            ("Prompt as chat", "Makes the prompt a user's turn, by the model's chat template")
        }
        CommandKind::Undo => ("Undo", "Takes back the last change of prompt, selection or looks"),
        CommandKind::Redo => ("Redo", "Does again what was undone"),
        CommandKind::HeadLeft => ("Head to the left", "Selects the head before"),
        CommandKind::HeadRight => ("Head to the right", "Selects the head after"),
        CommandKind::HeadUp => ("Layer above", "Selects the same head one layer earlier"),
        CommandKind::HeadDown => ("Layer below", "Selects the same head one layer later"),
        CommandKind::QueryUp => ("Query above", "Pins the query token before"),
        CommandKind::QueryDown => ("Query below", "Pins the query token after"),
        CommandKind::KeyLeft => ("Key to the left", "Pins the key token before"),
        CommandKind::KeyRight => ("Key to the right", "Pins the key token after"),
        CommandKind::Clear => ("Clear the pins", "Closes what is open, else unpins query and key"),
        CommandKind::CopyHook => {
            ("Copy the hook's name", "Puts the selected head's TransformerLens name on the clipboard")
        }
        CommandKind::ZoomIn => ("Zoom in", "Shows fewer cells, larger"),
        CommandKind::ZoomOut => ("Zoom out", "Shows more cells, smaller"),
        CommandKind::ZoomFit => ("Whole map", "Shows every cell"),
        CommandKind::ScaleLinear => ("Linear scale", "Colour follows the weight"),
        CommandKind::ScaleLog => {
            ("Log scale", "Colour follows the weight's logarithm, down to 1/65536 of the top")
        }
        CommandKind::ScaleRow => ("Row scale", "Colour follows the weight as a share of its row's greatest"),
        CommandKind::ToggleTheme => ("Other theme", "Dark for screens, light for print and projectors"),
        CommandKind::ToggleLower => ("Lower pane", "Shows or hides hidden states and logit lens"),
        CommandKind::ShowStream => ("Hidden states", "Residual stream of one layer, token × dimension"),
        CommandKind::ShowNorms => ("Norms", "Length of the residual stream, layer × token"),
        CommandKind::ShowLens => ("Logit lens", "What each layer would say next"),
        CommandKind::ShowChecks => {
            ("Check the numbers…", "The model's own identities, each with its residual")
        }
        CommandKind::ShowHelp => ("Keys and gestures", "Everything the keyboard and the pointer can do"),
    }
}

/// 1234567 as 1,234,567.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count in three figures: 3.4 M.
pub fn count(n: u64) -> String {
    match n {
        0..10_000 => grouped(n),
        10_000..1_000_000 => format!("{:.0} K", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} M", n as f64 / 1e6),
        _ => format!("{:.1} B", n as f64 / 1e9),
    }
}

/// A duration in the unit that keeps it short.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

/// Bytes in the unit that keeps them short.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.0} KB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
