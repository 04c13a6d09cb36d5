import plotly.graph_objects as go

from engines.core.palette import CATEGORICAL, DIVERGING, as_file


def test_file_brings_our_colours_whatever_the_figure_was_drawn_under() -> None:
    placeholders = go.layout.Template(layout={"colorway": ["#000001", "#000002"]})
    drawn = go.Figure(go.Bar(x=["a"], y=[1]), layout={"template": placeholders, "title": "Kept"})
    filed = as_file(drawn)
    assert filed.layout.template.layout.colorway == CATEGORICAL
    assert "#000001" not in filed.to_json()
    assert filed.layout.title.text == "Kept"
    assert drawn.layout.template.layout.colorway == ("#000001", "#000002")


def test_file_has_a_scale_for_values_on_both_sides_of_zero() -> None:
    filed = as_file(go.Figure(go.Heatmap(z=[[-1, 1]], autocolorscale=True)))
    steps = filed.layout.template.layout.colorscale.diverging
    assert (steps[0], steps[-1]) == ((0.0, DIVERGING[0]), (1.0, DIVERGING[-1]))
