//! Starting the window: which renderer, what if there is no display, how long it takes.

use egui_system_font_provider::SystemFontProvider;
use std::time::Duration;

/// Names the renderer to use: `wgpu` or `glow`.
const RENDERER_VARIABLE: &str = "MNEMOSCOPE_RENDERER";
/// Set to anything: print how long the start took, and quit.
pub const BENCH_VARIABLE: &str = "MNEMOSCOPE_BENCH_WINDOW";

/// The renderer to try first. Without a graphics device wgpu's software path is several times slower than glow's,
/// and asking the drivers takes longer than our whole start: the device file says it at once.
pub fn renderer() -> eframe::Renderer {
    if let Some(chosen) = std::env::var(RENDERER_VARIABLE).ok().and_then(|name| name.parse().ok()) {
        return chosen;
    }
    if hardware() { eframe::Renderer::Wgpu } else { eframe::Renderer::Glow }
}

/// The one to try when the first fails.
pub fn other(renderer: eframe::Renderer) -> eframe::Renderer {
    match renderer {
        eframe::Renderer::Glow => eframe::Renderer::Wgpu,
        eframe::Renderer::Wgpu => eframe::Renderer::Glow,
    }
}

#[cfg(target_os = "linux")]
fn hardware() -> bool {
    let has = |path: &str| std::path::Path::new(path).exists();
    let rendering = std::fs::read_dir("/dev/dri").is_ok_and(|mut files| {
        files.any(|file| file.is_ok_and(|f| f.file_name().to_string_lossy().starts_with("render")))
    });
    rendering || has("/dev/nvidia0") || has("/dev/dxg")
}

#[cfg(not(target_os = "linux"))]
fn hardware() -> bool {
    true
}

/// Whether there is a screen to open a window on.
#[cfg(target_os = "linux")]
pub fn display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Whether there is a screen to open a window on.
#[cfg(not(target_os = "linux"))]
pub fn display() -> bool {
    true
}

/// Fonts of the system for what those inside lack. Chinese characters are drawn as China writes them, but where the system
/// itself speaks Chinese, Japanese or Korean: without a locale any font is taken, a brush script or a Japanese one.
pub fn fonts() -> SystemFontProvider {
    let fonts = SystemFontProvider::new();
    let own =
        sys_locale::get_locale().is_some_and(|said| ["zh", "ja", "ko"].iter().any(|it| said.starts_with(it)));
    if own { fonts } else { fonts.with_locale(Some("zh-CN")) }
}

/// Measures the start where [`BENCH_VARIABLE`] asks for it.
pub struct Stopwatch {
    window: Option<Duration>,
    painted: bool,
    told: bool,
}

impl Stopwatch {
    /// One, if it was asked for.
    pub fn asked() -> Option<Self> {
        std::env::var_os(BENCH_VARIABLE).map(|_| Self { window: None, painted: false, told: false })
    }

    /// Called at each frame's end. What a frame painted is on screen when the next one begins.
    pub fn frame(&mut self, ctx: &egui::Context, painted: bool) {
        let now = since_start();
        let window = *self.window.get_or_insert(now);
        if self.painted && !self.told {
            self.told = true;
            let line =
                serde_json::json!({ "window_s": window.as_secs_f64(), "first_map_s": now.as_secs_f64() });
            println!("{line}");
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        self.painted |= painted;
        ctx.request_repaint();
    }
}

/// Time since the process began: from the kernel's own note of it, to a hundredth of a second.
#[cfg(target_os = "linux")]
fn since_start() -> Duration {
    let uptime = || -> Option<f64> {
        std::fs::read_to_string("/proc/uptime").ok()?.split_whitespace().next()?.parse().ok()
    };
    let began = || -> Option<f64> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // After the name in brackets, which may hold anything, the twentieth number is the start in ticks
        let ticks: f64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
        Some(ticks / 100.0)
    };
    let seconds = uptime().zip(began()).map_or(0.0, |(now, began)| now - began);
    Duration::from_secs_f64(seconds.max(0.0))
}

#[cfg(not(target_os = "linux"))]
fn since_start() -> Duration {
    static FIRST: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(std::time::Instant::now).elapsed()
}
