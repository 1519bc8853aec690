"""The profiles: sizes that fit together, and losses as the paper orders them."""

import json
from dataclasses import asdict, replace

import pytest

from lib import networks
from lib.config import PROFILES, TRUNKS, find_profile
from lib.fashionnet import FashionNet
from lib.lists import DataError
from lib.methods import FASHIONNET, METHODS


def test_a_profile_is_found_by_its_name_and_photos_on_any_trunk():
    assert all(find_profile(name) is config and config.profile == name for name, config in PROFILES.items())
    for trunk, model in TRUNKS.items():
        assert find_profile(f"photos-{trunk}") == replace(PROFILES["photos"], profile=f"photos-{trunk}", model=model)
        assert model.trunk == trunk and model.generic == ("vgg16" if trunk == "vgg16" else "conv5")
    for name in ("photo", "photos-resnet50", ""):
        with pytest.raises(DataError, match="no profile .* there are smoke, demo, .* photos-vgg16"):
            find_profile(name)


def test_the_demo_can_read_what_is_shipped_and_draws_another_world():
    demo, study = PROFILES["demo"], PROFILES["study"]
    state, header = networks.load(networks.SHIPPED / f"{FASHIONNET}.safetensors")
    model = FashionNet(demo.model, demo.input.view_px, *(len(names) for names in header["classes"].values()))
    model.load_state_dict(state)
    assert demo.seed != study.seed


@pytest.mark.parametrize("config", PROFILES.values(), ids=list(PROFILES))
def test_sizes_fit_together(config):
    m, i = config.model, config.input
    assert i.view_px % (32 if m.trunk == "vgg16" else 16) == 0 and i.view_px <= i.px and m.window % m.bins == 0
    assert 1 / 8 <= m.window / (i.view_px / 8) <= 1 / 4  # the paper's 4 of 28 cells are a seventh
    assert i.view * (1 + i.jitter) + 2 * 0.6 * i.jitter < 1.2  # views may leave the crop by little
    assert abs(i.px * i.view - i.view_px) < 4  # a view is neither enlarged nor shrunk by much
    assert set(config.methods) <= set(METHODS) and "fashionnet" in config.methods
    assert json.loads(json.dumps(asdict(config)))["training"]["pretrain"]["rate"] == config.training.pretrain.rate


@pytest.mark.parametrize("config", PROFILES.values(), ids=list(PROFILES))
def test_the_steps_differ_in_weights_as_the_paper_orders_them(config):
    one, two, both = (asdict(w) for w in (config.training.step1, config.training.step2, config.training.at_once))
    for loss in ("landmark", "heatmap", "visibility"):
        assert two[loss] == pytest.approx(0.3 * one[loss]) and both[loss] == one[loss]
    for loss in ("category", "attribute", "triplet", "pair"):
        small = 0.5 if config.profile == "study" else 0.9  # of the losses that are not step 1's task
        assert one[loss] == pytest.approx(small * two[loss]) and both[loss] == two[loss]
