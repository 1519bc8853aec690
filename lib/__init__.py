"""A replication of DeepFashion / FashionNet (Liu et al., CVPR 2016)."""

import os

# Before PyTorch is imported: threads that wait then sleep. Spinning, they hold the cores that the others wait for, and
# beside one other busy process a step takes ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
