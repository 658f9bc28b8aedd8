//! A view that is no plain array, ready to be written: what it draws, the numbers behind that, and what its caption says.
//!
//! Whoever knows how a view's numbers come about makes a [`Plate`]; here it becomes a picture, a table or JSON.

use std::borrow::Cow;
use std::path::Path;

use serde_json::{Value, json};

use crate::render::{Shader, ValueRange, farther, share};
use crate::trace::Trace;

use super::caption::{Caption, caption_of, made_by};
use super::error::ExportError;
use super::figure::axis::Axis;
use super::figure::bars::{self, Bars};
use super::figure::chips::{self, Chips};
use super::figure::columns::{self, Columns};
use super::figure::curves::{self, Curves};
use super::figure::graph::{self, Graph};
use super::figure::histogram::{self, Histogram};
use super::figure::lines::{self, Lines};
use super::figure::matrix::{self, Matrix};
use super::figure::paths::{self, Paths};
use super::figure::river::{self, River};
use super::figure::rows::{self, Step};
use super::figure::strip::Strip;
use super::figure::words::{self, Words};
use super::figure::{Drawing, to_svg};
use super::formats::{FORMATS, Format, Holds, format_of};
use super::options::{Lang, Look};
use super::picture::{self, Limits};
use super::words::Says;
use super::{atomic, pdf, png, tikz};

/// Lines of a map's table, at most.
const MOST: usize = 1 << 21;

/// A view, ready to be written.
#[derive(Clone, Debug)]
pub struct Plate {
    /// The title: `Logit lens`.
    pub title: Says,
    /// Below it: the model, its size, the number of tokens.
    pub subtitle: Says,
    /// The array or the formula, at the foot.
    pub hook: Says,
    /// What the caption says first: what is shown of which model, by which formula.
    pub says: Says,
    /// The formulas in it, letter by letter: what LaTeX sets as such.
    pub formulas: Vec<Says>,
    /// What is drawn.
    pub body: Body,
    /// The texts that went in.
    pub strips: Vec<Strip>,
    /// The numbers; a map's are its own.
    pub table: Table,
}

/// What a plate draws.
#[derive(Clone, Debug)]
pub enum Body {
    /// A map.
    Map {
        /// Top to bottom.
        rows: Axis,
        /// Left to right.
        columns: Axis,
        /// Row-major.
        values: Vec<f32>,
        /// What a value is.
        quantity: &'static Says,
        /// Whether values have both signs.
        signed: bool,
    },
    /// A table of words.
    Words(Words),
    /// A bar for each number.
    Bars(Bars),
    /// Several lists of bars, each with its name.
    Lists(Vec<(Says, Bars)>),
    /// Lines from token to token.
    Lines(Lines),
    /// Steps with their numbers.
    Steps(Vec<Step>),
    /// Ways across a plane.
    Paths(Paths),
    /// Shares of sources, layer after layer.
    River(River),
    /// Heads, and who reads whom.
    Graph(Graph),
    /// Numbers against steps.
    Curves(Curves),
    /// Texts, a chip a token.
    Chips(Chips),
    /// Every head of a run in small.
    Heads(picture::Noted),
    /// Columns of numbers over one list of names.
    Columns(Columns),
    /// How often numbers are how large.
    Histogram(Histogram),
}

/// Numbers with the names of their columns; one record a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<&'static str>,
    /// Each with a value for every column.
    pub rows: Vec<Vec<Value>>,
}

impl Plate {
    /// The caption: what is shown, of which prompt where that plays a part, by which version; `command` makes it again.
    pub fn caption(&self, trace: Option<&Trace>, lang: Lang, command: &str) -> Caption {
        let says = self.says.get(lang);
        let text = match trace.filter(|_| !self.strips.is_empty()) {
            Some(trace) => caption_of(trace, says, (lang, command)),
            None => made_by(says, (lang, command)),
        };
        Caption { text, formulas: self.formulas.iter().map(|formula| formula.get(lang).to_owned()).collect() }
    }

    /// The formats that can hold a plate.
    pub fn formats() -> impl Iterator<Item = &'static Format> {
        FORMATS.iter().filter(|format| Self::holds(format))
    }

    fn holds(format: &Format) -> bool {
        format.holds == Holds::Picture || matches!(format.ending, ".csv" | ".json")
    }

    /// The format of plates that a file's name asks for.
    pub fn format_of(path: &Path) -> Result<&'static Format, ExportError> {
        let format = format_of(path)?;
        let what = "a view: pictures, .csv and .json do".to_owned();
        if Self::holds(format) {
            Ok(format)
        } else {
            Err(ExportError::Content { format: format.ending, what })
        }
    }

    /// The drawing.
    pub fn draw(&self, look: Look, limits: Limits) -> Result<Drawing, ExportError> {
        if look.is_cut() {
            let why = "rows, columns and the first token belong to attention patterns and scores";
            return Err(ExportError::Selection(why.into()));
        }
        let [title, subtitle, hook] = [&self.title, &self.subtitle, &self.hook].map(|own| own.get(look.lang));
        let heading = (title, subtitle, hook);
        let style = look.style();
        let drawing = match &self.body {
            Body::Map { rows, columns, values, quantity, signed } => {
                let (values, value_columns) = pooled(values, columns.labels.len(), limits.values);
                let map = look.map(*signed);
                let range = ValueRange::fit(map, *signed, &values);
                let matrix = Matrix {
                    title: title.to_owned(),
                    subtitle: subtitle.to_owned(),
                    hook: hook.to_owned(),
                    rows: rows.clone(),
                    columns: columns.clone(),
                    value_columns,
                    values,
                    quantity,
                    strips: self.strips.clone(),
                };
                matrix::layout(&matrix, &Shader::new(map, look.scale, range), look.scale, &style)
            }
            Body::Words(table) => words::layout(table, heading, &self.strips, &style),
            Body::Bars(own) => bars::layout(own, heading, &self.strips, &style),
            Body::Lists(lists) => bars::layout_lists(lists, heading, &self.strips, &style),
            Body::Lines(own) => lines::layout(own, heading, &self.strips, &style),
            Body::Steps(steps) => rows::layout(steps, heading, look.map(true), &self.strips, &style),
            Body::Paths(own) => paths::layout(own, heading, &self.strips, &style),
            Body::River(own) => river::layout(own, heading, &self.strips, &style),
            Body::Graph(own) => graph::layout(own, heading, &self.strips, &style),
            Body::Curves(own) => curves::layout(own, heading, &self.strips, &style),
            Body::Chips(own) => chips::layout(own, heading, &style),
            Body::Columns(own) => columns::layout(own, heading, &self.strips, &style),
            Body::Heads(own) => picture::noted(own, heading, look, limits)?,
            Body::Histogram(own) => histogram::layout(own, heading, &self.strips, &style),
        };
        Ok(if look.transparent { drawing.without_ground() } else { drawing })
    }

    /// Writes it as its name says.
    pub fn write(&self, look: Look, path: &Path) -> Result<(), ExportError> {
        let bytes = match Self::format_of(path)?.ending {
            ".csv" => self.numbers()?.csv()?,
            ".json" => format!("{}\n", self.json()?).into_bytes(),
            ".svg" => to_svg(&self.draw(look, Limits::PIXELS)?).into_bytes(),
            ".pdf" => pdf::draw(&self.draw(look, Limits::PIXELS)?)?,
            ".tex" => tikz::to_tikz(&self.draw(look, tikz::LIMITS)?).into_bytes(),
            _ => {
                let drawing = self.draw(look, Limits::PIXELS)?;
                png::draw(&drawing, look.pixels(drawing.width))?
            }
        };
        atomic::write(path, |out| Ok(out.write_all(&bytes)?))
    }

    /// `{"mnemoscope", "view", "model", "rows": [{column: value}]}`.
    fn json(&self) -> Result<Value, ExportError> {
        let table = self.numbers()?;
        let record = |row: &Vec<Value>| -> Value {
            table.columns.iter().map(|name| (*name).to_owned()).zip(row.iter().cloned()).collect()
        };
        let rows: Vec<Value> = table.rows.iter().map(record).collect();
        Ok(json!({
            "mnemoscope": env!("CARGO_PKG_VERSION"),
            "view": self.title.en,
            "model": self.subtitle.en,
            "rows": rows,
        }))
    }

    /// The numbers behind the picture: of a map each cell with the labels of its row and column.
    pub fn numbers(&self) -> Result<Cow<'_, Table>, ExportError> {
        let Body::Map { rows, columns, values, .. } = &self.body else {
            return Ok(Cow::Borrowed(&self.table));
        };
        if values.len() > MOST {
            let why =
                format!("{} numbers are too many for a table: `export --what` writes arrays", values.len());
            return Err(ExportError::Selection(why));
        }
        let across = columns.labels.len().max(1);
        let cell = |(index, value): (usize, &f32)| {
            let (row, column) = (index / across, index % across);
            let text = |axis: &Axis, place: usize| json!(axis.labels.get(place).map(|label| &label.en));
            vec![json!(row), json!(column), text(rows, row), text(columns, column), json!(value)]
        };
        let table = Table {
            columns: vec!["row", "column", &rows.name.en, &columns.name.en, "value"],
            rows: values.iter().enumerate().map(cell).collect(),
        };
        Ok(Cow::Owned(table))
    }
}

impl Table {
    fn csv(&self) -> Result<Vec<u8>, ExportError> {
        let failed = |error: ::csv::Error| ExportError::Io(error.into());
        let mut table = ::csv::Writer::from_writer(Vec::new());
        table.write_record(&self.columns).map_err(failed)?;
        for row in &self.rows {
            let field = |value: &Value| match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            table.write_record(row.iter().map(field)).map_err(failed)?;
        }
        table.into_inner().map_err(|error| ExportError::Io(error.into_error()))
    }
}

/// At most `most` values on a side: of neighbours the greatest in size. Gives them back with how many lie across.
fn pooled(values: &[f32], columns: usize, most: usize) -> (Vec<f32>, usize) {
    let columns = columns.max(1);
    let rows = values.len() / columns;
    let (down, across) = (rows.min(most), columns.min(most));
    if (down, across) == (rows, columns) {
        return (values.to_vec(), columns);
    }
    let cell = |row: usize, column: usize| {
        let inside = share(&(0..rows), row, down).flat_map(|row| {
            share(&(0..columns), column, across).map(move |column| values[row * columns + column])
        });
        inside.reduce(farther).unwrap_or(0.0)
    };
    let all = (0..down).flat_map(|row| (0..across).map(move |column| (row, column)));
    (all.map(|(row, column)| cell(row, column)).collect(), across)
}
