"""The networks behind `--photo` and notebook 09, apart from the methods that are compared.

FashionNet's trunk and global branch on EfficientNet-Lite0, from ImageNet, trained by `lib.commands.train_photo` on
drawn clothes and on photos together. Drawn clothes teach it categories and attributes; of a photo only its kind is
known, such as "outerwear", for which several of the 50 categories are right. Landmarks are found by a second
network, `LandmarkNet`, whose head is trained on drawn clothes alone.
"""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import efficientnet, networks
from lib.config import PHOTOS, Input
from lib.fashionnet import N_LANDMARKS, exact, soft_argmax

FILE, LANDMARKS_FILE = (networks.SHIPPED / f"{name}.safetensors" for name in ("photo", "photo_landmarks"))
INPUT = Input(px=150, view_px=128, jitter=0.2, colour=0.4)
MODEL = replace(PHOTOS, fc_global=384)
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
# Clothes types, as in lists.SLOTS, which say what landmarks a kind has; kinds not listed are upper-body, 0 has none.
TYPES = {"dress": 3, "hat": 0, "pants": 2, "shoes": 0, "shorts": 2, "skirt": 2}
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
    """Heatmaps of landmarks on ImageNet maps. These are frozen, by which it carries over from drawings to photos."""

    def __init__(self):
        super().__init__()
        width, channels = 128, efficientnet.CHANNELS
        fine, middle, coarse = channels["shared"], channels["conv5"], channels["last"]
        self.norm_fine, self.norm_middle = nn.BatchNorm2d(fine), nn.BatchNorm2d(middle)
        self.middle, self.both = (nn.Conv2d(n, width, 3, padding=1) for n in (middle, width))
        # Mean and maximum of the last map: where on it something is carries over badly (benchmarks/LOG.md).
        self.whole, self.visibility = (nn.Linear(2 * coarse, n) for n in (width, 3 * N_LANDMARKS))
        self.upsample = nn.ConvTranspose2d(width, width // 2, 4, stride=2, padding=1)
        self.fine = nn.Conv2d(width // 2 + fine, width // 2, 3, padding=1)
        self.heatmap, self.dropout = nn.Conv2d(width // 2, N_LANDMARKS, 3, padding=1), nn.Dropout2d(0.2)
        nn.init.zeros_(self.heatmap.weight)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """images (n, 3, view_px, view_px), of a side that 32 divides. Returns what `fashionnet.PoseBranch` returns."""
        with torch.no_grad():
            fine, middle, coarse = (found.float() for found in efficientnet.maps(efficientnet.frozen(), images))
        whole = 10 * F.normalize(torch.cat([coarse.mean((2, 3)), coarse.amax((2, 3))], dim=1), dim=1)
        x = self.dropout(F.relu(self.middle(self.norm_middle(middle))))
        x = F.relu(self.both(x) + self.whole(whole)[..., None, None])
        x = torch.cat([F.relu(self.upsample(x)), self.norm_fine(fine)], dim=1)
        log_heatmap, landmarks = soft_argmax(exact(self.heatmap, self.dropout(F.relu(self.fine(x)))))
        visibility = exact(self.visibility, whole).unflatten(1, (N_LANDMARKS, 3))
        return {"visibility": visibility, "log_heatmap": log_heatmap, "landmarks": landmarks}


def load_landmarks() -> LandmarkNet:
    """Return the shipped network that finds landmarks, ready to predict."""
    model = LandmarkNet()
    model.load_state_dict(networks.load(LANDMARKS_FILE)[0])
    return model.eval()


def right_categories(names: list[str]) -> Tensor:
    """Return (kinds, categories) bool: which categories are right for each kind of KINDS."""
    return torch.tensor([[name in right for name in names] for right in KINDS.values()])
