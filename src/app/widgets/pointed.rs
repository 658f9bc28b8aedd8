//! The menu of what was under the pointer when it was asked for: the pointer moves on to the menu's own entries.

use egui::{Response, Ui};

/// Opens a context menu over `at`, as it was when the button was pressed.
pub fn menu<T: Copy + Send + Sync + 'static>(
    response: &Response,
    at: Option<T>,
    show: impl FnOnce(&mut Ui, T),
) {
    let id = response.id.with("under the menu");
    if response.secondary_clicked() {
        response.ctx.data_mut(|data| match at {
            Some(at) => drop(data.insert_temp(id, at)),
            None => data.remove::<T>(id),
        });
    }
    response.context_menu(|ui| match ui.data(|data| data.get_temp::<T>(id)) {
        Some(at) => show(ui, at),
        None => ui.close(),
    });
}
