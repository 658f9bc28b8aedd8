//! Names of commands in English.

use crate::app::command::CommandKind;

/// A command's label and its explanation.
#[expect(clippy::too_many_lines, reason = "a table: one entry a command")]
pub(super) fn command(kind: CommandKind) -> (&'static str, &'static str) {
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
        CommandKind::ExportChosen => {
            ("Export the chosen heads…", "Writes the chosen heads side by side, as a picture or a page")
        }
        CommandKind::ExportView => {
            ("Export this view…", "Writes what the pane clicked last shows, as a picture or its numbers")
        }
        CommandKind::ExportStates => {
            ("Export hidden states…", "Writes the residual stream of every layer as data or a picture")
        }
        CommandKind::SaveTrace => {
            ("Save the run…", "Writes the whole run to a file that opens again without the model")
        }
        CommandKind::SaveSession => {
            ("Save the session…", "Keeps model, prompt, selection, interventions, notes and layout in a file")
        }
        CommandKind::AddNote => ("Write a note…", "Pins words to the cell that is shown"),
        CommandKind::ShowSweep => {
            ("Patch sweep", "Which places of another prompt's run, put into this one, bring its answer")
        }
        CommandKind::ShowLog => {
            ("Log", "What was loaded, run and written, how long it took, and what went wrong")
        }
        CommandKind::Enlarge => ("Larger", "Draws everything larger, up to 300 %"),
        CommandKind::Reduce => ("Smaller", "Draws everything smaller, down to 80 %"),
        CommandKind::UsualSize => ("Usual size", "Draws everything at 100 %"),
        CommandKind::ShowSimilarity => ("Similarity", "Cosine of every two tokens on one residual stream"),
        CommandKind::ShowTrails => {
            ("Trails", "Each token's way through the layers, on two principal components")
        }
        CommandKind::ShowWeights => {
            ("Weights", "Every tensor, its shape, its source, what its numbers are like")
        }
        CommandKind::ShowNext => {
            ("Next word", "What may follow, what the sampling rules cut, the ways tried")
        }
        CommandKind::Quit => ("Quit", "Closes the window"),
        CommandKind::RunPrompt => ("Run", "Runs the model on the prompt"),
        CommandKind::Cancel => ("Cancel", "Stops what is running"),
        CommandKind::EarlierPrompt => ("Earlier prompt", "Puts the prompt that was run before into the box"),
        CommandKind::LaterPrompt => ("Later prompt", "Puts the prompt that was run after it into the box"),
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
        CommandKind::ChooseHead => {
            ("Choose this head", "The selected head stays with the others that are chosen, or is let go")
        }
        CommandKind::ChooseLayer => ("Choose the layer", "Chooses every head of the selected head's layer"),
        CommandKind::ReleaseHeads => ("Let go of the heads", "No heads are chosen but the selected one"),
        CommandKind::FilterHeads => {
            ("Filter the heads…", "Dims heads that do not pass an expression such as induction > 0.5")
        }
        CommandKind::ChoosePassing => {
            ("Choose all that pass the filter", "Chooses every head that passes the filter")
        }
        CommandKind::ExtendLeft => ("Choose to the left", "Chooses the head before too, and goes there"),
        CommandKind::ExtendRight => ("Choose to the right", "Chooses the head after too, and goes there"),
        CommandKind::ExtendUp => ("Choose the layer above", "Chooses the same head one layer earlier too"),
        CommandKind::ExtendDown => ("Choose the layer below", "Chooses the same head one layer later too"),
        CommandKind::QueryUp => ("Query above", "Pins the query token before"),
        CommandKind::QueryDown => ("Query below", "Pins the query token after"),
        CommandKind::KeyLeft => ("Key to the left", "Pins the key token before"),
        CommandKind::KeyRight => ("Key to the right", "Pins the key token after"),
        CommandKind::Clear => {
            ("Clear", "Closes what is open, else lets go of chosen heads, else unpins query and key")
        }
        CommandKind::CopyPicture => {
            ("Copy as picture", "Puts the selected head's map on the clipboard, as a figure")
        }
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
        CommandKind::ScaleRank => {
            ("Rank scale", "Colour follows the order of a row's values, whatever their sizes")
        }
        CommandKind::CombineHead => ("Map of the head", "Shows the selected head alone"),
        CommandKind::CombineChosen => ("Map of the selected heads", "Makes one map of all selected heads"),
        CommandKind::CombineLayer => ("Map of the layer", "Makes one map of all heads of the layer"),
        CommandKind::CombineAll => ("Map of all heads", "Makes one map of all heads of all layers"),
        CommandKind::CombineDifference => {
            ("Difference of two heads", "The selected head less the one chosen beside it")
        }
        CommandKind::ToggleLengths => {
            ("Weights or lengths", "A cell holds the weight, or the length ‖P·v·W_O‖ of what it moves")
        }
        CommandKind::ToggleBeside => {
            ("Weights beside lengths", "Shows both maps side by side where there is room")
        }
        CommandKind::KeepFirst => ("Keep the first token", "The first key stays in the map"),
        CommandKind::HideFirst => {
            ("Leave out the first token", "Takes the first key, on which many heads rest, out of the map")
        }
        CommandKind::ShareFirst => (
            "Leave out the first token and renormalise",
            "Takes the first key out and divides each row by the sum of the rest",
        ),
        CommandKind::LevelToken => ("Map of tokens", "A row and a column are a token"),
        CommandKind::LevelWord => ("Map of words", "Keys are summed and queries averaged over each word"),
        CommandKind::LevelLine => ("Map of lines", "Keys are summed and queries averaged over each line"),
        CommandKind::LevelSentence => {
            ("Map of sentences", "Keys are summed and queries averaged over each sentence")
        }
        CommandKind::ReleaseMarks => ("Let marked tokens go", "Rows and columns are single again"),
        CommandKind::CopyCell => ("Copy the cell", "The value under the pointer or the pin"),
        CommandKind::CopyRow => {
            ("Copy the row", "The row that is shown, with its tokens, as a table with tabs")
        }
        CommandKind::CopyMap => {
            ("Copy the map in sight", "What is in sight of the map, with its tokens, as a table with tabs")
        }
        CommandKind::ToggleTheme => ("Other theme", "Dark for screens, light for print and projectors"),
        CommandKind::ToggleLanguage => ("切换到中文", "Shows every word in the other language"),
        CommandKind::LayoutMemory => ("Layout: Memory", "Recall, the KV cache, the honesty meter"),
        CommandKind::LayoutInspect => ("Layout: Inspect", "Every head, one head, its row, the hidden states"),
        CommandKind::LayoutTeach => ("Layout: Teach", "One head's arithmetic, step by step, for a class"),
        CommandKind::NextPane => {
            ("Next pane", "Puts the keys on the next pane in sight; Tab goes through it from there")
        }
        CommandKind::PreviousPane => ("Pane before", "Puts the keys on the pane in sight before this one"),
        CommandKind::Maximise => {
            ("Fill the window", "Gives the window to the pane clicked last, and takes it back")
        }
        CommandKind::TearOff => {
            ("Pane in a window of its own", "Moves the pane clicked last out of this window")
        }
        CommandKind::ClosePane => ("Close the pane", "Takes the pane clicked last out of the layout"),
        CommandKind::ResetLayout => ("Reset the layout", "Lays the panes out as they were at first"),
        CommandKind::ShowPrompt => ("Prompt", "Model, prompt, tokens and examples"),
        CommandKind::ShowHeads => ("Heads", "The grid of all heads"),
        CommandKind::ShowHead => ("Head", "The map of the selected head"),
        CommandKind::ShowDetails => ("Selection", "The row, the measures, the next token, the interventions"),
        CommandKind::ToggleLower => ("Lower pane", "Shows or hides hidden states and logit lens"),
        CommandKind::ShowStream => ("Hidden states", "Residual stream of one layer, token × dimension"),
        CommandKind::ShowNorms => ("Norms", "Length of the residual stream, layer × token"),
        CommandKind::LayoutCompare => {
            ("Layout: Compare", "Two runs side by side: prompts, models, clean and changed")
        }
        CommandKind::ShowCompareHeads => {
            ("Compare heads", "Every head by how far it differs between two runs")
        }
        CommandKind::ShowSideBySide => ("Side by side", "The selected head in both runs, and the difference"),
        CommandKind::ShowCompareWords => {
            ("Second run", "What is compared with: tokens aligned, layers, what may follow")
        }
        CommandKind::OpenSecond => ("Open as second…", "Runs the prompt on another model too, and compares"),
        CommandKind::ClearSecond => ("Close the second run", "Compares clean with changed again"),
        CommandKind::LayoutAtlas => {
            ("Layout: Atlas", "What every head does, and the map of the selected one")
        }
        CommandKind::ShowAtlas => {
            ("Head atlas", "Every head by any two measures, its role, its strongest passages")
        }
        CommandKind::MakeAtlas => {
            ("Make the head atlas", "Runs probes, words and the chosen text, and says what every head does")
        }
        CommandKind::OpenAtlas => ("Open an atlas…", "An atlas.json, or a folder in HeadVis's format"),
        CommandKind::SaveAtlas => {
            ("Save the atlas…", "As atlas.json, as a page for a browser, or as a HeadVis folder")
        }
        CommandKind::LayoutTrain => ("Layout: Train", "A small model that is trained before your eyes"),
        CommandKind::TrainRun => ("Train", "Starts the training, pauses it, goes on"),
        CommandKind::TrainStep => ("One training step", "Takes one step and shows what came of it"),
        CommandKind::TrainRewind => {
            ("Rewind the training", "Goes back to the checkpoint under the playhead, or to the one before")
        }
        CommandKind::TrainOpen => ("Open the live model", "Opens the model of the step in sight"),
        CommandKind::ShowTrainSetup => ("Training setup", "Task, model, learning rate and batch"),
        CommandKind::ShowTrainCurves => ("Training", "Loss, scores and checkpoints against steps"),
        CommandKind::ShowTrainHeads => ("Heads in training", "Every head of the live model"),
        CommandKind::ShowTrainNumbers => {
            ("Training step", "The step in numbers, roles, and one reading of the probe")
        }
        CommandKind::ShowTimeline => {
            ("Timeline", "Measures over the checkpoints of a training, and when heads took their roles")
        }
        CommandKind::CheckpointBack => ("Checkpoint before", "Every view at the checkpoint before this one"),
        CommandKind::CheckpointForward => ("Next checkpoint", "Every view at the next checkpoint"),
        CommandKind::PlayTimeline => ("Play the training", "Goes from checkpoint to checkpoint by itself"),
        CommandKind::CompareCheckpoint => (
            "Compare with this checkpoint",
            "Keeps this checkpoint as the second run beside the one before it; move the slider to compare it with others",
        ),
        CommandKind::CloseTimeline => ("Close the timeline", "The model in sight stays open"),
        CommandKind::ShowRecall => ("Recall", "How far back a fact can be asked for, by length and depth"),
        CommandKind::ShowCache => ("KV cache", "What is kept of each token, and what forgetting it costs"),
        CommandKind::ShowHonesty => {
            ("Honesty meter", "Pictures of attention against what cutting the path does")
        }
        CommandKind::ShowRiver => ("River", "Where one token's state comes from, layer after layer"),
        CommandKind::ShowMemoryMap => ("Memory map", "What every token's state consists of after one layer"),
        CommandKind::RunRecall => ("Run recall", "Asks for facts at every depth of every length"),
        CommandKind::ShowLens => ("Logit lens", "What each layer would say next"),
        CommandKind::ShowWhy => (
            "Why this cell",
            "Which parts of the model made the query look at this key: the score, taken apart",
        ),
        CommandKind::ShowAttribution => {
            ("Attribution", "What each head, MLP and embedding says for a word, or for one against another")
        }
        CommandKind::ShowCircuits => {
            ("Circuits", "What the selected head looks for and what it writes, by its weights alone")
        }
        CommandKind::ShowComposition => {
            ("Composition", "Which heads read what earlier heads write, as a graph")
        }
        CommandKind::ShowWalk => ("Walk", "One query through one head, step by step, with the real numbers"),
        CommandKind::ShowFlow => ("Flow", "Lines from token to token, of one head or of several"),
        CommandKind::PreviousStep => ("Step back", "The step of the walk before (← in the walk)"),
        CommandKind::NextStep => ("Next step", "The next step of the walk (→ in the walk)"),
        CommandKind::PlayWalk => {
            ("Play the walk", "Goes on by itself, three seconds a step (space in the walk)")
        }
        CommandKind::OrderWalk => {
            ("Order of dimensions", "As the model has them, or by the product of query and key")
        }
        CommandKind::CutHead => ("Cut this head", "Sets the selected head's output to zero (zero=L.H)"),
        CommandKind::PatchHere => (
            "Patch from another prompt…",
            "Puts the residual stream that another prompt has here in the place of this one's",
        ),
        CommandKind::SteerHere => (
            "Add a direction…",
            "Adds the difference of two texts to the residual stream at the pinned token",
        ),
        CommandKind::CutLayer => {
            ("Cut this layer", "Sets what the selected layer adds to zero (zero=layer.L)")
        }
        CommandKind::ClearInterventions => ("Clear interventions", "Takes all changes of the run away"),
        CommandKind::ShowClean => ("Clean run", "Shows the run without interventions"),
        CommandKind::ShowChanged => ("Changed run", "Shows the run with the interventions"),
        CommandKind::ShowDifference => ("Difference", "Shows how the weights of the changed run differ"),
        CommandKind::ShowChecks => {
            ("Check the numbers…", "The model's own identities, each with its residual")
        }
        CommandKind::SaveLayout => ("Save the layout…", "Keeps this arrangement of panes under a name"),
        CommandKind::Palette => {
            ("Find…", "Finds commands, heads, tokens, measures, examples and models by name")
        }
        CommandKind::ShowHelp => ("Keys and gestures", "Everything the keyboard and the pointer can do"),
    }
}
