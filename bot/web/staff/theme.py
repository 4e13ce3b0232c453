"""How the console looks: Gradio's Soft theme with less air, and colours that everybody can read."""

import gradio as gr

INK, QUIET, ACCENT, LINE = "#1d2b2a", "#465654", "#17595a", "#6d807d"


def staff_theme() -> gr.Theme:
    """The same by day and by night. Gradio's own colours have too little contrast for WCAG 2.2 AA in many places."""
    theme = gr.themes.Soft(
        primary_hue="teal",
        spacing_size="sm",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        body_text_color=INK,
        body_text_color_subdued=QUIET,
        body_background_fill="#ffffff",
        background_fill_primary="#ffffff",
        link_text_color=ACCENT,
        block_title_text_color=INK,
        block_title_background_fill="none",
        block_title_padding="0",
        block_label_text_color=INK,
        block_label_background_fill="#e3efee",
        block_info_text_color=QUIET,
        block_shadow="none",
        input_border_color=LINE,
        input_border_width="1px",
        input_shadow="none",
        input_placeholder_color="#5f6f6d",
        button_primary_background_fill=ACCENT,
        button_primary_background_fill_hover="#0f4a4b",
        button_secondary_background_fill="#eef5f4",
        button_secondary_background_fill_hover="#dbe9e7",
        button_secondary_text_color="#0f4a4b",
        button_secondary_border_color=LINE,
        button_border_width="1px",
        button_primary_shadow="none",
        button_secondary_shadow="none",
        button_cancel_background_fill="#a01313",
        button_cancel_background_fill_hover="#7a1010",
        button_cancel_text_color="#ffffff",
        checkbox_border_color=LINE,
        checkbox_background_color_selected=ACCENT,
        checkbox_label_background_fill_selected="#dbe9e7",
        checkbox_label_text_color_selected=INK,
        checkbox_label_shadow="none",
        table_text_color=INK,
    )
    for name in [name for name in vars(theme) if name.endswith("_dark")]:
        setattr(theme, name, getattr(theme, name.removesuffix("_dark")))
    return theme
