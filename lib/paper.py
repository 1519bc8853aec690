"""Numbers published in DeepFashion (Liu et al., CVPR 2016), as printed, and the counts of the public release.

Data only. Nothing here was measured by this project. Table 2 is in per cent; the figures are shares in 0..1.
"""

_TABLE2 = """
method               category     texture      fabric       shape        part         style        all
wtbi                 43.73 66.26  24.21 32.65  25.38 36.06  23.39 31.26  26.31 33.24  49.85 58.68  27.46 35.37
darn                 59.48 79.58  36.15 48.15  36.64 48.52  35.89 46.93  39.17 50.14  66.11 71.36  42.35 51.95
fashionnet+100       47.38 70.57  28.05 36.59  29.12 40.58  28.51 36.51  31.65 38.53  53.92 62.47  31.58 39.06
fashionnet+500       57.44 77.39  34.73 46.35  34.47 46.60  33.61 44.57  38.48 49.01  63.48 67.94  38.94 49.71
fashionnet+joints    72.30 81.52  35.92 48.73  38.21 49.04  37.59 47.73  40.21 51.81  64.91 73.14  43.14 52.33
fashionnet+poselets  75.34 84.87  36.85 49.11  38.88 49.48  38.19 47.09  41.60 52.85  64.84 73.03  43.57 52.65
fashionnet           82.58 90.17  37.46 49.52  39.30 49.84  39.47 48.59  44.13 54.02  66.43 73.16  45.52 54.61
"""
_COLUMNS, *_ROWS = [line.split() for line in _TABLE2.strip().splitlines()]
# TABLE2[method][column] is (top-3, top-5): category accuracy, or attribute recall of a group or of all.
TABLE2 = {
    method: dict(zip(_COLUMNS[1:], zip(*[map(float, numbers)] * 2, strict=True), strict=True))
    for method, *numbers in _ROWS
}
METHODS = tuple(TABLE2)  # in the order of Table 2

STYLE_NOTE = (
    "The Style column is as printed (FashionNet 66.43 / 73.16). It has resisted every independent re-run"
    " found: they reach 32.5 / 40.9."
)

# Figure 7: per-attribute top-5 recall of representative attributes.
FIGURE7_TOP_K = 5
FIGURE7_PER_GROUP = 14  # times five groups: 70 attributes
FIGURE7_METHODS = ("wtbi", "darn", "fashionnet")

# Figures 8 and 9: retrieval accuracy for k = 1..50; the text gives numbers at k = 20.
RETRIEVAL_TOP_K = 20
INSHOP_TOP20 = {"fashionnet": 0.764, "darn": 0.675, "wtbi": 0.506}
# "Points below" FashionNet at top-20.
INSHOP_BELOW_FASHIONNET = {
    "fashionnet+joints": 0.08,
    "fashionnet+poselets": 0.06,
    "fashionnet+500": 0.12,
    "fashionnet+100": 0.19,
}
CONSUMER2SHOP_TOP20 = {"fashionnet": 0.188}
CONSUMER2SHOP_LEAD_OVER_DARN = 0.70  # relative: FashionNet is 70 % above DARN

# Figure 10: "above 80 % at 0.1", every one of the 8 landmarks.
PDJ_THRESHOLD = 0.1
PDJ_ABOVE = 0.80

# COUNTS[benchmark][what] is (paper, release); None where the source gives no number.
COUNTS = {
    "category_attribute": {"images": (63_720, 289_222), "categories": (50, 50), "attributes": (1_000, 1_000)},
    "inshop": {
        "images": (54_642, 52_712),
        "items": (11_735, 7_982),
        "train images": (None, 25_882),
        "train items": (None, 3_997),
        "query images": (None, 14_218),
        "gallery images": (None, 12_612),
    },
    "consumer2shop": {"images": (None, 239_557), "items": (None, 33_881), "pairs": (251_361, 195_540)},
}
