//! A README taken apart into what can be drawn: blocks of spans. HTML within it is left out, pictures are named.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// Blocks of a text that are kept; nobody reads on in a side column.
const MOST: usize = 2000;

/// A run of words in one style.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The words.
    pub text: String,
    /// Bold.
    pub strong: bool,
    /// Italics.
    pub slanted: bool,
    /// In the fixed-width face.
    pub code: bool,
    /// Where it leads; nothing goes there by itself.
    pub link: Option<String>,
}

/// One block, top to bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A title, 1 the largest.
    Heading(u8, Vec<Span>),
    /// Running text.
    Paragraph(Vec<Span>),
    /// A list's entry: how deep, what stands before it.
    Item(usize, String, Vec<Span>),
    /// Code, as it stands.
    Code(String),
    /// A table's row, of its head or not.
    Row(bool, Vec<Vec<Span>>),
    /// A line across.
    Rule,
}

/// What stands around the words that come.
#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    spans: Vec<Span>,
    style: Span,
    /// The number of each open list's next entry; none where it has dots.
    lists: Vec<Option<u64>>,
    /// What the next block of an entry begins with.
    marker: Option<String>,
    cells: Vec<Vec<Span>>,
    code: Option<String>,
    in_head: bool,
    /// Depth of HTML that is left out, and of pictures whose words name them.
    hidden: usize,
}

/// Takes a text apart.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        reader.hear(event);
        if reader.blocks.len() >= MOST {
            break;
        }
    }
    reader.end_paragraph();
    reader.blocks
}

impl Reader {
    fn hear(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code.is_some() => {
                self.code.as_mut().into_iter().for_each(|code| code.push_str(&text));
            }
            Event::Text(text) => self.say(&text, false),
            Event::Code(text) => self.say(&text, true),
            Event::SoftBreak | Event::HardBreak => self.say(" ", false),
            Event::Rule => self.blocks.push(Block::Rule),
            _ => {} // HTML, footnotes, formulas
        }
    }

    fn say(&mut self, text: &str, code: bool) {
        if self.hidden == 0 {
            self.spans.push(Span { text: text.to_owned(), code, ..self.style.clone() });
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Strong => self.style.strong = true,
            Tag::Emphasis => self.style.slanted = true,
            Tag::Link { dest_url, .. } => self.style.link = Some(dest_url.into_string()),
            Tag::Image { .. } => self.say("▢ ", false),
            Tag::HtmlBlock => self.hidden += 1,
            Tag::CodeBlock(_) => {
                self.end_paragraph();
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.end_paragraph();
                self.lists.push(first);
            }
            Tag::Item => {
                self.marker = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "•".to_owned(),
                });
            }
            Tag::TableHead => self.in_head = true,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.style.strong = false,
            TagEnd::Emphasis => self.style.slanted = false,
            TagEnd::Link => self.style.link = None,
            TagEnd::HtmlBlock => self.hidden = self.hidden.saturating_sub(1),
            TagEnd::CodeBlock => self.blocks.extend(self.code.take().map(Block::Code)),
            TagEnd::Heading(level) => {
                let spans = std::mem::take(&mut self.spans);
                let size = match level {
                    HeadingLevel::H1 => 1,
                    HeadingLevel::H2 => 2,
                    _ => 3,
                };
                self.blocks.push(Block::Heading(size, spans));
            }
            TagEnd::List(_) => {
                self.end_paragraph();
                self.lists.pop();
            }
            TagEnd::Paragraph | TagEnd::Item => self.end_paragraph(),
            TagEnd::TableCell => self.cells.push(std::mem::take(&mut self.spans)),
            TagEnd::TableHead | TagEnd::TableRow => {
                self.blocks.push(Block::Row(self.in_head, std::mem::take(&mut self.cells)));
                self.in_head = false;
            }
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        let spans = std::mem::take(&mut self.spans);
        if spans.iter().all(|span| span.text.trim().is_empty()) {
            return;
        }
        self.blocks.push(match (self.lists.len(), self.marker.take()) {
            (0, _) => Block::Paragraph(spans),
            (depth, marker) => Block::Item(depth - 1, marker.unwrap_or_default(), spans),
        });
    }
}
