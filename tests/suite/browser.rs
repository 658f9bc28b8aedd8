//! Contract: the interactive page works in a real browser: heads are picked by clicks, cells read back within the
//! stated precision, lines and threshold follow, and nothing lands in the console.
//!
//! Drives a headless Chromium through its debugging pipe (Chrome DevTools Protocol: JSON messages that end in a zero
//! byte). Where there is no Chromium the test says so and checks nothing.

use crate::atlas::atlas_of;
use crate::export::{Run, what};
use crate::files::write;
use crate::parity::storyteller;
use mnemoscope::engine::AtlasOptions;
use mnemoscope::engine::atlas_page;
use mnemoscope::export::{Lang, What};
use mnemoscope::trace::HeadId;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
    std::env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name))).find(|path| path.is_file())
}

/// A browser with one page.
struct Browser {
    process: Child,
    requests: File,
    answers: BufReader<File>,
    session: Option<String>,
    sent: u64,
    events: VecDeque<Value>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Browser {
    fn open(program: &Path, folder: &Path) -> Self {
        let [requests, answers] = ["requests", "answers"].map(|name| folder.join(name));
        let made = Command::new("mkfifo").args([&requests, &answers]).status().expect("mkfifo runs");
        assert!(made.success());
        // The pipe is on descriptors 3 and 4
        let process = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<requests 4>answers", "sh"])
            .arg(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--remote-debugging-pipe",
            ])
            .args(["--window-size=1280,900", "--user-data-dir=profile", "about:blank"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let requests = File::options().write(true).open(requests).expect("a pipe");
        let answers = BufReader::new(File::open(answers).expect("a pipe"));
        let mut browser =
            Self { process, requests, answers, session: None, sent: 0, events: VecDeque::new() };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", &attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            browser.call(domain, &json!({}));
        }
        browser
    }

    fn next(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.answers.read_until(0, &mut bytes).expect("the browser lives");
        bytes.pop();
        serde_json::from_slice(&bytes).expect("JSON")
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.requests.write_all(format!("{message}\0").as_bytes()).expect("the browser listens");
        loop {
            let mut answer = self.next();
            if answer["id"] == self.sent {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.events.push_back(answer);
        }
    }

    fn wait_for(&mut self, event: &str) {
        while !self.events.iter().any(|seen| seen["method"] == event) {
            let seen = self.next();
            self.events.push_back(seen);
        }
    }

    /// What an expression (or a promise) comes to.
    fn ask(&mut self, expression: &str) -> Value {
        let question = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", &question);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    fn mouse(&mut self, kind: &str, [x, y]: [f64; 2]) {
        let button = if kind == "mouseMoved" { "none" } else { "left" };
        let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
        self.call("Input.dispatchMouseEvent", &event);
    }

    fn click(&mut self, at: [f64; 2]) {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            self.mouse(kind, at);
        }
    }

    fn press(&mut self, key: &str) {
        let mut down = json!({ "type": "keyDown", "key": key });
        // A key with a name writes nothing
        if key.chars().count() == 1 {
            down["text"] = key.into();
        }
        self.call("Input.dispatchKeyEvent", &down);
        self.call("Input.dispatchKeyEvent", &json!({ "type": "keyUp", "key": key }));
    }

    fn point(&mut self, expression: &str) -> [f64; 2] {
        let point = self.ask(expression);
        [0, 1].map(|i| point[i].as_f64().expect("a coordinate"))
    }

    /// The middle of an element that a selector finds.
    fn middle(&mut self, selector: &str) -> [f64; 2] {
        let find = format!(
            "(() => {{ const e = document.querySelector('{selector}'); e.scrollIntoView({{block: 'center'}}); \
             const box = e.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        );
        self.point(&find)
    }

    fn text(&mut self, id: &str) -> String {
        self.ask(&format!("document.getElementById('{id}').textContent")).as_str().expect("text").to_owned()
    }

    fn complaints(&mut self) -> Vec<String> {
        self.ask("1");
        let bad = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Network.loadingFailed") => true,
            Some("Log.entryAdded") => event["params"]["entry"]["level"] == "error",
            Some("Runtime.consoleAPICalled") => event["params"]["type"] == "error",
            Some("Network.requestWillBeSent") => {
                event["params"]["request"]["url"].as_str().is_some_and(|url| {
                    !url.starts_with("file:") && !url.starts_with("data:") && !url.starts_with("about:")
                })
            }
            _ => false,
        };
        self.events.iter().filter(bad).map(ToString::to_string).collect()
    }
}

const SHOWN: &str = "new Promise(done => { const look = () => values.get(state.head) && image ? done(true) : \
                     setTimeout(look, 10); look(); })";

#[test]
fn a_browser_picks_heads_reads_cells_and_has_nothing_to_complain_of() {
    let Some(program) = chromium() else {
        eprintln!("not run: there is no Chromium on this machine");
        return;
    };
    let run = Run::of("gpt2-odd", 13);
    let page = run.export("page.html", &what(&[What::Pattern])).expect("written");
    let mut browser = Browser::open(&program, run.folder.path());
    browser.call("Page.navigate", &json!({ "url": format!("file://{}", page.display()) }));
    browser.wait_for("Page.loadEventFired");
    assert_eq!(browser.ask(SHOWN), true);

    let (head, query, key) = (HeadId { layer: 1, head: 1 }, 11, 4);
    let button = browser.middle(&format!("button[aria-label=\"Head {head}\"]"));
    browser.click(button);
    assert_eq!(browser.ask(SHOWN), true);
    assert_eq!(browser.text("head"), format!("Head {head}"));

    let cell = format!(
        "(() => {{ $('heat').scrollIntoView({{block: 'center'}}); const box = $('heat').getBoundingClientRect(); \
         return [box.x + frame.left + {key}.5 * frame.cell, box.y + frame.top + {query}.5 * frame.cell]; }})()"
    );
    let at = browser.point(&cell);
    browser.mouse("mouseMoved", at);
    let exact = run.trace.pattern(head).cell(query, key);
    let readout = browser.text("readout");
    let shown: f32 = readout.split_whitespace().last().and_then(|n| n.parse().ok()).expect("a weight");
    assert!(readout.starts_with(&format!("q {query} ")), "{readout}");
    assert!((shown - exact).abs() < 6e-5, "{readout} for {exact}");
    // The footer states the error relative to the head's greatest weight
    let about = browser.text("about");
    let stated = about.split("± ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a stated error");
    let stated: f64 = stated.parse().expect("a number");
    let all = browser.ask("[now().max, ...values.get(state.head)]");
    let all: Vec<f64> = all.as_array().expect("numbers").iter().filter_map(Value::as_f64).collect();
    let (max, weights) = all.split_first().expect("a maximum");
    for (shown, exact) in weights.iter().zip(run.trace.pattern(head).tile(0..13, 0..13)) {
        assert!((shown - f64::from(exact)).abs() <= 1.05 * stated * max, "{shown} for {exact}");
    }

    browser.click(at);
    assert_eq!(browser.ask("state.pinned"), query);
    let pixel = "[...$('heat').getContext('2d').getImageData(frame.ratio * (frame.left + frame.cell / 2), \
                 frame.ratio * (frame.top + frame.cell * 1.5), 1, 1).data].slice(0, 3)";
    let before = browser.ask(pixel);
    for _ in 0..20 {
        browser.press("]");
    }
    assert_eq!(browser.ask("state.threshold"), 100);
    assert_ne!(browser.ask(pixel), before, "a high threshold leaves the floor");
    browser.press("[");
    browser.ask("setThreshold(0)");

    // Lines: pinned, one for each key that the row sees; let go, one for each cell that is seen
    browser.press("f");
    assert!(browser.text("flow-words").starts_with(&format!("{} lines", query + 1)), "the pinned row's");
    browser.press("Escape");
    browser.ask("pin(null)");
    let lines = browser.text("flow-words");
    let seen = weights.iter().filter(|&&weight| weight >= 1e-6).count();
    assert!(lines.starts_with(&format!("{seen} lines")), "{lines}, {seen} weights");
    let dark = "document.documentElement.classList.contains('dark')";
    let was = browser.ask(dark);
    browser.press("d");
    assert_ne!(browser.ask(dark), was);
    browser.press("f");
    assert_eq!(browser.ask("$('flow-scroll').hidden"), true);
    let none: Vec<String> = Vec::new();
    assert_eq!(browser.complaints(), none);
}

#[test]
fn a_browser_shows_an_atlas() {
    let Some(program) = chromium() else {
        eprintln!("not run: there is no Chromium on this machine");
        return;
    };
    let model = storyteller();
    let mut atlas = atlas_of(&model, &AtlasOptions { probes: 1, tokens: 24, ..AtlasOptions::default() });
    let evil = "</script><img src=x onerror=alert(1)>";
    atlas.heads[0].keys[0].text = evil.to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("atlas.html");
    write(&file, atlas_page(&atlas, Lang::En));
    let mut browser = Browser::open(&program, folder.path());
    browser.call("Page.navigate", &json!({ "url": format!("file://{}", file.display()) }));
    browser.wait_for("Page.loadEventFired");
    assert_eq!(browser.ask("document.querySelectorAll('#plot circle').length"), atlas.heads.len());

    // Another head by its point, then one by its row; what a text tries stays a text
    let induction = atlas.heads.iter().position(|entry| entry.head == HeadId { layer: 4, head: 0 });
    let induction = induction.expect("a head");
    let at = browser.middle(&format!("#plot circle[data-head=\"{induction}\"]"));
    browser.click(at);
    assert!(browser.text("head").starts_with("Head 4.0"), "{}", browser.text("head"));
    let at = browser.middle("button[data-head=\"0\"]");
    browser.click(at);
    assert!(browser.text("head").starts_with("Head 0.0"));
    assert_eq!(browser.ask(&format!("document.getElementById('card').textContent.includes({evil:?})")), true);
    assert_eq!(browser.ask("document.querySelectorAll('img').length"), 0);

    // The strongest cell of the first sequence is where the page looks from
    let entry = &atlas.heads[0];
    let sequence = &entry.sequences[0];
    let n = atlas.passages[sequence.passage].tokens.len();
    let (query, key, weight) = sequence.cells.strongest(n).expect("a cell");
    let framed =
        "[...document.querySelector('.tokens').children].findIndex(e => e.classList.contains('query'))";
    assert_eq!(browser.ask(framed), query);
    let said = browser.ask(&format!("document.querySelector('.tokens').children[{key}].title"));
    assert_eq!(said, format!("{weight:.4}"));

    // Axes and colours can be chosen
    let moved = "document.querySelector('#plot circle[data-head=\"5\"]').getAttribute('cx')";
    let before = browser.ask(moved);
    browser.ask("(() => { $('x').value = 'entropy'; $('x').dispatchEvent(new Event('change')); })()");
    assert_ne!(browser.ask(moved), before);
    browser
        .ask("(() => { $('colour').value = 'cluster'; $('colour').dispatchEvent(new Event('change')); })()");
    let colours =
        "new Set([...document.querySelectorAll('#plot circle')].map(e => e.getAttribute('fill'))).size";
    let alike = mnemoscope::analysis::atlas::clusters(&atlas).clusters.len();
    assert_eq!(browser.ask(colours), alike);
    let none: Vec<String> = Vec::new();
    assert_eq!(browser.complaints(), none);

    // The same in Chinese: what the page itself says has no English word but names of models, scores and papers
    let chinese = folder.path().join("chinese.html");
    write(&chinese, atlas_page(&atlas, Lang::Zh));
    drop(browser);
    let other = tempfile::tempdir().expect("a folder");
    let mut browser = Browser::open(&program, other.path());
    browser.call("Page.navigate", &json!({ "url": format!("file://{}", chinese.display()) }));
    browser.wait_for("Page.loadEventFired");
    assert_eq!(browser.ask("document.documentElement.lang"), "zh-CN");
    let at = browser.middle(&format!("#plot circle[data-head=\"{induction}\"]"));
    browser.click(at);
    assert!(browser.text("head").starts_with("头 4.0"), "{}", browser.text("head"));
    browser
        .ask("(() => { $('colour').value = 'cluster'; $('colour').dispatchEvent(new Event('change')); })()");
    let said = "[...document.querySelectorAll('h1, h2, h3, main label, main option, #legend span, .said, .role, dt')]\
                .map(e => e.firstChild.textContent).join('\\n')";
    let said = browser.ask(said);
    for line in said.as_str().expect("a text").lines().filter(|line| line.len() > 1) {
        let known = [
            "storyteller",
            "previous_stripe",
            "duplicate_stripe",
            "induction_stripe",
            "reach",
            "sink",
            "positional",
            "delimiter",
            "copying",
            "name_mover",
            "successor",
        ];
        let own = known.iter().fold(line.to_owned(), |own, name| own.replace(name, ""));
        let english = own.split(|c: char| !c.is_ascii_lowercase()).find(|word| word.len() > 2);
        assert!(english.is_none(), "`{line}` is English");
    }
    assert_eq!(browser.complaints(), none);
}
