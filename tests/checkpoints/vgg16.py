#!/usr/bin/env python3
"""Prints the logits of PyTorch that the test of the VGG-16 graph expects: `python3 tests/checkpoints/vgg16.py` with torch 2.x.

A value follows from our name of its tensor and its place there: value i of n is sin(sum of the name's bytes + i), times sqrt(2 / inputs) in
weights of convolutions and of the classifier; scales of batch normalisation are 1 + a tenth of it, variances 1 + half of it.
"""

import math

import torch
from torch import nn

WIDTH = 2


class Quadratic(nn.Module):
    def forward(self, x):
        return 0.2 + 0.5 * x + 0.1 * x * x


class Network(nn.Module):
    """Averages stand before activations, as in the article's second version."""

    def __init__(self):
        super().__init__()
        self.names, features, inputs = [], [], 3
        for stage, (count, factor) in enumerate([(2, 1), (2, 2), (3, 4), (3, 8), (3, 8)]):
            for index in range(count):
                if stage == 0:
                    name = ("", "layer1.0.")[index]
                else:
                    name = f"layer{stage + 1}.{index}."
                outputs = factor * WIDTH
                convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
                norm = nn.BatchNorm2d(outputs)
                self.names += [(convolution, f"{name}conv1"), (norm, f"{name}bn1")]
                features += [convolution, norm] + ([nn.AvgPool2d(2)] if index == count - 1 else []) + [Quadratic()]
                inputs = outputs
        head = [nn.Flatten()]
        for index in (1, 2):
            linear, norm = nn.Linear(inputs, inputs, bias=False), nn.BatchNorm1d(inputs)
            self.names += [(linear, f"connected{index}.conv1"), (norm, f"connected{index}.bn1")]
            head += [linear, norm, Quadratic()]
        classifier = nn.Linear(inputs, 10)
        self.names.append((classifier, "linear"))
        self.all = nn.Sequential(*features, *head, classifier)

    def forward(self, x):
        return self.all(x)


network = Network().double().eval()
with torch.no_grad():
    for module, name in network.names:
        for suffix, tensor in module.state_dict().items():
            if suffix == "num_batches_tracked":
                continue
            first = sum(f"{name}.{suffix}".encode())
            values = torch.sin(first + torch.arange(tensor.numel(), dtype=torch.float64)).reshape(tensor.shape)
            if suffix == "running_var":
                values = 1 + values / 2
            elif suffix == "weight" and tensor.dim() == 1:
                values = 1 + values / 10
            elif suffix == "weight":
                values = values * math.sqrt(2 / tensor[0].numel())
            tensor.copy_(values)
    image = torch.sin(1.3 * torch.arange(3 * 32 * 32, dtype=torch.float64)).reshape(1, 3, 32, 32)
    print(", ".join(f"{logit:.9f}" for logit in network(image)[0].tolist()))
