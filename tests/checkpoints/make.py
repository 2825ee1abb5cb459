#!/usr/bin/env python3
"""Writes the checkpoints beside it, as users of PyTorch have them: `python3 tests/checkpoints/make.py` with torch 2.x.

Each is a ResNet-20 of width 1. A value follows from our name of its tensor and its place there, so that a test knows it:
value i is ((sum of the name's bytes + 7 i) mod 64 - 31) / 64, of a variance (the same mod 64 + 1) / 64; exact in every precision.
"""

import pathlib
import re

import torch
from torch import nn

HERE = pathlib.Path(__file__).parent


class Pad(nn.Module):
    """Option A: every second row and column, zero channels on both sides."""

    def forward(self, x):
        zeros = x.shape[1] // 2
        return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, zeros, zeros))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        if stride != 1 and shortcut is None:
            self.shortcut = Pad()
        elif stride != 1:
            projection = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
            setattr(self, shortcut, projection)


class Network(nn.Module):
    def __init__(self, shortcut, classifier):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 1, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(1)
        for stage, (inputs, outputs) in enumerate([(1, 1), (1, 2), (2, 4)]):
            stride = 1 if stage == 0 else 2
            blocks = [Block(inputs, outputs, stride, shortcut)] + [Block(outputs, outputs, 1, shortcut) for _ in range(2)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        setattr(self, classifier, nn.Linear(4, 10))


def ours(name):
    name = re.sub(r"(shortcut|downsample)\.0", "shortcut.conv", name)
    name = re.sub(r"(shortcut|downsample)\.1", "shortcut.bn", name)
    return re.sub(r"^fc\.", "linear.", name)


def made(shortcut, classifier):
    network = Network(shortcut, classifier)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name.endswith("num_batches_tracked"):
                tensor.fill_(5)
                continue
            first = sum(ours(name).encode())
            places = (first + 7 * torch.arange(tensor.numel())) % 64
            values = (places + 1) / 64 if name.endswith("running_var") else (places - 31) / 64
            tensor.copy_(values.reshape(tensor.shape))
    return network


def state(network, prefix):
    return {prefix + name: tensor for name, tensor in network.state_dict().items()}


# A DataParallel network in a training's dictionary, with the optimizer and an average beside it.
network = made("downsample", "fc")
optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
average = {name: tensor * 0.5 if tensor.is_floating_point() else tensor for name, tensor in network.state_dict().items()}
checkpoint = {
    "epoch": 199,
    "best_prec1": 91.7,
    "state_dict": state(network, "module."),
    "ema_state_dict": average,
    "optimizer": optimizer.state_dict(),
}
torch.save(checkpoint, HERE / "training_zip.pth")

# The format before PyTorch 1.6, in half precision, with weights whose memory is in another order; option A.
network = made(None, "linear").half().to(memory_format=torch.channels_last)
torch.save(network.state_dict(), HERE / "state_legacy_f16.th", _use_new_zipfile_serialization=False)

# A whole module, which names classes of this program, in the brain format.
torch.save(made("shortcut", "linear").bfloat16(), HERE / "module_bf16.pt")

# An averaged and compiled network in double precision.
averaged = torch.optim.swa_utils.AveragedModel(made("shortcut", "fc").double())
torch.save({f"_orig_mod.{name}": tensor for name, tensor in averaged.state_dict().items()}, HERE / "averaged_f64.pth")
