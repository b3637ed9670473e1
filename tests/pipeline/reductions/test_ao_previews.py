"""Pictures of stacks: which there are, what they say in words, and that the same stack gives the same bytes."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from archive.enums import ProductKind, SignalClass
from pipeline.reductions.ao_previews import LOW_CONFIDENCE, make
from tests.pipeline.reductions.simulated import FAINT, STAR


@pytest.fixture(scope="module")
def pictures(bench, night):
    return bench.make(ProductKind.BRIGHT_PREVIEW, night.subject(STAR))


def test_there_are_three_and_each_is_an_image_of_its_kind(pictures, night):
    found = {
        file.role: (file.filename, Image.open(io.BytesIO(file.path.read_bytes())).format) for file in pictures.files
    }
    assert found == {
        "full": (f"{night.subject(STAR)}_full.png", "PNG"),
        "cropped": (f"{night.subject(STAR)}_cropped.png", "PNG"),
        "small": (f"{night.subject(STAR)}_small.webp", "WEBP"),
    }


def test_the_ratio_is_told_as_it_was_measured(bench, night, pictures):
    measured = bench.make(ProductKind.BRIGHT_STREHL, night.subject(STAR)).strehl
    said = f"Strehl {100 * measured['strehl_ratio']:.1f} ± {100 * measured['strehl_error']:.1f} %"
    assert said in pictures.values["texts"]["cropped"]
    assert said not in pictures.values["texts"]["full"]


def test_the_same_stack_gives_the_same_bytes(bench, night, pictures):
    again = bench.anew(ProductKind.BRIGHT_PREVIEW, night.subject(STAR))
    assert [file.path.read_bytes() for file in again.files] == [file.path.read_bytes() for file in pictures.files]


@pytest.mark.parametrize("is_confident", [True, False])
def test_a_stack_that_is_doubted_says_so_in_its_picture(bench, night, is_confident):
    job = bench.job(ProductKind.FAINT_PREVIEW, night.subject(FAINT))
    inputs = [
        replace(each, values={**each.values, "is_confident": is_confident}) if each.name == "faint values" else each
        for each in job.inputs
    ]
    assert any(each.name == "faint values" for each in inputs)
    texts = make(replace(job, inputs=tuple(inputs))).values["texts"]
    assert (LOW_CONFIDENCE in texts["cropped"]) is not is_confident


def test_where_no_star_was_found_the_picture_says_so(bench, night):
    """Of such a stack no Strehl ratio is made."""
    job = bench.job(ProductKind.BRIGHT_PREVIEW, night.subject(STAR))
    inputs = [
        replace(each, values={**each.values, "signal_class": SignalClass.ZERO_FLUX})
        if each.name == "bright values"
        else each
        for each in job.inputs
        if each.name != "bright-strehl values"
    ]
    assert len(inputs) == len(job.inputs) - 1
    assert "no star found" in make(replace(job, inputs=tuple(inputs))).values["texts"]["cropped"]
