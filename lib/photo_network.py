"""The network behind `--photo` and notebook 09, apart from the methods that are compared.

It is FashionNet with the heatmap head on EfficientNet-Lite0, from ImageNet, trained by `lib.commands.train_photo` on
drawn clothes and on photos together. Drawn clothes teach it categories, attributes and landmarks; of a photo only its
kind is known, such as "outwear", for which several of the 50 categories are right.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from lib import efficientnet, networks
from lib.config import PHOTOS, Input
from lib.fashionnet import FashionNet

FILE = networks.SHIPPED / "photo.safetensors"
INPUT = Input(px=150, view_px=128, jitter=0.2, colour=0.4)
MODEL = replace(PHOTOS, fc_global=384)
NONE = "no clothes"  # a category of its own, behind the 50
# The categories that are right for each kind of photo. Of the other twelve no photo was at hand.
KINDS = {
    "dress": ("Dress", "Sundress", "Shirtdress", "Nightdress", "Caftan", "Kaftan", "Coverup"),
    "hat": (NONE,),
    "longsleeve": ("Tee", "Top", "Sweater", "Henley", "Turtleneck", "Jersey", "Hoodie"),
    "outwear": ("Jacket", "Coat", "Blazer", "Bomber", "Anorak", "Parka", "Peacoat", "Cardigan", "Poncho"),
    "pants": ("Jeans", "Chinos", "Joggers", "Leggings", "Jeggings", "Sweatpants", "Capris", "Culottes", "Gauchos"),
    "shirt": ("Button-Down", "Blouse", "Flannel"),
    "shoes": (NONE,),
    "shorts": ("Shorts", "Cutoffs", "Sweatshorts", "Trunks"),
    "skirt": ("Skirt", "Sarong"),
    "t-shirt": ("Tee", "Top", "Henley", "Jersey"),
}


class PhotoNet(nn.Module):
    """FashionNet, and on its global features a calibrated classifier of kinds and a classifier of attributes.

    labels: FashionNet's own attributes, which train it; 0 in the shipped network. Buffers:
    - centres (kinds, F): the unit mean features of each kind's photos;
    - scale, shift (kinds * F,): they give a kind's photos the mean and deviation of its drawn clothes, which teach
      attributes;
    - absent (kinds, A) bool: attributes that no garment of the kind has;
    - threshold (A,): the probability from which an attribute is said;
    - least (2,): the similarity to a centre and the probability of a kind below which a photo may show no clothes.
    """

    def __init__(self, categories: int, attributes: int, labels: int = 0):
        super().__init__()
        features = efficientnet.CHANNELS["global"]
        self.network = FashionNet(MODEL, INPUT.view_px, categories, labels, "heatmap")
        self.network.pool5.register_forward_hook(self._keep)
        self.kind, self.attribute = nn.Linear(features, len(KINDS)), nn.Linear(features, attributes)
        self.register_buffer("centres", torch.zeros(len(KINDS), features))
        self.register_buffer("scale", torch.ones(len(KINDS) * features))  # flat: matrices are shipped as int8
        self.register_buffer("shift", torch.zeros(len(KINDS) * features))
        self.register_buffer("absent", torch.zeros(len(KINDS), attributes, dtype=torch.bool))
        self.register_buffer("threshold", torch.full((attributes,), torch.inf))
        self.register_buffer("least", torch.zeros(2))

    def _keep(self, module, inputs, output: Tensor) -> None:
        self._pooled = output.flatten(1)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return FashionNet's outputs for images (n, 3, view_px, view_px), with features (n, F) and kind (n, kinds)."""
        out = self.network(images)
        return out | {"features": self._pooled, "kind": self.kind(self._pooled)}

    def sureness(self, features: Tensor, kind: Tensor) -> Tensor:
        """Return each attribute's probability in units of its threshold, (n, A), 0 where the kind excludes it.

        features (n, F) of photos, kind (n,) their numbers.
        """
        scale, shift = (values.view(len(KINDS), -1)[kind] for values in (self.scale, self.shift))
        probability = self.attribute(features * scale + shift).sigmoid()
        return (probability / self.threshold).masked_fill(self.absent[kind], 0)


def load() -> tuple[PhotoNet, dict[str, list[str]]]:
    """Return the shipped network, ready to predict, and the names behind its heads."""
    state, header = networks.load(FILE)
    names = header["classes"]
    model = PhotoNet(len(names["category"]), len(names["attributes"]))
    model.load_state_dict(state)
    return model.eval(), names


def right_categories(names: list[str]) -> Tensor:
    """Return (kinds, categories) bool: which categories are right for each kind of KINDS."""
    return torch.tensor([[name in right for name in names] for right in KINDS.values()])
