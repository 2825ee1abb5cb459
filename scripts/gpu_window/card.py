"""Weights files and their cards, as the crate writes and reads them."""

import hashlib
from pathlib import Path

import yaml
from safetensors.torch import load_file, save_file

from images import SETS
from network import Network


def model_name(recipe):
    """Such as `resnet20_w64_cifar10_herpn_distilled_continued_seed0`."""
    taught = "_distilled" if recipe.get("distillation") else ""
    continued = "_continued" if recipe.get("initial_weights") else ""
    kind = recipe["activation"]["kind"]
    return f"{recipe['network']}_w{recipe['width']}_{recipe['dataset']}_{kind}{taught}{continued}_seed{recipe['seed']}"


class Model:
    """A weights file with its card."""

    def __init__(self, weights: Path):
        self.card = yaml.safe_load(weights.with_suffix(".yaml").read_text())
        if hashlib.sha256(weights.read_bytes()).hexdigest() != self.card["sha256"]:
            raise SystemExit(f"{weights}: not the weights of the card beside it; copy both again")
        self.tensors = {name: tensor.float() for name, tensor in load_file(weights).items()}

    def network(self):
        card = self.card
        activation = "relu" if card["activation"] == "relu" else "coefficients"
        return Network(card["network"], card["width"], SETS[card["dataset"]]["classes"], activation, self.tensors)

    def epochs(self):
        """Of all trainings that led to the weights, of one that has not ended those up to these weights; None: the card has no record."""
        record = self.card.get("record")
        if not record:
            return None
        return (record["epoch"] if record.get("unfinished") else record["recipe"]["epochs"]) + record.get("earlier_epochs", 0)


def write(directory: Path, recipe, tensors, record, accuracy_percent, exploding):
    """Writes weights and card, each whole or not at all, the card last; returns the path of the weights."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{model_name(recipe)}.safetensors"
    partial = path.with_suffix(".partial")
    save_file({name: tensor.contiguous() for name, tensor in sorted(tensors.items())}, partial)
    kind = SETS[recipe["dataset"]]
    card = {
        "network": recipe["network"],
        "width": recipe["width"],
        "dataset": recipe["dataset"],
        "activation": recipe["activation"]["kind"],
        "normalisation": {"mean": kind["mean"], "std": kind["std"]},
        "batch_norm_eps": 1.0e-5,
        "sha256": hashlib.sha256(partial.read_bytes()).hexdigest(),
        "record": {"recipe": recipe, **{key: value for key, value in record.items() if value is not None}},
        "validation_accuracy_percent": accuracy_percent,
        "exploding_validation_images": exploding,
    }
    partial.replace(path)
    write_card(path.with_suffix(".yaml"), card)
    return path


def write_card(path: Path, card):
    partial = path.with_suffix(".partial")
    partial.write_text(yaml.safe_dump(card, sort_keys=False))
    partial.replace(path)


def finish(path: Path):
    """Says on a card that the training of its weights has come to its end."""
    card = yaml.safe_load(path.read_text())
    if card["record"].pop("unfinished", False):
        write_card(path, card)
