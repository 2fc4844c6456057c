/** The kind of what is dragged, so that files and texts are left alone. */
export const DRAGGED_PANEL = "application/x-kiseki-panel";
