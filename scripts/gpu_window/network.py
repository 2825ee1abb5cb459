"""The residual networks of the crate in PyTorch: tensors by name, and a forward pass over them."""

import math

import torch
import torch.nn.functional as F

EXPLODING = 1e3  # an activation's input beyond this counts as exploding
MOMENTUM = 0.1  # share of the running statistics that a batch replaces
EPSILON = 1e-5  # batch normalisation's, inside HerPN too
# On processors without AVX-512, PyTorch 2.11 writes beyond the gradient of a 1x1 convolution with a stride that reads fewer channels than this.
FEW_CHANNELS = 8
# ReLU in the basis of normalised Hermite polynomials (AESPA, arXiv 2201.06699).
HERMITE = (1 / math.sqrt(2 * math.pi), 0.5, 1 / math.sqrt(4 * math.pi))
BLOCKS = {"resnet18": (2, 2, 2, 2), "resnet20": (3, 3, 3), "resnet32": (5, 5, 5)}


class Network:
    """Architecture and tensors. `activation` is relu, herpn, or coefficients (the form in files)."""

    def __init__(self, name, width, classes, activation, tensors=None):
        self.blocks, self.width, self.classes, self.activation = BLOCKS[name], width, classes, activation
        # The paper's head at width 64 and in ResNet-18, He et al.'s elsewhere.
        self.pool = 4 if name == "resnet18" or width == 64 else 8
        self.tensors = self.initial() if tensors is None else tensors

    def convolutions(self):
        """Name, norm, inputs, outputs, kernel."""
        yield "conv1", "bn1", 3, self.width, 3
        inputs = self.width
        for stage, count in enumerate(self.blocks):
            outputs = self.width << stage
            for block in range(count):
                name = f"layer{stage + 1}.{block}"
                yield f"{name}.conv1", f"{name}.bn1", inputs, outputs, 3
                yield f"{name}.conv2", f"{name}.bn2", outputs, outputs, 3
                if inputs != outputs:
                    yield f"{name}.shortcut.conv", f"{name}.shortcut.bn", inputs, outputs, 1
                inputs = outputs

    def sites(self):
        """Activations in the order of evaluation, with their channels."""
        yield "act1", self.width
        for stage, count in enumerate(self.blocks):
            for block in range(count):
                yield f"layer{stage + 1}.{block}.act1", self.width << stage
                yield f"layer{stage + 1}.{block}.act2", self.width << stage

    def initial(self):
        """Tensors to begin with, drawn from PyTorch's generator."""
        tensors = {}
        for name, norm, inputs, outputs, kernel in self.convolutions():
            deviation = math.sqrt(2 / (inputs * kernel * kernel))
            tensors[f"{name}.weight"] = torch.randn(outputs, inputs, kernel, kernel) * deviation
            tensors[f"{norm}.weight"], tensors[f"{norm}.bias"] = torch.ones(outputs), torch.zeros(outputs)
            tensors[f"{norm}.running_mean"], tensors[f"{norm}.running_var"] = torch.zeros(outputs), torch.ones(outputs)
        if self.activation == "herpn":
            for site, channels in self.sites():
                tensors[f"{site}.weight"], tensors[f"{site}.bias"] = torch.ones(channels), torch.zeros(channels)
                for which in "12":
                    tensors[f"{site}.mean{which}"] = torch.zeros(channels)
                    tensors[f"{site}.var{which}"] = torch.ones(channels)
        plane = (32 >> (len(self.blocks) - 1)) // self.pool
        inputs = (self.width << (len(self.blocks) - 1)) * plane * plane
        bound = 1 / math.sqrt(inputs)
        tensors["linear.weight"] = (torch.rand(self.classes, inputs) * 2 - 1) * bound
        tensors["linear.bias"] = (torch.rand(self.classes) * 2 - 1) * bound
        return tensors

    def is_trained(self, name):
        """Whether gradient descent changes the tensor; the others are running statistics."""
        return name.endswith((".weight", ".bias"))

    def to(self, device):
        self.tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}
        return self

    def require_gradients(self):
        for name, tensor in self.tensors.items():
            tensor.requires_grad_(self.is_trained(name))
        return self

    def forward(self, images, training=False, clamp=None, kind=torch.float32, penalty=None, largest=None):
        """Logits `[images, classes]` in single precision, and the mean penalty of the activations.

        `penalty` is (form, bound); `largest` is a list that gets the largest input of each activation, `[images]` each.
        """
        tensors, costs = self.tensors, []

        def convolution(x, name, stride):
            weight = tensors[f"{name}.weight"].to(kind, memory_format=torch.channels_last)
            if weight.shape[1] < FEW_CHANNELS and weight.shape[-1] == 1:
                x, stride = x[:, :, ::stride, ::stride], 1
            return F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

        def norm(x, name):
            mean, variance = tensors[f"{name}.running_mean"], tensors[f"{name}.running_var"]
            weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
            return F.batch_norm(x, mean, variance, weight, bias, training, MOMENTUM, EPSILON)

        def activation(x, name):
            if penalty is not None:
                costs.append(excess(x, *penalty))
            if largest is not None:
                largest.append(x.detach().abs().amax((1, 2, 3)).float())
            if clamp is not None:
                x = x.clamp(-clamp, clamp)
            if self.activation == "relu":
                return F.relu(x)
            if self.activation == "herpn":
                weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
                first = (tensors[f"{name}.mean1"], tensors[f"{name}.var1"], weight * HERMITE[1], bias + weight * HERMITE[0])
                second = (tensors[f"{name}.mean2"], tensors[f"{name}.var2"], weight * HERMITE[2], None)
                # The second polynomial is (x^2 - 1)/sqrt(2); normalised, that is x^2 with twice the epsilon.
                linear = F.batch_norm(x, *first, training, MOMENTUM, EPSILON)
                return linear + F.batch_norm(x * x, *second, training, MOMENTUM, 2 * EPSILON)
            c0, c1, c2 = tensors[f"{name}.coefficients"].to(x.dtype)[:, :, None, None].unbind(1)
            return x * (x * c2 + c1) + c0

        x = images.to(kind, memory_format=torch.channels_last)
        x = activation(norm(convolution(x, "conv1", 1), "bn1"), "act1")
        for stage, count in enumerate(self.blocks):
            for block in range(count):
                name, stride = f"layer{stage + 1}.{block}", 2 if stage > 0 and block == 0 else 1
                y = activation(norm(convolution(x, f"{name}.conv1", stride), f"{name}.bn1"), f"{name}.act1")
                y = norm(convolution(y, f"{name}.conv2", 1), f"{name}.bn2")
                if stride == 2:
                    x = norm(convolution(x, f"{name}.shortcut.conv", 2), f"{name}.shortcut.bn")
                x = activation(y + x, f"{name}.act2")
        x = F.avg_pool2d(x.float(), self.pool).flatten(1)
        logits = F.linear(x, tensors["linear.weight"], tensors["linear.bias"])
        return logits, sum(costs) / len(costs) if costs else None

    def exported(self):
        """The tensors that files hold, HerPN as coefficients `[channels, 3]` (c0, c1, c2), on the processor."""
        values = {name: tensor.detach().cpu() for name, tensor in self.tensors.items()}
        inner = {site for site, _ in self.sites()} if self.activation == "herpn" else set()
        out = {name: value for name, value in values.items() if name.rsplit(".", 1)[0] not in inner}
        for site in inner:
            of = lambda part: values[f"{site}.{part}"].double()
            slope = of("weight") * HERMITE[1] / (of("var1") + EPSILON).sqrt()
            curve = of("weight") * HERMITE[2] / (of("var2") + 2 * EPSILON).sqrt()
            shift = of("bias") + of("weight") * HERMITE[0] - slope * of("mean1") - curve * of("mean2")
            out[f"{site}.coefficients"] = torch.stack([shift, slope, curve], 1).float()
        return out


def excess(x, form, bound):
    """The cost of the values beyond `bound`: their excess's norm over the batch, or the sum of squares per image."""
    norm = torch.linalg.vector_norm((x - x.detach().clamp(-bound, bound)).float())
    return norm if form == "norm" else norm.square() / len(x)


@torch.no_grad()
def evaluate(network, images, labels, normalise, chunk=500):
    """Right, exploding, and the largest input of each activation, on `[images, 3, 32, 32]` bytes in single precision."""
    right = exploding = 0
    largest = None
    for start in range(0, len(images), chunk):
        found = []
        logits, _ = network.forward(normalise(images[start : start + chunk]), largest=found)
        inputs = torch.stack(found, 1).nan_to_num(math.inf, math.inf, math.inf)
        finite = logits.isfinite().all(1)
        right += int(((logits.argmax(1) == labels[start : start + chunk]) & finite).sum())
        exploding += int(((inputs > EXPLODING).any(1) | ~finite).sum())
        highest = inputs.amax(0)
        largest = highest if largest is None else torch.maximum(largest, highest)
    return right, exploding, largest.tolist()
