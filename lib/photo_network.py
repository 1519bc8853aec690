"""The networks behind `--photo` and notebook 09, apart from the methods that are compared.

FashionNet's trunk and global branch on EfficientNet-Lite0, from ImageNet, trained by `lib.commands.train_photo` on
drawn clothes and on photos together. Drawn clothes teach it categories and attributes; of a photo only its kind is
known, such as "outerwear", for which several of the 50 categories are right. Landmarks are found by the pose branch of
the study's fashionnet-heatmap, which has seen drawn clothes alone and finds more of them on photos.
"""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from lib import efficientnet, networks
from lib.config import PHOTOS, PROFILES, Input
from lib.fashionnet import PoseBranch, make_trunk

FILE, LANDMARKS_FILE = (networks.SHIPPED / f"{name}.safetensors" for name in ("photo", "photo_landmarks"))
INPUT = Input(px=150, view_px=128, jitter=0.2, colour=0.4)
MODEL = replace(PHOTOS, fc_global=384)
LANDMARKS = PROFILES["study"]  # the profile of the network that finds landmarks
NONE = "no clothes"  # a category of its own, behind the 50
# The categories that are right for each kind of photo, the commonest first. Of the other nine no photo was at hand.
KINDS = {
    "dress": ("Dress", "Sundress", "Shirtdress", "Nightdress", "Caftan", "Kaftan", "Coverup"),
    "hat": (NONE,),
    "long sleeve": ("Tee", "Top", "Sweater", "Henley", "Turtleneck", "Jersey", "Hoodie"),
    "outerwear": ("Jacket", "Coat", "Blazer", "Bomber", "Anorak", "Parka", "Peacoat", "Cardigan", "Poncho"),
    "pants": ("Jeans", "Chinos", "Joggers", "Leggings", "Jeggings", "Sweatpants", "Capris", "Culottes", "Gauchos"),
    "shirt": ("Button-Down", "Blouse", "Flannel"),
    "shoes": (NONE,),
    "shorts": ("Shorts", "Cutoffs", "Sweatshorts", "Trunks"),
    "skirt": ("Skirt", "Sarong"),
    "t-shirt": ("Tee", "Top", "Henley", "Jersey"),
}
FOLDERS = {"long sleeve": "longsleeve", "outerwear": "outwear"}  # of the photos, where they are not named by the kind


class PhotoNet(nn.Module):
    """The trunk and the global branch of a FashionNet, and on their features classifiers of kinds and attributes.

    Buffers:
    - centres (kinds, F): the unit mean features of each kind's photos;
    - scale, shift (kinds * F,): they give a kind's photos the mean and deviation of its drawn clothes, which teach
      attributes;
    - absent (kinds, A) bool: attributes that no garment of the kind has;
    - threshold (A,): the probability from which an attribute is said;
    - least (2,): the similarity to a centre and the probability of a kind below which a photo may show no clothes.
    """

    def __init__(self, attributes: int):
        super().__init__()
        features = efficientnet.CHANNELS["last"]
        self.trunk, self.conv5_global = efficientnet.stages("shared"), efficientnet.stages("last")
        self.kind, self.attribute = nn.Linear(features, len(KINDS)), nn.Linear(features, attributes)
        self.register_buffer("centres", torch.zeros(len(KINDS), features))
        self.register_buffer("scale", torch.ones(len(KINDS) * features))  # flat: matrices are shipped as int8
        self.register_buffer("shift", torch.zeros(len(KINDS) * features))
        self.register_buffer("absent", torch.zeros(len(KINDS), attributes, dtype=torch.bool))
        self.register_buffer("threshold", torch.full((attributes,), torch.inf))
        self.register_buffer("least", torch.zeros(2))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return features (n, F) and logits of kind (n, kinds) for images (n, 3, view_px, view_px)."""
        features = self.conv5_global(self.trunk(images)).float().mean((2, 3))
        return {"features": features, "kind": self.kind(features)}

    def sureness(self, features: Tensor, kind: Tensor) -> Tensor:
        """Return (n, A) probability over threshold for features (n, F), 0 where the kind (n,) excludes an attribute."""
        scale, shift = (values.view(len(KINDS), -1)[kind] for values in (self.scale, self.shift))
        probability = self.attribute(features * scale + shift).sigmoid()
        return (probability / self.threshold).masked_fill(self.absent[kind], 0)


def load() -> tuple[PhotoNet, dict[str, list[str]]]:
    """Return the shipped network, ready to predict, and the names behind its heads."""
    state, header = networks.load(FILE)
    names = header["classes"]
    model = PhotoNet(len(names["attributes"]))
    model.load_state_dict(state)
    return model.eval(), names


class LandmarkNet(nn.Module):
    """The trunk and the pose branch of fashionnet-heatmap; images (n, 3, view_px, view_px) -> as `PoseBranch`."""

    def __init__(self):
        super().__init__()
        self.trunk = make_trunk(LANDMARKS.model)
        self.pose = PoseBranch(LANDMARKS.input.view_px // 8, LANDMARKS.model, "heatmap")

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return self.pose(self.trunk(images))


def ship_landmarks(run: Path) -> None:
    """Write LANDMARKS_FILE from the folder of a run of the study's fashionnet-heatmap."""
    parts = tuple(f"{name}." for name, _ in LandmarkNet().named_children())
    networks.ship(run / "model.safetensors", LANDMARKS_FILE, {"classes": {}, "run": run.name}, parts)


def load_landmarks() -> LandmarkNet:
    """Return the shipped network that finds landmarks, ready to predict."""
    model = LandmarkNet()
    model.load_state_dict(networks.load(LANDMARKS_FILE)[0])
    return model.eval()


def right_categories(names: list[str]) -> Tensor:
    """Return (kinds, categories) bool: which categories are right for each kind of KINDS."""
    return torch.tensor([[name in right for name in names] for right in KINDS.values()])
