//! TikZ: a drawing as a LaTeX document of its own, or to `\input` where `standalone` is loaded.
//!
//! Compiles with pdfLaTeX, XeLaTeX and LuaLaTeX. Every character of a prompt enters escaped; one that pdfLaTeX's fonts
//! lack shows as its code point there, and as itself in the other two. Pixels become rectangles, so that the file
//! stands alone: layouts for TikZ keep to [`LIMITS`].

use std::fmt::Write as _;

use crate::render::{Raster, Rgba};

use super::figure::Drawing;
use super::figure::drawing::{Anchor, Area, Face, Number, Shape, Text};
use super::latex;
use super::picture::Limits;

/// LaTeX sets some ten thousand rectangles in a few seconds, and no million.
pub const LIMITS: Limits = Limits { values: 96, small: 16 };

/// The commands that the picture uses: a filled rectangle, an outline, and a letter that pdfLaTeX may lack.
const PREAMBLE: &str = r##"\documentclass[border=0pt]{standalone}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}
  \IfFileExists{lmodern.sty}{\usepackage{lmodern}}{\usepackage{fix-cm}}
\fi
\usepackage{textcomp}
\usepackage{tikz}
\renewcommand*\familydefault{\sfdefault}
\newcommand*\mnemofill[5]{\definecolor{mnemo}{HTML}{#5}\pgfsetfillcolor{mnemo}\pgfpathrectangle{\pgfpointxy{#1}{#2}}{\pgfpointxy{#3}{#4}}\pgfusepath{fill}}
\newcommand*\mnemoframe[5]{\definecolor{mnemo}{HTML}{#5}\draw[mnemo, line width=0.75bp] (#1,#2) rectangle ++(#3,#4);}
\newcommand*\mnemoline[3]{\definecolor{mnemo}{HTML}{#2}\draw[mnemo, line width=#1bp, line join=round] #3;}
\newcommand*\mnemotext[7]{\definecolor{mnemo}{HTML}{#6}\node[anchor=#3, inner sep=0pt, outer sep=0pt, rotate=#4, text=mnemo, font=#5] at (#1,#2) {\strut\smash{#7}};}
\newcommand*\mnemoset[2]{\iffontchar\font"#1 #2\else{\tiny[#1]}\fi}
\newcommand*\mnemochar[2]{\ifPDFTeX{\tiny[#1]}\else\mnemoset{#1}{#2}\fi}
\newcommand*\mnemohan[2]{\mnemochar{#1}{#2}}
"##;

/// A font for Chinese, where the drawing has any: what the system has, in LuaLaTeX and XeLaTeX; `gbsn` of `CJKutf8` in
/// pdfLaTeX, where that is installed, else code points.
const HAN: &str = r"\newif\ifmnemohan
\newcommand*\mnemotry[1]{\ifmnemohan\else\IfFontExistsTF{#1}{\newfontfamily\mnemohanfont{#1}\mnemohantrue}{}\fi}
\ifPDFTeX
  \IfFileExists{c70gbsn.fd}{\IfFileExists{CJKutf8.sty}{\mnemohantrue}{}}{}
  \ifmnemohan
    \usepackage{CJKutf8}
    \renewcommand*\mnemohan[2]{\begin{CJK}{UTF8}{gbsn}#2\end{CJK}}
  \fi
\else
  \usepackage{fontspec}
  \mnemotry{Noto Sans CJK SC}\mnemotry{Source Han Sans SC}\mnemotry{Microsoft YaHei}\mnemotry{PingFang SC}
  \mnemotry{FandolHei-Regular.otf}\mnemotry{Noto Serif CJK SC}
  \ifmnemohan\renewcommand*\mnemohan[2]{{\mnemohanfont\mnemoset{#1}{#2}}}\fi
\fi
";

/// Whether a font of Latin letters lacks it: Chinese, Japanese, Korean and their punctuation.
fn is_han(c: char) -> bool {
    matches!(c as u32, 0x2e80..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0xff00..=0xffef)
}

/// The whole file.
pub(super) fn to_tikz(drawing: &Drawing) -> String {
    let Drawing { width, height, title, shapes } = drawing;
    let title: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut out = format!("% {title}\n% Mnemoscope {}\n{PREAMBLE}", env!("CARGO_PKG_VERSION"));
    if drawing.texts().any(|text| text.text.chars().any(is_han)) {
        out.push_str(HAN);
    }
    out.push_str("\\begin{document}\n\\begin{tikzpicture}[x=0.75bp, y=-0.75bp]\n");
    let _ = writeln!(out, "\\useasboundingbox (0,0) rectangle ({},{});", Number(*width), Number(*height));
    for shape in shapes {
        match shape {
            Shape::Rect { area, fill, .. } => rect(&mut out, *area, *fill),
            Shape::Frame { area, stroke } => {
                let inside = Area::new(area.x + 0.5, area.y + 0.5, area.width - 1.0, area.height - 1.0);
                let _ = writeln!(out, "\\mnemoframe{}{{{}}}", Place(inside), Hex(*stroke));
            }
            Shape::Line { points, width, stroke } => line(&mut out, points, *width, *stroke),
            Shape::Image { area, raster } => pixels(&mut out, *area, raster),
            Shape::Polygon { corners, fill } => polygon(&mut out, corners, *fill),
            Shape::Text(line) => text(&mut out, line),
        }
    }
    out.push_str("\\end{tikzpicture}\n\\end{document}\n");
    out
}

fn rect(out: &mut String, area: Area, fill: Rgba) {
    let _ = writeln!(out, "\\mnemofill{}{{{}}}", Place(area), Hex(fill));
}

fn polygon(out: &mut String, corners: &[[f32; 2]], fill: Rgba) {
    let _ = write!(out, "\\definecolor{{mnemo}}{{HTML}}{{{}}}\\fill[mnemo] ", Hex(fill));
    for [x, y] in corners {
        let _ = write!(out, "({},{}) -- ", Number(*x), Number(*y));
    }
    out.push_str("cycle;\n");
}

fn line(out: &mut String, points: &[[f32; 2]], width: f32, stroke: Rgba) {
    let corners: Vec<String> =
        points.iter().map(|&[x, y]| format!("({},{})", Number(x), Number(y))).collect();
    let path = corners.join(" -- ");
    let _ = writeln!(out, "\\mnemoline{{{}}}{{{}}}{{{path}}}", Number(width * 0.75), Hex(stroke));
}

/// How far a pixel reaches under its neighbours.
const HAIR: f32 = 0.3;

/// Rectangles for pixels: neighbours in a row that share a colour are one.
fn pixels(out: &mut String, area: Area, raster: &Raster) {
    let (width, height) =
        (area.width / raster.width.max(1) as f32, area.height / raster.height.max(1) as f32);
    for (row, line) in raster.pixels.chunks(raster.width.max(1)).enumerate() {
        let mut column = 0;
        for run in line.chunk_by(|a, b| a == b) {
            let (x, y) = (area.x + column as f32 * width, area.y + row as f32 * height);
            column += run.len();
            // A hair under what comes next, which is painted over it: between edges that only meet the ground shows
            let more = |last: bool| if last { 0.0 } else { HAIR };
            let wide = run.len() as f32 * width + more(column >= raster.width);
            rect(out, Area::new(x, y, wide, height + more(row + 1 >= raster.height)), run[0]);
        }
    }
}

fn text(out: &mut String, text: &Text) {
    let face = match text.face {
        Face::Sans => "\\sffamily",
        Face::Strong => "\\sffamily\\bfseries",
        Face::Mono => "\\ttfamily",
    };
    let anchor = match text.anchor {
        Anchor::Start => "base west",
        Anchor::Middle => "base",
        Anchor::End => "base east",
    };
    let points = Number(text.size * 0.75);
    let _ = writeln!(
        out,
        "\\mnemotext{{{}}}{{{}}}{{{anchor}}}{{{}}}{{\\fontsize{{{points}bp}}{{{points}bp}}\\selectfont{face}}}{{{}}}{{{}}}",
        Number(text.x),
        Number(text.y),
        Number(-text.turn),
        Hex(text.fill),
        escaped(&text.text),
    );
}

/// Text as LaTeX takes it, whatever it holds.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        let command = match c {
            '\\' => "\\textbackslash{}",
            '{' => "\\{",
            '}' => "\\}",
            '$' => "\\$",
            '&' => "\\&",
            '#' => "\\#",
            '%' => "\\%",
            '_' => "\\_",
            '~' => "\\textasciitilde{}",
            '^' => "\\textasciicircum{}",
            '<' => "\\textless{}",
            '>' => "\\textgreater{}",
            '|' => "\\textbar{}",
            '"' => "\\textquotedbl{}",
            '\'' => "\\textquotesingle{}",
            '`' => "\\textasciigrave{}",
            // Ligatures such as -- and ,, are two characters in a token
            '-' => "-{}",
            ',' => ",{}",
            '!' => "!{}",
            '?' => "?{}",
            ' ' => "\\ ",
            '·' => "\\textperiodcentered{}",
            '×' => "\\texttimes{}",
            '½' => "\\textonehalf{}",
            '±' => "\\textpm{}",
            '−' => "\\ensuremath{-}",
            '→' => "\\ensuremath{\\rightarrow}",
            '↓' => "\\ensuremath{\\downarrow}",
            '⏎' => "\\ensuremath{\\hookleftarrow}",
            '⇥' => "\\ensuremath{\\mapsto}",
            '…' => "\\textellipsis{}",
            '–' => "\\textendash{}",
            '—' => "\\textemdash{}",
            '‘' => "\\textquoteleft{}",
            '’' => "\\textquoteright{}",
            '“' => "\\textquotedblleft{}",
            '”' => "\\textquotedblright{}",
            '‹' => "\\ensuremath{\\langle}",
            '›' => "\\ensuremath{\\rangle}",
            ' '..='~' => {
                out.push(c);
                continue;
            }
            // Letters with accents that every encoding of LaTeX has
            'À'..='ÿ' if !matches!(c, '×' | '÷') => {
                out.push(c);
                continue;
            }
            _ => {
                if let Some(symbol) = latex::symbol(c) {
                    let _ = write!(out, "\\ensuremath{{{symbol}}}");
                    continue;
                }
                let shown = if c.is_control() { '\u{fffd}' } else { c };
                let command = if is_han(c) { "mnemohan" } else { "mnemochar" };
                let _ = write!(out, "\\{command}{{{:04X}}}{{{shown}}}", c as u32);
                continue;
            }
        };
        out.push_str(command);
    }
    out
}

struct Place(Area);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [x, y, width, height] = [self.0.x, self.0.y, self.0.width, self.0.height].map(Number);
        write!(f, "{{{x}}}{{{y}}}{{{width}}}{{{height}}}")
    }
}

struct Hex(Rgba);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue, _] = self.0;
        write!(f, "{red:02X}{green:02X}{blue:02X}")
    }
}
