"""Published scores: each names its set, model, measure and source."""

from __future__ import annotations

from dataclasses import fields

import pytest
from seekline import model
from seekline.learn.eval.published import all_published, is_nearest_only, published_of
from seekline.learn.eval.sets.benchmarks import all_benchmarks
from seekline.learn.eval.sets.scores import Figures


def test_each_says_where_it_stands() -> None:
    names = set(model.all_entries())
    measures = {field.name for field in fields(Figures)}
    for score in all_published():
        assert score.benchmark in all_benchmarks()
        assert score.model in names
        assert score.measure in measures
        assert 0 < score.value < 1
        assert score.source.startswith(("arXiv:", "github.com/deepseek-ai/"))
        assert score.convention


def test_the_papers_figures_of_the_smallest_model() -> None:
    found = {
        (score.measure, score.language): score.value
        for score in published_of("single-line-santacoder", frozenset({"python", "java", "javascript"}))
        if score.model == "deepseek-coder-1.3b-base"
    }
    assert found == pytest.approx(
        {
            ("exact", "python"): 0.574,
            ("exact", "java"): 0.822,
            ("exact", "javascript"): 0.717,
            ("exact_first_line", "python"): 0.741,
            ("exact_first_line", "java"): 0.851,
            ("exact_first_line", "javascript"): 0.829,
        }
    )


def test_openais_lines_have_the_nearest_there_is() -> None:
    found = published_of("single-line", frozenset({"python"}))
    assert {score.language for score in found} == {"python", "mean"}
    assert is_nearest_only("single-line")
    assert not is_nearest_only("humaneval")
    assert published_of("multi-line", frozenset({"python"})) == ()
