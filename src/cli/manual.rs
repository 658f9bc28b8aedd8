//! `mnemoscope completions` and `mnemoscope man`: both spelled from the commands themselves.

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;
use super::console::Console;

#[derive(Debug, clap::Args)]
pub(super) struct CompletionArgs {
    /// Which shell
    shell: Shell,
}

pub(super) fn completions(args: &CompletionArgs, console: &mut Console) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "mnemoscope", &mut script);
    Ok(console.write_all(&script)?)
}

/// The page of the program, and behind it those of its commands.
pub(super) fn man(console: &mut Console) -> anyhow::Result<()> {
    let mut program = Cli::command();
    program.build();
    clap_mangen::Man::new(program.clone()).render(console)?;
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        let page = clap_mangen::Man::new(command.clone());
        writeln!(console, ".SH \"{}\"", command.get_name().to_uppercase())?;
        page.render_synopsis_section(console)?;
        page.render_description_section(console)?;
        page.render_options_section(console)?;
    }
    Ok(())
}
