"""The profiles: sizes that fit together and equal passes."""

import json
from dataclasses import asdict, replace

import pytest

from lib import train
from lib.config import COMPACT, PROFILES, TRUNKS, Model, Schedule, Weights, find_profile
from lib.lists import DataError
from lib.methods import DETECTORS, METHODS
from lib.runs import STAGES


def test_the_profiles():
    assert list(PROFILES) == ["smoke", "demo", "study", "photos", "paper"]
    assert all(config.profile == name for name, config in PROFILES.items())
    assert PROFILES["study"].seeds == (0, 1, 2) and PROFILES["demo"].seeds == (0,)
    assert PROFILES["paper"].model == Model() and PROFILES["paper"].input.view_px == 224
    assert [PROFILES[name].start for name in PROFILES] == ["scratch", "shipped", "scratch", "imagenet", "imagenet"]


def test_a_profile_is_found_by_its_name_and_photos_on_any_trunk():
    assert all(find_profile(name) is PROFILES[name] for name in PROFILES)
    for trunk, model in TRUNKS.items():
        assert find_profile(f"photos-{trunk}") == replace(PROFILES["photos"], profile=f"photos-{trunk}", model=model)
        assert model.trunk == model.generic == trunk
    assert TRUNKS["efficientnet_lite0"] == PROFILES["photos"].model
    for name in ("photo", "photos-", "photos-resnet50", "demo-vgg16", ""):
        with pytest.raises(DataError, match="no profile .* there are smoke, demo, .* photos-vgg16"):
            find_profile(name)


def test_the_demo_can_read_what_the_study_ships():
    assert PROFILES["demo"].model == PROFILES["study"].model == COMPACT
    assert PROFILES["demo"].input == PROFILES["study"].input
    # The demo's world is another one than that of the pre-training.
    assert PROFILES["demo"].seed != PROFILES["study"].seed


@pytest.mark.parametrize("name", list(PROFILES))
def test_sizes_fit_together(name):
    config = PROFILES[name]
    m, i = config.model, config.input
    assert i.view_px % (32 if m.trunk == "vgg16" else 16) == 0 and i.view_px <= i.px and m.window % m.bins == 0
    cells = i.view_px / 8
    assert 1 / 8 <= m.window / cells <= 1 / 4  # the paper's 4 of 28 cells are a seventh
    assert i.view * (1 + i.jitter) + 2 * 0.6 * i.jitter < 1.2  # views may leave the crop by little
    assert abs(i.px * i.view - i.view_px) < 4  # a view is neither enlarged nor shrunk by much
    assert set(config.methods) <= set(METHODS) and "fashionnet" in config.methods


def test_the_steps_differ_in_weights_as_the_paper_orders_them():
    for config in PROFILES.values():
        one, two, both = (asdict(w) for w in (config.training.step1, config.training.step2, config.training.at_once))
        for loss in ("landmark", "heatmap", "visibility"):
            assert two[loss] == pytest.approx(0.3 * one[loss]) and both[loss] == one[loss]
        for loss in ("category", "attribute", "triplet", "pair"):
            assert one[loss] == pytest.approx(0.9 * two[loss]) and both[loss] == two[loss]


def test_a_schedule_counts_both_steps():
    assert Schedule(3, 2, 1e-3).passes == 12 and Schedule(1, 1, 1e-3).passes == 2


@pytest.mark.parametrize("name", list(PROFILES))
def test_a_configuration_can_be_written_as_json(name):
    content = json.loads(json.dumps(PROFILES[name].as_dict()))
    assert content["training"]["pretrain"]["rate"] == PROFILES[name].training.pretrain.rate
    assert content["world"]["train"] == PROFILES[name].world.train


@pytest.mark.parametrize("name", list(PROFILES))
def test_every_step_of_every_method_has_weights(name):
    weights = train.step_weights(PROFILES[name])
    for method in [*METHODS.values(), *DETECTORS.values()]:
        assert all(isinstance(weights[step], Weights) for step in method.steps)
    for stage in STAGES:
        lengths = {len(train.phases(PROFILES[name].training.schedule(stage), m.steps)) for m in METHODS.values()}
        assert len(lengths) == 1
